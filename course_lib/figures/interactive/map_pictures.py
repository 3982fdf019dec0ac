"""Which pictures of a map come along as thumbnails, and the sheet that carries them to the browser."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from ...data import ImageSet
from . import map_places

CLASSES = (1, 20)  # more have no room in the table
NEIGHBOURS = 5
MOST = 240  # thumbnails in all, so that a lesson stays light
SIDE = 40  # pixels of a thumbnail
COLUMNS = 16  # of the sheet that carries the thumbnails to the browser
_ANCHORS = MOST // (1 + NEIGHBOURS)


def anchors(shown: Sequence[int] | None, known: Tensor, pictures: ImageSet, where: np.ndarray) -> list[int]:
    """Positions among the located `pictures` that get a thumbnail first: those handed over, or some of each class."""
    if shown is not None:
        at = {place: k for k, place in enumerate(known.tolist())}
        missing = [place for place in shown if place not in at]
        if missing or not 0 < len(shown) <= MOST:
            raise ValueError(
                f"map_explorer got shown={missing[:3] if missing else f'{len(shown)} positions'}; it wants 1 to {MOST} "
                "positions of pictures that have a place."
            )
        return list(dict.fromkeys(at[place] for place in shown))
    chosen, present = [], pictures.labels.unique().tolist()
    for label in present:
        mine = np.flatnonzero(pictures.labels.numpy() == label)
        mine = mine[np.argsort(where[mine, 0], kind="stable")]
        spread = np.linspace(0, len(mine) - 1, max(1, _ANCHORS // len(present)) + 2)[1:-1]  # not the outermost
        chosen += mine[np.unique(np.rint(spread).astype(int))].tolist()
    return chosen


def with_neighbours(anchors: list[int], where: np.ndarray) -> list[int]:
    """Those, then the neighbours of each, without repeats, as many as there is room for."""
    near = [k for one in anchors for k in map_places.nearest(map_places.kilometres(where, where[one]), one, NEIGHBOURS)]
    return list(dict.fromkeys([*anchors, *near]))[:MOST]


def sheet(pictures: Tensor) -> bytes:
    """Pictures uint8 [M, C, H, W] as one JPEG of squares of SIDE pixels, COLUMNS a row."""
    small = F.interpolate(pictures.float(), (SIDE, SIDE), mode="bilinear", antialias=True).round().clamp(0, 255)
    rows = -(-len(small) // COLUMNS)
    tiles = torch.zeros(rows * COLUMNS, 3, SIDE, SIDE, dtype=torch.uint8)
    tiles[: len(small)] = small.to(torch.uint8)
    tiles = tiles.reshape(rows, COLUMNS, 3, SIDE, SIDE).permute(0, 3, 1, 4, 2).reshape(rows * SIDE, COLUMNS * SIDE, 3)
    file = io.BytesIO()
    Image.fromarray(tiles.numpy()).save(file, "JPEG", quality=85)
    return file.getvalue()


def located(pictures: ImageSet) -> Tensor:
    """int64: positions of the pictures that have a place. ValueError unless there are two."""
    if not isinstance(pictures, ImageSet):
        raise ValueError(f"map_explorer got pictures of {type(pictures).__name__}; it wants an ImageSet.")
    fewest, most = CLASSES
    if not fewest <= len(pictures.classes) <= most:
        raise ValueError(f"map_explorer got {len(pictures.classes)} classes; it has room for {fewest} to {most}. ")
    if pictures.places is None:
        raise ValueError(
            f"map_explorer got {pictures.name} ({pictures.source}), of which no place is known; it wants "
            'ImageSet.places. data.load("eurosat") has them where the real pictures are.'
        )
    known = (~pictures.places.isnan().any(dim=1)).nonzero()[:, 0]
    if len(known) < 2:
        raise ValueError(
            f"map_explorer got {len(pictures)} pictures, of which {len(known)} have a place; it wants two or more."
        )
    return known
