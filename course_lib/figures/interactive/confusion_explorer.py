"""Which pictures stand behind each number of a confusion matrix, and what a review of the unsure ones buys."""

from __future__ import annotations

import io
from textwrap import fill

import ipywidgets
import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor

from ... import checks
from ...data import ImageSet
from ...metrics import Selected, confusion_matrix
from ..live import Control, LiveFigure, module, rounding
from ..static import BLUE, SOURCE_NOTES, VERMILION, after_comma
from ..words import fixed, grouped, literal, percent

CLASSES = (2, 20)  # fewer cannot be mixed up, more have no room
PER_CELL = 6
MOST = 120  # pictures in all, so that a lesson stays light
SIDE = 64  # pixels of a picture in the view
COLUMNS = 12  # of the sheet that carries the pictures to the browser


def confusion_explorer(pictures: ImageSet, probabilities: Tensor, *, threshold: float = 0.0) -> ConfusionExplorer:
    """A confusion matrix whose cells show their pictures, and a slider that sends the unsure ones to review.

    Args:
        pictures: N labelled pictures of 2 to 20 classes.
        probabilities: float [N, K], 0–1, each row sums to 1.
        threshold: 0–1; pictures whose maximum probability is below it go to review.

    Raises:
        ValueError: anything else; it says what it got and what it wants.

    >>> pictures = ImageSet.of(torch.zeros(3, 3, 8, 8, dtype=torch.uint8), [0, 0, 1], ["dark", "light"])
    >>> figure = confusion_explorer(pictures, torch.tensor([[.9, .1], [.4, .6], [.2, .8]]), threshold=0.7)
    >>> figure.title()
    'At least 0.70 sure: 2 of 3 (67 %), 100.0 % of them right. To review: 1'
    """
    probabilities = checks.tensor(probabilities, "confusion_explorer", "probabilities").detach().cpu()
    _check(pictures, probabilities)
    probabilities = probabilities if probabilities.element_size() >= 4 else probabilities.float()
    matrix = confusion_matrix(probabilities, pictures.labels)
    places = _chosen(matrix, probabilities, pictures.labels)
    confidence, answers = probabilities.float().max(dim=1)
    order = [place for cell in places.values() for place in cell]
    figure = ConfusionExplorer(
        classes=list(pictures.classes),
        labels=bytes(pictures.labels.tolist()),
        answers=bytes(answers.tolist()),
        confidence=confidence.numpy().astype("<f4").tobytes(),
        sheet=_sheet(pictures.batch(order)),
        shown=[[int(place), *_best_three(probabilities[place])] for place in order],
        note=after_comma(SOURCE_NOTES[pictures.source]),
        threshold=threshold,
        cell=_largest_error(matrix),
    )
    figure.thumbnails = dict(zip(order, pictures.batch(order), strict=True))
    return figure


class ConfusionExplorer(LiveFigure):
    """Made by `confusion_explorer`, which checks what goes in.

    `cell` is the one whose pictures are shown, row · K + column; `threshold` is on the maximum probability.
    """

    name = "confusion_explorer"
    _esm = module(name)
    threshold = traitlets.Float(0.0).tag(sync=True)
    cell = traitlets.Int(0).tag(sync=True)
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    labels = traitlets.Bytes().tag(sync=True)  # uint8 [N], so are the answers
    answers = traitlets.Bytes().tag(sync=True)
    confidence = traitlets.Bytes().tag(sync=True)  # float32 [N], little-endian: the maximum probability
    sheet = traitlets.Bytes().tag(sync=True)  # JPEG: the pictures in `shown`, 12 a row
    shown: traitlets.List[list] = traitlets.List().tag(
        sync=True
    )  # [picture, class, probability, class, probability, class, probability]
    note = traitlets.Unicode().tag(sync=True)

    @traitlets.validate("threshold")
    def _a_probability(self, proposal: traitlets.Bunch) -> float:
        if not 0 <= proposal.value <= 1:
            raise ValueError(f"threshold got {proposal.value}; it wants 0 to 1.")
        return proposal.value

    @traitlets.validate("cell")
    def _in_the_matrix(self, proposal: traitlets.Bunch) -> int:
        if self.classes and not 0 <= proposal.value < len(self.classes) ** 2:
            raise ValueError(
                f"cell got {proposal.value}; it wants 0 to {len(self.classes) ** 2 - 1}: row · K + column."
            )
        return proposal.value

    def controls(self) -> tuple[Control, ...]:
        """A slider for the threshold; a cell is chosen in the view."""
        slider = ipywidgets.FloatSlider(
            value=self.threshold,
            min=0,
            max=0.99,
            step=0.01,
            readout_format=".2f",
            description="Threshold",
            layout=ipywidgets.Layout(width="100%", max_width="480px"),
        )
        return (Control(slider, "threshold"),)

    def title(self) -> str:
        """How many are kept at this threshold, and how many of those are right."""
        kept = self._selected()
        n = f"{grouped(kept.kept)} of {grouped(kept.n)} ({percent(kept.coverage)})"
        right = f"{fixed(100 * kept.accuracy, 1)} % of them right"
        return f"At least {fixed(self.threshold, 2)} sure: {n}, {right}. To review: {grouped(kept.n - kept.kept)}"

    def cell_title(self) -> str:
        """What the pictures of the chosen cell are: "Highway taken for River: 12 of 250"."""
        row, column = divmod(self.cell, len(self.classes))
        labels, answers, _ = self._arrays()
        count, of = int(((labels == row) & (answers == column)).sum()), int((labels == row).sum())
        verb = "recognised" if row == column else f"taken for {self.classes[column]}"
        return f"{self.classes[row]} {verb}: {grouped(count)} of {grouped(of)}"

    def describe(self) -> str:
        """Alt text: how many are kept and right, the three commonest errors, and what pictures are shown."""
        labels, answers, _ = self._arrays()
        k = len(self.classes)
        matrix = np.bincount(labels * k + answers, minlength=k * k).reshape(k, k)
        errors = matrix - np.diag(matrix.diagonal())
        worst = [divmod(int(place), k) for place in np.argsort(-errors, axis=None, kind="stable")[:3]]
        told = "; ".join(f"{self.classes[r]} for {self.classes[c]}: {matrix[r, c]}" for r, c in worst if matrix[r, c])
        return (
            f"A confusion matrix of {k} classes{self.note}. {self.title()}. "
            f"Most often mistaken: {told or 'nothing'}. Pictures shown: {self.cell_title()}."
        )

    def summary(self) -> str:
        """What there is to see and to do, without a measured number."""
        return f"a confusion matrix of {len(self.classes)} classes, the pictures of a cell, a threshold for review."

    def draw(self, figure: Figure) -> None:
        """The matrix on the left; the chosen cell's pictures and the curve of accuracy by share kept on the right."""
        figure.set_size_inches(10.5, 6)
        figure.suptitle(literal(self.title()), fontweight="bold")
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[1.25, 1]).flat
        self._draw_matrix(left.subplots())
        top, bottom = right.subfigures(2, 1, squeeze=False, height_ratios=[1.15, 1]).flat
        self._draw_pictures(top)
        self._draw_curve(bottom.subplots())

    def _draw_matrix(self, axes: Axes) -> None:
        labels, answers, confidence = self._arrays()
        k = len(self.classes)
        kept = confidence >= self.threshold
        matrix = np.bincount((labels * k + answers)[kept], minlength=k * k).reshape(k, k)
        errors = matrix - np.diag(matrix.diagonal())
        diagonal = np.eye(k, dtype=bool)
        axes.imshow(np.ma.masked_where(diagonal, errors), cmap="Oranges", vmin=0, vmax=1.3 * max(errors.max(), 1))
        # What is right has a colour of its own: as pale as a zero it would look like one.
        axes.imshow(
            np.ma.masked_where(~diagonal, matrix), cmap="Blues", vmin=0, vmax=2.5 * max(matrix.diagonal().max(), 1)
        )
        for row, column in np.argwhere(matrix):
            weight = "bold" if row == column else "normal"
            axes.text(column, row, matrix[row, column], ha="center", va="center", fontsize=8, fontweight=weight)
        row, column = divmod(self.cell, k)
        axes.add_patch(_box(column, row))
        names = [literal(name) for name in self.classes]
        axes.set_xticks(range(k), names, rotation=40, ha="right", fontsize=8)
        axes.set_yticks(range(k), names, fontsize=8)
        axes.set(xlabel="the network says", ylabel="the label says")

    def _draw_pictures(self, figure: SubFigure) -> None:
        own = [entry for entry in self.shown if self._cell_of(entry[0]) == self.cell][:PER_CELL]
        figure.suptitle(fill(literal(f"{self.cell_title()}; {len(own)} shown"), 60), fontsize=10)
        for axes, entry in zip(figure.subplots(2, 3).flat, [*own, *[None] * PER_CELL], strict=False):
            axes.axis("off")
            if entry is not None:
                unsure = self._arrays()[2][entry[0]] < self.threshold
                axes.imshow(self.thumbnails[entry[0]].permute(1, 2, 0).numpy(), alpha=0.35 if unsure else 1)
                words = "to review" if unsure else f"{self.classes[entry[1]]}\n{percent(entry[2])}"
                axes.set_title(literal(words), fontsize=8, pad=2)

    def _draw_curve(self, axes: Axes) -> None:
        coverage, accuracy = self._curve()
        axes.plot(100 * coverage, 100 * accuracy, color=BLUE)
        kept = self._selected()
        axes.plot(100 * kept.coverage, 100 * kept.accuracy, "o", color=VERMILION, markersize=9)
        axes.set(xlabel="kept, the surest first (%)", ylabel="right among the kept (%)")
        axes.grid(color="0.9")
        axes.set_title(f"n = {kept.n:,}{self.note}", fontsize=9)

    def _curve(self) -> tuple[np.ndarray, np.ndarray]:
        labels, answers, confidence = self._arrays()
        order = np.argsort(-confidence, kind="stable")
        places = np.arange(1, len(order) + 1)
        first = min(len(order) - 1, 20)  # of fewer, the share is noise
        return (places / len(order))[first:], ((labels == answers)[order].cumsum() / places)[first:]

    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """labels and answers int64 [N], confidence float64 [N]."""
        labels, answers = (np.frombuffer(raw, np.uint8).astype(np.int64) for raw in (self.labels, self.answers))
        return labels, answers, np.frombuffer(self.confidence, "<f4").astype(np.float64)

    def _cell_of(self, picture: int) -> int:
        return self.labels[picture] * len(self.classes) + self.answers[picture]

    def _selected(self) -> Selected:
        labels, answers, confidence = self._arrays()
        kept = confidence >= self.threshold
        return Selected(len(labels), int(kept.sum()), int((kept & (labels == answers)).sum()))


def _box(column: int, row: int) -> Rectangle:
    return Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec="black", lw=2)


def _largest_error(matrix: Tensor) -> int:
    return int(matrix.clone().fill_diagonal_(-1).argmax())


def _best_three(row: Tensor) -> list:
    """[class, probability] of the three likeliest, one list."""
    values, names = row.double().topk(min(3, len(row)))
    return [part for pair in zip(names.tolist(), values.tolist(), strict=True) for part in (pair[0], round(pair[1], 4))]


def _chosen(matrix: Tensor, probabilities: Tensor, labels: Tensor) -> dict[int, list[int]]:
    """The pictures to show of each cell: up to six, from the surest to the least sure in even steps.

    Where all cells together have too many, all get fewer: first the right answers, of which one knows what to expect.
    """
    confidence, answers = probabilities.max(dim=1)
    cells = labels * len(matrix) + answers
    members = {}
    for cell in cells.unique().tolist():
        mine = torch.nonzero(cells == cell).ravel()
        members[cell] = mine[confidence[mine].argsort(descending=True, stable=True)].tolist()
    room = PER_CELL
    while sum(min(len(mine), room) for mine in members.values()) > MOST and room > 1:
        room -= 1
    return {cell: _spread(mine, room) for cell, mine in members.items()}


def _spread(members: list[int], room: int) -> list[int]:
    if len(members) <= room:
        return members
    return [members[round(place)] for place in np.linspace(0, len(members) - 1, room)] if room > 1 else members[:1]


def _sheet(pictures: Tensor) -> bytes:
    """Pictures uint8 [M, 3, H, W] as one JPEG of squares of 64 pixels, 12 a row."""
    if pictures.shape[-2:] != (SIDE, SIDE):
        small = F.interpolate(pictures.float(), (SIDE, SIDE), mode="bilinear", antialias=True)
        pictures = small.round().clamp(0, 255).to(torch.uint8)
    rows = -(-len(pictures) // COLUMNS)
    sheet = torch.zeros(rows * COLUMNS, 3, SIDE, SIDE, dtype=torch.uint8)
    sheet[: len(pictures)] = pictures
    sheet = sheet.reshape(rows, COLUMNS, 3, SIDE, SIDE).permute(0, 3, 1, 4, 2).reshape(rows * SIDE, COLUMNS * SIDE, 3)
    file = io.BytesIO()
    Image.fromarray(sheet.numpy()).save(file, "JPEG", quality=85)
    return file.getvalue()


def _check(pictures: ImageSet, probabilities: Tensor) -> None:
    if not isinstance(pictures, ImageSet):
        raise ValueError(f"confusion_explorer got pictures of {type(pictures).__name__}; it wants an ImageSet.")
    n, k = len(pictures), len(pictures.classes)
    fewest, most = CLASSES
    if not fewest <= k <= most:
        raise ValueError(f"confusion_explorer got {k} classes; it has room for {fewest} to {most}.")
    if n == 0 or probabilities.shape != (n, k):
        raise ValueError(
            f"confusion_explorer got probabilities of shape {tuple(probabilities.shape)} for {n} pictures "
            f"of {k} classes; it wants [N, K] = {(n, k)} with N ≥ 1."
        )
    if not probabilities.is_floating_point():
        raise ValueError(f"confusion_explorer got probabilities of {probabilities.dtype}; it wants floats, 0 to 1.")
    if not probabilities.isfinite().all() or probabilities.min() < 0:
        raise ValueError("confusion_explorer got NaN, infinite or negative probabilities; it wants 0 to 1.")
    sums = probabilities.double().sum(dim=1)
    if ((sums - 1).abs() > 1e-3 + rounding(probabilities)).any():
        worst = sums[(sums - 1).abs().argmax()]
        raise ValueError(
            f"confusion_explorer got probabilities that sum to {worst:.4g}; each row must sum to 1. "
            "Of logits, take .softmax(dim=1) first."
        )
