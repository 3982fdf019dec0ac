"""Exercise: thresholds of confident learning. The solution, then the mistakes people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from .logit_adjustment import normal_numbers


def _answered(labels: list[int], classes: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """(probabilities [N, classes], labels [N]): more or less sure of the label, and wrong at times."""
    given = torch.tensor(labels)
    logits = normal_numbers(len(labels), classes, seed=seed) / 2
    logits[torch.arange(len(labels)), given] += 1.0
    return logits.softmax(dim=1), given


def _draw_given(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """Each class occurs; answers that agree with the label and that do not; a single class at times."""
    k = int(r.integers(1, 6))
    labels = r.permutation(np.concatenate([np.arange(k), r.integers(0, k, int(r.integers(0, 20)))]))
    logits = r.normal(0, 1.2, (len(labels), k)) + 1.2 * (labels[:, None] == np.arange(k))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return draws.floats(p), draws.whole(labels)


@exercise(
    task="""
    Confident learning (Northcutt and others, 2021) asks how sure a network usually is of a class, and calls a picture
    a suspect where it is that sure of another one. Write `thresholds(probabilities, labels)`.

    `probabilities` is a float tensor [N, K], out of sample. `labels` is an int64 tensor [N], as given, right or wrong.
    Return floats [K]: for class k, the mean probability of class k among the pictures that are labelled k. Each class
    occurs.
    """,
    cases=[
        Case("nine pictures, three classes", _answered([0, 0, 0, 0, 1, 1, 1, 2, 2], 3, seed=2)),
        Case("in mixed order, and of unequal sizes", _answered([3, 1, 0, 1, 2, 1, 0, 3, 1, 2, 1, 0], 4, seed=3)),
    ],
    draw=_draw_given,
    hints=[
        "Which rows belong to class k? labels == k says so. Which column? k.",
        "probabilities[labels == k, k] are the probabilities of class k, of the pictures labelled k.",
        "Take the mean of these for each k in range(K), and put the K numbers into one tensor.",
    ],
)
def thresholds(probabilities, labels):
    """Probabilities, float [N, K], and labels, int64 [N] → mean probability of k among those labelled k, float [K]."""
    classes = range(probabilities.shape[1])
    return torch.stack([probabilities[labels == k, k].mean() for k in classes])


def _over_classes(probabilities: Tensor, measure) -> Tensor:
    """[K]: `measure` of each k."""
    return torch.stack([measure(k) for k in range(probabilities.shape[1])])


@thresholds.misconception(
    "You averaged over all pictures. Most of them are of other classes, where the probability of k is rightly low, so "
    "your thresholds are too low. Take only the pictures that are labelled k."
)
def over_all_pictures(probabilities, labels):
    return probabilities.mean(dim=0)


@thresholds.misconception(
    "You took the largest probability of each picture, whatever class it belongs to. Where the network contradicts "
    "the label, that is the probability of another class. Take column k."
)
def of_the_largest(probabilities, labels):
    return _over_classes(probabilities, lambda k: probabilities[labels == k].amax(dim=1).mean())


@thresholds.misconception(
    "You grouped by the network's answers. There the probability of k is the largest of all, so the thresholds come "
    "out too high. Group by the given labels."
)
def of_those_answered(probabilities, labels):
    answers = probabilities.argmax(dim=1)
    return _over_classes(probabilities, lambda k: probabilities[answers == k, k].mean())


@thresholds.misconception(
    "You took only pictures whose answer agrees with the label. The unsure ones and the suspects belong to the mean "
    "too. Take all that are labelled k."
)
def of_those_right(probabilities, labels):
    right = probabilities.argmax(dim=1) == labels
    return _over_classes(probabilities, lambda k: probabilities[right & (labels == k), k].mean())


@thresholds.misconception(
    "You divided by the number of all pictures. For the mean of class k, divide by the number of pictures that are "
    "labelled k."
)
def divided_by_all(probabilities, labels):
    return _over_classes(probabilities, lambda k: probabilities[labels == k, k].sum() / len(labels))
