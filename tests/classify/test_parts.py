"""Parts: no group is parted, no class is missing where it is learned, and the shares are those that were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from course_lib.classify.parts import SHARES, split


@pytest.mark.parametrize("seed", range(5))
def test_no_group_is_parted_and_every_class_is_learned(seed):
    rng = np.random.default_rng(seed)
    labels, groups = rng.integers(7, size=400), rng.integers(60, size=400)
    part = split(labels, groups, seed=seed)
    assert all(len(np.unique(part[groups == group])) == 1 for group in np.unique(groups))
    assert set(labels[part == 0]) == set(range(7))
    assert np.bincount(part, minlength=4) / 400 == pytest.approx(SHARES, abs=0.06)


def test_pictures_alone_are_spread_evenly_over_the_parts_class_by_class():
    labels = np.repeat(np.arange(10), 100)
    part = split(labels, np.arange(1000), seed=0)
    for c in range(10):
        assert np.bincount(part[labels == c]).tolist() == [55, 15, 15, 15]


def test_three_pictures_a_class_still_fill_every_part():
    labels = np.repeat(np.arange(20), 3)
    part = split(labels, np.arange(60), seed=1)
    assert set(labels[part == 0]) == set(range(20))
    assert np.bincount(part, minlength=4).min() >= 5


def test_a_class_in_one_group_is_learned_from():
    labels, groups = np.array([0] * 10 + [1] * 10), np.array([0] * 10 + list(range(1, 11)))
    part = split(labels, groups, seed=0)
    assert (part[labels == 0] == 0).all()
    assert (part[labels == 1] == 0).sum() >= 1


def test_the_seed_decides():
    labels, groups = np.repeat([0, 1], 50), np.arange(100)
    first, again, other = (split(labels, groups, seed=seed) for seed in (0, 0, 1))
    assert (first == again).all()
    assert (first != other).any()
