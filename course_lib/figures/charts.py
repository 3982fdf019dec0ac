"""Charts that more than one lesson draws. Every number shown comes with n, and with spread where there is one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from textwrap import fill

import numpy as np
import torch
from torch import Tensor

from ..data import ImageSet
from ..features import colour_statistics
from ..training import Run
from ..trials import Outcome, Summary
from .static import BLACK, BLUE, MARKERS, ORANGE, PALETTE, Drawing, drawing


def dots(groups: Mapping[str, Summary], *, title: str = "", metric: str = "test accuracy") -> Drawing:
    """One line a variant: the mean over seeds as a dot, lowest to highest as a bar, all in the summaries' unit."""
    rows, unit = list(groups.items())[::-1], next(iter(groups.values())).unit
    scale = 100 if unit == "%" else 1
    with drawing(8, 0.42 * len(rows) + 1.2) as (f, ax):
        for y, (_, s) in enumerate(rows):
            ax.plot([scale * s.low, scale * s.high], [y, y], color=BLUE, lw=6, alpha=0.35, solid_capstyle="round")
            ax.plot(scale * s.mean, y, "o", color=BLUE)
            ax.annotate(s.value, (scale * s.high, y), (8, 0), textcoords="offset points", va="center", fontsize=8)
        ax.set_yticks(range(len(rows)), [name for name, _ in rows])
        ax.set(title=title, ylim=(-0.6, len(rows) - 0.4))
        ax.set_xlabel(f"{metric} in {unit}: mean (dot) and range (bar) over {_base(groups.values())}", fontsize=9)
        ax.margins(x=0.16)
    return Drawing(f, f"{title or metric}. {_listed(groups)}")


def paired_dots(found: Outcome) -> Drawing:
    """A trial's outcome. Left: every run, a line joins those of a seed. Right: the differences, and the verdict.

    The shaded band holds the differences that do not matter; the bar is the interval of the mean.
    """
    unit, scale = ("%", 100) if found.experiment.unit == "%" else (found.experiment.unit, 1)
    with drawing(9, 2.6, ncols=2) as (f, (runs, differences)):
        for mine, other in found.pairs:
            runs.plot([scale * mine.value, scale * other.value], [1, 0], "o-", color=BLUE, lw=0.6, alpha=0.7)
        runs.set_yticks([1, 0], [fill(variant.name, 24) for variant in found.trial.variants])
        runs.set(ylim=(-0.4, 1.4), xlabel=f"{found.experiment.metric} ({unit})")
        runs.set_title(f"{found.base}{', a small rerun' if found.small else ''}", fontsize=9)
        _difference(differences, found, scale)
        differences.set_xlabel(f"difference ({'points' if unit == '%' else unit}); shaded: does not matter", fontsize=9)
    alt = f"{found.finding}. Difference {found.effect}; {found.base}; on {found.hardware}."
    return Drawing(f, f"{found.trial.claim} Every run of both variants, and their differences seed by seed.", alt)


def _difference(ax, found: Outcome, scale: float) -> None:
    verdict, matters = found.verdict, scale * found.trial.smallest_effect
    ax.axvspan(-matters, matters, color="0.85")
    ax.axvline(0, color=BLACK, lw=1, ls="--")
    ax.plot(scale * found.differences, np.zeros(verdict.n), "o", color=BLUE, alpha=0.7)
    if verdict.n:
        ax.plot(scale * verdict.effect, 0.4, "D", color=ORANGE, mec=BLACK)
    if np.isfinite([verdict.low, verdict.high]).all():
        ax.plot([scale * verdict.low, scale * verdict.high], [0.4, 0.4], color=ORANGE, lw=4, alpha=0.6)
    ax.set_yticks([0.4, 0], ["mean, interval", "seeds"])
    ax.set(ylim=(-0.4, 0.8))
    ax.set_title(verdict.word, fontsize=10)


def lines(
    curves: Mapping[str, Mapping[float, Summary]],
    *,
    xlabel: str,
    ylabel: str = "test accuracy in %",
    title: str = "",
    band: bool = True,
) -> Drawing:
    """Mean over seeds against a number on a logarithmic axis; values in %. `band`: from lowest to highest, too; leave
    it out where curves lie close, or nobody sees which band is whose."""
    with drawing(8, 4) as (f, ax):
        for (name, points), colour, marker in zip(curves.items(), PALETTE, MARKERS, strict=False):
            x = sorted(points)
            low, high = [100 * points[v].low for v in x], [100 * points[v].high for v in x]
            ax.plot(x, [100 * points[v].mean for v in x], color=colour, marker=marker, label=name)
            if band:
                ax.fill_between(x, low, high, color=colour, alpha=0.2)
        every = [s for points in curves.values() for s in points.values()]
        ax.set(xlabel=xlabel, ylabel=ylabel, title=title, xscale="log")
        at = sorted({v for points in curves.values() for v in points})
        ax.set_xticks(at, [f"{v:g}" for v in at])
        ax.set_xticks([], minor=True)
        base = f"{'mean and range' if band else 'mean'} over {_base(every)}"
        ax.set_title(f"{title}\n{base}" if title else base, fontsize=10)
        ax.legend(frameon=False)
    told = "; ".join(f"{name}: {_listed(points)}" for name, points in curves.items())
    return Drawing(f, f"{title or ylabel}, against {xlabel}. {told}")


def cost_against_accuracy(rows: Sequence[tuple[str, float, Summary]], *, xlabel: str) -> Drawing:
    """Accuracy (mean and range over seeds, in %) against cost on a logarithmic axis: up and to the left is better."""
    with drawing(8, 4.6) as (f, ax):
        for i, (name, cost, s) in enumerate(rows):
            low, high = 100 * (s.mean - s.low), 100 * (s.high - s.mean)
            colour, marker = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
            ax.errorbar(cost, 100 * s.mean, [[low], [high]], fmt=marker, color=colour, capsize=3)
            ax.annotate(name, (cost, 100 * s.mean), (8, -3), textcoords="offset points", fontsize=8.5)
        ax.set(xscale="log", xlabel=xlabel, ylabel="accuracy of the probe in %")
        ax.set_title(f"Mean and range over {_base([s for _, _, s in rows])}", fontsize=10)
        ax.margins(x=0.25, y=0.12)
    told = "; ".join(f"{name}: {cost:.0f}, {s.mean:.1%}" for name, cost, s in rows)
    return Drawing(f, f"Accuracy of a probe against {xlabel}. {told}")


def _base(summaries: Iterable[Summary]) -> str:
    """What the numbers rest on: "3 to 5 seeds, n = 2,700 each"."""
    summaries = list(summaries)
    seeds, sizes = sorted({s.seeds for s in summaries}), sorted({s.n for s in summaries})
    several = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    counted = f", n = {' or '.join(f'{n:,}' for n in sizes)} each" if any(sizes) else ""  # 0: no share of pictures
    return f"{several} seeds{counted}"


def _listed(groups: Mapping[object, Summary]) -> str:
    return ", ".join(
        f"{name}: {s.mean:.1%}" if s.unit == "%" else f"{name}: {s.mean:.3g} {s.unit}" for name, s in groups.items()
    )


def class_colours(pictures: ImageSet) -> Drawing:
    """Mean brightness of each picture against the share of blue: a cloud a class, its middle marked and named."""
    mean, labels, classes = colour_statistics(pictures)[:, :3], pictures.labels, pictures.classes
    x, y = 100 * mean.mean(axis=1), 100 * mean[:, 2] / mean.sum(axis=1).clip(1e-6)
    with drawing(9, 5) as (f, ax):
        for label, name in enumerate(classes):
            mine = (labels == label).numpy()
            colour, marker = PALETTE[label % len(PALETTE)], MARKERS[label % len(MARKERS)]
            fill = colour if label < len(PALETTE) else "white"  # after seven colours, the same ones hollow
            ax.scatter(x[mine][:150], y[mine][:150], s=5, color=colour, alpha=0.25, lw=0)
            middle = np.median(x[mine]), np.median(y[mine])
            ax.plot(
                *middle, marker, ms=10, color=fill, mec=BLACK if fill != "white" else colour, mew=2, ls="", label=name
            )
        ax.legend(loc="upper right", frameon=False)
        ax.set(
            xlabel="mean brightness of the picture (0 black, 100 white)", ylabel="share of blue in the mean colour (%)"
        )
        facts = f"{pictures.name}, {pictures.source}, n = {len(labels):,}"
        ax.set_title(f"{facts}. Large marks: the middle of a class; dots: 150 pictures of each", fontsize=10)
    return Drawing(
        f, "Brightness against share of blue, a cloud a class: the clouds overlap, but their middles differ."
    )


def accuracy_against_confidence(
    probabilities: Tensor, labels: Tensor, *, source: str = "real", bins: int = 10
) -> Drawing:
    """Left: accuracy in bins of the maximum probability. Right: accuracy of those that are kept at each threshold."""
    confidence, answer = probabilities.max(dim=1)
    right = (answer == labels).double()
    with drawing(9, 3.8, ncols=2) as (f, (left, right_ax)):
        _reliability(left, confidence, right, bins)
        order = confidence.argsort(descending=True)
        kept = torch.arange(1, len(order) + 1) / len(order)
        accuracy = right[order].cumsum(0) / torch.arange(1, len(order) + 1)
        right_ax.plot(100 * kept[20:], 100 * accuracy[20:], color=BLUE)
        right_ax.set(xlabel="pictures kept, the surest first (%)", ylabel="accuracy on those kept (%)")
        right_ax.set_title(f"What sending the unsure to a person buys (n = {len(labels):,}, {source})", fontsize=10)
    return Drawing(
        f, "Left: accuracy in bins of the maximum probability. Right: accuracy of the surest pictures, by share kept."
    )


def _reliability(ax, confidence: Tensor, right: Tensor, bins: int) -> None:
    for low, high in pairwise(torch.linspace(0, 1, bins + 1).tolist()):
        mine = (confidence > low) & (confidence <= high)
        if (n := int(mine.sum())) >= 5:  # of fewer, the share is noise
            middle = 50 * (low + high)
            ax.bar(middle, 100 * float(right[mine].mean()), width=90 / bins, color=ORANGE, ec=BLACK, lw=0.5)
            ax.text(middle, 2, n, ha="center", fontsize=7)
    ax.plot([0, 100], [0, 100], color=BLACK, ls="--", lw=1)
    ax.set(xlabel="maximum probability (%)", ylabel="right (%)", xlim=(0, 100), ylim=(0, 103))
    ax.set_title("Bars on the line: as sure as it is right (counts inside)", fontsize=10)


def history(run: Run) -> Drawing:
    """Loss and accuracy of a `training.Run`, epoch by epoch."""
    epochs = range(1, len(run.history) + 1)
    with drawing(9, 3.2, ncols=2) as (f, (loss, accuracy)):
        for ax, name, unit in ((loss, "loss", 1), (accuracy, "accuracy", 100)):
            for part, colour, marker in (("train", ORANGE, "s"), ("val", BLUE, "o")):
                values = [unit * getattr(epoch, f"{part}_{name}") for epoch in run.history]
                ax.plot(
                    epochs, values, color=colour, marker=marker, label={"train": "training", "val": "validation"}[part]
                )
            ax.set(xlabel="epoch", ylabel=f"{name} ({'%' if unit == 100 else 'nats'})")
        loss.legend(frameon=False)
        accuracy.set_title(f"n = {run.n_train:,} and {run.n_val:,}, {run.source}, seed {run.settings.seed}", fontsize=9)
    return Drawing(f, "Loss and accuracy for training and validation, epoch by epoch.")
