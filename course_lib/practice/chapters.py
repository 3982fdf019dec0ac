"""The folders of `course_lib.lessons`, found by looking, so that no room names a lesson."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

_FOLDER = Path(__file__).resolve().parents[1] / "lessons"
_PACKAGE = f"{__package__.partition('.')[0]}.lessons"


@cache
def packages() -> dict[str, str]:
    """Number of each chapter, the `CHAPTER` of its folder → its package: "03" → "course_lib.lessons.transfer"."""
    names = [f"{_PACKAGE}.{path.parent.name}" for path in _FOLDER.glob("*/__init__.py")]
    return dict(sorted((import_module(name).CHAPTER, name) for name in names))


def chapter_of(module: str) -> str:
    """The number of the chapter whose folder holds the module of this name; "" for one that stands in none."""
    return next((number for number, package in packages().items() if module.startswith(f"{package}.")), "")


def has(chapter: str, part: str) -> bool:
    """Whether the chapter's folder has `part`, a file or a folder of Python."""
    if chapter not in packages():
        return False
    place = _FOLDER / packages()[chapter].rpartition(".")[2] / part
    return place.with_suffix(".py").is_file() or (place / "__init__.py").is_file()


def load(chapter: str, part: str) -> ModuleType | None:
    """The module `part` of a chapter; None where it has none."""
    return import_module(f"{packages()[chapter]}.{part}") if has(chapter, part) else None
