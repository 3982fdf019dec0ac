"""The runs of lesson 6 on pictures whose reason was planted: does a heatmap find it, does a network go by it?

Settings that all have: what `pictures.planted_train`, `pictures.planted_test` and `networks.train_small` read.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import torch
from torch import Tensor, nn

from ... import explain
from ...data import ImageSet
from ...study import Result
from .methods import heatmap_settings, heatmaps
from .networks import answers, planted_network, planted_tuned, train_small
from .pictures import cover, planted_learned, planted_test

Settings = Mapping[str, object]
ENERGY = "heat on the planted thing"
POINTING = "hottest pixel on the planted thing"
NEAR = "hottest pixel within a cell of the planted thing"
RIGHT = "right on new pictures"
WITHOUT = "right with the planted thing covered"
OF_TUNED = (ENERGY, POINTING, NEAR, RIGHT, WITHOUT)


def find_reason(settings: Settings, seed: int) -> Result:
    """How well a heatmap of `method` finds the planted thing in the first `shown` test pictures: means.

    `tolerance`: pixels that the hottest one may lie beside the thing, for `NEAR`. A map of cells cannot do better.
    """
    found, n = _found(settings, planted_network(settings, seed), seed)
    return Result(found, n=n)


def find_reason_tuned(settings: Settings, seed: int) -> Result:
    """As `find_reason`, in a fine-tuned `backbone`; and whether that goes by the thing: right without it, or not."""
    model = planted_tuned(settings, seed)
    found, n = _found(settings, model, seed)
    pictures, masks = planted_test(settings, seed)
    right = {RIGHT: pictures, WITHOUT: cover(pictures, masks, settings["covered"])}
    shares = {name: (answers(model, some) == some.labels).float().mean().item() for name, some in right.items()}
    return Result(found | shares, n=dict.fromkeys(found, n) | dict.fromkeys(shares, len(pictures)))


def _found(settings: Settings, model: nn.Module, seed: int) -> tuple[dict[str, float], int]:
    pictures, masks = planted_test(settings, seed)
    first, decided = pictures.at(range(settings["shown"])), dict(heatmap_settings(settings))
    pairs = list(zip(heatmaps(decided, model, first.images, first.labels, seed=seed), masks, strict=False))
    scores = {
        ENERGY: explain.energy_inside,
        POINTING: explain.pointing_game,
        NEAR: partial(explain.pointing_game, tolerance=settings["tolerance"]),
    }
    return {name: sum(score(*pair) for pair in pairs) / len(pairs) for name, score in scores.items()}, len(pairs)


def retrain_without(settings: Settings, seed: int) -> Result:
    """Accuracy of a network that learned, and is tested, without the hottest `share` of each picture.

    Hooker et al.: A Benchmark for Interpretability Methods in Deep Neural Networks (ROAR), NeurIPS 2019. The lower,
    the more of the reason has been found, if nothing of it is told by the hole. Of `method` "the planted thing" the
    hole is the mask, whatever its size.
    """
    model, parts = planted_network(settings, seed), []
    for pictures, masks in (planted_learned(settings, seed), planted_test(settings, seed)):
        hidden = masks if settings["method"] == "the planted thing" else _hottest(settings, model, pictures, seed)
        parts.append(cover(pictures, hidden, "the planted thing"))
    again = train_small(parts[0], settings, seed)
    right = (answers(again, parts[1]) == parts[1].labels).float().mean().item()
    return Result({"test accuracy": right}, n=len(parts[1]))


def _hottest(settings: Settings, model: nn.Module, pictures: ImageSet, seed: int) -> Tensor:
    """bool [N, H, W]: the hottest `share` of each picture, explained by its label, 100 pictures at a time."""
    decided = dict(heatmap_settings(settings))
    some = [pictures.at(range(start, min(start + 100, len(pictures)))) for start in range(0, len(pictures), 100)]
    heat = torch.cat([heatmaps(decided, model, part.images, part.labels, seed=seed) for part in some]).flatten(1)
    least = heat.kthvalue(round((1 - settings["share"]) * heat.shape[1]), dim=1, keepdim=True).values
    return (heat > least).reshape(len(pictures), *pictures.images.shape[2:])


def cover_reason(settings: Settings, seed: int) -> Result:
    """Accuracy on new pictures of which `covered` is hidden (`pictures.cover`): what the network really goes by."""
    pictures = cover(*planted_test(settings, seed), settings["covered"])
    right = answers(planted_network(settings, seed), pictures) == pictures.labels
    return Result({"test accuracy": right.float().mean().item()}, n=len(pictures))
