"""What is reported of a classifier. Written by hand here, checked against scikit-learn and torchmetrics in tests.

Scores, probabilities and labels are tensors, arrays or lists, of any precision and on any device. NaN, logits where
probabilities are wanted, labels that are no classes, or lengths that differ are a ValueError that says what was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from . import checks
from .checks import Numbers


def accuracy_at(k: int, scores: Numbers, labels: Numbers) -> float:
    """Share of pictures, 0–1, whose true class is among the `k` highest scores.

    Args:
        k: 1 to K.
        scores: numbers [N, K]; logits, probabilities or votes, only their order counts.
        labels: integers [N], 0 to K − 1.
    """
    scores, labels = checks.scored(scores, labels, "accuracy_at")
    if not checks.is_whole(k) or not 1 <= k <= scores.shape[1]:
        raise ValueError(f"accuracy_at got k={k!r} for {scores.shape[1]} classes; it wants 1 to {scores.shape[1]}.")
    best = scores.topk(k, dim=1).indices
    return (best == labels[:, None]).any(dim=1).float().mean().item()


def confusion_matrix(scores: Numbers, labels: Numbers) -> Tensor:
    """int64 [K, K]: pictures of the class of the row that were taken for the class of the column.

    Args:
        scores: numbers [N, K]; the highest of each row is the answer.
        labels: integers [N], 0 to K − 1.
    """
    scores, labels = checks.scored(scores, labels, "confusion_matrix")
    k = scores.shape[1]
    return torch.bincount(labels * k + scores.argmax(dim=1), minlength=k * k).reshape(k, k)


def exact_match(sets: Numbers, truth: Numbers) -> float:
    """Share of pictures, 0–1, whose set of classes is exact: none too many, none too few.

    Also called subset accuracy. Zhang, Zhou: A Review on Multi-Label Learning Algorithms, TKDE 2014, section 2.2.

    Args:
        sets, truth: bool, or 0 and 1, [N, K], N ≥ 1: which classes are in the picture, as answered and as it is.

    >>> exact_match([[True, False], [True, True]], [[True, False], [False, True]])
    0.5
    """
    sets = checks.array(sets, "exact_match", "sets", kinds="biuf")
    truth = checks.array(truth, "exact_match", "truth", kinds="biuf")
    binary = bool(((sets == 0) | (sets == 1)).all() and ((truth == 0) | (truth == 1)).all())
    if sets.shape != truth.shape or sets.ndim != 2 or sets.size == 0 or not binary:
        raise ValueError(
            f"exact_match got sets of shape {sets.shape} and truth of shape {truth.shape}"
            f"{'' if binary else ' with other numbers than 0 and 1'}; it wants bool [N, K] of both, N ≥ 1. "
            "Of probabilities take p >= threshold."
        )
    return float((sets == truth).all(axis=1).mean())


@dataclass(frozen=True)
class ClassReport:
    """Scores of one class, 0–1. `support` is its number of pictures."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int

    def __str__(self) -> str:
        scores = f"precision {self.precision:6.1%}   recall {self.recall:6.1%}   F1 {self.f1:6.1%}"
        return f"{self.name:22} {scores}   n = {self.support}"


def per_class(confusion: Numbers, classes: Sequence[str]) -> list[ClassReport]:
    """Precision, recall and F1 of each class. Where 0/0 stands, the score is 0.

    Args:
        confusion: counts [K, K], truth in rows, such as `confusion_matrix` gives; no shares.
        classes: K names.
    """
    confusion = _counts(confusion, classes)
    hits = confusion.diagonal().double()
    predicted, actual = confusion.sum(dim=0), confusion.sum(dim=1)
    precision = hits / predicted.clamp(min=1)
    recall = hits / actual.clamp(min=1)
    f1 = 2 * hits / (predicted + actual).clamp(min=1)
    return [
        ClassReport(name, precision[i].item(), recall[i].item(), f1[i].item(), int(actual[i]))
        for i, name in enumerate(classes)
    ]


def expected_calibration_error(probabilities: Numbers, labels: Numbers, *, bins: int = 15) -> float:
    """How far confidence is from accuracy, 0–1, on average over pictures.

    Pictures are sorted into equal bins of their maximum probability; in each, the mean probability is
    compared with the share that is right. Guo et al.: On Calibration of Modern Neural Networks, ICML 2017, eq. 3.

    Args:
        probabilities: float [N, K], each row 0–1 with the sum 1.
        labels: integers [N], 0 to K − 1.
        bins: 1 or more.
    """
    probabilities, labels = checks.scored(probabilities, labels, "expected_calibration_error", probable=True)
    if not checks.is_whole(bins) or bins < 1:
        raise ValueError(f"expected_calibration_error got bins={bins!r}; it wants a whole number of 1 or more.")
    confidence, answer = probabilities.max(dim=1)
    right = (answer == labels).double()
    # Bins are open below and closed above, so that a confidence of exactly 1 falls in the last.
    place = (confidence.double() * bins).ceil().long().clamp(1, bins) - 1
    surplus = torch.zeros(bins, dtype=torch.float64).index_add_(0, place, confidence.double() - right)
    return surplus.abs().sum().item() / len(labels)


@dataclass(frozen=True)
class Selected:
    """What a threshold on the maximum probability keeps. `n` pictures, `kept` of them, `right` of those kept."""

    n: int
    kept: int
    right: int

    def __post_init__(self) -> None:
        whole = all(map(checks.is_whole, (self.n, self.kept, self.right)))
        if not whole or not 0 <= self.right <= self.kept <= self.n or self.n == 0:
            raise ValueError(f"got {self}; wanted whole numbers, n ≥ kept ≥ right ≥ 0 and n ≥ 1.")

    @property
    def coverage(self) -> float:
        """Share of pictures that are kept, 0–1."""
        return self.kept / self.n

    @property
    def accuracy(self) -> float:
        """Share of the kept that are right, 0–1; NaN where none is kept."""
        return self.right / self.kept if self.kept else float("nan")


def select(probabilities: Numbers, labels: Numbers, threshold: float) -> Selected:
    """Keep the pictures whose maximum probability is `threshold` or more; the rest goes to a person.

    El-Yaniv and Wiener: On the Foundations of Noise-free Selective Classification, JMLR 2010.

    Args:
        probabilities: float [N, K], each row 0–1 with the sum 1.
        labels: integers [N], 0 to K − 1.
        threshold: 0–1.

    >>> select(torch.tensor([[.9, .1], [.6, .4]]), torch.tensor([0, 1]), 0.8)
    Selected(n=2, kept=1, right=1)
    """
    probabilities, labels = checks.scored(probabilities, labels, "select", probable=True)
    if not checks.is_number(threshold) or not 0 <= threshold <= 1:
        raise ValueError(f"select got threshold={threshold!r}; it wants a probability, 0 to 1. Of 80 % take 0.8.")
    confidence, answer = probabilities.max(dim=1)
    kept = confidence.double() >= threshold
    return Selected(len(labels), int(kept.sum()), int((kept & (answer == labels)).sum()))


def wilson_interval(hits: int, n: int, *, z: float = 1.96) -> tuple[float, float]:
    """95 % interval for a share of `hits` in `n` independent trials. Wilson, 1927."""
    if not (checks.is_number(hits) and checks.is_number(n) and 0 <= hits <= n and n >= 1 and hits % 1 == n % 1 == 0):
        raise ValueError(
            f"wilson_interval got hits={hits!r}, n={n!r}; it wants whole numbers, 0 ≤ hits ≤ n and n ≥ 1. Of a share "
            "take round(share * n) hits."
        )
    if not checks.is_number(z) or not z > 0:
        raise ValueError(f"wilson_interval got z={z!r}; it wants a number above 0, such as 1.96 for 95 %.")
    from scipy.stats import binomtest, norm

    low, high = binomtest(int(hits), int(n)).proportion_ci(confidence_level=2 * norm.cdf(z) - 1, method="wilson")
    return float(low), float(high)


def _counts(confusion: Numbers, classes: Sequence[str]) -> Tensor:
    """int64 [K, K], on the CPU."""
    m = checks.tensor(confusion, "per_class", "a confusion matrix").detach().cpu()
    names = [] if isinstance(classes, str) or not isinstance(classes, Sequence) else list(classes)
    if m.ndim != 2 or m.shape[0] != m.shape[1] or len(m) == 0 or len(names) != len(m):
        raise ValueError(
            f"per_class got a confusion matrix of shape {tuple(m.shape)} and the classes {classes!r}; it wants [K, K], "
            "K ≥ 1, and K names, in the order of its rows."
        )
    if not checks.all_finite(m) or (m < 0).any() or (m.is_floating_point() and (m != m.round()).any()):
        got = f"a confusion matrix of {m.dtype} with numbers such as {_no_count(m):g}{_nan(m)}"
        raise ValueError(
            f"per_class got {got}; it wants counts, 0, 1, 2 …, not shares of a row. Take it from "
            "metrics.confusion_matrix."
        )
    return m.long()


def _nan(m: Tensor) -> str:
    return "" if checks.all_finite(m) else ", some NaN or infinite"


def _no_count(m: Tensor) -> float:
    return m[~m.isfinite() | (m < 0) | (m != m.round())][0].item()
