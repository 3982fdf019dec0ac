"""Predictions, by form and by plain call."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from course_lib.practice import predict
from course_lib.practice.predict import OTHERWISE

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def _new_session():
    predict._say_once_that_there_is_no_guess.cache_clear()


@dataclass
class Summary:
    """As `study.summary` gives them."""

    mean: float
    low: float = math.nan
    high: float = math.nan


def a_number():
    return predict.number("What share is right?", low=0, high=100, unit="%")


def a_choice():
    return predict.choice("Which <b>one</b> wins?", ["SGD", "AdamW & co."])


@pytest.mark.parametrize("make", [a_number, a_choice])
class TestBoth:
    def test_text_is_the_same_each_time(self, make):
        first, second = make()._repr_mimebundle_(), make()._repr_mimebundle_()
        assert first["text/plain"] == second["text/plain"] == repr(make())
        assert first["text/html"] == second["text/html"]

    def test_view_is_of_one_form(self, make):
        prediction = make()
        (first, second) = prediction._repr_mimebundle_(), prediction._repr_mimebundle_()
        assert first[VIEW] == second[VIEW]
        assert first[VIEW]["model_id"] == prediction._widget().model_id

    def test_without_ipywidgets_there_is_text(self, make, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "ipywidgets", None)
        assert make()._repr_mimebundle_().keys() == {"text/plain", "text/html"}

    def test_nothing_committed(self, make, capsys):
        prediction = make()
        prediction.guess = ...
        assert prediction.guess is None
        assert "set .guess or use the form" in repr(prediction)

    def test_is_no_widget(self, make):
        # ipywidgets 7 would show it by _ipython_display_, and text/plain would not be ours.
        assert not hasattr(make(), "_ipython_display_")


def test_number_as_text():
    assert repr(a_number()) == "Prediction: What share is right? (0 to 100 %) – set .guess or use the form"


def test_choice_as_text_and_html():
    assert repr(a_choice()).splitlines() == [
        "Prediction: Which <b>one</b> wins? – set .guess or use the form",
        "  a) SGD",
        "  b) AdamW & co.",
    ]
    markup = a_choice()._repr_mimebundle_()["text/html"]
    assert "&lt;b&gt;one&lt;/b&gt;" in markup
    assert "<b>" not in markup


def test_number_beside_the_result(capsys):
    prediction = a_number()
    prediction.compare(77.31)
    prediction.guess = 80
    prediction.compare(np.float32(77.31))
    prediction.compare(80, digits=0)
    assert capsys.readouterr().out.splitlines() == [
        "No guess made. Measured: 77.3 %.",
        "Your guess: 80 %. Measured: 77.3 %. Off by 2.7.",
        "Your guess: 80 %. Measured: 80 %. Off by 0.",
    ]


def test_choice_beside_the_result(capsys):
    prediction = a_choice()
    prediction.compare("SGD")
    prediction.guess = "SGD"
    prediction.compare("SGD")
    prediction.compare("b")
    assert capsys.readouterr().out.splitlines() == [
        "No guess made. Measured: SGD.",
        "Your guess: SGD. Measured: SGD. You were right.",
        "Your guess: SGD. Measured: AdamW & co. It came out differently.",
    ]


@pytest.mark.parametrize("guess", [-1, 100.5, float("nan"), "80", True, [80]])
def test_impossible_number(guess):
    prediction = a_number()
    with pytest.raises(ValueError, match=r"guess got .*; it wants a number from 0 to 100 %\."):
        prediction.guess = guess
    assert prediction.guess is None


@pytest.mark.parametrize("guess", ["Adam", "c", "B ", 0, ["SGD"]])
def test_impossible_choice(guess):
    with pytest.raises(ValueError, match=r"guess got .*; it wants one of 'SGD', 'AdamW & co.'"):
        a_choice().guess = guess


def test_impossible_result_of_a_choice():
    with pytest.raises(ValueError, match="compare got 'Adam'"):
        a_choice().compare("Adam")


@pytest.mark.parametrize("guess", [0, 100, 12.5, np.int64(7)])
def test_possible_number(guess):
    prediction = a_number()
    prediction.guess = guess
    assert prediction.guess == guess


def test_text_goes_before_letter():
    prediction = predict.choice("?", ["b", "a"])
    prediction.guess = "b"
    assert prediction.guess == "b"


@pytest.mark.parametrize(
    "make",
    [
        lambda: predict.number("?", low=1, high=1),
        lambda: predict.choice("?", ["one"]),
        lambda: predict.choice("?", ["one", "one"]),
        lambda: predict.choice("?", "ab"),
    ],
)
def test_impossible_question(make):
    with pytest.raises(ValueError, match="got"):
        make()


def parts(prediction):
    """(input, button, label) of the form, as the learner sees them."""
    _, given, row = prediction._widget().children
    return given, *row.children


def test_number_by_form():
    prediction = a_number()
    slider, button, label = parts(prediction)
    assert (slider.min, slider.max, slider.step) == (0, 100, 1)
    slider.value = 62
    assert prediction.guess is None, "moving is not committing"
    button.click()
    assert prediction.guess == 62
    assert label.value == "Your guess: 62 %."
    assert slider.disabled
    assert button.disabled


def test_choice_by_form():
    prediction = a_choice()
    buttons, button, label = parts(prediction)
    button.click()
    assert prediction.guess is None
    assert label.value == "Choose one first."
    buttons.value = "AdamW & co."
    button.click()
    assert prediction.guess == "AdamW & co."
    assert buttons.disabled


def test_form_shows_a_guess_made_by_call():
    prediction = a_number()
    slider, button, _ = parts(prediction)
    prediction.guess = 30
    assert slider.value == 30
    assert button.disabled
    prediction.guess = None
    assert not button.disabled
    later = a_choice()
    later.guess = "a"
    assert parts(later)[0].value == "SGD"


@pytest.mark.parametrize(("high", "step"), [(1, 0.01), (5, 0.01), (10, 0.1), (2700, 10)])
def test_steps_of_the_slider(high, step):
    slider, *_ = parts(predict.number("?", low=0, high=high))
    assert slider.step == pytest.approx(step)


def measured(prediction, *values, capsys, **named):
    """What the bet says was measured."""
    prediction.guess = "a"
    prediction.compare(*values, **named)
    return capsys.readouterr().out.partition("Measured: ")[2].partition(". ")[0]


def test_no_guess_is_said_once_a_session(capsys):
    a_number().compare(5)
    a_choice().compare("SGD")
    predict.largest("?", ["a", "b"]).compare(a=1, b=2)
    a_number().compare(6)
    assert capsys.readouterr().out.splitlines() == [
        "No guess made. Measured: 5.0 %.",
        "Measured: SGD.",
        "Measured: b.",
        "Measured: 6.0 %.",
    ]


def test_no_guess_is_said_when_the_first_goes_wrong(capsys):
    with pytest.raises(ValueError, match="compare got 'Adam'"):
        a_choice().compare("Adam")
    a_number().compare(5)
    assert capsys.readouterr().out == "No guess made. Measured: 5.0 %.\n"


INTERVALS = {"about 50": (0, 60), "60 to 90": (60, 90), "more than 90": (90, 100)}
GAIN = {"worse": (None, -0.01), "no different": (-0.01, 0.01), "better": (0.01, None)}
COUNT = {"all four": 4, "some": (1, 4), "none": 0}


@pytest.mark.parametrize(
    ("options", "value", "right"),
    [
        (INTERVALS, 0, "about 50"),
        (INTERVALS, 59.999, "about 50"),
        (INTERVALS, 60, "60 to 90"),
        (INTERVALS, 90, "more than 90"),
        (INTERVALS, 100, "more than 90"),
        (INTERVALS, np.float32(75), "60 to 90"),
        (INTERVALS, torch.tensor(75.0), "60 to 90"),
        (INTERVALS, Summary(75), "60 to 90"),
        (GAIN, -math.inf, "worse"),
        (GAIN, -0.01, "no different"),
        (GAIN, 0.01, "better"),
        (GAIN, math.inf, "better"),
        (COUNT, 0, "none"),
        (COUNT, 1, "some"),
        (COUNT, np.int64(3), "some"),
        (COUNT, 4, "all four"),
        ({"none": 0, "one": 1, "two": 2}, 2, "two"),
        ({"none": 0, "more": (1, 3)}, 3, "more"),
        ({"yes": True, "no": False}, np.bool_(True), "yes"),
        ({"low": (0, 1), "else": OTHERWISE}, 7, "else"),
        ({"low": (0, 1), "high": (2, 3), "else": OTHERWISE}, 1.5, "else"),
        ({"up": lambda d: d >= 0.01, "not": lambda d: d < 0.01}, 0.01, "up"),
        ({"up": lambda d: d > 0.01, "not": OTHERWISE}, 0.01, "not"),
        ({"low": (None, 0), "high": lambda d: d >= 0}, 0.5, "high"),
        ({"error": lambda text: "Error" in text, "none": OTHERWISE}, "ValueError", "error"),
    ],
)
def test_condition_finds_the_option(options, value, right, capsys):
    assert measured(predict.choice("?", options), value, capsys=capsys) == right


def test_conditions_on_several_values(capsys):
    options = {
        "AdamW": lambda adam, sgd: adam.low > sgd.high,
        "SGD": lambda adam, sgd: sgd.low > adam.high,
        "they overlap": OTHERWISE,
    }
    near, far = Summary(0.5, 0.4, 0.6), Summary(0.9, 0.8, 1.0)
    bet = predict.choice("Which is better?", options)
    assert measured(bet, adam=far, sgd=near, capsys=capsys) == "AdamW"
    assert measured(bet, near, far, capsys=capsys) == "SGD"
    assert measured(bet, near, sgd=near, capsys=capsys) == "they overlap"


def test_value_beside_the_option_only_where_it_is_asked_for(capsys):
    bet = predict.choice("?", INTERVALS)
    assert measured(bet, 97.25, capsys=capsys) == "more than 90"
    assert measured(bet, Summary(97.25), digits=2, capsys=capsys) == "more than 90 (97.25)"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"low": (0, 60), "high": (70, 100)}, "a gap between 'low' and 'high': neither is right at 60"),
        ({"high": (60, 100), "low": (0, 61)}, "overlap: both 'low' and 'high' are right at 60"),
        ({"all": (0, 100), "some": (10, 20)}, "overlap: both 'all' and 'some'"),
        ({"all": (0, 100), "some": (10, 20), "else": OTHERWISE}, "overlap"),
        ({"one": 1, "also": 1}, "overlap"),
        ({"none": 0, "two": 2}, "a gap between 'none' and 'two': neither is right at 1"),
        ({"none": 0, "some": (1, 4), "five": 5}, "a gap between 'some' and 'five': neither is right at 4"),
        ({"some": (1, 5), "four": 4}, "overlap: both 'some' and 'four' are right at 4"),
        ({"one": 1, "more": (1.5, 3)}, "'more' beside a single number; it wants whole numbers"),
        ({"half": 0.5, "one": 1}, "'half' beside a single number"),
        ({"a": (1, 1), "b": (1, 2)}, r"got \(1, 1\) for 'a'; it wants an interval"),
        ({"a": (2, 1), "b": 3}, r"got \(2, 1\) for 'a'"),
        ({"a": (0, 1, 2), "b": 3}, r"got \(0, 1, 2\) for 'a'"),
        ({"a": math.nan, "b": 3}, "got nan for 'a'"),
        ({"a": "0 to 1", "b": 3}, "got '0 to 1' for 'a'"),
        ({"a": None, "b": 3}, "got None for 'a'"),
        ({"a": OTHERWISE, "b": OTHERWISE}, "got OTHERWISE for 'a', 'b'; it wants it once"),
        ({"a": 1}, "it wants two or more"),
    ],
)
def test_conditions_that_cannot_be_are_refused_when_the_bet_is_made(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        predict.choice("?", options)


def either(d):
    return d > 0


@pytest.mark.parametrize(
    ("options", "values", "named", "complaint"),
    [
        (INTERVALS, (100.5,), {}, "compare got 100.5, which fits none of 'about 50', '60 to 90', 'more than 90'"),
        (INTERVALS, (math.nan,), {}, "compare got nan; it wants a number"),
        (INTERVALS, ("many",), {}, "compare got 'many'; it wants a number, or a summary"),
        (INTERVALS, (torch.ones(2),), {}, r"compare got tensor\(\[1., 1.\]\); it wants a number"),
        (INTERVALS, (1, 2), {}, "compare got 2 values; it wants one"),
        (INTERVALS, (), {}, "compare got 0 values; it wants one"),
        (COUNT, (0.5,), {}, "compare got 0.5, which fits none"),
        ({"a": either, "b": either}, (1,), {}, "compare got 1, which fits 'a', 'b'; exactly one"),
        ({"a": either, "b": either}, (-1,), {}, "compare got -1, which fits none of 'a', 'b'; exactly one"),
        ({"a": either, "b": OTHERWISE}, (), {"x": 1}, r"compare got x=1; the condition of 'a' wants \(d\)"),
        ({"a": either, "b": OTHERWISE}, (), {}, r"compare got nothing; the condition of 'a' wants \(d\)"),
    ],
)
def test_value_that_fits_no_option_or_two_is_an_error(options, values, named, complaint):
    with pytest.raises(ValueError, match=complaint):
        predict.choice("?", options).compare(*values, **named)


HUES = {"RGB": Summary(2.1), "HSV": Summary(3.1), "CIELAB": Summary(17), "LCh": Summary(22)}


@pytest.mark.parametrize(
    ("bet", "values", "right"),
    [
        (predict.largest("?", ["RGB", "HSV", "CIELAB"]), HUES, "CIELAB"),
        (predict.smallest("?", ["HSV", "CIELAB"]), HUES, "HSV"),
        (predict.largest("?", ["a", "b"]), {"a": 1, "b": 1, "c": 0}, "a and b"),
        (predict.largest("?", ["a", "b"], tie={"a tie": 0.01}), {"a": 1, "b": 0.995}, "a tie"),
        (predict.largest("?", ["a", "b"], tie={"a tie": 0.01}), {"a": 1, "b": 0.98}, "a"),
        (predict.smallest("?", ["a", "b", "c"], tie={"a tie": 1}), {"a": 1, "b": 1.5, "c": 9}, "a tie"),
        (predict.largest("?", ["a", "b"], none={"none": 0.02}), {"a": 0.01, "b": 0.0}, "none"),
        (predict.largest("?", ["a", "b"], none={"none": 0.02}), {"a": 0.02, "b": 0.0}, "a"),
        (predict.smallest("?", ["a", "b"], none={"none": 0.9}), {"a": 0.95, "b": 1.0}, "none"),
        (predict.smallest("?", ["a", "b"], none={"none": 0.9}), {"a": 0.9, "b": 1.0}, "a"),
        (predict.largest("?", ["a", "b"], tie={"tie": 1}, none={"none": 2}), {"a": 1, "b": 1}, "none"),
    ],
)
def test_largest_and_smallest_find_the_name(bet, values, right, capsys):
    assert measured(bet, values, capsys=capsys) == right
    assert measured(bet, **values, capsys=capsys) == right


def test_each_of_those_that_are_largest_is_right(capsys):
    bet = predict.largest("Which?", ["a", "b", "c"])
    for letter in "bc":
        bet.guess = letter
        bet.compare(a=1, b=1, c=0)
    assert capsys.readouterr().out.splitlines() == [
        "Your guess: b. Measured: a and b. You were right.",
        "Your guess: c. Measured: a and b. It came out differently.",
    ]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: predict.largest("?", ["a"], tie={"tie": 1}), "it wants two or more"),
        (lambda: predict.largest("?", "ab"), "it wants two or more"),
        (lambda: predict.largest("?", ["a", "b"], tie={"b": 1}), "all different"),
        (lambda: predict.largest("?", ["a", "b"], tie={}), "tie got {}; it wants one option"),
        (lambda: predict.smallest("?", ["a", "b"], none={"x": 1, "y": 2}), "none got .* it wants one option"),
        (lambda: predict.largest("?", ["a", "b"]).compare({"a": 1}), "no value for 'b'; it wants one for each"),
        (lambda: predict.largest("?", ["a", "b"]).compare("a"), "compare got 'a'; it wants values by name"),
        (lambda: predict.largest("?", ["a", "b"]).compare(a=1, b=math.nan), "compare got nan; it wants a number"),
    ],
)
def test_impossible_rank(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()


@pytest.mark.parametrize(
    "make", [lambda: predict.choice("?", INTERVALS), lambda: predict.largest("?", list(INTERVALS))]
)
def test_bets_with_conditions_look_like_any_choice(make):
    plain, bet = predict.choice("?", list(INTERVALS)), make()
    assert repr(bet) == repr(plain)
    assert bet._repr_mimebundle_()["text/html"] == plain._repr_mimebundle_()["text/html"]
    assert bet.options == plain.options
    buttons, button, label = parts(bet)
    buttons.value = "60 to 90"
    button.click()
    assert label.value == "Your guess: 60 to 90."


def test_no_option_is_taken_for_markup():
    bundle = predict.largest("<i>?</i>", ["<b>a</b>", "b"], none={"<script>": 1})._repr_mimebundle_()
    assert "<b>" not in bundle["text/html"]
    assert "<script>" not in bundle["text/html"]
