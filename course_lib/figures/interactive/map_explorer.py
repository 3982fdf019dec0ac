"""Pictures on a map: where each class lies, how a split parts them, and how near a test picture has its neighbours."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import Any

import ipywidgets
import numpy as np
import traitlets
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline
from PIL import Image
from torch import Tensor

from ... import checks
from ...data import ImageSet, Source
from ..live import Control, LiveFigure, module
from ..static import BLUE, CATEGORIES, SOURCE_NOTES, VERMILION, check_source
from ..words import fixed, grouped, literal, percent
from . import map_pictures, map_places
from .map_pictures import COLUMNS, NEIGHBOURS, SIDE
from .map_places import SPLITS, degrees

CELLS = (0.1, 0.3, 1.0, 3.0, 10.0)  # degrees
_SURE = ("below 50 %", "50 to 70 %", "70 to 90 %", "90 to 99 %", "99 % and above")
_SURE_ENDS = (0.5, 0.7, 0.9, 0.99)
_SURE_COLOURS = ("#c44601", "#f09a4a", "#a8a29a", "#5b9bd5", "#1f6fb4")
_STORED = {"by", "accuracy", "balanced"}


def map_explorer(
    pictures: ImageSet,
    *,
    answers: checks.Numbers | None = None,
    accuracies: Sequence[Mapping[str, Any]] | None = None,
    cells: Sequence[float] = CELLS,
    shown: Sequence[int] | None = None,
    seed: int = 0,
    source: Source | None = None,
) -> MapExplorer:
    """A map with a dot a picture, a line or cells that part train from test, and the neighbours of a chosen picture.

    Args:
        pictures: of 1 to 20 classes, at least two of them with a place; those without are left out and counted.
        answers: what a network says of each, float [N, K], each row sums to 1, or integers [N], positions in
            `pictures.classes`; then dots can be coloured by right or wrong, and by sureness where it is known.
        accuracies: what was measured, a mapping a split: `by` ("random", "longitude", "latitude" or "cells"), `value`
            (degrees: where the line lies, or a cell's side), `reverse` (train east or north of the line), `accuracy`
            and `balanced`, 0–1, and `note`, such as "mean of 10 seeds". As in `data.geographic_split`.
        cells: sizes on the slider, in degrees; those of `accuracies` come to them.
        shown: positions of the pictures whose thumbnails travel with the page, 240 at most, then of their neighbours
            as long as there is room. Of other pictures a running kernel shows them. None takes some of each class.
        seed: of the random split and of the order in which cells are dealt out, as in `data.geographic_split`.
        source: as in `ImageSet`, where it is not the pictures' own.

    Raises:
        ValueError: anything else; it says what it got and what it wants.

    >>> import torch
    >>> tiny = ImageSet.of(torch.zeros(3, 3, 8, 8, dtype=torch.uint8), [0, 0, 1], ["field", "town"],
    ...                    places=[[10.0, 50.0], [12.0, 50.0], [20.0, 52.0]])
    >>> map_explorer(tiny).title()
    'Train west of 20.0° east, test the rest: 2 to learn from, 1 to test.'
    """
    known = map_pictures.located(pictures)
    whole, pictures = pictures, pictures.at(known)
    labels, sure = _answers(answers, whole, known)
    rows = [_stored(row) for row in accuracies or ()]
    sizes = _sizes(cells, rows)
    if source is not None:
        check_source("map_explorer", source)
    assert pictures.places is not None
    where, corners = map_places.packed(pictures.places.numpy())
    exact = map_places.unpacked(where, corners)
    dealt, sizes = map_places.dealt(pictures, sizes, seed)
    order = map_pictures.with_neighbours(map_pictures.anchors(shown, known, pictures, exact), exact)
    digits = map_places.digits_of(corners)
    k = len(pictures.classes)
    figure = MapExplorer(
        classes=list(pictures.classes), where=where, corners=corners, extent=map_places.frame(corners), digits=digits,
        labels=bytes(pictures.labels.tolist()), answers=bytes(labels), sure=sure.astype("<u2").tobytes(),
        cells=sizes, dealt=dealt, accuracies=rows, shown=order,
        sheet=map_pictures.sheet(pictures.batch(order)), chosen=order[0],
        palettes=[[CATEGORIES[place % len(CATEGORIES)] for place in range(k)], [BLUE, VERMILION], list(_SURE_COLOURS)],
        legends=[list(pictures.classes), ["right", "wrong"], list(_SURE)],
        coast=map_places.coast(map_places.frame(corners)), note=SOURCE_NOTES[source or pictures.source],
        left_out=len(whole) - len(known), longitude=_fifth(exact[:, 0], digits), latitude=_fifth(exact[:, 1], digits),
    )  # fmt: skip
    figure.pictures = pictures
    return figure


class MapExplorer(LiveFigure):
    """Made by `map_explorer`, which checks what goes in.

    `split` is a position in `SPLITS`, `cell` in `cells`, `colour` in `legends`, `only` a class + 1 or 0 for all,
    `chosen` the picture whose neighbours are shown, among those with a place.
    """

    name = "map_explorer"
    _esm = module(name)
    pictures: ImageSet | None = None  # what a running kernel shows more thumbnails of
    split = traitlets.Int(1).tag(sync=True)
    longitude = traitlets.Float(0.0).tag(sync=True)
    latitude = traitlets.Float(0.0).tag(sync=True)
    cell = traitlets.Int(0).tag(sync=True)
    reverse = traitlets.Bool(False).tag(sync=True)
    colour = traitlets.Int(0).tag(sync=True)
    only = traitlets.Int(0).tag(sync=True)
    chosen = traitlets.Int(0).tag(sync=True)
    asked = traitlets.List(traitlets.Int()).tag(sync=True)  # pictures that the page has no thumbnail of
    answer = traitlets.Dict().tag(sync=True)  # {"asked": [...], "sheet": JPEG in base64}
    classes = traitlets.List(traitlets.Unicode()).tag(sync=True)
    where = traitlets.Bytes().tag(sync=True)  # six bytes a picture, see `map_places.packed`
    corners = traitlets.List(traitlets.Float()).tag(sync=True)  # west, south, east, north of all places
    extent = traitlets.List(traitlets.Float()).tag(sync=True)  # and of the map
    digits = traitlets.Int(1).tag(sync=True)
    labels = traitlets.Bytes().tag(sync=True)  # uint8 [N], so are the answers; none where there are none
    answers = traitlets.Bytes().tag(sync=True)
    sure = traitlets.Bytes().tag(sync=True)  # uint16 [N], little-endian: the maximum probability · 65535
    cells = traitlets.List(traitlets.Float()).tag(sync=True)
    dealt = traitlets.Bytes().tag(sync=True)  # bits, see `map_places.dealt`
    accuracies: traitlets.List[list] = traitlets.List().tag(
        sync=True
    )  # [split, value, reverse, accuracy, balanced, note]
    shown = traitlets.List(traitlets.Int()).tag(sync=True)
    sheet = traitlets.Bytes().tag(sync=True)  # JPEG: the pictures in `shown`, 16 a row
    palettes: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    legends: traitlets.List[list[str]] = traitlets.List().tag(sync=True)
    coast = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    left_out = traitlets.Int(0).tag(sync=True)

    @traitlets.validate("split", "cell", "colour", "only", "chosen")
    def _one_of_them(self, proposal: traitlets.Bunch) -> int:
        name = proposal.trait.name
        if self.labels and not 0 <= proposal.value < (most := self._room(name)):
            raise ValueError(f"{name} got {proposal.value}; it wants 0 to {most - 1}.")
        return proposal.value

    @traitlets.validate("longitude", "latitude")
    def _on_earth(self, proposal: traitlets.Bunch) -> float:
        most = 180 if proposal.trait.name == "longitude" else 90
        if not abs(proposal.value) <= most:
            raise ValueError(f"{proposal.trait.name} got {proposal.value}; it wants −{most} to {most}.")
        return proposal.value

    @traitlets.observe("asked")
    def _reply(self, change: traitlets.Bunch) -> None:
        asked = [place for place in change.new if 0 <= place < len(self.labels)]
        if self.pictures is not None and asked and self.answer.get("asked") != asked:
            sheet = base64.b64encode(map_pictures.sheet(self.pictures.batch(asked))).decode()
            self.answer = {"asked": asked, "sheet": sheet}

    def _room(self, name: str) -> int:
        """How many values the trait may have."""
        rooms = {"split": len(self._splits()), "cell": max(1, len(self.cells)), "colour": len(self._colours())}
        return (rooms | {"only": len(self.classes) + 1, "chosen": len(self.labels)})[name]

    def _splits(self) -> list[str]:
        return [*SPLITS[: 4 if self.cells else 3]]

    def _colours(self) -> list[str]:
        names = ["class", "right or wrong", "sureness"]
        return names[: 3 if self.sure else 2 if self.answers else 1]

    def controls(self) -> tuple[Control, ...]:
        """How to split, where the line lies or how large a cell is, and what is coloured."""
        wide = ipywidgets.Layout(width="100%", max_width="480px")
        west, south, east, north = self.corners
        reverse = ipywidgets.Checkbox(value=self.reverse, description="Reversed", indent=False)
        controls = [
            Control(_dropdown("Split by", self._splits(), self.split), "split", reads="index"),
            Control(self._line("Longitude (°)", self.longitude, west, east), "longitude", shown={"split": [1]}),
            Control(self._line("Latitude (°)", self.latitude, south, north), "latitude", shown={"split": [2]}),
            Control(reverse, "reverse", shown={"split": [1, 2]}),
        ]
        if self.cells:
            names = [f"{size:g}°" for size in self.cells]
            sizes = ipywidgets.SelectionSlider(options=names, index=self.cell, description="Cells", layout=wide)
            controls.append(Control(sizes, "cell", reads="index", shown={"split": [3]}))
        if len(self._colours()) > 1:
            controls.append(Control(_dropdown("Colour", self._colours(), self.colour), "colour", reads="index"))
        shown = _dropdown("Show", ["all classes", *self.classes], self.only)
        return (*controls, Control(shown, "only", reads="index"))

    def _line(self, words: str, value: float, low: float, high: float) -> ipywidgets.FloatSlider:
        scale = 10**self.digits
        return ipywidgets.FloatSlider(
            value=value, min=math.floor(low * scale) / scale, max=math.ceil(high * scale) / scale, step=1 / scale,
            readout_format=f".{self.digits}f", description=words,
            layout=ipywidgets.Layout(width="100%", max_width="480px"),
        )  # fmt: skip

    # --- words ---

    def title(self) -> str:
        """How the pictures are split, how many are on each side, and the accuracy that is stored for it."""
        train, test = (grouped(part.sum()) for part in self.counts())
        return f"{self._cut()}: {train} to learn from, {test} to test.{self._told()}"

    def counts(self) -> np.ndarray:
        """int64 [2, K]: pictures of each class in train, and in test."""
        return map_places.counts(self._labels(), self.test(), len(self.classes))

    def test(self) -> np.ndarray:
        """bool [N]: which pictures are in the test part."""
        if SPLITS[self.split] in ("random", "cells"):
            return map_places.drawn(self.dealt, 1 + self.cell if self.split else 0, len(self.labels))
        line = self.longitude if self.split == 1 else self.latitude
        return map_places.beyond(self.places(), self.split - 1, line, self.reverse)

    def places(self) -> np.ndarray:
        """float64 [N, 2]: longitude and latitude, to the step in which they are packed."""
        return map_places.unpacked(self.where, self.corners)

    def neighbours(self) -> list[tuple[int, float]]:
        """(picture, kilometres) of those nearest to the chosen one."""
        distances = self._distances()
        return [(k, float(distances[k])) for k in map_places.nearest(distances, self.chosen, NEIGHBOURS)]

    def chosen_words(self) -> str:
        """The chosen picture: "Highway, taken for River, 61 %. 11.5° east, 48.3° north, test part."."""
        label, part = self.classes[self.labels[self.chosen]], "test" if self.test()[self.chosen] else "train"
        east, north = (degrees(value, axis, self.digits + 1) for axis, value in enumerate(self.places()[self.chosen]))
        return f"{label}{self._taken(label)}. {east}, {north}, {part} part."

    def other_words(self) -> str:
        """How far it is from the chosen picture to the nearest of the other part."""
        test = self.test()
        other = "training" if test[self.chosen] else "test"
        distances = self._distances()[test != test[self.chosen]]
        return (
            f"Nearest {other} picture: {map_places.away(distances.min())}."
            if len(distances)
            else f"No {other} picture."
        )

    def _taken(self, label: str) -> str:
        if not self.answers:
            return ""
        answer = self.classes[self.answers[self.chosen]]
        sure = f", {percent(np.frombuffer(self.sure, '<u2')[self.chosen] / 65535)}" if self.sure else ""
        return f", {'recognised' if answer == label else f'taken for {answer}'}{sure}"

    def _cut(self) -> str:
        if self.split == 0:
            return "Test: a fifth, drawn at random"
        if self.split == 3:
            return f"Test: a fifth, whole cells of {self.cells[self.cell]:g}°"
        line = degrees((self.longitude, self.latitude)[self.split - 1], self.split - 1, self.digits)
        side = (("west", "east"), ("south", "north"))[self.split - 1][self.reverse]
        return f"Train {side} of {line}, test the rest"

    def _told(self) -> str:
        """What is stored of this split, or of the nearest one."""
        if not self.accuracies:
            return ""
        mine = [
            row for row in self.accuracies if row[0] == self.split and (self.split in (0, 3) or row[2] == self.reverse)
        ]
        if not mine:
            return " No accuracy is stored for this kind of split."
        row = min(mine, key=self._off)
        off = abs(row[1] - self._value()) if self.split else 0
        if off == 0 if self.split == 3 else off < 0.5 / 10**self.digits:  # it is written as the same
            return f" Stored {_score(row)}."
        at = f"{row[1]:g}°" if self.split == 3 else degrees(row[1], self.split - 1, self.digits)
        return f" Nearest stored, {at}: {_score(row)}."

    def _value(self) -> float:
        return (0.0, self.longitude, self.latitude, self.cells[self.cell] if self.cells else 0.0)[self.split]

    def _off(self, row: Sequence) -> float:
        """How far a stored split is from the present one: of cells by ratio, of lines in degrees."""
        if self.split == 3:
            return abs(math.log(row[1] / self._value()))
        return abs(row[1] - self._value()) if self.split else 0.0

    def comparison(self) -> str:
        """What is stored of a random split, to compare the others with it; "" where there is none."""
        row = next((row for row in self.accuracies if row[0] == 0), None)
        return f"With a random fifth as test: {_score(row)}." if row and self.split else ""

    def caption(self) -> str:
        """What stands below the map: how many dots, and what is left out."""
        source = f" {self.note[0].upper()}{self.note[1:]}." if self.note else ""
        unknown = f" {grouped(self.left_out)} without a known place left out." if self.left_out else ""
        return f"{grouped(len(self.labels))} pictures, a dot each.{unknown}{source}"

    def describe(self) -> str:
        """Alt text: the split with its counts by class, and the chosen picture with its neighbours."""
        rows = zip(self.classes, *self.counts().tolist(), strict=True)
        classes = "; ".join(f"{name} {train} and {test}" for name, train, test in rows)
        near = ", ".join(f"{self._label(k)} {map_places.away(far)}" for k, far in self.neighbours())
        parts = [
            f"A map. {self.caption()} {self.title()}", self.comparison(), self._right_words(),
            f"Train and test by class: {classes}.", f"Chosen: {self.chosen_words()} {self.other_words()}",
            f"Neighbours: {near}.",
        ]  # fmt: skip
        return " ".join(part for part in parts if part)

    def summary(self) -> str:
        """What there is to see and to do, without a measured number."""
        return f"a map of pictures of {len(self.classes)} classes, parted by a line or by cells, and their neighbours."

    def _right_words(self) -> str:
        if not self.answers:
            return ""
        right, test = np.frombuffer(self.answers, np.uint8) == self._labels(), self.test()
        train_share, test_share = (fixed(100 * right[part].mean(), 1) if part.any() else "—" for part in (~test, test))
        return f"Right: {train_share} % of train, {test_share} % of test."

    def _labels(self) -> np.ndarray:
        return np.frombuffer(self.labels, np.uint8).astype(np.int64)

    def _label(self, k: int) -> str:
        return self.classes[self.labels[k]]

    def _distances(self) -> np.ndarray:
        places = self.places()
        return map_places.kilometres(places, places[self.chosen])

    # --- the still ---

    def draw(self, figure: Figure) -> None:
        """The map on the left; the chosen picture with its neighbours, and the counts by class, on the right."""
        figure.set_size_inches(10.5, 6.6)
        figure.suptitle(fill(literal(self.title()), 96), fontweight="bold", fontsize=11)
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[1.25, 1]).flat
        self._draw_map(left.subplots())
        top, bottom = right.subfigures(2, 1, squeeze=False, height_ratios=[1, 1.5]).flat
        self._draw_pictures(top)
        self._draw_counts(bottom.subplots())

    def _draw_map(self, axes: Axes) -> None:
        west, south, east, north = self.extent
        for ring in map_places.rings(self.coast):
            axes.add_patch(PathPatch(Outline(ring, closed=False), fc="0.93", ec="0.55", lw=0.6, zorder=0))
        self._draw_dots(axes)
        self._draw_line(axes)
        x, y = self.places()[self.chosen]
        axes.plot(x, y, "o", mfc="none", mec="white", mew=3.5, ms=11)
        axes.plot(x, y, "o", mfc="none", mec="black", mew=1.6, ms=11)
        axes.set(xlim=(west, east), ylim=(south, north), aspect=1 / math.cos(math.radians((south + north) / 2)))
        axes.set_xlabel(fill(literal(f"degrees east. {self.caption()} Strong: test, pale: train."), 62), fontsize=9)
        axes.set_ylabel("degrees north", fontsize=9)
        axes.tick_params(labelsize=8)
        if self.colour:
            colours, names = self.palettes[self.colour], self.legends[self.colour]
            dots = [axes.plot([], [], "o", color=colour)[0] for colour in colours]
            axes.legend(dots, names, fontsize=8, loc="upper left", title=self._colours()[self.colour], title_fontsize=8)

    def _draw_dots(self, axes: Axes) -> None:
        """Test over train, in an order that mixes the classes: of dots on one place no class is always on top."""
        places, test, codes = self.places(), self.test(), self._codes()
        mixed = np.random.default_rng(0).permutation(len(places))
        colours = np.array(self.palettes[self.colour])
        seen = mixed[(self._labels()[mixed] == self.only - 1) | (self.only == 0)]
        size = min(40.0, max(1.6, 20_000 / len(places)))
        for part, alpha in ((False, 0.4), (True, 1.0)):
            mine = seen[test[seen] == part]
            axes.scatter(
                places[mine, 0], places[mine, 1], s=size, c=colours[codes[mine]], alpha=alpha, lw=0, zorder=1 + part
            )

    def _draw_line(self, axes: Axes) -> None:
        if self.split not in (1, 2):
            return
        draw, value = ((axes.axvline, self.longitude), (axes.axhline, self.latitude))[self.split - 1]
        draw(value, color="white", lw=3.5, zorder=3)
        draw(value, color="black", lw=1.5, ls="--", zorder=3)

    def _codes(self) -> np.ndarray:
        """int64 [N]: position of each dot's colour in the palette."""
        labels = self._labels()
        if self.colour == 0:
            return labels
        if self.colour == 1:
            return (np.frombuffer(self.answers, np.uint8) != labels).astype(np.int64)
        return np.digitize(np.frombuffer(self.sure, "<u2") / 65535, _SURE_ENDS)

    def _draw_pictures(self, figure: SubFigure) -> None:
        words = f"{self.chosen_words()} {self.other_words()}"
        figure.suptitle(fill(literal(words), 62), fontsize=9)
        test, near = self.test(), [(self.chosen, 0.0), *self.neighbours()]
        for axes, place in zip(figure.subplots(2, 3).flat, [*near, *[None] * NEIGHBOURS], strict=False):
            axes.axis("off")
            if place is None:
                continue
            k, distance = place
            axes.imshow(self._thumbnail(k))
            far = "chosen" if k == self.chosen else map_places.away(distance)
            axes.set_title(literal(f"{far}, {'test' if test[k] else 'train'}"), fontsize=8, pad=2)

    def _thumbnail(self, k: int) -> np.ndarray:
        """uint8 [SIDE, SIDE, 3]; grey where the page has none."""
        if k in self.shown:
            y, x = (SIDE * at for at in divmod(self.shown.index(k), COLUMNS))
            return np.asarray(Image.open(io.BytesIO(self.sheet)))[y : y + SIDE, x : x + SIDE]
        return np.full((SIDE, SIDE, 3), 200, dtype=np.uint8)

    def _draw_counts(self, axes: Axes) -> None:
        k, (train, test) = len(self.classes), self.counts()
        places = np.arange(k)
        colours = self.palettes[0] if self.colour == 0 else ["0.5"] * k
        axes.barh(places - 0.2, train, 0.38, color=colours, alpha=0.35)
        axes.barh(places + 0.2, test, 0.38, color=colours)
        most = max(1, train.max(), test.max())
        for place in places:
            for value, off in ((train[place], -0.2), (test[place], 0.2)):
                axes.text(value + most / 60, place + off, grouped(value), va="center", fontsize=min(7.5, 70 / k))
        names = [literal(name if len(name) < 26 else f"{name[:24]}…") for name in self.classes]
        axes.set_yticks(places, names, fontsize=min(8.5, 130 / k))
        axes.set(xlim=(0, 1.18 * most), xticks=[])
        words = " ".join(part for part in (self._right_words(), self.comparison()) if part)
        axes.set_xlabel(fill(literal(f"Pictures: pale train, strong test. {words}"), 42), fontsize=8.5)
        axes.spines[["top", "right", "bottom"]].set_visible(False)
        axes.invert_yaxis()


def _score(row: Sequence) -> str:
    note = f" ({row[5]})" if row[5] else ""
    return f"accuracy {fixed(100 * row[3], 1)} %, balanced {fixed(100 * row[4], 1)} %{note}"


def _dropdown(words: str, options: Sequence[str], index: int) -> ipywidgets.Dropdown:
    return ipywidgets.Dropdown(options=[(name, k) for k, name in enumerate(options)], index=index, description=words)


def _fifth(values: np.ndarray, digits: int) -> float:
    """Where a line leaves a fifth to the test, on the slider's grid."""
    return round(float(np.sort(values)[min(round(0.8 * len(values)), len(values) - 1)]), digits)


# --- what goes in ---


def _answers(answers: checks.Numbers | None, pictures: ImageSet, known: Tensor) -> tuple[list[int], np.ndarray]:
    """Answers of the located pictures as positions in `classes`, and uint16: how sure; each empty where not known."""
    n, k, nothing = len(pictures), len(pictures.classes), np.zeros(0, dtype=np.uint16)
    if answers is None:
        return [], nothing
    given = checks.tensor(answers, "map_explorer", "answers")
    if given.ndim == 1 and not given.is_floating_point():
        return checks.labels(given, "map_explorer", classes=k, n=n, what="answers")[known].tolist(), nothing
    if given.shape != (n, k):
        raise ValueError(
            f"map_explorer got answers of shape {tuple(given.shape)} for {n} pictures of {k} classes; it wants "
            f"probabilities [N, K] = {(n, k)}, or positions in the classes as integers [N]."
        )
    sure, best = checks.probabilities(given, "map_explorer")[known].double().max(dim=1)
    return best.tolist(), np.floor(sure.clamp(0, 1).numpy() * 65535 + 0.5).astype(np.uint16)


def _stored(row: Mapping[str, Any]) -> list:
    """[split, value, reverse, accuracy, balanced, note] of a row of `accuracies`."""
    if not isinstance(row, Mapping) or not set(row) >= _STORED or row["by"] not in SPLITS:
        raise ValueError(
            f"map_explorer got {row!r} among accuracies; it wants mappings with by ({', '.join(SPLITS)}), accuracy, "
            "balanced, value unless random, and perhaps reverse and note."
        )
    split, value = SPLITS.index(row["by"]), row.get("value", 0.0)
    shares = [row["accuracy"], row["balanced"]]
    if not all(checks.is_number(share) and 0 <= share <= 1 for share in shares):
        raise ValueError(f"map_explorer got accuracies of {shares}; it wants shares, 0 to 1.")
    if not checks.is_number(value) or (split == 3 and not value > 0) or ("value" not in row and split):
        raise ValueError(f"map_explorer got value={value!r} by {row['by']} among accuracies; it wants degrees.")
    value = round(float(value), 4) if split == 3 else float(value)
    return [split, value, bool(row.get("reverse", False)), *map(float, shares), str(row.get("note", ""))]


def _sizes(cells: Sequence[float], rows: Sequence[Sequence]) -> list[float]:
    """Sizes of cells in degrees, from small to large, those of stored accuracies among them."""
    if not all(checks.is_number(size) and 0.001 <= size <= 90 for size in cells):
        raise ValueError(f"map_explorer got cells={cells!r}; it wants degrees, 0.001 to 90.")
    return sorted({round(float(size), 4) for size in cells} | {row[1] for row in rows if row[0] == 3})
