"""Statistics of the channels: what "normalise with the mean and the deviation" is computed from."""

from __future__ import annotations

import torch
from torch import Tensor


def channel_statistics(images: Tensor, *, batch_size: int = 4096) -> tuple[Tensor, Tensor]:
    """(mean, standard deviation) of each channel over all pixels of all pictures, 0–1, each float64 [C].

    Sums of uint8 and of their squares are exact in int64, so that nothing depends on the order or the batch.

    Args:
        images: uint8 [N, C, H, W], N ≥ 1.
    """
    if images.dtype != torch.uint8 or images.ndim != 4 or len(images) == 0:
        raise ValueError(
            f"channel_statistics got {images.dtype} {tuple(images.shape)}; it wants uint8 [N, C, H, W], N ≥ 1."
        )
    n = images.numel() // images.shape[1]
    levels = torch.arange(256, dtype=torch.int64)
    counts = torch.zeros(images.shape[1], 256, dtype=torch.int64)
    for batch in images.split(batch_size):
        for channel in range(images.shape[1]):
            counts[channel] += torch.bincount(batch[:, channel].reshape(-1), minlength=256)
    mean = (counts * levels).sum(dim=1).double() / n
    square = (counts * levels**2).sum(dim=1).double() / n
    return mean / 255, (square - mean**2).clamp(min=0).sqrt() / 255
