"""Classes of unequal size, and what is done about it."""

from __future__ import annotations

import time

import numpy as np
from torch import Tensor

from ... import features, metrics
from ...data import ImageSet
from ...study import Result
from ...training import imbalance
from . import eurosat
from .eurosat import Settings

BALANCED, SMALLEST, SKEWED = (
    "balanced accuracy", "accuracy of the three smallest classes", "accuracy, test as skewed as training",
)  # fmt: skip
RESAMPLED = {
    "oversample": imbalance.oversample,
    "undersample": imbalance.undersample,
    "resample": imbalance.resample,
}


def learn_tail(settings: Settings, seed: int) -> Result:
    """A probe with the inverse penalty `C` learns from a long tail with one `remedy`; three ways to count its answers.

    One half of the pictures is for training and one for the test. The tail has `n_train` pictures, its largest class
    `ratio` times those of its smallest; the test has `n_test`, each class in its share. "The smallest classes" are the
    `smallest` that have the fewest pictures in the tail with the ratio `ranked_at`: at 1 : 1, too.
    """
    embeddings, start = eurosat.embeddings(settings), time.perf_counter()
    pool, test = eurosat.pictures(settings["pictures"]).split((1, 1), seed=seed)
    test = test.subset(settings["n_test"], seed=seed)
    train = _tail(pool, settings["ratio"], settings["n_train"], seed)
    logits = remedied_logits(settings, embeddings, train, test, seed)
    confusion = metrics.confusion_matrix(logits, test.labels).double()
    recalls = (confusion.diagonal() / confusion.sum(dim=1)).numpy()
    fewest = np.argsort(_counts(_tail(pool, settings["ranked_at"], settings["n_train"], seed)), kind="stable")
    return _counted(recalls, _counts(train), fewest[: settings["smallest"]], test, time.perf_counter() - start)


def _tail(pool: ImageSet, ratio: float, n: int, seed: int) -> ImageSet:
    return pool.at(imbalance.induce(pool.labels, ratio, n=n, seed=seed))


def _counts(pictures: ImageSet) -> np.ndarray:
    return np.bincount(pictures.labels.numpy())


def _counted(recalls: np.ndarray, counts: np.ndarray, fewest: np.ndarray, test: ImageSet, seconds: float) -> Result:
    """`recalls` [K] with each class alike; those of the classes `fewest`; by their `counts` [K] in training."""
    accuracies = {
        BALANCED: recalls.mean(),
        SMALLEST: recalls[fewest].mean(),
        SKEWED: (recalls * counts).sum() / counts.sum(),
    }
    n = {BALANCED: len(test), SMALLEST: len(test) * len(fewest) // len(recalls), SKEWED: len(test)}
    return Result(accuracies, n=n, source=test.source, seconds=seconds)


def remedied_logits(settings: Settings, embeddings: np.ndarray, train: ImageSet, test: ImageSet, seed: int) -> Tensor:
    """Logits [M, K] on `test` of a probe that was fitted on `train` with one `remedy`, or with none: "nothing".

    "oversample", "undersample", "resample": other rows; "class_weights" and "effective_weights" (by `beta`): other
    weights in the loss; "adjust_logits" (by `tau`): other logits afterwards. With `same_penalty` the penalty is as
    strong beside the loss as without a remedy, however many pictures there are and whatever they weigh.
    """
    remedy, labels = settings["remedy"], train.labels.numpy()
    chosen = RESAMPLED[remedy](labels, seed=seed) if remedy in RESAMPLED else np.arange(len(train))
    rows, taught = train.rows.numpy()[chosen], labels[chosen]
    weight = _picture_weights(settings, taught)
    total = len(taught) if weight is None else weight.sum()
    C = settings["C"] * len(train) / total if settings.get("same_penalty") else settings["C"]
    probe = features.probe(
        embeddings[rows], taught, embeddings[test.rows], test.labels, C=C, sample_weight=weight
    )  # fmt: skip
    logits = probe.log_probabilities(embeddings[test.rows])
    return imbalance.adjusted(logits, labels, tau=settings["tau"]) if remedy == "adjust_logits" else logits


def _picture_weights(settings: Settings, labels: np.ndarray) -> np.ndarray | None:
    """float64 [N]: how much each picture counts in the loss; None for all alike."""
    if settings["remedy"] == "class_weights":
        return imbalance.class_weights(labels)[labels]
    if settings["remedy"] == "effective_weights":
        return imbalance.effective_weights(labels, beta=settings["beta"])[labels]
    return None
