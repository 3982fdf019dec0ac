"""Near-duplicate pictures, found by perceptual hash: a copy in train and test flatters every model."""

from __future__ import annotations

import numpy as np
from scipy.fft import dctn
from torch import Tensor
from torch.nn.functional import interpolate

from .imageset import ImageSet


def perceptual_hash(images: Tensor) -> np.ndarray:
    """uint64 [N]: the 64-bit pHash of uint8 pictures [N, 3, H, W].

    The signs of the 8×8 lowest frequencies of a 32×32 grey picture against their median; pictures that
    look alike differ in few bits. Zauner: Implementation and Benchmarking of Perceptual Image Hash
    Functions, 2010.
    """
    grey = images.float().mean(dim=1, keepdim=True)
    small = interpolate(grey, size=(32, 32), mode="bilinear", antialias=True)[:, 0].numpy()
    low = dctn(small, axes=(1, 2))[:, :8, :8].reshape(len(images), 64)
    bits = low > np.median(low[:, 1:], axis=1, keepdims=True)  # without the mean, which would outweigh all
    return np.packbits(bits, axis=1).view(">u8").astype(np.uint64).ravel()


def near_duplicates(pictures: ImageSet, *, max_bits: int = 4, max_difference: float = 4.0) -> np.ndarray:
    """int64 [P, 2]: pairs of positions that are the same picture but for noise, first < second.

    Two tests, because a hash of a nearly flat picture is a hash of its noise: at most `max_bits` of 64
    hash bits differ, and the mean absolute difference of the pixels is at most `max_difference` of 255.
    """
    images = pictures.images
    hashes = perceptual_hash(images)
    pairs = []
    for i in range(len(hashes)):
        alike = np.flatnonzero(np.bitwise_count(hashes[i + 1 :] ^ hashes[i]) <= max_bits) + i + 1
        if len(alike):
            difference = (images[alike].float() - images[i].float()).abs().mean(dim=(1, 2, 3))
            pairs += [(i, int(j)) for j in alike[(difference <= max_difference).numpy()]]
    return np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
