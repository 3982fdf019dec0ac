"""Take coarse or fine detail away from a picture: what changes slowly across it, and what changes fast.

All functions take and return uint8 [..., 3, H, W], RGB. ValueError: anything else, or a number out of range.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..checks import is_number
from . import checks
from .changes import block_average


def low_pass(images: Tensor, cycles: float) -> Tensor:
    """What changes at most `cycles` times from edge to edge, in any direction: an ideal low-pass.

    Gonzalez, Woods: Digital Image Processing, section 4.8. Its sharp limit leaves rings around edges; `blur` has none.

    Args:
        cycles: of the highest frequency that stays, 0 or more; 0 leaves the mean colour.
    """
    checks.pictures("low_pass", images)
    _check_number("low_pass", "cycles", cycles, least=0)
    rows, columns = (torch.fft.fftfreq(n, 1 / n, device=images.device) for n in images.shape[-2:])
    kept = rows[:, None] ** 2 + columns**2 <= cycles**2
    return torch.fft.ifft2(torch.fft.fft2(images.float()) * kept).real.round().clamp(0, 255).to(torch.uint8)


def high_pass(images: Tensor, cycles: float) -> Tensor:
    """What `low_pass` takes away, around the picture's mean colour."""
    checks.pictures("high_pass", images)
    mean = block_average(images, 1).float()
    rest = images.float() - low_pass(images, cycles).float() + mean
    return rest.round().clamp(0, 255).to(torch.uint8)


def blur(images: Tensor, sigma: float) -> Tensor:
    """Gaussian blur: `sigma` pixels is the standard deviation of the kernel, which reaches three of them to each side.

    Pictures are mirrored at their edges, so they must be larger than that reach.
    """
    from torchvision.transforms.functional import gaussian_blur  # takes seconds: only who blurs waits for it

    checks.pictures("blur", images)
    _check_number("blur", "sigma", sigma, least=0.1)
    reach = round(3 * sigma)
    if reach >= min(images.shape[-2:]):
        raise ValueError(
            f"blur got sigma={sigma:g}, which reaches {reach} pixels, for {tuple(images.shape[-2:])}; it wants larger "
            "pictures, or a smaller sigma."
        )
    flat = gaussian_blur(images.reshape(-1, *images.shape[-3:]), 2 * reach + 1, sigma)
    return flat.reshape(images.shape)


def _check_number(name: str, argument: str, value: object, *, least: float) -> None:
    if not is_number(value) or value < least:
        raise ValueError(f"{name} got {argument}={value!r}; it wants a finite number, {least:g} or more.")
