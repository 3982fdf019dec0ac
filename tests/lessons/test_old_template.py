"""Lessons of the old form, a notebook a chapter: their parts in order, and the pacing. test_template has the new form.

Lesson 00 is the door and has no exercises.
"""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.practice import catalogue, chapters, notebooks
from tools import lessons as maker

LESSONS = [path for path in notebooks.files(maker.LESSONS) if not notebooks.is_part(notebooks.code(path))][1:]
LAST_PARTS = ("Advice on trial", "Exercises", "Quiz", "What to take away")
CODE_LINES, WORDS = 15, 100
# At least this share of the cells has 10 lines or 60 words at most. The formatter gives one call up to five lines.
SHORT = 0.8


def headings(lesson: NotebookNode) -> list[str]:
    """Headings of the second level, in their order."""
    prose = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    return re.findall(r"^## (.+)$", prose, re.MULTILINE)


def place(lesson: NotebookNode, text: str) -> int:
    """Of the first cell that holds `text`; beyond the end where none does."""
    return next((n for n, cell in enumerate(lesson.cells) if text in cell.source), len(lesson.cells))


def faults(lesson: NotebookNode, number: str, exercises: list, questions: int) -> list[str]:
    """What the lesson lacks of DESIGN's template."""
    found = []
    first = lesson.cells[0].source
    if not re.match(r"# \d+ · .+\?", first):
        found.append("it does not begin with its number and a question")
    found += [
        f"its first cell lacks {part}" for part in ("Time", "You will be able to", "It builds on") if part not in first
    ]
    if not re.search(r"\d+ minutes", first):
        found.append("it does not say how many minutes it takes")
    parts = [heading for heading in headings(lesson) if heading in LAST_PARTS]
    if parts != list(LAST_PARTS):
        found.append(f"its last parts are {parts}, not {list(LAST_PARTS)}")
    guesses, verdicts = place(lesson, "predict."), place(lesson, ".compare(")
    if not guesses < verdicts < place(lesson, "## Exercises"):
        found.append("no prediction is made before an experiment and compared after it")
    checked = [e for e in exercises if place(lesson, f".check({e.reference.__name__})") < len(lesson.cells)]
    if len(checked) < 5 or len(checked) < len(exercises):
        found.append(f"it checks {len(checked)} of its {len(exercises)} exercises; five or more are wanted, and all")
    if questions < 5 or place(lesson, f"{chapters.packages()[number]}.quiz import") == len(lesson.cells):
        found.append(f"its quiz has {questions} questions; five or more are wanted, shown in the lesson")
    last = "\n".join(cell.source for cell in lesson.cells[-2:])
    found += [f"its end lacks {part}" for part in ("**Open.**", "**Read on.**") if part not in last]
    return found + pacing(lesson)


def pacing(lesson: NotebookNode) -> list[str]:
    """Cells that are too long, and whether too many are long. The set-up cell is folded away: nobody reads it."""
    read = [cell for cell in lesson.cells if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", [])]
    code = [len(cell.source.splitlines()) for cell in read]
    prose = [len(cell.source.split()) for cell in lesson.cells[1:-1] if cell.cell_type == "markdown"]
    found = [f"a code cell has {lines} lines" for lines in code if lines > CODE_LINES]
    found += [f"a prose cell has {words} words" for words in prose if words > WORDS]
    if sum(lines <= 10 for lines in code) < SHORT * len(code):
        found.append("too many code cells have over 10 lines")
    if sum(words <= 60 for words in prose) < SHORT * len(prose):
        found.append("too many prose cells have over 60 words")
    return found


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_lesson_keeps_the_template(path):
    number = notebooks.code(path)
    lesson = nbformat.read(path, as_version=4)
    assert faults(lesson, number, catalogue.exercises(number), len(catalogue.quiz(number).questions)) == []


# --- the test can fail ---


def tiny(**changes) -> NotebookNode:
    parts = {
        "top": "# 3 · Why?\n**Time** 90 minutes **You will be able to** see **It builds on** nothing",
        "predict": "guess = predict.number()",
        "compare": "guess.compare(3)",
        "parts": "\n".join(f"## {part}" for part in LAST_PARTS),
        "checks": "\n".join(f"ex.{e.name}.check({e.reference.__name__})" for e in catalogue.exercises("03")),
        "quiz": "from course_lib.lessons.transfer.quiz import QUIZ",
        "end": "**Open.** Much. **Read on.** A book.",
    } | changes
    code = ("predict", "compare", "checks", "quiz")
    order = ("top", "predict", "compare", "parts", "checks", "quiz", "end")
    return new_notebook(cells=[(new_code_cell if k in code else new_markdown_cell)(parts[k]) for k in order])


def judged(lesson: NotebookNode, questions: int = 6) -> list[str]:
    return faults(lesson, "03", catalogue.exercises("03"), questions)


def test_lesson_with_all_parts_passes():
    assert judged(tiny()) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"top": "# 3 · A talk\n**Time** 90 minutes **You will be able to** **It builds on**"}, "a question"),
        ({"top": "# 3 · Why?\n**Time** long **You will be able to** **It builds on**"}, "how many minutes"),
        ({"top": "# 3 · Why?\n90 minutes **Time** **It builds on**"}, "lacks You will be able to"),
        ({"predict": "x = 3"}, "no prediction"),
        ({"parts": "## Quiz\n## Exercises"}, "its last parts are"),
        ({"checks": "pass"}, f"it checks 0 of its {len(catalogue.exercises('03'))}"),
        ({"quiz": "pass"}, "its quiz has"),
        ({"end": "Bye."}, "its end lacks"),
        ({"compare": "guess.compare(3)\n" * 16}, "a code cell has 16 lines"),
        ({"parts": "\n".join(f"## {part}" for part in LAST_PARTS) + "\nword" * 120}, "a prose cell has"),
    ],
)
def test_what_is_missing_is_found(change, told):
    assert any(told in fault for fault in judged(tiny(**change)))


def test_short_quiz_is_found():
    assert any("its quiz has 4" in fault for fault in judged(tiny(), questions=4))
