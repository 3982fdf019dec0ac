"""Changes of colour and scale, against identities and against colorsys."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch

from course_lib.pixels import grey, recolour, zoom


def colours(n: int = 500) -> torch.Tensor:
    """uint8 [3, 1, n]: random colours, and the corners of the cube."""
    corners = torch.cartesian_prod(*[torch.tensor([0, 255])] * 3)
    drawn = torch.randint(0, 256, (n, 3), generator=torch.Generator().manual_seed(0))
    return torch.cat([corners, drawn]).to(torch.uint8).T[:, None]


@pytest.mark.parametrize(("hue", "saturation", "brightness"), [(40, 1, 1), (-170, 0.5, 1), (0, 1.7, 0.4), (90, 0, 2)])
def test_as_colorsys_has_it(hue, saturation, brightness):
    changed = recolour(colours(), hue=hue, saturation=saturation, brightness=brightness)
    for before, after in zip(colours()[:, 0].T.tolist(), changed[:, 0].T.tolist(), strict=True):
        h, s, v = colorsys.rgb_to_hsv(*(value / 255 for value in before))
        expected = colorsys.hsv_to_rgb((h + hue / 360) % 1, min(s * saturation, 1), min(v * brightness, 1))
        assert np.abs(np.array(after) - 255 * np.array(expected)).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("hue", [0, 360, -720])
def test_whole_turns_change_nothing(hue):
    assert torch.equal(recolour(colours(), hue=hue), colours())


def test_greys_have_no_hue_to_turn():
    levels = torch.arange(256, dtype=torch.uint8).expand(3, 1, 256)
    assert torch.equal(recolour(levels, hue=77, saturation=2), levels)


def test_no_saturation_leaves_the_value_and_not_the_brightness():
    white = recolour(torch.tensor([0, 0, 255], dtype=torch.uint8)[:, None, None], saturation=0)
    assert white.flatten().tolist() == [255, 255, 255]
    assert grey(torch.tensor([0, 0, 255], dtype=torch.uint8)[:, None, None]).flatten().tolist() == [29, 29, 29]


def test_batches_go_through():
    batch = torch.stack([colours(), colours()])
    assert torch.equal(recolour(batch, hue=30)[1], recolour(colours(), hue=30))


def test_zoom_shows_the_middle():
    picture = torch.arange(64, dtype=torch.uint8).reshape(1, 8, 8).expand(3, 8, 8)
    assert torch.equal(zoom(picture, 1), picture)
    middle = picture[:, 2:6, 2:6].repeat_interleave(2, dim=1).repeat_interleave(2, dim=2)
    assert torch.equal(zoom(picture, 2), middle)


def test_zoom_wants_a_divisor():
    with pytest.raises(ValueError, match="zoom got 3 for pictures of 8 pixels; it wants a divisor of 8"):
        zoom(torch.zeros(3, 8, 8, dtype=torch.uint8), 3)
