"""A grid of pictures with captions, laid out in inches: a caption gets the room that its words take, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from .static import STYLE
from .words import literal

_POINTS, _LINE, _GAP = 8.0, 0.145, 0.1  # of a caption; inches of one of its lines; between cells
_AIR = 1.06  # at 80 dots an inch a word is drawn a little wider than its outline, and two side by side must not touch
_NARROW, _WIDE, _PAGE = 1.3, 1.9, 10.0  # inches: a picture's width, its widest, and the page's
_FONT = FontProperties(family="DejaVu Sans", size=_POINTS)


@contextmanager
def grid(
    captions: Sequence[str], *, columns: int, aspect: float = 1.0, title: str = "", margin: float = 0.0
) -> Iterator[tuple[Figure, list[Axes]]]:
    """(figure, an axes for each caption, without frame), in the course's style.

    Args:
        captions: one a picture; a line that is too long is broken between words.
        columns: at most so many side by side; the rows are filled evenly.
        aspect: height of a picture by its width.
        title: above all.
        margin: inches that are kept free at the right, for a scale.
    """
    columns = even(len(captions), columns)
    most = max(_NARROW, min(_WIDE, _PAGE / columns - _GAP))
    longest = _AIR * max(_inches(word) for caption in captions for word in caption.split() or [""])
    width = max(longest, min(most, max(_NARROW, *(_inches(line) for c in captions for line in c.split("\n")))))
    texts = ["\n".join(_broken(line, width) for line in caption.split("\n")) for caption in captions]
    rows = [texts[k : k + columns] for k in range(0, len(texts), columns)]
    heights = [width * aspect + 0.06 + _LINE * max(t.count("\n") + 1 for t in row) + _GAP for row in rows]
    head = 0.3 * (title.count("\n") + 1) if title else 0.05
    size = columns * (width + _GAP) + margin, sum(heights) + head
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=size)
        FigureCanvasAgg(figure)
        axes, top = [], size[1] - head
        for row, height in zip(rows, heights, strict=True):
            left = (size[0] - margin - len(row) * (width + _GAP) + _GAP) / 2
            for k, text in enumerate(row):
                place = left + k * (width + _GAP), top - width * aspect, width, width * aspect
                axes.append(_cell(figure, place, text))
            top -= height
        if title:
            _titled(figure, title)
        yield figure, axes


@contextmanager
def frames(
    n: int, columns: int, *, width: float, height: float, head: float = 0.0
) -> Iterator[tuple[Figure, list[Axes]]]:
    """(figure, `n` axes with frames, each about `width` by `height` inches), laid out for their ticks and labels."""
    columns = even(n, columns)
    rows = -(-n // columns)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width * columns, height * rows + head), layout="constrained")
        FigureCanvasAgg(figure)
        places = figure.add_gridspec(rows, 2 * columns)  # halves: the last row may stand in the middle
        axes = []
        for k in range(n):
            row, column = divmod(k, columns)
            left = 2 * column + columns - min(columns, n - row * columns)
            axes.append(figure.add_subplot(places[row, left : left + 2]))
        yield figure, axes


def even(n: int, columns: int) -> int:
    """Columns that fill the rows evenly: five in rows of at most four stand three and two.

    >>> even(5, 4), even(3, 4), even(12, 6)
    (3, 3, 6)
    """
    return -(-n // -(-n // columns))


def _titled(figure: Figure, title: str) -> None:
    """The title, at the top; smaller where it would be wider than the pictures."""
    width, height = figure.get_size_inches()
    points = min(11.0, max(7.0, 11 * width / max(0.1, 11 / _POINTS * max(map(_inches, title.split("\n"))))))
    figure.text(0.5, 1 - 0.05 / height, literal(title), ha="center", va="top", fontsize=points)


def _cell(figure: Figure, place: tuple[float, float, float, float], caption: str) -> Axes:
    """Axes at `place`, in inches from the lower left corner, with its caption below."""
    (wide, high), (x, y, w, h) = figure.get_size_inches(), place
    ax = figure.add_axes((x / wide, y / high, w / wide, h / high))
    ax.axis("off")
    below: dict[str, Any] = {"xytext": (0, -4), "textcoords": "offset points", "ha": "center", "va": "top"}
    ax.annotate(caption, (0.5, 0), xycoords="axes fraction", fontsize=_POINTS, parse_math=False, **below)
    return ax


def _broken(line: str, width: float) -> str:
    """`line` in as few lines of at most `width` inches as its words allow."""
    letters = len(line)
    while letters > 1 and max(_inches(part) for part in wrap(line, letters, break_long_words=False) or [""]) > width:
        letters -= 1
    return "\n".join(wrap(line, letters, break_long_words=False)) if line.strip() and letters < len(line) else line


def _inches(text: str) -> float:
    """How wide a caption's line is."""
    if not text.strip():
        return 0.0
    return TextPath((0, 0), literal(text), prop=_FONT).get_extents().width / 72
