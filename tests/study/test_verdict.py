"""The verdict's words, and how often they are wrong: simulated trials, where the truth is known."""

import numpy as np
import pytest

from course_lib import study
from course_lib.study.verdict import MIN_SEEDS, interval, judge, place

from .simulate import DIFFERENCES, draw, misses, plain

TRIALS = 2_000
NOMINAL = 0.05
NOISE = 2 * np.sqrt(NOMINAL * (1 - NOMINAL) / TRIALS)  # two standard errors of a simulated share: 1 point


def words(d, effect, smallest_effect):
    """Share of each verdict on "better" in simulated trials whose differences are `d` + `effect`."""
    low, high = interval(d, resamples=999)
    found = [place(*ends, smallest_effect) for ends in zip(low + effect, high + effect, strict=True)]
    return lambda word: found.count(word) / len(found)


# --- how often it is wrong ---


@pytest.mark.parametrize("n", [5, 10, 20])
@pytest.mark.parametrize("kind", DIFFERENCES)
def test_without_an_effect_one_is_found_in_at_most_one_trial_of_twenty(kind, n):
    found = misses(*interval(draw(kind, n, TRIALS), resamples=999))
    assert found <= NOMINAL + (NOISE if kind == "exponential" else 0)


@pytest.mark.parametrize("method", ["percentile", "BCa"])
def test_the_plain_bootstrap_would_fail_that_test(method):
    assert misses(*plain(draw("normal", 5, TRIALS), 999, method=method)) > 0.12
    assert misses(*plain(draw("normal", 10, TRIALS), 999, method=method)) > 0.08


@pytest.mark.parametrize("kind", ["normal", "skewed"])
def test_an_effect_that_just_does_not_matter_is_seldom_supported_and_one_that_does_seldom_denied(kind):
    share = words(draw(kind, 10, TRIALS), effect=1, smallest_effect=1)
    assert share("supported") <= NOMINAL / 2 + NOISE
    assert share("no difference that matters") <= NOMINAL / 2 + NOISE


# --- how often it is right ---


@pytest.mark.parametrize(("n", "at_least"), [(5, 0.35), (10, 0.85), (20, 0.99)])
def test_power_to_find_an_effect(n, at_least):
    share = words(draw("normal", n, TRIALS), effect=2.5, smallest_effect=1)
    assert share("supported") >= at_least
    assert share("refuted") == 0


@pytest.mark.parametrize(("n", "at_least"), [(5, 0.25), (10, 0.9), (20, 0.99)])
def test_power_to_find_that_nothing_matters(n, at_least):
    assert words(draw("normal", n, TRIALS), effect=0, smallest_effect=2)("no difference that matters") >= at_least


@pytest.mark.parametrize(("n", "at_least"), [(5, 0.5), (10, 0.95)])
def test_power_to_refute(n, at_least):
    assert words(draw("normal", n, TRIALS), effect=-2, smallest_effect=1)("refuted") >= at_least


# --- the rule ---

CLEAR = np.array([3.1, 2.8, 3.3, 2.9, 3.0, 3.2])


@pytest.mark.parametrize(
    ("differences", "better", "no_better"),
    [
        (CLEAR, "supported", "refuted"),
        (CLEAR - 3, "no difference that matters", "supported"),
        (CLEAR - 2.5, "no difference that matters", "supported"),
        (CLEAR - 2, "undecided", "undecided"),
        (-CLEAR, "refuted", "supported"),
        (CLEAR * [1, -1, 1, -1, 1, -1], "undecided", "undecided"),
    ],
)
def test_a_claim_and_its_opposite(differences, better, no_better):
    assert judge(differences, 1).word == better
    assert judge(differences, 1, says="no better").word == no_better


def test_the_reason_says_where_the_interval_lies():
    assert judge(CLEAR, 1).because == "better, by more than what matters"
    assert judge(CLEAR - 2, 1).because == "better, but perhaps by less than what matters"
    assert judge(CLEAR - 2.5, 1).because == "better, by less than what matters"
    assert judge(-CLEAR, 1).because == "worse"


@pytest.mark.parametrize("n", range(MIN_SEEDS))
def test_few_seeds_decide_nothing(n):
    found = judge(CLEAR[:n], 1)
    assert (found.word, found.n) == ("undecided", n)
    assert found.because == f"too few seeds: {n} of at least 5"
    assert (found.low, found.high) == (-np.inf, np.inf)


@pytest.mark.parametrize("same", [0.0, 0.1, 3.0])
def test_differences_that_do_not_vary_decide_nothing(same):
    found = judge([same] * 8, 1)
    assert found.word == "undecided"
    assert "do the runs use their seeds" in found.because


def test_one_seed_that_differs_from_all_others_has_no_bound_on_its_side():
    low, high = interval([0, 0, 0, 0, 1.0])
    assert low > -1
    assert high == np.inf


def test_the_same_differences_give_the_same_interval():
    assert judge(CLEAR, 1) == judge(CLEAR.tolist(), 1)


def test_the_interval_moves_and_grows_with_its_differences():
    low, high = interval(CLEAR)
    assert interval(10 * CLEAR + 5) == pytest.approx((10 * low + 5, 10 * high + 5))
    assert interval(-CLEAR) == pytest.approx((-high, -low), rel=0.05)  # other resamples, so not to the digit


@pytest.mark.parametrize(
    ("differences", "smallest", "message"),
    [([1, 2, np.nan, 3, 4], 1, "finite numbers"), ([1, np.inf], 1, "value of guessing"), (CLEAR, -1, "0 or more")],
)
def test_what_cannot_be_judged_is_named(differences, smallest, message):
    with pytest.raises(ValueError, match=message):
        judge(differences, smallest)


@pytest.mark.parametrize(("holds", "printed"), [(True, "Holds: a"), (False, "Does not hold: a")])
def test_a_conclusion_says_which(holds, printed, capsys):
    study.conclude("a", holds)
    assert capsys.readouterr().out == printed + "\n"
