"""Charts that more than one lesson draws. Every number shown comes with n, and with spread where there is one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter
from torch import Tensor

from .. import checks
from ..data import ImageSet
from ..features import colour_statistics
from ..metrics import wilson_interval
from ..study import Summary
from ..training import Run
from .cells import frames
from .labels import Named, name_marks
from .rows import listed, rests_on
from .static import BLACK, BLUE, CATEGORIES, MARKERS, ORANGE, PALETTE, Drawing, drawing
from .words import grouped, literal


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
        base = f"{'mean and range' if band else 'mean'} over {rests_on(every)}"
        ax.set_title(f"{title}\n{base}" if title else base, fontsize=10)
        ax.legend(frameon=False)
    told = "; ".join(f"{name}: {listed(points)}" for name, points in curves.items())
    return Drawing(f, f"{title or ylabel}, against {xlabel}. {told}")


def cost_against_accuracy(rows: Sequence[tuple[str, float, Summary]], *, xlabel: str) -> Drawing:
    """Accuracy (mean and range over seeds, in %) against cost on a logarithmic axis: up and to the left is better."""
    with drawing(8, 4.6) as (f, ax):
        for i, (_, cost, s) in enumerate(rows):
            low, high = 100 * (s.mean - s.low), 100 * (s.high - s.mean)
            colour, marker = PALETTE[i % len(PALETTE)], MARKERS[i % len(MARKERS)]
            ax.errorbar(cost, 100 * s.mean, [[low], [high]], fmt=marker, color=colour, capsize=3)
        ax.set(xscale="log", xlabel=xlabel, ylabel="accuracy of the probe in %")
        ax.set_title(f"Mean and range over {rests_on([s for _, _, s in rows])}", fontsize=10)
        ax.margins(x=0.25, y=0.12)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(NullFormatter())
        marks = [Named(name, cost, 100 * s.mean, 100 * s.low, 100 * s.high) for name, cost, s in rows]
        name_marks(ax, marks, fontsize=8.5)
    told = "; ".join(f"{name}: {cost:.3g}, {s.mean:.1%}" for name, cost, s in rows)
    return Drawing(f, f"Accuracy of a probe against {xlabel}. {told}")


def class_colours(pictures: ImageSet) -> Drawing:
    """Mean brightness of each picture against the share of blue: a panel a class, over the grey cloud of all.

    The large mark is the middle of the class; a class without pictures says so.
    ValueError where no class has any, or they are not RGB.
    """
    if len(pictures) == 0:
        raise ValueError("class_colours got no pictures; it wants one or more, of red, green and blue.")
    mean, labels = colour_statistics(pictures)[:, :3], np.asarray(pictures.labels)
    x, y = 100 * mean.mean(axis=1), 100 * mean[:, 2] / mean.sum(axis=1).clip(1e-6)
    few = np.concatenate([np.flatnonzero(labels == label)[:150] for label in range(len(pictures.classes))])
    with frames(len(pictures.classes), 5, width=1.95, height=1.9, head=0.9) as (f, axes):
        for label, (ax, name) in enumerate(zip(axes, pictures.classes, strict=True)):
            ax.scatter(x[few], y[few], s=3, color="0.85", lw=0)
            _cloud(ax, x[labels == label], y[labels == label], CATEGORIES[label % len(CATEGORIES)])
            ax.set(xlim=_around(x[few]), ylim=_around(y[few]))
            ax.set_title(literal(name), fontsize=9)
            ax.tick_params(labelsize=8)
        facts = f"{pictures.name}, {pictures.source}, n = {len(labels):,}"
        f.suptitle(f"{literal(facts)}. Grey: 150 pictures of each class; ring: the middle of the class", fontsize=10)
        f.supxlabel("mean brightness of the picture (0 black, 100 white)", fontsize=9)
        f.supylabel("share of blue in the mean colour (%)", fontsize=9)
    return Drawing(
        f, "Brightness against share of blue, a cloud a class: the clouds overlap, but their middles differ."
    )


def _cloud(ax: Axes, x: np.ndarray, y: np.ndarray, colour: str) -> None:
    """Up to 150 pictures of a class, and where the middle of all of them is."""
    if not len(x):
        ax.text(0.5, 0.5, "no pictures", transform=ax.transAxes, ha="center", va="center", fontsize=9)
        return
    ax.scatter(x[:150], y[:150], s=7, color=colour, lw=0)
    ax.plot(np.median(x), np.median(y), "o", ms=9, color=colour, mec=BLACK, mew=2)


def _around(values: np.ndarray) -> tuple[float, float]:
    """The range of `values`, and a little room."""
    room = 0.06 * np.ptp(values) or 1.0
    return float(values.min() - room), float(values.max() + room)


def accuracy_against_confidence(
    probabilities: Tensor, labels: Tensor, *, source: str = "real", bins: int = 10
) -> Drawing:
    """Left: accuracy in bins of the maximum probability. Right: accuracy of those that are kept at each threshold."""
    probabilities, labels = checks.scored(probabilities, labels, "accuracy_against_confidence", probable=True)
    confidence, answer = probabilities.max(dim=1)
    right = (answer == labels).double()
    with drawing(9, 4, ncols=2) as (f, (left, right_ax)):
        _reliability(left, confidence, right, bins)
        f.supxlabel("left: blue lines, 95 % intervals (Wilson); bins of fewer than 5 pictures are left out", fontsize=8)
        order = confidence.argsort(descending=True)
        kept = torch.arange(1, len(order) + 1) / len(order)
        accuracy = right[order].cumsum(0) / torch.arange(1, len(order) + 1)
        right_ax.plot(100 * kept[20:], 100 * accuracy[20:], color=BLUE)
        right_ax.set(xlabel="pictures kept, the surest first (%)", ylabel="accuracy on those kept (%)")
        right_ax.set_title(f"The unsure go to a person (n = {len(labels):,}, {source})", fontsize=9.5)
    return Drawing(
        f, "Left: accuracy in bins of the maximum probability. Right: accuracy of the surest pictures, by share kept."
    )


def _reliability(ax: Axes, confidence: Tensor, right: Tensor, bins: int) -> None:
    """A bar for each bin of five pictures or more, with Wilson's interval; below, how many pictures it has."""
    for low, high in pairwise(torch.linspace(0, 1, bins + 1).tolist()):
        mine = (confidence > low) & (confidence <= high)
        if (n := int(mine.sum())) >= 5:  # of fewer, the share is noise
            middle, share = 50 * (low + high), 100 * float(right[mine].mean())
            ax.bar(middle, share, width=90 / bins, color=ORANGE, ec=BLACK, lw=0.8)
            ends = [100 * float(end) for end in wilson_interval(int(right[mine].sum()), n)]
            ax.plot([middle, middle], ends, color=BLUE, lw=2)
            ax.text(middle, -3, grouped(n), ha="center", va="top", fontsize=7)
    ax.plot([0, 100], [0, 100], color=BLACK, ls="--", lw=1)
    ax.text(1, -3, "n =", ha="left", va="top", fontsize=7)
    ax.set(
        xlabel="maximum probability (%)", ylabel="right (%)", xlim=(0, 100), ylim=(-10, 103), yticks=range(0, 101, 20)
    )
    ax.set_title("Bars on the line: as sure as it is right", fontsize=9.5)


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
