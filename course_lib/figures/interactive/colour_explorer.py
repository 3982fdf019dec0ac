"""One colour in six spaces: where it sits in each, and in which channel two classes of pictures come apart."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.patches import Circle, Rectangle
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from ...data import ImageSet
from ...pixels import in_gamut
from ..live import Control, LiveFigure, module
from ..static import BLUE
from ..words import fixed, grouped, literal
from .colour_classes import PictureClass, cloud_traits, mean_colour
from .colour_views import MATRICES, NAMES, VIEWS, Axis, View, near

FIRST = "#1f77b4"  # where no colour is given
_HATCHED: dict[str, Any] = {"facecolor": "white", "edgecolor": "0.8", "hatch": "///", "zorder": -1}
_MARKS: tuple[dict[str, Any], ...] = (
    {"marker": "o", "s": 16, "facecolors": "none", "edgecolors": "white", "linewidths": 0.8},
    {"marker": "x", "s": 14, "c": "black", "linewidths": 0.8},
)


def colour_explorer(
    a: ImageSet | Tensor | None = None,
    b: ImageSet | Tensor | None = None,
    *,
    names: Sequence[str] = ("A", "B"),
    colour: str | Sequence[int] | None = None,
    space: str = "hsv",
    seed: int = 0,
) -> ColourExplorer:
    """Sliders for a colour in six spaces. With two classes of pictures: their pixels, and what parts them.

    d′ (`pixels.separation`) is computed for every channel from up to 20,000 pixels of each class, drawn with `seed`;
    600 of them are shown. For a hue, pixels with R = G = B are left out: they have none.

    Args:
        a, b: both or none; `ImageSet`s or uint8 [N, 3, H, W], RGB, with two pixels or more.
        names: of the two classes.
        colour: to start from, "#1f77b4" or (31, 119, 180); by default the mean of all pixels.
        space: to start in: "rgb", "hsv", "hsl", "ycbcr601", "lab" or "oklch".

    Raises:
        ValueError, TypeError: anything else; it says what it got and what it wants.

    >>> colour_explorer(colour="#1f77b4").title()
    'HSV: H 205°, S 0.83, V 0.71 is #1F77B4'
    """
    if space not in NAMES:
        raise ValueError(f"colour_explorer got space={space!r}; it wants one of {', '.join(NAMES)}.")
    names = _two_names(names)
    if (a is None) != (b is None):
        raise ValueError("colour_explorer got pictures of one class only; it wants two, or none.")
    both = [] if a is None or b is None else [PictureClass.of(pictures, seed) for pictures in (a, b)]
    first = _parsed(colour) if colour is not None else mean_colour(both) if both else _parsed(FIRST)
    return ColourExplorer(
        space=NAMES.index(space),
        colour=first,
        **{t: v for view in VIEWS for t, v in zip(view.traits, view.moved(first)[0], strict=True)},
        views=[asdict(view) | {"hue": -1 if view.hue is None else view.hue} for view in VIEWS],
        matrices=MATRICES,
        **(cloud_traits(both, names) if both else {}),
    )


def _numbers(space: str) -> list[traitlets.Float]:
    """The traits of a space's sliders."""
    axes = VIEWS[NAMES.index(space)].axes
    return [traitlets.Float(axis.low, min=axis.low, max=axis.high).tag(sync=True) for axis in axes]


class ColourExplorer(LiveFigure):
    """Made by `colour_explorer`, which checks what goes in.

    `colour` is the truth: sRGB, three floats, beyond 0–1 where no screen can show it. The sliders follow it to
    their nearest step when the space is changed, and lead it when they are moved. So a colour that goes through all
    spaces comes back as it was. `plane` is a position in the `planes` of the present `View`.
    """

    name = "colour_explorer"
    _esm = module(name)
    space = traitlets.Int(1, min=0, max=len(VIEWS) - 1).tag(sync=True)
    plane = traitlets.Int(0, min=0, max=2).tag(sync=True)
    near = traitlets.Bool(False).tag(sync=True)  # the plane is cut to where the pixels are
    colour = traitlets.List(traitlets.Float(), minlen=3, maxlen=3).tag(sync=True)
    rgb_r, rgb_g, rgb_b = _numbers("rgb")
    hsv_h, hsv_s, hsv_v = _numbers("hsv")
    hsl_h, hsl_s, hsl_l = _numbers("hsl")
    ycbcr601_y, ycbcr601_cb, ycbcr601_cr = _numbers("ycbcr601")
    lab_l, lab_a, lab_b = _numbers("lab")
    oklch_l, oklch_c, oklch_h = _numbers("oklch")
    views: traitlets.List[dict] = traitlets.List().tag(sync=True)
    matrices = traitlets.Dict().tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)  # of the classes; none without pictures, like all below
    clouds = traitlets.Bytes().tag(sync=True)  # uint8 [drawn of a + drawn of b, 3]
    drawn = traitlets.List(traitlets.Int()).tag(sync=True)  # pixels of each
    counted = traitlets.List(traitlets.Int()).tag(sync=True)  # pixels of each that d′ is computed from
    apart: traitlets.List[list[float | None]] = traitlets.List().tag(
        sync=True
    )  # d′ [6, 3]; None where a class has no hue
    windows: traitlets.List[list[list[float]]] = traitlets.List().tag(
        sync=True
    )  # [6, 3, 2]: where the pixels are; a hue's may reach beyond 0–360
    pictures = traitlets.Bytes().tag(sync=True)  # uint8 [2, height, width, 3]
    size = traitlets.List(traitlets.Int()).tag(sync=True)  # height, width
    note = traitlets.Unicode().tag(sync=True)

    @traitlets.validate("colour")
    def _finite(self, proposal: traitlets.Bunch) -> list[float]:
        if not all(math.isfinite(value) for value in proposal.value):
            raise ValueError(f"colour got {proposal.value}; it wants three finite numbers, sRGB from 0 to 1.")
        return proposal.value

    @traitlets.observe("colour", "space")
    def _follow(self, change: traitlets.Bunch) -> None:
        """The sliders follow the colour. A page that sends both has done so already."""
        if not self.view.agree(self.values, self.colour):
            values, colour = self.view.moved(self.colour)
            with self.hold_sync(), self.hold_trait_notifications():
                self.colour = colour
                for trait, value in zip(self.view.traits, values, strict=True):
                    setattr(self, trait, value)

    @traitlets.observe(*(axis.trait for view in VIEWS for axis in view.axes))
    def _lead(self, change: traitlets.Bunch) -> None:
        if change.name in self.view.traits and not self.view.agree(self.values, self.colour):
            self.colour = self.view.rgb(self.values).tolist()

    @property
    def view(self) -> View:
        """The present space."""
        return VIEWS[self.space]

    @property
    def values(self) -> list[float]:
        """The three sliders of the present space."""
        return [getattr(self, trait) for trait in self.view.traits]

    def controls(self) -> tuple[Control, ...]:
        """The space, its three sliders, the plane, and with pictures a box to zoom in to them."""
        spaces = ipywidgets.Dropdown(
            options=[(view.label, place) for place, view in enumerate(VIEWS)], index=self.space, **_looks("Space")
        )
        sliders = [
            Control(_slider(axis, getattr(self, axis.trait)), axis.trait, shown={"space": [place]})
            for place, view in enumerate(VIEWS)
            for axis in view.axes
        ]
        planes = [
            Control(_planes(view, self.plane), "plane", reads="index", shown={"space": [place]})
            for place, view in enumerate(VIEWS)
        ]
        near = Control(ipywidgets.Checkbox(value=self.near, **_looks("Zoom in")), "near")
        return Control(spaces, "space", reads="index"), *sliders, *planes, *([near] if self.names else [])

    def title(self) -> str:
        """The colour in the present space, as sRGB bytes, and d′ of the space's channels."""
        told = _told(self.view, self.values)
        within = "" if self._shown() else "outside sRGB, shown cut to "
        words = f"{self.view.label}: {told} is {within}{_hex(self.colour)}"
        return f"{words}. {self._apart_words(self.space)}" if self.names else words

    def describe(self) -> str:
        """Alt text: the colour in all six spaces, and with pictures d′ of every channel."""
        every = (f"{view.label} {_told(view, self._numbers(view))}" for view in VIEWS)
        told = f"A colour in six colour spaces, and where it sits in a plane of {self.view.label}. {self.title()}."
        told += f" In all six: {'; '.join(every)}."
        if not self.names:
            return told
        note = f" ({self.note})" if self.note else ""
        n = " and ".join(grouped(count) for count in self.counted)
        apart = "; ".join(self._apart_words(place, label=True) for place in range(len(VIEWS)))
        return f"{told} The pixels of two classes of pictures{note}, {n} of them. {apart}."

    def summary(self) -> str:
        """What there is to see, without a measured number."""
        pixels = ", and in which channel two classes of pictures come apart" if self.names else ""
        return f"a colour in six spaces, where it sits in each, what sRGB cannot show{pixels}."

    def draw(self, figure: Figure) -> None:
        """The colour, its numbers, its place in a plane; with pictures also two of them, and d′ of 18 channels."""
        figure.set_size_inches(10.5, 7.2 if self.names else 4)
        figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.08)
        figure.suptitle(literal(self.title()), fontweight="bold", fontsize=11, wrap=True)
        halves = figure.subfigures(2, 1, squeeze=False, height_ratios=[1.15, 1]).flat if self.names else [figure]
        top, *below = halves
        swatch, plane, other = top.subplots(1, 3, width_ratios=[1.1, 1.05, 1.05])
        self._draw_swatch(swatch)
        self._draw_plane(plane, near=False)
        if not self.names:
            self._draw_strips(other)
            return
        self._draw_plane(other, near=True)
        bars, pictures = below[0].subfigures(1, 2, squeeze=False, width_ratios=[1.25, 1]).flat
        self._draw_apart(bars.subplots())
        self._draw_pictures(pictures)

    def _draw_swatch(self, axes: Axes) -> None:
        """The colour, and its numbers in the six spaces below."""
        hexadecimal, hatch = _hex(self.colour), None if self._shown() else "//"
        axes.add_patch(Rectangle((0, 7), 3.9, 2.6, fc=hexadecimal, ec="black", lw=0.8, hatch=hatch))
        axes.text(0, 9.8, hexadecimal if self._shown() else f"{hexadecimal}, cut to sRGB", fontsize=9)
        for row, view in enumerate(VIEWS):
            numbers = self._numbers(view)
            weight: dict[str, Any] = {"fontsize": 8.5, "fontweight": "bold" if view is self.view else "normal"}
            axes.text(0, 6.1 - row, f"{'▶ ' if view is self.view else ''}{view.label}", **weight)
            for k, (axis, number) in enumerate(zip(view.axes, numbers, strict=True)):
                axes.text(1.15 + 0.98 * k, 6.1 - row, axis.formatted(number), **weight)
        axes.set(xlim=(0, 4), ylim=(0.6, 10.3))
        axes.axis("off")

    def _draw_plane(self, axes: Axes, *, near: bool) -> None:
        """The present plane through the colour, whole or cut to the pixels, hatched where sRGB has no such colour."""
        pair, view = self.view.planes[self.plane], self.view
        disk = self.plane == 0 and view.hue is not None and not near
        across, up = (view.axes[k] for k in pair)
        ends = [self.windows[self.space][k] if near else [view.axes[k].low, view.axes[k].high] for k in pair]
        (left, right), (low, high) = [(-1, 1), (-1, 1)] if disk else ends
        axes.add_patch(Rectangle((left, low), right - left, high - low, **_HATCHED))
        extent = left, right, low, high
        image = axes.imshow(self._plane_pixels(ends, disk), extent=extent, aspect="auto", interpolation="bilinear")
        axes.set(xlim=(left, right), ylim=(low, high))
        if self.names:
            self._draw_points(axes, ends, disk)
        if not near:
            place = _place(torch.tensor(self.values)[list(pair)], ends, disk, pair[0] == view.hue)
            axes.plot(*place, "o", ms=11, mfc="none", mec="black", mew=4.5)
            axes.plot(*place, "o", ms=11, mfc="none", mec="white", mew=2.5)
        third = 3 - sum(pair)
        told = f"{view.label} at {view.axes[third].formatted(self.values[third])}"
        both = ", ".join(f"{mark} {_short(name)}" for mark, name in zip("○×", self.names, strict=False))
        axes.set_title(literal(f"close up: {both}") if near else told, fontsize=9.5)
        if disk:
            axes.set_xlabel(f"angle: {across.words}, outwards: {up.words}", fontsize=9)
            _cut_to_disk(axes, image)
            return
        axes.set_box_aspect(1)
        axes.tick_params(labelsize=8)
        if across.unit:
            axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))  # whole degrees, so that none is rounded
            axes.xaxis.set_major_formatter(lambda hue, _: f"{hue if hue == 360 else hue % 360:.0f}°")
        for axis, label in ((across, axes.set_xlabel), (up, axes.set_ylabel)):
            label(f"{axis.channel}: {axis.words}", fontsize=9)

    def _plane_pixels(self, ends: list, disk: bool, side: int = 160) -> np.ndarray:
        """[side, side, 4], 0–1, the top row first; clear where sRGB has no such colour."""
        pair, step = list(self.view.planes[self.plane]), (torch.arange(side, dtype=torch.float64) + 0.5) / side
        up, across = torch.meshgrid(1 - step, step, indexing="ij")
        if disk:
            x, y = 2 * across - 1, 2 * up - 1
            two = torch.stack([torch.atan2(y, x).rad2deg().remainder(360), torch.hypot(x, y) * ends[1][1]], dim=-1)
        else:
            parts = zip((across, up), ends, strict=True)
            two = torch.stack([low + part * (high - low) for part, (low, high) in parts], dim=-1)
        numbers = torch.tensor(self.values, dtype=torch.float64).repeat(side * side, 1)
        numbers[:, pair] = two.reshape(-1, 2)
        rgb = self.view.rgb(numbers)
        alpha = in_gamut(rgb, dim=-1).double()[:, None]
        return torch.cat([rgb.clamp(0, 1), alpha], dim=1).reshape(side, side, 4).numpy()

    def _draw_points(self, axes: Axes, ends: list, disk: bool) -> None:
        pair = list(self.view.planes[self.plane])
        pixels = torch.frombuffer(bytearray(self.clouds), dtype=torch.uint8).reshape(-1, 3)
        for one, style in zip(pixels.split(self.drawn), _MARKS, strict=True):
            numbers = self.view.numbers(one.double() / 255)[:, pair]
            x, y = _place(numbers, ends, disk, pair[0] == self.view.hue).T.numpy()
            axes.scatter(x, y, **style)

    def _draw_strips(self, axes: Axes) -> None:
        """What each slider runs through, at the other two's present places."""
        for k, axis in enumerate(self.view.axes):
            numbers = torch.tensor(self.values, dtype=torch.float64).repeat(200, 1)
            numbers[:, k] = torch.linspace(axis.low, axis.high, 200, dtype=torch.float64)
            rgb = self.view.rgb(numbers)
            row = torch.cat([rgb.clamp(0, 1), in_gamut(rgb, dim=-1).double()[:, None]], dim=1)[None].numpy()
            axes.add_patch(Rectangle((0, 2 - k), 1, 0.45, **_HATCHED))
            axes.imshow(row, extent=(0, 1, 2 - k, 2.45 - k), aspect="auto")
            axes.plot([(self.values[k] - axis.low) / (axis.high - axis.low)] * 2, [1.92 - k, 2.53 - k], "k", lw=2.5)
            axes.text(0, 2.6 - k, f"{axis.channel}: {axis.words}", fontsize=9)
            for x, value, side in ((0, axis.low, "left"), (1, axis.high, "right")):
                axes.text(x, 1.78 - k, f"{fixed(value, axis.digits)}{axis.unit}", fontsize=8, ha=side)
        axes.set(xlim=(-0.03, 1.03), ylim=(-0.3, 3))
        axes.axis("off")

    def _draw_apart(self, axes: Axes) -> None:
        """d′ of the 18 channels in groups of three. The present space's are blue, the largest's number is bold."""
        flat = [value for row in self.apart for value in row]
        most = max(1, *(value for value in flat if value is not None))
        for place, value in enumerate(flat):
            at, view = place + place // 3, VIEWS[place // 3]
            axes.barh(at, value or 0, color=BLUE if view is self.view else "0.7", height=0.8)
            bold = "bold" if value == most else "normal"
            axes.text((value or 0) + 0.01 * most, at, d_prime(value), va="center", fontsize=8, fontweight=bold)
        axes.set_yticks([p + p // 3 for p in range(18)], [a.channel for view in VIEWS for a in view.axes], fontsize=8)
        for place, view in enumerate(VIEWS):
            bold = "bold" if view is self.view else "normal"
            axes.text(-0.1 * most, 4 * place + 1, view.label, ha="right", va="center", fontsize=9, fontweight=bold)
        axes.set(xlim=(0, 1.1 * most), ylim=(22.8, -0.8))
        n = " and ".join(grouped(count) for count in self.counted)
        note = f", {self.note}" if self.note else ""
        a, b = map(_short, self.names)
        axes.set_xlabel(literal(f"d′ of {a} against {b} (n = {n} pixels{note})"), fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)

    def _draw_pictures(self, figure: SubFigure) -> None:
        """A picture of each class and its channels in the present space, stretched to what both classes have."""
        height, width = self.size
        pictures = np.frombuffer(self.pictures, np.uint8).reshape(2, height, width, 3)
        figure.suptitle(f"a picture, and its channels in {self.view.label}", fontsize=9.5)
        for row, picture, name, mark in zip(figure.subplots(2, 4), pictures, self.names, "○×", strict=True):
            numbers = self.view.numbers(torch.tensor(picture).reshape(-1, 3).double() / 255)
            row[0].imshow(picture, interpolation="nearest")
            row[0].set_ylabel(literal(f"{mark} {_short(name)}"), fontsize=9)
            for k, axes in enumerate(row[1:]):
                low, high = self.windows[self.space][k]
                values = near(numbers[:, k], low, high) if k == self.view.hue else numbers[:, k]
                looks = {"cmap": "gray", "vmin": low, "vmax": high, "interpolation": "nearest"}
                axes.imshow(values.reshape(height, width).numpy(), **looks)
                axes.set_xlabel(self.view.axes[k].channel, fontsize=9)
        for axes in figure.axes:
            axes.set(xticks=[], yticks=[])

    def _numbers(self, view: View) -> list[float]:
        """The colour in any of the spaces. Outside of sRGB there is no hue, saturation and value or lightness."""
        if view is self.view:
            return self.values
        if view.cube and view.hue is not None and not self._shown():
            return [math.nan] * 3
        return view.numbers(self.colour).tolist()

    def _shown(self) -> bool:
        return bool(in_gamut(torch.tensor(self.colour, dtype=torch.float64), dim=-1))

    def _apart_words(self, place: int, *, label: bool = False) -> str:
        """ "low against high: d′ H 3.4, S 0.2, V 0.1" """
        channels = zip(VIEWS[place].axes, self.apart[place], strict=True)
        told = ", ".join(f"{axis.channel} {d_prime(d)}" for axis, d in channels)
        return f"{VIEWS[place].label}: d′ {told}" if label else f"{self.names[0]} against {self.names[1]}: d′ {told}"


def d_prime(value: float | None) -> str:
    """With one decimal; "—" where there is none.

    >>> d_prime(3.14), d_prime(21000), d_prime(None)
    ('3.1', '>99', '—')
    """
    if value is None:
        return "—"
    return ">99" if value > 99 else fixed(value, 1)


# --- the colour and its numbers ---


def _hex(colour: Sequence[float]) -> str:
    """ "#1F77B4", each channel cut to 0–255; halves up, also where rounding left them a little below."""
    return "#" + "".join(f"{math.floor(255 * min(max(value, 0), 1) + 0.500001):02X}" for value in colour)


def _parsed(colour: str | Sequence[int]) -> list[float]:
    wanted = 'it wants "#1f77b4", or three whole numbers from 0 to 255.'
    if isinstance(colour, str):
        if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
            raise ValueError(f"colour_explorer got colour={colour!r}; {wanted}")
        return [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    try:
        levels = [float(value) for value in colour]
    except (TypeError, ValueError):
        raise ValueError(f"colour_explorer got colour={colour!r}; {wanted}") from None
    if len(levels) != 3 or not all(0 <= value <= 255 and value == math.floor(value) for value in levels):
        raise ValueError(f"colour_explorer got colour={colour!r}; {wanted}")
    return [value / 255 for value in levels]


def _told(view: View, numbers: Sequence[float]) -> str:
    """ "H 205°, S 0.83, V 0.71" """
    return ", ".join(axis.formatted(number) for axis, number in zip(view.axes, numbers, strict=True))


def _cut_to_disk(axes: Axes, image: AxesImage) -> None:
    for artist in (image, axes.patches[0], *axes.collections):
        artist.set_clip_path(Circle((0, 0), 1, transform=axes.transData))
    axes.add_patch(Circle((0, 0), 1, fill=False, ec="0.6", clip_on=False))
    axes.set(xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)


def _place(numbers: Tensor, ends: list, disk: bool, turns: bool) -> Tensor:
    """[..., 2]: where (across, up) numbers stand in a plane; in a disk of radius 1."""
    across, up = numbers.double().unbind(-1)
    if disk:
        angle, radius = across.deg2rad(), up / ends[1][1]
        return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=-1)
    return torch.stack([near(across, *ends[0]) if turns else across, up], dim=-1)


def _two_names(names: Sequence[str]) -> list[str]:
    told = [names] if isinstance(names, str) else [str(name) for name in names]
    if len(told) != 2 or told[0] == told[1] or not all(told):
        raise ValueError(f"colour_explorer got names={names!r}; it wants two that differ.")
    return told


def _short(name: str) -> str:
    return name if len(name) <= 16 else f"{name[:15]}…"


# --- controls ---


def _looks(description: str) -> dict:
    layout = ipywidgets.Layout(width="100%", max_width="480px")
    return {"description": description, "layout": layout, "style": {"description_width": "112px"}}


def _slider(axis: Axis, value: float) -> ipywidgets.Widget:
    unit = f" ({axis.unit})" if axis.unit else ""
    looks = _looks(f"{axis.channel}: {axis.words}{unit}")
    if not axis.digits:
        return ipywidgets.IntSlider(value=int(value), min=int(axis.low), max=int(axis.high), **looks)
    ends = {"min": axis.low, "max": axis.high, "step": axis.step}
    return ipywidgets.FloatSlider(value=value, readout_format=f".{axis.digits}f", **ends, **looks)


def _planes(view: View, plane: int) -> ipywidgets.Widget:
    names = [" and ".join(view.axes[k].channel for k in pair) for pair in view.planes]
    if view.hue is not None:
        names[0] = f"disk of {names[0]}"
    return ipywidgets.Dropdown(options=names, index=plane, **_looks("Plane"))
