"""Cover a part of a picture and see how a model's answer changes; the heatmap of all places stands beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from ...data import Source
from ...explain import FILLS, fill_colour, occlude, occlusion_grid, places
from ..live import Control, ModelFigure, ask, module
from ..static import BLUE, SOURCE_NOTES, check_source
from ..words import fixed, literal, percent

CLASSES = (2, 20)
SIDES = (8, 256)  # pixels
# Falls are darker than the middle, rises lighter: the sign is told by lightness, the hue repeats it.
DARK, MIDDLE, LIGHT = (0, 40, 90), (128, 128, 128), (255, 232, 190)


def occlusion_explorer(
    picture: Tensor,
    predict: Callable[[Tensor], Tensor],
    classes: Sequence[str],
    *,
    truth: str | None = None,
    sizes: Sequence[int] | None = None,
    source: Source = "real",
) -> OcclusionExplorer:
    """A patch to be dragged over a picture; the model answers, and a heatmap shows its answers for all places.

    The model answers a grid of places at once, before anything is shown. With a kernel it answers for every other
    place too; on a page without one the patch moves from place to place of the grid.

    Args:
        picture: uint8 [3, H, H], H from 8 to 256.
        predict: uint8 [N, 3, H, H] → probabilities [N, K]; called about 1,500 pictures' worth at once.
        classes: K names, 2 to 20.
        truth: the picture's own class, to be marked.
        sizes: of the patch, in pixels, up to four; by default an eighth, a quarter and three eighths of H.
        source: as in `ImageSet`.

    Raises:
        ValueError: anything else; it says what it got and what it wants.
    """
    classes = [str(name) for name in classes]
    _check(picture, classes, truth, source)
    picture = picture.cpu()
    side = picture.shape[-1]
    sizes = [int(size) for size in (sizes or (side // 8, side // 4, 3 * side // 8))]
    if not (1 <= len(sizes) <= 4 and all(1 <= size < side for size in sizes)):
        raise ValueError(f"occlusion_explorer got sizes={sizes}; it wants one to four of 1 to {side - 1} pixels.")
    stride = max(1, side // 16)
    plain = ask(predict, picture[None], classes, "occlusion_explorer")[0]

    def checked(pictures: Tensor) -> Tensor:
        return torch.tensor(ask(predict, pictures, classes, "occlusion_explorer"))

    grids = [
        occlusion_grid(checked, picture, size=size, stride=stride, fill=fill).flatten()
        for fill in FILLS
        for size in sizes
    ]
    figure = OcclusionExplorer(
        pixels=picture.permute(1, 2, 0).contiguous().numpy().tobytes(),
        side=side,
        sizes=sizes,
        stride=stride,
        colours=[list(fill_colour(picture, fill)) for fill in FILLS],
        fills=list(FILLS),
        classes=classes,
        truth=truth or "",
        note=SOURCE_NOTES[source],
        plain_answer=[float(p) for p in plain],
        grids=torch.cat(grids).numpy().astype("<f4").tobytes(),
        target=int(plain.argmax()),
        size=min(1, len(sizes) - 1),
    )
    figure.predict = checked
    figure.top, figure.left = figure.strongest()
    return figure


class OcclusionExplorer(ModelFigure):
    """Made by `occlusion_explorer`, which checks what goes in.

    `top`, `left` (pixels) place the patch; `size` and `fill` are positions in `sizes` and `fills`; `target` is the
    class whose probability the heatmap follows.
    """

    name = "occlusion_explorer"
    _esm = module(name)
    top = traitlets.Int(0).tag(sync=True)
    left = traitlets.Int(0).tag(sync=True)
    size = traitlets.Int(0).tag(sync=True)
    fill = traitlets.Int(0).tag(sync=True)
    target = traitlets.Int(0).tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)
    side = traitlets.Int().tag(sync=True)
    sizes = traitlets.List(traitlets.Int()).tag(sync=True)
    stride = traitlets.Int().tag(sync=True)
    colours: traitlets.List[list[int]] = traitlets.List().tag(sync=True)
    fills = traitlets.List(traitlets.Unicode()).tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    truth = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    plain_answer = traitlets.List(traitlets.Float()).tag(sync=True)
    grids = traitlets.Bytes().tag(sync=True)  # float32: for each fill, for each size: [rows, columns, K]

    @traitlets.validate("size", "fill", "target")
    def _one_of_them(self, proposal: traitlets.Bunch) -> int:
        trait = proposal.trait.name
        known = {"size": len(self.sizes), "fill": len(self.fills), "target": len(self.classes)}[trait]
        if known and not 0 <= proposal.value < known:
            raise ValueError(f"{trait} got {proposal.value}; it wants 0 to {known - 1}.")
        return proposal.value

    @traitlets.validate("top", "left")
    def _on_the_picture(self, proposal: traitlets.Bunch) -> int:
        if self.side and not 0 <= proposal.value < self.side:
            raise ValueError(f"{proposal.trait.name} got {proposal.value}; it wants 0 to {self.side - 1}.")
        return proposal.value

    def controls(self) -> tuple[Control, ...]:
        """The size of the patch, what it is painted with, and the class that the heatmap follows."""
        layout = ipywidgets.Layout(width="100%", max_width="480px")
        patch = ipywidgets.SelectionSlider(
            options=[f"{size}×{size}" for size in self.sizes], index=self.size, description="Patch", layout=layout
        )
        fill = ipywidgets.Dropdown(options=self.fills, index=self.fill, description="Painted", layout=layout)
        target = ipywidgets.Dropdown(options=self.classes, index=self.target, description="Class", layout=layout)
        return Control(patch, "size", "index"), Control(fill, "fill", "index"), Control(target, "target", "index")

    def title(self) -> str:
        """Where the patch stands, what becomes of the class, and what the model answers now."""
        size, now = self.sizes[self.size], self.probabilities(self._question())
        best = max(now)
        change = f"{percent(self.plain_answer[self.target])} → {percent(now[self.target])}"
        return (
            f"{size}×{size} patch at row {self.top}, column {self.left}: {self.classes[self.target]} {change}; "
            f"answer {self.classes[now.index(best)]}, {percent(best)}"
        )

    def heatmap(self) -> np.ndarray:
        """float64 [rows, columns], −1 to 1: how much the probability of `target` falls at each place of the patch."""
        return self.plain_answer[self.target] - self._grid()[..., self.target].astype(np.float64)

    def strongest(self) -> tuple[int, int]:
        """(top, left) where the probability falls most."""
        fall, at = self.heatmap(), places(self.side, self.sizes[self.size], self.stride)
        row, column = np.unravel_index(fall.argmax(), fall.shape)
        return at[row], at[column]

    def probabilities(self, asked: list) -> list[float]:
        """[K] 0–1: the model's answer with a patch at `asked` = [top, left, size, fill]."""
        top, left, size, fill = asked
        picture = occlude(self._picture(), top, left, self.sizes[size], self._colour(fill))
        return [float(p) for p in self.predict(picture[None])[0]]

    def describe(self) -> str:
        """Alt text: where the patch stands, what it changes, how far the class falls and rises over all places."""
        fall = self.heatmap()
        what = f"A picture of {self.truth}" if self.truth else "A picture"
        note = f" ({self.note})" if self.note else ""
        return (
            f"{what}{note} with a {self.fills[self.fill]} patch on it, and a heatmap of "
            f"{fall.shape[0]}×{fall.shape[1]} places. {self.title()}. "
            f"Over all places {self.classes[self.target]} falls by at most {fixed(100 * fall.max(), 0)} "
            f"and rises by at most {fixed(max(0.0, -100 * fall.min()), 0)} points."
        )

    def summary(self) -> str:
        """What there is to see, without a measured number."""
        return "a patch over a picture, a model's answer, and the heatmap of its answers for all places of the patch."

    def draw(self, figure: Figure) -> None:
        """The picture with the patch, the heatmap of all its places, and the bars of both answers."""
        figure.set_size_inches(10.5, 4.6)
        figure.suptitle(literal(self.title()), fontweight="bold", fontsize=10.5, wrap=True)
        picture, heat, bars = figure.subplots(1, 3, width_ratios=[1, 1.15, 1])
        size, colour = self.sizes[self.size], self._colour(self.fill)
        covered = occlude(self._picture(), self.top, self.left, size, colour)
        picture.imshow(covered.permute(1, 2, 0).numpy(), interpolation="nearest")
        box = Rectangle((self.left - 0.5, self.top - 0.5), size, size, fill=False, ec="white", lw=2, ls="--")
        picture.add_patch(box)
        picture.set(xlabel="column (pixels)", ylabel="row (pixels)")
        self._draw_heatmap(figure, heat)
        self._draw_bars(bars)

    def _draw_heatmap(self, figure: Figure, axes: Axes) -> None:
        fall, half = 100 * self.heatmap(), self.sizes[self.size] / 2
        colours = LinearSegmentedColormap.from_list("fall", [np.array(c) / 255 for c in (LIGHT, MIDDLE, DARK)])
        most = max(abs(fall).max(), 1.0)
        edge = (half - self.stride / 2, self.side - half + self.stride / 2)
        image = axes.imshow(fall, cmap=colours, vmin=-most, vmax=most, extent=(*edge, *edge[::-1]))
        axes.plot(self.left + half, self.top + half, "o", mfc="none", mec="white", mew=2.5, ms=11)
        axes.set(xlim=(0, self.side), ylim=(self.side, 0), xlabel="middle of the patch, column")
        axes.set_facecolor("white")  # where no patch has its middle: zero is grey, and this is not zero
        axes.add_patch(Rectangle((0, 0), self.side, self.side, fill=False, hatch="///", ec="0.8", lw=0, zorder=-1))
        axes.set_title(literal(f"{self.classes[self.target]} falls by"), fontsize=9)
        figure.colorbar(image, ax=axes, shrink=0.8, label="points of probability")

    def _draw_bars(self, axes: Axes) -> None:
        before, now = self.plain_answer, self.probabilities(self._question())
        at = np.arange(len(now))
        axes.barh(at, now, color=BLUE, height=0.55, label="with the patch")
        axes.plot(before, at, "D", mfc="white", mec="black", ms=5, ls="", label="without")
        axes.set_yticks(at, [literal(n) + (" (true)" if n == self.truth else "") for n in self.classes], fontsize=8)
        axes.set(xlim=(0, 1.02), xticks=[0, 0.5, 1], xticklabels=["0 %", "50 %", "100 %"], xlabel="probability")
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.4, -0.14), ncols=2, frameon=False)

    def _question(self) -> list[int]:
        return [self.top, self.left, self.size, self.fill]

    def _colour(self, fill: int) -> tuple[int, int, int]:
        red, green, blue = self.colours[fill]
        return red, green, blue

    def _picture(self) -> Tensor:
        pixels = np.frombuffer(self.pixels, np.uint8).reshape(self.side, self.side, 3)
        return torch.tensor(pixels).permute(2, 0, 1)

    def _grid(self) -> np.ndarray:
        """float32 [rows, columns, K] of the present size and fill."""
        k, numbers = len(self.classes), np.frombuffer(self.grids, "<f4")
        counts = [len(places(self.side, size, self.stride)) ** 2 * k for size in self.sizes]
        start = self.fill * sum(counts) + sum(counts[: self.size])
        n = len(places(self.side, self.sizes[self.size], self.stride))
        return numbers[start : start + counts[self.size]].reshape(n, n, k)


def _check(picture: Tensor, classes: Sequence[str], truth: str | None, source: str) -> None:
    if not isinstance(picture, Tensor) or picture.dtype != torch.uint8:
        got = f"dtype {picture.dtype}" if hasattr(picture, "dtype") else type(picture).__name__
        raise ValueError(f"occlusion_explorer got a picture of {got}; it wants a uint8 tensor, 0–255.")
    fewest, most = SIDES
    if picture.ndim != 3 or picture.shape[0] != 3 or picture.shape[1] != picture.shape[2]:
        raise ValueError(f"occlusion_explorer got a picture of shape {tuple(picture.shape)}; it wants [3, H, H].")
    if not fewest <= picture.shape[-1] <= most:
        raise ValueError(f"occlusion_explorer got {picture.shape[-1]} pixels a side; it wants {fewest} to {most}.")
    if not CLASSES[0] <= len(classes) <= CLASSES[1]:
        raise ValueError(
            f"occlusion_explorer got {len(classes)} classes; it has room for {CLASSES[0]} to {CLASSES[1]}."
        )
    if truth is not None and truth not in classes:
        raise ValueError(f"occlusion_explorer got truth={truth!r}; it wants one of {', '.join(classes)}, or None.")
    check_source("occlusion_explorer", source)
