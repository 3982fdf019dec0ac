"""Exercise: split a kernel. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from ....practice.values import plain


def _put_together(pair: object, used: tuple, given: tuple) -> dict[str, object]:
    """Lengths and outer product of a pair (column, row): between the two, sign and scale are free.

    Anything that is no such pair is not put together, and the facts say so.
    """
    parts = [plain(part) for part in pair] if isinstance(pair, tuple | list) else []
    if len(parts) != 2 or not all(isinstance(part, np.ndarray) for part in parts):
        return {"It returns a pair (column, row)": False}
    column, row = (part.astype(float) for part in parts)
    return {
        "It returns a pair (column, row)": True,
        "Shape of the column": list(column.shape),
        "Shape of the row": list(row.shape),
        "column[i] · row[j]": np.outer(column, row),
    }


def _draw_kernel(r: np.random.Generator, i: int) -> tuple[Tensor]:
    """Taller and wider, some of rank one; the first part is clearly larger than the second, else two are right."""
    while True:
        kernel = r.normal(0, 2, draws.sizes(r, 2, 1, 6))
        if i % 4 == 0:
            kernel = np.outer(kernel[:, 0], kernel[0])
        values = np.linalg.svd(kernel, compute_uv=False)
        if values[0] > 0.5 and (len(values) == 1 or values[1] < 0.7 * values[0]):
            return (draws.floats(kernel),)


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
    draw=_draw_kernel,
    look=_put_together,
    hints=[
        "u, s, vh = torch.linalg.svd(kernel). The kernel is a sum of outer products, the most important one first.",
        "The first outer product belongs to the first column of u and the first row of vh. Both have length 1, so that "
        "the size of the kernel is in s[0].",
        "The column is s[0] * u[:, 0], the row vh[0].",
    ],
)
def split_kernel(kernel):
    """Kernel, float32 [h, w] → a pair (column, row), float [h] and [w], whose outer product comes nearest to it."""
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
