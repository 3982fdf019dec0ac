"""Moments against numpy, and the condition number against the matrix that it is of."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib.pixels import channel_statistics, condition_number, pixel_moments


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
