"""Coarse and fine detail part a picture between them."""

from __future__ import annotations

import pytest
import torch

from course_lib import data
from course_lib.pixels import block_average, blur, high_pass, low_pass


@pytest.fixture(scope="module")
def images():
    return data.planted("texture", 2)[0].images


def test_low_and_high_pass_part_a_picture(images):
    low, high = low_pass(images, 8), high_pass(images, 8)
    mean = block_average(images, 1).float()
    assert (low.float() + high.float() - mean - images.float()).abs().max() <= 2
    assert low.float().diff(dim=3).abs().mean() < 0.5 * images.float().diff(dim=3).abs().mean()
    assert (high.float().mean(dim=(2, 3)) - images.float().mean(dim=(2, 3))).abs().max() < 1


@pytest.mark.parametrize(("cycles", "stays"), [(3, False), (4, True)])
def test_a_wave_passes_up_to_the_limit(cycles, stays):
    wave = 128 + 100 * torch.sin(2 * torch.pi * 4 * torch.arange(64) / 64)
    picture = wave.round().to(torch.uint8).expand(3, 64, 64)
    low = low_pass(picture, cycles)
    assert (low.float() - picture.float()).abs().max() <= 1 if stays else (low.float() - 128).abs().max() <= 1


def test_no_cycles_leave_the_mean_colour(images):
    assert (low_pass(images, 0).float() - block_average(images, 1).float()).abs().max() <= 1


def test_blur_is_a_gaussian_of_that_deviation():
    dot = torch.zeros(3, 65, 65, dtype=torch.uint8)
    dot[:, 32, 32] = 255
    spread = blur(dot, 1.0)[0].float()
    assert spread[32, 32] == round(255 / (2 * torch.pi))
    assert torch.equal(spread, spread.T)
    assert spread[32, 36] == 0


def test_one_picture_is_done_as_many_are(images):
    for change in (lambda x: low_pass(x, 8), lambda x: high_pass(x, 8), lambda x: blur(x, 2)):
        assert torch.equal(change(images)[0], change(images[0]))
        assert change(images).dtype == torch.uint8


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: low_pass(x, -1), "low_pass got cycles=-1"),
        (lambda x: high_pass(x, float("nan")), "cycles=nan"),
        (lambda x: blur(x, 0), "blur got sigma=0"),
        (lambda x: blur(x, 30.0), "reaches 90 pixels"),
        (lambda x: low_pass(x.float(), 8), "low_pass got"),
    ],
)
def test_what_is_out_of_range_is_named(images, change, message):
    with pytest.raises(ValueError, match=message):
        change(images)
