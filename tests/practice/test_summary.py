"""The page of what was done: what the progress file says, names that do nothing, and no file lost."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser

import pytest
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.practice import progress, summary
from course_lib.practice.summary import Done

ROWS = [
    Done("01", ("scale", "mend"), ("scale", "mend", "hue"), ("hue",), 3, 1, 5, 6),
    Done("08", (), ("parted",), (), 0, 0, 0, 6),
]


class Tags(HTMLParser):
    def __init__(self, text: str):
        super().__init__()
        self.seen: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_page_says_what_was_done():
    told = text_of(summary.page(ROWS, "Ada", day=date(2026, 11, 28)))
    assert "Ada 2 of 4 exercises and 5 of 12 quiz questions are right." in told
    assert "1 right: scale, mend tried, not right yet: hue 2 of 3 3 1 5 of 6" in told
    assert "8 0 of 1 0 0 0 of 6" in told
    assert "2026-11-28" in told


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "</style><script>1</script>", "a" * 5000, " \n "])
def test_a_name_is_text_and_adds_no_tag(name):
    plain, named = (Tags(summary.page(ROWS, who)).seen for who in ("", name))
    assert [tag for tag in named if tag not in ("b", "br")] == plain
    assert "script" not in named
    assert len(summary.page(ROWS, name)) < len(summary.page(ROWS)) + 1500


def test_marks_that_turn_the_writing_round_are_spelt_out():
    html = summary.page(ROWS, "\u202eadA")
    assert "\u202e" not in html
    assert "\\u202eadA" in html


def test_nothing_is_loaded_and_nothing_runs():
    html = summary.page(ROWS)
    assert "default-src 'none'" in html
    assert not {"script", "link", "img", "iframe"} & set(Tags(html).seen)


def test_rows_are_what_the_file_holds():
    progress.note_attempt("03", "recall", "correct")
    progress.note_attempt("03", "statistics", "incorrect")
    progress.note_hint("03", "statistics", 2)
    progress.note_answer("03", 1, right=True)
    (row,) = (one for one in summary.done() if one.chapter == "03")
    assert (row.correct, row.open, row.hints, row.right) == (("recall",), ("statistics",), 2, 1)
    assert set(row.correct + row.open) <= set(row.exercises)


def test_the_command_writes_it_and_writes_it_anew(tmp_path):
    for _ in range(2):
        result = CliRunner().invoke(app, ["progress", "--html", str(tmp_path / "done.html"), "--name", "Ada"])
        assert result.exit_code == 0, result.output
    assert [path.name for path in tmp_path.iterdir()] == ["done.html"]
    assert "<b>Ada</b>" in (tmp_path / "done.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("what", ["another file", "a folder", "no folder"])
def test_what_is_not_its_own_is_left_alone(tmp_path, what):
    path = tmp_path / "thesis.html"
    if what == "another file":
        path.write_text("years of work")
    elif what == "a folder":
        path.mkdir()
    else:
        path = tmp_path / "nowhere" / "done.html"
    result = CliRunner().invoke(app, ["progress", "--html", str(path)])
    assert result.exit_code == 1
    assert "course progress: " in result.output
    if what == "another file":
        assert path.read_text() == "years of work"
