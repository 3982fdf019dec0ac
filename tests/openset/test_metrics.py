"""Open-set metrics against brute force and scikit-learn, ties and all."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
import pytorch_ood.metrics as pytorch_ood
import torch
import torchmetrics.functional.classification as oracle
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

from course_lib import openset


def groups(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores of known and unknown, few values so that many are equal, and which of the known are answered right."""
    rng = np.random.default_rng(seed)
    n, m, values = rng.integers(1, 60), rng.integers(1, 60), rng.integers(1, 30)
    known, unknown = rng.integers(0, values, n) / values, rng.integers(0, values, m) / values + 0.2 * rng.integers(2)
    return known, unknown, rng.random(n) < rng.random()


def both(known, unknown) -> tuple[np.ndarray, np.ndarray]:
    """(is it unknown?, score) as scikit-learn wants it."""
    return np.repeat([0, 1], [len(known), len(unknown)]), np.concatenate([known, unknown])


def pairs(lower: np.ndarray, higher: np.ndarray) -> float:
    """Pairs in which `lower` is lower than `higher`; a tie counts as half."""
    lower, higher = lower[:, None], higher[None]
    return (lower < higher).sum() + (lower == higher).sum() / 2


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(200))
def test_areas_are_those_of_all_pairs(seed):
    known, unknown, correct = groups(seed)
    every = len(known) * len(unknown)
    assert openset.auroc(known, unknown) == pairs(known, unknown) / every
    assert openset.oscr(known, correct, unknown) == pairs(known[correct], unknown) / every


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_roc_is_scikit_learn_s(seed):
    known, unknown, _ = groups(seed)
    fpr, tpr, thresholds = roc_curve(*both(known, unknown), drop_intermediate=False)
    curve = openset.roc(known, unknown)
    # scikit-learn rejects at score ≥ threshold, from the highest; we keep at score ≤ threshold, from the lowest.
    assert curve.x[::-1] == pytest.approx(fpr, abs=1e-15)
    assert curve.y[::-1] == pytest.approx(tpr, abs=1e-15)
    assert (curve.thresholds[:0:-1] == thresholds[1:]).all()
    assert openset.auroc(known, unknown) == pytest.approx(roc_auc_score(*both(known, unknown)), abs=1e-12)
    for wanted in (0.05, 0.5, 0.95, 1.0):
        assert openset.fpr_at_tpr(known, unknown, tpr=wanted) == fpr[np.argmax(tpr >= wanted)]


def test_auroc_is_torchmetrics_too():
    known, unknown, _ = groups(3)
    unknown_or_not, scores = map(torch.tensor, both(known, unknown / 2))
    assert openset.auroc(known, unknown / 2) == pytest.approx(oracle.binary_auroc(scores, unknown_or_not).item())


@pytest.mark.parametrize("seed", range(100))
def test_oscr_curve_counts_at_each_threshold(seed):
    known, unknown, correct = groups(seed)
    curve = openset.oscr_curve(known, correct, unknown)
    for threshold, x, y in zip(curve.thresholds, curve.x, curve.y, strict=True):
        assert x == (unknown <= threshold).mean()
        assert y == ((known <= threshold) & correct).mean()
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(openset.oscr(known, correct, unknown), abs=1e-12)
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, correct.mean())


@pytest.mark.parametrize("accuracy", [0.0, 0.7, 1.0])
def test_saturated_scores_tell_nothing(accuracy):
    known, unknown = np.ones(1000), np.ones(300)
    correct = np.arange(1000) < 1000 * accuracy
    assert openset.auroc(known, unknown) == 0.5
    assert openset.oscr(known, correct, unknown) == accuracy / 2
    assert openset.fpr_at_tpr(known, unknown) == 1
    assert openset.roc(known, unknown).x.tolist() == [1, 0]


def walk_through_the_sorted_pictures(known, correct, unknown) -> float:
    """OSCR as it is often written: thresholds between any two pictures, also between two of one score."""
    order = np.argsort(np.concatenate([known, unknown]), kind="stable")
    let_in = np.concatenate([np.zeros(len(known)), np.ones(len(unknown))])[order].cumsum() / len(unknown)
    kept_right = np.concatenate([correct, np.zeros(len(unknown))])[order].cumsum() / len(known)
    return np.trapezoid([0, *kept_right], [0, *let_in])


def with_pytorch_ood(metric, known, unknown) -> float:
    scores, labels = torch.tensor(np.concatenate([known, unknown])), torch.arange(len(known) + len(unknown))
    (value,) = metric.update(scores, torch.where(labels < len(known), 0, -1)).compute().values()
    return value


@pytest.mark.parametrize("seed", range(30))
def test_auroc_and_fpr_are_pytorch_ood_s(seed):
    known, unknown, _ = groups(seed)
    assert openset.auroc(known, unknown) == pytest.approx(with_pytorch_ood(pytorch_ood.AUROC(), known, unknown))
    assert openset.fpr_at_tpr(known, unknown) == with_pytorch_ood(pytorch_ood.FPRAtTPR(0.95), known, unknown)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_aupr_is_scikit_learn_s(seed):
    known, unknown, _ = groups(seed)
    truth, scores = both(known, unknown)
    assert openset.aupr(known, unknown) == pytest.approx(average_precision_score(truth, scores), abs=1e-12)
    expected = average_precision_score(1 - truth, -scores)
    assert openset.aupr(known, unknown, positive="known") == pytest.approx(expected, abs=1e-12)


def test_aupr_s_straight_lines_flatter_a_score_that_tells_nothing():
    known, unknown = np.ones(800), np.ones(200)
    for positive, other, share in (("unknown", "ood", 0.2), ("known", "id", 0.8)):
        assert openset.aupr(known, unknown, positive=positive) == share
        assert with_pytorch_ood(pytorch_ood.AUPR(other), known, unknown) == pytest.approx((1 + share) / 2)
    rng = np.random.default_rng(0)  # without ties both are the same, but for one picture's share
    known, unknown = rng.normal(size=3000), rng.normal(1, size=2000)
    theirs = with_pytorch_ood(pytorch_ood.AUPR("ood"), known, unknown)
    assert openset.aupr(known, unknown) == pytest.approx(theirs, abs=1e-3)


def test_wrong_side_of_aupr_is_told():
    with pytest.raises(ValueError, match='got positive=\'ood\'; it wants "unknown" or "known"'):
        openset.aupr([0.0], [1.0], positive="ood")


@pytest.mark.parametrize("seed", range(50))
def test_risk_coverage_counts_at_each_threshold(seed):
    scores, _, correct = groups(seed)
    curve = openset.risk_coverage(scores, correct)
    assert curve.thresholds.tolist() == sorted(set(scores))
    for threshold, x, y in zip(curve.thresholds, curve.x, curve.y, strict=True):
        assert x == (scores <= threshold).mean()
        assert y == pytest.approx((~correct[scores <= threshold]).mean(), abs=1e-15)


@pytest.mark.parametrize("seed", range(30))
def test_aurc_is_the_mean_over_all_orders_of_equal_scores(seed):
    rng = np.random.default_rng(seed)
    scores, correct = rng.integers(0, 3, 6), rng.random(6) < 0.6
    every = [np.array(order) for order in itertools.permutations(range(6)) if (np.diff(scores[list(order)]) >= 0).all()]
    risks = [np.mean(np.cumsum(~correct[order]) / np.arange(1, 7)) for order in every]
    assert openset.aurc(scores, correct) == pytest.approx(np.mean(risks), abs=1e-12)


def test_aurc_of_the_best_and_of_no_score():
    correct = np.arange(1000) < 900
    assert openset.aurc(np.ones(1000), correct) == pytest.approx(0.1)
    best = openset.aurc(~correct * 1.0, correct)
    # Geifman, Uziel, El-Yaniv 2019: r + (1 − r) log(1 − r) at error rate r, for many pictures
    assert best == pytest.approx(0.1 + 0.9 * np.log(0.9), abs=1e-3)
    assert best < openset.aurc(np.ones(1000), correct) < openset.aurc(correct * 1.0, correct)


def test_wrong_pictures_of_risk_are_told():
    for metric in (openset.risk_coverage, openset.aurc):
        with pytest.raises(ValueError, match="1 NaN or infinite of 2 picture scores"):
            metric([0.0, np.nan], [True, False])
        with pytest.raises(ValueError, match=r"correct of shape \(1,\) for 2"):
            metric([0.0, 1.0], [True])


def test_ties_are_why_not_to_walk_one_at_a_time():
    rng = np.random.default_rng(0)
    known, unknown, correct = rng.normal(size=300), rng.normal(1, size=200), rng.random(300) < 0.8
    ours = openset.oscr(known, correct, unknown)
    assert walk_through_the_sorted_pictures(known, correct, unknown) == pytest.approx(ours)
    same = walk_through_the_sorted_pictures(np.ones(300), correct, np.ones(200))
    assert same == pytest.approx(correct.mean())  # all of it, for a score that tells nothing
    assert openset.oscr(np.ones(300), correct, np.ones(200)) == pytest.approx(correct.mean() / 2)


def test_perfect_and_reversed():
    known, unknown, correct = [0.1, 0.2, 0.3, 0.4], [0.5, 0.6], [True, False, True, True]
    assert (openset.auroc(known, unknown), openset.auroc(unknown, known)) == (1, 0)
    assert (openset.fpr_at_tpr(known, unknown), openset.fpr_at_tpr(unknown, known)) == (0, 1)
    assert openset.oscr(known, correct, unknown) == 0.75
    assert openset.oscr(unknown, [1, 1], known) == 0


def test_share_of_unknown_that_is_just_reached():
    unknown = np.arange(60) / 60  # 57 of 60 is 95 %, and 1 − 3/60 is not quite the same number
    assert openset.fpr_at_tpr(np.full(10, 0.05), unknown) == 1
    assert openset.fpr_at_tpr(np.full(10, 0.049), unknown) == 0


def test_100_000_scores_are_quick():
    rng = np.random.default_rng(0)
    known, unknown = rng.normal(size=50_000), rng.normal(1, size=50_000)
    correct = rng.random(50_000) < 0.9
    for metric in (
        lambda: openset.auroc(known, unknown),
        lambda: openset.fpr_at_tpr(known, unknown),
        lambda: openset.oscr(known, correct, unknown),
        lambda: openset.aupr(known, unknown),
        lambda: openset.aurc(known, correct),
        lambda: openset.risk_coverage(known, correct),
    ):
        taken = []
        for _ in range(3):
            start = time.perf_counter()
            metric()
            taken.append(time.perf_counter() - start)
        assert min(taken) < 0.2


@pytest.mark.parametrize("kind", [list, np.float32, torch.float32, torch.bfloat16, int])
def test_lists_arrays_and_tensors_will_do(kind):
    known, unknown = np.array([0, 1, 2, 2]), np.array([2, 3])
    if isinstance(kind, torch.dtype):
        known, unknown = torch.tensor(known, dtype=kind), torch.tensor(unknown, dtype=kind)
    elif kind is list:
        known, unknown = known.tolist(), unknown.tolist()
    else:
        known, unknown = known.astype(kind), unknown.astype(kind)
    assert openset.auroc(known, unknown) == 0.875
    assert openset.oscr(known, torch.tensor([1, 1, 1, 0]), unknown) == 0.6875


GOOD = {"known": [0.0, 1.0], "correct": [True, False], "unknown": [1.0, 2.0]}
WRONG = [
    ({"known": [0.0, np.nan]}, "got 1 NaN or infinite of 2 known scores"),
    ({"unknown": [np.inf, np.nan]}, "got 2 NaN or infinite of 2 unknown scores"),
    ({"known": []}, r"got known scores of shape \(0,\); wanted \[N\] with N ≥ 1"),
    ({"unknown": []}, r"got unknown scores of shape \(0,\)"),
    ({"known": np.zeros((2, 1))}, r"got known scores of shape \(2, 1\)"),
    ({"unknown": 3.0}, r"got unknown scores of shape \(\)"),
    ({"known": ["a", "b"]}, "got known scores of dtype <U1; wanted numbers"),
    ({"known": [True, False]}, "got known scores of dtype bool"),
]
WRONG_ANSWERS = [
    ({"correct": [True]}, r"got correct of shape \(1,\) for 2 known scores"),
    ({"correct": [3, 1]}, "got correct with other values than True and False"),
    ({"correct": [np.nan, 1]}, "got correct with other values"),
]


@pytest.mark.parametrize(("change", "complaint"), WRONG, ids=[words[:40] for _, words in WRONG])
def test_wrong_scores_are_told(change, complaint):
    given = GOOD | change
    for metric in (openset.roc, openset.auroc, openset.fpr_at_tpr, openset.aupr):
        with pytest.raises(ValueError, match=complaint):
            metric(given["known"], given["unknown"])
    for metric in (openset.oscr, openset.oscr_curve):
        with pytest.raises(ValueError, match=complaint):
            metric(*given.values())


@pytest.mark.parametrize(("change", "complaint"), WRONG_ANSWERS, ids=[words[:40] for _, words in WRONG_ANSWERS])
def test_wrong_answers_are_told(change, complaint):
    for metric in (openset.oscr, openset.oscr_curve):
        with pytest.raises(ValueError, match=complaint):
            metric(*(GOOD | change).values())


@pytest.mark.parametrize("tpr", [0, -1, 1.01, np.nan])
def test_wrong_share_is_told(tpr):
    with pytest.raises(ValueError, match="wants a share above 0"):
        openset.fpr_at_tpr([0.0], [1.0], tpr=tpr)
