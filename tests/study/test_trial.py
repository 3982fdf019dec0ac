"""A trial: what it compares, what it says, and what a lesson prints of it."""

from dataclasses import replace

import numpy as np
import pytest

from course_lib.study import Metric, evidence

from . import pretend


@pytest.fixture
def helps(tmp_path):
    """The outcome of a trial whose variant is 3 points better."""
    return pretend.trial().fill(seeds=6, folder=tmp_path)


def test_differences_are_taken_seed_by_seed(helps):
    assert helps.differences == pytest.approx(
        [pretend.value("wide", 0.03, seed) - pretend.value("plain", 0.0, seed) for seed in range(6)]
    )
    assert helps.differences.std() < 0.005 < helps.summaries["wide"].sd  # the split's part has fallen out


def test_the_verdict_is_computed(helps, tmp_path):
    assert helps.verdict.word == "supported"
    assert replace(helps, trial=replace(helps.trial, says="no better")).verdict.word == "refuted"
    assert pretend.trial(variant="narrow").fill(seeds=6, folder=tmp_path).verdict.word == "no difference that matters"


def test_the_trial_names_the_metric_that_it_judges(tmp_path):
    """Both come out of the same runs; lower is better in the second, in which "wide" is slower."""
    first, second = (pretend.trial(metric=metric).fill(seeds=5, folder=tmp_path) for metric in ("", "seconds"))
    assert first.trial.metric == "accuracy"
    assert second.differences == pytest.approx(-first.differences)
    assert (first.verdict.word, second.verdict.word) == ("supported", "refuted")
    assert len(evidence.runs("pretend", tmp_path)) == 10
    assert pretend.experiment().summary("seconds", folder=tmp_path)["wide"].unit == "s"


def test_old_settings_do_not_mix_with_new_ones(tmp_path):
    old = pretend.trial(pretend.run_with_details, epochs=3).fill(seeds=6, folder=tmp_path)
    new = pretend.trial(epochs=4)
    assert new.outcome(tmp_path).pairs == ()
    found = new.fill(seeds=5, folder=tmp_path)
    assert (len(old.pairs), len(found.pairs), len(evidence.runs("pretend", tmp_path))) == (6, 5, 22)
    assert {summary.seeds for summary in found.summaries.values()} == {5}
    assert {summary.n for summary in new.variant.experiment.summary(folder=tmp_path).values()} == {0}


def test_only_seeds_that_both_variants_have_count(tmp_path):
    made = pretend.experiment()
    for variant, seeds in (("wide", (0, 1, 4)), ("plain", (4, 1, 2))):
        for seed in seeds:
            evidence.append(made[variant].task(seed).measure(), tmp_path)
    found = pretend.trial().outcome(tmp_path)
    assert [(mine.seed, other.seed) for mine, other in found.pairs] == [(1, 1), (4, 4)]
    assert found.verdict.because == "too few seeds: 2 of at least 5"


def test_real_pictures_are_not_compared_with_stand_ins(tmp_path):
    made = pretend.experiment()
    for variant, source in (("wide", "real"), ("plain", "stand-in")):
        evidence.append(replace(made[variant].task(0).measure(), source=source), tmp_path)
    assert pretend.trial().outcome(tmp_path).pairs == ()


def test_variants_of_two_experiments_can_be_compared(tmp_path):
    first, second = pretend.experiment(), replace(pretend.experiment(), name="other")
    trial = replace(pretend.trial(), variant=first["wide"], baseline=second["plain"])
    assert trial.fill(seeds=5, folder=tmp_path).verdict.word == "supported"
    assert {file.name for file in tmp_path.glob("*.jsonl")} == {"pretend.jsonl", "other.jsonl"}


def test_the_summary_leaves_out_what_never_ran(tmp_path):
    pretend.trial().fill(seeds=2, folder=tmp_path)
    assert list(pretend.experiment().summary(folder=tmp_path)) == ["plain", "wide"]


def test_a_rerun_is_small_and_leaves_the_evidence_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "shipped", lambda: tmp_path)
    trial = pretend.trial(pretend.run_with_details)
    outcome = trial.rerun(seeds=2)
    assert (len(outcome.pairs), outcome.small, outcome.pairs[0][0].n["accuracy"]) == (2, True, 100)
    assert "a small rerun" in str(outcome)
    assert outcome.pairs[0][0].settings == evidence.digest({**trial.variant.settings, "scale": "small"})
    assert list(tmp_path.iterdir()) == []


# --- what is printed ---


def test_the_table_has_both_variants_the_interval_and_the_hardware(helps):
    claim, *rows = str(helps).splitlines()
    assert claim == "It helps."
    assert rows[0].split()[:3] == ["wide", f"{100 * helps.summaries['wide'].mean:.1f}", "%"]
    assert "difference" in rows[2]
    assert f"+{100 * helps.verdict.effect:.1f} points, interval +" in rows[2]
    assert rows[3].strip() == "supported: better, by more than what matters (1 point)"
    assert rows[4].strip() == f"6 seeds, generated; on {helps.hardware}"
    assert rows[5].strip() == "again: course trials run demo --seeds 6 --into mine"


def test_a_trial_that_never_ran_says_so(tmp_path):
    found = pretend.trial().outcome(tmp_path)
    assert "not measured yet" in str(found)
    assert found.hardware == "nothing yet"
    assert found.summaries == {}
    assert np.isnan(found.verdict.effect)


def test_two_seeds_have_a_mean_and_no_interval(tmp_path):
    assert pretend.trial().fill(seeds=2, folder=tmp_path).effect.endswith("points, no interval")


def test_other_units_than_shares_are_shown_as_they_are():
    seconds, share = Metric("s"), Metric()
    assert (seconds.show(1.2345), seconds.show_difference(0.5)) == ("1.23 s", "+0.5 s")
    assert (seconds.show_size(2), share.show_size(0.02), Metric("epochs").show_size(1)) == (
        "2 s",
        "2 points",
        "1 epoch",
    )
    assert (share.show(0.5), share.show_difference(0.015)) == ("50.0 %", "+1.5 points")


# --- what is refused ---


@pytest.mark.parametrize("name", ["../evidence", "Wide kernels", "", "a/b"])
def test_a_name_that_is_no_file_name_is_refused(name):
    with pytest.raises(ValueError, match="lower-case letters"):
        replace(pretend.trial(), name=name)
    with pytest.raises(ValueError, match="lower-case letters"):
        replace(pretend.experiment(), name=name)


def test_an_unknown_variant_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"no variant 'large'\. It has: plain; wide; narrow"):
        pretend.experiment()["large"]


@pytest.mark.parametrize("wrong", [{"says": "worse"}, {"baseline": pretend.experiment()["wide"]}])
def test_a_trial_that_cannot_be_judged_is_refused(wrong):
    with pytest.raises(ValueError, match="it wants"):
        replace(pretend.trial(), **wrong)


def test_a_metric_that_is_not_measured_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=r"no metric 'loss'\. It has: accuracy, seconds"):
        pretend.trial(metric="loss")
    other = replace(pretend.experiment(), name="other", metrics={"accuracy": Metric("points"), "seconds": Metric("s")})
    with pytest.raises(ValueError, match="another unit in other"):
        replace(pretend.trial(), baseline=other["plain"])


@pytest.mark.parametrize("wrong", [{"metrics": {}}, {"variants": {}}, {"quick": {"pictures": 3}}])
def test_an_experiment_that_cannot_run_is_refused(wrong):
    with pytest.raises(ValueError, match="Experiment pretend"):
        replace(pretend.experiment(), **wrong)


@pytest.mark.parametrize("fill", [pretend.trial().fill, pretend.experiment().fill])
def test_no_seeds_are_not_all_seeds(fill, tmp_path):
    with pytest.raises(ValueError, match="seeds=0"):
        fill(seeds=0, folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
