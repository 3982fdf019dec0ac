"""The runs of lesson 6 on pictures whose reason was planted: does a heatmap find it, does a network go by it?

Settings that all have: what `pictures.planted_train`, `pictures.planted_test` and `networks.train_small` read.
"""

from __future__ import annotations

from collections.abc import Mapping

from ... import explain
from ...study import Result
from .methods import heatmap_settings, heatmaps
from .networks import answers, planted_network
from .pictures import cover, planted_test

Settings = Mapping[str, object]
ENERGY = "heat on the planted thing"
POINTING = "hottest pixel on the planted thing"


def find_reason(settings: Settings, seed: int) -> Result:
    """How well a heatmap of `method` finds the planted thing in the first `shown` test pictures: both means.

    `tolerance`: pixels that the hottest one may lie beside the thing.
    """
    pictures, masks = planted_test(settings, seed)
    model, first = planted_network(settings, seed), pictures.at(range(settings["shown"]))
    decided, tolerance = dict(heatmap_settings(settings)), settings["tolerance"]
    pairs = list(zip(heatmaps(decided, model, first.images, first.labels, seed=seed), masks, strict=False))
    energy = sum(explain.energy_inside(heat, mask) for heat, mask in pairs) / len(pairs)
    pointing = sum(explain.pointing_game(heat, mask, tolerance=tolerance) for heat, mask in pairs) / len(pairs)
    return Result({ENERGY: energy, POINTING: pointing}, n=len(pairs))


def cover_reason(settings: Settings, seed: int) -> Result:
    """Accuracy on new pictures of which `covered` is hidden (`pictures.cover`): what the network really goes by."""
    pictures = cover(*planted_test(settings, seed), settings["covered"])
    right = answers(planted_network(settings, seed), pictures) == pictures.labels
    return Result({"test accuracy": right.float().mean().item()}, n=len(pictures))
