"""A trial: what it compares, what it says, and what a lesson prints of it."""

from dataclasses import replace

import numpy as np
import pytest

from course_lib.trials import evidence

from . import pretend


@pytest.fixture
def helps(tmp_path):
    """The outcome of a trial whose variant is 3 points better."""
    return pretend.trial().fill(seeds=6, folder=tmp_path)


def test_differences_are_taken_seed_by_seed(helps):
    assert helps.differences == pytest.approx(
        [pretend.run("wide", seed) - pretend.run("plain", seed) for seed in range(6)]
    )
    assert helps.differences.std() < 0.005 < helps.summaries["wide"].sd  # the split's part has fallen out


def test_the_verdict_is_computed(helps, tmp_path):
    assert helps.verdict.word == "supported"
    assert replace(helps, trial=replace(helps.trial, says="no better")).verdict.word == "refuted"
    assert pretend.trial(variant="narrow").fill(seeds=6, folder=tmp_path).verdict.word == "no difference that matters"


def test_lower_can_be_better(helps):
    loss = replace(helps.trial.variant.experiment, lower_is_better=True)
    trial = replace(helps.trial, variant=loss["wide"], baseline=loss["plain"])
    assert replace(helps, trial=trial).verdict.word == "refuted"


def test_old_settings_do_not_mix_with_new_ones(tmp_path):
    old = pretend.trial(lambda variant, seed: 0.1, epochs=3).fill(seeds=6, folder=tmp_path)
    new = pretend.trial(epochs=4)
    assert new.outcome(tmp_path).pairs == ()
    found = new.fill(seeds=5, folder=tmp_path)
    assert (len(old.pairs), len(found.pairs), len(evidence.runs("pretend", tmp_path))) == (6, 5, 22)
    assert {summary.seeds for summary in found.summaries.values()} == {5}
    assert min(summary.low for summary in new.variant.experiment.summary(tmp_path).values()) > 0.5


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
    assert list(pretend.experiment().summary(tmp_path)) == ["plain", "wide"]


def test_a_rerun_is_small_and_leaves_the_evidence_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "shipped", lambda: tmp_path)
    quick = replace(pretend.experiment(), quick=pretend.run_with_details)
    trial = replace(pretend.trial(), variant=quick["wide"], baseline=quick["plain"])
    found = trial.rerun(seeds=2)
    assert (len(found.pairs), found.small, found.pairs[0][0].n) == (2, True, 100)
    assert "a small rerun" in str(found)
    assert found.pairs[0][0].settings != trial.variant.settings
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


def test_other_units_than_shares_are_shown_as_they_are(helps):
    seconds = replace(helps.experiment, unit="s")
    assert (seconds.show(1.2345), seconds.show_difference(0.5)) == ("1.23 s", "+0.5 s")
    assert (seconds.show_size(2), helps.experiment.show_size(0.02)) == ("2 s", "2 points")
    assert (helps.experiment.show(0.5), helps.experiment.show_difference(0.015)) == ("50.0 %", "+1.5 points")


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
