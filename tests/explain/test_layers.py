"""Which layers give maps, and which of them is asked."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from course_lib import models
from course_lib.explain import feature_layers, last_layer

X = torch.zeros(2, 3, 64, 64)


def test_layers_stand_in_the_order_in_which_they_run_with_the_sizes_of_their_maps():
    model = models.SmallCNN().train()
    layers = feature_layers(model, X)
    assert [layer.size for layer in layers if layer.name in ("blocks.0", "blocks.1", "blocks.2")] == [
        (32, 32), (16, 16), (8, 8),
    ]  # fmt: skip
    assert all(dict(model.named_modules())[layer.name] is layer.module for layer in layers)
    assert "head" not in {layer.name for layer in layers}
    assert model.training
    assert not any(module._forward_hooks for module in model.modules())


@pytest.mark.parametrize(("cells", "name"), [(2, "blocks.2"), (8, "blocks.2"), (9, "blocks.1"), (32, "blocks.0")])
def test_the_last_layer_that_is_fine_enough_is_asked(cells, name):
    model = models.SmallCNN()
    assert last_layer(model, X, cells=cells) is dict(model.named_modules())[name]


def test_a_layer_that_runs_twice_is_none():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.relu = nn.Conv2d(3, 3, 3), nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.relu(self.conv(self.relu(x)))

    assert [layer.name for layer in feature_layers(Twice(), X)] == ["conv"]


def test_maps_that_are_too_coarse_are_named():
    with pytest.raises(ValueError, match="cells=33 for a model whose finest feature map has 32 places a side"):
        last_layer(models.SmallCNN(), X, cells=33)
    with pytest.raises(ValueError, match="has 0 places"):
        last_layer(nn.Sequential(nn.Flatten(), nn.Linear(3 * 64 * 64, 2)), X)
