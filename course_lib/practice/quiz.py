"""Questions with options, each of which says why it is right or wrong.

quiz = Quiz([Question("Which mode?", [Option("training", False, "…"), Option("inference", True, "…")])])
quiz                    # in a notebook: a form
quiz.answer(1, "b")     # the same without a form
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from . import progress
from .view import bundle, lettered, paragraph, wrapped

if TYPE_CHECKING:
    import ipywidgets


@dataclass(frozen=True)
class Option:
    """One possible answer, whether it is `right`, and `why`: the explanation that choosing it gives."""

    text: str
    right: bool
    why: str

    def __post_init__(self) -> None:
        if not self.text.strip() or not self.why.strip():
            raise ValueError(f"Option got text={self.text!r}, why={self.why!r}; it wants both to say something.")


@dataclass(frozen=True)
class Question:
    """A question with two or more `options`, at least one right and at least one wrong."""

    text: str
    options: Sequence[Option]

    def __post_init__(self) -> None:
        rights = {option.right for option in self.options}
        if rights != {True, False}:
            raise ValueError(
                f"Question {self.text!r} got {len(self.options)} options, of which "
                f"{sum(option.right for option in self.options)} right; it wants at least one right, one wrong."
            )

    @property
    def lettered(self) -> dict[str, Option]:
        """Its options by letter: "a", "b", …"""
        return dict(zip((letter for letter, _ in lettered(self.options)), self.options, strict=True))

    def feedback(self, letter: str) -> str:
        """What choosing `letter` gives: "Right." or "Not right.", and why."""
        option = self.lettered[letter]
        return f"{'Right' if option.right else 'Not right'}. {option.why}"


@dataclass(frozen=True, eq=False, repr=False)
class Quiz:
    """Questions, shown as a form in a notebook and as numbered text everywhere else.

    Attributes:
        questions: numbered from 1.
        lesson: whose quiz it is, such as "03"; what is answered is then kept in the learner's progress.

    Example:
        >>> options = [Option("training", False, "There it drifts."), Option("inference", True, "There it rests.")]
        >>> quiz = Quiz([Question("In which mode is a frozen BatchNorm?", options)])
        >>> quiz.answer(1, "b")
        1 b) inference
        Right. There it rests.
    """

    questions: Sequence[Question]
    lesson: str = ""

    def answer(self, number: int, letter: str) -> None:
        """Print why option `letter` of question `number` (from 1) is right or wrong.

        Raises:
            ValueError: no such question or no such option.
        """
        question, letter = self._found(number, letter)
        self.note(number, letter)
        print(wrapped(f"{number} {letter}) {question.lettered[letter].text}\n{question.feedback(letter)}"))

    def note(self, number: int, letter: str) -> bool:
        """Keep this choice in the learner's progress; True where it is right."""
        right = self.questions[number - 1].lettered[letter].right
        progress.note_answer(self.lesson, number, right)
        return right

    def _found(self, number: int, letter: str) -> tuple[Question, str]:
        if number not in range(1, len(self.questions) + 1):
            raise ValueError(f"answer got question {number!r}; it wants 1 to {len(self.questions)}.")
        question = self.questions[number - 1]
        wanted = letter.strip().lower() if isinstance(letter, str) else letter
        if wanted not in question.lettered:
            letters = ", ".join(map(repr, question.lettered))
            raise ValueError(f"answer got option {letter!r} of question {number}; it wants one of {letters}.")
        return question, wanted

    def __repr__(self) -> str:
        blocks = []
        for number, question in enumerate(self.questions, start=1):
            options = [f"   {letter}) {option.text}" for letter, option in question.lettered.items()]
            blocks.append("\n".join([f"{number}. {question.text}", *options]))
        return "\n".join(blocks)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, object]:
        return bundle(repr(self), self._markup(), lambda: self._form)

    def _markup(self) -> str:
        items = []
        for question in self.questions:
            options = "".join(f"<li>{html.escape(option.text)}</li>" for option in question.options)
            items.append(f'<li>{html.escape(question.text)}<ol type="a">{options}</ol></li>')
        return f"<ol>{''.join(items)}</ol>"

    @cached_property
    def _form(self) -> ipywidgets.VBox:
        """One for all views of this quiz, so that they agree."""
        import ipywidgets

        return ipywidgets.VBox([_question_form(self, number) for number in range(1, len(self.questions) + 1)])


def _question_form(quiz: Quiz, number: int) -> ipywidgets.VBox:
    """Question, radio buttons, and the feedback that follows a choice."""
    import ipywidgets

    question = quiz.questions[number - 1]
    # Pairs of text and letter, so that two options may read the same; index=None: nothing is chosen yet.
    options = [(f"{letter}) {option.text}", letter) for letter, option in question.lettered.items()]
    layout = ipywidgets.Layout(width="max-content")
    buttons = ipywidgets.RadioButtons(options=options, index=None, layout=layout)
    feedback = ipywidgets.HTML()

    def tell(change: dict) -> None:
        feedback.value = paragraph(question.feedback(change["new"])) if change["new"] else ""
        if change["new"]:
            quiz.note(number, change["new"])

    buttons.observe(tell, names="value")
    return ipywidgets.VBox([ipywidgets.HTML(paragraph(f"{number}. {question.text}", bold=True)), buttons, feedback])
