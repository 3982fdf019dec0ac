"""The small networks: what they compute, what they count, and what they refuse."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from course_lib import data, models, training
from course_lib.models import Conv, SmallCNN, TwoBranches, convolution
from course_lib.models.small import PLAIN, WIDTHS

X = torch.rand(5, 3, 32, 32, generator=torch.Generator().manual_seed(0))


def count(model: nn.Module) -> int:
    return sum(w.numel() for w in model.parameters())


def test_plain_network_is_what_one_would_write_down():
    ours = SmallCNN(seed=3)
    torch.manual_seed(3)
    plain = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 32, 3, 2, 1),
        nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 2),
    )  # fmt: skip
    torch.testing.assert_close(ours(X), plain(X))


def test_weights_are_those_that_the_layers_count():
    layers, widths = (Conv((30, 3)), Conv((3, 30))), (4, 8)
    counted = convolution.weights(layers, (3, *widths)) + sum(widths) + 8 * 2 + 2
    assert count(SmallCNN(layers, widths)) == counted


def test_macs_are_those_that_the_layers_count():
    model = SmallCNN()
    assert models.cost(model, size=64).macs == convolution.macs((64, 64), PLAIN, (3, *WIDTHS)) + 32 * 2


def test_shallow_paths_reach_the_head():
    model = SmallCNN(shallow_paths=True)
    assert model.head.in_features == sum(WIDTHS)
    with torch.no_grad():
        before = model(X)
        for weight in model.blocks[2].parameters():
            weight.zero_()  # the last layer says nothing any more; the first ones still do
    assert not torch.allclose(before, model(X))
    assert model(X).std(dim=0).min() > 0


def test_colour_branch_sees_colour_and_no_shape():
    model = TwoBranches()
    with torch.no_grad():
        model.head.weight[:, 16:] = 0  # leaves the colour branch alone
    mixed = X.flatten(2)[:, :, torch.randperm(32 * 32)].reshape(X.shape)
    torch.testing.assert_close(model(mixed), model(X), atol=1e-5, rtol=1e-4)
    assert not torch.allclose(model(X.flip(1)), model(X), atol=1e-4)


def test_shape_branch_sees_no_colour():
    model = TwoBranches()
    with torch.no_grad():
        model.head.weight[:, :16] = 0
    grey = (X * model.luma).sum(1, keepdim=True).expand(-1, 3, -1, -1)
    torch.testing.assert_close(model(grey), model(X))


def test_seed_decides_the_weights_and_nothing_else_changes():
    drawn = torch.get_rng_state()
    one, same, other = SmallCNN(seed=1), SmallCNN(seed=1), SmallCNN(seed=2)
    assert torch.equal(one.head.weight, same.head.weight)
    assert not torch.equal(one.head.weight, other.head.weight)
    assert torch.equal(drawn, torch.get_rng_state())


def test_fit_takes_them():
    pictures = data.spectrograms(24, side=32)
    model = SmallCNN()
    run = training.fit(model, pictures, pictures, training.Settings(epochs=2, flips=False), progress=False)
    assert len(run.history) == 2


def test_widths_must_fit():
    with pytest.raises(ValueError, match="got 3 layers and 2 widths"):
        SmallCNN(widths=(16, 32))


def test_both_branches_take_batch_norm():
    norms = [layer for layer in TwoBranches(batch_norm=True).modules() if isinstance(layer, nn.BatchNorm2d)]
    assert [norm.num_features for norm in norms] == [16, 16, *WIDTHS]
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in TwoBranches().modules())
