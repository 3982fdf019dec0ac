"""The worlds of the runs: generated logos, land from above, car makers' logos, as a frozen network sees them.

A run's settings are read into frozen dataclasses, one a subject. These are also the keys under which work that several
variants share is kept. Each seed draws its own pictures, splits and weights.
"""

from __future__ import annotations

import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from ... import data, features, models, openset
from ...data import ImageSet
from ...data.generated.logos import FAR
from ...openset import World
from ...openset.losses import NONE

Settings = Mapping[str, object]
Group = TypeVar("Group")


def chosen(group: type[Group], settings: Settings) -> Group:
    """The settings that the dataclass `group` has fields for. It can be hashed."""
    return group(**{field.name: frozen(settings[field.name]) for field in fields(group)})


def frozen(value: object) -> object:
    """A setting as a key for a cache: lists become tuples, mappings tuples of pairs; `dict` makes them one again."""
    if isinstance(value, Mapping):
        return tuple((name, frozen(inner)) for name, inner in value.items())
    return tuple(frozen(inner) for inner in value) if isinstance(value, list | tuple) else value


# --- what a frozen network makes of pictures ---


@lru_cache
def backbone(network: str, weights: str) -> models.Backbone:
    """`weights` is "real", or "any", which takes a stand-in for them where they are missing, with a warning."""
    return models.backbone(network, weights=weights)


def embedder(network: str, weights: str, size: int | None) -> Callable[[ImageSet], np.ndarray]:
    """Pictures, enlarged to `size` pixels (None keeps them) → float32 [N, D], the means of the network's maps."""
    kept = weights == "real"  # a small rerun leaves nothing on the disk
    return partial(features.extract, backbone(network, weights), size=size, pooling="mean", progress=False, cache=kept)


# --- logos ---


@dataclass(frozen=True)
class LogoWorld:
    """Ten generated logos known, ten near, and pictures without a logo as far unknowns.

    Attributes:
        network, weights, size: as in `embedder`.
        side: of the pictures, as they are drawn.
        per_class, per_class_test: pictures of each known logo to learn from, and of each logo, known or near, to meet.
        n_far: far unknowns.
    """

    network: str
    weights: str
    size: int | None
    side: int
    per_class: int
    per_class_test: int
    n_far: int

    @property
    def embed(self) -> Callable[[ImageSet], np.ndarray]:
        return embedder(self.network, self.weights, self.size)

    def pictures(self, seed: int) -> tuple[ImageSet, ImageSet, ImageSet, ImageSet]:
        """Pictures of (known to learn, known to meet, near unknowns, far unknowns)."""
        return logo_pictures(self.side, self.per_class, self.per_class_test, self.n_far, seed)


@lru_cache(maxsize=12)  # 52 MB each
def logo_pictures(side: int, per_class: int, per_class_test: int, n_far: int, seed: int) -> tuple[ImageSet, ...]:
    learned, met = 2 * seed, 2 * seed + 1
    return (
        data.logos(per_class, seed=learned, side=side),
        data.logos(per_class_test, seed=met, side=side),
        data.logos(per_class_test, seed=met, side=side, which="near"),
        data.far_unknowns(n_far, seed=met, side=side),
    )


@lru_cache(maxsize=24)
def logo_world(made: LogoWorld, seed: int) -> World:
    return openset.picture_world(*made.pictures(seed), made.embed)


# --- land ---


@dataclass(frozen=True)
class LandWorld:
    """EuroSAT at its 64 px: some kinds of land known, `n_left_out` near unknowns; far is what no satellite took.

    Attributes:
        network, weights, size: as in `embedder`.
        side: of far pictures.
        pictures: how many are used; None takes all of the real set.
        n_train, n_test: known pictures to learn from, and known, and near, to meet.
        n_left_out: kinds of the ten that stay unknown, by turns of the seed.
        n_far, n_far_each: far unknowns that are drawn, of which the satellite tiles are left out; and of each logo.
    """

    network: str
    weights: str
    size: int | None
    side: int
    pictures: int | None
    n_train: int
    n_test: int
    n_left_out: int
    n_far: int
    n_far_each: int

    @property
    def embed(self) -> Callable[[ImageSet], np.ndarray]:
        return embedder(self.network, self.weights, self.size)


@lru_cache(maxsize=12)
def land_world(made: LandWorld, seed: int) -> World:
    land, embedded = land_features(made.network, made.weights, made.size, made.pictures)
    count = len(land.classes)
    left_out = torch.tensor([(made.n_left_out * seed + k) % count for k in range(made.n_left_out)])
    order = torch.randperm(len(land), generator=torch.Generator().manual_seed(seed))
    unknown = torch.isin(land.labels, left_out)[order]
    known, near = order[~unknown], order[unknown][: made.n_test]
    train, test = known[: made.n_train], known[made.n_train : made.n_train + made.n_test]
    labels = _renamed(land.labels, left_out, count)
    far = torch.cat([torch.tensor(made.embed(part)) for part in _no_land(made, seed)])
    return World.of(
        embedded[train], labels[train], embedded[test], labels[test], embedded[near], far, source=land.source
    )


@lru_cache(maxsize=1)
def land_features(network: str, weights: str, size: int | None, pictures: int | None) -> tuple[ImageSet, Tensor]:
    """EuroSAT and what the network makes of it: all of the real one, or `pictures` of it or of its stand-in."""
    if pictures is None:
        land = data.load("eurosat", source="real")
    else:
        land = data.load("eurosat").subset(pictures).changed(lambda images: images)
    return land, torch.tensor(embedder(network, weights, size)(land))


def _renamed(labels: Tensor, left_out: Tensor, count: int) -> Tensor:
    """Labels that count the known kinds from 0; those that are left out are `NONE`."""
    keep = torch.tensor([k for k in range(count) if k not in left_out])
    return torch.full((count,), NONE).scatter(0, keep, torch.arange(len(keep)))[labels]


def _no_land(made: LandWorld, seed: int) -> tuple[ImageSet, ImageSet]:
    """Far unknowns without satellite tiles, and logos."""
    met = 2 * seed + 1
    far = data.far_unknowns(made.n_far, seed=met, side=made.side)
    shown = (far.labels != FAR.index("satellite tile")).nonzero()[:, 0]
    return far.at(shown), data.logos(made.n_far_each, seed=met, side=made.side)


# --- car makers ---


@dataclass(frozen=True)
class CarWorld:
    """Photographs of car makers' logos, which may not be shown: some makers known, the others near; far other sets.

    Attributes:
        network, weights, size: as in `embedder`.
        side: pixels that pictures are loaded with.
        folders: names of the sets on the mirror: the cars', then those that are far.
        pictures: of cars, how many are used; None takes all.
        n_far_each: pictures of each far set.
        known_share, train_share: as in `openset.half_known`.
    """

    network: str
    weights: str
    size: int | None
    side: int
    folders: tuple[str, ...]
    pictures: int | None
    n_far_each: int
    known_share: float
    train_share: float


@lru_cache(maxsize=12)
def car_world(made: CarWorld, seed: int) -> World:
    (cars, embedded), *far = car_features(made)
    met = torch.cat([x for _, x in far])
    return openset.half_known(
        cars, embedded, met, seed=seed, known_share=made.known_share, train_share=made.train_share
    )


@lru_cache(maxsize=1)
def car_features(made: CarWorld) -> tuple[tuple[ImageSet, Tensor], ...]:
    """(pictures, features) of each folder."""
    embed = embedder(made.network, made.weights, made.size)
    first, *others = (from_mirror(name, made.side) for name in made.folders)
    used = [first if made.pictures is None else first.subset(made.pictures)]
    used += [other.subset(made.n_far_each, seed=0) for other in others]
    return tuple((pictures, torch.tensor(embed(pictures))) for pictures in used)


def from_mirror(name: str, side: int) -> ImageSet:
    """The pictures of `name`.zip in the folder COURSE_MIRROR; they are unpacked into a folder that goes at once."""
    mirror = os.environ.get("COURSE_MIRROR", "")
    file = os.path.join(mirror, f"{name}.zip")
    if not mirror or not os.path.isfile(file):
        raise data.DataError(f"car_logos wants {name}.zip in the folder COURSE_MIRROR; it is {mirror!r}.")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
        return data.from_folder(os.path.join(folder, name), size=side)
