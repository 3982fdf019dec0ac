"""The ledger as a page: a row a claim with its interval drawn; filters where JavaScript runs, else the table."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from .trial import Outcome

if TYPE_CHECKING:
    from .ledger import Row

REACH = 64  # what is farther from zero than so many times what matters is drawn at the edge
TICKS = (0, 1, 4, 16, REACH)
HALF = 200  # of the drawing's width, in its own units
COLUMNS = ("Advice", "Verdict", "Effect")
LEGEND = (
    "Each drawing shows the effect in units of what matters to that claim: 4 is four times the smallest difference "
    "that anyone would care about. To the right the first variant is better. The grey band does not matter, the "
    "line is the interval, the large dot the mean, each small dot a seed. Distances grow with the root, "
    "so that small and large effects fit one axis; what lies beyond 64 stands at the edge."
)
"""What to look at."""


@dataclass(frozen=True)
class Drawn:
    """The numbers of a drawing, in units of the smallest effect that matters, above zero where the variant is better.

    Attributes:
        mean, low, high: the effect and its interval; `low` and `high` are infinite where there is none.
        seeds: one difference a seed.
    """

    mean: float
    low: float
    high: float
    seeds: tuple[float, ...]

    @classmethod
    def of(cls, outcome: Outcome) -> Drawn:
        """What `outcome` measured; NaN and no seeds where nothing is."""
        verdict, matters = outcome.verdict, outcome.trial.smallest_effect
        mean, low, high = (value / matters for value in (verdict.effect, verdict.low, verdict.high))
        return cls(mean, low, high, tuple((outcome.differences / matters).tolist()))


def place(value: float) -> float:
    """Where `value` stands on the axis, −HALF to HALF: the root of its size.

    >>> place(0), place(16), place(-1_000)
    (0.0, 100.0, -200.0)
    """
    return round(math.copysign(HALF * math.sqrt(min(abs(value), REACH) / REACH), value), 1)


def drawing(drawn: Drawn, label: str) -> str:
    """An SVG of one effect; `label` is what it says, in words."""
    parts = [f'<rect class="band" x="{place(-1)}" y="2" width="{place(1) - place(-1)}" height="30"/>']
    parts.append('<line class="zero" x1="0" x2="0" y1="2" y2="32"/>')
    if math.isfinite(drawn.low) and math.isfinite(drawn.high):
        ends = f'x1="{place(drawn.low)}" x2="{place(drawn.high)}"'
        parts.append(f'<line class="interval" {ends} y1="12" y2="12"/>')
    if math.isfinite(drawn.mean):
        parts.append(f'<circle class="mean" cx="{place(drawn.mean)}" cy="12" r="4"/>')
    parts += [f'<circle class="seed" cx="{place(value)}" cy="25" r="2"/>' for value in drawn.seeds]
    return f'<svg viewBox="{_box(34)}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'


def axis() -> str:
    """The ticks of every drawing: how many times what matters."""
    both = sorted({sign * tick for tick in TICKS for sign in (-1, 1)})
    ticks = "".join(f'<text x="{place(t)}" y="11">{str(t).replace("-", "−")}</text>' for t in both)
    return f'<svg class="axis" viewBox="{_box(14)}" aria-hidden="true">{ticks}</svg>'


def _box(height: int) -> str:
    return f"{-HALF - 6} 0 {2 * (HALF + 6)} {height}"


def fragment(rows: Iterable[Row]) -> str:
    """The ledger's table with its style and script, to stand in any page beside the lessons."""
    here = files(__package__)
    style, script = ((here / name).read_text(encoding="utf-8") for name in ("ledger.css", "ledger.js"))
    head = "".join(f'<th scope="col">{name}{axis() if name == "Effect" else ""}</th>' for name in COLUMNS)
    body = "\n".join(map(_row, rows))
    return (
        f'<div class="ledger"><style>\n{style}</style>\n<p>{escape(LEGEND)}</p>\n'
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n"
        f"<script>\n{script}</script></div>\n"
    )


def _row(row: Row) -> str:
    name, number = escape(row.name), escape(row.number)
    kind = escape(row.word.replace(" ", "-"))
    lesson = f'<a href="{escape(row.lesson)}.ipynb">{number}</a>'
    more = (
        f"<details><summary>Runs</summary>{escape(row.runs)}. On {escape(row.hardware)}. Again: "
        f'<code>{escape(row.command)}</code>. <a href="#{name}">Link to this claim</a></details>'
    )
    cells = (
        f"{escape(row.advice)} ({lesson})",
        f"<strong>{escape(row.word)}</strong><br>{escape(row.because)}",
        f"{drawing(row.drawn, row.effect)}{escape(row.effect)}{more}",
    )
    data = f'data-lesson="{number}" data-verdict="{escape(row.word)}"'
    return f'<tr id="{name}" class="{kind}" {data}>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
