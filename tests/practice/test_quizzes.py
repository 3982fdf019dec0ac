"""No question of a lesson's quiz gives its answer away: by its place, by its length, by its tone."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import pytest

from course_lib.lessons.transfer import quiz_travel
from course_lib.practice import Option, Question, Quiz, catalogue

LESSONS = [lesson for lesson in catalogue.lessons() if catalogue.quiz(lesson).questions]
QUIZZES = {lesson: catalogue.quiz(lesson) for lesson in LESSONS}
ALL = [question for quiz in QUIZZES.values() for question in quiz.questions]

# Of the options of one question, the longest against the shortest; short ones may differ by a word.
OPTION_RATIO, A_WORD, WHY_RATIO = 1.25, 10, 1.5
WHY_LENGTHS = (80, 190)
ABSOLUTE = re.compile(
    r"\b(always|never|only|cannot|impossible|must|every|useless|proven|guaranteed|entirely|no matter|merely|just|ever"
    r"|definitely|certainly|any|all|everything|anything|exactly)\b",
    re.IGNORECASE,
)
HEDGED = re.compile(
    r"\b(may|might|perhaps|usually|often|mostly|mainly|probably|sometimes|partly|at best|likely|unless|seems?|rather"
    r"|nearly|hardly|about|some)\b",
    re.IGNORECASE,
)
Measure = Callable[[Option], int]


def text_length(option: Option) -> int:
    return len(option.text)


def why_length(option: Option) -> int:
    return len(option.why)


# --- one question ---------------------------------------------------------------------------------------


def faults(question: Question) -> list[str]:
    """What gives the right option of this question away."""
    found = []
    texts, whys = ([measure(option) for option in question.options] for measure in (text_length, why_length))
    if max(texts) > max(OPTION_RATIO * min(texts), min(texts) + A_WORD):
        found.append(f"its options have {min(texts)} to {max(texts)} characters")
    if max(whys) > WHY_RATIO * min(whys):
        found.append(f"its explanations have {min(whys)} to {max(whys)} characters")
    if not all(WHY_LENGTHS[0] <= length <= WHY_LENGTHS[1] for length in whys):
        found.append(f"an explanation has {min(whys)} or {max(whys)} characters, not {WHY_LENGTHS}")
    for name, words in {"absolute": ABSOLUTE, "hedging": HEDGED}.items():
        if _with(words, question, right=True) != _with(words, question, right=False):
            found.append(f"of right and wrong options one has a word that is {name}, the other has none")
    if sum(option.right for option in question.options) != 1:
        found.append("it has more than one right option")
    if len({option.text for option in question.options}) < len(question.options):
        found.append("two of its options are alike")
    return found


def _with(words: re.Pattern[str], question: Question, *, right: bool) -> bool:
    return any(words.search(option.text) for option in question.options if option.right is right)


@pytest.mark.parametrize(
    ("lesson", "number"), [(lesson, n) for lesson, quiz in QUIZZES.items() for n in range(1, len(quiz.questions) + 1)]
)
def test_a_question_does_not_give_its_answer_away(lesson, number):
    assert faults(QUIZZES[lesson].questions[number - 1]) == []


WHY = "It is so, and the reason takes a line and a half to tell, which is what an explanation here should have."


def asked(*texts: str, right: int = 0, whys: Sequence[str] = ()) -> Question:
    """A question with these options, the one at `right` being right."""
    reasons = whys or [WHY] * len(texts)
    return Question(
        "?", [Option(text, n == right, why) for n, (text, why) in enumerate(zip(texts, reasons, strict=True))]
    )


def test_a_fair_question_passes():
    assert faults(asked("the loss falls", "the loss rises", "the loss stays")) == []
    assert faults(asked("it is always so", "it is never so", "it was so once")) == []


@pytest.mark.parametrize(
    ("question", "fault"),
    [
        (asked("a loss that falls until it has reached its end", "a loss that stays"), "options have 17 to 46"),
        (asked("one", "two", whys=[WHY, WHY + 60 * "x"]), "explanations have"),
        (asked("one", "two", whys=["Short, as it is.", "Short, as it was."]), "an explanation has 16"),
        (asked("one", "two", whys=[2 * WHY, 2 * WHY]), "an explanation has"),
        (asked("it falls", "it always falls"), "absolute"),
        (asked("it only falls", "it falls"), "absolute"),
        (asked("it may fall", "it falls"), "hedging"),
        (asked("it falls", "it mostly falls"), "hedging"),
        (asked("it falls", "it falls"), "alike"),
        (
            Question("?", [Option("a", True, WHY), Option("b", True, WHY), Option("c", False, WHY)]),
            "more than one right",
        ),
    ],
)
def test_what_gives_an_answer_away_is_found(question, fault):
    assert any(fault in found for found in faults(question))


# --- places ---------------------------------------------------------------------------------------------


def letter(question: Question) -> str:
    return next(letter for letter, option in question.lettered.items() if option.right)


def uneven(questions: Sequence[Question], *, by: float) -> list[str]:
    """Letters at which the right option stands more or less often than chance would have it, `by` or more."""
    found = Counter(map(letter, questions))
    expected: Counter[str] = Counter()
    for question in questions:
        expected.update(dict.fromkeys(question.lettered, 1 / len(question.options)))
    return [
        f"{place}: {found[place]}, expected {expected[place]:.1f}"
        for place in expected
        if abs(found[place] - expected[place]) >= by
    ]


def longest_run(letters: Iterable[str]) -> int:
    """How many in a row are the same, at most."""
    return max((len(run.group()) for run in re.finditer(r"(.)\1*", "".join(letters))), default=0)


def test_right_options_stand_at_all_places_of_the_course():
    assert uneven(ALL, by=1.5) == []


@pytest.mark.parametrize("question", quiz_travel.QUIZ.questions)
def test_the_question_of_a_notebook_s_own_quiz_does_not_give_itself_away(question):
    """3c's; answers to it are not kept in the progress, in which a chapter has one quiz."""
    assert faults(question) == []


@pytest.mark.parametrize("lesson", LESSONS)
def test_right_options_stand_at_all_places_of_a_quiz(lesson):
    questions = QUIZZES[lesson].questions
    assert uneven(questions, by=1) == []
    assert longest_run(map(letter, questions)) <= 2


def test_no_two_quizzes_have_the_same_key():
    keys = ["".join(map(letter, quiz.questions)) for quiz in QUIZZES.values()]
    assert len(set(keys)) == len(keys)


def test_uneven_places_are_found():
    first = [asked("one", "two", "six", right=0)] * 4
    assert uneven(first, by=1) == ["a: 4, expected 1.3", "b: 0, expected 1.3", "c: 0, expected 1.3"]
    assert uneven([asked("one", "two", "six", right=n % 3) for n in range(6)], by=1) == []
    assert longest_run("abbba") == 3
    assert longest_run("abab") == 1


# --- lengths, over the course ---------------------------------------------------------------------------


def extremes(questions: Sequence[Question], measure: Measure) -> tuple[float, float, float]:
    """How often the right option is the longest, how often the shortest (a tie counts its share), and by chance."""
    longest = shortest = chance = 0.0
    for question in questions:
        lengths = [measure(option) for option in question.options]
        right = next(measure(option) for option in question.options if option.right)
        longest += (right == max(lengths)) / lengths.count(max(lengths))
        shortest += (right == min(lengths)) / lengths.count(min(lengths))
        chance += 1 / len(lengths)
    return longest, shortest, chance


def told_by_length(questions: Sequence[Question], measure: Measure) -> bool:
    """Whether "take the longest" or "take the shortest" does better, or worse, than chance by a standard deviation."""
    longest, shortest, chance = extremes(questions, measure)
    deviation = math.sqrt(sum((1 - 1 / len(q.options)) / len(q.options) for q in questions))
    return max(abs(longest - chance), abs(shortest - chance)) > deviation


@pytest.mark.parametrize("measure", [text_length, why_length])
def test_the_right_option_is_not_told_by_its_length(measure):
    assert not told_by_length(ALL, measure), extremes(ALL, measure)


def test_a_tell_by_length_is_found():
    longest = [asked("the loss rises", "the loss falls now", right=1)] * 6
    shortest = [asked("the loss rises", "the loss falls now", right=0)] * 6
    assert told_by_length(longest, text_length)
    assert told_by_length(shortest, text_length)
    assert not told_by_length(longest[:3] + shortest[:3], text_length)
    assert not told_by_length([asked("one", "two")] * 6, text_length)


# --- tone -----------------------------------------------------------------------------------------------


def shape(option: Option) -> str:
    """How an option is built: whether it goes on after a colon, a semicolon, a comma or a full stop."""
    return "".join(sorted(set(re.findall(r"[:;,]|\.(?= )", option.text))))


def told_by_shape(questions: Sequence[Question]) -> list[str]:
    """Questions in which the right option, and no other, is built in one way while all others are built in another."""
    found = []
    for question in questions:
        right = {shape(option) for option in question.options if option.right}
        wrong = {shape(option) for option in question.options if not option.right}
        if len(wrong) == 1 and right != wrong:
            found.append(question.text)
    return found


def test_the_right_option_is_built_like_others():
    assert told_by_shape(ALL) == []


def test_an_option_that_is_built_unlike_the_others_is_found():
    assert told_by_shape([asked("so: it falls", "it rises now", "it stays now")])
    assert told_by_shape([asked("it falls now", "so: it rises", "so: it stays")])
    assert not told_by_shape([asked("so: it falls", "so: it rises", "it stays now")])


def test_plain_tone():
    texts = [text for q in ALL for text in (q.text, *(o.text for o in q.options), *(o.why for o in q.options))]
    assert [text for text in texts if "!" in text] == []


def test_quizzes_are_found():
    assert len(QUIZZES) >= 7
    assert isinstance(QUIZZES["01"], Quiz)
    assert len(ALL) >= 44
