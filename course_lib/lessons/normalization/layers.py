"""The runs of lesson 4b about normalization inside a network: kinds of layers, and the size of a batch.

Settings that all have, but where pictures are generated: `pictures` is how many of EuroSAT are used, None for all.
What a setting means stands at the function that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import lru_cache

import torch
from torch import nn

from ... import models
from ...data import ImageSet
from ...models.norm import freeze_norm, with_norm
from ...pixels import Standardize
from ...study import Result
from .networks import TRAINING, accuracy, fit, fit_all, pretrained, small_network
from .pictures import hues, train_and_test

Settings = Mapping[str, object]


# --- kinds of layers ---


def train_on_land(settings: Settings, seed: int) -> Result:
    """Test accuracy on EuroSAT of a small network with one kind of normalization layer (`network_with_norm`)."""
    return _trained(*train_and_test(settings, seed), settings, seed)


def train_on_hues(settings: Settings, seed: int) -> Result:
    """As `train_on_land`, where nothing but the hue tells two classes apart."""
    return _trained(*hues(settings, seed), settings, seed)


def _trained(train: ImageSet, test: ImageSet, settings: Settings, seed: int) -> Result:
    model = network_with_norm(settings, train, seed)
    if not settings["padded"]:
        _take_padding_away(model)
    history = fit(model, train, test, settings, seed).history
    return Result({"test accuracy": history[-1].val_accuracy}, n=len(test), source=test.source)


def network_with_norm(settings: Settings, train: ImageSet, seed: int) -> nn.Module:
    """A small network that standardizes by `train`, with layers of the kind `norm` (in `groups`, for "group")."""
    model = small_network(settings, train.classes, Standardize.fitted(train), seed)
    groups = {"groups": settings["groups"]} if "groups" in settings else {}
    return with_norm(model, settings["norm"], **groups)


def _take_padding_away(model: nn.Module) -> None:
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.padding = (0, 0)


# --- small batches ---


def train_in_batches(settings: Settings, seed: int) -> Result:
    """Test accuracy after a training that all variants of one batch size and kind of layer share.

    The test comes in batches of `test_batch`, in the `order` "mixed" or "by class". Batch normalization takes the
    `averages` that are "running", or those "of the batch".
    """
    test = train_and_test(settings, seed)[1]
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(seed))
    if settings["order"] == "by class":
        order = order[test.labels[order].argsort(stable=True)]
    model = deepcopy(_trained_once(_decided(settings), seed)).train(settings["averages"] == "of the batch")
    right = _answers(model, test, order.split(settings["test_batch"])) == test.labels[order]
    return Result({"test accuracy": right.float().mean().item()}, n=len(test), source=test.source)


def _answers(model: nn.Module, test: ImageSet, batches: Sequence[torch.Tensor]) -> torch.Tensor:
    """int64 [N]: the classes, batch by batch; `model` stays in the mode that it is in."""
    with torch.no_grad():
        return torch.cat([model(model.preprocessing(test.batch(rows))).argmax(dim=1) for rows in batches])


_NETWORK = ("pictures", "n_train", "n_test", "widths", "batch_norm", "norm", "groups")


def _decided(settings: Settings) -> tuple[tuple[str, object], ...]:
    """What decides the training, as a key for a cache."""
    return tuple((name, settings[name]) for name in (*_NETWORK, *TRAINING) if name in settings)


@lru_cache(maxsize=16)  # one seed's
def _trained_once(decided: tuple[tuple[str, object], ...], seed: int) -> nn.Module:
    settings = dict(decided)
    train, test = train_and_test(settings, seed)
    model = network_with_norm(settings, train, seed)
    fit_all(model, train, test, settings, seed)
    return model


def fine_tune_in_batches(settings: Settings, seed: int) -> Result:
    """Test accuracy of `network`, all of it trained on; its batch normalization is left out of that where `frozen`."""
    train, test = train_and_test(settings, seed)
    backbone = pretrained(settings["network"], settings["pictures"])
    model = models.Classifier(backbone, train.classes, pooling=settings["pooling"], seed=seed)
    if settings["frozen"]:
        freeze_norm(model)
    fit_all(model, train, test, settings, seed)
    return Result({"test accuracy": accuracy(model, test)}, n=len(test), source=test.source)
