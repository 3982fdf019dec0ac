"""Shapes as depths, float [208, 208]: above 0 inside, below 0 outside; x to the right, y downwards.

A sampled depth can be turned, shrunk and put in perspective and still have sharp edges (Green: Improved Alpha-Tested
Magnification for Vector Textures and Special Effects, SIGGRAPH 2007 courses).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from .drawing import Field

REACH, SAMPLES = 1.3, 208  # the square that marks are sampled on: −1.3 to 1.3
AXIS = (np.arange(SAMPLES) - (SAMPLES - 1) / 2) * (2 * REACH / (SAMPLES - 1))
X, Y = np.meshgrid(AXIS, AXIS)

Point = tuple[float, float]


def disc(x: float, y: float, radius: float) -> Field:
    """The inside of a circle around (x, y)."""
    return radius - np.sqrt((X - x) ** 2 + (Y - y) ** 2)


def ring(x: float, y: float, radius: float, width: float) -> Field:
    """A line of that `width` along a circle around (x, y)."""
    return width / 2 - np.abs(disc(x, y, radius))


def box(left: float, top: float, right: float, bottom: float, *, rounded: float = 0.0) -> Field:
    """An upright rectangle; `rounded` is the radius of its corners."""
    dx = np.abs(X - (left + right) / 2) - (right - left) / 2 + rounded
    dy = np.abs(Y - (top + bottom) / 2) - (bottom - top) / 2 + rounded
    outside = np.sqrt(np.maximum(dx, 0) ** 2 + np.maximum(dy, 0) ** 2)
    return rounded - outside - np.minimum(np.maximum(dx, dy), 0)


def line(*points: Point, width: float) -> Field:
    """A stroke of the pen through `points`, with round ends."""
    return width / 2 - np.sqrt(np.min([_squared(a, b) for a, b in pairwise(points)], axis=0))


def polygon(*points: Point) -> Field:
    """The inside of a closed line; a point is inside if a ray from it crosses the line an odd number of times."""
    edges = list(zip(points, points[1:] + points[:1], strict=True))
    odd = np.zeros(X.shape, dtype=bool)
    for (ax, ay), (bx, by) in edges:
        if ay != by:
            odd ^= ((ay > Y) != (by > Y)) & ((bx - ax) * (Y - ay) / (by - ay) + ax > X)
    return np.sqrt(np.min([_squared(a, b) for a, b in edges], axis=0)) * np.where(odd, 1, -1)


def _squared(a: Point, b: Point) -> Field:
    """Squared distance to the straight piece from a to b."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    along = np.clip(((X - a[0]) * dx + (Y - a[1]) * dy) / (dx * dx + dy * dy), 0, 1)
    return (X - a[0] - along * dx) ** 2 + (Y - a[1] - along * dy) ** 2


# A letter's strokes, as pairs of digits: column 0 to 4, row 0 to 6. By hand: a font would differ between machines.
_STROKES = {
    "A": "062046 1434", "D": "00062645412000", "E": "40000646 0333", "F": "400006 0333", "H": "0006 4046 0343",
    "J": "4045361605", "K": "0006 400346", "L": "000646", "N": "06004640", "O": "103041453616050110",
    "R": "06003041423303 2346", "S": "413010010213334445361605", "T": "0040 2026", "U": "000516364540",
    "V": "002640", "X": "0046 4006", "Y": "002340 2326", "Z": "00400646",
}  # fmt: skip


def text(word: str, x: float, y: float, height: float, *, bold: float = 0.2) -> Field:
    """`word` in capitals around (x, y); strokes are `bold` of the height thick."""
    unit = height * (1 - bold) / 6
    advance = 4 * unit + 2 * bold * height
    parts = []
    for k, letter in enumerate(word):
        left, top = x + (k - (len(word) - 1) / 2) * advance - 2 * unit, y - 3 * unit
        for stroke in _STROKES[letter].split():
            digits = zip(stroke[::2], stroke[1::2], strict=True)
            parts.append(line(*((left + unit * int(a), top + unit * int(b)) for a, b in digits), width=bold * height))
    return both(*parts)


def both(*depths: Field) -> Field:
    """The union of shapes."""
    return np.max(depths, axis=0)


def common(*depths: Field) -> Field:
    """What shapes have in common; a minus in front of a depth takes its shape away."""
    return np.min(depths, axis=0)


def border(depth: Field, at: float, width: float) -> Field:
    """A line along a shape's outline, `at` inside of it."""
    return width / 2 - np.abs(depth - at)
