"""nbgrader takes the assignments: its own validation, its own release, its own verdict on both."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_lib.practice import catalogue, handout


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    if os.environ.get("COURSE_REQUIRE_BROWSER") != "1":
        pytest.importorskip("nbgrader", reason="no nbgrader here; `pip install nbgrader` to check the assignments")
    folder = tmp_path_factory.mktemp("course")
    handout.export("nbgrader", folder)
    return folder


def run(course: Path, *arguments: str) -> subprocess.CompletedProcess:
    paths = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    places = {name: str(course / ".jupyter") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    command = [sys.executable, "-m", "nbgrader", *arguments]
    environment = os.environ | paths | places
    return subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=120)


def test_nbgrader_takes_the_metadata(course):
    from nbgrader.nbgraderformat import MetadataValidator

    for path in course.glob("source/*/*.ipynb"):
        MetadataValidator().validate_nb(nbformat.read(path, as_version=4))


def test_nbgrader_validates_the_solutions_and_finds_the_release_unsolved(course):
    from nbgrader.validator import Validator

    source = course / "source" / "lesson_03" / "lesson_03.ipynb"
    assert Validator().validate(str(source)) == {}
    made = run(course, "generate_assignment", "lesson_03")
    assert made.returncode == 0, made.stderr[-2000:]
    release = course / "release" / "lesson_03" / "lesson_03.ipynb"
    text = release.read_text(encoding="utf-8")
    assert "BEGIN SOLUTION" not in text
    assert not any(exercise.source in text for exercise in catalogue.exercises("03"))
    assert len(Validator().validate(str(release))["failed"]) == len(catalogue.exercises("03"))
