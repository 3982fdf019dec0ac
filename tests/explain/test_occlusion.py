"""Occlusion against patches put down one by one, and on a model whose reason is known."""

from __future__ import annotations

import pytest
import torch

from course_lib.explain import FILLS, fill_colour, occlude, occlusion_grid, occlusion_map, places


def picture(h: int = 12, w: int = 10) -> torch.Tensor:
    return torch.randint(0, 256, (3, h, w), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


def brightness(pictures: torch.Tensor) -> torch.Tensor:
    """A "model" of two classes: dark and bright."""
    bright = pictures.float().mean(dim=(1, 2, 3)) / 255
    return torch.stack([1 - bright, bright], dim=1)


@pytest.mark.parametrize("fill", FILLS)
def test_grid_is_what_patches_one_by_one_give(fill):
    grid = occlusion_grid(brightness, picture(), size=3, stride=2, fill=fill, batch_size=7)
    tops, lefts = places(12, 3, 2), places(10, 3, 2)
    assert grid.shape == (len(tops), len(lefts), 2)
    for row, top in enumerate(tops):
        for column, left in enumerate(lefts):
            one = picture()
            for y in range(top, top + 3):
                for x in range(left, left + 3):
                    one[:, y, x] = torch.tensor(fill_colour(picture(), fill), dtype=torch.uint8)
            torch.testing.assert_close(grid[row, column], brightness(one[None])[0])


def test_patch_on_what_the_model_looks_at_is_where_the_answer_falls():
    def corner(pictures):
        on = (pictures[:, 0, 8, 4] > 200).float()
        return torch.stack([1 - on, on], dim=1)

    lit = torch.zeros(3, 12, 10, dtype=torch.uint8)
    lit[:, 8, 4] = 255
    fall = corner(lit[None])[0, 1] - occlusion_grid(corner, lit, size=2, stride=1)[..., 1]
    assert [(y, x) for y, x in torch.nonzero(fall == 1).tolist()] == [(7, 3), (7, 4), (8, 3), (8, 4)]


def test_last_place_is_flush_with_the_edge():
    assert places(10, 3, 4) == [0, 4, 7]
    assert places(8, 8, 4) == [0]


def test_patch_is_cut_at_the_edges_and_leaves_the_picture_alone():
    one = picture()
    covered = occlude(one, -1, 8, 4, (1, 2, 3))
    assert torch.equal(one, picture())
    assert covered[:, 0, 9].tolist() == [1, 2, 3]
    assert torch.equal(covered[:, 3:], one[:, 3:])


def test_own_mean_is_rounded_half_up():
    two = torch.tensor([[[0, 1]], [[0, 3]], [[255, 255]]], dtype=torch.uint8)
    assert fill_colour(two, "own mean") == (1, 2, 255)


@pytest.mark.parametrize("change", [{"size": 0}, {"size": 11}, {"stride": 0}, {"fill": "pink"}])
def test_wrong_input_is_named(change):
    with pytest.raises(ValueError, match="got"):
        occlusion_grid(brightness, picture(), **({"size": 3, "stride": 2} | change))


# --- the map of falls ---


def corner_answers(pictures):
    """Class 1 the surer, the brighter the upper left 8×8 pixels are."""
    bright = pictures[:, :, :8, :8].float().mean(dim=(1, 2, 3)) / 255
    return torch.stack([1 - bright, bright], dim=1)


def test_the_map_is_hot_where_a_patch_counts_and_zero_elsewhere():
    white = torch.full((3, 64, 64), 255, dtype=torch.uint8)
    heat = occlusion_map(corner_answers, white, 1, size=8, stride=4, fill="black")
    assert heat.shape == (64, 64)
    assert heat.dtype == torch.float32
    assert heat[:4, :4].min() == heat.max() == 1  # one patch covers these pixels, and it covers the corner whole
    assert heat[16:].abs().max() == 0


@pytest.mark.parametrize(("h", "w"), [(64, 64), (30, 21)])
def test_the_map_is_the_mean_fall_over_the_patches_that_cover_a_pixel(h, w):
    picture = torch.randint(256, (3, h, w), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    heat = occlusion_map(corner_answers, picture, 1, size=9, stride=4)
    falls = {}
    for top in places(h, 9, 4):
        for left in places(w, 9, 4):
            hidden = occlude(picture, top, left, 9, (128, 128, 128))
            falls[top, left] = (corner_answers(picture[None]) - corner_answers(hidden[None]))[0, 1]
    for row, column in ((0, 0), (5, 6), (h - 1, w - 1)):
        over = [fall for (top, left), fall in falls.items() if top <= row < top + 9 and left <= column < left + 9]
        torch.testing.assert_close(heat[row, column], torch.stack(over).mean())


def test_a_class_that_is_not_there_is_named():
    with pytest.raises(ValueError, match="target=2 for 2 classes"):
        occlusion_map(corner_answers, torch.zeros(3, 16, 16, dtype=torch.uint8), 2, size=8, stride=8)
