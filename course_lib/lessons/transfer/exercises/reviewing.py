"""Exercise: answer, or leave it to a person. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise

_PROBABILITIES = torch.tensor(
    [
        [0.90, 0.05, 0.05],
        [0.15, 0.75, 0.10],
        [0.40, 0.35, 0.25],
        [0.05, 0.15, 0.80],
        [0.10, 0.30, 0.60],
        [0.95, 0.03, 0.02],
        [0.20, 0.55, 0.25],
        [0.01, 0.02, 0.97],
    ]
)
_LABELS = torch.tensor([0, 0, 0, 2, 2, 1, 1, 2])


def _draw_answers(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor, float]:
    """Probabilities in 64ths, which 16 bits hold, no two of a picture equally high; a threshold on and between them."""
    n, k = int(r.integers(1, 14)), int(r.integers(2, 6))
    rows = []
    while len(rows) < n:
        row = r.multinomial(64, r.dirichlet(np.full(k, 0.7)))
        if np.sort(row)[-1] > np.sort(row)[-2]:
            rows.append(row)
    p = np.array(rows) / 64
    labels = np.where(r.random(n) < 0.6, p.argmax(axis=1), r.integers(0, k, n))
    highest = p.max(axis=1)
    threshold = (r.choice(highest), r.uniform(0.2, 1), highest.max(), highest.max() + 1 / 128, 0.0)[i % 5]
    return draws.floats(p), draws.whole(labels), float(min(threshold, 1.0))


@exercise(
    task="""
    Where the network is unsure, a person shall look. Write `review(probabilities, labels, threshold)`.

    A picture is kept, which means that the network's answer is used, when its highest probability is at least
    `threshold`. All others go to the person. Return a pair `(coverage, accuracy)`: the share of all pictures that
    is kept, and the share of the kept that is right. Where nothing is kept, both are 0.

    `probabilities` is float32 [N, K], `labels` int64 [N].
    """,
    cases=[
        Case("a threshold that sorts some out", (_PROBABILITIES, _LABELS, 0.7)),
        Case("a highest probability of exactly the threshold", (_PROBABILITIES, _LABELS, 0.75)),
        Case("a threshold of 0", (_PROBABILITIES, _LABELS, 0.0)),
        Case("a threshold that nothing reaches", (_PROBABILITIES, _LABELS, 0.99)),
    ],
    draw=_draw_answers,
    hints=[
        "confidence, answer = probabilities.max(dim=1) gives both that you need: how sure, and which class.",
        "kept = confidence >= threshold is a mask. Its mean, as a float, is the coverage; right[kept] are the "
        "kept answers.",
        "The mean of nothing is NaN. Ask whether anything is kept, with kept.any(), before you take the mean.",
    ],
    parts=("coverage", "accuracy"),
)
def review(probabilities, labels, threshold):
    """Probabilities, float32 [N, K], labels, int64 [N], threshold, 0 to 1 → (coverage, accuracy of the kept)."""
    confidence, answer = probabilities.max(dim=1)
    kept = confidence >= threshold
    if not kept.any():
        return 0.0, 0.0
    right = answer == labels
    return kept.float().mean(), right[kept].float().mean()


@review.misconception(
    "Your coverage is right. For the accuracy you divided by all pictures, so that each one that goes to a person "
    "counts as an error of the network. Divide by the number of pictures that are kept."
)
def rejected_count_as_errors(probabilities, labels, threshold):
    confidence, answer = probabilities.max(dim=1)
    kept = confidence >= threshold
    return kept.float().mean(), ((answer == labels) & kept).float().mean()


@review.misconception(
    "Your coverage is the share of the pictures that go to the person. Coverage is the other part: the share "
    "that the network answers itself."
)
def coverage_of_the_rejected(probabilities, labels, threshold):
    coverage, right = review.reference(probabilities, labels, threshold)
    return 1 - coverage, right


def _by_label(compare: Callable, *, nothing_is_nan: bool) -> Callable:
    """`probability_of_the_label` in another form: with > for >=, or without care for nothing kept."""

    def form(probabilities, labels, threshold):
        kept = compare(probabilities.gather(1, labels[:, None]).squeeze(1), threshold)
        if not kept.any() and not nothing_is_nan:
            return 0.0, 0.0
        return kept.float().mean(), (probabilities.argmax(dim=1) == labels)[kept].float().mean()

    return form


@review.misconception(
    "You asked how probable the network finds the true class. In use nobody knows the true class, and a picture "
    "about which the network is sure and wrong would never be kept, which makes the accuracy too good. Compare "
    "the highest probability with the threshold.",
    also=[
        _by_label(torch.ge, nothing_is_nan=True),
        _by_label(torch.gt, nothing_is_nan=True),
        _by_label(torch.gt, nothing_is_nan=False),
    ],
)
def probability_of_the_label(probabilities, labels, threshold):
    kept = probabilities.gather(1, labels[:, None]).squeeze(1) >= threshold
    if not kept.any():
        return 0.0, 0.0
    return kept.float().mean(), (probabilities.argmax(dim=1) == labels)[kept].float().mean()


@review.misconception(
    "A picture whose highest probability is exactly the threshold is kept, and you left it out: use >=, not >."
)
def strictly_above(probabilities, labels, threshold):
    confidence, answer = probabilities.max(dim=1)
    kept = confidence > threshold
    if not kept.any():
        return 0.0, 0.0
    return kept.float().mean(), (answer == labels)[kept].float().mean()


@review.misconception(
    "This is right as long as something is kept. Where nothing is, you take the mean of nothing, which is NaN. "
    "Return (0.0, 0.0) there."
)
def nothing_kept_forgotten(probabilities, labels, threshold):
    confidence, answer = probabilities.max(dim=1)
    kept = confidence >= threshold
    return kept.float().mean(), (answer == labels)[kept].float().mean()
