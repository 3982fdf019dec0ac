"""Change the colours of a picture and leave its shapes alone."""

from __future__ import annotations

import torch
from torch import Tensor

from .colour import hsv_to_rgb, rgb_to_hsv


def recolour(images: Tensor, *, hue: float = 0, saturation: float = 1, brightness: float = 1) -> Tensor:
    """Turn every hue by `hue` degrees; multiply HSV's saturation and value, cut at 1. Halves are rounded up.

    >>> recolour(torch.tensor([255, 0, 0], dtype=torch.uint8)[:, None, None], hue=120).flatten().tolist()
    [0, 255, 0]
    """
    turned, s, v = rgb_to_hsv(images.double() / 255).unbind(-3)
    changed = torch.stack((turned + hue, (s * saturation).clamp(0, 1), (v * brightness).clamp(0, 1)), dim=-3)
    return (255 * hsv_to_rgb(changed) + 0.5).floor().to(torch.uint8)
