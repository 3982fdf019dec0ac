"""Near-duplicate pictures, found by perceptual hash: a copy in train and test flatters every model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from .imageset import ImageSet

FORMS = (
    "as it is",
    "mirrored left to right",
    "mirrored top to bottom",
    "turned by 180°",
    "mirrored at the main diagonal",
    "turned by 90° anticlockwise",
    "turned by 90° clockwise",
    "mirrored at the other diagonal",
)
"""The eight forms of the square. The bits of a form's number say what undoes it: 4 transpose, then 2 flip rows, then 1
flip columns."""

LEAST_CORRELATION = 0.9  # of the detail: in EuroSAT turned or mirrored pictures reach 0.85, brighter copies have 0.97
GAINS = (0.5, 2.0)  # brighter or of more contrast than that, too much is clipped to tell
_SIGNS = np.where(np.arange(8) % 2, -1.0, 1.0)  # of a cosine under a flip: the odd ones turn
_Pictures = TypeVar("_Pictures", np.ndarray, Tensor)


@dataclass(frozen=True)
class Copy:
    """`second` shows what `first` shows, in `form` (one of `FORMS`); both are positions, `first` < `second`."""

    first: int
    second: int
    form: str


def perceptual_hash(images: Tensor) -> np.ndarray:
    """uint64 [N]: the 64-bit pHash of uint8 pictures [N, 3, H, W].

    The signs of the 8×8 lowest frequencies of a 32×32 grey picture against their median; pictures that
    look alike differ in few bits. Zauner: Implementation and Benchmarking of Perceptual Image Hash
    Functions, 2010.
    """
    return _bits(_low_frequencies(images))


def near_duplicates(pictures: ImageSet, *, max_bits: int = 4, max_difference: float = 4.0) -> np.ndarray:
    """int64 [P, 2]: pairs of positions that show the same picture, first < second; `copies` says in which form."""
    found = copies(pictures, max_bits=max_bits, max_difference=max_difference)
    return np.asarray([(one.first, one.second) for one in found], dtype=np.int64).reshape(-1, 2)


def copies(pictures: ImageSet, *, max_bits: int = 4, max_difference: float = 4.0) -> list[Copy]:
    """Pairs of pictures that are the same but for noise, a flip or a turn, brightness or contrast; sorted.

    At most `max_bits` of 64 bits of `perceptual_hash` differ in one of the eight forms (four, where pictures are not
    square). Because a hash of a nearly flat picture is a hash of its noise, the pixels are compared, too. Either the
    pictures as they are differ by at most `max_difference` of 255 on average. Or, once flip or turn are undone, they
    do so after one gain and one offset for all of the picture, and their detail is correlated by 0.9 or more: that of
    a flat picture is noise, and goes with none but its copy's. 27,000 pictures of 64×64 take about six seconds.

    Args:
        pictures: of one size, at least 1×1; a flip or a turn is undone whole, so a part cut out is not found.
        max_bits: 0 to 64; of two pictures that have nothing to do with each other about 32 differ.
        max_difference: 0 to 255.
    """
    parts = [_low_frequencies(pictures.batch(part)) for part in torch.arange(len(pictures)).split(512)]
    low = np.concatenate([np.empty((0, 8, 8), dtype=np.float32), *parts])
    found: dict[tuple[int, int], Copy] = {}
    hashes = _bits(low)
    for form in range(8 if pictures.shape[1] == pictures.shape[2] else 4):
        pairs = _alike(hashes, _bits(_undone(low, form)), max_bits)
        for pair in _matching(pictures, _worth_a_look(pictures, pairs, form, max_difference), form, max_difference):
            found.setdefault(pair, Copy(*pair, FORMS[form]))
    return [found[pair] for pair in sorted(found)]


def _worth_a_look(pictures: ImageSet, pairs: np.ndarray, form: int, most: float) -> np.ndarray:
    """`pairs` without those of a flat picture, but for those as it is of one brightness.

    Flat pictures have equal hashes: a thousand of them would be half a million comparisons in each form.
    """
    if not len(pairs):
        return pairs
    positions, place = np.unique(pairs, return_inverse=True)
    level, detail = np.empty(len(positions)), np.empty(len(positions))
    for some in torch.arange(len(positions)).split(512):
        images = pictures.batch(torch.as_tensor(positions)[some]).float()
        level[some] = images.mean(dim=(1, 2, 3)).numpy()
        detail[some] = images.std(dim=(2, 3), correction=0).amax(dim=1).numpy()
    first, second = place.reshape(-1, 2).T
    kept = (detail[first] > 0) & (detail[second] > 0)
    return pairs[kept | (np.abs(level[first] - level[second]) <= most)] if form == 0 else pairs[kept]


def _low_frequencies(images: Tensor) -> np.ndarray:
    """float32 [N, 8, 8] of pictures [N, C, H, W]: the lowest frequencies of each as 32×32 grey."""

    from scipy.fft import dctn

    grey = images.float().mean(dim=1, keepdim=True)
    small = interpolate(grey, size=(32, 32), mode="bilinear", antialias=True)[:, 0].numpy()
    return dctn(small, axes=(1, 2))[:, :8, :8]


def _bits(low: np.ndarray) -> np.ndarray:
    low = low.reshape(-1, 64)
    bits = low > np.median(low[:, 1:], axis=1, keepdims=True)  # without the mean, which would outweigh all
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel()


def _undone(pictures: _Pictures, form: int) -> _Pictures:
    """Pictures [..., H, W], or their frequencies float [N, 8, 8] as an array, with `form` undone."""
    if isinstance(pictures, np.ndarray):
        turned = pictures.transpose(0, 2, 1) if form & 4 else pictures
        turned = turned * _SIGNS[:, None] if form & 2 else turned
        return turned * _SIGNS if form & 1 else turned
    turned = pictures.transpose(-1, -2) if form & 4 else pictures
    turned = turned.flip(-2) if form & 2 else turned
    return turned.flip(-1) if form & 1 else turned


def _alike(hashes: np.ndarray, others: np.ndarray, max_bits: int) -> np.ndarray:
    """int64 [P, 2]: positions, first < second, of which `hashes` and `others` differ in `max_bits` or fewer."""
    pairs = [np.empty((0, 2), dtype=np.int64)]
    for i in range(len(hashes)):
        alike = np.flatnonzero(np.bitwise_count(others[i + 1 :] ^ hashes[i]) <= max_bits) + i + 1
        if len(alike):
            pairs.append(np.stack([np.full(len(alike), i), alike], axis=1))
    return np.concatenate(pairs)


def _matching(pictures: ImageSet, pairs: np.ndarray, form: int, most: float) -> Iterator[tuple[int, int]]:
    """Those of `pairs` whose pixels agree once `form` is undone."""
    for some in torch.as_tensor(pairs).split(256):
        a = pictures.batch(some[:, 0]).float()
        b = _undone(pictures.batch(some[:, 1]).float(), form)
        same = _correlation(a, b) >= LEAST_CORRELATION
        same &= _explained(a.flatten(1), b.flatten(1), most) | _explained(b.flatten(1), a.flatten(1), most)
        if form == 0:
            same |= (a - b).abs().mean(dim=(1, 2, 3)) <= most
        yield from map(tuple, some[same].tolist())


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    """float [P], of pictures [P, C, H, W] without the mean of each channel; 0 where one is flat."""
    a, b = (x - x.mean(dim=(2, 3), keepdim=True) for x in (a, b))
    a, b = a.flatten(1), b.flatten(1)
    return (a * b).sum(dim=1) / (a.norm(dim=1) * b.norm(dim=1)).clamp(min=1e-6)


def _explained(a: Tensor, b: Tensor, most: float) -> Tensor:
    """bool [P]: are pixels `a` [P, D] those of `b` after one gain, one offset and clipping, but for `most` on average?

    The fit leaves out what is black or white in either, where there is enough else: it may have been clipped.
    """
    free = ((a > 0) & (a < 255) & (b > 0) & (b < 255)).float()
    free = torch.where(free.mean(dim=1, keepdim=True) < 0.05, torch.ones_like(free), free)
    n = free.sum(dim=1, keepdim=True)
    mean_a, mean_b = ((free * x).sum(dim=1, keepdim=True) / n for x in (a, b))
    spread = free * (b - mean_b)
    gain = (spread * (a - mean_a)).sum(dim=1, keepdim=True) / (spread**2).sum(dim=1, keepdim=True).clamp(min=1e-6)
    difference = (mean_a + gain * (b - mean_b)).clamp(0, 255).sub(a).abs().mean(dim=1)
    return (difference <= most) & (gain[:, 0] >= GAINS[0]) & (gain[:, 0] <= GAINS[1])
