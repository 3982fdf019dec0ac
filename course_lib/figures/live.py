"""What every interactive figure is: one object with a live view, a picture, alt text, and deterministic plain text.

The live view is an ES module (`shared.js` and `name.js`, put together); sliders are ipywidgets, linked to the
figure's traits in the browser, so that no kernel is in the loop. A page without a kernel gets the same module with
the browser's own sliders (`page.py`); a page without scripts, such as GitHub's, shows the picture.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
import numpy as np
import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

from .. import checks

_HERE = Path(__file__).parent
_VIEW = "application/vnd.jupyter.widget-view+json"
# Beside the picture in a stored lesson: what `page.py` needs to bring the figure to life without a kernel.
# No front end knows this type, so none shows it.
FIGURE = "application/vnd.what-does-a-cnn-see.figure+json"
# matplotlib writes its version into a PNG; a stored lesson should not change with it.
_PNG: dict[str, Any] = {"format": "png", "dpi": 100, "metadata": {"Software": None}}


def module(name: str) -> str:
    """The ES module of the figure `name`: what all share, then its own. No imports, no build step.

    What is long lies in two files, `name.arithmetic.js` before `name.js`.
    """
    folder = _HERE / "interactive"
    files = [_HERE / "shared.js", *sorted(folder.glob(f"{name}.*.js")), folder / f"{name}.js"]
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


@dataclass(frozen=True)
class Control:
    """An ipywidget in front of a figure.

    Attributes:
        widget: such as an `IntSlider`.
        trait: of the figure, the one that the widget sets.
        reads: the widget's own trait that holds the value; "index" for a `SelectionSlider` or a `Dropdown`.
        shown: {trait: values}: only where each of these traits of the figure has one of its values is it shown.
    """

    widget: ipywidgets.Widget
    trait: str
    reads: str = "value"
    shown: Mapping[str, Sequence] = field(default_factory=dict)

    def link(self) -> dict:
        """What `shared.js` needs to tie the widget to the trait."""
        return {"widget": self.widget.model_id} | self._tie()

    def plain(self) -> dict:
        """What `page.js` needs to put a browser's own control in its place."""
        widget = self.widget
        told = {"trait": self.trait, "label": widget.description, "shown": self._tie()["shown"]}
        if self.reads == "index":
            labels = [option[0] if isinstance(option, tuple) else str(option) for option in widget.options]
            kind = "steps" if isinstance(widget, ipywidgets.SelectionSlider) else "choice"
            return told | {"kind": kind, "options": labels, "values": list(range(len(labels)))}
        if isinstance(widget, (ipywidgets.Dropdown, ipywidgets.ToggleButtons)):
            raise TypeError(f"Control got {type(widget).__name__} with reads='value'; it wants reads='index'.")
        if isinstance(widget.value, bool):
            return told | {"kind": "switch"}
        digits = 0 if isinstance(widget.value, int) else _digits(widget.readout_format)
        return told | {"kind": "number", "digits": digits} | {k: getattr(widget, k) for k in ("min", "max", "step")}

    def _tie(self) -> dict:
        shown = {trait: list(values) for trait, values in self.shown.items()}
        return {"reads": self.reads, "trait": self.trait, "shown": shown}


def _digits(readout_format: str) -> int:
    """Decimals in a format such as ".2f"."""
    return int(readout_format.strip(".f"))


def _copy(layout: ipywidgets.Layout) -> ipywidgets.Layout:
    names = [name for name in layout.trait_names(sync=True) if not name.startswith("_")]
    return ipywidgets.Layout(**{name: getattr(layout, name) for name in names if getattr(layout, name) is not None})


class LiveFigure(anywidget.AnyWidget):
    """Base of the interactive figures. A figure adds `_esm = module(name)`, synced traits, and the methods below.

    The controls follow the figure's traits and the other way round, in the browser; Python hears of it afterwards.
    Nothing links them in Python as well: an echo from the kernel would push a slider back while it is dragged.
    Nor is it done by `ipywidgets.jslink`: its model is part of no view, and Colab makes only the models of a view.
    """

    # ipywidgets 7 displays through this method, and IPython then never asks for the bundle with the picture.
    _ipython_display_ = None
    _controls: traitlets.List[dict] = traitlets.List().tag(sync=True)
    name: str  # of the module: name.js

    def __init__(self, **traits: Any):
        super().__init__(**traits)
        self._parts = tuple(self.controls())
        for control in self._parts:
            if control.shown:  # it is hidden by its layout, which must be its own
                control.widget.layout = _copy(control.widget.layout)
        widgets = [control.widget for control in self._parts]
        self._controls = [control.link() for control in self._parts]
        self.box = ipywidgets.VBox([*widgets, self])
        self.box.add_class("cnnsee-figure")  # by this a module's style finds the controls: ipywidgets shows no focus

    def controls(self) -> tuple[Control, ...]:
        """The widgets that stand above the view, at the figure's present values."""
        raise NotImplementedError

    def title(self) -> str:
        """The line above the figure: the present state in one sentence. The view shows the same, letter by letter."""
        raise NotImplementedError

    def describe(self) -> str:
        """Alt text: what the picture shows at present, numbers included, for whoever does not see it."""
        raise NotImplementedError

    def summary(self) -> str:
        """The cell's `text/plain`, which the tests compare: no measured number belongs into it."""
        raise NotImplementedError

    def draw(self, figure: Figure) -> None:
        """Draw the present state onto an empty matplotlib figure."""
        raise NotImplementedError

    def png(self) -> bytes:
        """The present state as a picture."""
        figure = Figure(layout="constrained", facecolor="white")
        self.draw(figure)
        file = io.BytesIO()
        figure.savefig(file, **_PNG)
        return file.getvalue()

    def plain(self) -> dict:
        """All that a page without a kernel needs: the figure's name, its traits (bytes in base64), its controls."""
        inherited = LiveFigure.class_trait_names()
        names = [name for name in self.trait_names(sync=True) if name not in inherited and not name.startswith("_")]
        own = {name: getattr(self, name) for name in names}
        binary = {trait: base64.b64encode(value).decode() for trait, value in own.items() if isinstance(value, bytes)}
        state = {trait: value for trait, value in own.items() if trait not in binary}
        controls = [control.plain() for control in self._parts]
        return {"figure": self.name, "state": state, "bytes": binary, "controls": controls}

    def close(self) -> None:
        """Take the figure and its controls out of the page and out of the kernel's memory."""
        for control in self.__dict__.pop("_parts", ()):
            control.widget.close()
        if box := self.__dict__.pop("box", None):
            box.close()
        super().close()

    def __repr__(self) -> str:
        return f"Figure: {self.summary()}"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        bundle = super()._repr_mimebundle_(**kwargs)
        assert bundle, "anywidget gives none only to a widget without a view"
        data, metadata = bundle
        data["image/png"] = base64.b64encode(self.png()).decode()
        data[FIGURE] = self.plain()
        data[_VIEW]["model_id"] = self.box.model_id  # the view with its controls
        return data, metadata | {"image/png": {"alt": self.describe()}}


class ModelFigure(LiveFigure):
    """A figure whose view asks a model. With a kernel the model answers; without one, what was computed before.

    The view sets `asked`, Python answers in `answer`, and the view shows an answer only to its latest question. Front
    ends hold back what is set while the kernel is busy and send the latest, so that no queue forms.
    """

    asked: traitlets.List[Any] = traitlets.List().tag(
        sync=True
    )  # what the model should look at; the figure says what stands where
    answer = traitlets.Dict().tag(sync=True)  # {"asked": [...], "probabilities": [...]}

    def probabilities(self, asked: list) -> list[float]:
        """The model's answer to one question, K numbers."""
        raise NotImplementedError

    @traitlets.observe("asked")
    def _reply(self, change: traitlets.Bunch) -> None:
        if change.new and self.answer.get("asked") != change.new:
            self.answer = {"asked": change.new, "probabilities": self.probabilities(change.new)}


def rounding(probabilities: object) -> float:
    """How far a row of them may be from the sum 1 for the digits of its dtype alone: bfloat16 has two."""
    if isinstance(probabilities, Tensor) and probabilities.is_floating_point():
        return torch.finfo(probabilities.dtype).eps
    return 0.0


def ask(predict: Callable[[Tensor], Tensor], pictures: Tensor, classes: Sequence[str], who: str) -> np.ndarray:
    """float32 [N, K]: what `predict` says of uint8 [N, 3, H, W], checked. `who` is named in the error."""
    answer = predict(pictures)
    told = checks.array(answer, f"{who}: predict", "an answer").astype(np.float32)
    if told.shape != (len(pictures), len(classes)):
        raise ValueError(
            f"{who}: predict gave an array of shape {told.shape} for {len(pictures)} pictures and {len(classes)} "
            f"classes; it must give probabilities [N, K] = {(len(pictures), len(classes))}."
        )
    if not np.isfinite(told).all() or told.min() < 0 or (abs(told.sum(axis=1) - 1) > 1e-3 + rounding(answer)).any():
        raise ValueError(f"{who}: predict gave no probabilities; each row must be 0 to 1 and sum to 1.")
    return told
