"""What lesson 6 compares: every experiment with its variants. Rates and epochs were chosen on seeds 100 and 101 by test
accuracy alone; no heatmap had a say in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from ... import training
from ...study import Experiment, Metric
from .. import pools
from . import changes, networks, reasons, trust

SEEDS = 10
SEEDS_BY_CELLS = 8  # added later, when a seed took minutes of a shared machine
ALL = {"pictures": None}
QUICK_LAND = {"pictures": 1_500}  # reruns that a learner waits for
QUICK_PLANTED = {"n_per_class": 100}
ACCURACY = {"test accuracy": Metric()}

Settings = Mapping[str, object]


def _training(**chosen: object) -> Settings:
    """All settings of a training, the seed left out."""
    decided = asdict(training.Settings(**chosen))
    return {name: decided[name] for name in networks.TRAINING}


def _experiment(name: str, run, variants: Mapping[str, Settings], **more: object) -> Experiment:
    """Variants share the network of a seed."""
    more = {"metrics": ACCURACY, "quick": QUICK_LAND, "seeds": SEEDS, "pool": pools.EUROSAT} | more
    return Experiment(name=name, run=run, variants=variants, shared=True, **more)


# --- the methods ---

BLOB, RANDOM = "a blob in the middle", "random numbers"
CAM, CAM_BY_CELLS, FINE_CAM = "Grad-CAM", "Grad-CAM, by cells", "LayerCAM, 16×16 cells"
OCCLUSION, BLACK = "occlusion, grey", "occlusion, black"
FROM_BLACK, FROM_MEAN = "integrated gradients, from black", "integrated gradients, from the mean colour"
METHODS = {
    "saliency": {"method": "saliency"},
    "SmoothGrad": {"method": "smooth_grad", "noise": 0.15, "copies": 50},
    FROM_BLACK: {"method": "integrated_gradients", "start": "black", "steps": 32},
    FROM_MEAN: {"method": "integrated_gradients", "start": "mean colour", "steps": 32},
    CAM: {"method": "grad_cam"},
    OCCLUSION: {"method": "occlusion", "patch": 8, "stride": 4, "patch_fill": "grey"},
    BLACK: {"method": "occlusion", "patch": 8, "stride": 4, "patch_fill": "black"},
    "RISE": {"method": "rise", "masks": 500, "cells": 8, "seen": 0.5, "mask_fill": "grey", "own_sums": True},
    "LIME": {
        "method": "lime", "draws": 500, "mask_fill": "grey", "width": 0.25, "ridge": 1.0, "superpixels": 50,
        "compactness": 10.0, "rounds": 10,
    },
    BLOB: {"method": "blob", "blob_width": 0.25},
    RANDOM: {"method": "random"},
}  # fmt: skip
KNOWING = tuple(name for name in METHODS if name not in (BLOB, RANDOM))  # those that look at picture and model

# --- a planted reason ---

REASONS = ("road", "hue", "texture")
PLANTED = {
    "n_per_class": 500, "n_test_per_class": 200, "side": 64, "widths": (16, 32, 32), "batch_norm": True,
    **_training(epochs=14, batch_size=32, peak_lr=1e-2, flips=False),
}  # fmt: skip
COVERED = {
    "all is seen": {"covered": "nothing"},
    "the planted thing is covered": {"covered": "the planted thing"},
    "all but the planted thing is covered": {"covered": "all else"},
}
LEFT_OVER = _experiment(
    "planted_left",
    reasons.cover_reason,
    {
        f"{reason}: {name}": {**PLANTED, "reason": reason, **covered}
        for reason in REASONS
        for name, covered in COVERED.items()
    },
    quick=QUICK_PLANTED,
)
FOUND = _experiment(
    "planted_found",
    reasons.find_reason,
    {
        f"{reason}: {name}": {**PLANTED, "reason": reason, **method, "shown": 20, "tolerance": 0.0}
        for reason in REASONS
        for name, method in METHODS.items()
    },
    metrics={reasons.ENERGY: Metric(), reasons.POINTING: Metric()},
    quick=QUICK_PLANTED,
)

# Maps of cells, laid where their cells look, and scored with a cell's width of slack. `METHODS` enlarges Grad-CAM as
# its paper does, and is left as it was first measured.
BY_CELLS = {
    CAM_BY_CELLS: {"method": "grad_cam_by_cells", "map_cells": 2},
    "HiResCAM, 16×16 cells": {"method": "hires_cam", "map_cells": 16},
    FINE_CAM: {"method": "layer_cam", "map_cells": 16},
}
CELLS_AND_RIVALS = BY_CELLS | {name: METHODS[name] for name in (CAM, FROM_MEAN, BLOB, RANDOM)}
CELLS = _experiment(
    "planted_cells",
    reasons.find_reason_nearly,
    {
        f"{reason}: {name}": {**PLANTED, "reason": reason, **method, "shown": 20, "tolerance": 8.0}
        for reason in REASONS
        for name, method in CELLS_AND_RIVALS.items()
    },
    metrics=dict.fromkeys((reasons.ENERGY, reasons.POINTING, reasons.NEAR), Metric()),
    quick=QUICK_PLANTED,
    seeds=SEEDS_BY_CELLS,
)

# Saliency has no signs, integrated gradients have: like is compared with like where signs are left out.
RANDOMIZED = {name: METHODS[name] for name in ("saliency", "SmoothGrad", FROM_BLACK, FROM_MEAN, RANDOM)} | {
    CAM_BY_CELLS: BY_CELLS[CAM_BY_CELLS]
}
SIZES = _experiment(
    "planted_sanity",
    reasons.randomize_planted,
    {
        name: {**PLANTED, "reason": "road", **method, "shown": 20, "other_draw": 1_000 if name == RANDOM else 0}
        for name, method in RANDOMIZED.items()
    },
    metrics=dict.fromkeys((trust.SIZES, trust.LIKENESS), Metric(unit="correlation", lower_is_better=True)),
    quick=QUICK_PLANTED,
    seeds=SEEDS_BY_CELLS,
)

# --- EuroSAT, changed ---

SMALL_NETWORK = {
    **ALL, "n_train": 3_000, "n_test": 1_000, "network": "small", "widths": (16, 32, 64), "batch_norm": True,
    **_training(epochs=8, batch_size=64, peak_lr=1e-2),
}  # fmt: skip
PRETRAINED = {
    **ALL, "n_train": 2_000, "n_test": 1_000, "network": "pretrained", "backbone": "mobilenet_v2_035",
    "pooling": "mean",
    **_training(epochs=4, batch_size=64, peak_lr=3e-3),
}  # fmt: skip
CLASSES = (
    "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture", "PermanentCrop",
    "Residential", "River", "SeaLake",
)  # fmt: skip
BY_CLASS = {changes.of(name): Metric() for name in CLASSES}

PLAIN = ()
GREY = (("grey",),)
TURNED = (("turn_hues", 90),)
SHUFFLED_16, SHUFFLED_8 = (("shuffle_patches", 16, 0),), (("shuffle_patches", 8, 0),)
ZOOMED = (("zoom", 2),)
CHANGES = {
    "plain": PLAIN,
    "grey": GREY,
    "hue turned by 90°": TURNED,
    "hue turned by 180°": (("turn_hues", 180),),
    "half the saturation": (("saturate", 0.5),),
    "twice the saturation": (("saturate", 2),),
    "patches of 32 px shuffled": (("shuffle_patches", 32, 0),),
    "patches of 16 px shuffled": SHUFFLED_16,
    "patches of 8 px shuffled": SHUFFLED_8,
    "zoomed 2×": ZOOMED,
    "blurred, 2 px": (("blur", 2.0),),
    "low-pass, 8 cycles": (("low_pass", 8),),
    "high-pass, 8 cycles": (("high_pass", 8),),
    "mean colour only": (("block_average", 1),),
}
SEEN_AS = _experiment(
    "seen_as",
    changes.recognise,
    {
        f"{name}: {change}": {**network, "trained_on": PLAIN, "tested_on": steps}
        for name, network in {"fine-tuned": PRETRAINED, "from scratch": SMALL_NETWORK}.items()
        for change, steps in CHANGES.items()
    },
)
SEEN_BY_CLASS = _experiment(
    "seen_as_class",
    changes.recognise_by_class,
    {
        change: {**PRETRAINED, "trained_on": PLAIN, "tested_on": CHANGES[change]}
        for change in (
            "plain",
            "grey",
            "hue turned by 90°",
            "patches of 16 px shuffled",
            "patches of 8 px shuffled",
            "zoomed 2×",
            "blurred, 2 px",
        )
    },
    metrics=BY_CLASS,
    pool=pools.EUROSAT_CLASS,
)

# --- networks that were trained on changed pictures ---


def _small(trained_on: object, tested_on: object) -> Settings:
    return {**SMALL_NETWORK, "trained_on": trained_on, "tested_on": tested_on}


TRAINED_ON = _experiment(
    "trained_on",
    changes.recognise,
    {
        "trained on plain, tested on plain": _small(PLAIN, PLAIN),
        "trained on grey, tested on plain": _small(GREY, PLAIN),
        "trained on grey, tested on its own kind": _small(GREY, GREY),
        "trained on shuffled, tested on plain": _small(SHUFFLED_16, PLAIN),
        "trained on shuffled, tested on its own kind": _small(SHUFFLED_16, SHUFFLED_16),
        "trained on zoomed, tested on plain": _small(ZOOMED, PLAIN),
        "trained on zoomed, tested on its own kind": _small(ZOOMED, ZOOMED),
    },
)
TRAINED_BY_CLASS = _experiment(
    "trained_on_class",
    changes.recognise_by_class,
    {
        "plain": _small(PLAIN, PLAIN),
        "grey": _small(GREY, GREY),
        "shuffled": _small(SHUFFLED_16, SHUFFLED_16),
        "zoomed": _small(ZOOMED, ZOOMED),
    },
    metrics=BY_CLASS,
    pool=pools.EUROSAT_CLASS,
)


def _pair(network: Settings, trained_on: object, before: object, after: object) -> Settings:
    return {**network, "trained_on": trained_on, "before": before, "after": after}


HUE_TURNED = _experiment(
    "hue_turned",
    changes.turn_hues,
    {
        "trained on plain, sees colours": _pair(SMALL_NETWORK, PLAIN, PLAIN, TURNED),
        "trained on grey, sees colours": _pair(SMALL_NETWORK, GREY, PLAIN, TURNED),
        "trained on grey, sees grey": _pair(SMALL_NETWORK, GREY, GREY, TURNED + GREY),
    },
    metrics={changes.TURNED: Metric(lower_is_better=True)},
)
SHUFFLE_COST = _experiment(
    "shuffle_cost",
    changes.shuffle,
    {
        "trained on plain, 16 px": _pair(SMALL_NETWORK, PLAIN, PLAIN, SHUFFLED_16),
        "trained on plain, 8 px": _pair(SMALL_NETWORK, PLAIN, PLAIN, SHUFFLED_8),
        "trained on zoomed, 16 px": _pair(SMALL_NETWORK, ZOOMED, ZOOMED, ZOOMED + SHUFFLED_16),
        "trained on zoomed, 8 px": _pair(SMALL_NETWORK, ZOOMED, ZOOMED, ZOOMED + SHUFFLED_8),
    },
    metrics={changes.LOST: Metric(lower_is_better=True)},
)
TUNED_COST = _experiment(
    "shuffle_cost_tuned",
    changes.shuffle,
    {
        "fine-tuned on plain, 16 px": _pair(PRETRAINED, PLAIN, PLAIN, SHUFFLED_16),
        "fine-tuned on plain, 8 px": _pair(PRETRAINED, PLAIN, PLAIN, SHUFFLED_8),
        "fine-tuned on zoomed, 16 px": _pair(PRETRAINED, ZOOMED, ZOOMED, ZOOMED + SHUFFLED_16),
        "fine-tuned on zoomed, 8 px": _pair(PRETRAINED, ZOOMED, ZOOMED, ZOOMED + SHUFFLED_8),
    },
    metrics={changes.LOST: Metric(lower_is_better=True)},
)

# --- EuroSAT: which heatmap to trust ---

EXPLAINED = {**SMALL_NETWORK, "trained_on": PLAIN, "shown": 20}
FILLS = {
    "grey": {"covered_with": "grey"},
    "black": {"covered_with": "black"},
    "blurred": {"covered_with": "blurred", "blur": 4},
}
SCORING = {"curve_steps": 16, "sets": 100, "set_share": 0.2, "set_cells": 8, "draw_seed": 0}
TRUST = _experiment(
    "heat_trust",
    trust.judge_heatmaps,
    {
        f"{name}; covered with {fill}": {**EXPLAINED, **method, **SCORING, **covered}
        for name, method in METHODS.items()
        for fill, covered in FILLS.items()
    },
    metrics={
        trust.DELETION: Metric(lower_is_better=True),
        trust.INSERTION: Metric(),
        trust.FIDELITY: Metric(unit="correlation"),
    },
)
# Random numbers are drawn anew, as a second draw would be; all methods get what they got before.
OTHER_DRAW = dict.fromkeys(METHODS, 0) | {RANDOM: 1_000}
SANITY = _experiment(
    "heat_sanity",
    trust.randomize_network,
    {
        f"{name}; {layers} random": {**EXPLAINED, **method, "random_layers": count, "other_draw": OTHER_DRAW[name]}
        for name, method in METHODS.items()
        for layers, count in {"last layer": 1, "all layers": None}.items()
    },
    metrics={trust.LIKENESS: Metric(unit="correlation", lower_is_better=True)},
)
EXPERIMENTS = (
    LEFT_OVER, FOUND, CELLS, SIZES, SEEN_AS, SEEN_BY_CLASS, TRAINED_ON, TRAINED_BY_CLASS,
    HUE_TURNED, SHUFFLE_COST, TUNED_COST, TRUST, SANITY,
)  # fmt: skip
