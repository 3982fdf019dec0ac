"""The course's experiments and trials, by name."""

import pytest

from course_lib import study
from course_lib.study import evidence, registry
from tools import record  # a table, which no trial reads


def test_every_name_leads_to_its_trial_or_experiment():
    for one in (*study.all_trials(), *study.all_experiments()):
        assert study.find(one.name) is one
    assert len(registry.known()) == len(study.all_trials()) + len(study.all_experiments())


def test_every_file_of_evidence_belongs_to_an_experiment():
    kept = {file.stem for file in evidence.shipped().glob("*.jsonl")}
    assert kept - {record.NAME} <= {experiment.name for experiment in study.all_experiments()}


def test_a_trials_variants_are_of_the_courses_experiments_and_share_a_metric():
    for trial in study.all_trials():
        for variant in trial.variants:
            assert study.find(variant.experiment.name) is variant.experiment


def test_an_unknown_name_gets_the_nearest_ones():
    with pytest.raises(ValueError, match=r"No trial or experiment is called 'enlargin'\. Try enlarging"):
        study.get("enlargin")


def test_trials_and_experiments_are_not_mixed_up():
    with pytest.raises(ValueError, match="probe_backbones is an experiment"):
        study.get("probe_backbones")
    with pytest.raises(ValueError, match=r"study\.outcome\('enlarging'\)"):
        study.summary("enlarging")


def test_a_name_that_is_taken_is_refused(monkeypatch):
    from course_lib.lessons.transfer import trials as lesson

    monkeypatch.setattr(lesson, "EXPERIMENTS", (*lesson.EXPERIMENTS, lesson.EXPERIMENTS[0]))
    with pytest.raises(ValueError, match="a second 'probe_backbones'"):
        registry.known.__wrapped__()
