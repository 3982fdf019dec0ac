"""Unknown pictures to learn from: collected ones, of kinds that are in no test, a generator's, and mixed-up classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor

from ... import data
from ...data import ImageSet
from ...data.generated.backgrounds import spoil_at_random
from ...data.generated.logos import compose
from ...data.generated.marks import Mark, mark_of, marks
from ...data.generated.shapes import both, box, disc, line, polygon, ring, text
from .generator import GeneratorSettings, generated_pictures
from .worlds import LogoWorld, Settings, frozen

KINDS = ("words", "other marks", "spectrograms", "shuffled logos")


# --- collected: the kinds ---


@dataclass(frozen=True)
class CollectSettings:
    """What decides collected pictures.

    Attributes:
        side: of a picture.
        pool_seed: draws the pool of each kind; every run takes others of its pictures.
        n_marks: different words, and different other marks.
        pieces: shuffled logos are cut into so many squares a side.
    """

    side: int
    pool_seed: int
    n_marks: int
    pieces: int


def collected_pictures(kind: str, n: int, settings: CollectSettings) -> ImageSet:
    """`n` pictures of one of `KINDS`."""
    side, seed = settings.side, settings.pool_seed
    if kind == "spectrograms":
        return data.spectrograms(-(-n // 2), kind="physical", side=side, seed=seed).at(range(n))
    if kind == "shuffled logos":
        whole = data.logos(-(-n // 10), seed=seed, side=side).at(range(n))
        return whole.changed(partial(shuffled, seed=seed, pieces=settings.pieces))
    strange, pictures = strange_marks(kind, settings.n_marks, seed), np.empty((n, 3, side, side), dtype=np.uint8)
    for k in range(n):
        rng = np.random.default_rng([seed, KINDS.index(kind), k])
        picture, _ = compose(strange[k % len(strange)], rng, side)
        pictures[k] = spoil_at_random(picture, rng)
    return ImageSet.of(pictures, np.zeros(n, dtype=np.int64), [kind], name=kind)


def shuffled(images: Tensor, *, seed: int, pieces: int) -> Tensor:
    """Each picture [N, 3, H, W] cut into `pieces` × `pieces` squares that are put together at random."""
    edge = images.shape[-1] // pieces
    cut = images.unfold(2, edge, edge).unfold(3, edge, edge).flatten(2, 3)  # [N, 3, pieces², edge, edge]
    order = torch.rand(len(images), pieces**2, generator=torch.Generator().manual_seed(seed)).argsort(dim=1)
    mixed = cut.gather(2, order[:, None, :, None, None].expand_as(cut))
    rows = mixed.unflatten(2, (pieces, pieces)).permute(0, 1, 2, 4, 3, 5)
    return rows.reshape(len(images), 3, pieces * edge, pieces * edge)


@lru_cache(maxsize=2)
def strange_marks(kind: str, count: int, seed: int) -> tuple[Mark, ...]:
    """Marks that are neither known nor near, in the same colours."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    drawing_of = _letters if kind == "words" else _shapes
    inks = [mark.colours for mark in marks("known")]
    strange = []
    while len(strange) < count:
        body, ink = drawing_of(rng)
        if (body > 0).mean() > 0.03:  # smaller ones would hardly be seen
            strange.append(mark_of(kind, (body, ink), inks[rng.integers(len(inks))]))
    return tuple(strange)


def _letters(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A word of two to four letters: (where it is, where it has its second colour)."""
    word = "".join(rng.choice(list("ADEFHJKLNORSTUVXYZ"), int(rng.integers(2, 5))))
    height = min(0.9, 2.2 / len(word))
    return text(word, 0, 0, height), box(-1.2, height, 1.2, 1.3)


def _shapes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two or three shapes at random, and one in the second colour."""
    return both(*(_shape(rng) for _ in range(rng.integers(2, 4)))), _shape(rng)


def _shape(rng: np.random.Generator) -> np.ndarray:
    """A disc, ring, box, triangle or stroke."""
    (x, y), size = rng.uniform(-0.55, 0.55, 2), rng.uniform(0.25, 0.6)
    points = [(x + size * np.cos(a), y + size * np.sin(a)) for a in rng.uniform(0, 2, 1) + np.array([0, 2.1, 4.2])]
    shapes = (
        lambda: disc(x, y, size),
        lambda: ring(x, y, size, 0.2),
        lambda: box(x - size, y - 0.6 * size, x + size, y + 0.6 * size),
        lambda: polygon(*points),
        lambda: line(points[0], points[1], width=0.22),
    )
    return shapes[rng.integers(len(shapes))]()


# --- mixed-up classes ---


def blended(pictures: ImageSet, count: int, *, seed: int, draws: int) -> ImageSet:
    """`count` pictures, each half of one class and half of another. Zhang et al.: mixup, ICLR 2018.

    `draws` pairs are drawn for each that is wanted: those of one class are passed over.
    """
    rng = np.random.default_rng(seed)
    first = rng.integers(len(pictures), size=draws * count)
    second = rng.integers(len(pictures), size=draws * count)
    differ = np.flatnonzero((pictures.labels[first] != pictures.labels[second]).numpy())[:count]
    a, b = (pictures.batch(torch.tensor(rows[differ])).float() for rows in (first, second))
    images = ((a + b) / 2).round().to(torch.uint8)
    return ImageSet.of(images, torch.zeros(count, dtype=torch.int64), ["mixed"], name="mixed-up classes")


# --- what a run learns from ---


@dataclass(frozen=True)
class Unknowns:
    """Pictures of none of the classes that a head learns from.

    Attributes:
        source: "collected pictures", "generator", "mixed-up classes", or None for none at all.
        count: how many.
        kinds: of collected ones, how many of `KINDS`; which ones goes by the seed.
        pool: pictures of each kind to draw them from.
        settings: the others that the source has, as pairs: `CollectSettings` without its side, `GeneratorSettings`, or
            `draws` of `blended`.
    """

    source: str | None
    count: int
    kinds: int
    pool: int
    settings: tuple[tuple[str, object], ...]

    @staticmethod
    def chosen(settings: Settings, count: int | None = None) -> Unknowns:
        """That of the settings `unknowns`, `kinds`, `pool`, `unknowns_settings`, and `n_unknowns` unless `count` is."""
        more, count = frozen(settings["unknowns_settings"]), settings["n_unknowns"] if count is None else count
        return Unknowns(settings["unknowns"], count, settings["kinds"], settings["pool"], more)


@lru_cache(maxsize=64)
def unknown_features(made: LogoWorld, unknowns: Unknowns, seed: int) -> Tensor | None:
    """float [count, D], as the network gives them, not scaled; None without unknowns."""
    if unknowns.source is None:
        return None
    if unknowns.source == "collected pictures":
        return _collected(made, unknowns, seed)
    train, settings = made.pictures(seed)[0], dict(unknowns.settings)
    if unknowns.source == "generator":
        pictures = generated_pictures(train, unknowns.count, GeneratorSettings(**settings), seed=seed)
    else:
        pictures = blended(train, unknowns.count, seed=seed, **settings)
    return torch.tensor(made.embed(pictures))


def _collected(made: LogoWorld, unknowns: Unknowns, seed: int) -> Tensor:
    """As many of each kind; which kinds, and which of their pictures, goes by the seed."""
    settings, parts = CollectSettings(side=made.side, **dict(unknowns.settings)), []
    for k in range(unknowns.kinds):
        pool = pool_features(made, KINDS[(seed + k) % len(KINDS)], unknowns.pool, settings)
        order = torch.randperm(len(pool), generator=torch.Generator().manual_seed(seed))
        parts.append(pool[order[: (unknowns.count + k) // unknowns.kinds]])
    return torch.cat(parts)


@lru_cache(maxsize=8)
def pool_features(made: LogoWorld, kind: str, count: int, settings: CollectSettings) -> Tensor:
    """float [count, D], not scaled."""
    return torch.tensor(made.embed(collected_pictures(kind, count, settings)))
