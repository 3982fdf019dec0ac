"""The folder that a build writes to: its own, whole at the end, and taken away again where the build cannot be done."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import filelock

from ..data import DataError
from . import stages, storing
from .result import VERSION, Settings
from .stages import Work


def key_of(folder: Path, files: Sequence[Path], strangers: Sequence[Path], settings: Settings) -> str:
    """SHA-256 of all that decides a build: settings, and name, size and time of every file. A folder may move."""
    tables = [*files, *sorted(folder.glob("*.csv"))] if settings.group_by else files
    named = [(file.relative_to(folder).as_posix(), file) for file in tables] + [(file.name, file) for file in strangers]
    told = [(name, file.stat().st_size, file.stat().st_mtime_ns) for name, file in named if file.exists()]
    content = repr((VERSION, asdict(settings), str(folder.resolve().name), told))
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def claimed(out: Path, key: str, folder: Path, settings: Settings) -> Iterator[Work]:
    """`out` for this build alone. An error takes away what this call has made; a kill or an interrupt leaves it.

    Raises:
        ValueError: there is something else, or another process is at work in it.
        DataError: it cannot be written.
    """
    _check_out(out, key, folder)
    new = not out.exists() or not any(out.iterdir())
    try:
        with _writable(out):
            (out / "work").mkdir(parents=True, exist_ok=True)
            stages.write_json(out / storing.RUN, {"key": key, "folder": folder.resolve().name} | asdict(settings))
            lock = filelock.FileLock(out / "work" / "lock")
            _lock(lock, out)
        try:
            with _writable(out):
                yield Work(out / "work", key)
        finally:
            lock.release()
    except Exception:
        if new:
            shutil.rmtree(out, ignore_errors=True)
        raise
    if (out / storing.SUMMARY).is_file():
        shutil.rmtree(out / "work", ignore_errors=True)


def _check_out(out: Path, key: str, folder: Path) -> None:
    """ValueError where `out` is none of this build's."""
    if out.exists() and not out.is_dir():
        raise ValueError(f"classify got out={str(out)!r}, which is a file; it wants a folder. Choose another name.")
    if _is_within(out, folder):
        raise ValueError(
            f"classify got out={str(out)!r}, inside the folder of the pictures, where it would be taken for a class. "
            "Choose a place beside it."
        )
    if not out.exists() or not any(out.iterdir()):
        return
    if not (out / storing.RUN).is_file():
        raise ValueError(
            f"classify got out={str(out)!r}, where there is something that it has not written; it wants a folder that "
            "is empty or not there. Choose another name."
        )
    if storing.run_key(out) != key:
        raise ValueError(
            f"classify got out={str(out)!r}, where another build is: of other pictures or with other settings (see "
            f"{storing.RUN} there). Choose another name, or delete that folder first."
        )


def _is_within(out: Path, folder: Path) -> bool:
    try:
        return out.resolve() == folder.resolve() or folder.resolve() in out.resolve().parents
    except (OSError, RuntimeError):  # RuntimeError before Python 3.13
        raise ValueError(
            f"classify got out={str(out)!r}, which is a link that leads in a circle; it wants a folder. Choose another "
            "name."
        ) from None


@contextmanager
def _writable(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            f"classify cannot write {str(out)!r}: {error.strerror or error}. Name a folder that you may write to, on a "
            "disk with room: the pictures are kept there meanwhile."
        ) from error


def _lock(lock: filelock.FileLock, out: Path) -> None:
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise ValueError(
            f"classify got out={str(out)!r}, in which another process is at work. Wait for it, or choose another name."
        ) from None
