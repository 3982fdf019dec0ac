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


@pytest.mark.slow
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


@pytest.mark.slow
@pytest.mark.parametrize(("n", "at_least"), [(5, 0.35), (10, 0.85), (20, 0.99)])
def test_power_to_find_an_effect(n, at_least):
    share = words(draw("normal", n, TRIALS), effect=2.5, smallest_effect=1)
    assert share("supported") >= at_least
    assert share("refuted") == 0


@pytest.mark.slow
@pytest.mark.parametrize(("n", "at_least"), [(5, 0.25), (10, 0.9), (20, 0.99)])
def test_power_to_find_that_nothing_matters(n, at_least):
    assert words(draw("normal", n, TRIALS), effect=0, smallest_effect=2)("no difference that matters") >= at_least


@pytest.mark.slow
@pytest.mark.parametrize(("n", "at_least"), [(5, 0.35), (10, 0.85), (20, 0.99)])
def test_power_to_refute_is_the_power_to_support(n, at_least):
    assert words(draw("normal", n, TRIALS), effect=-2.5, smallest_effect=1)("refuted") >= at_least


# --- seeds that share pictures ---


def splits_of_one_set(trials, *, seeds=10, n_test=1, of=4):
    """float64 [trials, seeds]: mean difference on `n_test` of `of` pictures, drawn anew a seed from a set without
    any effect in the world that the set was drawn from; each picture has a difference of its own."""
    rng = np.random.default_rng(0)
    pictures = rng.normal(size=(trials, 100 * of))
    return np.stack([rng.permuted(pictures, axis=1)[:, : 100 * n_test].mean(axis=1) for _ in range(seeds)], axis=1)


@pytest.mark.slow
def test_where_tests_overlap_the_plain_interval_errs_too_often_and_the_wider_one_does_not():
    d = splits_of_one_set(TRIALS)
    assert misses(*interval(d, resamples=999)) > 3 * NOMINAL
    assert misses(*interval(d, overlap=1 / 4, resamples=999)) <= NOMINAL + NOISE


def test_overlap_widens_as_nadeau_and_bengio_have_it():
    low, high = interval(CLEAR)
    wider = interval(CLEAR, overlap=0.1)  # ρ / (1 − ρ) = n_test / n_train = 1 / 9
    factor = np.sqrt((1 / len(CLEAR) + 1 / 9) / (1 / len(CLEAR)))
    assert wider == pytest.approx(
        (CLEAR.mean() - factor * (CLEAR.mean() - low), CLEAR.mean() + factor * (high - CLEAR.mean()))
    )


@pytest.mark.parametrize("overlap", [-0.1, 1, np.nan])
def test_an_overlap_that_is_no_share_is_named(overlap):
    with pytest.raises(ValueError, match="share of shared pictures"):
        judge(CLEAR, 1, overlap=overlap)


# --- the bootstrap's own error ---

LOPSIDED = np.array([0.05, 0.11, 0.18, 0.27, 0.38, 0.52, 0.71, 0.97, 1.4, 2.6])


def test_the_error_of_an_end_is_what_other_draws_show():
    ends = [_ends_with(rng) for rng in range(20)]
    assert judge(LOPSIDED, 1).error == pytest.approx(np.std(ends, ddof=1), rel=0.6)


def _ends_with(seed):
    drawn = np.random.default_rng(seed).choice((LOPSIDED - LOPSIDED.mean()) / LOPSIDED.std(ddof=1), (19_999, 10))
    t = drawn.mean(axis=1) / np.maximum(drawn.std(axis=1, ddof=1) / np.sqrt(10), 1e-9)
    return LOPSIDED.mean() - np.quantile(t, 0.0125) * LOPSIDED.std(ddof=1) / np.sqrt(10)


def test_an_end_within_the_error_of_what_matters_decides_nothing():
    high = judge(LOPSIDED, 100).high
    error = judge(LOPSIDED, 100).error
    assert judge(LOPSIDED, high + error).word == "undecided"
    assert "bootstrap's own error" in judge(LOPSIDED, high + error).because
    assert judge(LOPSIDED, high + 10 * error).word == "no difference that matters"


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
        (2 - CLEAR, "undecided", "supported"),
        (np.linspace(-2, 2, 12) - 0.6, "undecided", "supported"),
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
    assert judge(-CLEAR, 1).because == "worse, by more than what matters"
    assert judge(2 - CLEAR, 1).because == "worse, but perhaps by less than what matters"
    assert judge(2.5 - CLEAR, 1).because == "worse, by less than what matters"


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
