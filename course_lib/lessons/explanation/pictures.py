"""The pictures of lesson 6: those with a planted reason, real EuroSAT, and what is done to them.

A change is a tuple of steps; a step is a name of `STEPS` and its numbers, such as `("shuffle_patches", 16, 0)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache

import torch
from torch import Tensor

from ... import data, pixels
from ...data import ImageSet

Settings = Mapping[str, object]
Change = tuple[tuple[object, ...], ...]
STEPS: dict[str, Callable[..., Tensor]] = {
    "grey": pixels.grey,
    "turn_hues": lambda images, degrees: pixels.recolour(images, hue=degrees),
    "saturate": lambda images, factor: pixels.recolour(images, saturation=factor),
    "shuffle_patches": lambda images, side, seed: pixels.shuffle_patches(images, side, seed=seed),
    "zoom": pixels.zoom,
    "blur": pixels.blur,
    "low_pass": pixels.low_pass,
    "high_pass": pixels.high_pass,
    "block_average": pixels.block_average,
}


def changed(pictures: ImageSet, change: Change) -> ImageSet:
    """`pictures` after each step of `change`."""
    for step, *numbers in change:
        pictures = pictures.changed(lambda images, step=step, numbers=numbers: STEPS[step](images, *numbers))
    return pictures


# --- a planted reason ---


def planted_train(settings: Settings, seed: int) -> ImageSet:
    """`n_per_class` pictures of each of the two classes that `reason` tells apart, `side` pixels large."""
    return data.planted(settings["reason"], settings["n_per_class"], seed=2 * seed, side=settings["side"])[0]


def planted_test(settings: Settings, seed: int) -> tuple[ImageSet, Tensor]:
    """(`n_test_per_class` pictures of each class that the network has not seen, their masks)."""
    return _planted(settings["reason"], settings["n_test_per_class"], 2 * seed + 1, settings["side"])


@lru_cache(maxsize=4)  # every method of a seed asks for them
def _planted(reason: str, n_per_class: int, seed: int, side: int) -> tuple[ImageSet, Tensor]:
    return data.planted(reason, n_per_class, seed=seed, side=side)


def cover(pictures: ImageSet, masks: Tensor, what: str) -> ImageSet:
    """The pictures, with "nothing", "the planted thing" or "all else" painted in the picture's mean colour."""
    if what == "nothing":
        return pictures
    hidden = masks if what == "the planted thing" else ~masks
    return pictures.changed(lambda images: torch.where(hidden[:, None], pixels.block_average(images, 1), images))


# --- EuroSAT ---


@lru_cache(maxsize=2)
def eurosat(n: int | None) -> ImageSet:
    """All of real EuroSAT, or `n` pictures of it or of its stand-in, whose rows count from 0."""
    if n is None:
        return data.load("eurosat", source="real")
    return data.load("eurosat").subset(n).changed(lambda images: images)


def train_and_test(settings: Settings, seed: int) -> tuple[ImageSet, ImageSet]:
    """(`n_train` training, `n_test` test pictures) of a split 80/10/10; validation is not looked at."""
    train, _, test = eurosat(settings["pictures"]).split(seed=seed)
    n_train, n_test = (min(settings[f"n_{part}"], len(full) - 1) for part, full in (("train", train), ("test", test)))
    return train.subset(n_train, seed=seed), test.subset(n_test, seed=seed)
