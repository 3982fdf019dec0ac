"""Names of classes and files that are markup, turn the writing around, or move a terminal's cursor: wherever they are
shown they are text that does nothing."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import ipywidgets
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from course_lib import classify, cli, figures
from course_lib.classify import card, extras, report, words
from course_lib.data import ImageSet
from course_lib.figures.page import save
from tests.classify.folders import folder as pictures_in
from tests.classify.folders import shrink, stripes
from tests.classify.sample import sample
from tests.faults.tally import Tally, surely

NAMES = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "<!--<script>",
    "\"' onmouseover='alert(3)",
    "\u202egpj.exe",
    "\u2066\u2067owl",
    "two\nlines",
    "\x1b[31mred\x1b[0m\x07",
    "\r\x08over",
    "[x](javascript:alert(4))",
    "a|b`c`*d*",
    "$\\frac{",
    "&lt;b&gt;",
    "{{7*7}}${7*7}",
    "..",
    "n" * 200,
    "Ünï\u0301 🦉",
)
ON_DISK = tuple(name for name in NAMES if "/" not in name and name != "..")
MOVES = re.compile("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def triples(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All of them, three at a time."""
    return [(names + names)[at : at + 3] for at in range(0, len(names), 3)]


class Page(HTMLParser):
    """What a browser would run of a page: attributes that listen, script texts, addresses."""

    def __init__(self, text: str):
        super().__init__()
        self.runs: list[str] = []
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.inside = tag
        for name, value in attributes:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.runs.append(f"<{tag} {name}={value}>")

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, text: str) -> None:
        # Data in a script of JSON is quoted; what is not would be run.
        if self.inside == "script" and re.search(r"^\s*alert\(", text):
            self.runs.append(text[:60])


def page_does_nothing(text: str) -> None:
    assert Page(text).runs == [], str(Page(text).runs)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x1b]", text), "marks that turn the writing around"


def run() -> Tally:
    tally = Tally("hostile names", "text that does nothing, everywhere")
    for name in NAMES:
        with surely(tally, f"words, {name!r}"):
            assert not MOVES.search(words.plain(name))
            assert "<" not in words.markdown(name) + words.in_html(name)
    for names in triples(NAMES):
        with surely(tally, f"card and terminal, {names!r}"):
            written(names)
        with surely(tally, f"figures, {names!r}"):
            drawn(names)
    for names in triples(ON_DISK):
        with surely(tally, f"report, gallery, predict, {names!r}"):
            built(names)
    return tally


def written(names: tuple[str, ...]) -> None:
    text = card.card(sample(names))
    assert not MOVES.search(text)
    assert "<img" not in text
    assert "<script" not in text
    assert "](java" not in text
    assert not MOVES.search(card.summary(sample(names)))


def drawn(names: tuple[str, ...]) -> None:
    pictures = ImageSet.of(torch.randint(0, 256, (12, 3, 8, 8), dtype=torch.uint8), torch.arange(12) % 3, list(names))
    probabilities = torch.rand(12, 3).softmax(dim=1)
    with tempfile.TemporaryDirectory() as folder:
        figure = figures.confusion_explorer(pictures, probabilities)
        assert Page(save(figure, Path(folder, "figure.html")).read_text(encoding="utf-8")).runs == []
        assert figure.png()[:4] == b"\x89PNG"
        rows = torch.arange(3)
        gallery = figures.review_gallery(pictures, rows.tolist(), [names[0]] * 3, Path(folder, "decisions.csv"))
        shown = "".join(part.value for part in parts(gallery.form()) if isinstance(part, ipywidgets.HTML))
        assert Page(shown).runs == []
        assert gallery.png()[:4] == b"\x89PNG"


def parts(box: ipywidgets.Widget) -> Iterator[ipywidgets.Widget]:
    yield box
    for child in getattr(box, "children", ()):
        yield from parts(child)


def built(names: tuple[str, ...]) -> None:
    """`course classify`, `predict` and `review` of a folder whose classes and files are called so."""
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shrink(patch)
        patch.setattr(extras, "WRITERS", {report.REPORT: report.write})
        root, out = pictures_in(Path(place, "set"), classes=names, n=30), Path(place, "out")
        odd = root / names[0] / f"{names[1][:100]}.png"
        Image.fromarray(stripes(1.0, 5)).save(odd)
        asked = [["classify", str(root), "--out", str(out), "--minutes", "0"], ["predict", str(out), str(odd)]]
        asked += [["review", str(root)], ["predict", str(out), str(root / "gone" / names[2])]]
        patch.chdir(place)
        for words_ in asked:
            result = CliRunner().invoke(cli.app, words_)
            assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
            said = result.output if words_[0] != "predict" else result.stderr  # the answers are CSV, data as they are
            assert not re.search("[\x1b\x07\x08\u202a-\u202e\u2066-\u2069]", said), f"{words_[0]} moves the cursor"
        page_does_nothing((out / report.REPORT).read_text(encoding="utf-8"))
        made = classify.review(root, out=Path(place, "review"), progress=False)
        page_does_nothing(made.gallery.read_text(encoding="utf-8"))
