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
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Literal

from . import guard, progress
from .values import complaint, equal, plain, show
from .view import wrapped

Outcome = Literal["correct", "incorrect", "not attempted"]

_HEAD = {"correct": "correct.", "incorrect": "not right yet.", "not attempted": "not attempted yet."}


@dataclass(frozen=True)
class Case:
    """Arguments that an answer is called with; `note` says what is special about them."""

    note: str
    arguments: tuple


@dataclass(frozen=True)
class Misconception:
    """A wrong answer that people give, and what to tell those who give it."""

    wrong: Callable
    feedback: str

    @property
    def name(self) -> str:
        return self.wrong.__name__


@dataclass(frozen=True)
class Verdict:
    """What an answer is worth. `misconception` is the name of the known mistake that it makes, or ""."""

    outcome: Outcome
    message: str = ""
    misconception: str = ""


def exercise(
    *, task: str, cases: Sequence[Case], hints: Sequence[str], name: str = "", **details
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
        cases: what answers are tried on; the first decides whether there is an answer at all.
        hints: each says more than the one before.
        parts: names of the parts of the result, for feedback.
        seconds: time limit for all cases together.
        observe: (answer, *arguments) → what is compared, for answers that act rather than return; None
            where they did nothing.
    """

    name: str
    reference: Callable
    task: str
    cases: tuple[Case, ...]
    hints: tuple[str, ...]
    parts: tuple[str, ...] = ()
    seconds: float = 5.0
    observe: Callable | None = None
    misconceptions: list[Misconception] = field(default_factory=list, init=False)
    hints_used: int = field(default=0, init=False)

    def misconception(self, feedback: str) -> Callable[[Callable], Callable]:
        """Note the function below as a typical wrong answer. Where two fit an answer, the first noted counts."""

        def note(wrong: Callable) -> Callable:
            self.misconceptions.append(Misconception(wrong, feedback))
            return wrong

        return note

    def check(self, answer: Callable | None) -> None:
        """Try `answer`, a function, and print whether it is right; if not, what to look at."""
        verdict = self.judge(answer)
        if verdict.outcome != "not attempted":
            progress.note_attempt(self.lesson, self.name, verdict.outcome)
        print(wrapped(f"{self.name}: {_HEAD[verdict.outcome]} {verdict.message}".rstrip()))

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

    def judge(self, answer: Callable | None) -> Verdict:
        """What `answer` is worth; prints nothing and raises nothing, whatever the answer does."""
        if answer is None or answer is ...:
            return Verdict("not attempted")
        if not callable(answer):
            message = f"check wants the function itself, {self.reference.__name__}, not what it returns."
            return Verdict("incorrect", f"It got an object of type {type(answer).__name__}; {message}")
        inputs = [copy.deepcopy(case.arguments) for case in self.cases]
        attempt = self._run(answer, inputs)
        if _nothing_there(attempt):
            return Verdict("not attempted", self._about_nothing())
        if attempt.timed_out or attempt.error:
            return Verdict("incorrect", self._about_stop(attempt, answer))
        return self._compared(attempt.outputs, self._about_changes(inputs))

    @cached_property
    def expected(self) -> list:
        """What the solution gives for each case."""
        return self._outputs(self.reference)

    @cached_property
    def _mistaken(self) -> list[tuple[Misconception, dict[int, object]]]:
        """For each misconception, what it gives for the cases where that differs from the solution."""
        found = []
        for misconception in self.misconceptions:
            pairs = enumerate(zip(self._outputs(misconception.wrong), self.expected, strict=True))
            differing = {i: wrong for i, (wrong, right) in pairs if not equal(wrong, right)}
            found.append((misconception, differing))
        return found

    def _run(self, answer: Callable, inputs: Sequence[tuple]) -> guard.Attempt:
        # Made plain inside of the guard: reading an odd object can raise or hang as well as making it.
        calls = [partial(self._output, answer, arguments) for arguments in inputs]
        return guard.attempt(calls, seconds=self.seconds)

    def _outputs(self, known: Callable) -> list:
        """What one of our own functions gives for each case; it needs no guard."""
        return [self._output(known, copy.deepcopy(case.arguments)) for case in self.cases]

    def _output(self, answer: Callable, arguments: tuple) -> object:
        return plain(self.observe(answer, *arguments) if self.observe else answer(*arguments))

    def _compared(self, outputs: list, remark: str) -> Verdict:
        complaints = [complaint(*pair) for pair in zip(outputs, self.expected, strict=True)]
        if not any(complaints):
            return Verdict("correct", remark)
        for misconception, mistaken in self._mistaken:
            if mistaken and all(equal(outputs[i], wrong) for i, wrong in mistaken.items()):
                return Verdict("incorrect", f"{misconception.feedback} {remark}".rstrip(), misconception.name)
        first = next(i for i, text in enumerate(complaints) if text)
        evidence = self._evidence(first, outputs[first])
        return Verdict("incorrect", f"{complaints[first]} {remark}".rstrip() + f"\n{evidence}")

    def _evidence(self, position: int, output: object) -> str:
        """The failing input, what came out, what was expected."""
        expected = self.expected[position]
        lines = [self._input(position)]
        if not isinstance(expected, dict):  # of facts, the complaint has already said which are wrong
            lines += [f"  returned  {show(output, self.parts)}", f"  expected  {show(expected, self.parts)}"]
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

    def _about_stop(self, attempt: guard.Attempt, answer: Callable) -> str:
        case = self._input(len(attempt.outputs))
        if attempt.timed_out:
            return f"Your function did not finish within {self.seconds:g} s. Is there a loop that never ends?\n{case}"
        line = guard.line_of(attempt.error, answer)
        where = f"  {line}" if line else f"  called as {self.call}"
        return f"Your function stopped with an error.\n  {guard.told(attempt.error)}\n{where}\n{case}"

    def _about_changes(self, inputs: Sequence[tuple]) -> str:
        """A remark where the answer changed its arguments, which were copies; "" where it did not."""
        if self.observe:
            return ""
        for case, used in zip(self.cases, inputs, strict=True):
            for name, before, after in zip(self._parameters, case.arguments, used, strict=True):
                if not equal(plain(after), plain(before), tolerance=0):
                    return f"Note that it changes {name} in place: whoever calls it will miss the original."
        return ""

    def __repr__(self) -> str:
        return f"Exercise {self.name}: {self.call}"

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        title = f"Exercise {self.name}"
        return {"text/plain": f"{title}\n{self.task}", "text/markdown": f"**{title}**\n\n{self.task}"}


def _parsed(function: Callable) -> tuple[str, ast.FunctionDef]:
    """(source, its syntax tree). The tree's line numbers start below the decorators."""
    text = textwrap.dedent(inspect.getsource(function)).rstrip()
    return text, ast.parse(text).body[0]


def _nothing_there(attempt: guard.Attempt) -> bool:
    if attempt.outputs:
        return attempt.outputs[0] is None
    # As in an untouched stub. torch raises the same type, with a message, for a dtype that it cannot handle.
    return isinstance(attempt.error, NotImplementedError) and not str(attempt.error)
