"""The advice that lesson 6 puts on trial: `course trials list` names it. What is compared stands in `experiments`."""

from __future__ import annotations

from functools import partial

from ... import study
from ...study import Experiment, Trial
from . import trust
from .experiments import (
    BLACK,
    BLOB,
    CAM,
    CAM_BY_CELLS,
    CELLS,
    EXPERIMENTS,
    FINE_CAM,
    FOUND,
    FROM_BLACK,
    FROM_MEAN,
    HUE_TURNED,
    OCCLUSION,
    RANDOM,
    REASONS,
    SEEDS,
    SEEN_AS,
    SIZES,
    TRAINED_ON,
    TRUST,
    TUNED_COST,
)

__all__ = ["EXPERIMENTS", "LESSON", "TRIALS", "WHY", "advice"]

LESSON, WHY = "06a_heatmaps_on_trial", "06b_why_did_it_say_that"
TWO_POINTS, FIVE_POINTS, TEN_POINTS = 0.02, 0.05, 0.1

_trial = partial(Trial, seeds=SEEDS, lesson=LESSON)
_change = partial(Trial, seeds=SEEDS, lesson=WHY)


def _on_each_reason(
    name: str,
    claim: str,
    method: str,
    rival: str,
    of: Experiment = FOUND,
    rivals: Experiment | None = None,
    **more: object,
) -> tuple[Trial, ...]:
    """The same claim for each of the planted reasons: heat on the planted thing."""
    return tuple(
        _trial(
            name=f"{name}_{reason}",
            claim=f"{claim} ({reason})",
            variant=of[f"{reason}: {method}"],
            baseline=(rivals or of)[f"{reason}: {rival}"],
            smallest_effect=FIVE_POINTS,
            seeds=of.seeds,
            **more,
        )
        for reason in REASONS
    )


def _shows_the_reason(name: str, method: str, of: Experiment = FOUND) -> tuple[Trial, ...]:
    claim = f"A heatmap by {method} shows the reason better than a blob."
    return _on_each_reason(f"shows_{name}", claim, method, BLOB, of)


def _depends_on_weights(name: str, method: str) -> Trial:
    """On the planted road, signs left out, since saliency has none."""
    return _trial(
        seeds=SIZES.seeds,
        name=f"depends_{name}",
        claim=f"Signs left out, a random network's map by {method} is like the trained one's only as noise is.",
        variant=SIZES[RANDOM],
        baseline=SIZES[method],
        says="no better",
        smallest_effect=0.1,
    )


TRIALS = (
    *_shows_the_reason("saliency", "saliency"),
    *_shows_the_reason("cam", CAM_BY_CELLS, CELLS),
    *_shows_the_reason("occlusion", OCCLUSION),
    *_shows_the_reason("rise", "RISE"),
    *_on_each_reason(
        "cam_enlarged",
        "How Grad-CAM is enlarged is a detail: laid where its cells look it is no better.",
        CAM_BY_CELLS,
        CAM,
        CELLS,
        says="no better",
    ),
    *_on_each_reason(
        "cam_best",
        "Grad-CAM is the best: better than occlusion at finding the reason.",
        CAM_BY_CELLS,
        OCCLUSION,
        CELLS,
        FOUND,
    ),
    *_on_each_reason(
        "cam_finer",
        "LayerCAM at 16×16 cells shows the reason better than Grad-CAM at 8×8.",
        FINE_CAM,
        CAM_BY_CELLS,
        CELLS,
    ),
    _trial(
        name="random_deletion",
        claim="Any method beats random numbers: occlusion does when the hottest pixels are covered with grey.",
        variant=TRUST[f"{OCCLUSION}; covered with grey"],
        baseline=TRUST[f"{RANDOM}; covered with grey"],
        metric=trust.DELETION,
        smallest_effect=TWO_POINTS,
    ),
    _trial(
        name="cam_best_deletion",
        claim="Grad-CAM as published is the best: better than occlusion with grey when its hottest pixels are covered "
        "with grey.",
        variant=TRUST[f"{CAM}; covered with grey"],
        baseline=TRUST[f"{OCCLUSION}; covered with grey"],
        metric=trust.DELETION,
        smallest_effect=TWO_POINTS,
    ),
    *_on_each_reason(
        "baseline_integrated",
        "The baseline is a detail: the mean colour serves integrated gradients no better than black.",
        FROM_MEAN,
        FROM_BLACK,
        says="no better",
    ),
    *_on_each_reason(
        "baseline_occlusion",
        "The baseline is a detail: grey serves occlusion no better than black.",
        OCCLUSION,
        BLACK,
        says="no better",
    ),
    *_on_each_reason(
        "smooth", "SmoothGrad is better than plain saliency at finding the reason.", "SmoothGrad", "saliency"
    ),
    _trial(
        name="smooth_deletion",
        claim="SmoothGrad is better than plain saliency when the hottest pixels are covered with grey.",
        variant=TRUST["SmoothGrad; covered with grey"],
        baseline=TRUST["saliency; covered with grey"],
        metric=trust.DELETION,
        smallest_effect=TWO_POINTS,
    ),
    _depends_on_weights("saliency", "saliency"),
    _depends_on_weights("cam", CAM_BY_CELLS),
    _depends_on_weights("integrated", FROM_BLACK),
    _depends_on_weights("integrated_mean", FROM_MEAN),
    _change(
        name="shape_needed",
        claim="Shuffling patches of 8 px destroys it: no better than from the mean colour.",
        variant=SEEN_AS["fine-tuned: patches of 8 px shuffled"],
        baseline=SEEN_AS["fine-tuned: mean colour only"],
        says="no better",
        smallest_effect=TEN_POINTS,
    ),
    _change(
        name="colour_decides_seen",
        claim="Colour decides on EuroSAT: a network loses more to grey than to shuffled patches of 16 px.",
        variant=SEEN_AS["fine-tuned: patches of 16 px shuffled"],
        baseline=SEEN_AS["fine-tuned: grey"],
        smallest_effect=TWO_POINTS,
    ),
    _change(
        name="colour_decides_trained",
        claim="Colour decides on EuroSAT: a network that learns without it is worse by 10 points.",
        variant=TRAINED_ON["trained on plain, tested on plain"],
        baseline=TRAINED_ON["trained on grey, tested on its own kind"],
        smallest_effect=TEN_POINTS,
    ),
    _change(
        name="grey_removes_bias",
        claim="Training on black and white removes colour bias: of colour pictures fewer answers change with hue.",
        variant=HUE_TURNED["trained on grey, sees colours"],
        baseline=HUE_TURNED["trained on plain, sees colours"],
        smallest_effect=FIVE_POINTS,
    ),
    _change(
        name="grey_in_use_removes_bias",
        claim="Training on black and white removes colour bias where the network is then fed black and white, too.",
        variant=HUE_TURNED["trained on grey, sees grey"],
        baseline=HUE_TURNED["trained on plain, sees colours"],
        smallest_effect=FIVE_POINTS,
    ),
    _change(
        name="zoom_texture_tuned_16",
        claim="Zooming in makes a fine-tuned network use texture: shuffling patches of 16 px costs less.",
        variant=TUNED_COST["fine-tuned on zoomed, 16 px"],
        baseline=TUNED_COST["fine-tuned on plain, 16 px"],
        smallest_effect=TWO_POINTS,
    ),
    _change(
        name="zoom_texture_tuned_8",
        claim="Zooming in makes a fine-tuned network use texture: shuffling patches of 8 px costs less.",
        variant=TUNED_COST["fine-tuned on zoomed, 8 px"],
        baseline=TUNED_COST["fine-tuned on plain, 8 px"],
        smallest_effect=TWO_POINTS,
    ),
    _change(
        name="zoom_free",
        claim="Zooming in costs nothing: whole pictures are no better.",
        variant=TRAINED_ON["trained on plain, tested on plain"],
        baseline=TRAINED_ON["trained on zoomed, tested on its own kind"],
        says="no better",
        smallest_effect=TWO_POINTS,
    ),
)


def advice() -> str:
    """`study.verdicts` of every trial of the chapter."""
    return study.verdicts(*(trial.name for trial in TRIALS))
