"""Logos that each seed designs anew: so that what is measured speaks of logos, and not of the same twenty marks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from ... import data, openset
from ...data import ImageSet
from ...data.generated.backgrounds import spoil_at_random
from ...data.generated.logos import compose
from ...openset import World
from ...study import Result
from . import measures
from .detecting import DetectorSettings
from .heads import Head, HeadSettings, train_head
from .unknown_pictures import strange_marks
from .worlds import Settings, chosen, embedder

Pictures = tuple[ImageSet, ImageSet, ImageSet, ImageSet]  # known to learn, known to meet, near, far


@dataclass(frozen=True)
class FreshLogos:
    """Marks of shapes at random, in the colours of the known logos: some of them known, as many near.

    Attributes:
        network, weights, size: as in `worlds.embedder`.
        side: of the pictures, as they are drawn.
        marks: how many designs are known; as many others are near.
        per_class, per_class_test: pictures of each known mark to learn from, and of each known or near one to meet.
        n_far: far unknowns.
    """

    network: str
    weights: str
    size: int | None
    side: int
    marks: int
    per_class: int
    per_class_test: int
    n_far: int

    def pictures(self, seed: int) -> Pictures:
        """Pictures of (known to learn, known to meet, near unknowns, far unknowns)."""
        return _pictures(self.side, self.marks, self.per_class, self.per_class_test, self.n_far, seed)

    def embedded(self, pictures: ImageSet) -> Tensor:
        """float32 [N, D]"""
        return torch.tensor(embedder(self.network, self.weights, self.size)(pictures))


@lru_cache(maxsize=12)
def _pictures(side: int, marks: int, per_class: int, per_class_test: int, n_far: int, seed: int) -> Pictures:
    learned, met = 2 * seed, 2 * seed + 1
    return (
        designed(side, marks, 0, per_class, seed, drawn=learned),
        designed(side, marks, 0, per_class_test, seed, drawn=met),
        designed(side, marks, 1, per_class_test, seed, drawn=met),
        data.far_unknowns(n_far, seed=met, side=side),
    )


@lru_cache(maxsize=12)
def designed(side: int, marks: int, group: int, per_class: int, seed: int, *, drawn: int) -> ImageSet:
    """`per_class` pictures of each mark of a group (0 known, 1 near), the classes by turns.

    `seed` designs the marks, and `drawn` all else.
    """
    designs = strange_marks("other marks", 2 * marks, seed)[group * marks : (group + 1) * marks]
    images = np.empty((per_class, marks, 3, side, side), dtype=np.uint8)
    for label, mark in enumerate(designs):
        for k in range(per_class):
            rng = np.random.default_rng([drawn, group, label, k])
            images[k, label] = spoil_at_random(compose(mark, rng, side)[0], rng)
    labels = np.tile(np.arange(marks), per_class)
    names = [f"mark {group * marks + k}" for k in range(marks)]
    return ImageSet.of(images.reshape(-1, 3, side, side), labels, names, name="fresh logos")


@lru_cache(maxsize=12)
def fresh_world(made: FreshLogos, seed: int) -> World:
    """The `World` of the pictures of a seed."""
    return openset.picture_world(*made.pictures(seed), made.embedded)


def score_fresh(settings: Settings, seed: int) -> Result:
    """AUROC near and far of a detector. Reads `FreshLogos`, `HeadSettings` and `DetectorSettings`."""
    world = fresh_world(chosen(FreshLogos, settings), seed)
    head = _head(chosen(FreshLogos, settings), chosen(HeadSettings, settings), seed)
    return measures.result(measures.areas(*chosen(DetectorSettings, settings).scores(head, world)), world.source)


@lru_cache(maxsize=4)
def _head(made: FreshLogos, settings: HeadSettings, seed: int) -> Head:
    world = fresh_world(made, seed)
    return train_head(world.train, world.labels, settings, seed=seed)
