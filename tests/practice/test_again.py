"""What was got wrong comes back on its days, until it was known on each of them."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta

import pytest
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.practice import again, catalogue, predict, progress, schedule

TODAY = date(2026, 11, 30)


class Clock(date):
    now = TODAY

    @classmethod
    def today(cls):
        return cls.now


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The machine's day, which a test can move."""
    monkeypatch.setattr(progress, "date", Clock)
    monkeypatch.setattr(again, "date", Clock)
    monkeypatch.setattr(Clock, "now", TODAY)
    return Clock


@pytest.fixture
def in_lesson_3(monkeypatch):
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/me/my/03a_transfer_learning_eurosat.ipynb")


def letters(number: int) -> dict[bool, str]:
    return {option.right: letter for letter, option in catalogue.quiz("03").questions[number - 1].lettered.items()}


def get_wrong(number: int = 1) -> None:
    catalogue.quiz("03").answer(number, letters(number)[False])


def test_a_wrong_answer_comes_back_after_1_3_7_and_21_days(clock):
    get_wrong()
    waited = []
    while again.items():
        (item,) = again.items()
        waited.append((item.due - clock.now).days)
        assert again.due(item.due - timedelta(days=1)) == []
        clock.now = item.due
        (found,) = again.due()
        again.done(found, good=True)
    assert tuple(waited) == schedule.SPACING


def test_what_is_got_wrong_again_begins_anew(clock):
    get_wrong()
    clock.now += timedelta(days=1)
    again.done(again.due()[0], good=True)
    clock.now += timedelta(days=3)
    again.done(again.due()[0], good=False)
    assert [(item.due - clock.now).days for item in again.items()] == [1]


def test_the_right_answer_at_once_after_the_wrong_one_does_not_count():
    get_wrong()
    catalogue.quiz("03").answer(1, letters(1)[True])
    assert len(again.items()) == 1


def test_a_right_first_answer_never_comes_back():
    catalogue.quiz("03").answer(1, letters(1)[True])
    assert again.items() == []
    assert "Nothing is waiting" in again.upcoming()


# --- bets and exercises ---


@pytest.mark.usefixtures("in_lesson_3")
@pytest.mark.parametrize(("guess", "comes_back"), [(70.0, False), (60.0, True)])
def test_a_number_that_is_more_than_a_quarter_of_the_range_off_comes_back(guess, comes_back):
    bet = predict.number("How many of 100?", low=0, high=100, unit="%")
    bet.guess = guess
    bet.compare(90.0)
    assert [item.back for item in again.items()] == ["Measured: 90.0 %."] * comes_back
    assert all("How many of 100?" in item.front for item in again.items())


@pytest.mark.usefixtures("in_lesson_3")
def test_of_choices_the_wrong_one_comes_back():
    for question, guess in (("right?", "b"), ("wrong?", "a"), ("none?", None)):
        bet = predict.choice(question, {"up to 60": (0, 60), "more": (60, 100)})
        bet.guess = guess
        bet.compare(97.0)
    (item,) = again.items()
    assert item.key == "03/wrong?"
    assert "a) up to 60" in item.front
    assert item.back == "Measured: more."


def test_outside_of_a_lesson_no_bet_is_kept(monkeypatch):
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    bet = predict.choice("?", ["a", "b"])
    bet.guess = "a"
    bet.compare("b")
    assert not progress.file().exists()


@pytest.mark.usefixtures("in_lesson_3")
def test_running_the_cell_again_puts_nothing_off(clock):
    bet = predict.choice("?", ["a", "b"])
    bet.guess = "a"
    bet.compare("b")
    clock.now += timedelta(days=1)
    bet.compare("b")
    assert len(again.due()) == 1


def test_an_exercise_that_took_a_hint_comes_back_until_it_is_written_again(clock):
    progress.note_hint("03", "recall", 1)
    progress.note_attempt("03", "recall", "correct")
    progress.note_attempt("03", "statistics", "correct")
    assert [item.key for item in again.items()] == ["03/recall"]
    clock.now += timedelta(days=1)
    progress.note_attempt("03", "recall", "correct")
    assert [(item.due - clock.now).days for item in again.items()] == [schedule.SPACING[1]]


# --- where it is asked ---


def test_the_terminal_asks_what_is_due_and_keeps_the_answer(clock):
    get_wrong()
    clock.now += timedelta(days=1)
    told = CliRunner().invoke(app, ["review"], input=f"{letters(1)[True]}\n")
    assert told.exit_code == 0
    assert "Right." in told.output
    assert (again.items()[0].due - clock.now).days == schedule.SPACING[1]


@pytest.mark.usefixtures("in_lesson_3")
@pytest.mark.parametrize(("said", "step"), [("y", 1), ("n", 0)])
def test_of_a_bet_one_says_oneself_whether_it_was_known(clock, said, step):
    bet = predict.choice("?", ["a", "b"])
    bet.guess = "a"
    bet.compare("b")
    clock.now += timedelta(days=1)
    told = CliRunner().invoke(app, ["review"], input=f"\n{said}\n")
    assert "Measured: b." in told.output
    assert (again.items()[0].due - clock.now).days == schedule.SPACING[step]


def test_in_a_notebook_the_due_questions_are_one_quiz(clock):
    with pytest.raises(ValueError, match="No question is due"):
        again.quiz()
    get_wrong(1)
    get_wrong(2)
    clock.now += timedelta(days=1)
    asked = again.quiz()
    assert len(asked.questions) == 2
    asked.answer(2, letters(2)[True])
    assert [item.key for item in again.due()] == ["03/1"]


def test_the_deck_can_be_read_with_its_lines_and_quotes(tmp_path):
    get_wrong()
    path = tmp_path / "deck.txt"
    told = CliRunner().invoke(app, ["review", "--anki", str(path)])
    assert "1 cards" in told.output
    text = path.read_text(encoding="utf-8")
    body = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    ((front, back, tag),) = csv.reader(io.StringIO(body), delimiter="\t")
    (item,) = again.items()
    assert (front, back, tag) == (item.front, item.back, "course::03")
    tricky = again.anki([again.Item("bets", "03/x", TODAY, 'a "b"\tc', "#d")])
    ((front, back, _),) = csv.reader(io.StringIO(tricky.split("Tags\n")[1]), delimiter="\t")
    assert (front, back) == ('a "b"\tc', "#d")


def test_options_that_do_not_go_together_are_refused(tmp_path):
    told = CliRunner().invoke(app, ["review", str(tmp_path), "--anki", "deck.txt"])
    assert told.exit_code == 2
    assert "--anki with none" in told.output
    told = CliRunner().invoke(app, ["review", "--anki", str(tmp_path / "none" / "deck.txt")])
    assert told.exit_code == 1
    assert "cannot be written" in told.output


# --- the file ---


def test_a_file_from_before_is_no_broken_one():
    progress.file().parent.mkdir(parents=True)
    progress.file().write_text('{"version": 1, "exercises": {}, "quizzes": {"03/1": {"right": false, "tries": 1}}}')
    assert progress.read()["quizzes"]["03/1"]["tries"] == 1
    assert [path.name for path in progress.file().parent.iterdir()] == ["progress.json"]


@pytest.mark.parametrize("bad", [{"step": 9, "due": "2026-12-01"}, {"step": 0, "due": "soon"}, {"step": True}, [], "x"])
def test_a_day_that_is_none_is_set_aside(bad):
    assert not schedule.is_sound(bad)


def test_a_question_that_is_no_longer_asked_is_left_out():
    progress.note_answer("03", 99, right=False)
    progress.note_answer("77", 1, right=False)
    assert again.items() == []
