"""3c's question, asked of a reader's own folder: what is right on a random split, and what at either end of the map?"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ... import data, features, models
from ...data import ImageSet
from ..own_pictures import FirstLook, Row, guess
from .your_pictures import by_colours

LEAST = 50  # pictures with a place: a fifth of fewer says nothing


def travels(folder: str | ImageSet, *, table: str | Path | None = None, seed: int = 0) -> FirstLook:
    """Guessing, colour alone and a frozen network, each on a random split and on two far ones; a fifth is the test.

    A far split is a line across the longer side of the map: the test is what lies behind it, at the one end (east or
    north) and then at the other. Pictures without a place are left out.

    Args:
        folder: of your pictures, with a folder a class (`data.from_folder`), or an `ImageSet`.
        table: a CSV file of places (`data.with_places`); None takes those that the photographs tell themselves.
        seed: of the random split.

    Raises:
        ValueError: fewer than 50 pictures with a place, or one class of them.
        DataError: the folder or the table cannot be read.
    """
    pictures = folder if isinstance(folder, ImageSet) else data.from_folder(folder)
    placed = with_a_place(pictures if table is None else data.with_places(pictures, table))
    numbers = features.extract(models.backbone("squeezenet1_1"), placed, progress=False, cache=False)
    rows = []
    for split, (train, test) in splits(placed, seed).items():
        probe = features.probe(numbers[train.rows], train.labels, numbers[test.rows], test.labels)
        answers = {
            "the largest class": guess(train, test, seed),
            "54 colour numbers": by_colours(train, test, seed),
            "a frozen network": probe.model.predict(numbers[test.rows]),
        }
        rows += [Row(f"{split}: {name}", _right(given, test), len(test)) for name, given in answers.items()]
    return FirstLook(tuple(rows), advice(*rows[2::3]))


def splits(pictures: ImageSet, seed: int) -> dict[str, tuple[ImageSet, ...]]:
    """(train, test) on a random split and at both ends of the longer side of the map, four fifths to one."""
    by, ends = ("longitude", ("east", "west")) if wider_than_high(pictures) else ("latitude", ("north", "south"))
    far = {
        f"far {end}": data.geographic_split(pictures, by=by, reverse=reverse)
        for end, reverse in zip(ends, (False, True), strict=True)
    }
    return {"random": pictures.split((0.8, 0.2), seed=seed), **far}


def wider_than_high(pictures: ImageSet) -> bool:
    """Whether the pictures spread more from west to east, in kilometres, than from south to north."""
    assert pictures.places is not None
    east, north = pictures.places.std(dim=0, correction=0).tolist()
    return east * np.cos(np.radians(pictures.places[:, 1].mean().item())) >= north


def with_a_place(pictures: ImageSet) -> ImageSet:
    """Those pictures that have a place, in a store of their own; ValueError where they are too few, or of one class."""
    places = pictures.places
    known = [] if places is None else (~places.isnan().any(dim=1)).nonzero().ravel()
    kinds = len(pictures.labels[known].unique()) if len(known) else 0
    if len(known) < LEAST or kinds < 2:
        raise ValueError(
            f"travels got {len(known)} of {len(pictures)} pictures with a place, of {kinds} classes; it wants {LEAST} "
            "or more, of two classes or more. Phones write the place into a photograph where its camera may; for "
            "others give a table: travels(folder, table='places.csv') with lines such as river_1.jpg,11.58,48.14."
        )
    return pictures.at(known).changed(lambda images: images)


def _right(answers: np.ndarray, test: ImageSet) -> int:
    return int((answers == test.labels.numpy()).sum())


def advice(home: Row, *far: Row) -> str:
    """What the frozen network's rows say. It speaks of a difference only where its interval leaves out zero."""
    worst = min(far, key=lambda row: row.right / row.n)
    points, end = 100 * (home.right / home.n - worst.right / worst.n), worst.name.partition(":")[0]
    low, high = home.ahead_of(worst)
    if low > 0:
        return (
            f"The frozen network is right {points:.0f} points less often in the {end} than at random (interval "
            f"{100 * low:.0f} to {100 * high:.0f}). Report all three numbers, and label a hundred pictures of the "
            "place where it shall work: they tell more than any split."
        )
    if any(row.surely_above(home) for row in far):
        return "One end is easier than the rest: it may have more of the easy classes. Look at recall by class."
    return (
        f"{worst.n:,} pictures are too few to show a loss at either end. That is no promise, least for a place outside "
        "of your map: label a hundred pictures there."
    )
