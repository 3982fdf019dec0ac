"""Where to say "none of my classes": known and unknown pictures by their score, and a threshold to move."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from ... import openset
from ...data import Source
from ...openset.metrics import Scores
from ...pixels import block_means
from ..live import Control, LiveFigure, module
from ..static import BLUE, SOURCE_NOTES, VERMILION, check_source
from ..words import fixed, grouped, literal, percent
from .open_set_counts import BARS, Measured, Places

MOST_SCORES = 8
PICTURES = 12  # of each group
THUMBNAIL = 40  # pixels a side, at most; smaller than 16 nobody recognises


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
    check_source("open_set_lab", source)
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
        note=SOURCE_NOTES[source],
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
    scores: traitlets.List[dict] = traitlets.List().tag(sync=True)
    n_known = traitlets.Int().tag(sync=True)
    n_unknown = traitlets.Int().tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)
    side = traitlets.Int().tag(sync=True)
    shown = traitlets.List(traitlets.Int()).tag(sync=True)
    answers = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    @traitlets.validate("keep")
    def _a_share(self, proposal: traitlets.Bunch) -> int:
        if not 0 <= proposal.value <= 100:
            raise ValueError(f"keep got {proposal.value}; it wants 0 to 100 percent of the known.")
        return proposal.value

    @traitlets.validate("choice")
    def _one_of_the_scores(self, proposal: traitlets.Bunch) -> int:
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
        threshold = self.now.thresholds[self.keep]
        return -math.inf if threshold is None else threshold

    @property
    def kept(self) -> int:
        """Known pictures that are kept."""
        return self.now.kept[self.keep]

    @property
    def let_in(self) -> int:
        """Unknown pictures that are kept all the same."""
        return self.now.let_in[self.keep]

    def controls(self) -> tuple[Control, ...]:
        """The share of the known to keep, and which score, where there are several."""
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
        """Alt text: the threshold, the four counts, FPR@95TPR, OSCR where there is one, and every score's AUROC."""
        now, (known, unknown) = self.now, self._counts()
        oscr = ""
        if now.oscr is not None and now.accuracy is not None:
            oscr = f" OSCR {area(now.oscr)}, accuracy on the known {percent(now.accuracy)}."
        generated = f" ({self.note})" if self.note else ""
        others = "; ".join(f"{score['name']} {area(score['auroc'])}" for score in self.scores)
        return (
            f"Histograms of the unknown score {now.name}, known above, unknown below{generated}, and a threshold at "
            f"{fixed(self.threshold, now.digits)}. {'; '.join((*known, *unknown))}. {self._fpr95()}{oscr} "
            f"AUROC of each score: {others}."
        )

    def summary(self) -> str:
        """What there is to see, without a measured number."""
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
        """Histogram, ROC and OSCR curve above; below, bars of what is kept, with the pictures where there are some."""
        now, side = self.now, self.side
        kept, let_in = self.kept / self.n_known, self.let_in / self.n_unknown
        figure.set_size_inches(9.6, 6.5 if side else 4.3)
        figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.05, rect=(0.005, 0, 0.99, 1))
        figure.suptitle(literal(self.title()), fontweight="bold")
        top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[2.9, 3.1 if side else 0.9]).flat
        histogram, roc, *more = top.subplots(1, 2 if now.oscr is None else 3)
        self._draw_histogram(histogram)
        _draw_curve(roc, now.roc, (1 - kept, 1 - let_in), "known rejected (FPR)", "unknown rejected (TPR)")
        roc.set_title(f"ROC: AUROC {area(now.auroc)}", fontsize=11)
        roc.plot(*now.fpr95_at, "D", mfc="white", mec="black", ms=8, zorder=3)
        told = f"◇ FPR@95TPR {percent(now.fpr95)}\nunknown is the\npositive class"
        roc.text(0.98, 0.05, told, fontsize=9, ha="right")
        if now.oscr is not None and now.accuracy is not None:
            at = let_in, now.right[self.keep] / self.n_known
            _draw_curve(more[0], now.oscr_curve, at, "unknown let in", "known kept and right")
            more[0].set_title(f"OSCR {area(now.oscr)}, accuracy {percent(now.accuracy)}", fontsize=11)
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
            shape: dict[str, Any] = {"x": edges[:-1], "height": heights, "width": np.diff(edges), "align": "edge"}
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


def _draw_curve(axes: Axes, points: Sequence[Sequence[float]], at: tuple[float, float], across: str, up: str) -> None:
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


# --- pictures ---


def _spread(scores: np.ndarray) -> np.ndarray:
    """int64 [up to 12]: positions of pictures evenly spread over the order of their scores."""
    n = min(PICTURES, len(scores))
    return np.argsort(scores, kind="stable")[(2 * np.arange(n) + 1) * len(scores) // (2 * n)]


def _thumbnails(
    pictures: tuple[Tensor, Tensor] | None, sizes: Sequence[int], shown: Sequence[Places]
) -> tuple[int, bytes]:
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
    return small, block_means(chosen.cpu(), small).permute(0, 2, 3, 1).contiguous().numpy().tobytes()


def _check_pictures(pictures: Tensor, n: int, name: str) -> None:
    if not isinstance(pictures, Tensor) or pictures.dtype != torch.uint8:
        got = f"dtype {pictures.dtype}" if hasattr(pictures, "dtype") else type(pictures).__name__
        raise ValueError(f"open_set_lab got {name} pictures of {got}; it wants a uint8 tensor, 0–255.")
    shape = tuple(pictures.shape)
    if len(shape) != 4 or shape[0] != n or shape[1] != 3 or shape[2] != shape[3] or shape[3] == 0:
        raise ValueError(f"open_set_lab got {name} pictures of shape {shape} for {n} scores; it wants [{n}, 3, H, H].")


def _captions(
    answers: tuple[Sequence[str], Sequence[str]] | None, sizes: Sequence[int], shown: Sequence[Places]
) -> list[str]:
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
