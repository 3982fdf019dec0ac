"""What chapter 3 compares, and the advice that it puts on trial: `course trials list` names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial

from ... import training
from ...study import Experiment, Metric, Summary, Trial
from .. import pools
from . import askers_recipe, experiments, travel_trials

LESSON, FEATURES = "03a_transfer_learning_eurosat", "03b_which_features_decide"
NETWORK = "mobilenet_v2_035"
POINT = 0.01
MEAN_ALONE = f"{NETWORK}, ImageNet, 64 px, mean alone"
QUICK = {"pictures": 1_500}  # a rerun that a learner waits for
ALL = {"pictures": None}

Settings = Mapping[str, object]


def _experiment(name: str, run, variants: Mapping[str, Settings], **more: object) -> Experiment:
    metrics = {"test accuracy": Metric()}
    return Experiment(name=name, run=run, quick=QUICK, variants=variants, metrics=metrics, pool=pools.EUROSAT, **more)


# --- probes ---


def _probe(name: str, weights: str, size: int) -> tuple[str, Settings]:
    seen = "random" if weights == "random" else "textures" if name == "texture_net" else "ImageNet"
    settings = {**ALL, "features": "backbone", "name": name, "weights": weights, "size": size, "C": 0.01}
    return f"{name}, {seen}, {size} px", settings


PROBES = _experiment(
    "probe_backbones",
    experiments.probe,
    dict(
        [
            ("six colour numbers, linear probe", {**ALL, "features": "colour", "C": 0.01}),
            _probe("squeezenet1_1", "real", 64),
            _probe("squeezenet1_1", "random", 64),
            _probe("mobilenet_v2_035", "real", 64),
            _probe("mobilenet_v2_035", "random", 64),
            _probe("texture_net", "real", 64),
            _probe("texture_net", "random", 64),
            _probe("squeezenet1_1", "real", 128),
            _probe("mobilenet_v2_035", "real", 128),
            _probe("texture_net", "real", 128),
        ]
    )
    | {
        MEAN_ALONE: {**_probe(NETWORK, "real", 64)[1], "pooling": "mean"},  # as the networks are that are trained
    },
)
COLOUR_FLOOR = _experiment(
    "colour_floor",
    experiments.colour_alone,
    {
        "six colour numbers, boosted trees": {**ALL, "colours": "six numbers", "kind": "boosted", "trees": 100},
        "histogram of 8×8×8 colours, 300 trees": {**ALL, "colours": "histogram", "kind": "extra", "trees": 300},
        "54 colour numbers, boosted trees": {**ALL, "colours": "54 numbers", "kind": "boosted", "trees": 100},
    },
)
CHANGES = {
    "nothing": {"change": "nothing", "number": None},
    "colour: grey": {"change": "grey", "number": None},
    "layout: 16-pixel patches dealt anew": {"change": "shuffle_patches", "number": 16},
    "layout: 8-pixel patches dealt anew": {"change": "shuffle_patches", "number": 8},
    "detail: blocks of 4 pixels": {"change": "block_average", "number": 16},
    "all but the mean colour": {"change": "block_average", "number": 1},
}
_CHANGED = {name: {**ALL, **change, "name": NETWORK, "C": 0.01} for name, change in CHANGES.items()}
PREPARED = _experiment("taken_away_probe", experiments.probe_prepared, _CHANGED)
UNPREPARED = _experiment("taken_away_unprepared", experiments.probe_unprepared, _CHANGED, shared=True)

# --- the notebook that asked ---


def _asked(name: str, size: int, optimizer: str, rate: float) -> tuple[str, Settings]:
    """What we know of the notebook, and what it leaves open: epochs, batches, pooling, momentum, the rate of SGD."""
    head = {"hidden": 128, "epochs": 20, "batch_size": 32, "optimizer": optimizer, "rate": rate, "momentum": 0.9}
    network = {"pictures": 6_000, "name": name, "weights": "real", "size": size, "pooling": "mean"}
    return f"{name}, {size} px, {optimizer}", {**network, **head, "test_share": 0.2}


ASKED = Experiment(
    name="askers_recipe",
    run=askers_recipe.run,
    quick={**QUICK, "weights": "any"},
    variants=dict(
        _asked(name, 64, *optimizer)
        for name in ("efficientnet_lite0", NETWORK)
        for optimizer in (("adam", 1e-4), ("sgd", 1e-3))
    ),
    metrics=dict.fromkeys(askers_recipe.METRICS, Metric()),
    seeds=3,
    pool=pools.EUROSAT,
)

# --- networks that are trained ---


def _network(recipe: training.Settings, **model: object) -> Settings:
    """All that decides a training besides its seed."""
    usual = {"n_train": None, "name": NETWORK, "weights": "real", "pooling": "mean", "frozen": False, "drifts": False}
    decided = {name: value for name, value in asdict(recipe).items() if name in experiments.TRAINING}
    return {**ALL, **decided, **usual, **model}


def _rates(optimizer: str, *rates: float) -> dict[str, Settings]:
    return {
        f"{optimizer} {rate:g}": _network(
            training.Settings(epochs=3, optimizer=optimizer, peak_lr=rate),
            n_train=5_000,
            name="squeezenet1_1",
            pooling="mean+max",
        )
        for rate in rates
    }


TUNED = _network(training.Settings(peak_lr=3e-3))
START = _experiment(
    "probe_or_finetune",
    experiments.train_network,
    {
        "fine-tuned from ImageNet": TUNED,
        "trained from scratch": _network(training.Settings(peak_lr=3e-3), weights="random"),
    },
)
OPTIMIZERS = _experiment(
    "sgd_or_adam",
    experiments.train_network,
    # In the order of their first runs, in which the lesson's figure lists them.
    _rates("adamw", 1e-4, 3e-4, 1e-3, 3e-3, 1e-2) | _rates("sgd", 1e-3, 3e-3, 1e-2, 3e-2, 1e-4, 3e-4),
)
BATCHNORM = _experiment(
    "frozen_batchnorm",
    experiments.train_network,
    {
        name: _network(training.Settings(epochs=3, peak_lr=3e-3), n_train=5_000, frozen=True, drifts=drifts)
        for name, drifts in (("statistics stay", False), ("statistics drift", True))
    },
)
TAKEN_AWAY = _experiment(
    "taken_away",
    experiments.take_away,
    {name: {**TUNED, **change} for name, change in CHANGES.items()},
    shared=True,
)

EXPERIMENTS = (
    PROBES, START, OPTIMIZERS, BATCHNORM, COLOUR_FLOOR, TAKEN_AWAY, PREPARED, UNPREPARED, ASKED,
    *travel_trials.EXPERIMENTS,
)  # fmt: skip

# --- the advice ---

_trial = partial(Trial, smallest_effect=POINT, lesson=LESSON)
FROZEN, FROZEN_ALIKE = PROBES[f"{NETWORK}, ImageNet, 64 px"], PROBES[MEAN_ALONE]
FINE_TUNED = START["fine-tuned from ImageNet"]

TRIALS = (
    _trial(
        name="photographs",
        claim="Photographs of dogs cannot help with satellite pictures.",
        says="no better",
        variant=FROZEN,
        baseline=PROBES[f"{NETWORK}, random, 64 px"],
    ),
    _trial(
        name="probe_is_enough",
        claim="A probe on a frozen network is as good as fine-tuning.",
        says="no better",
        variant=FINE_TUNED,
        baseline=FROZEN_ALIKE,
    ),
    _trial(
        name="any_start",
        claim="The start does not matter: training for six epochs evens it out.",
        says="no better",
        variant=FINE_TUNED,
        baseline=START["trained from scratch"],
    ),
    _trial(
        name="enlarging",
        claim="Enlarging small pictures is pointless: it adds no information.",
        says="no better",
        variant=PROBES[f"{NETWORK}, ImageNet, 128 px"],
        baseline=FROZEN,
    ),
    _trial(
        name="adam_or_sgd",
        claim="AdamW beats SGD, each at its best learning rate.",
        variant=OPTIMIZERS["adamw 0.003"],
        baseline=OPTIMIZERS["sgd 0.003"],
    ),
    _trial(
        name="requires_grad",
        claim="Set requires_grad = False, and the backbone is frozen.",
        says="no better",
        variant=BATCHNORM["statistics stay"],
        baseline=BATCHNORM["statistics drift"],
    ),
    _trial(
        name="more_than_colour",
        claim="A frozen network from photographs sees more than colour alone can tell.",
        variant=FROZEN,
        baseline=COLOUR_FLOOR["54 colour numbers, boosted trees"],
    ),
    _trial(
        name="relied_on_is_needed",
        claim="Where a network fails on grey pictures, the task needs colour: training on grey ones cannot help.",
        says="no better",
        variant=PREPARED["colour: grey"],
        baseline=UNPREPARED["colour: grey"],
        lesson=FEATURES,
    ),
    *travel_trials.TRIALS,
)

# --- what the lesson shows of them ---


def optimizer_curves() -> dict[str, dict[float, Summary]]:
    """Optimizer → peak learning rate → what came out, from the evidence."""
    curves: dict[str, dict[float, Summary]] = {"adamw": {}, "sgd": {}}
    for variant, summary in OPTIMIZERS.summary().items():
        settings = OPTIMIZERS.variants[variant]
        curves[settings["optimizer"]][settings["peak_lr"]] = summary
    return curves
