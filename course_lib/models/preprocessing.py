"""What a network expects at its input. Each backbone carries its own, so that it cannot be forgotten."""

from __future__ import annotations

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
    """

    scale: float = 1 / 255
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    order: Literal["RGB", "BGR"] = "RGB"

    def __call__(self, pictures: Tensor) -> Tensor:
        """uint8 [B, 3, H, W], 0–255, RGB → float32 [B, 3, H, W], on the same device."""
        if pictures.dtype != torch.uint8 or pictures.ndim != 4 or pictures.shape[1] != 3:
            raise ValueError(
                f"Preprocessing got {pictures.dtype} {tuple(pictures.shape)}; it wants uint8 [B, 3, H, W] with "
                "values 0–255. It divides and subtracts by itself: hand over the pictures as they were loaded."
            )
        slope = torch.tensor([self.scale / s for s in self.std], device=pictures.device)
        offset = torch.tensor([-m / s for m, s in zip(self.mean, self.std, strict=True)], device=pictures.device)
        # In place: fresh memory for each step costs four times the arithmetic.
        x = pictures.float().mul_(slope[:, None, None]).add_(offset[:, None, None])
        return x.flip(1) if self.order == "BGR" else x


IMAGENET = Preprocessing()
CAFFE = Preprocessing(scale=1.0, mean=(123.68, 116.779, 103.939), std=(1.0, 1.0, 1.0), order="BGR")
MINUS_ONE_TO_ONE = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
HALF = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
