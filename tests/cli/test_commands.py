"""`course fetch` and `course lab`: what they call, and how they fail."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyterlab_server.config import get_static_page_config
from nbformat.v4 import new_markdown_cell, new_notebook
from typer.testing import CliRunner

import course_lib
from course_lib import cli, data
from course_lib.data import places
from course_lib.practice import desk


def run(*arguments: str):
    return CliRunner().invoke(cli.app, list(arguments))


def test_fetch_says_where_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(data, "keep", lambda name: tmp_path / name)
    result = run("fetch", "eurosat")
    assert result.exit_code == 0
    assert str(tmp_path / "eurosat") in result.output


def test_fetch_without_a_name_gets_all_that_lessons_use_and_goes_on_after_a_failure(monkeypatch):
    asked = []

    def keep(name: str) -> str:
        asked.append(name)
        if name == "eurosat":
            raise data.DataError("no network")
        return name

    monkeypatch.setattr(data, "keep", keep)
    result = run("fetch")
    assert asked == data.registry.for_lessons()
    assert len(asked) > 2
    assert result.exit_code == 1
    assert "course fetch: no network" in result.output


def test_fetch_tells_what_went_wrong_in_plain_words():
    result = run("fetch", "eurosta")
    assert result.exit_code == 1
    assert "course fetch: " in result.output
    assert "eurosat" in result.output
    assert "Traceback" not in result.output


@pytest.fixture
def started(monkeypatch):
    """The commands that would have been started."""
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command, env: commands.append(command) or 0)
    return commands


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    """A course in `tmp_path`, with one lesson."""
    lesson = tmp_path / "lessons" / "workbook" / "00_start_here.ipynb"
    lesson.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell("# A", id="title")]), lesson)
    monkeypatch.setattr(places, "repository", lambda: tmp_path)
    return tmp_path


def test_lab_opens_the_first_lesson_and_passes_arguments_on(started, checkout):
    assert run("lab", "--no-browser", "--port", "8890").exit_code == 0
    (command,) = started
    assert command[:5] == [
        sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={checkout}",
        "--LabApp.default_url=/lab/tree/my/00_start_here.ipynb",
    ]  # fmt: skip
    assert command[-3:] == ["--no-browser", "--port", "8890"]


@pytest.mark.parametrize(("user", "told"), [(0, True), (1000, False)])
def test_lab_starts_for_root_too(monkeypatch, started, checkout, user, told):
    monkeypatch.setattr(cli.os, "geteuid", lambda: user, raising=False)
    run("lab")
    assert ("--allow-root" in started[0]) is told


def test_lab_says_that_a_newer_version_lies_beside_what_was_changed_and_opens_all_the_same(started, checkout):
    run("lab")
    mine, lesson = checkout / "my" / "00_start_here.ipynb", checkout / "lessons" / "workbook" / "00_start_here.ipynb"
    for path, title in ((mine, "# Mine"), (lesson, "# New")):
        nbformat.write(new_notebook(cells=[new_markdown_cell(title, id="title")]), path)
    told = run("lab").output
    assert told.startswith("course lab: my: 00_start_here.new.ipynb is the newer version; your own copy")
    assert len(told.splitlines()) == 1
    assert "# Mine" in mine.read_text()
    assert run("lab").output == ""
    assert len(started) == 3


def test_lab_brings_a_deleted_copy_back_when_it_is_asked_to(started, checkout):
    run("lab")
    mine = checkout / "my" / "00_start_here.ipynb"
    mine.unlink()
    run("lab", "--no-browser")
    assert not mine.exists()
    # The folder, where the first lesson is gone.
    assert [word for word in started[-1] if "App" in word] == [f"--ServerApp.root_dir={checkout / 'my'}"]
    run("lab", "--restore", "--no-browser")
    assert mine.exists()
    assert started[-1][-1] == "--no-browser"


def test_lab_in_a_folder_that_is_named(started, checkout, tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere") / "copies"
    run("lab", "--folder", str(folder))
    assert started[0][3:5] == [
        f"--ServerApp.root_dir={folder}",
        "--LabApp.default_url=/lab/tree/00_start_here.ipynb",
    ]


def test_lab_where_copies_cannot_be_written_says_so_in_one_line(started, checkout):
    (checkout / "my").touch()  # a file in the place of the folder: for root, too, nothing can be written there
    result = run("lab")
    assert result.exit_code == 1
    assert "cannot write to" in result.output
    assert "course lab --folder DIR" in result.output
    assert len(result.output.splitlines()) == 1
    assert started == []


def test_lab_opens_the_copies_that_are_there_where_no_more_can_be_written(started, checkout, monkeypatch):
    run("lab")

    def full(*arguments, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(desk.FileLock, "acquire", full)
    result = run("lab")
    assert "No space left on device" in result.output
    assert len(started) == 2


def test_lab_without_lessons_says_what_to_do(monkeypatch, tmp_path, started):
    monkeypatch.setattr(places, "repository", lambda: tmp_path)
    result = run("lab")
    assert result.exit_code == 1
    assert "make lab" in result.output
    assert started == []


def test_lab_asks_no_question_about_news_or_language_servers(monkeypatch):
    """JupyterLab itself reads both files from the first folder of its configuration's path."""
    given = cli.quiet({"JUPYTER_CONFIG_PATH": "/mine", "HOME": "/home/me"})
    first, *rest = given["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert (rest, given["HOME"]) == (["/mine"], "/home/me")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", first)
    assert get_static_page_config(level="all")["disabledExtensions"]["@jupyterlab/lsp-extension"]
    answers = json.loads(Path(first, "labconfig/default_setting_overrides.json").read_text())
    assert answers["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_version_is_the_packages():
    assert run("--version").output.strip() == f"what-does-a-cnn-see {course_lib.__version__}"
