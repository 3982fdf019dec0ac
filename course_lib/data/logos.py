"""Generated logos: ten known marks, ten others of the same family, and pictures with no mark at all.

A mark is made of circles, polygons and letters from hand-drawn strokes, in two colours; none is meant to resemble a
real trademark. It is kept as a *depth*: how far inside of its outline a point lies, in units of about half the mark's
size. A sampled depth can be turned, shrunk and put in perspective and still have sharp edges (Green: Improved
Alpha-Tested Magnification for Vector Textures and Special Effects, SIGGRAPH 2007 courses).

Everything but the mark (background, place, what covers it, light, blur, JPEG) takes the same random numbers in the
same order whichever mark is drawn: so nothing else can tell one class from another, or known from unknown.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor
from typing import Literal

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import Tensor

from .drawing import Field, Sheet, inside, mix
from .imageset import ImageSet
from .standin import eurosat_tiles
from .textures import PATTERNS, _coloured

Rng = np.random.Generator
Which = Literal["known", "near"]

FAR = ("texture", "noise", "satellite tile", "photograph", "flat colour")
COVERED = 0.25  # share of a mark that a bar or a blob hides at most
QUALITY = (40, 95)  # of JPEG
_TILT = 0.26795  # tan 15°
_LEAN = 0.12  # perspective: the far end of a mark is up to a fifth smaller than the near one
_LEAST, _MOST = 1 / 3, 0.9  # a mark's larger extent, of the picture's side
_STREAMS = {"known": 0, "near": 1, "far": 2}  # so that one seed gives each its own random numbers

# --- shapes: depth above 0 inside, below 0 outside; x to the right, y downwards ----------------------------------

_REACH, _SAMPLES = 1.3, 208  # the square that marks are sampled on: −1.3 to 1.3
_AXIS = (np.arange(_SAMPLES) - (_SAMPLES - 1) / 2) * (2 * _REACH / (_SAMPLES - 1))
X, Y = np.meshgrid(_AXIS, _AXIS)

Point = tuple[float, float]


def disc(x: float, y: float, radius: float) -> Field:
    return radius - np.sqrt((X - x) ** 2 + (Y - y) ** 2)


def ring(x: float, y: float, radius: float, width: float) -> Field:
    return width / 2 - np.abs(disc(x, y, radius))


def box(left: float, top: float, right: float, bottom: float, *, rounded: float = 0.0) -> Field:
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


# --- the marks: each gives (body, ink), where it is and where it has its second colour ---------------------------

Drawing = tuple[Field, Field]


def kite() -> Drawing:
    cloth = polygon((0, -1), (0.68, -0.3), (0, 0.7), (-0.68, -0.3))
    quarters = both(common(X, -0.3 - Y), common(-X, Y + 0.3))
    tail = line((0, 0.7), (0.25, 0.84), (-0.12, 0.98), (0.25, 1.14), width=0.09)
    return both(cloth, tail), common(cloth - 0.07, quarters)


def boat() -> Drawing:
    sails = polygon((-0.06, -1), (-0.06, 0.36), (-0.85, 0.36)), polygon((0.08, -0.75), (0.8, 0.36), (0.08, 0.36))
    hull = polygon((-1, 0.48), (1, 0.48), (0.62, 0.95), (-0.62, 0.95))
    return both(*sails, hull), both(sails[1], line((-0.6, 0.7), (0.6, 0.7), width=0.1))


def peaks() -> Drawing:
    plate = disc(0, 0, 1)
    land = both(polygon((-1, 0.6), (-0.25, -0.42), (0.4, 0.6)), polygon((-0.1, 0.6), (0.42, -0.05), (1, 0.6)))
    moon = common(disc(0.38, -0.46, 0.24), -disc(0.5, -0.54, 0.2))
    return plate, both(common(land, plate - 0.14), moon)


def waves() -> Drawing:
    plate = disc(0, 0, 1)
    zigzag = [(-1.05 + 0.3 * k, 0.13 * (-1) ** k) for k in range(8)]
    crests = both(*(line(*((x, y + shift) for x, y in zigzag), width=0.15) for shift in (0.08, 0.42, 0.76)))
    return plate, both(common(crests, plate - 0.14), disc(-0.3, -0.44, 0.24))


def fish() -> Drawing:
    trunk = common(disc(-0.15, 0.2, 0.95), disc(-0.15, -1.0, 0.95))
    tail = polygon((0.4, -0.4), (1, -0.82), (0.86, -0.4), (1, 0.02))
    gills = common(both(ring(-0.62, -0.4, 0.45, 0.08), ring(-0.62, -0.4, 0.67, 0.08)), trunk - 0.06, X + 0.5)
    return both(trunk, tail, text("OZ", 0, 0.58, 0.62)), both(disc(-0.6, -0.47, 0.09), gills)


def bird() -> Drawing:
    trunk = common(disc(0, -0.55, 0.72), Y + 0.55)
    head, beak = disc(-0.55, -0.6, 0.33), polygon((-0.8, -0.78), (-1.12, -0.56), (-0.8, -0.46))
    tail = polygon((0.5, -0.55), (1.1, -0.95), (0.6, -0.1))
    wing = common(disc(0.14, -0.45, 0.42), Y + 0.42)
    return both(trunk, head, beak, tail, text("EK", 0, 0.66, 0.62)), both(disc(-0.6, -0.66, 0.08), wing, beak)


def _shield() -> Field:
    return polygon((-0.85, -1), (0.85, -1), (0.85, 0.1), (0.6, 0.58), (0, 1), (-0.6, 0.58), (-0.85, 0.1))


def shield_h() -> Drawing:
    shield = _shield()
    bar = line((-0.4, 0.33), (0.4, 0.33), width=0.15)
    return shield, both(border(shield, 0.12, 0.07), text("H", 0, -0.33, 0.72), bar)


def shield_u() -> Drawing:
    shield = _shield()
    chevron = line((-0.8, -0.1), (0, -0.7), (0.8, -0.1), width=0.2)
    return shield, both(common(shield, chevron), text("U", 0, 0.25, 0.62))


def _hexagon() -> Field:
    return polygon((0, -1), (0.87, -0.5), (0.87, 0.5), (0, 1), (-0.87, 0.5), (-0.87, -0.5))


def hexagon_k() -> Drawing:
    return _hexagon(), both(border(_hexagon(), 0.14, 0.1), text("K", 0.02, 0, 0.85, bold=0.24))


def hexagon_s() -> Drawing:
    letter, half = text("S", 0, 0, 1.0, bold=0.24), X + 0.5 * Y
    return _hexagon(), both(common(half, -letter), common(-half, letter))


def key() -> Drawing:
    shaft = line((-0.16, -0.16), (0.6, 0.6), width=0.19)
    teeth = both(line((0.34, 0.34), (0.56, 0.12), width=0.16), line((0.56, 0.56), (0.74, 0.38), width=0.16))
    return box(-1, -1, 1, 1, rounded=0.35), both(ring(-0.38, -0.38, 0.31, 0.2), shaft, teeth)


def hourglass() -> Drawing:
    glass = both(polygon((-0.5, -0.7), (0.5, -0.7), (0, 0.04)), polygon((-0.5, 0.7), (0.5, 0.7), (0, -0.04)))
    lids = both(line((-0.56, -0.7), (0.56, -0.7), width=0.16), line((-0.56, 0.7), (0.56, 0.7), width=0.16))
    sand = polygon((-0.3, 0.54), (0.3, 0.54), (0, 0.2))
    return box(-1, -1, 1, 1, rounded=0.35), both(common(glass, -sand), lids)


def cup() -> Drawing:
    bowl = both(polygon((-0.62, -0.38), (0.5, -0.38), (0.34, 0.36), (-0.46, 0.36)), ring(0.52, -0.08, 0.23, 0.12))
    steam = [line((x, -0.52), (x + 0.12, -0.7), (x, -0.86), (x + 0.12, -1.05), width=0.11) for x in (-0.4, -0.1, 0.2)]
    return both(bowl, *steam, text("JUX", 0, 0.78, 0.52)), both(*steam, common(bowl, 0.12 - np.abs(Y + 0.05)))


def bell() -> Drawing:
    dome = both(disc(0, -0.5, 0.42), polygon((-0.42, -0.5), (0.42, -0.5), (0.66, 0.1), (-0.66, 0.1)))
    rim, clapper = line((-0.68, 0.14), (0.68, 0.14), width=0.14), disc(0, 0.28, 0.14)
    body = both(dome, rim, clapper, disc(0, -0.95, 0.12), text("DOT", 0, 0.78, 0.52))
    return body, both(rim, clapper, disc(-0.14, -0.48, 0.13))


def windmill() -> Drawing:
    blades = [polygon((0, 0), *(_quarter_turned(p, k) for p in ((0, -1), (0.62, -0.62)))) for k in range(4)]
    folds = [polygon((0, 0), *(_quarter_turned(p, k) for p in ((0.62, -0.62), (0.5, -0.16)))) for k in range(4)]
    return both(*blades, *folds), both(*folds, disc(0, 0, 0.16))


def flower() -> Drawing:
    tips = ((0, -0.64), (0.61, -0.2), (0.38, 0.52), (-0.38, 0.52), (-0.61, -0.2))
    veins = [line((0.5 * x, 0.5 * y), (x, y), width=0.12) for x, y in tips]
    return both(disc(0, 0, 0.4), *(disc(x, y, 0.36) for x, y in tips)), both(disc(0, 0, 0.22), *veins)


def _quarter_turned(point: Point, times: int) -> Point:
    for _ in range(times):
        point = -point[1], point[0]
    return point


def stairs() -> Drawing:
    bars = [box(-1 + 0.52 * k, 0.1 - 0.3 * k, -0.58 + 0.52 * k, 0.32) for k in range(4)]
    return both(*bars, text("LYV", 0, 0.75, 0.58)), both(bars[1], bars[3])


def arches() -> Drawing:
    bows = [common(ring(0, 0.25, radius, 0.2), 0.25 - Y) for radius in (0.3, 0.6, 0.9)]
    return both(*bows, text("NAF", 0, 0.72, 0.58)), bows[1]


def tent() -> Drawing:
    cloth, door = polygon((-0.25, -0.75), (0.8, 0.68), (-1, 0.68)), polygon((-0.25, -0.2), (0.12, 0.68), (-0.45, 0.68))
    sun = disc(0.66, -0.5, 0.3)
    return both(cloth, sun, line((-1.05, 0.8), (1.05, 0.8), width=0.16)), both(door, sun)


def house() -> Drawing:
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
    return tuple(_mark(draw, colours) for draw, colours in zip(_drawings(which), _INKS * 2, strict=True))


def names(which: Which = "known") -> tuple[str, ...]:
    """The ten classes of a set, in the order of the labels."""
    return tuple(draw.__name__.replace("_", " ") for draw in _drawings(which))


def _drawings(which: str) -> tuple[Callable[[], Drawing], ...]:
    if which not in ("known", "near"):
        raise ValueError(
            f"logos got which={which!r}; it wants 'known' or 'near' (far_unknowns draws pictures without)."
        )
    return _KNOWN if which == "known" else _NEAR


def _mark(draw: Callable[[], Drawing], colours: Sequence[Sequence[float]]) -> Mark:
    body, ink = (depth.astype(np.float32) for depth in draw())
    rows = np.flatnonzero((body > 0).any(axis=1))
    first, last = (body[rows] > 0).argmax(axis=1), _SAMPLES - 1 - (body[rows, ::-1] > 0).argmax(axis=1)
    outline = np.concatenate([np.stack([_AXIS[columns], _AXIS[rows]], axis=1) for columns in (first, last)])
    return Mark(draw.__name__.replace("_", " "), body, ink, np.array(colours, dtype=np.float32), outline)


# --- a mark in a picture ----------------------------------------------------------------------------------------


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
    (left, top, right, bottom), per_unit, middle = _upright(mark, pose)
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


def _upright(mark: Mark, pose: Pose) -> tuple[tuple[float, float, float, float], float, Point]:
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
    step = np.float32(2 * _REACH / (_SAMPLES - 1))
    x = np.clip((x + np.float32(_REACH)) / step, 0, _SAMPLES - 1.001)
    y = np.clip((y + np.float32(_REACH)) / step, 0, _SAMPLES - 1.001)
    column, row = x.astype(np.int32), y.astype(np.int32)
    x, y, first = x - column, y - row, row * _SAMPLES + column
    found = []
    for depth in depths:
        flat = depth.ravel()
        upper = mix(flat.take(first), flat.take(first + 1), x)
        lower = mix(flat.take(first + _SAMPLES), flat.take(first + _SAMPLES + 1), x)
        found.append(mix(upper, lower, y))
    return found


# --- backgrounds: (rng, side) → float32 [3, side, side], 0–255 --------------------------------------------------


def gradient(rng: Rng, side: int) -> Field:
    """A colour in each corner, and what lies between."""
    corners = rng.uniform(10, 245, (4, 3, 1, 1)).astype(np.float32)
    corners = mix(corners[:1], corners, np.float32(rng.uniform(0.1, 0.6)))
    across = ((np.arange(side, dtype=np.float32) + np.float32(0.5)) / side)[None, None, :]
    down = across.swapaxes(1, 2)
    return mix(mix(corners[0], corners[1], across), mix(corners[2], corners[3], across), down)


def noise(rng: Rng, side: int) -> Field:
    """Clouds to grains: two colours, mixed by noise of random coarseness."""
    sheet = Sheet(rng, 1, -(-side // 32) * 32)
    coarsest = int(rng.choice([4, 8, 32]))
    share = inside(sheet.noise(coarsest, 1, roughness=rng.uniform(0.3, 1)), blur=rng.uniform(0.8, 3))
    low, high = rng.uniform(10, 245, (2, 3, 1, 1)).astype(np.float32)
    high = mix(low, high, np.float32(rng.uniform(0.1, 0.5)))  # shades that are not too far apart: a background
    return mix(low, high, share.astype(np.float32))[:, :side, :side]


def texture(rng: Rng, side: int, *, drawn: int = 64) -> Field:
    """A piece of one of the 32 textures, `drawn` pixels wide and then enlarged."""
    pattern = PATTERNS[list(PATTERNS)[rng.integers(len(PATTERNS))]]
    picture = _coloured(pattern, Sheet(rng, 1, drawn))[0]
    return _piece(Image.fromarray(_bytes(picture)), rng, side, least=0.6)


def photograph(rng: Rng, side: int) -> Field:
    """A square out of one of scikit-learn's two photographs, a fifth to all of its height; a texture without them."""
    photos = photographs()
    if not photos:
        return texture(rng, side)
    return _piece(photos[rng.integers(len(photos))], rng, side, least=0.2)


@lru_cache
def photographs() -> tuple[Image.Image, ...]:
    """The photographs that come with scikit-learn (a temple and a flower, 640×427 pixels), or ()."""
    from sklearn.datasets import load_sample_images  # only here: it would double the time to import the room

    try:
        return tuple(Image.fromarray(photo) for photo in load_sample_images().images)
    except OSError:  # some distributions leave them out
        return ()


def _piece(picture: Image.Image, rng: Rng, side: int, *, least: float) -> Field:
    """A random square of `least` to all of the picture's shorter side, mirrored or not, as [3, side, side]."""
    edge = rng.uniform(least, 1) * min(picture.size)
    left, top = (rng.uniform(0, 1) * (length - edge) for length in picture.size)
    piece = picture.resize((side, side), Image.Resampling.BILINEAR, box=(left, top, left + edge, top + edge))
    pixels = np.asarray(piece, dtype=np.float32).transpose(2, 0, 1)
    return pixels[:, :, ::-1] if rng.random() < 0.5 else pixels


BACKGROUNDS = (gradient, noise, texture, photograph)


def background(rng: Rng, side: int) -> Field:
    """One of `BACKGROUNDS`, each as often."""
    return np.ascontiguousarray(BACKGROUNDS[rng.integers(len(BACKGROUNDS))](rng, side))


# --- what a camera and a network do to a picture ----------------------------------------------------------------


def spoil(picture: Field, *, light: np.ndarray, blur: float, grain: Field, quality: int) -> np.ndarray:
    """uint8 [3, H, W] after light, blur, grain and JPEG.

    Args:
        picture: float32 [3, H, W], 0–255.
        light: float32 [3], what each channel is multiplied by.
        blur: radius in pixels of Pillow's Gaussian blur.
        grain: field that is added to all channels.
        quality: of JPEG, 1–95.
    """
    soft = Image.fromarray(_bytes(picture * light[:, None, None])).filter(ImageFilter.GaussianBlur(blur))
    grainy = Image.fromarray(_bytes(np.asarray(soft, dtype=np.float32).transpose(2, 0, 1) + grain))
    file = io.BytesIO()
    grainy.save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file)).transpose(2, 0, 1)


def _spoilt(picture: Field, rng: Rng) -> np.ndarray:
    """`spoil` by random amounts."""
    side = picture.shape[-1]
    return spoil(
        picture,
        light=(rng.uniform(0.7, 1.25) * rng.uniform(0.92, 1.08, 3)).astype(np.float32),
        blur=max(rng.uniform(-0.8, 0.8), 0) * side / 96,
        grain=rng.uniform(0, 10) * (rng.random((side, side), dtype=np.float32) - np.float32(0.5)),
        quality=int(rng.integers(QUALITY[0], QUALITY[1] + 1)),
    )


def _bytes(picture: Field) -> np.ndarray:
    """float [3, H, W] → uint8 [H, W, 3], rounded."""
    return np.ascontiguousarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8).transpose(1, 2, 0))


# --- the sets ---------------------------------------------------------------------------------------------------


def logos(n_per_class: int = 100, *, seed: int = 0, side: int = 96, which: Which = "known") -> ImageSet:
    """Ten logo classes on varied backgrounds: uint8 [10 · n_per_class, 3, side, side], the classes by turns.

    A mark takes a third to nine tenths of the side, is turned by up to 15°, seen in perspective, sometimes hidden by a
    bar or a blob (up to a quarter), and the picture is lit, blurred, grainy and JPEG of quality 40–95.

    Args:
        n_per_class: at least 1. A larger set begins with the smaller one.
        seed: the same seed gives the same pictures (to the bit where libjpeg is the same).
        side: pixels, 32 or more.
        which: "known", or "near": ten other marks of the same family, in the same colours.

    Raises:
        ValueError: fewer than 1 picture, fewer than 32 pixels, another `which`.

    >>> logos(2)
    ImageSet(logos (known), generated: 20 pictures 3×96×96, 10 classes)
    """
    return logos_and_masks(n_per_class, seed=seed, side=side, which=which)[0]


def logos_and_masks(
    n_per_class: int = 100, *, seed: int = 0, side: int = 96, which: Which = "known"
) -> tuple[ImageSet, Tensor]:
    """`logos`, and bool [N, side, side]: the pixels that the mark touches, the hidden ones too."""
    classes = names(which)
    _check("logos", n_per_class, side, least=32)
    images = np.empty((n_per_class, len(classes), 3, side, side), dtype=np.uint8)
    masks = np.empty((n_per_class, len(classes), side, side), dtype=bool)
    for label, mark in enumerate(marks(which)):
        for k in range(n_per_class):
            rng = np.random.default_rng([seed, _STREAMS[which], label, k])
            picture, masks[k, label] = compose(mark, rng, side)
            images[k, label] = _spoilt(picture, rng)
    labels = np.tile(np.arange(len(classes)), n_per_class)
    pictures = ImageSet.of(images.reshape(-1, 3, side, side), labels, classes, name=f"logos ({which})")
    return pictures, torch.from_numpy(masks.reshape(-1, side, side))


def compose(mark: Mark, rng: Rng, side: int) -> tuple[Field, np.ndarray]:
    """(a mark on a background, partly hidden: float32 [3, side, side]; bool [side, side]: what the mark touches)."""
    picture = background(rng, side)
    if rng.random() < 0.2:  # brands print themselves in negative, too
        mark = mark.negative()
    touched = stamp(picture, mark, _pose(mark, rng, side))
    _hide(picture, touched, rng)
    return picture, touched


def _pose(mark: Mark, rng: Rng, side: int) -> Pose:
    """Anywhere inside the picture, at any of the sizes, turned and in perspective."""
    # Mostly large, as in pictures that somebody took of a logo: half of them above 83 % of the side.
    size = side * (_MOST - (_MOST - _LEAST) * rng.uniform(0, 1) ** 3)
    tilt = rng.uniform(-_TILT, _TILT)
    lean, place = tuple(rng.uniform(-_LEAN, _LEAN, 2)), rng.uniform(0, 1, 2)
    half = _upright(mark, Pose(size, 0, 0, tilt, lean))[0][2:]
    x, y = (2 + reach + (side - 4 - 2 * reach) * share for reach, share in zip(half, place, strict=True))
    return Pose(size, float(x), float(y), tilt, lean)


def _hide(picture: Field, touched: np.ndarray, rng: Rng) -> None:
    """One in four: lay a bar or a blob over the mark, so that at most `COVERED` of it is hidden. In place."""
    happens, straight = rng.random() < 0.25, rng.random() < 0.5
    place, reach = rng.integers(2**31), rng.uniform(0.05, 0.22)
    a, b = rng.uniform(-1, 1, 2)
    colour = rng.uniform(10, 245, (3, 1, 1)).astype(np.float32)
    if not happens:
        return
    rows, columns = np.nonzero(touched)
    length = np.sqrt(a * a + b * b)
    a, b = np.float32(a / length), np.float32(b / length)
    side = np.arange(picture.shape[-1], dtype=np.float32)
    dx, dy = side[None, :] - columns[place % len(columns)], side[:, None] - rows[place % len(rows)]
    u, v = a * dx + b * dy, a * dy - b * dx
    distance = np.abs(v) if straight else np.sqrt(u * u + 2 * v * v)
    hidden = np.sort(distance[touched])[int(COVERED * len(rows))]
    # Half a pixel less: that is where the soft edge ends.
    depth = min(np.float32(reach * len(side)), hidden) - np.float32(0.5) - distance
    picture[:] = mix(picture, colour, inside(depth))


def far_unknowns(n: int, *, seed: int = 0, side: int = 96, tiles: ImageSet | None = None) -> ImageSet:
    """Pictures with no mark, the kinds of `FAR` by turns: uint8 [n, 3, side, side], spoilt as `logos` are.

    Args:
        n: pictures in all, at least 1.
        seed, side: as in `logos`.
        tiles: RGB pictures for "satellite tile", such as `load("eurosat")`; the stand-in unless given.

    Raises:
        ValueError: fewer than 1 picture, fewer than 32 pixels, tiles that are not RGB.

    Where scikit-learn comes without its photographs, that kind is left out.

    >>> far_unknowns(7).counts
    {'texture': 2, 'noise': 2, 'satellite tile': 1, 'photograph': 1, 'flat colour': 1}
    """
    _check("far_unknowns", n, side, least=32)
    if tiles is not None and (tiles.shape[0] != 3 or not len(tiles)):
        raise ValueError(f"far_unknowns got tiles={tiles!r}; it wants one or more pictures of 3 channels.")
    kinds = [k for k, kind in enumerate(FAR) if kind != "photograph" or photographs()]
    if tiles is None:
        tiles = eurosat_tiles(ceil(n / len(kinds) / 10), seed=seed)
    order = np.random.default_rng([seed, _STREAMS["far"]]).permutation(len(tiles))
    images, labels = np.empty((n, 3, side, side), dtype=np.uint8), np.empty(n, dtype=np.int64)
    for k in range(n):
        rng = np.random.default_rng([seed, _STREAMS["far"], k])
        labels[k] = kinds[k % len(kinds)]
        images[k] = _spoilt(_far(FAR[labels[k]], rng, side, tiles, int(order[k // len(kinds) % len(tiles)])), rng)
    return ImageSet.of(images, labels, FAR, name="far unknowns")


def _far(kind: str, rng: Rng, side: int, tiles: ImageSet, place: int) -> Field:
    if kind == "flat colour":
        return np.broadcast_to(rng.uniform(10, 245, (3, 1, 1)).astype(np.float32), (3, side, side))
    if kind == "satellite tile":
        tile = Image.fromarray(tiles.batch(torch.tensor([place]))[0].permute(1, 2, 0).numpy())
        return np.asarray(tile.resize((side, side), Image.Resampling.BILINEAR), dtype=np.float32).transpose(2, 0, 1)
    return {"texture": texture, "noise": noise, "photograph": photograph}[kind](rng, side)


def _check(name: str, n: int, side: int, *, least: int) -> None:
    if n < 1 or side < least:
        raise ValueError(
            f"{name} got n={n}, side={side}; it wants 1 picture or more, of {least} pixels or more a side."
        )
