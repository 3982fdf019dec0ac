"""Where on Earth pictures were taken."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from .. import checks
from . import places
from .groups import grouped_split
from .imageset import ImageSet, part_sizes
from .registry import DataError

_AXES = {"longitude": 0, "latitude": 1}


def located(pictures: ImageSet, table: str) -> ImageSet:
    """`pictures` with the places that the shipped `table` (such as "eurosat_places.csv") gives for their file names."""
    return replace(pictures, places=_looked_up(_names(pictures), _known(places.shipped(table))))


def with_places(pictures: ImageSet, table: str | Path) -> ImageSet:
    """`pictures` with the places that a CSV file of yours gives for them; NaN where it names none.

    Args:
        pictures: with file names, as `from_folder` loads them.
        table: a header, then a line a picture: its file name, longitude and latitude in degrees. Names are compared
            without folder and suffix, so no two pictures may have the same.

    Raises:
        DataError: no such file, or a line in it that names no place; it says which.
        ValueError: pictures without names, or two that would be taken for one another, or none that the file names.
    """
    path = Path(table).expanduser()
    if not path.is_file():
        raise DataError(
            f"with_places got {str(table)!r}, which is no file. It wants a CSV file: name,longitude,latitude."
        )
    names = _names(pictures)
    stems = [_stem(name) for name in names]
    if twice := [name for name, n in Counter(stems).items() if n > 1]:
        raise ValueError(
            f"with_places got {len(twice)} names that more than one picture has, such as {twice[0]!r}; it wants one "
            "picture a name. Rename them."
        )
    found = _looked_up(names, known := _known(path))
    if found.isnan().all():
        raise ValueError(
            f"with_places got {len(known)} places, none of them for a picture here: the file names "
            f"{next(iter(known), 'nothing')!r}, and a picture is called {stems[0]!r}. It wants file names."
        )
    return replace(pictures, places=found)


def _names(pictures: ImageSet) -> list[str]:
    if not len(pictures.names) or not len(pictures):
        raise ValueError(
            f"with_places got {len(pictures)} pictures of {pictures.name} with {len(pictures.names)} file names; it "
            "wants pictures that have names, as data.from_folder loads them."
        )
    return [pictures.names[row] for row in pictures.rows.tolist()]


def _stem(name: str) -> str:
    """A file's name without folder and suffix."""
    return name.replace("\\", "/").rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _looked_up(names: Sequence[str], known: dict[str, tuple[float, float]]) -> Tensor:
    """float64 [N, 2]: the place of each file, by its name without folder and suffix; NaN where the table has none."""
    nowhere = (float("nan"), float("nan"))
    return torch.tensor([known.get(_stem(name), nowhere) for name in names], dtype=torch.float64).reshape(-1, 2)


def _known(table: Path) -> dict[str, tuple[float, float]]:
    """Name of the picture → (longitude, latitude)."""
    with table.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    return dict(_place(table, number, line) for number, line in enumerate(lines[1:], start=2) if line)


def _place(table: Path, number: int, line: Sequence[str]) -> tuple[str, tuple[float, float]]:
    try:
        name, east, north = line
        return _stem(name), (float(east), float(north))
    except ValueError:
        raise DataError(
            f"{table.name}, line {number}: {','.join(line)[:80]!r} names no place. It wants name,longitude,latitude, "
            "in degrees with a point: river_1.jpg,11.5755,48.1374."
        ) from None


def geographic_split(
    pictures: ImageSet,
    shares: Sequence[float] = (0.8, 0.2),
    *,
    by: Literal["longitude", "latitude"] | float = "longitude",
    seed: int = 0,
    reverse: bool = False,
) -> tuple[ImageSet, ...]:
    """Disjoint parts that lie apart on Earth, as `ImageSet.split` returns them: three are train, val and test.

    A random split asks how well a network does on pictures from between those it learned from; this one, how well its
    accuracy travels. Classes are not balanced: report balanced accuracy.

    Args:
        pictures: all with a place.
        shares: of the whole, above 0, scaled to sum to 1.
        by: "longitude" cuts from west to east, "latitude" from south to north. A number cuts the Earth into cells of
            that many degrees each way, keeps the pictures of a cell together and deals the cells out at random. At 50°
            north a cell of 1° is 111 km high and 72 km wide.
        seed: of the cells' random order. A cut by a line has nothing random.
        reverse: a cut by a line goes from east to west, or from north to south.

    TorchGeo's `EuroSATSpatial` is `geographic_split(eurosat, (0.6, 0.2, 0.2))`, picture for picture: train ends at
    10.4737° east, test begins at 17.4103°.

    Raises:
        ValueError: pictures without places, shares that are none, an unknown `by`, cells that are reversed, or fewer
            pictures or cells than parts.

    >>> from course_lib.data import ImageSet
    >>> east = [[5.0, 50.0], [1.0, 50.0], [3.0, 50.0], [2.0, 50.0], [4.0, 50.0]]
    >>> tiny = ImageSet.of(torch.zeros(5, 3, 8, 8, dtype=torch.uint8), [0] * 5, ["field"], places=east)
    >>> train, test = geographic_split(tiny)
    >>> train.places[:, 0].tolist(), test.places[:, 0].tolist()
    ([1.0, 3.0, 2.0, 4.0], [5.0])
    """
    where = known_places(pictures, "geographic_split")
    parts = _checked(shares, len(pictures))
    if isinstance(by, str) and by in _AXES:
        order = np.argsort(where[:, _AXES[by]] * (-1 if reverse else 1), kind="stable")
        return pictures.cut(np.split(order, np.cumsum(part_sizes(parts, len(pictures)))[:-1]))
    if isinstance(by, str) or not checks.is_number(by) or by <= 0:
        raise ValueError(
            f'geographic_split got by={by!r}; it wants "longitude", "latitude", or the side of a cell in degrees.'
        )
    if reverse:
        raise ValueError(
            f"geographic_split got reverse=True and by={by!r}; cells have no order: leave one of them out."
        )
    return pictures.cut(grouped_split(_cells(where, by, len(parts)), parts.tolist(), seed=seed))


def known_places(pictures: ImageSet, who: str) -> np.ndarray:
    """float64 [N, 2]: the places, all of them known. ValueError where they are not, in the name of `who`."""
    if pictures.places is None:
        raise ValueError(
            f"{who} got {pictures.name} ({pictures.source}), of which no place is known; it wants "
            'ImageSet.places. data.load("eurosat") has them where the real pictures are, and data.from_folder where '
            "photographs say in their EXIF data where they were taken."
        )
    unknown = int(pictures.places.isnan().any(dim=1).sum())
    if unknown:
        raise ValueError(
            f"{who} got {unknown} of {len(pictures)} pictures without a place; leave them out with "
            "pictures.at((~pictures.places.isnan().any(dim=1)).nonzero()[:, 0])."
        )
    return pictures.places.numpy()


def _checked(shares: Sequence[float], n: int) -> np.ndarray:
    parts = np.asarray(shares, dtype=float)
    if parts.ndim != 1 or len(parts) < 2 or not ((parts > 0) & np.isfinite(parts)).all():
        raise ValueError(
            f"geographic_split got shares={shares!r}; it wants two or more above 0, such as (0.6, 0.2, 0.2)."
        )
    if n < len(parts):
        raise ValueError(f"geographic_split got {n} pictures for {len(parts)} parts; it wants as many or more.")
    return parts


def _cells(where: np.ndarray, degrees: float, parts: int) -> np.ndarray:
    """int64 [N]: the cell in which each picture lies, numbered from 0."""
    cells = np.unique(np.floor(where / degrees), axis=0, return_inverse=True)[1].reshape(-1)
    if (n := int(cells.max()) + 1) < parts:
        raise ValueError(
            f"geographic_split got pictures in {n} cells of {degrees:g}° for {parts} parts; it wants as many cells or "
            "more. Make the cells smaller."
        )
    return cells
