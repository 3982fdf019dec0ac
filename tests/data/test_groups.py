from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.data import groups


def reference(pairs, n):
    """Groups as sets, by merging until nothing changes."""
    sets = [{i} for i in range(n)]
    for a, b in pairs:
        one, other = (next(s for s in sets if x in s) for x in (a, b))
        if one is not other:
            one |= other
            sets.remove(other)
    return {frozenset(s) for s in sets}


@pytest.mark.parametrize("seed", range(5))
def test_linked_are_the_connected_ones(seed):
    pairs = np.random.default_rng(seed).integers(40, size=(25, 2))
    found = groups.linked(pairs, 40)
    assert {frozenset(np.flatnonzero(found == g).tolist()) for g in set(found)} == reference(pairs.tolist(), 40)


def test_without_pairs_everybody_is_alone():
    assert len(set(groups.linked([], 5))) == 5


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("parts", [(0.8, 0.2), (8, 1, 1)])
def test_no_group_is_parted_and_parts_are_about_as_large_as_asked(seed, parts):
    member = np.random.default_rng(seed).integers(60, size=1000) ** 2 // 40
    cut = groups.grouped_split(member, parts, seed=seed)
    assert sorted(np.concatenate(cut).tolist()) == list(range(1000))
    seen = [set(member[part]) for part in cut]
    assert sum(map(len, seen)) == len(set(member))
    largest = np.bincount(member).max()
    for part, share in zip(cut, np.array(parts) / sum(parts), strict=True):
        assert abs(len(part) - 1000 * share) < largest * len(parts)


def test_other_seeds_cut_elsewhere():
    member = np.arange(100) // 4
    assert not np.array_equal(groups.grouped_split(member, seed=0)[1], groups.grouped_split(member, seed=1)[1])


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: groups.linked([[0, 5]], 5), "from 0 to 5; it wants 0 to 4"),
        (lambda: groups.grouped_split([]), "N ≥ 1"),
        (lambda: groups.grouped_split([0, 1], (1,)), "two or more shares"),
        (lambda: groups.grouped_split([0, 1], (1, 0)), "above 0"),
        (lambda: groups.grouped_split([0, 0, 0]), "1 groups for 2 parts"),
        (lambda: groups.grouped_split([0, 1], (1, float("inf"))), "above 0"),
    ],
)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()


# --- no part without pictures ---


@pytest.mark.slow
@settings(derandomize=True, deadline=None, database=None, max_examples=300)
@given(
    st.lists(st.integers(1, 30), min_size=2, max_size=12),
    st.lists(st.floats(0.001, 1), min_size=2, max_size=5),
    st.integers(0, 2**32),
)
def test_every_part_has_a_group_where_there_are_enough(sizes, parts, seed):
    member = np.repeat(np.arange(len(sizes)), sizes)
    if len(sizes) < len(parts):
        with pytest.raises(ValueError, match="groups for"):
            groups.grouped_split(member, parts, seed=seed)
        return
    cut = groups.grouped_split(member, parts, seed=seed)
    assert all(len(part) for part in cut)
    assert sorted(np.concatenate(cut).tolist()) == list(range(len(member)))
    assert sum(len(set(member[part])) for part in cut) == len(sizes)


def test_one_large_group_and_a_single_picture_are_both_dealt():
    for seed in range(20):
        assert sorted(map(len, groups.grouped_split([0] * 9 + [1], seed=seed))) == [1, 9]


def test_where_no_part_was_empty_nothing_is_moved():
    """The dealing that the stored evidence rests on: each group to the part that lacks most."""
    for seed in range(20):
        member = np.random.default_rng(seed).integers(30, size=300)
        lacking, sizes = np.array([240.0, 60.0]), np.bincount(member)
        dealt = np.empty(len(sizes), dtype=int)
        for group in np.random.default_rng(seed).permutation(len(sizes)):
            dealt[group] = lacking.argmax()
            lacking[dealt[group]] -= sizes[group]
        assert np.array_equal(groups.grouped_split(member, seed=seed)[1], np.flatnonzero(dealt[member] == 1))
