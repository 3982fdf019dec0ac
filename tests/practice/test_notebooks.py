"""One place knows what a lesson is called, and everything that looks for lessons asks there."""

from __future__ import annotations

import doctest
import re
import subprocess
from pathlib import Path

import pytest

from course_lib.practice import notebooks

ROOT = Path(__file__).resolve().parents[2]
MIXED = ["00_start.ipynb", "01_old.ipynb", "01a_new.ipynb", "01b_new.ipynb", "02_old.ipynb"]


@pytest.fixture
def folder(tmp_path) -> Path:
    """A folder with lessons of both forms, and what is none."""
    for name in [*MIXED, "01a_new.new.ipynb", "1_x.ipynb", "01A_x.ipynb", "01ab_x.ipynb", "notes.ipynb", "00_start.py"]:
        (tmp_path / name).touch()
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_examples():
    assert doctest.testmod(notebooks).failed == 0


def test_lessons_of_both_forms_are_found_in_their_order(folder):
    assert names(notebooks.files(folder)) == MIXED
    assert names(notebooks.files(folder, ".py")) == ["00_start.py"]
    assert notebooks.files(folder / "nowhere") == []


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ([], MIXED),
        (["01a"], ["01a_new.ipynb"]),
        (["01b", "00"], ["00_start.ipynb", "01b_new.ipynb"]),
        (["01"], ["01_old.ipynb", "01a_new.ipynb", "01b_new.ipynb"]),
        (["01", "01a"], ["01_old.ipynb", "01a_new.ipynb", "01b_new.ipynb"]),
    ],
)
def test_lessons_are_chosen_by_code_or_by_chapter(folder, asked, given):
    assert names(notebooks.chosen(notebooks.files(folder), asked)) == given


def test_a_lesson_that_is_not_there_is_named_with_those_that_are(folder):
    with pytest.raises(ValueError, match="no lesson 02a, 1; there are: 00_start, 01_old, 01a_new"):
        notebooks.chosen(notebooks.files(folder), ["02a", "1", "01"])


@pytest.mark.parametrize("name", ["notes.ipynb", "1_x", "01_", "01A_x", "01a-x"])
def test_what_is_no_lesson_has_no_code(name):
    with pytest.raises(ValueError, match="a lesson is called NN_name"):
        notebooks.code(name)


# What would find lessons of one form only.
OWN_PATTERN = re.compile(r"""\[0-9\]\[0-9\]_|name\[:2\]|stem\[:2\]|\\d\\d_""")


def test_nobody_else_knows_what_a_lesson_is_called():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    own = {"course_lib/practice/notebooks.py", "tests/practice/test_notebooks.py"}
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in listed.split("\0")
        if name.endswith((".py", "Makefile", "run", ".yml")) and name not in own and (ROOT / name).is_file()
    }
    # The registry of trials: modules `lesson_NN.py`, which are no notebooks.
    assert [name for name, text in texts.items() if OWN_PATTERN.search(text)] == []
    assert OWN_PATTERN.search('glob("[0-9][0-9]_*.ipynb")')
    assert OWN_PATTERN.search("number = path.name[:2]")
