"""The runs of lesson 3, on real EuroSAT. Every one splits 80/10/10 anew by its seed and is scored on the test part.

Settings that all have: `pictures` is how many are used, None for all. What a setting means stands at the function
that reads it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ... import data, features, models, pixels, training
from ...data import ImageSet
from ...study import Result

if TYPE_CHECKING:
    from sklearn.base import ClassifierMixin

Settings = Mapping[str, object]
# What can be done to pictures before a network sees them; the number is the side of a patch, or blocks in a row.
CHANGES: dict[str, Callable[[Tensor, int | None], Tensor]] = {
    "nothing": lambda images, _: images,
    "grey": lambda images, _: pixels.grey(images),
    "shuffle_patches": lambda images, side: pixels.shuffle_patches(images, patch=side),
    "block_average": lambda images, blocks: pixels.block_average(images, size=blocks),
}
Change = tuple[str, int | None]
UNCHANGED: Change = ("nothing", None)
TRAINING = tuple(field.name for field in fields(training.Settings) if field.name != "seed")


# --- probes ---


def probe(settings: Settings, seed: int) -> Result:
    """A linear probe with the inverse penalty `C` on `features`: "colour", the six numbers of each picture, or
    "backbone", the embeddings of the frozen network `name` with its `weights`, pictures enlarged to `size`.

    Where `pooling` is set, the embeddings are pooled in that way, else by mean and maximum.
    """
    pictures = eurosat(settings["pictures"])
    if settings["features"] == "colour":
        return _probe(features.colour_statistics(pictures), pictures, seed, settings["C"])
    backbone, size = _backbone(settings["name"], settings["weights"], settings["pictures"]), settings["size"]
    pooling = settings.get("pooling") or "mean+max"
    embeddings = features.extract(backbone, pictures, size=size, pooling=pooling, progress=False)
    return _probe(embeddings, pictures, seed, settings["C"])


COLOURS: dict[str, Callable[[ImageSet], np.ndarray]] = {
    "six numbers": features.colour_statistics,
    "histogram": features.colour_histogram,
    "54 numbers": features.colour_numbers,
}


def colour_alone(settings: Settings, seed: int) -> Result:
    """Trees on nothing but colours, in one of the ways of `COLOURS`: `trees` boosted ones, or as many extra trees."""
    pictures, most = eurosat(settings["pictures"]), settings["trees"]
    numbers, start = _colours(settings["colours"], settings["pictures"]), time.perf_counter()
    train, _, test = pictures.split(seed=seed)
    model = TREES[settings["kind"]](most, seed)
    accuracy = model.fit(numbers[train.rows], train.labels.numpy()).score(numbers[test.rows], test.labels.numpy())
    return _result(accuracy, test, time.perf_counter() - start)


def _boosted(most: int, seed: int) -> ClassifierMixin:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(random_state=seed, max_iter=most, learning_rate=0.1)


def _extra(most: int, seed: int) -> ClassifierMixin:
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(most, random_state=seed)


TREES: dict[str, Callable[[int, int], ClassifierMixin]] = {"boosted": _boosted, "extra": _extra}


@lru_cache(maxsize=3)
def _colours(name: str, n: int | None) -> np.ndarray:
    return COLOURS[name](eurosat(n))


def probe_prepared(settings: Settings, seed: int) -> Result:
    """A probe fitted on pictures after `change` (by its `number`) and tested on them: is the answer still in there?"""
    pictures = eurosat(settings["pictures"])
    embeddings = _embeddings(settings["name"], (settings["change"], settings["number"]), settings["pictures"])
    return _probe(embeddings, pictures, seed, settings["C"])


def probe_unprepared(settings: Settings, seed: int) -> Result:
    """A probe fitted on pictures as they are and tested on them after `change`: what did it rely on?"""
    start, name, n = time.perf_counter(), settings["name"], settings["pictures"]
    test = eurosat(n).split(seed=seed)[2]
    embeddings = _embeddings(name, (settings["change"], settings["number"]), n)[test.rows]
    accuracy = _fitted(name, settings["C"], seed, n).model.score(embeddings, test.labels.numpy())
    return _result(accuracy, test, time.perf_counter() - start)


@lru_cache(maxsize=1)
def _fitted(name: str, penalty: float, seed: int, n: int | None) -> features.Probe:
    train, _, test = eurosat(n).split(seed=seed)
    untouched = _embeddings(name, UNCHANGED, n)
    return features.probe(untouched[train.rows], train.labels, untouched[test.rows], test.labels, C=penalty)


def _embeddings(name: str, change: Change, n: int | None) -> np.ndarray:
    return features.extract(_backbone(name, "real", n), _changed(eurosat(n), change), progress=False)


def _changed(pictures: ImageSet, change: Change) -> ImageSet:
    kind, number = change
    return pictures.changed(lambda images: CHANGES[kind](images, number))


def _probe(embeddings: np.ndarray, pictures: ImageSet, seed: int, penalty: float) -> Result:
    start = time.perf_counter()
    train, _, test = pictures.split(seed=seed)
    probe = features.probe(embeddings[train.rows], train.labels, embeddings[test.rows], test.labels, C=penalty)
    return _result(probe.accuracy, test, time.perf_counter() - start)


# --- networks that are trained ---


def train_network(settings: Settings, seed: int) -> Result:
    """Train the backbone `name` from its `weights`, with a head behind `pooling`, on `n_train` pictures or all.

    `frozen` keeps the backbone as it is, but where `drifts` is true its BatchNorm is left in training mode. The other
    settings are `training.Settings`. A network that diverges is as good as guessing.
    """
    test = eurosat(settings["pictures"]).split(seed=seed)[2]
    try:
        model, seconds = _trained_once(_frozen(settings), seed)
    except FloatingPointError:
        return _result(1 / len(test.classes), test, 0.0)
    return _result(_accuracy(model, test, test.labels), test, seconds)


def take_away(settings: Settings, seed: int) -> Result:
    """The same network, on test pictures after `change`. Its training is shared by all changes, and with
    `train_network` where that ran just before in the same process."""
    test = eurosat(settings["pictures"]).split(seed=seed)[2]
    model, _ = _trained_once(_frozen(settings), seed)
    shown = _changed(test, (settings["change"], settings["number"]))
    return _result(_accuracy(model, shown, test.labels), test)


_NETWORK = ("pictures", "n_train", "name", "weights", "pooling", "frozen", "drifts")


def _frozen(settings: Settings) -> tuple[tuple[str, object], ...]:
    """What decides the training, as a key for a cache."""
    return tuple((name, settings[name]) for name in (*_NETWORK, *TRAINING))


@lru_cache(maxsize=1)
def _trained_once(settings: tuple[tuple[str, object], ...], seed: int) -> tuple[models.Classifier, float]:
    return _trained(settings, seed)


def _trained(settings: tuple[tuple[str, object], ...], seed: int) -> tuple[models.Classifier, float]:
    """(network, seconds of training)."""
    chosen = dict(settings)
    train, val, _ = eurosat(chosen["pictures"]).split(seed=seed)
    if chosen["n_train"]:
        train = train.subset(min(chosen["n_train"], len(train)), seed=seed)
    kind = DriftingClassifier if chosen["drifts"] else models.Classifier
    network = _backbone(chosen["name"], chosen["weights"], chosen["pictures"], seed)
    model = kind(network, train.classes, frozen=chosen["frozen"], pooling=chosen["pooling"], seed=seed)
    recipe = training.Settings(**{name: chosen[name] for name in TRAINING}, seed=seed)
    return model, training.fit(model, train, val, recipe, progress=False).seconds


def _accuracy(model: models.Classifier, shown: ImageSet, labels: Tensor) -> float:
    return (training.predict(model, shown).argmax(dim=1) == labels).float().mean().item()


class DriftingClassifier(models.Classifier):
    """The bug on trial: no gradients reach the backbone, but `train()` switches its BatchNorm, too."""

    def train(self, mode: bool = True) -> DriftingClassifier:
        torch.nn.Module.train(self, mode)
        return self


# --- pictures ---


@lru_cache(maxsize=2)
def eurosat(n: int | None) -> ImageSet:
    """All of real EuroSAT, or `n` pictures of it or of its stand-in, whose rows count from 0."""
    if n is None:
        return data.load("eurosat", source="real")
    return data.load("eurosat").subset(n).changed(lambda images: images)


def _backbone(name: str, weights: str, n: int | None, seed: int = 0) -> models.Backbone:
    """The evidence insists on the real weights; a small rerun takes a stand-in for them, with a warning."""
    return models.backbone(name, weights="any" if n and weights == "real" else weights, seed=seed)


def _result(accuracy: float, test: ImageSet, seconds: float | None = None) -> Result:
    return Result({"test accuracy": accuracy}, n=len(test), source=test.source, seconds=seconds)
