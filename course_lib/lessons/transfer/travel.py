"""The runs of 3c: fitted on one part of the map, tested on another. Every setting is a number or a word of the variant.

A line across the map has nothing random in it. So that seeds differ all the same, each leaves out other pictures: of
all of EuroSAT the share `kept` is drawn at random, each class in its share, and this is split.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ... import data, features, metrics, models, openset, pixels, training
from ...data import ImageSet
from ...study import Result
from . import experiments

Settings = Mapping[str, object]
Parts = tuple[ImageSet, ImageSet]


def across_the_map(settings: Settings, seed: int) -> Result:
    """Learn from one part and answer in the other, in one of the `WAYS`; how they are parted: `parts`."""
    pictures = experiments.eurosat(settings["pictures"])
    train, test = parts(on_the_map(pictures), settings, seed)
    start = time.perf_counter()
    logits = WAYS[settings["way"]](settings, train, test, seed)
    return measured(logits, train, test, time.perf_counter() - start)


# --- the map ---


def parts(pictures: ImageSet, settings: Settings, seed: int) -> Parts:
    """(train, test) of the share `kept` of `pictures`: `by` is "random", "longitude", "latitude", or a cell's degrees.

    `test` is the share of the test part; `reverse` lets a line go from east to west, or from north to south.
    """
    kept = pictures.subset(round(settings["kept"] * len(pictures)), seed=seed)
    by, reverse, shares = settings["by"], settings["reverse"], (1 - settings["test"], settings["test"])
    if by == "random":
        return kept.split(shares, seed=seed)
    return data.geographic_split(kept, shares, by=by, seed=seed, reverse=reverse)


def on_the_map(pictures: ImageSet) -> ImageSet:
    """`pictures` with their places; the stand-in borrows those of EuroSAT's pictures, class by class.

    So its classes lie where EuroSAT's lie, but a class looks the same everywhere: a split by place changes nothing but
    the mix of classes.
    """
    if pictures.places is not None:
        return pictures
    names = [""] * len(pictures.store)
    for label, kind in enumerate(pictures.classes):
        for number, row in enumerate(pictures.rows[pictures.labels == label].tolist(), start=1):
            names[row] = f"{kind}_{number}"
    lent = data.geography.located(replace(pictures, names=names), "eurosat_places.csv")
    return replace(lent, names=pictures.names)


# --- ways to answer ---


def by_probe(settings: Settings, train: ImageSet, test: ImageSet, seed: int) -> Tensor:
    """A linear probe on the frozen `name`, both parts after `change`.

    `copies` puts a second form of each training picture beside it, by the name of a change, or None. `statistics`: the
    test's features are standardised with those of the "training" part, or with their "own".
    """
    every = _embeddings(settings, settings["change"])
    known, labels, seen = every[train.rows], train.labels, every[test.rows]
    if settings["copies"]:
        known = torch.cat([known, _embeddings(settings, settings["copies"])[train.rows]])
        labels = torch.cat([labels, labels])
    centre, spread = statistics(known)
    head = linear_head((known - centre) / spread, labels, len(train.classes), settings, seed)
    if settings["statistics"] == "own":
        centre, spread = statistics(seen)
    with torch.inference_mode():
        return head((seen - centre) / spread)


def statistics(known: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each of D features, float32 [D] each, of `known` [N, D]."""
    return known.mean(dim=0), known.std(dim=0, correction=0).clamp(min=1e-6)


def linear_head(known: Tensor, labels: Tensor, classes: int, settings: Settings, seed: int) -> nn.Linear:
    """`features.probe`'s logistic regression, by Adam: `passes` over `known` [N, D] in batches, the rate falling to 0.

    The same loss and the same penalty `C` at an eighth of the time; on EuroSAT within half a point of it.
    """
    head, chance = nn.Linear(known.shape[1], classes), torch.Generator().manual_seed(seed)
    nn.init.zeros_(head.weight), nn.init.zeros_(head.bias)
    steps, size = max(1, len(known) // settings["batch"]), settings["batch"]
    adam = torch.optim.Adam(head.parameters(), lr=settings["rate"])
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, settings["passes"] * steps)
    for _ in range(settings["passes"]):
        for chosen in torch.randperm(len(known), generator=chance).split(size)[:steps]:
            penalty = head.weight.square().sum() / (2 * settings["C"] * len(known))
            loss = cross_entropy(head(known[chosen]), labels[chosen]) + penalty
            adam.zero_grad()
            loss.backward()
            adam.step()
            falling.step()
    return head


def by_colours(settings: Settings, train: ImageSet, test: ImageSet, seed: int) -> Tensor:
    """`trees` boosted trees on the 54 colour numbers."""
    numbers = _colour_numbers(settings["pictures"])
    trees = experiments.TREES[settings["kind"]](settings["trees"], seed)
    trees.fit(numbers[train.rows], train.labels.numpy())
    return torch.tensor(trees.predict_proba(numbers[test.rows])).clamp(min=1e-12).log()


def by_tuning(settings: Settings, train: ImageSet, test: ImageSet, seed: int) -> Tensor:
    """All of the backbone `name` trained; the share `watched` of the training part only watches."""
    train, watched = train.split((1 - settings["watched"], settings["watched"]), seed=seed)
    network = _backbone(settings["name"], settings["pictures"])
    model = models.Classifier(network, train.classes, pooling=settings["pooling"], seed=seed)
    recipe = {name: settings[name] for name in experiments.TRAINING}
    training.fit(model, train, watched, training.Settings(**recipe, seed=seed), progress=False)
    return training.predict(model, test)


Way = Callable[[Settings, ImageSet, ImageSet, int], Tensor]
WAYS: dict[str, Way] = {"probe": by_probe, "colours": by_colours, "tuned": by_tuning}


# --- pictures, changed ---


def turned(images: Tensor) -> Tensor:
    """Each of the pictures, uint8 [N, 3, S, S], in one of its seven other forms, turned or mirrored."""
    return training.turn(images, torch.randint(1, 8, (len(images),), generator=torch.Generator().manual_seed(0)))


def jittered(images: Tensor) -> Tensor:
    """uint8 [N, 3, H, W]: brightness, contrast and saturation of each changed by up to 30 %, as torchvision does it."""
    chance = torch.Generator().manual_seed(0)
    return torch.cat([_jittered(some, chance) for some in images.split(1000)])


def _jittered(images: Tensor, chance: torch.Generator) -> Tensor:
    brightness, contrast, saturation = 0.7 + 0.6 * torch.rand(3, len(images), 1, 1, 1, generator=chance)
    x = images.float() * brightness
    x = x.mean(dim=(1, 2, 3), keepdim=True).lerp(x, contrast)
    return x.mean(dim=1, keepdim=True).lerp(x, saturation).round().clamp(0, 255).to(torch.uint8)


CHANGES: dict[str, Callable[[Tensor], Tensor]] = {
    "nothing": lambda images: images,
    "grey": pixels.grey,
    "turned": turned,
    "jittered": jittered,
}


def _embeddings(settings: Settings, change: str) -> Tensor:
    return _kept_embeddings(settings["name"], settings["pictures"], change)


@lru_cache(maxsize=6)  # 280 MB each: all splits of a seed read the same
def _kept_embeddings(name: str, n: int | None, change: str) -> Tensor:
    pictures = experiments.eurosat(n)
    shown = pictures if change == "nothing" else pictures.changed(CHANGES[change])
    return torch.from_numpy(features.extract(_backbone(name, n), shown, progress=False))


@lru_cache(maxsize=1)
def _colour_numbers(n: int | None) -> np.ndarray:
    return features.colour_numbers(experiments.eurosat(n))


def _backbone(name: str, n: int | None) -> models.Backbone:
    """The evidence insists on the real weights; a small rerun takes a stand-in for them, with a warning."""
    return models.backbone(name, weights="any" if n else "real")


# --- what is measured ---


def measured(logits: Tensor, train: ImageSet, test: ImageSet, seconds: float) -> Result:
    """What `logits`, float [N, K], of the pictures of `test` get right, and whether they know it.

    Of the classes that `test` lacks there is no recall; none of the splits of EuroSAT lacks one.
    """
    labels, probabilities = test.labels, logits.double().softmax(dim=1)
    right = probabilities.argmax(dim=1) == labels
    sure = metrics.select(probabilities, labels, 0.9)
    recalls = recall_of(probabilities, labels, test.classes)
    found = {
        "test accuracy": right.double().mean().item(),
        "balanced accuracy": float(np.mean(list(recalls.values()))),
        "told the mix": _right(told_the_mix(logits, train, test), labels),
        "calibration error": metrics.expected_calibration_error(probabilities, labels),
        "AURC": openset.aurc(1 - probabilities.amax(dim=1), right),
        "at least 90 % sure": sure.coverage,
        "right where that sure": sure.accuracy if sure.kept else 1 / len(test.classes),
    } | {f"recall of {kind}": recalls.get(kind, 0.0) for kind in test.classes}
    counted = {f"recall of {kind}": n for kind, n in test.counts.items()} | {"right where that sure": sure.kept}
    n = {name: counted.get(name, len(test)) for name in found}
    return Result(found, n=n, source=test.source, seconds=seconds)


def recall_of(scores: Tensor, labels: Tensor, classes: tuple[str, ...]) -> dict[str, float]:
    """Class → share of its pictures that are found, 0–1, for each class of which there are pictures."""
    rows = metrics.per_class(metrics.confusion_matrix(scores, labels), classes)
    return {row.name: row.recall for row in rows if row.support}


def told_the_mix(logits: Tensor, train: ImageSet, test: ImageSet) -> Tensor:
    """`logits`, float [N, K], for a test part whose mix of classes is told: each class's odds times its new share.

    Saerens, Latinne, Decaestecker: Adjusting the outputs of a classifier to new a priori probabilities, 2002.
    """
    old, new = (torch.tensor(list(part.counts.values())).double() / len(part) for part in (train, test))
    return logits.double().log_softmax(dim=1) + (new / old.clamp(min=1e-12)).log()


def _right(scores: Tensor, labels: Tensor) -> float:
    return (scores.argmax(dim=1) == labels).double().mean().item()
