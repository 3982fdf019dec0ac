"""What is reported of a classifier. Written by hand here, checked against scikit-learn and torchmetrics in tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


def accuracy_at(k: int, scores: Tensor, labels: Tensor) -> float:
    """Share of pictures, 0–1, whose true class is among the `k` highest scores.

    Args:
        k: 1 to K.
        scores: float [N, K]; logits or probabilities, only their order counts.
        labels: int64 [N].
    """
    _check(scores, labels)
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(f"accuracy_at got k={k} for {scores.shape[1]} classes; it wants 1 to {scores.shape[1]}.")
    best = scores.topk(k, dim=1).indices
    return (best == labels[:, None]).any(dim=1).float().mean().item()


def confusion_matrix(scores: Tensor, labels: Tensor) -> Tensor:
    """int64 [K, K]: pictures of the class of the row that were taken for the class of the column."""
    _check(scores, labels)
    k = scores.shape[1]
    return torch.bincount(labels * k + scores.argmax(dim=1), minlength=k * k).reshape(k, k)


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


def per_class(confusion: Tensor, classes: Sequence[str]) -> list[ClassReport]:
    """Precision, recall and F1 of each class, from a confusion matrix [K, K]. Where 0/0 stands, the score is 0."""
    hits = confusion.diagonal().double()
    predicted, actual = confusion.sum(dim=0), confusion.sum(dim=1)
    precision = hits / predicted.clamp(min=1)
    recall = hits / actual.clamp(min=1)
    f1 = 2 * hits / (predicted + actual).clamp(min=1)
    return [
        ClassReport(name, precision[i].item(), recall[i].item(), f1[i].item(), int(actual[i]))
        for i, name in enumerate(classes)
    ]


def expected_calibration_error(probabilities: Tensor, labels: Tensor, *, bins: int = 15) -> float:
    """How far confidence is from accuracy, 0–1, on average over pictures.

    Pictures are sorted into equal bins of their maximum probability; in each, the mean probability is
    compared with the share that is right. Guo et al.: On Calibration of Modern Neural Networks, ICML 2017, eq. 3.
    """
    _check(probabilities, labels)
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

    @property
    def coverage(self) -> float:
        """Share of pictures that are kept, 0–1."""
        return self.kept / self.n

    @property
    def accuracy(self) -> float:
        """Share of the kept that are right, 0–1; NaN where none is kept."""
        return self.right / self.kept if self.kept else float("nan")


def select(probabilities: Tensor, labels: Tensor, threshold: float) -> Selected:
    """Keep the pictures whose maximum probability is `threshold` or more; the rest goes to a person.

    El-Yaniv and Wiener: On the Foundations of Noise-free Selective Classification, JMLR 2010.

    >>> select(torch.tensor([[.9, .1], [.6, .4]]), torch.tensor([0, 1]), 0.8)
    Selected(n=2, kept=1, right=1)
    """
    _check(probabilities, labels)
    confidence, answer = probabilities.max(dim=1)
    kept = confidence.double() >= threshold
    return Selected(len(labels), int(kept.sum()), int((kept & (answer == labels)).sum()))


def wilson_interval(hits: int, n: int, *, z: float = 1.96) -> tuple[float, float]:
    """95 % interval for a share of `hits` in `n` independent trials. Wilson, 1927."""
    if not 0 <= hits <= n or n == 0:
        raise ValueError(f"wilson_interval got hits={hits}, n={n}; it wants 0 ≤ hits ≤ n and n ≥ 1.")
    share = hits / n
    middle = share + z * z / (2 * n)
    half = z * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def _check(scores: Tensor, labels: Tensor) -> None:
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or len(labels) == 0:
        raise ValueError(
            f"got scores of shape {tuple(scores.shape)} and labels of shape {tuple(labels.shape)}; "
            "wanted scores [N, K] and labels [N] with N ≥ 1."
        )
