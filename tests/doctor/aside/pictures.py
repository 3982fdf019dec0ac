"""Further pictures of this half, as `data` gives them: uint8, [N, H, W] grey or [N, H, W, 3], and labels from 0."""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np
from sklearn.datasets import load_digits, load_sample_images


def _bytes(pictures: np.ndarray, noise: float) -> np.ndarray:
    return np.clip(pictures + noise * np.random.randn(*pictures.shape), 0, 255).astype(np.uint8)


def handwriting(n: int, digits=range(10), scale: int = 2, border: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Digits written by people (scikit-learn's 8 × 8 ones), enlarged; labels are places in `digits`. Grey."""
    source = load_digits()
    chosen = np.concatenate([np.random.permutation(np.flatnonzero(source.target == d))[: -(-n // len(digits))]
                             for d in digits])  # fmt: skip
    chosen = np.random.permutation(chosen)[:n]
    large = np.kron(source.images[chosen] * 15.9, np.ones((1, scale, scale)))
    large = np.pad(large, ((0, 0), (border, border), (border, border)))
    place = {d: i for i, d in enumerate(digits)}
    return large.astype(np.uint8), np.array([place[d] for d in source.target[chosen]])


@cache
def _photographs() -> dict[str, np.ndarray]:
    from skimage import data

    china, flower = load_sample_images().images
    grey = {name: getattr(data, name)() for name in ("brick", "grass", "gravel")}
    return grey | {"temple": china, "flower": flower, "coffee": data.coffee(), "cat": data.chelsea()}


def surfaces(n: int, names=("brick", "grass", "gravel"), size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Cuttings, anywhere, from one photograph a class: all of the grey ones, or all of those in colour."""
    y = np.random.permutation(np.arange(n) % len(names))
    cuttings = []
    for label in y:
        whole = _photographs()[names[label]]
        top, left = (np.random.randint(0, side - size + 1) for side in whole.shape[:2])
        cuttings.append(whole[top : top + size, left : left + size])
    return np.stack(cuttings), y


def flags(n: int, k: int = 6, size: int = 24, noise: float = 20, upright: bool = False):
    """Three bands, red, green, blue, in one of six orders. In colour."""
    y = np.random.permutation(np.arange(n) % k)
    orders = np.array(list(permutations(range(3))))[:k]
    band = np.minimum(np.arange(size) * 3 // size, 2)
    colours = np.eye(3)[orders[y]][:, band] * np.random.uniform(100, 220, (n, 1, 1)) + 20
    pictures = np.repeat(colours[:, :, None], size, axis=2)
    return _bytes(pictures.swapaxes(1, 2) if upright else pictures, noise), y


def dots(n: int, k: int = 4, size: int = 32, noise: float = 12, colour: bool = False):
    """1 … k equal spots, none upon another: count them. Grey or in colour."""
    y = np.random.permutation(np.arange(n) % k)
    cells = np.array([(r, c) for r in range(4) for c in range(4)])
    rows, columns = np.mgrid[:size, :size]
    pictures = np.full((n, size, size), 30.0)
    for picture, label in zip(pictures, y, strict=True):
        for r, c in cells[np.random.permutation(16)[: label + 1]]:
            middle = (np.array([r, c]) + 0.5) * size / 4
            picture += 170 * ((rows - middle[0]) ** 2 + (columns - middle[1]) ** 2 < (size / 10) ** 2)
    if colour:
        pictures = pictures[..., None] * np.random.uniform(0.5, 1, (n, 1, 1, 3))
    return _bytes(pictures, noise), y


def corners(n: int, k: int = 4, size: int = 16, noise: float = 25) -> tuple[np.ndarray, np.ndarray]:
    """The corner that is lit, and how brightly is chance. Grey."""
    y = np.random.permutation(np.arange(n) % k)
    rows, columns = np.mgrid[:size, :size]
    top, left = (y // 2 * (size - 1))[:, None, None], (y % 2 * (size - 1))[:, None, None]
    far = np.hypot(rows - top, columns - left)
    return _bytes(40 + np.random.uniform(90, 200, (n, 1, 1)) * np.exp(-far / (size / 3)), noise), y


def knitted(n: int, k: int = 3, size: int = 32, noise: float = 20) -> tuple[np.ndarray, np.ndarray]:
    """Chequered cloth, its squares 2, 3, 4 … wide, in two colours by chance."""
    y = np.random.permutation(np.arange(n) % k)
    rows, columns = np.mgrid[:size, :size]
    wide = (2 + y)[:, None, None]
    shift = np.random.randint(0, 12, (2, n, 1, 1))
    mesh = ((rows + shift[0]) // wide + (columns + shift[1]) // wide) % 2
    one, other = np.random.uniform(130, 230, (n, 1, 1, 3)), np.random.uniform(20, 90, (n, 1, 1, 3))
    return _bytes(np.where(mesh[..., None] == 1, one, other), noise), y
