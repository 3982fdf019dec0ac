"""A picture and its heatmap in one."""

from __future__ import annotations

import torch
from torch import Tensor

_DARKEST = 0.12  # of the light: what is cold can still be made out
_BRIGHTEST = 1.4  # what is hottest is lit more than it was, since most of the picture is dark
_TOP = 0.99  # heat above this quantile counts as much: one pixel must not darken all others


def spotlight(images: Tensor, heatmaps: Tensor) -> Tensor:
    """Each picture as bright as it is hot: uint8 [B, 3, H, W].

    Heat of 0 and below is dark, and the hottest hundredth is in full light. Brightness shows what colour would hide:
    a heatmap in colours over a picture changes the colours that are to be explained.

    Args:
        images: uint8 [B, 3, H, W].
        heatmaps: float [B, H, W], hotter where it speaks for the class.

    Raises:
        ValueError: shapes that do not fit, or heat that is not finite.

    >>> spotlight(torch.full((1, 3, 2, 2), 100, dtype=torch.uint8), torch.tensor([[[1.0, 0], [0, 0]]]))[0, 0].tolist()
    [[140, 17], [17, 17]]
    """
    fits = images.ndim == 4 and images.dtype == torch.uint8 and heatmaps.shape == (len(images), *images.shape[2:])
    if not fits or not heatmaps.isfinite().all():
        raise ValueError(
            f"spotlight got {images.dtype} {tuple(images.shape)} and heatmaps {tuple(heatmaps.shape)}; it wants uint8 "
            "[B, 3, H, W], and finite numbers [B, H, W]."
        )
    heat = heatmaps.flatten(1).clamp(min=0)
    top = heat.quantile(_TOP, dim=1).clamp(min=1e-12)[:, None]
    light = _DARKEST + (1 - _DARKEST) * (heat / top).clamp(max=1)
    lit = images * light.reshape(len(images), 1, *images.shape[2:]) * _BRIGHTEST
    return lit.clamp(0, 255).round().to(torch.uint8)
