"""Exercise: cover. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def colour_bytes(height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [3, height, width]: every channel in a range of its own."""
    generator = torch.Generator().manual_seed(seed)
    low, span = torch.tensor([20, 60, 130]), torch.tensor([80, 120, 100])
    share = torch.rand(3, height, width, generator=generator)
    return (low[:, None, None] + share * span[:, None, None]).to(torch.uint8)


def _copy_and_original(copy: object, used: tuple, given: tuple) -> dict:
    """What came back, in which type, and whether the picture was left alone. A list has no type."""
    return {
        "the copy": copy,
        "it holds bytes (uint8)": str(getattr(copy, "dtype", "uint8")).endswith("uint8"),
        "your picture is as it was": torch.equal(used[0], given[0]),
    }


def _draw_square(r: np.random.Generator, i: int) -> tuple[Tensor, int, int, int]:
    """Squares inside, standing out on every side, around all, and wholly outside on every side.

    No mean is about halfway between two bytes, so that rounding is clear, also in 16 bits.
    """
    height, width = draws.sizes(r, 2, 2, 6)
    size = int(r.integers(1, 2 + max(height, width)))
    top, left = (int(r.integers(-size - 2, side + 3)) for side in (height, width))
    if i % 4 == 0:
        top, left = int(r.integers(0, height)), int(r.integers(0, width))
    while True:
        low, span = r.integers(0, 120, (3, 1, 1)), r.integers(30, 135, (3, 1, 1))
        picture = low + (span * r.random((3, height, width))).astype(int)
        shares = picture.mean(axis=(1, 2)) % 1
        if (np.abs(shares - 0.5) > 0.2).all() and (i % 2 or (shares > 0.5).any()):
            return draws.bytes_(picture), top, left, size


# Of at most 30 numbers, so that a message can show them.


@exercise(
    task="""
    The first way to ask a network: cover a part of the picture. Write `cover(picture, top, left, size)`.

    `picture` is a uint8 tensor [3, H, W]. The square has `size` rows and columns, and its first pixel is in row `top`
    and column `left`. It may stand out of the picture on any side, or lie wholly outside, so `top` and `left` may be
    negative; what stands out is cut off. Return a copy, uint8 [3, H, W], in which the square has the mean colour of
    the whole picture: three numbers, one for each channel, each rounded to the nearest whole number. `picture` itself
    must stay as it is.
    """,
    cases=[
        Case("3×3 pixels, the lower left 2×2 covered", (colour_bytes(3, 3, seed=0), 1, 0, 2)),
        Case("the square stands out on the right and below", (colour_bytes(2, 5, seed=1), 0, 3, 4)),
        Case("the square stands out above: top is −1", (colour_bytes(3, 3, seed=2), -1, 1, 2)),
        Case("the square stands out on the left: left is −1", (colour_bytes(3, 3, seed=2), 1, -1, 2)),
        Case("the square is wholly outside, above", (colour_bytes(3, 3, seed=2), -3, 0, 2)),
    ],
    draw=_draw_square,
    look=_copy_and_original,
    keeps=True,
    hints=[
        "Start with covered = picture.clone(), and change that. Plain = gives the same picture a second name.",
        "picture.double().mean(dim=(1, 2)).round() is the colour, [3]. With [:, None, None] it fills [3, rows, "
        "columns].",
        "A slice may end beyond the picture. But a number below 0 counts from the other side, at the start of a slice "
        "and at its end. So use max(top, 0) and max(top + size, 0), and the same for left.",
    ],
)
def cover(picture, top, left, size):
    """Picture, uint8 [3, H, W], a square's first row and column, its size → a copy, the square in the mean colour."""
    covered = picture.clone()
    colour = picture.double().mean(dim=(1, 2)).round().to(torch.uint8)
    bottom, right = max(top + size, 0), max(left + size, 0)
    covered[:, max(top, 0) : bottom, max(left, 0) : right] = colour[:, None, None]
    return covered


def _square(picture: Tensor, top: int, left: int, size: int) -> Tensor:
    """A view of what lies in the picture."""
    return picture[:, max(top, 0) : max(top + size, 0), max(left, 0) : max(left + size, 0)]


def _painted(picture: Tensor, top: int, left: int, size: int, colour) -> Tensor:
    """A copy whose square has `colour`, a number or [3]."""
    covered = picture.clone()
    _square(covered, top, left, size)[:] = torch.as_tensor(colour).to(torch.uint8).reshape(-1, 1, 1)
    return covered


def _mean_colour(picture: Tensor) -> Tensor:
    """double [3], not rounded."""
    return picture.double().mean(dim=(1, 2))


def _end_below_0(picture, top, left, size):
    return picture[:, max(top, 0) : top + size, max(left, 0) : left + size]


def _start_below_0(picture, top, left, size):
    return picture[:, top : top + size, left : left + size]


def _painting(square: Callable) -> Callable:
    """An answer that paints into the picture itself; `square` says where."""

    def answer(picture, top, left, size):
        colour = _mean_colour(picture).round().to(torch.uint8)
        square(picture, top, left, size)[:] = colour[:, None, None]
        return picture

    return answer


@cover.misconception(
    "The square is right, but you painted it into the picture that you were given. Ask for the next place, and the "
    "first square is still there. Work on picture.clone().",
    also=[_painting(_end_below_0), _painting(_start_below_0)],
)
def in_place(picture, top, left, size):
    return _painting(_square)(picture, top, left, size)


@cover.misconception(
    "You painted the square into the picture that you were given, and returned nothing. Work on picture.clone(), and "
    "return that."
)
def in_place_and_nothing_returned(picture, top, left, size):
    picture[:] = cover.reference(picture, top, left, size)


@cover.misconception(
    "You covered with middle grey, 128. That is a common choice, and another question to the network. Asked for is the "
    "picture's own mean colour."
)
def grey(picture, top, left, size):
    return _painted(picture, top, left, size, 128)


@cover.misconception(
    "You took one mean over all three channels, which is always a grey. Take the mean of each channel: over dimensions "
    "1 and 2, not 0."
)
def one_mean(picture, top, left, size):
    return _painted(picture, top, left, size, picture.double().mean().round())


@cover.misconception("You did not round. To turn 99.7 into a byte cuts it to 99. Call .round() before you convert.")
def truncated(picture, top, left, size):
    return _painted(picture, top, left, size, _mean_colour(picture))


@cover.misconception(
    "Your colour is the mean of the square. Then some of what you want to hide still shows. Take the mean of the whole "
    "picture."
)
def mean_of_the_square(picture, top, left, size):
    colour = _mean_colour(_square(picture, top, left, size)).nan_to_num()
    return _painted(picture, top, left, size, colour.round())


@cover.misconception(
    "You exchanged rows and columns. In [3, H, W] the rows come first, so the slice from top is the second, and the "
    "slice from left the third."
)
def rows_and_columns_exchanged(picture, top, left, size):
    return _painted(picture, left, top, size, _mean_colour(picture).round())


def _negative_start_clamped_end(picture, top, left, size):
    covered = picture.clone()
    colour = _mean_colour(picture).round().to(torch.uint8)[:, None, None]
    covered[:, top : max(top + size, 0), left : max(left + size, 0)] = colour
    return covered


@cover.misconception(
    "This is right while the square begins inside the picture. Where top or left is below 0, Python counts from the "
    "other side, and you cover the wrong pixels or none. Begin at max(top, 0) and max(left, 0).",
    also=[_negative_start_clamped_end],
)
def negative_start(picture, top, left, size):
    covered = picture.clone()
    covered[:, top : top + size, left : left + size] = _mean_colour(picture).round().to(torch.uint8)[:, None, None]
    return covered


@cover.misconception(
    "The start of your slices is right, their end is not: where the whole square lies above the picture or left of "
    "it, top + size or left + size is below 0 and counts from the other side. Take max(top + size, 0) and "
    "max(left + size, 0)."
)
def negative_end(picture, top, left, size):
    covered = picture.clone()
    colour = _mean_colour(picture).round().to(torch.uint8)[:, None, None]
    covered[:, max(top, 0) : top + size, max(left, 0) : left + size] = colour
    return covered


@cover.misconception(
    "The values are right, and they are not bytes. The copy is to be a picture like the one that came: end with "
    ".to(torch.uint8)."
)
def another_type(picture, top, left, size):
    return cover.reference(picture, top, left, size).float()
