"""Pictures that lie near each other: pairs, shared ground, what lies beside them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import BallTree

from course_lib import data
from course_lib.data import ImageSet, geography, neighbours


def somewhere(n: int = 300, *, seed: int = 0, spread: float = 0.05) -> ImageSet:
    rng = np.random.default_rng(seed)
    places = np.stack([11 + spread * rng.random(n), 48 + spread * rng.random(n)], axis=1)
    black = torch.zeros(n, 3, 8, 8, dtype=torch.uint8)
    return ImageSet.of(black, torch.arange(n) % 3, ["a", "b", "c"], places=places.tolist())


def haversine(pictures: ImageSet) -> np.ndarray:
    """float64 [N, N], metres."""
    north_east = np.radians(pictures.places.numpy()[:, ::-1])
    distances, order = BallTree(north_east, metric="haversine").query(north_east, k=len(pictures))
    found = np.empty_like(distances)
    np.put_along_axis(found, order, distances, axis=1)
    return found * neighbours.RADIUS_M


@pytest.mark.parametrize("metres", [(0, 300), (200, 500)])
def test_pairs_are_those_of_the_distances_on_a_sphere(metres):
    pictures = somewhere()
    apart = haversine(pictures)
    first, second = np.nonzero(np.triu((apart >= metres[0]) & (apart < metres[1]), 1))
    assert np.array_equal(neighbours.pairs_within(pictures, metres), np.stack([first, second], axis=1))


def test_the_nearest_of_another_class_and_the_distance_to_others():
    pictures = somewhere()
    apart, labels = haversine(pictures), pictures.labels.numpy()
    others = np.where(labels[:, None] == labels, np.inf, apart)
    metres, label = neighbours.nearest_of_another_class(pictures)
    np.testing.assert_allclose(metres, others.min(axis=1), atol=0.01)
    assert np.array_equal(label, labels[others.argmin(axis=1)])
    np.testing.assert_allclose(
        neighbours.metres_to(pictures, pictures.at(range(10))), apart[:, :10].min(axis=1), atol=0.01
    )


def test_shared_ground():
    """640 m north is 0.005756°: half of it shares half of the ground."""
    black = torch.zeros(3, 3, 8, 8, dtype=torch.uint8)
    places = [[11.0, 48.0], [11.0, 48.0 + 0.005756 / 2], [11.0, 48.0 + 0.0058]]
    three = ImageSet.of(black, [0, 0, 0], ["a"], places=places)
    assert neighbours.overlapping(three, least=0.4).tolist() == [[0, 1], [1, 2]]
    assert neighbours.overlapping(three, least=0.55).tolist() == []
    assert neighbours.overlapping(three, least=0).tolist() == [[0, 1], [1, 2]]


def test_what_cannot_be_meant_is_refused():
    pictures = somewhere(5)
    nowhere = ImageSet.of(pictures.images, pictures.labels, pictures.classes)
    for call in (
        lambda: neighbours.pairs_within(nowhere, (0, 1)),
        lambda: neighbours.pairs_within(pictures, (5, 5)),
        lambda: neighbours.overlapping(pictures, least=1),
        lambda: neighbours.nearest_of_another_class(pictures.at([0, 3])),
        lambda: neighbours.metres_to(pictures, nowhere),
    ):
        with pytest.raises(ValueError, match="wants"):
            call()


@pytest.mark.slow
def test_eurosats_pairs_are_those_of_its_card():
    from course_lib.lessons import pools

    lines = data.places.shipped("eurosat_places.csv").read_text(encoding="utf-8").splitlines()[1:]
    names = [line.partition(",")[0] for line in lines]
    kinds = sorted({name.partition("_")[0] for name in names})
    labels = [kinds.index(name.partition("_")[0]) for name in names]
    black = torch.zeros(1, 3, 8, 8, dtype=torch.uint8).expand(len(names), -1, -1, -1)
    europe = geography.located(ImageSet.of(black, labels, kinds, names=names), "eurosat_places.csv")
    pairs = neighbours.overlapping(europe)
    assert (len(pairs), int((europe.labels[pairs[:, 0]] != europe.labels[pairs[:, 1]]).sum())) == (536, 110)
    assert len(np.unique(neighbours.pairs_within(europe, (0, 600)))) == pools.EUROSAT_OVERLAPPING
    assert len(np.unique(neighbours.pairs_within(europe, (630, 700)))) == pools.EUROSAT_BESIDE
