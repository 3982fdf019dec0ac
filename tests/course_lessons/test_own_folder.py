"""The folder that chapter 8 draws: as people's folders are, and the same each time."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from course_lib import data
from course_lib.classify import look
from course_lib.lessons.own_folder import example

SHOTS = 4


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return example.photographs(tmp_path_factory.mktemp("own") / "logos", shots=SHOTS)


@pytest.fixture(scope="module")
def pictures(root):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*left out")
        return data.from_folder(root, size=example.SIDE)


def test_it_has_singles_and_bursts_of_each_class(pictures):
    names = [name.rsplit("/", 1)[-1] for name in pictures.names if "_0" in name]
    assert len(names) == 10 * (SHOTS // 2) * (1 + example.FRAMES)
    assert len(pictures.classes) == 10


def test_the_trouble_is_found(pictures):
    labels = pictures.labels
    assert dict(pictures.left_out) == {"peaks/broken.jpg": "empty file", "fish/notes.jpg": "not a picture"}
    twice = [one for one in data.copies(pictures) if labels[one.first] != labels[one.second]]
    assert len(twice) == 2
    (flat,) = np.flatnonzero(look.flat_ones(pictures))
    assert pictures.names[flat] == "kite/lens_cap.jpg"


def test_names_tell_what_belongs_together_and_the_hash_does_not(root, pictures):
    keys = look.grouping_keys(root, pictures, "name-prefix")
    shots = {key for key in keys if "_0" in key}
    assert len(shots) == 10 * SHOTS
    bursts = [key for key in shots if keys.count(key) > 1]
    assert len(bursts) == 10 * SHOTS // 2
    tied = [one for one in data.copies(pictures) if keys[one.first] == keys[one.second]]
    assert len(tied) < len(bursts)


def test_it_is_the_same_each_time_for_a_build_that_goes_on(root, tmp_path):
    again = example.photographs(tmp_path, shots=SHOTS)
    for file in sorted(root.rglob("*.jpg")):
        other = again / file.relative_to(root)
        assert other.read_bytes() == file.read_bytes()
        assert other.stat().st_mtime == file.stat().st_mtime == example.WRITTEN


def test_too_few_shots_are_told(tmp_path):
    with pytest.raises(ValueError, match="got shots=3; it wants 4 or more"):
        example.photographs(tmp_path, shots=3)
    assert list(tmp_path.iterdir()) == []


def test_other_decisions_get_another_place():
    places = {example.place_for("photos", refuse=share, group_by=by) for share in (0.05, 0.1) for by in ("", "date")}
    assert len(places) == 4
    assert all(place.parts[0] == "scratch" for place in places)
