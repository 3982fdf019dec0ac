"""Which pictures are learned from and which are kept for what: groups stay whole, classes are spread evenly."""

from __future__ import annotations

import numpy as np

from .result import PARTS

SHARES = (0.55, 0.15, 0.15, 0.15)  # of PARTS


def split(labels: np.ndarray, groups: np.ndarray, *, seed: int, shares: tuple[float, ...] = SHARES) -> np.ndarray:
    """int64 [N]: the part of each picture, a position in `PARTS`.

    Args:
        labels, groups: int64 [N]. A group is in one part, whatever classes it has.
        seed: of the order in which groups are dealt.

    The largest groups are dealt first; each goes to the part that lacks its classes most, and of parts that lack them
    alike to the one that lacks pictures most. A class's first group is learned from, so that no class is missing there.

    >>> split(np.array([0] * 20 + [1] * 20), np.arange(40), seed=0).tolist().count(0)
    22
    """
    classes = int(labels.max()) + 1
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    per_group = np.zeros((len(sizes), classes), dtype=np.int64)
    np.add.at(per_group, (number, labels), 1)
    lacking = np.outer(shares, np.bincount(labels, minlength=classes)) / sum(shares)  # [parts, classes]
    learned = np.zeros(classes, dtype=bool)
    dealt = np.empty(len(sizes), dtype=np.int64)
    order = np.random.default_rng(seed).permutation(len(sizes))
    for group in order[np.argsort(-sizes[order], kind="stable")]:
        own = np.flatnonzero(per_group[group])
        dealt[group] = _part(per_group[group, own], lacking[:, own], lacking.sum(axis=1), bool(learned[own].all()))
        lacking[dealt[group], own] -= per_group[group, own]
        learned[own] |= dealt[group] == 0
    return dealt[number]


def _part(sizes: np.ndarray, lacking: np.ndarray, lacking_at_all: np.ndarray, learned: bool) -> int:
    """Of a group of `sizes` [k] pictures of k classes, of which each part lacks `lacking` [parts, k]."""
    if not learned:
        return 0
    fits = np.floor(np.minimum(sizes, lacking.clip(min=0)).sum(axis=1) + 1e-9)
    best = np.flatnonzero(fits == fits.max())
    return int(best[lacking_at_all[best].argmax()])


def named(part: np.ndarray) -> dict[str, int]:
    """Part → pictures."""
    return dict(zip(PARTS, np.bincount(part, minlength=len(PARTS)).tolist(), strict=True))
