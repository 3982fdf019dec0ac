"""Exercise: k-th nearest. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _features(n: int, size: int, *, seed: int) -> Tensor:
    """float32 [n, size], 0 or more, as after a ReLU, and of different lengths."""
    generator = torch.Generator().manual_seed(seed)
    lengths = 0.5 + 4 * torch.rand(n, 1, generator=generator)
    return lengths * (0.1 + torch.randn(n, size, generator=generator).abs())


def _draw_features(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor, int]:
    """Lengths that differ, also values below 0; k from the nearest to the farthest. No two are about equally far."""
    n, m, size = int(r.integers(1, 9)), int(r.integers(1, 6)), int(r.integers(2, 6))
    k = (1, n, int(r.integers(1, n + 1)))[i % 3]
    while True:
        known, pictures = (r.uniform(0.3, 5, (rows, 1)) * r.normal(0.5 * (i % 2), 1, (rows, size)) for rows in (n, m))
        lengths = np.linalg.norm(known, axis=1).min(), np.linalg.norm(pictures, axis=1).min()
        if min(lengths) > 0.2:
            return draws.floats(known), draws.floats(pictures), k


@exercise(
    task="""
    A picture may be unknown because no known one is near (Sun and others, 2022). Write
    `kth_nearest(known, pictures, k)`.

    `known` is a float tensor [N, D], the features of known training pictures. `pictures` is a float tensor [M, D].
    `k` is from 1 to N. First divide each row of both by its length, the root of the sum of its squares; no row is all
    zeros. Return floats [M]: the distance of each picture to the k-th nearest known one.
    """,
    cases=[
        Case("the second nearest of five", (_features(5, 3, seed=3), _features(4, 3, seed=4), 2)),
        Case("the nearest of four", (_features(4, 2, seed=5), _features(3, 2, seed=6), 1)),
        Case("the third nearest of seven", (_features(7, 4, seed=7), _features(2, 4, seed=8), 3)),
    ],
    draw=_draw_features,
    hints=[
        "known.norm(dim=1, keepdim=True) holds the lengths, [N, 1], so that you can divide by them.",
        "torch.cdist(pictures, known) gives all distances, [M, N].",
        "Sort each row of these. The k-th nearest is in column k - 1.",
    ],
)
def kth_nearest(known, pictures, k):
    """Features, float [N, D] and [M, D], scaled to length 1 here → distance to the k-th nearest known, float [M]."""
    known = known / known.norm(dim=1, keepdim=True)
    pictures = pictures / pictures.norm(dim=1, keepdim=True)
    return torch.cdist(pictures, known).sort(dim=1).values[:, k - 1]


def _distances(known: Tensor, pictures: Tensor) -> Tensor:
    """[M, N]: from each picture to the known ones, all of length 1, the nearest first."""
    known, pictures = (x / x.norm(dim=1, keepdim=True) for x in (known, pictures))
    return torch.cdist(pictures, known).sort(dim=1).values


@kth_nearest.misconception(
    "You did not scale the rows. Then the distances tell mostly how long the rows are. Divide each row of both tensors "
    "by its length."
)
def lengths_left(known, pictures, k):
    return torch.cdist(pictures, known).sort(dim=1).values[:, k - 1]


@kth_nearest.misconception(
    "You took the mean distance to the k nearest. It is a score as well, and another one. Asked for is the distance to "
    "one picture, the k-th nearest."
)
def mean_of_the_nearest(known, pictures, k):
    return _distances(known, pictures)[:, :k].mean(dim=1)


@kth_nearest.misconception(
    "You are one too far: this is the (k + 1)-th nearest. Columns count from 0, so the k-th is in column k - 1. Skip "
    "the nearest only where a picture is compared with itself, and here it is not."
)
def one_too_far(known, pictures, k):
    return _distances(known, pictures)[:, k]


@kth_nearest.misconception(
    "Your distances are squared. The order of pictures stays, the numbers do not. Take the root."
)
def squared(known, pictures, k):
    return _distances(known, pictures)[:, k - 1].square()


@kth_nearest.misconception(
    "You took the k-th farthest. topk gives the largest numbers, unless you ask with largest=False."
)
def farthest(known, pictures, k):
    return _distances(known, pictures).flip(1)[:, k - 1]
