"""The learner's folder: brought up to date, and nothing of theirs is ever lost."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.data import places
from course_lib.practice import desk

A, B = "01a_red.ipynb", "01b_blue.ipynb"


def notebook(text: str, **metadata: object) -> str:
    cells = [new_markdown_cell(text, id="title"), new_code_cell("1 + 1", id="code")]
    return nbformat.writes(new_notebook(cells=cells, metadata=metadata))


class Course:
    """A workbook with two lessons, and a learner's folder."""

    def __init__(self, root: Path) -> None:
        self.workbook, self.my = root / "lessons" / "workbook", root / "my"
        self.workbook.mkdir(parents=True)
        self.edition(A, "A, first edition")
        self.edition(B, "B, first edition")

    def edition(self, name: str, text: str) -> None:
        (self.workbook / name).write_text(notebook(text))

    def start(self, **options: bool) -> desk.Report:
        return desk.lay_out(self.workbook, self.my, **options)

    def mine(self, name: str, text: str = "what I wrote") -> str:
        (self.my / name).write_text(notebook(text))
        return (self.my / name).read_text()

    def text(self, name: str) -> str:
        return nbformat.read(self.my / name, as_version=4).cells[0].source

    def names(self) -> list[str]:
        return sorted(path.name for path in self.my.iterdir() if path.name[0] != ".")


@pytest.fixture
def course(tmp_path, monkeypatch) -> Course:
    monkeypatch.setattr(places, "repository", lambda: tmp_path)
    return Course(tmp_path)


def test_first_start_copies_all_and_says_nothing(course):
    report = course.start()
    assert report == desk.Report(new=[A, B])
    assert list(report.lines()) == []
    assert course.names() == [A, B]
    assert course.start() == desk.Report()


def test_untouched_copy_is_brought_up_to_date(course):
    course.start()
    course.edition(A, "A, second edition")
    assert course.start() == desk.Report(updated=[A])
    assert course.text(A) == "A, second edition"


def test_changed_copy_stays_and_the_newer_version_lies_beside_it_and_is_told_once(course):
    course.start()
    written = course.mine(A)
    course.edition(A, "A, second edition")
    report = course.start()
    assert report == desk.Report(offered=["01a_red.new.ipynb"])
    (line,) = report.lines()
    assert "01a_red.new.ipynb is the newer version" in line
    assert (course.my / A).read_text() == written
    assert course.text("01a_red.new.ipynb") == "A, second edition"
    assert course.start() == desk.Report()


def test_changed_copy_without_a_newer_version_is_left_in_peace(course):
    course.start()
    course.mine(A)
    assert course.start() == desk.Report()
    assert course.names() == [A, B]


def test_offer_is_replaced_by_the_next_one_unless_it_was_worked_in(course):
    course.start()
    course.mine(A)
    course.edition(A, "A, second edition")
    course.start()
    course.edition(A, "A, third edition")
    assert course.start().offered == ["01a_red.new.ipynb"]
    assert course.text("01a_red.new.ipynb") == "A, third edition"
    course.mine("01a_red.new.ipynb", "mine, too")
    course.edition(A, "A, fourth edition")
    assert course.start().offered == ["01a_red.new2.ipynb"]
    assert course.text("01a_red.new.ipynb") == "mine, too"
    assert course.text(A) == "what I wrote"


def test_offer_that_takes_the_copy_s_place_is_an_untouched_copy_again(course):
    course.start()
    course.mine(A)
    course.edition(A, "A, second edition")
    course.start()
    os.replace(course.my / "01a_red.new.ipynb", course.my / A)
    assert course.start() == desk.Report()
    course.edition(A, "A, third edition")
    assert course.start() == desk.Report(updated=[A])


def test_deleted_copy_comes_back_only_when_asked_for(course):
    course.start()
    (course.my / A).unlink()
    course.edition(A, "A, second edition")
    assert course.start() == desk.Report()
    assert course.names() == [B]
    assert course.start(restore=True) == desk.Report(new=[A])
    assert course.text(A) == "A, second edition"


def test_restoring_writes_over_nothing(course):
    course.start()
    written = course.mine(A)
    assert course.start(restore=True) == desk.Report()
    assert (course.my / A).read_text() == written


def test_renamed_lesson_comes_as_a_new_one_and_its_untouched_copy_goes(course):
    course.start()
    (course.workbook / A).rename(course.workbook / "01a_scarlet.ipynb")
    report = course.start()
    assert report == desk.Report(new=["01a_scarlet.ipynb"], removed=[A])
    assert "you had not changed them: 01a_red.ipynb" in next(report.lines())
    assert course.names() == ["01a_scarlet.ipynb", B]


def test_changed_copy_of_a_lesson_that_is_gone_is_the_learner_s(course):
    course.start()
    written = course.mine(A)
    (course.workbook / A).unlink()
    assert course.start() == desk.Report()
    assert (course.my / A).read_text() == written


def test_what_was_only_opened_is_untouched_and_what_was_run_is_not(course):
    course.start()
    for name in (A, B):
        lesson = nbformat.read(course.my / name, as_version=4)
        lesson.metadata.language_info = {"name": "python", "version": "3.13.1"}  # JupyterLab notes the kernel's
        if name == B:
            lesson.cells[1].outputs = [new_output("stream", text="2")]
        nbformat.write(lesson, course.my / name)
        course.edition(name, "second edition")
    assert course.start() == desk.Report(updated=[A], offered=["01b_blue.new.ipynb"])


@pytest.mark.parametrize(
    "note",
    [
        "",
        "{",
        "null",
        "[]",
        '{"handed_out": null}',
        '{"handed_out": [1]}',
        '{"handed_out": {"01a_red.ipynb": 3}}',
        "\x00",
        pytest.param("[" * 100_000, id="brackets"),
    ],
)
def test_without_a_note_that_can_be_read_every_other_copy_counts_as_changed(course, note):
    course.start()
    written = course.mine(A)
    course.edition(B, "B, second edition")
    (course.my / ".course.json").write_text(note)
    report = course.start()
    assert report.offered == ["01a_red.new.ipynb", "01b_blue.new.ipynb"]
    assert (course.my / A).read_text() == written
    assert course.text(B) == "B, first edition"
    assert course.start() == desk.Report()  # and the note is mended


def test_note_that_is_a_folder_loses_nothing(course):
    course.start()
    written = course.mine(A)
    (course.my / ".course.json").unlink()
    (course.my / ".course.json").mkdir()
    with pytest.raises(desk.DeskError, match="cannot write to"):
        course.start()
    assert (course.my / A).read_text() == written


@pytest.mark.parametrize("content", ["", "{", "[]", '{"cells": 3}', '{"cells": [{"source": null}]}'])
def test_file_that_is_no_notebook_is_left_and_named(course, content):
    course.start()
    (course.my / A).write_text(content)
    course.edition(A, "A, second edition")
    report = course.start()
    assert report == desk.Report(unreadable=[A])
    assert "01a_red.ipynb is no notebook and was left" in next(report.lines())
    assert (course.my / A).read_text() == content


def test_folder_or_dangling_link_in_a_lesson_s_place_is_left(course):
    course.my.mkdir()
    (course.my / A).mkdir()
    (course.my / B).symlink_to(course.my / "nowhere")
    assert course.start() == desk.Report(unreadable=[A, B])
    assert (course.my / A).is_dir()
    assert (course.my / B).is_symlink()


def test_file_of_the_learner_s_that_is_called_like_a_lesson_stays(course):
    course.my.mkdir()
    written = course.mine(A)
    assert course.start() == desk.Report(new=[B], offered=["01a_red.new.ipynb"])
    assert (course.my / A).read_text() == written


def test_full_disk_leaves_no_half_file_and_the_other_lessons_go_on(course, monkeypatch):
    course.start()
    course.edition(A, "A, second edition")
    course.edition(B, "B, second edition")
    write = Path.write_text

    def full(path: Path, text: str, **named: str) -> int:
        if path.name == f"{A}.part":
            write(path, text[:10], **named)
            raise OSError(28, "No space left on device", str(path))
        return write(path, text, **named)

    monkeypatch.setattr(Path, "write_text", full)
    report = course.start()
    assert report == desk.Report(updated=[B], failed=[f"{A} (No space left on device)"])
    assert course.text(A) == "A, first edition"
    assert course.names() == [A, B]
    monkeypatch.setattr(Path, "write_text", write)
    assert course.start() == desk.Report(updated=[A])


def test_killed_before_the_note_was_written_the_copies_are_still_known(course, monkeypatch):
    course.start()
    course.edition(A, "A, second edition")
    replacing = places.replacing

    def killed(path: Path) -> AbstractContextManager[Path]:
        if path.name == ".course.json":
            raise KeyboardInterrupt
        return replacing(path)

    monkeypatch.setattr(places, "replacing", killed)
    with pytest.raises(KeyboardInterrupt):
        course.start()
    monkeypatch.setattr(places, "replacing", replacing)
    assert course.start() == desk.Report()
    course.edition(A, "A, third edition")
    assert course.start() == desk.Report(updated=[A])


def test_folder_that_cannot_be_written_to_is_named_with_what_to_do(course):
    course.my.touch()
    with pytest.raises(desk.DeskError, match=r"cannot write to .*my .*course lab --folder DIR"):
        course.start()


def test_no_workbook_is_told(tmp_path):
    with pytest.raises(desk.DeskError, match="run `make lab` there"):
        desk.lay_out(tmp_path / "nothing", tmp_path / "my")
    assert not (tmp_path / "my").exists()


def test_beside_a_wheel_the_folder_is_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "repository", lambda: None)
    monkeypatch.chdir(tmp_path)
    assert desk.home() == tmp_path / "my"
    assert desk.source().parts[-3:] == ("course_lib", "_shipped", "workbook")
    Course(tmp_path / "shipped").start()
    desk.lay_out(tmp_path / "shipped" / "lessons" / "workbook", desk.home())
    assert desk.opened(tmp_path / "my") == [f"--ServerApp.root_dir={tmp_path / 'my'}"]  # this course has no lesson 00


START = """
import sys
from pathlib import Path
from course_lib.data import places
from course_lib.practice import desk
root = Path(sys.argv[1])
places.repository = lambda: root
print(desk.lay_out(root / "lessons" / "workbook", root / "my"))
"""


@pytest.mark.slow
def test_two_starts_at_once_are_as_one(course, tmp_path):
    for number in range(12):
        course.edition(f"02{chr(97 + number)}_more.ipynb", f"{number} " * 10_000)
    command = [sys.executable, "-c", START, str(tmp_path)]
    starts = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [start.communicate(timeout=120)[0] for start in starts]
    assert [start.returncode for start in starts] == [0] * 3
    assert sum("01a_red" in text for text in told) == 1  # one of them copied, the others found it done
    assert len(course.names()) == 14
    assert course.start() == desk.Report()
