"""Names beside marks, each where it covers nothing, is nearest to its own mark, and stays inside of its axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

_AROUND = 4.0  # pixels around an error bar, for its caps and its mark
_AS_BAD = 1e4  # square pixels: what a name that stands beside another's mark is worth


@dataclass(frozen=True)
class Named:
    """A mark at (x, y) with its error bar from `low` to `high`, in the units of the axes, and its name."""

    name: str
    x: float
    y: float
    low: float
    high: float

    def places(self) -> list[tuple[float, dict[str, Any]]]:
        """(height, how to write) where the name may stand, the best first; offsets in points."""
        sides = [
            (self.y, {"xytext": (right, up), "ha": "left" if right > 0 else "right", "va": "center"})
            for up in (0, 11, -11)
            for right in (9, -9)
        ]
        ends = [
            (self.high, {"xytext": (0, 6), "ha": "center", "va": "bottom"}),
            (self.low, {"xytext": (0, -6), "ha": "center", "va": "top"}),
        ]
        return [*sides, *ends]


def name_marks(ax: Axes, marks: Sequence[Named], **style: Any) -> None:
    """Writes each name beside its mark: right of it, or where it covers no bar, no legend and no other name.

    To be called last: what is drawn later, or other limits, may cover what stands here.

    Args:
        marks: all that is drawn there and must be seen.
        style: for the text, as `fontsize=8.5`.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None, "axes in no figure have no place"
    figure.draw_without_rendering()  # only now is known where the axes lie
    taken = [_bar(ax, mark) for mark in marks]
    if (legend := ax.get_legend()) is not None:
        taken.append(legend.get_window_extent())
    for mark in marks:
        taken.append(_placed(ax, mark, marks, taken, style))


def _placed(ax: Axes, mark: Named, marks: Sequence[Named], taken: Sequence[Bbox], style: dict[str, Any]) -> Bbox:
    """The box of the mark's name, written at the best of its places."""
    tried = [(note, note.get_window_extent()) for note in _written(ax, mark, style)]
    best, box = min(tried, key=lambda one: _fault(ax, mark, marks, one[1], taken))  # of equals the first
    for note, _ in tried:
        if note is not best:
            note.remove()
    return box


def _written(ax: Axes, mark: Named, style: dict[str, Any]) -> list[Annotation]:
    """The name at each of its places."""
    notes = [
        ax.annotate(mark.name, (mark.x, height), textcoords="offset points", **place, **style, parse_math=False)
        for height, place in mark.places()
    ]
    for note in notes:
        note.set_in_layout(False)  # it lies inside, and must not move what it was measured in
    return notes


def _fault(ax: Axes, mark: Named, marks: Sequence[Named], box: Bbox, taken: Sequence[Bbox]) -> float:
    """Square pixels of `box` that lie on what is taken or outside of the axes; more where another mark is nearer."""
    shared = [Bbox.intersection(box, other) for other in taken]
    inside = Bbox.intersection(box, ax.bbox)
    covered = sum(part.width * part.height for part in shared if part is not None)
    outside = box.width * box.height - (inside.width * inside.height if inside is not None else 0)
    nearest = min(marks, key=lambda other: (_gap(ax, other, box), other is not mark))
    return covered + outside + _AS_BAD * (nearest is not mark)


def _bar(ax: Axes, mark: Named) -> Bbox:
    return Bbox(ax.transData.transform([(mark.x, mark.low), (mark.x, mark.high)])).padded(_AROUND)


def _gap(ax: Axes, mark: Named, box: Bbox) -> float:
    """Pixels between the mark and `box`."""
    x, y = ax.transData.transform((mark.x, mark.y))
    return float(np.hypot(max(box.x0 - x, x - box.x1, 0), max(box.y0 - y, y - box.y1, 0)))
