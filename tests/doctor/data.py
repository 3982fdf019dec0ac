"""Pictures as files would give them: uint8, [N, H, W] grey or [N, H, W, 3], and labels 0 … K − 1 in random order.

They are drawn anew for each call from NumPy's global generator, which `Case.build` seeds.
"""

from __future__ import annotations

import colorsys

import numpy as np


def _labels(n: int, k: int) -> np.ndarray:
    return np.random.permutation(np.arange(n) % k)


def _bytes(pictures: np.ndarray, noise: float) -> np.ndarray:
    return np.clip(pictures + noise * np.random.randn(*pictures.shape), 0, 255).astype(np.uint8)


def paints(n: int, k: int = 3, size: int = 24, noise: float = 25) -> tuple[np.ndarray, np.ndarray]:
    """Flat colours of k hues, each as bright as the others on average, light or dark by chance."""
    y = _labels(n, k)
    hues = np.array([colorsys.hsv_to_rgb(c / k, 0.8, 1) for c in range(k)])
    hues *= 0.55 / (hues @ [0.299, 0.587, 0.114])[:, None]
    light = np.random.uniform(70, 200, (n, 1, 1, 1))
    return _bytes(hues[y][:, None, None] * light * np.ones((1, size, size, 1)), noise), y


def stripes(n: int, k: int = 2, size: int = 24, noise: float = 30) -> tuple[np.ndarray, np.ndarray]:
    """Waves in k directions, of any phase, grey."""
    y = _labels(n, k)
    rows, columns = np.mgrid[:size, :size]
    angle = (np.pi * y / k)[:, None, None]
    period = np.random.uniform(4, 7, (n, 1, 1))
    along = rows * np.cos(angle) + columns * np.sin(angle)
    waves = np.sin(2 * np.pi * along / period + np.random.uniform(0, 6.3, (n, 1, 1)))
    return _bytes(128 + 70 * waves, noise), y


def blobs(n: int, k: int = 2, size: int = 24, noise: float = 20) -> tuple[np.ndarray, np.ndarray]:
    """One bright cell, the larger the higher the class, anywhere, grey."""
    y = _labels(n, k)
    rows, columns = np.mgrid[:size, :size]
    centre = np.random.uniform(size * 0.3, size * 0.7, (2, n, 1, 1))
    width = np.linspace(size / 14, size / 5, k)[y][:, None, None]
    distance = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2
    return _bytes(50 + 170 * np.exp(-distance / (2 * width**2)), noise), y


def shapes(n: int, k: int = 3, size: int = 24, noise: float = 20) -> tuple[np.ndarray, np.ndarray]:
    """Disc, frame, cross, bar: in any colour, almost anywhere, in colour on a dark ground."""
    y = _labels(n, k)
    rows, columns = np.mgrid[:size, :size]
    a = rows - np.random.randint(size // 2 - 3, size // 2 + 3, (n, 1, 1))
    b = columns - np.random.randint(size // 2 - 3, size // 2 + 3, (n, 1, 1))
    r = size // 4
    far = np.maximum(abs(a), abs(b))
    masks = [a**2 + b**2 <= r * r, (far <= r + 1) & (far >= r), (np.minimum(abs(a), abs(b)) < 1) & (far <= r + 1)]
    masks.append((abs(a) <= 2) & (abs(b) <= r + 2))
    ink = np.random.uniform(120, 230, (n, 1, 1, 3))
    return _bytes(np.choose(y[:, None, None], masks[:k])[..., None] * ink + 30, noise), y


def glyphs(n: int, k: int = 10, size: int = 20, noise: float = 25, still: bool = False):
    """k signs of 5 × 5 squares, the same for everybody, moved about unless `still`, grey."""
    y = _labels(n, k)
    signs = np.random.default_rng(7).random((k, 5, 5)) > 0.5
    cell = size // 6
    large = np.kron(signs, np.ones((cell, cell)))
    pictures, room = np.full((n, size, size), 40.0), size - 5 * cell
    moves = np.full((n, 2), room // 2) if still else np.random.randint(0, room + 1, (n, 2))
    for picture, label, (top, left) in zip(pictures, y, moves, strict=True):
        picture[top : top + 5 * cell, left : left + 5 * cell] += 160 * large[label]
    return _bytes(pictures, noise), y


def arrows(n: int, size: int = 24, noise: float = 25) -> tuple[np.ndarray, np.ndarray]:
    """A wedge that points left (0) or right (1), grey."""
    y = _labels(n, 2)
    rows, columns = np.mgrid[:size, :size]
    off = columns - np.random.randint(-3, 4, (n, 1, 1))
    off = np.where(y[:, None, None] == 1, size - 1 - off, off)
    high = abs(rows - size // 2 + np.random.randint(-2, 3, (n, 1, 1)))
    return _bytes(40 + 150 * ((high * 2 <= off - 3) & (off < size - 4)), noise), y


def pairs(n: int, size: int = 16, noise: float = 15) -> tuple[np.ndarray, np.ndarray]:
    """Left and right half equally bright (0) or one light, one dark (1): no straight line parts them. Grey."""
    y = _labels(n, 2)
    left = np.random.randint(0, 2, n)
    right = left ^ y
    pictures = np.empty((n, size, size))
    pictures[:, :, : size // 2] = 70 + 110 * left[:, None, None]
    pictures[:, :, size // 2 :] = 70 + 110 * right[:, None, None]
    return _bytes(pictures, noise), y
