"""The networks of lessons 4a and 4b, and their training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields

import torch
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


def he(model: nn.Module, x: Tensor, seed: int) -> None:
    """Weights with a variance of 2 over the inputs of a unit, biases 0: layers of ReLUs keep the size of their signal.

    He, Zhang, Ren, Sun: Delving deep into rectifiers, 2015, eq. 10. torch's own variance is a sixth of it. `x` is not
    looked at.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for layer in _layers(model):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)


def lsuv(model: nn.Module, x: Tensor, seed: int) -> None:
    """Orthogonal weights, each layer's divided by the deviation of its outputs for `x`, which is 1 then; biases 0.

    Mishkin, Matas: All you need is a good init, 2016 ("layer-sequential unit-variance"). Without a bias outputs grow
    as the weights do, so one division does what their loop does.
    """
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        for layer in _layers(model):
            nn.init.orthogonal_(layer.weight)
            nn.init.zeros_(layer.bias)
        for layer in _layers(model):
            layer.weight.div_(_outputs(model, layer, x).std())


INITIALIZED = {"He's": he, "LSUV": lsuv}


def _layers(model: nn.Module) -> list[nn.Conv2d | nn.Linear]:
    return [layer for layer in model.modules() if isinstance(layer, nn.Conv2d | nn.Linear)]


def _outputs(model: nn.Module, layer: nn.Module, x: Tensor) -> Tensor:
    """What `layer` gives when `model` is asked about `x`."""
    kept: list[Tensor] = []
    hook = layer.register_forward_hook(lambda *called: kept.append(called[-1]))
    model(x)
    hook.remove()
    return kept[0]


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
