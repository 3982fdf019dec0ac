"""The networks of lesson 6 and their training. A network that several variants ask is trained once a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache

import torch
from torch import Tensor, nn

from ... import features, models, training
from ...data import ImageSet
from ...pixels import Standardize
from .pictures import changed, planted_train, train_and_test

Settings = Mapping[str, object]
Decided = tuple[tuple[str, object], ...]
"""The settings that decide a training, in a form that a cache takes."""

TRAINING = tuple(field.name for field in fields(training.Settings) if field.name != "seed")
SMALL = ("widths", "batch_norm")
PLANTED = ("reason", "n_per_class", "side", *SMALL, *TRAINING)
LAND = ("pictures", "n_train", "n_test", "network", "trained_on", *TRAINING)
LAND_BY_NETWORK = {"small": SMALL, "pretrained": ("backbone", "pooling")}


def train_small(train: ImageSet, settings: Settings, seed: int) -> models.SmallCNN:
    """A small network from random weights, its layers `widths` wide, trained on `train`."""
    model = models.SmallCNN(
        widths=settings["widths"],
        outputs=len(train.classes),
        batch_norm=settings["batch_norm"],
        preprocessing=Standardize.fitted(train),
        seed=seed,
    )
    return _fit(model, train, settings, seed)


def fine_tune(train: ImageSet, settings: Settings, seed: int, *, weights: str) -> models.Classifier:
    """`backbone`, all of it trained on from `weights` (as in `models.backbone`), with a head behind `pooling`."""
    backbone = models.backbone(settings["backbone"], weights=weights)
    model = models.Classifier(backbone, train.classes, pooling=settings["pooling"], seed=seed)
    return _fit(model, train, settings, seed)


def _fit(model: nn.Module, train: ImageSet, settings: Settings, seed: int) -> nn.Module:
    """`model`, trained; a look at twenty of its own pictures is all the validation that there is."""
    chosen = training.Settings(**{name: settings[name] for name in TRAINING}, seed=seed)
    training.fit(model, train, train.subset(min(20, len(train) - 1)), chosen, progress=False)
    return model.eval()


def planted_network(settings: Settings, seed: int) -> models.SmallCNN:
    """A small network that has learnt the planted reason of `pictures.planted_test(settings, seed)`."""
    return _planted_network(_decided(settings, PLANTED), seed)


@lru_cache(maxsize=4)
def _planted_network(decided: Decided, seed: int) -> models.SmallCNN:
    settings = dict(decided)
    return train_small(planted_train(settings, seed), settings, seed)


def land_network(settings: Settings, seed: int) -> nn.Module:
    """`network` "small" (`train_small`) or "pretrained" (`fine_tune`), trained on EuroSAT after `trained_on`."""
    return _land_network(land_network_settings(settings), seed)


def land_network_settings(settings: Settings) -> Decided:
    """What of `settings` decides a `land_network`."""
    return _decided(settings, (*LAND, *LAND_BY_NETWORK[settings["network"]]))


@lru_cache(maxsize=8)
def _land_network(decided: Decided, seed: int) -> nn.Module:
    settings = dict(decided)
    train = changed(train_and_test(settings, seed)[0], settings["trained_on"])
    if settings["network"] == "small":
        return train_small(train, settings, seed)
    # The evidence insists on real weights; a rerun on few pictures takes a stand-in for them.
    return fine_tune(train, settings, seed, weights="any" if settings["pictures"] else "real")


def _decided(settings: Settings, names: tuple[str, ...]) -> Decided:
    return tuple((name, settings[name]) for name in names)


def answers(model: nn.Module, pictures: ImageSet) -> Tensor:
    """int64 [N]: the class that `model` gives each picture."""
    return training.predict(model, pictures).argmax(dim=1)


def probed(backbone: str, train: ImageSet) -> models.Classifier:
    """A frozen backbone, and as its head a logistic regression on the mean of its last maps; in inference mode."""
    model = models.Classifier(models.backbone(backbone), train.classes, frozen=True, pooling="mean").eval()
    known = features.extract(model.backbone, train, pooling="mean", progress=False)
    scale, regression = (step for _, step in features.probe(known, train.labels, known, train.labels).model.steps)
    weight, bias = torch.tensor(regression.coef_ / scale.scale_), torch.tensor(regression.intercept_)
    bias = bias - weight @ torch.tensor(scale.mean_)
    if len(weight) == 1:  # of two classes scikit-learn keeps the second one's logit alone
        weight, bias = (torch.cat([torch.zeros_like(part), part]) for part in (weight, bias))
    with torch.no_grad():
        model.head[0].weight.copy_(weight)
        model.head[0].bias.copy_(bias)
    return model
