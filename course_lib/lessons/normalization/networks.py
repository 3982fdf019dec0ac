"""The networks of lesson 4, and their training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields

from torch import Tensor, nn

from ... import models, training
from ...data import ImageSet

Settings = Mapping[str, object]
Prepare = Callable[[Tensor], Tensor]
"""uint8 [B, 3, H, W] → float32 [B, 3, H, W]: what a network sees of pictures."""

TRAINING = tuple(field.name for field in fields(training.Settings) if field.name != "seed")


def small_network(settings: Settings, classes: Sequence[str], prepare: Prepare, seed: int) -> models.SmallCNN:
    """A small network with random weights: `widths` of its layers, batch normalization where `batch_norm`."""
    return models.SmallCNN(
        widths=settings["widths"],
        outputs=len(classes),
        batch_norm=settings["batch_norm"],
        preprocessing=prepare,
        seed=seed,
    )


def pretrained(name: str, pictures: int | None) -> models.Backbone:
    """The backbone `name`. The evidence insists on real weights; a rerun on a few `pictures` takes a stand-in."""
    return models.backbone(name, weights="any" if pictures else "real")


def fit(model: nn.Module, train: ImageSet, val: ImageSet, settings: Settings, seed: int) -> training.Run:
    """Train `model` in place, by the settings that `TRAINING` names. FloatingPointError where it diverges."""
    chosen = training.Settings(**{name: settings[name] for name in TRAINING}, seed=seed)
    return training.fit(model, train, val, chosen, progress=False)


def fit_all(model: nn.Module, train: ImageSet, test: ImageSet, settings: Settings, seed: int) -> None:
    """As `fit`, where nobody asks how it went on the way: 20 pictures stand for the validation."""
    fit(model, train, test.subset(min(20, len(test))), settings, seed)


def accuracy(model: nn.Module, test: ImageSet) -> float:
    """Share of `test` that `model` names right, 0–1."""
    return (training.predict(model, test).argmax(dim=1) == test.labels).float().mean().item()
