"""What lesson 4 reads from the evidence is there, whole, and fair."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from course_lib import trials
from course_lib.trials import lesson_04

EXPERIMENTS = {experiment.name: experiment for experiment in lesson_04.EXPERIMENTS}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_source_is_the_right_one(name):
    for run in trials.runs(name):
        assert run.source == ("generated" if "hues" in run.variant else "real")
        assert run.value >= 0


VERDICTS = {
    "must_normalise_adamw": "no difference that matters",
    "must_normalise_sgd": "supported",
    "divide_by_255": "refuted",
    "divide_and_done": "supported",
    "centre": "undecided",
    "normalise_before_norm": "undecided",
    "own_for_imagenets": "supported",
    "right_deviations": "refuted",
    "statistics_leak": "no difference that matters",
    "each_picture_channels": "refuted",
    "each_picture_together": "undecided",
    "each_picture_minmax": "refuted",
    "each_picture_equalized": "refuted",
    "own_for_frozen": "undecided",
    "probe_forgives": "refuted",
    "swapped_is_a_detail": "refuted",
    "finetuning_bytes": "undecided",
    "finetuning_imagenets": "undecided",
    "finetuning_of_set": "undecided",
    "instance_norm_flat": "no difference that matters",
    "instance_norm_textured": "supported",
    "instance_norm_unpadded": "supported",
    "group_norm_2": "supported",
    "group_norm_64": "refuted",
    "forgot_eval": "refuted",
    "freeze_norm_2": "supported",
    "freeze_norm_64": "refuted",
    "bilinear_96": "undecided",
    "bilinear_128": "no difference that matters",
}


@pytest.mark.parametrize("trial", lesson_04.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= 10
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


def test_what_differs_is_the_preparation_alone():
    recipes = {name: dict(recipe) for name, recipe in lesson_04.FROM_SCRATCH.variants.items() if "AdamW, " in name}
    inputs = [recipe.pop("inputs") for recipe in recipes.values()]
    assert len(set(inputs)) == len(inputs)
    assert all(recipe == next(iter(recipes.values())) for recipe in recipes.values())


def test_the_second_family_keeps_the_mean_and_halves_the_deviation(eurosat):
    ours, theirs = (lesson_04.INPUTS[name](eurosat)(eurosat.images[:8]) for name in
                    ("own mean and deviation", "own mean, the second family of deviations"))  # fmt: skip
    torch.testing.assert_close(ours.sign(), theirs.sign())


def test_the_test_in_order_of_class_asks_the_same_pictures(monkeypatch):
    """Without averages over a batch the order changes nothing: so a difference is the averages' doing."""
    found = {}
    for mode in lesson_04.MODES[::2]:
        monkeypatch.setattr(lesson_04, "BATCHES", {"x": ("group", 8, mode)})  # which has no averages to be wrong
        found[mode] = lesson_04.run_batches("x", 0, n=200)["value"]
    assert len(set(found.values())) == 1


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(name, monkeypatch, two_greys):
    """With 100 grey pictures of two classes: that the code runs, not what it finds."""
    large = two_greys.changed(lambda images: images.repeat_interleave(3, -1).repeat_interleave(3, -2))
    fit = lesson_04.training.fit

    def once(model, train, val, settings, **how):
        return fit(model, train.at(range(0, len(train), 4)), val, replace(settings, epochs=1), **how)

    monkeypatch.setattr(lesson_04.training, "fit", once)
    monkeypatch.setattr(lesson_04, "_eurosat", lambda n: large)
    monkeypatch.setattr(lesson_04, "_job", lambda job, seed, n: (large.at(range(60)), large.at(range(60, 100)),
                                                                  lesson_04.ON_LAND))  # fmt: skip
    cached = (lesson_04._accuracies, lesson_04._features, lesson_04._probed, lesson_04._trained_in_batches,
              lesson_04._resized)  # fmt: skip
    for one in cached:
        one.cache_clear()
    for variant in list(EXPERIMENTS[name].variants)[:: 4 if name == "inputs_probe" else 1]:
        found = EXPERIMENTS[name].small()[variant].task(0).measure()
        assert found.value >= 0
    for one in cached:
        one.cache_clear()
