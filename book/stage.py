"""Lay out what the book is made of: copies from the repository, made anew at each build, never committed."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
from base64 import b64decode
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from lessons.page import revive

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    "data", "pixels", "models", "training", "features", "metrics", "openset", "explain", "trials", "figures",
    "exercises",
)  # fmt: skip
# Everything that a page of the book links to, at the place where it stands in the repository.
FILES = ("TEACHING.md", "LICENSE", "LICENSE-TEXT.md", "datasets/*.md", "lessons/advice_on_trial.md", "lessons/images/*")
CONTENTS = """
```{toctree}
:hidden:
:caption: Lessons
:glob:

lessons/[0-9]*
```

```{toctree}
:hidden:
:caption: Beside them

lessons/advice_on_trial
TEACHING
datasets/index
LICENSE-TEXT
api/index
```
"""
_LESSON_LINK = re.compile(r"\[([^\]]*)\]\(((?:lessons/)?\d\d_\w+\.ipynb)\)")


def stage(target: Path) -> dict[str, str]:
    """Fill `target`. Gives {SHA-256 of a lesson's picture: its alt text}."""
    alts: dict[str, str] = {}
    wanted = dict(_pages(alts))
    for path in target.rglob("*"):
        if path.is_file() and path.relative_to(target).as_posix() not in wanted:
            path.unlink()
    for name, content in wanted.items():
        path = target / name
        # Only what has changed, or Sphinx would read all of it again.
        if not path.is_file() or path.read_bytes() != content:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    return alts


def _pages(alts: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    yield "index.md", (_links((ROOT / "README.md").read_text(encoding="utf-8"), ROOT) + CONTENTS).encode()
    for path in sorted(path for pattern in FILES for path in ROOT.glob(pattern)):
        yield path.relative_to(ROOT).as_posix(), path.read_bytes()
    for path in sorted(ROOT.glob("lessons/[0-9][0-9]_*.ipynb")):
        lesson = nbformat.read(path, as_version=4)
        prepare(lesson, path.parent)
        alts |= alt_texts(lesson)
        yield f"lessons/{path.name}", nbformat.writes(lesson).encode()
    yield "datasets/index.md", DATASETS.encode()
    yield "api/index.md", API.encode()
    for room in ROOMS:
        yield f"api/{room}.rst", api_page(room).encode()


def prepare(lesson: NotebookNode, folder: Path) -> None:
    """Figures alive in the place of their pictures, and no link to a lesson that is not there yet."""
    revive(lesson)
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            cell.source = _links(cell.source, folder)


def alt_texts(lesson: NotebookNode) -> dict[str, str]:
    """{SHA-256 of a picture: its alt text}: by that digest MyST names the picture's file."""
    outputs = [output for cell in lesson.cells for output in cell.get("outputs", [])]
    return {
        hashlib.sha256(b64decode(output.data["image/png"])).hexdigest(): output.metadata["image/png"]["alt"]
        for output in outputs
        if "image/png" in output.get("data", {})
    }


def _links(text: str, folder: Path) -> str:
    """Markdown in which the name of a lesson that has not been built yet is no link."""
    return _LESSON_LINK.sub(lambda link: link[0] if (folder / link[2]).is_file() else link[1], text)


DATASETS = """# Data

What the lessons show and train on, with licences, digests and what was measured.

```{toctree}
:glob:

*
```
"""
API = f"""# The library

`course_lib` is a house of rooms. Each imports only rooms that stand before it in this list.

```{{toctree}}
:maxdepth: 1

{chr(10).join(ROOMS)}
```
"""


def api_page(room: str) -> str:
    """reStructuredText for autodoc: the room, then the modules that it hands out."""
    name = f"course_lib.{room}"
    module = importlib.import_module(name)
    public = getattr(module, "__all__", ())
    # Without __all__ what a module imports is not its own.
    members = ["   :imported-members:"] if public else []
    parts = [room, "=" * len(room), "", f".. automodule:: {name}", "   :members:", *members, ""]
    for inner in sorted(name for name in public if inspect.ismodule(getattr(module, name))):
        title = f"{room}.{inner}"
        parts += [title, "-" * len(title), "", f".. automodule:: {name}.{inner}", "   :members:", ""]
    return "\n".join(parts)


def restructured(lines: list[str]) -> list[str]:
    r"""A docstring as this project writes it, in plain text with `code`, as reStructuredText.

    >>> restructured(["|x| of `a*b`s:", "", "    y = `z`"])
    ['\\|x\\| of ``a*b``\\ s:', '', '::', '', '    y = `z`', '']
    """
    told: list[str] = []
    for example, run in groupby(zip(_examples(lines), lines, strict=True), key=lambda pair: pair[0]):
        text = [line for _, line in run]
        if example == "code":
            told += ["::", "", *text, ""]
        else:
            told += text if example else _escaped("\n".join(text)).split("\n")
    return told


def _examples(lines: list[str]) -> Iterator[str]:
    """What each line is: "doctest", "code" (indented after an empty line, as in Markdown; not so "Args:"), or ""."""
    state, last = "", ""
    for place, line in enumerate(lines):
        indented = line.startswith("    ")
        if line.lstrip().startswith(">>>"):
            state = "doctest"
        elif state == "doctest" and not line.strip():
            state = ""
        elif indented and state != "doctest" and last and last[0] != " " and not lines[place - 1].strip():
            state = "code"
        elif state == "code" and line.strip() and not indented:
            state = ""
        yield state
        if line.strip() and not state:
            last = line


def _escaped(text: str) -> str:
    parts = text.split("`")
    for place, part in enumerate(parts):
        if place % 2:
            # A letter may not follow the end of code at once.
            parts[place] = f"``{part}``" + ("\\ " if parts[place + 1][:1].isalnum() else "")
        else:
            parts[place] = re.sub(r"([*|\\]|_\b)", r"\\\1", part)
    return "".join(parts)
