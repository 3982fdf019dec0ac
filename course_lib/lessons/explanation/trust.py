"""The runs of lesson 6 that ask how far to trust a heatmap of EuroSAT, where no reason is known.

Settings that all have: what `networks.land_network` and a `method` of `methods` read, and `shown`, how many test
pictures are explained. A heatmap says why the network answers what it answers, right or wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import isnan

from torch import Tensor

from ... import explain, pixels, training
from ...data import ImageSet
from ...study import Result
from .methods import Heatmap, heatmap_settings, heatmaps
from .networks import Decided, answers, land_network, land_network_settings
from .pictures import train_and_test

Settings = Mapping[str, object]
DELETION = "mean answer while the hottest are covered"
INSERTION = "mean answer while the hottest are uncovered"
FIDELITY = "µ-fidelity"
LIKENESS = "rank correlation with the random network's heatmap"
SIZES = "rank correlation of the sizes of heat, signs left out"


def judge_heatmaps(settings: Settings, seed: int) -> Result:
    """Mean area of deletion and of insertion, in `curve_steps`, and mean µ-fidelity.

    `covered_with` is "grey", "black", or "blurred": the picture itself, blurred by `blur` pixels. `sets`, `set_share`
    and `set_cells` are those of `explain.mu_fidelity`; `draw_seed` draws its sets, and the order among equal heat.
    """
    pictures, targets = explained(settings, seed)
    model = land_network(settings, seed)
    maps = _maps(land_network_settings(settings), settings["shown"], heatmap_settings(settings), seed)
    asked, rows = training.predictor(model), zip(pictures.images, maps, targets.tolist(), strict=True)
    scores = [_scores(settings, asked, *row) for row in rows]
    metrics = {name: sum(score[name] for score in scores) / len(scores) for name in scores[0]}
    return Result(metrics, n=len(scores), source=pictures.source)


def _scores(settings: Settings, asked: Callable, image: Tensor, heat: Tensor, target: int) -> dict[str, float]:
    fill = pixels.blur(image, settings["blur"]) if settings["covered_with"] == "blurred" else settings["covered_with"]
    curve = {"fill": fill, "steps": settings["curve_steps"], "seed": settings["draw_seed"]}
    sets = {"n": settings["sets"], "share": settings["set_share"], "cells": settings["set_cells"]}
    fidelity = explain.mu_fidelity(asked, image, heat, target, fill=fill, seed=settings["draw_seed"], **sets)
    return {
        DELETION: explain.area(explain.deletion(asked, image, heat, target, **curve)),
        INSERTION: explain.area(explain.insertion(asked, image, heat, target, **curve)),
        FIDELITY: _known(fidelity),
    }


def _known(correlation: float) -> float:
    """Heat of one value says nothing of any part: no correlation."""
    return 0.0 if isnan(correlation) else correlation


def randomize_network(settings: Settings, seed: int) -> Result:
    """Mean rank correlation of the heatmap with that of the same network whose `random_layers` are new; None: all.

    `other_draw` is added to the seed of what the second heatmap draws: 0 for a method, which gets what it got before.
    """
    pictures, targets = explained(settings, seed)
    other = explain.randomized(land_network(settings, seed), seed, top=settings["random_layers"])
    decided = heatmap_settings(settings)
    maps = _maps(land_network_settings(settings), settings["shown"], decided, seed)
    again = heatmaps(dict(decided), other, pictures.images, targets, seed=seed + settings["other_draw"])
    return Result({LIKENESS: likeness(maps, again)}, n=len(maps), source=pictures.source)


def likeness(maps: Tensor, others: Tensor) -> float:
    """Mean rank correlation of heatmaps [N, H, W] with others of the same pictures; 0 for one that has one value."""
    pairs = [_known(explain.rank_correlation(a, b)) for a, b in zip(maps, others, strict=True)]
    return sum(pairs) / len(pairs)


def explained(settings: Settings, seed: int) -> tuple[ImageSet, Tensor]:
    """(`shown` test pictures, as many of each class; what the network says of them)."""
    return _explained(land_network_settings(settings), settings["shown"], seed)


@lru_cache(maxsize=2)
def _explained(network: Decided, shown: int, seed: int) -> tuple[ImageSet, Tensor]:
    settings = dict(network)
    pictures = train_and_test(settings, seed)[1].subset(shown, seed=seed)
    return pictures, answers(land_network(settings, seed), pictures)


@lru_cache(maxsize=16)
def _maps(network: Decided, shown: int, heatmap: Heatmap, seed: int) -> Tensor:
    pictures, targets = _explained(network, shown, seed)
    return heatmaps(dict(heatmap), land_network(dict(network), seed), pictures.images, targets, seed=seed)
