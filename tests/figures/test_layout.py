"""Text in figures can be read: nothing overlaps, and no edge cuts anything off. In every figure of every lesson."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from course_lib import data, training
from course_lib.figures.static import drawing

from . import samples
from .layout import faults, faults_of
from .lesson_figures import TWINS, Shown, figures_in, made_in_order, shown_figures
from .samples import SAMPLES
from .test_drawings import DRAWINGS

SHOWN = shown_figures()
# A third of them in `make check`, which is to take seconds; the others are drawn by the same few functions.
STORED = [
    pytest.param(one, id=one.name, marks=[] if k % 3 == 0 else pytest.mark.slow)
    for k, one in enumerate(one for one in SHOWN if one.stored)
]


@pytest.mark.slow
@pytest.mark.parametrize("shown", STORED)
def test_a_chart_of_stored_evidence_can_be_read(shown: Shown):
    assert faults(shown.make()) == []


@pytest.mark.weekly
@pytest.mark.slow
@pytest.mark.parametrize("lesson", sorted({one.lesson for one in SHOWN}))
def test_the_figures_of_a_lesson_that_need_pictures_can_be_read(lesson, short_trainings):
    made = made_in_order([one for one in SHOWN if one.lesson == lesson and not one.stored])
    assert {name: found for name, figure in made if (found := faults(figure))} == {}


@pytest.fixture
def short_trainings(monkeypatch, tmp_path):
    """Few pictures and short epochs: other numbers on the figures, and as many of them. Files go into a new folder."""
    monkeypatch.chdir(tmp_path)
    load, fit = data.load, training.fit

    def few(*args, **kwargs):
        pictures = load(*args, **kwargs)
        return pictures.subset(min(len(pictures), 6000), seed=0)

    def short(model, train, val, settings=None, **kwargs):
        settings = replace(settings or training.Settings(), batch_size=32)
        return fit(model, train.subset(min(len(train), 32)), val.subset(min(len(val), 32)), settings, **kwargs)

    monkeypatch.setattr(data, "load", few)
    monkeypatch.setattr(training, "fit", short)
    monkeypatch.setenv("KERAS_BACKEND", "torch")


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_can_be_read(name):
    assert faults(DRAWINGS[name]()) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLES)
def test_the_still_of_a_live_figure_can_be_read(name, monkeypatch):
    monkeypatch.setattr(samples, "CLASSES", ("Forest", "HerbaceousVegetation", "River"))  # the longest of a lesson
    figure = SAMPLES[name]()
    assert faults(figure) == []
    figure.close()


def written(*texts: tuple[float, float, str], **style: object) -> Figure:
    """An empty figure with words at places of 0–1."""
    figure = Figure(figsize=(4, 2))
    for x, y, text in texts:
        figure.text(x, y, text, **style)
    return figure


@pytest.mark.parametrize(
    ("figure", "found"),
    [
        (lambda: written((0.1, 0.5, "left"), (0.6, 0.5, "right")), []),
        (lambda: written((0.1, 0.5, "one word"), (0.2, 0.5, "another")), ["overlap: 'one word' and 'another'"]),
        (lambda: written((0.1, 0.5, "one"), (0.167, 0.5, "word")), ["run together: 'one' and 'word'"]),
        (lambda: written((0.1, 0.5, "one "), (0.18, 0.5, " word")), []),
        (lambda: written((0.1, 0.5, "two"), (0.2, 0.5, "words")), []),
        (lambda: written((0.1, 0.3, "below"), (0.1, 0.36, "above"), fontsize=6), []),
        (lambda: written((0.9, 0.5, "a long line")), ["cut off: 'a long line'"]),
        (lambda: written((0.5, -0.03, "low")), ["cut off: 'low'"]),
        # Their upright boxes overlap, and they do not.
        (lambda: written((0.1, 0.1, "aslant it stands"), (0.25, 0.1, "aslant it stands"), rotation=60), []),
        (lambda: written((0.1, 0.1, "aslant"), (0.11, 0.1, "across"), rotation=60), ["overlap: 'aslant' and 'across'"]),
        (lambda: written((0.1, 0.5, "unseen"), (0.1, 0.5, "hidden"), visible=False), []),
    ],
)
def test_what_cannot_be_read_is_found(figure: Callable[[], Figure], found: list[str]):
    assert faults_of(figure()) == found


def test_ticks_that_are_not_drawn_do_not_count_and_clipped_words_do():
    with drawing(4, 2) as (figure, axes):
        axes.set_xticks([0.42, 0.5, 0.9, 0.91], ["tick", "other", "not drawn", "not drawn either"])
        axes.set_xlim(0.4, 0.6)
        axes.text(0.58, 0.5, "beyond the axes", clip_on=True)
    assert faults_of(figure, tight=True) == ["cut off: 'beyond the axes'"]


def test_a_name_that_runs_out_of_its_axes_is_found():
    with drawing(4, 2) as (figure, axes):
        axes.set(xlim=(0, 1), ylim=(0, 1))
        axes.annotate("inside", (0.1, 0.5))
        axes.annotate("far too long a name", (0.9, 0.5))
        axes.annotate("beside it", (1.02, 0.2), xycoords="axes fraction")  # meant to stand there
    assert faults_of(figure, tight=True) == ["runs out of its axes: 'far too long a name'"]


@pytest.mark.slow
def test_a_figure_that_has_a_name_can_be_asked_by_what_follows():
    lesson = """
from course_lib import figures, study
rows = study.summary("planted_found")
first = figures.dots(rows, title="first")
told = first.alt
figures.dots(rows, title=told[:5])
"""
    made = dict(made_in_order(figures_in(lesson, "00_a_lesson")))
    assert len(made) == 2


def test_a_figure_is_made_from_what_its_call_needs_and_nothing_else():
    lesson = """
import math
from course_lib import figures, study
rows = {}
for name in ("a", "b"):
    rows[name] = 1
title = "old"
title = "A title"
slow = math.factorial(10_000)
rows.update(c=2)
print(slow)
figures.dots(rows, title=title)
"""
    (shown,) = figures_in(lesson, "00_a_lesson")
    assert shown.name == "00-line12-dots"
    assert shown.stored
    assert "slow" not in shown.code
    assert "old" not in shown.code
    names: dict = {}
    exec(shown.code, names)
    assert names["rows"] == {"a": 1, "b": 1, "c": 2}


def test_no_figure_of_a_lesson_is_passed_over():
    """Whatever a lesson's text calls `figures.name(` is found, once."""
    calls = sum(twin.read_text(encoding="utf-8").count("\nfigures.") for twin in TWINS.glob("*.py"))
    assert {one.lesson for one in SHOWN} == {twin.stem for twin in TWINS.glob("*.py")}
    assert len(SHOWN) >= calls > 0
