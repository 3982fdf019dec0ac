"""`course fetch` and `course lab`: what they call, and how they fail."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from course_lib import cli, data


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
    monkeypatch.setattr(subprocess, "call", lambda command: commands.append(command) or 0)
    return commands


@pytest.fixture
def checkout(monkeypatch, tmp_path):
    """A course in `tmp_path`, with one lesson."""
    (tmp_path / "lessons").mkdir()
    (tmp_path / "lessons" / "00_start_here.ipynb").touch()
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "course_lib" / "cli" / "__init__.py"))
    return tmp_path


def test_lab_opens_the_first_lesson_and_passes_arguments_on(started, checkout):
    assert run("lab", "--no-browser", "--port", "8890").exit_code == 0
    (command,) = started
    assert command[:4] == [
        sys.executable, "-m", "jupyterlab", str(checkout / "lessons" / "00_start_here.ipynb"),
    ]  # fmt: skip
    assert command[-3:] == ["--no-browser", "--port", "8890"]


@pytest.mark.parametrize(("user", "told"), [(0, True), (1000, False)])
def test_lab_starts_for_root_too(monkeypatch, started, checkout, user, told):
    monkeypatch.setattr(cli.os, "geteuid", lambda: user, raising=False)
    run("lab")
    assert ("--allow-root" in started[0]) is told


def test_lab_without_lessons_says_what_to_do(monkeypatch, tmp_path, started):
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "course_lib" / "cli" / "__init__.py"))
    result = run("lab")
    assert result.exit_code == 1
    assert "make lab" in result.output
    assert started == []
