"""Exercise: recall per class. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _draw_confusion(r: np.random.Generator, i: int) -> tuple[Tensor]:
    """Counts that 16 bits hold; classes without a picture, with a single one, and that are never answered."""
    k = int(r.integers(2, 7))
    counts = r.integers(0, 40, (k, k)) * (r.random((k, k)) < 0.8)
    row, column = r.integers(0, k, 2)
    if i % 3 == 0:
        counts[row] = 0
    if i % 3 == 1:
        counts[row] = np.arange(k) == (row if i % 2 else column)
    if i % 4 == 0:
        counts[:, column] = 0
    return (draws.whole(counts),)


@exercise(
    task="""
    One number for ten classes hides the class that fails. Write `recall(confusion)`: of the pictures of each
    class, which share was recognised?

    `confusion` is an int64 tensor [K, K]. The row is the true class, the column is what the network answered.
    Return K numbers from 0 to 1. A class without pictures gets 0.
    """,
    cases=[
        Case("three classes", (torch.tensor([[8, 1, 1], [3, 15, 2], [0, 6, 24]]),)),
        Case("nobody belongs to class 1", (torch.tensor([[6, 2, 2], [0, 0, 0], [1, 3, 16]]),)),
        Case("two classes, all confused", (torch.tensor([[0, 5], [9, 0]]),)),
    ],
    draw=_draw_confusion,
    hints=[
        "The pictures that were recognised stand on the diagonal.",
        "Recall asks about all pictures that truly are of a class: they fill one row. Sum along dim=1.",
        "A row without pictures sums to 0, and 0/0 is NaN. Use .clamp(min=1) on the sums: the diagonal is 0 there "
        "as well, and 0/1 is the 0 that you want.",
    ],
)
def recall(confusion):
    """Confusion matrix, int64 [K, K], truth in rows → recall of each class, float [K], 0 to 1."""
    recognised = confusion.diagonal()
    pictures = confusion.sum(dim=1)
    return recognised / pictures.clamp(min=1)


@recall.misconception(
    "You divided by the sums of the columns. A column holds all pictures that were taken for a class, so this is "
    "precision: how far an answer can be trusted. Recall starts from the pictures that truly are of the class, "
    "and those stand in its row.",
    also=[lambda confusion: confusion.diagonal() / confusion.sum(dim=0)],
)
def precision(confusion):
    return confusion.diagonal() / confusion.sum(dim=0).clamp(min=1)


@recall.misconception(
    "You divided by the number of all pictures. That makes a rare class look bad however well it is recognised; "
    "your numbers sum up to the accuracy. Each class is to be divided by its own number of pictures.",
    also=[lambda confusion: confusion.diagonal() / confusion.sum().clamp(min=1)],
)
def share_of_everything(confusion):
    return confusion.diagonal() / confusion.sum()


@recall.misconception(
    "This is right wherever a class has pictures. Where it has none, you divide 0 by 0, which gives NaN, and one "
    "NaN makes every average over the classes NaN. Return 0 there."
)
def empty_class_forgotten(confusion):
    return confusion.diagonal() / confusion.sum(dim=1)


@recall.misconception(
    "You return one number for all classes together, the accuracy. It is what hides a class that fails. Keep the "
    "classes apart: sum along one dimension only."
)
def accuracy(confusion):
    return confusion.diagonal().sum() / confusion.sum()
