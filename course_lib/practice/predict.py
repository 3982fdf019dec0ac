"""The learner commits to a guess before the experiment is run; afterwards both stand side by side.

guess = predict.number("What share will be right?", low=0, high=100, unit="%")
guess                   # in a notebook: a form with a button "Commit"
guess.guess = 80        # the same without a form
guess.compare(77.3)     # Your guess: 80 %. Measured: 77.3 %. Off by 2.7.

A choice knows when each of its options is right, so that a lesson hands over what was measured and nothing else:

    choice(…, {"about 50": (0, 60), "more": (60, 100)})         a number, by intervals:  .compare(97.5)
    choice(…, {"none": 0, "some": (1, 4), "all four": 4})       a count:                 .compare(won)
    choice(…, {"A": lambda a, b: a.low > b.high, …})            one value or several:    .compare(a=…, b=…)
    largest(…, ["A", "B"]), smallest(…, ["A", "B"])             which of them it is:     .compare({"A": …, "B": …})
    choice(…, ["A", "B"])                                       the answer itself:       .compare("A")
"""

from __future__ import annotations

import html
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from numbers import Real
from typing import TYPE_CHECKING, Generic, TypeVar

from . import progress
from .conditions import (
    OTHERWISE,
    Condition,
    Otherwise,
    Range,
    as_number,
    holds,
    in_words,
    listed,
    ranges_of,
    refuse_overlaps,
    single,
)
from .view import bundle, lettered, paragraph

if TYPE_CHECKING:
    import ipywidgets

FAR_OFF = 0.25  # of the range that a number may lie in
_HOW = "set .guess or use the form"
_Answer = TypeVar("_Answer", float, str)


def number(question: str, *, low: float, high: float, unit: str = "") -> NumberPrediction:
    """Ask for a number from `low` to `high`, both allowed, in `unit`.

    Example:
        >>> guess = number("How many of 100 will be right?", low=0, high=100, unit="%")
        >>> guess.guess = 80
        >>> guess.compare(77.3)
        Your guess: 80 %. Measured: 77.3 %. Off by 2.7.
    """
    return NumberPrediction(question, low, high, unit)


def choice(question: str, options: Sequence[str] | Mapping[str, Condition]) -> ChoicePrediction:
    """Ask for one of `options`; a guess is the option's text or its letter.

    Options with conditions, text → condition, find by themselves which of them is right:

    - `(low, high)`: low ≤ value < high. The highest interval has its end too, so that (90, 100) holds 100. None
      is no limit. For another end, such as > in place of ≥, write a function.
    - a whole number: exactly this one. Beside it an interval speaks of whole numbers: (1, 4) is 1, 2 or 3.
    - a function of what `compare` gets, by position or by name.
    - OTHERWISE: no other option is right.

    Exactly one option must be right. Gaps and overlaps of intervals and numbers are refused here, those of functions
    when `compare` meets one.

    Raises:
        ValueError: fewer than two options, two alike, or conditions that leave a gap or overlap.

    Example:
        >>> guess = choice("Of 100 new pictures it gets right …", {"up to 60": (0, 60), "more": (60, 100)})
        >>> guess.guess = "b"
        >>> guess.compare(97.25)
        Your guess: more. Measured: more. You were right.
        >>> guess.compare(97.25, digits=1)
        Your guess: more. Measured: more (97.2). You were right.

        >>> guess = choice("The gain:", {"0.01 or more": (0.01, None), "less": OTHERWISE})
        >>> guess.guess = "0.01 or more"
        >>> guess.compare(-0.014)
        Your guess: 0.01 or more. Measured: less. It came out differently.

        >>> guess = choice(
        ...     "Is it better?",
        ...     {
        ...         "near and far": lambda near, far: near > 0 and far > 0,
        ...         "near only": lambda near, far: near > 0 >= far,
        ...         "far only": lambda near, far: far > 0 >= near,
        ...         "neither": OTHERWISE,
        ...     },
        ... )
        >>> guess.guess = "neither"
        >>> guess.compare(near=0.02, far=-0.01)
        Your guess: neither. Measured: near only. It came out differently.

        >>> guess = choice("Which one wins?", ["SGD", "AdamW"])
        >>> guess.guess = "a"
        >>> guess.compare("AdamW")
        Your guess: SGD. Measured: AdamW. It came out differently.
    """
    if isinstance(options, Mapping):
        return ConditionPrediction(question, options)
    return ChoicePrediction(question, options)


def largest(
    question: str,
    names: Sequence[str],
    *,
    tie: Mapping[str, float] | None = None,
    none: Mapping[str, float] | None = None,
) -> RankPrediction:
    """Ask which of `names` has the largest value; `compare` gets the values by name, and may get more than these.

    A value is a number or a summary, which counts by its `mean`. Where several are largest and no `tie` is an option,
    each of them is right.

    Args:
        question: what is asked.
        names: options, each of which gets a value.
        tie: one more option, text → margin: right where the best two are less than this apart.
        none: one more option, text → limit: right where the largest is below it. It goes before `tie`.

    Example:
        >>> guess = largest("Which gains most?", ["15×15", "two branches"], none={"none gains 2 points": 0.02})
        >>> guess.guess = "two branches"
        >>> guess.compare({"15×15": -0.009, "two branches": 0.002})
        Your guess: two branches. Measured: none gains 2 points. It came out differently.
    """
    return RankPrediction(question, names, sign=1, tie=tie, none=none)


def smallest(
    question: str,
    names: Sequence[str],
    *,
    tie: Mapping[str, float] | None = None,
    none: Mapping[str, float] | None = None,
) -> RankPrediction:
    """Ask which of `names` has the smallest value; as `largest`, and `none` is right where it is above the limit.

    Example:
        >>> guess = smallest("Which ends lowest?", ["bytes", "0 to 1"])
        >>> guess.guess = "bytes"
        >>> guess.compare({"bytes": 65.9, "0 to 1": 47.0, "standardized": 67.6})
        Your guess: bytes. Measured: 0 to 1. It came out differently.
    """
    return RankPrediction(question, names, sign=-1, tie=tie, none=none)


class Prediction(ABC, Generic[_Answer]):
    """A question, and a guess at its answer: None until the learner commits to one."""

    def __init__(self, question: str) -> None:
        self.question = question
        self._guess: _Answer | None = None
        self._form: ipywidgets.VBox | None = None

    @property
    def guess(self) -> _Answer | None:
        """The guess, or None. Setting it checks it; None or ... takes it back.

        Raises:
            ValueError: what was set cannot be an answer to the question.
        """
        return self._guess

    @guess.setter
    def guess(self, value: object) -> None:
        self._guess = None if value is None or value is ... else self._checked(value)
        if self._form is not None:
            self._show_state()

    def compare(self, *values: object, digits: int | None = None, **named: object) -> None:
        """Print the guess beside what was measured.

        That no guess was made is said once in a session of Python, which in a notebook is once a notebook.

        Args:
            values: what was measured: a number, an option, values by name.
            digits: after the point; by default 1 for a number, and no number beside an option that was found by one.
            named: values by name, where the options ask for them.

        Raises:
            ValueError: what was measured fits no option, or more than one.
        """
        measured, remark, far_off = self._outcome(values, named, digits)
        if self._guess is None:
            _say_once_that_there_is_no_guess()
            print(f"Measured: {measured}.")
        else:
            print(f"Your guess: {self._name(self._guess)}. Measured: {measured}. {remark}")
            if far_off:
                progress.note_bet(self._text("your bet"), self.question, measured)

    @abstractmethod
    def _checked(self, value: object) -> _Answer: ...

    @abstractmethod
    def _outcome(
        self, values: tuple[object, ...], named: Mapping[str, object], digits: int | None
    ) -> tuple[str, str, bool]:
        """(what was measured, a remark on the guess, whether it is so far off that the bet comes back: see `again`)."""

    @abstractmethod
    def _name(self, value: _Answer) -> str: ...

    @abstractmethod
    def _text(self, state: str) -> str: ...

    @abstractmethod
    def _markup(self) -> str: ...

    @abstractmethod
    def _make_input(self) -> ipywidgets.Widget: ...

    def __repr__(self) -> str:
        state = _HOW if self._guess is None else f"your guess: {self._name(self._guess)}"
        return self._text(state)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, object]:
        return bundle(repr(self), self._markup(), self._widget)

    def _widget(self) -> ipywidgets.VBox:
        """The form; one for all views of this prediction, so that they agree."""
        if self._form is None:
            import ipywidgets

            self._input = self._make_input()
            self._button = ipywidgets.Button(description="Commit")
            self._button.on_click(self._commit)
            self._state = ipywidgets.Label()
            row = ipywidgets.HBox([self._button, self._state])
            question = ipywidgets.HTML(paragraph(self.question, bold=True))
            self._form = ipywidgets.VBox([question, self._input, row])
            self._show_state()
        return self._form

    def _commit(self, _button: ipywidgets.Button) -> None:
        if self._input.value is None:
            self._state.value = "Choose one first."
        else:
            self.guess = self._input.value

    def _show_state(self) -> None:
        guess = self._guess
        if guess is not None:
            self._input.value = guess
        # Committed is committed: the form does not give a second guess.
        self._input.disabled = self._button.disabled = guess is not None
        self._state.value = "" if guess is None else f"Your guess: {self._name(guess)}."


class NumberPrediction(Prediction[float]):
    """A guess from `low` to `high`, in `unit`."""

    def __init__(self, question: str, low: float, high: float, unit: str = "") -> None:
        if not low < high:
            raise ValueError(f"predict.number got low={low} and high={high}; it wants low below high.")
        super().__init__(question)
        self.low, self.high, self.unit = low, high, unit

    def _checked(self, value: object) -> float:
        # A bool is a Real; as a guess at a share it is a slip.
        if isinstance(value, bool) or not isinstance(value, Real) or not self.low <= float(value) <= self.high:
            raise ValueError(f"guess got {value!r}; it wants a number from {self._range()}.")
        return float(value)

    def _outcome(
        self, values: tuple[object, ...], named: Mapping[str, object], digits: int | None
    ) -> tuple[str, str, bool]:
        digits = 1 if digits is None else digits
        measured = as_number(single(values, named))
        off = 0.0 if self._guess is None else abs(measured - self._guess)
        return (
            f"{measured:.{digits}f} {self.unit}".strip(),
            f"Off by {off:.{digits}f}.",
            off > FAR_OFF * (self.high - self.low),
        )

    def _name(self, value: float) -> str:
        return f"{value:.10g} {self.unit}".strip()

    def _range(self) -> str:
        return f"{self.low:.10g} to {self._name(self.high)}"

    def _text(self, state: str) -> str:
        return f"Prediction: {self.question} ({self._range()}) – {state}"

    def _markup(self) -> str:
        return paragraph(f"Prediction: {self.question} ({self._range()})")

    def _make_input(self) -> ipywidgets.FloatSlider:
        import ipywidgets

        # A power of ten that cuts the range into a hundred steps or a little more.
        power = math.floor(math.log10((self.high - self.low) / 100))
        return ipywidgets.FloatSlider(
            value=(self.low + self.high) / 2,
            min=self.low,
            max=self.high,
            step=10.0**power,
            readout_format=f".{max(0, -power)}f",
            layout=ipywidgets.Layout(width="400px"),
        )


class ChoicePrediction(Prediction[str]):
    """A guess at one of `options`; `compare` is told which one is right."""

    def __init__(self, question: str, options: Sequence[str]) -> None:
        if isinstance(options, str) or len(options) < 2 or len(set(options)) < len(options):
            raise ValueError(f"predict.choice got options={options!r}; it wants two or more, all different.")
        super().__init__(question)
        self.options = tuple(options)

    def _checked(self, value: object, what: str = "guess") -> str:
        # An option's text goes first: where options are themselves letters, "b" means the option "b".
        by_name = {**dict(lettered(self.options)), **{option: option for option in self.options}}
        if not isinstance(value, str) or value not in by_name:
            raise ValueError(f"{what} got {value!r}; it wants one of {', '.join(map(repr, self.options))}.")
        return by_name[value]

    def _outcome(
        self, values: tuple[object, ...], named: Mapping[str, object], digits: int | None
    ) -> tuple[str, str, bool]:
        option = self._checked(single(values, named), "compare")
        return self._name(option), *self._judged(option)

    def _judged(self, *right: str) -> tuple[str, bool]:
        """The last two of `_outcome`, where these options are right."""
        return ("You were right.", False) if self._guess in right else ("It came out differently.", True)

    def _name(self, value: str) -> str:
        return value.rstrip(".")

    def _text(self, state: str) -> str:
        lines = [f"  {letter}) {option}" for letter, option in lettered(self.options)]
        return "\n".join([f"Prediction: {self.question} – {state}", *lines])

    def _markup(self) -> str:
        items = "".join(f"<li>{html.escape(option)}</li>" for option in self.options)
        return f'{paragraph(f"Prediction: {self.question}")}<ol type="a">{items}</ol>'

    def _make_input(self) -> ipywidgets.RadioButtons:
        import ipywidgets

        # index=None: nothing is chosen yet. A preselected option would be a hint.
        return ipywidgets.RadioButtons(options=self.options, index=None, layout=ipywidgets.Layout(width="max-content"))


class ConditionPrediction(ChoicePrediction):
    """A guess at one of several options, each of which has a condition: see `choice`."""

    def __init__(self, question: str, options: Mapping[str, Condition]) -> None:
        super().__init__(question, tuple(options))
        ranges = ranges_of({text: c for text, c in options.items() if not (callable(c) or isinstance(c, Otherwise))})
        functions = {text: c for text, c in options.items() if callable(c)}
        self._otherwise = [text for text, c in options.items() if c is OTHERWISE]
        if len(self._otherwise) > 1:
            raise ValueError(f"predict.choice got OTHERWISE for {listed(self._otherwise)}; it wants it once at most.")
        refuse_overlaps(ranges, gaps=not functions and not self._otherwise)
        self._conditions: dict[str, Range | Callable[..., object]] = {**ranges, **functions}

    def _outcome(
        self, values: tuple[object, ...], named: Mapping[str, object], digits: int | None
    ) -> tuple[str, str, bool]:
        right = [text for text, condition in self._conditions.items() if holds(text, condition, values, named)]
        right = right or self._otherwise
        if len(right) != 1:
            fits = f"fits {listed(right)}" if right else f"fits none of {listed(self.options)}"
            raise ValueError(f"compare got {in_words(values, named)}, which {fits}; exactly one option must be right.")
        shown = "" if digits is None else f" ({as_number(single(values, named)):.{digits}f})"
        return self._name(right[0]) + shown, *self._judged(right[0])


class RankPrediction(ChoicePrediction):
    """A guess at which of several names has the largest (`sign` 1) or the smallest (−1) value: see `largest`."""

    def __init__(
        self,
        question: str,
        names: Sequence[str],
        *,
        sign: int,
        tie: Mapping[str, float] | None,
        none: Mapping[str, float] | None,
    ) -> None:
        for what, more in {"tie": tie, "none": none}.items():
            if more is not None and len(more) != 1:
                raise ValueError(f"{what} got {more!r}; it wants one option, text → number.")
        if isinstance(names, str) or len(names) < 2:
            raise ValueError(f"got names={names!r}; it wants two or more.")
        super().__init__(question, (*names, *(tie or {}), *(none or {})))
        self._names, self._sign, self._tie, self._none = tuple(names), sign, tie or {}, none or {}

    def _outcome(
        self, values: tuple[object, ...], named: Mapping[str, object], digits: int | None
    ) -> tuple[str, str, bool]:
        right = self._right(self._by_name(values, named))
        return " and ".join(map(self._name, right)), *self._judged(*right)

    def _right(self, signed: Mapping[str, float]) -> list[str]:
        """The right options, given the values with a sign by which the largest is the one that is asked for."""
        best, second = sorted(signed.values(), reverse=True)[:2]
        for text, limit in self._none.items():
            if best < self._sign * limit:
                return [text]
        for text, margin in self._tie.items():
            if best - second < margin:
                return [text]
        return [name for name, value in signed.items() if value == best]

    def _by_name(self, values: tuple[object, ...], named: Mapping[str, object]) -> dict[str, float]:
        given = dict(named)
        for part in values:
            if not isinstance(part, Mapping):
                raise ValueError(f"compare got {part!r:.60}; it wants values by name, such as {{'A': 0.9, 'B': 0.8}}.")
            given |= part
        missing = [name for name in self._names if name not in given]
        if missing:
            raise ValueError(f"compare got no value for {listed(missing)}; it wants one for each option.")
        return {name: self._sign * as_number(given[name]) for name in self._names}


@cache
def _say_once_that_there_is_no_guess() -> None:
    print("No guess made.", end=" ")
