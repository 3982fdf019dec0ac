"""Where less is better a difference is said in words: "−12.3 ms" would be read as faster."""

from __future__ import annotations

from dataclasses import replace

import pytest

from course_lib.study import Metric
from course_lib.study.evidence import Measurement, summarise

TIME, EPOCHS = Metric("ms", lower_is_better=True), Metric("epochs", lower_is_better=True)
ALARMS, SHARE = Metric("a minute", lower_is_better=True), Metric(lower_is_better=True)


@pytest.mark.parametrize(
    ("metric", "value", "told"),
    [
        (Metric(), 0.031, "+3.1 points"),
        (Metric("correlation"), -0.25, "-0.25 correlation"),
        (TIME, -12.3, "12.3 ms slower"),
        (TIME, 5.33, "5.33 ms faster"),
        (EPOCHS, 2.0, "2 epochs sooner"),
        (ALARMS, -3.7, "3.7 a minute more"),
        (SHARE, 0.026, "2.6 points lower"),
    ],
)
def test_a_difference_names_its_direction(metric, value, told):
    assert metric.show_difference(value) == told


@pytest.mark.parametrize(
    ("metric", "ends", "told"),
    [
        (Metric(), (0.029, 0.038), "+2.9 to +3.8 points"),
        (Metric(), (-0.01, 0.038), "-1.0 to +3.8 points"),
        (TIME, (-12.4, -12.2), "12.2 to 12.4 ms slower"),
        (TIME, (1.0, 2.5), "1 to 2.5 ms faster"),
        (TIME, (-1.2, 2.5), "1.2 ms slower to 2.5 ms faster"),
    ],
)
def test_an_interval_names_its_ends(metric, ends, told):
    assert metric.show_interval(*ends) == told


def test_a_summary_keeps_the_values_it_is_made_of():
    one = Measurement("e", "a", 0, {"m": 3.0}, {"m": 0}, 1.0, False, "CPU", "real", {}, "")
    runs = [one, replace(one, seed=1, metrics={"m": 5.0})]
    summary = summarise("a", runs, "m", unit="epochs")
    assert summary.values == (3.0, 5.0)
    assert "values" not in repr(summary)
