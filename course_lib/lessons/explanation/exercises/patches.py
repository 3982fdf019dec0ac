"""Exercise: shuffled patches. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from .covering import colour_bytes


def _draw_patches(r: np.random.Generator, i: int) -> tuple[Tensor, int, Tensor]:
    size, rows, columns = int(r.integers(1, 4)), *draws.sizes(r, 2, 1, 4)
    picture = r.integers(0, 256, (3, rows * size, columns * size))
    return draws.bytes_(picture), size, draws.whole(r.permutation(rows * columns))


@exercise(
    task="""
    Does a network need shapes? Cut the picture into patches and lay them anew. Write
    `shuffle_patches(picture, size, order)`.

    `picture` is a uint8 tensor [3, H, W], and `size` divides H and W. Patches are squares of `size` pixels, numbered
    from 0 as you read: from left to right, then the next row of patches. `order` is an int64 tensor with each number
    once. Return uint8 [3, H, W], in which place k has patch `order[k]` of the picture. Inside of a patch nothing
    changes.
    """,
    cases=[
        Case("2×3 patches of 2×2 pixels", (colour_bytes(4, 6, seed=10), 2, torch.tensor([4, 0, 5, 1, 3, 2]))),
        Case("3×2 patches of 3×3 pixels", (colour_bytes(9, 6, seed=11), 3, torch.tensor([1, 2, 3, 5, 0, 4]))),
    ],
    draw=_draw_patches,
    hints=[
        "There are W // size patches in a row. Patch k begins in row (k // columns) * size and column "
        "(k % columns) * size.",
        "A loop will do: begin with picture.clone(), and for each k copy the square of patch order[k] from the picture "
        "to the place k.",
        "Without a loop: reshape to [3, rows, size, columns, size], permute the two size dimensions to the end, join "
        "rows and columns, index with order, and go back the same way.",
    ],
)
def shuffle_patches(picture, size, order):
    """Picture, uint8 [3, H, W], size of a patch, order, int64 → same shape; place k has patch order[k]."""
    columns = picture.shape[2] // size
    shuffled = picture.clone()
    for k, source in enumerate(order.tolist()):
        to_row, to_column = k // columns * size, k % columns * size
        row, column = source // columns * size, source % columns * size
        patch = picture[:, row : row + size, column : column + size]
        shuffled[:, to_row : to_row + size, to_column : to_column + size] = patch
    return shuffled


def _cut(picture: Tensor, size: int) -> Tensor:
    """[patches, 3, size, size], as you read."""
    rows = picture.unflatten(2, (-1, size)).unflatten(1, (-1, size))  # [3, rows, size, columns, size]
    return rows.permute(1, 3, 0, 2, 4).flatten(0, 1)


def _laid(patches: Tensor, columns: int) -> Tensor:
    """The reverse of `_cut`: [3, H, W]."""
    return patches.unflatten(0, (-1, columns)).permute(2, 0, 3, 1, 4).flatten(3, 4).flatten(1, 2)


@shuffle_patches.misconception(
    "You laid patch k at the place order[k]. Asked for is the other way round: place k gets patch order[k]. Both are "
    "shuffled pictures, but not the same one."
)
def inverse(picture, size, order):
    return _laid(_cut(picture, size)[order.argsort()], picture.shape[2] // size)


@shuffle_patches.misconception(
    "You numbered the patches down the columns. Number them as you read: from left to right, then the next row."
)
def down_the_columns(picture, size, order):
    turned = picture.transpose(1, 2)
    patches = _cut(turned, size)[order]
    return _laid(patches, turned.shape[2] // size).transpose(1, 2)


@shuffle_patches.misconception(
    "The patches are where they should be, but inside each one rows and columns are exchanged. Look at the last two "
    "dimensions of your permute: the pixel rows come before the pixel columns."
)
def pixels_turned(picture, size, order):
    return _laid(_cut(picture, size)[order].transpose(2, 3), picture.shape[2] // size)


@shuffle_patches.misconception(
    "reshape alone cuts no squares: it takes the pixels in the order in which they lie in memory, so your patches are "
    "pieces of rows. Reshape to [3, rows, size, columns, size] first, then permute."
)
def pieces_of_rows(picture, size, order):
    pieces = picture.reshape(3, -1, size, size)
    return pieces[:, order].reshape(picture.shape)


@shuffle_patches.misconception(
    "Your patches are where they were. order has to say from where each place gets its patch."
)
def not_shuffled(picture, size, order):
    return picture.clone()
