"""What a convolution layer costs and sees, from its numbers alone: sizes, weights, multiplications, receptive field.

Sizes are (height, width). `layers` are `Conv`s in a row, the first one next to the picture.

>>> tall, wide = Conv((30, 3)), Conv((3, 30))
>>> weights([tall, wide]), weights([Conv(30)])
(180, 900)
>>> output_size((64, 64), [tall, wide]), receptive_field([tall, wide]).size
((33, 33), (32, 32))
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

Size = tuple[int, int]


@dataclass(frozen=True)
class Conv:
    """A layer as `torch.nn.Conv2d` takes it; each number for both directions or as (height, width).

    Attributes:
        kernel, stride, dilation: 1 or more.
        padding: zeros on each side, 0 or more; or "same", dilation · (kernel − 1) of them in all, the odd one at the
            end. Then a stride of 1 keeps the size, and a stride of s leaves ⌈size / s⌉ (PyTorch has it for 1 only).
        groups: parts that the channels are dealt into, each convolved by itself; as many as channels is depthwise
            (Howard et al.: MobileNets, 2017). They change weights and MACs, and nothing that is seen.

    Raises:
        ValueError: anything else.
    """

    kernel: int | Size
    stride: int | Size = 1
    dilation: int | Size = 1
    padding: int | Size | Literal["same"] = 0
    groups: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.groups, int) or self.groups < 1:
            raise ValueError(f"Conv got groups={self.groups!r}; it wants a whole number from 1.")
        for field in fields(self)[:-1]:
            value, least = getattr(self, field.name), 0 if field.name == "padding" else 1
            if field.name != "padding" or value != "same":
                object.__setattr__(self, field.name, _pair(field.name, value, least))

    @property
    def covers(self) -> Size:
        """From the kernel's first to its last tap: dilation · (kernel − 1) + 1."""
        (h, w), (down, across) = both(self.kernel), both(self.dilation)
        return down * (h - 1) + 1, across * (w - 1) + 1

    @property
    def pads(self) -> tuple[Size, Size]:
        """Zeros (above, below) and (left, right)."""
        if self.padding == "same":
            h, w = self.covers
            return ((h - 1) // 2, h // 2), ((w - 1) // 2, w // 2)
        h, w = both(self.padding)
        return (h, h), (w, w)

    def padded(self, size: Size) -> Size:
        """`size` with the zeros around it."""
        (above, below), (left, right) = self.pads
        return size[0] + above + below, size[1] + left + right


def both(number: int | Size) -> Size:
    """(height, width) of what one number may stand for; a `Conv` keeps pairs.

    >>> both(Conv(3).kernel), both(2)
    ((3, 3), (2, 2))
    """
    return (number, number) if isinstance(number, int) else number


def output_sizes(size: Size, layers: Sequence[Conv]) -> list[Size]:
    """The size after each layer: ⌊(size + padding − covered) / stride⌋ + 1.

    Dumoulin, Visin: A guide to convolution arithmetic for deep learning, 2016: relationship 6; dilation: section 5.1.
    ValueError where a kernel covers more than there is.

    >>> output_sizes((64, 48), [Conv(5, stride=2), Conv((1, 7), padding="same")])
    [(30, 22), (30, 22)]
    """
    found = []
    for number, layer in enumerate(layers, start=1):
        (h, w), (ch, cw), (down, across) = layer.padded(size), layer.covers, both(layer.stride)
        if h < ch or w < cw:
            raise ValueError(f"layer {number} does not fit: its kernel covers {ch}×{cw}, its padded input has {h}×{w}")
        size = (h - ch) // down + 1, (w - cw) // across + 1
        found.append(size)
    return found


def output_size(size: Size, layers: Sequence[Conv]) -> Size:
    """The size after all layers. See `output_sizes`."""
    return output_sizes(size, layers)[-1] if layers else (size[0], size[1])


def weights(layers: Sequence[Conv], channels: Sequence[int] | None = None) -> int:
    """How many weights the kernels have, biases left out: height · width · channels in · channels out / groups, summed.

    Args:
        channels: of the picture and after each layer, one more than layers; 1 each unless given.

    Raises:
        ValueError: not one more than layers, or numbers that a layer's groups do not divide.

    >>> weights([Conv(3), Conv(3)], channels=(3, 64, 64)), weights([Conv(3, groups=64)], channels=(64, 64))
    (38592, 576)
    """
    return sum(_weights(layers, channels))


def macs(size: Size, layers: Sequence[Conv], channels: Sequence[int] | None = None) -> int:
    """Multiply–accumulate operations for one picture: every weight once at every place of its layer's output.

    As `models.cost` counts them. ValueError as in `output_sizes`.

    >>> macs((64, 64), [Conv(3, padding=1)], channels=(3, 64))
    7077888
    """
    return sum(n * h * w for n, (h, w) in zip(_weights(layers, channels), output_sizes(size, layers), strict=True))


@dataclass(frozen=True)
class ReceptiveField:
    """What one number of the output can see.

    Attributes:
        size: (height, width) in pixels of the picture.
        stride: how far apart, in pixels, the fields of neighbouring numbers lie.
        start: (row, column) of the first pixel that the number at (0, 0) sees; negative where it sees padding.
    """

    size: Size
    stride: Size
    start: Size

    def of(self, row: int, column: int) -> tuple[int, int, int, int]:
        """(top, left, bottom, right) of the field of that number of the output, the last two exclusive."""
        top, left = (s + at * step for s, at, step in zip(self.start, (row, column), self.stride, strict=True))
        return top, left, top + self.size[0], left + self.size[1]


def receptive_field(layers: Sequence[Conv]) -> ReceptiveField:
    """The field of the last layer's numbers: each layer adds its reach, in steps of all strides before it.

    Araujo, Norris, Sim: Computing Receptive Fields of Convolutional Neural Networks, Distill, 2019: size and region
    for single-path networks.

    >>> receptive_field([Conv(3, stride=2, padding=1), Conv(3, padding=1)])
    ReceptiveField(size=(7, 7), stride=(2, 2), start=(-3, -3))
    """
    size, step, start = [1, 1], [1, 1], [0, 0]
    for layer in layers:
        for axis in (0, 1):
            size[axis] += (layer.covers[axis] - 1) * step[axis]
            start[axis] -= layer.pads[axis][0] * step[axis]
            step[axis] *= both(layer.stride)[axis]
    return ReceptiveField((size[0], size[1]), (step[0], step[1]), (start[0], start[1]))


def _weights(layers: Sequence[Conv], channels: Sequence[int] | None) -> list[int]:
    channels = [1] * (len(layers) + 1) if channels is None else list(channels)
    if len(channels) != len(layers) + 1 or any(c < 1 for c in channels):
        raise ValueError(
            f"got channels={tuple(channels)} for {len(layers)} layers; wanted {len(layers) + 1} numbers, 1 or more."
        )
    pairs = list(zip(layers, channels[:-1], channels[1:], strict=True))
    for layer, before, after in pairs:
        if before % layer.groups or after % layer.groups:
            raise ValueError(f"got {before} channels before and {after} after a layer of groups={layer.groups}.")
    return [math.prod(both(layer.kernel)) * a * b // layer.groups for layer, a, b in pairs]


def _pair(name: str, value: int | Sequence[int], least: int) -> Size:
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(pair) != 2 or not all(isinstance(n, int) and n >= least for n in pair):
        words = ' or "same"' if name == "padding" else ""
        raise ValueError(f"Conv got {name}={value!r}; it wants a whole number from {least}, or two of them{words}.")
    return pair[0], pair[1]
