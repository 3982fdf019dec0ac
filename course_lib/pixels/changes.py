"""Take one thing away from a picture, keep the rest: what a network loses tells what it used.

All functions take and return uint8 [..., 3, H, W], RGB. ValueError: anything else, or a size that does not divide.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..checks import is_count
from ..standards import LUMA
from . import checks


def grey(images: Tensor) -> Tensor:
    """Take the colour away, keep brightness and shape: three equal channels, the luma of ITU-R BT.601.

    Its weights are meant for the gamma-coded values that pictures hold, so it is near to what the eye sees as
    brightness, not equal to it.
    """
    checks.pictures("grey", images)
    weights = torch.tensor(LUMA["601"], device=images.device)[:, None, None]
    bright = (images * weights).sum(dim=-3, keepdim=True).round().to(torch.uint8)
    return bright.expand_as(images).contiguous()


def shuffle_patches(images: Tensor, patch: int, *, seed: int = 0) -> Tensor:
    """Take the layout away, keep colour and texture: cut into squares of `patch` pixels, deal them anew.

    Every picture is dealt in an order of its own. Brendel, Bethge: Approximating CNNs with
    Bag-of-Local-Features Models Works Surprisingly Well on ImageNet, ICLR 2019.
    """
    checks.pictures("shuffle_patches", images)
    *batch, c, h, w = images.shape
    rows, columns = _whole(h, patch, "shuffle_patches"), _whole(w, patch, "shuffle_patches")
    patch = int(patch)
    cut = images.reshape(-1, c, rows, patch, columns, patch).permute(0, 2, 4, 1, 3, 5)
    pieces = cut.reshape(len(cut), rows * columns, c, patch, patch)
    dealt = pieces[torch.arange(len(pieces))[:, None], patch_order(rows * columns, n=len(pieces), seed=seed)]
    dealt = dealt.reshape(-1, rows, columns, c, patch, patch).permute(0, 3, 1, 4, 2, 5)
    return dealt.reshape(*batch, c, h, w)


def patch_order(pieces: int, *, n: int = 1, seed: int = 0) -> Tensor:
    """int64 [n, pieces]: which piece, row by row, `shuffle_patches` puts at each place of each of `n` pictures."""
    if not (is_count(pieces) and is_count(n)):
        raise ValueError(f"patch_order got {pieces!r} pieces of {n!r} pictures; it wants 1 or more of each.")
    pieces, n = int(pieces), int(n)
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, pieces, generator=generator).argsort(dim=1)


def block_average(images: Tensor, size: int) -> Tensor:
    """Take the detail away, keep the coarse layout: `size`×`size` blocks, each painted in its mean colour.

    The result is as large as before, so that a network sees the same number of pixels.
    """
    checks.pictures("block_average", images)
    *_, h, w = images.shape
    height, width = _whole(h, size, "block_average"), _whole(w, size, "block_average")
    return _block_means(images, height, width).repeat_interleave(height, dim=-2).repeat_interleave(width, dim=-1)


def block_means(images: Tensor, size: int) -> Tensor:
    """uint8 [..., 3, size, size]: the mean colour of each block. In whole numbers, halves up, as in the figures' JS."""
    checks.pictures("block_means", images)
    *_, h, w = images.shape
    return _block_means(images, _whole(h, size, "block_means"), _whole(w, size, "block_means"))


def _block_means(images: Tensor, height: int, width: int) -> Tensor:
    """Of blocks of that many pixels."""
    n = height * width
    blocks = images.unflatten(-2, (-1, height)).unflatten(-1, (-1, width))
    return ((2 * blocks.to(torch.int64).sum(dim=(-3, -1)) + n) // (2 * n)).to(torch.uint8)


def zoom(images: Tensor, factor: int) -> Tensor:
    """Take the surroundings away: the middle, `factor` times as large, in hard pixels. The size stays.

    >>> zoom(torch.arange(16, dtype=torch.uint8).reshape(1, 4, 4).expand(3, 4, 4), 2)[0].tolist()
    [[5, 5, 6, 6], [5, 5, 6, 6], [9, 9, 10, 10], [9, 9, 10, 10]]
    """
    checks.pictures("zoom", images)
    *_, h, w = images.shape
    rows, columns = (_middle(length, _whole(length, factor, "zoom"), int(factor)) for length in (h, w))
    return images[..., rows, :][..., columns]


def _middle(length: int, kept: int, factor: int) -> Tensor:
    return (length - kept) // 2 + torch.arange(length) // factor


def _whole(length: int, parts: int, who: str) -> int:
    # A byte of NumPy's would count modulo 256, and stay a byte in the product of two.
    if not is_count(parts) or length % int(parts):
        raise ValueError(f"{who} got {parts!r} for pictures of {length} pixels; it wants a divisor of {length}.")
    return length // int(parts)
