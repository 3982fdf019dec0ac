"""Exercise: least expected cost. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _draw_prices(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """Right answers that cost something too, at times; the two cheapest answers are clearly apart."""
    k = int(r.integers(2, 6))
    cost = r.integers(0, 12, (k, k)).astype(float)
    if i % 2:
        np.fill_diagonal(cost, 0)
    rows = []
    while len(rows) < r.integers(1, 7):
        p = r.dirichlet(np.ones(k))
        cheapest, following = np.sort(p @ cost)[:2]
        if following - cheapest > 0.1:
            rows.append(p)
        elif r.random() < 0.05:  # a matrix in which two answers cost the same
            cost = r.integers(0, 12, (k, k)).astype(float)
            rows = []
    return draws.floats(np.array(rows)), draws.floats(cost)


@exercise(
    task="""
    The likeliest answer is not always the one to give. Write `least_cost(probabilities, cost)`.

    `probabilities` is a float tensor [N, K]. `cost` is a float tensor [K, K]: `cost[i, j]` is what it costs to answer
    j where i is true. Return an int64 tensor [N]: for each picture, the answer of least expected cost. The expected
    cost of an answer is the mean of its costs over the classes that may be true, weighed by their probabilities.
    """,
    cases=[
        Case(
            "to miss class 1 costs ten",
            (
                torch.tensor([[0.62, 0.30, 0.08], [0.95, 0.04, 0.01], [0.20, 0.05, 0.75], [0.30, 0.15, 0.55]]),
                torch.tensor([[0.0, 1, 1], [10, 0, 10], [1, 1, 0]]),
            ),
        ),
        Case(
            "every error has a price of its own",
            (
                torch.tensor(
                    [[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4], [0.25, 0.15, 0.5, 0.1], [0.05, 0.6, 0.3, 0.05]]
                ),
                torch.tensor([[0.0, 2, 7, 1], [9, 0, 3, 4], [1, 8, 0, 2], [5, 1, 6, 0]]),
            ),
        ),
    ],
    draw=_draw_prices,
    hints=[
        "One picture, one answer j: the cost is cost[0, j] if class 0 is true, cost[1, j] if class 1 is, and so on. "
        "Multiply each by its probability, and add up.",
        "That sum, for all pictures and all answers at once, is probabilities @ cost, with the shape [N, K].",
        "In each row of it, take the position of the smallest number: .argmin(dim=1).",
    ],
)
def least_cost(probabilities, cost):
    """Probabilities, float [N, K], and cost of answering j where i is true, [K, K] → cheapest answers, int64 [N]."""
    expected = probabilities @ cost
    return expected.argmin(dim=1)


@least_cost.misconception(
    "You gave the likeliest class, and the costs play no part. That is the cheapest answer only where all errors cost "
    "the same."
)
def likeliest(probabilities, cost):
    return probabilities.argmax(dim=1)


@least_cost.misconception(
    "Your cost matrix is turned: you read rows as answers. In cost[i, j] the row i is the true class, so probabilities "
    "go with the rows: probabilities @ cost."
)
def turned(probabilities, cost):
    return (probabilities @ cost.T).argmin(dim=1)


@least_cost.misconception(
    "You gave the answer with the largest expected cost, the worst one. Take the smallest: argmin."
)
def dearest(probabilities, cost):
    return (probabilities @ cost).argmax(dim=1)


@least_cost.misconception(
    "You returned what the cheapest answer costs. Asked for is which answer it is: argmin in place of min."
)
def its_cost(probabilities, cost):
    return (probabilities @ cost).amin(dim=1)


@least_cost.misconception(
    "You weighed each probability by what it costs to miss its class, and took the largest. That says which class to "
    "fear most. It leaves out what a wrong alarm costs, and which wrong answer it is. Work out the expected cost of "
    "each answer."
)
def feared_most(probabilities, cost):
    return (probabilities * cost.sum(dim=1)).argmax(dim=1)
