"""Which of several models is chosen by accuracy@k, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from ... import features, metrics
from ...data import ImageSet
from ...study import Result
from . import eurosat
from .eurosat import Key, Settings

ACCURACY, CHANGED = "test accuracy", "how often another model is chosen"


def choose_by_accuracy(settings: Settings, seed: int) -> Result:
    """Test accuracy of the candidate with the best accuracy@`k` in validation; and whether accuracy takes another.

    Of `n` pictures a quarter is to learn from, a quarter to choose by, and half for the test. `candidates` are pairs:
    "network" or "colour" (six numbers), and the inverse penalty C of a probe on it.
    """
    _, val, test = _parts(settings, seed)
    probabilities, accuracies = _candidates(eurosat.key(settings, "n", "candidates"), seed)
    chosen = best_at(settings["k"], probabilities, val.labels)
    values = {ACCURACY: accuracies[chosen], CHANGED: float(chosen != best_at(1, probabilities, val.labels))}
    return Result(values, n={ACCURACY: len(test), CHANGED: 0}, source=test.source)


def best_at(k: int, probabilities: Sequence[Tensor], labels: Tensor) -> int:
    """Position of the candidate whose `probabilities`, float [N, K], have the best accuracy@k; of equals the first."""
    accuracies = [metrics.accuracy_at(k, p, labels) for p in probabilities]
    return accuracies.index(max(accuracies))


@lru_cache(maxsize=1)
def _candidates(shared: Key, seed: int) -> tuple[list[Tensor], list[float]]:
    """(probabilities in validation float64 [N, K], accuracy in the test) of each candidate, for all k."""
    settings = dict(shared)
    train, val, test = _parts(settings, seed)
    probabilities, accuracies = [], []
    for kind, penalty in settings["candidates"]:
        seen = [_seen(settings, kind, part) for part in (train, val, test)]
        probe = features.probe(seen[0], train.labels, seen[-1], test.labels, C=penalty)
        probabilities.append(torch.tensor(probe.model.predict_proba(seen[1])))
        accuracies.append(probe.accuracy)
    return probabilities, accuracies


def _parts(settings: Settings, seed: int) -> tuple[ImageSet, ImageSet, ImageSet]:
    pictures = eurosat.pictures(settings["pictures"]).subset(settings["n"], seed=seed)
    return pictures.split((1, 1, 2), seed=seed)


def _seen(settings: Settings, kind: str, part: ImageSet):
    return features.colour_statistics(part) if kind == "colour" else eurosat.embeddings(settings)[part.rows]
