"""Classes of unequal size: made on purpose, and the usual remedies. All by hand; rows are positions, int64 [M].

Labels are integers [N]; the classes are 0 to K − 1, and each of them needs at least one picture.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor, as_tensor

from .. import checks
from ..checks import Numbers


def induce(labels: Numbers, ratio: float, *, n: int, seed: int = 0) -> np.ndarray:
    """Rows of `n` pictures whose class sizes fall exponentially, the largest `ratio` times the smallest.

    The long tail of Cui et al.: Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, section 5.1, at a
    fixed total: with another `ratio` there are as many pictures, only dealt differently. Which class is large and which
    small is drawn by `seed`, or the ratio could not be told from the classes' own difficulty.

    No class goes empty: the smallest keeps one picture, whatever the ratio.

    Raises:
        ValueError: `ratio` below 1, `n` below the number of classes, or a class has fewer pictures than its place in
            the tail wants.

    >>> rows = induce([0] * 60 + [1] * 60 + [2] * 60, 4, n=70)
    >>> sorted(np.bincount(np.repeat([0, 1, 2], 60)[rows]).tolist())
    [10, 20, 40]
    """
    labels, counts = _counted(labels, "induce")
    if not checks.is_number(ratio) or not ratio >= 1:
        raise ValueError(f"induce got ratio={ratio!r}; it wants 1 or more, the largest class over the smallest.")
    rng, k = np.random.default_rng(seed), len(counts)
    if not checks.is_whole(n) or n < k:
        raise ValueError(f"induce got n={n!r} for {k} classes; it wants a whole number, one picture of each or more.")
    tail = float(ratio) ** (-np.arange(k) / max(k - 1, 1))
    wanted = np.empty(k, dtype=np.int64)
    wanted[rng.permutation(k)] = np.rint(n * tail / tail.sum()).clip(min=1).astype(np.int64)
    if (wanted > counts).any():
        raise ValueError(
            f"induce got n={n}, ratio={ratio} for classes of {counts.min()} to {counts.max()} pictures; the tail would "
            f"want {wanted.min()} to {wanted.max()} of a class. Take another n."
        )
    return _drawn(labels, wanted, rng)


def oversample(labels: Numbers, *, seed: int = 0) -> np.ndarray:
    """Rows in which every class is as large as the largest: its own pictures, and random ones of them again.

    >>> np.bincount(np.array([0, 0, 0, 1])[oversample([0, 0, 0, 1])]).tolist()
    [3, 3]
    """
    labels, counts = _counted(labels, "oversample")
    return _drawn(labels, np.full_like(counts, counts.max()), np.random.default_rng(seed))


def undersample(labels: Numbers, *, seed: int = 0) -> np.ndarray:
    """Rows in which every class is as small as the smallest: random pictures are left out."""
    labels, counts = _counted(labels, "undersample")
    return _drawn(labels, np.full_like(counts, counts.min()), np.random.default_rng(seed))


def resample(labels: Numbers, *, seed: int = 0) -> np.ndarray:
    """Both: every class gets the mean size, by leaving out or by repeating. About as many rows as labels."""
    labels, counts = _counted(labels, "resample")
    return _drawn(labels, np.full_like(counts, round(counts.mean())), np.random.default_rng(seed))


def class_weights(labels: Numbers, classes: int | None = None) -> np.ndarray:
    """float64 [K]: N / (K · pictures of the class): every class weighs the same, the mean over pictures is 1.

    Args:
        labels: integers [N].
        classes: K, where some may have no picture; those weigh as if they had one. None: all of them have.

    >>> class_weights([0, 0, 0, 1]).tolist()
    [0.6666666666666666, 2.0]
    """
    if classes is None:
        _, counts = _counted(labels, "class_weights")
    else:
        if not checks.is_whole(classes) or classes < 1:
            raise ValueError(f"class_weights got classes={classes!r}; it wants their number, 1 or more, or None.")
        found = checks.labels(labels, "class_weights", classes=int(classes)).numpy()
        counts = np.bincount(found, minlength=int(classes)).clip(min=1)
    return len(labels) / (len(counts) * counts)


def effective_weights(labels: Numbers, *, beta: float = 0.999) -> np.ndarray:
    """float64 [K]: weights by the effective number of pictures, (1 − βⁿ) / (1 − β). Cui et al., 2019, eq. 2 to 4.

    The n-th picture of a class adds βⁿ⁻¹, because it resembles earlier ones. β = 0 weighs all pictures alike, β → 1
    gives `class_weights`. Scaled so that the mean over pictures is 1, as there; the paper has the sum over classes K.
    """
    _, counts = _counted(labels, "effective_weights")
    if not checks.is_number(beta) or not 0 <= beta < 1:
        raise ValueError(f"effective_weights got beta={beta!r}; it wants 0 to below 1, such as 0.999.")
    weights = (1 - beta) / (1 - beta**counts)
    return weights * counts.sum() / (counts * weights).sum()


def adjusted(logits: Numbers, labels: Numbers, *, tau: float = 1.0) -> Tensor:
    """Logits [N, K] less τ · log of each class's share of the training labels. Menon et al.: Long-tail Learning via
    Logit Adjustment, ICLR 2021, eq. 9.

    Nothing is trained anew. With τ = 1, what was a posterior under the training shares is one under equal shares.
    Halves and integers come back as float64, in which their shares have all their digits.
    """
    _, counts = _counted(labels, "adjusted")
    if not checks.is_number(tau):
        raise ValueError(f"adjusted got tau={tau!r}; it wants a number: 1, or 0 for no change.")
    logits = checks.logits(logits, "adjusted", least=1, empty=True)
    if logits.shape[1] != len(counts):
        raise ValueError(
            f"adjusted got logits of shape {tuple(logits.shape)} and training labels of {len(counts)} classes; "
            f"it wants [N, {len(counts)}]. Take both of the same classes."
        )
    if not logits.is_floating_point() or logits.element_size() < 4:
        logits = logits.double()
    return logits - tau * as_tensor(np.log(counts / counts.sum()), dtype=logits.dtype, device=logits.device)


def _drawn(labels: np.ndarray, wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """`wanted[k]` rows of each class: a random choice of its rows; where there are too few, all and some again."""
    rows = []
    for k, size in enumerate(wanted):
        members = rng.permutation(np.flatnonzero(labels == k))
        again = rng.choice(members, size=max(0, size - len(members)))
        rows.append(np.concatenate([members[:size], again]))
    return np.sort(np.concatenate(rows))


def _counted(labels: Numbers, who: str) -> tuple[np.ndarray, np.ndarray]:
    """(labels int64 [N], pictures of each class int64 [K])."""
    found = checks.labels(labels, who).numpy()
    if found.max() >= len(found) + 1000:  # to count them all, or to list the empty ones, could take all memory
        raise ValueError(
            f"{who} got labels up to {found.max()} of {len(found)} pictures, and so no picture of most classes; it "
            "wants one or more of each. Number them anew."
        )
    counts = np.bincount(found)
    if (counts == 0).any():
        empty = np.flatnonzero(counts == 0).tolist()
        raise ValueError(
            f"{who} got no picture of the classes {empty}; it wants one or more of each. Number them anew."
        )
    return found, counts
