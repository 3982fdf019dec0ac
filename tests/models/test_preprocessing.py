"""Numbers that fit no pixels are refused where they are given, not seen in a training that fails."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib.models import CAFFE, IMAGENET, MINUS_ONE_TO_ONE, ZERO_TO_ONE, Preprocessing

NAN, INFINITE = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"order": "bgr"}, "order='bgr'"),
        ({"order": None}, "order=None"),
        *[({"scale": value}, "scale=") for value in (0, -1 / 255, NAN, INFINITE, "1/255", None, True)],
        *[({"mean": value}, "mean=") for value in (0.5, (0.5, 0.5), (0.5, 0.5, NAN), ("a",) * 3, "123", None)],
        *[({"std": value}, "std=") for value in (0.2, (0.2,) * 4, (0.2, 0.2, 0), (0.2, -0.2, 0.2), (INFINITE,) * 3)],
        ({"mean": (123.68, 116.779, 103.939)}, "mean=.*scale="),
        ({"mean": (-0.5, 0.5, 0.5)}, "mean="),
        ({"scale": 1.0}, "std=.*scale=1"),
    ],
)
def test_what_fits_no_pixels_is_refused(wrong, named):
    with pytest.raises(ValueError, match=f"^Preprocessing got {named}.*; it wants"):
        Preprocessing(**wrong)


@pytest.mark.parametrize("same", [CAFFE, IMAGENET, MINUS_ONE_TO_ONE, ZERO_TO_ONE])
@pytest.mark.parametrize("kind", [np.array, torch.tensor, list])
def test_numbers_of_any_kind_are_taken_as_plain_ones(same, kind):
    mean, std = kind(same.mean), kind(same.std)
    again = Preprocessing(np.float64(same.scale), mean, std, same.order)
    assert all(type(value) is float for value in (again.scale, *again.mean, *again.std))
    np.testing.assert_allclose(again.mean + again.std, same.mean + same.std, rtol=1e-6)
