"""What the open-set lab shows of a score, counted over all pictures at each of the slider's places."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from ... import checks, openset
from ...openset.metrics import Scores
from ..words import fixed

BARS = 30
Places = np.ndarray | Sequence[int]  # positions of pictures
_POINTS = 200  # of a drawn curve: in a chart of 200 pixels nobody sees that there are no more


@dataclass(frozen=True)
class Measured:
    """One score, at each of the slider's 101 places: all that is counted is counted here, over all pictures.

    Attributes:
        thresholds: [101] the lowest score that keeps at least that share of the known; none for the first.
        lines: [101] where to draw them: between the last score that is kept and the first that is not.
        kept, right, let_in: [101] known kept, known kept and answered right (or none), unknown let in: pictures.
        auroc, fpr95, oscr, accuracy: 0–1; the last two None without answers.
        fpr95_at: (x, y) on the ROC curve.
        start, stop: ends of the histogram's axis; `beyond`: its outer bars hold more than they cover.
        ticks: (place, text); `digits` of a threshold.
        bars_known, bars_unknown: [BARS] pictures.
        roc, oscr_curve: [up to 200] (x, y).
        enters: for each picture shown, the slider's first place that keeps it; 101 if none does.
    """

    name: str
    thresholds: list[float | None]
    lines: list[float]
    kept: list[int]
    right: list[int]
    let_in: list[int]
    auroc: float
    fpr95: float
    fpr95_at: list[float]
    oscr: float | None
    accuracy: float | None
    start: float
    stop: float
    beyond: bool
    ticks: list[list]
    digits: int
    bars_known: list[int]
    bars_unknown: list[int]
    roc: list
    oscr_curve: list
    enters: list[int]

    @classmethod
    def of(
        cls, name: str, known: np.ndarray, unknown: np.ndarray, correct: Scores | None, shown: Sequence[Places]
    ) -> Measured:
        """Count everything of one score; `shown`: the positions of the known and unknown pictures that are shown."""
        start, stop, beyond = _ends(np.concatenate([known, unknown]))
        thresholds = _thresholds(known)
        roc = openset.roc(known, unknown)
        at = np.flatnonzero(roc.y >= 0.95)[-1]
        bars = [np.histogram(group.clip(start, stop), BARS, (start, stop))[0].tolist() for group in (known, unknown)]
        ticks, digits = _ticks(start, stop)
        scores = np.concatenate([known[shown[0]], unknown[shown[1]]])
        return cls(
            name=name,
            thresholds=[None, *thresholds.tolist()],
            lines=[start, *_between(thresholds, np.concatenate([known, unknown]), stop)],
            kept=_kept(known, thresholds),
            let_in=_kept(unknown, thresholds),
            auroc=openset.auroc(known, unknown),
            fpr95=openset.fpr_at_tpr(known, unknown),
            fpr95_at=[float(roc.x[at]), float(roc.y[at])],
            start=start,
            stop=stop,
            beyond=beyond,
            ticks=ticks,
            digits=digits + 2,
            bars_known=bars[0],
            bars_unknown=bars[1],
            roc=_thin(roc),
            enters=(np.searchsorted(thresholds, scores) + 1).tolist(),
            **_with_answers(known, correct, unknown, thresholds),
        )


def _thresholds(known: np.ndarray) -> np.ndarray:
    """float64 [100]: the lowest score that keeps at least 1, 2, … 100 % of the known."""
    at_least = -(-np.arange(1, 101) * len(known) // 100)  # in whole numbers: 95 % of 20 are 19, and not 20
    return np.sort(known)[at_least - 1]


def _between(thresholds: np.ndarray, scores: np.ndarray, stop: float) -> list[float]:
    """Half way from each threshold to the next score; `stop` where there is none, because then all are kept."""
    scores = np.unique(scores)
    place = np.searchsorted(scores, thresholds, side="right")
    middle = (thresholds + scores[np.minimum(place, len(scores) - 1)]) / 2
    return np.where(place < len(scores), middle, stop).tolist()


def _kept(scores: np.ndarray, thresholds: np.ndarray) -> list[int]:
    """How many are kept at each place of the slider; at the first, none."""
    return [0, *np.searchsorted(np.sort(scores), thresholds, side="right").tolist()]


def _with_answers(known: np.ndarray, correct: Scores | None, unknown: np.ndarray, thresholds: np.ndarray) -> dict:
    if correct is None:
        return {"right": [], "oscr": None, "accuracy": None, "oscr_curve": []}
    curve = openset.oscr_curve(known, correct, unknown)
    right = checks.right_or_wrong(correct, "open_set_lab", n=len(known))
    return {
        "right": _kept(known[right], thresholds),
        "oscr": openset.oscr(known, correct, unknown),
        "accuracy": float(right.mean()),
        "oscr_curve": _thin(curve),
    }


def _thin(curve: openset.Curve) -> list[list[float]]:
    """At most `_POINTS` points (x, y) of a curve, evenly along its way."""
    way = np.concatenate([[0], np.cumsum(abs(np.diff(curve.x)) + abs(np.diff(curve.y)))])
    places = np.unique(np.searchsorted(way, np.linspace(0, way[-1], _POINTS)))
    places = np.unique([0, *places, len(way) - 1])
    return np.stack([curve.x, curve.y], axis=1)[places].round(4).tolist()


def _ends(scores: np.ndarray) -> tuple[float, float, bool]:
    """Ends of an axis for `scores`, and whether some lie beyond: a few far away would squeeze all others into a bar."""
    start, stop = float(scores.min()), float(scores.max())
    low, high = np.quantile(scores, [0.005, 0.995]).tolist()
    if high > low and stop - start > 4 * (high - low):
        margin = 0.1 * (high - low)
        return max(start, low - margin), min(stop, high + margin), True
    if stop - start <= 1e-9 * max(abs(start), abs(stop)):
        half = 0.5 * max(1, abs(start))
        return start - half, stop + half, False
    return start, stop, False


def _ticks(start: float, stop: float) -> tuple[list, int]:
    """[(place, text)] between the ends, and how many decimals they have."""
    places = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(start, stop)
    digits = min(12, max(0, -math.floor(math.log10(places[1] - places[0]) + 1e-9)))
    inside = [float(place) for place in places if start <= place <= stop]
    return [[place, fixed(place, digits)] for place in inside], digits
