"""What exercises and quizzes there are, by lesson: "03" → its exercises in their order, and its quiz."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

from .engine import Exercise
from .quiz import Quiz

_HERE = Path(__file__).parent


def lessons() -> list[str]:
    """Numbers of the lessons that have exercises or a quiz, such as "03"."""
    files = [*_HERE.glob("lesson_[0-9][0-9].py"), *_HERE.glob("quiz_[0-9][0-9].py")]
    return sorted({path.stem[-2:] for path in files})


def exercises(lesson: str) -> list[Exercise]:
    """The exercises of a lesson, in the order in which they are written down. ValueError where there is none."""
    module = _module("lesson", lesson)
    return [value for value in vars(module).values() if isinstance(value, Exercise)] if module else []


def quiz(lesson: str) -> Quiz:
    """The quiz of a lesson.

    Raises:
        ValueError: the lesson has none; it says which have.
    """
    module = _module("quiz", lesson)
    if module is None:
        known = [number for number in lessons() if (_HERE / f"quiz_{number}.py").is_file()]
        raise ValueError(f"got lesson {lesson!r}; there are quizzes for {', '.join(known)}.")
    return module.QUIZ


def _module(kind: str, lesson: str) -> ModuleType | None:
    name = f"{kind}_{lesson}"
    return import_module(f".{name}", __package__) if (_HERE / f"{name}.py").is_file() else None
