"""Numbers for the cases that are drawn: numpy draws them, as its generators are apart from the notebook's."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

T = TypeVar("T")


def floats(array: ArrayLike) -> Tensor:
    """float32, same shape."""
    return torch.from_numpy(np.array(array, dtype=np.float32))


def whole(array: ArrayLike) -> Tensor:
    """int64, same shape."""
    return torch.from_numpy(np.array(array, dtype=np.int64))


def bytes_(array: ArrayLike) -> Tensor:
    """uint8, same shape; cut off at 0 and 255."""
    return torch.from_numpy(np.clip(array, 0, 255).astype(np.uint8))


def sizes(r: np.random.Generator, n: int, low: int, high: int) -> tuple[int, ...]:
    """`n` sides from `low` to `high`, both included."""
    return tuple(int(k) for k in r.integers(low, high + 1, n))


def one_of(r: np.random.Generator, *values: T) -> T:
    """One of `values`, each as likely as the others."""
    return values[r.integers(len(values))]
