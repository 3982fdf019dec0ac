"""Where to draw the line. Higher score = more unknown; a picture is kept if score ≤ threshold."""

from __future__ import annotations

import math

import numpy as np

from .. import checks
from .metrics import Scores, as_scores, roc


def without_unknowns(known: Scores, *, rejected: float = 0.05) -> float:
    """The threshold that rejects at most a share `rejected` of the known, whatever the score, with no unknown seen.

    The ⌈(n + 1)(1 − rejected)⌉-th lowest score: the split conformal quantile. Vovk, Gammerman, Shafer: Algorithmic
    Learning in a Random World, 2005; Angelopoulos, Bates: A Gentle Introduction to Conformal Prediction, 2021,
    theorem 1. A further known picture, drawn like these n, is rejected with probability at most `rejected`, and if no
    two scores are equal at least `rejected` − 1/(n + 1). That is over all draws of the n: with one draw, the share of
    further known pictures that is rejected varies around it, with standard deviation about √(0.05 · 0.95 / n).
    Of the unknown it promises nothing.

    Args:
        known: scores [N] of known pictures that neither the network nor the detector was fitted on.
        rejected: share, between 0 and 1.

    Raises:
        ValueError: too few scores: for 5 % it takes 19.

    >>> without_unknowns(range(99)), without_unknowns([1.0] * 40)
    (94.0, 1.0)
    """
    _check_share(rejected, "without_unknowns")
    known = as_scores(known, "known", "without_unknowns")
    rank = math.ceil((len(known) + 1) * (1 - rejected) - 1e-9)  # 1 − 0.05 is not quite 0.95
    if rank > len(known):
        raise ValueError(
            f"without_unknowns got {len(known)} known scores for rejected={rejected}; it wants "
            f"{fewest_known(rejected)} or more, or a larger share."
        )
    return float(np.partition(known, rank - 1)[rank - 1])


def fewest_known(rejected: float) -> int:
    """Known scores without which `without_unknowns` keeps no promise of `rejected`, a share between 0 and 1.

    >>> fewest_known(0.05), fewest_known(0.01)
    (19, 99)
    """
    _check_share(rejected, "fewest_known")
    return math.ceil(1 / rejected - 1 - 1e-9)


def _check_share(rejected: object, who: str) -> None:
    if not checks.is_number(rejected) or not 0 < rejected < 1:
        raise ValueError(f"{who} got rejected={rejected!r}; it wants a share between 0 and 1, such as 0.05.")


def with_few(known: Scores, unknown: Scores, *, by: str = "errors") -> float:
    """The threshold that parts some known from some unknown best.

    Every threshold between two neighbouring scores is as good as another on these pictures, so the middle is taken;
    of several such gaps that are equally good, the widest.

    Args:
        known: scores [N].
        unknown: scores [M].
        by: "errors": fewest known rejected + unknown kept, which depends on how many there are of each; "youden":
            largest share of the unknown rejected − share of the known rejected, which does not (Youden: Index for
            rating diagnostic tests, Cancer 1950).

    Returns:
        A number; inf if it is best to keep everything, −inf if to reject everything.

    >>> with_few([0, 1, 2, 9], [4, 5]), with_few([1, 1, 1], [1]), with_few([1], [1, 1, 1])
    (3.0, inf, -inf)
    """
    if not isinstance(by, str) or by not in ("errors", "youden"):
        raise ValueError(f'with_few got by={by!r}; it wants "errors" or "youden".')
    known, unknown = (as_scores(x, group, "with_few") for x, group in ((known, "known"), (unknown, "unknown")))
    curve = roc(known, unknown)
    n, m = (len(known), len(unknown)) if by == "errors" else (1.0, 1.0)
    loss = n * curve.x + m * (1 - curve.y)
    best = np.flatnonzero(loss <= loss.min() + 1e-12 * (n + m))  # shares are rounded; two errors differ by far more
    ends = np.append(curve.thresholds, np.inf)
    low, high = ends[best], ends[best + 1]
    inner = np.isfinite(low) & np.isfinite(high)
    if not inner.any():
        return float(np.inf if np.isfinite(low[-1]) else -np.inf)  # if both are as good: keep
    low, high = low[inner], high[inner]
    widest = np.argmax(high - low)
    middle = low[widest] + (high[widest] - low[widest]) / 2
    return float(middle if middle < high[widest] else low[widest])  # neighbours that have no number in between
