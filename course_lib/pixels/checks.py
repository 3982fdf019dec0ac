"""What the functions of this room ask of their pictures, in one wording. A picture is uint8, 0–255; a colour, for
arithmetic, is floats, RGB from 0 to 1. Nothing tells the two apart but type and size, and a function that is given the
wrong one answers all the same: black, or a hue that means nothing. So each of them asks first.

The checks are cheap: one pass over floats, none over bytes.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

# How far a number may leave its range. All that the ranges of CIELAB, OKLab and YCbCr hold stays below 2.2 in RGB.
MOST, LEAST = 4.0, -0.1


def pictures(name: str, images: Tensor, *, channels: int | None = 3, batch: str = "") -> None:
    """ValueError unless `images` are uint8 [..., 3, H, W], not empty.

    Args:
        name: of the function that got them.
        channels: how many; None: any number, 1 or more.
        batch: the name of the first of four dimensions, or empty for any number of them.
    """
    fits = isinstance(images, Tensor) and images.dtype == torch.uint8
    fits = fits and (images.ndim == 4 if batch else images.ndim >= 3) and images.numel() > 0
    if fits and (channels is None or images.shape[-3] == channels):
        return
    wanted = f"uint8 [{batch or '...'}, {channels or 'C'}, H, W], 0–255, not empty"
    raise ValueError(f"{name} got {received(images)}; it wants {wanted}.{_mend(images, channels)}")


def colours(values: Tensor, dim: int, *, light: int | None = None, unit: float = 1.0, most: float = MOST) -> None:
    """ValueError unless `values` are finite floats with three channels in `dim`, in what RGB or another space can hold.

    Colours outside sRGB are let through: lightness may be above `unit`, up to `most` times as much, and any of R, G and
    B may be below 0, but not all three. What is beyond is a byte, a percentage or a standardized picture.

    Args:
        light: position of the channel that says how light the colour is; None: all three do, as in RGB.
        unit: white's number in it.
    """
    floats(values, dim)
    low, high = (float(end) for end in values.detach().aminmax())
    if not math.isfinite(low + high):
        bad = int((~values.isfinite()).sum())
        raise ValueError(
            f"got {received(values)}, {bad} of its numbers NaN or infinite; colours are finite. Leave those out first."
        )
    if light is not None:
        high = float(values.detach().select(dim, light).amax())
    not_bytes(high, unit, most)
    if light is None and low < LEAST and float(values.detach().amax(dim).min()) < LEAST:
        raise ValueError(
            f"got colours with all three channels below 0, down to {low:g}; no light is negative. Bring pictures that "
            "were standardized or scaled to −1 to 1 back to 0 to 1 first."
        )


def floats(values: Tensor, dim: int) -> None:
    """ValueError unless `values` are float32 or float64 with three channels in `dim`, not empty."""
    if not isinstance(values, Tensor):
        raise ValueError(f"got {received(values)}; colours are a tensor of floats, RGB from 0 to 1.{_mend(values)}")
    got = f"got {received(values)}; colours are floats with three channels in dimension {dim}"
    if values.dtype not in (torch.float32, torch.float64):
        mend = "Stored bytes become that by `images.float() / 255`"
        if values.is_floating_point():
            mend = "Half precision is too coarse for them: `images.float()`"
        raise ValueError(f"{got}, float32 or float64, RGB from 0 to 1. {mend}.")
    if not -values.ndim <= dim < values.ndim or values.shape[dim] != 3:
        raise ValueError(f"{got}. Say where they stand, for instance dim=-1 for [..., 3].")
    if values.numel() == 0:
        raise ValueError(f"got 0 colours, {received(values)}; it wants one or more.")


def not_bytes(high: float, unit: float = 1.0, most: float = MOST) -> None:
    """ValueError where the largest number is too large for a colour."""
    if high > most * unit:
        raise ValueError(
            f"got numbers up to {high:g} where white is {unit:g}; those are no colours. Stored bytes become RGB from "
            "0 to 1 by `images.float() / 255`; for the units of other spaces see `pixels.SPACES`."
        )


def received(thing: Any) -> str:
    """Type and shape, for a message."""
    if isinstance(thing, Tensor):
        return f"{thing.dtype} {tuple(thing.shape)}"
    shape = f" {thing.dtype} {tuple(thing.shape)}" if hasattr(thing, "shape") and hasattr(thing, "dtype") else ""
    return f"{type(thing).__name__}{shape}"


def _mend(images: Any, wanted: int | None = 3) -> str:
    """The next step, where one can be guessed."""
    if not isinstance(images, Tensor):
        if type(images).__name__ == "ImageSet":
            return " Take its .images."
        return " An array becomes a tensor by `torch.from_numpy`." if hasattr(images, "__array__") else ""
    if images.is_floating_point() and images.numel():
        high = float(images.detach().amax())
        whole = "(255 * images)" if high <= 1.5 else "images"
        return f" Floats become bytes by `{whole}.round().to(torch.uint8)`." if math.isfinite(high) else ""
    if wanted and images.ndim >= 3 and images.shape[-1] == wanted and images.shape[-3] != wanted:
        return " Channels that stand last are moved by `images.movedim(-1, -3)`."
    return ""
