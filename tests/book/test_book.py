"""The book: built without a warning, all lessons in it, no dead link, nothing from another host, no mute picture."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from book import stage
from course_lib.figures.live import FIGURE
from course_lib.practice import notebooks
from tests.book import pages as book_pages

slow = pytest.mark.slow
ROOT = book_pages.ROOT
LESSONS = notebooks.files(ROOT / "lessons")


@pytest.fixture(scope="module")
def html(tmp_path_factory) -> Path:
    return book_pages.build(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def pages(html) -> dict[Path, book_pages.Contents]:
    return book_pages.read(html)


@slow
def test_no_link_is_dead(pages):
    assert list(book_pages.dead(pages)) == []


@slow
def test_nothing_is_loaded_from_another_host(html, pages):
    assert list(book_pages.foreign(pages)) == []
    assert list(book_pages.foreign_styles(path.read_text(encoding="utf-8") for path in html.rglob("*.css"))) == []


@slow
def test_every_picture_has_alt_text(pages):
    assert list(book_pages.undescribed(pages)) == []


@slow
def test_all_is_in_the_book(pages, html):
    names = {path.relative_to(html).as_posix() for path in pages}
    others = {"index.html", "TEACHING.html", "lessons/advice_on_trial.html", "datasets/eurosat.html", "search.html"}
    assert {f"lessons/{path.stem}.html" for path in LESSONS} | others <= names
    assert {f"lessons/{old}.html" for old in stage.moved()} <= names
    assert {f"api/{room}.html" for room in stage.ROOMS} <= names


@slow
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.stem)
def test_every_stored_figure_is_alive(html, lesson):
    outputs = [o for cell in nbformat.read(lesson, as_version=4).cells for o in cell.get("outputs", [])]
    stored = sum(FIGURE in output.get("data", {}) for output in outputs)
    text = (html / "lessons" / f"{lesson.stem}.html").read_text(encoding="utf-8")
    assert text.count('<div class="cnnsee-figure"') == stored


@slow
def test_no_page_names_a_folder_of_this_machine(pages):
    assert [page.name for page in pages if str(ROOT) in page.read_text(encoding="utf-8")] == []


@slow
def test_the_api_has_every_public_name(html):
    text = (html / "api" / "data.html").read_text(encoding="utf-8")
    for name in ("course_lib.data.load", "course_lib.data.ImageSet.split", "course_lib.data.places.data_dir"):
        assert f'id="{name}"' in text


# --- what the book is made of ---


def test_rooms_are_those_of_the_library():
    found = {
        path.stem for path in (ROOT / "course_lib").iterdir() if path.name[0] not in "_." and path.suffix in ("", ".py")
    }
    assert set(stage.ROOMS) == found - {"cli"}  # which is documented by `course --help`


def test_a_lesson_that_is_not_there_is_no_link(tmp_path):
    (tmp_path / "01_here.ipynb").touch()
    text = "[one](01_here.ipynb), [two](02_not_yet.ipynb), [licence](LICENSE)"
    assert stage._links(text, tmp_path) == "[one](01_here.ipynb), two, [licence](LICENSE)"
    assert stage._links("[one](01b_not_yet.ipynb)", tmp_path) == "one"


def code(source: str, **metadata: object) -> NotebookNode:
    return new_code_cell(source, metadata=metadata)


def test_bets_that_are_compared_in_their_section_are_marked_for_folding(tmp_path):
    lesson = new_notebook(
        cells=[
            new_markdown_cell("# 1a\n\nText."),
            code("a = predict.choice('?', [])\na", tags=["mine"]),
            code("a.compare(1)", tags=["verdict"], jupyter={"source_hidden": True}),
            code("b = predict.number('?')\nb"),
            new_markdown_cell("## 2"),
            code("b.compare(1)"),
            code("c = predict.largest('?', [])\nc"),
            new_markdown_cell("### no section of its own"),
            code("print(1)\nc.compare(3)"),
        ]
    )
    stage.prepare(lesson, tmp_path)
    tags = [cell.metadata.get("tags", []) for cell in lesson.cells if cell.cell_type == "code"]
    assert tags == [["mine", "bet"], ["verdict", "hide-input"], [], [], ["bet"], []]


@pytest.fixture
def lessons(tmp_path) -> Path:
    for name in ("01a_new.ipynb", "02_old.ipynb"):
        (tmp_path / name).touch()
    return tmp_path


def moved(folder: Path, table: str) -> dict[str, str]:
    (folder / "moved.toml").write_text(f"[lessons]\n{table}")
    return stage.moved(folder / "moved.toml", folder)


def test_on_paper_what_is_folded_is_open_and_figures_are_pictures(tmp_path):
    folded = "<details><summary>Short answer</summary></details>"
    figure = {"image/png": "aGk=", FIGURE: {}, "text/plain": "a figure"}
    cells = [
        new_markdown_cell(folded),
        new_code_cell("figure", outputs=[new_output("display_data", figure)]),
        new_code_cell("set up", metadata={"tags": ["setup"]}),
    ]
    lesson = new_notebook(cells=cells)
    stage.prepare(lesson, tmp_path, printed=True)
    text, shown = lesson.cells
    assert text.source.startswith("<details open>")
    assert set(shown.outputs[0].data) == {"image/png", "text/plain"}


def test_the_ledger_of_the_book_leads_to_its_pages():
    page = stage.ledger_page()
    assert re.search(r'href="01a_\w+\.html"', page)
    assert ".ipynb" not in page


def test_old_names_lead_on(lessons):
    names = moved(lessons, '"01_old" = "01a_new"')
    (lessons / "lessons").mkdir()
    (lessons / "lessons" / "01a_new.html").touch()
    stage.lead_on(lessons, names)
    text = (lessons / "lessons" / "01_old.html").read_text()
    assert '<meta http-equiv="refresh" content="0; url=01a_new.html">' in text
    assert list(book_pages.dead(book_pages.read(lessons))) == []
    assert moved(lessons, "") == {}


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ('"02_old" = "01a_new"', "02_old is a lesson"),
        ('"01_old" = "01b_new"', "01b_new is none"),
        ('"01_old" = "01a_new.ipynb"', "01a_new.ipynb is none"),
        ('"03_x" = "01_old"\n"01_old" = "01a_new"', "01_old is none"),
    ],
)
def test_a_name_that_leads_nowhere_stops_the_book(lessons, table, told):
    with pytest.raises(ValueError, match=told):
        moved(lessons, table)


def test_the_table_of_old_names_is_right():
    assert set(stage.moved().values()) <= {path.stem for path in LESSONS}


def test_docstrings_become_restructured_text():
    assert doctest.testmod(stage).failed == 0
    lines = [
        "A.",
        "",
        ">>> 2 * 3",
        "6",
        "",
        "Args:",
        "    x: `a`",
        "",
        "    y: b",
        "",
        "Then:",
        "",
        "    f(*x)",
        "",
        "End.",
    ]
    told = stage.restructured(lines)
    assert told[:5] == lines[:5]
    assert told[5:9] == ["Args:", "    x: ``a``", "", "    y: b"]
    assert told[9:] == ["", "Then:", "", "::", "", "    f(*x)", "", "", "End."]


def test_these_checks_can_fail(tmp_path):
    (tmp_path / "other.html").write_text('<h1 id="top">Other</h1>')
    (tmp_path / "index.html").write_text(
        '<a href="other.html#top">good</a> <a href="https://example.org">good</a> <a href="#">good</a>'
        '<a href="gone.html">x</a> <a href="other.html#gone">x</a> <a href="#gone">x</a>'
        '<script src="https://example.org/x.js"></script> <link href="//example.org/x.css">'
        '<img src="other.html" alt="a full sentence"> <img src="other.html">'
        '<img src="a/other.html" alt="a/other.html">'
    )
    pages = book_pages.read(tmp_path)
    assert [fault.split(": ")[1] for fault in book_pages.dead(pages)] == [
        "gone.html", "other.html#gone", "#gone", "a/other.html",
    ]  # fmt: skip
    assert len(list(book_pages.foreign(pages))) == 2
    assert len(list(book_pages.undescribed(pages))) == 2
    assert len(list(book_pages.foreign_styles(["@import '//x/y'; a{b:url(https://x/y)} c{d:url(data:x)}"]))) == 2
