"""Exercise: threshold. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _scores(n: int, *, seed: int) -> Tensor:
    """float32 [n], in no order; no two are nearer than 0.04."""
    generator = torch.Generator().manual_seed(seed)
    steps = 0.04 + 0.2 * torch.rand(n, generator=generator)
    return steps.cumsum(dim=0)[torch.randperm(n, generator=generator)].round(decimals=2)


def _draw_share(r: np.random.Generator, i: int) -> tuple[Tensor, float]:
    """Whole ranks, the last one among them, of shares that a float holds exactly; and ranks that are not nearly whole.

    The scores begin below 0.
    """
    while True:
        rejected = draws.one_of(r, 0.5, 0.25, 0.125, 0.0625, 0.375, 0.75) if i % 2 else float(r.uniform(0.02, 0.95))
        n = round(int(r.integers(1, 5)) / rejected) - 1 if i % 2 else int(r.integers(1, 45))
        rank = (n + 1) * (1 - rejected)
        if n >= 1 and ((i % 2 and rank == round(rank) >= 1) or 0.04 < rank % 1 < 0.96):
            scores = np.cumsum(r.uniform(0.04, 0.24, n)).round(2) - 1.5
            return draws.floats(r.permutation(scores)), rejected


@exercise(
    task="""
    Choose a threshold with no unknown picture to look at. A picture is rejected if its score is above it. Write
    `threshold(scores, rejected)`.

    `scores` is a float tensor [n] of known pictures that the network has not learned from. `rejected` is a share
    above 0 and below 1. Return the smallest of the scores above which a new known picture lies with a probability of at
    most `rejected`. That is the ⌈(n + 1)(1 − rejected)⌉-th smallest, where ⌈ ⌉ rounds up. If there are too few scores
    for that, return infinity: then nothing is rejected.
    """,
    cases=[
        Case("13 scores, at most 30 % rejected", (_scores(13, seed=0), 0.3)),
        Case("23 scores, at most 10 % rejected", (_scores(23, seed=1), 0.1)),
        Case("18 scores are too few for 5 %", (_scores(18, seed=2), 0.05)),
        Case("7 scores and a quarter: the 6th, exactly", (_scores(7, seed=3), 0.25)),
        Case("7 scores and an eighth: the last, just enough", (_scores(7, seed=4), 0.125)),
    ],
    draw=_draw_share,
    hints=[
        "math.ceil rounds up. With n = len(scores), rank = math.ceil((n + 1) * (1 - rejected)).",
        "Sort the scores. The rank counts from 1, positions count from 0.",
        "If the rank is larger than n, no score is that high: return math.inf.",
    ],
)
def threshold(scores, rejected):
    """Scores of known pictures, float [n], a share → their ⌈(n + 1)(1 − rejected)⌉-th smallest; inf if n is too few."""
    rank = math.ceil((len(scores) + 1) * (1 - rejected) - 1e-9)  # 1 − 0.05 is not quite 0.95
    if rank > len(scores):
        return math.inf
    return scores.sort().values[rank - 1]


def _ranked(scores: Tensor, rank: int) -> Tensor:
    """The `rank`-th smallest, from 1; the largest where there are not so many."""
    return scores.sort().values[min(max(rank, 1), len(scores)) - 1]


@threshold.misconception(
    "You rounded down. That takes the score before, and more new pictures may lie above it than you promised. Round up."
)
def rounded_down(scores, rejected):
    return _ranked(scores, math.floor((len(scores) + 1) * (1 - rejected)))


@threshold.misconception(
    "You took n where n + 1 belongs. The new picture counts as well: it may fall below the lowest score, between any "
    "two, or above the highest, and these are n + 1 places. With n you promise a little too much."
)
def n_for_n_plus_one(scores, rejected):
    return _ranked(scores, math.ceil(len(scores) * (1 - rejected)))


@threshold.misconception(
    "You took a quantile that lies between two scores. It describes these n pictures. The promise about a new one "
    "holds for one of the scores themselves, by its rank."
)
def interpolated(scores, rejected):
    return torch.quantile(scores, 1 - rejected)


@threshold.misconception(
    "You are at the lower end. A higher score means more unknown, so only the few highest of the known may be "
    "rejected. Most of them lie below the threshold."
)
def lower_end(scores, rejected):
    return _ranked(scores, math.ceil((len(scores) + 1) * rejected))


@threshold.misconception(
    "In one case there are too few scores: of 18, the rank is 19, and you returned the largest instead. A new picture "
    "lies above that with probability 1/19, more than 5 %. Return infinity."
)
def largest_if_too_few(scores, rejected):
    return _ranked(scores, math.ceil((len(scores) + 1) * (1 - rejected)))
