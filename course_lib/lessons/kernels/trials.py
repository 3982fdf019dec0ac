"""The experiments of the chapter on kernels, and the advice that it puts on trial: `course trials list` names them."""

from __future__ import annotations

from functools import partial

from ...study import Experiment, Metric, Trial
from .. import pools
from . import experiments, timing
from .variants import (
    AS_DEEP,
    EUROSAT_NETWORKS,
    FEW_HUE,
    FEW_LINES,
    FIELDS,
    FIFTH,
    HUE,
    HUE_NETWORKS,
    LATER,
    LINES,
    MACS,
    PAIR,
    PROBE,
    RANKS,
    ROADS,
    SCRATCH,
    SECONDS,
    TIME,
    TWICE,
    WEIGHTS,
)

COSTS, LESSON, OTHER = "02a_asymmetric_kernels", "02b_do_long_thin_kernels_help", "02c_other_advice"
TWO_POINTS = 0.02
ACCURACY = {"test accuracy": Metric()}


def _quick(n_train: int, n_test: int) -> dict[str, object]:
    """A rerun that a learner waits for; EuroSAT's stand-in will do."""
    return {"source": "any", "n_train": n_train, "n_test": n_test}


_experiment = partial(Experiment, metrics=ACCURACY, seeds=10)
_training = partial(_experiment, run=experiments.train_network, quick={**_quick(120, 80), "epochs": 3})

KERNEL_SECONDS = _experiment(
    name="kernel_seconds",
    run=timing.time_forward,
    quick={"best_of": 2},
    variants=SECONDS,
    metrics={"forward pass of 8 pictures": Metric("ms", lower_is_better=True)},
)
THIN_HUE = _training(name="thin_hue", variants=HUE)
THIN_LINES = _training(name="thin_lines", variants=LINES)
LINES_TWICE = _training(name="lines_twice", variants=TWICE, quick={**_quick(240, 80), "epochs": 3})
THIN_ROADS = _training(name="thin_roads", variants=ROADS, pool=pools.HIGHWAY_AND_RIVER)
NETWORKS_HUE = _training(name="hue_networks", variants=HUE_NETWORKS)
NETWORKS_TEN = _training(
    name="eurosat_networks", variants=EUROSAT_NETWORKS, quick={**_quick(400, 200), "epochs": 3}, pool=pools.EUROSAT
)
HUE_FEW = _experiment(name="few_hue", run=experiments.learn_from_few, variants=FEW_HUE, quick=_quick(40, 80))
LINES_FEW = _experiment(name="few_lines", run=experiments.learn_from_few, variants=FEW_LINES, quick=_quick(40, 80))
LEARNED_RANK = _experiment(
    name="learned_rank",
    run=experiments.rank_of_kernels,
    quick={**_quick(120, 80), "epochs": 3},
    variants=RANKS,
    metrics={"energy in the first singular value": Metric()},
    shared=True,
)
FIELD_USED = _experiment(
    name="field_used",
    run=experiments.share_of_field,
    quick={**_quick(120, 80), "epochs": 3},
    variants=FIELDS,
    metrics={"share of the field that holds 95 % of the gradient": Metric()},
    shared=True,
)

EXPERIMENTS = (
    KERNEL_SECONDS, THIN_HUE, THIN_LINES, LINES_TWICE, THIN_ROADS, NETWORKS_HUE, NETWORKS_TEN, HUE_FEW, LINES_FEW,
    LEARNED_RANK, FIELD_USED,
)  # fmt: skip

# --- the advice ---

_trial = partial(Trial, smallest_effect=TWO_POINTS, seeds=10, lesson=LESSON)
# A trial's name says by what its rival is equal: thin_hue_weights.
RIVALS = {
    "weights": (WEIGHTS, "3×3 ones with equal weights"),
    "macs": (MACS, "3×3 ones with equal MACs"),
    "time": (TIME, "3×3 ones with equal time"),
    "later": (LATER, "3×3 ones that stride later, with equal weights and reach"),
}


def _thin(experiment: Experiment, what: str) -> tuple[Trial, ...]:
    """The thin pair against each of its rivals."""
    return tuple(
        _trial(
            name=f"{experiment.name}_{equal}",
            claim=f"Long thin kernels do better with {what} than {words}.",
            variant=experiment[PAIR],
            baseline=experiment[rival],
        )
        for equal, (rival, words) in RIVALS.items()
    )


TRIALS = (
    *_thin(THIN_HUE, "hue"),
    *_thin(THIN_LINES, "lines and clicks"),
    *_thin(THIN_ROADS, "highways and rivers"),
    _trial(
        name="thin_lines_depth",
        claim="A stride that comes later helps with lines and clicks: the same layers, strides last, not first.",
        variant=THIN_LINES[LATER],
        baseline=THIN_LINES[AS_DEEP],
    ),
    _trial(
        name="thin_lines_twice",
        claim="Long thin kernels do better with lines and clicks than 3×3 ones that stride later, on 1,200 pictures.",
        variant=LINES_TWICE[PAIR],
        baseline=LINES_TWICE[LATER],
    ),
    _trial(
        name="thin_a_fifth",
        claim="30×3 then 3×30 takes at most a fifth of the time of one 30×30.",
        variant=KERNEL_SECONDS[PAIR],
        baseline=KERNEL_SECONDS[FIFTH],
        smallest_effect=0.5,
        lesson=COSTS,
    ),
    _trial(
        name="thin_cheap_reach",
        claim="Long thin kernels are the cheap way to see far: cheaper than four 3×3 with stride 2.",
        variant=KERNEL_SECONDS[PAIR],
        baseline=KERNEL_SECONDS["four 3×3, stride 2"],
        smallest_effect=0.5,
        lesson=COSTS,
    ),
    _trial(
        name="large_kernels_7",
        claim="Larger kernels see colour better: 7×7 first, not 3×3.",
        variant=NETWORKS_HUE["first kernel 7×7"],
        baseline=NETWORKS_HUE["first kernel 3×3"],
        lesson=OTHER,
    ),
    _trial(
        name="large_kernels_15",
        claim="Larger kernels see colour better: 15×15 first, not 3×3.",
        variant=NETWORKS_HUE["first kernel 15×15"],
        baseline=NETWORKS_HUE["first kernel 3×3"],
        lesson=OTHER,
    ),
    _trial(
        name="two_branches_hue",
        claim="For hue, a branch for colour and one for shape beat a single branch of as many weights.",
        variant=NETWORKS_HUE["two branches"],
        baseline=NETWORKS_HUE["first kernel 3×3"],
        lesson=OTHER,
    ),
    _trial(
        name="two_branches_eurosat",
        claim="For EuroSAT, a branch for colour and one for shape beat a single branch of as many weights.",
        variant=NETWORKS_TEN["two branches"],
        baseline=NETWORKS_TEN["one branch"],
        lesson=OTHER,
    ),
    _trial(
        name="shallow_paths_hue",
        claim="For hue, keep shallow paths beside the deep one.",
        variant=NETWORKS_HUE["shallow paths"],
        baseline=NETWORKS_HUE["first kernel 3×3"],
        lesson=OTHER,
    ),
    _trial(
        name="shallow_paths_eurosat",
        claim="For EuroSAT, keep shallow paths beside the deep one.",
        variant=NETWORKS_TEN["shallow paths"],
        baseline=NETWORKS_TEN["one branch"],
        lesson=OTHER,
    ),
    _trial(
        name="transfer_hue",
        claim="200 spectrograms that differ in hue: a pretrained network beats a small one from scratch.",
        variant=HUE_FEW[PROBE],
        baseline=HUE_FEW[SCRATCH],
        lesson=OTHER,
    ),
    _trial(
        name="transfer_lines",
        claim="200 spectrograms with lines or clicks: a pretrained network beats a small one from scratch.",
        variant=LINES_FEW[PROBE],
        baseline=LINES_FEW[SCRATCH],
        lesson=OTHER,
    ),
    _trial(
        name="training_thins_lines",
        claim="Training brings large kernels closer to two thin ones (clear lines).",
        variant=LEARNED_RANK["clear lines: trained"],
        baseline=LEARNED_RANK["before training"],
        smallest_effect=0.05,
        lesson=OTHER,
    ),
    _trial(
        name="training_thins_roads",
        claim="Training brings large kernels closer to two thin ones (roads).",
        variant=LEARNED_RANK["roads: trained"],
        baseline=LEARNED_RANK["roads: before training"],
        smallest_effect=0.05,
        lesson=OTHER,
    ),
    _trial(
        name="thin_field",
        claim="A trained thin pair uses more of its receptive field than a stack of 3×3.",
        variant=FIELD_USED[f"{PAIR}, trained"],
        baseline=FIELD_USED[f"{LATER}, trained"],
        smallest_effect=0.05,
        lesson=OTHER,
    ),
)
