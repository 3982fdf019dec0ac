"""Exercise: undo. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from ....practice.values import equal, plain
from .pictures import PHOTOGRAPHS, SATELLITE, draw_statistics
from .standardizing import upright


def _standardized(height: int, width: int, numbers: tuple[Tensor, Tensor], *, beyond: float, seed: int) -> Tensor:
    """float32 [3, height, width]: a picture of bytes and fractions of bytes, standardized.

    It reaches `beyond` below 0 and above 255. The fractions keep away from 0 and from a half, so that a small error
    of arithmetic does not change what is right.
    """
    generator = torch.Generator().manual_seed(seed)
    whole = (torch.rand(3, height, width, generator=generator) * (253 + 2 * beyond) + 1 - beyond).floor()
    fraction = torch.tensor([0.2, 0.3, 0.7, 0.8])[torch.randint(0, 4, whole.shape, generator=generator)]
    mean, std = numbers
    return ((whole + fraction) / 255 - mean[:, None, None]) / std[:, None, None]


def _draw_standardized(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor, Tensor]:
    """Whole numbers from below 0 to above 255, off by a tenth either way: rounding is clear also in 16 bits."""
    mean, std = draw_statistics(r, i)
    shape = (3, *draws.sizes(r, 2, 1, 7))
    beyond = draws.one_of(r, 0, 60, 300)
    pixels = r.integers(-beyond, 256 + beyond, shape) + draws.one_of(r, -0.1, 0.1) * r.choice([1, -1], shape)
    x = (pixels / 255 - mean.double().numpy()[:, None, None]) / std.double().numpy()[:, None, None]
    return draws.floats(x), mean, std


def _bytes_or_not(result: object, used: tuple, given: tuple) -> object:
    """Facts where the values are right and their type is not uint8; else the values. A list has no type."""
    if str(getattr(result, "dtype", "uint8")).endswith("uint8") or not equal(plain(result), plain(_undone(*given))):
        return result
    return {"It holds bytes (uint8)": False}


@exercise(
    task="""
    To look at what a network was given, you have to turn it back into a picture. Write `undo(x, mean, std)`.

    `x` is a float tensor [3, H, W] that was standardized: pixels from 0 to 1, less the mean, divided by the
    deviation. `mean` and `std` are float tensors [3]. Return a uint8 tensor [3, H, W]. Round to the nearest whole
    number. The picture may have been sharpened or attacked in between, so some values may lie below 0 or above 255:
    make them 0 and 255.
    """,
    cases=[
        Case("a blurred picture", (_standardized(4, 5, PHOTOGRAPHS, beyond=0.0, seed=7), *PHOTOGRAPHS)),
        Case("a sharpened picture", (_standardized(5, 7, SATELLITE, beyond=60.0, seed=8), *SATELLITE)),
    ],
    draw=_draw_standardized,
    look=_bytes_or_not,
    hints=[
        "Go back step by step, the last one first: multiply by std, add mean, multiply by 255.",
        "mean[:, None, None] has the shape [3, 1, 1] and meets the channels. The same holds for std.",
        ".round() and .clamp(0, 255) come before .to(torch.uint8). The conversion itself cuts fractions off, and goes "
        "around above 255.",
    ],
)
def undo(x, mean, std):
    """Standardized, float [3, H, W], and mean and std, float [3], for 0 to 1 → picture, uint8 [3, H, W], 0 to 255."""
    pixels = (x * std[:, None, None] + mean[:, None, None]) * 255
    return pixels.round().clamp(0, 255).to(torch.uint8)


def _undone(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    return _back(x, mean, std).round().clamp(0, 255).to(torch.uint8)


def _back(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Double [3, H, W], on 0 to 255, neither rounded nor clipped."""
    return (x.double() * upright(std) + upright(mean)) * 255


@undo.misconception(
    "You did not round. Conversion to uint8 cuts the fraction off, so 199.8 becomes 199, and the picture gets half a "
    "level darker on average. Use .round() first."
)
def truncated(x, mean, std):
    return _back(x, mean, std).clamp(0, 255).to(torch.uint8)


@undo.misconception(
    "You did not clip. A byte goes around: 260 becomes 4, and −3 becomes 253. In the picture these are black dots in "
    "light places and white dots in dark ones. Use .clamp(0, 255) before .to(torch.uint8)."
)
def goes_around(x, mean, std):
    return _back(x, mean, std).round().int().to(torch.uint8)


@undo.misconception(
    "You neither rounded nor clipped. Conversion to uint8 does neither for you: 199.8 becomes 199, and 260 becomes 4. "
    "Use .round() and .clamp(0, 255) first."
)
def converted_as_it_is(x, mean, std):
    return _back(x, mean, std).int().to(torch.uint8)


@undo.misconception(
    "You clipped below 0 and not above 255. A byte goes around at both ends: 260 becomes 4, a black dot in a light "
    "place. Use .clamp(0, 255)."
)
def clipped_below_only(x, mean, std):
    return _back(x, mean, std).round().clamp(min=0).int().to(torch.uint8)


@undo.misconception(
    "You added the mean first and multiplied afterwards. Standardizing subtracts the mean and then divides, so going "
    "back takes these two in the opposite order: multiply by std, then add the mean."
)
def mean_added_first(x, mean, std):
    return ((x.double() + upright(mean)) * upright(std) * 255).round().clamp(0, 255).to(torch.uint8)


@undo.misconception(
    "You multiplied by 255 before you added the mean. The mean is on 0 to 1, so it hardly counted. Add it first."
)
def mean_on_another_scale(x, mean, std):
    return (x.double() * upright(std) * 255 + upright(mean)).round().clamp(0, 255).to(torch.uint8)


@undo.misconception(
    "You did not multiply by 255. The pixels are back on 0 to 1, and as bytes they are all 0 or 1: a black picture."
)
def left_from_0_to_1(x, mean, std):
    return (_back(x, mean, std) / 255).round().clamp(0, 255).to(torch.uint8)


@undo.misconception(
    "You standardized once more: you subtracted the mean and divided by the deviation. To go back, multiply by std and "
    "add the mean."
)
def standardized_once_more(x, mean, std):
    return ((x.double() - upright(mean)) / upright(std) * 255).round().clamp(0, 255).to(torch.uint8)


@undo.misconception(
    "The values are right, and they are not bytes. A picture that is saved, shown or given to a network's preparation "
    "is expected as uint8: end with .to(torch.uint8)."
)
def another_type(x, mean, std):
    return _undone(x, mean, std).float()
