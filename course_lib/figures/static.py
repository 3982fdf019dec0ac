"""A finished drawing: a PNG to look at, and a sentence for those who cannot."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib as mpl
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito's palette: eight colours that differ for every kind of colour vision.
BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, YELLOW, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000",
)  # fmt: skip
PALETTE = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE, BLACK)
MARKERS = "osD^vPX"

_STYLE = {
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

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        return {"image/png": self.png(), "text/plain": repr(self)}, {"image/png": {"alt": self.alt}}


@contextmanager
def drawing(width: float = 8.0, height: float = 4.0, **layout) -> Iterator[tuple[Figure, object]]:
    """(figure, axes) in the course's style; `layout` goes to `Figure.subplots`. No pyplot, no global state."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure, figure.subplots(**layout)
