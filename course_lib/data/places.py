"""Where things lie on this machine: the registry, downloads, caches, the mirror."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def repository() -> Path | None:
    """The folder of the checkout, or None where `course_lib` was installed from a wheel."""
    root = _PACKAGE.parent
    return root if (root / "datasets" / "registry.toml").is_file() else None


def shipped(name: str) -> Path:
    """A file or folder that travels with the code: "registry.toml", "evidence"."""
    if (root := repository()) is None:
        return _PACKAGE / "_shipped" / name
    return root / ("datasets" if name == "registry.toml" else "") / name


def package(name: str) -> Path:
    """A file inside `course_lib`: weights that the project trained itself."""
    return _PACKAGE / name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A part file to write to; it becomes `path` when all went well. A kill leaves the old file or the new one."""
    part = path.with_name(path.name + ".part")
    yield part
    part.replace(path)


def data_dir() -> Path:
    """Where downloads and caches land: COURSE_DATA, else `datasets/`, else the user's cache folder."""
    if chosen := os.environ.get("COURSE_DATA"):
        return Path(chosen).expanduser()
    if root := repository():
        return root / "datasets"
    return Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "what-does-a-cnn-see"


def mirror_dir() -> Path | None:
    """The folder in COURSE_MIRROR, laid out as the public sources give it; None where it is not set."""
    chosen = os.environ.get("COURSE_MIRROR")
    return Path(chosen).expanduser() if chosen else None


def offline() -> bool:
    """True where COURSE_OFFLINE forbids the public addresses. Cache and mirror stay allowed."""
    return os.environ.get("COURSE_OFFLINE", "0").lower() not in ("", "0", "no", "false")
