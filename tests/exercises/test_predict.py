"""Predictions, by form and by plain call."""

from __future__ import annotations

import numpy as np
import pytest

from course_lib.exercises import predict

VIEW = "application/vnd.jupyter.widget-view+json"


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
