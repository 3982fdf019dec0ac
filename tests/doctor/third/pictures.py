"""Further pictures of this half, as `data` gives them: uint8, [N, H, W] grey or [N, H, W, 3], and labels from 0."""

from __future__ import annotations

import string
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def _labels(n: int, k: int) -> np.ndarray:
    return np.random.permutation(np.arange(n) % k)


def _bytes(pictures: np.ndarray, noise: float) -> np.ndarray:
    return np.clip(pictures + noise * np.random.randn(*pictures.shape), 0, 255).astype(np.uint8)


@cache
def _alphabet(size: int) -> np.ndarray:
    """The capitals, [26, size, size], 0–1, in Pillow's own face."""
    drawn = []
    for letter in string.ascii_uppercase:
        sheet = Image.new("L", (size, size))
        ImageDraw.Draw(sheet).text((size / 2, size / 2), letter, 255, ImageFont.load_default(size * 0.7), anchor="mm")
        drawn.append(np.asarray(sheet) / 255)
    return np.stack(drawn)


def letters(n: int, k: int = 8, size: int = 20, noise: float = 25, moved: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """The first k capitals, moved by some pixels, more or less dark. Light on dark, grey."""
    y = _labels(n, k)
    pictures = _alphabet(size)[y] * np.random.uniform(120, 210, (n, 1, 1)) + 25
    for picture, shift in zip(pictures, np.random.randint(-moved, moved + 1, (n, 2)), strict=True):
        picture[:] = np.roll(picture, tuple(shift), (0, 1))
    return _bytes(pictures, noise), y


def tiles(n: int, k: int = 4, size: int = 24, noise: float = 10) -> tuple[np.ndarray, np.ndarray]:
    """Seen from above: water, wood, town, field. In colour, under more or less haze."""
    y = _labels(n, k)
    rows, columns = np.mgrid[:size, :size]
    rough = np.random.randn(n, size, size)
    street = ((rows % 6 < 2) | (columns % 7 < 2)) * 1.0
    furrows = np.sin((rows + columns) / 1.5 + np.random.uniform(0, 6, (n, 1, 1)))
    grain = np.stack([rough * 3, rough * 22, np.broadcast_to(street * 70 - 25, rough.shape), furrows * 28])
    grey = np.array([80, 90, 110, 120])[y][:, None, None] + grain[y, np.arange(n)]
    tint = np.array([[0.7, 0.9, 1.3], [0.8, 1.2, 0.8], [1.0, 1.0, 1.0], [1.2, 1.0, 0.7]])[y][:, None, None]
    haze = np.random.uniform(0, 60, (n, 1, 1, 1))
    return _bytes(grey[..., None] * tint * np.random.uniform(0.7, 1.1, (n, 1, 1, 1)) + haze, noise), y


def faces(n: int, size: int = 24, noise: float = 14) -> tuple[np.ndarray, np.ndarray]:
    """Cheerful (1) or not (0): a mouth that is bent up or down, the head anywhere. In colour."""
    y = _labels(n, 2)
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    down, right = np.random.uniform(-2, 2, (2, n, 1, 1))
    r, c, unit = rows - down, columns - right, size / 24
    head = r**2 + c**2 < (9 * unit) ** 2
    bend = (2 * y - 1)[:, None, None] * (2.5 - c**2 / (6 * unit))
    mouth = (abs(r - 3.5 * unit - bend) < 1.3 * unit) & (abs(c) < 5.5 * unit)
    eyes = (abs(r + 3 * unit) < 1.2 * unit) & (abs(abs(c) - 3.5 * unit) < 1.2 * unit)
    skin = np.random.uniform(0.5, 1, (n, 1, 1, 1)) * np.array([230, 190, 150])
    pictures = np.where(head[..., None], skin, np.random.uniform(20, 120, (n, 1, 1, 3)))
    return _bytes(np.where((mouth | eyes)[..., None], 20.0, pictures), noise), y


def scans(n: int, size: int = 32, contrast: float = 60, noise: float = 14) -> tuple[np.ndarray, np.ndarray]:
    """A chest with ribs, and a nodule in it (1) or none (0). Grey."""
    y = _labels(n, 2)
    rows, columns = np.mgrid[:size, :size]
    ribs = 18 * np.sin(rows / 1.8 + np.random.uniform(0, 6, (n, 1, 1)) + abs(columns - size / 2) / 6)
    lung = 70 + 40 * np.cos((columns - size / 2) / size * 4)
    top, left = np.random.uniform(size * 0.25, size * 0.75, (2, n, 1, 1))
    nodule = contrast * np.exp(-((rows - top) ** 2 + (columns - left) ** 2) / (2 * (size / 12) ** 2))
    return _bytes(lung + ribs + y[:, None, None] * nodule, noise), y


def clocks(n: int, k: int = 4, size: int = 20, noise: float = 25) -> tuple[np.ndarray, np.ndarray]:
    """One hand, which points to one of k hours, give or take a little. Grey."""
    y = _labels(n, k)
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    angle = (2 * np.pi * y / k + np.random.uniform(-0.6, 0.6, n) / k * 2)[:, None, None]
    along = rows * np.sin(angle) + columns * np.cos(angle)
    across = abs(rows * np.cos(angle) - columns * np.sin(angle))
    hand = (along > -1) & (along < size * 0.42) & (across < 1.5)
    return _bytes(50 + hand * np.random.uniform(90, 180, (n, 1, 1)), noise), y
