"""What stands at an axis is what was measured: a chart of evidence is called "test accuracy" only where it is one."""

from __future__ import annotations

import ast

import pytest

from course_lib import study

from .lesson_figures import Shown, figures_in, shown_figures

DOTS = [one for one in shown_figures() if one.function == "dots"]


def unnamed(shown: Shown) -> list[str]:
    """Metrics of the chart's evidence that are no accuracy, where the call leaves `metric` as it is."""
    call = ast.parse(shown.call, mode="eval").body
    assert isinstance(call, ast.Call)
    if any(keyword.arg == "metric" for keyword in call.keywords):
        return []
    measured = [name for one in summaries(f"{shown.code}\n{shown.call}") for name in _metrics(*one)]
    return [name for name in measured if "accuracy" not in name]


def summaries(code: str) -> list[tuple[str, ...]]:
    """The arguments of each `study.summary("name", "metric")` that are written out."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    named = [call for call in calls if ast.unparse(call.func) == "study.summary"]
    texts = [tuple(arg.value for arg in call.args if isinstance(arg, ast.Constant)) for call in named]
    return [text for text in texts if text]


def _metrics(experiment: str, metric: str = "") -> list[str]:
    found = study.find(experiment)
    return [metric or next(iter(found.metrics))]


@pytest.mark.parametrize("shown", DOTS, ids=lambda one: one.name)
def test_an_axis_says_what_was_measured(shown):
    assert unnamed(shown) == []


def drawn(code: str) -> Shown:
    (shown,) = figures_in(f"from course_lib import figures, study\n{code}", "02c_a_lesson")
    return shown


def test_a_share_of_energy_that_is_called_accuracy_is_found():
    energy = "energy in the first singular value"
    assert unnamed(drawn('figures.dots(study.summary("learned_rank"))')) == [energy]
    assert unnamed(drawn('rows = study.summary("learned_rank")\nfigures.dots({"a": rows["b"]})')) == [energy]
    assert unnamed(drawn('figures.dots(study.summary("learned_rank"), metric="energy kept")')) == []
    assert unnamed(drawn('figures.dots(study.summary("thin_lines"))')) == []
