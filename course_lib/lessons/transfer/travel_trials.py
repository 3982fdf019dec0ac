"""What 3c compares: the same way to answer on splits that part the map differently, and the advice on trial there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from ... import training
from ...study import Experiment, Metric, Trial
from . import experiments, travel

LESSON = "03c_does_it_travel"
POINT = 0.01
CLASSES = (
    "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture", "PermanentCrop", "Residential",
    "River", "SeaLake",
)  # fmt: skip
METRICS = {
    "test accuracy": Metric(),
    "balanced accuracy": Metric(),
    "told the mix": Metric(),
    "calibration error": Metric(lower_is_better=True),
    "AURC": Metric(lower_is_better=True),
    "at least 90 % sure": Metric(),
    "right where that sure": Metric(),
} | {f"recall of {kind}": Metric() for kind in CLASSES}
QUICK = {"pictures": 1_500}

Settings = Mapping[str, object]

# --- how the map is parted ---

SPLITS: dict[str, Settings] = {
    "random": {"by": "random", "reverse": False},
    "cells of 0.1°": {"by": 0.1, "reverse": False},
    "cells of 1°": {"by": 1, "reverse": False},
    "cells of 3°": {"by": 3, "reverse": False},
    "cells of 10°": {"by": 10, "reverse": False},
    "west to east": {"by": "longitude", "reverse": False},
    "east to west": {"by": "longitude", "reverse": True},
    "south to north": {"by": "latitude", "reverse": False},
    "north to south": {"by": "latitude", "reverse": True},
}
"""Where one learns, and then where one is tested: "north to south" learns in the north."""

FAR = ("random", "cells of 10°", "north to south")
"""The splits on which the remedies are tried."""

ALL = {"pictures": None, "kept": 0.9, "test": 0.2}


def _split(name: str) -> Settings:
    return {**ALL, **SPLITS[name]}


def _experiment(name: str, variants: Mapping[str, Settings], *, seeds: int = 5) -> Experiment:
    return Experiment(
        name=name, run=travel.across_the_map, quick=QUICK, variants=variants, metrics=METRICS, seeds=seeds
    )


# --- who answers ---

PROBE = {
    "way": "probe", "C": 0.01, "passes": 10, "batch": 256, "rate": 3e-3,
    "change": "nothing", "copies": None, "statistics": "training",
}  # fmt: skip
COLOURS = {"way": "colours", "kind": "boosted", "trees": 100}
_RECIPE = asdict(training.Settings(epochs=1, peak_lr=3e-3))
TUNED = {name: _RECIPE[name] for name in experiments.TRAINING} | {
    "way": "tuned", "name": "mobilenet_v2_035", "pooling": "mean", "watched": 0.02,
}  # fmt: skip
NETWORKS = {
    "SqueezeNet": "squeezenet1_1",
    "MobileNetV2": "mobilenet_v2_035",
    "EfficientNet-Lite0": "efficientnet_lite0",
}


def _probes(*networks: str) -> dict[str, Settings]:
    return {
        f"{network}, {split}": {**_split(split), **PROBE, "name": NETWORKS[network]}
        for network in networks
        for split in SPLITS
    }


MAP_SPLITS = _experiment("map_splits", _probes("SqueezeNet", "MobileNetV2"))
LITE = _experiment("map_splits_lite0", _probes("EfficientNet-Lite0"))
COLOUR = _experiment(
    "map_splits_colour", {f"54 colour numbers, {split}": {**_split(split), **COLOURS} for split in SPLITS}
)
FINE_TUNED = _experiment(
    "map_splits_tuned",
    {
        f"fine-tuned, one epoch, {split}": {**_split(split), **TUNED}
        for split in ("random", "west to east", "north to south")
    },
    seeds=3,
)
REMEDIES: dict[str, Settings] = {
    "with turned copies": {"copies": "turned"},
    "with jittered copies": {"copies": "jittered"},
    "grey": {"change": "grey"},
    "own statistics": {"statistics": "own"},
}
HELPS = _experiment(
    "map_helps",
    {
        f"{remedy}, {split}": {**_split(split), **PROBE, "name": "squeezenet1_1", **changes}
        for remedy, changes in REMEDIES.items()
        for split in FAR
    },
)
EXPERIMENTS = (MAP_SPLITS, LITE, COLOUR, FINE_TUNED, HELPS)

# --- the advice ---

_trial = partial(Trial, smallest_effect=POINT, lesson=LESSON)
HOME = MAP_SPLITS["MobileNetV2, random"]

TRIALS = (
    _trial(
        name="neighbours_flatter",
        claim="A random split flatters because neighbours of the test pictures are in the training.",
        variant=HOME,
        baseline=MAP_SPLITS["MobileNetV2, cells of 0.1°"],
    ),
    _trial(
        name="accuracy_travels",
        claim="The accuracy of a random split is what you get in regions without a label, too.",
        says="no better",
        variant=HOME,
        baseline=MAP_SPLITS["MobileNetV2, cells of 10°"],
    ),
    _trial(
        name="sureness_travels",
        claim="Where a network is far from home, its probabilities are as honest as at home.",
        says="no better",
        metric="calibration error",
        variant=HOME,
        baseline=MAP_SPLITS["MobileNetV2, cells of 10°"],
    ),
    *(
        _trial(
            name=f"{name}_travels",
            claim=claim,
            metric="balanced accuracy",
            variant=HELPS[f"{remedy}, cells of 10°"],
            baseline=MAP_SPLITS["SqueezeNet, cells of 10°"],
        )
        for name, remedy, claim in (
            ("turning", "with turned copies", "Turned and mirrored copies let a probe travel."),
            ("jitter", "with jittered copies", "Colour jitter lets a probe travel."),
            ("grey", "grey", "Grey travels better than colour."),
            ("own_statistics", "own statistics", "Statistics of the new region's own pictures let a probe travel."),
        )
    ),
)
