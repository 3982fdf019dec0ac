"""Arithmetic from picture to picture, before any model."""

from . import colour
from .changes import block_average, block_means, grey, shuffle_patches, zoom
from .colour import SPACES, Space, convert, in_gamut, separation
from .colour_map import undo_colour_map
from .frequencies import blur, high_pass, low_pass
from .normalization import (
    EachPicture,
    Standardize,
    channel_statistics,
    condition_number,
    equalize,
    pixel_moments,
)
from .recolouring import recolour

__all__ = [
    "SPACES",
    "EachPicture",
    "Space",
    "Standardize",
    "block_average",
    "block_means",
    "blur",
    "channel_statistics",
    "colour",
    "condition_number",
    "convert",
    "equalize",
    "grey",
    "high_pass",
    "in_gamut",
    "low_pass",
    "pixel_moments",
    "recolour",
    "separation",
    "shuffle_patches",
    "undo_colour_map",
    "zoom",
]
