"""Copies for a class: nothing given away, nothing forgotten, and nbgrader takes them."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from course_lib.practice import catalogue, handout
from course_lib.practice.notebooks import chapter, code, files

LESSONS = Path(handout.__file__).resolve().parents[2] / "lessons"


@pytest.fixture(scope="module")
def copies(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("handout")
    for kind in handout.KINDS:
        handout.export(kind, folder / kind)
    return {kind: folder / kind for kind in handout.KINDS}


def notebooks(folder: Path) -> dict[str, nbformat.NotebookNode]:
    return {code(path): nbformat.read(path, as_version=4) for path in files(folder)}


@pytest.mark.slow
def test_student_s_copy_gives_nothing_away(copies):
    stored = notebooks(LESSONS)
    for name, lesson in notebooks(copies["student"]).items():
        assert [cell.id for cell in lesson.cells] == [cell.id for cell in stored[name].cells]
        code = [cell for cell in lesson.cells if cell.cell_type == "code"]
        assert not any(cell.outputs or cell.execution_count for cell in code)
        text = nbformat.writes(lesson)
        for exercise in catalogue.exercises(chapter(name)):
            assert exercise.source not in text
    assert set(notebooks(copies["student"])) == set(stored)


@pytest.mark.slow
def test_instructor_s_copy_has_solutions_mistakes_and_answers(copies):
    told: dict[str, str] = {}
    for name, lesson in notebooks(copies["instructor"]).items():
        number = chapter(name)
        told[number] = told.get(number, "") + "\n".join(cell.source for cell in lesson.cells)
        assert any(cell.get("outputs") for cell in lesson.cells)
        assert len({cell.id for cell in lesson.cells}) == len(lesson.cells)
    for number in catalogue.lessons():
        for exercise in catalogue.exercises(number):
            assert exercise.source in told[number]
            assert all(m.feedback in told[number] for m in exercise.misconceptions)
            assert all(hint in told[number] for hint in exercise.hints)
        for question in catalogue.quiz(number).questions:
            assert all(f") {option.text}" in told[number] for option in question.options if option.right)


def test_export_says_what_it_cannot_do(tmp_path, monkeypatch):
    with pytest.raises(handout.HandoutError, match="got kind='poster'; there are student, instructor, nbgrader"):
        handout.export("poster", tmp_path)
    monkeypatch.setattr(handout, "repository", lambda: None)
    with pytest.raises(handout.HandoutError, match="installed without the lessons"):
        handout.export("student", tmp_path)


def test_marks_stand_around_what_a_student_writes():
    for exercise in catalogue.exercises("03"):
        head, rest = handout.marked(exercise).split("    ### BEGIN SOLUTION\n")
        assert head.rstrip() == exercise.stub.removesuffix("...").rstrip()
        assert rest.endswith("    ### END SOLUTION")
        namespace: dict = {}
        exec("import torch\nfrom torch import nn\n" + handout.marked(exercise), namespace)
        assert exercise.judge(namespace[exercise.reference.__name__]).outcome == "correct"


def test_settings_of_a_teacher_are_left_alone(tmp_path):
    (tmp_path / "nbgrader_config.py").write_text("# mine\n")
    handout.export("nbgrader", tmp_path)
    assert (tmp_path / "nbgrader_config.py").read_text() == "# mine\n"
