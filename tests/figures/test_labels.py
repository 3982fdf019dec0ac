"""Names beside marks: each where it covers nothing, is nearest to its own mark, and stays inside."""

from __future__ import annotations

import pytest

from course_lib.figures.labels import Named, name_marks
from course_lib.figures.static import Drawing, drawing

from .layout import faults


def named(*marks: Named) -> tuple[Drawing, dict[str, float]]:
    """A chart of these marks, and how many points right of its mark each name begins or ends (below 0: left)."""
    with drawing(5, 3) as (figure, axes):
        axes.set(xlim=(0, 1), ylim=(0, 1))
        name_marks(axes, marks)
    return Drawing(figure, "a chart"), {note.get_text(): note.xyann[0] for note in axes.texts}


def at(name: str, x: float, y: float, reach: float = 0.05) -> Named:
    return Named(name, x, y, y - reach, y + reach)


def test_a_name_stands_right_of_its_mark_where_there_is_room():
    _, right = named(at("alone", 0.3, 0.5))
    assert right == {"alone": 9}


def test_a_name_that_would_run_out_of_the_axes_stands_left():
    shown, right = named(at("a name of some length", 0.9, 0.5))
    assert right == {"a name of some length": -9}
    assert faults(shown) == []


def test_two_names_at_one_height_take_two_sides_and_cover_no_bar():
    shown, right = named(at("first", 0.5, 0.5), at("second", 0.53, 0.5))
    assert right == {"first": -9, "second": 9}
    assert faults(shown) == []


@pytest.mark.parametrize("n", [1, 5])
def test_names_of_marks_that_crowd_can_all_be_read(n):
    shown, _ = named(*(at(f"name {k}", 0.5 + 0.01 * k, 0.2 + 0.15 * k) for k in range(n)))
    assert faults(shown) == []


def test_dollar_signs_are_letters():
    shown, _ = named(at("costs $5 or $6", 0.2, 0.5))
    shown.png()
    assert shown.figure.axes[0].texts[0].get_parse_math() is False
