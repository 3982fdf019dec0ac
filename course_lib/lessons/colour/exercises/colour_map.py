"""Exercise: undo a colour map. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _table(corners: list[list[int]], size: int) -> Tensor:
    """uint8 [size, 3]: colours in even steps along straight lines from corner to corner."""
    at = torch.linspace(0, len(corners) - 1, size)
    left = at.long().clamp(max=len(corners) - 2)
    known = torch.tensor(corners, dtype=torch.float)
    return known[left].lerp(known[left + 1], (at - left)[:, None]).round().to(torch.uint8)


def _drawn(table: Tensor, height: int, width: int, *, noise: int, seed: int) -> Tensor:
    """uint8 [3, height, width]: a picture in the table's colours, each channel off by up to `noise`."""
    generator = torch.Generator().manual_seed(seed)
    index = torch.randint(0, len(table), (height, width), generator=generator)
    off = torch.randint(-noise, noise + 1, (height, width, 3), generator=generator)
    return (table[index].int() + off).clamp(0, 255).to(torch.uint8).permute(2, 0, 1).contiguous()


def _draw_map(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """Any picture and any table, but no pixel that is about as near to a second colour."""
    height, width = draws.sizes(r, 2, 1, 7)
    table = r.integers(0, 256, (int(r.integers(2, 30)), 3))
    if i % 3 == 0:  # all dark, or all light: many differences are below 0
        table = np.unique(table // 4 + 190 * (i % 2), axis=0)
        table = r.permutation(table)
    pixels = np.concatenate([r.integers(0, 256, (4000, 3)), np.repeat(table, 9, axis=0)])
    near = np.sort(np.linalg.norm(pixels[:, None].astype(float) - table, axis=2), axis=1)
    clear = pixels[near[:, 1] - near[:, 0] > 2]
    chosen = clear[r.integers(0, len(clear), height * width)]
    return draws.bytes_(chosen.T.reshape(3, height, width)), draws.bytes_(table)


_FIVE = torch.tensor([[0, 0, 140], [0, 90, 255], [60, 230, 200], [250, 220, 30], [180, 10, 0]], dtype=torch.uint8)
_SMOOTH = _table([[0, 0, 130], [0, 100, 255], [90, 255, 160], [255, 190, 0], [130, 0, 0]], 48)


@exercise(
    task="""
    A spectrogram was one number for each pixel, before a colour map painted it. A colour map is a table: row 0 has the
    colour of the lowest number, row K − 1 that of the highest. Write `nearest_row(picture, table)`, which says for
    each pixel which row of the table has the nearest colour.

    `picture` is a uint8 tensor [3, H, W], `table` a uint8 tensor [K, 3]. Return an int64 tensor [H, W] of rows, 0 to
    K − 1. Nearest means the smallest squared distance, (red − red)² + (green − green)² + (blue − blue)².
    """,
    cases=[
        Case("five colours, saved exactly", (_drawn(_FIVE, 2, 3, noise=0, seed=11), _FIVE)),
        Case("48 colours, blurred a little by JPEG", (_drawn(_SMOOTH, 9, 14, noise=3, seed=16), _SMOOTH)),
    ],
    draw=_draw_map,
    hints=[
        "A uint8 knows nothing below 0 and nothing above 255. Turn picture and table into .int() before you subtract.",
        "Let every pixel meet every colour. Pixels [H·W, 1, 3] less colours [K, 3] give [H·W, K, 3]; square, and sum "
        "over the last dimension.",
        "picture.flatten(1).T is [H·W, 3], one colour a row. distance.argmin(dim=1) is the nearest colour of each "
        "pixel, and .reshape(picture.shape[1:]) makes it [H, W] again.",
    ],
)
def nearest_row(picture, table):
    """Picture, uint8 [3, H, W], and table, uint8 [K, 3] → the row of the nearest colour, int64 [H, W], 0 to K − 1."""
    pixels = picture.flatten(1).T.int()
    distance = (pixels[:, None] - table.int()).square().sum(dim=2)
    return distance.argmin(dim=1).reshape(picture.shape[1:])


def _squared_distances(picture: Tensor, table: Tensor) -> Tensor:
    """int64 [H, W, K]."""
    return (picture.permute(1, 2, 0)[:, :, None].int() - table.int()).square().sum(dim=3)


@nearest_row.misconception(
    "You subtracted uint8 from uint8. Such numbers go around: 3 − 5 is 254, and squares above 255 go around once "
    "more. A colour that is a little darker looks very far away, and no error tells you. Use .int() on both first."
)
def bytes_go_around(picture, table):
    return (picture.permute(1, 2, 0)[:, :, None] - table).square().sum(dim=3).argmin(dim=2)


@nearest_row.misconception(
    "You turned the difference into larger numbers, and it was too late. In uint8, 3 − 5 had already become 254. "
    "Convert picture and table before you subtract."
)
def converted_too_late(picture, table):
    return (picture.permute(1, 2, 0)[:, :, None] - table).long().square().sum(dim=3).argmin(dim=2)


@nearest_row.misconception(
    "You looked at the blue channel alone. The pictures look blue, but a map has the same amount of blue in several "
    "places. Only the three channels together say which colour it is."
)
def blue_alone(picture, table):
    return (picture[2][:, :, None].int() - table[:, 2].int()).abs().argmin(dim=2)


@nearest_row.misconception(
    "You return how far the nearest colour is. That is worth knowing, as a large distance says that it is another map. "
    "Asked for is which colour it is: argmin in place of min."
)
def how_far(picture, table):
    return _squared_distances(picture, table).amin(dim=2)


@nearest_row.misconception(
    "You return how far the nearest colour is, with the square root taken. Asked for is which colour it is: argmin in "
    "place of min. For that no root is needed."
)
def how_far_by_root(picture, table):
    return _squared_distances(picture, table).amin(dim=2).double().sqrt()


@nearest_row.misconception(
    "You return the nearest colour itself. That is the old picture, tidied up. The number behind it is the colour's "
    "row in the table, which you already have."
)
def colours_instead_of_rows(picture, table):
    return table[nearest_row.reference(picture, table)].permute(2, 0, 1)


@nearest_row.misconception(
    "You return the nearest colours, [H, W, 3]. The number behind each is the colour's row in the table, which you "
    "already have: leave out the last look-up."
)
def colours_last_instead_of_rows(picture, table):
    return table[nearest_row.reference(picture, table)]


@nearest_row.misconception(
    "You reshaped [3, H, W] to rows of three. A reshape keeps the order of the numbers in memory, so each row holds "
    "three neighbouring pixels of one channel, not one colour. Move the channel to the end with "
    ".permute(1, 2, 0), or use .flatten(1).T."
)
def reshaped_instead_of_permuted(picture, table):
    rows = picture.reshape(-1, 3)
    return (rows[:, None].int() - table.int()).square().sum(dim=2).argmin(dim=1).reshape(picture.shape[1:])


@nearest_row.misconception(
    "Your result lies on its side: [W, H] in place of [H, W]. In a tensor the row comes before the column."
)
def on_its_side(picture, table):
    return nearest_row.reference(picture, table).T


@nearest_row.misconception("You found the colour that is farthest away. The nearest has the smallest distance: argmin.")
def farthest(picture, table):
    return _squared_distances(picture, table).argmax(dim=2)


@nearest_row.misconception(
    "You added up the differences as they are. Too much red and too little blue then cancel, and a very wrong colour "
    "looks near. Square each difference before you sum."
)
def signs_cancel(picture, table):
    return (picture.permute(1, 2, 0)[:, :, None].int() - table.int()).sum(dim=3).abs().argmin(dim=2)
