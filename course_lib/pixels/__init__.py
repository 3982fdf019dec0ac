"""Arithmetic from picture to picture, before any model."""

from .changes import block_average, block_means, grey, shuffle_patches
from .normalization import channel_statistics

__all__ = ["block_average", "block_means", "channel_statistics", "grey", "shuffle_patches"]
