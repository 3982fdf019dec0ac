"""Exercises of lesson 2: do long thin kernels help?

Each solution is followed by the mistakes that people make, as functions, and by what to tell them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from .engine import Case, exercise

# --- output size -----------------------------------------------------------------------------------------


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


# --- weights of a pair -----------------------------------------------------------------------------------


@exercise(
    task="""
    30×3 and then 3×30 see 32×32 pixels, a little more than 30×30, with a fifth of the weights. Write
    `weights_of_pair(k, t, channels)`: how many weights do the two convolutions have?

    The first has a kernel of k rows and t columns, the second one of t rows and k columns. Both take `channels`
    channels and give `channels` channels. There are no biases. All are whole numbers from 1; so is the result.
    """,
    cases=[
        Case("one channel", (30, 3, 1)),
        Case("four channels", (30, 3, 4)),
        Case("as in Inception, a line and a line", (7, 1, 12)),
        Case("not thin at all", (3, 3, 2)),
    ],
    hints=[
        "Begin with one channel. How many numbers are in a kernel of k rows and t columns?",
        "Each channel that comes out looks at every channel that goes in, with a kernel of its own. So there are "
        "channels · channels kernels in a layer.",
        "One layer has k * t * channels * channels weights. The other has as many.",
    ],
)
def weights_of_pair(k, t, channels):
    """k×t, then t×k, each from `channels` to `channels` channels, no biases → weights of both, a whole number."""
    one_layer = k * t * channels * channels
    return 2 * one_layer


@weights_of_pair.misconception(
    "You counted one kernel for each channel that comes out. Such a layer exists, it is called depthwise. In an "
    "ordinary convolution each channel that comes out looks at every channel that goes in: channels · channels kernels."
)
def depthwise(k, t, channels):
    return 2 * k * t * channels


@weights_of_pair.misconception(
    "You counted one layer. The other one has as many weights: 3×30 holds as many numbers as 30×3."
)
def one_of_the_two(k, t, channels):
    return k * t * channels**2


@weights_of_pair.misconception(
    "You multiplied the two layers. What one layer does to the other's output is not stored anywhere; only the weights "
    "of each are. Add them."
)
def layers_multiplied(k, t, channels):
    return (k * t * channels**2) ** 2


@weights_of_pair.misconception(
    "You counted one square kernel, k×k. That is what the pair is meant to replace: it has k / (2 · t) times as many "
    "weights."
)
def the_square_kernel(k, t, channels):
    return k * k * channels**2


@weights_of_pair.misconception(
    "You counted the biases too, one for each channel that comes out. PyTorch has them by default; here they are left "
    "out, as the task says."
)
def with_biases(k, t, channels):
    return 2 * (k * t * channels**2 + channels)


@weights_of_pair.misconception(
    "You added the sides of the kernel. A kernel of k rows and t columns holds k · t numbers."
)
def sides_added(k, t, channels):
    return 2 * (k + t) * channels**2


# --- split a kernel --------------------------------------------------------------------------------------


def _put_together(split_kernel: Callable, kernel: Tensor) -> dict[str, object] | None:
    """Lengths and outer product of a pair (column, row): between the two, sign and scale are free.

    Anything that is no such pair is not put together, and the facts say so.
    """
    pair = split_kernel(kernel)
    if pair is None or pair is ...:
        return None
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return {"It returns a pair (column, row)": False}
    column, row = (torch.as_tensor(part).detach().double() for part in pair)
    return {
        "It returns a pair (column, row)": True,
        "Shape of the column": list(column.shape),
        "Shape of the row": list(row.shape),
        "column[i] · row[j]": torch.outer(column.flatten(), row.flatten()),
    }


_BLUR = torch.tensor([[1.0, 2.0, 1.0], [3.0, 6.0, 3.0]])
_EDGE = torch.tensor([[1.0, 0.0, -1.0], [2.0, 0.0, -2.0], [1.0, 0.0, -1.0]])
_UNEVEN = torch.tensor([[4.0, 1.0, 0.0], [2.0, 3.0, 1.0], [0.0, 1.0, -2.0], [1.0, 0.0, 1.0]])


@exercise(
    task="""
    A column and then a row do the work of a large kernel exactly when the kernel is their outer product:
    kernel[i, j] = column[i] · row[j]. Such a kernel has rank one. Others can only be approached. Write
    `split_kernel(kernel)`.

    `kernel` is a float32 tensor [h, w]. Return a pair `(column, row)`, floats [h] and [w], whose outer product is as
    near to the kernel as possible, in the sum of squared differences. The singular value decomposition,
    torch.linalg.svd, knows. Sign and scale are yours: twice the column with half the row is the same kernel.
    """,
    cases=[
        Case("[[1, 2, 1], [3, 6, 3]], which has rank one", (_BLUR,)),
        Case("Sobel's edge, which has rank one and sums to 0", (_EDGE,)),
        Case("[[4, 1, 0], [2, 3, 1], [0, 1, −2], [1, 0, 1]], which can only be approached", (_UNEVEN,)),
    ],
    hints=[
        "u, s, vh = torch.linalg.svd(kernel). The kernel is a sum of outer products, the most important one first.",
        "The first outer product belongs to the first column of u and the first row of vh. Both have length 1, so that "
        "the size of the kernel is in s[0].",
        "The column is s[0] * u[:, 0], the row vh[0].",
    ],
    observe=_put_together,
)
def split_kernel(kernel):
    """Kernel, float32 [h, w] → (column, row), float [h] and [w], whose outer product comes nearest to it."""
    u, s, vh = torch.linalg.svd(kernel)
    return s[0] * u[:, 0], vh[0]


@split_kernel.misconception(
    "Your column and row point the right way, and their outer product has the wrong size: the columns of u and the "
    "rows of vh have length 1. How strong the kernel is stands in s[0]; multiply one of the two by it."
)
def strength_forgotten(kernel):
    u, _, vh = torch.linalg.svd(kernel)
    return u[:, 0], vh[0]


@split_kernel.misconception(
    "You multiplied both by s[0], so that the outer product contains it twice. Give it to one of the two, or its "
    "square root to both."
)
def strength_twice(kernel):
    u, s, vh = torch.linalg.svd(kernel)
    return s[0] * u[:, 0], s[0] * vh[0]


@split_kernel.misconception(
    "You took a column of vh. torch.linalg.svd gives the matrix turned over already, which the h in vh says: the "
    "pattern is in its first row, vh[0]."
)
def column_of_vh(kernel):
    u, s, vh = torch.linalg.svd(kernel)
    return s[0] * u[:, 0], vh[:, 0]


@split_kernel.misconception(
    "You took the last part of the decomposition, the one that matters least. Singular values come in falling order, "
    "so the largest is s[0]."
)
def least_important_part(kernel):
    u, s, vh = torch.linalg.svd(kernel, full_matrices=False)
    return s[-1] * u[:, -1], vh[-1]


@split_kernel.misconception(
    "You used the means of the rows and of the columns. They lose a kernel that sums to 0, such as Sobel's edge, and "
    "of the others they get the size wrong. Let torch.linalg.svd find column and row."
)
def means_of_rows_and_columns(kernel):
    return kernel.mean(dim=1), kernel.mean(dim=0)


@split_kernel.misconception(
    "You divided the sums of rows and columns by the total. That works for a kernel of rank one that does not sum to "
    "0, such as a blur. Sobel's edge sums to 0, and a kernel of higher rank is not met as well as it can be. Use "
    "torch.linalg.svd."
)
def sums_by_total(kernel):
    return kernel.sum(dim=1) / kernel.sum(), kernel.sum(dim=0)


@split_kernel.misconception(
    "You cut the middle column and the middle row out of the kernel. That uses a few of its numbers and ignores the "
    "rest. Use torch.linalg.svd, which looks at all of them."
)
def cut_out_of_the_middle(kernel):
    h, w = kernel.shape
    return kernel[:, w // 2], kernel[h // 2]


@split_kernel.misconception("You have the two in the other order. Asked for is (column, row): first [h], then [w].")
def row_first(kernel):
    u, s, vh = torch.linalg.svd(kernel)
    return vh[0], s[0] * u[:, 0]


# --- receptive field -------------------------------------------------------------------------------------


@exercise(
    task="""
    How many rows of the picture can one number of the output see? Write `receptive_field(layers)`.

    `layers` is a list of pairs (kernel, stride), whole numbers from 1, the layer next to the picture first. Look at
    one direction only. Return a whole number. Nothing in front of the picture: without layers it would be 1.
    """,
    cases=[
        Case("two 3×3 in a row", ([(3, 1), (3, 1)],)),
        Case("30×3 and then 3×30, downwards", ([(30, 1), (3, 1)],)),
        Case("a stride in the first layer", ([(3, 2), (3, 1)],)),
        Case("strides one after the other, and a 1×1", ([(7, 2), (3, 2), (1, 1), (5, 3), (3, 1)],)),
        Case("a stride in the last layer only", ([(5, 1), (4, 3)],)),
    ],
    hints=[
        "Two 3×3 see five rows, not six: the first adds two to the one, the second adds two more.",
        "Each layer adds kernel − 1 steps. How long is a step, in rows of the picture? Neighbours in a layer's input "
        "lie as far apart as the strides of all layers *before* it, multiplied.",
        "Start with seen, step = 1, 1. For each layer: seen += (kernel - 1) * step, and then step *= stride.",
    ],
)
def receptive_field(layers):
    """Pairs (kernel, stride), whole numbers, nearest to the picture first → rows seen by one output, a whole number."""
    seen, step = 1, 1
    for kernel, stride in layers:
        seen += (kernel - 1) * step
        step *= stride
    return seen


@receptive_field.misconception(
    "You added the kernels. They overlap: where the first sees three rows, a second one of three adds two. Each layer "
    "adds kernel − 1 steps."
)
def kernels_added(layers):
    return sum(kernel for kernel, _ in layers)


@receptive_field.misconception(
    "You are right as long as all strides are 1. After a stride of 2, neighbours lie two rows of the picture apart, "
    "and each further kernel reaches twice as far. Multiply its reach by the strides before it."
)
def strides_ignored(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


@receptive_field.misconception(
    "You let a stride lengthen the reach of its own layer. A kernel reads its input as it lies there; the stride "
    "says how far apart its *outputs* are. Change the step after you have added the kernel's reach."
)
def stride_too_early(layers):
    seen, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        seen += (kernel - 1) * step
    return seen


@receptive_field.misconception(
    "You multiplied by the stride of the layer before only. Strides work together: after two layers with a stride of "
    "2, neighbours lie four rows apart. Multiply all strides before the layer."
)
def only_the_stride_before(layers):
    before = [1, *(stride for _, stride in layers[:-1])]
    return 1 + sum((kernel - 1) * step for (kernel, _), step in zip(layers, before, strict=True))


@receptive_field.misconception(
    "You multiplied the kernels. Reach does not multiply: a second 3×3 adds one row above and one below, so that two "
    "of them see five rows, not nine."
)
def kernels_multiplied(layers):
    return math.prod(kernel for kernel, _ in layers)


@receptive_field.misconception(
    "You are one row short throughout. You added what each layer reaches beyond its own place; the place itself is "
    "seen as well. Start with 1."
)
def own_place_forgotten(layers):
    return receptive_field.reference(layers) - 1


@receptive_field.misconception(
    "You went through the layers from the wrong end. A stride spreads out what comes *after* it; here the first pair "
    "is the layer next to the picture."
)
def from_the_other_end(layers):
    return receptive_field.reference(layers[::-1])


# --- multiplications -------------------------------------------------------------------------------------


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
