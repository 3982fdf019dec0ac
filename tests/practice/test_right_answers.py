"""Right answers, however they are written, are accepted."""

from __future__ import annotations

import pytest

from .right_answers import RIGHT
from .test_mutants import ALL


def test_there_are_many_for_every_exercise():
    assert RIGHT.keys() == ALL.keys()
    assert sum(map(len, RIGHT.values())) >= 150


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "answer"),
    [
        pytest.param(key, answer, id=f"{key}-{k}-{answer.__name__}")
        for key, answers in RIGHT.items()
        for k, answer in enumerate(answers)
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_right_answer_is_accepted(key, answer):
    verdict = ALL[key].judge(answer)
    assert verdict.outcome == "correct", verdict.message
    assert not verdict.message
