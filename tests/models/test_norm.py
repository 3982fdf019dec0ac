"""The layers stand where batch normalization stood, and average over what they say."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from course_lib import models
from course_lib.models.norm import KINDS, freeze_norm, with_norm

X = torch.rand(5, 8, 6, 6, generator=torch.Generator().manual_seed(0)) * 3 + 1
OVER = {"batch": (0, 2, 3), "layer": (1, 2, 3), "instance": (2, 3)}


@pytest.mark.parametrize("kind", OVER)
def test_each_kind_has_mean_0_over_what_it_averages(kind):
    y = KINDS[kind](8)(X)
    assert y.mean(dim=OVER[kind]).abs().max() < 1e-5
    others = set(OVER) - {kind}
    assert all(y.mean(dim=OVER[other]).abs().max() > 1e-3 for other in others if set(OVER[other]) < set(OVER[kind]))


def test_group_norm_averages_over_groups():
    y = KINDS["group"](8)(X).reshape(5, 4, 2, 6, 6)
    assert y.mean(dim=(2, 3, 4)).abs().max() < 1e-5


def test_the_groups_are_as_many_as_asked_for():
    model = with_norm(models.SmallCNN(batch_norm=True), "group", groups=8)
    assert {m.num_groups for m in model.modules() if isinstance(m, nn.GroupNorm)} == {8}
    with pytest.raises(ValueError, match="divisible"):
        with_norm(models.SmallCNN(batch_norm=True), "group", groups=5)


def test_every_batch_norm_is_replaced_and_nothing_else():
    model = with_norm(models.SmallCNN(batch_norm=True), "instance")
    assert sum(isinstance(m, nn.InstanceNorm2d) for m in model.modules()) == 3
    assert not any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
    assert model(torch.rand(2, 3, 32, 32)).shape == (2, 2)


def test_none_is_the_network_without():
    x = torch.rand(2, 3, 32, 32)
    torch.testing.assert_close(with_norm(models.SmallCNN(batch_norm=True), "none")(x), models.SmallCNN()(x))


def test_what_it_cannot_do_is_told():
    with pytest.raises(ValueError, match="got kind='power'; it wants one of none, batch"):
        with_norm(models.SmallCNN(batch_norm=True), "power")
    with pytest.raises(ValueError, match="without BatchNorm2d"):
        with_norm(models.SmallCNN(), "layer")


def test_frozen_norm_answers_in_training_as_it_did_in_inference_and_stays_so():
    model = models.SmallCNN(batch_norm=True)
    model.train()(torch.rand(8, 3, 32, 32))  # some averages
    x = torch.rand(2, 3, 32, 32)
    before = model.eval()(x)
    frozen = freeze_norm(model).train()
    torch.testing.assert_close(frozen(x), before)
    frozen(torch.rand(8, 3, 32, 32) * 50)
    torch.testing.assert_close(frozen(x), before)
    with pytest.raises(ValueError, match="freeze_norm got a model without BatchNorm2d"):
        freeze_norm(models.SmallCNN())
