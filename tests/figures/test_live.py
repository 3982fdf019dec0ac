"""The base of the interactive figures: four faces, links in the browser, nothing left behind."""

from __future__ import annotations

import base64
import io

import ipywidgets
import pytest
import traitlets
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from course_lib.figures.live import Control, LiveFigure

VIEW = "application/vnd.jupyter.widget-view+json"


class Dot(LiveFigure):
    """The smallest figure: a dot at `x`, and a slider."""

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
    assert set(data) == {"text/plain", "image/png", VIEW}
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
    (link,) = [part for part in dot._parts if isinstance(part, ipywidgets.widgets.widget_link.Link)]
    assert link.source == (slider, "value")
    assert link.target == (dot, "x")
    slider.value = 8
    assert dot.x == 3  # no link in Python: an echo would push a slider back while it is dragged


def test_close_takes_everything_out_of_memory():
    figure = Dot()
    parts = (*figure._parts, figure)
    assert all(part.comm is not None for part in parts)
    figure.close()
    assert all(part.comm is None for part in parts)
    figure.close()  # twice does no harm
