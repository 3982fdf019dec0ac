"""The stand-in for EuroSAT: reproducible, balanced, and not solved by colour."""

from __future__ import annotations

import hashlib

import pytest
import torch
from sklearn.ensemble import HistGradientBoostingClassifier

from course_lib.data.generated.standin import PAINTERS, eurosat_tiles
from course_lib.features import colour_statistics

EUROSAT = (
    "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial",
    "Pasture", "PermanentCrop", "Residential", "River", "SeaLake",
)  # fmt: skip


def test_it_looks_like_eurosat_from_outside():
    tiles = eurosat_tiles(3)
    assert tiles.classes == EUROSAT
    assert tiles.counts == dict.fromkeys(EUROSAT, 3)
    assert (tiles.source, tiles.name) == ("stand-in", "EuroSAT stand-in")
    assert tiles.images.dtype == torch.uint8
    assert tiles.images.shape == (30, 3, 64, 64)


def test_every_tile_is_another():
    images = eurosat_tiles(40).images
    assert len({picture.numpy().tobytes() for picture in images}) == len(images)


@pytest.mark.slow
def test_the_seed_decides():
    assert torch.equal(eurosat_tiles(20, seed=3).images, eurosat_tiles(20, seed=3).images)
    assert not torch.equal(eurosat_tiles(20, seed=3).images, eurosat_tiles(20, seed=4).images)


def test_the_bytes_are_the_same_on_every_machine():
    images = eurosat_tiles(17, seed=0).images.numpy()
    assert hashlib.sha256(images).hexdigest()[:16] == "fdbacc9b33311711"


@pytest.mark.slow
def test_colour_alone_solves_it_only_in_part():
    train, test = eurosat_tiles(150).split((0.8, 0.2), seed=0)
    model = HistGradientBoostingClassifier(max_iter=40, random_state=0)
    model.fit(colour_statistics(train), train.labels.numpy())
    assert 0.60 <= model.score(colour_statistics(test), test.labels.numpy()) <= 0.90


@pytest.mark.parametrize("label", PAINTERS)
def test_no_class_is_washed_out(label):
    tiles = eurosat_tiles(16)
    pictures = tiles.images[tiles.labels == tiles.classes.index(label)]
    saturated = ((pictures == 0) | (pictures == 255)).float().mean()
    assert saturated < 0.05


@pytest.mark.parametrize("n", [0, -1])
def test_it_wants_at_least_one_tile(n):
    with pytest.raises(ValueError, match=rf"n_per_class={n}; it wants 1 or more"):
        eurosat_tiles(n)
