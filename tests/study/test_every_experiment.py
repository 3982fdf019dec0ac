"""What the lessons read from the evidence is there, whole, and made with the settings of today."""

from __future__ import annotations

import pytest

from course_lib import study
from course_lib.study import evidence
from tools import record  # a table, which no trial reads

WANTED = 10
# Lesson 3's take minutes each: five seeds are enough there, and three experiments still have three.
FEWER = {"probe_or_finetune": 3, "sgd_or_adam": 3, "taken_away": 3, "askers_recipe": 3} | dict.fromkeys(
    ("frozen_batchnorm", "probe_backbones", "colour_floor", "taken_away_probe", "taken_away_unprepared"), 5
)
FEWER |= dict.fromkeys((one.name for one in study.all_experiments() if one.name.startswith("map_")), 5)
FEWER |= {"inputs_initialized": 5}
FEWER |= {"by_heart": 2}  # three were planned; it was broken off for want of time, and lesson 1c says two
FEWER |= {"logo_newer": 8, "logo_mismatched": 3}  # ten and five were planned; broken off for want of time
FEWER |= {"planted_cells": 8, "planted_sanity": 8}  # minutes each, too
each_experiment = pytest.mark.parametrize("experiment", study.all_experiments(), ids=lambda one: one.name)


@pytest.mark.slow
@each_experiment
def test_every_variant_has_its_seeds_with_the_settings_of_today(experiment):
    found = {variant: s.seeds for variant, s in experiment.summary().items()}
    assert found == dict.fromkeys(experiment.variants, FEWER.get(experiment.name, WANTED))


@each_experiment
def test_no_seed_counts_twice_and_nothing_is_left_over_from_other_settings(experiment):
    runs = study.runs(experiment.name)
    assert len({(run.variant, run.seed) for run in runs}) == len(runs)
    assert {run.settings for run in runs} == {experiment[name].digest for name in experiment.variants}


COUNT_NO_PICTURES = {"learned_rank"}  # kernels of a network trained on real pictures


@each_experiment
def test_where_seeds_draw_from_one_set_it_is_said_how_large_that_is(experiment):
    real = any(run.source == "real" for run in study.runs(experiment.name))
    assert experiment.pool or not real or experiment.name in COUNT_NO_PICTURES


def test_nothing_is_kept_that_no_experiment_knows():
    known = {experiment.name for experiment in study.all_experiments()}
    assert {file.stem for file in evidence.shipped().glob("*.jsonl")} - {record.NAME} == known
