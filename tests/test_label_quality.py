"""Planted errors are as many and as they were asked for; what is suspicious is what cleanlab suspects."""

from __future__ import annotations

import numpy as np
import pytest
from cleanlab.count import compute_confident_joint, get_confident_thresholds
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_normalized_margin_for_each_label, get_self_confidence_for_each_label

from course_lib import label_quality as tools


def case(seed: int, n: int = 400, classes: int = 5, *, wrong: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """(labels, probabilities) of a model that is often right about the truth, and labels of which some are wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(n) % classes)
    logits = rng.normal(size=(n, classes)) + 2.5 * np.eye(classes)[truth]
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return tools.plant(truth, wrong, classes=classes, seed=seed), p


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("classes", [2, 3, 10])
def test_suspects_and_joint_are_those_of_cleanlab(seed, classes):
    labels, p = case(seed, classes=classes, wrong=(0.02, 0.3)[seed % 2])
    found = tools.confident_learning(labels, p)
    np.testing.assert_allclose(found.thresholds, get_confident_thresholds(labels, p))
    np.testing.assert_array_equal(found.joint, compute_confident_joint(labels, p, calibrate=False))
    theirs = find_label_issues(
        labels, p, filter_by="confident_learning", return_indices_ranked_by="self_confidence", n_jobs=1
    )
    np.testing.assert_array_equal(found.suspects, theirs)
    assert len(theirs) > 0


def test_a_class_that_no_picture_bears_is_suspected_of_none():
    labels, p = case(0, classes=4)
    labels[labels == 2] = 1
    found = tools.confident_learning(labels, p)
    np.testing.assert_array_equal(found.joint, compute_confident_joint(labels, p, calibrate=False))
    assert found.joint[:, 2].sum() == 1  # the diagonal, which is never 0


def test_confident_learning_by_hand():
    """t = (0.6, 0.7). The third reaches only t₁, against its label; the fourth reaches none."""
    p = [[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.3, 0.7], [0.5, 0.5], [0.1, 0.9]]
    found = tools.confident_learning([0, 0, 0, 1, 1, 1], p)
    np.testing.assert_allclose(found.thresholds, [0.6, 0.7])
    assert found.joint.tolist() == [[2, 1], [0, 2]]
    assert found.suspects.tolist() == [2]


@pytest.mark.parametrize("seed", range(5))
def test_orders_are_those_of_cleanlabs_scores(seed):
    labels, p = case(seed)
    for by, score in (
        ("self confidence", get_self_confidence_for_each_label),
        ("margin", get_normalized_margin_for_each_label),
    ):
        expected = score(labels, p)
        np.testing.assert_allclose(expected[tools.ranked(labels, p, by=by)], np.sort(expected))


def test_unsure_orders_do_not_look_at_the_label():
    labels, p = case(1)
    others = (labels + 1) % 5
    for by in ("entropy", "least sure"):
        np.testing.assert_array_equal(tools.ranked(labels, p, by=by), tools.ranked(others, p, by=by))
    np.testing.assert_allclose(p.max(axis=1)[tools.ranked(labels, p, by="least sure")], np.sort(p.max(axis=1)))
    entropy = -(p * np.log(p)).sum(axis=1)
    np.testing.assert_allclose(entropy[tools.ranked(labels, p, by="entropy")], np.sort(entropy)[::-1])


def test_two_classes_leave_margin_and_self_confidence_in_the_same_order():
    labels, p = case(2, classes=2)
    np.testing.assert_array_equal(tools.ranked(labels, p), tools.ranked(labels, p, by="margin"))


# --- planting ---


@pytest.mark.parametrize("kind", ["uniform", "confusions"])
@pytest.mark.parametrize("share", [0, 0.02, 0.2, 1])
def test_as_many_are_wrong_as_asked_for(kind, share):
    truth = np.arange(1000) % 4
    planted = tools.plant(truth, share, kind, classes=4, seed=3, confusion=np.ones((4, 4)))
    assert (planted != truth).sum() == 1000 * share
    assert set(planted) <= {0, 1, 2, 3}
    np.testing.assert_array_equal(truth, np.arange(1000) % 4)  # untouched


def test_uniform_errors_are_uniform():
    truth = np.zeros(9000, dtype=int)
    counts = np.bincount(tools.plant(truth, 1, classes=4), minlength=4)
    assert counts[0] == 0
    assert abs(counts[1:] - 3000).max() < 4 * np.sqrt(3000)


def test_errors_go_where_the_confusions_are_and_an_errorless_row_goes_anywhere():
    confusion = np.array([[50, 3, 1], [9, 50, 0], [0, 0, 50]])
    truth = np.repeat([0, 1, 2], 4000)
    planted = tools.plant(truth, 1, "confusions", classes=3, confusion=confusion)
    from_first, from_second, from_third = (np.bincount(planted[truth == k], minlength=3) / 4000 for k in range(3))
    np.testing.assert_allclose(from_first, [0, 0.75, 0.25], atol=0.03)
    assert from_second.tolist() == [1, 0, 0]
    np.testing.assert_allclose(from_third, [0.5, 0.5, 0], atol=0.03)


def test_another_seed_plants_others_and_the_same_seed_the_same():
    truth = np.arange(500) % 5
    one, same, other = (tools.plant(truth, 0.1, classes=5, seed=seed) for seed in (0, 0, 1))
    assert (one == same).all()
    assert (one != other).any()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: tools.plant([0, 1], 1.5, classes=2), "share=1.5"),
        (lambda: tools.plant([0, 1], 0.5, classes=1), "from 0 to 1; it wants integers"),
        (lambda: tools.plant([0, 0], 0.5, classes=1), "classes=1"),
        (lambda: tools.plant([0, 3], 0.5, classes=3), "from 0 to 3"),
        (lambda: tools.plant([0.0, 1.0], 0.5, classes=2), "float64"),
        (lambda: tools.plant([], 0.5, classes=2), "N ≥ 1"),
        (lambda: tools.plant([0, 1], 0.5, "some", classes=2), "kind='some'"),
        (lambda: tools.plant([0, 1], 0.5, "confusions", classes=2), "such as metrics.confusion_matrix"),
        (lambda: tools.plant([0, 1], 0.5, "confusions", classes=2, confusion=np.ones((3, 3))), r"\(3, 3\)"),
        (lambda: tools.confident_learning([0, 1, 0], [[0.5, 0.5], [0.1, 0.9]]), "one row a label"),
        (
            lambda: tools.confident_learning([0, 1], [[3.0, 0.5], [0.1, 0.9]]),
            r"from 0\.1 to 3; .* take \.softmax\(dim=1\) first",
        ),
        (lambda: tools.ranked([0, 1], [[0.5, 0.5], [0.1, 0.9]], by="loss"), "by='loss'"),
        (lambda: tools.ranked([0, 1], [[np.nan, 0.5], [0.1, 0.9]]), "NaN or infinite in 1 of 2 rows; wanted 0 to 1"),
    ],
)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()
