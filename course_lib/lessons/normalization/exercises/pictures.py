"""Pictures and statistics that the exercises of this chapter are checked with."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws

# Red, green, blue: ImageNet's, and those of EuroSAT.
PHOTOGRAPHS = (torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225]))
SATELLITE = (torch.tensor([0.344, 0.380, 0.408]), torch.tensor([0.203, 0.137, 0.116]))


def colour_bytes(height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [3, height, width]: every channel in a range of its own."""
    generator = torch.Generator().manual_seed(seed)
    low, span = torch.tensor([20, 60, 130]), torch.tensor([200, 90, 50])
    share = torch.rand(3, height, width, generator=generator)
    return (low[:, None, None] + share * span[:, None, None]).to(torch.uint8)


def draw_bytes(r: np.random.Generator, height: int, width: int) -> np.ndarray:
    """int [3, height, width]: every channel in a range of its own, which may be narrow."""
    low, span = r.integers(0, 200, (3, 1, 1)), r.integers(1, 200, (3, 1, 1))
    return np.clip(low + np.floor(r.random((3, height, width)) * (span + 1)), 0, 255)


def draw_statistics(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel."""
    if i % 4 < 2:
        return (PHOTOGRAPHS, SATELLITE)[i % 4]
    return draws.floats(r.uniform(0.2, 0.7, 3)), draws.floats(r.uniform(0.1, 0.35, 3))
