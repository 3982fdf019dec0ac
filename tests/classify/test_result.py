"""What a build says: intervals, and back from JSON as it was."""

from __future__ import annotations

import json
import typing
from dataclasses import replace

import numpy as np
import pytest

from course_lib import metrics
from course_lib.classify import SCORES
from course_lib.classify.result import Result, ScoreName, Settings, Share, Unknown

from .sample import sample


def test_a_share_has_wilsons_interval():
    share = Share.of(np.arange(40) < 30)
    assert (share.hits, share.n, share.groups) == (30, 40, 40)
    assert (share.low, share.high) == pytest.approx(metrics.wilson_interval(30, 40))


def test_pictures_of_one_group_that_go_together_count_as_fewer():
    right = np.repeat(np.arange(20) < 15, 10)  # each of 20 groups is right as a whole, or wrong
    together, apart = Share.of(right, np.arange(200) // 10), Share.of(right)
    assert (together.low, together.high) == pytest.approx(metrics.wilson_interval(15, 20), abs=0.03)
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_groups_that_do_not_matter_change_nothing():
    right = np.tile([True, True, True, False], 50)  # each group of four has one error
    assert Share.of(right, np.arange(200) // 4).low == pytest.approx(Share.of(right).low)


def test_a_share_without_an_error_in_few_groups_is_not_sure():
    assert Share.of(np.ones(500, dtype=bool), np.arange(500) // 100).low < 0.6
    assert Share.of(np.ones(500, dtype=bool)).low > 0.99


def test_of_nothing_nothing_is_known():
    share = Share.of([])
    assert (share.low, share.high, str(share)) == (0, 1, "not known (n = 0)")
    assert np.isnan(share.value)


def test_it_comes_back_from_json_as_it_was(tmp_path):
    result = sample()
    assert Result.from_dict(json.loads(json.dumps(result.to_dict()))) == result
    assert Result.open(result.save(tmp_path / "summary.json")) == result


def test_names_that_are_no_text_come_back(tmp_path):
    result = sample(classes=("a\udcffb", "line\nbreak", "\u202eright"))
    assert Result.open(result.save(tmp_path / "summary.json")).classes == result.classes


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda told: told.update(version=0), "version 0"),
        (lambda told: told.pop("accuracy"), "wants"),
        (lambda told: told.update(chosen=3), "wants"),
        (lambda told: told["accuracy"].update(hits="many"), "wants"),
        (lambda told: told["rejection"].update(more=1), "wants"),
        (lambda told: told.update(classes="ab"), "wants"),
    ],
)
def test_what_is_no_result_is_refused(change, complaint):
    told = json.loads(json.dumps(sample().to_dict()))
    change(told)
    with pytest.raises(ValueError, match=complaint):
        Result.from_dict(told)


@pytest.mark.parametrize("content", [b"\x80\x04pickle", b"[" * 100_000, b"9" * 5000], ids=["pickle", "deep", "long"])
def test_what_is_no_json_is_refused(tmp_path, content):
    (tmp_path / "summary.json").write_bytes(content)
    with pytest.raises(ValueError, match="no JSON"):
        Result.open(tmp_path / "summary.json")


@pytest.mark.parametrize(
    "settings",
    [
        {"minutes": -1},
        {"refuse": 0},
        {"refuse": 1.0},
        {"seed": -1},
        {"seed": 0.5},
        {"turns": "maybe"},
        {"score": "softmax"},
        {"score": None},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValueError, match="it wants"):
        Settings(**settings)


def test_a_class_left_out_is_one_draw():
    """Of ten classes of 100 pictures five are let in whole and five not at all: that says little of an eleventh."""
    ends = [Unknown(f"left out: {k}", "left out", Share.of(np.full(100, k < 5)), "probe") for k in range(10)]
    let_in = replace(sample().rejection, unknowns=tuple(ends)).let_in("left out")
    assert (let_in.hits, let_in.n, let_in.groups) == (500, 1000, 10)
    assert (let_in.low, let_in.high) == pytest.approx(metrics.wilson_interval(5, 10), abs=0.03)  # n is 9


def test_let_in_counts_all_of_a_kind():
    r = sample().rejection
    assert (r.let_in("generated").hits, r.let_in("generated").n) == (1, 20)
    assert r.let_in("given").n == 0


def test_the_scores_that_may_be_given_are_those_that_there_are():
    assert set(typing.get_args(ScoreName)) == {"", *SCORES}
