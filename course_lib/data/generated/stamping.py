"""A mark in a picture: turned, shrunk, in perspective, partly covered."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from .drawing import Field, inside, mix
from .marks import Mark
from .shapes import REACH, SAMPLES, Point

TILT = 0.26795  # tan 15°
LEAN = 0.12  # perspective: the far end of a mark is up to a fifth smaller than the near one


@dataclass(frozen=True)
class Pose:
    """Where a mark stands in a picture, and how.

    Attributes:
        size: pixels, the larger of the height and width that it takes.
        x, y: pixels from the picture's left upper corner to the middle of the mark's upright box.
        tilt: tangent of the angle it is turned by.
        lean: perspective to the right and downwards: that side looks nearer by so much.
    """

    size: float
    x: float
    y: float
    tilt: float = 0.0
    lean: Point = (0.0, 0.0)


def stamp(picture: Field, mark: Mark, pose: Pose, *, seen: float = 0.0) -> np.ndarray:
    """Draw `mark` into `picture` (float32 [3, H, W], changed in place), unless less than `seen` of it would show.

    Returns:
        bool [H, W], the pixels that the mark touches; nowhere, if it was not drawn.
    """
    share, second, top, left = _covered(mark, pose)
    (height, width), (rows, columns) = picture.shape[1:], share.shape
    touched = np.zeros((height, width), dtype=bool)
    inner = (
        slice(min(max(-top, 0), rows), max(min(height - top, rows), 0)),
        slice(min(max(-left, 0), columns), max(min(width - left, columns), 0)),
    )
    if share[inner].sum() < max(seen * share.sum(), 1e-6):
        return touched
    outer = tuple(slice(s.start + shift, s.stop + shift) for s, shift in zip(inner, (top, left), strict=True))
    first, other = mark.colours[:, :, None, None]
    picture[:, *outer] = mix(picture[:, *outer], mix(first, other, second[inner]), share[inner])
    touched[outer] = share[inner] > 0
    return touched


def _covered(mark: Mark, pose: Pose) -> tuple[Field, Field, int, int]:
    """(how much of each pixel the mark takes, how much of that has its second colour, top row, left column)."""
    (left, top, right, bottom), per_unit, middle = upright(mark, pose)
    # One pixel more on each side, for the soft edge.
    left, top, right, bottom = floor(left) - 1, floor(top) - 1, ceil(right) + 1, ceil(bottom) + 1
    # From the middle of each pixel back to the units of the depths: unmove, unturn, undo the perspective.
    x = ((np.arange(left, right) + 0.5 - pose.x) / per_unit + middle[0]).astype(np.float32)[None, :]
    y = ((np.arange(top, bottom) + 0.5 - pose.y) / per_unit + middle[1]).astype(np.float32)[:, None]
    cos = np.float32(1 / np.sqrt(1 + pose.tilt**2))
    sin = cos * np.float32(pose.tilt)
    x, y = cos * x + sin * y, cos * y - sin * x
    away = 1 + np.float32(pose.lean[0]) * x + np.float32(pose.lean[1]) * y
    body, ink = _sampled((mark.body, mark.ink), x / away, y / away)
    return inside(body * np.float32(per_unit)), inside(ink * np.float32(per_unit)), top, left


def upright(mark: Mark, pose: Pose) -> tuple[tuple[float, float, float, float], float, Point]:
    """(the mark's box in pixels, pixels a unit, the unmoved box's middle in units)."""
    u, v = mark.outline.T
    near = 1 - pose.lean[0] * u - pose.lean[1] * v
    u, v = u / near, v / near
    cos = 1 / np.sqrt(1 + pose.tilt**2)
    u, v = cos * (u - pose.tilt * v), cos * (v + pose.tilt * u)
    wide, high = np.ptp(u), np.ptp(v)
    per_unit = pose.size / max(wide, high)
    half_w, half_h = per_unit * wide / 2, per_unit * high / 2
    pixels = float(pose.x - half_w), float(pose.y - half_h), float(pose.x + half_w), float(pose.y + half_h)
    return pixels, float(per_unit), (float(u.min() + wide / 2), float(v.min() + high / 2))


def _sampled(depths: tuple[Field, Field], x: Field, y: Field) -> list[Field]:
    """Both depths at (x, y), between their samples by bilinear interpolation; beyond the edge as at the edge."""
    step = np.float32(2 * REACH / (SAMPLES - 1))
    x = np.clip((x + np.float32(REACH)) / step, 0, SAMPLES - 1.001)
    y = np.clip((y + np.float32(REACH)) / step, 0, SAMPLES - 1.001)
    column, row = x.astype(np.int32), y.astype(np.int32)
    x, y, first = x - column, y - row, row * SAMPLES + column
    found = []
    for depth in depths:
        flat = depth.ravel()
        upper = mix(flat.take(first), flat.take(first + 1), x)
        lower = mix(flat.take(first + SAMPLES), flat.take(first + SAMPLES + 1), x)
        found.append(mix(upper, lower, y))
    return found
