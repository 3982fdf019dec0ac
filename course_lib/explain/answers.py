"""Asking a black box about pictures, again and again: what goes in and what comes out is checked once, here."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from tqdm import tqdm

from ..checks import is_count
from ..models.inference import described

Predict = Callable[[Tensor], Tensor]


def ask(who: str, predict: Predict, batches: Iterator[Tensor], n: int | None = None, progress: bool = False) -> Tensor:
    """The answers to all batches of pictures: float32 [n, K], on the CPU, without gradients.

    Raises:
        ValueError: `predict` gives something else than [N, K] for N pictures; names what.
    """
    answers = []
    with tqdm(total=n, disable=not progress, desc=who, unit=" pictures") as bar:
        for pictures in batches:
            answers.append(_checked(who, predict(pictures), len(pictures)))
            bar.update(len(pictures))
    return torch.cat(answers)


def checked_picture(who: str, picture: Tensor) -> Tensor:
    """`picture`, uint8 [3, H, W], on the CPU, where it is covered; a ValueError that names anything else."""
    if not isinstance(picture, Tensor) or picture.dtype != torch.uint8 or picture.ndim != 3 or picture.shape[0] != 3:
        what = f"{picture.dtype} {tuple(picture.shape)}" if isinstance(picture, Tensor) else type(picture).__name__
        raise ValueError(
            f"{who} got a picture of {what}; it wants uint8 [3, H, W], 0–255: one picture, as it was loaded."
        )
    return picture.cpu()


def check_counts(who: str, **counts: int) -> None:
    """ValueError where one of `counts` is no whole number of 1 or more."""
    for what, value in counts.items():
        if not is_count(value):
            raise ValueError(f"{who} got {what}={value}; it wants 1 or more, a whole number.")


def _checked(who: str, answer: object, n: int) -> Tensor:
    try:
        found = torch.as_tensor(answer).detach().float().cpu()
    except (TypeError, ValueError, RuntimeError):  # a dict, a tuple of several things, None
        found = None
    if found is None or found.ndim != 2 or len(found) != n or not found.shape[1]:
        told = described(answer) if found is None else tuple(found.shape)
        raise ValueError(
            f"{who} got a predict that gives {told} for {n} pictures; it wants [{n}, K], one number for each class, "
            "such as training.predictor(model) gives."
        )
    return found
