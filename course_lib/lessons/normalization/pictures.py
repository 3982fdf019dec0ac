"""The pictures of lessons 4a and 4b: real EuroSAT, whose parts are drawn anew by each seed, and generated hues."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from ... import data
from ...data import ImageSet

Settings = Mapping[str, object]
# What decides generated hues, besides how many there are: the knobs of `data.spectrograms`.
KNOBS = (
    "hue", "hue_gap", "hue_spread", "saturation", "saturation_spread", "brightness", "brightness_spread", "grain",
    "stripes", "side",
)  # fmt: skip


@lru_cache(maxsize=2)
def eurosat(n: int | None) -> ImageSet:
    """All of real EuroSAT, or `n` pictures of it or of its stand-in, whose rows count from 0."""
    if n is None:
        return data.load("eurosat", source="real")
    return data.load("eurosat").subset(n).changed(lambda images: images)


def train_and_test(settings: Settings, seed: int) -> tuple[ImageSet, ImageSet]:
    """(`n_train` training, `n_test` test pictures) of a split 80/10/10; validation is not looked at."""
    train, _, test = eurosat(settings["pictures"]).split(seed=seed)
    n_train, n_test = settings["n_train"], settings["n_test"]
    return train.subset(min(n_train, len(train)), seed=seed), test.subset(min(n_test, len(test)), seed=seed)


@lru_cache(maxsize=2)
def drawn(n: int | None, n_drawn: int) -> ImageSet:
    """`n_drawn` pictures of `eurosat(n)`, the same for every seed, whose rows count from 0: each seed splits them."""
    pictures = eurosat(n)
    return pictures.subset(min(n_drawn, len(pictures) - 1)).changed(lambda images: images)


def hues(settings: Settings, seed: int) -> tuple[ImageSet, ImageSet]:
    """(training, test pictures), `n_per_class` each, of two classes that differ in hue (`KNOBS`)."""
    knobs, n = {name: settings[name] for name in KNOBS}, settings["n_per_class"]
    train, test = (data.spectrograms(n, kind="controlled", seed=2 * seed + part, **knobs) for part in (0, 1))
    return train, test
