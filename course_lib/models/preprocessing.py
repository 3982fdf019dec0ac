"""What a network expects at its input. Each backbone carries its own, so that it cannot be forgotten."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preprocessing:
    """From uint8 RGB to the floats that a network was trained on: `(pixel * scale − mean) / std`.

    Attributes:
        scale: 1/255 for networks that want 0–1, 1 for those that want 0–255.
        mean, std: per channel, after scaling, in RGB order whatever `order` is.
        order: the order of channels that the network wants.

    Raises:
        ValueError: numbers that no scaled pixel fits, or another order; says which.
    """

    scale: float = 1 / 255
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    order: Literal["RGB", "BGR"] = "RGB"

    def __post_init__(self) -> None:
        scale = _plain("scale", (self.scale,), 1)[0]
        mean, std = _plain("mean", self.mean, 3), _plain("std", self.std, 3)
        for name, value in (("scale", scale), ("mean", mean), ("std", std)):  # NumPy's numbers are not JSON's
            object.__setattr__(self, name, value)
        if self.order not in ("RGB", "BGR"):
            raise ValueError(f'Preprocessing got order={self.order!r}; it wants "RGB" or "BGR".')
        if scale <= 0:
            raise ValueError(f"Preprocessing got scale={scale!r}; it wants more than 0: 1/255 for 0–1, 1 for 0–255.")
        _check_fits(scale, mean, std)

    def __call__(self, pictures: Tensor) -> Tensor:
        """uint8 [B, 3, H, W], 0–255, RGB → float32 [B, 3, H, W], on the same device."""
        if pictures.dtype != torch.uint8 or pictures.ndim != 4 or pictures.shape[1] != 3:
            raise ValueError(
                f"Preprocessing got {pictures.dtype} {tuple(pictures.shape)}; it wants uint8 [B, 3, H, W] with "
                "values 0–255. It divides and subtracts by itself: hand over the pictures as they were loaded. Grey "
                "ones have three channels with .expand(-1, 3, -1, -1); of four channels, take [:, :3]."
            )
        slope = torch.tensor([self.scale / s for s in self.std], device=pictures.device)
        offset = torch.tensor([-m / s for m, s in zip(self.mean, self.std, strict=True)], device=pictures.device)
        # In place: fresh memory for each step costs four times the arithmetic.
        x = pictures.float().mul_(slope[:, None, None]).add_(offset[:, None, None])
        return x.flip(1) if self.order == "BGR" else x


def _plain(name: str, values: Sequence[float], n: int) -> tuple[float, ...]:
    """`values` as `n` finite floats."""
    try:
        found = tuple(float(value) for value in values)
        usable = not isinstance(values, str | set | dict) and not any(isinstance(value, str | bool) for value in values)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        found, usable = (), False
    if not usable or len(found) != n or not all(map(math.isfinite, found)):
        shown = values[0] if n == 1 else values
        wanted = "a finite number" if n == 1 else f"{n} finite numbers, one for each of R, G and B"
        raise ValueError(f"Preprocessing got {name}={shown!r}; it wants {wanted}.")
    return found


def _check_fits(scale: float, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    """ValueError where mean and deviation are of pixels that were scaled otherwise."""
    top = 255 * scale
    if not all(0 <= m <= top * (1 + 1e-6) for m in mean):
        raise ValueError(
            f"Preprocessing got mean={mean} with scale={scale:g}, after which pixels are 0 to {top:g}; it wants means "
            "in that range. Scale them as the pixels: those of 0–255 want scale=1, those of 0–1 scale=1/255."
        )
    if not all(s > 0 for s in std):
        raise ValueError(f"Preprocessing got std={std}; it wants deviations above 0, since it divides by them.")
    if any(s * 500 < top for s in std):
        raise ValueError(
            f"Preprocessing got std={std} with scale={scale:g}, after which pixels are 0 to {top:g}, too far for such "
            "deviations; it wants them after scaling. Those of 0–1 want scale=1/255."
        )


IMAGENET = Preprocessing()
CAFFE = Preprocessing(scale=1.0, mean=(123.68, 116.779, 103.939), std=(1.0, 1.0, 1.0), order="BGR")
MINUS_ONE_TO_ONE = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
LITE = Preprocessing(scale=1.0, mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0))
HALF = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
