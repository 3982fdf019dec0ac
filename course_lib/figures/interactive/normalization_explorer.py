"""Subtract a mean, divide by a deviation: what becomes of the channels, the picture, and the shape of the problem."""

from __future__ import annotations

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...data import ImageSet
from ...models import IMAGENET
from ...pixels import condition_number, pixel_moments
from ..live import Control, LiveFigure, module
from ..static import BLUE, GREEN, SOURCE_NOTES, VERMILION, after_comma
from ..words import fixed, grouped

CHANNELS = ("red", "green", "blue")
MEANS, DEVIATIONS = tuple(f"mean_{c}" for c in CHANNELS), tuple(f"deviation_{c}" for c in CHANNELS)
LEAST = 0.02  # deviation; a division by less would fill the figure with nothing
REACH = 4  # deviations to both sides of 0 that are shown
BINS = 64
NO_LIMIT = 1e12  # a condition number beyond is "∞": a channel is constant
_LINES = (("-", VERMILION), ("--", GREEN), (":", BLUE))


def normalization_explorer(pictures: ImageSet, *, example: int = 0) -> NormalizationExplorer:
    """Sliders for the mean and the deviation of each channel, and buttons for none, the set's own and ImageNet's.

    Args:
        pictures: N ≥ 1 pictures of three channels; not those of the test.
        example: position of the picture that is shown as the first layer gets it.

    Raises:
        ValueError: anything else; it says what it got and what it wants.

    >>> pictures = ImageSet.of(torch.full((8, 3, 16, 16), 51, dtype=torch.uint8), [0] * 8, ["grey"])
    >>> normalization_explorer(pictures).title()
    'Nothing done: mean 0.20 0.20 0.20, deviation 0.00 0.00 0.00; condition number ∞'
    """
    if not isinstance(pictures, ImageSet):
        raise ValueError(f"normalization_explorer got {type(pictures).__name__}; it wants an ImageSet.")
    if len(pictures) == 0 or pictures.store.shape[1] != 3:
        raise ValueError(
            f"normalization_explorer got {len(pictures)} pictures of {pictures.store.shape[1]} channels; "
            "it wants at least one, of red, green and blue."
        )
    if not 0 <= example < len(pictures):
        raise ValueError(f"normalization_explorer got example={example}; it wants 0 to {len(pictures) - 1}.")
    images = pictures.images
    mean, covariance = pixel_moments(images)
    picture = images[example]
    return NormalizationExplorer(
        n=len(pictures),
        counts=[np.bincount(images[:, c].flatten().numpy(), minlength=256).tolist() for c in range(3)],
        mean=mean.tolist(),
        covariance=covariance.tolist(),
        own=[
            *(round(value, 3) for value in mean.tolist()),
            *(max(LEAST, round(value, 3)) for value in covariance.diagonal().sqrt().tolist()),
        ],
        pixels=picture.permute(1, 2, 0).contiguous().numpy().tobytes(),
        height=picture.shape[1],
        width=picture.shape[2],
        what=f"{pictures.classes[int(pictures.labels[example])]}, {pictures.name}",
        note=after_comma(SOURCE_NOTES[pictures.source]),
    )


class NormalizationExplorer(LiveFigure):
    """Made by `normalization_explorer`, which checks what goes in. What is subtracted and divided by is 0–1."""

    name = "normalization_explorer"
    _esm = module(name)
    mean_red = traitlets.Float(0.0, min=0, max=1).tag(sync=True)
    mean_green = traitlets.Float(0.0, min=0, max=1).tag(sync=True)
    mean_blue = traitlets.Float(0.0, min=0, max=1).tag(sync=True)
    deviation_red = traitlets.Float(1.0, min=LEAST, max=1).tag(sync=True)
    deviation_green = traitlets.Float(1.0, min=LEAST, max=1).tag(sync=True)
    deviation_blue = traitlets.Float(1.0, min=LEAST, max=1).tag(sync=True)
    n = traitlets.Int().tag(sync=True)
    counts: traitlets.List[list[int]] = traitlets.List().tag(sync=True)  # of each channel, of each of 256 levels
    mean: traitlets.List[float] = traitlets.List().tag(sync=True)
    covariance: traitlets.List[list[float]] = traitlets.List().tag(sync=True)
    own: traitlets.List[float] = traitlets.List().tag(sync=True)  # three means, three deviations
    imagenet = traitlets.List([*IMAGENET.mean, *IMAGENET.std]).tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)
    height = traitlets.Int().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    what = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    @traitlets.validate(*MEANS, *DEVIATIONS)
    def _a_number(self, proposal: traitlets.Bunch) -> float:
        if proposal.value != proposal.value:
            raise ValueError(f"{proposal.trait.name} got NaN; it wants a number of 0 to 1.")
        return proposal.value

    def controls(self) -> tuple[Control, ...]:
        """Six sliders, three means and three deviations; the buttons stand in the view."""
        layout = ipywidgets.Layout(width="100%", max_width="480px")

        def slider(trait: str, low: float) -> Control:
            what, channel = trait.split("_")
            label = f"{'−' if what == 'mean' else '÷'} {channel}"
            value = getattr(self, trait)
            widget = ipywidgets.FloatSlider(
                value=value, min=low, max=1, step=0.001, readout_format=".3f", description=label, layout=layout
            )
            return Control(widget, trait)

        return *(slider(trait, 0) for trait in MEANS), *(slider(trait, LEAST) for trait in DEVIATIONS)

    def presets(self) -> dict[str, list[float]]:
        """What the buttons set: three means and three deviations."""
        return {"Nothing done": [0, 0, 0, 1, 1, 1], "The set's own": self.own, "ImageNet's": self.imagenet}

    def chosen(self) -> list[float]:
        """Three means, three deviations, as the sliders have them."""
        return [getattr(self, trait) for trait in (*MEANS, *DEVIATIONS)]

    def after(self) -> tuple[list[float], list[float]]:
        """(means, deviations) of the channels once they are normalised."""
        chosen = self.chosen()
        means = [(self.mean[c] - chosen[c]) / chosen[3 + c] for c in range(3)]
        return means, [self.covariance[c][c] ** 0.5 / chosen[3 + c] for c in range(3)]

    def condition(self) -> float:
        """Condition number of the input's second moments with a bias; see `pixels.condition_number`."""
        return self._condition_of(self.chosen())

    def title(self) -> str:
        """Which normalisation, what it makes of the channels, and how long and narrow the problem is."""
        means, deviations = (" ".join(fixed(value, 2) for value in part) for part in self.after())
        number = self.condition()
        told = "∞" if number > NO_LIMIT else grouped(number)
        return f"{self.words()}: mean {means}, deviation {deviations}; condition number {told}"

    def words(self) -> str:
        """The name of the button whose numbers these are, or that they are the reader's."""
        for name, numbers in self.presets().items():
            if max(abs(a - b) for a, b in zip(numbers, self.chosen(), strict=True)) < 5e-4:
                return name
        return "Your choice"

    def describe(self) -> str:
        """Alt text: channels and condition number as normalised now, and the buttons' condition numbers."""
        others = "; ".join(
            f"{name}: {grouped(self._condition_of(numbers))}" for name, numbers in self.presets().items()
        )
        return (
            f"Histograms of the red, green and blue values of {grouped(self.n)} pictures{self.note} after "
            f"normalisation, and one picture ({self.what}) as the first layer gets it. "
            f"{self.title()}. Condition numbers: {others}."
        )

    def summary(self) -> str:
        """What there is to see, without a measured number."""
        return "channels before and after normalisation, a picture as the first layer gets it, the condition number."

    def draw(self, figure: Figure) -> None:
        """A row for each button: the channels' histograms, and the picture as the first layer gets it."""
        figure.set_size_inches(10, 6.2)
        figure.suptitle(self.title(), fontweight="bold", fontsize=10.5, wrap=True)
        grid = figure.subplots(3, 2, width_ratios=[2.6, 1])
        for (histogram, picture), (name, numbers) in zip(grid, self.presets().items(), strict=True):
            self._draw_histograms(histogram, numbers)
            histogram.set_title(f"{name}; condition number {grouped(self._condition_of(numbers))}", fontsize=9)
            picture.imshow(self.seen(numbers), interpolation="nearest")
            picture.set(xticks=[], yticks=[])
            picture.set_title("as the first layer gets it; grey is 0", fontsize=8)
        grid[0, 0].legend(fontsize=8, frameon=False)
        grid[2, 0].set_xlabel(f"value that the first layer gets (n = {self.n:,} pictures{self.note})")

    def _draw_histograms(self, axes: Axes, numbers: list[float]) -> None:
        for c, (style, colour) in enumerate(_LINES):
            values, shares = self.histogram(c, numbers)
            axes.plot(values, 100 * shares, style, color=colour, label=CHANNELS[c])
        axes.axvline(0, color="0.5", lw=0.8)
        axes.set(xlim=(-REACH, REACH), ylim=(0, None), ylabel="pixels (%)")
        axes.spines[["top", "right"]].set_visible(False)

    def histogram(self, channel: int, numbers: list[float]) -> tuple[np.ndarray, np.ndarray]:
        """(middles, shares 0–1) of 64 equal bins of a channel's normalised values; each bin holds four levels."""
        levels = np.arange(256).reshape(BINS, -1).mean(axis=1) / 255
        shares = np.array(self.counts[channel]).reshape(BINS, -1).sum(axis=1) / sum(self.counts[channel])
        return (levels - numbers[channel]) / numbers[3 + channel], shares

    def seen(self, numbers: list[float]) -> np.ndarray:
        """uint8 [H, W, 3]: the picture's normalised values, −3 to 3 shown as 0 to 255, beyond cut. 0 is grey."""
        pixels = np.frombuffer(self.pixels, np.uint8).reshape(self.height, self.width, 3) / 255
        values = (pixels - np.array(numbers[:3])) / np.array(numbers[3:])
        return np.clip(np.floor(127.5 + 42.5 * values + 0.5), 0, 255).astype(np.uint8)

    def _condition_of(self, numbers: list[float]) -> float:
        parts = (self.mean, self.covariance, numbers[:3], numbers[3:])
        return condition_number(*(torch.tensor(part, dtype=torch.float64) for part in parts))
