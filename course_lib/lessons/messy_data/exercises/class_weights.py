"""Exercise: effective weights. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


@exercise(
    task="""
    A hundredth picture of a forest adds less than a first. Cui and others (2019) count n pictures as
    (1 − βⁿ) / (1 − β) effective ones, and weigh a class by one over that. Write `effective_weights(counts, beta)`.

    `counts` is an int64 tensor [K], the number of training pictures of each class, 1 or more. `beta` is from 0 to
    below 1. Return floats [K]: (1 − β) / (1 − βⁿ) for each class, all multiplied by one number, so that the mean of
    the K weights is 1.
    """,
    cases=[
        Case("a long tail", (torch.tensor([1000, 300, 60, 20]), 0.99)),
        Case("a smaller β", (torch.tensor([5, 50, 500]), 0.9)),
        Case("β is 0: all weigh the same", (torch.tensor([5, 50, 1]), 0.0)),
    ],
    draw=lambda r, i: (
        draws.whole(np.exp(r.uniform(0, 7, int(r.integers(1, 7)))).round()),
        (0.0, 0.5, 0.9, 0.99, 0.999, float(r.uniform(0.1, 0.98)))[i % 6],
    ),
    hints=[
        "βⁿ is beta ** counts: a power. It is near 0 for a large class.",
        "First w = (1 - beta) / (1 - beta ** counts). Rare classes have the larger weights.",
        "Dividing by w.mean() gives the mean 1.",
    ],
)
def effective_weights(counts, beta):
    """Pictures of each class, int64 [K], and β, from 0 to below 1 → weights, float [K], whose mean is 1."""
    weights = (1 - beta) / (1 - beta**counts)
    return weights / weights.mean()


def _effective(counts: Tensor, beta: float) -> Tensor:
    """double [K], not scaled."""
    return (1 - beta) / (1 - beta ** counts.double())


@effective_weights.misconception(
    "Your weights go with 1 / n, and β plays no part. These are plain class weights: a class with a tenth of the "
    "pictures weighs ten times as much. Put (1 − βⁿ) / (1 − β) in the place of n."
)
def one_over_n(counts, beta):
    weights = 1 / counts.double()
    return weights / weights.mean()


@effective_weights.misconception(
    "The proportions are right, and the scale is missing. Such small weights make the whole loss small, and so each "
    "step. Divide by the mean of the weights."
)
def not_scaled(counts, beta):
    return _effective(counts, beta)


@effective_weights.misconception(
    "The proportions are right, but your weights have the sum 1. Asked for is the mean 1: divide by the mean, not by "
    "the sum."
)
def sum_of_one(counts, beta):
    return _effective(counts, beta) / _effective(counts, beta).sum()


@effective_weights.misconception(
    "You multiplied β by n. βⁿ is a power: beta ** counts. With a product, 1 − β · n falls below 0 for most classes."
)
def product_for_power(counts, beta):
    weights = (1 - beta) / (1 - beta * counts.double())
    return weights / weights.mean()


@effective_weights.misconception(
    "You returned the effective numbers themselves, so the large classes weigh most. A weight is one over that: "
    "(1 − β) above, (1 − βⁿ) below."
)
def upside_down(counts, beta):
    return (1 / _effective(counts, beta)) / (1 / _effective(counts, beta)).mean()


@effective_weights.misconception(
    "You scaled so that the mean over all pictures is 1. The library of this course does so too, and it is a good "
    "choice for a loss. Asked for here is the paper's: the mean of the K weights is 1."
)
def mean_over_pictures(counts, beta):
    weights = _effective(counts, beta)
    return weights * counts.sum() / (weights * counts).sum()
