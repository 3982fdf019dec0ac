"""Thresholds: the conformal promise over 1,000 splits, against numpy; the best of all thresholds by brute force."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import torch
from scipy.stats import beta, kstest

from course_lib import openset


def scores(n: int, seed: int = 0, values: int | None = None) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.gamma(2, size=n) if values is None else rng.integers(0, values, n) / values


# --- without unknowns ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rejected", [0.01, 0.05, 0.1, 0.5])
@pytest.mark.parametrize("n", [99, 100, 137, 1000])
def test_it_is_numpy_s_quantile(n, rejected):
    known = scores(n, seed=n)
    level = math.ceil(round((n + 1) * (1 - rejected), 6)) / n
    assert openset.without_unknowns(known, rejected=rejected) == np.quantile(known, level, method="inverted_cdf")


@pytest.mark.parametrize("values", [None, 12, 1])
@pytest.mark.parametrize(("n", "rejected"), [(19, 0.05), (20, 0.05), (60, 0.05), (60, 0.13), (199, 0.005)])
def test_leaving_each_out_it_is_rejected_as_often_as_promised(n, rejected, values):
    """n + 1 exchangeable scores: exactly ⌊rejected · (n + 1)⌋ of them are rejected by the others, ties fewer."""
    known = scores(n + 1, values=values)
    out = sum(known[i] > openset.without_unknowns(np.delete(known, i), rejected=rejected) for i in range(n + 1))
    promised = math.floor(rejected * (n + 1) + 1e-9)
    assert out == promised if values is None else out <= promised


@pytest.mark.parametrize(("n", "rejected"), [(200, 0.05), (77, 0.1)])
def test_promise_over_1000_splits(n, rejected):
    rng, shares = np.random.default_rng(1), []
    for _ in range(1000):
        known = rng.gamma(2, size=n + 2000)
        shares.append((known[n:] > openset.without_unknowns(known[:n], rejected=rejected)).mean())
    share, error = np.mean(shares), np.std(shares) / 1000**0.5
    assert rejected - 1 / (n + 1) - 3 * error < share < rejected + 3 * error
    # Angelopoulos, Bates 2021, section 3.2: of one split the share is Beta distributed.
    above = math.floor((n + 1) * rejected + 1e-9)
    assert kstest(shares, beta(above, n + 1 - above).cdf).statistic < 0.07
    assert np.std(shares) == pytest.approx((rejected * (1 - rejected) / n) ** 0.5, rel=0.2)


def test_promise_can_fail_on_the_pictures_it_was_trained_on():
    """Scores of pictures that the network has learned by heart are lower: the promise is not for such."""
    learned, new = scores(500) - 1, scores(500, seed=1)
    assert (new > openset.without_unknowns(learned)).mean() > 0.1


def test_all_saturated_rejects_nothing():
    assert openset.without_unknowns(torch.ones(40)) == 1


@pytest.mark.parametrize(
    ("known", "settings", "complaint"),
    [
        (np.arange(18), {}, "got 18 known scores for rejected=0.05; it wants 19 or more"),
        (np.arange(8), {"rejected": 0.1}, "it wants 9 or more"),
        ([], {}, r"known scores of shape \(0,\)"),
        ([math.nan] * 30, {}, "30 NaN or infinite of 30 known"),
        (np.arange(99), {"rejected": 0}, "got rejected=0; it wants a share between 0 and 1"),
        (np.arange(99), {"rejected": 1}, "got rejected=1"),
        (np.arange(99), {"rejected": math.nan}, "got rejected=nan"),
    ],
)
def test_bad_input_is_told(known, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        openset.without_unknowns(known, **settings)


def test_19_are_enough_for_5_percent():
    assert openset.without_unknowns(range(19)) == 18
    assert openset.without_unknowns(range(9), rejected=0.1) == 8


# --- with few --------------------------------------------------------------------------------------------


def lost(known: np.ndarray, unknown: np.ndarray, threshold: float, by: str) -> float:
    rejected, kept = (known > threshold).sum(), (unknown <= threshold).sum()
    return rejected + kept if by == "errors" else rejected / len(known) + kept / len(unknown)


@pytest.mark.slow
@pytest.mark.parametrize("by", ["errors", "youden"])
@pytest.mark.parametrize("seed", range(100))
def test_no_other_threshold_is_better(seed, by):
    rng = np.random.default_rng(seed)
    n, m, values = rng.integers(1, 30), rng.integers(1, 30), rng.integers(1, 12)
    known, unknown = scores(n, seed, values), scores(m, seed + 1000, values) + 0.3 * rng.integers(2)
    ours = openset.with_few(known, unknown, by=by)
    every = [-np.inf, *known, *unknown]
    assert lost(known, unknown, ours, by) == pytest.approx(min(lost(known, unknown, t, by) for t in every), abs=1e-12)
    assert not np.isin(ours, np.concatenate([known, unknown])), "never on a score: not where the next may land"


def test_the_middle_of_the_widest_gap():
    assert openset.with_few([0, 1], [3, 4]) == 2
    assert openset.with_few([0, 1, 2], [1.5, 9]) == 5.5  # as good as 1.25, which parts by a hair
    assert openset.with_few([0, 2, 2], [2, 2, 5]) == 3.5


def test_errors_count_heads_and_youden_shares():
    known, unknown = np.repeat([0.0, 1.0], [900, 100]), np.array([1.0, 1.0, 1.0])
    assert openset.with_few(known, unknown) == math.inf  # three errors instead of a hundred
    assert openset.with_few(known, unknown, by="youden") == 0.5


def test_nothing_to_part():
    assert openset.with_few(np.ones(5), np.ones(4)) == math.inf
    assert openset.with_few(np.ones(4), np.ones(5)) == -math.inf
    assert openset.with_few([5.0], [1.0]) == math.inf  # the wrong way round; to reject all would be as good


def test_neighbouring_numbers_are_parted_too():
    low, high = 1.0, np.nextafter(1.0, 2.0)
    assert low <= openset.with_few([low], [high]) < high


@pytest.mark.parametrize(
    ("known", "unknown", "settings", "complaint"),
    [
        ([1.0], [2.0], {"by": "luck"}, 'got by=\'luck\'; it wants "errors" or "youden"'),
        ([1.0], [], {}, r"unknown scores of shape \(0,\)"),
        ([math.nan], [1.0], {}, "1 NaN or infinite of 1 known"),
    ],
)
def test_bad_few_are_told(known, unknown, settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        openset.with_few(known, unknown, **settings)


def test_100_000_scores_are_quick():
    known, unknown = scores(50_000), scores(50_000, seed=1)
    for choose in (lambda: openset.without_unknowns(known), lambda: openset.with_few(known, unknown)):
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            choose()
            taken.append(time.perf_counter() - start)
        assert min(taken) < 0.2
