"""Losses that teach the unknown: against the papers' equations by hand, and against pytorch-ood."""

from __future__ import annotations

import pytest
import pytorch_ood.loss as oracle
import torch
from torch.nn import functional as F

from course_lib.openset import losses
from course_lib.openset.losses import NONE

LABELS = torch.tensor([0, 1, 2, NONE, NONE])


@pytest.fixture
def logits():
    return torch.randn(5, 3, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def features():
    return 4 * torch.randn(5, 8, generator=torch.Generator().manual_seed(1))


def test_the_entropic_loss_asks_for_an_even_answer_to_none(logits):
    every = logits.log_softmax(dim=1)
    by_hand = torch.stack([-every[0, 0], -every[1, 1], -every[2, 2], -every[3].mean(), -every[4].mean()])
    torch.testing.assert_close(losses.entropic_open_set(logits, LABELS), by_hand.mean())
    exposed = by_hand[:3].mean() + 0.5 * by_hand[3:].mean()
    torch.testing.assert_close(losses.outlier_exposure(logits, LABELS), exposed)
    torch.testing.assert_close(losses.outlier_exposure(logits, LABELS, weight=0), by_hand[:3].mean())


def test_they_are_those_of_pytorch_ood(logits, features):
    torch.testing.assert_close(losses.entropic_open_set(logits, LABELS), oracle.EntropicOpenSetLoss()(logits, LABELS))
    theirs = oracle.ObjectosphereLoss(alpha=0.03, xi=10)(logits, features, LABELS)
    torch.testing.assert_close(losses.objectosphere(logits, features, LABELS, radius=10, weight=0.03), theirs)
    background = LABELS.clamp(max=1)
    theirs = oracle.BackgroundClassLoss(2)(logits, background)
    torch.testing.assert_close(losses.background_class(logits, background), theirs)
    # Theirs takes both means over the whole batch.
    theirs = oracle.OutlierExposureLoss(alpha=0.5, reduction="none")(logits, LABELS)
    ours = theirs[:3].mean() + theirs[3:].mean()
    torch.testing.assert_close(losses.outlier_exposure(logits, LABELS), ours)


def test_the_objectosphere_wants_short_features_of_none_and_long_ones_of_the_known(logits):
    features = torch.tensor([[20.0, 0], [20, 0], [20, 0], [0, 0], [0, 0]])
    good, bad = (losses.objectosphere(logits, f, LABELS, radius=10, weight=0.01) for f in (features, features.flip(0)))
    torch.testing.assert_close(good, losses.entropic_open_set(logits, LABELS))
    assert bad > good


def test_all_zero_targets_ask_every_sigmoid_to_say_no(logits):
    expected = -(1 - logits.sigmoid()[3:]).log().sum(dim=1).mean()
    torch.testing.assert_close(losses.all_zero_targets(logits[3:], LABELS[3:]), expected)


def test_the_background_class_is_the_last_one(logits):
    loss = losses.background_class(logits, torch.tensor([0, 1, 0, NONE, NONE]))
    torch.testing.assert_close(loss, F.cross_entropy(logits, torch.tensor([0, 1, 0, 2, 2])))


def test_without_unknowns_four_of_them_are_cross_entropy(logits):
    labels = torch.tensor([0, 1, 0, 1, 0])
    for loss in (losses.background_class, losses.entropic_open_set, losses.outlier_exposure):
        torch.testing.assert_close(loss(logits, labels), F.cross_entropy(logits, labels))
    with_features = losses.objectosphere(logits, torch.zeros(5, 2), labels, radius=0, weight=1)
    torch.testing.assert_close(with_features, F.cross_entropy(logits, labels))


def test_a_score_of_the_background_class_does_not_count_it_as_known():
    logits = torch.tensor([[0.0, 0, 0, 9], [9, 0, 0, 0]])
    unknown, known = losses.background_class_score(logits)
    assert unknown > 9
    assert known < 0.01


def test_the_objectosphere_counts_short_features_as_unknown():
    logits = torch.tensor([[9.0, 0], [9, 0]])
    short, long = losses.objectosphere_score(logits, torch.tensor([[0.1, 0], [9, 0]]))
    assert short > long


@pytest.mark.parametrize(
    "loss",
    [losses.background_class, losses.all_zero_targets, losses.entropic_open_set, losses.outlier_exposure],
    ids=lambda loss: loss.__name__,
)
@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        (torch.tensor([0, 1, 2, 3, 0]), "wants 0 to"),
        (torch.tensor([0, 1, 0, -2, 0]), "labels from -2"),
        (torch.tensor([0, 1]), r"int64 \(2,\)"),
        (torch.tensor([0.0, 1, 0, 0, 0]), "float32"),
    ],
)
def test_labels_that_are_none_are_refused(logits, loss, labels, complaint):
    with pytest.raises(ValueError, match=complaint):
        loss(logits, labels)
