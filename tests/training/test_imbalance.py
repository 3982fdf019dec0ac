from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import norm
from sklearn.utils.class_weight import compute_class_weight

from course_lib.training import imbalance

TAIL = np.repeat(np.arange(4), [80, 40, 20, 5])


@pytest.mark.parametrize("ratio", [1, 1.5, 10, 50])
def test_the_tail_has_its_ratio_and_its_total(ratio):
    labels = np.repeat(np.arange(10), 1000)
    rows = imbalance.induce(labels, ratio, n=2000, seed=4)
    sizes = np.sort(np.bincount(labels[rows]))
    assert len(set(rows)) == len(rows) == pytest.approx(2000, abs=5)
    assert sizes[-1] / sizes[0] == pytest.approx(ratio, rel=0.05)
    steps = sizes[1:] / sizes[:-1]
    np.testing.assert_allclose(steps, ratio ** (1 / 9), rtol=0.06)


def test_no_class_goes_empty():
    labels = np.repeat([0, 1], 500)
    assert sorted(np.bincount(labels[imbalance.induce(labels, 10_000, n=100)])) == [1, 100]


def test_the_seed_says_which_class_is_small():
    labels = np.repeat(np.arange(5), 100)
    smallest = {np.bincount(labels[imbalance.induce(labels, 10, n=150, seed=seed)]).argmin() for seed in range(40)}
    assert smallest == set(range(5))


def test_over_under_and_both():
    over, under, both = (f(TAIL, seed=1) for f in (imbalance.oversample, imbalance.undersample, imbalance.resample))
    assert np.bincount(TAIL[over]).tolist() == [80] * 4
    assert np.bincount(TAIL[under]).tolist() == [5] * 4
    assert np.bincount(TAIL[both]).tolist() == [36] * 4
    assert set(over) == set(range(len(TAIL)))  # nothing is thrown away
    assert len(set(under)) == len(under)  # nothing is taken twice
    assert len(set(both[TAIL[both] == 0])) == 36
    assert set(both[TAIL[both] == 3]) == set(np.flatnonzero(TAIL == 3))


def test_class_weights_are_scikit_learns():
    expected = compute_class_weight("balanced", classes=np.arange(4), y=TAIL)
    np.testing.assert_allclose(imbalance.class_weights(TAIL), expected)
    assert imbalance.class_weights(TAIL)[TAIL].mean() == pytest.approx(1)


@pytest.mark.parametrize("beta", [0, 0.9, 0.999])
def test_the_effective_number_is_a_sum_of_powers(beta):
    """Each further picture adds β times what the one before it added."""
    effective = np.array([sum(beta**i for i in range(n)) for n in (80, 40, 20, 5)])
    weights = imbalance.effective_weights(TAIL, beta=beta)
    np.testing.assert_allclose(weights / weights[0], effective[0] / effective)
    assert weights[TAIL].mean() == pytest.approx(1)


def test_effective_weights_end_at_equal_ones_and_at_class_weights():
    np.testing.assert_allclose(imbalance.effective_weights(TAIL, beta=0), 1)
    np.testing.assert_allclose(
        imbalance.effective_weights(TAIL, beta=1 - 1e-9), imbalance.class_weights(TAIL), rtol=1e-5
    )


def test_adjusted_logits_are_the_posterior_under_equal_shares():
    """Two bells whose densities are known: the posterior under the training shares becomes that under equal ones."""
    labels, x = np.repeat([0, 1], [90, 10]), np.linspace(-3, 4, 50)
    density = np.stack([norm.pdf(x, 0), norm.pdf(x, 1)], axis=1)
    skewed = torch.tensor(np.log(density * [0.9, 0.1]))
    equal = density / density.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(imbalance.adjusted(skewed, labels).softmax(dim=1), equal)
    assert torch.equal(imbalance.adjusted(skewed, labels, tau=0), skewed)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: imbalance.induce(TAIL, 0.5, n=50), "ratio=0.5"),
        (lambda: imbalance.induce(TAIL, 2, n=100), "Take another n"),
        (lambda: imbalance.induce(np.repeat([0, 1], 50), 10, n=100), "want 9 to 91 of a class"),
        (lambda: imbalance.oversample([0, 2]), r"no picture of the classes \[1\]"),
        (lambda: imbalance.undersample([]), "N ≥ 1"),
        (lambda: imbalance.class_weights([0.5, 1.0]), "float64"),
        (lambda: imbalance.effective_weights([0, 1], beta=1), "beta=1"),
        (lambda: imbalance.adjusted(torch.zeros(3, 2), [0, 1, 2]), r"\(3, 2\) and training labels of 3"),
    ],
)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()
