"""What a network costs, counted rather than timed."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Cost:
    """Parameters, float32 megabytes, and multiply–accumulate operations for one picture."""

    parameters: int
    megabytes: float
    macs: int

    def __str__(self) -> str:
        return f"{self.parameters / 1e6:5.1f} M parameters {self.megabytes:6.1f} MB {self.macs / 1e6:6.0f} M MACs"


def cost(network: nn.Module, *, size: int = 64) -> Cost:
    """Count what `network` needs for one picture 3×`size`×`size`.

    A convolution multiplies once for every weight at every place of its output; a linear layer once for
    every weight. Activations, pooling and normalisation are left out, as is usual: they are some per cent.
    """
    parameters = sum(p.numel() for p in network.parameters())
    return Cost(parameters, parameters * 4 / 1e6, _macs(network, size))


@torch.inference_mode()
def _macs(network: nn.Module, size: int) -> int:
    total = 0

    def count(layer: nn.Module, _: object, output: Tensor) -> None:
        nonlocal total
        places = output[0, 0].numel() if isinstance(layer, nn.Conv2d) else 1
        total += layer.weight.numel() * places

    layers = [m for m in network.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(count) for layer in layers]
    was_training = network.training
    try:
        network.eval()(torch.zeros(1, 3, size, size, device=next(network.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
        network.train(was_training)
    return total
