"""From probabilities to decisions. The model stays as it is; what an error costs is a matter of the business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from . import checks
from .checks import Numbers


def by_cost(probabilities: Numbers, cost: Numbers) -> Tensor:
    """int64 [N]: the answer with the least expected cost. Elkan: The Foundations of Cost-Sensitive Learning, 2001.

    Args:
        probabilities: float [N, K], rows 0–1 with the sum 1, calibrated: they are taken at their word.
        cost: [K, A]: what it costs to give the answer of the column where the class of the row is true. A may be
            larger than K: a further answer such as "a person looks".

    >>> by_cost([[.9, .1], [.6, .4]], [[0, 1], [5, 0]]).tolist()     # to miss the second class costs five times as much
    [0, 1]
    """
    p = checks.probabilities(probabilities, "by_cost", empty=True).double()
    return (p @ _cost(cost, "by_cost", p.shape[1])).argmin(dim=1)


def by_priority(probabilities: Numbers, order: Sequence[int], threshold: float) -> Tensor:
    """int64 [N]: the first class of `order` whose probability reaches `threshold`, else the likeliest class.

    >>> by_priority([[.7, .3], [.9, .1]], order=[1], threshold=0.25).tolist()
    [1, 0]
    """
    p = checks.probabilities(probabilities, "by_priority", empty=True)
    if not checks.is_number(threshold) or not 0 < threshold <= 1:
        raise ValueError(f"by_priority got threshold={threshold!r}; it wants above 0, up to 1. Of 80 % take 0.8.")
    if not isinstance(order, Iterable) or not _once_each(order := list(order), p.shape[1]):
        raise ValueError(f"by_priority got order={order!r}; it wants classes of 0 to {p.shape[1] - 1}, once each.")
    answers = p.argmax(dim=1)
    for k in reversed(order):  # what is set last stands: the first of the order
        answers = torch.where(p[:, k] >= threshold, k, answers)
    return answers


def mean_cost(answers: Numbers, labels: Numbers, cost: Numbers) -> float:
    """What `answers` cost, on average over pictures.

    Args:
        answers: integers [N], 0 to A − 1; labels: integers [N], 0 to K − 1; N ≥ 1.
        cost: [K, A], as in `by_cost`.

    >>> mean_cost([0, 0], [0, 1], [[0, 1], [5, 0]])
    2.5
    """
    cost = _cost(cost, "mean_cost")
    labels = checks.labels(labels, "mean_cost", classes=len(cost))
    answers = checks.labels(answers, "mean_cost", classes=cost.shape[1], n=len(labels), what="answers")
    return float(cost[labels, answers].mean())


def cheapest_threshold(
    probabilities: Numbers, labels: Numbers, order: Sequence[int], cost: Numbers, thresholds: Sequence[float]
) -> float:
    """The first of `thresholds` with which `by_priority` costs the least. Choose it on pictures kept for that.

    Args:
        probabilities, order: as in `by_priority`; labels, integers [N], and cost, [K, K]: as in `mean_cost`.
        thresholds: one or more, above 0, up to 1.

    >>> cheapest_threshold([[.7, .3], [.9, .1]], [1, 0], [1], [[0, 1], [5, 0]], [0.05, 0.2, 0.5])
    0.2
    """
    if len(thresholds) == 0:
        raise ValueError("cheapest_threshold got no thresholds; it wants one or more, such as 0.05, 0.1, 0.2.")
    return min(thresholds, key=lambda step: mean_cost(by_priority(probabilities, order, step), labels, cost))


def temperature(logits: Numbers, labels: Numbers) -> float:
    """The T > 0 for which softmax(logits / T) has the least cross-entropy. Guo et al.: On Calibration of Modern Neural
    Networks, ICML 2017.

    Args:
        logits: float [N, K], of pictures that the model was not fitted on; log-probabilities do as well.
        labels: integers [N], 0 to K − 1.

    Above 1 the model was too sure, below 1 not sure enough. The order of the classes stays. Where all answers are
    right, the best T is 0, and the lower end of the search, 0.01, comes back; the upper end is 100.
    """

    from scipy.optimize import minimize_scalar

    logits = checks.logits(logits, "temperature").detach().cpu().double()
    labels = checks.labels(labels, "temperature", classes=logits.shape[1], n=len(logits))
    found = minimize_scalar(
        lambda log10: float(cross_entropy(logits / 10**log10, labels)), bounds=(-2, 2), method="bounded"
    )
    return float(10**found.x)


def _cost(cost: Numbers, who: str, classes: int | None = None) -> Tensor:
    """float64 [K, A], finite; K is `classes` where that is known."""
    cost = checks.tensor(cost, who, "a cost").detach().cpu().double()
    fits = cost.ndim == 2 and cost.shape[1] > 0 and len(cost) > 0 and classes in (None, len(cost))
    if not fits or not cost.isfinite().all():
        faults = "" if cost.isfinite().all() else " with NaN or infinite numbers"
        wanted, known = ("K", "") if classes is None else (classes, f" for {classes} classes")
        raise ValueError(
            f"{who} got a cost of shape {tuple(cost.shape)}{faults}{known}; it wants finite numbers [{wanted}, A], the "
            "true class in rows."
        )
    return cost


def _once_each(order: list, classes: int) -> bool:
    return all(checks.is_whole(k) and 0 <= k < classes for k in order) and len(set(order)) == len(order)
