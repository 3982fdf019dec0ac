"""What every interactive figure is: one object with a live view, a picture, alt text, and deterministic plain text.

The live view is an ES module (`name.js` beside `name.py`); sliders are ipywidgets, linked to the figure's traits
in the browser, so that no kernel is in the loop. A page without a kernel shows the picture (GitHub, a stored lesson).
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import anywidget
import ipywidgets
from matplotlib.figure import Figure

_VIEW = "application/vnd.jupyter.widget-view+json"
# matplotlib writes its version into a PNG; a stored lesson should not change with it.
_PNG = {"format": "png", "dpi": 100, "metadata": {"Software": None}}


@dataclass(frozen=True)
class Control:
    """An ipywidget in front of a figure.

    Attributes:
        widget: such as an `IntSlider`.
        trait: of the figure, the one that the widget sets.
        reads: the widget's own trait that holds the value; "index" for a `SelectionSlider`.
    """

    widget: ipywidgets.Widget
    trait: str
    reads: str = "value"


class LiveFigure(anywidget.AnyWidget):
    """Base of the interactive figures. A figure adds `_esm`, synced traits, and the four methods below.

    The controls follow the figure's traits and the other way round, in the browser; Python hears of it afterwards.
    Nothing links them in Python as well: an echo from the kernel would push a slider back while it is dragged.
    """

    # ipywidgets 7 displays through this method, and IPython then never asks for the bundle with the picture.
    _ipython_display_ = None

    def __init__(self, **traits):
        super().__init__(**traits)
        controls = self.controls()
        links = [ipywidgets.jslink((control.widget, control.reads), (self, control.trait)) for control in controls]
        self.box = ipywidgets.VBox([*(control.widget for control in controls), self])
        self.box.add_class("cnnsee-figure")  # by this a module's style finds the controls: ipywidgets shows no focus
        self._parts = (self.box, *links, *(control.widget for control in controls))

    def controls(self) -> tuple[Control, ...]:
        """The widgets that stand above the view, at the figure's present values."""
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

    def close(self) -> None:
        """Take the figure and its controls out of the page and out of the kernel's memory."""
        for part in self.__dict__.pop("_parts", ()):
            part.close()
        super().close()

    def __repr__(self) -> str:
        return f"Figure: {self.summary()}"

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["image/png"] = base64.b64encode(self.png()).decode()
        data[_VIEW]["model_id"] = self.box.model_id  # the view with its controls
        return data, metadata | {"image/png": {"alt": self.describe()}}
