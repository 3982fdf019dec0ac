"""`TextureNet`: shapes, errors, and the weights that are shipped for it."""

from __future__ import annotations

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from course_lib import data
from course_lib.data.generated.standin import eurosat_tiles
from course_lib.features import extract, probe
from course_lib.models import backbone
from course_lib.models.texture_net import TextureNet


@pytest.mark.parametrize("size", [32, 64, 75])
def test_any_size_from_32_pixels_on(size):
    net = TextureNet(n_classes=7).eval()
    x = torch.randn(2, 3, size, size)
    side = -(-size // 8)
    assert net.features(x).shape == (2, 128, side, side)
    assert net.features(x).min() >= 0
    assert net(x).shape == (2, 7)


def test_a_pixel_of_a_map_sees_39_pixels():
    net = TextureNet().eval()
    x = torch.randn(8, 3, 128, 128, requires_grad=True)
    net.features(x)[:, :, 8, 8].sum().backward()
    seen = x.grad.abs().sum(dim=(0, 1, 2)).nonzero()
    assert int(seen.max() - seen.min()) + 1 == 39


def test_gradients_reach_every_weight():
    net = TextureNet()
    net(torch.randn(4, 3, 32, 32)).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in net.parameters())


def test_it_wants_a_class():
    with pytest.raises(ValueError, match="n_classes=0; it wants 1 or more"):
        TextureNet(n_classes=0)


def test_shipped_weights_fit_exactly_and_are_small():
    assert data.weights_file("texture_net").stat().st_size <= 3e6
    TextureNet().features.load_state_dict(load_file(data.weights_file("texture_net")), strict=True)


def test_shipped_weights_say_where_they_come_from():
    with safe_open(data.weights_file("texture_net"), framework="pt") as file:
        origin = file.metadata()
    assert origin.keys() == {"trained_on", "seed", "val_accuracy", "date", "torch", "licence"}
    assert origin["licence"] == "MIT"
    assert 0.5 < float(origin["val_accuracy"]) <= 1


@pytest.mark.slow
def test_shipped_weights_see_more_than_random_ones():
    train, test = eurosat_tiles(40).split((0.8, 0.2), seed=0)
    shipped, random = (accuracy(weights, train, test) for weights in ("real", "random"))
    assert shipped > 0.85
    assert shipped > random


def accuracy(weights, train, test):
    net = backbone("texture_net", weights=weights)
    see = [extract(net, pictures, cache=False, progress=False) for pictures in (train, test)]
    return probe(see[0], train.labels, see[1], test.labels).accuracy
