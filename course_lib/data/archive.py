"""A zip of pictures, a folder a class: verified by its content, decoded once into a memory-mapped cache."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from . import places
from .download import locate, writing
from .imageset import ImageSet
from .registry import DataError, Entry


def cache_dir(entry: Entry) -> Path:
    """Where the decoded pictures of `entry` lie; the content's digest is part of the name."""
    return places.data_dir() / "cache" / f"{entry.name}-{entry.content[:12]}"


def open_or_build(entry: Entry, *, verify: bool = False) -> ImageSet:
    """The real pictures of `entry`, from the cache, or decoded now from an archive that `locate` finds.

    A cache that is broken is set aside with a warning and made again. That it is whole is seen at once; with `verify`
    every byte of it is looked at (a second).

    Raises:
        DataError: no archive to be had, or the disk is full or read-only.
    """
    folder = cache_dir(entry)

    def usable() -> ImageSet | None:
        return None if verify and cache_fault(entry) else open_cache(entry)

    if (cached := usable()) is None:
        # Look for the archive before taking the lock: `locate` locks its own target.
        archive = locate(entry, lambda path: fault_in(path, entry))
        with writing(folder):
            if (cached := usable()) is None:  # else another kernel was faster
                build_cache(archive, entry)
                cached = open_cache(entry)
    assert cached is not None, f"the cache of {entry.name} has gone as soon as it was made"
    return cached


def open_cache(entry: Entry) -> ImageSet | None:
    """The cached set, its pictures memory-mapped; None where there is no whole cache. Nothing is changed."""
    folder = cache_dir(entry)
    try:
        about = json.loads((folder / "set.json").read_text(encoding="utf-8"))
        # "c", copy on write: processes share the pages, and no slip can write into the cache.
        store = torch.from_numpy(np.load(folder / "images.npy", mmap_mode="c"))
        labels = torch.from_numpy(np.load(folder / "labels.npy"))
        named = {"name": entry.title, "fingerprint": entry.content, "names": about["names"]}
        cached = ImageSet.of(store, labels, about["classes"], "real", **named)
    except Exception:  # cut off, garbage, another version: JSON and .npy headers fail in a dozen ways
        return None
    fits = cached.shape == (3, entry.size, entry.size) and len(cached.names) == len(cached) == len(store)
    return cached if fits and len(cached) == (entry.pictures or len(cached)) else None


def cache_fault(entry: Entry) -> str:
    """What is wrong with the cache, or "": its bytes are compared with those that were decoded into it."""
    folder = cache_dir(entry)
    try:
        wanted = json.loads((folder / "set.json").read_text(encoding="utf-8")).get("digest", "")
        found = _cache_digest(folder)
    except Exception as error:  # as in `open_cache`
        return f"{folder}: cannot be read ({error})"
    if not wanted:
        return f"{folder}: was made before digests were kept"
    return "" if found == wanted else f"{folder}: damaged, it holds {found[:12]}…, expected {wanted[:12]}…"


def _cache_digest(folder: Path) -> str:
    """SHA-256 of the pictures, then the labels, as they lie on the disk."""
    digests = []
    for name in ("images.npy", "labels.npy"):
        with (folder / name).open("rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def fault_in(archive: Path, entry: Entry) -> str:
    """What is wrong with an archive, or "": not a zip, unsafe paths, damaged, or other pictures than promised."""
    try:
        with zipfile.ZipFile(archive) as file:
            found = tree_digest(file)
    except DataError as error:
        return str(error)
    except Exception as error:  # of a damaged one zipfile, zlib and struct raise a dozen kinds
        return f"damaged or not a zip ({error})"
    if found != entry.content:
        return f"holds other pictures: tree digest {found[:12]}…, expected {entry.content[:12]}…"
    return ""


def tree_digest(file: zipfile.ZipFile) -> str:
    r"""SHA-256 of the text "<sha256 of the file>  <Class>/<file name>\n", the lines sorted by the path.

    It depends on the pictures and their folders alone, not on how they were packed.
    """
    digest = hashlib.sha256()
    for path, member in pictures_in(file).items():
        digest.update(f"{hashlib.sha256(file.read(member)).hexdigest()}  {path}\n".encode())
    return digest.hexdigest()


def pictures_in(file: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """`Class/file name` → member, sorted. Nothing is ever extracted, and a path that climbs out is refused."""
    found = {}
    for member in file.infolist():
        parts = member.filename.replace("\\", "/").split("/")
        if ".." in parts or member.filename.startswith(("/", "\\")) or ":" in parts[0]:
            raise DataError(f"the archive has an unsafe path {member.filename!r}; it was not unpacked")
        if member.filename.lower().endswith((".jpg", ".jpeg")) and len(parts) >= 2:
            found["/".join(parts[-2:])] = member
    return dict(sorted(found.items()))


def build_cache(archive: Path, entry: Entry) -> None:
    """Decode every picture of a verified archive into `cache_dir`: all of it appears, or nothing."""
    folder = cache_dir(entry)
    part = folder.with_name(folder.name + ".part")
    places.remove(part)
    try:
        part.mkdir(parents=True)
        with zipfile.ZipFile(archive) as file:
            members = pictures_in(file)
            classes = sorted({path.split("/")[0] for path in members})
            labels = [classes.index(path.split("/")[0]) for path in members]
            _decode(file, list(members.values()), entry, part / "images.npy")
        np.save(part / "labels.npy", np.asarray(labels, dtype=np.int64))
        about = {"classes": classes, "names": list(members), "digest": _cache_digest(part)}
        (part / "set.json").write_text(json.dumps(about), "utf-8")
        if os.path.lexists(folder):  # what `open_cache` refused
            places.set_aside(folder, "it is cut off, changed, or another thing than the decoded pictures", stacklevel=4)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _decode(file: zipfile.ZipFile, members: list, entry: Entry, target: Path) -> None:
    """Decode JPEGs of one size into a new .npy of uint8 [N, 3, H, W]. Pillow decodes without the GIL."""
    shape = (len(members), 3, entry.size, entry.size)
    _reserve(target, int(np.prod(shape)))
    store = np.lib.format.open_memmap(target, mode="w+", dtype=np.uint8, shape=shape)

    def put(item: tuple[int, bytes]) -> None:
        position, jpeg = item
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
            store[position] = np.asarray(picture.convert("RGB")).transpose(2, 0, 1)

    with ThreadPoolExecutor(2) as pool, tqdm(total=len(members), unit=" pictures", desc="Decoding") as bar:
        for start in range(0, len(members), 1000):
            chunk = members[start : start + 1000]
            list(pool.map(put, enumerate((file.read(member) for member in chunk), start)))
            bar.update(len(chunk))
    store.flush()


def _reserve(target: Path, size: int) -> None:
    """Fail now rather than by a bus error later: a memory map on a full disk kills the process."""
    with target.open("wb") as file:
        free = shutil.disk_usage(target.parent).free
        if free < size + 50_000_000:
            raise OSError(28, f"no room: {size / 1e6:,.0f} MB needed, {free / 1e6:,.0f} MB free")
        file.truncate(size)
