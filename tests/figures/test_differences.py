"""A trial's drawing: A − B as it was measured, slower called slower, and why an interval reaches beyond the dots."""

from __future__ import annotations

from dataclasses import replace

import pytest

from course_lib import figures
from course_lib.study import Metric, Outcome

from .test_drawings import outcome


def timed(gain: float = 0.03, seeds: int = 6) -> Outcome:
    """The same trial, of milliseconds: its variant takes longer."""
    found = outcome(seeds, gain)
    metrics = {"test accuracy": Metric("ms", lower_is_better=True)}
    sides = {
        side: replace(getattr(found.trial, side), experiment=replace(found.trial.variant.experiment, metrics=metrics))
        for side in ("variant", "baseline")
    }
    return replace(found, trial=replace(found.trial, **sides))


def test_what_is_slower_lies_right_and_is_called_slower():
    shown = figures.paired_dots(timed())
    axes = shown.figure.axes[1]
    assert axes.get_xlabel() == "A − B (ms); left: A is faster"
    assert min(axes.lines[1].get_xdata()) == pytest.approx(0.03)
    assert "A against B: 0.0325 ms slower, interval 0.0297 to 0.0352 ms slower" in shown.alt
    assert "-" not in shown.alt.partition("interval")[2].partition(";")[0]


def test_an_interval_longer_than_the_dots_says_why():
    wide, narrow = (figures.paired_dots(outcome(seeds)).figure.get_supxlabel() for seeds in (6, 30))
    assert wide.startswith(
        "shaded: a difference of up to 1 point does not matter\nthe interval reaches beyond the dots"
    )
    assert "6 seeds" in wide
    assert "interval" not in narrow


def test_without_an_interval_nothing_is_said_of_it():
    assert "interval" not in figures.paired_dots(outcome(seeds=2)).figure.get_supxlabel()


def test_the_claim_on_trial_stands_above_it():
    of = outcome(6)
    assert figures.paired_dots(of).figure.get_suptitle().replace("\n", " ") == f"“{of.trial.claim}”"
