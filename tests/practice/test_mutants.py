"""Every solution, changed by machine: what then gives other results is refused, and not praised for a mistake not made.

A mutant counts where it differs from the solution on a wide set of inputs, most of which the check never sees.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import torch

from course_lib.practice import Case, Exercise, catalogue, guard
from course_lib.practice.engine import _all_alike, _copied, _same

from .mutation import Mutant, mutants, pairs

ALL = {
    f"{lesson}.{exercise.name}": exercise for lesson in catalogue.lessons() for exercise in catalogue.exercises(lesson)
}
REFUSED = 0.95  # at least, of an exercise's mutants
SAMPLE = 5  # mutants of each exercise in the fast part
TRAINS = {"mend", "frozen"}  # each case runs a network; among the slow tests only
QUICK = {key: exercise for key, exercise in ALL.items() if exercise.name not in TRAINS}

pytestmark = pytest.mark.filterwarnings("ignore")


@dataclass
class Tally:
    """How the mutants of one exercise fared."""

    differ: int = 0
    accepted: list[str] = None
    praised: list[str] = None

    @property
    def refused(self) -> float:
        return 1 - len(self.accepted) / max(self.differ, 1)


def wide(exercise: Exercise, n: int) -> tuple[Case, ...]:
    """What the check tries, and `n` further cases that it does not."""
    return exercise.cases + exercise.drawn(seed=1, n=n)


def outcome(exercise: Exercise, answer: Callable, case: Case) -> guard.Outcome:
    try:
        return guard.Outcome(exercise._output(answer, _copied(case.arguments), case))
    except Exception as error:
        return guard.Outcome(error=error)


def outcomes(exercise: Exercise, answer: Callable, cases: Sequence[Case]) -> list[guard.Outcome]:
    return guard.apart(lambda: [outcome(exercise, answer, case) for case in cases])


def differs(exercise: Exercise, answer: Callable, cases: Sequence[Case], right: Sequence[guard.Outcome]) -> bool:
    pairs_of = zip(cases, right, strict=True)
    return guard.apart(lambda: any(not _same(outcome(exercise, answer, case), want) for case, want in pairs_of))


def tally(exercise: Exercise, chosen: Sequence[Mutant], *, n: int) -> Tally:
    found, cases = Tally(0, [], []), wide(exercise, n)
    right = outcomes(exercise, exercise.reference, cases)
    for mutant in chosen:
        if not differs(exercise, mutant.answer, cases, right):
            continue
        found.differ += 1
        verdict = exercise.judge(mutant.answer)
        if verdict.outcome == "correct":
            found.accepted.append(mutant.what)
        if verdict.misconception and not makes(exercise, verdict.misconception, mutant.answer, cases):
            found.praised.append(f"{mutant.what} → {verdict.misconception}")
    return found


def makes(exercise: Exercise, name: str, answer: Callable, cases: Sequence[Case]) -> bool:
    """Does `answer` give what the misconception, in one of its forms, gives for all `cases`?"""
    known = next(m for m in exercise.misconceptions if m.name == name)
    given = outcomes(exercise, answer, cases)
    return any(_all_alike(given, outcomes(exercise, form, cases)) for form in (known.wrong, *known.also))


def held_to(found: Tally, key: str) -> None:
    print(f"{key}: {found.differ} mutants differ, {found.refused:.1%} refused, {len(found.praised)} praised")
    assert found.refused >= REFUSED, found.accepted
    assert not found.praised


@pytest.mark.slow
@pytest.mark.parametrize(("key", "exercise"), QUICK.items(), ids=QUICK)
def test_some_mutants_are_refused(key, exercise):
    held_to(tally(exercise, mutants(exercise, SAMPLE), n=20), key)


@pytest.mark.slow
@pytest.mark.parametrize(("key", "exercise"), ALL.items(), ids=ALL)
def test_all_mutants_are_refused(key, exercise):
    found = tally(exercise, mutants(exercise), n=0 if exercise.name in TRAINS else 60)
    assert found.differ >= 25
    held_to(found, key)


@pytest.mark.slow
@pytest.mark.parametrize(("key", "exercise"), ALL.items(), ids=ALL)
def test_mutants_with_two_changes_are_refused(key, exercise):
    n, further = (10, 0) if exercise.name in TRAINS else (25, 60)
    held_to(tally(exercise, pairs(exercise, n, seed=0), n=further), key)


def test_a_mutant_that_is_the_solution_does_not_count():
    exercise = ALL["07.adjust"]
    same = Mutant("in other words", lambda logits, counts: logits - counts.double().log() + counts.sum().log())
    assert tally(exercise, [same], n=20).differ == 0


def test_a_check_with_one_case_lets_mutants_through():
    """That the tests above can fail."""
    from course_lib.practice import exercise as make

    one = torch.tensor([1.0, 2.0])
    weak = make(task="", cases=[Case("one", (one,))], hints=[], draw=_draw_below_0)(_absolute)
    weak.__dict__["cases"] = weak.written
    found = Tally(0, [], [])
    for mutant in mutants(weak):
        if weak.judge(mutant.answer).outcome == "correct" and differs(
            weak, mutant.answer, weak.drawn(1), outcomes(weak, weak.reference, weak.drawn(1))
        ):
            found.accepted.append(mutant.what)
    assert found.accepted


def _absolute(x):
    return x.abs().clamp(max=5)


def _draw_below_0(r, i):
    return (torch.from_numpy(r.normal(0, 4, 5)),)
