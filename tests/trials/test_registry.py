"""The course's experiments and trials, by name."""

import pytest

from course_lib import trials
from course_lib.trials import registry


def test_every_name_leads_to_its_trial_or_experiment():
    for one in (*trials.all_trials(), *trials.all_experiments()):
        assert trials.find(one.name) is one
    assert len(registry.known()) == len(trials.all_trials()) + len(trials.all_experiments())


def test_every_file_of_evidence_belongs_to_an_experiment():
    kept = {file.stem for file in trials.evidence.shipped().glob("*.jsonl")}
    assert kept <= {experiment.name for experiment in trials.all_experiments()}


def test_a_trials_variants_are_of_the_courses_experiments_and_share_a_metric():
    for trial in trials.all_trials():
        mine, other = (variant.experiment for variant in trial.variants)
        assert (mine.unit, mine.lower_is_better) == (other.unit, other.lower_is_better)
        assert trials.find(mine.name) is mine
        assert trials.find(other.name) is other


def test_an_unknown_name_gets_the_nearest_ones():
    with pytest.raises(ValueError, match=r"No trial or experiment is called 'enlargin'\. Try enlarging"):
        trials.get("enlargin")


def test_trials_and_experiments_are_not_mixed_up():
    with pytest.raises(ValueError, match="probe_backbones is an experiment"):
        trials.get("probe_backbones")
    with pytest.raises(ValueError, match=r"trials\.outcome\('enlarging'\)"):
        trials.summary("enlarging")


def test_a_name_that_is_taken_is_refused(monkeypatch):
    from course_lib.trials import lesson_03

    monkeypatch.setattr(lesson_03, "EXPERIMENTS", (*lesson_03.EXPERIMENTS, lesson_03.EXPERIMENTS[0]))
    with pytest.raises(ValueError, match="a second 'probe_backbones'"):
        registry.known.__wrapped__()
