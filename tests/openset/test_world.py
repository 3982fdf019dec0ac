"""A world of knowns and unknowns, from sets of pictures or from one's own folder."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from course_lib import data, openset
from course_lib.data import ImageSet


def colours(pictures: ImageSet) -> torch.Tensor:
    """float [N, 3]: mean of each channel, 0–1."""
    return pictures.images.float().mean(dim=(2, 3)) / 255


@pytest.fixture
def ten_greys() -> ImageSet:
    """20 pictures of each of ten greys."""
    labels = torch.arange(200) % 10
    images = (25 * labels)[:, None, None, None].expand(-1, 3, 8, 8).to(torch.uint8)
    return ImageSet.of(images.contiguous(), labels, [str(k) for k in range(10)])


def test_half_of_the_classes_are_known_and_the_others_near(ten_greys):
    features = colours(ten_greys)
    world = openset.half_known(ten_greys, features, torch.ones(7, 3), seed=3)
    assert (world.classes, len(world.train), len(world.known), len(world.near), len(world.far)) == (5, 70, 30, 100, 7)
    assert world.train.std().item() == pytest.approx(1)
    greys = [
        set((25 * 10 * part[:, 0] / world.scale).round().tolist()) for part in (world.train, world.known, world.near)
    ]
    assert greys[0] == greys[1]
    assert not greys[0] & greys[2]
    assert sorted(world.labels.unique().tolist()) == sorted(world.truth.unique().tolist()) == [0, 1, 2, 3, 4]


def test_the_seed_draws_classes_and_split(ten_greys):
    features = colours(ten_greys)
    first, again, other = (openset.half_known(ten_greys, features, features, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.near, again.near)
    assert torch.equal(first.train, again.train)
    assert not torch.equal(first.near, other.near)


def test_shares_that_leave_too_few_are_refused(ten_greys):
    features = colours(ten_greys)
    for share in (0.1, 1.0):
        with pytest.raises(ValueError, match=f"10 classes and known_share={share}"):
            openset.half_known(ten_greys, features, features, known_share=share)


def test_a_world_of_pictures_scales_all_parts_by_one_number(ten_greys):
    parts = [ten_greys.at(range(start, start + 50)) for start in (0, 50, 100, 150)]
    world = openset.picture_world(*parts, colours)
    assert torch.equal(world.labels, parts[0].labels)
    assert torch.equal(world.truth, parts[1].labels)
    torch.testing.assert_close(world.far, world.scale * colours(parts[3]))


@pytest.mark.slow
def test_a_folder_of_ones_own_becomes_a_world(tmp_path):
    logos = data.logos(10, side=64)
    for k, image in enumerate(logos.images):
        place = tmp_path / logos.classes[logos.labels[k]].replace(" ", "_")
        place.mkdir(exist_ok=True)
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(place / f"{k}.png")
    world = openset.folder_world(tmp_path, colours, side=64, n_far=10)
    assert sorted(world.labels.unique().tolist()) == sorted(world.truth.unique().tolist()) == [0, 1, 2, 3, 4]
    assert (len(world.train), len(world.known), len(world.near), len(world.far)) == (35, 15, 50, 10)
    assert world.source == "real"


def test_a_folder_of_two_classes_is_too_little(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / name / "1.png")
    with pytest.raises(ValueError, match="got 2 classes; it wants 4 or more"):
        openset.folder_world(tmp_path, colours)
