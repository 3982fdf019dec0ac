"""What chapter 5 tried later: newer scores, mismatched preprocessing, the tutorial's head, and logos drawn anew."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...study import Trial
from . import detecting, fresh_logos, measures, mismatch, tutorials_head
from .experiments import (
    CERTAIN,
    DETECTORS,
    HEAD,
    LOGOS,
    NETWORK,
    QUICK,
    SEEDS,
    detector,
    experiment,
)
from .measures import AUROC

LESSON = "05_open_set_rejection"
TWO_POINTS, FIVE_POINTS = 0.02, 0.05
FIVE = 5  # seeds, where a run takes long

# --- logos that each seed designs anew ---

FRESH = {
    "network": NETWORK, "weights": "real", "size": None, "side": 96,
    "marks": 10, "per_class": 40, "per_class_test": 20, "n_far": 100,
}  # fmt: skip
QUICK_FRESH = {"weights": "any", "per_class": 10, "per_class_test": 5, "n_far": 25}

# --- newer scores ---

YEARS = {
    "OpenMax": 2016, "max softmax": 2017, "ODIN": 2018, "Mahalanobis": 2018, "energy": 2020,
    "relative Mahalanobis": 2021, "ReAct": 2021, "max logit": 2022, "k nearest": 2022, "ViM": 2022,
    "GEN": 2023, "SHE": 2023, "ASH-S": 2023, "NNGuide": 2023, "SCALE": 2024, "fDBD": 2024,
    "NCI": 2025, "Mahalanobis++": 2025,
}  # fmt: skip
"""Score → year in which it was published."""

NEWER: dict[str, detecting.Settings] = {
    "Mahalanobis++": detector("Mahalanobis++", ridge=1e-6),
    "NCI": detector("NCI", alpha=0.001),
    "fDBD": detector("fDBD"),
    "SCALE": detector("SCALE", percentile=85.0),
    "NNGuide": detector("NNGuide", k=10, kept=2000, seed=0),
    "ASH-S": detector("ASH-S", percentile=90.0),
    "SHE": detector("SHE"),
    "Mahalanobis++, on the backbone's features": detector("Mahalanobis++", "backbone", ridge=1e-6),
}
NEWER_LOGOS = experiment(
    "logo_newer",
    fresh_logos.score_fresh,
    {name: {**FRESH, **HEAD, **one} for name, one in (DETECTORS | NEWER).items()},
    tuple(AUROC.values()),
    QUICK_FRESH,
)
"""Old and new, on logos that each seed designs anew."""


def _newest(name: str, newest: str) -> tuple[Trial, ...]:
    """The newest score against the k nearest of 2022, on the head's features, near and far."""
    return tuple(
        Trial(
            name=f"{name}_{part}",
            claim=f"Take the newest: {newest} ({YEARS[newest]}) beats k nearest (2022; {part} unknowns).",
            variant=NEWER_LOGOS[newest],
            baseline=NEWER_LOGOS["k nearest"],
            metric=AUROC[part],
            smallest_effect=TWO_POINTS,
            lesson=LESSON,
            seeds=SEEDS,
        )
        for part in ("near", "far")
    )


NEWEST = (*_newest("newest_pp", "Mahalanobis++"), *_newest("newest_nci", "NCI"))


def by_year(metric: str) -> list[tuple[int, str, float]]:
    """(year, score, mean over the seeds) of each score on the head's features, the oldest first.

    >>> [score for _, score, _ in by_year(AUROC["near"])][0]
    'OpenMax'
    """
    means = {name: summary.mean for name, summary in NEWER_LOGOS.summary(metric).items()}
    return sorted((year, name, means[name]) for name, year in YEARS.items())


# --- mismatched preprocessing ---

BACKBONES = ("squeezenet1_1", "mobilenet_v2_035")
FEDS = {
    "as trained": {"fed": "as trained", "swapped": False},
    "BGR": {"fed": "as trained", "swapped": True},
    "0 to 255": {"fed": "bytes, 0 to 255", "swapped": False},
    "0 to 255, BGR": {"fed": "bytes, 0 to 255", "swapped": True},
    "0 to 1": {"fed": "0 to 1", "swapped": False},
}
"""What a head that learned from rightly prepared pictures is fed when it is asked."""

MISMATCHED = replace(
    experiment(
        "logo_mismatched",
        mismatch.answer_mismatched,
        {
            f"{network}: {name}": {**FRESH, "network": network, **HEAD, **CERTAIN, **fed}
            for network in BACKBONES
            for name, fed in FEDS.items()
        },
        (
            measures.ACCURACY,
            *measures.SURE.values(),
            *measures.MEAN.values(),
            mismatch.KNOWN_SURE,
            mismatch.ONE_CLASS,
            mismatch.ONE_CLASS_SURE,
        ),
        QUICK_FRESH,
    ),
    seeds=FIVE,
)


def _forgotten(network: str, fed: str) -> Trial:
    return Trial(
        name=f"forgotten_{network.split('_')[0]}_{'bytes' if '255' in fed else 'ones'}",
        claim=f"With its preprocessing fewer far unknowns get 0.99 or more than when fed {fed} ({network}).",
        variant=MISMATCHED[f"{network}: as trained"],
        baseline=MISMATCHED[f"{network}: {fed}"],
        metric=measures.SURE["far"],
        smallest_effect=FIVE_POINTS,
        lesson=LESSON,
        seeds=FIVE,
    )


FORGOTTEN = tuple(_forgotten(network, fed) for network in BACKBONES for fed in ("0 to 255", "0 to 1"))

# --- the tutorial's head, for its own number of steps ---

STEPS = (250, 500, 1_000, 2_000, 5_000, 12_500)
TUTORIAL = {
    **LOGOS, "network": "efficientnet_lite0", "size": None, "widths": [1024, 1024], "dropout": 0.5, "rate": 1e-5,
    "epsilon": 1e-7, "batch": 8, **CERTAIN,
}  # fmt: skip
TUTORIALS = replace(
    experiment(
        "logo_tutorial",
        tutorials_head.answer_after_steps,
        {f"{steps:,} steps": {**TUTORIAL, "steps": steps} for steps in STEPS},
        (measures.ACCURACY, *measures.SURE.values(), *measures.MEAN.values(), tutorials_head.UNUSED),
        {**QUICK, "steps": 20},
    ),
    seeds=1,
)

# --- how many unknown pictures, and of which ---

NO_EXAMPLES = {"of": "nothing", "each": 0, "pool_seed": 20_000, "n_marks": 100, "pieces": 4}
OF_WHAT = ("the unknown classes that are tested", "other classes of that kind", "other kinds")
EACH = (1, 3, 10, 30)


def _examples(of: str, each: int) -> Mapping[str, object]:
    loss = {"loss": "softmax" if of == "nothing" else "background class", "loss_settings": {}}
    return {**FRESH, **HEAD, **loss, **NO_EXAMPLES, "of": of, "each": each}


EXAMPLES = replace(
    experiment(
        "logo_examples",
        fresh_logos.learn_from_examples,
        {"nothing": _examples("nothing", 0)}
        | {f"{of}, {each} of each": _examples(of, each) for of in OF_WHAT for each in EACH},
        (AUROC["near"], fresh_logos.FAR_BEHIND, fresh_logos.FAR_NEVER, measures.ACCURACY),
        QUICK_FRESH,
    ),
    seeds=FIVE,
)


def _taught_by(name: str, claim: str, variant: str, baseline: str, metric: str) -> Trial:
    return Trial(
        name=name,
        claim=claim,
        variant=EXAMPLES[variant],
        baseline=EXAMPLES[baseline],
        metric=metric,
        smallest_effect=TWO_POINTS,
        lesson=LESSON,
        seeds=FIVE,
    )


TAUGHT_BY = (
    _taught_by(
        "one_of_each",
        "One picture of each unknown class that is tested: it tells them better than without.",
        f"{OF_WHAT[0]}, 1 of each",
        "nothing",
        AUROC["near"],
    ),
    _taught_by(
        "thirty_of_each",
        "Thirty pictures of each unknown class that is tested: it tells them better than without.",
        f"{OF_WHAT[0]}, 30 of each",
        "nothing",
        AUROC["near"],
    ),
    _taught_by(
        "other_classes",
        "Thirty pictures each of other classes of that kind: it tells the unknown classes better than without.",
        f"{OF_WHAT[1]}, 30 of each",
        "nothing",
        AUROC["near"],
    ),
    _taught_by(
        "other_kinds",
        "As many pictures of other kinds: it tells the unknown classes better than without.",
        f"{OF_WHAT[2]}, 30 of each",
        "nothing",
        AUROC["near"],
    ),
    _taught_by(
        "far_behind",
        "Pictures of other kinds: it tells far unknowns better that look like the backgrounds.",
        f"{OF_WHAT[2]}, 30 of each",
        "nothing",
        fresh_logos.FAR_BEHIND,
    ),
    _taught_by(
        "far_never_behind",
        "Pictures of other kinds: it tells far unknowns better that no background looks like.",
        f"{OF_WHAT[2]}, 30 of each",
        "nothing",
        fresh_logos.FAR_NEVER,
    ),
)

EXPERIMENTS = (NEWER_LOGOS, MISMATCHED, TUTORIALS, EXAMPLES)
TRIALS = (*NEWEST, *FORGOTTEN, *TAUGHT_BY)
