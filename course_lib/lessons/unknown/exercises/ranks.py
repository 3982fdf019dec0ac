"""Exercise: AUROC. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _draw_groups(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """Groups of unequal size; many ties, a few, or none; scores below 0 too."""
    n, m = draws.sizes(r, 2, 1, 12)
    decimals = (0, 1, 6)[i % 3]
    return tuple(draws.floats(r.normal(mean, 1, k).round(decimals)) for mean, k in ((0, n), (r.uniform(-1, 2), m)))


@exercise(
    task="""
    How well does a score tell known from unknown, whatever the threshold? Write `auroc(known, unknown)`.

    Both are float tensors: the scores of the known pictures, [N], and of the unknown ones, [M]. Higher means more
    unknown. Compare each known picture with each unknown one. Return the share of these N · M pairs in which the
    unknown one has the higher score. A tie counts as one half.
    """,
    cases=[
        Case("no ties", (torch.tensor([0.1, 0.4, 0.35, 0.8, 0.2]), torch.tensor([0.9, 0.3, 0.7]))),
        Case(
            "many scores are exactly 0",
            (torch.tensor([0.0, 0.0, 0.0, 0.1, 0.3, 0.0]), torch.tensor([0.0, 0.2, 0.0, 0.6, 0.3])),
        ),
        Case("all scores are equal", (torch.zeros(4), torch.zeros(3))),
    ],
    draw=_draw_groups,
    hints=[
        "unknown[:, None] is a column, [M, 1]. Compared with known, [N], it gives all pairs at once, [M, N].",
        "unknown[:, None] > known tells where the unknown one is higher, == where they tie.",
        "Add the first, as numbers, to half of the second, and take the mean over all pairs.",
    ],
)
def auroc(known, unknown):
    """Scores of known pictures, float [N], and unknown ones, [M] → share of pairs in the right order, a tie as half."""
    higher = (unknown[:, None] > known).double()
    ties = (unknown[:, None] == known).double()
    return (higher + ties / 2).mean()


@auroc.misconception(
    "Your ties count as 0. Then a score that is the same for all pictures looks worse than guessing. If you worked "
    "with ranks from a sort, the order in which the groups stood has decided the ties. Count one half for each."
)
def ties_as_zero(known, unknown):
    return (unknown[:, None] > known).double().mean()


@auroc.misconception(
    "Your ties count as 1. Then a score that is the same for all pictures looks perfect. If you worked with ranks from "
    "a sort, the order in which the groups stood has decided the ties. Count one half for each."
)
def ties_as_one(known, unknown):
    return (unknown[:, None] >= known).double().mean()


@auroc.misconception(
    "The groups are exchanged: you counted how often the known one has the higher score. A higher score means more "
    "unknown, so count where the unknown one is above."
)
def exchanged(known, unknown):
    return auroc.reference(unknown, known)


@auroc.misconception(
    "You worked with ranks, and gave equal scores the lowest rank of their group. The formula with the sum of ranks "
    "wants the mean rank there. Otherwise ties among the unknown alone count against them as well."
)
def lowest_ranks(known, unknown):
    scores = torch.cat([known, unknown])
    ranks = 1 + (unknown[:, None] > scores).double().sum(dim=1)
    m = len(unknown)
    return (ranks.sum() - m * (m + 1) / 2) / (len(known) * m)
