"""Where the cells of a feature map look: the middle of what each of them sees, in pixels of the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch._ops import OpOverload
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from ..models.inference import answered, fed, inference

aten = torch.ops.aten
_PADS = (aten.constant_pad_nd, aten.reflection_pad2d, aten.replication_pad2d)


@dataclass(frozen=True)
class Cells:
    """The middles of a feature map's cells: row i looks at pixel `first[0]` + i · `step[0]`, columns likewise.

    >>> Cells(first=(0, 0), step=(1, 1)).behind(kernel=(3, 3), stride=(2, 2), before=(1, 1), dilation=(1, 1))
    Cells(first=(0.0, 0.0), step=(2, 2))
    """

    first: tuple[float, float]
    step: tuple[float, float]

    def behind(self, kernel: Sequence, stride: Sequence, before: Sequence, dilation: Sequence) -> Cells:
        """The cells of a convolution or a pooling over these ones; `before`: cells of padding above and left of them.

        Araujo, Norris, Sim: Computing Receptive Fields of Convolutional Neural Networks, Distill 2019, equation 5.
        """
        middle = [d * (k - 1) / 2 - b for k, b, d in zip(kernel, before, dilation, strict=True)]
        first = tuple(f + s * m for f, s, m in zip(self.first, self.step, middle, strict=True))
        return Cells(first, tuple(s * by for s, by in zip(self.step, stride, strict=True)))

    def displacement(self, map_size: Sequence[int], size: Sequence[int]) -> tuple[float, float]:
        """How many pixels further down and right than it looks a map's middle is painted, if it is only enlarged.

        Enlarging h cells to H pixels paints cell i at (i + ½) · H / h − ½, wherever it looks.
        """
        middles = [(n - 1) / 2 for n in map_size]
        looks = (f + m * s for f, m, s in zip(self.first, middles, self.step, strict=True))
        down, right = ((n - 1) / 2 - there for n, there in zip(size, looks, strict=True))
        return down, right


def cells_of(model: nn.Module, layer: nn.Module, x: Tensor) -> Cells:
    """Where the cells of `layer`'s feature map look in pictures of the size of `x`, float [B, 3, H, W].

    One picture goes through the model, and strides, paddings and kernels are followed on the way, those of the model's
    own `F.pad` as well: what the modules say of themselves would miss it. Where paths meet that look at different
    places, the mean of them.

    Raises:
        ValueError: the layer gives no feature map [B, C, h, w], runs twice, or something on the way (a cut, an
            enlargement, patches made to words) leaves it open where a cell looks.
    """
    found: list[Cells | None] = []
    blank = torch.zeros_like(x[:1].detach())
    with inference(model), torch.inference_mode(False), torch.no_grad():
        start = fed(model, blank)
        with _Following(start) as following, _watched(layer, following, found):
            answered("cells_of", model, start)
    if len(found) != 1 or found[0] is None:
        raise ValueError(
            f"cells_of got a layer ({type(layer).__name__}) whose cells it cannot place: it follows convolutions, "
            "pooling and padding from the picture to a layer that runs once and gives [B, C, h, w]. Take an earlier "
            'layer, or enlarge="bilinear", which may be displaced by half a cell.'
        )
    return found[0]


def enlarge(coarse: Tensor, cells: Cells, size: Sequence[int]) -> Tensor:
    """A map float [B, h, w] at the pixels where its cells look: float [B, H, W].

    Linear between the middles of two cells; beyond the outermost ones their value.

    >>> enlarge(torch.tensor([[[0.0, 1.0]]]), Cells(first=(0, 1), step=(1, 2)), (1, 5))
    tensor([[[0.0000, 0.0000, 0.5000, 1.0000, 1.0000]]])
    """
    rows, columns = (
        _hats(n, m, first, step).to(coarse)
        for n, m, first, step in zip(size, coarse.shape[1:], cells.first, cells.step, strict=True)
    )
    return rows @ coarse @ columns.T


def _hats(size: int, n: int, first: float, step: float) -> Tensor:
    """How much of each of n cells every pixel of a side gets: float32 [size, n], rows of sum 1."""
    place = ((torch.arange(size) - first) / step).clamp(0, n - 1)
    return (1 - (place[:, None] - torch.arange(n)).abs()).clamp(min=0)


class _Following(TorchDispatchMode):
    """Notes for every tensor that comes of `start`, [1, C, H, W], where its cells look."""

    def __init__(self, start: Tensor):
        super().__init__()
        self.known = WeakTensorKeyDictionary()
        self.known[start] = Cells((0.0, 0.0), (1.0, 1.0))

    def __torch_dispatch__(  # torch calls it for every operation
        self, op: OpOverload, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        given = [(tensor, self.known[tensor]) for tensor in tree_leaves(args) if self._knows(tensor)]
        out = op(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor) and given and (cells := _cells(op.overloadpacket, args, given, tensor)):
                self.known[tensor] = cells
        return out

    def _knows(self, tensor: object) -> bool:
        return isinstance(tensor, Tensor) and tensor in self.known


def _cells(op: OpOverload, args: tuple, given: list[tuple[Tensor, Cells]], out: Tensor) -> Cells | None:
    """Where the cells of `out` look, which `op` made of what is `given`; None where that cannot be said."""
    before = given[0][1]
    if op in (aten.convolution, aten.max_pool2d_with_indices, aten.avg_pool2d):
        return _behind_a_window(op, args, before) if out.ndim == 4 else None
    if op in _PADS:
        left, _, top = [*args[1], 0, 0][:3]
        return before.behind(kernel=(1, 1), stride=(1, 1), before=(top, left), dilation=(1, 1))
    # What works on each cell by itself, adds maps up or lays them side by side leaves the places alone, and so does
    # another order of the dimensions (Keras keeps the channels last).
    alike = [cells for tensor, cells in given if _same_places(tensor, out)]
    return _mean(alike) if alike else None


def _behind_a_window(op: OpOverload, args: tuple, before: Cells) -> Cells | None:
    if op is aten.convolution:
        weight, stride, padding, dilation, transposed = args[1], *args[3:7]
        kernel = weight.shape[2:]
        if transposed:
            return None
    else:
        asked: tuple = (*args[1:4], *(None, None, 0)[len(args[1:4]) :])
        kernel, stride, padding = asked
        dilation = args[4] if op is aten.max_pool2d_with_indices and len(args) > 4 else 1
        stride = stride or kernel  # as torch reads an empty one
    return before.behind(*map(_both, (kernel, stride, padding, dilation)))


def _both(value: int | Sequence[int]) -> Sequence[int]:
    value = [value] if isinstance(value, int) else list(value)
    return value * 2 if len(value) == 1 else value


def _same_places(a: Tensor, b: Tensor) -> bool:
    return min(a.ndim, b.ndim) > 2 and (a.shape[-2:] == b.shape[-2:] or sorted(a.shape) == sorted(b.shape))


def _mean(several: list[Cells]) -> Cells:
    def middle(which: str) -> tuple[float, float]:
        return tuple(sum(axis) / len(several) for axis in zip(*(getattr(c, which) for c in several), strict=True))

    return Cells(middle("first"), middle("step"))


@contextmanager
def _watched(layer: nn.Module, following: _Following, found: list[Cells | None]) -> Iterator[None]:
    """`found` gets the cells of what `layer` gives, None where they are unknown."""

    def keep(_module: nn.Module, _inputs: tuple, output: object) -> None:
        found.append(following.known.get(output) if isinstance(output, Tensor) else None)

    hook = layer.register_forward_hook(keep)
    try:
        yield
    finally:
        hook.remove()
