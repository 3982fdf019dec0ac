"""Backgrounds, (rng, side) → float32 [3, side, side], 0–255, and what a camera and a network do to a picture."""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageFilter

from .drawing import Field, Sheet, inside, mix
from .textures import PATTERNS, coloured_sheet

Rng = np.random.Generator
QUALITY = (40, 95)  # of JPEG


def gradient(rng: Rng, side: int) -> Field:
    """A colour in each corner, and what lies between."""
    corners = rng.uniform(10, 245, (4, 3, 1, 1)).astype(np.float32)
    corners = mix(corners[:1], corners, np.float32(rng.uniform(0.1, 0.6)))
    across = ((np.arange(side, dtype=np.float32) + np.float32(0.5)) / side)[None, None, :]
    down = across.swapaxes(1, 2)
    return mix(mix(corners[0], corners[1], across), mix(corners[2], corners[3], across), down)


def noise(rng: Rng, side: int) -> Field:
    """Clouds to grains: two colours, mixed by noise of random coarseness."""
    sheet = Sheet(rng, 1, -(-side // 32) * 32)
    coarsest = int(rng.choice([4, 8, 32]))
    share = inside(sheet.noise(coarsest, 1, roughness=rng.uniform(0.3, 1)), blur=rng.uniform(0.8, 3))
    low, high = rng.uniform(10, 245, (2, 3, 1, 1)).astype(np.float32)
    high = mix(low, high, np.float32(rng.uniform(0.1, 0.5)))  # shades that are not too far apart: a background
    return mix(low, high, share.astype(np.float32))[:, :side, :side]


def texture(rng: Rng, side: int, *, drawn: int = 64) -> Field:
    """A piece of one of the 32 textures, `drawn` pixels wide and then enlarged."""
    pattern = PATTERNS[list(PATTERNS)[rng.integers(len(PATTERNS))]]
    picture = coloured_sheet(pattern, Sheet(rng, 1, drawn))[0]
    return _piece(Image.fromarray(_bytes(picture)), rng, side, least=0.6)


def photograph(rng: Rng, side: int) -> Field:
    """A square out of one of scikit-learn's two photographs, a fifth to all of its height; a texture without them."""
    photos = photographs()
    if not photos:
        return texture(rng, side)
    return _piece(photos[rng.integers(len(photos))], rng, side, least=0.2)


@lru_cache
def photographs() -> tuple[Image.Image, ...]:
    """The photographs that come with scikit-learn (a temple and a flower, 640×427 pixels), or ()."""
    from sklearn.datasets import load_sample_images  # only here: it would double the time to import the room

    try:
        return tuple(Image.fromarray(photo) for photo in load_sample_images().images)
    except OSError:  # some distributions leave them out
        return ()


def _piece(picture: Image.Image, rng: Rng, side: int, *, least: float) -> Field:
    """A random square of `least` to all of the picture's shorter side, mirrored or not, as [3, side, side]."""
    edge = rng.uniform(least, 1) * min(picture.size)
    left, top = (rng.uniform(0, 1) * (length - edge) for length in picture.size)
    piece = picture.resize((side, side), Image.Resampling.BILINEAR, box=(left, top, left + edge, top + edge))
    pixels = np.asarray(piece, dtype=np.float32).transpose(2, 0, 1)
    return pixels[:, :, ::-1] if rng.random() < 0.5 else pixels


BACKGROUNDS = (gradient, noise, texture, photograph)


def background(rng: Rng, side: int) -> Field:
    """One of `BACKGROUNDS`, each as often."""
    return np.ascontiguousarray(BACKGROUNDS[rng.integers(len(BACKGROUNDS))](rng, side))


def spoil(picture: Field, *, light: np.ndarray, blur: float, grain: Field, quality: int) -> np.ndarray:
    """uint8 [3, H, W] after light, blur, grain and JPEG.

    Args:
        picture: float32 [3, H, W], 0–255.
        light: float32 [3], what each channel is multiplied by.
        blur: radius in pixels of Pillow's Gaussian blur.
        grain: field that is added to all channels.
        quality: of JPEG, 1–95.
    """
    soft = Image.fromarray(_bytes(picture * light[:, None, None])).filter(ImageFilter.GaussianBlur(blur))
    grainy = Image.fromarray(_bytes(np.asarray(soft, dtype=np.float32).transpose(2, 0, 1) + grain))
    file = io.BytesIO()
    grainy.save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file)).transpose(2, 0, 1)


def spoil_at_random(picture: Field, rng: Rng) -> np.ndarray:
    """`spoil` by random amounts."""
    side = picture.shape[-1]
    return spoil(
        picture,
        light=(rng.uniform(0.7, 1.25) * rng.uniform(0.92, 1.08, 3)).astype(np.float32),
        blur=max(rng.uniform(-0.8, 0.8), 0) * side / 96,
        grain=rng.uniform(0, 10) * (rng.random((side, side), dtype=np.float32) - np.float32(0.5)),
        quality=int(rng.integers(QUALITY[0], QUALITY[1] + 1)),
    )


def _bytes(picture: Field) -> np.ndarray:
    """float [3, H, W] → uint8 [H, W, 3], rounded."""
    return np.ascontiguousarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8).transpose(1, 2, 0))
