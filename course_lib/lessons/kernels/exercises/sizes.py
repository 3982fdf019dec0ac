"""Exercise: output size. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import math

import numpy as np

from ....practice.engine import Case, exercise


def _draw_convolution(r: np.random.Generator, i: int) -> tuple[int, int, int, int]:
    """Every fourth kernel is as large as the padded picture; strides that come out even and that do not."""
    size, stride, padding = int(r.integers(1, 120)), int(r.integers(1, 6)), int(r.integers(0, 7))
    whole = size + 2 * padding
    return size, whole if i % 4 == 0 else int(r.integers(1, whole + 1)), stride, padding


@exercise(
    task="""
    A kernel without padding nibbles at the picture: 30 rows high, it leaves 35 of 64. Write `output_size(size,
    kernel, stride, padding)`: how many rows does a convolution give?

    All four are whole numbers, for one direction: `size` rows go in, `kernel` is the kernel's height, `stride` how
    many rows it moves on each time, `padding` how many rows of zeros are added on *each* side. Return a whole number.
    The kernel has to lie inside the padded picture entirely; where the last stride does not fit any more, the rows
    left over are ignored. It always fits at least once.
    """,
    cases=[
        Case("30 rows on 64", (64, 30, 1, 0)),
        Case("padding that keeps the size", (64, 3, 1, 1)),
        Case("a stride that leaves rows over", (224, 7, 2, 3)),
        Case("a stride that comes out even", (17, 5, 3, 0)),
        Case("a kernel as large as the padded picture", (10, 14, 4, 2)),
    ],
    draw=_draw_convolution,
    hints=[
        "Where can the first row of the kernel lie? Count the places.",
        "With padding on both sides there are size + 2 · padding rows. The kernel's first row can lie on row 0, and "
        "then stride, 2 · stride … as long as its last row is still inside.",
        "The kernel can move on by size + 2 * padding - kernel rows. Divide by the stride, rounding down, with //, and "
        "add 1 for the place where it starts.",
    ],
)
def output_size(size, kernel, stride, padding):
    """Rows in, rows of the kernel, stride, zeros on each side, all whole numbers → rows out, a whole number ≥ 1."""
    room = size + 2 * padding - kernel
    return room // stride + 1


@output_size.misconception(
    "You counted the moves, not the places. A kernel that cannot move at all still gives one row: add 1."
)
def first_place_forgotten(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) // stride


@output_size.misconception("You added the padding once. There are zeros on each side, above and below: 2 · padding.")
def padded_on_one_side(size, kernel, stride, padding):
    return (size + padding - kernel) // stride + 1


@output_size.misconception(
    "You left the stride out. With a stride of 2 only every second place counts: divide the room by it before you "
    "add 1."
)
def stride_left_out(size, kernel, stride, padding):
    return size + 2 * padding - kernel + 1


@output_size.misconception(
    "You did not round. There is no half row: where the last stride does not fit, what is left over is ignored. "
    "// rounds down."
)
def not_rounded(size, kernel, stride, padding):
    return (size + 2 * padding - kernel) / stride + 1


@output_size.misconception(
    "You rounded up. A last place that is only partly inside the picture does not count, so round down, with //."
)
def rounded_up(size, kernel, stride, padding):
    return math.ceil((size + 2 * padding - kernel) / stride) + 1


@output_size.misconception(
    "You divided the size by the stride and left the kernel out. That is right only where the padding makes up for the "
    "kernel, as with padding='same'. Without padding a tall kernel costs many rows."
)
def as_if_padded_to_the_same(size, kernel, stride, padding):
    return math.ceil(size / stride)
