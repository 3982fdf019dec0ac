"""What rows of convolutions cost, with as many channels throughout, and no ReLU, norm or bias: timed and counted.

Settings of a row: `layers`, `channels`, and the `side` of its input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from ... import models
from ...models import convolution
from ...study import Result
from ...study.running import hardware, thread_limit
from .experiments import convolutions

Settings = Mapping[str, object]


def stack(settings: Settings, seed: int = 0) -> nn.Sequential:
    """The convolutions, with random weights."""
    width = settings["channels"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            *(
                nn.Conv2d(
                    width, width, layer.kernel, layer.stride, layer.padding, layer.dilation, layer.groups, bias=False
                )
                for layer in convolutions(settings)
            )
        )


def time_forward(settings: Settings, seed: int) -> Result:
    """`forward_milliseconds`, `divided_by` a number: for claims of the form "a fifth of the time"."""
    taken = forward_milliseconds(settings, seed)
    with thread_limit(settings["threads"]):
        device = hardware(cpu=True)
    return Result({"forward pass of 8 pictures": taken / settings["divided_by"]}, device=device)


def forward_milliseconds(settings: Settings, seed: int) -> float:
    """Of a forward pass on the CPU with so many `threads`: a `batch` of random inputs, the fastest of `best_of`."""
    shape = (settings["batch"], settings["channels"], settings["side"], settings["side"])
    x = torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    with thread_limit(settings["threads"]):
        return models.milliseconds(stack(settings, seed), x, best_of=settings["best_of"])


@dataclass(frozen=True)
class Counts:
    """What a row of convolutions costs for one picture: `kept` numbers are those that training has to store."""

    weights: int
    macs: int
    kept: int
    sees: tuple[int, int]
    leaves: tuple[int, int]

    def __str__(self) -> str:
        (h, w), (rows, columns) = self.sees, self.leaves
        thousands, millions, kilobytes = self.weights / 1e3, self.macs / 1e6, 4 * self.kept / 1024
        return f"{thousands:6.1f} {millions:7.1f} {kilobytes:7.0f}   {f'{h}×{w}':>6} {f'{rows}×{columns}':>6}"


def counts(settings: Settings, size: convolution.Size | None = None) -> Counts:
    """Counted, not timed, on an input of `size`, (height, width); None is the settings' own. Kept is what layers put
    out."""
    layers, width = convolutions(settings), settings["channels"]
    size = (settings["side"], settings["side"]) if size is None else size
    channels, sizes = (width,) * (len(layers) + 1), convolution.output_sizes(size, layers)
    return Counts(
        weights=convolution.weights(layers, channels),
        macs=convolution.macs(size, layers, channels),
        kept=width * sum(h * w for h, w in sizes),
        sees=convolution.receptive_field(layers).size,
        leaves=sizes[-1],
    )
