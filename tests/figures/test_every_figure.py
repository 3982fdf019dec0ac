"""Rules that every interactive figure keeps. A figure without a sample fails here, so that none can be left out."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image

import course_lib.figures
from course_lib.figures import page
from course_lib.figures.live import FIGURE, module

from .samples import RUDE, SAMPLES

FOLDER = Path(course_lib.figures.__file__).parent
OWN = sorted((FOLDER / "interactive").glob("*.js"))  # a figure's own JavaScript, in one file or two
SHARED = sorted(FOLDER.glob("*.js"))
NAMES = sorted(SAMPLES)


@pytest.fixture(params=NAMES)
def figure(request):
    made = SAMPLES[request.param]()
    yield made
    made.close()


def name_of(path: Path) -> str:
    """Of the figure: also of `name.arithmetic.js`."""
    return path.name.partition(".")[0]


def test_every_figure_has_a_sample_and_is_exported():
    assert {name_of(path) for path in OWN} == set(SAMPLES)
    assert set(SAMPLES) <= set(course_lib.figures.__all__)


@pytest.mark.slow
def test_four_faces_and_what_a_page_needs(figure):
    data, metadata = figure._repr_mimebundle_()
    assert {"text/plain", "image/png", FIGURE, "application/vnd.jupyter.widget-view+json"} == set(data)
    assert data["text/plain"] == repr(figure) == f"Figure: {figure.summary()}"
    assert metadata["image/png"]["alt"] == figure.describe()
    width, height = Image.open(io.BytesIO(base64.b64decode(data["image/png"]))).size
    assert 400 <= width <= 1200
    assert 200 <= height <= 1000
    assert data[FIGURE]["figure"] == figure.name


@pytest.mark.slow
def test_same_on_every_run(figure):
    again = SAMPLES[figure.name]()
    assert (repr(again), again.describe(), again.plain()) == (repr(figure), figure.describe(), figure.plain())
    assert again.png() == figure.png()
    again.close()


def test_alt_text_says_what_the_title_says_and_plain_text_holds_no_measured_number(figure):
    assert len(figure.title()) > 10
    assert len(figure.describe()) > len(figure.title())
    assert "%" not in figure.summary()


def test_plain_is_json_and_not_heavy(figure):
    assert len(json.dumps(figure.plain(), allow_nan=False)) < 400_000


def test_every_control_has_a_name_and_a_trait(figure):
    for told in figure.plain()["controls"]:
        assert told["label"], told
        assert told["trait"] in figure.plain()["state"], told


def test_page_escapes_text_from_data(figure):
    text = page.fragment(figure.plain(), f"label {RUDE}")
    assert RUDE not in text
    assert text.count("</script>") == 2


@pytest.mark.parametrize("name", NAMES)
def test_module_is_self_contained(name):
    source = module(name)
    for foreign in ("import ", "import(", "http:", "https:", "innerHTML", "getElementById", "window.", "document.add"):
        assert foreign not in source.replace("http://www.w3.org/2000/svg", ""), foreign
    assert source.count("export default live(") == 1


def test_class_names_of_one_figure_are_no_other_s():
    """A style holds for the whole page: figures of one lesson would dress each other."""
    everybody_s, owners = set(), {}
    for path in (*SHARED, *OWN):
        for word in set(re.findall(r"(?<!-)cnnsee-[a-z][a-z-]*", path.read_text(encoding="utf-8"))):
            if path in SHARED:
                everybody_s.add(word)
            owners.setdefault(word, set()).add(name_of(path))
    assert {word: names for word, names in owners.items() if word not in everybody_s and len(names) > 1} == {}
