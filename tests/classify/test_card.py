"""The words: the answer first, numbers with n and interval, and names that do nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from course_lib.classify.card import card, chosen_by, confusions, summary
from course_lib.classify.result import Candidate, Result, Settings, Share, Unknown
from course_lib.classify.words import markdown
from course_lib.pages import plain

from .sample import sample, share

ONE = re.compile(r"(?<![\d.,])1 (?:pictures|groups|files|labels|pairs)\b")
HOSTILE = ("<img src=x onerror=alert(1)>", "a|b\nc", "\u202eowl [x](javascript:1)")


def test_the_summary_begins_with_how_good_it_is():
    lines = summary(sample()).splitlines()
    assert lines[0].startswith("How good        66.7 % (21 to 94 %, n = 3)")
    text = "\n".join(lines)
    for part in (
        "How sure",
        "What it refuses",
        "What it lets in",
        "Where it fails",
        "1 × dog taken for cat",
        "A note.",
    ):
        assert part in text
    assert "5.0 % (1 to 24 %, n = 20) of generated" in text


def test_hostile_names_do_nothing():
    text = card(sample(HOSTILE))
    assert "<img" not in text
    assert "\u202e" not in text
    assert "](" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ") and "onerror" in line]
    assert all(line.count("|") in (4, 6) for line in rows)
    assert "&lt;img src=x onerror=alert(1)&gt;" in text
    told = summary(sample(HOSTILE))
    assert "\u202e" not in told
    assert "a|b\\nc" in told


@pytest.mark.parametrize("name", HOSTILE)
def test_escaping_twice_is_as_safe(name):
    assert "<" not in markdown(name)
    assert plain(plain(name)) == plain(name)


def test_no_error_in_the_test_is_no_promise():
    result = replace(sample(), accuracy=share(3, 3), per_class=(), confusion=((1, 0, 0), (0, 1, 0), (0, 0, 1)))
    assert "no error among 3 test pictures: up to" in summary(result)


def test_without_a_test_picture_it_says_that_nothing_is_known():
    nothing = Share.of([])
    result = replace(sample(), accuracy=nothing, accuracy_accepted=nothing, rows=(), per_class=(), confusion=())
    assert "not known: no picture was left to test on" in summary(result)


def test_without_classes_left_out_it_says_what_is_not_known():
    result = sample()
    known = tuple(one for one in result.rejection.unknowns if one.kind != "left out")
    told = summary(replace(result, rejection=replace(result.rejection, unknowns=known)))
    assert "how it meets pictures like yours is not known" in told


def test_the_card_has_what_a_card_must_have():
    text = card(sample())
    for part in ("## How good", "## What it lets in", "## Pictures", "## Intended, and not", "## Where it fails",
                 "CPU, 2 threads", "11 train, 3 val, 3 line, 3 test", "| cat | 10 | 4 |", "Seed 0"):  # fmt: skip
        assert part in text, part


def test_confusions_come_by_their_number():
    assert confusions(replace(sample(), confusion=((5, 1, 0), (3, 0, 0), (0, 0, 9)))) == [(1, 0, 3), (0, 1, 1)]


def test_of_one_thing_it_speaks_as_of_one():
    one = sample()
    looked = replace(one.looked, flat=("cat/5.png",), blurred=())
    calibration = replace(one.calibration, temperature=1, n_fit=1)
    few = replace(one, looked=looked, calibration=calibration, accuracy=Share.of([True, True], [3, 3]))
    text = summary(few)
    for part in ("2, 1 group)", "1 file left out", "1 label that may", "1 pair of near", "1 picture of nearly"):
        assert part in text
    assert not ONE.findall(text)
    assert ONE.findall("It takes 1 pictures, or 21 groups")


def test_where_a_fifth_is_suspect_the_network_is():
    one = sample()
    assert "1 label that may be wrong, the first dog/2.png, seen as cat." in summary(one)
    many = summary(replace(one, suspects=5 * one.suspects))
    assert "5 labels that may be wrong: so many that the network fails here rather than the labels." in many
    assert "dog/2.png" not in many


def rejecting(score: str, *tried: Candidate) -> Result:
    result = sample()
    return replace(result, rejection=replace(result.rejection, score=score, candidates=tried))


def test_what_the_mean_costs_at_classes_left_out_is_told():
    far, near = Candidate("k nearest", 0.81, 0.7, 0.92, 3), Candidate("max logit", 0.785, 0.78, 0.79, 3)
    told = chosen_by(rejecting("k nearest", far, near))
    assert "70.0 % by k nearest, 78.0 % by max logit; at generated pictures: 92.0 % by k nearest, 79.0 %" in told
    assert told in summary(rejecting("k nearest", far, near))


@pytest.mark.parametrize(
    "tried",
    [
        (),
        (Candidate("energy", 0.9, 0.85, 0.95, 3),),
        (Candidate("energy", 0.9, 0.85, 0.95, 3), Candidate("max logit", 0.9, 0.85, 0.95, 3)),
        (Candidate("max logit", 0.9, 0.95, 0.85, 3),),  # the chosen one was not tried
    ],
)
def test_where_it_costs_nothing_nothing_is_told(tried):
    assert chosen_by(rejecting("energy", *tried)) == ""


def test_a_score_that_was_given_is_told_as_such():
    far, near = Candidate("k nearest", 0.81, 0.7, 0.92, 3), Candidate("max logit", 0.785, 0.78, 0.79, 3)
    result = replace(rejecting("k nearest", far, near), settings=Settings(score="k nearest"))
    assert chosen_by(result) == "You gave k nearest as the score."


@pytest.mark.parametrize(
    ("let_in", "told"),
    [({"noise": 0, "photograph": 8}, "; most often photograph, 80.0 % ("), ({"noise": 0, "photograph": 0}, None),
     ({"noise": 4}, None)],
)  # fmt: skip
def test_of_several_kinds_the_one_that_comes_in_most_is_named(let_in, told):
    result = sample()
    far = tuple(Unknown(f"generated: {kind}", "generated", share(hits, 10), "probe") for kind, hits in let_in.items())
    line = summary(replace(result, rejection=replace(result.rejection, unknowns=far)))
    assert told in line if told else "; most often" not in line
