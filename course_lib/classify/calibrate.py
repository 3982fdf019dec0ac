"""Probabilities that mean what they say: a temperature from pictures kept for it, and how far they are off after it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from .. import decide, metrics
from .result import Bin, Calibration

BINS = 10
FEWEST = 20  # pictures to fit a temperature on; fewer say nothing


def temperature(logits: Tensor, labels: np.ndarray) -> float:
    """`decide.temperature`; 1 where there are fewer than `FEWEST` pictures. At least 1/20: where all answers are right,
    more pictures would show errors."""
    if len(labels) < FEWEST:
        return 1.0
    return max(0.05, decide.temperature(logits, labels))


def calibration(found: float, n_fit: int, logits: Tensor, labels: np.ndarray) -> Calibration:
    """What the temperature `found` changes on test pictures: logits float [N, K], labels int64 [N]."""
    if not len(labels):
        return Calibration(found, n_fit, 0.0, 0.0, 0, ())
    before, after = (logits.double().div(t).softmax(dim=1) for t in (1.0, found))
    eces = [metrics.expected_calibration_error(p, labels, bins=BINS) for p in (before, after)]
    return Calibration(found, n_fit, *eces, n=len(labels), bins=reliability(after, labels))


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
