"""The advice that chapter 5 puts on trial, and what its lessons show of the runs: `course trials list` names them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

import numpy as np
from scipy import stats

from ...study import Experiment, Summary, Trial
from . import experiments, further_trials
from .experiments import (
    ANSWERS,
    CARS,
    CERTAINTY,
    FLATTENED,
    HOW_MANY,
    LAND,
    NETWORK,
    SCORES,
    SECOND,
    SEEDS,
    TAUGHT,
    TEMPERATURE,
    VIDEO,
)
from .measures import AUROC, F1, MEAN, SURE

__all__ = ["EXPERIMENTS", "LESSON", "SCORING", "TEACHING", "TRIALS", "by_epochs", "by_size", "ranking"]

LESSON, TEACHING = "05a_open_set_rejection", "05b_teach_it_the_unknown"
SCORING = "05c_which_score_where"
EXPERIMENTS = (*experiments.EXPERIMENTS, *further_trials.EXPERIMENTS)
POINT, TWO_POINTS, FIVE_POINTS = 0.01, 0.02, 0.05

_trial = partial(Trial, smallest_effect=TWO_POINTS, lesson=LESSON, seeds=SEEDS)
_of_teaching = partial(_trial, lesson=TEACHING)
_of_scoring = partial(_trial, lesson=SCORING)


def _near_and_far(
    name: str,
    claim: str,
    experiment: Experiment,
    variant: str,
    baseline: str,
    *,
    metrics: Mapping[str, str] = AUROC,
    **more: object,
) -> tuple[Trial, Trial]:
    """The same claim on near and on far unknowns: `claim` says {part}."""
    near, far = (
        _trial(
            name=f"{name}_{part}",
            claim=claim.format(part=part),
            variant=experiment[variant],
            baseline=experiment[baseline],
            metric=metrics[part],
            **more,
        )
        for part in ("near", "far")
    )
    return near, far


BLAME = _near_and_far(
    "softmax_to_blame",
    "Softmax is to blame: take the largest logit itself, and it tells {part} unknowns better.",
    TEMPERATURE,
    "maximum logit",
    "softmax, T = 1",
)
SIGMOID = _near_and_far(
    "sigmoid",
    "A sigmoid for each class instead of a softmax has no advantage ({part} unknowns).",
    TEMPERATURE,
    "sigmoids, highest probability",
    "softmax, T = 1",
    says="no better",
)
SIGMOID_AS_SURE = (
    _trial(
        name="sigmoid_as_sure_share",
        claim="A sigmoid is as sure of what it has never seen (near unknowns with 0.99 or more).",
        variant=CERTAINTY["sigmoids, highest probability"],
        baseline=CERTAINTY["softmax, T = 1"],
        metric=SURE["near"],
        says="no better",
        smallest_effect=FIVE_POINTS,
    ),
    _trial(
        name="sigmoid_as_sure_mean",
        claim="A sigmoid is as sure of what it has never seen (mean probability of far unknowns).",
        variant=CERTAINTY["sigmoids, highest probability"],
        baseline=CERTAINTY["softmax, T = 1"],
        metric=MEAN["far"],
        says="no better",
        smallest_effect=FIVE_POINTS,
    ),
)
KERAS_AS_PYTORCH = _trial(
    name="keras_as_pytorch",
    claim="In PyTorch it does not happen: fewer near unknowns get 0.99 or more than in Keras (30 epochs).",
    variant=FLATTENED["PyTorch, rate 1e-05, 30 epochs"],
    baseline=FLATTENED["Keras, rate 1e-05, 30 epochs"],
    metric=SURE["near"],
    smallest_effect=FIVE_POINTS,
)
TRAINED_TOO_LONG = _trial(
    name="trained_too_long",
    claim="It was trained too long: after 10 epochs instead of 100 fewer near unknowns get 0.99 or more.",
    variant=ANSWERS["PyTorch, rate 0.001, 10 epochs"],
    baseline=ANSWERS["PyTorch, rate 0.001, 100 epochs"],
    metric=SURE["near"],
    smallest_effect=FIVE_POINTS,
)

# --- unknown pictures to learn from ---

UNKNOWN_CLASS = _near_and_far(
    "unknown_class",
    "Add a class of unknowns: it tells {part} unknowns, of kinds that it has not, better.",
    TAUGHT,
    "background class, collected pictures",
    "nothing, softmax",
    lesson=TEACHING,
)
TRAINING_DATA = _near_and_far(
    "training_data",
    "The training data is the reason: with 200 pictures of none it is less sure of {part} unknowns.",
    TAUGHT,
    "background class, collected pictures",
    "nothing, softmax",
    metrics=MEAN,
    smallest_effect=FIVE_POINTS,
    lesson=TEACHING,
)
ALL_ZERO_TARGETS = _near_and_far(
    "all_zero_targets",
    "Sigmoids with all-zero targets for pictures of none beat a class for them ({part} unknowns).",
    TAUGHT,
    "all-zero targets, collected pictures",
    "background class, collected pictures",
    lesson=TEACHING,
)
UNTRAINED_GENERATOR = _near_and_far(
    "untrained_gan",
    "Random pictures of an untrained generator do as the unknown class: better than none ({part} unknowns).",
    TAUGHT,
    "background class, untrained generator",
    "nothing, softmax",
    lesson=TEACHING,
)
SLIGHTLY_TRAINED_GENERATOR = _near_and_far(
    "slightly_trained_gan",
    "Pictures of a slightly trained generator do: better than of an untrained one ({part} unknowns).",
    TAUGHT,
    "background class, slightly trained generator",
    "background class, untrained generator",
    lesson=TEACHING,
)
COLLECT_NOTHING = _near_and_far(
    "collect_nothing",
    "Nobody needs to collect: a generator's pictures are as good as collected ones ({part} unknowns).",
    TAUGHT,
    "background class, collected pictures",
    "background class, slightly trained generator",
    says="no better",
    lesson=TEACHING,
)

# --- how many of them ---

AS_LARGE_AS_A_CLASS = _near_and_far(
    "as_large_as_a_class",
    'Make "unknown" as large as each other class: better than a third of that ({part} unknowns).',
    HOW_MANY,
    "1 times one class, 4 kinds",
    "0.3 times one class, 4 kinds",
    smallest_effect=POINT,
    lesson=TEACHING,
)
THEN_MORE = _near_and_far(
    "then_more",
    "Then take more until it works: ten times one class beats one ({part} unknowns).",
    HOW_MANY,
    "10 times one class, 4 kinds",
    "1 times one class, 4 kinds",
    smallest_effect=POINT,
    lesson=TEACHING,
)
MANY_KINDS = _near_and_far(
    "many_kinds",
    "Not more, but more kinds: as many pictures of four kinds beat those of one ({part} unknowns).",
    HOW_MANY,
    "1 times one class, 4 kinds",
    "1 times one class, 1 kind",
    smallest_effect=POINT,
    lesson=TEACHING,
)
ONE_CLASS_OF_FOUR_KINDS = _of_teaching(
    name="one_class_of_four_kinds_far",
    claim="As many unknowns as one class has, of four kinds: better than none (far unknowns).",
    variant=HOW_MANY["1 times one class, 4 kinds"],
    baseline=HOW_MANY["no unknown class"],
    metric=AUROC["far"],
    smallest_effect=POINT,
)

# --- which score, and video ---


def _first(name: str, detector: str, network: str) -> Trial:
    return _of_scoring(
        name=f"{name}_{network.split('_')[0]}",
        claim=f"Try {detector}, on the hidden layer, first: it beats maximum softmax (near unknowns, {network}).",
        variant=SCORES[f"{network}: {detector}"],
        baseline=SCORES[f"{network}: max softmax"],
        metric=AUROC["near"],
    )


FIRST = (
    _first("relative_first", "relative Mahalanobis", NETWORK),
    _first("relative_first", "relative Mahalanobis", SECOND),
    _first("nearest_first", "k nearest", NETWORK),
    _first("nearest_first", "k nearest", SECOND),
)
USE_A_DETECTOR = _trial(
    name="use_a_detector",
    claim="Use a detector, on frozen maps: it beats the classifier with an unknown class and a line (F1 over frames).",
    variant=VIDEO["detector, rejects"],
    baseline=VIDEO["unknown class, rejects"],
    metric=F1,
    smallest_effect=FIVE_POINTS,
)
SLIDE_IT = _trial(
    name="slide_it",
    claim="Slide the classifier over the frame: it beats one look at the whole of it (F1 over frames).",
    variant=VIDEO["sliding, unknown class, rejects"],
    baseline=VIDEO["unknown class, rejects"],
    metric=F1,
    smallest_effect=FIVE_POINTS,
)

TRIALS = (
    *BLAME,
    *SIGMOID,
    *SIGMOID_AS_SURE,
    KERAS_AS_PYTORCH,
    TRAINED_TOO_LONG,
    *UNKNOWN_CLASS,
    *TRAINING_DATA,
    *ALL_ZERO_TARGETS,
    *UNTRAINED_GENERATOR,
    *SLIGHTLY_TRAINED_GENERATOR,
    *COLLECT_NOTHING,
    *AS_LARGE_AS_A_CLASS,
    *THEN_MORE,
    *MANY_KINDS,
    ONE_CLASS_OF_FOUR_KINDS,
    *FIRST,
    USE_A_DETECTOR,
    SLIDE_IT,
    *further_trials.TRIALS,
)

# --- what the lessons show of them ---


def by_epochs(metric: str) -> dict[int, Summary]:
    """Epochs → summary, for the asker's head in PyTorch at the usual rate."""
    return {
        ANSWERS.variants[name]["epochs"]: summary
        for name, summary in ANSWERS.summary(metric).items()
        if ANSWERS.variants[name]["library"] == "PyTorch"
    }


def by_size(metric: str) -> dict[str, dict[float, Summary]]:
    """ "1 kind", "2 kinds", "4 kinds", "none" → (size of the unknown class, in times of one class → summary)."""
    curves: dict[int, dict[float, Summary]] = {}
    for name, summary in HOW_MANY.summary(metric).items():
        settings = HOW_MANY.variants[name]
        curves.setdefault(settings["kinds"], {})[settings["times"]] = summary
    (alone,) = curves.pop(0).values()
    named = {f"{kinds} kind{'s' * (kinds > 1)}": curve for kinds, curve in curves.items()}
    return named | {"none": dict.fromkeys(named["1 kind"], alone)}


def ranking(detectors: Iterable[str]) -> list[tuple[str, float, float, float, float]]:
    """(detector, mean rank, worst rank, mean AUROC, lowest AUROC), best mean rank first: over logos on two networks,
    land and cars, near and far in each. Ranks begin at 1."""
    names, rows = list(detectors), []
    for metric in AUROC.values():
        of_logos = SCORES.summary(metric)
        rows += [[of_logos[f"{network}: {name}"].mean for name in names] for network in (NETWORK, SECOND)]
        for experiment in (LAND, CARS):
            summaries = experiment.summary(metric)
            rows.append([summaries[name].mean for name in names])
    areas = np.array(rows)
    ranks = stats.rankdata(-areas, axis=1)
    columns = (ranks.mean(axis=0), ranks.max(axis=0), areas.mean(axis=0), areas.min(axis=0))
    return sorted(zip(names, *columns, strict=True), key=lambda row: row[1])
