"""Convolution arithmetic against PyTorch: shapes, weights, multiplications, and what a gradient reaches."""

from __future__ import annotations

import itertools
import time
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.models import cost, milliseconds
from course_lib.models.convolution import (
    Conv,
    macs,
    output_size,
    output_sizes,
    receptive_field,
    weights,
)


def random_layers(rng, *, deepest: int = 4, largest: int = 7) -> list[Conv]:
    """One to four layers, whose two directions differ."""
    return [
        Conv(*(tuple(map(int, rng.integers(low, high + 1, 2))) for low, high in ((1, largest), (1, 3), (1, 3), (0, 4))))
        for _ in range(rng.integers(1, deepest + 1))
    ]


def network(layers: list[Conv], channels: list[int], **options) -> nn.Sequential:
    pairs = zip(layers, channels[:-1], channels[1:], strict=True)
    return nn.Sequential(
        *(
            nn.Conv2d(a, b, one.kernel, one.stride, one.padding, one.dilation, bias=False, **options)
            for one, a, b in pairs
        )
    )


# --- sizes ---


@pytest.mark.slow
def test_sizes_are_pytorch_s_and_what_it_refuses_is_refused():
    rng, refused = np.random.default_rng(0), 0
    for _ in range(1500):
        layers, size = random_layers(rng), tuple(map(int, rng.integers(1, 40, 2)))
        net = network(layers, [1] * (len(layers) + 1), device="meta")
        try:
            expected = tuple(net(torch.empty(1, 1, *size, device="meta")).shape[2:])
        except RuntimeError:
            refused += 1
            with pytest.raises(ValueError, match=r"layer \d does not fit: its kernel covers"):
                output_size(size, layers)
        else:
            assert output_size(size, layers) == expected
    assert refused > 100


@pytest.mark.parametrize("kernel", [1, 2, 3, 8, (4, 7)])
@pytest.mark.parametrize("dilation", [1, 2, 3])
def test_same_is_pytorch_s_and_keeps_the_size(kernel, dilation):
    layer = Conv(kernel, dilation=dilation, padding="same")
    assert output_size((9, 20), [layer]) == (9, 20)
    picture = torch.randn(1, 1, 9, 20, dtype=torch.float64)
    ones = torch.ones(1, 1, *layer.kernel, dtype=torch.float64)
    with warnings.catch_warnings(action="ignore"):  # an even kernel needs a copy of the picture
        expected = nn.functional.conv2d(picture, ones, padding="same", dilation=dilation)
    (top, bottom), (left, right) = layer.pads
    padded = nn.functional.pad(picture, (left, right, top, bottom))
    assert torch.allclose(nn.functional.conv2d(padded, ones, dilation=dilation), expected)


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_same_with_a_stride_divides_rounded_up(stride):
    for size in range(1, 20):
        assert output_size((size, size), [Conv((5, 2), stride=stride, padding="same")]) == (-(-size // stride),) * 2


def test_no_layers_leave_the_picture():
    assert output_size((5, 6), []) == (5, 6)
    assert (weights([]), macs((5, 6), []), receptive_field([]).size) == (0, 0, (1, 1))


def test_kernel_larger_than_its_input_is_said_in_words():
    with pytest.raises(ValueError, match="layer 2 does not fit: its kernel covers 61×31, its padded input has 60×62"):
        output_sizes((32, 32), [Conv(3), Conv((31, 31), dilation=(2, 1), padding=(15, 16))])


# --- weights and multiplications ---


def test_weights_and_macs_are_pytorch_s_and_the_cost_module_s():
    rng = np.random.default_rng(1)
    for _ in range(60):
        layers, channels = random_layers(rng), [3, *map(int, rng.integers(1, 9, 4))]
        channels = channels[: len(layers) + 1]
        net = network(layers, channels)
        assert weights(layers, channels) == sum(conv.weight.numel() for conv in net)
        try:
            expected = cost(net, size=32)
        except RuntimeError:
            continue
        assert weights(layers, channels) == expected.parameters
        assert macs((32, 32), layers, channels) == expected.macs


def test_groups_cut_weights_and_multiplications_and_change_nothing_that_is_seen():
    layers, channels = [Conv(3, groups=8), Conv(1, groups=2), Conv(5, stride=2)], [8, 8, 16, 4]
    pairs = zip(layers, channels[:-1], channels[1:], strict=True)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 1, bias=False),
        *(nn.Conv2d(a, b, one.kernel, one.stride, groups=one.groups, bias=False) for one, a, b in pairs),
    )
    assert weights(layers, channels) == sum(conv.weight.numel() for conv in net[1:])
    whole = [Conv(1), *layers]
    assert macs((32, 32), whole, [3, *channels]) == cost(net, size=32).macs
    assert receptive_field(layers) == receptive_field([Conv(3), Conv(1), Conv(5, stride=2)])


def test_groups_that_do_not_divide_the_channels_are_refused():
    with pytest.raises(ValueError, match="got 8 channels before and 9 after a layer of groups=4"):
        weights([Conv(3, groups=4)], (8, 9))


def test_a_time_is_the_fastest_of_those_that_count():
    passes = iter([0.03, 0.02, 0.0, 0.02])
    taken = milliseconds(lambda x: time.sleep(next(passes)), torch.zeros(1), best_of=3)
    assert taken < 15
    assert next(passes, None) is None
    with pytest.raises(ValueError, match="best_of=0; it wants 1 or more"):
        milliseconds(nn.Identity(), torch.zeros(1), best_of=0)


def test_practitioner_s_case():
    """A 30×3 and a 3×30 in a row, unpadded, against one of 30×30: a fifth of the weights, and a little more to see."""
    cross, large = [Conv((30, 3)), Conv((3, 30))], [Conv(30)]
    assert (weights(cross), weights(large)) == (180, 900)
    assert (receptive_field(cross).size, receptive_field(large).size) == ((32, 32), (30, 30))
    assert weights([Conv((30, 1)), Conv((1, 30))]) == 60


# --- receptive field ---


def reached(layers: list[Conv], size: tuple[int, int], place: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """(top, left, bottom, right) of the pixels with a gradient from the output at `place`; all weights are 1."""
    net = network(layers, [1] * (len(layers) + 1), dtype=torch.float64)
    for conv in net:
        nn.init.ones_(conv.weight)
    picture = torch.zeros(1, 1, *size, dtype=torch.float64, requires_grad=True)
    net(picture)[0, 0, *place].backward()
    rows, columns = torch.nonzero(picture.grad[0, 0], as_tuple=True)
    if not len(rows):
        return None
    return int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1


@pytest.mark.slow
def test_field_is_where_a_gradient_comes_from():
    """Exactly, where the field lies in the picture; near an edge zeros of any layer's padding can hide a part of it."""
    rng, within, across = np.random.default_rng(2), 0, 0
    while within < 100 or across < 100:
        layers, (height, width) = random_layers(rng, deepest=3), (40, 50)
        try:
            h, w = output_size((height, width), layers)
        except ValueError:
            continue
        for place in itertools.product({0, h // 2, h - 1}, {0, w // 2, w - 1}):
            top, left, bottom, right = field = receptive_field(layers).of(*place)
            found = reached(layers, (height, width), place)
            if min(top, left) >= 0 and bottom <= height and right <= width:
                assert found == field
                within += 1
            elif found is not None:
                assert found[0] >= top
                assert found[1] >= left
                assert found[2] <= bottom
                assert found[3] <= right
                across += 1


def test_field_with_holes_is_as_large_as_its_outermost_taps():
    field = receptive_field([Conv(3, dilation=4), Conv(3, stride=2), Conv((1, 5))])
    assert field.size == (11, 19)
    assert field.stride == (2, 2)
    assert field.of(3, 0) == (6, 0, 17, 19)


WRONG = [
    ((0,), {}, "got kernel=0; it wants a whole number from 1, or two of them"),
    (((3, 3, 3),), {}, r"got kernel=\(3, 3, 3\)"),
    ((3.0,), {}, "got kernel=3.0"),
    ((3,), {"stride": 0}, "got stride=0"),
    ((3,), {"dilation": (1, 0)}, r"got dilation=\(1, 0\)"),
    ((3,), {"padding": -1}, 'got padding=-1; it wants a whole number from 0, or two of them or "same"'),
    ((3,), {"padding": "full"}, "got padding='full'"),
    ((3,), {"groups": 0}, "got groups=0; it wants a whole number from 1"),
    ((3,), {"groups": (1, 2)}, r"got groups=\(1, 2\)"),
]


@pytest.mark.parametrize(("given", "options", "complaint"), WRONG, ids=[words[:24] for *_, words in WRONG])
def test_wrong_numbers_are_told_what_was_wanted(given, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        Conv(*given, **options)


@pytest.mark.parametrize("channels", [(3,), (3, 4, 5), (3, 0)])
def test_channels_stand_before_and_after_each_layer(channels):
    with pytest.raises(ValueError, match="for 1 layers; wanted 2 numbers, 1 or more"):
        weights([Conv(3)], channels)
