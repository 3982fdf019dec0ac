"""The drawings of a report, as SVG: no library, no request, and they take the page's colours, light or dark."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .result import Bin, Result

WIDE, HIGH, LEFT, BELOW, ABOVE = 360, 240, 54, 40, 14


@dataclass(frozen=True)
class Step:
    """Where only answers of at least `probability` are given, and what the line refuses is not answered: `answered` of
    the `n` test pictures, `wrong` of them wrong."""

    probability: float
    answered: int
    wrong: int
    n: int


def steps(result: Result) -> list[Step]:
    """From the surest answer alone to all that the line lets through; pictures of equal probability go together."""
    rows = sorted((row for row in result.rows if row.accepted), key=lambda row: -row.probability)
    found, wrong = [], 0
    for k, row in enumerate(rows):
        wrong += row.answer != row.truth
        if k + 1 == len(rows) or rows[k + 1].probability != row.probability:
            found.append(Step(row.probability, k + 1, wrong, len(result.rows)))
    return found


def _x(share: float) -> float:
    return round(LEFT + share * (WIDE - LEFT - 12), 1)


def _y(share: float, top: float = 1.0) -> float:
    return round(HIGH - BELOW - share / top * (HIGH - BELOW - ABOVE), 1)


def _axes(xlabel: str, ylabel: str, top: float) -> Iterator[str]:
    for tick in (0, 0.25, 0.5, 0.75, 1):
        yield f'<line class="grid" x1="{LEFT}" x2="{_x(1)}" y1="{_y(tick)}" y2="{_y(tick)}"/>'
        yield f'<text x="{LEFT - 5}" y="{_y(tick) + 4}" text-anchor="end">{100 * tick * top:.3g}</text>'
        yield f'<text x="{_x(tick)}" y="{HIGH - BELOW + 15}" text-anchor="middle">{100 * tick:.0f}</text>'
    yield f'<text x="{_x(0.5)}" y="{HIGH - 6}" text-anchor="middle">{xlabel}</text>'
    middle = _y(0.5)
    yield f'<text x="11" y="{middle}" text-anchor="middle" transform="rotate(-90 11 {middle})">{ylabel}</text>'


def _svg(label: str, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDE} {HIGH}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def reliability(bins: Sequence[Bin]) -> str:
    """How often it is right against how sure it says it is; a dot's area is its number of pictures."""
    there = [one for one in bins if one.n and one.confidence is not None and one.right is not None]
    most = max((one.n for one in there), default=1)
    dots = [
        f'<circle class="dot" cx="{_x(one.confidence or 0)}" cy="{_y(one.right or 0)}" r="{_radius(one.n, most)}">'
        f"<title>{_told(one)}</title></circle>"
        for one in there
    ]
    diagonal = f'<line class="diagonal" x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}"/>'
    label = "Right against probability. " + " ".join(map(_told, there))
    axes = _axes("probability of the answer, %", "of these right, %", 1.0)
    return _svg(label, [*axes, diagonal, *dots])


def _radius(n: int, most: int) -> float:
    return round(3 + 9 * (n / most) ** 0.5, 1)


def _told(one: Bin) -> str:
    said = f"said {100 * (one.confidence or 0):.0f} %, right {100 * (one.right or 0):.0f} %"
    return f"{100 * one.low:.0f} to {100 * one.high:.0f} %: {said}, n = {one.n}."


def risk_coverage(curve: Sequence[Step]) -> str:
    """Errors among the answers against the share that is answered. report.js moves the dot, which has class "here"."""
    worst = max((step.wrong / step.answered for step in curve), default=0)
    top = next((top for top in (0.02, 0.05, 0.1, 0.2, 0.5) if worst <= top), 1.0)
    places = [(_x(step.answered / step.n), _y(step.wrong / step.answered, top)) for step in curve]
    path = "M" + "L".join(f"{x} {y}" for x, y in places)
    last = curve[-1]
    label = (
        f"Errors among the answers, against the share that is answered: {100 * last.wrong / last.answered:.1f} % where "
        f"{100 * last.answered / last.n:.0f} % are answered."
    )
    dot = f'<circle class="dot here" cx="{places[-1][0]}" cy="{places[-1][1]}" r="6"/>'
    axes = _axes("answered, % of the test pictures", "of these wrong, %", top)
    return _svg(label, [*axes, f'<path class="curve" data-top="{top}" d="{path}"/>', dot])
