"""Ten kinds of land, drawn by code: what a lesson runs on when EuroSAT is out of reach."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..imageset import ImageSet
from .drawing import Field, Sheet, band, draw_set, inside, paint, wave

# Colours of Sentinel-2 tiles as EuroSAT shows them: dark, bluish, low in contrast. RGB, 0–255.
SOIL = ((150, 118, 105), (188, 152, 138), (118, 96, 88))
GREEN = ((38, 76, 64), (58, 92, 78), (48, 84, 88))
SCRUB = ((92, 94, 96), (128, 116, 104), (70, 84, 84))
DARK = ((32, 58, 64), (40, 66, 74), (30, 52, 52))
WATER = ((40, 66, 84), (56, 90, 104), (44, 60, 92))
GREY = ((118, 118, 124), (142, 138, 140), (104, 108, 118))
ROOFS = ((165, 116, 100), (140, 128, 128), (180, 150, 136))
SHEDS = ((206, 206, 210), (176, 182, 196), (214, 200, 190))


def eurosat_tiles(n_per_class: int = 400, *, seed: int = 0) -> ImageSet:
    """Generated stand-in for EuroSAT: its ten classes, RGB tiles of 64×64 pixels.

    Palettes overlap and light, haze and season vary, so that boosted trees on mean and spread of the colours
    name about seven tiles in ten; shape tells the rest. Good for running a lesson to its end, not for saying
    anything about satellites.

    Args:
        n_per_class: tiles for each of the ten classes, at least 1.
        seed: the same seed gives the same bytes on every machine.

    Returns:
        `ImageSet` with 10 · `n_per_class` pictures uint8 [N, 3, 64, 64], source "stand-in".

    Example:
        >>> eurosat_tiles(2)
        ImageSet(EuroSAT stand-in, stand-in: 20 pictures 3×64×64, 10 classes)

    The classes and the look are those of Helber et al., "EuroSAT: A Novel Dataset and Deep Learning
    Benchmark for Land Use and Land Cover Classification", 2019, https://arxiv.org/abs/1709.00029.
    """
    painters = {label: _in_daylight(painter) for label, painter in PAINTERS.items()}
    return draw_set(painters, n_per_class, seed=seed, source="stand-in", name="EuroSAT stand-in")


def annual_crop(sheet: Sheet) -> Field:
    """A few large plots, each in its own colour, with the fine stripes of the plough."""
    plots = sheet.lattice(*sheet.bent(2), width=sheet.uniform(30, 70), height=sheet.uniform(22, 44))
    land = paint(sheet.colours(*GREEN, *SOIL), sheet.colours(*SOIL), sheet.per_cell(plots.index))
    stripes = wave(plots.v / sheet.uniform(2.5, 5)) * sheet.per_cell(plots.index, 0, 14)
    return land + _grey(stripes + 6 * sheet.noise(16)) + _track(plots.border, 26 * sheet.chance(0.5))


def forest(sheet: Sheet) -> Field:
    """Crown beside crown: dense small clumps on gentle slopes."""
    crowns = sheet.noise(4, 2, roughness=0.8)
    return sheet.colours(*DARK, *DARK, *GREEN) + _grey(sheet.uniform(5, 11) * crowns + 7 * sheet.noise(32))


def herbaceous_vegetation(sheet: Sheet) -> Field:
    """Mottled cover without borders: grass and scrub over rolling ground."""
    cover = inside(sheet.noise(32, 4, roughness=sheet.uniform(0.55, 0.75)), blur=2)
    ridges = sheet.uniform(4, 12) * np.abs(sheet.noise(16, 4, roughness=0.6))
    return paint(sheet.colours(*SCRUB, *GREEN), sheet.colours(*SCRUB, *SOIL), cover) - _grey(ridges)


def highway(sheet: Sheet) -> Field:
    """One wide road, sometimes two, hardly bent, through fields."""
    ground = _countryside(sheet)
    for present in (1, sheet.chance(0.35)):
        u, v = sheet.turned()
        across = v + sheet.uniform(-14, 14) + u * u * sheet.uniform(-0.004, 0.004)
        width = sheet.uniform(3.5, 6.5)
        ground = paint(ground, sheet.colours(*GREEN, *SCRUB), present * 0.6 * band(across, width + 5))
        ground = paint(ground, sheet.colours(*GREY, *SHEDS), present * band(across, width))
        ground = paint(ground, 70, 0.6 * present * band(across, 1))
    return ground


def industrial(sheet: Sheet) -> Field:
    """Few large bright sheds among yards."""
    u, v = sheet.turned()
    yard = paint(sheet.colours(*GREY), sheet.colours(*GREEN, *SCRUB), inside(sheet.noise(16) * 3 - 1))
    shade = sheet.rectangles(u, v, count=9, low=8, high=24)
    sheds = paint(sheet.colours(*GREY), sheet.colours(*SHEDS), shade)
    return paint(yard, sheds, inside(shade * 4 - 0.5)) + _grey(10 * sheet.noise(4))


def pasture(sheet: Sheet) -> Field:
    """Smooth meadows, each its own tint of green, between dark hedges."""
    u, v = sheet.bent(5)
    meadows = sheet.voronoi(u, v, per_side=3)
    tint = sheet.per_cell(meadows.index, -9, 9) + 4 * sheet.noise(16)
    hedges = band(meadows.border, 2) * inside(sheet.noise(8, 4) + 0.6)
    return paint(sheet.colours(*GREEN, *GREEN, *SCRUB) + _grey(tint), sheet.colours(*DARK), 0.8 * hedges)


def permanent_crop(sheet: Sheet) -> Field:
    """Small plots of trees or vines: dotted and coarsely striped rows."""
    plots = sheet.lattice(*sheet.bent(3), width=sheet.uniform(22, 40), height=sheet.uniform(18, 32))
    pitch = sheet.uniform(3.6, 5.5)
    rows, trees = wave(plots.v / pitch), wave(plots.u / pitch)
    dotted = sheet.per_cell(plots.index) < 0.6
    plants = inside(rows * np.where(dotted, 0.5 + 0.5 * trees, 1), blur=1.5) * sheet.per_cell(plots.index, 0.5, 1)
    land = paint(sheet.colours(*SOIL), sheet.colours(*SOIL, *GREEN), sheet.per_cell(plots.index))
    return paint(land, sheet.colours(*GREEN, *DARK), plants) + _track(plots.border, sheet.uniform(0, 30))


def residential(sheet: Sheet) -> Field:
    """Small houses in rows along a grid of streets."""
    u, v = sheet.bent(3)
    lots = sheet.lattice(u, v, width=sheet.uniform(5, 8), height=sheet.uniform(6, 9))
    blocks = sheet.lattice(u, v, width=sheet.uniform(24, 40), height=sheet.uniform(15, 24))
    gardens = sheet.colours(*GREEN, *SCRUB, *DARK) + _grey(10 * sheet.noise(4))
    house = inside(lots.border - 1) * (sheet.per_cell(lots.index) < 0.85)
    roofs = sheet.colours(*ROOFS) + _grey(sheet.per_cell(lots.index, -45, 45))
    return paint(paint(gardens, roofs, house), sheet.colours(*GREY), band(blocks.border, 2.5))


def river(sheet: Sheet) -> Field:
    """One band of flat water that bends smoothly through the land, with wooded banks."""
    u, v = sheet.turned()
    bends = sheet.uniform(5, 13) * wave(u / sheet.uniform(70, 130) + sheet.uniform(0, 1))
    across = v + bends + 2 * sheet.noise(16) + sheet.uniform(-10, 10)
    width = sheet.uniform(8, 22)
    banks = paint(_countryside(sheet), sheet.colours(*DARK, *GREEN), 0.7 * band(across, width + 5))
    return paint(banks, sheet.colours(*WATER, *WATER, *SCRUB), band(across, width))


def sea_lake(sheet: Sheet) -> Field:
    """Water, nearly flat; one tile in four has a shore."""
    u, v = sheet.turned()
    water = sheet.colours(*WATER, *DARK) + _grey(u * sheet.uniform(-0.2, 0.2) + 3 * sheet.noise(8))
    depth = v - sheet.uniform(8, 26) + 5 * sheet.noise(16)
    return paint(water, _countryside(sheet), sheet.chance(0.25) * inside(depth, blur=2))


PAINTERS = {
    "AnnualCrop": annual_crop,
    "Forest": forest,
    "HerbaceousVegetation": herbaceous_vegetation,
    "Highway": highway,
    "Industrial": industrial,
    "Pasture": pasture,
    "PermanentCrop": permanent_crop,
    "Residential": residential,
    "River": river,
    "SeaLake": sea_lake,
}


def _countryside(sheet: Sheet) -> Field:
    """float32 [N, 3, side, side]: the fields that roads and rivers run through."""
    plots = sheet.lattice(*sheet.bent(3), width=sheet.uniform(25, 60), height=sheet.uniform(18, 36))
    land = paint(sheet.colours(*GREEN, *SCRUB), sheet.colours(*GREEN, *SOIL), sheet.per_cell(plots.index))
    return land + _grey(6 * sheet.noise(8))


def _grey(brightness: Field) -> Field:
    return brightness[:, None]


def _track(border: Field, brightness: Field) -> Field:
    """The unpaved tracks between plots."""
    return _grey(brightness * band(border, 2))


def _in_daylight(painter: Callable[[Sheet], Field]) -> Callable[[Sheet], Field]:
    """`painter` under a random sun, season and haze: what keeps colour alone from telling the class."""

    def painted(sheet: Sheet) -> Field:
        picture = painter(sheet)
        season = 1 + 0.05 * sheet.rng.uniform(-1, 1, (sheet.n, 3, 1, 1)).astype(np.float32)
        haze = sheet.uniform(0, 0.3)
        lit = picture * season * _grey(sheet.uniform(0.8, 1.3))
        hazy = paint(lit, sheet.colours((96, 104, 124)), haze)
        return hazy + _grey(2 * sheet.speckle())

    return painted
