"""`course quiz`, `course progress`, `course export` as they are typed."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.practice import catalogue, progress


def typed(*arguments: str, answers: str = ""):
    return CliRunner().invoke(app, list(arguments), input=answers)


def rights() -> list[str]:
    return [next(k for k, o in q.lettered.items() if o.right) for q in catalogue.quiz("03").questions]


def test_quiz_explains_every_answer_and_counts():
    first, *rest = rights()
    wrong = "b" if first == "a" else "a"
    result = typed("quiz", "03", answers="\n".join(["zzz", wrong, *rest]) + "\n")
    assert result.exit_code == 0
    assert "got 'zzz'; there are a, b, c" in result.output
    assert result.output.count("Right.") == len(rest)
    assert "Not right." in result.output
    assert f"{len(rest)} of {len(rest) + 1} right at the first answer" in result.output


def test_progress_tells_what_was_done():
    typed("quiz", "03", answers="\n".join(rights()) + "\n")
    progress.note_attempt("03", "recall", "correct")
    progress.note_attempt("03", "statistics", "incorrect")
    progress.note_hint("03", "statistics", 2)
    told = typed("progress").output
    row = next(line for line in told.splitlines() if line.startswith("03"))
    assert row.split() == ["03", "1", "of", "6", "2", "0", "6", "of", "6"]
    assert "tried, not right yet: statistics" in told
    assert str(progress.file()) in told.replace("\n", "")


def test_unknown_lesson_is_named():
    result = typed("quiz", "98")
    assert result.exit_code == 1
    assert "got lesson '98'; there are quizzes for 01" in result.output


@pytest.mark.slow
def test_export_writes_one_kind(tmp_path):
    result = typed("export", "--student", str(tmp_path / "class"))
    assert result.exit_code == 0
    assert (tmp_path / "class" / "00_start_here.ipynb").is_file()
    both = typed("export", "--student", "--nbgrader", str(tmp_path / "other"))
    assert both.exit_code == 2
    assert not (tmp_path / "other").exists()
