"""The clinic: what a network gets is what the set-up says, and a run is its seed's alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib.pixels import SPACES, convert
from course_lib.training import clinic
from course_lib.training.clinic import SCALES, Setup, inputs, turn_hues

SIDE = 24
RGB = torch.rand(6, 3, 5, 7, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("space", [*SPACES, "hsv, sine and cosine"])
def test_the_set_s_statistics_give_mean_0_and_deviation_1(space):
    seen = inputs(space, "the set", RGB)(RGB)
    torch.testing.assert_close(seen.mean(dim=(0, 2, 3)), torch.zeros(seen.shape[1]), atol=1e-4, rtol=0)
    torch.testing.assert_close(seen.std(dim=(0, 2, 3)), torch.ones(seen.shape[1]), atol=1e-4, rtol=0)


def test_validation_is_normalised_with_the_training_set():
    prepare = inputs("rgb", "the set", RGB)
    assert prepare(RGB / 2).mean() < -0.5


def test_each_channel_of_each_picture_is_standardised():
    seen = inputs("rgb", "each channel of each picture", RGB)(RGB)
    torch.testing.assert_close(seen.mean(dim=(2, 3)), torch.zeros(6, 3), atol=1e-5, rtol=0)


def test_channels_together_keep_their_relation():
    """Standardising a picture as a whole keeps which channel is the larger one; each by itself does not."""
    blue = torch.rand(1, 3, 4, 4) * 0.1 + torch.tensor([0.1, 0.3, 0.8])[:, None, None]
    together = inputs("rgb", "each picture", blue)(blue).mean(dim=(2, 3))[0]
    assert together.argsort().tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", list(SPACES))
def test_dividing_brings_every_space_to_0_to_1(name):
    seen = inputs(name, "0 to 1", RGB)(RGB)
    assert seen.min() > -1e-5
    assert seen.max() < 1 + 1e-5


def test_as_it_is_leaves_the_degrees():
    assert torch.equal(inputs("hsv", "as it is", RGB)(RGB), convert(RGB, "rgb", "hsv"))
    assert torch.equal(inputs("rgb", "0 to 255", RGB)(RGB), 255 * RGB)


def test_unknown_names_are_told():
    with pytest.raises(ValueError, match="got scale='fast'; it wants one of 0 to 1"):
        inputs("rgb", "fast", RGB)
    with pytest.raises(ValueError, match="got the colour space 'cmyk'"):
        inputs("cmyk", "0 to 1", RGB)(RGB)
    with pytest.raises(ValueError, match="got optimizer='lion'"):
        Setup(optimizer="lion").train(*clinic.pictures(0, per_class=4, side=SIDE))
    assert all(inputs("rgb", scale, RGB)(RGB).isfinite().all() for scale in SCALES)


def test_turned_hues_are_turned():
    before, after = (convert(x, "rgb", "hsv") for x in (RGB, turn_hues(RGB, torch.full((6,), 90.0))))
    turned = (after[:, 0] - before[:, 0] - 90 + 180) % 360 - 180
    assert turned.abs().max() < 0.01
    torch.testing.assert_close(after[:, 1:], before[:, 1:], atol=1e-5, rtol=1e-4)


def test_a_seed_decides_the_run_and_nothing_else_is_touched():
    pair = clinic.pictures(0, per_class=16, side=SIDE)
    drawn = torch.get_rng_state()
    setup = Setup(dropout=0.5, any_hue=True, epochs=2)
    first, again, other = (list(setup.course(*pair, seed=seed)) for seed in (0, 0, 1))
    assert first == again != other
    assert torch.equal(drawn, torch.get_rng_state())


def test_training_and_validation_share_no_picture():
    train, val = clinic.pictures(0, per_class=16, side=SIDE)
    assert not any((image == val.images).all(dim=(1, 2, 3)).any() for image in train.images)


def test_every_switch_has_a_case_or_a_healthy_use():
    """A switch that no case uses would be a parameter without effect."""
    used = {name for setup in clinic.CASES.values() for name in vars(setup) if vars(setup)[name] != vars(Setup())[name]}
    assert set(vars(Setup())) - used == {"batch_size", "widths"}  # sizes, which make no mistake


def test_sizes_of_network_and_batch_are_those_of_the_set_up():
    pair = clinic.pictures(0, per_class=8, side=SIDE)
    plain, small_batches, narrow = (
        list(Setup(epochs=1, **sizes).course(*pair)) for sizes in ({}, {"batch_size": 4}, {"widths": (2, 2, 2)})
    )
    assert plain != small_batches
    assert plain != narrow


def test_decorrelated_channels_have_no_correlation_and_deviation_1():
    train, val = (part.images / 255 for part in clinic.pictures(3, per_class=10))
    seen = clinic.inputs("lab", "the set, decorrelated", train)(train)
    np.testing.assert_allclose(np.cov(seen.transpose(0, 1).flatten(1).numpy()), np.eye(3), atol=1e-3)
    assert clinic.inputs("lab", "the set, decorrelated", train)(val).shape == val.shape
