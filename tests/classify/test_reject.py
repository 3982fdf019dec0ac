"""The line: it keeps its promise, and lies on no score."""

from __future__ import annotations

import numpy as np
import pytest

from course_lib import openset
from course_lib.classify.reject import line
from course_lib.openset import fewest_known


@pytest.fixture
def scores():
    return np.random.default_rng(0).normal(size=200)


def test_it_lies_between_two_scores_and_refuses_as_many_as_the_rule_s(scores):
    drawn, by_rule = line(scores, 0.05), openset.without_unknowns(scores, rejected=0.05)
    assert drawn not in scores
    assert (scores > drawn).sum() == (scores > by_rule).sum() <= 0.05 * len(scores)


def test_too_few_scores_draw_none(scores):
    assert line(scores[: fewest_known(0.05) - 1], 0.05) is None
    assert line(scores[: fewest_known(0.05)], 0.05) is not None
