"""Labels that were made wrong on purpose: how many a review finds, and what they cost."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from ... import data, features, label_quality, metrics
from ...data import ImageSet
from ...study import Result
from . import eurosat
from .eurosat import Key, Settings

FOUND, ACCURACY = "share of the planted errors found", "test accuracy"
ORDERS = ("random", "least sure", "self confidence", "margin", "confident learning")
_PARTS = ("n_train", "n_test")


def review_labels(settings: Settings, seed: int) -> Result:
    """Review as many pictures as have a wrong label, in one `order`, and put right what is found to be wrong.

    Of `n_train` labels the share `rate` is made wrong, of `kind` "uniform": any picture, any other class.
    "confusions": any picture, with what a probe on the labels as they came takes it for. "ambiguous": the pictures
    between whose label and best other class a probe on another network, the `judge`, is most torn, get that class.
    "neighbours": those that lie nearest to a picture of another class get its class. The order goes by the
    probabilities of probes that learned from the wrong labels, out of sample in `folds`. The reviewer never errs. A
    last probe learns from the labels after the review, and is tested on `n_test` pictures. All probes have the inverse
    penalty `C`.
    """
    train, test = parts(settings, seed)
    truth, given = train.labels.numpy(), spoilt(settings, seed)
    more = [name for name in ("judge",) if name in settings]
    p = _probabilities(eurosat.key(settings, *_PARTS, "rate", "kind", "folds", "C", *more), seed)
    wrong = given != truth
    reviewed = review_order(given, p, settings["order"], seed=seed)[: wrong.sum()]
    mended = given.copy()
    mended[reviewed] = truth[reviewed]
    shares = {FOUND: wrong[reviewed].mean(), ACCURACY: _accuracy(settings, mended, train, test)}
    return Result(shares, n={FOUND: wrong.sum(), ACCURACY: len(test)}, source=test.source)


def leave_labels(settings: Settings, seed: int) -> Result:
    """Learn from labels of which a share is wrong, without a review; settings as those of `review_labels`."""
    train, test = parts(settings, seed)
    return Result({ACCURACY: _accuracy(settings, spoilt(settings, seed), train, test)}, n=len(test), source=test.source)


def review_order(given: np.ndarray, p: np.ndarray, order: str, *, seed: int = 0) -> np.ndarray:
    """int64 [N]: all positions, the first to review first, by one of `ORDERS`.

    Args:
        given: integers [N], labels, some of them wrong.
        p: float [N, K], probabilities out of sample.
    """
    if order == "random":
        # Another draw than the one that `label_quality.plant` makes with this seed: that would find every error.
        return np.random.default_rng(1_000 + seed).permutation(len(given))
    if order != "confident learning":
        return label_quality.ranked(given, p, by=order)
    suspects, rest = label_quality.confident_learning(given, p).suspects, label_quality.ranked(given, p)
    return np.concatenate([suspects, rest[~np.isin(rest, suspects)]])


def parts(settings: Settings, seed: int) -> tuple[ImageSet, ImageSet]:
    """(pictures whose labels are made wrong, test pictures)."""
    pictures, n_train, n_test = eurosat.pictures(settings["pictures"]), settings["n_train"], settings["n_test"]
    return pictures.split((n_train, n_test, len(pictures) - n_train - n_test), seed=seed)[:2]


def spoilt(settings: Settings, seed: int) -> np.ndarray:
    """int64 [N]: the training labels, a share of them wrong; `review_labels` has the settings."""
    train, _ = parts(settings, seed)
    rate, kind, confusion, classes = settings["rate"], settings["kind"], None, len(train.classes)
    if kind in ("ambiguous", "neighbours"):
        doubt, others = reasons(settings, train, seed)
        return label_quality.plant_where(train.labels, rate, others, doubt, classes=classes)
    if kind == "confusions":
        confusion = _confusion(eurosat.key(settings, *_PARTS, "folds", "C"), seed)
    return label_quality.plant(train.labels, rate, kind, classes=classes, seed=seed, confusion=confusion)


def reasons(settings: Settings, train: ImageSet, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(how much speaks for another label, float64 [N]; that label, int64 [N]) of the training pictures."""
    if settings["kind"] == "neighbours":
        metres, others = beside(settings["pictures"])
        return -metres[train.rows], others[train.rows]
    p = _judged(eurosat.key({**settings, "network": settings["judge"]}, *_PARTS, "folds", "C"), seed)
    return label_quality.torn(train.labels, p)


@lru_cache(maxsize=1)
def beside(n: int | None) -> tuple[np.ndarray, np.ndarray]:
    """`data.neighbours.nearest_of_another_class` of all the pictures that there are."""
    return data.neighbours.nearest_of_another_class(eurosat.pictures(n))


@lru_cache(maxsize=1)
def _judged(shared: Key, seed: int) -> np.ndarray:
    """float64 [N, K]: out of sample, of probes on another network that learned from the labels as they came."""
    settings = dict(shared)
    train, _ = parts(settings, seed)
    return _out_of_sample(settings, train, train.labels.numpy(), seed)


@lru_cache(maxsize=1)
def _confusion(shared: Key, seed: int) -> np.ndarray:
    """int64 [K, K]: what is taken for what, with the labels as they came."""
    settings = dict(shared)
    train, _ = parts(settings, seed)
    p = _out_of_sample(settings, train, train.labels.numpy(), seed)
    return metrics.confusion_matrix(torch.tensor(p), train.labels).numpy()


@lru_cache(maxsize=1)
def _probabilities(shared: Key, seed: int) -> np.ndarray:
    """float64 [N, K]: out of sample, of probes that learned from the wrong labels; all orders of review share them."""
    settings = dict(shared)
    return _out_of_sample(settings, parts(settings, seed)[0], spoilt(settings, seed), seed)


def _out_of_sample(settings: Settings, train: ImageSet, given: np.ndarray, seed: int) -> np.ndarray:
    embeddings = eurosat.embeddings(settings)[train.rows]
    return features.cross_validated(embeddings, given, folds=settings["folds"], C=settings["C"], seed=seed)


def _accuracy(settings: Settings, given: np.ndarray, train: ImageSet, test: ImageSet) -> float:
    embeddings = eurosat.embeddings(settings)
    probe = features.probe(embeddings[train.rows], given, embeddings[test.rows], test.labels, C=settings["C"])
    return probe.accuracy
