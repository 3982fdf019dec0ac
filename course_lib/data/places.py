"""Where things lie on this machine: the registry, downloads, caches, the mirror."""

from __future__ import annotations

import importlib.util
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parents[1]


def repository() -> Path | None:
    """The folder of the checkout, or None where `course_lib` was installed from a wheel."""
    root = _PACKAGE.parent
    return root if (root / "datasets" / "registry.toml").is_file() else None


def shipped(name: str) -> Path:
    """A file or folder that travels with the code: "registry.toml" and what lies beside it, "evidence", "workbook"."""
    if (root := repository()) is None:
        return _PACKAGE / "_shipped" / name
    return root / {"evidence": "", "workbook": "lessons"}.get(name, "datasets") / name


def package(name: str) -> Path:
    """A file inside `course_lib`: weights that the project trained itself."""
    return _PACKAGE / name


def of_package(module: str, name: str) -> Path:
    """A file inside another package, which is not imported: none of its code is needed. The file may not be there."""
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent / name if spec and spec.origin else Path(module) / name


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A part file to write to; it becomes `path` when all went well.

    An exception leaves the old file and no part; a kill leaves the old file or the new one, and at most a part, which
    the next one to write here removes.
    """
    part = path.with_name(path.name + ".part")
    remove(part)
    try:
        yield part
        part.replace(path)
    except BaseException:  # an interrupt, too
        remove(part)
        raise


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it; nothing happens where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def set_aside(path: Path, why: str, *, stacklevel: int = 2) -> None:
    """Move something broken in a cache to `<name>.aside`, in place of what was set aside before, and warn of it.

    Raises:
        OSError: it cannot be moved.
    """
    aside = path.with_name(path.name + ".aside")
    remove(aside)
    path.rename(aside)
    warnings.warn(
        f"{path} is broken: {why}. It was set aside as {aside.name}, which can be deleted, and is made again.",
        stacklevel=stacklevel + 1,
    )


def data_dir() -> Path:
    """Where downloads and caches land: COURSE_DATA, else `datasets/`, else the user's cache folder."""
    if chosen := os.environ.get("COURSE_DATA"):
        return Path(chosen).expanduser()
    if root := repository():
        return root / "datasets"
    return platformdirs.user_cache_path("what-does-a-cnn-see", appauthor=False)


def mirror_dir() -> Path | None:
    """The folder in COURSE_MIRROR, laid out as the public sources give it; None where it is not set."""
    chosen = os.environ.get("COURSE_MIRROR")
    return Path(chosen).expanduser() if chosen else None


def offline() -> bool:
    """True where COURSE_OFFLINE forbids the public addresses. Cache and mirror stay allowed."""
    return os.environ.get("COURSE_OFFLINE", "0").lower() not in ("", "0", "no", "false")
