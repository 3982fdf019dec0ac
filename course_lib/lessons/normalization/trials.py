"""The advice that chapter 4 puts on trial, on the variants of `experiments`: `course trials list` names it."""

from __future__ import annotations

from functools import partial

from ...study import Trial
from .experiments import (
    BY_CLASS,
    EXPERIMENTS,
    FEWER_SEEDS,
    FIRST_WEIGHTS,
    FROM_SCRATCH,
    FROZEN,
    HUE_LAYERS,
    INITIALIZED,
    PROBE,
    RESIZING,
    RUNNING,
    SEEDS,
    SIZES,
    TUNE,
    UNPADDED,
)

__all__ = ["EXPERIMENTS", "LAYERS", "LESSON", "TRIALS"]

LESSON, LAYERS = "04a_whose_statistics", "04b_normalization_layers"
POINT = 0.01

_trial = partial(Trial, smallest_effect=POINT, lesson=LESSON, seeds=SEEDS)
_of_layers = partial(_trial, lesson=LAYERS)
OF_SET = FROM_SCRATCH["AdamW, own mean and deviation"]
OF_SET_BEST = FROM_SCRATCH["AdamW at 0.01, own mean and deviation"]
TO_ONE_BEST = FROM_SCRATCH["AdamW at 0.01, none, 0 to 1"]


TRIALS = (
    _trial(
        name="must_normalise_adamw",
        claim="From scratch with AdamW, each at its best rate: feed bytes, 0 to 255, and it costs ten points.",
        variant=OF_SET_BEST,
        baseline=FROM_SCRATCH["AdamW, none, 0 to 255"],
        smallest_effect=0.1,
    ),
    _trial(
        name="must_normalise_sgd",
        claim="From scratch with SGD, each at its best rate: feed bytes, 0 to 255, and it costs ten points.",
        variant=FROM_SCRATCH["SGD, own mean and deviation"],
        baseline=FROM_SCRATCH["SGD at 0.001, none, 0 to 255"],
        smallest_effect=0.1,
    ),
    _trial(
        name="divide_by_255",
        claim="From scratch with AdamW, each at its best rate: divide by 255 at least, it beats feeding bytes.",
        variant=TO_ONE_BEST,
        baseline=FROM_SCRATCH["AdamW, none, 0 to 255"],
    ),
    _trial(
        name="divide_and_done",
        claim="From scratch with AdamW, each at its best rate: the set's mean and deviation beat dividing by 255.",
        variant=OF_SET_BEST,
        baseline=TO_ONE_BEST,
    ),
    *(
        _trial(
            name=f"{name}_lifts",
            claim=f"From scratch with AdamW, 0 to 1: {how} first weights beat torch's own by ten points.",
            variant=INITIALIZED[f"{how}, none, 0 to 1"],
            baseline=TO_ONE_BEST,
            smallest_effect=0.1,
            seeds=FEWER_SEEDS,
        )
        for name, how in FIRST_WEIGHTS.items()
    ),
    *(
        _trial(
            name=f"{name}_closes",
            claim=f"From scratch with AdamW: the set's numbers are no better than 0 to 1 with {how} first weights.",
            variant=OF_SET_BEST,
            baseline=INITIALIZED[f"{how}, none, 0 to 1"],
            says="no better",
            seeds=FEWER_SEEDS,
        )
        for name, how in FIRST_WEIGHTS.items()
    ),
    _trial(
        name="centre",
        claim="From scratch with AdamW at 0.003: it is the centring that helps, more than the scaling.",
        variant=FROM_SCRATCH["AdamW, own mean only"],
        baseline=FROM_SCRATCH["AdamW, own deviation only"],
    ),
    _of_layers(
        name="normalise_before_norm",
        claim="With batch normalization inside, standardize the pictures all the same: it beats feeding bytes.",
        variant=FROM_SCRATCH["batch normalization inside, own mean and deviation"],
        baseline=FROM_SCRATCH["batch normalization inside, none, 0 to 255"],
    ),
    _trial(
        name="own_for_imagenets",
        claim="From scratch, the set's own numbers beat ImageNet's.",
        variant=OF_SET,
        baseline=FROM_SCRATCH["AdamW, ImageNet's"],
    ),
    _trial(
        name="right_deviations",
        claim="The set's own deviations beat the second family, which leaves out what pictures differ in.",
        variant=OF_SET,
        baseline=FROM_SCRATCH["AdamW, own mean, the second family of deviations"],
    ),
    _trial(
        name="statistics_leak",
        claim="Take mean and deviation from the test pictures, and you cheat: a point or more.",
        variant=FROM_SCRATCH["AdamW, the test pictures' mean and deviation"],
        baseline=OF_SET,
    ),
    _trial(
        name="each_picture_channels",
        claim="Normalise each picture by itself (channels by themselves), not by the set's numbers.",
        variant=FROM_SCRATCH["AdamW, each picture, channels by themselves"],
        baseline=OF_SET,
    ),
    _trial(
        name="each_picture_together",
        claim="Normalise each picture by itself (channels together), not by the set's numbers.",
        variant=FROM_SCRATCH["AdamW, each picture, channels together"],
        baseline=OF_SET,
    ),
    _trial(
        name="each_picture_minmax",
        claim="Normalise each picture by itself (minimum to maximum, then standardized), not by the set's numbers.",
        variant=FROM_SCRATCH["AdamW, each picture, minimum to maximum, then standardized"],
        baseline=OF_SET,
    ),
    _trial(
        name="each_picture_equalized",
        claim="Normalise each picture by itself (equalized, then standardized), not by the set's numbers.",
        variant=FROM_SCRATCH["AdamW, each picture, equalized, then standardized"],
        baseline=OF_SET,
    ),
    _trial(
        name="own_for_frozen",
        claim="Before a frozen network, the set's own numbers beat those that it was trained with.",
        variant=PROBE["the set's own mean and deviation, probe fitted on it"],
        baseline=PROBE["its own, probe fitted on it"],
    ),
    _trial(
        name="probe_forgives",
        claim="Fed with bytes where −1 to 1 was meant: fit the probe on that, and nothing is lost.",
        variant=PROBE["its own, probe fitted on it"],
        baseline=PROBE["0 to 255 where −1 to 1 was meant, probe fitted on it"],
        says="no better",
    ),
    _trial(
        name="swapped_is_a_detail",
        claim="Red and blue swapped after training: hardly noticed.",
        variant=PROBE["its own, probe fitted on it"],
        baseline=PROBE["its own, red and blue swapped, probe fitted on its own"],
        says="no better",
    ),
    _trial(
        name="finetuning_bytes",
        claim="Fine-tuning all weights: feed what it was trained with, not bytes.",
        variant=TUNE["its own"],
        baseline=TUNE["0 to 255 where −1 to 1 was meant"],
    ),
    _trial(
        name="finetuning_imagenets",
        claim="Fine-tuning all weights: feed what it was trained with, not ImageNet's mean and deviation.",
        variant=TUNE["its own"],
        baseline=TUNE["ImageNet's mean and deviation"],
    ),
    _trial(
        name="finetuning_of_set",
        claim="Fine-tuning all weights: feed what it was trained with, not the set's.",
        variant=TUNE["its own"],
        baseline=TUNE["the set's own mean and deviation"],
    ),
    _of_layers(
        name="instance_norm_flat",
        claim="Instance normalization removes colour (flat pictures): ten points or more.",
        variant=HUE_LAYERS["batch, flat hues"],
        baseline=HUE_LAYERS["instance, flat hues"],
        smallest_effect=0.1,
    ),
    _of_layers(
        name="instance_norm_textured",
        claim="Instance normalization removes colour (textured pictures): ten points or more.",
        variant=HUE_LAYERS["batch, textured hues"],
        baseline=HUE_LAYERS["instance, textured hues"],
        smallest_effect=0.1,
    ),
    _of_layers(
        name="instance_norm_unpadded",
        claim="Instance normalization removes colour (flat pictures, without padding): ten points or more.",
        variant=HUE_LAYERS[f"batch, {UNPADDED}"],
        baseline=HUE_LAYERS[f"instance, {UNPADDED}"],
        smallest_effect=0.1,
    ),
    _of_layers(
        name="group_norm_2",
        claim="In batches of 2, group normalization beats batch normalization.",
        variant=SIZES["group, batches of 2"],
        baseline=SIZES[f"batch, batches of 2, {RUNNING}"],
    ),
    _of_layers(
        name="group_norm_64",
        claim="In batches of 64, after 52 steps, group normalization beats batch normalization.",
        variant=SIZES["group, batches of 64"],
        baseline=SIZES[f"batch, batches of 64, {RUNNING}"],
    ),
    _of_layers(
        name="forgot_eval",
        claim="Forget model.eval(), and the answers hardly change (the test in order of class).",
        variant=SIZES[f"batch, batches of 64, {RUNNING}"],
        baseline=SIZES[f"batch, batches of 64, {BY_CLASS}"],
        says="no better",
    ),
    _of_layers(
        name="freeze_norm_2",
        claim="Fine-tuning in batches of 2, each at the best rate of a grid: freeze batch normalization.",
        variant=FROZEN["frozen averages, batches of 2"],
        baseline=FROZEN["the batch's averages, batches of 2"],
    ),
    _of_layers(
        name="freeze_norm_64",
        claim="Fine-tuning in batches of 64, each at the best rate of a grid: freeze batch normalization.",
        variant=FROZEN["frozen averages, batches of 64"],
        baseline=FROZEN["the batch's averages, batches of 64"],
    ),
    _trial(
        name="bilinear_96",
        claim="Enlarge from 64 to 96 px with bilinear interpolation: it beats nearest neighbours.",
        variant=RESIZING["96 px, bilinear"],
        baseline=RESIZING["96 px, nearest"],
    ),
    _trial(
        name="bilinear_128",
        claim="Enlarge from 64 to 128 px with bilinear interpolation: it beats nearest neighbours.",
        variant=RESIZING["128 px, bilinear"],
        baseline=RESIZING["128 px, nearest"],
    ),
)
