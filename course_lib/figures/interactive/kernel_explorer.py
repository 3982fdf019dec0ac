"""What a kernel's shape buys: size of the output, weights, work, and how much of the picture one number sees."""

from __future__ import annotations

import math
from typing import Any, Literal

import ipywidgets
import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from ...data import Source
from ...models.convolution import Conv, ReceptiveField, Size, both, macs, output_sizes, receptive_field, weights
from ...pixels import grey
from ..live import Control, LiveFigure, module
from ..static import BLUE, SOURCE_NOTES
from ..words import fixed, grouped

LARGEST, STRIDES, DILATIONS, PADDINGS, LAYERS = 31, 4, 4, 15, 6  # ends of the sliders
SAME = PADDINGS + 1  # the padding slider's last position
CHANNELS = (1, 4, 16, 64, 256)
CONTENTS = ("mean", "vertical edge", "horizontal edge", "centre–surround")
SIDES = (8, 96)  # pixels; a larger picture is made smaller, so that the response keeps pace with a slider


def kernel_explorer(
    picture: Tensor,
    *,
    kernel: Size = (3, 3),
    stride: int = 1,
    dilation: int = 1,
    padding: int | str = 0,
    layers: int = 1,
    channels: int = 1,
    content: str = "vertical edge",
    source: Source = "real",
) -> KernelExplorer:
    """Sliders for a kernel's shape and for layers in a row; the response, and the field of the number pointed at.

    All layers are alike and follow each other without an activation between them. The numbers are those of
    `models.convolution`.

    Args:
        picture: uint8 [3, H, W], 8 pixels a side or more. It is made grey, and smaller where a side has over 96.
        kernel: (height, width), 1–31 each.
        stride, dilation: 1–4.
        padding: 0–15, or "same"; see `models.Conv`.
        layers: 1–6.
        channels: into and out of every layer: 1, 4, 16, 64 or 256. They count in the costs; one response is shown.
        content: "mean", "vertical edge", "horizontal edge" or "centre–surround".
        source: as in `ImageSet`.

    Raises:
        ValueError: anything else; it says what it got and what it wants.

    >>> picture = torch.zeros(3, 64, 64, dtype=torch.uint8)
    >>> kernel_explorer(picture, kernel=(5, 3), layers=2, padding="same").title()[:77]
    '2 layers of 5×3, same padding: 64×64 → 64×64, each number sees 9×5 pixels; 30'
    """
    height, width = _kernel(kernel)
    pixels = _small(_checked(picture))
    wanted = {"stride": (stride, range(1, STRIDES + 1)), "dilation": (dilation, range(1, DILATIONS + 1)),
              "padding": (padding, (*range(PADDINGS + 1), "same")), "layers": (layers, range(1, LAYERS + 1)),
              "channels": (channels, CHANNELS), "content": (content, CONTENTS),
              "source": (source, SOURCE_NOTES)}  # fmt: skip
    for name, (value, allowed) in wanted.items():
        if isinstance(value, (bool, float)) or value not in allowed:
            raise ValueError(f"kernel_explorer got {name}={value!r}; it wants one of {', '.join(map(str, allowed))}.")
    return KernelExplorer(
        pixels=pixels.numpy().tobytes(),
        size=list(pixels.shape),
        height=height,
        width=width,
        stride=stride,
        dilation=dilation,
        padding=SAME if padding == "same" else padding,
        layers=layers,
        channels=CHANNELS.index(channels),
        content=CONTENTS.index(content),
        note=SOURCE_NOTES[source],
    )


class KernelExplorer(LiveFigure):
    """Made by `kernel_explorer`, which checks what goes in.

    `padding` 16 is "same"; `channels` and `content` are positions in `CHANNELS` and `CONTENTS`; `down` and `across`
    say which number of the output is pointed at, as shares of its height and width.
    """

    name = "kernel_explorer"
    _esm = module(name)
    height = traitlets.Int(3, min=1, max=LARGEST).tag(sync=True)
    width = traitlets.Int(3, min=1, max=LARGEST).tag(sync=True)
    stride = traitlets.Int(1, min=1, max=STRIDES).tag(sync=True)
    dilation = traitlets.Int(1, min=1, max=DILATIONS).tag(sync=True)
    padding = traitlets.Int(0, min=0, max=SAME).tag(sync=True)
    layers = traitlets.Int(1, min=1, max=LAYERS).tag(sync=True)
    channels = traitlets.Int(0, min=0, max=len(CHANNELS) - 1).tag(sync=True)
    content = traitlets.Int(0, min=0, max=len(CONTENTS) - 1).tag(sync=True)
    down = traitlets.Float(0.5, min=0, max=1).tag(sync=True)
    across = traitlets.Float(0.5, min=0, max=1).tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)  # uint8 [height, width]
    size = traitlets.List(traitlets.Int()).tag(sync=True)  # height, width
    all_channels = traitlets.List(traitlets.Int(), list(CHANNELS)).tag(sync=True)
    contents = traitlets.List(traitlets.Unicode(), list(CONTENTS)).tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    def controls(self) -> tuple[Control, ...]:
        """Sliders for the kernel, the layers and their channels, and a list of what the kernel holds."""

        def whole(trait: str, label: str, high: int) -> Control:
            slider = ipywidgets.IntSlider(value=getattr(self, trait), min=1, max=high, **_looks(label))
            return Control(slider, trait)

        def steps(trait: str, label: str, words: list[str]) -> Control:
            slider = ipywidgets.SelectionSlider(options=words, index=getattr(self, trait), **_looks(label))
            return Control(slider, trait, reads="index")

        contents = ipywidgets.Dropdown(options=CONTENTS, index=self.content, **_looks("Kernel"))
        return (
            whole("height", "Height", LARGEST),
            whole("width", "Width", LARGEST),
            Control(contents, "content", reads="index"),
            whole("stride", "Stride", STRIDES),
            whole("dilation", "Dilation", DILATIONS),
            steps("padding", "Padding", [*map(str, range(PADDINGS + 1)), "same"]),
            whole("layers", "Layers", LAYERS),
            steps("channels", "Channels", [str(count) for count in CHANNELS]),
        )

    @property
    def stack(self) -> list[Conv]:
        """The layers, the first one next to the picture."""
        padding: int | Literal["same"] = "same" if self.padding == SAME else self.padding
        return [Conv((self.height, self.width), self.stride, self.dilation, padding)] * self.layers

    @property
    def field(self) -> ReceptiveField:
        """What one number of the last layer's output sees."""
        return receptive_field(self.stack)

    def place(self) -> tuple[int, int] | None:
        """(row, column) of the number that is pointed at; None where there is no output."""
        sizes, fault = self._sizes()
        if fault:
            return None
        h, w = sizes[-1]
        return min(math.floor(self.down * h), h - 1), min(math.floor(self.across * w), w - 1)

    def title(self) -> str:
        """The layers, and what becomes of the picture; or, in plain words, why that cannot be."""
        sizes, fault = self._sizes()
        if fault:
            return f"{self.words()}: impossible, {fault}"
        count = [CHANNELS[self.channels]] * (self.layers + 1)
        (height, width), (h, w), (fh, fw) = self._size, sizes[-1], self.field.size
        costs = f"{_weights(weights(self.stack, count))}, {counted(macs(self._size, self.stack, count))} MACs"
        return f"{self.words()}: {height}×{width} → {h}×{w}, each number sees {fh}×{fw} pixels; {costs}"

    def words(self) -> str:
        """ "2 layers of 30×3, stride 2" """
        kernel, channels = f"{self.height}×{self.width}", CHANNELS[self.channels]
        parts = [
            f"One {kernel} kernel" if self.layers == 1 else f"{self.layers} layers of {kernel}",
            f"stride {self.stride}" if self.stride > 1 else "",
            f"dilation {self.dilation}" if self.dilation > 1 else "",
            "same padding" if self.padding == SAME else f"padding {self.padding}" if self.padding else "",
            f"{channels} channels" if channels > 1 else "",
        ]
        return ", ".join(part for part in parts if part)

    def seen(self) -> str:
        """What the number that is pointed at sees, in rows and columns of the picture, from 0."""
        place = self.place()
        if place is None:
            return ""
        row, column = place
        top, left, bottom, right = self.field.of(row, column)
        zeros = min(top, left) < 0 or bottom > self.size[0] or right > self.size[1]
        ends = [fixed(end, 0) for end in (top, bottom - 1, left, right - 1)]
        told = "rows {} to {}, columns {} to {}".format(*ends)
        return f"Row {row}, column {column} sees {told}{', partly padding' if zeros else ''}."

    def parts(self) -> list[tuple[Tensor, Tensor]]:
        """The kernel as a sum of products of a column and a row."""
        return kernel_parts(CONTENTS[self.content], self.height, self.width)

    def response(self) -> Tensor:
        """float64 [h, w]: the last layer's output for the picture, 0–1. ValueError where a layer does not fit."""
        output_sizes(self._size, self.stack)
        kernel = torch.stack([torch.outer(column, row) for column, row in self.parts()]).sum(0)
        found = torch.tensor(np.frombuffer(self.pixels, np.uint8).reshape(1, 1, *self.size) / 255)
        for layer in self.stack:
            (top, bottom), (left, right) = layer.pads
            found = F.pad(found, (left, right, top, bottom))
            found = F.conv2d(found, kernel[None, None], stride=layer.stride, dilation=layer.dilation)
        return found[0, 0]

    def instead(self) -> list[list[Conv]]:
        """One large square kernel, and pairs that lie across each other and see as much, all unpadded."""
        long, short = max(self.height, self.width), min(self.height, self.width)
        thin = [1] if long > 1 else []
        pairs = [short, *thin] if 1 < short < long else thin
        return [[Conv(long)], *([Conv((long, one)), Conv((one, long))] for one in pairs)]

    def describe(self) -> str:
        """Alt text: the title, what the number pointed at sees, what one large kernel or two thin ones would cost."""
        note = f" ({self.note})" if self.note else ""
        others = "; ".join(
            f"{_name(row)}: {_weights(weights(row))}, sees {_times(receptive_field(row).size)}"
            for row in self.instead()
        )
        seen = f" {self.seen()}" if self.seen() else ""
        return (
            f"A grey picture{note}, the response of a {CONTENTS[self.content]} kernel to it, and the part of the "
            f"picture that one number of the response sees. {self.title()}.{seen} "
            f"For each pair of channels, {others}."
        )

    def summary(self) -> str:
        """What there is to see and to set, without a measured number."""
        return "a kernel's shape by slider: its response to a picture, the field of one number, weights and work."

    def draw(self, figure: Figure) -> None:
        """The picture with the field of one number, the response, and bars of the weights of other kernels."""
        figure.set_size_inches(10.5, 4.7)
        figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.08)
        figure.suptitle(self.title(), fontweight="bold", fontsize=10.5, wrap=True)
        picture, response, right = figure.subplots(1, 3, width_ratios=[1, 1, 1.15])
        self._draw_picture(picture)
        self._draw_response(response)
        self._draw_instead(right)

    def _draw_picture(self, axes: Axes) -> None:
        """The grey picture with the field of one number; what that does not see is dark."""
        height, width = self.size
        pixels = np.frombuffer(self.pixels, np.uint8).reshape(height, width)
        self._draw_ground(axes)
        axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, extent=(0, width, height, 0), interpolation="nearest")
        place = self.place()
        told = f"the {_times(self.field.size)} pixels that one number sees" if place else "picture"
        axes.set_title(told, fontsize=9.5)
        axes.set(xlabel=f"column (pixels){', ' if self.note else ''}{self.note}", ylabel="row (pixels)")
        if place is None:
            return
        top, left, bottom, right = self.field.of(*place)
        (low, high), (far, near) = axes.get_xlim(), axes.get_ylim()
        for box in (
            (low, near, left, far),
            (right, near, high, far),
            (left, near, right, top),
            (left, bottom, right, far),
        ):
            _patch(axes, *box, fc="black", alpha=0.5)
        _patch(axes, left, top, right, bottom, fc="none", ec="white", lw=2.5)
        _patch(axes, left, top, right, bottom, fc="none", ec="black", lw=1, ls="--")

    def _draw_response(self, axes: Axes) -> None:
        """The response where its fields have their middle: how much of the picture's edge is lost can be seen."""
        self._draw_ground(axes)
        axes.set(xticks=[], yticks=[])
        _patch(axes, 0, 0, self.size[1], self.size[0], fc="none", ec="0.4", lw=1, ls="--")
        place = self.place()
        if place is None:
            axes.set_title("no response", fontsize=9.5)
            return
        found, (row, column) = self.response(), place
        low, high = response_range(CONTENTS[self.content], found)
        top, left, stepy, stepx = self._corner()
        h, w = found.shape
        extent = (left, left + stepx * w, top + stepy * h, top)
        axes.imshow(found.numpy(), cmap="gray", vmin=low, vmax=high, extent=extent, interpolation="nearest")
        box = left + stepx * column, top + stepy * row, left + stepx * (column + 1), top + stepy * (row + 1)
        _patch(axes, *box, fc="none", ec="black", lw=4)
        _patch(axes, *box, fc="none", ec="white", lw=2)
        ends = f"black {low:.2g}, white {high:.2g}".replace("-", "−")
        axes.set_title(f"{CONTENTS[self.content]}, {_times((h, w))}: {ends}", fontsize=9.5)
        axes.set_xlabel(self.seen().replace(" sees ", " sees\n"), fontsize=9)

    def _draw_ground(self, axes: Axes) -> None:
        margin, (height, width) = self.margin(), self.size
        box = -margin, -margin, width + margin, height + margin
        _patch(axes, *box, fc="white", ec="0.8", hatch="///", zorder=-1)
        axes.set(xlim=(box[0], box[2]), ylim=(box[3], box[1]), aspect="equal", anchor="N")

    def _draw_instead(self, axes: Axes) -> None:
        """Weights of one large kernel and of two in a row, as bars."""
        rows = self.instead()
        counts = [weights(row) for row in rows]
        axes.barh(range(len(rows)), counts, color=[BLUE, *["0.65"] * (len(rows) - 1)], height=0.35)
        for place, row in enumerate(rows):
            axes.text(0, place - 0.25, _name(row), fontsize=9, fontweight="bold")
            axes.text(0, place + 0.24, f"{_cost(row)}; {self.work(row)} MACs", fontsize=8.5, va="top")
        axes.set(xlim=(0, 1.02 * max(counts)), ylim=(2.75, -0.6), yticks=[])
        axes.set_xlabel("weights for each pair of channels, unpadded", fontsize=9)
        axes.set_title("one large kernel, or two in a row", fontsize=9.5)
        axes.spines[["top", "right", "left"]].set_visible(False)

    def work(self, row: list[Conv]) -> str:
        """MACs of these layers on the picture, in words."""
        try:
            return counted(macs(self._size, row))
        except ValueError:
            return "—"

    def margin(self) -> int:
        """Pixels to show around the picture, so that the padding is in sight; half a picture at most."""
        return min(max(0, *(-start for start in self.field.start)), max(self.size) // 2)

    def _corner(self) -> tuple[float, float, int, int]:
        """(top, left, height, width) in pixels of the response's first number: in the middle of what it sees."""
        field = self.field
        parts = zip(field.start, field.size, field.stride, strict=True)
        top, left = (start + (size - stride) / 2 for start, size, stride in parts)
        return top, left, *field.stride

    @property
    def _size(self) -> Size:
        height, width = self.size
        return height, width

    def _sizes(self) -> tuple[list[Size], str]:
        """(output after each layer, why there is none or "")."""
        try:
            return output_sizes(self._size, self.stack), ""
        except ValueError as error:
            return [], str(error)


def kernel_parts(content: str, height: int, width: int) -> list[tuple[Tensor, Tensor]]:
    """A kernel as a sum of outer products of (column, row), float64 [height] and [width].

    So it takes height + width multiplications a pixel in place of height · width, and a slider need not wait. Means
    have the sum 1. An edge is the mean of one half less the mean of the other, of an odd side without the middle.
    Centre–surround is the mean of the inner third less the mean of all.

    >>> [(column.tolist(), row.tolist()) for column, row in kernel_parts("vertical edge", 2, 3)]
    [([0.5, 0.5], [-1.0, 0.0, 1.0])]
    """
    if content == "mean":
        return [(_mean(height), _mean(width))]
    if content == "vertical edge":
        return [(_mean(height), _edge(width))]
    if content == "horizontal edge":
        return [(_edge(height), _mean(width))]
    return [(_inner(height), _inner(width)), (-_mean(height), _mean(width))]


def _mean(n: int) -> Tensor:
    return torch.full((n,), 1 / n, dtype=torch.float64)


def _edge(n: int) -> Tensor:
    """−1 … 0 … 1: nothing where there is no room for two halves."""
    half = n // 2
    edge = torch.zeros(n, dtype=torch.float64)
    edge[:half], edge[n - half :] = -1 / max(half, 1), 1 / max(half, 1)
    return edge


def _inner(n: int) -> Tensor:
    """The mean of the inner third, which is even or odd as n is."""
    outer = math.floor(n / 3 + 0.5) if n > 2 else 0
    inner = torch.zeros(n, dtype=torch.float64)
    inner[outer : n - outer] = 1 / (n - 2 * outer)
    return inner


def response_range(content: str, response: Tensor) -> tuple[float, float]:
    """(what is shown black, what is shown white): of a mean 0 and 1, else as far as it goes to both sides of 0."""
    most = float(response.abs().max())
    return (0.0, 1.0) if content == "mean" else (-most, most) if most > 1e-9 else (-1.0, 1.0)


def counted(number: int) -> str:
    """A whole number in words that fit into a title.

    >>> counted(1234).split("\u2009"), counted(7077888), counted(3 * 10**12)
    (['1', '234'], '7.1 million', '3.0 trillion')
    """
    for size, name in ((10**12, "trillion"), (10**9, "billion"), (10**6, "million")):
        if number >= size:
            return f"{fixed(number / size, 1)} {name}"
    return grouped(number)


def _weights(count: int) -> str:
    return f"{counted(count)} weight{'' if count == 1 else 's'}"


def _cost(row: list[Conv]) -> str:
    return f"{_weights(weights(row))}, sees {_times(receptive_field(row).size)}"


def _times(size: Size) -> str:
    return f"{size[0]}×{size[1]}"


def _name(row: list[Conv]) -> str:
    """ "30×3 then 3×30" """
    return " then ".join(_times(both(layer.kernel)) for layer in row)


def _patch(axes: Axes, left: float, top: float, right: float, bottom: float, **looks: Any) -> None:
    axes.add_patch(Rectangle((left, top), right - left, bottom - top, **looks))


def _looks(description: str) -> dict:
    layout = ipywidgets.Layout(width="100%", max_width="480px")
    return {"description": description, "layout": layout}


def _checked(picture: Tensor) -> Tensor:
    if not isinstance(picture, Tensor) or picture.dtype != torch.uint8:
        got = f"dtype {picture.dtype}" if hasattr(picture, "dtype") else type(picture).__name__
        raise ValueError(f"kernel_explorer got a picture of {got}; it wants a uint8 tensor, 0–255.")
    if picture.ndim != 3 or picture.shape[0] != 3 or min(picture.shape[1:]) < SIDES[0]:
        raise ValueError(
            f"kernel_explorer got a picture of shape {tuple(picture.shape)}; it wants [3, H, W], {SIDES[0]} pixels or "
            "more a side."
        )
    return picture.cpu()


def _small(picture: Tensor) -> Tensor:
    """uint8 [H, W]: grey, and 96 pixels a side at most."""
    height, width = picture.shape[1:]
    shrink = min(1, SIDES[1] / max(height, width))
    size = tuple(max(1, round(shrink * length)) for length in (height, width))
    small = picture
    if shrink < 1:
        small = F.interpolate(picture[None].float(), size, mode="bilinear", antialias=True)[0]
        small = small.round().clamp(0, 255).to(torch.uint8)
    return grey(small)[0].contiguous()


def _kernel(kernel: Size) -> Size:
    pair = tuple(kernel) if isinstance(kernel, (tuple, list)) else (kernel,)
    if len(pair) != 2 or not all(isinstance(n, int) and 1 <= n <= LARGEST for n in pair):
        raise ValueError(
            f"kernel_explorer got kernel={kernel!r}; it wants (height, width), whole numbers from 1 to {LARGEST}."
        )
    return pair[0], pair[1]
