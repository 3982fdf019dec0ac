"""Exercise: multiplications. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np

from ....practice import draws
from ....practice.engine import Case, exercise


def _draw_layer(r: np.random.Generator, i: int) -> tuple[int, ...]:
    """Kernels up to the size of the picture, and of exactly its height or width."""
    height, width, c, k = draws.sizes(r, 4, 1, 16)
    kernel_h = height if i % 5 == 0 else int(r.integers(1, height + 1))
    kernel_w = width if i % 5 == 1 else int(r.integers(1, width + 1))
    return height, width, c, k, kernel_h, kernel_w


@exercise(
    task="""
    Weights are not work: each is used at every place of the output. Write `macs(height, width, in_channels,
    out_channels, kernel_h, kernel_w)`: how many multiplications, each with its addition, does a convolution take?

    One picture of `height` × `width` with `in_channels` channels goes in. The kernel has `kernel_h` rows and
    `kernel_w` columns; there is no padding, and the stride is 1. All are whole numbers from 1; so is the result. A
    multiplication with its addition counts once. The kernel fits.
    """,
    cases=[
        Case("one channel", (8, 8, 1, 1, 3, 3)),
        Case("a tall kernel on a wide picture", (10, 15, 3, 4, 8, 2)),
        Case("a kernel of one pixel", (5, 6, 7, 2, 1, 1)),
        Case("a kernel as large as the picture", (6, 4, 2, 3, 6, 4)),
    ],
    draw=_draw_layer,
    hints=[
        "How many numbers come out, and how many multiplications does one of them take?",
        "Without padding, height − kernel_h + 1 rows come out. Each number that comes out has seen kernel_h · kernel_w "
        "pixels of each channel that went in.",
        "places = (height - kernel_h + 1) * (width - kernel_w + 1). Each place has out_channels numbers, and each of "
        "them takes kernel_h * kernel_w * in_channels multiplications.",
    ],
)
def macs(height, width, in_channels, out_channels, kernel_h, kernel_w):
    """Picture's size, channels in and out, kernel's size; no padding, stride 1 → multiply–adds, a whole number."""
    places = (height - kernel_h + 1) * (width - kernel_w + 1)
    weights = kernel_h * kernel_w * in_channels * out_channels
    return places * weights


@macs.misconception(
    "You counted the places of the picture that goes in. Without padding fewer come out: the kernel has to lie inside, "
    "which leaves height − kernel_h + 1 rows. For a long kernel that is a large difference."
)
def as_if_padded(height, width, in_channels, out_channels, kernel_h, kernel_w):
    return height * width * in_channels * out_channels * kernel_h * kernel_w


@macs.misconception(
    "You counted the weights. Each of them is used once at every place of the output: multiply by the number of places."
)
def only_the_weights(height, width, in_channels, out_channels, kernel_h, kernel_w):
    return in_channels * out_channels * kernel_h * kernel_w


@macs.misconception(
    "You left out one of the numbers of channels. Every channel that comes out sums over every channel that goes in: "
    "in_channels · out_channels."
)
def channels_in_left_out(height, width, in_channels, out_channels, kernel_h, kernel_w):
    return macs.reference(height, width, 1, out_channels, kernel_h, kernel_w)


@macs.misconception(
    "You counted for one channel of the output. There are out_channels of them, each with kernels of its own."
)
def channels_out_left_out(height, width, in_channels, out_channels, kernel_h, kernel_w):
    return macs.reference(height, width, in_channels, 1, kernel_h, kernel_w)


@macs.misconception(
    "You counted multiplications and additions apart. Some papers do, and call them FLOPs; compare numbers only if "
    "they count alike. A MAC is a multiplication with its addition, and counts once."
)
def additions_apart(height, width, in_channels, out_channels, kernel_h, kernel_w):
    return 2 * macs.reference(height, width, in_channels, out_channels, kernel_h, kernel_w)


@macs.misconception(
    "You have one row and one column too few. A kernel as high as the picture still has one place: "
    "height − kernel_h + 1."
)
def one_place_short(height, width, in_channels, out_channels, kernel_h, kernel_w):
    return (height - kernel_h) * (width - kernel_w) * in_channels * out_channels * kernel_h * kernel_w


@macs.misconception(
    "You took the kernel's height off the width, and its width off the height. For a square kernel it makes no "
    "difference; for 30×3 on a picture that is not square it does."
)
def sides_mixed_up(height, width, in_channels, out_channels, kernel_h, kernel_w):
    return macs.reference(width, height, in_channels, out_channels, kernel_h, kernel_w)
