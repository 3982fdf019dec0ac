"""Groups of pictures that must not be parted: a neighbour of a test picture among the training pictures is a leak."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from .. import checks


def linked(pairs: checks.Numbers, n: int) -> np.ndarray:
    """int64 [N]: the group of each of `n` pictures, where those that a chain of `pairs` ties together share one.

    Args:
        pairs: integers [P, 2], positions, such as `near_duplicates` gives.

    >>> linked([[0, 3], [3, 4]], 5).tolist()
    [0, 1, 2, 0, 0]
    """

    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    if len(pairs) and not 0 <= pairs.min() <= pairs.max() < n:
        raise ValueError(f"linked got positions from {pairs.min()} to {pairs.max()}; it wants 0 to {n - 1}.")
    graph = coo_array((np.ones(len(pairs), dtype=bool), (pairs[:, 0], pairs[:, 1])), shape=(n, n))
    return connected_components(graph, directed=False)[1].astype(np.int64)


def look_alikes(features: checks.Numbers, labels: checks.Numbers, *, per_class: int, seed: int = 0) -> np.ndarray:
    """int64 [N]: groups of pictures of one class that lie close together in feature space, by k-means.

    A stand-in for places where none are known. It is harsher than they are: whole kinds of picture go into the test.

    Args:
        features: float [N, D]; each column is scaled to the same deviation first.
        labels: integers [N].
        per_class: groups of each class, at least 2; a class with fewer pictures has one group a picture.
    """

    from sklearn.cluster import KMeans

    features, labels = np.asarray(features, dtype=np.float64), np.asarray(labels)
    if features.ndim != 2 or labels.shape != features.shape[:1] or len(labels) == 0 or per_class < 2:
        raise ValueError(
            f"look_alikes got features of shape {features.shape}, labels of shape {labels.shape}, per_class="
            f"{per_class}; it wants [N, D], [N] with N ≥ 1, and 2 groups or more."
        )
    scaled = (features - features.mean(axis=0)) / np.maximum(features.std(axis=0), 1e-9)
    groups, before = np.empty(len(labels), dtype=np.int64), 0
    with threadpool_limits(1):
        for label in np.unique(labels):
            mine = np.flatnonzero(labels == label)
            means = KMeans(min(per_class, len(mine)), n_init=1, max_iter=50, random_state=seed)
            groups[mine] = before + means.fit_predict(scaled[mine])
            before += per_class
    return groups


def grouped_split(
    groups: checks.Numbers, parts: Sequence[float] = (0.8, 0.2), *, seed: int = 0
) -> tuple[np.ndarray, ...]:
    """Positions, int64, of disjoint random parts that part no group.

    Groups are dealt in random order, each to the part that lacks most, so that a part misses its share by about the
    largest group at most. No part is empty: one that got nothing is given the smallest group that another can spare.
    Classes are not balanced: report balanced accuracy.

    Args:
        groups: integers [N], the group of each picture.
        parts: shares of the whole, above 0, scaled to sum to 1; no more of them than groups.

    >>> train, test = grouped_split([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    >>> len(train), len(test)
    (8, 2)
    """
    groups, shares = np.asarray(groups), np.asarray(parts, dtype=float)
    if groups.ndim != 1 or len(groups) == 0:
        raise ValueError(f"grouped_split got groups of shape {groups.shape}; it wants [N], one a picture, N ≥ 1.")
    if shares.ndim != 1 or len(shares) < 2 or not ((shares > 0) & np.isfinite(shares)).all():
        raise ValueError(f"grouped_split got parts={tuple(parts)}; it wants two or more shares above 0, none infinite.")
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(sizes) < len(shares):
        raise ValueError(
            f"grouped_split got {len(sizes)} groups for {len(shares)} parts; it wants as many or more. "
            "Ask for fewer parts, or make the groups smaller."
        )
    lacking = shares / shares.sum() * len(groups)
    dealt = np.empty(len(sizes), dtype=np.int64)
    for group in np.random.default_rng(seed).permutation(len(sizes)):
        dealt[group] = lacking.argmax()
        lacking[dealt[group]] -= sizes[group]
    _fill_empty(dealt, sizes, len(shares))
    return tuple(np.flatnonzero(dealt[number] == part) for part in range(len(shares)))


def _fill_empty(dealt: np.ndarray, sizes: np.ndarray, parts: int) -> None:
    """Move, in place, the smallest group that its part can spare into each part without a group."""
    for empty in sorted(set(range(parts)) - set(dealt.tolist())):
        spare = np.flatnonzero(np.bincount(dealt, minlength=parts)[dealt] > 1)
        dealt[spare[sizes[spare].argmin()]] = empty
