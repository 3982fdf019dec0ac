"""What of a drawing's text cannot be read: two texts on one place or run together, text that is cut off or runs out.

Boxes come from matplotlib's renderer, of exactly those texts that it draws; a text that is turned has a turned box.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from course_lib.figures import Drawing
from course_lib.figures.interactive.review_gallery import ReviewGallery
from course_lib.figures.live import LiveFigure

TOLERANCE = 1.5  # pixels, of each box on each side: its rim is air
APART = 2.0  # pixels between two texts on one line: nearer they read as one word
DPI = 100  # of the pictures in a lesson
REVIEW_DPI = 80  # of a review gallery's


@dataclass(frozen=True)
class Box:
    """A text and its corners [4, 2] in pixels, one after the other."""

    text: str
    corners: np.ndarray

    def overlaps(self, other: Box) -> bool:
        """Two rectangles are apart where a line along a side of one of them parts them (separating axes)."""
        for side in (*_sides(self.corners), *_sides(other.corners)):
            mine, theirs = self.corners @ side, other.corners @ side
            if mine.max() <= theirs.min() or theirs.max() <= mine.min():
                return False
        return True

    def touches(self, other: Box) -> bool:
        """On one line, side by side, and so near that they read as one."""
        (low, high), (low_, high_) = ((box.corners.min(axis=0), box.corners.max(axis=0)) for box in (self, other))
        left, right = (self, other) if low[0] < low_[0] else (other, self)
        spaced = left.text.endswith(" ") or right.text.startswith(" ")
        one_line = abs(low[1] + high[1] - low_[1] - high_[1]) <= high[1] - low[1]
        if spaced or not one_line or self.overlaps(other) or not (self.level and other.level):
            return False
        return max(low[0] - high_[0], low_[0] - high[0]) - 2 * TOLERANCE < APART

    @property
    def level(self) -> bool:
        """Whether the text is not turned."""
        return bool(self.corners[0, 1] == self.corners[1, 1])

    def inside(self, low: np.ndarray, high: np.ndarray) -> bool:
        return bool((self.corners >= low).all() and (self.corners <= high).all())


def faults(shown: Drawing | LiveFigure | ReviewGallery) -> list[str]:
    """A line for each pair of texts that overlap or touch, and each that is cut off or leaves its axes; else empty."""
    if isinstance(shown, LiveFigure):  # saved as it is: the canvas is the edge
        figure = Figure(layout="constrained", facecolor="white")
        shown.draw(figure)
        return faults_of(figure)
    if isinstance(shown, Drawing):
        return faults_of(shown.figure, tight=True)
    return faults_of(shown.still().figure, tight=True, dpi=REVIEW_DPI)


def faults_of(figure: Figure, *, tight: bool = False, dpi: float = DPI) -> list[str]:
    """As `faults`; `tight`: the figure is saved with its edge around what counts for the layout."""
    before = figure.dpi
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    with _drawn_texts() as texts:
        canvas.draw()
    edge = figure.bbox
    if tight:
        edge = figure.get_tightbbox(canvas.get_renderer()).padded(0.1).transformed(figure.dpi_scale_trans)
    boxes = {text: _box(text) for text in texts}
    found = [f"cut off: {box.text!r}" for text, box in boxes.items() if not box.inside(*_room(text, edge))]
    found += [f"runs out of its axes: {box.text!r}" for text, box in boxes.items() if _runs_out(text, box)]
    pairs = list(combinations(boxes.values(), 2))
    figure.set_dpi(before)
    found += [f"overlap: {a.text!r} and {b.text!r}" for a, b in pairs if a.overlaps(b)]
    return found + [f"run together: {a.text!r} and {b.text!r}" for a, b in pairs if a.touches(b)]


@contextmanager
def _drawn_texts() -> Iterator[list[Text]]:
    """The texts that are drawn meanwhile; an axis has more of them, beyond its limits, and draws only some."""
    drawn, draw = {}, Text.draw

    def noted(self, renderer, *args, **kwargs):
        if self.get_visible() and self.get_text().strip():
            drawn[self] = None
        return draw(self, renderer, *args, **kwargs)

    texts: list[Text] = []
    Text.draw = noted
    try:
        yield texts
    finally:
        Text.draw = draw
        texts.extend(drawn)


def _box(text: Text) -> Box:
    turned, angle = text.get_window_extent(), text.get_rotation()
    text.set_rotation(0)
    flat = text.get_window_extent()
    text.set_rotation(angle)
    half = np.maximum([flat.width / 2 - TOLERANCE, flat.height / 2 - TOLERANCE], 0.1)
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    return Box(text.get_text(), square @ rotation.T + [(turned.x0 + turned.x1) / 2, (turned.y0 + turned.y1) / 2])


def _room(text: Text, edge) -> tuple[np.ndarray, np.ndarray]:
    """(low, high) corner of what can be seen of `text`."""
    low, high = np.array([edge.x0, edge.y0]), np.array([edge.x1, edge.y1])
    if text.get_clip_on() and (clip := text.get_clip_box()) is not None:
        low, high = np.maximum(low, clip.min), np.minimum(high, clip.max)
    return low, high


def _runs_out(text: Text, box: Box) -> bool:
    """Whether `text` names a place of a chart and reaches beyond the chart's axes."""
    axes = text.axes
    if axes is None or not isinstance(text, Annotation) or text.xycoords != "data":
        return False
    return not box.inside(axes.bbox.min, axes.bbox.max)


def _sides(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return corners[1] - corners[0], corners[3] - corners[0]
