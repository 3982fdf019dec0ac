"""From the uint8 store to what a network gets, batch by batch; turned, flipped and normalised where it trains.

There are no loader processes: a picture of 64×64 is 12 kB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .. import checks
from ..data import ImageSet
from ..models.inference import preprocessed
from .settings import Settings

Preprocess = Callable[[Tensor], Tensor]
_MIRRORED = 3  # the forms up to here mirror; those above swap rows and columns


def prepare(
    pictures: Tensor,
    preprocessing: Preprocess,
    device: torch.device | str,
    *,
    size: int | None = None,
    forms: Tensor | None = None,
) -> Tensor:
    """uint8 [B, C, H, W] → what the network wants, on `device`, channels last.

    Args:
        size: resize to this height and width; None keeps the pictures as they are.
        forms: int64 [B], 0–7: a turned or mirrored form for each picture; None leaves them upright. Pictures that are
            not square are turned after `size` has made them square; without a `size` they are mirrored only, since a
            turned one would have another shape.
    """
    if size is not None and not checks.is_count(size):
        raise ValueError(f"prepare got size={size!r}; it wants a whole number of at least 1, or None.")
    x = pictures.to(device, non_blocking=True)
    square = x.shape[-2] == x.shape[-1]
    if forms is not None and (square or size is None):
        x = turn(x, forms.to(device) if square else forms.to(device) & _MIRRORED)
    # Channels last while a pixel is one byte; `preprocessing` keeps the order.
    x = preprocessed("prepare", preprocessing, x.contiguous(memory_format=torch.channels_last))
    if size is not None and x.shape[-2:] != (size, size):
        x = interpolate(x, size=(int(size), int(size)), mode="bilinear", antialias=True)
    if forms is not None and not square and size is not None:
        x = turn(x, forms.to(device))
    return x


def turn(pictures: Tensor, forms: Tensor) -> Tensor:
    """Each square picture [B, C, S, S] in one of its eight forms (the dihedral group of the square).

    The bits of a form say: mirror left–right, mirror top–bottom, swap rows and columns. Seen from a
    satellite there is no up, so all eight are equally likely pictures of the same class.

    Raises:
        ValueError: a form that swaps rows and columns (4 to 7), for pictures that are not square.
    """
    if pictures.shape[-2] != pictures.shape[-1] and (forms > _MIRRORED).any():
        raise ValueError(
            f"turn got pictures {tuple(pictures.shape)} and a form that swaps rows and columns; it wants square ones. "
            f"Resize them first, or take the mirrored forms only: forms & {_MIRRORED}."
        )
    x = pictures.clone()
    moves = (lambda p: p.flip(3), lambda p: p.flip(2), lambda p: p.transpose(2, 3))
    for bit, move in enumerate(moves):
        chosen = (forms >> bit & 1).nonzero().ravel()
        if len(chosen):  # none of them swaps rows and columns where pictures are not square
            x[chosen] = move(x[chosen])
    return x


def batches(
    train: ImageSet, preprocessing: Preprocess, settings: Settings, seed: int, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """(inputs, labels) on `device`, every picture once, in a random order."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(train), generator=generator)
    forms = torch.randint(8, (len(train),), generator=generator) if settings.flips else None
    for start, end in pairwise(edges(len(train), settings.batch_size)):
        positions = order[start:end]
        form = None if forms is None else forms[start:end]
        x = prepare(train.batch(positions), preprocessing, device, size=settings.size, forms=form)
        yield x, train.labels[positions].to(device, non_blocking=True)


def edges(n: int, batch_size: int) -> list[int]:
    """Where each batch begins, and n. A picture that is left over joins the batch before it.

    >>> edges(9, 4), edges(8, 4), edges(3, 1)
    ([0, 4, 9], [0, 4, 8], [0, 1, 2, 3])
    """
    edges = [*range(0, n, batch_size), n]
    if batch_size > 1 and n > 1 and n % batch_size == 1:
        del edges[-2]
    return edges
