"""Moments against numpy, and the condition number against the matrix that it is of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torchvision.transforms.v2 import functional as torchvision_functional

from course_lib import data
from course_lib.data import ImageSet
from course_lib.pixels import (
    EachPicture,
    Standardize,
    channel_statistics,
    condition_number,
    equalize,
    pixel_moments,
)


def some(n: int = 40, c: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    base = torch.randint(0, 200, (n, 1, 8, 8), generator=generator)
    return (base + torch.randint(0, 56, (n, c, 8, 8), generator=generator)).to(torch.uint8)


def test_moments_are_numpy_s():
    values = some().permute(1, 0, 2, 3).reshape(3, -1).numpy() / 255
    mean, covariance = pixel_moments(some(), batch_size=7)
    np.testing.assert_allclose(mean, values.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(covariance, np.cov(values, bias=True), rtol=1e-10)


def test_moments_agree_with_the_statistics():
    mean, deviation = channel_statistics(some())
    same, covariance = pixel_moments(some())
    torch.testing.assert_close(same, mean)
    torch.testing.assert_close(covariance.diagonal().sqrt(), deviation)


@pytest.mark.parametrize("shift", [[0.0, 0.0, 0.0], [0.5, 0.4, 0.3]])
@pytest.mark.parametrize("scale", [[1.0, 1.0, 1.0], [0.2, 0.1, 0.3]])
def test_condition_number_is_numpy_s_of_the_data(shift, scale):
    shift, scale = torch.tensor(shift, dtype=torch.float64), torch.tensor(scale, dtype=torch.float64)
    x = (some().permute(0, 2, 3, 1).reshape(-1, 3) / 255.0 - shift) / scale
    x = torch.cat([x, torch.ones(len(x), 1)], dim=1).double()
    expected = np.linalg.cond((x.T @ x / len(x)).numpy())
    assert condition_number(*pixel_moments(some()), shift, scale) == pytest.approx(expected, rel=1e-5)


def test_constant_channel_has_no_bound():
    images = some()
    images[:, 1] = 7
    one, none = torch.ones(3), torch.zeros(3)
    assert condition_number(*pixel_moments(images), none, one) == float("inf")


@pytest.mark.parametrize(
    "call",
    [
        lambda: pixel_moments(some().float()),
        lambda: pixel_moments(some()[0]),
        lambda: pixel_moments(some()[:0]),
        lambda: condition_number(*pixel_moments(some()), torch.zeros(3), torch.tensor([1.0, 0.0, 1.0])),
    ],
)
def test_bad_input_is_named(call):
    with pytest.raises(ValueError, match="got"):
        call()


# --- ways to normalise ---


def flat_and_noisy() -> torch.Tensor:
    """Noise, dark noise, and a picture of one colour."""
    generator = torch.Generator().manual_seed(1)
    noise = torch.randint(0, 256, (4, 3, 12, 9), generator=generator)
    return torch.cat([noise, 40 + noise // 8, torch.full((1, 3, 12, 9), 7)]).to(torch.uint8)


def test_fitted_gives_the_set_mean_0_and_deviation_1():
    pictures = ImageSet.of(some(), [0] * 40, ["any"])
    seen = Standardize.fitted(pictures)(pictures.images)
    torch.testing.assert_close(seen.mean(dim=(0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen.std(dim=(0, 2, 3), correction=0), torch.ones(3), atol=1e-5, rtol=0)


def test_standardize_is_torchvision_s():
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    expected = torchvision_functional.normalize(some().float() / 255, mean, std)
    torch.testing.assert_close(Standardize(mean, std)(some()), expected)


def test_a_set_and_its_tensor_have_the_same_statistics():
    pictures = ImageSet.of(some(), [0] * 40, ["any"])
    for one, other in zip(channel_statistics(pictures, batch_size=7), channel_statistics(some()), strict=True):
        assert torch.equal(one, other)


def test_test_pictures_are_refused_unless_meant():
    train, val, test = data.spectrograms(20, side=16).split(seed=0)
    assert [part.part for part in (train, val, test)] == ["train", "val", "test"]
    with pytest.raises(ValueError, match="got 4 test pictures; it wants those that the network learns from"):
        Standardize.fitted(test.at([0, 1, 2, 3]))
    assert Standardize.fitted(test, test_too=True) != Standardize.fitted(train)


@pytest.mark.parametrize("how", ["channels", "together", "min–max", "equalized"])
def test_each_picture_depends_on_no_other(how):
    ours, images = EachPicture(how), flat_and_noisy()
    for k in range(len(images)):
        torch.testing.assert_close(ours(images)[k : k + 1], ours(images[k : k + 1]))
    assert ours(images).isfinite().all(), "a flat picture has no deviation to divide by"


def test_channels_and_together_differ_in_what_is_0():
    x = flat_and_noisy()[:8]
    assert EachPicture("channels")(x).mean(dim=(2, 3)).abs().max() < 1e-5
    together = EachPicture("together")(x)
    assert together.mean(dim=(1, 2, 3)).abs().max() < 1e-5
    assert together.mean(dim=(2, 3)).abs().max() > 0.01


def test_min_max_reaches_both_ends():
    x = EachPicture("min–max")(flat_and_noisy()[:8])
    assert (x.amin(dim=(2, 3)) == 0).all()
    assert (x.amax(dim=(2, 3)) == 1).all()


def test_equalize_is_pillow_s_and_torchvision_s():
    images = flat_and_noisy()
    assert torch.equal(equalize(images), torchvision_functional.equalize(images))
    for ours, image in zip(equalize(images), images, strict=True):
        pillow = ImageOps.equalize(Image.fromarray(image.permute(1, 2, 0).numpy()))
        np.testing.assert_array_equal(ours.permute(1, 2, 0), np.array(pillow))


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: Standardize(std=(1.0, 0.0, 1.0)), "it wants three each, std above 0"),
        (lambda: EachPicture("best"), "got how='best'; it wants one of channels, together"),
        (lambda: EachPicture()(some().float()), r"EachPicture got torch.float32 \(40, 3, 8, 8\); it wants uint8"),
        (lambda: Standardize()(some(c=1)), r"Standardize got torch.uint8 \(40, 1, 8, 8\); it wants uint8 \[B, 3"),
    ],
)
def test_bad_input_to_the_ways_is_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
