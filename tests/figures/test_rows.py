"""Rows that are compared: lines for chance and ceiling, pairs, groups, what was never reached, ranges, units."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_hex

from course_lib import figures
from course_lib.figures.rows import rests_on
from course_lib.figures.words import with_unit
from course_lib.study import Summary


def row(*values: float, unit: str = "%") -> Summary:
    mean = sum(values) / len(values)
    return Summary("a", mean, 0.01, min(values), max(values), len(values), 100, 1.0, "CPU", unit, values)


GREY = {"grey, 8 epochs": row(0.6, 0.7), "grey, 40 epochs": row(0.7, 0.8), "HSV, 8 epochs": row(0.5, 0.6),
        "HSV, 40 epochs": row(0.5, 0.9)}  # fmt: skip
PAIRS = {"grey": ("grey, 8 epochs", "grey, 40 epochs"), "HSV": ("HSV, 8 epochs", "HSV, 40 epochs")}
EPOCHS = {"never": row(25, 25, unit="epochs"), "partly": row(9, 25, unit="epochs"), "soon": row(2, 4, unit="epochs")}


def axes_of(shown):
    return shown.figure.axes[0]


def words(shown):
    return {text.get_text().strip() for text in axes_of(shown).texts}


def legend(shown):
    return [text.get_text() for one in shown.figure.legends for text in one.get_texts()]


def test_chance_and_ceiling_are_labelled_lines_and_in_the_alt_text():
    shown = figures.dots(GREY, chance=0.5, ceiling=0.91)
    assert words(shown) >= {"chance 50 %", "ceiling 91 %"}
    upright = {x[0] for line in axes_of(shown).lines if len(x := list(line.get_xdata())) == 2 and x[0] == x[1]}
    assert upright == {50.0, 91.0}
    assert shown.alt.endswith("Chance is 50 %. The ceiling is 91 %.")


def test_a_pair_is_one_line_with_two_marks_that_are_joined():
    shown = figures.dots(GREY, pairs=PAIRS)
    assert [label.get_text() for label in axes_of(shown).get_yticklabels()] == ["HSV", "grey"]
    assert legend(shown) == ["8 epochs", "40 epochs"]
    assert words(shown) >= {"65.0 ± 1.0  →  75.0 ± 1.0"}
    assert any(list(line.get_xdata()) == pytest.approx([65, 75]) for line in axes_of(shown).lines)


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        (("frozen: hue", "tuned: hue"), ["frozen", "tuned"]),
        (("thin, untrained", "thin, trained"), ["untrained", "trained"]),
        (("HSV", "HSV, sine and cosine"), ["as it is", "sine and cosine"]),
    ],
)
def test_partners_are_named_by_what_tells_them_apart(pair, told):
    assert legend(figures.dots(dict.fromkeys(pair, row(0.5, 0.6)), pairs={"both": pair})) == told


def test_a_group_has_a_colour_and_a_mark_and_stands_once_in_the_legend():
    groups = {name: name.partition(",")[0] for name in GREY}
    shown = figures.dots(GREY, groups=groups)
    marks = {
        (to_hex(line.get_color()), line.get_marker()) for line in axes_of(shown).lines if line.get_marker() != "None"
    }
    assert legend(shown) == ["grey", "HSV"]
    assert len({colour for colour, _ in marks}) == len({mark for _, mark in marks}) == 2


def test_what_was_never_reached_is_a_word_and_no_number():
    shown = figures.dots(EPOCHS, metric="epochs until it learns", never=25)
    assert words(shown) == {"never", "17 or more; never in 1 of 2", "3.00 ± 0.01", "mean ± SD"}
    assert [label.get_text() for label in axes_of(shown).get_xticklabels()][-1] == "never"
    assert "never: never, partly: never in 1 of 2, soon: 3 epochs" in shown.alt
    assert axes_of(shown).get_xlabel() == "epochs until it learns"
    note = shown.figure.get_supxlabel()
    assert note.endswith("hollow: a run that never got there counts as 25, so the mean is at least this")


def test_where_no_run_or_each_run_failed_no_mark_is_hollow_and_none_is_explained():
    whole = {name: EPOCHS[name] for name in ("never", "soon")}
    assert "hollow" not in figures.dots(whole, metric="epochs", never=25).figure.get_supxlabel()


def test_figures_that_are_compared_share_a_range():
    low, high = {"a": row(0.2, 0.3)}, {"b": row(0.8, 0.9)}
    ranges = [axes_of(figures.dots(rows, like=other)).get_xlim() for rows, other in ((low, high), (high, low))]
    assert ranges[0] == ranges[1]
    assert ranges[0] != axes_of(figures.dots(low)).get_xlim()
    assert axes_of(figures.dots(low, xlim=(0, 1))).get_xlim() == (0, 100)


def test_what_is_compared_in_stored_lessons_stays_as_it_was():
    assert repr(figures.dots({"one": row(0.8, 0.8)}, chance=0.5)) == "Figure: test accuracy. one: 80.0%"


@pytest.mark.parametrize(
    ("rows", "more", "message"),
    [
        ({}, {}, "dots has no rows"),
        (GREY, {"pairs": {"x": ("grey, 8 epochs", "green")}}, "no row called 'green'"),
        (GREY, {"groups": {"green": "a"}}, "no row called 'green'"),
        (GREY | EPOCHS, {}, "rows in % and in epochs"),
    ],
)
def test_what_does_not_fit_is_named(rows, more, message):
    with pytest.raises(ValueError, match=message):
        figures.dots(rows, **more)


@pytest.mark.parametrize(
    ("metric", "unit", "told"),
    [
        ("false alarms a minute", "a minute", "false alarms a minute"),
        ("false alarms", "a minute", "false alarms (a minute)"),
        ("near unknowns that get in", "%", "near unknowns that get in (%)"),
        ("share of pictures in %", "%", "share of pictures in %"),
        ("time until 95 % are right", "epochs", "time until 95 % are right (epochs)"),
        ("loss", "", "loss"),
    ],
)
def test_a_unit_stands_once(metric, unit, told):
    assert with_unit(metric, unit) == told


def test_each_seed_has_a_stroke_where_it_is_asked_for():
    def strokes(shown):
        return [list(line.get_xdata()) for line in axes_of(shown).lines if line.get_marker() == "|"]

    assert strokes(figures.dots(GREY)) == []
    assert strokes(figures.dots(GREY, each=True)) == [pytest.approx([100 * v for v in s.values]) for s in GREY.values()]


def test_title_is_a_sentence_before_the_rows():
    asked, told = (figures.dots(GREY, title=title, metric="accuracy") for title in ("Which is best?", "Fine-tuned"))
    assert asked.alt.startswith("Which is best? accuracy. ")
    assert told.alt.startswith("Fine-tuned. accuracy. ")
    assert repr(asked).startswith("Figure: Which is best? ")
    assert repr(told).startswith("Figure: Fine-tuned. ")


def test_title_does_not_lie_on_the_legend():
    shown = figures.dots(GREY, pairs=PAIRS, title="Five times as many epochs: what moves, and by how much?")
    drawn = shown.figure
    drawn.canvas.draw()
    title = axes_of(shown).title.get_window_extent()
    assert title.width > 100
    assert not title.overlaps(drawn.legends[0].get_window_extent())


def test_of_many_sizes_the_first_and_the_last_are_told():
    def of(*sizes):
        return rests_on([Summary("grey", 0.5, 0.02, 0.47, 0.53, 5, n, 1.0, "CPU") for n in sizes])

    assert of(400) == "5 seeds, n = 400 each"
    assert of(1_398, 29) == "5 seeds, n = 29 or 1,398 each"
    assert of(113, 1_398, 29) == "5 seeds, n = 29 to 1,398 each"
    differing = Summary("grey", 0.5, 0.02, 0.47, 0.53, 5, 2_967, 1.0, "CPU", most=7_155)
    assert rests_on([differing]) == "5 seeds, n = 2,967 to 7,155 each"
