"""Two classes of pictures as the colour explorer shows them: their pixels in every space, and what parts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...data import ImageSet
from ...pixels import SPACES, separation
from ..static import SOURCE_NOTES
from .colour_views import VIEWS, Axis, View, near

POINTS = 600  # pixels of each class that are drawn
PIXELS = 20_000  # of each class that d′ is computed from: its standard error is then 0.01
SIDE = 48  # pixels of the example pictures in the view


@dataclass(frozen=True)
class PictureClass:
    """Pixels uint8 [M, 3] of a class, drawn from all its pictures; one picture uint8 [3, H, W]; what it is called."""

    pixels: Tensor
    picture: Tensor
    note: str

    @classmethod
    def of(cls, pictures: ImageSet | Tensor, seed: int) -> PictureClass:
        """Up to `PIXELS` pixels, drawn with `seed`. ValueError or TypeError where there are none to be had."""
        store, rows, note = _rows(pictures)
        n, (height, width) = len(rows), store.shape[-2:]
        if n * height * width < 2:
            raise ValueError(f"colour_explorer got {n} pictures of {height}×{width}; it wants two pixels or more.")
        rng = np.random.default_rng(seed)
        places = rng.choice(n * height * width, min(PIXELS, n * height * width), replace=False)
        which, row, column = (torch.from_numpy(part) for part in np.unravel_index(places, (n, height, width)))
        return cls(store[rows[which], :, row, column], store[rows[0]], note)


def _rows(pictures: ImageSet | Tensor) -> tuple[Tensor, Tensor, str]:
    """(uint8 [M, 3, H, W], the rows that count, note)."""
    if isinstance(pictures, ImageSet):
        store, rows, note = pictures.store, pictures.rows, SOURCE_NOTES[pictures.source]
    elif isinstance(pictures, Tensor):
        store, rows, note = pictures, torch.arange(len(pictures)) if pictures.ndim else torch.zeros(0), ""
    else:
        raise TypeError(
            f"colour_explorer got pictures of {type(pictures).__name__}; it wants an ImageSet or a uint8 tensor."
        )
    if store.dtype != torch.uint8 or store.ndim != 4 or store.shape[1] != 3:
        raise ValueError(
            f"colour_explorer got pictures of {store.dtype} {tuple(store.shape)}; it wants uint8 [N, 3, H, W], RGB."
        )
    return store, rows, note


def cloud_traits(both: Sequence[PictureClass], names: list[str]) -> dict:
    """The traits that hold two classes of pictures."""
    drawn = [one.pixels[:POINTS] for one in both]
    height, width = _room(both[0].picture)
    return {
        "names": names,
        "clouds": torch.cat(drawn).numpy().tobytes(),
        "drawn": [len(points) for points in drawn],
        "counted": [len(one.pixels) for one in both],
        "apart": [_apart(view, *(one.pixels for one in both)) for view in VIEWS],
        "windows": [_windows(view, torch.cat(drawn)) for view in VIEWS],
        "pictures": b"".join(_small(one.picture, height, width) for one in both),
        "size": [height, width],
        "note": next((one.note for one in both if one.note), ""),
    }


def _apart(view: View, a: Tensor, b: Tensor) -> list[float | None]:
    """d′ of each channel; for a hue without the greys, and None where fewer than two colours are left."""
    both = [SPACES[view.name].from_rgb(pixels.double() / 255, dim=-1) for pixels in (a, b)]
    found = separation(both[0], both[1], view.name, dim=-1).tolist()
    if view.hue is not None:
        x, y = (numbers[_coloured(pixels)] for numbers, pixels in zip(both, (a, b), strict=True))
        enough = min(len(x), len(y)) >= 2
        found[view.hue] = float(separation(x, y, view.name, dim=-1)[view.hue]) if enough else None
    return found


def _coloured(pixels: Tensor) -> Tensor:
    return pixels.amax(1) > pixels.amin(1)


def _windows(view: View, pixels: Tensor) -> list[list[float]]:
    """[low, high] of each channel: where all but the outermost per cent of the pixels lie, with some room around."""
    numbers = view.numbers(pixels.double() / 255)
    if view.hue is not None:  # the circle is cut opposite of the pixels' mean
        coloured = _coloured(pixels)
        angle = numbers[coloured, view.hue].deg2rad()
        middle = float(torch.atan2(angle.sin().sum(), angle.cos().sum()).rad2deg().remainder(360))
        numbers[:, view.hue] = near(numbers[:, view.hue], middle, middle).where(coloured, torch.tensor(middle).double())
    ends = torch.quantile(numbers, torch.tensor([0.01, 0.99], dtype=torch.float64), dim=0).T.tolist()
    return [_window(axis, low, high) for axis, (low, high) in zip(view.axes, ends, strict=True)]


def _window(axis: Axis, low: float, high: float) -> list[float]:
    room = max(0.15 * (high - low), 3 * axis.step)
    low, high = low - room, high + room
    if axis.unit:
        return [low, high] if high - low < 360 else [0.0, 360.0]
    return [max(low, axis.low), min(high, axis.high)]


def _room(picture: Tensor) -> tuple[int, int]:
    """(height, width), SIDE at most, in the picture's proportions."""
    height, width = picture.shape[-2:]
    shrink = min(1, SIDE / max(height, width))
    return max(1, round(shrink * height)), max(1, round(shrink * width))


def _small(picture: Tensor, height: int, width: int) -> bytes:
    small = F.interpolate(picture[None].float(), (height, width), mode="bilinear", antialias=True)[0]
    return small.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().numpy().tobytes()


def mean_colour(both: Sequence[PictureClass]) -> list[float]:
    """The middle of the pixels of both classes, sRGB 0–1, to the nearest byte."""
    middle = torch.stack([one.pixels.double().mean(0) for one in both]).mean(0)
    return (middle.round() / 255).tolist()
