"""Wrong labels: planted on purpose, so that their number is known, and searched for.

Everything here works on arrays: labels int64 [N], and probabilities float [N, K] that a model gave to pictures which it
was not fitted on. Of pictures that it was fitted on, a model has learned the wrong labels, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Kind = Literal["uniform", "confusions"]
By = Literal["self confidence", "margin", "entropy", "least sure"]
# cleanlab's: a probability that misses its threshold by a rounding error has reached it.
_ROUNDING = 1e-6


def plant(labels, share: float, kind: Kind = "uniform", *, classes: int, seed: int = 0, confusion=None) -> np.ndarray:
    """int64 [N]: `labels` with round(share · N) of them wrong; which ones is where the two differ.

    Args:
        labels: integers [N], 0 to `classes` − 1.
        share: 0–1.
        kind: "uniform": any other class, with equal chance. "confusions": a class that the true one is taken for,
            in proportion to its row of `confusion`; where a row has no errors, any other class.
        confusion: counts [K, K], truth in rows, as `metrics.confusion_matrix` gives them; for "confusions" only.

    Raises:
        ValueError: anything else.

    >>> wrong = plant([0, 1, 2, 0, 1, 2, 0, 1, 2, 0], 0.2, classes=3)
    >>> int((wrong != [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]).sum())
    2
    """
    labels = _labels(labels, classes, "plant")
    if not 0 <= share <= 1:
        raise ValueError(f"plant got share={share}; it wants 0 to 1, the share of labels to make wrong.")
    chances = _chances(kind, classes, confusion)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(labels))[: round(share * len(labels))]
    # The class in whose part of the row's cumulated chances a random number falls. The last edge is 1 but for rounding.
    edges = np.cumsum(chances, axis=1)
    edges /= edges[:, -1:]
    wrong = labels.copy()
    wrong[chosen] = (rng.random(len(chosen))[:, None] >= edges[labels[chosen]]).sum(axis=1)
    return wrong


def _chances(kind: Kind, classes: int, confusion) -> np.ndarray:
    """float64 [K, K]: how often the class of the row should become that of the column; the diagonal is 0."""
    if kind not in get_args(Kind):
        raise ValueError(f"plant got kind={kind!r}; it wants one of {get_args(Kind)}.")
    if classes < 2:
        raise ValueError(f"plant got classes={classes}; a wrong label wants 2 or more.")
    others = 1 - np.eye(classes)
    if kind == "uniform":
        return others
    errors = np.asarray(confusion, dtype=float) if confusion is not None else np.empty(0)
    if errors.shape != (classes, classes) or (errors < 0).any():
        raise ValueError(
            f"plant got a confusion matrix of shape {errors.shape} for {classes} classes; kind='confusions' wants "
            f"counts ≥ 0 of shape {(classes, classes)}, such as metrics.confusion_matrix gives."
        )
    errors = errors * others
    return np.where(errors.sum(axis=1, keepdims=True) > 0, errors, others)


@dataclass(frozen=True, eq=False)
class Confident:
    """What confident learning found.

    Attributes:
        thresholds: float64 [K]: mean probability of a class among the pictures that bear its label.
        joint: int64 [K, K]: pictures that bear the label of the row and are confidently of the class of the column.
        suspects: int64 [S]: positions off its diagonal, the least self-confident first.
    """

    thresholds: np.ndarray
    joint: np.ndarray
    suspects: np.ndarray


def confident_learning(labels, probabilities) -> Confident:
    """Which labels are probably wrong? Northcutt, Jiang, Chuang: Confident Learning, JAIR 2021, eq. 1 and 2.

    A picture is confidently of class k where its probability of k reaches t_k, the mean probability of k among the
    pictures that bear k; of several such classes the likeliest one counts. It is a suspect where that class is not its
    label. Suspects and joint are those of cleanlab (`find_label_issues(filter_by="confident_learning")`; the joint not
    calibrated), also in what the paper leaves open: a diagonal of the joint of at least 1, and no suspect whose label
    is the likeliest class.

    Args:
        labels: integers [N], as given, right or wrong.
        probabilities: float [N, K], 0–1, of a model that was not fitted on these pictures.

    >>> sure = [[.9, .1], [.8, .2], [.1, .9], [.2, .8], [.05, .95]]
    >>> confident_learning([0, 0, 1, 1, 0], sure).suspects
    array([4])
    """
    p = _probabilities(probabilities, "confident_learning")
    classes = p.shape[1]
    labels = _labels(labels, classes, "confident_learning", len(p))
    thresholds = _thresholds(labels, p)
    reached = p >= thresholds - _ROUNDING
    sure = reached.any(axis=1)
    seen_as = np.where(reached, p, -1).argmax(axis=1)
    joint = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(joint, (labels[sure], seen_as[sure]), 1)
    np.fill_diagonal(joint, joint.diagonal().clip(min=1))
    own = p[np.arange(len(p)), labels]
    suspects = np.flatnonzero(sure & (seen_as != labels) & (own < p.max(axis=1)))
    return Confident(thresholds, joint, suspects[np.argsort(own[suspects], kind="stable")])


def _thresholds(labels: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Mean probability of each class among its own; one that no picture bears can be reached by none."""
    counts = np.bincount(labels, minlength=p.shape[1])
    own = np.bincount(labels, weights=p[np.arange(len(p)), labels], minlength=p.shape[1])
    return np.where(counts > 0, np.maximum(own / np.maximum(counts, 1), 2 * _ROUNDING), np.inf)


def ranked(labels, probabilities, by: By = "self confidence") -> np.ndarray:
    """int64 [N]: all positions, the most suspicious first.

    Args:
        labels: integers [N], as given.
        probabilities: float [N, K], 0–1, of a model that was not fitted on these pictures.
        by: "self confidence": lowest probability of the label, which is the order of the highest loss. "margin":
            probability of the label less that of the best other class. "least sure": lowest maximum probability, and
            "entropy": highest entropy; these two do not look at the label.

    >>> ranked([0, 0, 1], [[.9, .1], [.2, .8], [.4, .6]])
    array([1, 2, 0])
    >>> ranked([0, 0, 1], [[.9, .1], [.2, .8], [.4, .6]], by="least sure")
    array([2, 1, 0])
    """
    p = _probabilities(probabilities, "ranked")
    labels = _labels(labels, p.shape[1], "ranked", len(p))
    if by not in get_args(By):
        raise ValueError(f"ranked got by={by!r}; it wants one of {get_args(By)}.")
    places = np.arange(len(p))
    own, others = p[places, labels], p.copy()
    others[places, labels] = -1
    quality = {
        "self confidence": own,
        "margin": own - others.max(axis=1),
        "least sure": p.max(axis=1),
        "entropy": (p * np.log(np.maximum(p, 1e-300))).sum(axis=1),
    }[by]
    return np.argsort(quality, kind="stable")


def _labels(labels, classes: int, who: str, n: int | None = None) -> np.ndarray:
    found = np.asarray(labels)
    whole = np.issubdtype(found.dtype, np.integer)
    if found.ndim != 1 or len(found) == 0 or not whole or found.min() < 0 or found.max() >= classes:
        span = f"from {found.min()} to {found.max()}" if found.size else "none"
        raise ValueError(
            f"{who} got labels of shape {found.shape}, {found.dtype}, {span}; it wants integers [N], N ≥ 1, from 0 to "
            f"{classes - 1}."
        )
    if n is not None and len(found) != n:
        raise ValueError(f"{who} got {len(found)} labels and {n} rows of probabilities; it wants one row a label.")
    return found.astype(np.int64)


def _probabilities(probabilities, who: str) -> np.ndarray:
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 2 or p.shape[1] < 2 or not np.isfinite(p).all() or (p < 0).any() or (p > 1 + 1e-6).any():
        raise ValueError(
            f"{who} got probabilities of shape {p.shape}; it wants [N, K], K ≥ 2, every one 0 to 1. "
            "Of logits, take the softmax first."
        )
    return p
