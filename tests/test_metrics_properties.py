"""Metrics of any valid input against scikit-learn, torchmetrics and brute force: ties, one picture, absent classes."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as sk
import torch
import torchmetrics.functional.classification as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import metrics, openset

some = settings(derandomize=True, deadline=None, max_examples=60, database=None)
SEEDS = st.integers(0, 2**32 - 1)
DTYPES = st.sampled_from([torch.float64, torch.float32, torch.float16, torch.bfloat16])


@st.composite
def classified(draw) -> tuple[torch.Tensor, torch.Tensor]:
    """(scores of any dtype [N, K], no two of a row alike; labels [N])."""
    n, k, rng = draw(st.integers(1, 60)), draw(st.integers(2, 8)), np.random.default_rng(draw(SEEDS))
    scores = np.stack([rng.permutation(k) for _ in range(n)]) - rng.integers(0, 5, size=(n, 1))
    return torch.tensor(scores).to(draw(DTYPES)), torch.tensor(rng.integers(0, draw(st.integers(1, k)), n))


@st.composite
def scored(draw) -> tuple[np.ndarray, np.ndarray]:
    """Scores of two groups, with many ties or none."""
    n, m, rng = draw(st.integers(1, 50)), draw(st.integers(1, 50)), np.random.default_rng(draw(SEEDS))
    values = draw(st.sampled_from([1, 2, 5, 10**6]))
    return rng.integers(0, values, n) / values, rng.integers(0, values, m) / values + draw(
        st.sampled_from([0, 0.2, -3])
    )


@pytest.mark.slow
@some
@given(classified())
def test_accuracy_and_confusion_are_scikit_learn_s(both):
    scores, y = both
    k = scores.shape[1]
    answers = scores.double().argmax(dim=1)
    confusion = metrics.confusion_matrix(scores, y)
    assert (confusion.numpy() == sk.confusion_matrix(y, answers, labels=range(k))).all()
    for top in range(1, k + 1):
        expected = oracle.multiclass_accuracy(scores.double(), y, k, top_k=top, average="micro").item()
        assert metrics.accuracy_at(top, scores, y) == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
@some
@given(classified())
def test_per_class_scores_are_scikit_learn_s(both):
    scores, y = both
    k, answers = scores.shape[1], scores.double().argmax(dim=1)
    reports = metrics.per_class(metrics.confusion_matrix(scores, y), [str(c) for c in range(k)])
    expected = sk.precision_recall_fscore_support(y, answers, labels=range(k), zero_division=0)
    for row, *one in zip(reports, *expected, strict=True):
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx(tuple(one))
    borne = [row.recall for row in reports if row.support]
    balanced = sk.recall_score(y, answers, labels=sorted(set(y.tolist())), average="macro", zero_division=0)
    assert np.mean(borne) == pytest.approx(balanced)


@some
@given(st.integers(1, 200), st.integers(2, 9), st.integers(1, 20), st.floats(0.1, 20), SEEDS)
def test_calibration_error_is_torchmetrics_s_and_that_of_a_loop(n, k, bins, scale, seed):
    generator = torch.Generator().manual_seed(seed)
    p = (scale * torch.randn(n, k, generator=generator)).softmax(dim=1)
    y = torch.randint(k, (n,), generator=generator)
    error = metrics.expected_calibration_error(p, y, bins=bins)
    confidence, right = p.amax(dim=1).double().numpy(), (p.argmax(dim=1) == y).numpy()
    inside = [(confidence > b / bins) & (confidence <= (b + 1) / bins) for b in range(bins)]
    inside[-1] |= confidence > 1  # a softmax in float32 may come to 1.0000001
    by_hand = sum(abs(confidence[b].sum() - right[b].sum()) for b in inside) / n
    assert error == pytest.approx(by_hand, abs=1e-9)
    theirs = oracle.multiclass_calibration_error(p, y, k, n_bins=bins, norm="l1").item()
    assert error == pytest.approx(theirs, abs=1e-5)
    assert 0 <= error <= 1


@some
@given(st.integers(1, 100), st.integers(2, 6), st.floats(0, 1), SEEDS)
def test_what_is_kept_is_counted_one_by_one(n, k, threshold, seed):
    p = (3 * torch.randn(n, k, generator=torch.Generator().manual_seed(seed))).softmax(dim=1).double()
    y = torch.randint(k, (n,), generator=torch.Generator().manual_seed(seed + 1))
    kept = [i for i in range(n) if max(p[i].tolist()) >= threshold]
    chosen = metrics.select(p, y, threshold)
    assert (chosen.n, chosen.kept, chosen.right) == (n, len(kept), sum(int(p[i].argmax() == y[i]) for i in kept))


@pytest.mark.slow
@some
@given(scored())
def test_open_set_metrics_are_scikit_learn_s(groups):
    known, unknown = groups
    truth, every = np.repeat([0, 1], [len(known), len(unknown)]), np.concatenate(groups)
    assert openset.auroc(known, unknown) == pytest.approx(sk.roc_auc_score(truth, every), abs=1e-12)
    assert openset.aupr(known, unknown) == pytest.approx(sk.average_precision_score(truth, every), abs=1e-12)
    expected = sk.average_precision_score(1 - truth, -every)
    assert openset.aupr(known, unknown, positive="known") == pytest.approx(expected, abs=1e-12)
    fpr, tpr, _ = sk.roc_curve(truth, every, drop_intermediate=False)
    assert openset.fpr_at_tpr(known, unknown) == fpr[np.argmax(tpr >= 0.95)]


@some
@given(scored(), SEEDS)
def test_aurc_and_oscr_are_those_of_a_loop(groups, seed):
    known, unknown = groups
    right = np.random.default_rng(seed).random(len(known)) < 0.7
    pairs = (known[:, None] < unknown) + 0.5 * (known[:, None] == unknown)
    assert openset.oscr(known, right, unknown) == pytest.approx((right[:, None] * pairs).mean(), abs=1e-12)
    # In the mean over all orders of equal scores, a place among them is wrong as often as they are.
    share_wrong = np.array([(~right[known == score]).mean() for score in np.sort(known)])
    risks = np.cumsum(share_wrong) / np.arange(1, len(known) + 1)
    assert openset.aurc(known, right) == pytest.approx(risks.mean(), abs=1e-9)
    curve = openset.risk_coverage(known, right)
    assert curve.y.tolist() == pytest.approx([(~right[known <= t]).mean() for t in curve.thresholds])


@some
@given(st.integers(1, 40), st.integers(2, 12), st.floats(0.05, 50), DTYPES, SEEDS)
def test_scores_of_any_logits_are_those_of_torch_in_float64(n, k, temperature, dtype, seed):
    z = (10 * torch.randn(n, k, generator=torch.Generator().manual_seed(seed))).to(dtype)
    scaled = z.double() / temperature
    p = scaled.softmax(dim=1)
    torch.testing.assert_close(openset.softmax(z, temperature=temperature), p)
    torch.testing.assert_close(
        openset.max_softmax(z, temperature=temperature), 1 - p.amax(dim=1), atol=1e-12, rtol=1e-6
    )
    entropy = torch.distributions.Categorical(logits=scaled).entropy()
    torch.testing.assert_close(openset.entropy(z, temperature=temperature), entropy, atol=1e-9, rtol=1e-7)
    torch.testing.assert_close(openset.energy(z, temperature=temperature), -temperature * scaled.logsumexp(dim=1))
    assert torch.equal(openset.max_logit(z), -z.double().amax(dim=1))
