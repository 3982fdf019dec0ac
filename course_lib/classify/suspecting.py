"""Which pictures of a folder a person should look at: labels that are probably wrong, and pictures that lie far off."""

from __future__ import annotations

import warnings

import numpy as np

from .. import features, label_quality
from ..data import ImageSet
from . import probe
from .result import Suspect

FOLDS = 5
NEIGHBOURS = 10  # as cleanlab's default
FAR_OUT = 3.0  # interquartile ranges above the third quartile: Tukey's "far out"


def wrong_labels(pictures: ImageSet, embeddings: np.ndarray, groups: np.ndarray, *, seed: int = 0) -> list[Suspect]:
    """Labels that are probably wrong, the least probable label first: confident learning on out-of-sample probes.

    The probes had seen neither the picture nor one of its group. A class of a single group is left out: a probe that
    has not seen that group does not know the class.

    Args:
        pictures: N of them.
        embeddings: float [N, D].
        groups: integers [N]; those of one group, such as copies of one picture, do not vouch for each other.
    """
    labels = pictures.labels.numpy()
    sizes = np.array([len(np.unique(groups[labels == label])) for label in range(len(pictures.classes))])
    enough = np.flatnonzero(sizes >= 2)
    rows = np.flatnonzero(np.isin(labels, enough))
    if len(enough) < 2:
        return []
    own = np.searchsorted(enough, labels[rows])
    p = _out_of_sample(embeddings[rows], own, groups[rows], int(min(FOLDS, sizes[enough].min())), seed)
    return [
        Suspect(
            file=pictures.name_of(int(rows[s])),
            label=pictures.classes[labels[rows[s]]],
            seen_as=pictures.classes[enough[p[s].argmax()]],
            probability_of_label=round(float(p[s, own[s]]), 4),
            probability_of_seen=round(float(p[s].max()), 4),
        )
        for s in label_quality.confident_learning(own, p).suspects.tolist()
    ]


def _out_of_sample(embeddings: np.ndarray, labels: np.ndarray, groups: np.ndarray, folds: int, seed: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fold that lacks a rare class is expected in a small folder
        return features.cross_validated(embeddings, labels, folds=folds, C=probe.PENALTIES[0], seed=seed, groups=groups)


def remoteness(embeddings: np.ndarray, *, k: int = NEIGHBOURS) -> np.ndarray:
    """float64 [N]: mean cosine distance, 0–2, to the `k` nearest others, or to all where there are fewer.

    The order is that of cleanlab's `OutOfDistribution` on features. Kuan, Mueller: Back to the Basics: Revisiting
    Out-of-Distribution Detection Baselines, 2022.

    Raises:
        ValueError: fewer than two pictures.

    >>> int(remoteness(np.array([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]), k=1).argmax())
    2
    """
    from sklearn.neighbors import NearestNeighbors

    if len(embeddings) < 2:
        raise ValueError(f"remoteness got {len(embeddings)} pictures; it wants two or more.")
    found = NearestNeighbors(n_neighbors=min(k, len(embeddings) - 1), metric="cosine").fit(embeddings)
    return found.kneighbors()[0].mean(axis=1)  # without X it leaves out the picture itself


def outliers(distance: np.ndarray) -> np.ndarray:
    """int64 [S]: positions of what lies far out, the farthest first: `FAR_OUT` interquartile ranges above the third
    quartile of `distance`, float [N]. Tukey: Exploratory Data Analysis, 1977."""
    low, high = np.quantile(distance, (0.25, 0.75))
    far = np.flatnonzero(distance > high + FAR_OUT * (high - low))
    return far[np.argsort(-distance[far], kind="stable")]
