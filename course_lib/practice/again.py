"""What a learner got wrong comes back: after 1, 3, 7 and 21 days, and then no more.

Spaced retrieval is among the few ways to learn that large trials support (Dunlosky et al.: Improving students'
learning with effective learning techniques, 2013). The days widen as in Leitner's box; these four are a choice.
What is to come back stands in the progress file, as `again` of an entry: {"step": 0, "due": "2026-12-01"}.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from . import catalogue, progress
from .quiz import Question, Quiz
from .schedule import is_due


@dataclass(frozen=True)
class Item:
    """Something that comes back.

    Attributes:
        part: "quizzes", "bets" or "exercises" of the progress file.
        key: its entry there, such as "03/1".
        due: the day.
        front: what is asked.
        back: the answer, and why.
        question: with its options, of a quiz; else None.
    """

    part: str
    key: str
    due: date
    front: str
    back: str
    question: Question | None = None

    @property
    def lesson(self) -> str:
        """Number of its chapter, such as "03"."""
        return self.key.partition("/")[0]


def items() -> list[Item]:
    """All that is to come back, by day. A question that the course no longer asks is left out."""
    kept = progress.read()
    made = [
        item
        for part, make in (("quizzes", _of_quiz), ("bets", _of_bet), ("exercises", _of_exercise))
        for key, entry in kept[part].items()
        if "again" in entry
        for item in make(key, entry)
    ]
    return sorted(made, key=lambda item: (item.due, item.key))


def due(today: date | None = None) -> list[Item]:
    """What is to come back by `today`, which is the machine's day where it is None."""
    return [item for item in items() if is_due(item.due.isoformat(), today or date.today())]


def done(item: Item, good: bool) -> None:
    """It was asked again: known, it waits for the next of its days; not known, it begins anew."""
    progress.note_again(item.part, item.key, good)


def quiz(today: date | None = None) -> DueQuiz:
    """The questions that are due as one quiz, for a notebook; what is answered is kept.

    Raises:
        ValueError: no question is due.
    """
    asked = [item for item in due(today) if item.question is not None]
    if not asked:
        raise ValueError(f"No question is due. {upcoming()}")
    return DueQuiz([item.question for item in asked if item.question is not None], items=tuple(asked))


@dataclass(frozen=True, eq=False, repr=False)
class DueQuiz(Quiz):
    """A quiz of questions from several chapters; each choice counts for the question where it came from."""

    items: tuple[Item, ...] = ()

    def note(self, number: int, letter: str) -> bool:
        """Keep this choice; True where it is right."""
        right = self.questions[number - 1].lettered[letter].right
        done(self.items[number - 1], right)
        return right


def upcoming() -> str:
    """How many things come back, and when the next one does, in words."""
    waiting = items()
    if not waiting:
        return "Nothing is waiting: what you get wrong in a quiz, a bet or an exercise comes back here."
    first = waiting[0].due
    when = "today" if first <= date.today() else f"on {first.isoformat()}"
    return f"{len(waiting)} {'thing waits' if len(waiting) == 1 else 'things wait'}, the next one {when}."


def anki(waiting: Iterable[Item]) -> str:
    r"""A deck that Anki imports as it is: columns parted by a tab, all of it plain text.

    >>> anki([Item("bets", "03/How much?", date(2026, 12, 1), "How much?", "97 %")]).splitlines()[-1]
    'How much?\t97 %\tcourse::03'
    """
    rows = [f"{_quoted(item.front)}\t{_quoted(item.back)}\tcourse::{item.lesson}" for item in waiting]
    return "\n".join(["#separator:tab", "#html:false", "#columns:Front\tBack\tTags", *rows, ""])


def _quoted(text: str) -> str:
    """A field of the deck; quotes keep the lines and tabs in it."""
    return f'"{text.replace(chr(34), 2 * chr(34))}"' if any(sign in text for sign in '\t\n"#') else text


# --- entries of the progress file as items ---


def _of_quiz(key: str, entry: dict) -> Iterator[Item]:
    lesson, _, number = key.partition("/")
    try:
        question = catalogue.quiz(lesson).questions[int(number) - 1]
    except (ValueError, IndexError):
        return
    options = [f"{letter}) {option.text}" for letter, option in question.lettered.items()]
    right = [f"{letter}) {option.text}\n{option.why}" for letter, option in question.lettered.items() if option.right]
    yield Item("quizzes", key, _day(entry), "\n".join([question.text, *options]), "\n".join(right), question)


def _of_bet(key: str, entry: dict) -> Iterator[Item]:
    yield Item("bets", key, _day(entry), entry.get("asked", key), f"Measured: {entry.get('measured', '?')}.")


def _of_exercise(key: str, entry: dict) -> Iterator[Item]:
    lesson, _, name = key.partition("/")
    if name not in {exercise.name for exercise in catalogue.exercises(lesson)}:
        return
    front = f"Write the exercise {name} of chapter {int(lesson)} again, without its hints."
    yield Item(
        "exercises", key, _day(entry), front, f"Its check in the lesson, ex.{name}.check(…), says whether it is right."
    )


def _day(entry: dict) -> date:
    return date.fromisoformat(entry["again"]["due"])
