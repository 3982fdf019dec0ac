"""Pictures that show two kinds of land, put together from two that show one; how much of each is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..imageset import ImageSet

LEAST = 0.2  # of the picture belongs to each of two classes


def mixed(pictures: ImageSet, n: int, *, single: float = 0.3, seed: int = 0) -> tuple[ImageSet, Tensor]:
    """(`n` pictures, shares float32 [n, K]): most of two classes, each of which has at least a fifth of the picture.

    Half of those of two are cut by a straight line at any angle; in the other half the second class is a band through
    the first, as a road through a field. The labels are the larger part. A band shows whatever its picture has there.

    Args:
        pictures: of two classes or more.
        single: share of pictures that stay of one class, 0–1.

    >>> half = ImageSet.of(torch.tensor([0, 255], dtype=torch.uint8).repeat_interleave(3 * 64).reshape(2, 3, 8, 8),
    ...                    [0, 1], ["dark", "light"])
    >>> tiles, shares = mixed(half, 4, single=0)
    >>> torch.allclose(shares[:, 1], (tiles.images[:, 0] == 255).float().mean(dim=(1, 2)))
    True
    """
    if n < 1 or not 0 <= single <= 1:
        raise ValueError(f"mixed got n={n}, single={single}; it wants n ≥ 1 and a share of 0 to 1.")
    present = np.unique(pictures.labels.numpy())
    if len(present) < 2:
        raise ValueError(f"mixed got pictures of {len(present)} class; it wants two or more.")
    rng = np.random.default_rng(seed)
    first = rng.integers(len(pictures), size=n)
    second = np.array([_other(pictures.labels.numpy(), int(one), rng) for one in first])
    masks = torch.stack([_mask(pictures.shape[1:], rng, alone) for alone in rng.random(n) < single])
    images = torch.where(
        masks[:, None], pictures.batch(torch.as_tensor(second)), pictures.batch(torch.as_tensor(first))
    )
    part = masks.float().mean(dim=(1, 2))
    shares = torch.zeros(n, len(pictures.classes))
    shares[torch.arange(n), pictures.labels[first]] = 1 - part
    shares[torch.arange(n), pictures.labels[second]] += part
    tiles = ImageSet.of(images, shares.argmax(dim=1), pictures.classes, pictures.source, name=f"{pictures.name}, mixed")
    return replace(tiles, part=pictures.part), shares


def _other(labels: np.ndarray, one: int, rng: np.random.Generator) -> int:
    """A random picture of another class than that of picture `one`."""
    while labels[found := int(rng.integers(len(labels)))] == labels[one]:
        pass
    return found


def _mask(size: tuple[int, int], rng: np.random.Generator, alone: bool) -> Tensor:
    """bool [H, W]: where the second picture shows; nowhere, if the first stays alone."""
    if alone:
        return torch.zeros(size, dtype=torch.bool)
    y, x = (np.arange(length) - (length - 1) / 2 for length in size)
    angle, share = rng.uniform(0, 2 * np.pi), rng.uniform(LEAST + 0.02, 0.5)
    across = np.cos(angle) * x + np.sin(angle) * y[:, None]
    if rng.random() < 0.5:  # a band about a line through the middle
        across = np.abs(across)
    # The cut that gives the share, but for ties: whole pixels fall to one side.
    return torch.as_tensor(across <= np.quantile(across, share))
