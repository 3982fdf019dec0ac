"""Thirty-two kinds of texture, drawn by code in random colours: what `texture_net` learnt to see from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ..imageset import ImageSet
from .drawing import Field, Sheet, band, draw_set, inside, mix, paint, wave

Range = tuple[float, float]


def textures(n_per_class: int = 200, *, seed: int = 0, classes: Sequence[str] | None = None) -> ImageSet:
    """Generated textures: gratings, dots, cells, blobs, noise, bricks, bands and more, 64×64 pixels.

    Every class is a pattern without colour; colours, contrast, light and grain come afterwards, from the same
    distribution for all. So the class can be read from shape only, and angle and scale vary within it.

    Args:
        n_per_class: pictures for each class, at least 1.
        seed: the same seed gives the same bytes on every machine.
        classes: names out of `PATTERNS`, in the order of the labels; all of them unless given.

    Returns:
        `ImageSet` of uint8 [N, 3, 64, 64], source "generated".

    Example:
        >>> textures(3, classes=["fine dots", "bricks"])
        ImageSet(textures, generated: 6 pictures 3×64×64, 2 classes)
    """
    painters = {label: partial(coloured_sheet, pattern) for label, pattern in PATTERNS.items()}
    return draw_set(painters, n_per_class, seed=seed, source="generated", name="textures", classes=classes)


# A pattern is a function from a `Sheet` to a field, about 0 to 1.


def grating(sheet: Sheet, period: Range, *, bent: float = 0) -> Field:
    """Parallel stripes, soft or sharp; `bent` is by how many pixels they meander."""
    _, v = sheet.turned()
    return _sharpened(sheet, wave((v + bent * sheet.noise(32)) / sheet.uniform(*period)))


def plaid(sheet: Sheet, period: Range) -> Field:
    """The sum of two gratings at right angles."""
    u, v = sheet.turned()
    return _sharpened(sheet, (wave(u / sheet.uniform(*period)) + wave(v / sheet.uniform(*period))) / 2)


def checkerboard(sheet: Sheet, period: Range) -> Field:
    """Squares in two shades by turns; a period is two squares."""
    u, v = sheet.turned()
    pixels = sheet.uniform(*period)
    return inside(4 * wave(u / pixels) * wave(v / pixels))


def dots(sheet: Sheet, pitch: Range) -> Field:
    """Discs on a slightly bent grid, each in its own shade."""
    u, v = sheet.bent(2)
    pixels = sheet.uniform(*pitch)
    grid = sheet.lattice(u, v, width=pixels, height=pixels)
    radius = pixels * sheet.uniform(0.25, 0.4)
    disc = inside(radius - np.sqrt(grid.u * grid.u + grid.v * grid.v))
    return disc * sheet.per_cell(grid.index, 0.5, 1)


def hatching(sheet: Sheet, *, crossed: bool) -> Field:
    """Thin lines on plain ground, in one direction or in two."""
    lines = _pen_strokes(sheet)
    return np.maximum(lines, _pen_strokes(sheet)) if crossed else lines


def cells(sheet: Sheet, per_side: int) -> Field:
    """Irregular cells, each filled with its own shade."""
    return sheet.per_cell(sheet.voronoi(*sheet.bent(2), per_side=per_side).index)


def cracks(sheet: Sheet, per_side: int) -> Field:
    """The borders between irregular cells."""
    return band(sheet.voronoi(*sheet.bent(3), per_side=per_side).border, sheet.uniform(1, 2.5))


def blobs(sheet: Sheet, size: int) -> Field:
    """Patches of two shades, of one size, with soft or sharp outlines."""
    return inside(sheet.noise(size) - sheet.uniform(-0.4, 0.4), blur=sheet.uniform(0.2, 1.5))


def clouds(sheet: Sheet, roughness: Range, *, coarsest: int = 32) -> Field:
    """Noise with detail at all scales: the rougher, the flatter its spectrum (1/f to white)."""
    noise = sheet.noise(coarsest, 1, roughness=sheet.uniform(*roughness))
    spread = np.sqrt(np.square(noise).max(axis=(1, 2), keepdims=True))
    return 0.5 + 0.5 * noise / spread


def specks(sheet: Sheet) -> Field:
    """Sparse single bright points on uneven ground."""
    return np.maximum(_ground(sheet), sheet.speckle() > 1 - sheet.uniform(0.01, 0.08))


def bricks(sheet: Sheet, height: Range, length: Range) -> Field:
    """Rows of bricks in slightly different shades, with joints between."""
    pixels = sheet.uniform(*height)
    wall = sheet.lattice(*sheet.turned(), width=pixels * sheet.uniform(*length), height=pixels)
    return sheet.per_cell(wall.index, 0.5, 1) * inside(wall.border - sheet.uniform(0, 1))


def patchwork(sheet: Sheet) -> Field:
    """Large quadrangles, each in its own shade, without joints."""
    u, v = sheet.bent(2)
    return sheet.per_cell(sheet.lattice(u, v, width=sheet.uniform(14, 36), height=sheet.uniform(12, 28)).index)


def rings(sheet: Sheet) -> Field:
    """Rings around a point, as in a cut trunk."""
    u, v = sheet.bent(2)
    u, v = u - sheet.uniform(-24, 24), v - sheet.uniform(-24, 24)
    return _sharpened(sheet, wave(np.sqrt(u * u + v * v) / sheet.uniform(4, 10)))


def grain(sheet: Sheet) -> Field:
    """Contour lines of smooth hills, as in planed wood."""
    return _sharpened(sheet, wave(sheet.noise(32, 16) * sheet.uniform(1.5, 4)))


def stroke(sheet: Sheet, width: Range, *, curved: bool) -> Field:
    """One band across uneven ground, straight or winding."""
    u, v = sheet.turned()
    bends = sheet.uniform(6, 14) * wave(u / sheet.uniform(50, 120) + sheet.uniform(0, 1))
    across = v + sheet.uniform(-16, 16) + (bends if curved else 0)
    return mix(_ground(sheet), sheet.uniform(0, 1), band(across, sheet.uniform(*width)))


def rectangles(sheet: Sheet, count: int, sides: Range) -> Field:
    """Scattered rectangles in several shades, all turned alike."""
    low, high = sides
    shade = sheet.rectangles(*sheet.turned(), count=count, low=low, high=high)
    return np.maximum(shade, 0.3 * _ground(sheet))


def halves(sheet: Sheet) -> Field:
    """Two regions, divided by one wavy edge."""
    _, v = sheet.bent(4)
    return mix(0.5 * _ground(sheet), sheet.uniform(0.5, 1), inside(v - sheet.uniform(-18, 18)))


def gradient(sheet: Sheet) -> Field:
    """A slow passage from one shade to another."""
    _, v = sheet.bent(6)
    return 0.5 + v / sheet.uniform(60, 110)


PATTERNS: dict[str, Callable[[Sheet], Field]] = {
    "fine grating": partial(grating, period=(2.2, 4)),
    "medium grating": partial(grating, period=(5, 8)),
    "coarse grating": partial(grating, period=(10, 18)),
    "wavy grating": partial(grating, period=(4, 9), bent=5),
    "plaid": partial(plaid, period=(5, 14)),
    "fine checkerboard": partial(checkerboard, period=(5, 9)),
    "coarse checkerboard": partial(checkerboard, period=(14, 28)),
    "fine dots": partial(dots, pitch=(4, 6)),
    "coarse dots": partial(dots, pitch=(9, 15)),
    "hatching": partial(hatching, crossed=False),
    "crossed hatching": partial(hatching, crossed=True),
    "small cells": partial(cells, per_side=8),
    "large cells": partial(cells, per_side=4),
    "cracks": partial(cracks, per_side=4),
    "fine blobs": partial(blobs, size=4),
    "medium blobs": partial(blobs, size=8),
    "coarse blobs": partial(blobs, size=16),
    "smooth clouds": partial(clouds, roughness=(0.3, 0.45)),
    "rough clouds": partial(clouds, roughness=(0.6, 0.8)),
    "felt": partial(clouds, roughness=(0.7, 1.1), coarsest=4),
    "specks": specks,
    "bricks": partial(bricks, height=(5, 10), length=(1.5, 3)),
    "patchwork": patchwork,
    "rings": rings,
    "grain": grain,
    "thin straight stroke": partial(stroke, width=(1.5, 4), curved=False),
    "thin curved stroke": partial(stroke, width=(1.5, 4), curved=True),
    "broad curved stroke": partial(stroke, width=(8, 22), curved=True),
    "small rectangles": partial(rectangles, count=30, sides=(3, 8)),
    "large rectangles": partial(rectangles, count=7, sides=(9, 28)),
    "halves": halves,
    "gradient": gradient,
}


def _ground(sheet: Sheet) -> Field:
    """Uneven ground, about 0 to 1: what a single thing lies on."""
    return 0.5 + sheet.uniform(0, 0.35) * sheet.noise(32, 4, roughness=0.6)


def _sharpened(sheet: Sheet, waves: Field) -> Field:
    """From −1…1 to 0…1, by a random amount between a soft wave and a hard line."""
    return inside(waves, blur=sheet.uniform(0.5, 2))


def _pen_strokes(sheet: Sheet) -> Field:
    _, v = sheet.bent(1)
    pitch = sheet.uniform(5, 11)
    return band((v / pitch - np.floor(v / pitch) - 0.5) * pitch, sheet.uniform(0.8, 1.6))


def coloured_sheet(pattern: Callable[[Sheet], Field], sheet: Sheet) -> Field:
    """float32 [N, 3, side, side], 0–255: a pattern in three random colours, under uneven light, grainy."""
    field = pattern(sheet)
    shape = (3, sheet.n, 3, 1, 1)
    vivid = sheet.rng.uniform(15, 240, shape).astype(np.float32)
    colours = mix(vivid[:, :, :1], vivid, sheet.uniform(0, 1)[:, None])
    low, middle, high = mix(colours[1], colours, sheet.uniform(0.2, 1)[:, None])
    picture = paint(low, middle, np.clip(2 * field, 0, 1))
    picture = paint(picture, high, np.clip(2 * field - 1, 0, 1))
    light = 1 + 0.15 * sheet.noise(32)
    return picture * light[:, None] + (sheet.uniform(0, 10) * sheet.speckle())[:, None]
