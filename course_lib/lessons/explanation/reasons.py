"""The runs of lesson 6 on pictures whose reason was planted: does a heatmap find it, does a network go by it?

Settings that all have: what `pictures.planted_train`, `pictures.planted_test` and `networks.train_small` read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor

from ... import explain
from ...study import Result
from .methods import heatmap_settings, heatmaps
from .networks import answers, planted_network
from .pictures import cover, planted_test
from .trust import LIKENESS, SIZES, likeness

Settings = Mapping[str, object]
Score = Callable[[Tensor, Tensor], float]
ENERGY = "heat on the planted thing"
POINTING = "hottest pixel on the planted thing"
NEAR = "hottest pixel within a cell of the planted thing"


def find_reason(settings: Settings, seed: int) -> Result:
    """How well a heatmap of `method` finds the planted thing in the first `shown` test pictures: both means.

    `tolerance`: pixels that the hottest one may lie beside the thing.
    """
    scores = {ENERGY: explain.energy_inside, POINTING: _pointing(settings)}
    return _scored(settings, scores, seed)


def find_reason_nearly(settings: Settings, seed: int) -> Result:
    """As `find_reason`, with the hottest pixel on the thing, and within `tolerance` of it: a cell cannot do better."""
    scores = {ENERGY: explain.energy_inside, POINTING: explain.pointing_game, NEAR: _pointing(settings)}
    return _scored(settings, scores, seed)


def _pointing(settings: Settings) -> Score:
    return partial(explain.pointing_game, tolerance=settings["tolerance"])


def _scored(settings: Settings, scores: Mapping[str, Score], seed: int) -> Result:
    pictures, masks = planted_test(settings, seed)
    model, first = planted_network(settings, seed), pictures.at(range(settings["shown"]))
    decided = dict(heatmap_settings(settings))
    pairs = list(zip(heatmaps(decided, model, first.images, first.labels, seed=seed), masks, strict=False))
    return Result(
        {name: sum(score(*pair) for pair in pairs) / len(pairs) for name, score in scores.items()}, n=len(pairs)
    )


def randomize_planted(settings: Settings, seed: int) -> Result:
    """How like the heatmap of a network with new weights in all layers is: as it is, and with its signs left out.

    `other_draw` is added to the seed of what the second heatmap draws, as in `trust.randomize_network`.
    """
    first, model = planted_test(settings, seed)[0].at(range(settings["shown"])), planted_network(settings, seed)
    decided, asked = dict(heatmap_settings(settings)), (first.images, first.labels)
    maps = heatmaps(decided, model, *asked, seed=seed)
    again = heatmaps(decided, explain.randomized(model, seed), *asked, seed=seed + settings["other_draw"])
    alike = {LIKENESS: likeness(maps, again), SIZES: likeness(maps.abs(), again.abs())}
    return Result(alike, n=len(maps))


def cover_reason(settings: Settings, seed: int) -> Result:
    """Accuracy on new pictures of which `covered` is hidden (`pictures.cover`): what the network really goes by."""
    pictures = cover(*planted_test(settings, seed), settings["covered"])
    right = answers(planted_network(settings, seed), pictures) == pictures.labels
    return Result({"test accuracy": right.float().mean().item()}, n=len(pictures))
