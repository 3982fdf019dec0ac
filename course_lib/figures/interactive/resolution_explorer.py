"""How many pixels does a classifier need? One picture at falling resolution, and the answer at each."""

from __future__ import annotations

from collections.abc import Sequence

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ... import checks
from ...data import Source
from ...pixels import block_means
from ..live import Control, LiveFigure, module, rounding
from ..static import BLUE, SOURCE_NOTES, check_source
from ..words import literal, percent

SIZES = (64, 32, 16, 8, 4, 2, 1)
CLASSES = (2, 20)  # fewer have no contest, more have no room
# Okabe and Ito's blue beside a grey: apart in lightness too, and the first is bold and has a mark as well.
_FIRST, _OTHER = BLUE, "#b4b4b4"


def resolution_explorer(
    picture: Tensor,
    probabilities: Tensor | np.ndarray,
    classes: Sequence[str],
    *,
    sizes: Sequence[int] = SIZES,
    truth: str | None = None,
    source: Source = "real",
) -> ResolutionExplorer:
    """A slider from fine to coarse: the picture in that many blocks, and what a classifier says of it.

    Args:
        picture: uint8 [3, H, H], RGB.
        probabilities: float [len(sizes), K], 0–1, each row sums to 1: the answer at each size.
        classes: K names, 2 to 20.
        sizes: blocks a side, each a divisor of H, in the order of the slider.
        truth: the picture's own class, to be marked.
        source: as in `ImageSet`; what is not real is called generated in the title.

    Raises:
        ValueError: anything else; it says what it got and what it wants.

    >>> figure = resolution_explorer(torch.zeros(3, 2, 2, dtype=torch.uint8), [[.9, .1], [.2, .8]], ["dark", "light"],
    ...                              sizes=(2, 1))
    >>> figure.title()
    '2×2 pixels: dark, 90 %'
    """
    off = 1e-4 + rounding(probabilities)  # float32 softmax over 20 classes is within 1e-6 of 1
    probabilities = checks.array(probabilities, "resolution_explorer", "probabilities").astype(np.float64)
    sizes, classes = [int(size) for size in sizes], [str(name) for name in classes]
    _check_picture(picture, sizes)
    _check_probabilities(probabilities, sizes, classes, off)
    if truth is not None and truth not in classes:
        raise ValueError(f"resolution_explorer got truth={truth!r}; it wants one of {', '.join(classes)}, or None.")
    check_source("resolution_explorer", source)
    return ResolutionExplorer(
        pixels=picture.cpu().permute(1, 2, 0).contiguous().numpy().tobytes(),
        side=picture.shape[-1],
        sizes=sizes,
        classes=classes,
        probabilities=probabilities.tolist(),
        truth=truth or "",
        note=SOURCE_NOTES[source],
    )


class ResolutionExplorer(LiveFigure):
    """Made by `resolution_explorer`, which checks what goes in. `position` is the place on the slider, from 0."""

    name = "resolution_explorer"
    _esm = module(name)
    position = traitlets.Int(0).tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)
    side = traitlets.Int().tag(sync=True)
    sizes = traitlets.List(traitlets.Int()).tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    probabilities: traitlets.List[list[float]] = traitlets.List().tag(sync=True)
    truth = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    @traitlets.validate("position")
    def _on_the_slider(self, proposal: traitlets.Bunch) -> int:
        if not 0 <= proposal.value < len(self.sizes):
            raise ValueError(f"position got {proposal.value}; it wants 0 to {len(self.sizes) - 1}.")
        return proposal.value

    def controls(self) -> tuple[Control, ...]:
        """A slider over the sizes, in the order that they were given in."""
        slider = ipywidgets.SelectionSlider(
            options=[(f"{size}×{size}", place) for place, size in enumerate(self.sizes)],
            index=self.position,
            description="Pixels",
            layout=ipywidgets.Layout(width="100%", max_width="480px"),
        )
        return (Control(slider, "position", reads="index"),)

    def title(self) -> str:
        """The line above the figure: "16×16 pixels: Highway, 83 %"."""
        note = f" ({self.note})" if self.note else ""
        return self._answer(self.position, " pixels: ") + note

    def describe(self) -> str:
        """Alt text: the likeliest class and its probability at every size."""
        what = f"A picture of {self.truth}" if self.truth else "A picture"
        generated = f" ({self.note})" if self.note else ""
        answers = "; ".join(self._answer(place) for place in range(len(self.sizes)))
        size = self.sizes[self.position]
        return (
            f"{what}{generated} averaged to ever larger blocks, and a classifier's likeliest class at each size. "
            f"{answers}. Shown large, with the bars of all classes: {size}×{size}."
        )

    def summary(self) -> str:
        """The range of sizes, without a measured number."""
        finest, coarsest = self.sizes[0], self.sizes[-1]
        return f"a picture in {finest}×{finest} to {coarsest}×{coarsest} pixels, and what a classifier answers to each."

    def draw(self, figure: Figure) -> None:
        """The picture at the present size with the bars of all classes; below, all sizes small with their answers."""
        figure.set_size_inches(9, 5.6)
        figure.set_layout_engine("constrained", w_pad=0.12)
        figure.suptitle(literal(self.title()), fontweight="bold")
        top, strip = figure.subfigures(2, 1, squeeze=False, height_ratios=[2.5, 1]).flat
        picture, bars = top.subplots(1, 2, width_ratios=[1, 1.25])
        self._draw_picture(picture, self.position)
        self._draw_bars(bars)
        for place, axes in enumerate(np.atleast_1d(strip.subplots(1, len(self.sizes)))):
            self._draw_picture(axes, place)
            bold = "bold" if place == self.position else "normal"
            axes.set_title(literal(self._answer(place, "\n", "\n")), fontsize=8, fontweight=bold)

    def _draw_picture(self, axes: Axes, position: int) -> None:
        pixels = np.frombuffer(self.pixels, np.uint8).reshape(self.side, self.side, 3)
        blocks = block_means(torch.tensor(pixels).permute(2, 0, 1), self.sizes[position])
        axes.imshow(blocks.permute(1, 2, 0).numpy(), interpolation="nearest")
        axes.set(xticks=[], yticks=[])

    def _draw_bars(self, axes: Axes) -> None:
        row = self.probabilities[self.position]
        first = row.index(max(row))
        places = range(len(row))
        axes.barh(places, row, color=[_FIRST if place == first else _OTHER for place in places])
        axes.set_yticks(places, [self._label(place, place == first) for place in places])
        axes.get_yticklabels()[first].set_fontweight("bold")
        for place in places:
            bold = "bold" if place == first else "normal"
            axes.text(row[place] + 0.015, place, percent(row[place]), va="center", fontweight=bold)
        axes.set(xlim=(0, 1.16), xticks=[0, 0.5, 1], xticklabels=["0 %", "50 %", "100 %"], xlabel="probability")
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)

    def _label(self, place: int, first: bool) -> str:
        name = self.classes[place]
        return f"{'▶ ' if first else ''}{literal(name)}{' (true)' if name == self.truth else ''}"

    def _answer(self, position: int, between: str = ": ", after_name: str = ", ") -> str:
        """ "16×16: Highway, 83 %" """
        row, size = self.probabilities[position], self.sizes[position]
        best = max(row)
        return f"{size}×{size}{between}{self.classes[row.index(best)]}{after_name}{percent(best)}"


def _check_picture(picture: Tensor, sizes: Sequence[int]) -> None:
    if not isinstance(picture, Tensor) or picture.dtype != torch.uint8:
        got = f"dtype {picture.dtype}" if hasattr(picture, "dtype") else type(picture).__name__
        raise ValueError(f"got a picture of {got}; wanted a uint8 tensor, 0–255.")
    if picture.ndim != 3 or picture.shape[0] != 3 or picture.shape[1] != picture.shape[2] or picture.numel() == 0:
        raise ValueError(f"got a picture of shape {tuple(picture.shape)}; wanted [3, H, H]: RGB and square.")
    side = picture.shape[-1]
    wrong = [size for size in sizes if size < 1 or side % size]
    if wrong or not sizes:
        raise ValueError(f"got size {wrong[0] if wrong else 'none'}; wanted divisors of the picture's {side} pixels.")


def _check_probabilities(probabilities: np.ndarray, sizes: Sequence[int], classes: Sequence[str], off: float) -> None:
    fewest, most = CLASSES
    if not fewest <= len(classes) <= most:
        raise ValueError(f"resolution_explorer got {len(classes)} classes; it has room for {fewest} to {most}.")
    if probabilities.shape != (len(sizes), len(classes)):
        raise ValueError(
            f"resolution_explorer got probabilities of shape {probabilities.shape} for {len(sizes)} sizes "
            f"and {len(classes)} classes; it wants {(len(sizes), len(classes))}."
        )
    if not np.isfinite(probabilities).all() or probabilities.min() < 0:
        raise ValueError("resolution_explorer got NaN, infinite or negative probabilities; it wants 0 to 1.")
    sums = probabilities.sum(axis=1)
    if (abs(sums - 1) > off).any():
        worst = sums[abs(sums - 1).argmax()]
        raise ValueError(f"resolution_explorer got probabilities that sum to {worst:.4g}; each row must sum to 1.")
