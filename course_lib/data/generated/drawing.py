"""Pictures from arithmetic: the noise, waves, cells and bands that generated sets are drawn with.

A field is float32 [N, side, side]: one value a pixel, for N pictures at once. Only operations that IEEE 754
rounds exactly (+ − × ÷ √, comparison, floor) touch a field: a sine or a matrix product may differ in the last
bit from one machine to the next, and so would a pixel that stands on a rounding edge. Hence parabolas in
place of sines, and directions without an angle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..imageset import ImageSet, Source

Field = np.ndarray
Scalar = float | np.floating

SIDE = 64  # pixels, EuroSAT's
BATCH = 16  # pictures drawn at once: few enough that their fields stay in the processor's cache


@dataclass(frozen=True)
class Sheet:
    """N blank pictures, and the random numbers to draw on them.

    Attributes:
        rng: where all randomness comes from; each call takes the next numbers.
        n: number of pictures.
        side: their height and width in pixels.

    Example:
        >>> sheet = Sheet(np.random.default_rng(0), n=2)
        >>> u, _ = sheet.turned()
        >>> wave(u / sheet.uniform(4, 8)).shape
        (2, 64, 64)
    """

    rng: np.random.Generator
    n: int
    side: int = SIDE

    def uniform(self, low: float, high: float) -> Field:
        """float32 [N, 1, 1] in [low, high): one random number a picture."""
        return _between(low, high, self.rng.random((self.n, 1, 1), dtype=np.float32))

    def chance(self, probability: float) -> Field:
        """float32 [N, 1, 1]: 1 with `probability`, else 0."""
        return (self.uniform(0, 1) < probability).astype(np.float32)

    def turned(self) -> tuple[Field, Field]:
        """Coordinates (along, across) in pixels from the centre, each picture turned by a random angle."""
        centred = np.arange(self.side, dtype=np.float32) - (self.side - 1) / 2
        y, x = centred[:, None], centred[None, :]
        a, b = self.rng.standard_normal((2, self.n, 1, 1), dtype=np.float32)
        length = np.sqrt(a * a + b * b)
        a, b = a / length, b / length
        return a * x + b * y, a * y - b * x

    def bent(self, by: float) -> tuple[Field, Field]:
        """`turned` coordinates, bent by about `by` pixels: little that grew or was built is straight."""
        u, v = self.turned()
        return u + by * self.noise(32), v + by * self.noise(32)

    def speckle(self) -> Field:
        """Field in [−1, 1): every pixel on its own."""
        return _between(-1, 1, self.rng.random((self.n, self.side, self.side), dtype=np.float32))

    def noise(self, coarsest: int, finest: int | None = None, *, roughness: float | Field = 0.5) -> Field:
        """Smooth random field, about −1 to 1, with detail from `coarsest` down to `finest` pixels.

        Args:
            coarsest: size of the largest blobs: a power of two.
            finest: size of the smallest blobs; `coarsest` unless given.
            roughness: how much of its strength each octave hands to the next finer one.

        A random grid is refined by corner cutting (Chaikin, "An algorithm for high-speed curve generation",
        1974), which tends to a quadratic B-spline; detail is added on the way down.
        """
        strength: Field | Scalar = np.float32(2)
        field: Field = self._grid(coarsest) * strength
        cell = coarsest
        while cell > 1:
            cell //= 2
            field = _cut_corners(field)
            if cell >= (finest or coarsest):
                strength = strength * roughness
                field = field + self._grid(cell) * strength
        return field[:, 1 : 1 + self.side, 1 : 1 + self.side]

    def _grid(self, cell: int) -> Field:
        nodes = -(-self.side // cell) + 2  # refinement eats a sample at either end
        return _between(-1, 1, self.rng.random((self.n, nodes, nodes), dtype=np.float32))

    def per_cell(self, index: np.ndarray, low: float = 0, high: float = 1) -> Field:
        """Field in [low, high): one random value for each distinct `index` (integers, taken modulo 64)."""
        table = _between(low, high, self.rng.random((self.n, 64), dtype=np.float32))
        first = np.arange(0, 64 * self.n, 64, dtype=np.int32)[:, None, None]
        return table.ravel().take(first + (index & 63))

    def lattice(self, u: Field, v: Field, *, width: float | Field, height: float | Field) -> Cells:
        """Bricks, plots: rows of equal `height`, cut at places of their own into cells of about `width`."""
        rows = v / height + self.uniform(0, 1)
        row = np.floor(rows)
        number = row.astype(np.int32)
        width = width * self.per_cell(number, 0.8, 1.25)
        columns = u / width + self.per_cell(number)
        column = np.floor(columns)
        du, dv = (columns - column - 0.5) * width, (rows - row - 0.5) * height
        border = np.minimum(width / 2 - np.abs(du), height / 2 - np.abs(dv))
        return Cells(number * 11 + column.astype(np.int32), border, du, dv)

    def voronoi(self, u: Field, v: Field, *, per_side: int) -> Cells:
        """Irregular cells, about `per_side`² of them, each around a random centre (Voronoi's diagram)."""
        pitch = self.side * 1.3 / per_side  # 1.3: the corners of a turned picture reach further out
        nearest = second = np.full((self.n, self.side, self.side), np.inf, dtype=np.float32)
        index = np.zeros(nearest.shape, dtype=np.int32)
        for k in range(per_side**2):
            row, column = divmod(k, per_side)
            du = u - (column - (per_side - 1) / 2 + self.uniform(-0.5, 0.5)) * pitch
            dv = v - (row - (per_side - 1) / 2 + self.uniform(-0.5, 0.5)) * pitch
            squared = du * du + dv * dv
            index = np.where(squared < nearest, np.int32(k), index)
            second = np.minimum(second, np.maximum(squared, nearest))
            nearest = np.minimum(nearest, squared)
        return Cells(index, (np.sqrt(second) - np.sqrt(nearest)) / 2, u, v)

    def rectangles(self, u: Field, v: Field, *, count: int, low: float, high: float) -> Field:
        """Field 0 to 1: the shades of `count` rectangles, sides of `low` to `high` pixels, 0 beside them."""
        shade = np.zeros((), dtype=np.float32)
        reach = self.side * 0.55
        for _ in range(count):
            du = np.abs(u - self.uniform(-reach, reach)) - self.uniform(low, high) / 2
            dv = np.abs(v - self.uniform(-reach, reach)) - self.uniform(low, high) / 2
            shade = mix(shade, self.uniform(0.3, 1), inside(-np.maximum(du, dv)))
        return shade

    def colours(self, *palette: Sequence[float]) -> Field:
        """float32 [N, 3, 1, 1]: for each picture a random mixture of two random colours of `palette`."""
        table = np.asarray(palette, dtype=np.float32)
        first, second = table[self.rng.integers(len(table), size=(2, self.n))]
        return mix(first, second, self.uniform(0, 1)[:, 0])[:, :, None, None]


@dataclass(frozen=True)
class Cells:
    """A picture cut into cells.

    Attributes:
        index: int32 [N, side, side], the number of the cell that a pixel lies in.
        border: field, pixels to the nearest border.
        u, v: fields, pixels from the cell's centre (from the picture's, for cells without a grid).
    """

    index: np.ndarray
    border: Field
    u: Field
    v: Field


def wave(phase: Field) -> Field:
    """Field −1 to 1 of period 1: a sine but for 6 %, made of two parabolas."""
    half = 2 * (phase - np.floor(phase)) - 1
    return 4 * half * (np.abs(half) - 1)


def inside(depth: Field, blur: float | Field = 1) -> Field:
    """Field 0 to 1 from `depth`, pixels beyond an edge: 0 outside, 1 inside, a ramp `blur` pixels wide."""
    return np.clip(depth / blur + 0.5, 0, 1)


def band(across: Field, width: float | Field) -> Field:
    """Field 0 to 1: 1 where `across` is within `width` / 2 pixels of zero."""
    return inside(width / 2 - np.abs(across))


def mix(below: Field, above: Field | Scalar, share: Field | Scalar) -> Field:
    """`below` where `share` is 0, `above` where it is 1, and the mixture in between."""
    return below + (above - below) * share


def paint(below: Field, above: Field | float, share: Field) -> Field:
    """`mix` for colours: float32 [N, 3, side, side] from two of [N, 3, ·, ·], or a grey, and a field."""
    return mix(below, above, share[:, None])


def draw_set(
    painters: Mapping[str, Callable[[Sheet], Field]],
    n_per_class: int,
    *,
    seed: int,
    source: Source,
    name: str,
    classes: Sequence[str] | None = None,
) -> ImageSet:
    """An `ImageSet` of `n_per_class` pictures a class, each class drawn by its painter.

    Args:
        painters: for each class a function from a `Sheet` to float [N, 3, side, side], 0–255.
        n_per_class: at least 1.
        seed: the same seed gives the same bytes on every machine, whichever `classes` are asked for.
        source, name: as in `ImageSet`.
        classes: which classes, in which order; all unless given.
    """
    classes = tuple(painters) if classes is None else tuple(classes)
    _check_request(n_per_class, classes, tuple(painters), name)
    images = np.empty((len(classes), n_per_class, 3, SIDE, SIDE), dtype=np.uint8)
    for place, label in enumerate(classes):
        number = list(painters).index(label)
        for start in range(0, n_per_class, BATCH):
            part = images[place, start : start + BATCH]
            rng = np.random.default_rng([seed, number, start])
            part[:] = np.clip(np.rint(painters[label](Sheet(rng, len(part)))), 0, 255)
    labels = np.repeat(np.arange(len(classes)), n_per_class)
    return ImageSet.of(images.reshape(-1, 3, SIDE, SIDE), labels, classes, source, name=name)


def _check_request(n_per_class: int, classes: tuple, known: tuple, name: str) -> None:
    if n_per_class < 1:
        raise ValueError(f"{name} got n_per_class={n_per_class}; it wants 1 or more, such as n_per_class=100.")
    strangers = [label for label in classes if label not in known]
    if strangers or not classes or len(set(classes)) < len(classes):
        wrong = f"unknown {strangers}" if strangers else f"classes={list(classes)}"
        raise ValueError(f"{name} got {wrong}; it wants each class once, one or more of {', '.join(known)}.")


def _between(low: float, high: float, share: Field) -> Field:
    return low + (high - low) * share


def _cut_corners(field: Field) -> Field:
    """Twice as many samples in both directions, less two: [N, m, m] to [N, 2m − 2, 2m − 2]."""
    n, m, _ = field.shape
    tall = np.empty((n, 2 * m - 2, m), dtype=np.float32)
    tall[:, 0::2] = 0.75 * field[:, :-1] + 0.25 * field[:, 1:]
    tall[:, 1::2] = 0.25 * field[:, :-1] + 0.75 * field[:, 1:]
    wide = np.empty((n, 2 * m - 2, 2 * m - 2), dtype=np.float32)
    wide[:, :, 0::2] = 0.75 * tall[:, :, :-1] + 0.25 * tall[:, :, 1:]
    wide[:, :, 1::2] = 0.25 * tall[:, :, :-1] + 0.75 * tall[:, :, 1:]
    return wide
