"""Generated logos: ten known marks, ten others of the same family, and pictures with no mark at all.

A mark is made of circles, polygons and letters from hand-drawn strokes, in two colours; none is meant to resemble a
real trademark. It is kept as a *depth*: how far inside of its outline a point lies, in units of about half the mark's
size. A sampled depth can be turned, shrunk and put in perspective and still have sharp edges (Green: Improved
Alpha-Tested Magnification for Vector Textures and Special Effects, SIGGRAPH 2007 courses).

Everything but the mark (background, place, what covers it, light, blur, JPEG) takes the same random numbers in the
same order whichever mark is drawn: so nothing else can tell one class from another, or known from unknown.
"""

from __future__ import annotations

from math import ceil

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ..imageset import ImageSet
from .backgrounds import Rng, background, noise, photograph, photographs, spoil_at_random, texture
from .drawing import Field, inside, mix
from .marks import Mark, Which, marks, names
from .stamping import LEAN, TILT, Pose, stamp, upright
from .standin import eurosat_tiles

FAR = ("texture", "noise", "satellite tile", "photograph", "flat colour")
COVERED = 0.25  # share of a mark that a bar or a blob hides at most
_LEAST, _MOST = 1 / 3, 0.9  # a mark's larger extent, of the picture's side
_STREAMS = {"known": 0, "near": 1, "far": 2}  # so that one seed gives each its own random numbers


def logos(n_per_class: int = 100, *, seed: int = 0, side: int = 96, which: Which = "known") -> ImageSet:
    """Ten logo classes on varied backgrounds: uint8 [10 · n_per_class, 3, side, side], the classes by turns.

    A mark takes a third to nine tenths of the side, is turned by up to 15°, seen in perspective, sometimes hidden by a
    bar or a blob (up to a quarter), and the picture is lit, blurred, grainy and JPEG of quality 40–95.

    Args:
        n_per_class: at least 1. A larger set begins with the smaller one.
        seed: the same seed gives the same pictures (to the bit where libjpeg is the same).
        side: pixels, 32 or more.
        which: "known", or "near": ten other marks of the same family, in the same colours.

    Raises:
        ValueError: fewer than 1 picture, fewer than 32 pixels, another `which`.

    >>> logos(2)
    ImageSet(logos (known), generated: 20 pictures 3×96×96, 10 classes)
    """
    return logos_and_masks(n_per_class, seed=seed, side=side, which=which)[0]


def logos_and_masks(
    n_per_class: int = 100, *, seed: int = 0, side: int = 96, which: Which = "known"
) -> tuple[ImageSet, Tensor]:
    """`logos`, and bool [N, side, side]: the pixels that the mark touches, the hidden ones too."""
    classes = names(which)
    _check("logos", n_per_class, side, least=32)
    images = np.empty((n_per_class, len(classes), 3, side, side), dtype=np.uint8)
    masks = np.empty((n_per_class, len(classes), side, side), dtype=bool)
    for label, mark in enumerate(marks(which)):
        for k in range(n_per_class):
            rng = np.random.default_rng([seed, _STREAMS[which], label, k])
            picture, masks[k, label] = compose(mark, rng, side)
            images[k, label] = spoil_at_random(picture, rng)
    labels = np.tile(np.arange(len(classes)), n_per_class)
    pictures = ImageSet.of(images.reshape(-1, 3, side, side), labels, classes, name=f"logos ({which})")
    return pictures, torch.from_numpy(masks.reshape(-1, side, side))


def compose(mark: Mark, rng: Rng, side: int) -> tuple[Field, np.ndarray]:
    """(a mark on a background, partly hidden: float32 [3, side, side]; bool [side, side]: what the mark touches)."""
    picture = background(rng, side)
    if rng.random() < 0.2:  # brands print themselves in negative, too
        mark = mark.negative()
    touched = stamp(picture, mark, _pose(mark, rng, side))
    _hide(picture, touched, rng)
    return picture, touched


def _pose(mark: Mark, rng: Rng, side: int) -> Pose:
    """Anywhere inside the picture, at any of the sizes, turned and in perspective."""
    # Mostly large, as in pictures that somebody took of a logo: half of them above 83 % of the side.
    size = side * (_MOST - (_MOST - _LEAST) * rng.uniform(0, 1) ** 3)
    tilt = rng.uniform(-TILT, TILT)
    lean, place = tuple(rng.uniform(-LEAN, LEAN, 2)), rng.uniform(0, 1, 2)
    half = upright(mark, Pose(size, 0, 0, tilt, lean))[0][2:]
    x, y = (2 + reach + (side - 4 - 2 * reach) * share for reach, share in zip(half, place, strict=True))
    return Pose(size, float(x), float(y), tilt, lean)


def _hide(picture: Field, touched: np.ndarray, rng: Rng) -> None:
    """One in four: lay a bar or a blob over the mark, so that at most `COVERED` of it is hidden. In place."""
    happens, straight = rng.random() < 0.25, rng.random() < 0.5
    place, reach = rng.integers(2**31), rng.uniform(0.05, 0.22)
    a, b = rng.uniform(-1, 1, 2)
    colour = rng.uniform(10, 245, (3, 1, 1)).astype(np.float32)
    if not happens:
        return
    rows, columns = np.nonzero(touched)
    length = np.sqrt(a * a + b * b)
    a, b = np.float32(a / length), np.float32(b / length)
    side = np.arange(picture.shape[-1], dtype=np.float32)
    dx, dy = side[None, :] - columns[place % len(columns)], side[:, None] - rows[place % len(rows)]
    u, v = a * dx + b * dy, a * dy - b * dx
    distance = np.abs(v) if straight else np.sqrt(u * u + 2 * v * v)
    hidden = np.sort(distance[touched])[int(COVERED * len(rows))]
    # Half a pixel less: that is where the soft edge ends.
    depth = min(np.float32(reach * len(side)), hidden) - np.float32(0.5) - distance
    picture[:] = mix(picture, colour, inside(depth))


def far_unknowns(n: int, *, seed: int = 0, side: int = 96, tiles: ImageSet | None = None) -> ImageSet:
    """Pictures with no mark, the kinds of `FAR` by turns: uint8 [n, 3, side, side], spoilt as `logos` are.

    Args:
        n: pictures in all, at least 1.
        seed, side: as in `logos`.
        tiles: RGB pictures for "satellite tile", such as `load("eurosat")`; the stand-in unless given.

    Raises:
        ValueError: fewer than 1 picture, fewer than 32 pixels, tiles that are not RGB.

    Where scikit-learn comes without its photographs, that kind is left out.

    >>> far_unknowns(7).counts
    {'texture': 2, 'noise': 2, 'satellite tile': 1, 'photograph': 1, 'flat colour': 1}
    """
    _check("far_unknowns", n, side, least=32)
    if tiles is not None and (tiles.shape[0] != 3 or not len(tiles)):
        raise ValueError(f"far_unknowns got tiles={tiles!r}; it wants one or more pictures of 3 channels.")
    kinds = [k for k, kind in enumerate(FAR) if kind != "photograph" or photographs()]
    if tiles is None:
        tiles = eurosat_tiles(ceil(n / len(kinds) / 10), seed=seed)
    order = np.random.default_rng([seed, _STREAMS["far"]]).permutation(len(tiles))
    images, labels = np.empty((n, 3, side, side), dtype=np.uint8), np.empty(n, dtype=np.int64)
    for k in range(n):
        rng = np.random.default_rng([seed, _STREAMS["far"], k])
        labels[k] = kinds[k % len(kinds)]
        images[k] = spoil_at_random(
            _far(FAR[labels[k]], rng, side, tiles, int(order[k // len(kinds) % len(tiles)])), rng
        )
    return ImageSet.of(images, labels, FAR, name="far unknowns")


def _far(kind: str, rng: Rng, side: int, tiles: ImageSet, place: int) -> Field:
    if kind == "flat colour":
        return np.broadcast_to(rng.uniform(10, 245, (3, 1, 1)).astype(np.float32), (3, side, side))
    if kind == "satellite tile":
        tile = Image.fromarray(tiles.batch(torch.tensor([place]))[0].permute(1, 2, 0).numpy())
        return np.asarray(tile.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float32).transpose(2, 0, 1)
    return {"texture": texture, "noise": noise, "photograph": photograph}[kind](rng, side)


def _check(name: str, n: int, side: int, *, least: int) -> None:
    if n < 1 or side < least:
        raise ValueError(
            f"{name} got n={n}, side={side}; it wants 1 picture or more, of {least} pixels or more a side."
        )
