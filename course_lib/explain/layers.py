"""Which layers of a network give feature maps, in the order in which they run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..models.inference import answered, fed, inference


@dataclass(frozen=True)
class Layer:
    """A layer that gives one feature map: its name in `named_modules()`, itself, and (h, w), the map's size."""

    name: str
    module: nn.Module
    size: tuple[int, int]


def feature_layers(model: nn.Module, x: Tensor) -> list[Layer]:
    """The layers that run once and give a map [B, C, h, w] for `x`, float [B, 3, H, W], the last one last.

    >>> model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2))
    >>> [layer.size for layer in feature_layers(model, torch.ones(1, 3, 8, 8))]
    [(6, 6), (3, 3)]
    """
    ran: list[Layer] = []
    hooks = [
        module.register_forward_hook(
            lambda module, _, output, name=name: ran.append(Layer(name, module, _size(output)))
        )
        for name, module in model.named_modules()
        if name
    ]
    try:
        with inference(model), torch.inference_mode(False), torch.no_grad():
            answered("feature_layers", model, fed(model, x[:1].detach()))
    finally:
        for hook in hooks:
            hook.remove()
    times = Counter(layer.name for layer in ran)
    return [layer for layer in ran if times[layer.name] == 1 and min(layer.size) > 1]


def last_layer(model: nn.Module, x: Tensor, *, cells: int = 2) -> nn.Module:
    """The last layer whose map has `cells` × `cells` places or more: what Grad-CAM asks, or a finer one.

    Raises:
        ValueError: no layer gives such a map; names the finest that there is.
    """
    layers = feature_layers(model, x)
    fine = [layer for layer in layers if min(layer.size) >= cells]
    if not fine:
        finest = max((min(layer.size) for layer in layers), default=0)
        raise ValueError(
            f"last_layer got cells={cells} for a model whose finest feature map has {finest} places a side; it wants "
            "fewer, or larger pictures."
        )
    return fine[-1].module


def _size(output: object) -> tuple[int, int]:
    """(h, w) of a feature map; (0, 0) of anything else."""
    if isinstance(output, Tensor) and output.ndim == 4:
        return output.shape[2], output.shape[3]
    return 0, 0
