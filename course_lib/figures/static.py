"""A finished drawing: a PNG to look at, and a sentence for those who cannot."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito's palette: eight colours that differ for every kind of colour vision.
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, BLACK)
MARKERS = "osD^vPX"
# Ten colours for ten classes, chosen for every kind of colour vision (Petroff, 2021: Accessible color sequences).
CATEGORIES = (
    "#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd",
)  # fmt: skip
# What a figure says of where its pictures come from; nothing where they are what everybody expects.
SOURCE_NOTES = {"real": "", "stand-in": "generated stand-in", "generated": "generated"}

STYLE: dict[Any, Any] = {  # matplotlib's own type lists each name of a setting
    "font.size": 10,
    "font.family": "DejaVu Sans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.9",
    "axes.axisbelow": True,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


def after_comma(note: str) -> str:
    """`note` as it follows other words: ", generated"; nothing where there is none."""
    return f", {note}" if note else ""


def check_source(who: str, source: str) -> None:
    """ValueError unless `source` is one that `ImageSet.source` may have."""
    if source not in SOURCE_NOTES:
        raise ValueError(f"{who} got source={source!r}; it wants one of {', '.join(SOURCE_NOTES)}.")


class Drawing:
    """What a lesson shows as the last expression of a cell.

    Attributes:
        summary: what is shown, in a sentence without measured numbers: the cell's text/plain, which tests compare.
        alt: what there is to see, numbers included, for readers who cannot see the picture.
    """

    def __init__(self, figure: Figure, summary: str, alt: str = ""):
        self.figure, self.summary, self.alt = figure, summary, alt or summary

    def png(self, *, dpi: int = 100) -> bytes:
        """The drawing as a PNG file."""
        out = io.BytesIO()
        self.figure.savefig(out, format="png", dpi=dpi, bbox_inches="tight", metadata={"Software": None})
        return out.getvalue()

    def __repr__(self) -> str:
        return f"Figure: {self.summary}"

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> tuple[dict, dict]:
        return {"image/png": self.png(), "text/plain": repr(self)}, {"image/png": {"alt": self.alt}}


@contextmanager
def drawing(width: float = 8.0, height: float = 4.0, **layout: Any) -> Iterator[tuple[Figure, Any]]:
    """(figure, axes) in the course's style, inches; `layout` goes to `Figure.subplots`. No pyplot, no global state.

    As there, the axes are one `Axes`, or an array of them where `layout` asks for more.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, figure.subplots(**layout)
