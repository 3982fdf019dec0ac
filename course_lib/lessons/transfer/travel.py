"""The runs of 3c: fitted on one part of the map, tested on another. Every setting is a number or a word of the variant.

A line across the map has nothing random in it. So that seeds differ all the same, each leaves out other pictures: of
all of EuroSAT the share `kept` is drawn at random, each class in its share, and this is split.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ... import data, features, metrics, models, openset, pixels, training
from ...data import ImageSet
from ...study import Result
from . import experiments

Settings = Mapping[str, object]
Parts = tuple[ImageSet, ImageSet]


def across_the_map(settings: Settings, seed: int) -> Result:
    """Learn from one part and answer in the other, in one of the `WAYS`; how they are parted: `parts`."""
    pictures = on_the_map(experiments.eurosat(settings["pictures"]))
    train, test = parts(pictures, settings, seed)
    start = time.perf_counter()
    logits = WAYS[settings["way"]](settings, (train, test), seed)
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


def by_probe(settings: Settings, both: Parts, seed: int) -> Tensor:
    """A linear probe on the frozen `name`, all pictures after `change`.

    `copies` puts a second form of each training picture beside it, by the name of a change, or None. `statistics`: the
    test's features are standardised with those of the "training" part, or with their "own". The probes of all splits
    in `together`, pairs of `by` and `reverse`, learn in one go; none of them sees what another learns.
    """
    names = ("pictures", "kept", "test", "name", "change", "copies", "C", "passes", "batch", "rate")
    key = tuple((name, settings[name]) for name in names)
    place = [tuple(pair) for pair in settings["together"]]
    heads = _trained_heads(key, tuple(place), seed)
    seen = _embeddings(settings["name"], settings["pictures"], settings["change"])[both[1].rows]
    one = heads.at(place.index((settings["by"], settings["reverse"])))
    return one.logits(seen, statistics(seen) if settings["statistics"] == "own" else None)


Key = tuple[tuple[str, object], ...]


@lru_cache(maxsize=2)
def _trained_heads(key: Key, together: tuple[tuple[object, bool], ...], seed: int) -> Heads:
    chosen = dict(key)
    pictures = on_the_map(experiments.eurosat(chosen["pictures"]))
    learn = torch.zeros(len(together), len(pictures), dtype=torch.bool)
    for number, (by, reverse) in enumerate(together):
        train, _ = parts(pictures, {**chosen, "by": by, "reverse": reverse}, seed)
        learn[number, train.rows] = True
    known, labels = _embeddings(chosen["name"], chosen["pictures"], chosen["change"]), pictures.labels
    if chosen["copies"]:
        known = torch.cat([known, _embeddings(chosen["name"], chosen["pictures"], chosen["copies"])])
        labels, learn = torch.cat([labels, labels]), torch.cat([learn, learn], dim=1)
    return linear_heads(known, labels, len(pictures.classes), learn, chosen, seed)


@dataclass(frozen=True)
class Heads:
    """Linear probes, one a split: weight [S, K, D] and bias [S, K] for features that are standardised with the centre
    and spread [S, D] of what each has learned from."""

    weight: Tensor
    bias: Tensor
    centre: Tensor
    spread: Tensor

    def at(self, number: int) -> Heads:
        """The one of the split `number`, without the first dimension."""
        return Heads(self.weight[number], self.bias[number], self.centre[number], self.spread[number])

    def logits(self, seen: Tensor, units: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """[N, K] of one head for features [N, D]; `units` replace the centre and the spread that it learned with."""
        centre, spread = units or (self.centre, self.spread)
        return (seen - centre) / spread @ self.weight.T + self.bias


def statistics(known: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each of D features, float32 [D] each, of `known` [N, D]."""
    return known.mean(dim=0), known.std(dim=0, correction=0).clamp(min=1e-6)


def linear_heads(known: Tensor, labels: Tensor, classes: int, learn: Tensor, settings: Settings, seed: int) -> Heads:
    """`features.probe`'s logistic regression, by Adam, once for each row of `learn`, bool [S, N].

    `passes` over the rows of `known`, float32 [N, D], that any of them learns from, in batches; the rate falls to 0.
    The loss is that of `features.probe`, with its penalty `C`: on EuroSAT they agree within half a point, and one pass
    over the memory serves all splits, which makes it thirty times as fast.
    """
    rows = learn.any(dim=0).nonzero().ravel()
    z, labels, weighs = known[rows], labels[rows], learn[:, rows].float()
    counts = weighs.sum(dim=1, keepdim=True)
    centre = weighs @ z / counts
    spread = (weighs @ z.square() / counts - centre.square()).clamp(min=1e-12).sqrt()
    weight = torch.zeros(len(learn), classes, z.shape[1], requires_grad=True)
    bias = torch.zeros(len(learn), classes, requires_grad=True)
    steps, size = max(1, len(z) // settings["batch"]), settings["batch"]
    adam = torch.optim.Adam([weight, bias], lr=settings["rate"])
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, settings["passes"] * steps)
    chance = torch.Generator().manual_seed(seed)
    for _ in range(settings["passes"]):
        for chosen in torch.randperm(len(z), generator=chance).split(size)[:steps]:
            scaled = weight / spread[:, None]
            shift = bias - (scaled * centre[:, None]).sum(dim=2)
            logits = (z[chosen] @ scaled.flatten(0, 1).T).unflatten(1, shift.shape) + shift
            each = cross_entropy(logits.flatten(0, 1), labels[chosen].repeat_interleave(len(learn)), reduction="none")
            mine = weighs[:, chosen].T
            loss = ((each.view_as(mine) * mine).sum(dim=0) / mine.sum(dim=0).clamp(min=1)).sum()
            penalty = (weight.square().sum(dim=(1, 2), keepdim=True) / (2 * settings["C"] * counts[:, None])).sum()
            adam.zero_grad()
            (loss + penalty).backward()
            adam.step()
            falling.step()
    return Heads(weight.detach(), bias.detach(), centre, spread.clamp(min=1e-6))


Way = Callable[[Settings, Parts, int], Tensor]
WAYS: dict[str, Way] = {"probe": by_probe}
"""Who answers: (settings, (train, test), seed) → logits [N, K] of the test. A fine-tuned network would be another."""


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


@lru_cache(maxsize=6)  # 280 MB each: all splits of a seed read the same
def _embeddings(name: str, n: int | None, change: str) -> Tensor:
    pictures = experiments.eurosat(n)
    shown = pictures if change == "nothing" else pictures.changed(CHANGES[change])
    return torch.from_numpy(features.extract(_backbone(name, n), shown, progress=False))


def _backbone(name: str, n: int | None) -> models.Backbone:
    """The evidence insists on the real weights; a small rerun takes a stand-in for them, with a warning."""
    return models.backbone(name, weights="any" if n else "real")


# --- what is measured ---


def measured(logits: Tensor, train: ImageSet, test: ImageSet, seconds: float) -> Result:
    """What `logits`, float [N, K], of the pictures of `test` get right, and whether they know it.

    Of a class that `test` lacks there is no recall: 0, of n = 0 pictures, and the balanced accuracy goes without it. Of
    EuroSAT's splits that happens from south to north: the northernmost fifth holds no PermanentCrop.
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
