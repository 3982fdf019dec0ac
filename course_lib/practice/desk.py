"""The learner's own folder of lessons: filled from the workbook, brought up to date, and what they wrote never touched.

`my/` beside the lessons of a checkout, or in the folder where one stands when the course came as a wheel. What was
handed out is noted there, in `.course.json`: a copy that still is what was handed out may be replaced by a newer one;
beside any other the newer one is laid as `01a_name.new.ipynb`. A copy that was deleted does not come back unless it is
asked for.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import nbformat
from filelock import FileLock, Timeout

from ..data import places
from . import notebooks, workbook

NAME = "my"
_NOTES, _LOCK = ".course.json", ".course.lock"
_WAIT_SECONDS = 30  # for another start, which takes less than one


class DeskError(Exception):
    """The folder cannot be used; says which, why, and what to do."""


@dataclass
class Report:
    """What `lay_out` did, by the names of files in the folder.

    Attributes:
        new: copies of lessons that were not there before, or were asked for again.
        updated: untouched copies that are of the newest version now.
        offered: newer versions that lie beside what the learner changed.
        removed: untouched copies of lessons that the course no longer has.
        unreadable: files in a lesson's place that are no notebooks; left as they are.
        failed: files that could not be written, with the reason.
    """

    new: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    offered: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """What a learner should know, a line each; of what is new or up to date there is nothing to say."""
        for name in self.offered:
            yield f"{name} is the newer version; your own copy beside it is as you left it"
        if self.removed:
            yield f"gone from the course, and you had not changed them: {', '.join(self.removed)}"
        for name in self.unreadable:
            yield f"{name} is no notebook and was left as it is; rename it, and --restore gives a new copy"
        for fault in self.failed:
            yield f"not written: {fault}"


def source() -> Path:
    """The workbook that belongs to this `course_lib`: the checkout's, or the one that came with the wheel."""
    return places.shipped(workbook.FOLDER)


def home() -> Path:
    """The learner's folder where none is named."""
    return (places.repository() or Path.cwd()) / NAME


def has_lessons(folder: Path) -> bool:
    """Whether there is something to open in `folder`."""
    return bool(notebooks.files(folder))


def opened(folder: Path) -> list[str]:
    """JupyterLab's arguments that open the first lesson in `folder`, or the folder where that lesson was deleted.

    Links lead to other files of the checkout, so JupyterLab serves all of it. The address, and not the file, is named:
    so it is printed, for whoever calls with --no-browser.
    """
    folder, root = folder.resolve(), places.repository()
    start = folder / notebooks.START
    if not start.is_file():
        return [f"--ServerApp.root_dir={folder}"]
    served = root if root and folder.is_relative_to(root) else folder
    return [
        f"--ServerApp.root_dir={served}",
        f"--LabApp.default_url=/lab/tree/{quote(start.relative_to(served).as_posix())}",
    ]


def lay_out(lessons: Path, folder: Path, *, restore: bool = False) -> Report:
    """Bring `folder` up to date with the workbook in `lessons`; `restore` brings deleted copies back.

    Raises:
        DeskError: there is no workbook, or the folder cannot be made or written to.
    """
    if not (found := notebooks.files(lessons)):
        raise DeskError(
            "the lessons are not beside course_lib. Clone the course's repository and run `make lab` there."
        )
    root = places.repository()
    inside = root is not None and folder.resolve().is_relative_to(root)
    seen = os.path.relpath(folder.resolve(), root).replace(os.sep, "/") if inside and root else None
    texts = {path.name: _copy(path, seen) for path in found}
    with _alone(folder):
        return _Desk(folder, texts, restore=restore).lay_out()


def _copy(path: Path, folder: str | None) -> str:
    return nbformat.writes(workbook.elsewhere(nbformat.read(path, as_version=4), folder))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """The folder, made, and nobody else laying it out."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / _LOCK, timeout=_WAIT_SECONDS):
            yield
    except Timeout:
        raise DeskError(
            f"another start has been filling {folder} for {_WAIT_SECONDS} s; end it and try again."
        ) from None
    except OSError as error:
        raise DeskError(
            f"cannot write to {folder} ({error.strerror or error}). "
            "Name another folder for your copies: course lab --folder DIR"
        ) from None


class _Desk:
    """One laying out. `handed_out` has, by file name, the fingerprint of what was last put there."""

    def __init__(self, folder: Path, texts: dict[str, str], *, restore: bool) -> None:
        self.folder, self.texts, self.restore = folder, texts, restore
        self.handed_out = _noted(folder / _NOTES)
        self.report = Report()

    def lay_out(self) -> Report:
        before = dict(self.handed_out)
        for name, text in self.texts.items():
            try:
                self._one(name, text)
            except OSError as error:
                self.report.failed.append(f"{name} ({error.strerror or error})")
        for name in [name for name in self.handed_out if name not in self.texts and not _is_offer(name)]:
            self._gone(name)
        if self.handed_out != before or not (self.folder / _NOTES).is_file():
            content = {"handed_out": dict(sorted(self.handed_out.items()))}
            with places.replacing(self.folder / _NOTES) as part:
                part.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        return self.report

    def _one(self, name: str, text: str) -> None:
        place, wanted, last = self.folder / name, fingerprint(text), self.handed_out.get(name)
        if not os.path.lexists(place):
            if last is None or self.restore:
                self._write(name, text, wanted)
                self.report.new.append(name)
            return
        there = _fingerprint_of(place)
        if there == "":
            self.report.unreadable.append(name)
        elif there == wanted:
            self.handed_out[name] = wanted
        elif there == last:
            self._write(name, text, wanted)
            self.report.updated.append(name)
        elif last != wanted:
            self._offer(name, text, wanted)
            self.handed_out[name] = wanted  # so that it is offered once

    def _offer(self, name: str, text: str, wanted: str) -> None:
        """Beside the learner's copy. An offer that they have changed, too, is not written over."""
        for offer in _offers(name):
            place = self.folder / offer
            if not os.path.lexists(place) or _fingerprint_of(place) in (self.handed_out.get(offer), wanted):
                self._write(offer, text, wanted)
                self.report.offered.append(offer)
                return

    def _gone(self, name: str) -> None:
        """A lesson that the course no longer has. What the learner did not change goes; what they did is theirs."""
        place = self.folder / name
        if os.path.lexists(place) and _fingerprint_of(place) == self.handed_out[name]:
            try:
                place.unlink()
            except OSError as error:
                self.report.failed.append(f"{name} ({error.strerror or error})")
                return
            self.report.removed.append(name)
        del self.handed_out[name]

    def _write(self, name: str, text: str, mark: str) -> None:
        with places.replacing(self.folder / name) as part:
            part.write_text(text, encoding="utf-8")
        self.handed_out[name] = mark


def _offers(name: str) -> Iterator[str]:
    """Names for a newer version: 01a_name.new.ipynb, then .new2, .new3, …"""
    stem, number = name.removesuffix(".ipynb"), 1
    while True:
        yield f"{stem}.new{number if number > 1 else ''}.ipynb"
        number += 1


def _is_offer(name: str) -> bool:
    return ".new" in name


def _noted(path: Path) -> dict[str, str]:
    """What was handed out; nothing where the note is not there or cannot be read: then every copy counts as changed."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))["handed_out"]
        return {str(name): str(mark) for name, mark in known.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}


def _fingerprint_of(path: Path) -> str:
    """Of a file; "" where it is no notebook."""
    try:
        return fingerprint(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""


def fingerprint(text: str) -> str:
    """What is a learner's in a notebook: sources, outputs, attachments. JupyterLab changes the rest by opening it.

    Raises:
        ValueError: the text is no notebook.
    """
    try:
        cells = json.loads(text)["cells"]
        parts = [
            [cell["cell_type"], "".join(cell["source"]), cell.get("outputs", []), cell.get("attachments", {})]
            for cell in cells
        ]
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"no notebook: {error!r}") from None
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
