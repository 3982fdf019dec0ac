"""The trials of lesson 3, on real EuroSAT. `python -m course_lib.trials.lesson_03` fills `evidence/`.

Every run splits 80/10/10 anew by its seed and reports accuracy on the test part; runs that are stored are
not repeated.
"""

from __future__ import annotations

import dataclasses
import functools
import sys
import time
from collections.abc import Callable

import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import Tensor

from .. import data, features, models, pixels, training
from ..data import ImageSet
from .evidence import Summary, digest, measure, summary

NETWORK = "mobilenet_v2_035"
FULL = training.Settings(peak_lr=3e-3)
SHORT = training.Settings(epochs=3)
SHORT_N = 5_000

LEARNING_RATES = {
    "adamw": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2),
    "sgd": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2),
}
Change = Callable[[Tensor], Tensor]
CHANGES: dict[str, Change] = {
    "nothing": lambda images: images,
    "colour: grey": pixels.grey,
    "layout: 16-pixel patches dealt anew": functools.partial(pixels.shuffle_patches, patch=16),
    "layout: 8-pixel patches dealt anew": functools.partial(pixels.shuffle_patches, patch=8),
    "detail: blocks of 4 pixels": functools.partial(pixels.block_average, size=16),
    "all but the mean colour": functools.partial(pixels.block_average, size=1),
}
PROBES = [
    ("squeezenet1_1", "real", 64),
    ("squeezenet1_1", "random", 64),
    ("mobilenet_v2_035", "real", 64),
    ("mobilenet_v2_035", "random", 64),
    ("texture_net", "real", 64),
    ("texture_net", "random", 64),
    ("squeezenet1_1", "real", 128),
    ("mobilenet_v2_035", "real", 128),
    ("texture_net", "real", 128),
]


def probes(pictures: ImageSet, seeds: range) -> None:
    """A linear probe on every backbone that is at hand, at 64 and at 128 pixels, and on colour alone."""
    _probe(pictures, "six colour numbers, linear probe", features.colour_statistics(pictures), seeds, {"of": "colour"})
    for name, weights, size in PROBES:
        backbone = models.backbone(name, weights=weights)
        found = features.extract(backbone, pictures, size=size)
        variant = f"{name}, {backbone.weights}, {size} px"
        _probe(pictures, variant, found, seeds, {"of": name, "weights": weights, "size": size})


def backbone_costs() -> list[tuple[str, float, Summary]]:
    """(name and size, million MACs a picture, accuracy of the probe) of each pretrained backbone in the evidence."""
    found = []
    probed = summary("probe_backbones")
    for name, weights, size in PROBES:
        if weights == "random":
            continue
        seen = "textures" if name == "texture_net" else "ImageNet"
        macs = models.cost(models.backbone(name, weights="random"), size=size).macs / 1e6
        found.append((f"{name}, {size} px", macs, probed[f"{name}, {seen}, {size} px"]))
    return found


def colour_trees(pictures: ImageSet, seeds: range) -> None:
    """Boosted trees on the six colour numbers: the floor that the lesson sets, over splits."""
    found = features.colour_statistics(pictures)
    for seed in seeds:

        def run(seed: int = seed) -> dict:
            start = time.perf_counter()
            train, _, test = pictures.split(seed=seed)
            trees = HistGradientBoostingClassifier(random_state=seed).fit(found[train.rows], train.labels.numpy())
            accuracy = trees.score(found[test.rows], test.labels.numpy())
            return _record(float(accuracy), test, time.perf_counter() - start)

        measure("colour_floor", "six colour numbers, boosted trees", seed, digest(of="colour", model="trees"), run)


def advice() -> list[tuple[str, str]]:
    """(what people say, what the evidence says) for each piece of advice that lesson 3 puts on trial."""
    probe, start, drift = summary("probe_backbones"), summary("probe_or_finetune"), summary("frozen_batchnorm")
    frozen, random = probe[f"{NETWORK}, ImageNet, 64 px"], probe[f"{NETWORK}, random, 64 px"]
    large = probe[f"{NETWORK}, ImageNet, 128 px"]
    tuned, scratch = start["fine-tuned from ImageNet"], start["trained from scratch"]
    adam, sgd = (max(points.values(), key=lambda s: s.mean) for points in optimizer_curves().values())
    drifted, kept = drift["statistics drift"], drift["statistics stay"]
    return [
        (
            "Photographs of dogs cannot help with satellite pictures.",
            f"{_false_if(frozen.low > random.high)} Frozen, ImageNet's weights: {frozen}; random ones: {random}.",
        ),
        (
            "A probe on a frozen network is as good as fine-tuning.",
            f"{_false_if(tuned.low > frozen.high)} Probe: {frozen}; fine-tuned: {tuned}.",
        ),
        (
            "The start does not matter: training for six epochs evens it out.",
            f"{_false_if(tuned.low > scratch.high)} From random weights: {scratch}; from ImageNet's: {tuned}.",
        ),
        (
            "Enlarging small pictures is pointless: it adds no information.",
            f"{_false_if(large.low > frozen.high)} 64 px: {frozen}; 128 px: {large}; four times the MACs.",
        ),
        (
            "AdamW beats SGD, each at its best learning rate.",
            f"{_overlap(adam, sgd)} AdamW: {adam}; SGD: {sgd}.",
        ),
        (
            "Set requires_grad = False, and the backbone is frozen.",
            f"{_false_if(drifted.high < kept.low)} BatchNorm left to drift: {drifted}; kept: {kept}.",
        ),
    ]


def _overlap(claimed_better: Summary, other: Summary) -> str:
    if claimed_better.low > other.high:
        return "True, here."
    return "False, here." if other.low > claimed_better.high else "Undecided: the ranges over seeds overlap."


def _false_if(refuted: bool) -> str:
    return "False, here." if refuted else "Not refuted here."


def optimizer_curves() -> dict[str, dict[float, Summary]]:
    """Optimizer → peak learning rate → what came out, from the evidence."""
    found: dict[str, dict[float, Summary]] = {kind: {} for kind in LEARNING_RATES}
    for variant, result in summary("sgd_or_adam").items():
        kind, rate = variant.split()
        found[kind][float(rate)] = result
    return found


def _probe(
    pictures: ImageSet, variant: str, found, seeds: range, settings: dict, trial: str = "probe_backbones"
) -> None:
    for seed in seeds:

        def run(seed: int = seed) -> dict:
            start = time.perf_counter()
            train, _, test = pictures.split(seed=seed)
            result = features.probe(found[train.rows], train.labels, found[test.rows], test.labels)
            return _record(result.accuracy, test, time.perf_counter() - start)

        measure(trial, variant, seed, digest(**settings, C=0.01), run)


def from_scratch(pictures: ImageSet, seeds: range) -> None:
    """The same network, trained with the same settings, from random weights."""
    for seed in seeds:
        settings = dataclasses.replace(FULL, seed=seed)
        _train(
            "probe_or_finetune",
            "trained from scratch",
            pictures,
            settings,
            name=NETWORK,
            weights="random",
            pooling="mean",
        )


def fine_tuned(pictures: ImageSet, seeds: range) -> None:
    """Fine-tuned from ImageNet's weights; then the same networks on pictures from which something was taken."""
    for seed in seeds:
        settings = dataclasses.replace(FULL, seed=seed)
        test = pictures.split(seed=seed)[2]
        trained = functools.cache(functools.partial(_fine_tuned_model, pictures, settings))

        def run(change: Change | None = None, test=test, trained=trained) -> dict:
            model, seconds = trained()
            shown = test.changed(change) if change else test
            right = training.predict(model, shown).argmax(dim=1) == test.labels
            return _record(right.float().mean().item(), test, seconds)

        key = digest(**dataclasses.asdict(settings), name=NETWORK, weights="real", pooling="mean")
        measure("probe_or_finetune", "fine-tuned from ImageNet", seed, key, run)
        for name, change in CHANGES.items():
            measure("taken_away", name, seed, key, functools.partial(run, change))


def _fine_tuned_model(pictures: ImageSet, settings: training.Settings) -> tuple[models.Classifier, float]:
    train, val, _ = pictures.split(seed=settings.seed)
    backbone = models.backbone(NETWORK, weights="real")
    model = models.Classifier(backbone, pictures.classes, pooling="mean", seed=settings.seed)
    return model, training.fit(model, train, val, settings).seconds


def relearned(pictures: ImageSet, seeds: range) -> None:
    """One frozen network, two probes: one fitted on pictures as they are, one on changed ones; both see changed ones.

    The first tells what was relied on, the second whether the answer is still in there for one who looks for it.
    """
    backbone = models.backbone(NETWORK, weights="real")
    found = {}
    for name, change in CHANGES.items():
        found[name] = features.extract(backbone, pictures.changed(change))
        _probe(pictures, name, found[name], seeds, {"change": name, "of": NETWORK}, trial="taken_away_probe")
    for seed in seeds:
        train, _, test = pictures.split(seed=seed)

        @functools.cache
        def fitted(train: ImageSet = train, test: ImageSet = test) -> features.Probe:
            untouched = found["nothing"]
            return features.probe(untouched[train.rows], train.labels, untouched[test.rows], test.labels)

        for name in CHANGES:

            def run(name: str = name, test: ImageSet = test, fitted=fitted) -> dict:
                start = time.perf_counter()
                accuracy = fitted().model.score(found[name][test.rows], test.labels.numpy())
                return _record(float(accuracy), test, time.perf_counter() - start)

            measure("taken_away_unprepared", name, seed, digest(change=name, of=NETWORK), run)


def learning_rates(pictures: ImageSet, seeds: range) -> None:
    """SGD and AdamW over a grid of peak learning rates: 5,000 pictures, three epochs."""
    for seed in seeds:
        for optimizer, rates in LEARNING_RATES.items():
            for rate in rates:
                settings = dataclasses.replace(SHORT, optimizer=optimizer, peak_lr=rate, seed=seed)
                _train("sgd_or_adam", f"{optimizer} {rate:g}", pictures, settings, n_train=SHORT_N)


def batchnorm(pictures: ImageSet, seeds: range) -> None:
    """A frozen MobileNetV2 under a new head, its BatchNorm left in inference mode, or drifting."""
    for seed in seeds:
        for drifts in (False, True):
            settings = dataclasses.replace(SHORT, peak_lr=3e-3, seed=seed)
            variant = "statistics drift" if drifts else "statistics stay"
            _train("frozen_batchnorm", variant, pictures, settings, n_train=SHORT_N, frozen=True,
                   drifts=drifts, name="mobilenet_v2_035", pooling="mean")  # fmt: skip


class DriftingClassifier(models.Classifier):
    """The bug on trial: no gradients reach the backbone, but `train()` switches its BatchNorm, too."""

    def train(self, mode: bool = True) -> DriftingClassifier:
        torch.nn.Module.train(self, mode)
        return self


def _train(
    trial: str,
    variant: str,
    pictures: ImageSet,
    settings: training.Settings,
    *,
    n_train: int | None = None,
    name: str = "squeezenet1_1",
    weights: str = "real",
    pooling: str = "mean+max",
    frozen: bool = False,
    drifts: bool = False,
) -> None:
    def run() -> dict:
        train, val, test = pictures.split(seed=settings.seed)
        train = train.subset(n_train, seed=settings.seed) if n_train else train
        kind = DriftingClassifier if drifts else models.Classifier
        backbone = models.backbone(name, weights=weights, seed=settings.seed)
        model = kind(backbone, pictures.classes, frozen=frozen, pooling=pooling, seed=settings.seed)
        try:
            record = training.fit(model, train, val, settings)
        except FloatingPointError:
            return _record(1 / len(pictures.classes), test, 0.0)  # diverged: as good as guessing
        right = training.predict(model, test).argmax(dim=1) == test.labels
        return _record(right.float().mean().item(), test, record.seconds)

    key = digest(**dataclasses.asdict(settings), n_train=n_train, name=name, weights=weights,
                 pooling=pooling, frozen=frozen, drifts=drifts)  # fmt: skip
    measure(trial, variant, settings.seed, key, run)


def _record(value: float, test: ImageSet, seconds: float) -> dict:
    device = training.device_name(torch.device(training.best_device()))
    return {
        "value": value,
        "n": len(test),
        "seconds": round(seconds, 2),
        "device": device,
        "source": test.source,
        "versions": training.versions(),
    }


def main(names: list[str]) -> None:
    """Run the trials called `names`, or all."""
    trials = {
        f.__name__: f for f in (batchnorm, colour_trees, learning_rates, probes, relearned, fine_tuned, from_scratch)
    }
    pictures = data.load("eurosat", source="real")
    for name in names or trials:
        trials[name](pictures, range(5 if name in ("probes", "relearned", "colour_trees") else 3))


if __name__ == "__main__":
    main(sys.argv[1:])
