"""Exercise: minimum to maximum. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from .pictures import colour_bytes, draw_bytes


def _with_flat_green(height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [3, height, width]: green is 77 everywhere."""
    picture = colour_bytes(height, width, seed=seed)
    picture[1] = 77
    return picture


def _draw_channels(r: np.random.Generator, i: int) -> tuple[Tensor]:
    """Flat channels, black and white ones among them, and some that hold two neighbouring values only."""
    picture = draw_bytes(r, *draws.sizes(r, 2, 2, 7))
    channel = int(r.integers(3))
    if i % 3 == 0:
        picture[channel] = draws.one_of(r, 0, 255, int(r.integers(1, 255)))
    if i % 3 == 1:
        picture[channel] = int(r.integers(0, 255)) + (r.random(picture[0].shape) < 0.5)
    return (draws.bytes_(picture),)


@exercise(
    task="""
    In a dark picture you see more when each channel is stretched over the whole range. Write `minmax(picture)`.

    `picture` is a uint8 tensor [3, H, W]. Return floats of the same shape. In each channel the smallest value becomes
    0, the largest 1, and the others lie between them in proportion. A channel that is the same everywhere becomes 0.
    """,
    cases=[
        Case("every channel has a range of its own", (colour_bytes(4, 5, seed=2),)),
        Case("green is the same everywhere", (_with_flat_green(6, 4, seed=3),)),
    ],
    draw=_draw_channels,
    hints=[
        "For each channel, subtract its minimum, then divide by its maximum less its minimum.",
        "picture.amin(dim=(1, 2), keepdim=True) has the shape [3, 1, 1] and can be subtracted from [3, H, W].",
        "Where a channel is flat, you divide 0 by 0. (high - low).clamp(min=1) on bytes makes it 0 / 1, and changes "
        "nothing elsewhere.",
    ],
)
def minmax(picture):
    """Picture, uint8 [3, H, W] → float, same shape; each channel goes from 0 to 1, a flat one is 0."""
    low = picture.amin(dim=(1, 2), keepdim=True)
    high = picture.amax(dim=(1, 2), keepdim=True)
    return (picture - low) / (high - low).clamp(min=1)


def _range(picture: Tensor, dims: tuple[int, ...] = (1, 2)) -> tuple[Tensor, Tensor, Tensor]:
    """(picture, its minima, its maxima) as doubles."""
    x = picture.double()
    return x, x.amin(dim=dims, keepdim=True), x.amax(dim=dims, keepdim=True)


@minmax.misconception(
    "This is right wherever a channel varies. Where it does not, you divide 0 by 0 and get NaN. One NaN in a picture "
    "makes the loss NaN, and then every weight. Return 0 there."
)
def flat_forgotten(picture):
    x, low, high = _range(picture)
    return (x - low) / (high - low)


@minmax.misconception(
    "You took one minimum and one maximum for all three channels. Only one channel reaches 0 then and only one reaches "
    "1. That keeps the colours, and is often the better idea, but asked for is each channel by itself: go over "
    "dimensions 1 and 2 and keep dimension 0."
)
def channels_together(picture):
    x, low, high = _range(picture, (0, 1, 2))
    return (x - low) / (high - low)


@minmax.misconception(
    "You divided by the maximum. The largest value is 1 now, but the smallest is not 0. Subtract the minimum, and "
    "divide by maximum less minimum."
)
def maximum_only(picture):
    x, _, high = _range(picture)
    return x / high


@minmax.misconception(
    "You subtracted the minimum and divided by the maximum. The smallest value is 0 now, but the largest stays below "
    "1, since it has lost the minimum too. Divide by maximum less minimum."
)
def divided_by_the_maximum(picture):
    x, low, high = _range(picture)
    return (x - low) / high


@minmax.misconception(
    "You divided by 255. That maps the largest value that a byte can have to 1, whatever is in the picture. Asked for "
    "is the largest value that is in each channel."
)
def divided_by_255(picture):
    return picture / 255


@minmax.misconception(
    "You stretched each row by itself: the minimum went over the last dimension only. Neighbouring rows can no longer "
    "be compared. Go over dimensions 1 and 2 together."
)
def each_row(picture):
    x, low, high = _range(picture, (2,))
    return (x - low) / (high - low).clamp(min=1)
