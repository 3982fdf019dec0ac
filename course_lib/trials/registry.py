"""Every experiment and every trial of the course, by name: what the files `lesson_NN.py` beside this one define."""

from __future__ import annotations

import difflib
import importlib
from functools import cache
from pathlib import Path

from .evidence import Summary
from .trial import Experiment, Outcome, Trial


@cache
def known() -> dict[str, Trial | Experiment]:
    """Name → trial or experiment: lesson by lesson, its trials first, in the order in which the lesson lists them."""
    found: dict[str, Trial | Experiment] = {}
    for file in sorted(Path(__file__).parent.glob("lesson_[0-9][0-9].py")):
        lesson = importlib.import_module(f".{file.stem}", __package__)
        for one in (*lesson.TRIALS, *lesson.EXPERIMENTS):
            if one.name in found:
                raise ValueError(f"{file.name} has a second {one.name!r}: give each trial and experiment its own name.")
            found[one.name] = one
    return found


def all_trials() -> list[Trial]:
    """The course's trials, by lesson."""
    return [one for one in known().values() if isinstance(one, Trial)]


def all_experiments() -> list[Experiment]:
    """The course's experiments, by lesson."""
    return [one for one in known().values() if isinstance(one, Experiment)]


def find(name: str) -> Trial | Experiment:
    """What `name` names. ValueError with the nearest names where that is nothing."""
    if name not in known():
        near = difflib.get_close_matches(name, known(), n=3, cutoff=0.4) or list(known())
        raise ValueError(
            f"No trial or experiment is called {name!r}. Try {', '.join(near)}; `course trials list` has all."
        )
    return known()[name]


def get(name: str) -> Trial:
    """The trial called `name`.

    >>> print(get("enlarging").claim)
    Enlarging small pictures is pointless: it adds no information.
    """
    found = find(name)
    if not isinstance(found, Trial):
        raise ValueError(f"{name} is an experiment; it claims nothing. Its trials are in `course trials list`.")
    return found


def outcome(name: str) -> Outcome:
    """What the stored runs say of the trial called `name`: print it, and give it to `figures.paired_dots`."""
    return get(name).outcome()


def summary(name: str) -> dict[str, Summary]:
    """What is known of each variant of the experiment called `name`, with the settings that it has today."""
    found = find(name)
    if not isinstance(found, Experiment):
        raise ValueError(f"{name} is a trial: its outcome has the summaries, `trials.outcome({name!r}).summaries`.")
    return found.summary()


def verdicts(*names: str) -> str:
    """Two lines a trial: its verdict and claim, then the difference with its interval."""
    found = [outcome(name) for name in names]
    return "\n".join(f"{one.verdict.word}: {one.trial.claim}\n    {one.effect} ({one.base})" for one in found)
