"""The lessons for a class, from the one source: stored notebooks, exercises, quizzes.

- student: the workbook, without outputs, so that no experiment is given away before the prediction.
- instructor: the lessons as stored, with each solution, the mistakes to listen for, the quiz's answers, the times.
- nbgrader: a lesson's exercises as an assignment with cells to be graded automatically.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from ..data.places import replacing, repository
from . import catalogue, chapters, notebooks, workbook
from .engine import Exercise

KINDS = ("student", "instructor", "nbgrader")
POINTS = 2  # for each exercise
_KERNEL = {
    "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
    "language_info": {"name": "python"},
}


class HandoutError(Exception):
    """What was asked for cannot be written; says why and what to do."""


def export(kind: str, folder: str | Path) -> list[Path]:
    """Write all lessons in one of `KINDS` below `folder`; returns the files.

    Raises:
        HandoutError: no lessons beside `course_lib`, or a file is in the way that is not ours to replace.
    """
    if kind not in KINDS:
        raise HandoutError(f"got kind={kind!r}; there are {', '.join(KINDS)}.")
    root = repository()
    if root is None:
        raise HandoutError(
            "course_lib was installed without the lessons. Clone the course's repository and run it there."
        )
    made = dict(_assignments(Path(folder)) if kind == "nbgrader" else _copies(kind, root / "lessons", Path(folder)))
    for path, notebook in made.items():
        nbformat.validate(notebook)
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as part:
            part.write_text(nbformat.writes(notebook), encoding="utf-8")
    return sorted([*made, *(_grader_files(Path(folder)) if kind == "nbgrader" else ())])


def _copies(kind: str, lessons: Path, folder: Path) -> Iterator[tuple[Path, NotebookNode]]:
    for path in notebooks.files(lessons):
        lesson = nbformat.read(path, as_version=4)
        if kind == "student":
            yield folder / path.name, for_student(lesson, lessons.parent)
        else:
            yield folder / path.name, for_instructor(lesson, notebooks.code(path))


def for_student(lesson: NotebookNode, root: Path) -> NotebookNode:
    """The lesson without outputs, for a folder that stands alone; `root` is the checkout that it is stored in."""
    return workbook.elsewhere(workbook.copy_of(lesson, root), None)


def for_instructor(lesson: NotebookNode, code: str) -> NotebookNode:
    """The lesson as stored, and behind each exercise its solution and what to listen for."""
    lesson, number = copy.deepcopy(lesson), notebooks.chapter(code)
    by_function = {exercise.reference.__name__: exercise for exercise in catalogue.exercises(number)}
    cells = [_note(_times(code))] if _times(code) else []
    for cell in lesson.cells:
        cells.append(cell)
        if exercise := by_function.get(_defined(cell)):
            cells.append(_note(listen_for(exercise)))
            cells.append(new_code_cell(exercise.source, metadata={"tags": ["solution"]}))
        if f"{chapters.packages().get(number)}.quiz" in cell.source:
            cells.append(_note(_answers(number)))
    lesson.cells = cells
    for place, cell in enumerate(cells):
        if "teacher" in cell.metadata.get("tags", []) or "solution" in cell.metadata.get("tags", []):
            cell.id = f"teacher-{place}"
    return lesson


def listen_for(exercise: Exercise) -> str:
    """Markdown: the hints and the typical mistakes of an exercise, each with what its maker is told."""
    lines = [f"**For the teacher: {exercise.name}.** Hints, in their order:"]
    lines += [f"{place}. {hint}" for place, hint in enumerate(exercise.hints, start=1)]
    lines += ["", "Listen for:"]
    lines += [f"- *{m.name.replace('_', ' ')}*: {m.feedback}" for m in exercise.misconceptions]
    return "\n".join(lines)


def _answers(number: str) -> str:
    lines = ["**For the teacher: the quiz.**"]
    for place, question in enumerate(catalogue.quiz(number).questions, start=1):
        rights = [f"{letter}) {option.text}" for letter, option in question.lettered.items() if option.right]
        lines.append(f"{place}. {' · '.join(rights)}")
    return "\n".join(lines)


def _times(code: str) -> str:
    """Markdown: seconds of each section as measured by `make lessons`; "" where they have not been."""
    root = repository()
    file = root / "evidence" / "lesson_times.json" if root else None
    measured = json.loads(file.read_text(encoding="utf-8")).get(code) if file and file.is_file() else None
    if not measured:
        return ""
    lines = [
        f"**For the teacher: how long the code runs** ({measured['device']}).",
        "",
        "| section | seconds |",
        "|---|---|",
    ]
    lines += [f"| {section} | {part['seconds']:.0f} |" for section, part in measured["sections"].items()]
    return "\n".join(lines)


def _note(text: str) -> NotebookNode:
    return new_markdown_cell(text, metadata={"tags": ["teacher"]})


def _defined(cell: NotebookNode) -> str:
    """Name of the one function that a code cell defines, or ""."""
    found = re.findall(r"^def (\w+)\(", cell.source, re.MULTILINE) if cell.cell_type == "code" else []
    return found[0] if len(found) == 1 else ""


# --- nbgrader --------------------------------------------------------------------------------------------


def _assignments(folder: Path) -> Iterator[tuple[Path, NotebookNode]]:
    for number in catalogue.lessons():
        if exercises := catalogue.exercises(number):
            name = f"lesson_{number}"
            yield folder / "source" / name / f"{name}.ipynb", assignment(number, exercises)


def assignment(number: str, exercises: list[Exercise]) -> NotebookNode:
    """A notebook with nbgrader's metadata: for each exercise its task, the solution to be cut out, a graded test."""
    cells = [
        _cell(
            "markdown",
            f"# Exercises of lesson {number}\n\nReplace the dots. Run the cell below each for its check.",
            "title",
        ),
        _cell("code", f"import torch\n\nfrom {chapters.packages()[number]} import exercises as ex", "set-up"),
    ]
    for exercise in exercises:
        function, handle = exercise.reference.__name__, _handle(number, exercise)
        test = f'verdict = ex.{handle}.judge({function})\nassert verdict.outcome == "correct", verdict.message'
        cells += [
            _cell("markdown", exercise.task, f"task-{handle}"),
            _cell("code", marked(exercise), f"answer-{handle}", solution=True),
            _cell("code", test, f"test-{handle}", points=POINTS),
        ]
    return new_notebook(cells=cells, metadata=_KERNEL)


def marked(exercise: Exercise) -> str:
    """The solution with nbgrader's marks around what a student is to write."""
    lines, start = exercise.source.splitlines(), len(exercise.stub.splitlines()) - 1
    return "\n".join([*lines[:start], "    ### BEGIN SOLUTION", *lines[start:], "    ### END SOLUTION"])


def _handle(number: str, exercise: Exercise) -> str:
    """The name that the exercise has in its lesson's module."""
    module = vars(chapters.load(number, "exercises"))
    return next(name for name, value in module.items() if value is exercise)


def _cell(kind: str, source: str, identifier: str, *, solution: bool = False, points: int = 0) -> NotebookNode:
    role = {"solution": solution, "grade": bool(points), "locked": not solution, "task": False}
    nbgrader = {"schema_version": 3, "cell_type": kind, "grade_id": identifier} | role
    if points:
        nbgrader["points"] = points
    make = new_code_cell if kind == "code" else new_markdown_cell
    return make(source, metadata={"nbgrader": nbgrader}, id=re.sub(r"[^\w-]", "-", identifier)[:64])


def _grader_files(folder: Path) -> list[Path]:
    """nbgrader's own settings, where the folder has none yet."""
    path = folder / "nbgrader_config.py"
    if not path.exists():
        with replacing(path) as part:
            part.write_text('c = get_config()\nc.CourseDirectory.course_id = "what-does-a-cnn-see"\n', encoding="utf-8")
    return [path]
