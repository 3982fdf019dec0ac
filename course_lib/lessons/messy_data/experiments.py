"""What lesson 7 compares: each experiment with all the settings of its variants. `trials` has the claims about them.

The network is frozen, and every model is a linear probe on its embeddings: a second a run. What is messy is made by
us, so that it is known: long tails, wrong labels, pictures of two classes, copies.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...study import Experiment, Metric
from .. import pools
from . import decisions, leaks, long_tails, mixed_land, wrong_labels
from .wrong_labels import ORDERS

Settings = Mapping[str, object]
SEEDS = 10
COMMON = {"pictures": None, "network": "mobilenet_v2_035", "weights": "real", "pooling": "mean"}
PENALTY = {"C": 0.01}
QUICK = {"pictures": 1_500, "weights": "any"}  # a rerun that a learner waits for
THRESHOLDS = {"thresholds": (0.02, 0.99, 0.02)}  # start, stop, step


def _experiment(name: str, run, variants: Mapping[str, Settings], quick: Settings | None = None, **more) -> Experiment:
    settings = {variant: {**COMMON, **own} for variant, own in variants.items()}
    more = {"quick": {**QUICK, **(quick or {})}, "seeds": SEEDS, "pool": pools.EUROSAT} | more
    return Experiment(name=name, run=run, variants=settings, **more)


# --- long tails ---

REMEDIES: dict[str, Settings] = {
    "nothing": {"remedy": "nothing"},
    "oversampled": {"remedy": "oversample"},
    "undersampled": {"remedy": "undersample"},
    "both": {"remedy": "resample"},
    "class weights": {"remedy": "class_weights"},
    "effective weights": {"remedy": "effective_weights", "beta": 0.999},
    "logits adjusted": {"remedy": "adjust_logits", "tau": 1.0},
}
# The three smallest are a third of ten classes.
_TAIL = {**PENALTY, "n_train": 2_000, "n_test": 2_000, "smallest": 3, "ranked_at": 50}
# More or fewer pictures make the penalty weaker or stronger beside the loss. Here it keeps its strength, so that only
# the remedy differs. (The weights' mean over the pictures is 1 in any case.)
EVEN = ("oversampled", "undersampled", "both")
_TAILS = {"1 : 1, nothing": {**_TAIL, "ratio": 1, "remedy": "nothing"}} | {
    f"{ratio} : 1, {name}": {**_TAIL, "ratio": ratio, **remedy}
    for ratio in (1.5, 10, 50)
    for name, remedy in REMEDIES.items()
}
_TAILS |= {
    f"50 : 1, {name}, same penalty": {**_TAIL, "ratio": 50, **REMEDIES[name], "same_penalty": True} for name in EVEN
}
TAILS = _experiment(
    "imbalance",
    long_tails.learn_tail,
    _TAILS,
    quick={"n_train": 150, "n_test": 750},
    metrics={long_tails.BALANCED: Metric(), long_tails.SMALLEST: Metric(), long_tails.SKEWED: Metric()},
)

# --- wrong labels ---

_LABELS = {**PENALTY, "n_train": 3_000, "n_test": 3_000}
_FEWER_LABELS = {"n_train": 500, "n_test": 500}
_PLANTED: dict[str, Settings] = {
    f"{rate:.0%} {kind}": {"rate": rate, "kind": kind}
    for kind in ("uniform", "confusions")
    for rate in (0.02, 0.05, 0.1, 0.2)
}
# Errors for which there is a reason in the picture, or beside it. Another network says which pictures are ambiguous:
# the one that searches would find its own doubts again.
REASONS: dict[str, Settings] = {"ambiguous": {"judge": "squeezenet1_1"}, "neighbours": {}}
_PLANTED |= {f"5% {kind}": {"rate": 0.05, "kind": kind, **judge} for kind, judge in REASONS.items()}
REVIEWED = _experiment(
    "labels_reviewed",
    wrong_labels.review_labels,
    {
        f"{name}, {order}": {**_LABELS, **planted, "folds": 5, "order": order}
        for name, planted in _PLANTED.items()
        for order in ORDERS
    },
    quick=_FEWER_LABELS,
    metrics={wrong_labels.FOUND: Metric(), wrong_labels.ACCURACY: Metric()},
    shared=True,
)
# The confusions are those of probes in folds; errors of the kind "uniform" need none.
_FOLDS: dict[str, Settings] = {"uniform": {}, "confusions": {"folds": 5}, "ambiguous": {"folds": 5}, "neighbours": {}}
NOT_REVIEWED = _experiment(
    "labels_not_reviewed",
    wrong_labels.leave_labels,
    {"no errors planted": {**_LABELS, "rate": 0, "kind": "uniform"}}
    | {
        f"{name}, not reviewed": {**_LABELS, **planted, **_FOLDS[planted["kind"]]} for name, planted in _PLANTED.items()
    },
    quick=_FEWER_LABELS,
    metrics={wrong_labels.ACCURACY: Metric()},
    shared=True,
)

# --- several kinds of land ---

_LAND = {
    **PENALTY, "max_iter": 100, "parts": (0.6, 0.1, 0.3), "single": 0.3, "n_train": 2_000, "n_test": 1_000,
}  # fmt: skip
_CHOSEN = {"answer": "chosen threshold", "n_choosing": 500, **THRESHOLDS}
_ANSWERS: dict[str, Settings] = {
    "softmax, top one": {"head": "softmax", "answer": "top", "k": 1},
    "softmax, top two": {"head": "softmax", "answer": "top", "k": 2},
    "softmax, above a threshold": {"head": "softmax", **_CHOSEN},
    "sigmoids, above 0.5": {"head": "sigmoids", "answer": "fixed threshold", "threshold": 0.5},
    "sigmoids, above a threshold": {"head": "sigmoids", **_CHOSEN},
}
SETS = _experiment(
    "mixed_land",
    mixed_land.find_sets,
    {
        f"{name}, learned from {kind}": {**_LAND, **answer, "learned_from": kind}
        for kind in ("pure", "mixed")
        for name, answer in _ANSWERS.items()
    },
    quick={"n_train": 300, "n_test": 150},
    metrics={mixed_land.EXACT: Metric()},
    shared=True,
)

# --- decisions ---

_DECISION = {
    "parts": (0.4, 0.2, 0.4), "n_train": 2_000, "n_val": 1_000, "n_test": 3_000, "precious": "Highway", "missed": 10.0,
}  # fmt: skip
_PROBES: dict[str, Settings] = {"a smooth probe": {"C": 0.01}, "an overconfident probe": {"C": 10.0}}
_RULES: dict[str, Settings] = {
    "likeliest class": {"rule": "likeliest"},
    "highway if above 0.25": {"rule": "priority", "threshold": 0.25},
    "highway if above a chosen threshold": {"rule": "chosen priority", **THRESHOLDS},
    "least expected cost": {"rule": "least cost"},
    "least expected cost, calibrated": {"rule": "calibrated least cost"},
}
RATIOS = (3, 30, 100)
_COSTS: dict[str, Settings] = {
    f"{name}: {rule}": {**_DECISION, **penalty, **how}
    for name, penalty in _PROBES.items()
    for rule, how in _RULES.items()
} | {
    f"{name}, {ratio} : 1: {rule}": {**_DECISION, **penalty, **how, "missed": float(ratio)}
    for name, penalty in _PROBES.items()
    for ratio in RATIOS
    for rule, how in _RULES.items()
    if rule != "highway if above 0.25"
}
COSTS = _experiment(
    "decisions",
    decisions.answer_by_rule,
    _COSTS,
    metrics={decisions.COST: Metric(unit="units", lower_is_better=True)},
    shared=True,
)

_SURE = {name: value for name, value in _DECISION.items() if name not in ("precious", "missed")} | {"bins": 15}
SURENESS = _experiment(
    "sureness",
    decisions.sureness,
    {
        f"{name}, {when}": {**_SURE, **penalty, "calibrated": calibrated}
        for name, penalty in _PROBES.items()
        for when, calibrated in (("as it is", False), ("calibrated", True))
    },
    metrics={decisions.ECE: Metric(lower_is_better=True)},
)

# --- leaks ---

_JUDGES: dict[str, Settings] = {
    "probe": {"judge": "probe", **PENALTY},
    "nearest neighbour": {"judge": "nearest neighbour", "neighbours": 1},
}
# Middles 600 m apart share 6 % of their ground at the least; from 630 m on the two touch, and share 2 % at most.
_NEAR: dict[str, Settings] = {
    "overlap": {"metres": (0, 600), "n_pairs": 200},
    "beside": {"metres": (630, 700), "n_pairs": 500},
}
_KEPT: dict[str, Settings] = {
    "in the training": {"partners": "kept"},
    "replaced": {"partners": "replaced"},
}


def _neighbours(near: str, pool: int) -> Experiment:
    return _experiment(
        f"leaks_{near}",
        leaks.learn_beside,
        {
            f"{judge}, neighbours {kept}": {**_NEAR[near], "apart": 2_000, "n_train": 4_000, **model, **how}
            for judge, model in _JUDGES.items()
            for kept, how in _KEPT.items()
        },
        quick={"metres": (0, 20_000), "apart": 20_000, "n_pairs": 60, "n_train": 500},
        metrics={leaks.ACCURACY: Metric()},
        pool=pool,
    )


OVERLAP, BESIDE = _neighbours("overlap", pools.EUROSAT_OVERLAPPING), _neighbours("beside", pools.EUROSAT_BESIDE)
_SPLIT = {"n": 4_000, "parts": (0.8, 0.2)}
_COPIES: dict[str, Settings] = {
    "no copies, random split": {"copied": 0, "together": False},
    "copies, random split": {"copied": 0.3, "noise": 2, "together": False},
    "copies kept together": {"copied": 0.3, "noise": 2, "together": True, "max_bits": 4, "max_difference": 4.0},
}
COPIES = _experiment(
    "leaks_copies",
    leaks.part_copies,
    {
        f"{judge}, {split}": {**_SPLIT, **model, **how}
        for judge, model in _JUDGES.items()
        for split, how in _COPIES.items()
    },
    quick={"n": 750},
    metrics={leaks.BALANCED: Metric()},
    shared=True,
)

EXPERIMENTS = (TAILS, REVIEWED, NOT_REVIEWED, SETS, COSTS, SURENESS, OVERLAP, BESIDE, COPIES)
