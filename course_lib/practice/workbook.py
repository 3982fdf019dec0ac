"""The learner's copies of the lessons: no outputs, so that no result stands there before the bet.

They lie in `lessons/workbook/` and are made by `make lessons`; Colab, Binder, a hub and `course lab` open them. The
stored notebooks with their outputs are for GitHub, the book and nbval.
"""

from __future__ import annotations

import base64
import copy
import mimetypes
import posixpath
import re
from pathlib import Path

from nbformat import NotebookNode

from . import notebooks

FOLDER = "workbook"
_LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)")
# What leads out of the repository, or stays on the page.
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//|#", re.IGNORECASE)
_SIBLING = re.compile(rf"(?:\./)?{notebooks.FILE}(?:#.*)?")


def copy_of(lesson: NotebookNode, root: Path, *, web: str = "") -> NotebookNode:
    """`lesson`, as stored in `lessons/` of the checkout at `root`, as it belongs into `lessons/workbook/`.

    Outputs are gone. Links to other lessons stay: the copies stand side by side. Pictures are put into the text: Colab
    shows neither files beside a notebook nor attachments. Links to other files lead to `web`, the address of the
    repository's files, or upwards where it has none.
    """
    return _moved(emptied(lesson), "lessons", posixpath.join("lessons", FOLDER), root=root, web=web)


def elsewhere(lesson: NotebookNode, folder: str | None) -> NotebookNode:
    """A copy of the workbook's for another folder: `folder` as seen from the checkout's, None where there is none.

    Without a checkout a link to a file that is not there becomes its text.
    """
    return _moved(copy.deepcopy(lesson), posixpath.join("lessons", FOLDER), folder)


def emptied(lesson: NotebookNode) -> NotebookNode:
    """`lesson` without outputs; the links are as they were."""
    lesson = copy.deepcopy(lesson)
    for cell in lesson.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return lesson


def _moved(lesson: NotebookNode, old: str, new: str | None, *, root: Path | None = None, web: str = "") -> NotebookNode:
    """`lesson` with the links of its prose for the folder `new`; they are written for `old`."""

    def link(found: re.Match[str]) -> str:
        picture, text, target = found.groups()
        if _ELSEWHERE.match(target) or _SIBLING.fullmatch(target):
            return found[0]
        place = posixpath.normpath(posixpath.join(old, target))
        if picture and root is not None:
            return f"![{text}]({_embedded(root / place)})"
        if web:
            return f"{picture}[{text}]({web}/{place})"
        return text if new is None else f"{picture}[{text}]({posixpath.relpath(place, new)})"

    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(link, cell.source)
    return lesson


def _embedded(picture: Path) -> str:
    kind = mimetypes.guess_type(picture.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}"
