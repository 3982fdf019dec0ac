"""The data card's numbers, computed again."""

from pathlib import Path

import pytest
import torch

from course_lib import data, pixels

CARD = (Path(data.places.shipped("registry.toml")).with_name("eurosat.md")).read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_card_counts_near_duplicates(eurosat):
    pairs = data.near_duplicates(eurosat)
    equal = sum(torch.equal(eurosat.store[i], eurosat.store[j]) for i, j in pairs.tolist())
    assert f"**{len(pairs)} pairs**" in CARD
    assert (equal == 0) == ("**no two pictures are equal**" in CARD)
    names = {frozenset(Path(eurosat.name_of(k)).stem for k in pair) for pair in pairs.tolist()}
    assert frozenset({"Forest_1738", "SeaLake_1398"}) in names


def test_the_card_gives_the_statistics(eurosat):
    for values in pixels.channel_statistics(eurosat.store):
        assert " ".join(f"{value:.6f}".lstrip("0") for value in values) in CARD


def test_the_card_gives_the_counts(eurosat):
    for name, count in eurosat.counts.items():
        assert f"| {name} | {count:,} |" in CARD
