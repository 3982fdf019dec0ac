"""What keeps the course alive: the release, the run on Colab's packages, the guide for whoever adds something."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import nbformat
import pytest
import trove_classifiers
import yaml
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from nbformat.v4 import new_code_cell, new_notebook

import course_lib
from course_lib.cli import links
from tools import release
from tools.hosted import __main__ as hosted

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SCREEN = 24  # lines


# --- texts ---


def sections(text: str) -> dict[str, str]:
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def gone(text: str) -> list[str]:
    """Files that a text names and that are not there. NN, NAME and name stand for what is to be added."""
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.\w+|[A-Za-z_]+\.(?:md|cff|toml))`", text)
    added = re.compile(r"name\.|NAME|NN|08_")
    places = (ROOT, ROOT / "course_lib")
    return [name for name in named if not added.search(name) and not any((place / name).is_file() for place in places)]


@pytest.mark.parametrize("section", ["A lesson", "A figure", "A trial", "An exercise"])
def test_each_addition_is_told_on_one_screen(section):
    text = sections(GUIDE)[section]
    assert 4 < len(text.strip().splitlines()) <= SCREEN


def test_guide_names_files_that_are_there():
    assert gone(GUIDE) == []
    assert gone("`lessons/unmake.py` and `tools/lessons.py`, `NEWS.md`") == ["lessons/unmake.py", "NEWS.md"]


def test_guide_names_commands_that_are_there():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)", GUIDE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_citation_is_valid():
    """The required keys of CFF 1.2.0, and none that it does not know."""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert set(citation) <= {
        "cff-version", "message", "title", "abstract", "type", "version", "license", "authors", "keywords",
        "repository-code", "date-released", "url", "doi",
    }  # fmt: skip
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] == "software"
    assert all(isinstance(citation[key], str) for key in ("message", "title", "version", "license"))
    assert all(author.get("name") or author.get("family-names") for author in citation["authors"])


def test_hooks_run_what_is_there_and_fetch_nothing():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    for hook in hooks["repos"][0]["hooks"]:
        program, *arguments = hook["entry"].split()
        assert program == ".venv/bin/python"
        assert all((ROOT / argument).is_file() for argument in arguments if argument.endswith(".py"))


# --- release ---


def test_version_is_one():
    assert len(set(release.versions().values())) == 1


def test_version_that_is_not_one_stops_the_release(monkeypatch, tmp_path, capsys):
    for name in ("course_lib/__init__.py", "CITATION.cff", "CHANGELOG.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    citation = tmp_path / "CITATION.cff"
    citation.write_text(citation.read_text().replace("version: 0.", "version: 9."))
    found = release.versions(tmp_path)
    assert found["CITATION.cff"].startswith("9.")
    monkeypatch.setattr(release, "versions", lambda: found)
    assert release.main() == 1
    assert "the version is not one" in capsys.readouterr().out


def test_the_package_is_built_with_the_version_of_its_code():
    metadata = ProjectMetadata(str(ROOT), PluginManager())
    assert metadata.version == course_lib.__version__ == release.versions()["CHANGELOG.md"]
    assert "version" not in PROJECT, "a second place for it"


def test_classifiers_are_the_index_s_own():
    assert set(PROJECT["classifiers"]) <= trove_classifiers.classifiers
    oldest, *_ = re.findall(r"\d+\.\d+", PROJECT["requires-python"])
    assert f"Programming Language :: Python :: {oldest}" in PROJECT["classifiers"]
    assert not any(classifier.startswith("License ::") for classifier in PROJECT["classifiers"]), "license says it"


def test_addresses_are_those_of_the_table():
    """None yet: an address that nobody has is worse than none."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert links.project_urls(text, links.known()) == text
    assert ("urls" in PROJECT) is bool(links.known().repository)


@pytest.mark.slow
def test_lesson_runs_from_the_wheel_alone_and_one_that_needs_the_checkout_does_not(tmp_path):
    course = hosted.wheel(tmp_path)
    assert "course_lib/py.typed" in zipfile.ZipFile(course).namelist(), "who installs it gets no types"
    lesson = tmp_path / "lesson.ipynb"

    def status(*sources: str) -> int:
        nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), lesson)
        return release.run_alone(course, lesson)

    assert status("from course_lib import data", "len(data.registry.for_lessons())") == 0
    assert status("from course_lib.data import places", "places.repository() / 'lessons'") != 0
    assert status("import lessons") != 0


# --- Colab ---


def test_python_of_another_version_is_not_taken():
    found = hosted.find_python(["no-such-python", sys.executable])
    assert bool(found) is (sys.version_info[:2] == hosted.WANTED)
    assert hosted.find_python(["no-such-python"]) == ""


def test_without_python_3_13_the_run_is_left_out_and_says_so(monkeypatch, capsys):
    monkeypatch.setattr(hosted, "find_python", lambda: "")
    assert hosted.main([]) == 0
    assert "left out" in capsys.readouterr().out


def test_unknown_lesson_is_refused():
    with pytest.raises(SystemExit, match="no lesson 42; there are: 00"):
        hosted.main(["42"])
    assert [path.name[:3] for path in hosted.lessons(["07", "00"])] == ["00_", "07a", "07b"]


@pytest.mark.parametrize("uv", [None, "uv"])
def test_environment_is_made_once_and_again_when_the_pins_change(monkeypatch, tmp_path, uv):
    calls = []
    monkeypatch.setattr(shutil, "which", lambda name: uv)

    def run(command, check):
        calls.append([str(part) for part in command])
        place.mkdir(exist_ok=True)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(hosted, "PINS", tmp_path / "pins.txt")
    place = tmp_path / "environment"
    hosted.PINS.write_text("numpy==2.1.3\n")
    for _ in range(2):
        hosted.prepare("python3.13", place)
    assert [call[:3] for call in calls] == [
        ["python3.13", "-m", "venv"],
        ["uv", "pip", "install"] if uv else [calls[1][0], "-m", "pip"],
    ]
    assert calls[1][-2:] == ["-r", str(hosted.PINS)]
    hosted.PINS.write_text("numpy==2.1.4\n")
    hosted.prepare("python3.13", place)
    assert len(calls) == 4


def test_installation_that_broke_off_is_begun_again(monkeypatch, tmp_path):
    place = tmp_path / "environment"

    def run(command, check):
        place.mkdir(exist_ok=True)
        if "pip" in command:
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(subprocess.CalledProcessError):
        hosted.prepare("python3.13", place)
    assert not (place / "pins").exists()


def test_run_has_no_network_and_the_data_by_its_whole_path():
    assert hosted.settings({"COURSE_DATA": "/data"})["COURSE_DATA"] == "/data"
    made = hosted.settings({"PATH": "x"})
    assert made["COURSE_OFFLINE"] == "1"
    assert Path(made["COURSE_DATA"]).is_absolute()
