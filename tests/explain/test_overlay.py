"""A picture is bright where it is hot."""

from __future__ import annotations

import pytest
import torch

from course_lib import explain


def test_spotlight_is_bright_where_it_is_hot():
    images = torch.full((1, 3, 8, 8), 100, dtype=torch.uint8)
    heat = torch.zeros(1, 8, 8)
    heat[0, 2, 3], heat[0, 4, 4] = 1.0, -1.0
    light = explain.spotlight(images, heat)[0, 0]
    assert light[2, 3] == light.max() > 4 * light[0, 0]
    assert light[4, 4] == light[0, 0]


@pytest.mark.parametrize("heat", [torch.zeros(8, 8), torch.zeros(1, 8, 7), torch.full((1, 8, 8), torch.nan)])
def test_heat_that_does_not_fit_is_refused(heat):
    with pytest.raises(ValueError, match="spotlight got"):
        explain.spotlight(torch.zeros(1, 3, 8, 8, dtype=torch.uint8), heat)
