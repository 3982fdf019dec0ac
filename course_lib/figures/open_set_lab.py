"""Where to say "none of my classes": known and unknown pictures by their score, and a threshold to move."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from .. import openset
from ..data import Source
from ..openset.metrics import Scores
from ..pixels import block_means
from .live import Control, LiveFigure, module
from .static import BLUE, VERMILION
from .words import fixed, grouped, literal, percent

BARS = 30
MOST_SCORES = 8
PICTURES = 12  # of each group
THUMBNAIL = 40  # pixels a side, at most; smaller than 16 nobody recognises
_POINTS = 200  # of a drawn curve: in a chart of 200 pixels nobody sees that there are no more
_NOTES = {"real": "", "stand-in": "generated stand-in", "generated": "generated"}


def open_set_lab(
    scores_known: Mapping[str, Scores] | Scores,
    scores_unknown: Mapping[str, Scores] | Scores,
    correct: Scores | None = None,
    *,
    pictures: tuple[Tensor, Tensor] | None = None,
    answers: tuple[Sequence[str], Sequence[str]] | None = None,
    keep: int = 95,
    source: Source = "real",
) -> OpenSetLab:
    """A slider for the share of known pictures to keep; how many unknown come in with them, by any of several scores.

    The slider is a share and no score, so that scores of different units can be compared at the same price.

    Args:
        scores_known: [N], higher = more unknown; or {name: scores [N]}, up to eight, the first shown first.
        scores_unknown: [M], or {name: scores [M]} with the same names.
        correct: bool [N], whether the known picture's class is answered right. With it there is an OSCR curve.
        pictures: uint8 [N, 3, H, H] and [M, 3, H, H], in the order of the scores. Up to twelve of each are shown,
            evenly spread over the first score.
        answers: N and M names: what the classifier says of each picture.
        keep: percent of the known, 0 to 100, where the slider stands at first.
        source: as in `ImageSet`; what is not real is called generated in the title.

    Raises:
        ValueError: anything else; it says what it got and what it wants.

    >>> open_set_lab({"energy": [-9, -8, -7, -3]}, {"energy": [-5, -1]}, keep=75).title()
    'energy: 75 % of known kept, 0 % of unknown let in; AUROC 0.88'
    """
    known, unknown = _named(scores_known, "known"), _named(scores_unknown, "unknown")
    _check_names(known, unknown)
    if source not in _NOTES:
        raise ValueError(f"open_set_lab got source={source!r}; it wants one of {', '.join(_NOTES)}.")
    sizes = len(next(iter(known.values()))), len(next(iter(unknown.values())))
    shown = [_spread(next(iter(group.values()))) for group in (known, unknown)]
    if answers is not None and pictures is None:
        raise ValueError(
            "open_set_lab got answers without pictures; they are shown below the pictures, so it wants both."
        )
    side, pixels = _thumbnails(pictures, sizes, shown)
    measured = [Measured.of(name, known[name], unknown[name], correct, shown if side else ([], [])) for name in known]
    return OpenSetLab(
        scores=[asdict(one) for one in measured],
        n_known=sizes[0],
        n_unknown=sizes[1],
        side=side,
        pixels=pixels,
        shown=[len(places) if side else 0 for places in shown],
        answers=_captions(answers, sizes, shown) if side else [],
        keep=keep,
        note=_NOTES[source],
    )


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
    ticks: list
    digits: int
    bars_known: list[int]
    bars_unknown: list[int]
    roc: list
    oscr_curve: list
    enters: list[int]

    @classmethod
    def of(cls, name: str, known: np.ndarray, unknown: np.ndarray, correct, shown) -> Measured:
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


class OpenSetLab(LiveFigure):
    """Made by `open_set_lab`, which checks what goes in.

    `choice` is the place of the score that is shown, `keep` the percent of the known that are kept at least.
    `scores` are those of `Measured`; `pixels` are RGB bytes of `shown[0]` known and `shown[1]` unknown pictures.
    """

    name = "open_set_lab"
    _esm = module(name)
    keep = traitlets.Int(95).tag(sync=True)
    choice = traitlets.Int(0).tag(sync=True)
    scores = traitlets.List().tag(sync=True)
    n_known = traitlets.Int().tag(sync=True)
    n_unknown = traitlets.Int().tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)
    side = traitlets.Int().tag(sync=True)
    shown = traitlets.List(traitlets.Int()).tag(sync=True)
    answers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    @traitlets.validate("keep")
    def _a_share(self, proposal):
        if not 0 <= proposal.value <= 100:
            raise ValueError(f"keep got {proposal.value}; it wants 0 to 100 percent of the known.")
        return proposal.value

    @traitlets.validate("choice")
    def _one_of_the_scores(self, proposal):
        if not 0 <= proposal.value < len(self.scores):
            raise ValueError(f"choice got {proposal.value}; it wants 0 to {len(self.scores) - 1}.")
        return proposal.value

    @property
    def now(self) -> Measured:
        """The score that is shown."""
        return Measured(**self.scores[self.choice])

    @property
    def threshold(self) -> float:
        """Scores above it are rejected."""
        return -math.inf if self.keep == 0 else self.now.thresholds[self.keep]

    @property
    def kept(self) -> int:
        """Known pictures that are kept."""
        return self.now.kept[self.keep]

    @property
    def let_in(self) -> int:
        """Unknown pictures that are kept all the same."""
        return self.now.let_in[self.keep]

    def controls(self) -> tuple[Control, ...]:
        looks = [{"layout": ipywidgets.Layout(width="100%", max_width="480px")} for _ in range(2)]
        shares = [(f"{share} %", share) for share in range(101)]
        slider = ipywidgets.SelectionSlider(options=shares, index=self.keep, description="Keep known", **looks[0])
        names = [(score["name"], place) for place, score in enumerate(self.scores)]
        dropdown = ipywidgets.Dropdown(options=names, index=self.choice, description="Score", **looks[1])
        keep, choice = Control(slider, "keep", reads="index"), Control(dropdown, "choice", reads="index")
        return (keep, choice) if len(names) > 1 else (keep,)

    def title(self) -> str:
        """The line above the figure: "energy: 95 % of known kept, 43 % of unknown let in; AUROC 0.87"."""
        shares = percent(self.kept / self.n_known), percent(self.let_in / self.n_unknown)
        note = f" ({self.note})" if self.note else ""
        told = f"{shares[0]} of known kept, {shares[1]} of unknown let in"
        return f"{self.now.name}: {told}; AUROC {area(self.now.auroc)}{note}"

    def describe(self) -> str:
        now, (known, unknown) = self.now, self._counts()
        oscr = "" if now.oscr is None else f" OSCR {area(now.oscr)}, accuracy on the known {percent(now.accuracy)}."
        generated = f" ({self.note})" if self.note else ""
        others = "; ".join(f"{score['name']} {area(score['auroc'])}" for score in self.scores)
        return (
            f"Histograms of the unknown score {now.name}, known above, unknown below{generated}, and a threshold at "
            f"{fixed(self.threshold, now.digits)}. {'; '.join((*known, *unknown))}. {self._fpr95()}{oscr} "
            f"AUROC of each score: {others}."
        )

    def summary(self) -> str:
        return "known and unknown pictures by their unknown score, a threshold to move, and what it costs."

    def _fpr95(self) -> str:
        return f"FPR@95TPR {percent(self.now.fpr95)}: unknown is the positive class."

    def _counts(self) -> list[list[str]]:
        """The four cells of the table, in words; the good ones have a tick."""
        told = []
        for n, kept, words in (
            (self.n_known, self.kept, ("✓ known kept", "✗ known rejected")),
            (self.n_unknown, self.let_in, ("✗ unknown let in", "✓ unknown rejected")),
        ):
            counts = kept, n - kept
            told.append(
                [f"{w}: {grouped(k)} of {grouped(n)}, {percent(k / n)}" for w, k in zip(words, counts, strict=True)]
            )
        return told

    def draw(self, figure: Figure) -> None:
        now, side = self.now, self.side
        kept, let_in = self.kept / self.n_known, self.let_in / self.n_unknown
        figure.set_size_inches(9.6, 6.5 if side else 4.3)
        figure.get_layout_engine().set(w_pad=0.08, h_pad=0.05, rect=(0.005, 0, 0.99, 1))
        figure.suptitle(literal(self.title()), fontweight="bold")
        top, bottom = figure.subfigures(2, 1, height_ratios=[2.9, 3.1 if side else 0.9])
        histogram, roc, *more = top.subplots(1, 2 if now.oscr is None else 3)
        self._draw_histogram(histogram)
        _draw_curve(roc, now.roc, (1 - kept, 1 - let_in), "known rejected (FPR)", "unknown rejected (TPR)")
        roc.set_title(f"ROC: AUROC {area(now.auroc)}", fontsize=11)
        roc.plot(*now.fpr95_at, "D", mfc="white", mec="black", ms=8, zorder=3)
        told = f"◇ FPR@95TPR {percent(now.fpr95)}\nunknown is the\npositive class"
        roc.text(0.98, 0.05, told, fontsize=9, ha="right")
        for axes in more:
            at = let_in, now.right[self.keep] / self.n_known
            _draw_curve(axes, now.oscr_curve, at, "unknown let in (FPR)", "known kept and right (CCR)")
            axes.set_title(f"OSCR {area(now.oscr)}, accuracy {percent(now.accuracy)}", fontsize=11)
        for group, axes in enumerate(bottom.subplots(2, 1)):
            self._draw_row(axes, group)

    def _draw_histogram(self, axes: Axes) -> None:
        now = self.now
        edges = np.linspace(now.start, now.stop, BARS + 1)
        groups = [(BLUE, 1, now.bars_known, self.n_known), (VERMILION, -1, now.bars_unknown, self.n_unknown)]
        highest = max(max(bars) / n for *_, bars, n in groups)
        line = min(max(now.lines[self.keep], now.start), now.stop)
        for colour, sign, bars, n in groups:
            heights = sign * np.array(bars) / n
            shape = {"x": edges[:-1], "height": heights, "width": np.diff(edges), "align": "edge"}
            axes.bar(**shape, fc="white", ec=colour, lw=0.8)
            low = Rectangle((now.start, -2), line - now.start, 4, transform=axes.transData)
            for bar in axes.bar(**shape, fc=colour, ec=colour, lw=0.8):
                bar.set_clip_path(low)
        axes.axvline(line, color="black", lw=2)
        axes.axhline(0, color="black", lw=1)
        axes.annotate("◀ kept ", (line, 1.13 * highest), ha="right", fontsize=9)
        axes.annotate(" rejected ▶", (line, 1.13 * highest), ha="left", fontsize=9)
        ticks = [
            tick for tick in MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(-highest, highest) if abs(tick) <= highest
        ]
        axes.set_yticks(ticks, [fixed(100 * abs(tick), 0 if highest > 0.05 else 1) for tick in ticks])
        axes.set(ylim=(-1.15 * highest, 1.3 * highest), ylabel="% of unknown      % of known")
        axes.set_title(f"Scores, threshold {fixed(self.threshold, now.digits)}", fontsize=11)
        axes.set_xticks(*zip(*now.ticks, strict=True))
        axes.set_xlabel("unknown score (higher = more unknown)" + ("\nouter bars: all beyond" if now.beyond else ""))
        axes.spines[["top", "right"]].set_visible(False)

    def _draw_row(self, axes: Axes, group: int) -> None:
        """A bar for the share of the group that is kept, and what it says; 12 wide, as the pictures below it."""
        share = (self.kept / self.n_known, self.let_in / self.n_unknown)[group]
        colour = (BLUE, VERMILION)[group]
        axes.barh(1.13, 12, 0.16, fc="white", ec=colour)
        axes.barh(1.13, 12 * share, 0.16, fc=colour, ec=colour)
        kept, rejected = self._counts()[group]
        axes.text(0, 1.32, kept, fontsize=10, fontweight="bold")
        axes.text(12, 1.32, rejected, fontsize=10, ha="right", fontweight="bold")
        if self.side:
            self._draw_pictures(axes, group)
        low = 1 if not self.side else -0.3 if self.answers else 0
        axes.set(xlim=(0, 12), ylim=(low, 1.65), aspect="equal" if self.side else "auto")
        axes.axis("off")

    def _draw_pictures(self, axes: Axes, group: int) -> None:
        """A group's pictures in the order of the score, the rejected crossed out."""
        enters = self.now.enters
        places = range(self.shown[0]) if group == 0 else range(self.shown[0], sum(self.shown))
        pixels = np.frombuffer(self.pixels, np.uint8).reshape(-1, self.side, self.side, 3)
        for k, place in enumerate(sorted(places, key=lambda place: enters[place])):
            x = 12 * (k + 0.5) / len(places)
            out = enters[place] > self.keep
            axes.imshow(pixels[place], extent=(x - 0.46, x + 0.46, 0, 0.92), alpha=0.4 if out else 1)
            if self.answers:
                axes.text(x, -0.06, _short(self.answers[place]), fontsize=8, ha="center", va="top")
            if out:
                axes.plot([x - 0.46, x + 0.46], [0.92, 0], color="black", lw=2)


def area(share: float) -> str:
    """With two decimals; only 1 is called 1.00, and only 0 is called 0.00.

    >>> area(0.874), area(0.9999), area(1.0)
    ('0.87', '>0.99', '1.00')
    """
    if 0 < share < 0.005:
        return "<0.01"
    return ">0.99" if 0.995 <= share < 1 else fixed(share, 2)


def _draw_curve(axes: Axes, points, at: tuple[float, float], across: str, up: str) -> None:
    axes.plot([0, 1], [0, points[-1][1] if points[0][1] == 0 else 1], ":", color="0.5")
    axes.plot(*zip(*points, strict=True), color="0.2")
    axes.plot(*at, "o", color=BLUE, mec="black", ms=9, zorder=4)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), xlabel=across, ylabel=up)
    axes.set_xticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.set_yticks([0, 0.5, 1], ["0 %", "50 %", "100 %"])
    axes.set_box_aspect(1)
    axes.spines[["top", "right"]].set_visible(False)


def _short(name: str) -> str:
    """For matplotlib, which would write over the neighbour."""
    return literal(name if len(name) <= 10 else f"{name[:9]}…")


# --- what is counted ---


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


def _with_answers(known: np.ndarray, correct, unknown: np.ndarray, thresholds: np.ndarray) -> dict:
    if correct is None:
        return {"right": [], "oscr": None, "accuracy": None, "oscr_curve": []}
    curve = openset.oscr_curve(known, correct, unknown)
    right = np.asarray(correct, dtype=bool)
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


# --- pictures ---


def _spread(scores: np.ndarray) -> np.ndarray:
    """int64 [up to 12]: positions of pictures evenly spread over the order of their scores."""
    n = min(PICTURES, len(scores))
    return np.argsort(scores, kind="stable")[(2 * np.arange(n) + 1) * len(scores) // (2 * n)]


def _thumbnails(pictures, sizes: Sequence[int], shown) -> tuple[int, bytes]:
    """(side, RGB bytes) of the pictures shown, known first; (0, b"") without pictures."""
    if pictures is None:
        return 0, b""
    if not isinstance(pictures, (tuple, list)) or len(pictures) != 2:
        raise ValueError(f"open_set_lab got pictures={type(pictures).__name__}; it wants a pair (known, unknown).")
    for group, n, name in zip(pictures, sizes, ("known", "unknown"), strict=True):
        _check_pictures(group, n, name)
    side = pictures[0].shape[-1]
    if pictures[1].shape[-1] != side:
        raise ValueError(
            f"open_set_lab got pictures {side} and {pictures[1].shape[-1]} pixels wide; it wants one size."
        )
    small = max(size for size in range(1, min(side, THUMBNAIL) + 1) if side % size == 0)
    if small < min(side, 16):
        raise ValueError(
            f"open_set_lab got pictures {side} pixels wide, of which no thumbnails can be made; resize to 64."
        )
    chosen = torch.cat([group[torch.as_tensor(places)] for group, places in zip(pictures, shown, strict=True)])
    return small, block_means(chosen, small).permute(0, 2, 3, 1).contiguous().numpy().tobytes()


def _check_pictures(pictures, n: int, name: str) -> None:
    if not isinstance(pictures, Tensor) or pictures.dtype != torch.uint8:
        got = f"dtype {pictures.dtype}" if hasattr(pictures, "dtype") else type(pictures).__name__
        raise ValueError(f"open_set_lab got {name} pictures of {got}; it wants a uint8 tensor, 0–255.")
    shape = tuple(pictures.shape)
    if len(shape) != 4 or shape[0] != n or shape[1] != 3 or shape[2] != shape[3] or shape[3] == 0:
        raise ValueError(f"open_set_lab got {name} pictures of shape {shape} for {n} scores; it wants [{n}, 3, H, H].")


def _captions(answers, sizes: Sequence[int], shown) -> list[str]:
    if answers is None:
        return []
    if len(answers) != 2 or tuple(map(len, answers)) != tuple(sizes):
        got = " and ".join(str(len(group)) for group in answers)
        raise ValueError(f"open_set_lab got {got} answers; it wants {sizes[0]} and {sizes[1]}, one for each score.")
    return [str(group[place]) for group, places in zip(answers, shown, strict=True) for place in places]


# --- scores ---


def _named(scores: Mapping[str, Scores] | Scores, group: str) -> dict[str, np.ndarray]:
    """{name: float64 [N]}, all of one length, checked by the metrics' own check."""
    given = scores if isinstance(scores, Mapping) else {"unknown score": scores}
    if not 1 <= len(given) <= MOST_SCORES:
        raise ValueError(f"open_set_lab got {len(given)} scores; it wants 1 to {MOST_SCORES}.")
    checked = {str(name): openset.metrics.as_scores(values, group) for name, values in given.items()}
    lengths = {name: len(values) for name, values in checked.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            f"open_set_lab got {group} scores of different lengths, {lengths}; it wants the same pictures."
        )
    return checked


def _check_names(known: Mapping, unknown: Mapping) -> None:
    if list(known) != list(unknown) and set(known) != set(unknown):
        raise ValueError(
            f"open_set_lab got scores {', '.join(known)} of the known and {', '.join(unknown)} of the unknown; "
            "it wants the same names."
        )
    if "" in known:
        raise ValueError("open_set_lab got a score without a name; it wants names to choose from.")
