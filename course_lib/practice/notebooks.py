"""What a lesson's file is called, and its code: `01_name` is "01", `01a_name` is "01a".

A chapter is one notebook, `NN_name`, or several, `NNx_name` with a letter for x. Everything that looks for lessons asks
here; a chapter's number, "01", is what `chapters`, exercises and quizzes know.

    python -m course_lib.practice.notebooks     the stored notebooks of this checkout, for the Makefile
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

START = "00_start_here.ipynb"
CODE = r"\d\d[a-z]?"
FILE = rf"{CODE}_\w+\.ipynb"
"""Of a notebook, as a regular expression: for whoever reads links."""
_STEM = re.compile(rf"({CODE})_\w+")


def is_lesson(path: Path) -> bool:
    """Whether a file is called as lessons are. What is offered beside a learner's copy (`01a_name.new.ipynb`) is not.

    >>> [is_lesson(Path(name)) for name in ("01_a.ipynb", "01b_a.py", "01b_a.new.ipynb", "conftest.py")]
    [True, True, False, False]
    """
    return bool(_STEM.fullmatch(path.stem))


def code(name: str | Path) -> str:
    """The code of a lesson, from its file or its file's name.

    Raises:
        ValueError: no lesson is called so.

    >>> code("01_name"), code(Path("lessons/01a_name.ipynb"))
    ('01', '01a')
    """
    found = _STEM.fullmatch(Path(name).stem)
    if not found:
        raise ValueError(f"got {str(name)!r}; a lesson is called NN_name, or NNx_name with a letter for x.")
    return found[1]


def chapter(code: str) -> str:
    """The number of a lesson's chapter.

    >>> chapter("01a"), chapter("03")
    ('01', '03')
    """
    return code[:2]


def label(code: str) -> str:
    """A code as people say it.

    >>> label("01a"), label("10"), label("00")
    ('1a', '10', '0')
    """
    return code[0].lstrip("0") + code[1:]


def is_part(code: str) -> bool:
    """Whether the lesson is one of several of its chapter: its code ends with a letter."""
    return len(code) > 2


def files(folder: Path, suffix: str = ".ipynb") -> list[Path]:
    """The lessons in `folder`, in their order; none where there is no such folder."""
    return sorted(path for path in folder.glob(f"*{suffix}") if is_lesson(path))


def chosen(lessons: Iterable[Path], asked: Iterable[str]) -> list[Path]:
    """Those of `lessons` that are asked for by code or, a whole chapter, by its number; all where nothing is asked for.

    Raises:
        ValueError: there is none of that code; it says which there are.

    >>> [path.name for path in chosen(map(Path, ("00_a.py", "01a_b.py", "01b_c.py")), ["01"])]
    ['01a_b.py', '01b_c.py']
    """
    known = {path: code(path) for path in lessons}
    wanted = set(asked)
    if missing := wanted - {*known.values(), *map(chapter, known.values())}:
        there = ", ".join(path.stem for path in known)
        raise ValueError(f"no lesson {', '.join(sorted(missing))}; there are: {there}")
    return [path for path, code in known.items() if not wanted or wanted & {code, chapter(code)}]


if __name__ == "__main__":
    print("\n".join(map(str, files(Path("lessons")))))
