"""The base of the interactive figures: four faces, links in the browser, nothing left behind."""

from __future__ import annotations

import base64
import io

import ipywidgets
import pytest
import traitlets
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from course_lib.figures.live import FIGURE, Control, LiveFigure

VIEW = "application/vnd.jupyter.widget-view+json"


class Dot(LiveFigure):
    """The smallest figure: a dot at `x`, and a slider."""

    name = "dot"
    _esm = "export default { render({ model, el }) { el.textContent = model.get('x'); } }"
    x = traitlets.Int(3).tag(sync=True)

    def controls(self):
        return (Control(ipywidgets.IntSlider(value=self.x, max=9), "x"),)

    def describe(self):
        return f"A dot at {self.x} on a line from 0 to 9."

    def summary(self):
        return "a dot on a line."

    def draw(self, figure):
        figure.set_size_inches(3, 1)
        figure.subplots().plot(self.x, 0, "o")


@pytest.fixture
def dot():
    figure = Dot()
    yield figure
    figure.close()


def test_one_object_has_four_faces(dot):
    data, metadata = dot._repr_mimebundle_()
    assert set(data) == {"text/plain", "image/png", VIEW, FIGURE}
    assert data["text/plain"] == repr(dot) == "Figure: a dot on a line."
    assert metadata["image/png"] == {"alt": "A dot at 3 on a line from 0 to 9."}
    assert Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size == (300, 100)
    assert data[VIEW]["model_id"] == dot.box.model_id


def test_ipython_shows_all_faces_with_any_ipywidgets(dot):
    # With ipywidgets 7 the inherited _ipython_display_ would print the view itself and return nothing here.
    data, metadata = InteractiveShell.instance().display_formatter.format(dot)
    assert {"text/plain", "image/png", VIEW} <= set(data)
    assert metadata["image/png"]["alt"].startswith("A dot")


def test_plain_text_and_picture_are_the_same_on_every_run(dot):
    other = Dot()
    assert repr(other) == repr(dot)
    assert other.png() == dot.png()
    other.x = 7
    assert repr(other) == repr(dot)  # the tests of the lessons compare it
    assert other.describe() != dot.describe()
    assert other.png() != dot.png()
    other.close()


def test_slider_stands_in_front_and_is_linked_in_the_browser(dot):
    slider, view = dot.box.children
    assert isinstance(slider, ipywidgets.IntSlider)
    assert view is dot
    assert dot._controls == [{"widget": slider.model_id, "reads": "value", "trait": "x", "shown": {}}]
    slider.value = 8
    assert dot.x == 3  # no link in Python: an echo would push a slider back while it is dragged


def test_close_takes_everything_out_of_memory():
    figure = Dot()
    parts = (figure.box, *figure.box.children)
    assert all(part.comm is not None for part in parts)
    figure.close()
    assert all(part.comm is None for part in parts)
    figure.close()  # twice does no harm


def test_plain_holds_the_figure_s_own_traits_and_nothing_of_jupyter(dot):
    assert dot.plain() == {
        "figure": "dot",
        "state": {"x": 3},
        "bytes": {},
        "controls": [
            {"trait": "x", "label": "", "shown": {}, "kind": "number", "digits": 0, "min": 0, "max": 9, "step": 1}
        ],
    }


@pytest.mark.parametrize(
    ("widget", "reads", "told"),
    [
        (ipywidgets.FloatSlider(min=-1, max=1, step=0.1, readout_format=".1f"), "value",
         {"kind": "number", "digits": 1, "min": -1, "max": 1, "step": 0.1}),
        (ipywidgets.Checkbox(), "value", {"kind": "switch"}),
        (ipywidgets.Dropdown(options=["a", "b"]), "index", {"kind": "choice", "options": ["a", "b"], "values": [0, 1]}),
        (ipywidgets.SelectionSlider(options=[("a", 5), ("b", 6)]), "index",
         {"kind": "steps", "options": ["a", "b"], "values": [0, 1]}),
    ],
)  # fmt: skip
def test_each_kind_of_control_has_one_in_the_browser(widget, reads, told):
    plain = Control(widget, "x", reads, shown={"mode": (1, 2)}).plain()
    assert plain == told | {"trait": "x", "label": widget.description, "shown": {"mode": [1, 2]}}


def test_control_that_has_none_says_so():
    with pytest.raises(TypeError, match="got Dropdown with reads='value'; it wants reads='index'"):
        Control(ipywidgets.Dropdown(options=["a"]), "x").plain()


def test_hidden_control_hides_alone():
    layout = ipywidgets.Layout(width="50%")

    class Two(Dot):
        def controls(self):
            first, second = (ipywidgets.IntSlider(layout=layout) for _ in range(2))
            return Control(first, "x"), Control(second, "x", shown={"x": [3]})

    figure = Two()
    first, second, _ = figure.box.children
    assert first.layout is not second.layout
    assert second.layout.width == "50%"
    figure.close()
