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
from ...data.generated.logos import FAR, compose
from ...openset import World
from ...study import Result
from . import measures
from .detecting import DetectorSettings
from .heads import Head, HeadSettings, Loss, train_head, train_with_unknowns, unknown_score
from .unknown_pictures import KINDS, CollectSettings, collected_pictures, strange_marks
from .worlds import Settings, chosen, embedder

Pictures = tuple[ImageSet, ImageSet, ImageSet, ImageSet]  # known to learn, known to meet, near, far


@dataclass(frozen=True)
class FreshLogos:
    """Marks of shapes at random, in the colours of the known logos: `marks` of them known, as many near, others spare.

    Attributes:
        network, weights, size: as in `worlds.embedder`.
        side: of the pictures, as they are drawn.
        marks: how many designs are known; the next as many are near, and as many again are in no test.
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
    """`per_class` pictures of each mark of a group (0 known, 1 near, 2 spare), the classes by turns.

    `seed` designs the marks, and `drawn` all else.
    """
    designs = strange_marks("other marks", 3 * marks, seed)[group * marks : (group + 1) * marks]
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


# --- how many unknown pictures, and of which ---


@dataclass(frozen=True)
class Examples:
    """Unknown pictures to learn from.

    Attributes:
        of: "the unknown classes that are tested", "other classes of that kind", "other kinds", or "nothing".
        each: pictures of each unknown class; of other kinds as many in all.
        pool_seed, n_marks, pieces: as in `unknown_pictures.CollectSettings`, of other kinds.
    """

    of: str
    each: int
    pool_seed: int
    n_marks: int
    pieces: int


def learn_from_examples(settings: Settings, seed: int) -> Result:
    """AUROC near; far of the kinds that stand behind the logos, and of those that never do; accuracy on the known.

    Reads `FreshLogos`, `HeadSettings`, `loss`, `loss_settings` and `Examples`.
    """
    made, examples, loss = chosen(FreshLogos, settings), chosen(Examples, settings), Loss.chosen(settings)
    world, head_settings = fresh_world(made, seed), chosen(HeadSettings, settings)
    head = train_with_unknowns(world, _example_features(made, examples, seed), head_settings, loss, seed)
    known, near, far = (unknown_score(head, x, loss) for x in (world.known, world.near, world.far))
    behind = torch.isin(made.pictures(seed)[3].labels, torch.tensor([FAR.index(kind) for kind in BEHIND]))
    right = head(world.known).argmax(dim=1) == world.truth
    areas = {
        measures.AUROC["near"]: (openset.auroc(known, near), len(known) + len(near)),
        FAR_BEHIND: (openset.auroc(known, far[behind]), len(known) + int(behind.sum())),
        FAR_NEVER: (openset.auroc(known, far[~behind]), len(known) + int((~behind).sum())),
    }
    return measures.result(areas | measures.accuracy(right), world.source)


BEHIND = ("texture", "noise", "photograph")
FAR_BEHIND = "AUROC, far unknowns that look like the backgrounds"
FAR_NEVER = "AUROC, far unknowns that no background looks like"


@lru_cache(maxsize=16)
def _example_features(made: FreshLogos, examples: Examples, seed: int) -> Tensor | None:
    """float [count, D], as the network gives them, not scaled; None for nothing."""
    if examples.of == "nothing":
        return None
    drawn = 2 * seed  # as those to learn from; the unknown that are met are drawn by the next number
    if examples.of == "other kinds":
        return made.embedded(_other_kinds(made, examples, seed))
    group = ["the unknown classes that are tested", "other classes of that kind"].index(examples.of) + 1
    return made.embedded(designed(made.side, made.marks, group, examples.each, seed, drawn=drawn))


def _other_kinds(made: FreshLogos, examples: Examples, seed: int) -> ImageSet:
    """As many pictures as there would be of `marks` classes, of the kinds that are no marks of shapes, by turns."""
    kinds, count = [kind for kind in KINDS if kind != "other marks"], examples.each * made.marks
    collecting = CollectSettings(made.side, examples.pool_seed + seed, examples.n_marks, examples.pieces)
    images = torch.cat([collected_pictures(kind, -(-count // len(kinds)), collecting).images for kind in kinds])
    rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))[:count]
    return ImageSet.of(images[rows], torch.zeros(count, dtype=torch.int64), ["other kinds"], name="other kinds")
