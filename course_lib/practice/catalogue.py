"""What exercises and quizzes there are, by chapter: "03" → its exercises in their order, and its quiz.

A chapter's folder may have `exercises`, whose `EXERCISES` lists them in the order in which they are asked, and `quiz`,
with `QUIZ`.
"""

from __future__ import annotations

from . import chapters
from .engine import Exercise
from .quiz import Quiz


def lessons() -> list[str]:
    """Numbers of the chapters that have exercises or a quiz, such as "03"."""
    return [number for number in chapters.packages() if any(chapters.has(number, x) for x in ("exercises", "quiz"))]


def exercises(lesson: str) -> list[Exercise]:
    """The exercises of a chapter, in the order in which they are asked; none where it has none."""
    module = chapters.load(lesson, "exercises")
    return list(module.EXERCISES) if module else []


def quiz(lesson: str) -> Quiz:
    """The quiz of a chapter.

    Raises:
        ValueError: the chapter has none; it says which have.
    """
    module = chapters.load(lesson, "quiz")
    if module is None:
        known = [number for number in chapters.packages() if chapters.has(number, "quiz")]
        raise ValueError(f"got lesson {lesson!r}; there are quizzes for {', '.join(known)}.")
    return module.QUIZ
