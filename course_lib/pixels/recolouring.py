"""Change the colours of a picture and leave its shapes alone."""

from __future__ import annotations

import torch
from torch import Tensor

from ..checks import is_number
from . import checks
from .colour import hsv_to_rgb, rgb_to_hsv


def recolour(images: Tensor, *, hue: float = 0, saturation: float = 1, brightness: float = 1) -> Tensor:
    """Turn every hue by `hue` degrees; multiply HSV's saturation and value, cut at 1. Halves are rounded up.

    Args:
        images: uint8 [..., 3, H, W].
        hue: degrees, any finite number.
        saturation, brightness: factors, 0 or more.

    Raises:
        ValueError: anything else.

    >>> recolour(torch.tensor([255, 0, 0], dtype=torch.uint8)[:, None, None], hue=120).flatten().tolist()
    [0, 255, 0]
    """
    checks.pictures("recolour", images)
    if not is_number(hue):
        raise ValueError(f"recolour got hue={hue!r}; it wants a finite number of degrees.")
    for name, factor in (("saturation", saturation), ("brightness", brightness)):
        if not is_number(factor) or factor < 0:
            raise ValueError(f"recolour got {name}={factor!r}; it wants a factor, 0 or more.")
    turned, s, v = rgb_to_hsv(images.double() / 255).unbind(-3)
    hue, saturation, brightness = float(hue), float(saturation), float(brightness)
    changed = torch.stack((turned + hue, (s * saturation).clamp(0, 1), (v * brightness).clamp(0, 1)), dim=-3)
    return (255 * hsv_to_rgb(changed) + 0.5).floor().to(torch.uint8)
