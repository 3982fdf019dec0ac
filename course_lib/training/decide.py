"""From probabilities to decisions. The model stays as it is; what an error costs is a matter of the business."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor
from torch.nn.functional import cross_entropy


def by_cost(probabilities, cost) -> Tensor:
    """int64 [N]: the answer with the least expected cost. Elkan: The Foundations of Cost-Sensitive Learning, 2001.

    Args:
        probabilities: float [N, K], calibrated: they are taken at their word.
        cost: [K, A]: what it costs to give the answer of the column where the class of the row is true. A may be
            larger than K: a further answer such as "a person looks".

    >>> by_cost([[.9, .1], [.6, .4]], [[0, 1], [5, 0]]).tolist()     # to miss the second class costs five times as much
    [0, 1]
    """
    p = _checked(probabilities, "by_cost")
    cost = torch.as_tensor(cost, dtype=p.dtype)
    if cost.ndim != 2 or len(cost) != p.shape[1] or not cost.isfinite().all():
        raise ValueError(
            f"by_cost got a cost of shape {tuple(cost.shape)} for {p.shape[1]} classes; it wants finite numbers "
            f"[{p.shape[1]}, A], the true class in rows."
        )
    return (p @ cost).argmin(dim=1)


def by_priority(probabilities, order: Sequence[int], threshold: float) -> Tensor:
    """int64 [N]: the first class of `order` whose probability reaches `threshold`, else the likeliest class.

    >>> by_priority([[.7, .3], [.9, .1]], order=[1], threshold=0.25).tolist()
    [1, 0]
    """
    p = _checked(probabilities, "by_priority")
    if not 0 < threshold <= 1:
        raise ValueError(f"by_priority got threshold={threshold}; it wants above 0, up to 1.")
    if not set(order) <= set(range(p.shape[1])) or len(set(order)) < len(order):
        raise ValueError(f"by_priority got order={list(order)}; it wants classes of 0 to {p.shape[1] - 1}, once each.")
    answers = p.argmax(dim=1)
    for k in reversed(order):  # what is set last stands: the first of the order
        answers = torch.where(p[:, k] >= threshold, k, answers)
    return answers


def temperature(logits, labels) -> float:
    """The T > 0 for which softmax(logits / T) has the least cross-entropy. Guo et al.: On Calibration of Modern Neural
    Networks, ICML 2017.

    Args:
        logits: float [N, K], of pictures that the model was not fitted on; log-probabilities do as well.
        labels: int64 [N].

    Above 1 the model was too sure, below 1 not sure enough. The order of the classes stays. Where all answers are
    right, the best T is 0, and the lower end of the search, 0.01, comes back; the upper end is 100.
    """
    logits, labels = torch.as_tensor(logits).double(), torch.as_tensor(labels)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or len(labels) == 0:
        raise ValueError(
            f"temperature got logits of shape {tuple(logits.shape)} and labels of shape {tuple(labels.shape)}; "
            "it wants [N, K] and [N], N ≥ 1."
        )
    found = minimize_scalar(
        lambda log10: float(cross_entropy(logits / 10**log10, labels)), bounds=(-2, 2), method="bounded"
    )
    return float(10**found.x)


def _checked(probabilities, who: str) -> Tensor:
    p = torch.as_tensor(probabilities)
    p = p if p.is_floating_point() else p.double()
    if p.ndim != 2 or not p.isfinite().all() or (p < 0).any() or ((p.sum(dim=1) - 1).abs() > 1e-3).any():
        raise ValueError(
            f"{who} got probabilities of shape {tuple(p.shape)}; it wants [N, K], each row 0 to 1 with the sum 1. "
            "Of logits, take .softmax(dim=1) first."
        )
    return p
