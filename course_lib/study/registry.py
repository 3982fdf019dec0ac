"""Every experiment and every trial of the course, by name: what the folders of `course_lib.lessons` define.

A lesson's folder has `trials.py` with two tuples, `EXPERIMENTS` and `TRIALS`. They are found by looking, so that no
room names a lesson.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

from .evidence import Summary
from .trial import Experiment, Outcome, Trial, Variant

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def known() -> dict[str, Trial | Experiment]:
    """Name → trial or experiment: lesson by lesson, its trials first, in the order in which the lesson lists them."""
    named: dict[str, Trial | Experiment] = {}
    for lesson in sorted(_lessons(), key=lambda module: module.LESSON):
        for item in (*lesson.TRIALS, *lesson.EXPERIMENTS):
            if item.name in named:
                raise ValueError(
                    f"{lesson.__name__} has a second {item.name!r}: give each trial and experiment its own name."
                )
            named[item.name] = item
    return named


def _lessons() -> Iterator[ModuleType]:
    for file in _PACKAGE.glob("lessons/*/trials.py"):
        yield importlib.import_module(f"{_PACKAGE.name}.lessons.{file.parent.name}.trials")


def all_trials() -> list[Trial]:
    """The course's trials, by lesson."""
    return [item for item in known().values() if isinstance(item, Trial)]


def all_experiments() -> list[Experiment]:
    """The course's experiments, by lesson."""
    return [item for item in known().values() if isinstance(item, Experiment)]


def find(name: str) -> Trial | Experiment:
    """What `name` names. ValueError with the nearest names where that is nothing."""
    if name not in known():
        near = difflib.get_close_matches(name, known(), n=3, cutoff=0.4) or list(known())
        raise ValueError(
            f"No trial or experiment is called {name!r}. Try {', '.join(near)}; `course trials list` has all."
        )
    return known()[name]


def get(name: str) -> Trial:
    """The trial called `name`. ValueError where that is an experiment, or nothing."""
    item = find(name)
    if not isinstance(item, Trial):
        raise ValueError(f"{name} is an experiment; it claims nothing. Its trials are in `course trials list`.")
    return item


def outcome(name: str) -> Outcome:
    """What the stored runs say of the trial called `name`: print it, and give it to `figures.paired_dots`."""
    return get(name).outcome()


def summary(name: str, metric: str = "") -> dict[str, Summary]:
    """What is known of each variant of the experiment called `name`, with the settings that it has today.

    Args:
        metric: one of the experiment's; "" is its first.
    """
    item = find(name)
    if isinstance(item, Trial):
        raise ValueError(f"{name} is a trial: its outcome has the summaries, `study.outcome({name!r}).summaries`.")
    return item.summary(metric) if metric else item.summary()


def verdicts(*names: str) -> str:
    """Two lines a trial: its verdict and claim, then the difference with its interval."""
    outcomes = [outcome(name) for name in names]
    return "\n".join(f"{one.verdict.word}: {one.trial.claim}\n    {one.effect} ({one.base})" for one in outcomes)


def rivals(variant: Variant, *, smallest_effect: float) -> str:
    """A line for each other variant of the same experiment: how far it lies behind `variant`, and what may be said.

    The difference is taken seed by seed, `variant` less the other, and judged as a trial's is.

    Args:
        smallest_effect: the smallest difference that matters, in the metric's unit (shares 0–1).
    """
    names = [name for name in variant.experiment.variants if name != variant.name]
    lines = []
    for name in names:
        found = Trial(
            name="rivals",
            claim=f"{variant.name}: better than {name}.",
            variant=variant,
            baseline=variant.experiment[name],
            smallest_effect=smallest_effect,
            lesson="",
        ).outcome()
        lines.append(f"{name:{max(map(len, names))}}  {found.effect}: {found.verdict.word}")
    return "\n".join(lines)
