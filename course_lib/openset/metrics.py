"""How well a score tells known from unknown. Higher score = more unknown; a picture is kept if score ≤ threshold.

Written by hand, checked against brute force and scikit-learn in tests. Ties are counted as what they are: pictures
with one score cannot be told apart, so a curve runs straight across them. All scores equal: AUROC is exactly 0.5.

Scores come as tensors, arrays or lists of N ≥ 1 numbers; NaN, an empty group, another shape, True and False, or
integers beyond what float64 can tell apart are a ValueError.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from .. import checks

Scores = Tensor | np.ndarray | Sequence[float]


@dataclass(frozen=True, eq=False)
class Curve:
    """Two shares at every threshold that makes a difference.

    Attributes:
        thresholds: float64 [M], rising; the first is −∞: nothing is kept.
        x: float64 [M], 0–1.
        y: float64 [M], 0–1.
    """

    thresholds: np.ndarray
    x: np.ndarray
    y: np.ndarray


def roc(known: Scores, unknown: Scores) -> Curve:
    """x: share of the known that is rejected (false positives); y: share of the unknown that is (true positives).

    Unknown is the positive class. From (1, 1), where all is rejected, to (0, 0), where all is kept.

    >>> curve = roc([0, 1, 2, 2], [2, 3])
    >>> curve.x.tolist(), curve.y.tolist()
    ([1.0, 0.75, 0.5, 0.0, 0.0], [1.0, 1.0, 1.0, 0.5, 0.0])
    """
    return _roc(*_groups(known, unknown, "roc"))


def auroc(known: Scores, unknown: Scores) -> float:
    """Area under `roc`, 0–1: how often an unknown picture scores higher than a known one; a tie counts as half.

    >>> auroc([0, 1, 2, 2], [2, 3]), auroc([1, 1, 1], [1, 1])
    (0.875, 0.5)
    """
    known, unknown = _groups(known, unknown, "auroc")
    _, kept, let_in = _kept_at_each(known, unknown)
    return _area(kept, let_in) / (len(known) * len(unknown))


def fpr_at_tpr(known: Scores, unknown: Scores, *, tpr: float = 0.95) -> float:
    """Share of the known that is rejected, 0–1, where at least `tpr` of the unknown is. Lower is better.

    Unknown is the positive class, as in pytorch-ood 0.4. Papers that take known for positive (Liang et al., ICLR 2018,
    ODIN) call something else by this name: the share of the unknown let in where 95 % of the known are kept. That is
    this function with the two groups and the sign exchanged, and it differs on the same scores:

    >>> known, unknown = np.array([0, 1, 2, 2]), np.array([2, 3, 4])
    >>> fpr_at_tpr(known, unknown), round(fpr_at_tpr(-unknown, -known), 2)
    (0.5, 0.33)
    """
    if not checks.is_number(tpr) or not 0 < tpr <= 1:
        raise ValueError(f"fpr_at_tpr got tpr={tpr!r}; it wants a share above 0, at most 1. Of 95 % take 0.95.")
    curve = _roc(*_groups(known, unknown, "fpr_at_tpr"))
    return float(curve.x[curve.y >= tpr][-1])


def oscr_curve(known: Scores, correct: Scores, unknown: Scores) -> Curve:
    """x: share of the unknown that is let in; y: share of the known that is kept *and* put in the right class.

    Dhamija, Günther, Boult: Reducing Network Agnostophobia, NeurIPS 2018: x is their false positive rate, y
    their correct classification rate. From (0, 0) to (1, accuracy).

    Args:
        known: scores [N].
        correct: bool [N], whether the known picture's class is answered right.
        unknown: scores [M].

    >>> curve = oscr_curve([0, 1, 2], [True, False, True], [1, 3])
    >>> curve.x.tolist(), curve.y.round(2).tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.33, 0.33, 0.67, 0.67])
    """
    known, unknown = _groups(known, unknown, "oscr_curve")
    thresholds, kept_right, let_in = _kept_at_each(known[_answers(correct, known, "oscr_curve")], unknown)
    return Curve(thresholds, let_in / len(unknown), kept_right / len(known))


def oscr(known: Scores, correct: Scores, unknown: Scores) -> float:
    """Area under `oscr_curve`, 0 to the accuracy on the known.

    How often a known picture is answered right and scores lower than an unknown one; a tie counts as half. Code that
    walks through the sorted pictures one at a time gives 0 or the whole accuracy where all scores are equal,
    depending on which group came first.

    >>> oscr([1, 1], [True, True], [1]), oscr([1, 1], [True, False], [1])
    (0.5, 0.25)
    """
    known, unknown = _groups(known, unknown, "oscr")
    _, kept_right, let_in = _kept_at_each(known[_answers(correct, known, "oscr")], unknown)
    return _area(kept_right, let_in) / (len(known) * len(unknown))


def aupr(known: Scores, unknown: Scores, *, positive: str = "unknown") -> float:
    """Average precision, 0–1: the precision at each picture of the positive group, Σ (Rᵢ − Rᵢ₋₁) Pᵢ.

    Unlike `auroc` it depends on how many there are of each: a score that tells nothing gets the share of the positive.
    As in scikit-learn's `average_precision_score`. pytorch-ood draws straight lines between the points instead, which
    is too high (Davis, Goadrich, ICML 2006): of the second example below it makes 0.8, for scores that tell nothing.

    Args:
        known: scores [N].
        unknown: scores [M].
        positive: "unknown": those above a threshold; "known": those that are kept.

    >>> round(aupr([0, 1, 2, 2], [2, 3]), 2), aupr([1, 1], [1, 1, 1])
    (0.75, 0.6)
    """
    if not isinstance(positive, str) or positive not in ("unknown", "known"):
        raise ValueError(f'aupr got positive={positive!r}; it wants "unknown" or "known".')
    known, unknown = _groups(known, unknown, "aupr")
    _, right, wrong = _kept_at_each(known, unknown) if positive == "known" else _kept_at_each(-unknown, -known)
    return float((np.diff(right) * right[1:] / (right + wrong)[1:]).sum() / right[-1])


def risk_coverage(scores: Scores, correct: Scores) -> Curve:
    """x: share of all pictures that is kept (coverage); y: share of the kept that is answered wrong (risk).

    Geifman, El-Yaniv: Selective Classification for Deep Neural Networks, NeurIPS 2017. It starts at the lowest score:
    where nothing is kept there is no risk to tell. Unknown pictures may be among them, as answered wrong.

    Args:
        scores: [N].
        correct: bool [N], whether the picture's class is answered right.

    >>> curve = risk_coverage([0, 1, 1, 2], [True, True, False, False])
    >>> curve.x.tolist(), curve.y.round(2).tolist()
    ([0.25, 0.75, 1.0], [0.0, 0.33, 0.5])
    """
    scores = as_scores(scores, "picture", "risk_coverage")
    correct = _answers(correct, scores, "risk_coverage")
    thresholds, kept, wrong = _risk_counts(scores, correct)
    return Curve(thresholds, kept / len(scores), wrong / kept)


def aurc(scores: Scores, correct: Scores) -> float:
    """Mean risk over all coverages 1/N, 2/N, …, 1: 0 to 1, lower is better.

    Geifman, Uziel, El-Yaniv: Bias-Reduced Uncertainty Estimation for Deep Neural Classifiers, ICLR 2019.
    Pictures of one score come in any order: the mean over all orders. All scores equal: the share answered wrong.

    >>> aurc([0, 1], [True, False]), aurc([1, 1], [True, False]), aurc([1, 0], [True, False])
    (0.25, 0.5, 0.75)
    """
    scores = as_scores(scores, "picture", "aurc")
    _, kept, wrong = _risk_counts(scores, _answers(correct, scores, "aurc"))
    before, wrong_before = np.append(0, kept[:-1]), np.append(0, wrong[:-1])
    # Within a group that is wrong at rate r, j pictures have on average wrong_before + (j − before) · r wrong ones.
    rate = (wrong - wrong_before) / (kept - before)
    harmonic = np.append(0, np.cumsum(1 / np.arange(1, len(scores) + 1)))
    risks = rate * (kept - before) + (wrong_before - before * rate) * (harmonic[kept] - harmonic[before])
    return float(risks.sum() / len(scores))


def _risk_counts(scores: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(thresholds [M], how many are kept at each, how many of these are wrong); without the threshold −∞."""
    thresholds, kept, wrong = _kept_at_each(scores, scores[~correct])
    return thresholds[1:], kept[1:], wrong[1:]


def _roc(known: np.ndarray, unknown: np.ndarray) -> Curve:
    thresholds, kept, let_in = _kept_at_each(known, unknown)
    # Not 1 − kept / n: that is not always the number that `tpr` is compared with.
    return Curve(thresholds, (len(known) - kept) / len(known), (len(unknown) - let_in) / len(unknown))


def _kept_at_each(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(thresholds [M], how many of `first` are kept at each, how many of `second`), all rising."""
    thresholds = np.unique(np.concatenate([[-np.inf], first, second]))
    kept, let_in = (np.searchsorted(np.sort(group), thresholds, side="right") for group in (first, second))
    return thresholds, kept, let_in


def _area(kept: np.ndarray, let_in: np.ndarray) -> float:
    """Area under `kept` over `let_in`, in pairs of pictures. Twice it is a whole number, so nothing is rounded."""
    return int(((kept[1:] + kept[:-1]) * np.diff(let_in)).sum()) / 2


def as_scores(scores: Scores, group: str, who: str = "") -> np.ndarray:
    """float64 [N], finite, N ≥ 1; the error names the `group` that they are of."""
    return checks.unknown_scores(scores, who, group)


def _groups(known: Scores, unknown: Scores, who: str) -> tuple[np.ndarray, np.ndarray]:
    return as_scores(known, "known", who), as_scores(unknown, "unknown", who)


def _answers(correct: Scores, known: np.ndarray, who: str) -> np.ndarray:
    """`correct` as bool [N]; 0 and 1 will do."""
    return checks.right_or_wrong(correct, who, n=len(known))
