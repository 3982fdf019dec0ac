"""Occlusion: cover a part of the picture, and see how the answer changes.

Zeiler and Fergus: Visualizing and Understanding Convolutional Networks, ECCV 2014, section 4.2.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .answers import Predict, ask, check_counts, checked_picture

FILLS = ("grey", "own mean", "black")  # what the patch is painted with: a choice, and it changes the answer


def fill_colour(picture: Tensor, fill: str) -> tuple[int, int, int]:
    """The colour of a patch, 0–255: middle grey, the picture's own mean colour (halves up), or black.

    Args:
        picture: uint8 [3, H, W].
        fill: one of `FILLS`.
    """
    if fill == "own mean":
        n = picture.shape[-2] * picture.shape[-1]
        sums = picture.long().sum(dim=(-2, -1))
        return tuple(((2 * sums + n) // (2 * n)).tolist())
    if fill not in FILLS:
        raise ValueError(f"fill_colour got fill={fill!r}; it wants one of {', '.join(FILLS)}.")
    return (128,) * 3 if fill == "grey" else (0,) * 3


def occlude(picture: Tensor, top: int, left: int, size: int, colour: tuple[int, int, int]) -> Tensor:
    """A copy of uint8 [3, H, W] with a square patch of `size` pixels; what of it stands out of the picture is cut.

    >>> occlude(torch.zeros(3, 4, 4, dtype=torch.uint8), 0, 0, 2, (9, 9, 9))[0, :2, :3].tolist()
    [[9, 9, 0], [9, 9, 0]]
    """
    covered = picture.clone()
    rows, columns = (slice(max(start, 0), max(start + size, 0)) for start in (top, left))
    covered[:, rows, columns] = torch.tensor(colour, dtype=torch.uint8)[:, None, None]
    return covered


def places(side: int, size: int, stride: int) -> list[int]:
    """Where a patch stands along one side: 0, stride, … and flush with the far edge."""
    return sorted({*range(0, side - size + 1, stride), side - size})


def occlusion_grid(
    predict: Predict,
    picture: Tensor,
    *,
    size: int,
    stride: int,
    fill: str = "grey",
    batch_size: int = 256,
) -> Tensor:
    """The model's answer for each place of the patch: float32 [rows, columns, K].

    The usual heatmap of class k is the answer without a patch minus `grid[..., k]`: how much the probability falls.

    Args:
        predict: uint8 [N, 3, H, W] → float [N, K].
        picture: uint8 [3, H, W].
        size: of the patch, in pixels; 1 to the shorter side.
        stride: pixels from one place to the next, at least 1; the last place is flush with the edge.
        fill: one of `FILLS`.

    Raises:
        ValueError: another picture, a patch that does not fit, or a `predict` that does not give [N, K].
    """
    picture = checked_picture("occlusion_grid", picture)
    check_counts("occlusion_grid", size=size, stride=stride, batch_size=batch_size)
    h, w = picture.shape[-2:]
    if not (1 <= size <= min(h, w) and stride >= 1):
        raise ValueError(
            f"occlusion_grid got size={size}, stride={stride} for a picture of {h}×{w} pixels; "
            f"it wants a size of 1 to {min(h, w)} and a stride of at least 1."
        )
    colour, rows, columns = fill_colour(picture, fill), places(h, size, stride), places(w, size, stride)
    corners = [(top, left) for top in rows for left in columns]
    batches = (
        torch.stack([occlude(picture, *corner, size, colour) for corner in corners[start : start + batch_size]])
        for start in range(0, len(corners), batch_size)
    )
    return ask("occlusion_grid", predict, batches).reshape(len(rows), len(columns), -1)


def occlusion_map(
    predict: Predict,
    picture: Tensor,
    target: int,
    *,
    size: int,
    stride: int,
    fill: str = "grey",
    batch_size: int = 256,
) -> Tensor:
    """By how much the answer falls under a patch, pixel by pixel: float32 [H, W].

    The mean fall over all patches that cover a pixel; 0 where none does. Arguments and errors as in `occlusion_grid`.

    Args:
        target: whose answer, 0 to K − 1.
    """
    grid = occlusion_grid(predict, picture, size=size, stride=stride, fill=fill, batch_size=batch_size)
    if not 0 <= target < grid.shape[2]:
        raise ValueError(
            f"occlusion_map got target={target} for {grid.shape[2]} classes; it wants 0 to {grid.shape[2] - 1}."
        )
    h, w = picture.shape[-2:]
    falls = predict(picture[None])[0, target].cpu() - grid[..., target]
    total, covered = torch.zeros(h, w), torch.zeros(h, w)
    for row, top in enumerate(places(h, size, stride)):
        for column, left in enumerate(places(w, size, stride)):
            total[top : top + size, left : left + size] += falls[row, column]
            covered[top : top + size, left : left + size] += 1
    return total / covered.clamp(min=1)
