"""Charts of colours: how two classes lie in a plane of two channels, on a circle of hues, and how trainings go."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from .. import checks
from ..data import ImageSet
from ..study import Summary
from .labels import Named, name_marks
from .static import BLACK, MARKERS, PALETTE, Drawing, drawing

CUT = 1.5  # nats: a loss above it is drawn there
CHANNELS = ("red", "green", "blue")
Course = Sequence[tuple[float, float]]
"""(validation accuracy 0–1, training loss in nats) after each epoch, as `clinic.Setup.course` gives it."""


def channel_plane(pictures: ImageSet, x: str = "blue", y: str = "green", *, most: int = 300) -> Drawing:
    """Every picture as a dot: the median of one channel against that of another, 0–255, a colour and a mark a class.

    The line through black is the one whose slope lies between the classes'.

    Args:
        pictures: RGB, of two classes, each with a picture or more: of one alone there is nothing to lie between.
        x, y: "red", "green" or "blue".
        most: pictures that are drawn, the first ones.
    """
    if len(pictures.classes) != 2 or not {x, y} <= set(CHANNELS):
        raise ValueError(
            f"channel_plane got {len(pictures.classes)} classes, x={x!r} and y={y!r}; it wants two classes and two of "
            f"{', '.join(CHANNELS)}."
        )
    if pictures.shape[0] != 3 or not all(pictures.counts.values()):
        raise ValueError(
            f"channel_plane got pictures of {pictures.shape[0]} channels, {pictures.counts}; it wants RGB, and a "
            "picture or more of each class."
        )
    middle = pictures.images.flatten(2).median(dim=2).values.double()
    across, up = middle[:, CHANNELS.index(x)], middle[:, CHANNELS.index(y)]
    slopes = [(up / across.clamp(min=1))[pictures.labels == label].median().item() for label in (0, 1)]
    shown = slice(None, most)
    with drawing(7, 4.2) as (f, ax):
        for label, name in enumerate(pictures.classes):
            mine = (pictures.labels == label)[shown]
            ax.scatter(
                across[shown][mine], up[shown][mine], s=18, color=PALETTE[label], marker=MARKERS[label], alpha=0.6,
                lw=0, label=name,
            )  # fmt: skip
        end = float(across.max()) * 1.05
        ax.plot([0, end], [0, end * sum(slopes) / 2], color=BLACK, lw=1, ls="--", label="a line through black")
        ax.set(xlabel=f"{x}, median of the picture (0–255)", ylabel=f"{y}, median (0–255)")
        ax.set(xlim=(0, end), ylim=(0, float(up.max()) * 1.1))
        ax.legend(frameon=False)
        n = len(across[shown])
        told = ", ".join(f"of {name} {slope:.2f}" for name, slope in zip(pictures.classes, slopes, strict=True))
        base = f"{pictures.source}, the first {n:,} of n = {len(pictures):,}"
        ax.set_title(f"{y} divided by {x}: {told} (median)\n{base}", fontsize=10)
    alt = (
        f"A dot a picture. Of {pictures.classes[0]}, {y} is {slopes[0]:.2f} times {x}, of {pictures.classes[1]} "
        f"{slopes[1]:.2f} times: two rays from black, with a dashed line between them."
    )
    return Drawing(f, f"Median {y} against median {x} of every picture: two rays from black.", alt)


def courses(histories: Mapping[str, Course], *, base: str) -> Drawing:
    """How trainings on two classes went, side by side: loss, with ln 2 marked, and validation accuracy.

    Args:
        histories: name → its course.
        base: what the numbers rest on, for the title: "n = 400, generated, seed 0".
    """
    with drawing(9, 3.4, ncols=2) as (f, (loss, accuracy)):
        for at, ((name, course), colour) in enumerate(zip(histories.items(), PALETTE, strict=False)):
            epochs = range(1, len(course) + 1)
            # Thick below thin: curves that lie on each other are all seen.
            style = {"color": colour, "marker": MARKERS[at], "ms": 8 - at, "lw": max(8 - 1.6 * at, 1), "alpha": 0.85}
            loss.plot(epochs, [min(value, CUT) for _, value in course], label=name, **style)
            accuracy.plot(epochs, [100 * value for value, _ in course], **style)
        loss.axhline(math.log(2), color=BLACK, ls="--", lw=1)
        words = {"textcoords": "offset points", "ha": "right", "va": "top", "fontsize": 8}
        loss.annotate("ln 2: knows nothing", (max(map(len, histories.values())), math.log(2)), (0, -5), **words)
        loss.set(xlabel="epoch", ylabel="training loss (nats)", ylim=(-0.05, 1.07 * CUT))
        loss.set_yticks([0, 0.5, 1, CUT], ["0", "0.5", "1", f"{CUT:g}+"])
        accuracy.set(xlabel="epoch", ylabel="validation accuracy (%)", ylim=(30, 103))
        f.suptitle(f"Which of them learn? {base}", fontsize=10)
        f.legend(*loss.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    told = "; ".join(f"{n}: loss {c[-1][1]:.2f}, {c[-1][0]:.0%} right at the end" for n, c in histories.items())
    return Drawing(
        f, f"Training loss and validation accuracy, epoch by epoch: {'; '.join(histories)}.", f"{told}. {base}."
    )


def margin_against_epochs(margins: Mapping[str, float], epochs: Mapping[str, Summary], *, never: float) -> Drawing:
    """How far apart two classes lie in a network's inputs, against the epochs that it needs to tell them apart.

    Args:
        margins: input → distance, in units of the inputs. Names that end in ", the set" get a mark of their own.
        epochs: input → epochs over seeds; `never` stands for those that did not get there.
    """
    kinds = {"divided to 0–1": lambda name: not name.endswith(", the set"), "normalised": lambda name: True}
    left = dict(margins)
    with drawing(9, 4.8) as (f, ax):
        for (kind, of_kind), colour, marker in zip(kinds.items(), PALETTE, MARKERS, strict=False):
            mine = {name: left.pop(name) for name in list(left) if of_kind(name)}
            found = [epochs[name] for name in mine]
            reach = [[s.mean - s.low for s in found], [s.high - s.mean for s in found]]
            style = {"color": colour, "fmt": marker, "capsize": 3, "ms": 7, "label": kind}
            ax.errorbar(list(mine.values()), [s.mean for s in found], reach, **style)
            _above({name: x for name, x in mine.items() if epochs[name].low >= never}, never, ax)
        ax.axhline(never, color=BLACK, ls="--", lw=1)
        ax.set(xscale="log", yscale="log", ylim=(0.7, 2.4 * never))
        ax.set_yticks([1, 2, 5, 10, never], ["1", "2", "5", "10", f"over {never - 1:g}"])
        ax.minorticks_off()
        ax.margins(x=0.12)
        ax.set(
            xlabel="distance of the classes in what the network gets (both axes logarithmic)",
            ylabel="epochs until 95 % are right",
        )
        ax.legend(frameon=False, loc="lower left")
        one = next(iter(epochs.values()))
        base = f"epochs: mean and range over {one.seeds} seeds; distance: seed 0; n = {one.n:,} each, generated"
        ax.set_title(f"Are classes that lie farther apart learned sooner?\n{base}", fontsize=10)
        reached = {name: s for name in margins if (s := epochs[name]).low < never}
        marks = [Named(_short(name), margins[name], s.mean, s.low, s.high) for name, s in reached.items()]
        name_marks(ax, marks, fontsize=8.5)
    told = "; ".join(f"{name}: {x:.3f}, {epochs[name].mean:.1f} epochs" for name, x in margins.items())
    return Drawing(f, "Distance of the classes in the inputs against the epochs to 95 %, one mark an input.", told)


def _above(mine: Mapping[str, float], height: float, ax: Axes) -> None:
    """Names of marks that crowd at the top, aslant above them; those at one place share one."""
    crowds: list[list[str]] = []
    for name in sorted(mine, key=lambda name: mine[name]):
        if crowds and mine[name] < 1.12 * mine[crowds[-1][0]]:
            crowds[-1].append(name)
        else:
            crowds.append([name])
    for names in crowds:
        style: dict[str, Any] = {
            "textcoords": "offset points",
            "xytext": (0, 8),
            "ha": "left",
            "rotation": 50,
            "fontsize": 8.5,
        }
        ax.annotate(", ".join(map(_short, names)), (mine[names[0]], height), rotation_mode="anchor", **style)


def _short(name: str) -> str:
    """An input's name, without how it was scaled."""
    return name.rpartition(", ")[0].replace(", sine and cosine", ", sin, cos")


def hue_circle(hues: Mapping[str, Tensor]) -> Drawing:
    """Hues on a line of 0–360°, and the same on a circle: what lies at both ends of the line is one place.

    Args:
        hues: class → float [n], degrees; n ≥ 1.
    """
    hues = {name: torch.from_numpy(checks.array(values, "hue_circle", "hues")) for name, values in hues.items()}
    with drawing(9, 2.9, ncols=2, width_ratios=[2, 1]) as (f, (line, circle)):
        for height, ((name, values), colour, marker) in enumerate(zip(hues.items(), PALETTE, MARKERS, strict=False)):
            style = {"s": 16, "color": colour, "marker": marker, "alpha": 0.5, "lw": 0}
            line.scatter(values % 360, [height] * len(values), label=name, **style)
            line.axvline(float((values % 360).mean()), color=colour, ls=":", lw=1.5)
            angle = values.deg2rad()
            circle.scatter(angle.cos(), angle.sin(), **style)
            circle.annotate(name, (float(angle.cos().mean()), float(angle.sin().mean())), (-18, 0),
                            textcoords="offset points", fontsize=10)  # fmt: skip
        line.set(xlim=(-5, 365), ylim=(-0.6, len(hues) - 0.4), xlabel="hue (degrees); dotted: the mean of the numbers")
        line.set_yticks(range(len(hues)), list(hues))
        turn = np.linspace(0, 2 * np.pi, 200)
        circle.plot(np.cos(turn), np.sin(turn), color="0.8", lw=1, zorder=0)
        circle.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xlabel="cosine of the hue", ylabel="sine")
        means = "; ".join(f"{name}: the numbers' mean is {float((v % 360).mean()):.0f}°" for name, v in hues.items())
        base = f"n = {', '.join(f'{len(v):,}' for v in hues.values())} pictures, generated"
        f.suptitle(f"{means}\n{base}", fontsize=10)
    return Drawing(f, "Hues on a line and on a circle.", f"On the line a class near 0° lies at both ends. {means}.")
