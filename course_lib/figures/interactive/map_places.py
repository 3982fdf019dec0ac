"""Places on a map: packed for a page, how far apart they are, which part of a split each is in.

`map_explorer.arithmetic.js` computes the same in the browser, from the same packed bytes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from ... import data
from ...data import ImageSet
from ..words import fixed

STEPS = 2**24 - 1  # three bytes a coordinate: across Europe a step is 0.4 m, around the Earth 2.4 m
EARTH_KM = 6371.0088  # mean radius (IUGG)
SPLITS = ("random", "longitude", "latitude", "cells")
COAST = Path(__file__).with_name("europe_coast.txt")
COAST_BOX = (-32.0, 24.0, 46.0, 73.0)  # west, south, east, north of what COAST covers


def packed(places: np.ndarray) -> tuple[bytes, list[float]]:
    """Six bytes a place (longitude, then latitude, each little-endian), and [west, south, east, north] of all.

    Args:
        places: float64 [N, 2], degrees, none of them NaN.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    steps = np.rint((places - low) / np.where(high > low, high - low, 1) * STEPS).astype("<u4")
    return steps.view(np.uint8).reshape(len(places), 2, 4)[:, :, :3].tobytes(), [*low.tolist(), *high.tolist()]


def unpacked(raw: bytes, corners: Sequence[float]) -> np.ndarray:
    """float64 [N, 2]: what `packed` packed, to the step. Every number of the figure is computed from these."""
    parts = np.frombuffer(raw, np.uint8).reshape(-1, 2, 3).astype(np.int64)
    steps = parts[..., 0] + 256 * parts[..., 1] + 65536 * parts[..., 2]
    low, high = np.array(corners[:2]), np.array(corners[2:])
    return low + steps * ((high - low) / STEPS)


def kilometres(places: np.ndarray, place: np.ndarray) -> np.ndarray:
    """float64 [N]: great-circle distances to `place` [2], by the haversine formula on a sphere, to the millimetre.

    >>> kilometres(np.array([[0.0, 1.0], [180.0, 0.0]]), np.zeros(2)).round(1).tolist()
    [111.2, 20015.1]
    """
    (east, north), (lon, lat) = np.deg2rad(places).T, np.deg2rad(place)
    half = np.sin((north - lat) / 2) ** 2 + np.cos(north) * np.cos(lat) * np.sin((east - lon) / 2) ** 2
    metres = 2e3 * EARTH_KM * np.arcsin(np.sqrt(np.minimum(half, 1)))
    return np.floor(metres * 1e3 + 0.5) / 1e6  # equal ones are equal in every language


def nearest(distances: np.ndarray, chosen: int, count: int) -> list[int]:
    """Positions of the `count` nearest, without `chosen` itself; of equals the first."""
    order = np.argsort(distances, kind="stable")
    return [int(place) for place in order[: count + 1] if place != chosen][:count]


def beyond(places: np.ndarray, axis: int, line: float, reverse: bool) -> np.ndarray:
    """bool [N]: the test part of a cut by a line, which is what lies east (axis 0) or north (1) of it, or on it.

    Reversed, it is what lies on the other side.
    """
    return (places[:, axis] < line) if reverse else (places[:, axis] >= line)


def counts(labels: np.ndarray, test: np.ndarray, k: int) -> np.ndarray:
    """int64 [2, k]: pictures of each class in train, and in test."""
    return np.bincount(labels + k * test, minlength=2 * k).reshape(2, k)


def dealt(pictures: ImageSet, cells: Sequence[float], seed: int) -> tuple[bytes, list[float]]:
    """The test fifth of a random split, then of each size of cell, a bit a picture; and the sizes that can be had.

    Where all pictures lie in one cell, there is no such split.
    """
    numbered = replace(pictures, rows=torch.arange(len(pictures)))  # so that a part's rows are its positions
    parts, sizes = [numbered.split((0.8, 0.2), seed=seed)[1].rows], []
    for size in cells:
        try:
            parts.append(data.geographic_split(numbered, by=size, seed=seed)[1].rows)
        except ValueError:
            continue
        sizes.append(float(size))
    return b"".join(_bits(part.numpy(), len(pictures)) for part in parts), sizes


def _bits(positions: np.ndarray, n: int) -> bytes:
    member = np.zeros(n, dtype=bool)
    member[positions] = True
    return np.packbits(member, bitorder="little").tobytes()


def drawn(raw: bytes, which: int, n: int) -> np.ndarray:
    """bool [n]: the part number `which` of what `dealt` gave."""
    width = -(-n // 8)
    bits = np.unpackbits(np.frombuffer(raw, np.uint8)[which * width : (which + 1) * width], bitorder="little")
    return bits[:n].astype(bool)


def frame(corners: Sequence[float]) -> list[float]:
    """[west, south, east, north] of a map with room around all places, not too flat and not too high."""
    west, south, east, north = corners
    middle = math.cos(math.radians((south + north) / 2))
    wide, high = max((east - west) * middle, 0.02), max(north - south, 0.02)
    wide, high = 1.08 * max(wide, 0.8 * high), 1.08 * max(high, 0.6 * wide)
    x, y = (west + east) / 2, (south + north) / 2
    return [x - wide / middle / 2, y - high / 2, x + wide / middle / 2, y + high / 2]


def coast(box: Sequence[float]) -> str:
    """SVG path data of Europe's coast where `box` lies in Europe, in hundredths of a degree; else ""."""
    west, south, east, north = box
    inside = COAST_BOX[0] <= west and COAST_BOX[1] <= south and east <= COAST_BOX[2] and north <= COAST_BOX[3]
    lines = COAST.read_text(encoding="utf-8").splitlines() if inside else []
    return "".join(line for line in lines if not line.startswith("#"))


def rings(path: str) -> list[np.ndarray]:
    """float64 [P, 2] in degrees for each ring of `coast`."""
    numbers = [re.findall(r"-?\d+", ring) for ring in path.split("Z") if ring]
    return [np.array(ring, dtype=float).reshape(-1, 2).cumsum(axis=0) / 100 for ring in numbers]


def digits_of(corners: Sequence[float]) -> int:
    """Decimals of a degree that a line is moved by: one across a country, more where all lies close together."""
    span, digits = max(corners[2] - corners[0], corners[3] - corners[1]), 1
    while digits < 5 and span < 5 / 10 ** (digits - 1):
        digits += 1
    return digits


def degrees(value: float, axis: int, digits: int) -> str:
    """ "17.4° east" """
    text = fixed(abs(value), digits)
    side = (("east", "west"), ("north", "south"))[axis][bool(value < 0)]
    return f"{text}°" if float(text) == 0 else f"{text}° {side}"


def away(distance: float) -> str:
    """ "0.62 km", "58 km": kilometres with two digits that count, and metres no finer than ten."""
    digits = 2 if distance < 1 else 1 if distance < 10 else 0
    return f"{fixed(distance, digits)} km"
