"""Exercise: accuracy at two. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _scores(n: int, k: int, *, seed: int) -> tuple[Tensor, Tensor]:
    """Scores float32 [n, k] without ties, and labels int64 [n] that are often, not always, near the top."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(n, k, generator=generator)
    labels = (scores + 1.5 * torch.randn(n, k, generator=generator)).argmax(dim=1)
    return scores, labels


def _draw_scores(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """No ties; all scores below 0 at times, and labels near the top."""
    n, k = int(r.integers(1, 25)), int(r.integers(2, 8))
    scores = r.permuted(np.tile(np.arange(k), (n, 1)), axis=1) - k * (i % 2) + 0.1 * r.random((n, k))
    return draws.floats(scores), draws.whole((scores + r.uniform(1, 4) * r.standard_normal((n, k))).argmax(axis=1))


@exercise(
    task="""
    River or lake, highway or river: some errors are near misses. Write `accuracy_at_two(scores, labels)`: for
    which share of the pictures is the true class one of the two that the network finds likeliest?

    `scores` is float32 [N, K], `labels` int64 [N]. Return one number from 0 to 1.
    """,
    cases=[
        Case("four pictures, three classes", (
            torch.tensor([[2.0, 1.0, -1.0], [0.5, 3.0, 1.0], [-2.0, -1.0, -3.0], [0.2, 0.1, 0.9]]),
            torch.tensor([1, 1, 2, 0]),
        )),
        Case("twenty pictures, six classes", _scores(20, 6, seed=0)),
        Case("only two classes, so that both are among the two", _scores(7, 2, seed=1)),
    ],
    draw=_draw_scores,
    hints=[
        "scores.topk(2, dim=1).indices gives the two likeliest classes of each picture, int64 [N, 2].",
        "Compare with labels[:, None]: the extra dimension lets each label meet both of its candidates.",
        ".any(dim=1) says for each picture whether one of the two is right. The share is the mean of that.",
    ],
)  # fmt: skip
def accuracy_at_two(scores, labels):
    """Scores, float32 [N, K], and labels, int64 [N] → share of pictures, 0 to 1, right within two tries."""
    best = scores.topk(2, dim=1).indices
    return (best == labels[:, None]).any(dim=1).float().mean()


@accuracy_at_two.misconception(
    "You counted only the pictures whose true class has the highest score. That is plain accuracy. The second "
    "highest may be right as well."
)
def only_the_first(scores, labels):
    return (scores.argmax(dim=1) == labels).float().mean()


@accuracy_at_two.misconception(
    "You looked among the two lowest scores. Sorting goes from low to high, so that the best stand at the end: "
    "take the last two, or sort with descending=True."
)
def the_two_lowest(scores, labels):
    return (scores.argsort(dim=1)[:, :2] == labels[:, None]).any(dim=1).float().mean()


@accuracy_at_two.misconception(
    "You return how many pictures are right. A count says nothing without the number of pictures beside it: "
    "divide by it."
)
def how_many(scores, labels):
    return (scores.topk(2, dim=1).indices == labels[:, None]).any(dim=1).sum()


@accuracy_at_two.misconception(
    "You return half of the share. Each picture has two candidates, of which one at most can be right, and you "
    "took the mean over all candidates. Ask first, for each picture, whether any of its two is right."
)
def mean_over_candidates(scores, labels):
    return (scores.topk(2, dim=1).indices == labels[:, None]).float().mean()
