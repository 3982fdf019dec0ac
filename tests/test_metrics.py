import math

import pytest
import torch
import torchmetrics.functional.classification as oracle
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from course_lib import metrics

K = 5
SCORES = torch.randn(400, K, generator=torch.Generator().manual_seed(0))
LABELS = (SCORES + torch.randn(400, K, generator=torch.Generator().manual_seed(1))).argmax(dim=1)


@pytest.mark.parametrize("k", range(1, K + 1))
def test_accuracy_at_k(k):
    expected = oracle.multiclass_accuracy(SCORES, LABELS, K, top_k=k, average="micro")
    assert metrics.accuracy_at(k, SCORES, LABELS) == pytest.approx(expected.item())


def test_accuracy_at_all_classes_is_certain():
    assert metrics.accuracy_at(K, SCORES, LABELS) == 1


def test_confusion_matrix_has_truth_in_rows():
    expected = confusion_matrix(LABELS, SCORES.argmax(dim=1), labels=range(K))
    assert (metrics.confusion_matrix(SCORES, LABELS).numpy() == expected).all()


def test_per_class_scores():
    confusion = metrics.confusion_matrix(SCORES, LABELS)
    report = metrics.per_class(confusion, [str(k) for k in range(K)])
    expected = precision_recall_fscore_support(LABELS, SCORES.argmax(dim=1), labels=range(K))
    for i, row in enumerate(report):
        assert (row.precision, row.recall, row.f1, row.support) == pytest.approx([column[i] for column in expected])


def test_a_class_without_pictures_scores_zero():
    (empty,) = metrics.per_class(torch.zeros(1, 1, dtype=torch.int64), ["nobody"])
    assert (empty.precision, empty.recall, empty.f1, empty.support) == (0, 0, 0, 0)


@pytest.mark.parametrize("bins", [5, 15])
def test_expected_calibration_error(bins):
    probabilities = (3 * SCORES).softmax(dim=1)
    expected = oracle.multiclass_calibration_error(probabilities, LABELS, K, n_bins=bins, norm="l1")
    assert metrics.expected_calibration_error(probabilities, LABELS, bins=bins) == pytest.approx(
        expected.item(), abs=1e-6
    )


def test_certain_and_always_right_or_wrong():
    certain = torch.eye(3)
    assert metrics.expected_calibration_error(certain, torch.tensor([0, 1, 2])) == 0
    assert metrics.expected_calibration_error(certain, torch.tensor([1, 2, 0])) == 1


def test_wilson_interval():
    from scipy.stats import binomtest

    expected = binomtest(95, 100).proportion_ci(method="wilson")
    assert metrics.wilson_interval(95, 100) == pytest.approx((expected.low, expected.high), abs=1e-4)


@pytest.mark.parametrize("threshold", [0.0, 0.4, 0.9, 1.0])
def test_selection_counts_one_by_one(threshold):
    probabilities = SCORES.softmax(dim=1)
    kept = [n for n in range(len(LABELS)) if probabilities[n].max().item() >= threshold]
    right = [n for n in kept if probabilities[n].argmax() == LABELS[n]]
    selected = metrics.select(probabilities, LABELS, threshold)
    assert (selected.n, selected.kept, selected.right) == (len(LABELS), len(kept), len(right))
    assert selected.coverage == len(kept) / len(LABELS)
    assert selected.accuracy == pytest.approx(len(right) / len(kept) if kept else math.nan, nan_ok=True)


@pytest.mark.parametrize(
    "call",
    [
        lambda: metrics.accuracy_at(0, SCORES, LABELS),
        lambda: metrics.accuracy_at(1, SCORES[0], LABELS),
        lambda: metrics.accuracy_at(1, SCORES, LABELS[:-1]),
        lambda: metrics.confusion_matrix(SCORES[:0], LABELS[:0]),
        lambda: metrics.select(SCORES, LABELS[:-1], 0.5),
        lambda: metrics.wilson_interval(3, 2),
    ],
)
def test_bad_input_is_named(call):
    with pytest.raises(ValueError, match="got"):
        call()


def test_exact_match_is_torchmetrics():
    generator = torch.Generator().manual_seed(2)
    truth = torch.rand(300, 3, generator=generator) < 0.3
    sets = truth ^ (torch.rand(300, 3, generator=generator) < 0.2)
    expected = oracle.multilabel_exact_match(sets.int(), truth.int(), 3).item()
    assert 0 < expected < 1
    for one, other in ((sets, truth), (sets.numpy(), truth.int()), (sets.tolist(), truth.float().numpy())):
        assert metrics.exact_match(one, other) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("sets", "truth", "complaint"),
    [
        ([[0.2, 0.8]], [[0, 1]], r"other numbers than 0 and 1.*p >= threshold"),
        ([[True, False]], [[True, False, True]], r"\(1, 2\) and truth of shape \(1, 3\)"),
        ([True, False], [True, False], r"wants bool \[N, K\]"),
        ([[]], [[]], "N ≥ 1"),
        ([[float("nan"), 1]], [[0, 1]], "other numbers than 0 and 1"),
    ],
)
def test_exact_match_refuses_what_are_no_sets(sets, truth, complaint):
    with pytest.raises(ValueError, match=complaint):
        metrics.exact_match(sets, truth)
