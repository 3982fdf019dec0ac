"""What 3c compares: the same way to answer on splits that part the map differently, and the advice on trial there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from ...data import ImageSet
from ...study import Experiment, Measurement, Metric, Summary, Trial
from .. import pools
from . import travel

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

FAR = ("cells of 10°", "north to south")
"""The splits on which the remedies are tried."""

TEST = 0.2
ALL = {"pictures": None, "kept": 0.9, "test": TEST}


def _split(name: str) -> Settings:
    return {**ALL, **SPLITS[name]}


def _together(splits: Iterable[str]) -> list[list[object]]:
    return [[SPLITS[name]["by"], SPLITS[name]["reverse"]] for name in splits]


def _experiment(name: str, variants: Mapping[str, Settings], *, shared: bool = False) -> Experiment:
    return Experiment(
        name=name,
        run=travel.across_the_map,
        quick=QUICK,
        variants=variants,
        metrics=METRICS,
        seeds=5,
        shared=shared,
        pool=pools.EUROSAT,
    )


# --- who answers ---

PROBE = {
    "way": "probe", "C": 0.01, "passes": 10, "batch": 256, "rate": 3e-3,
    "change": "nothing", "copies": None, "statistics": "training",
}  # fmt: skip
NETWORKS = {
    "SqueezeNet": "squeezenet1_1",
    "MobileNetV2": "mobilenet_v2_035",
}


def _probes(*networks: str) -> dict[str, Settings]:
    return {
        f"{network}, {split}": {**_split(split), **PROBE, "name": NETWORKS[network], "together": _together(SPLITS)}
        for network in networks
        for split in SPLITS
    }


MAP_SPLITS = _experiment("map_splits", _probes("SqueezeNet", "MobileNetV2"), shared=True)
REMEDIES: dict[str, Settings] = {
    "with turned copies": {"copies": "turned"},
    "with jittered copies": {"copies": "jittered"},
    "own statistics": {"statistics": "own"},
}
HELPS = _experiment(
    "map_helps",
    {
        f"{remedy}, {split}": {**_split(split), **PROBE, "name": "squeezenet1_1", "together": _together(FAR), **changes}
        for remedy, changes in REMEDIES.items()
        for split in FAR
    },
    shared=True,
)
EXPERIMENTS = (MAP_SPLITS, HELPS)

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
        claim="The accuracy of a random split holds for cells of 10° that were left out.",
        says="no better",
        variant=HOME,
        baseline=MAP_SPLITS["MobileNetV2, cells of 10°"],
    ),
    _trial(
        name="sureness_travels",
        claim="A network's probabilities are as honest in cells of 10° that were left out as at home.",
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
            ("own_statistics", "own statistics", "Statistics of the new region's own pictures let a probe travel."),
        )
    ),
)

# --- what the lesson shows of them ---


def by_split(network: str, metric: str = "") -> dict[str, Summary]:
    """Split → what `network` ("MobileNetV2") got there, from the evidence; of `metric`, or of accuracy."""
    for experiment in EXPERIMENTS:
        found = {name: s for name, s in experiment.summary(metric).items() if name.startswith(f"{network}, ")}
        if found:
            return {name.removeprefix(f"{network}, "): s for name, s in found.items()}
    raise ValueError(f"by_split got {network!r}, of which no run is stored. It wants one of {', '.join(NETWORKS)}.")


@dataclass(frozen=True)
class Lost:
    """Mean accuracy that was lost on the way from a random split to another, 0–1: `whole` is `mix` and `look`.

    Attributes:
        mix: lost if the shares of the classes change and each class's recall stays as on the random split.
        look: lost on top of it, since recalls change too.
    """

    mix: float
    look: float

    @property
    def whole(self) -> float:
        """All of the loss."""
        return self.mix + self.look

    def __str__(self) -> str:
        whole, mix, look = (f"{100 * points:5.1f}" for points in (self.whole, self.mix, self.look))
        return f"{whole} points lost: {mix} to another mix of classes, {look} to another look"


def lost(network: str, split: str) -> Lost:
    """What `network` lost from the random split to `split`, the mean over the seeds that both have.

    >>> print(lost("SqueezeNet", "random"))
      0.0 points lost:   0.0 to another mix of classes,   0.0 to another look
    """
    home, far = (MAP_SPLITS[f"{network}, {name}"].stored() for name in ("random", split))
    each = [_lost(home[seed], far[seed]) for seed in home if seed in far]
    return Lost(*np.mean(each, axis=0).tolist())


def recalls_and_shares(network: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Of each of `CLASSES` the recall and the share of all test pictures, float64 [10] each, means over seeds.

    A class that the test lacks, as PermanentCrop from south to north, has a recall of 0 and a share of 0.
    """
    runs = MAP_SPLITS[f"{network}, {split}"].stored().values()
    recalls, shares = np.mean([_by_class(run) for run in runs], axis=0)
    return recalls, shares


def _lost(home: Measurement, far: Measurement) -> tuple[float, float]:
    (home_recall, home_share), (far_recall, far_share) = _by_class(home), _by_class(far)
    between = float(far_share @ home_recall)
    return float(home_share @ home_recall) - between, between - float(far_share @ far_recall)


def _by_class(run: Measurement) -> tuple[np.ndarray, np.ndarray]:
    names = [f"recall of {kind}" for kind in CLASSES]
    counts = np.array([run.n[name] for name in names])
    return np.array([run.metrics[name] for name in names]), counts / counts.sum()


def on_map(network: str, pictures: ImageSet) -> list[dict[str, object]]:
    """What `figures.map_explorer` takes as `accuracies`: the stored ones of `network`, each with its line or its cell.

    A line lies where it cuts off the share `test` of `pictures`, which all have places.
    """
    accuracy, balanced = by_split(network), by_split(network, "balanced accuracy")
    return [
        _cut(name, pictures)
        | {"accuracy": found.mean, "balanced": balanced[name].mean, "note": f"mean of {found.seeds} seeds, a probe"}
        for name, found in accuracy.items()
    ]


def _cut(split: str, pictures: ImageSet) -> dict[str, object]:
    by, reverse = SPLITS[split]["by"], SPLITS[split]["reverse"]
    if by == "random":
        return {"by": "random"}
    if isinstance(by, int | float):
        return {"by": "cells", "value": float(by)}
    assert pictures.places is not None
    share = TEST if reverse else 1 - TEST
    line = np.quantile(pictures.places[:, 0 if by == "longitude" else 1].numpy(), share)
    return {"by": by, "value": float(line), "reverse": reverse}


# --- twins: beside an accuracy on a random split, what the same way to answer gets elsewhere ---

TWINS = {
    "mobilenet_v2_035, ImageNet, 64 px": "MobileNetV2",
    "squeezenet1_1, ImageNet, 64 px": "SqueezeNet",
}
"""A variant whose accuracy the course prints → who it is in `by_split`."""

UNTRAVELLED = (
    "54 colour numbers, boosted trees",
    "fine-tuned from ImageNet",
    "trained from scratch",
    "mobilenet_v2_035, random, 64 px",
    "texture_net, textures, 64 px",
)
"""Variants that are printed and have no twin: say "on a random split" beside them, and no more."""


def twin(variant: str) -> str:
    """What to print beside the accuracy of `variant`, a key of `TWINS`.

    >>> twin("squeezenet1_1, ImageNet, 64 px").partition(";")[0].endswith("on a random split")
    True
    """
    if variant not in TWINS:
        raise ValueError(f"twin got {variant!r}; there are twins of {', '.join(map(repr, TWINS))}.")
    found = {name: f"{100 * s.mean:.0f} %" for name, s in by_split(TWINS[variant]).items()}
    home, cells, south = (found[name] for name in ("random", *FAR))
    return f"{home} on a random split; {cells} where whole cells of 10° are left out, {south} from north to south"
