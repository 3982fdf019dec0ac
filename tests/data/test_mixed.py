from __future__ import annotations

import pytest
import torch

from course_lib.data import ImageSet
from course_lib.data.generated.mixed import LEAST, mixed


@pytest.fixture(scope="module")
def flat() -> ImageSet:
    """Pictures of three classes, each of one grey level, so that every pixel tells whose it is."""
    images = torch.arange(30, dtype=torch.uint8)[:, None, None, None].expand(30, 3, 32, 32)
    return ImageSet.of(images, torch.arange(30) // 10, ["a", "b", "c"])


def test_shares_are_the_counted_pixels(flat):
    tiles, shares = mixed(flat, 200, seed=1)
    whose = tiles.images[:, 0].long() // 10
    for k in range(3):
        torch.testing.assert_close(shares[:, k], (whose == k).float().mean(dim=(1, 2)))
    assert (tiles.images[:, 0] == tiles.images[:, 2]).all()
    assert (shares.sum(dim=1) - 1).abs().max() < 1e-6
    assert torch.equal(tiles.labels, shares.argmax(dim=1))


def test_one_class_or_two_of_which_each_has_a_fifth(flat):
    _, shares = mixed(flat, 400, single=0.3, seed=2)
    kinds = (shares > 0).sum(dim=1)
    assert set(kinds.tolist()) == {1, 2}
    assert 0.2 < (kinds == 1).float().mean() < 0.4
    assert shares[shares > 0].min() >= LEAST


def test_lines_and_bands(flat):
    """A line leaves one class at a corner's opposite; a band leaves the first class at all four corners."""
    tiles, _ = mixed(flat, 200, single=0, seed=3)
    corners = tiles.images[:, 0][:, [0, 0, -1, -1], [0, -1, 0, -1]].long() // 10
    all_alike = (corners == corners[:, :1]).all(dim=1)
    assert 0.25 < all_alike.float().mean() < 0.75  # bands, but for wide ones and for lines at a corner


def test_the_seed_decides(flat):
    one, same, other = (mixed(flat, 20, seed=seed)[0].images for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_bad_input_is_told(flat):
    with pytest.raises(ValueError, match="n=0"):
        mixed(flat, 0)
    with pytest.raises(ValueError, match="single=2"):
        mixed(flat, 5, single=2)
    with pytest.raises(ValueError, match="pictures of 1 class"):
        mixed(flat.at(range(10)), 5)
