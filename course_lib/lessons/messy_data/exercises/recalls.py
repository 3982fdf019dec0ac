"""Exercise: balanced accuracy. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _draw_answers(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """Classes that do not occur, classes that are never answered, answers that are no class; all in any order."""
    n, k = int(r.integers(1, 30)), int(r.integers(1, 4))
    known = r.permutation(k)[: max(1, k - i % 3)]
    labels = r.choice(known, n, p=r.dirichlet(np.ones(len(known))))
    answers = np.where(r.random(n) < 0.6, labels, r.integers(0, k + i % 2, n))
    if i % 4 == 0:  # one class is never answered
        answers = np.where(answers == labels[0], (labels[0] + 1) % (k + 1), answers)
    return draws.whole(answers), draws.whole(labels)


@exercise(
    task="""
    Where one class is nine tenths of the test, plain accuracy says little about the others. Write
    `balanced_accuracy(answers, labels)`.

    Both are int64 tensors [N]: what the network answered, and what is true. For each class, take the share of its
    pictures that is answered right. Return the mean of these shares, a number from 0 to 1. A class of which there is
    no picture does not count, even if it is answered.
    """,
    cases=[
        Case(
            "six of class 0, two of class 1, one of class 2",
            (torch.tensor([0, 0, 0, 0, 1, 2, 1, 0, 2]), torch.tensor([0, 0, 0, 0, 0, 0, 1, 1, 2])),
        ),
        Case(
            "class 1 is answered, and no picture is of it",
            (torch.tensor([0, 0, 1, 2, 3, 3, 3, 2]), torch.tensor([0, 0, 0, 2, 2, 3, 3, 3])),
        ),
        Case("class 1 occurs and is never answered", (torch.tensor([0, 0, 2, 2, 0]), torch.tensor([0, 0, 2, 1, 1]))),
    ],
    draw=_draw_answers,
    hints=[
        "Go over the classes that occur: labels.unique() names them.",
        "Of class k, the answers are answers[labels == k]. Which share of them is k?",
        "(answers[labels == k] == k).double().mean() is the share of class k. Collect one for each class that occurs, "
        "and take the mean of these.",
    ],
)
def balanced_accuracy(answers, labels):
    """Answers and labels, int64 [N] → mean of the shares right, over the classes that occur among the labels."""
    shares = [(answers[labels == k] == k).double().mean() for k in labels.unique()]
    return torch.stack(shares).mean()


def _recalls(answers: Tensor, labels: Tensor, *, over: Tensor) -> Tensor:
    """double [len(over)]: share right of each class; NaN where it has no picture."""
    return torch.stack([(answers[labels == k] == k).double().mean() for k in over])


@balanced_accuracy.misconception(
    "This is plain accuracy: every picture counts the same, so the large classes decide. Take the share of each class "
    "first, then the mean of the shares."
)
def plain_accuracy(answers, labels):
    return (answers == labels).double().mean()


@balanced_accuracy.misconception(
    "You grouped by the answers: of all pictures that are called k, which share is k? That is precision. Group by the "
    "labels instead."
)
def grouped_by_answers(answers, labels):
    return _recalls(labels, answers, over=answers.unique()).mean()


@balanced_accuracy.misconception(
    "A class of which there is no picture counts as 0 in your mean. Nothing was done wrong there, so leave it out: go "
    "over labels.unique() only."
)
def absent_as_zero(answers, labels):
    return _recalls(answers, labels, over=torch.arange(int(labels.max()) + 1)).nan_to_num().mean()


@balanced_accuracy.misconception(
    "This is right where every class occurs. Where one has no picture, you divide 0 by 0, and one NaN makes the whole "
    "mean NaN. Go over labels.unique() only."
)
def absent_as_nan(answers, labels):
    return _recalls(answers, labels, over=torch.arange(int(labels.max()) + 1)).mean()


@balanced_accuracy.misconception(
    "You weighed each class by its number of pictures. Then the large ones decide again, and you are back at plain "
    "accuracy, here divided by the number of classes. Every class counts the same."
)
def weighed_by_size(answers, labels):
    return (answers == labels).double().mean() / len(labels.unique())
