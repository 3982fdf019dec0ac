"""What chapter 5 tried later: newer scores and mismatched preprocessing, on logos that each seed designs anew."""

from __future__ import annotations

from dataclasses import replace

from ...study import Summary, Trial
from . import detecting, fresh_logos, measures, mismatch
from .experiments import (
    CERTAIN,
    DETECTORS,
    HEAD,
    NETWORK,
    SEEDS,
    detector,
    experiment,
)
from .measures import AUROC

LESSON = "05c_which_score_where"
TWO_POINTS = 0.02

# --- logos that each seed designs anew ---

FRESH = {
    "network": NETWORK, "weights": "real", "size": None, "side": 96,
    "marks": 10, "per_class": 40, "per_class_test": 20, "n_far": 100,
}  # fmt: skip
# 160 pictures: ViM takes 128 directions of them away.
QUICK_FRESH = {"weights": "any", "per_class": 16, "per_class_test": 5, "n_far": 25}

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


def by_year(metric: str) -> list[tuple[int, str, Summary]]:
    """(year, score, summary over the seeds) of each score on the head's features, the oldest first.

    >>> [score for _, score, _ in by_year(AUROC["near"])][0]
    'OpenMax'
    """
    found = NEWER_LOGOS.summary(metric)
    return [(year, name, found[name]) for year, name in sorted((year, name) for name, year in YEARS.items())]


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
    seeds=5,
)

EXPERIMENTS = (NEWER_LOGOS, MISMATCHED)
TRIALS = NEWEST
