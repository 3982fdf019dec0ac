"""Groups of pictures that must not be parted: a neighbour of a test picture among the training pictures is a leak."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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
