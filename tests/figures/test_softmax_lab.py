"""The softmax lab in Python, and its JavaScript against Python under node."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from course_lib.figures.interactive.softmax_lab import (
    LOGITS,
    MOST,
    TEMPERATURES,
    Reading,
    honest,
    none_or_some,
    softmax_lab,
)

NAMES = ("cat", "dog", "bird", "fish", "frog", "horse", "ship", "truck")


@pytest.fixture
def figure():
    made = softmax_lab([8, 0, -2], ["cat", "dog", "bird"])
    yield made
    made.close()


# --- what it is there to show ---


@pytest.mark.parametrize("shift", [-20.0, -7.3, 0.1, 20.0])
def test_softmax_stays_and_the_others_move_when_all_logits_do(figure, shift):
    before, now = figure.reading(shift=0), figure.reading(shift=shift)
    assert now.softmax == pytest.approx(before.softmax, rel=1e-13)
    assert now.energy == pytest.approx(before.energy - shift)
    assert np.sign(np.subtract(now.sigmoid, before.sigmoid)).tolist() == [np.sign(shift)] * 3


def test_softmax_is_printed_1_00_where_nothing_is_seen(figure):
    figure.shift = -20
    assert figure.title() == "cat: softmax >99 % (printed 1.00), sigmoid <1 %, energy 12.0"
    assert "by sigmoid it is none of these" in figure.describe()


def test_colder_is_surer():
    figure = softmax_lab([0.3, 0.2, 0.1])
    tops = []
    for figure.heat in range(len(TEMPERATURES)):
        tops.append(max(figure.reading().softmax))
    assert tops == sorted(tops, reverse=True)
    assert tops[0] > 0.85
    assert tops[-1] < 0.35


@pytest.mark.parametrize(
    ("logits", "words"),
    [([100, -100], ">99 %"), ([40, 0], ">99 %"), ([0, 0], "50 %"), ([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "13 %")],
)
def test_no_softmax_is_certain_even_where_a_float_is(logits, words):
    assert f"softmax {words} " in softmax_lab(logits).title()
    assert "100 %" not in softmax_lab(logits).describe()
    assert " 0 %" not in softmax_lab(logits).describe()


# --- the figure ---


def test_number_of_classes_counts(figure):
    assert figure.title().startswith("cat: softmax >99 %")
    figure.z4 = 10.0
    assert figure.title().startswith("cat: softmax >99 %")
    figure.n = 4
    assert figure.title().startswith("class 4: softmax 88 %")


def test_each_logit_has_a_slider_that_is_there_when_its_class_is(figure):
    sliders = {told["trait"]: told for told in figure.plain()["controls"]}
    assert list(sliders) == ["shift", "heat", "n", *(f"z{k}" for k in range(1, MOST + 1))]
    assert [sliders[f"z{k}"]["label"] for k in (1, 2, 3, 4)] == ["cat", "dog", "bird", "class 4"]
    for n in range(2, MOST + 1):
        shown = [k for k in range(1, MOST + 1) if n in sliders[f"z{k}"]["shown"]["n"]]
        assert shown == list(range(1, n + 1))


def test_name_cannot_become_html_in_an_old_widget():
    figure = softmax_lab([1, 2], ["<b>bold</b>", "b"])
    assert "<" not in figure.box.children[3].description
    assert figure.names[0] == "<b>bold</b>"


def test_temperature_of_one_s_own_gets_a_place_on_the_slider():
    figure = softmax_lab([1, 2], temperature=1.7)
    assert figure.temperature == 1.7
    assert figure.temperatures == sorted([*TEMPERATURES, 1.7])
    assert softmax_lab().temperatures == list(TEMPERATURES)


@pytest.mark.parametrize(("logits", "reach"), [([3, 1], 10), ([10, 1], 10), ([-10.1, 1], 20), ([100, 0], 100)])
def test_sliders_reach_as_far_as_the_logits(logits, reach):
    figure = softmax_lab(logits)
    assert figure.reach == reach
    slider = next(told for told in figure.plain()["controls"] if told["trait"] == "z1")
    assert (slider["min"], slider["max"]) == (-reach, reach)


@pytest.mark.parametrize("kind", [list, tuple, np.array, torch.tensor, lambda x: torch.tensor(x).half()])
def test_logits_of_any_kind_and_none_at_all(kind):
    assert softmax_lab(kind([8.0, 0.0, -2.0])).title() == softmax_lab().title()
    assert LOGITS == (8, 0, -2)


@pytest.mark.slow
def test_png_follows_the_sliders(figure):
    seen = {figure.png()}
    for trait, value in (("shift", -20), ("n", 8)):
        figure.set_trait(trait, value)
        seen.add(figure.png())
    assert len(seen) == 3


@pytest.mark.slow
def test_names_with_dollar_signs_and_long_ones_are_drawn_as_they_are():
    assert softmax_lab([1, 0], [r"$\nosuch$", "x" * 300]).png()


WRONG = [
    ({"logits": [1.0]}, r"logits of shape \(1,\); it wants \[K\], K from 2 to 8"),
    ({"logits": []}, r"logits of shape \(0,\)"),
    ({"logits": list(range(9))}, r"logits of shape \(9,\).*Of more, pass the highest"),
    ({"logits": np.zeros(200)}, r"logits of shape \(200,\)"),
    ({"logits": torch.zeros(1, 3)}, r"logits of shape \(1, 3\)"),
    ({"logits": 5}, r"logits of shape \(\)"),
    ({"logits": [1, math.nan]}, r"logits \[1.0, nan\]; it wants numbers from −100 to 100"),
    ({"logits": [1, math.inf]}, "it wants numbers from"),
    ({"logits": [101, 0]}, r"logits \[101.0, 0.0\]"),
    ({"logits": ["a", "b"]}, r"logits=\['a', 'b'\]; it wants 2 to 8 numbers"),
    ({"classes": ["a"]}, "for 2 logits; it wants 2 different names"),
    ({"classes": ["a", "a"]}, "different names"),
    ({"classes": ["a", ""]}, "different names"),
    ({"classes": "ab"}, r"classes=\['ab'\] for 2"),
    ({"temperature": 0}, "temperature=0; it wants a number above 0, at most 100"),
    ({"temperature": -1}, "temperature=-1"),
    ({"temperature": math.nan}, "temperature=nan"),
    ({"temperature": 101}, "temperature=101"),
]


@pytest.mark.parametrize(("change", "complaint"), WRONG, ids=[words[:30] for _, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(change, complaint):
    with pytest.raises(ValueError, match=f"softmax_lab got .*{complaint}|softmax_lab got {complaint}"):
        softmax_lab(**({"logits": [1, 0]} | change))


@pytest.mark.parametrize(
    ("trait", "value", "complaint"),
    [
        ("n", 1, "n got 1; it wants 2 to 8"),
        ("n", 9, "n got 9"),
        ("heat", 7, "heat got 7; it wants 0 to 6"),
        ("heat", -1, "heat got -1"),
        ("z1", math.nan, "z1 got nan; it wants −100 to 100"),
        ("z8", 101.0, "z8 got 101"),
        ("shift", math.inf, "shift got inf"),
    ],
)
def test_traits_stay_on_their_sliders(figure, trait, value, complaint):
    with pytest.raises(ValueError, match=complaint):
        figure.set_trait(trait, value)


# --- the same in JavaScript ---


def reading(logits: list[float], temperature: float) -> dict:
    told = Reading.of(logits, temperature)
    short = {name: [float(f"{value:.10g}") for value in getattr(told, name)] for name in ("softmax", "sigmoid")}
    return short | {"logits": logits, "temperature": temperature, "energy": told.energy, "first": told.first}


@pytest.fixture(scope="session")
def vectors() -> dict:
    """Random and corner inputs, each with Python's answer."""
    rng = np.random.default_rng(0)
    corners = [[0.0] * k for k in range(2, 9)]
    corners += [[100.0, -100.0], [1e4, -1e4, 0.0], [-1e4, -1e4], [0.5, 0.5, -3.0], [-40.0, -40.0, 40.0], [36.7, 0.0]]
    readings = [reading(z, t) for z in corners for t in (*TEMPERATURES, 100.0)]
    for _ in range(10_000):
        z = (rng.normal(0, rng.choice([0.5, 5, 30]), rng.integers(2, 9))).round(1).tolist()
        readings.append(reading(z, float(rng.choice(TEMPERATURES))))
    figure, titles = softmax_lab(), []
    for told in readings[: len(corners) * 8] + readings[-300:]:
        with figure.hold_trait_notifications():
            figure.n = len(told["logits"])
            figure.heat = min(range(7), key=lambda place: abs(TEMPERATURES[place] - told["temperature"]))
            for k, z in enumerate(told["logits"], start=1):
                figure.set_trait(f"z{k}", max(-100.0, min(z, 100.0)))
        now = figure.reading(shift=0)
        titles.append({"names": NAMES, "logits": now.logits, "temperature": figure.temperature,
                       "words": figure.title(), "says": none_or_some(NAMES, now.sigmoid)})  # fmt: skip
    figure.close()
    corners = [0.0, 1.0, 1e-300, 1 - 2**-53, 0.005, 0.995, *((k + 0.5) / 100 for k in range(100)), *rng.random(1000)]
    return {"readings": readings, "titles": titles, "honest": [(p, honest(p)) for p in corners]}


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    result = run_node("softmax_lab", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.fixture(scope="session")
def few(vectors) -> dict:
    return {kind: answers[:1] for kind, answers in vectors.items()}


@pytest.mark.slow
def test_few_vectors_agree_too(run_node, few):
    assert run_node("softmax_lab", few).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "key", "wrong"),
    [
        ("readings", "softmax", [0.5, 0.500001]),
        ("readings", "sigmoid", [0.5, 0.500001]),
        ("readings", "energy", -0.01),
        ("readings", "first", 1),
        ("titles", "words", "nonsense"),
        ("titles", "says", "cat"),
        ("honest", 1, "100 %"),
    ],
)
def test_disagreement_is_found(run_node, few, kind, key, wrong):
    told = few[kind][0]
    changed = told | {key: wrong} if isinstance(told, dict) else (told[0], wrong)
    assert run_node("softmax_lab", few | {kind: [changed]}).returncode != 0
