"""Pictures whose reason is known: one small thing on random ground tells the class, and a mask says where it lies.

Three reasons. "road": a thin piece of road lies or stands. "hue": a small disc is orange or violet, equally bright.
"texture": a small disc of the ground has stripes or dots, of equal mean and variance. The ground, the place of the
thing and its size come from the same draw for both classes, so outside of the mask nothing tells them apart.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ...standards import LUMA
from ..imageset import ImageSet
from .drawing import BATCH, SIDE, Field, Sheet, band, inside, paint, wave
from .standin import GREEN, GREY, SCRUB, SHEDS, SOIL

CLASSES = {"road": ("horizontal", "vertical"), "hue": ("orange", "violet"), "texture": ("stripes", "dots")}
_HUES = (25.0, 285.0)  # degrees of the two discs
_CHROMA = 60.0  # of 255: how far the disc's colour is from a grey of its brightness
_CONTRAST = 22.0  # standard deviation that the texture adds, of 255
_COARSEST = 32  # pixels: the largest blobs of the ground


def planted(reason: str, n_per_class: int, *, seed: int = 0, side: int = SIDE) -> tuple[ImageSet, Tensor]:
    """Two classes that one planted thing tells apart, and where it is.

    Args:
        reason: "road", "hue" or "texture".
        n_per_class: at least 1.
        seed: the same seed gives the same pictures.
        side: pixels, 32 or more.

    Returns:
        (`ImageSet` of uint8 [N, 3, side, side], the two classes by turns, source "generated"; masks, bool
        [N, side, side]: True for every pixel that the planted thing touches, and for no other).

    Raises:
        ValueError: an unknown reason, fewer than 1 picture, fewer than 32 pixels.

    >>> pictures, masks = planted("road", 3)
    >>> pictures.counts, masks.shape
    ({'horizontal': 3, 'vertical': 3}, torch.Size([6, 64, 64]))
    """
    if reason not in _PLANTERS:
        raise ValueError(f"planted got reason={reason!r}; it wants one of {', '.join(_PLANTERS)}.")
    if n_per_class < 1 or side < 32:
        raise ValueError(
            f"planted got n_per_class={n_per_class}, side={side}; it wants 1 picture of a class or more, and pictures "
            "of 32 pixels or more."
        )
    images = np.empty((n_per_class, 2, 3, side, side), dtype=np.uint8)
    masks = np.empty((n_per_class, 2, side, side), dtype=bool)
    for label in (0, 1):
        for start in range(0, n_per_class, BATCH):
            rng = np.random.default_rng([seed, list(_PLANTERS).index(reason), label, start])
            part = slice(start, start + BATCH)
            sheet = Sheet(rng, len(images[part]), side)
            picture, masks[part, label] = _PLANTERS[reason](sheet, _ground(sheet), label)
            images[part, label] = np.clip(np.rint(picture), 0, 255)
    labels = np.tile([0, 1], n_per_class)
    name = f"planted {reason}"
    pictures = ImageSet.of(images.reshape(-1, 3, side, side), labels, CLASSES[reason], "generated", name=name)
    return pictures, torch.from_numpy(masks.reshape(-1, side, side))


# A planter: (sheet, its ground, label) → (picture float [N, 3, side, side], where something was planted).


def road(sheet: Sheet, ground: Field, label: int) -> tuple[Field, np.ndarray]:
    """A piece of road, 3/8 of the side long and some 3 pixels wide; class 1 is class 0's with x and y swapped."""
    along, across = _somewhere(sheet, reach=3 * sheet.side / 16)[:: -1 if label else 1]
    share = band(across, sheet.uniform(2.5, 3.5)) * band(along, 3 * sheet.side / 8 - 1)
    return paint(ground, sheet.colours(*SHEDS), share), share > 0


def hue(sheet: Sheet, ground: Field, label: int) -> tuple[Field, np.ndarray]:
    """A disc, 1/5 of the side wide, in one of two hues; its brightness is drawn alike for both."""
    share = _disc(sheet, sheet.side / 10)
    pure = np.array(colorsys.hsv_to_rgb(_HUES[label] / 360, 1, 1))
    colour = (_CHROMA * (pure - np.array(LUMA["601"]) @ pure)).astype(np.float32)[:, None, None]
    return paint(ground, sheet.uniform(80, 140)[:, None] + colour, share), share > 0


def texture(sheet: Sheet, ground: Field, label: int) -> tuple[Field, np.ndarray]:
    """A disc, 1/4 of the side wide, whose ground is striped or dotted, at any angle."""
    mask = _disc(sheet, sheet.side / 8) > 0
    u, v = sheet.turned()
    period = sheet.uniform(4, 6)
    pattern = wave(u / period) * wave(v / period) if label else wave(v / period)
    # Mean 0 and variance 1 over each disc: how bright it is and how rough says nothing of the class.
    count = mask.sum(axis=(1, 2), keepdims=True)
    pattern = np.where(mask, pattern, 0)
    pattern = np.where(mask, pattern - pattern.sum(axis=(1, 2), keepdims=True) / count, 0)
    pattern = pattern / np.sqrt((pattern**2).sum(axis=(1, 2), keepdims=True) / count)
    return ground + _CONTRAST * pattern[:, None], mask


_PLANTERS: dict[str, Callable[[Sheet, Field, int], tuple[Field, np.ndarray]]] = {
    "road": road,
    "hue": hue,
    "texture": texture,
}


def _ground(sheet: Sheet) -> Field:
    """float32 [N, 3, side, side]: land in two colours with soft and sharp borders, a little rough."""
    side = sheet.side
    sheet = Sheet(sheet.rng, sheet.n, -(-side // _COARSEST) * _COARSEST)  # noise wants a multiple of its coarsest blobs
    border = inside(3 * sheet.noise(_COARSEST, 8), blur=sheet.uniform(0.5, 4))
    land = paint(sheet.colours(*GREEN, *SCRUB, *GREY), sheet.colours(*GREEN, *SOIL, *SCRUB), border)
    land = land + (sheet.uniform(2, 7) * sheet.noise(8, 2) + 3 * sheet.speckle())[:, None]
    return land[..., :side, :side]


def _somewhere(sheet: Sheet, reach: float) -> tuple[Field, Field]:
    """Pixels (x, y) from a random place, at least `reach` + 1 from each edge: [N, 1, side], [N, side, 1]."""
    pixels = np.arange(sheet.side, dtype=np.float32)
    x, y = (sheet.uniform(reach + 1, sheet.side - 2 - reach) for _ in range(2))
    return pixels[None, None, :] - x, pixels[None, :, None] - y


def _disc(sheet: Sheet, radius: float) -> Field:
    x, y = _somewhere(sheet, radius)
    return inside(radius - np.sqrt(x * x + y * y))
