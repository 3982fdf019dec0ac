"""What chapter 5 tried later: newer scores, mismatched preprocessing, the tutorial's head, and logos drawn anew."""

from __future__ import annotations

from ...study import Experiment, Trial
from . import detecting
from .experiments import (
    DETECTORS,
    HEAD,
    LAND,
    LAND_WORLD,
    LOGOS,
    LOGOS_SECOND,
    NETWORK,
    SCORES,
    SECOND,
    SEEDS,
    detector,
    experiment,
)
from .measures import AUROC

LESSON = "05_open_set_rejection"
TWO_POINTS = 0.02

# --- newer scores ---

YEARS = {
    "OpenMax": 2016, "max softmax": 2017, "ODIN": 2018, "Mahalanobis": 2018, "energy": 2020,
    "relative Mahalanobis": 2021, "ReAct": 2021, "max logit": 2022, "k nearest": 2022, "ViM": 2022,
    "GEN": 2023, "SHE": 2023, "ASH-S": 2023, "NNGuide": 2023, "SCALE": 2024, "fDBD": 2024, "NCI": 2025, "Mahalanobis++": 2025,
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
OLDER = {name: DETECTORS[name] for name in ("max softmax", "k nearest", "ViM", "k nearest, on the backbone's features")}
"""They run again beside the newer ones: on the same pictures, with the same heads."""

NEWER_LOGOS = experiment(
    "logo_newer",
    detecting.score_logos,
    {f"{NETWORK}: {name}": {**LOGOS, **HEAD, **one} for name, one in (OLDER | NEWER).items()}
    | {f"{SECOND}: {name}": {**LOGOS_SECOND, **HEAD, **one} for name, one in (OLDER | NEWER).items()},
    SCORES.metrics,
    SCORES.quick,
)
NEWER_LAND = experiment(
    "land_newer",
    detecting.score_land,
    {name: {**LAND_WORLD, **HEAD, **one} for name, one in (OLDER | NEWER).items()},
    LAND.metrics,
    LAND.quick,
    pool=LAND.pool,
)


def _newest(name: str, newest: str, world: str, trials_of: Experiment, prefix: str = "") -> tuple[Trial, ...]:
    """The newest score against the k nearest of 2022, on the head's features, near and far."""
    return tuple(
        Trial(
            name=f"{name}_{part}",
            claim=f"Take the newest: {newest} ({YEARS[newest]}) beats k nearest (2022; {part} unknowns, {world}).",
            variant=trials_of[prefix + newest],
            baseline=trials_of[f"{prefix}k nearest"],
            metric=AUROC[part],
            smallest_effect=TWO_POINTS,
            lesson=LESSON,
            seeds=SEEDS,
        )
        for part in ("near", "far")
    )


NEWEST = (
    *_newest("newest_pp_logos", "Mahalanobis++", "logos", NEWER_LOGOS, f"{NETWORK}: "),
    *_newest("newest_nci_logos", "NCI", "logos", NEWER_LOGOS, f"{NETWORK}: "),
    *_newest("newest_pp_land", "Mahalanobis++", "land", NEWER_LAND),
    *_newest("newest_nci_land", "NCI", "land", NEWER_LAND),
)

EXPERIMENTS = (NEWER_LOGOS, NEWER_LAND)
TRIALS = NEWEST
