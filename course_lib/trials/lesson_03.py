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
    _probe(pictures, "colour alone, 64 px", features.colour_statistics(pictures), seeds, {"of": "colour"})
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


def advice() -> list[tuple[str, str]]:
    """(what people say, what the evidence says) for each piece of advice that lesson 3 puts on trial."""
    probe, start, drift = summary("probe_backbones"), summary("probe_or_finetune"), summary("frozen_batchnorm")
    frozen, random, large = (
        probe[f"{NETWORK}, {which}"] for which in ("ImageNet, 64 px", "random, 64 px", "ImageNet, 128 px")
    )
    tuned, scratch = start["fine-tuned from ImageNet"], start["trained from scratch"]
    best = {kind: max(points.values(), key=lambda s: s.mean) for kind, points in optimizer_curves().items()}
    return [
        (
            "Photographs of dogs cannot help with satellite pictures.",
            f"Refuted. Frozen with ImageNet's weights: {frozen}; with random ones: {random}.",
        ),
        ("A probe on a frozen network is enough.", f"Refuted here. Probe: {frozen}; fine-tuned: {tuned}."),
        (
            "You cannot train from scratch on so few pictures.",
            f"Refuted, but the start helps. From scratch: {scratch}; from ImageNet: {tuned}.",
        ),
        (
            "Enlarge small pictures before a pretrained network sees them.",
            f"Supported for a frozen one. 64 px: {frozen}; 128 px: {large}; four times the MACs.",
        ),
        ("Use Adam, not SGD.", f"AdamW at its best rate: {best['adamw']}; SGD at its best: {best['sgd']}."),
        (
            "Set requires_grad = False, and the backbone is frozen.",
            f"Refuted. BatchNorm left to drift: {drift['statistics drift']}; kept: {drift['statistics stay']}.",
        ),
    ]


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
            shown = ImageSet.of(change(test.images), test.labels, test.classes, test.source) if change else test
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
    """A probe that was fitted on changed pictures, too: is the answer still in there for one who looks for it?"""
    backbone = models.backbone(NETWORK, weights="real")
    for name, change in CHANGES.items():
        changed = ImageSet.of(change(pictures.images), pictures.labels, pictures.classes, pictures.source)
        found = features.extract(backbone, changed)
        _probe(pictures, name, found, seeds, {"change": name, "of": NETWORK}, trial="taken_away_probe")


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
    trials = {f.__name__: f for f in (batchnorm, learning_rates, probes, relearned, fine_tuned, from_scratch)}
    pictures = data.load("eurosat", source="real")
    for name in names or trials:
        trials[name](pictures, range(5 if name in ("probes", "relearned") else 3))


if __name__ == "__main__":
    main(sys.argv[1:])
