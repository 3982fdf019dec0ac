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


def pixel_moments(images: Tensor, *, batch_size: int = 1024) -> tuple[Tensor, Tensor]:
    """(mean [C], covariance [C, C]) of the pixels' colours over all pictures, 0–1, float64.

    Sums of uint8 and of their products are exact in int64, as in `channel_statistics`.

    Args:
        images: uint8 [N, C, H, W], N ≥ 1.
    """
    if images.dtype != torch.uint8 or images.ndim != 4 or len(images) == 0:
        raise ValueError(f"pixel_moments got {images.dtype} {tuple(images.shape)}; it wants uint8 [N, C, H, W], N ≥ 1.")
    n, c = images.numel() // images.shape[1], images.shape[1]
    sums, products = torch.zeros(c, dtype=torch.int64), torch.zeros(c, c, dtype=torch.int64)
    for batch in images.split(batch_size):
        channels = [batch[:, channel].reshape(-1).int() for channel in range(c)]
        sums += torch.stack([values.sum() for values in channels])
        for i in range(c):
            for j in range(i + 1):
                products[i, j] += (channels[i] * channels[j]).sum()
    products = torch.tril(products) + torch.tril(products, -1).T
    mean = sums.double() / n
    return mean / 255, (products.double() / n - torch.outer(mean, mean)) / 255**2


def condition_number(mean: Tensor, covariance: Tensor, shift: Tensor, scale: Tensor) -> float:
    """How much longer the error surface of a linear layer is than it is wide, 1 to ∞, for inputs (x − shift) / scale.

    For squared error and weights on C inputs and a bias, the curvature is the matrix of second moments of
    (x', 1); its largest eigenvalue bounds the learning rate, its smallest one says how slowly the rest is learned.
    LeCun, Bottou, Orr, Müller: Efficient BackProp, 1998, section 5.

    Args:
        mean, covariance: of x, float [C] and [C, C], as from `pixel_moments`.
        shift, scale: float [C]; what is subtracted and what is divided by, more than 0.

    >>> half, one = torch.full((1,), 0.5, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
    >>> condition_number(half, one / 4, half, half)  # centred and scaled: a circle
    1.0
    """
    if not (scale > 0).all():
        raise ValueError(f"condition_number got scale={scale.tolist()}; it wants every one above 0.")
    middle = ((mean - shift) / scale).double()
    spread = (covariance / torch.outer(scale, scale)).double()
    moments = torch.eye(len(middle) + 1, dtype=torch.float64)
    moments[:-1, :-1] = spread + torch.outer(middle, middle)
    moments[:-1, -1] = moments[-1, :-1] = middle
    values = torch.linalg.eigvalsh(moments)
    return float(values[-1] / values[0]) if values[0] > 1e-15 else float("inf")
