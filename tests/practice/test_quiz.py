"""Quizzes, by form and by plain call."""

from __future__ import annotations

import pytest

from course_lib.practice import Option, Question, Quiz

VIEW = "application/vnd.jupyter.widget-view+json"


def a_quiz() -> Quiz:
    even = [Option("yes", True, "2 = 2 · 1."), Option("no & no", False, "It is <b>.")]
    odd = [Option("2", False, "Even."), Option("4", False, "No."), Option("3", True, "Yes.")]
    return Quiz([Question("Is <i>2</i> even?", even), Question("Which is odd?", odd)])


def test_text_shows_questions_and_options_and_no_answers():
    assert repr(a_quiz()).splitlines() == [
        "1. Is <i>2</i> even?",
        "   a) yes",
        "   b) no & no",
        "2. Which is odd?",
        "   a) 2",
        "   b) 4",
        "   c) 3",
    ]
    assert a_quiz()._repr_mimebundle_()["text/plain"] == a_quiz()._repr_mimebundle_()["text/plain"] == repr(a_quiz())


def test_html_is_escaped_and_gives_nothing_away():
    markup = a_quiz()._repr_mimebundle_()["text/html"]
    assert "Is &lt;i&gt;2&lt;/i&gt; even?" in markup
    assert "no &amp; no" in markup
    assert "2 = 2" not in markup


@pytest.mark.parametrize(
    ("number", "letter", "told"),
    [
        (1, "a", "1 a) yes\nRight. 2 = 2 · 1.\n"),
        (1, " B", "1 b) no & no\nNot right. It is <b>.\n"),
        (2, "c", "2 c) 3\nRight. Yes.\n"),
    ],
)
def test_every_answer_is_explained(capsys, number, letter, told):
    assert a_quiz().answer(number, letter) is None
    assert capsys.readouterr().out == told


@pytest.mark.parametrize(
    ("number", "letter", "complaint"),
    [
        (0, "a", "answer got question 0; it wants 1 to 2"),
        ("1", "a", "answer got question '1'"),
        (1, "c", "answer got option 'c' of question 1; it wants one of 'a', 'b'"),
        (1, 1, "answer got option 1"),
    ],
)
def test_no_such_answer(number, letter, complaint):
    with pytest.raises(ValueError, match=complaint):
        a_quiz().answer(number, letter)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Option("", True, "why"),
        lambda: Option("text", True, " "),
        lambda: Question("?", [Option("a", True, "why")]),
        lambda: Question("?", [Option("a", False, "why"), Option("b", False, "why")]),
        lambda: Question("?", []),
    ],
)
def test_quiz_that_cannot_be(make):
    with pytest.raises(ValueError, match="got"):
        make()


def test_form_explains_the_choice():
    quiz = a_quiz()
    form = quiz._form
    assert quiz._repr_mimebundle_()[VIEW]["model_id"] == form.model_id
    _, buttons, feedback = form.children[0].children
    assert buttons.value is None, "nothing is chosen for the learner"
    assert feedback.value == ""
    buttons.value = "b"
    assert "Not right. It is &lt;b&gt;." in feedback.value
    buttons.value = "a"
    assert "Right. 2 = 2" in feedback.value
    buttons.value = None
    assert feedback.value == ""


def test_question_in_the_form_is_escaped():
    title, buttons, _ = a_quiz()._form.children[0].children
    assert "&lt;i&gt;2&lt;/i&gt;" in title.value
    assert buttons.options[1] == ("b) no & no", "b")


def test_forms_are_not_shared():
    assert a_quiz()._form is not a_quiz()._form
