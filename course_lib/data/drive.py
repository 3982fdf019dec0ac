"""The data folder as one archive elsewhere: a mounted Google Drive is slow with many files and forgets nothing."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from . import places
from .registry import DataError, for_lessons


def between_sessions(archive: str | Path) -> Path:
    """Unpack `archive` into the data folder; where there is none yet, fetch what lessons use and write it.

    Optional, one line behind the set-up cell, for whoever comes back to Colab, which forgets its disk:

        data.between_sessions("/content/drive/MyDrive/what-does-a-cnn-see.tar")

    Raises:
        DataError: the archive's folder is not there (is the Drive mounted?), the archive is damaged, or it holds
            what does not belong into a data folder.
    """
    archive, folder = Path(archive).expanduser(), places.data_dir()
    if not archive.parent.is_dir():
        raise DataError(f"{archive.parent} is no folder. On Colab: `from google.colab import drive`, then "
                        "`drive.mount('/content/drive')`.")  # fmt: skip
    if archive.is_file():
        _unpack(archive, folder)
    else:
        _pack(archive, folder)
    return folder


def _unpack(archive: Path, folder: Path) -> None:
    """Nothing that is here is touched: a kernel may have it open as a memory map."""
    part = folder / "unpacking.part"
    try:
        with tarfile.open(archive) as file:
            file.extractall(part, filter="data")  # refuses paths that lead out of the folder
        for path in sorted(path for path in part.rglob("*") if path.is_file()):
            target = folder / path.relative_to(part)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                path.replace(target)
    except (tarfile.TarError, EOFError) as error:
        raise DataError(f"{archive} cannot be unpacked ({error}). Remove it and call this again.") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _pack(archive: Path, folder: Path) -> None:
    from . import keep  # the room itself, which imports this module

    # Uncompressed: the pictures' bytes hardly shrink, and reading back takes seconds.
    with places.replacing(archive) as part, tarfile.open(part, "w") as file:
        for path in map(keep, for_lessons()):
            if path.is_relative_to(folder):  # what is shipped needs no copy
                file.add(path, path.relative_to(folder).as_posix())
