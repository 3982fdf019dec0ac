"""Change a picture's colours, layout and scale by slider, and see what a trained model makes of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ...data import Source
from ...pixels import grey, recolour, shuffle_patches, zoom
from ...pixels.changes import patch_order
from ..live import Control, ModelFigure, ask, module
from ..static import BLUE, SOURCE_NOTES, check_source
from ..words import literal, percent

CLASSES = (2, 20)
SIDES = (8, 128)  # pixels: more would not be recoloured within a frame
HUE, PERCENT = 5, 5  # steps of the sliders, degrees and percent
AS_IT_IS: dict[str, int | bool] = {
    "hue": 0,
    "saturation": 100,
    "brightness": 100,
    "without_colour": False,
    "patch": 0,
    "scale": 0,
}


def recolour_explorer(
    picture: Tensor,
    predict: Callable[[Tensor], Tensor],
    classes: Sequence[str],
    *,
    truth: str | None = None,
    source: Source = "real",
) -> RecolourExplorer:
    """Sliders for hue, saturation, brightness, grey, shuffled patches and zoom; a model answers to the result.

    Every single change is answered before anything is shown. With a kernel the model answers to mixtures too.

    Args:
        picture: uint8 [3, H, H], H a multiple of 8 from 8 to 128.
        predict: uint8 [N, 3, H, H] → probabilities [N, K]; called once for about 160 pictures.
        classes: K names, 2 to 20.
        truth: the picture's own class, to be marked.
        source: as in `ImageSet`.

    Raises:
        ValueError: anything else; it says what it got and what it wants.
    """
    classes = [str(name) for name in classes]
    _check(picture, classes, truth, source)
    picture = picture.cpu()
    side = picture.shape[-1]
    patches = [0, *(size for size in (side // 2, side // 4, side // 8) if size)]
    figure = RecolourExplorer(
        pixels=picture.permute(1, 2, 0).contiguous().numpy().tobytes(),
        side=side,
        patches=patches,
        scales=[factor for factor in (1, 2, 4) if side % factor == 0],
        orders=[_order(side, patch) for patch in patches],
        classes=classes,
        truth=truth or "",
        note=SOURCE_NOTES[source],
    )
    singles = figure.single_changes()
    changed = torch.stack([figure.changed(one) for one in singles])
    figure.singles = singles
    figure.answers = ask(predict, changed, classes, "recolour_explorer").astype("<f4").tobytes()
    figure.predict = lambda pictures: ask(predict, pictures, classes, "recolour_explorer")
    return figure


class RecolourExplorer(ModelFigure):
    """Made by `recolour_explorer`, which checks what goes in.

    `hue` in degrees, `saturation` and `brightness` in percent of what they were; `patch` and `scale` are positions
    in `patches` (pixels; 0 is not shuffled) and `scales` (1 is not enlarged). Enlarged first, then recoloured, made
    grey, shuffled.
    """

    name = "recolour_explorer"
    _esm = module(name)
    hue = traitlets.Int(0, min=-180, max=180).tag(sync=True)
    saturation = traitlets.Int(100, min=0, max=200).tag(sync=True)
    brightness = traitlets.Int(100, min=0, max=200).tag(sync=True)
    without_colour = traitlets.Bool(False).tag(sync=True)
    patch = traitlets.Int(0).tag(sync=True)
    scale = traitlets.Int(0).tag(sync=True)
    pixels = traitlets.Bytes().tag(sync=True)
    side = traitlets.Int().tag(sync=True)
    patches = traitlets.List(traitlets.Int()).tag(sync=True)
    scales = traitlets.List(traitlets.Int()).tag(sync=True)
    orders: traitlets.List[list[int]] = traitlets.List().tag(sync=True)  # for each patch size: which piece stands where
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    truth = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    singles: traitlets.List[list] = traitlets.List().tag(sync=True)  # states that have an answer
    answers = traitlets.Bytes().tag(sync=True)  # float32 [len(singles), K]
    alive = traitlets.Bool(True).tag(sync=True)  # False on a page without a kernel

    @traitlets.validate("patch", "scale")
    def _one_of_them(self, proposal: traitlets.Bunch) -> int:
        known: list[int] = {"patch": self.patches, "scale": self.scales}[proposal.trait.name]
        if known and not 0 <= proposal.value < len(known):
            raise ValueError(f"{proposal.trait.name} got {proposal.value}; it wants 0 to {len(known) - 1}.")
        return proposal.value

    def controls(self) -> tuple[Control, ...]:
        """Sliders for hue, saturation, brightness, patches and zoom, and a box for grey."""
        layout = ipywidgets.Layout(width="100%", max_width="480px")

        def whole(trait: str, label: str, low: int, high: int, step: int) -> Control:
            value = getattr(self, trait)
            slider = ipywidgets.IntSlider(value=value, min=low, max=high, step=step, description=label, layout=layout)
            return Control(slider, trait)

        names = ["as it is", *(f"{size}×{size}" for size in self.patches[1:])]
        patch = ipywidgets.SelectionSlider(options=names, index=self.patch, description="Patches", layout=layout)
        factors = [f"{factor}×" for factor in self.scales]
        scale = ipywidgets.SelectionSlider(options=factors, index=self.scale, description="Zoom", layout=layout)
        return (
            whole("hue", "Hue (°)", -180, 180, HUE),
            whole("saturation", "Saturat. (%)", 0, 200, PERCENT),
            whole("brightness", "Bright. (%)", 0, 200, PERCENT),
            Control(
                ipywidgets.Checkbox(value=self.without_colour, description="Grey", layout=layout), "without_colour"
            ),
            Control(patch, "patch", "index"),
            Control(scale, "scale", "index"),
        )

    def state(self) -> list:
        """The present change, in the order of `AS_IT_IS`."""
        return [getattr(self, trait) for trait in AS_IT_IS]

    def single_changes(self) -> list[list]:
        """All states that differ from the picture as it is in one slider at most."""
        ranges = {
            "hue": range(-180, 181, HUE),
            "saturation": range(0, 201, PERCENT),
            "brightness": range(0, 201, PERCENT),
            "without_colour": (False, True),
            "patch": range(len(self.patches)),
            "scale": range(len(self.scales)),
        }
        changes = [list((AS_IT_IS | {trait: value}).values()) for trait, values in ranges.items() for value in values]
        return [change for place, change in enumerate(changes) if change not in changes[:place]]

    def changed(self, state: list) -> Tensor:
        """uint8 [3, H, H]: the picture in that state."""
        hue, saturation, brightness, without_colour, patch, scale = state
        pixels = np.frombuffer(self.pixels, np.uint8).reshape(self.side, self.side, 3)
        picture = zoom(torch.tensor(pixels).permute(2, 0, 1), self.scales[scale])
        if (hue, saturation, brightness) != (0, 100, 100):
            picture = recolour(picture, hue=hue, saturation=saturation / 100, brightness=brightness / 100)
        if without_colour:
            picture = grey(picture)
        return shuffle_patches(picture, self.patches[patch]) if patch else picture

    def probabilities(self, asked: list) -> list[float]:
        """[K] 0–1 for the change `asked`, in the order of `AS_IT_IS`: from what is stored, else from the model."""
        if asked in self.singles:
            numbers = np.frombuffer(self.answers, "<f4").reshape(-1, len(self.classes))
            return [float(p) for p in numbers[self.singles.index(asked)]]
        return [float(p) for p in self.predict(self.changed(asked)[None])[0]]

    def title(self) -> str:
        """What was changed, and what the model answers to it."""
        state = self.state()
        if not self.alive and state not in self.singles:
            return f"{self.words()}: only a running kernel answers to a mixture of changes"
        answer = f"{self.words()}: {self._told(state)}"
        plain = list(AS_IT_IS.values())
        return answer if state == plain else f"{answer} (as it is: {self._told(plain)})"

    def words(self) -> str:
        """The change: "hue +40°, grey"."""
        hue, saturation, brightness, without_colour, patch, scale = self.state()
        parts = [
            f"hue {'+' if hue > 0 else '−'}{abs(hue)}°" if hue else "",
            f"saturation {saturation} %" if saturation != 100 else "",
            f"brightness {brightness} %" if brightness != 100 else "",
            "grey" if without_colour else "",
            f"patches of {self.patches[patch]} pixels shuffled" if patch else "",
            f"enlarged {self.scales[scale]}×" if scale else "",
        ]
        return ", ".join(part for part in parts if part) or "As it is"

    def describe(self) -> str:
        """Alt text: the present change, the answer to it, and those to grey, a turned hue and no brightness."""
        what = f"A picture of {self.truth}" if self.truth else "A picture"
        note = f" ({self.note})" if self.note else ""
        probes: list[tuple[str, dict[str, int | bool]]] = [
            ("grey", {"without_colour": True}),
            ("hue turned by 180°", {"hue": 180}),
            ("no brightness", {"brightness": 0}),
        ]
        told = "; ".join(f"{words}: {self._told(list((AS_IT_IS | change).values()))}" for words, change in probes)
        return f"{what}{note} as it is and changed, and a model's answer. {self.title()}. Other changes: {told}."

    def summary(self) -> str:
        """What there is to change, without a measured number."""
        return "a picture whose colours, layout and scale are changed by slider, and a model's answer to it."

    def draw(self, figure: Figure) -> None:
        """The picture as it is and as changed, with the bars of both answers; below, eight single changes."""
        figure.set_size_inches(10, 5.6)
        figure.suptitle(literal(self.title()), fontweight="bold", fontsize=10.5, wrap=True)
        top, strip = figure.subfigures(2, 1, squeeze=False, height_ratios=[2, 1]).flat
        plain, now, bars = top.subplots(1, 3, width_ratios=[1, 1, 1.3])
        for axes, state, words in ((plain, list(AS_IT_IS.values()), "as it is"), (now, self.state(), self.words())):
            self._draw_picture(axes, state)
            axes.set_title(literal(words), fontsize=9)
        self._draw_bars(bars)
        for axes, (words, change) in zip(strip.subplots(1, len(_SHOWN)), _SHOWN, strict=True):
            state = list((AS_IT_IS | change).values())
            if state[4] >= len(self.patches) or state[5] >= len(self.scales):
                axes.axis("off")
                continue
            self._draw_picture(axes, state)
            answer, _, share = self._told(state).rpartition(", ")  # a line each: eight stand side by side
            axes.set_title(literal(f"{words}\n{answer}\n{share}"), fontsize=7.5)

    def _draw_picture(self, axes: Axes, state: list) -> None:
        axes.imshow(self.changed(state).permute(1, 2, 0).numpy(), interpolation="nearest")
        axes.set(xticks=[], yticks=[])

    def _draw_bars(self, axes: Axes) -> None:
        before, now = self.probabilities(list(AS_IT_IS.values())), self.probabilities(self.state())
        at = np.arange(len(now))
        axes.barh(at, now, color=BLUE, height=0.55, label="now")
        axes.plot(before, at, "D", mfc="white", mec="black", ms=5, ls="", label="as it is")
        axes.set_yticks(at, [literal(n) + (" (true)" if n == self.truth else "") for n in self.classes], fontsize=8)
        axes.set(xlim=(0, 1.02), xticks=[0, 0.5, 1], xticklabels=["0 %", "50 %", "100 %"], xlabel="probability")
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=8, frameon=False)

    def _told(self, state: list) -> str:
        """ "Highway, 83 %" """
        answer = self.probabilities(state)
        return f"{self.classes[answer.index(max(answer))]}, {percent(max(answer))}"


_SHOWN: tuple[tuple[str, dict[str, int | bool]], ...] = (
    ("hue +60°", {"hue": 60}),
    ("hue 180°", {"hue": 180}),
    ("saturation 0 %", {"saturation": 0}),
    ("brightness 50 %", {"brightness": 50}),
    ("grey", {"without_colour": True}),
    ("shuffled, coarse", {"patch": 1}),
    ("shuffled, fine", {"patch": 3}),
    ("enlarged", {"scale": 1}),
)


def _order(side: int, patch: int) -> list[int]:
    """Which piece `shuffle_patches` puts where, row by row; empty where nothing is shuffled."""
    if not patch:
        return []
    return patch_order((side // patch) ** 2)[0].tolist()


def _check(picture: Tensor, classes: Sequence[str], truth: str | None, source: str) -> None:
    if not isinstance(picture, Tensor) or picture.dtype != torch.uint8:
        got = f"dtype {picture.dtype}" if hasattr(picture, "dtype") else type(picture).__name__
        raise ValueError(f"recolour_explorer got a picture of {got}; it wants a uint8 tensor, 0–255.")
    fewest, most = SIDES
    if picture.ndim != 3 or picture.shape[0] != 3 or picture.shape[1] != picture.shape[2]:
        raise ValueError(f"recolour_explorer got a picture of shape {tuple(picture.shape)}; it wants [3, H, H].")
    if not fewest <= picture.shape[-1] <= most or picture.shape[-1] % 8:
        raise ValueError(
            f"recolour_explorer got {picture.shape[-1]} pixels a side; it wants a multiple of 8, {fewest} to {most}."
        )
    if not CLASSES[0] <= len(classes) <= CLASSES[1]:
        raise ValueError(f"recolour_explorer got {len(classes)} classes; it has room for {CLASSES[0]} to {CLASSES[1]}.")
    if truth is not None and truth not in classes:
        raise ValueError(f"recolour_explorer got truth={truth!r}; it wants one of {', '.join(classes)}, or None.")
    check_source("recolour_explorer", source)
