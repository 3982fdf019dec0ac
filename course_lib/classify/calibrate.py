"""Probabilities that mean what they say: a temperature from pictures kept for it, and how far they are off after it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from .. import metrics
from .result import Bin, Calibration

BINS = 10
FEWEST = 20  # pictures to fit a temperature on; fewer say nothing


def temperature(logits: Tensor, labels: np.ndarray) -> float:
    """The T for which softmax(logits / T) is nearest to smoothed labels; 1 of fewer than `FEWEST` pictures.

    As `decide.temperature`, but the true class is wanted at (n + 1)/(n + 2) and the others share the rest: of n answers
    that are all right nobody knows that the next one will be. Platt: Probabilistic Outputs for Support Vector Machines,
    1999, section 2.2.

    Args:
        logits: float [N, K], of pictures that the network was not fitted on.
        labels: int64 [N].
    """
    n, classes = logits.shape
    if n < FEWEST:
        return 1.0
    wanted = torch.full((n, classes), 1 / (n + 2) / (classes - 1), dtype=torch.float64)
    wanted[torch.arange(n), torch.as_tensor(labels)] = (n + 1) / (n + 2)
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda log10: float(cross_entropy(logits.double() / 10**log10, wanted)), bounds=(-2, 2), method="bounded"
    )
    return float(10**found.x)


def calibration(fitted: float, n_fit: int, logits: Tensor, labels: np.ndarray) -> Calibration:
    """What the temperature `fitted` changes on test pictures: logits float [N, K], labels int64 [N]."""
    if not len(labels):
        return Calibration(fitted, n_fit, 0.0, 0.0, 0, ())
    before, after = (logits.double().div(t).softmax(dim=1) for t in (1.0, fitted))
    ece_before, ece = (metrics.expected_calibration_error(p, labels, bins=BINS) for p in (before, after))
    return Calibration(fitted, n_fit, ece_before, ece, len(labels), reliability(after, labels))


def reliability(probabilities: Tensor, labels: np.ndarray) -> tuple[Bin, ...]:
    """Ten bins of the maximum probability, open below, as `metrics.expected_calibration_error` has them."""
    confidence, answer = probabilities.max(dim=1)
    right = (answer == torch.as_tensor(labels)).double()
    place = (confidence * BINS).ceil().long().clamp(1, BINS) - 1
    return tuple(_bin(k, confidence[place == k], right[place == k]) for k in range(BINS))


def _bin(k: int, confidence: Tensor, right: Tensor) -> Bin:
    n = len(right)
    means = (float(confidence.mean()), float(right.mean())) if n else (None, None)
    return Bin(k / BINS, (k + 1) / BINS, n, *means)
