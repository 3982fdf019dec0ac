"""The chapter's question, asked of a reader's own network: which answers stay when something is taken away?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ... import pixels
from ..own_pictures import FirstLook, Row

Predict = Callable[[Tensor], Tensor]


def answers_that_stay(predict: Predict, images: Tensor) -> FirstLook:
    """How many answers stay the same after each of six changes; no labels are needed.

    Args:
        predict: uint8 [N, 3, H, W] → probabilities [N, K], such as `training.predictor(model)`, or a function around a
            Keras model.
        images: uint8 [N, 3, H, W], square, that the network did not learn from.

    Raises:
        ValueError: other pictures.
    """
    if images.dtype != torch.uint8 or images.ndim != 4 or images.shape[2] != images.shape[3]:
        raise ValueError(
            f"answers_that_stay got {images.dtype} {tuple(images.shape)}; it wants uint8 [N, 3, H, H], square pictures."
        )
    before = _said(predict, images)
    rows = [Row(name, int((_said(predict, change(images)) == before).sum()), len(images))
            for name, change in _changes(images.shape[-1]).items()]  # fmt: skip
    return FirstLook(tuple(rows), _next(rows), counted="stay")


def _changes(side: int) -> dict[str, Callable[[Tensor], Tensor]]:
    """Six changes by name, their sizes in shares of the side: 64 pixels get the lesson's own."""
    large, small = (patch(side, parts) for parts in (4, 8))
    return {
        "in grey": pixels.grey,
        "hues turned by 90°": lambda images: pixels.recolour(images, hue=90),
        f"patches of {large} px shuffled": lambda images: pixels.shuffle_patches(images, large),
        f"patches of {small} px shuffled": lambda images: pixels.shuffle_patches(images, small),
        f"blurred, {side / 32:g} px": lambda images: pixels.blur(images, side / 32),
        "mean colour only": lambda images: pixels.block_average(images, 1),
    }


def patch(side: int, parts: int) -> int:
    """The largest patch that tiles a side `parts` times or more.

    >>> patch(64, 4), patch(50, 4)
    (16, 10)
    """
    return max(size for size in range(1, side + 1) if side % size == 0 and size * parts <= side)


def _said(predict: Predict, images: Tensor) -> Tensor:
    return torch.cat([torch.as_tensor(predict(part)).argmax(dim=1).cpu() for part in images.split(128)])


def _next(rows: list[Row]) -> str:
    most = min(rows[:-1], key=lambda row: row.right)
    return (
        f"The rows count answers that stay, right or wrong. Of the changes that leave a picture most turn with "
        f"{most.name!r}: the network uses what is lost there, or stumbles over what came. "
        "Train without it to see whether it is needed."
    )
