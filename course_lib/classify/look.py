"""The first look: what is in the folder, what is left out and why, and which pictures must not be parted."""

from __future__ import annotations

import csv
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from .. import data
from ..data import DataError, ImageSet, exif
from ..data.duplicates import copies
from ..data.groups import linked
from .result import LeftOut, Looked, Pair
from .stages import Teller, Work

SIDES = (64, 160)  # pixels a side that pictures are kept with, at least and at most
SAMPLED = 200  # files of which the side is read
FLAT = 3.0  # of 255: a picture whose channels all deviate by less shows nothing
BLURRED = 1 / 30  # of the median variance of the Laplacian
NAMED = 200  # blurred and flat pictures that are named
CELL = 0.02  # degrees: 2 km from south to north, and less from west to east
FILE_COLUMNS = ("file", "filename", "file_name", "name", "path", "image", "picture")
GROUPINGS = ("place", "date", "name-prefix")


@dataclass(frozen=True, eq=False)
class Folder:
    """The pictures that are used, the group of each, int64 [N], and what is told of them."""

    pictures: ImageSet
    groups: np.ndarray
    looked: Looked


def check_folder(folder: Path) -> list[Path]:
    """The files that may be pictures, before anything is read or written.

    Raises:
        DataError: there is no such folder, or no picture in it.
        ValueError: fewer than two classes, or one that is called "none".
    """
    if not folder.is_dir():
        raise DataError(f"classify got {str(folder)!r}, which is no folder. It wants one with one folder per class.")
    files = data.pictures_in(folder)
    owners = {file.relative_to(folder).parts[0] for file in files if len(file.relative_to(folder).parts) > 1}
    if not files:
        raise DataError(
            f"classify got {str(folder)!r}, in which there is no picture. It wants {folder.name}/<class>/<picture>."
        )
    if len(owners) < 2:
        what = f"pictures of one class, {next(iter(owners))!r}" if owners else "pictures, but no folder of a class"
        raise ValueError(
            f"classify got {str(folder)!r} with {what}; it wants two classes or more, a folder each. Of one class "
            "alone there is nothing to tell apart: put what it is not into a second folder."
        )
    if taken := [name for name in owners if name.strip().lower() == "none"]:
        raise ValueError(
            f"classify got a class called {taken[0]!r} in {str(folder)!r}; so a refusal is called. "
            "Call the class otherwise, or, if its pictures are of no class, take it out and give it as --unknown."
        )
    return files


def stored_side(files: Sequence[Path]) -> tuple[int, int]:
    """(pixels a side that pictures are kept with, a multiple of 32; the median shorter side of some of them)."""
    some = [files[place] for place in np.linspace(0, len(files) - 1, min(SAMPLED, len(files))).astype(int)]
    sides = [side for side in map(data.shorter_side, some) if side]
    median = int(np.median(sides)) if sides else SIDES[0]
    return int(np.clip(round(median / 32) * 32, *SIDES)), median


def look(folder: Path, files: Sequence[Path], group_by: str, work: Work, teller: Teller) -> Folder:
    """Read the folder, leave out what contradicts itself, and group what belongs together.

    Raises:
        DataError: no usable picture, a folder of splits, pixels that cannot be written.
        ValueError: fewer than two classes are left, groups that are unknown or too few.
    """
    size, median = stored_side(files)
    pictures = _read(folder, size, work, teller)
    flat = flat_ones(pictures)
    sharpness = work.array("sharpness", lambda: sharpness_of(pictures))
    teller.tell(1, 1)
    pairs = [tuple(pair) for pair in work.json("copies", lambda: copies_of(pictures, flat))]
    conflicts = [pair for pair in pairs if pictures.labels[pair[0]] != pictures.labels[pair[1]]]
    contradicting = {position for first, second, _ in conflicts for position in (first, second)}
    used = np.array([p for p in range(len(pictures)) if p not in contradicting], dtype=np.int64)
    kept = _with_classes(pictures, used)
    names = [pictures.name_of(p) for p in range(len(pictures))]
    alike = [pair for pair in pairs if not contradicting & {pair[0], pair[1]}]
    place = {int(position): number for number, position in enumerate(used)}
    groups = _groups(folder, kept, group_by, [(place[first], place[second]) for first, second, _ in alike])
    looked = Looked(
        folder=folder.resolve().name,
        pictures=len(kept),
        counts=kept.counts,
        size=size,
        median_side=median,
        left_out=(*(LeftOut(*one) for one in pictures.left_out), *_contradictions(conflicts, names)),
        copies=tuple(Pair(names[first], names[second], form) for first, second, form in alike),
        conflicts=tuple(Pair(names[first], names[second], form) for first, second, form in conflicts),
        blurred=tuple(names[p] for p in blurred_ones(sharpness, flat)),
        flat=tuple(names[p] for p in np.flatnonzero(flat)[:NAMED]),
        grouped_by=f"{group_by or 'nothing'}, and near copies stay together",
        groups=len(np.unique(groups)),
    )
    return Folder(kept, groups, looked)


# --- reading ---


def _read(folder: Path, size: int, work: Work, teller: Teller) -> ImageSet:
    """`data.from_folder`, its pixels in a file of `work`, and taken from there where they were read before."""
    pixels, facts = work.path("pixels", ".npy", size), work.path("pixels", ".json", size)
    if not facts.is_file():
        part = pixels.with_name(pixels.name + ".part")
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*left out")  # it stands in the result
            found = data.from_folder(folder, size=size, store=part, tell=teller.tell)
        part.replace(pixels)
        work.json("pixels", lambda: _facts(found), size)
    told = work.json("pixels", dict, size)
    store = torch.from_numpy(np.load(pixels, mmap_mode="c", allow_pickle=False))
    places = None if told["places"] is None else torch.tensor(told["places"], dtype=torch.float64)
    return ImageSet(
        store,
        torch.arange(len(told["labels"])),
        torch.tensor(told["labels"], dtype=torch.int64),
        tuple(told["classes"]),
        "real",
        name=folder.resolve().name,
        fingerprint=work.key,
        names=tuple(told["names"]),
        left_out=tuple((file, reason) for file, reason in told["left_out"]),
        places=places,
    )


def _facts(pictures: ImageSet) -> dict:
    places = None if pictures.places is None else pictures.places.tolist()
    return {
        "labels": pictures.labels.tolist(),
        "classes": pictures.classes,
        "names": pictures.names,
        "left_out": pictures.left_out,
        "places": places,
    }


def _with_classes(pictures: ImageSet, used: np.ndarray) -> ImageSet:
    """Those at `used`, without classes of which nothing is left. ValueError where fewer than two are."""
    kept = pictures.at(used)
    there = sorted(set(kept.labels.tolist()))
    if len(there) < 2:
        raise ValueError(
            f"classify got {len(there)} class with pictures that can be used, of {len(pictures.classes)} folders; it "
            "wants two or more. Files that are damaged, and the same picture in two classes, are left out."
        )
    if flat_ones(kept).all():
        raise ValueError(
            f"classify got {len(kept)} pictures that are each of one colour, such as all black; it wants pictures that "
            "show something. Were they exported the right way?"
        )
    number = torch.zeros(len(pictures.classes), dtype=torch.int64)
    number[there] = torch.arange(len(there))
    return replace(kept, labels=number[kept.labels], classes=tuple(pictures.classes[c] for c in there))


# --- what is odd ---


def flat_ones(pictures: ImageSet) -> np.ndarray:
    """bool [N]: every channel deviates by less than `FLAT` from its mean."""
    parts = [pictures.batch(part).float().std(dim=(2, 3)).amax(dim=1) for part in _chunks(pictures)]
    return torch.cat(parts).numpy() < FLAT


def sharpness_of(pictures: ImageSet) -> np.ndarray:
    """float32 [N]: variance of the Laplacian of the grey picture. Pech-Pacheco et al., ICPR 2000."""
    found = []
    for part in _chunks(pictures):
        grey = pictures.batch(part).float().mean(dim=1)
        around = grey[:, :-2, 1:-1] + grey[:, 2:, 1:-1] + grey[:, 1:-1, :-2] + grey[:, 1:-1, 2:]
        found.append((around - 4 * grey[:, 1:-1, 1:-1]).var(dim=(1, 2)))
    return torch.cat(found).numpy()


def blurred_ones(sharpness: np.ndarray, flat: np.ndarray) -> list[int]:
    """Positions, the least sharp first, far below the middle of the folder; flat ones are told apart."""
    low = np.flatnonzero((sharpness < BLURRED * np.median(sharpness)) & ~flat)
    return low[np.argsort(sharpness[low], kind="stable")][:NAMED].tolist()


def copies_of(pictures: ImageSet, flat: np.ndarray) -> list[tuple[int, int, str]]:
    """Near duplicates among what is not flat: flat pictures are all alike, and no copies of each other."""
    places = np.flatnonzero(~flat)
    found = copies(pictures.at(places)) if len(places) else []
    return [(int(places[one.first]), int(places[one.second]), one.form) for one in found]


def _contradictions(conflicts: Sequence[tuple], names: Sequence[str]) -> list[LeftOut]:
    """Every picture that stands in two classes, with one that it is the same as."""
    other = {p: q for first, second, _ in reversed(conflicts) for p, q in ((first, second), (second, first))}
    return [
        LeftOut(names[p], f"the same picture as {names[q]}, in another class; leave it in one")
        for p, q in sorted(other.items())
    ]


def _chunks(pictures: ImageSet) -> tuple[torch.Tensor, ...]:
    return torch.arange(len(pictures)).split(256)


# --- groups ---


def _groups(folder: Path, pictures: ImageSet, group_by: str, alike: list[tuple[int, int]]) -> np.ndarray:
    """int64 [N]: pictures that are copies, or have the same key, or are tied by a chain of both, share one."""
    keys = grouping_keys(folder, pictures, group_by)
    first: dict[str, int] = {}
    same = [(first.setdefault(key, p), p) for p, key in enumerate(keys) if key]
    groups = linked([*alike, *same], len(pictures))
    if group_by:
        check_groups(groups, pictures, group_by)
    return groups


def grouping_keys(folder: Path, pictures: ImageSet, group_by: str) -> list[str]:
    """What each picture is grouped by; "" where nothing is known of it, and it stands alone.

    Raises:
        ValueError: an unknown grouping, or one of which too few pictures say anything.
    """
    names = [pictures.name_of(p) for p in range(len(pictures))]
    if not group_by:
        return [""] * len(names)
    if group_by == "name-prefix":
        return [name_prefix(name) for name in names]
    if group_by == "date":
        return _told(group_by, [exif.day(folder / name) for name in names])
    if group_by == "place":
        return _told(group_by, _cells(pictures))
    return _told(group_by, _column(folder, names, group_by))


def name_prefix(name: str) -> str:
    """A file's name without folder, suffix and the number at its end.

    >>> name_prefix("cat/IMG_20260503-017.jpg"), name_prefix("cat/0017.jpg")
    ('IMG_20260503', '')
    """
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return re.sub(r"[-_ .(]*\d+\)?$", "", stem)


def _cells(pictures: ImageSet) -> list[str]:
    if pictures.places is None:
        return [""] * len(pictures)
    cells = (pictures.places / CELL).floor()
    return ["" if cell.isnan().any() else f"{cell[0]:.0f} {cell[1]:.0f}" for cell in cells]


def _column(folder: Path, names: Sequence[str], column: str) -> list[str]:
    """What the column says of each file, by its path in the folder or by its name alone."""
    columns: list[str] = []
    for file in sorted(folder.glob("*.csv")):
        with file.open(encoding="utf-8-sig", newline="", errors="replace") as source:
            table = csv.DictReader(source)
            columns += [head for head in table.fieldnames or () if head]
            named = next((head for head in table.fieldnames or () if head.lower() in FILE_COLUMNS), None)
            if named and column in (table.fieldnames or ()):
                said = {row[named] or "": row[column] or "" for row in table}
                return [said.get(name, said.get(name.rsplit("/", 1)[-1], "")) for name in names]
    raise ValueError(
        f"classify got group_by={column!r}; it wants one of {', '.join(GROUPINGS)}, or a column of a CSV file in "
        f"{folder.name}/ that has one of the columns {', '.join(FILE_COLUMNS)}. "
        f"Columns there: {', '.join(columns) or 'no CSV file'}."
    )


def _told(group_by: str, keys: list[str]) -> list[str]:
    known = sum(map(bool, keys))
    if 2 * known < len(keys):
        raise ValueError(
            f"classify got group_by={group_by!r}, of which {known:,} of {len(keys):,} pictures say something; it wants "
            "half of them or more. Group by something else, or by nothing."
        )
    return keys


def check_groups(groups: np.ndarray, pictures: ImageSet, group_by: str) -> None:
    """ValueError where a class lies in one group: all of it would be learned from, and nothing tested."""
    labels = pictures.labels.numpy()
    alone = [name for c, name in enumerate(pictures.classes) if len(np.unique(groups[labels == c])) < 2]
    if alone or len(np.unique(groups)) < 8:
        fault = f"all of {', '.join(alone[:5])} in one group" if alone else f"{len(np.unique(groups))} groups"
        raise ValueError(
            f"classify got group_by={group_by!r}, which puts {fault}; it wants eight groups or more, two of a class: "
            "a group is either learned from or tested. Group by something finer, or by nothing."
        )
