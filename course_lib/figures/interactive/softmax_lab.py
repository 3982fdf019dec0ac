"""Why 1.00 is not certainty: the same logits as softmax, as sigmoids, and as energy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ... import checks, openset
from ..live import Control, LiveFigure, module
from ..static import BLUE
from ..words import fixed, literal, percent

FEWEST, MOST = 2, 8  # classes: fewer have nothing to share, more have no room
NAMES = ("cat", "dog", "bird", "fish", "frog", "horse", "ship", "truck")
LOGITS = (8.0, 0.0, -2.0)
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
REACH = 10  # of a logit's slider, both ways, unless a logit wants more
SHIFT = 20  # of the slider that adds to all logits
HIGHEST = 100  # logit that a slider still makes sense for
_FIRST, _OTHER, _GHOST = BLUE, "#b4b4b4", "#404040"
_TRAITS = tuple(f"z{k}" for k in range(1, MOST + 1))


def softmax_lab(
    logits: Sequence[float] | np.ndarray | Tensor | None = None,
    classes: Sequence[str] | None = None,
    *,
    temperature: float = 1.0,
) -> SoftmaxLab:
    """Sliders for the logits, for what is added to all of them, and for the temperature; three ways to read them.

    Args:
        logits: float [K], −100 to 100, K from 2 to 8; rounded to tenths. Without, three that look certain.
        classes: K names. Without, animals.
        temperature: above 0, at most 100. The slider goes over `TEMPERATURES`, and over this one too.

    Raises:
        ValueError: anything else; it says what it got and what it wants.

    >>> figure = softmax_lab([8, 0, -2], ["cat", "dog", "bird"])
    >>> figure.title()
    'cat: softmax >99 % (printed 1.00), sigmoid >99 %, energy −8.0'
    >>> figure.shift = -20
    >>> figure.title()
    'cat: softmax >99 % (printed 1.00), sigmoid <1 %, energy 12.0'
    """
    values = _checked_logits(LOGITS if logits is None else logits)
    names = _checked_names(classes, len(values))
    if not 0 < temperature <= 100:
        raise ValueError(f"softmax_lab got temperature={temperature}; it wants a number above 0, at most 100.")
    temperatures = sorted({*TEMPERATURES, float(temperature)})
    return SoftmaxLab(
        n=len(values),
        names=names,
        temperatures=temperatures,
        heat=temperatures.index(temperature),
        reach=REACH * max(1, math.ceil(max(map(abs, values)) / REACH)),
        **dict(zip(_TRAITS, values, strict=False)),
    )


@dataclass(frozen=True)
class Reading:
    """What the logits say: [K] logits after the shift, softmax and sigmoids 0–1; the energy."""

    logits: list[float]
    softmax: list[float]
    sigmoid: list[float]
    energy: float

    @classmethod
    def of(cls, logits: Sequence[float], temperature: float) -> Reading:
        """Read [K] logits; softmax and energy at `temperature`, the sigmoids at 1."""
        z = torch.tensor([logits], dtype=torch.float64)
        p, energy = openset.softmax(z, temperature=temperature), openset.energy(z, temperature=temperature)
        return cls(z[0].tolist(), p[0].tolist(), z[0].sigmoid().tolist(), energy.item())

    @property
    def first(self) -> int:
        """Place of the likeliest class."""
        return self.softmax.index(max(self.softmax))


class SoftmaxLab(LiveFigure):
    """Made by `softmax_lab`, which checks what goes in.

    `z1` to `z8` are the logits, of which the first `n` count; `shift` is added to all; `heat` is the place of the
    temperature in `temperatures`.
    """

    name = "softmax_lab"
    _esm = module(name)
    n = traitlets.Int(FEWEST).tag(sync=True)
    z1, z2, z3, z4, z5, z6, z7, z8 = (traitlets.Float(0.0).tag(sync=True) for _ in range(MOST))
    shift = traitlets.Float(0.0).tag(sync=True)
    heat = traitlets.Int(0).tag(sync=True)
    names = traitlets.List(traitlets.Unicode()).tag(sync=True)
    temperatures = traitlets.List(traitlets.Float()).tag(sync=True)
    reach = traitlets.Int(REACH).tag(sync=True)

    @traitlets.validate("n")
    def _few_classes(self, proposal: traitlets.Bunch) -> int:
        if not FEWEST <= proposal.value <= MOST:
            raise ValueError(f"n got {proposal.value}; it wants {FEWEST} to {MOST} classes.")
        return proposal.value

    @traitlets.validate("heat")
    def _on_the_slider(self, proposal: traitlets.Bunch) -> int:
        if not 0 <= proposal.value < len(self.temperatures):
            raise ValueError(f"heat got {proposal.value}; it wants 0 to {len(self.temperatures) - 1}.")
        return proposal.value

    @traitlets.validate(*_TRAITS, "shift")
    def _a_number(self, proposal: traitlets.Bunch) -> float:
        if not abs(proposal.value) <= HIGHEST:  # NaN is not either
            raise ValueError(f"{proposal.trait.name} got {proposal.value}; it wants −{HIGHEST} to {HIGHEST}.")
        return proposal.value

    @property
    def temperature(self) -> float:
        """What the logits are divided by."""
        return self.temperatures[self.heat]

    @property
    def limit(self) -> float:
        """No energy of these sliders is farther from 0."""
        return self.reach + SHIFT + self.temperatures[-1] * math.log(MOST)

    def reading(self, *, shift: float | None = None) -> Reading:
        """What the present logits say; with another `shift`, what they would say."""
        shift = self.shift if shift is None else shift
        return Reading.of([getattr(self, trait) + shift for trait in _TRAITS[: self.n]], self.temperature)

    def controls(self) -> tuple[Control, ...]:
        """What is added to all, the temperature, the number of classes, and a slider for each logit."""
        heats = [(f"{value:g}", place) for place, value in enumerate(self.temperatures)]
        heat = ipywidgets.SelectionSlider(options=heats, index=self.heat, **_looks("Temperature"))
        number = ipywidgets.IntSlider(value=self.n, min=FEWEST, max=MOST, **_looks("Classes"))
        logits = [
            Control(self._slider(trait, self.reach, name), trait, shown={"n": range(max(k, FEWEST), MOST + 1)})
            for k, (trait, name) in enumerate(zip(_TRAITS, self.names, strict=True), start=1)
        ]
        return (
            Control(self._slider("shift", SHIFT, "Add to all"), "shift"),
            Control(heat, "heat", reads="index"),
            Control(number, "n"),
            *logits,
        )

    def _slider(self, trait: str, reach: float, name: str) -> ipywidgets.FloatSlider:
        value = getattr(self, trait)
        return ipywidgets.FloatSlider(
            value=value, min=-reach, max=reach, step=0.1, readout_format=".1f", **_looks(name)
        )  # fmt: skip

    def title(self) -> str:
        """The line above the figure: "cat: softmax >99 % (printed 1.00), sigmoid <1 %, energy 12.0"."""
        now = self.reading()
        p, s = now.softmax[now.first], now.sigmoid[now.first]
        told = f"softmax {honest(p)} (printed {fixed(p, 2)}), sigmoid {honest(s)}, energy {fixed(now.energy, 1)}"
        return f"{self.names[now.first]}: {told}"

    def describe(self) -> str:
        """Alt text: each class's logit, softmax and sigmoid, the energy, and what each of them would say."""
        now = self.reading()
        rows = zip(self.names, now.logits, now.softmax, now.sigmoid, strict=False)
        told = "; ".join(
            f"{name}: logit {fixed(z, 1)}, softmax {honest(p)}, sigmoid {honest(s)}" for name, z, p, s in rows
        )
        return (
            f"Bars of logits, softmax probabilities and sigmoids for {self.n} classes, and energy on a line. {told}. "
            f"The largest softmax probability is printed {fixed(max(now.softmax), 2)}; by sigmoid it is "
            f"{none_or_some(self.names, now.sigmoid)}; energy {fixed(now.energy, 1)}. "
            f"Temperature {self.temperature:g}; {fixed(self.shift, 1)} is added to all logits."
        )

    def summary(self) -> str:
        """What there is to read, without a measured number."""
        return "logits on sliders, read as softmax probabilities, as sigmoids, and as energy."

    def draw(self, figure: Figure) -> None:
        """Bars of logits, softmax and sigmoids, and the energy on a line; marks where they were before adding."""
        now, before = self.reading(), self.reading(shift=0)
        figure.set_size_inches(9, 2.9 + 0.32 * self.n)
        figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.08, rect=(0, 0, 0.98, 1))
        figure.suptitle(literal(self.title()), fontweight="bold")
        top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[1 + 0.32 * self.n, 1.1]).flat
        logits, shares, alone = top.subplots(1, 3)
        widest = self.reach + SHIFT
        added = f", {fixed(self.shift, 1)} added to all" if self.shift else ""
        self._draw_bars(logits, now.logits, before.logits, f"Logits{added}", lambda z: fixed(z, 1))
        logits.set(xlim=(-widest, widest), xlabel="upright marks: before adding" if self.shift else "logit")
        softmax, sigmoid = fixed(max(now.softmax), 2), fixed(max(now.sigmoid), 2)
        for axes, values, ghosts, heading, told, says in (
            (shares, now.softmax, before.softmax, "Softmax: shares of one whole", f"printed {softmax} →",
             self.names[now.first]),
            (alone, now.sigmoid, before.sigmoid, "Sigmoid: each on its own", f"highest {sigmoid}; over ½:",
             none_or_some(self.names, now.sigmoid)),
        ):  # fmt: skip
            self._draw_bars(axes, values, ghosts, heading, honest)
            axes.set(xlim=(0, 1), xticks=[0, 0.5, 1], xticklabels=["0 %", "50 %", "100 %"])
            axes.set_xlabel(f"{told}\n{_short(says, 22)}", fontweight="bold")
        self._draw_energy(bottom.subplots(), now.energy, before.energy)

    def _draw_bars(
        self,
        axes: Axes,
        values: Sequence[float],
        ghosts: Sequence[float],
        heading: str,
        words: Callable[[float], str],
    ) -> None:
        first = self.reading().first
        places = range(self.n)
        axes.barh(places, values, color=[_FIRST if place == first else _OTHER for place in places])
        if self.shift:
            axes.plot(ghosts, places, "|", color=_GHOST, ms=16, mew=2, clip_on=False)
        names = [f"{'▶ ' if place == first else ''}{_short(self.names[place])}" for place in places]
        axes.set_yticks(places, [f"{name}  {words(value)}" for name, value in zip(names, values, strict=True)])
        axes.get_yticklabels()[first].set_fontweight("bold")
        axes.axvline(0, color="0.4", lw=1)
        axes.set_title(heading, fontsize=11)
        axes.invert_yaxis()
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)

    def _draw_energy(self, axes: Axes, energy: float, before: float) -> None:
        axes.plot(energy, 0, "D", color=_FIRST, ms=10)
        told = f"energy {fixed(energy, 1)}, T = {self.temperature:g}"
        axes.annotate(told, (energy, 0), (0, 10), textcoords="offset points", ha="center", fontweight="bold")
        if self.shift:
            axes.plot(before, 0, "D", mfc="none", color=_GHOST, ms=10)
        axes.axhline(0, color="0.4", lw=1, zorder=0)
        axes.set(xlim=(-self.limit, self.limit), ylim=(-1, 2), yticks=[])
        axes.set_xlabel("← high logits: something is seen                energy                "
                        "low logits everywhere: nothing is seen →")  # fmt: skip
        axes.spines[["top", "right", "left"]].set_visible(False)


def _looks(description: str) -> dict:
    """Each control has a layout of its own, because one is hidden by it; ipywidgets 7 takes a description for HTML."""
    layout = ipywidgets.Layout(width="100%", max_width="480px")
    style = {"description_width": "92px"}  # "Temperature" does not fit the usual 80
    return {"description": description.replace("<", "‹"), "layout": layout, "style": style}


def honest(probability: float) -> str:
    """`percent` of a softmax or a sigmoid of finite logits: neither is ever certain, even where a float rounds to 1.

    >>> honest(1.0), honest(0.0)
    ('>99 %', '<1 %')
    """
    return percent(min(max(probability, 1e-12), 1 - 1e-12))


def none_or_some(names: Sequence[str], sigmoids: Sequence[float]) -> str:
    """The classes whose sigmoid is above one half, in words.

    >>> none_or_some(["cat", "dog"], [0.9, 0.8]), none_or_some(["cat", "dog"], [0.5, 0.1])
    ('cat and dog', 'none of these')
    """
    return " and ".join(name for name, s in zip(names, sigmoids, strict=False) if s > 0.5) or "none of these"


def _short(name: str, length: int = 10) -> str:
    """For matplotlib, which cuts off what does not fit."""
    return literal(name if len(name) <= length else f"{name[: length - 1]}…")


def _checked_logits(logits: Sequence[float] | np.ndarray | Tensor) -> list[float]:
    try:
        given = checks.array(logits, "softmax_lab", "logits") if isinstance(logits, Tensor) else logits
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as fault:
        raise ValueError(f"softmax_lab got logits={logits!r}; it wants {FEWEST} to {MOST} numbers.") from fault
    if values.ndim != 1 or not FEWEST <= len(values) <= MOST:
        raise ValueError(
            f"softmax_lab got logits of shape {values.shape}; it wants [K], K from {FEWEST} to {MOST} classes. "
            "Of more, pass the highest."
        )
    if not (abs(values) <= HIGHEST).all():  # NaN is not either
        raise ValueError(f"softmax_lab got logits {values.tolist()}; it wants numbers from −{HIGHEST} to {HIGHEST}.")
    return [round(value, 1) for value in values.tolist()]


def _checked_names(classes: Sequence[str] | None, k: int) -> list[str]:
    """Eight names: the given ones, and more for classes that the slider may add."""
    if classes is None:
        return list(NAMES)
    names = [str(name) for name in classes] if not isinstance(classes, str) else [classes]
    if len(names) != k or len(set(names)) != k or "" in names:
        raise ValueError(f"softmax_lab got classes={names} for {k} logits; it wants {k} different names.")
    return names + [f"class {place}" for place in range(k + 1, MOST + 1)]
