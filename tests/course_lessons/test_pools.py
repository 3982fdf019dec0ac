"""The sizes of the sets that trials split anew, counted where they are facts of this project."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from course_lib.lessons import pools

PLACES = Path(__file__).resolve().parents[2] / "datasets" / "eurosat_places.csv"


@pytest.fixture(scope="module")
def counts():
    with PLACES.open(encoding="utf-8", newline="") as file:
        return Counter(row["picture"].partition("_")[0] for row in csv.DictReader(file))


def test_they_are_as_large_as_the_table_of_places_says(counts):
    assert counts.total() == pools.EUROSAT
    assert counts["Highway"] + counts["River"] == pools.HIGHWAY_AND_RIVER
    assert min(counts.values()) <= pools.EUROSAT_CLASS <= max(counts.values())
