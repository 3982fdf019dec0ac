"""The marks of the generated logos: ten known ones and ten others of the same family.

A mark is made of circles, polygons and letters from hand-drawn strokes, in two colours; none is meant to resemble a
real trademark. It is kept as a *depth*: how far inside of its outline a point lies, in units of about half the mark's
size. A sampled depth can be turned, shrunk and put in perspective and still have sharp edges (Green: Improved
Alpha-Tested Magnification for Vector Textures and Special Effects, SIGGRAPH 2007 courses).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np

from .drawing import Field
from .shapes import AXIS, SAMPLES, Point, X, Y, border, both, box, common, disc, line, polygon, ring, text

Which = Literal["known", "near"]


Drawing = tuple[Field, Field]


def kite() -> Drawing:
    """A cloth of four quarters, two of them in the second colour, with a tail."""
    cloth = polygon((0, -1), (0.68, -0.3), (0, 0.7), (-0.68, -0.3))
    quarters = both(common(X, -0.3 - Y), common(-X, Y + 0.3))
    tail = line((0, 0.7), (0.25, 0.84), (-0.12, 0.98), (0.25, 1.14), width=0.09)
    return both(cloth, tail), common(cloth - 0.07, quarters)


def boat() -> Drawing:
    """Two sails over a hull; one sail and a stripe along the hull in the second colour."""
    sails = polygon((-0.06, -1), (-0.06, 0.36), (-0.85, 0.36)), polygon((0.08, -0.75), (0.8, 0.36), (0.08, 0.36))
    hull = polygon((-1, 0.48), (1, 0.48), (0.62, 0.95), (-0.62, 0.95))
    return both(*sails, hull), both(sails[1], line((-0.6, 0.7), (0.6, 0.7), width=0.1))


def peaks() -> Drawing:
    """Two mountains and a crescent moon on a disc."""
    plate = disc(0, 0, 1)
    land = both(polygon((-1, 0.6), (-0.25, -0.42), (0.4, 0.6)), polygon((-0.1, 0.6), (0.42, -0.05), (1, 0.6)))
    moon = common(disc(0.38, -0.46, 0.24), -disc(0.5, -0.54, 0.2))
    return plate, both(common(land, plate - 0.14), moon)


def waves() -> Drawing:
    """Three crests and a sun on a disc."""
    plate = disc(0, 0, 1)
    zigzag = [(-1.05 + 0.3 * k, 0.13 * (-1) ** k) for k in range(8)]
    crests = both(*(line(*((x, y + shift) for x, y in zigzag), width=0.15) for shift in (0.08, 0.42, 0.76)))
    return plate, both(common(crests, plate - 0.14), disc(-0.3, -0.44, 0.24))


def fish() -> Drawing:
    """A fish with an eye and gills, and OZ below it."""
    trunk = common(disc(-0.15, 0.2, 0.95), disc(-0.15, -1.0, 0.95))
    tail = polygon((0.4, -0.4), (1, -0.82), (0.86, -0.4), (1, 0.02))
    gills = common(both(ring(-0.62, -0.4, 0.45, 0.08), ring(-0.62, -0.4, 0.67, 0.08)), trunk - 0.06, X + 0.5)
    return both(trunk, tail, text("OZ", 0, 0.58, 0.62)), both(disc(-0.6, -0.47, 0.09), gills)


def bird() -> Drawing:
    """A bird with an eye, a wing and a beak, and EK below it."""
    trunk = common(disc(0, -0.55, 0.72), Y + 0.55)
    head, beak = disc(-0.55, -0.6, 0.33), polygon((-0.8, -0.78), (-1.12, -0.56), (-0.8, -0.46))
    tail = polygon((0.5, -0.55), (1.1, -0.95), (0.6, -0.1))
    wing = common(disc(0.14, -0.45, 0.42), Y + 0.42)
    return both(trunk, head, beak, tail, text("EK", 0, 0.66, 0.62)), both(disc(-0.6, -0.66, 0.08), wing, beak)


def _shield() -> Field:
    return polygon((-0.85, -1), (0.85, -1), (0.85, 0.1), (0.6, 0.58), (0, 1), (-0.6, 0.58), (-0.85, 0.1))


def shield_h() -> Drawing:
    """A shield with a border, an H and a bar."""
    shield = _shield()
    bar = line((-0.4, 0.33), (0.4, 0.33), width=0.15)
    return shield, both(border(shield, 0.12, 0.07), text("H", 0, -0.33, 0.72), bar)


def shield_u() -> Drawing:
    """A shield with a chevron over a U."""
    shield = _shield()
    chevron = line((-0.8, -0.1), (0, -0.7), (0.8, -0.1), width=0.2)
    return shield, both(common(shield, chevron), text("U", 0, 0.25, 0.62))


def _hexagon() -> Field:
    return polygon((0, -1), (0.87, -0.5), (0.87, 0.5), (0, 1), (-0.87, 0.5), (-0.87, -0.5))


def hexagon_k() -> Drawing:
    """A hexagon with a border and a K."""
    return _hexagon(), both(border(_hexagon(), 0.14, 0.1), text("K", 0.02, 0, 0.85, bold=0.24))


def hexagon_s() -> Drawing:
    """A hexagon, one half of it in the second colour, and an S that swaps the two."""
    letter, half = text("S", 0, 0, 1.0, bold=0.24), X + 0.5 * Y
    return _hexagon(), both(common(half, -letter), common(-half, letter))


def key() -> Drawing:
    """A key, ring upwards to the left, on a plate with round corners."""
    shaft = line((-0.16, -0.16), (0.6, 0.6), width=0.19)
    teeth = both(line((0.34, 0.34), (0.56, 0.12), width=0.16), line((0.56, 0.56), (0.74, 0.38), width=0.16))
    return box(-1, -1, 1, 1, rounded=0.35), both(ring(-0.38, -0.38, 0.31, 0.2), shaft, teeth)


def hourglass() -> Drawing:
    """An hourglass with some sand below, on a plate with round corners."""
    glass = both(polygon((-0.5, -0.7), (0.5, -0.7), (0, 0.04)), polygon((-0.5, 0.7), (0.5, 0.7), (0, -0.04)))
    lids = both(line((-0.56, -0.7), (0.56, -0.7), width=0.16), line((-0.56, 0.7), (0.56, 0.7), width=0.16))
    sand = polygon((-0.3, 0.54), (0.3, 0.54), (0, 0.2))
    return box(-1, -1, 1, 1, rounded=0.35), both(common(glass, -sand), lids)


def cup() -> Drawing:
    """A steaming cup with a stripe, and JUX below it."""
    bowl = both(polygon((-0.62, -0.38), (0.5, -0.38), (0.34, 0.36), (-0.46, 0.36)), ring(0.52, -0.08, 0.23, 0.12))
    steam = [line((x, -0.52), (x + 0.12, -0.7), (x, -0.86), (x + 0.12, -1.05), width=0.11) for x in (-0.4, -0.1, 0.2)]
    return both(bowl, *steam, text("JUX", 0, 0.78, 0.52)), both(*steam, common(bowl, 0.12 - np.abs(Y + 0.05)))


def bell() -> Drawing:
    """A bell with rim and clapper, and DOT below it."""
    dome = both(disc(0, -0.5, 0.42), polygon((-0.42, -0.5), (0.42, -0.5), (0.66, 0.1), (-0.66, 0.1)))
    rim, clapper = line((-0.68, 0.14), (0.68, 0.14), width=0.14), disc(0, 0.28, 0.14)
    body = both(dome, rim, clapper, disc(0, -0.95, 0.12), text("DOT", 0, 0.78, 0.52))
    return body, both(rim, clapper, disc(-0.14, -0.48, 0.13))


def windmill() -> Drawing:
    """Four blades, each with a fold in the second colour, around a hub."""
    blades = [polygon((0, 0), *(_quarter_turned(p, k) for p in ((0, -1), (0.62, -0.62)))) for k in range(4)]
    folds = [polygon((0, 0), *(_quarter_turned(p, k) for p in ((0.62, -0.62), (0.5, -0.16)))) for k in range(4)]
    return both(*blades, *folds), both(*folds, disc(0, 0, 0.16))


def flower() -> Drawing:
    """Five petals with veins around a middle."""
    tips = ((0, -0.64), (0.61, -0.2), (0.38, 0.52), (-0.38, 0.52), (-0.61, -0.2))
    veins = [line((0.5 * x, 0.5 * y), (x, y), width=0.12) for x, y in tips]
    return both(disc(0, 0, 0.4), *(disc(x, y, 0.36) for x, y in tips)), both(disc(0, 0, 0.22), *veins)


def _quarter_turned(point: Point, times: int) -> Point:
    for _ in range(times):
        point = -point[1], point[0]
    return point


def stairs() -> Drawing:
    """Four bars, each higher than the one before, and LYV below them."""
    bars = [box(-1 + 0.52 * k, 0.1 - 0.3 * k, -0.58 + 0.52 * k, 0.32) for k in range(4)]
    return both(*bars, text("LYV", 0, 0.75, 0.58)), both(bars[1], bars[3])


def arches() -> Drawing:
    """Three bows, one in the other, and NAF below them."""
    bows = [common(ring(0, 0.25, radius, 0.2), 0.25 - Y) for radius in (0.3, 0.6, 0.9)]
    return both(*bows, text("NAF", 0, 0.72, 0.58)), bows[1]


def tent() -> Drawing:
    """A tent with a door, a sun and the ground."""
    cloth, door = polygon((-0.25, -0.75), (0.8, 0.68), (-1, 0.68)), polygon((-0.25, -0.2), (0.12, 0.68), (-0.45, 0.68))
    sun = disc(0.66, -0.5, 0.3)
    return both(cloth, sun, line((-1.05, 0.8), (1.05, 0.8), width=0.16)), both(door, sun)


def house() -> Drawing:
    """A house with window and door, a tree and the ground."""
    wall, roof = box(-0.68, -0.15, 0.4, 0.7), polygon((-0.95, -0.1), (-0.14, -0.85), (0.67, -0.1))
    tree = both(disc(0.83, 0.1, 0.27), line((0.83, 0.1), (0.83, 0.7), width=0.12))
    windows = both(box(-0.5, 0.08, -0.2, 0.4), box(-0.05, 0.08, 0.22, 0.7))
    return both(wall, roof, tree, line((-1.05, 0.8), (1.05, 0.8), width=0.16)), both(windows, disc(0.83, 0.1, 0.27))


_KNOWN = (kite, peaks, fish, shield_h, hexagon_k, key, cup, windmill, stairs, tent)
_NEAR = (boat, waves, bird, shield_u, hexagon_s, hourglass, bell, flower, arches, house)
# Few pairs, and the same for known and near: the colours of a picture hardly say which mark it is.
_INKS = (
    ((24, 44, 104), (246, 186, 52)),
    ((176, 28, 52), (250, 236, 208)),
    ((20, 104, 72), (214, 238, 150)),
    ((28, 28, 32), (104, 192, 236)),
    ((98, 40, 140), (246, 140, 70)),
)


@dataclass(frozen=True, eq=False)
class Mark:
    """A logo, ready to be put into pictures.

    Attributes:
        name: its class.
        body, ink: float32 [S, S], depths: of the mark, and of what has its second colour.
        colours: float32 [2, 3], 0–255.
        outline: float64 [P, 2], points (x, y) at the left and right end of each row of the body, in the depths' units.
    """

    name: str
    body: Field
    ink: Field
    colours: np.ndarray
    outline: np.ndarray

    def negative(self) -> Mark:
        """The same mark with its colours swapped."""
        return replace(self, colours=self.colours[::-1])


@lru_cache
def marks(which: Which = "known") -> tuple[Mark, ...]:
    """The ten marks of a set, in the order of the labels."""
    each = zip(names(which), _drawings(which), _INKS * 2, strict=True)
    return tuple(mark_of(name, draw(), colours) for name, draw, colours in each)


def names(which: Which = "known") -> tuple[str, ...]:
    """The ten classes of a set, in the order of the labels."""
    return tuple(draw.__name__.replace("_", " ") for draw in _drawings(which))


def _drawings(which: str) -> tuple[Callable[[], Drawing], ...]:
    if which not in ("known", "near"):
        raise ValueError(
            f"logos got which={which!r}; it wants 'known' or 'near' (far_unknowns draws pictures without)."
        )
    return _KNOWN if which == "known" else _NEAR


def mark_of(name: str, drawing: Drawing, colours: Sequence[Sequence[float]]) -> Mark:
    """The `Mark` of depths and two colours (0–255), ready for `compose`: a logo of your own."""
    body, ink = (depth.astype(np.float32) for depth in drawing)
    rows = np.flatnonzero((body > 0).any(axis=1))
    first, last = (body[rows] > 0).argmax(axis=1), SAMPLES - 1 - (body[rows, ::-1] > 0).argmax(axis=1)
    outline = np.concatenate([np.stack([AXIS[columns], AXIS[rows]], axis=1) for columns in (first, last)])
    return Mark(name, body, ink, np.array(colours, dtype=np.float32), outline)
