"""The learners' copies: nothing given away, small, in step with what is stored, and every link leads somewhere."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.cli import links
from course_lib.practice import desk, notebooks, workbook

ROOT = Path(__file__).resolve().parents[2]
LESSONS = notebooks.files(ROOT / "lessons")
COPIES = ROOT / "lessons" / workbook.FOLDER
PICTURE = b"\x89PNG\r\n\x1a\nnot much"
_TARGET = re.compile(r"\]\(([^)\s]+)\)|<(?:img|a)\b[^>]*?\b(?:src|href)=[\"']([^\"']+)")


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def dead(lesson: NotebookNode, folder: Path, known: set[str]) -> Iterator[str]:
    """Links of the prose that lead nowhere, seen from `folder`; `known` are the notebooks beside it."""
    for cell in lesson.cells:
        if cell.cell_type != "markdown":
            continue
        for target in (one or other for one, other in _TARGET.findall(cell.source)):
            place = target.partition("#")[0]
            if re.match(r"[a-z]+:", target) or not place or place in known:
                continue
            if notebooks.is_lesson(Path(place)) or not (folder / place).is_file():
                yield target


# --- the lessons ---


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_copy_gives_nothing_away_and_is_in_step(path):
    copy, stored = read(COPIES / path.name), read(path)
    assert copy == workbook.copy_of(stored, ROOT, web=links.known().files), "mend it: make lessons"
    assert given_away(copy) == []
    assert (COPIES / path.name).stat().st_size < 200_000


def given_away(copy: NotebookNode) -> list[str]:
    """First lines of the cells whose results stand in a learner's copy, before the bet on them."""
    ran = [cell for cell in copy.cells if cell.get("outputs") or cell.get("execution_count")]
    return [(cell.source.splitlines() or [""])[0] for cell in ran]


def test_results_in_a_copy_are_found():
    told = new_code_cell("right.compare(0.9)", outputs=[new_output("stream", text="Measured: 90 %.")])
    counted = new_code_cell("print(right)", execution_count=3)
    assert given_away(new_notebook(cells=[told, counted, new_code_cell("x = 1")])) == [told.source, counted.source]


def test_no_copy_is_left_of_a_lesson_that_is_gone():
    assert [path.name for path in notebooks.files(COPIES)] == [path.name for path in LESSONS]


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_link_resolves_where_it_is_stored_in_the_workbook_and_in_a_learner_s_folder(path):
    known, copy = {path.name for path in LESSONS}, read(COPIES / path.name)
    assert list(dead(read(path), ROOT / "lessons", known)) == []
    assert list(dead(copy, COPIES, known)) == []
    assert list(dead(workbook.elsewhere(copy, "my"), ROOT / "my", known)) == []
    assert list(dead(workbook.elsewhere(copy, None), ROOT / "no such folder", known)) == []


# --- one that has everything ---

PROSE = """\
![a road](images/road.png) [next](01b_next.ipynb#top) [same](#here) [out](https://example.org/x.png)
[ledger](advice_on_trial.md) [card](../datasets/eurosat.md) [![inner](images/road.png)](01b_next.ipynb)"""


@pytest.fixture
def checkout(tmp_path) -> Path:
    (tmp_path / "lessons" / "images").mkdir(parents=True)
    (tmp_path / "lessons" / "images" / "road.png").write_bytes(PICTURE)
    return tmp_path


@pytest.fixture
def lesson() -> NotebookNode:
    output = new_output("stream", text="the answer")
    return new_notebook(cells=[new_markdown_cell(PROSE), new_code_cell("x", outputs=[output], execution_count=3)])


def test_pictures_are_in_the_text_and_links_lead_up(lesson, checkout):
    before = nbformat.writes(lesson)
    text = workbook.copy_of(lesson, checkout).cells[0].source
    assert text.startswith(
        "![a road](data:image/png;base64,iVBORw0KGgpub3QgbXVjaA==) [next](01b_next.ipynb#top) [same](#"
    )
    assert "(https://example.org/x.png)" in text
    assert "[ledger](../advice_on_trial.md) [card](../../datasets/eurosat.md)" in text
    assert nbformat.writes(lesson) == before  # the one that is stored has lost nothing


def test_where_the_repository_is_public_links_lead_there_for_colab_shows_no_files(lesson, checkout):
    text = workbook.copy_of(lesson, checkout, web=links.checked("a/b").files).cells[0].source
    assert "[ledger](https://github.com/a/b/blob/main/lessons/advice_on_trial.md)" in text
    assert "[card](https://github.com/a/b/blob/main/datasets/eurosat.md)" in text
    assert "[next](01b_next.ipynb#top)" in text


def test_in_another_folder_links_lead_to_the_same_files(lesson, checkout):
    copy = workbook.copy_of(lesson, checkout)
    mine = workbook.elsewhere(copy, "my").cells[0].source
    assert "[ledger](../lessons/advice_on_trial.md) [card](../datasets/eurosat.md)" in mine
    alone = workbook.elsewhere(copy, None).cells[0].source
    assert " ledger card" not in alone
    assert "\nledger card [" in alone
    assert alone.startswith("![a road](data:")


def test_a_picture_that_is_not_there_stops_it(lesson, tmp_path):
    with pytest.raises(FileNotFoundError):
        workbook.copy_of(lesson, tmp_path)


def test_dead_links_are_found(tmp_path):
    lesson = new_notebook(cells=[new_markdown_cell(PROSE + ' <img src="gone.png">')])
    assert list(dead(lesson, tmp_path, {"01b_next.ipynb"})) == [
        "images/road.png", "advice_on_trial.md", "../datasets/eurosat.md", "images/road.png", "gone.png",
    ]  # fmt: skip
    assert "01b_next.ipynb#top" in list(dead(lesson, tmp_path, set()))


def test_the_workbook_is_what_links_open_and_what_ships():
    assert posixpath.join("lessons", workbook.FOLDER) == links.OPENED
    assert desk.source() == COPIES
    assert f'"{links.OPENED}" = "course_lib/_shipped/{workbook.FOLDER}"' in (ROOT / "pyproject.toml").read_text()
