"""What chapter 5 compares: each experiment with the settings of its variants.

A backbone is frozen, and what is trained is a head on its features: a second a run. The variants of a seed share
pictures, features and, where they have the same settings, heads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...study import Experiment, Metric
from .. import pools
from . import askers_network, detecting, measures, teaching, watching
from .unknown_pictures import KINDS

Settings = Mapping[str, object]
SEEDS = 10

LOWER_IS_BETTER = {
    *measures.FPR.values(),
    *measures.SURE.values(),
    measures.MEAN["near"],
    measures.MEAN["far"],
    *measures.LET_IN.values(),
    measures.REJECTED,
}
METRICS = {
    **{name: Metric(lower_is_better=True) for name in LOWER_IS_BETTER},
    measures.FALSE_ALARMS: Metric(unit="a minute", lower_is_better=True),
    measures.MILLISECONDS: Metric(unit="ms", lower_is_better=True),
}


def experiment(
    name: str,
    run: Callable,
    variants: Mapping[str, Settings],
    metrics: Iterable[str],
    quick: Settings,
    pool: int = 0,
) -> Experiment:
    """An experiment whose variants share pictures and features; `metrics` are names, the first the main one."""
    measured = {metric: METRICS.get(metric, Metric()) for metric in metrics}
    return Experiment(
        name=name, run=run, variants=variants, metrics=measured, quick=quick, seeds=SEEDS, shared=True, pool=pool
    )


NETWORK, SECOND = "mobilenet_v2_035", "squeezenet1_1"
LOGOS = {
    "network": NETWORK, "weights": "real", "size": 160,
    "side": 96, "per_class": 100, "per_class_test": 30, "n_far": 300,
}  # fmt: skip
LOGOS_SECOND = {**LOGOS, "network": SECOND, "size": 96}
HEAD = {"hidden": 256, "dropout": 0.5, "rate": 1e-3, "epochs": 20, "batch": 64}
CERTAIN = {"sure": 0.99}
# A rerun that a learner waits for: twenty pictures of each class, as they were drawn.
QUICK = {"weights": "any", "size": None, "per_class": 20, "per_class_test": 20, "n_far": 200}

# --- the asker's network, epoch by epoch ---

STOPS = [1, 3, 10, 30, 100]


def _asked(library: str, pooling: str, rate: float, stops: list[int]) -> dict[str, Settings]:
    """One training, as it is after each of the `stops`."""
    world = LOGOS if pooling == "mean" else {**LOGOS, "size": None}
    # A batch of 32 is what Keras takes where nobody says.
    fixed = {**world, **HEAD, **CERTAIN, "rate": rate, "batch": 32, "library": library, "pooling": pooling}
    return {
        f"{library}, rate {rate:g}, {epochs} epoch{'s' * (epochs > 1)}": {**fixed, "epochs": epochs, "stops": stops}
        for epochs in stops
    }


_ANSWER_METRICS = (measures.ACCURACY, *measures.SURE.values(), *measures.MEAN.values())
_FEW_EPOCHS = {**QUICK, "epochs": 3, "stops": [1, 3]}
ANSWERS = experiment(
    "logo_answers",
    askers_network.answer_after_epochs,
    _asked("Keras", "mean", 1e-3, STOPS[:3]) | _asked("PyTorch", "mean", 1e-3, STOPS),
    _ANSWER_METRICS,
    _FEW_EPOCHS,
)
FLATTENED = experiment(
    "logo_flatten",
    askers_network.answer_after_epochs,
    _asked("Keras", "flatten", 1e-5, STOPS[:4]) | _asked("PyTorch", "flatten", 1e-5, STOPS),
    _ANSWER_METRICS,
    _FEW_EPOCHS,
)

# --- scores without retraining ---


def detector(name: str, scored_on: str = "head", **settings: object) -> Settings:
    return {"detector": name, "detector_settings": settings, "scored_on": scored_on}


DETECTORS: dict[str, Settings] = {
    "max softmax": detector("max softmax", temperature=1.0),
    "max logit": detector("max logit"),
    "entropy": detector("entropy", temperature=1.0),
    "energy": detector("energy", temperature=1.0),
    "GEN": detector("GEN", gamma=0.1, largest=100),
    "OpenMax": detector("OpenMax", tail=20, alpha=10),
    "Mahalanobis": detector("Mahalanobis", ridge=1e-6),
    "relative Mahalanobis": detector("relative Mahalanobis", ridge=1e-6),
    "k nearest": detector("k nearest", k=10, kept=2000, seed=0),
    "ViM": detector("ViM", directions=128),
    "ReAct": detector("ReAct", percentile=90.0),
    "ODIN": detector("ODIN", temperature=1000.0, epsilon=0.0014),
    "Mahalanobis, on the backbone's features": detector("Mahalanobis", "backbone", ridge=1e-6),
    "relative Mahalanobis, on the backbone's features": detector("relative Mahalanobis", "backbone", ridge=1e-6),
    "k nearest, on the backbone's features": detector("k nearest", "backbone", k=10, kept=2000, seed=0),
}
SCORES = experiment(
    "logo_scores",
    detecting.score_logos,
    {f"{NETWORK}: {name}": {**LOGOS, **HEAD, **detector} for name, detector in DETECTORS.items()}
    | {f"{SECOND}: {name}": {**LOGOS_SECOND, **HEAD, **detector} for name, detector in DETECTORS.items()},
    (measures.AUROC["near"], measures.AUROC["far"], measures.FPR["near"], measures.OSCR["near"]),
    QUICK,
)

# --- is it the softmax? ---


def _outputs(loss: str, score: str, temperature: float | None = None) -> Settings:
    return {**LOGOS, **HEAD, "loss": loss, "loss_settings": {}, "score": score, "temperature": temperature}


PROBABILITIES = {
    "softmax, T = 1": _outputs("softmax", "softmax", 1),
    "softmax, T = 2": _outputs("softmax", "softmax", 2),
    "softmax, T = 10": _outputs("softmax", "softmax", 10),
    "softmax, T = 1000": _outputs("softmax", "softmax", 1000),
    "sigmoids, highest probability": _outputs("sigmoids", "sigmoid"),
}
TEMPERATURE = experiment(
    "logo_temperature",
    detecting.rank_by_logits,
    {
        **{name: PROBABILITIES[name] for name in list(PROBABILITIES)[:4]},
        "maximum logit": _outputs("softmax", "logit"),
        "energy": _outputs("softmax", "energy", 1),
        "sigmoids, highest probability": PROBABILITIES["sigmoids, highest probability"],
        "sigmoids, highest logit": _outputs("sigmoids", "logit"),
    },
    (measures.AUROC["near"], measures.AUROC["far"]),
    QUICK,
)
CERTAINTY = experiment(
    "logo_certainty",
    detecting.sound_by_logits,
    {name: {**settings, **CERTAIN} for name, settings in PROBABILITIES.items()},
    (measures.SURE["near"], measures.MEAN["near"], measures.MEAN["far"]),
    QUICK,
)

# --- heads that learn from unknown pictures ---

NOTHING = {"unknowns": None, "n_unknowns": 0, "kinds": 0, "pool": 0, "unknowns_settings": {}}
COLLECTING = {"pool_seed": 10_000, "n_marks": 100, "pieces": 4}
COLLECTED = {
    "unknowns": "collected pictures",
    "n_unknowns": 200,  # twice as many as of one class
    "kinds": len(KINDS),
    "pool": 1_500,
    "unknowns_settings": COLLECTING,
}
GENERATOR = {"rate": 2e-4, "beta": 0.5, "batch": 50, "noise": 64, "width": 64, "spread": 0.02}
UNTRAINED = {
    **NOTHING, "unknowns": "generator", "n_unknowns": 200, "unknowns_settings": {"epochs": 0, **GENERATOR}
}  # fmt: skip
SLIGHTLY_TRAINED = {**UNTRAINED, "unknowns_settings": {"epochs": 5, **GENERATOR}}
MIXED = {**NOTHING, "unknowns": "mixed-up classes", "n_unknowns": 200, "unknowns_settings": {"draws": 4}}
QUICK_UNKNOWNS = {**QUICK, "n_unknowns": 40, "pool": 200}


def _taught(loss: str, unknowns: Settings, **loss_settings: object) -> Settings:
    return {**LOGOS, **HEAD, **CERTAIN, **unknowns, "loss": loss, "loss_settings": loss_settings}


TAUGHT = experiment(
    "logo_trained",
    teaching.learn_from_unknowns,
    {
        "nothing, softmax": _taught("softmax", NOTHING),
        "nothing, sigmoids": _taught("sigmoids", NOTHING),
        "background class, collected pictures": _taught("background class", COLLECTED),
        "background class, untrained generator": _taught("background class", UNTRAINED),
        "background class, slightly trained generator": _taught("background class", SLIGHTLY_TRAINED),
        "background class, mixed-up classes": _taught("background class", MIXED),
        "all-zero targets, collected pictures": _taught("all-zero targets", COLLECTED),
        "all-zero targets, untrained generator": _taught("all-zero targets", UNTRAINED),
        "all-zero targets, slightly trained generator": _taught("all-zero targets", SLIGHTLY_TRAINED),
        "entropic open-set loss, collected pictures": _taught("entropic open-set loss", COLLECTED),
        "objectosphere, collected pictures": _taught("objectosphere", COLLECTED, radius=10, weight=0.01),
        "outlier exposure, collected pictures": _taught("outlier exposure", COLLECTED, weight=0.5),
    },
    (
        measures.ACCURACY,
        measures.AUROC["near"],
        measures.AUROC["far"],
        measures.SURE["near"],
        measures.MEAN["near"],
        measures.MEAN["far"],
    ),
    QUICK_UNKNOWNS,
)

# --- how big must "unknown" be? ---


def _many(loss: str, times: float, kinds: int, unknowns: Settings) -> Settings:
    size = {"times": times, "kinds": kinds, "per_class_learned": 50}
    fixed = {name: value for name, value in unknowns.items() if name != "n_unknowns"}  # `times` says it
    return {**LOGOS, **HEAD, **fixed, **size, "loss": loss, "loss_settings": {}}


HOW_MANY = experiment(
    "logo_how_many",
    teaching.learn_from_many,
    {"no unknown class": _many("softmax", 0, 0, NOTHING)}
    | {
        f"{times:g} times one class, {kinds} kind{'s' * (kinds > 1)}": _many(
            "background class", times, kinds, COLLECTED
        )
        for kinds in (1, 2, 4)
        for times in (0.1, 0.3, 1, 3, 10, 30)
    },
    (measures.ACCURACY, measures.AUROC["near"], measures.AUROC["far"]),
    {**QUICK, "per_class_learned": 20, "pool": 200},
)

# --- a threshold without unknowns ---

DRAWN_BY = (
    "max softmax",
    "energy",
    "k nearest",
    "k nearest, on the backbone's features",
    "Mahalanobis, on the backbone's features",
)
THRESHOLD = experiment(
    "logo_threshold",
    detecting.draw_thresholds,
    {name: {**LOGOS, **HEAD, **DETECTORS[name], "rejected": 0.05, "splits": 1_000} for name in DRAWN_BY},
    (measures.REJECTED, measures.LET_IN["near"], measures.LET_IN["far"]),
    {**QUICK, "splits": 20},
)

# --- video ---

NO_DETECTOR = {"detector": None, "detector_settings": {}, "scored_on": None}
NO_CELLS = {
    "n_boxed": 0, "n_line": 0, "covered": None, "clear": None, "sure": None, "cell_epochs": None, "cell_batch": None,
}  # fmt: skip
CELLS = {
    "n_boxed": 300, "n_line": 100, "covered": 0.3, "clear": 0.02, "sure": 0.5, "cell_epochs": 3, "cell_batch": 256,
}  # fmt: skip
WHOLE = {"looks": "whole", "frame_size": 160, "window": None, **NO_CELLS}
SLIDING = {"looks": "sliding", "frame_size": 240, "window": 5, **NO_CELLS}  # five cells are 160 pixels
CELL_BY_CELL = {"looks": "cells", "frame_size": 160, "window": None, **CELLS}
CLASSES_ALONE = {**NOTHING, "loss": "softmax", "loss_settings": {}}
CLASS_OF_NONE = {**COLLECTED, "loss": "background class", "loss_settings": {}}
PICTURES_WITHOUT_MARK = {**CLASS_OF_NONE, "n_unknowns": 100, "pool": 0}


def _watch(looks: Settings, learned: Settings, rejects_by: str | None = None, detector: str | None = None) -> Settings:
    clip = {"clip_seconds": 60, "fps": 5, "rejects_by": rejects_by, "rejected": 0.05 if rejects_by else None}
    return {**LOGOS, **HEAD, **clip, **looks, **learned, **(DETECTORS[detector] if detector else NO_DETECTOR)}


NEAREST = "k nearest, on the backbone's features"
VIDEO = experiment(
    "logo_video",
    watching.watch_clip,
    {
        "plain argmax": _watch(WHOLE, CLASSES_ALONE),
        "rejects, maximum softmax": _watch(WHOLE, CLASSES_ALONE, "detector", "max softmax"),
        "rejects, k nearest": _watch(WHOLE, CLASSES_ALONE, "detector", NEAREST),
        "unknown class": _watch(WHOLE, CLASS_OF_NONE),
        "unknown class, rejects": _watch(WHOLE, CLASS_OF_NONE, "own"),
        "sliding, rejects, k nearest": _watch(SLIDING, CLASSES_ALONE, "detector", NEAREST),
        "sliding, unknown class, rejects": _watch(SLIDING, CLASS_OF_NONE, "own"),
        "detector": _watch(CELL_BY_CELL, PICTURES_WITHOUT_MARK),
        "detector, rejects": _watch(CELL_BY_CELL, PICTURES_WITHOUT_MARK, "own"),
    },
    (measures.PRECISION, measures.RECALL, measures.F1, measures.FALSE_ALARMS, measures.MILLISECONDS),
    {**QUICK_UNKNOWNS, "clip_seconds": 8, "n_boxed": 20, "n_line": 40, "cell_epochs": 1},
)

# --- land, and car makers ---

LAND_WORLD = {
    "network": NETWORK, "weights": "real", "size": None, "side": 64, "pictures": None,
    "n_train": 2_000, "n_test": 800, "n_left_out": 2, "n_far": 375, "n_far_each": 30,
}  # fmt: skip
CAR_WORLD = {
    "network": NETWORK, "weights": "real", "size": 160, "side": 128, "pictures": None,
    "folders": ["car_logos", "cifar10", "textures"], "n_far_each": 150, "known_share": 0.5, "train_share": 0.7,
}  # fmt: skip
_QUICK_CARS = {"weights": "any", "size": None, "pictures": 400}
LAND = experiment(
    "land_open",
    detecting.score_land,
    {name: {**LAND_WORLD, **HEAD, **detector} for name, detector in DETECTORS.items()},
    (measures.AUROC["near"], measures.AUROC["far"], measures.OSCR["near"]),
    {"weights": "any", "pictures": 600, "n_train": 250, "n_test": 60, "n_far": 50, "n_far_each": 3},
    pool=pools.EUROSAT,
)
CARS = experiment(
    "car_logos",
    detecting.score_cars,
    {name: {**CAR_WORLD, **HEAD, **detector} for name, detector in DETECTORS.items()},
    (measures.AUROC["near"], measures.AUROC["far"], measures.OSCR["near"]),
    _QUICK_CARS,
    pool=pools.CAR_LOGOS,
)
CAR_CERTAINTY = experiment(
    "car_certainty",
    detecting.answer_cars,
    {"softmax": {**CAR_WORLD, **HEAD, **CERTAIN}},
    tuple(measures.SURE.values()),
    _QUICK_CARS,
    pool=pools.CAR_LOGOS,
)

EXPERIMENTS = (
    ANSWERS, FLATTENED, SCORES, TEMPERATURE, CERTAINTY, TAUGHT, HOW_MANY, THRESHOLD, VIDEO, LAND, CARS, CAR_CERTAINTY,
)  # fmt: skip
