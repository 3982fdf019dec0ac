"""Lay out what the book is made of: copies from the repository, made anew at each build, never committed."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import tomllib
from base64 import b64decode
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_lib.figures.live import FIGURE
from course_lib.practice import notebooks
from course_lib.study import ledger
from tools import minutes
from tools.page import revive

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# `cli` is documented by `course --help`.
ROOMS = tuple(
    room
    for room in re.findall(r"^\| `course_lib/(\w+)", (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"), re.M)
    if room != "cli"
)
# Everything that a page of the book links to, at the place where it stands in the repository.
FILES = (
    "ARCHITECTURE.md", "TEACHING.md", "LICENSE", "LICENSE-TEXT.md", "datasets/*.md", "lessons/images/*",
)  # fmt: skip
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
ARCHITECTURE
datasets/index
LICENSE-TEXT
api/index
```
"""
# What a reader prints: the library's reference is to be searched, not to be leafed through.
PRINTED = CONTENTS.replace("api/index\n", "").replace("ARCHITECTURE\n", "")
_LESSON_LINK = re.compile(rf"\[([^\]]*)\]\(((?:lessons/)?{notebooks.FILE})\)")
# A table in a stored output, such as the ledger's, leads to notebooks: in the book, to their pages.
_PAGE_LINK = re.compile(rf"(href=[\"'](?:lessons/)?{notebooks.CODE}_\w+)\.ipynb")
# A page at the old address of a lesson that has another name now. It leads on by itself, and without that by its link.
MOVED = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>This lesson has moved</title>
<meta http-equiv="refresh" content="0; url={name}.html">
<link rel="canonical" href="{name}.html">
<style>:root {{ color-scheme: light dark; }}</style>
<main><h1>This lesson has moved</h1><p><a href="{name}.html">It is here now.</a></p></main>
</html>
"""


def stage(target: Path, *, printed: bool = False) -> dict[str, str]:
    """Fill `target`. Gives {SHA-256 of a lesson's picture: its alt text}.

    Args:
        target: a folder.
        printed: for paper: figures as pictures, what is folded open, no reference of the library.
    """
    alts: dict[str, str] = {}
    wanted = dict(_pages(alts, printed))
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


def _pages(alts: dict[str, str], printed: bool) -> Iterator[tuple[str, bytes]]:
    contents = PRINTED if printed else CONTENTS
    yield "index.md", (_links((ROOT / "README.md").read_text(encoding="utf-8"), ROOT) + contents).encode()
    for path in sorted(path for pattern in FILES for path in ROOT.glob(pattern)):
        yield path.relative_to(ROOT).as_posix(), path.read_bytes()
    for path in notebooks.files(ROOT / "lessons"):
        lesson = nbformat.read(path, as_version=4)
        prepare(lesson, path.parent, printed=printed)
        alts |= alt_texts(lesson)
        yield f"lessons/{path.name}", nbformat.writes(lesson).encode()
    yield "datasets/index.md", DATASETS.encode()
    if printed:
        yield "lessons/advice_on_trial.md", (ROOT / "lessons" / "advice_on_trial.md").read_bytes()
        return
    yield "lessons/advice_on_trial.md", ledger_page().encode()
    yield "api/index.md", API.encode()
    for room in ROOMS:
        yield f"api/{room}.rst", api_page(room).encode()


def prepare(lesson: NotebookNode, folder: Path, *, printed: bool = False) -> None:
    """Figures alive in the place of their pictures, bets marked, and no link to a lesson that is not there yet.

    `printed`: pictures stay, and what a reader would unfold is open.
    """
    if printed:
        unfold(lesson)
    else:
        revive(lesson)
    for cell in lesson.cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            cell.source = _links(cell.source, folder)
        elif cell.metadata.get("jupyter", {}).get("source_hidden"):
            cell.metadata.tags = [*tags, "hide-input"]
    for output in (output for cell in lesson.cells for output in cell.get("outputs", [])):
        if html := output.get("data", {}).get("text/html"):
            output.data["text/html"] = _PAGE_LINK.sub(r"\1.html", html)
    for cell in bets(lesson):
        cell.metadata.tags = [*cell.metadata.get("tags", []), "bet"]


def unfold(lesson: NotebookNode) -> None:
    """Open what is folded, in text and outputs, and leave out what only helps a machine: the set-up cell."""
    lesson.cells = [cell for cell in lesson.cells if "setup" not in cell.metadata.get("tags", [])]
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            cell.source = cell.source.replace("<details>", "<details open>")
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(FIGURE, None)
            if html := output.get("data", {}).get("text/html"):
                output.data["text/html"] = html.replace("<details>", "<details open>")


def bets(lesson: NotebookNode) -> list[NotebookNode]:
    """The cells with a bet that is compared before its section ends: `bets.js` folds what lies between."""
    found: list[NotebookNode] = []
    waiting: dict[str, NotebookNode] = {}
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            if re.search(r"^#{1,2} ", cell.source, re.MULTILINE):
                waiting = {}
            continue
        for name in re.findall(r"\b(\w+)\.compare\(", cell.source):
            if name in waiting and waiting[name] not in found:
                found.append(waiting[name])
        waiting |= dict.fromkeys(minutes.PLACED.findall(cell.source), cell)
    return found


def moved(table: Path = HERE / "moved.toml", lessons: Path = ROOT / "lessons") -> dict[str, str]:
    """{old name: new name} of the lessons that have another name now, without what ends a file's name.

    Raises:
        ValueError: an old name is a lesson's still, or a new one is none's.
    """
    names = tomllib.loads(table.read_text(encoding="utf-8"))["lessons"]
    there = {path.stem for path in notebooks.files(lessons)}
    wrong = [f"{old} is a lesson" for old in names if old in there]
    wrong += [f"{new} is none" for new in names.values() if new not in there]
    if wrong:
        raise ValueError(f"{table.name}: {'; '.join(wrong)}.")
    return names


def lead_on(html: Path, names: dict[str, str]) -> None:
    """Write the pages at the old addresses into the finished book."""
    for old, new in names.items():
        (html / "lessons" / f"{old}.html").write_text(MOVED.format(name=new), encoding="utf-8")


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


def ledger_page() -> str:
    """The ledger's stored page with its filters, its claims leading to pages of the book."""
    stored = (ROOT / "lessons" / "advice_on_trial.html").read_text(encoding="utf-8")
    html = _PAGE_LINK.sub(r"\1.html", stored.partition("</h1>\n")[2].partition("</main>")[0])
    return f"# {ledger.TITLE}\n\n```{{raw}} html\n{html}```\n"


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
