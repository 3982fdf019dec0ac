"""Exercises that know the right answer and the typical wrong ones.

A solution is a real function in a lesson's file, and the only source: what is expected is computed with it,
its text is what `solution()` prints, and the stub that the learner starts from is cut out of it.

    @exercise(task="…", cases=[Case("two classes", (matrix,))], hints=["…", "…"])
    def recall(confusion):
        "Confusion matrix int64 [K, K] → recall, float [K]."
        return …

    @recall.misconception("You divided by the columns. …")
    def precision(confusion):
        return …

An answer is tried on the cases that are written down and on some twenty that are drawn: the same ones each time, of
varied shapes, and on both sides of every edge. It makes a known mistake only if it gives what that gives in all cases.
"""

from __future__ import annotations

import ast
import copy
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Literal

import numpy as np

from . import guard, progress
from .values import Plain, Unreadable, complaint, equal, first_difference, plain, show
from .view import wrapped

Outcome = Literal["correct", "incorrect", "not attempted"]
Answer = guard.Outcome[Plain]  # what an answer gave for one case, made plain

_HEAD = {"correct": "correct.", "incorrect": "not right yet.", "not attempted": "not attempted yet."}


DRAWN = 24  # cases that are drawn for each exercise, besides those that are written down
RUN_SECONDS = 120.0  # for a call with arguments of the learner's own


@dataclass(frozen=True)
class Case:
    """Arguments that an answer is called with; `note` says what is special about them."""

    note: str
    arguments: tuple


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that people give, and what to tell those who give it. `also`: the same one in other words."""

    wrong: Callable
    feedback: str
    also: tuple[Callable, ...] = ()

    @property
    def name(self) -> str:
        """The function's, by which a verdict names the mistake."""
        return self.wrong.__name__


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth. `misconception` is the name of the known mistake that it makes, or ""."""

    outcome: Outcome
    message: str = ""
    misconception: str = ""


def exercise(
    *, task: str, cases: Sequence[Case], hints: Sequence[str], name: str = "", **details: Any
) -> Callable[[Callable], Exercise]:
    """Make an `Exercise` of the function below; `details` are the further attributes of `Exercise`."""

    def make(reference: Callable) -> Exercise:
        text = textwrap.dedent(task).strip()
        return Exercise(name or reference.__name__, reference, text, tuple(cases), tuple(hints), **details)

    return make


@dataclass(eq=False, repr=False)
class Exercise:
    """One exercise: `check` an answer, ask for a `hint`, read the `solution`.

    Attributes:
        name: under which it is known in its lesson.
        reference: the solution.
        task: what to do, in Markdown.
        written: cases that are written down; the first decides whether there is an answer at all.
        hints: each says more than the one before.
        draw: (a generator of numpy, number of the case from 0) → arguments of a further case.
        parts: names of the parts of the result, for feedback.
        seconds: time limit for all cases together.
        look: (result, arguments as the answer left them, arguments as they were) → what is compared, for results
            that are right in more than one form; the result itself where that is compared.
        watch: (answer, *arguments) → result; how an answer is called, where it matters what it does meanwhile.
        observe: (answer, *arguments) → what is compared, for answers that act rather than return; None
            where they did nothing.
        keeps: an answer that changes its arguments is wrong, and `look` says so.
    """

    name: str
    reference: Callable
    task: str
    written: tuple[Case, ...]
    hints: tuple[str, ...]
    draw: Callable[[np.random.Generator, int], tuple] | None = None
    parts: tuple[str, ...] = ()
    seconds: float = 5.0
    look: Callable | None = None
    watch: Callable | None = None
    observe: Callable | None = None
    keeps: bool = False
    misconceptions: list[Misconception] = field(default_factory=list, init=False)
    hints_used: int = field(default=0, init=False)

    def misconception(self, feedback: str, *, also: Sequence[Callable] = ()) -> Callable[[Callable], Callable]:
        """Note the function below as a typical wrong answer. Where two fit an answer, the first noted counts."""

        def note(wrong: Callable) -> Callable:
            self.misconceptions.append(Misconception(wrong, feedback, tuple(also)))
            return wrong

        return note

    def check(self, answer: Callable | None) -> None:
        """Try `answer`, a function, and print whether it is right; if not, what to look at."""
        verdict = self.judge(answer)
        if verdict.outcome != "not attempted":
            progress.note_attempt(self.lesson, self.name, verdict.outcome)
        print(wrapped(f"{self.name}: {_HEAD[verdict.outcome]} {verdict.message}".rstrip()))

    def run(self, answer: Callable | None, *arguments: object) -> None:
        """Call `answer` with `arguments` of your own and print what it gives, or why it stops; nothing if nothing.

        It gets copies, and the same care as in a check: a time limit, `RUN_SECONDS`, and errors told, not raised.
        """
        if not callable(answer):
            return
        calls = [partial(_plainly, answer, arguments)]
        attempt = guard.attempt(calls, seconds=RUN_SECONDS, cores=None)
        if attempt.timed_out:
            print(wrapped(f"{self.name}: your function did not finish within {RUN_SECONDS:g} s."))
            return
        (outcome,) = attempt.outcomes
        if outcome.error is not None and not _untouched(outcome):
            line = guard.line_of(outcome.error, answer)
            print(
                wrapped(
                    f"{self.name}: your function stopped with an error.\n  {guard.error_text(outcome.error)}\n  {line}"
                )
            )
        elif outcome.output is not None:
            print(wrapped(show(outcome.output, self.parts)))

    def hint(self) -> None:
        """Print the next hint; after the last, the last again."""
        self.hints_used = min(self.hints_used + 1, len(self.hints))
        progress.note_hint(self.lesson, self.name, self.hints_used)
        print(wrapped(f"Hint {self.hints_used} of {len(self.hints)}: {self.hints[self.hints_used - 1]}"))

    def solution(self) -> None:
        """Print the source of the solution."""
        progress.note_solution(self.lesson, self.name)
        print(self.source)

    @property
    def lesson(self) -> str:
        """The lesson that it belongs to, such as "03"; "" for none."""
        return progress.lesson_of(self.reference)

    @cached_property
    def source(self) -> str:
        """Text of the solution, without its decorator."""
        text, function = _parsed(self.reference)
        return "\n".join(text.splitlines()[function.lineno - 1 :])

    @cached_property
    def stub(self) -> str:
        """What the learner starts from: the solution's first lines and docstring, and `...` for the rest."""
        text, function = _parsed(self.reference)
        docstring = function.body[0] if ast.get_docstring(function) else None
        last = docstring.end_lineno if docstring else function.body[0].lineno - 1
        return "\n".join([*text.splitlines()[function.lineno - 1 : last], "    ..."])

    @property
    def call(self) -> str:
        """How answers are called: "review(probabilities, labels, threshold)"."""
        return f"{self.reference.__name__}{inspect.signature(self.reference)}"

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """What answers are tried on: the cases that are written down, then the drawn ones."""
        return self.written + self.drawn(0)

    def drawn(self, seed: int, n: int = DRAWN) -> tuple[Case, ...]:
        """`n` cases that are drawn; the same ones for the same seed."""
        draw = self.draw
        if draw is None:
            return ()
        r = np.random.default_rng(seed)
        arguments = guard.apart(lambda: [draw(r, i) for i in range(n)])
        return tuple(Case(f"drawn at random, no. {i}", drawn) for i, drawn in enumerate(arguments, start=1))

    def judge(self, answer: Callable | None) -> Verdict:
        """What `answer` is worth; prints nothing and raises nothing, whatever the answer does."""
        if answer is None or answer is ...:
            return Verdict("not attempted")
        if not callable(answer):
            message = f"check wants the function itself, {self.reference.__name__}, not what it returns."
            return Verdict("incorrect", f"It got an object of type {type(answer).__name__}; {message}")
        inputs = guard.apart(lambda: [_copied(case.arguments) for case in self.cases])
        # Made plain inside of the guard: reading an odd object can raise or hang as well as making it.
        calls = [partial(self._output, answer, *pair) for pair in zip(inputs, self.cases, strict=True)]
        attempt = guard.attempt(calls, seconds=self.seconds)
        if attempt.outcomes and _untouched(attempt.outcomes[0]):
            return Verdict("not attempted", self._about_nothing())
        if attempt.timed_out:
            return Verdict("incorrect", self._about_time(len(attempt.outcomes)))
        return self._compared(answer, attempt.outcomes, self._about_changes(inputs))

    @cached_property
    def expected(self) -> list[Plain]:
        """What the solution gives for each case."""
        return [outcome.output for outcome in self._outcomes(self.reference)]

    @cached_property
    def _mistaken(self) -> list[tuple[Misconception, list[Answer]]]:
        """What each misconception, in each of its forms, gives for each case; only those that differ somewhere."""
        forms = [(known, form) for known in self.misconceptions for form in (known.wrong, *known.also)]
        pairs = [(known, self._outcomes(form)) for known, form in forms]
        right = [Answer(output) for output in self.expected]
        return [(known, given) for known, given in pairs if not _all_alike(given, right)]

    def _outcomes(self, known: Callable) -> list[Answer]:
        """What one of our own functions gives for each case; it needs no time limit."""

        def each() -> list[Answer]:
            calls = [partial(self._output, known, _copied(case.arguments), case) for case in self.cases]
            return guard.attempt(calls, seconds=None).outcomes

        return guard.apart(each)

    def _output(self, answer: Callable, used: tuple, case: Case) -> Plain:
        if self.observe:
            return plain(self.observe(answer, *used))
        result = self.watch(answer, *used) if self.watch else answer(*used)
        if self.look is None or (_nothing(result) and _alike(used, case.arguments)):
            return plain(result)
        return plain(self.look(result, used, case.arguments))

    def _compared(self, answer: Callable, outcomes: list[Answer], remark: str) -> Verdict:
        wrong = [self._wrong(outcome, i) for i, outcome in enumerate(outcomes)]
        if not any(wrong):
            return Verdict("correct", remark)
        for misconception, given in self._mistaken:
            if _all_alike(outcomes, given):
                return Verdict("incorrect", f"{misconception.feedback} {remark}".rstrip(), misconception.name)
        stops = [i for i in range(len(self.written)) if outcomes[i].error is not None]
        first = stops[0] if stops else next(i for i, text in enumerate(wrong) if text)
        if (error := outcomes[first].error) is not None:
            return Verdict("incorrect", self._about_stop(error, answer, first))
        return Verdict("incorrect", f"{wrong[first]} {remark}".rstrip() + f"\n{self._evidence(first, outcomes[first])}")

    def _wrong(self, outcome: Answer, position: int) -> str:
        return "error" if outcome.error is not None else complaint(outcome.output, self.expected[position])

    def _evidence(self, position: int, outcome: Answer) -> str:
        """The failing input, what came out, what was expected, and where the two first differ."""
        output, expected = outcome.output, self.expected[position]
        lines = [self._input(position)]
        if not isinstance(expected, dict):  # of facts, the complaint has already said which are wrong
            lines += [f"  returned  {show(output, self.parts)}", f"  expected  {show(expected, self.parts)}"]
            first = first_difference(output, expected, self.parts)
            lines += [f"  differs   first {first}"] if first else []
        return "\n".join(lines)

    def _input(self, position: int) -> str:
        case = self.cases[position]
        if self.observe:
            return f"  input     {case.note}"
        pairs = zip(self._parameters, case.arguments, strict=True)
        values = ", ".join(f"{name} = {show(plain(value))}" for name, value in pairs)
        return f"  input     {case.note}: {values}"

    @property
    def _parameters(self) -> list[str]:
        return list(inspect.signature(self.reference).parameters)

    def _about_nothing(self) -> str:
        if self.observe:
            return "Your function leaves everything as it was."
        return "Your function returns nothing. If you have written it already, is there a return in it?"

    def _about_time(self, position: int) -> str:
        limit = f"Your function did not finish within {self.seconds:g} s."
        return f"{limit} Is there a loop that never ends?\n{self._input(position)}"

    def _about_stop(self, error: BaseException, answer: Callable, position: int) -> str:
        line = guard.line_of(error, answer)
        where = f"  {line}" if line else f"  called as {self.call}"
        return f"Your function stopped with an error.\n  {guard.error_text(error)}\n{where}\n{self._input(position)}"

    def _about_changes(self, inputs: Sequence[tuple]) -> str:
        """A remark where the answer changed its arguments, which were copies; "" where it did not."""
        if self.observe or self.keeps:
            return ""
        for case, used in zip(self.cases, inputs, strict=True):
            for name, before, after in zip(self._parameters, case.arguments, used, strict=True):
                if not _alike(after, before):
                    return f"Note that it changes {name} in place: whoever calls it will miss the original."
        return ""

    def __repr__(self) -> str:
        return f"Exercise {self.name}: {self.call}"

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        title = f"Exercise {self.name}"
        return {"text/plain": f"{title}\n{self.task}", "text/markdown": f"**{title}**\n\n{self.task}"}


def _parsed(function: Callable) -> tuple[str, ast.FunctionDef]:
    """(source, its syntax tree). The tree's line numbers start below the decorators."""
    text = textwrap.dedent(inspect.getsource(function)).rstrip()
    definition = ast.parse(text).body[0]
    assert isinstance(definition, ast.FunctionDef), f"{function.__name__} is no plain function"
    return text, definition


def _copied(arguments: tuple) -> tuple:
    """A copy of arguments; what is neither tensor, array nor list of such is handed over as it is."""
    return tuple(map(_copy, arguments))


def _copy(value: object) -> object:
    torch = sys.modules.get("torch")
    if torch and isinstance(value, torch.Tensor):
        return value.detach().clone()
    if type(value) is list:
        return list(map(_copy, value))
    if type(value) is tuple:
        return tuple(map(_copy, value))
    return value if callable(value) else copy.deepcopy(value)


def _plainly(answer: Callable, arguments: tuple) -> Plain:
    return plain(answer(*_copied(arguments)))


def _alike(a: object, b: object) -> bool:
    """Have two lots of arguments exactly the same values?"""
    return equal(_compact(plain(a)), _compact(plain(b)), tolerance=0)


def _compact(value: Plain) -> Plain:
    return (
        Unreadable("")
        if isinstance(value, Unreadable)
        else [_compact(v) for v in value]
        if isinstance(value, list)
        else value
    )


def _all_alike(some: Sequence[Answer], others: Sequence[Answer]) -> bool:
    """Are the outcomes the same in every case? Errors are, if they are of one type."""
    return all(_same(one, other) for one, other in zip(some, others, strict=True))


def _same(one: Answer, other: Answer) -> bool:
    if one.error is not None or other.error is not None:
        return type(one.error) is type(other.error)
    return equal(one.output, other.output)


def _nothing(result: object) -> bool:
    return result is None or result is ...


def _untouched(outcome: Answer) -> bool:
    """Is it what a stub gives? torch raises NotImplementedError too, with a message, for a dtype it cannot handle."""
    if outcome.error is not None:
        return isinstance(outcome.error, NotImplementedError) and not str(outcome.error)
    return outcome.output is None
