"""The learner commits to a guess before the experiment is run; afterwards both stand side by side.

guess = predict.number("What share will be right?", low=0, high=100, unit="%")
guess                   # in a notebook: a form with a button "Commit"
guess.guess = 80        # the same without a form
guess.compare(77.3)     # Your guess: 80 %. Measured: 77.3 %. Off by 2.7.
"""

from __future__ import annotations

import html
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Real

from .view import bundle, lettered, paragraph

_HOW = "set .guess or use the form"


def number(question: str, *, low: float, high: float, unit: str = "") -> NumberPrediction:
    """Ask for a number from `low` to `high`, both allowed, in `unit`.

    Example:
        >>> guess = number("How many of 100 will be right?", low=0, high=100, unit="%")
        >>> guess.guess = 80
        >>> guess.compare(77.3)
        Your guess: 80 %. Measured: 77.3 %. Off by 2.7.
    """
    return NumberPrediction(question, low, high, unit)


def choice(question: str, options: Sequence[str]) -> ChoicePrediction:
    """Ask for one of `options`; a guess is the option's text or its letter.

    Example:
        >>> guess = choice("Which one wins?", ["SGD", "AdamW"])
        >>> guess.guess = "a"
        >>> guess.compare("AdamW")
        Your guess: SGD. Measured: AdamW. It came out differently.
    """
    return ChoicePrediction(question, options)


class Prediction(ABC):
    """A question, and a guess at its answer: None until the learner commits to one."""

    def __init__(self, question: str):
        self.question = question
        self._guess = None
        self._form = None

    @property
    def guess(self):
        """The guess, or None. Setting it checks it; None or ... takes it back.

        Raises:
            ValueError: what was set cannot be an answer to the question.
        """
        return self._guess

    @guess.setter
    def guess(self, value) -> None:
        self._guess = None if value is None or value is ... else self._checked(value)
        if self._form is not None:
            self._show_state()

    def compare(self, result, *, digits: int = 1) -> None:
        """Print the guess beside `result`; `digits` after the point, where the result is a number."""
        measured = self._measured(result)
        told = self._name(measured, digits)
        if self.guess is None:
            print(f"No guess made. Measured: {told}.")
        else:
            print(f"Your guess: {self._name(self.guess)}. Measured: {told}. {self._distance(measured, digits)}")

    @abstractmethod
    def _checked(self, value): ...

    @abstractmethod
    def _measured(self, result): ...

    @abstractmethod
    def _name(self, value, digits: int | None = None) -> str: ...

    @abstractmethod
    def _distance(self, measured, digits: int) -> str: ...

    @abstractmethod
    def _text(self, state: str) -> str: ...

    @abstractmethod
    def _markup(self) -> str: ...

    @abstractmethod
    def _make_input(self): ...

    def __repr__(self) -> str:
        state = _HOW if self.guess is None else f"your guess: {self._name(self.guess)}"
        return self._text(state)

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, object]:
        return bundle(repr(self), self._markup(), self._widget)

    def _widget(self):
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

    def _commit(self, _button) -> None:
        if self._input.value is None:
            self._state.value = "Choose one first."
        else:
            self.guess = self._input.value

    def _show_state(self) -> None:
        made = self.guess is not None
        if made:
            self._input.value = self.guess
        # Committed is committed: the form does not give a second guess.
        self._input.disabled = self._button.disabled = made
        self._state.value = f"Your guess: {self._name(self.guess)}." if made else ""


class NumberPrediction(Prediction):
    """A guess from `low` to `high`, in `unit`."""

    def __init__(self, question: str, low: float, high: float, unit: str = ""):
        if not low < high:
            raise ValueError(f"predict.number got low={low} and high={high}; it wants low below high.")
        super().__init__(question)
        self.low, self.high, self.unit = low, high, unit

    def _checked(self, value) -> float:
        # A bool is a Real; as a guess at a share it is a slip.
        if isinstance(value, bool) or not isinstance(value, Real) or not self.low <= value <= self.high:
            raise ValueError(f"guess got {value!r}; it wants a number from {self._range()}.")
        return float(value)

    def _measured(self, result) -> float:
        return float(result)

    def _name(self, value, digits: int | None = None) -> str:
        return f"{value:.10g} {self.unit}".strip() if digits is None else f"{value:.{digits}f} {self.unit}".strip()

    def _distance(self, measured: float, digits: int) -> str:
        return f"Off by {abs(measured - self.guess):.{digits}f}."

    def _range(self) -> str:
        return f"{self.low:.10g} to {self._name(self.high)}"

    def _text(self, state: str) -> str:
        return f"Prediction: {self.question} ({self._range()}) – {state}"

    def _markup(self) -> str:
        return paragraph(f"Prediction: {self.question} ({self._range()})")

    def _make_input(self):
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


class ChoicePrediction(Prediction):
    """A guess at one of `options`."""

    def __init__(self, question: str, options: Sequence[str]):
        if isinstance(options, str) or len(options) < 2 or len(set(options)) < len(options):
            raise ValueError(f"predict.choice got options={options!r}; it wants two or more, all different.")
        super().__init__(question)
        self.options = tuple(options)

    def _checked(self, value, what: str = "guess") -> str:
        # An option's text goes first: where options are themselves letters, "b" means the option "b".
        by_name = {**dict(lettered(self.options)), **{option: option for option in self.options}}
        if not isinstance(value, str) or value not in by_name:
            raise ValueError(f"{what} got {value!r}; it wants one of {', '.join(map(repr, self.options))}.")
        return by_name[value]

    def _measured(self, result) -> str:
        return self._checked(result, "compare")

    def _name(self, value, digits: int | None = None) -> str:
        return value.rstrip(".")

    def _distance(self, measured: str, digits: int) -> str:
        return "You were right." if measured == self.guess else "It came out differently."

    def _text(self, state: str) -> str:
        lines = [f"  {letter}) {option}" for letter, option in lettered(self.options)]
        return "\n".join([f"Prediction: {self.question} – {state}", *lines])

    def _markup(self) -> str:
        items = "".join(f"<li>{html.escape(option)}</li>" for option in self.options)
        return f'{paragraph(f"Prediction: {self.question}")}<ol type="a">{items}</ol>'

    def _make_input(self):
        import ipywidgets

        # index=None: nothing is chosen yet. A preselected option would be a hint.
        return ipywidgets.RadioButtons(options=self.options, index=None, layout=ipywidgets.Layout(width="max-content"))
