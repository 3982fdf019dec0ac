"""Pictures that lie near each other on Earth: which ones, how much ground they share, and what lies beside them."""

from __future__ import annotations

import numpy as np

from .geography import known_places
from .imageset import ImageSet

RADIUS_M = 6_371_008.8  # of a sphere as large as the Earth


def pairs_within(pictures: ImageSet, metres: tuple[float, float]) -> np.ndarray:
    """int64 [P, 2]: positions, first < second, of pictures whose middles are `metres` (from, to below) apart; sorted.

    Raises:
        ValueError: pictures without places, or bounds that are none.

    >>> import torch
    >>> black = torch.zeros(3, 3, 8, 8, dtype=torch.uint8)
    >>> three = ImageSet.of(black, [0] * 3, ["field"], places=[[11.0, 48.0], [11.0, 48.001], [12.0, 48.0]])
    >>> pairs_within(three, (0, 200)).tolist()
    [[0, 1]]
    """
    from scipy.spatial import cKDTree

    low, high = metres
    if not 0 <= low < high:
        raise ValueError(f"pairs_within got metres={metres!r}; it wants two numbers, from 0 and the smaller one first.")
    points = _points(known_places(pictures, "pairs_within"))
    pairs = cKDTree(points).query_pairs(high, output_type="ndarray")
    apart = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    kept = np.sort(pairs[(apart >= low) & (apart < high)], axis=1).astype(np.int64)
    return kept[np.lexsort(kept.T[::-1])]


def overlapping(pictures: ImageSet, *, least: float = 0.05, side_m: float = 640.0) -> np.ndarray:
    """int64 [P, 2]: positions of the pairs that share more than `least`, 0 to below 1, of their ground.

    Pictures are squares of `side_m` whose edges run along the meridians; real ones run along a map's grid, which is
    turned by a degree or two.

    Raises:
        ValueError: pictures without places, a share or a side that is none.
    """
    if not (0 <= least < 1 and side_m > 0):
        raise ValueError(f"overlapping got least={least!r}, side_m={side_m!r}; it wants 0 to below 1, and metres > 0.")
    pairs = pairs_within(pictures, (0, side_m * 2**0.5))
    east, north = np.radians(known_places(pictures, "overlapping")).T
    first, second = pairs.T
    across = np.abs(east[first] - east[second]) * np.cos((north[first] + north[second]) / 2) * RADIUS_M
    up = np.abs(north[first] - north[second]) * RADIUS_M
    shared = np.clip(1 - across / side_m, 0, None) * np.clip(1 - up / side_m, 0, None)
    return pairs[shared > least]


def nearest_of_another_class(pictures: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    """(metres to the nearest picture of another class, float64 [N]; its label, int64 [N]).

    Raises:
        ValueError: pictures without places, or of one class.
    """
    from scipy.spatial import cKDTree

    labels = pictures.labels.numpy()
    if len(np.unique(labels)) < 2:
        raise ValueError("nearest_of_another_class got pictures of one class; it wants two or more.")
    points = _points(known_places(pictures, "nearest_of_another_class"))
    metres, other = np.empty(len(labels)), np.empty(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        mine, others = np.flatnonzero(labels == label), np.flatnonzero(labels != label)
        metres[mine], place = cKDTree(points[others]).query(points[mine])
        other[mine] = labels[others[place]]
    return metres, other


def metres_to(pictures: ImageSet, others: ImageSet) -> np.ndarray:
    """float64 [N]: how far each of `pictures` lies from the nearest of `others`. ValueError without places."""
    from scipy.spatial import cKDTree

    points, theirs = (_points(known_places(one, "metres_to")) for one in (pictures, others))
    return cKDTree(theirs).query(points)[0]


def _points(places: np.ndarray) -> np.ndarray:
    """float64 [N, 3], metres: where longitude and latitude lie in space. A chord of 10 km is a millimetre short."""
    east, north = np.radians(places).T
    return RADIUS_M * np.stack([np.cos(north) * np.cos(east), np.cos(north) * np.sin(east), np.sin(north)], axis=1)
