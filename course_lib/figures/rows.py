"""Rows that are compared: a variant a row, its mean and range over seeds, and the numbers in a column beside them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise, takewhile
from typing import Any

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..study import Summary
from .static import BLACK, BLUE, GREEN, MARKERS, PALETTE, VERMILION, Drawing, drawing
from .words import balanced, literal, with_spread, with_unit

_ROW, _NAME = 0.42, 40  # inches; letters of a row's name on one line
_APART = 0.13  # of a line: two on it stand so far above and below its middle
_NOTE = "dot: mean; bar: lowest to highest; ± standard deviation (SD); "
Pairs = Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class _Mark:
    """One variant: the height of its line and its own, its colour and mark, and its group's name ("" for none)."""

    line: int
    y: float
    summary: Summary
    group: str
    colour: str
    marker: str


def dots(
    rows: Mapping[str, Summary],
    *,
    title: str = "",
    metric: str = "test accuracy",
    chance: float | None = None,
    ceiling: float | None = None,
    pairs: Pairs | None = None,
    groups: Mapping[str, str] | None = None,
    never: float | None = None,
    xlim: tuple[float, float] | None = None,
    like: Mapping[str, Summary] | None = None,
    each: bool = False,
) -> Drawing:
    """One line a variant: the mean over seeds as a dot, lowest to highest as a bar, mean and deviation beside it.

    All numbers are in the summaries' unit: shares of 0–1 where that is "%".

    Args:
        rows: name → what its runs gave, from the top.
        title: above the figure.
        metric: what was measured, in words.
        chance: what guessing gives, a labelled line.
        ceiling: the best that is possible, a labelled line.
        pairs: name of a line → the two of `rows` that it joins; what is in no pair keeps a line of its own.
        groups: row → its group, which has one colour and one mark, and stands in the legend.
        never: the value of runs that did not get there: they are told as "never" and not as a number.
        xlim: lowest and highest number on the axis.
        like: rows of a figure that this one is compared with: both get the same range.
        each: a short stroke for each seed, for runs that succeed or fail: a mean does not tell the two apart.

    Raises:
        ValueError: no rows, pairs or groups that name no row, or rows of two units.

    >>> grey = Summary("grey", mean=0.5, sd=0.02, low=0.47, high=0.53, seeds=5, n=400, seconds=1.0, device="CPU")
    >>> dots({"grey": grey}, metric="test accuracy", chance=0.5).alt
    'test accuracy. grey: 50.0%. Chance is 50 %.'
    """
    _check(rows, pairs or {}, groups or {})
    lines = _lines(rows, pairs or {})
    marks = _marks(rows, lines, groups or _told_apart(pairs or {}))
    unit = next(iter(rows.values())).unit
    scale, legend = (100 if unit == "%" else 1), len({mark.group for mark in marks} - {""}) > 0
    with drawing(8, _ROW * len(lines) + 1.25 + 0.25 * legend + 0.25 * bool(title)) as (f, ax):
        for mark in marks:
            _draw(ax, mark, scale, never)
            if each:
                values = [scale * value for value in mark.summary.values]
                ax.plot(values, [mark.y] * len(values), "|", color=BLACK, ms=9, mew=1.2, zorder=3)
        _join(ax, marks, scale)
        limits = xlim or _limits([*rows.values(), *(like or {}).values()], [chance, ceiling, never])
        ax.set(xlim=[scale * end for end in limits], ylim=(-0.65 if chance is None else -0.95, len(lines) - 0.35))
        ax.set_yticks(range(len(lines)), [balanced(literal(name), _NAME) for name in lines][::-1], fontsize=9.5)
        ax.set_xlabel(balanced(with_unit(metric, unit), 64), fontsize=9)
        _column(ax, marks, len(lines), never)
        _line(ax, "chance", chance, unit, low=True)
        _line(ax, "ceiling", ceiling, unit, low=False)
        if never is not None:
            _never_ends(ax, never)
        if legend:
            f.legend(loc="outside upper right", ncols=3, frameon=False, fontsize=9)
            ax.set_title(balanced(literal(title), 56), fontsize=10.5)  # a figure's own title would lie on the legend
        else:
            f.suptitle(balanced(literal(title), 90), fontsize=11)
        f.supxlabel(_note(rows.values(), never, each=each), fontsize=8, color="0.35")
    told = ", ".join(_told(name, s, never) for name, s in rows.items())
    ends = "".join(
        f" {word} is {_number(value, unit)}."
        for word, value in (("Chance", chance), ("The ceiling", ceiling))
        if value is not None
    )
    # The summary is compared, letter by letter, with what lessons have stored; what is new is told in the alt text.
    return Drawing(f, f"{_ended(title or metric)}{listed(rows)}", f"{_ended(title)}{metric}. {told}.{ends}")


def _ended(title: str) -> str:
    """A title as a sentence before others: "Which is best?" stays, "Fine-tuned" gets its full stop."""
    return f"{title}{'' if title.endswith(('.', '?')) else '.'} " if title else ""


def _check(rows: Mapping[str, Summary], pairs: Pairs, groups: Mapping[str, str]) -> None:
    named = [*(name for pair in pairs.values() for name in pair), *groups]
    if not rows or (strange := [name for name in named if name not in rows]):
        missing = f"no row called {', '.join(map(repr, strange))}" if rows else "no rows"
        raise ValueError(f"dots has {missing}; it has: {'; '.join(rows) or 'nothing'}. Give a row or more, by name.")
    if len(units := {s.unit for s in rows.values()}) > 1:
        raise ValueError(f"dots got rows in {' and in '.join(sorted(units))}; it wants one unit a figure.")


def _lines(rows: Mapping[str, Summary], pairs: Pairs) -> dict[str, tuple[str, ...]]:
    """Name of a line → the rows on it, from the top, each where the first of its rows stood."""
    owner = {name: line for line, names in pairs.items() for name in names}
    return {owner.get(name, name): pairs.get(owner.get(name, name), (name,)) for name in rows}


def _marks(rows: Mapping[str, Summary], lines: Mapping[str, tuple[str, ...]], groups: Mapping[str, str]) -> list[_Mark]:
    known = list(dict.fromkeys(groups[name] for names in lines.values() for name in names if name in groups))
    style = {group: (PALETTE[k % len(PALETTE)], MARKERS[k % len(MARKERS)]) for k, group in enumerate(known)}
    alone = (BLACK, "o") if known else (BLUE, "o")
    return [
        _Mark(line, line + up, rows[name], groups.get(name, ""), *style.get(groups.get(name, ""), alone))
        for line, names in zip(range(len(lines) - 1, -1, -1), lines.values(), strict=True)
        for name, up in zip(names, (_APART, -_APART) if len(names) > 1 else (0,), strict=True)
    ]


def _told_apart(pairs: Pairs) -> dict[str, str]:
    """Row → what its name has and its partner's has not, if that is the same two things in all pairs.

    >>> _told_apart({"grey": ("grey, 8 epochs", "grey, 40 epochs")})
    {'grey, 8 epochs': '8 epochs', 'grey, 40 epochs': '40 epochs'}
    """
    rests = [_rests(pair) for pair in pairs.values()]
    if len(set(rests)) > 1:
        rests = [("first of the pair", "second of the pair")] * len(rests)
    apart = zip(pairs.values(), rests, strict=True)
    return {name: rest for pair, two in apart for name, rest in zip(pair, two, strict=True)}


def _rests(pair: tuple[str, str]) -> tuple[str, str]:
    """Both names without the words that they begin with, or without those that they end with, in common."""
    words = [name.split(" ") for name in pair]
    same = _same(*words)
    if same == 0:
        back = _same(*(word[::-1] for word in words))
        words = [word[: len(word) - back] for word in words]
    first, second = (" ".join(word[same:]).strip(" ,:") for word in words)
    return first or "as it is", second or "as it is"


def _same(one: list[str], other: list[str]) -> int:
    """How many words both begin with."""
    return len(list(takewhile(lambda two: two[0].strip(",:") == two[1].strip(",:"), zip(one, other, strict=False))))


def _draw(ax: Axes, mark: _Mark, scale: float, never: float | None) -> None:
    """Bar and dot; of what was never reached the word alone."""
    s, label = mark.summary, mark.group
    if mark.group in ax.get_legend_handles_labels()[1]:
        label = ""
    ax.plot([], [], mark.marker, color=mark.colour, label=label or "_")
    if _missed(s, never) == s.seeds:
        assert never is not None
        ax.text(scale * never, mark.y, "never", ha="right", va="center", fontsize=9, color=VERMILION, weight="bold")
        return
    ax.plot([scale * s.low, scale * s.high], [mark.y] * 2, color=mark.colour, lw=6, alpha=0.35, solid_capstyle="butt")
    face = "white" if _missed(s, never) else mark.colour  # hollow: the mean is at least this
    ax.plot(scale * s.mean, mark.y, mark.marker, color=mark.colour, mfc=face, ms=7)


def _join(ax: Axes, marks: list[_Mark], scale: float) -> None:
    for one, other in pairwise(marks):
        if one.line == other.line:
            ends = [scale * one.summary.mean, scale * other.summary.mean]
            ax.plot(ends, [one.y, other.y], color="0.35", lw=1.2, zorder=1.5)


def _limits(summaries: Iterable[Summary], others: Iterable[float | None]) -> tuple[float, float]:
    """A range with room for all, in the summaries' unit; shares do not go far beyond 0 and 1."""
    summaries = list(summaries)
    known = [value for value in others if value is not None]
    low, high = min([*known, *(s.low for s in summaries)]), max([*known, *(s.high for s in summaries)])
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    least, most = (-0.02, 1.02) if summaries[0].unit == "%" and 0 <= low <= high <= 1 else (-math.inf, math.inf)
    if low >= 0 > low - room:  # of what cannot be negative, no negative numbers
        least = max(least, -0.02 * (high + room))
    return max(low - room, least), min(high + room, most)


def _column(ax: Axes, marks: list[_Mark], lines: int, never: float | None) -> None:
    """Mean and deviation of each row, beside the axes, where no other mark can be in their way."""
    style: dict[str, Any] = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": 8.5}
    for y in range(lines):
        own = [_value(mark.summary, never) for mark in marks if mark.line == y]
        ax.text(1.02, y, "  →  ".join(own), **style)
    ax.text(1.02, lines - 0.35, "mean ± SD", **{**style, "va": "bottom", "color": "0.35"})


def _value(s: Summary, never: float | None) -> str:
    missed = _missed(s, never)
    mean = f"{100 * s.mean:.1f}" if s.unit == "%" else f"{s.mean:.3g}"
    if missed == s.seeds:
        return "never"
    if missed:
        return f"{mean} or more; never in {missed} of {s.seeds}"
    if s.seeds == 1:
        return mean
    return f"{mean} ± {100 * s.sd:.1f}" if s.unit == "%" else with_spread(s.mean, s.sd)


def _note(summaries: Iterable[Summary], never: float | None, *, each: bool) -> str:
    """What dot, bar and stroke mean, and what the numbers rest on."""
    summaries = list(summaries)
    partly = any(0 < _missed(s, never) < s.seeds for s in summaries)
    hollow = f"\nhollow: a run that never got there counts as {never:g}, so the mean is at least this" if partly else ""
    return ("stroke: a seed; " if each else "") + _NOTE + rests_on(summaries) + hollow


def _missed(s: Summary, never: float | None) -> int:
    """In how many seeds it did not get there."""
    if never is None:
        return 0
    return sum(value >= never for value in s.values) if s.values else s.seeds * (s.low >= never)


def _line(ax: Axes, word: str, value: float | None, unit: str, *, low: bool) -> None:
    """A labelled line: its words below the lowest row, or above the highest one, so that two lines never meet."""
    if value is None:
        return
    colour, style = (BLACK, "--") if low else (GREEN, "-.")
    x = 100 * value if unit == "%" else value
    ax.axvline(x, color=colour, ls=style, lw=1.2, zorder=1)
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    side = "right" if (x - left) > 0.75 * (right - left) else "left"
    words = f" {word} {_number(value, unit)} "
    ax.text(x, bottom if low else top, words, ha=side, va="bottom", fontsize=8, color=colour)
    if not low:
        ax.set_ylim(bottom, top + 0.4)


def _never_ends(ax: Axes, never: float) -> None:
    """The axis' last tick is where those stand that did not get there."""
    low, _ = ax.get_xlim()
    ax.axvline(never, color="0.6", ls=":", lw=1)
    ticks = [tick for tick in MaxNLocator(6).tick_values(low, never) if low <= tick < low + 0.9 * (never - low)]
    ax.set_xticks([*ticks, never], [*(f"{tick:g}" for tick in ticks), "never"])


def _told(name: str, s: Summary, never: float | None) -> str:
    if not (missed := _missed(s, never)):
        return listed({name: s})
    return f"{name}: never" if missed == s.seeds else f"{name}: never in {missed} of {s.seeds}"


def _number(value: float, unit: str) -> str:
    return f"{100 * value:.3g} %" if unit == "%" else f"{value:.3g} {unit}"


def rests_on(summaries: Iterable[Summary]) -> str:
    """What numbers rest on: "3 to 5 seeds, n = 2,700 each".

    Of three sizes and more, and where the seeds of a row differ in it, the first and the last.
    """
    summaries = list(summaries)
    seeds = sorted({s.seeds for s in summaries})
    sizes = sorted({s.n for s in summaries} | {s.most for s in summaries if s.most})
    several = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    many = len(sizes) > 2 or any(s.most for s in summaries)
    of = f"{sizes[0]:,} to {sizes[-1]:,}" if many else " or ".join(f"{n:,}" for n in sizes)
    counted = f", n = {of} each" if any(sizes) else ""  # 0: no share of pictures
    return f"{several} seeds{counted}"


def listed(rows: Mapping[str, Summary] | Mapping[float, Summary]) -> str:
    """Every row with its mean: "one: 80.0%, two: 60.0%"."""
    return ", ".join(
        f"{name}: {s.mean:.1%}" if s.unit == "%" else f"{name}: {s.mean:.3g} {s.unit}" for name, s in rows.items()
    )
