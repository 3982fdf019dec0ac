"""The effective receptive field against boxes, against sums of boxes, and against what the arithmetic allows."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.explain import effective_receptive_field, share_used
from course_lib.models import Conv, SmallCNN
from course_lib.models.convolution import output_size, receptive_field


def linear(layers: list[Conv], channels: int = 1, *, ones: bool = True) -> nn.Sequential:
    torch.manual_seed(0)
    stack = nn.Sequential(*(nn.Conv2d(channels, channels, a.kernel, a.stride, a.padding, a.dilation) for a in layers))
    for weight in stack.parameters() if ones else ():
        nn.init.ones_(weight)
    return stack


def box(layers: list[Conv], side: int) -> tuple[slice, slice]:
    """The theoretical field of the middle number, cut at the picture's edge."""
    h, w = output_size((side, side), layers)
    top, left, bottom, right = receptive_field(layers).of(h // 2, w // 2)
    return np.s_[max(top, 0) : bottom, max(left, 0) : right]


STACKS = [
    [Conv((5, 3))],
    [Conv((30, 3)), Conv((3, 30))],
    [Conv(3, stride=2, padding=1)] * 4,
    [Conv((3, 5), dilation=2), Conv(3, stride=(2, 1))],
]


@pytest.mark.parametrize("layer", [Conv((5, 3)), Conv(7), Conv((1, 9)), Conv(3, dilation=3), Conv(4, stride=2)])
def test_one_kernel_of_ones_is_a_box(layer):
    field = effective_receptive_field(linear([layer]), torch.rand(3, 1, 20, 20))
    expected = torch.zeros(20, 20)
    h, w = output_size((20, 20), [layer])
    top, left, bottom, right = receptive_field([layer]).of(h // 2, w // 2)
    expected[top : bottom : layer.dilation[0], left : right : layer.dilation[1]] = 1
    torch.testing.assert_close(field, expected / expected.sum())


@pytest.mark.parametrize("layers", STACKS, ids=str)
@pytest.mark.parametrize("ones", [True, False])
def test_nothing_outside_the_theoretical_field(layers, ones):
    field = effective_receptive_field(linear(layers, 3, ones=ones), torch.rand(2, 3, 48, 48))
    inside = torch.zeros(48, 48, dtype=torch.bool)
    inside[box(layers, 48)] = True
    assert field.shape == (48, 48)
    assert field.sum() == pytest.approx(1, abs=1e-5)
    assert (field[~inside] == 0).all()
    assert field[inside].max() > 0


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_a_stack_of_ones_is_boxes_convolved_with_each_other(depth):
    field = effective_receptive_field(linear([Conv(3)] * depth), torch.rand(1, 1, 15, 15))
    line = reduce(np.convolve, [np.ones(3)] * depth)
    expected = np.outer(line, line) / line.sum() ** 2
    there = np.flatnonzero(field.sum(dim=0) > 0)
    np.testing.assert_allclose(field[np.ix_(there, there)], expected, rtol=1e-4)


def test_channels_that_pull_against_each_other_do_not_cancel():
    pair = nn.Conv2d(1, 2, 3, bias=False)
    with torch.no_grad():
        pair.weight[0], pair.weight[1] = 1, -1
    assert effective_receptive_field(pair, torch.rand(1, 1, 5, 5)).max() == pytest.approx(1 / 9)


def test_it_takes_the_blocks_of_a_small_network_and_leaves_no_gradient():
    model = SmallCNN().eval()
    field = effective_receptive_field(nn.Sequential(*model.blocks), torch.rand(2, 3, 32, 32))
    assert field.shape == (32, 32)
    assert all(weight.grad is None for weight in model.parameters())


def test_what_has_no_field_is_told():
    with pytest.raises(ValueError, match=r"gives \(2, 2\); it wants a feature map"):
        effective_receptive_field(SmallCNN(), torch.rand(2, 3, 32, 32))
    silent = nn.Conv2d(1, 1, 3)
    nn.init.zeros_(silent.weight)
    with pytest.raises(ValueError, match="no pixel moves"):
        effective_receptive_field(silent, torch.rand(1, 1, 5, 5))


def test_share_used_of_a_box_and_of_a_point():
    point = torch.zeros(10, 10)
    point[4, 4] = 1
    assert share_used(point, (10, 10)) == 0.01
    assert share_used(torch.full((10, 10), 0.01), (20, 10)) == pytest.approx(0.475)
    assert share_used(torch.full((10, 10), 0.01), (10, 10), of=1) == 1
    with pytest.raises(ValueError, match="got of=0"):
        share_used(point, (10, 10), of=0)
