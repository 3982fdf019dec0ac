"""The six spaces of the colour explorer as sliders: ranges, steps, words, and how a colour goes from one to another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...pixels import SPACES, in_gamut
from ...pixels import colour as formulas
from ..words import fixed

_WORDS = {
    "R": "red", "G": "green", "B": "blue", "H": "hue", "S": "saturation", "V": "value", "L": "lightness",
    "Y": "luma", "Cb": "blue − luma", "Cr": "red − luma", "a": "green – red", "b": "blue – yellow", "C": "chroma",
}  # fmt: skip
# What figures in JavaScript need to compute as `course_lib.pixels.colour` does.
MATRICES = {
    "toXyz": formulas.XYZ_FROM_LINEAR, "fromXyz": formulas.LINEAR_FROM_XYZ,
    "toLms": formulas.LMS_FROM_LINEAR, "fromLms": formulas.LINEAR_FROM_LMS,
    "toOklab": formulas.OKLAB_FROM_ROOTS, "fromOklab": formulas.ROOTS_FROM_OKLAB,
}  # fmt: skip


@dataclass(frozen=True)
class Axis:
    """A channel of a space as a slider. A slider's number is `scale` times the one in `SPACES`."""

    channel: str
    words: str
    trait: str
    low: float
    high: float
    step: float
    digits: int
    unit: str
    scale: float

    def snapped(self, value: float) -> float:
        """The nearest number that the slider can have; of a hue 0 rather than 360."""
        step = math.floor(min(max(value, self.low), self.high) / self.step + 0.5) * self.step
        return 0.0 if self.unit and step >= self.high else round(step, self.digits) + 0.0  # no −0

    def formatted(self, value: float) -> str:
        """ "H 205°"; "H —" of NaN"""
        return f"{self.channel} {fixed(value, self.digits)}{'' if math.isnan(value) else self.unit}"


@dataclass(frozen=True)
class View:
    """A space as the figure shows it. `cube`: it has a number for every colour of sRGB and for no other.

    `planes` are pairs of channels (across, up). The first one of a space with a hue is a disk: its angle is the
    hue, and the other channel, here the second of the pair, grows from the middle.
    """

    name: str
    label: str
    axes: tuple[Axis, Axis, Axis]
    planes: tuple[tuple[int, int], ...]
    cube: bool

    @property
    def hue(self) -> int | None:
        """Position of the axis that is an angle, if there is one."""
        return SPACES[self.name].hue_channel

    @property
    def traits(self) -> list[str]:
        """Names of the figure's three traits that hold the sliders."""
        return [axis.trait for axis in self.axes]

    def numbers(self, rgb: Tensor | Sequence[float]) -> Tensor:
        """float64 [..., 3] on the sliders' scales, from sRGB [..., 3], 0–1."""
        return SPACES[self.name].from_rgb(_double(rgb), dim=-1) * self._scales

    def rgb(self, numbers: Tensor | Sequence[float]) -> Tensor:
        """Back from `numbers`: sRGB float64 [..., 3], outside of 0–1 where a screen cannot show it."""
        return SPACES[self.name].to_rgb(_double(numbers) / self._scales, dim=-1)

    def moved(self, colour: Sequence[float]) -> tuple[list[float], list[float]]:
        """(sliders, colour) for an sRGB colour that comes from another space.

        The colour stays, unless no slider reaches it: then it is the nearest one that they do reach. What is not in
        the cube is cut to it first, as the swatch has shown it before.
        """
        colour = [min(max(value, 0), 1) for value in colour] if self.cube else list(colour)
        values = [axis.snapped(n) for axis, n in zip(self.axes, self.numbers(colour).tolist(), strict=True)]
        return values, colour if self.agree(values, colour) else self.rgb(values).tolist()

    def agree(self, values: Sequence[float], colour: Sequence[float]) -> bool:
        """Whether the sliders show the colour: exactly, or each at its nearest step."""
        if self.cube and not in_gamut(_double(colour), tolerance=1e-6, dim=-1):
            return False
        if (self.rgb(values) - _double(colour)).abs().max() < 1e-6:
            return True
        off = (self.numbers(colour) - _double(values)).abs()
        if self.hue is not None:
            off[self.hue] = min(off[self.hue], 360 - off[self.hue])
        return all(float(o) <= 0.5001 * axis.step for o, axis in zip(off, self.axes, strict=True))

    @property
    def _scales(self) -> Tensor:
        return _double([axis.scale for axis in self.axes])


def near(hue: Tensor, low: float, high: float) -> Tensor:
    """The hues, whole turns added, that lie nearest to the middle of the window."""
    cut = (low + high) / 2 - 180
    return cut + (hue - cut).remainder(360)


def _double(numbers: Tensor | Sequence[float]) -> Tensor:
    return torch.as_tensor(numbers, dtype=torch.float64)


def _axis(space: str, channel: str, low: float, high: float) -> Axis:
    scale, trait = 255 if space == "rgb" else 1, f"{space}_{channel}".lower()
    extent = scale * (high - low)
    step, digits = (1, 0) if extent >= 100 else (0.01, 2) if extent >= 1 else (0.005, 3)
    unit = "°" if channel == "H" else ""
    return Axis(channel, _WORDS[channel], trait, scale * low, scale * high, step, digits, unit, scale)


def _view(name: str, label: str, planes: Sequence[tuple[int, int]]) -> View:
    space = SPACES[name]
    a, b, c = (_axis(name, channel, *ends) for channel, ends in zip(space.channels, space.ranges, strict=True))
    return View(name, label, (a, b, c), tuple(planes), name in ("rgb", "hsv", "hsl"))


VIEWS = (
    _view("rgb", "RGB", [(0, 1), (0, 2), (2, 1)]),
    _view("hsv", "HSV", [(0, 1), (0, 2), (1, 2)]),
    _view("hsl", "HSL", [(0, 1), (0, 2), (1, 2)]),
    _view("ycbcr601", "YCbCr", [(1, 2), (1, 0), (2, 0)]),
    _view("lab", "CIELAB", [(1, 2), (1, 0), (2, 0)]),
    _view("oklch", "OKLCh", [(2, 1), (2, 0), (1, 0)]),
)
NAMES = [view.name for view in VIEWS]
