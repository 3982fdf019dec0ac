"""Arithmetic from picture to picture, before any model."""

from .changes import block_average, grey, shuffle_patches
from .normalization import channel_statistics

__all__ = ["block_average", "channel_statistics", "grey", "shuffle_patches"]
