"""The experiments and trials of lesson 3, on real EuroSAT: `course trials list` names them.

Every run splits 80/10/10 anew by its seed and reports accuracy on the test part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache, partial

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor

from .. import data, features, models, pixels, training
from ..data import ImageSet
from .evidence import Summary
from .trial import Experiment, Trial

LESSON = "03_transfer_learning_eurosat"
NETWORK = "mobilenet_v2_035"
SMALL = 1_500  # pictures in a rerun that a learner waits for
POINT = 0.01

Recipe = Mapping[str, object]
Change = Callable[[Tensor], Tensor]
CHANGES: dict[str, Change] = {
    "nothing": lambda images: images,
    "colour: grey": pixels.grey,
    "layout: 16-pixel patches dealt anew": partial(pixels.shuffle_patches, patch=16),
    "layout: 8-pixel patches dealt anew": partial(pixels.shuffle_patches, patch=8),
    "detail: blocks of 4 pixels": partial(pixels.block_average, size=16),
    "all but the mean colour": partial(pixels.block_average, size=1),
}


# --- pictures ---


@lru_cache(maxsize=2)
def _pictures(n: int | None) -> ImageSet:
    """All of real EuroSAT, or `n` pictures of it or of its stand-in, whose rows count from 0."""
    if n is None:
        return data.load("eurosat", source="real")
    return data.load("eurosat").subset(n).changed(CHANGES["nothing"])


def _backbone(name: str, weights: str, n: int | None, seed: int = 0) -> models.Backbone:
    """The evidence insists on the real weights; a small rerun takes a stand-in for them, with a warning."""
    return models.backbone(name, weights="any" if n and weights == "real" else weights, seed=seed)


def _result(value: float, test: ImageSet, seconds: float) -> dict[str, object]:
    return {"value": float(value), "n": len(test), "seconds": round(seconds, 2), "source": test.source}


# --- probes on frozen networks ---


def _backbone_probe(name: str, weights: str, size: int) -> tuple[str, Recipe]:
    seen = "random" if weights == "random" else "textures" if name == "texture_net" else "ImageNet"
    return f"{name}, {seen}, {size} px", {"of": name, "weights": weights, "size": size, "C": 0.01}


PROBED = dict(
    [
        ("six colour numbers, linear probe", {"of": "colour", "C": 0.01}),
        _backbone_probe("squeezenet1_1", "real", 64),
        _backbone_probe("squeezenet1_1", "random", 64),
        _backbone_probe("mobilenet_v2_035", "real", 64),
        _backbone_probe("mobilenet_v2_035", "random", 64),
        _backbone_probe("texture_net", "real", 64),
        _backbone_probe("texture_net", "random", 64),
        _backbone_probe("squeezenet1_1", "real", 128),
        _backbone_probe("mobilenet_v2_035", "real", 128),
        _backbone_probe("texture_net", "real", 128),
    ]
)


def run_probe(variant: str, seed: int, n: int | None = None) -> dict[str, object]:
    """A linear probe on a backbone at 64 or 128 pixels, or on colour alone."""
    recipe, pictures = PROBED[variant], _pictures(n)
    if recipe["of"] == "colour":
        return _probe(features.colour_statistics(pictures), pictures, seed)
    backbone = _backbone(recipe["of"], recipe["weights"], n)
    return _probe(features.extract(backbone, pictures, size=recipe["size"], progress=False), pictures, seed)


def _probe(found: np.ndarray, pictures: ImageSet, seed: int) -> dict[str, object]:
    start = time.perf_counter()
    train, _, test = pictures.split(seed=seed)
    result = features.probe(found[train.rows], train.labels, found[test.rows], test.labels)
    return _result(result.accuracy, test, time.perf_counter() - start)


def run_trees(variant: str, seed: int, n: int | None = None) -> dict[str, object]:
    """Boosted trees on the six colour numbers: the floor that the lesson sets."""
    pictures = _pictures(n)
    found, start = features.colour_statistics(pictures), time.perf_counter()
    train, _, test = pictures.split(seed=seed)
    trees = HistGradientBoostingClassifier(random_state=seed).fit(found[train.rows], train.labels.numpy())
    accuracy = trees.score(found[test.rows], test.labels.numpy())
    return _result(accuracy, test, time.perf_counter() - start)


def _changed_features(change: str, n: int | None) -> np.ndarray:
    backbone = _backbone(NETWORK, "real", n)
    return features.extract(backbone, _pictures(n).changed(CHANGES[change]), progress=False)


def run_prepared(variant: str, seed: int, n: int | None = None) -> dict[str, object]:
    """A probe fitted on changed pictures and tested on them: is the answer still in there?"""
    return _probe(_changed_features(variant, n), _pictures(n), seed)


def run_unprepared(variant: str, seed: int, n: int | None = None) -> dict[str, object]:
    """A probe fitted on pictures as they are and tested on changed ones: what did it rely on?"""
    start = time.perf_counter()
    test = _pictures(n).split(seed=seed)[2]
    found = _changed_features(variant, n)[test.rows]
    accuracy = _fitted(seed, n).model.score(found, test.labels.numpy())
    return _result(accuracy, test, time.perf_counter() - start)


@lru_cache(maxsize=1)
def _fitted(seed: int, n: int | None) -> features.Probe:
    train, _, test = _pictures(n).split(seed=seed)
    untouched = _changed_features("nothing", n)
    return features.probe(untouched[train.rows], train.labels, untouched[test.rows], test.labels)


# --- networks that are trained ---


def _recipe(settings: training.Settings, **model: object) -> Recipe:
    """All that decides a training besides its seed."""
    decided = {name: value for name, value in asdict(settings).items() if name != "seed"}
    usual = {"n_train": None, "name": NETWORK, "weights": "real", "pooling": "mean", "frozen": False, "drifts": False}
    return decided | usual | model


def _rates(optimizer: str, *rates: float) -> dict[str, Recipe]:
    return {
        f"{optimizer} {rate:g}": _recipe(
            training.Settings(epochs=3, optimizer=optimizer, peak_lr=rate),
            n_train=5_000, name="squeezenet1_1", pooling="mean+max",
        )
        for rate in rates
    }  # fmt: skip


STARTS = {
    "fine-tuned from ImageNet": _recipe(training.Settings(peak_lr=3e-3)),
    "trained from scratch": _recipe(training.Settings(peak_lr=3e-3), weights="random"),
}
# In the order of their first runs, in which the lesson's figure lists them.
RATES = _rates("adamw", 1e-4, 3e-4, 1e-3, 3e-3, 1e-2) | _rates("sgd", 1e-3, 3e-3, 1e-2, 3e-2, 1e-4, 3e-4)
FROZEN = {
    name: _recipe(training.Settings(epochs=3, peak_lr=3e-3), n_train=5_000, frozen=True, drifts=drifts)
    for name, drifts in (("statistics stay", False), ("statistics drift", True))
}


def run_training(recipes: Mapping[str, Recipe], variant: str, seed: int, n: int | None = None) -> dict[str, object]:
    """Train the network of `recipes[variant]`; one that diverges is as good as guessing."""
    test = _pictures(n).split(seed=seed)[2]
    try:
        model, seconds = _trained(recipes[variant], seed, n)
    except FloatingPointError:
        return _result(1 / len(test.classes), test, 0.0)
    return _result(_accuracy(model, test, test.labels), test, seconds)


def run_taken_away(variant: str, seed: int, n: int | None = None) -> dict[str, object]:
    """The network that was fine-tuned from ImageNet, on test pictures from which something was taken."""
    test = _pictures(n).split(seed=seed)[2]
    model, seconds = _fine_tuned(seed, n)
    return _result(_accuracy(model, test.changed(CHANGES[variant]), test.labels), test, seconds)


@lru_cache(maxsize=1)
def _fine_tuned(seed: int, n: int | None) -> tuple[models.Classifier, float]:
    return _trained(STARTS["fine-tuned from ImageNet"], seed, n)


def _trained(recipe: Recipe, seed: int, n: int | None) -> tuple[models.Classifier, float]:
    """(network, seconds of training)."""
    train, val, _ = _pictures(n).split(seed=seed)
    if recipe["n_train"]:
        train = train.subset(min(recipe["n_train"], len(train)), seed=seed)
    kind = DriftingClassifier if recipe["drifts"] else models.Classifier
    backbone = _backbone(recipe["name"], recipe["weights"], n, seed)
    model = kind(backbone, train.classes, frozen=recipe["frozen"], pooling=recipe["pooling"], seed=seed)
    decided = {name: recipe[name] for name in asdict(training.Settings()) if name != "seed"}
    record = training.fit(model, train, val, training.Settings(**decided, seed=seed), progress=False)
    return model, record.seconds


def _accuracy(model: models.Classifier, shown: ImageSet, labels: Tensor) -> float:
    return (training.predict(model, shown).argmax(dim=1) == labels).float().mean().item()


class DriftingClassifier(models.Classifier):
    """The bug on trial: no gradients reach the backbone, but `train()` switches its BatchNorm, too."""

    def train(self, mode: bool = True) -> DriftingClassifier:
        torch.nn.Module.train(self, mode)
        return self


# --- the experiments ---


def _experiment(name: str, run: Callable, variants: Mapping[str, Recipe], metric: str = "test accuracy") -> Experiment:
    return Experiment(name=name, run=run, quick=partial(run, n=SMALL), variants=variants, metric=metric)


EXPERIMENTS = (
    PROBES := _experiment("probe_backbones", run_probe, PROBED, "accuracy of a probe"),
    START := _experiment("probe_or_finetune", partial(run_training, STARTS), STARTS),
    OPTIMIZERS := _experiment("sgd_or_adam", partial(run_training, RATES), RATES),
    BATCHNORM := _experiment("frozen_batchnorm", partial(run_training, FROZEN), FROZEN),
    _experiment("colour_floor", run_trees, {"six colour numbers, boosted trees": {"of": "colour", "model": "trees"}}),
    _experiment(
        "taken_away",
        run_taken_away,
        {name: STARTS["fine-tuned from ImageNet"] | {"change": name} for name in CHANGES},
    ),
    _experiment(
        "taken_away_probe",
        run_prepared,
        {name: {"change": name, "of": NETWORK, "C": 0.01} for name in CHANGES},
        "accuracy of a probe",
    ),
    _experiment(
        "taken_away_unprepared",
        run_unprepared,
        {name: {"change": name, "of": NETWORK} for name in CHANGES},
        "accuracy of a probe",
    ),
)

# --- the advice ---

_trial = partial(Trial, smallest_effect=POINT, lesson=LESSON)
PROBE = PROBES[f"{NETWORK}, ImageNet, 64 px"]
TUNED = START["fine-tuned from ImageNet"]

TRIALS = (
    _trial(
        name="photographs",
        claim="Photographs of dogs cannot help with satellite pictures.",
        says="no better",
        variant=PROBE,
        baseline=PROBES[f"{NETWORK}, random, 64 px"],
    ),
    _trial(
        name="probe_is_enough",
        claim="A probe on a frozen network is as good as fine-tuning.",
        says="no better",
        variant=TUNED,
        baseline=PROBE,
    ),
    _trial(
        name="any_start",
        claim="The start does not matter: training for six epochs evens it out.",
        says="no better",
        variant=TUNED,
        baseline=START["trained from scratch"],
    ),
    _trial(
        name="enlarging",
        claim="Enlarging small pictures is pointless: it adds no information.",
        says="no better",
        variant=PROBES[f"{NETWORK}, ImageNet, 128 px"],
        baseline=PROBE,
    ),
    _trial(
        name="adam_or_sgd",
        claim="AdamW beats SGD, each at its best learning rate.",
        variant=OPTIMIZERS["adamw 0.003"],
        baseline=OPTIMIZERS["sgd 0.003"],
    ),
    _trial(
        name="requires_grad",
        claim="Set requires_grad = False, and the backbone is frozen.",
        says="no better",
        variant=BATCHNORM["statistics stay"],
        baseline=BATCHNORM["statistics drift"],
    ),
)

# --- what the lesson shows of them ---


def backbone_costs() -> list[tuple[str, float, Summary]]:
    """(name and size, million MACs a picture, accuracy of the probe) of each pretrained backbone in the evidence."""
    found = []
    for variant, probed in PROBES.summary().items():
        name, size = PROBED[variant]["of"], PROBED[variant].get("size")
        if size and PROBED[variant]["weights"] != "random":
            macs = models.cost(models.backbone(name, weights="random"), size=size).macs / 1e6
            found.append((f"{name}, {size} px", macs, probed))
    return found


def optimizer_curves() -> dict[str, dict[float, Summary]]:
    """Optimizer → peak learning rate → what came out, from the evidence."""
    found: dict[str, dict[float, Summary]] = {"adamw": {}, "sgd": {}}
    for variant, result in OPTIMIZERS.summary().items():
        kind, rate = variant.split()
        found[kind][float(rate)] = result
    return found


def advice() -> list[tuple[str, str]]:
    """(what people say, what the evidence says) for each piece of advice that lesson 3 puts on trial."""
    probe, start, drift = PROBES.summary(), START.summary(), BATCHNORM.summary()
    frozen, random = probe[f"{NETWORK}, ImageNet, 64 px"], probe[f"{NETWORK}, random, 64 px"]
    large = probe[f"{NETWORK}, ImageNet, 128 px"]
    tuned, scratch = start["fine-tuned from ImageNet"], start["trained from scratch"]
    adam, sgd = (max(points.values(), key=lambda s: s.mean) for points in optimizer_curves().values())
    drifted, kept = drift["statistics drift"], drift["statistics stay"]
    found = (
        f"{_false_if(frozen.low > random.high)} Frozen, ImageNet's weights: {frozen}; random ones: {random}.",
        f"{_false_if(tuned.low > frozen.high)} Probe: {frozen}; fine-tuned: {tuned}.",
        f"{_false_if(tuned.low > scratch.high)} From random weights: {scratch}; from ImageNet's: {tuned}.",
        f"{_false_if(large.low > frozen.high)} 64 px: {frozen}; 128 px: {large}; four times the MACs.",
        f"{_overlap(adam, sgd)} AdamW: {adam}; SGD: {sgd}.",
        f"{_false_if(drifted.high < kept.low)} BatchNorm left to drift: {drifted}; kept: {kept}.",
    )
    return list(zip((trial.claim for trial in TRIALS), found, strict=True))


def _overlap(claimed_better: Summary, other: Summary) -> str:
    if claimed_better.low > other.high:
        return "True, here."
    return "False, here." if other.low > claimed_better.high else "Undecided: the ranges over seeds overlap."


def _false_if(refuted: bool) -> str:
    return "False, here." if refuted else "Not refuted here."
