"""A colour map makes one number look like three. Here is the way back."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import torch
from torch import Tensor

LEVELS = 256


def colours_of(name: str) -> Tensor:
    """uint8 [256, 3]: the colours of one of matplotlib's maps, lowest first. ValueError for an unknown name."""
    if name not in mpl.colormaps:
        raise ValueError(f"got the colour map {name!r}; wanted the name of one of matplotlib's, such as jet.")
    table = mpl.colormaps[name](np.linspace(0, 1, LEVELS))[:, :3]
    return torch.from_numpy((255 * table + 0.5).astype(np.uint8))


def undo_colour_map(images: Tensor, name: str = "jet") -> tuple[Tensor, Tensor]:
    """The number that each colour stood for, and how far the colour is from the map.

    The nearest colour of the map is taken, by squared distance in RGB; of equally near ones the lowest. Where a
    picture was drawn with the map, the distance is 0; after JPEG or resizing it is small; a large one says that it is
    another map.

    Args:
        images: uint8 [..., 3, H, W].
        name: of one of matplotlib's maps.

    Returns:
        (value, distance), float32 [..., H, W]: 0–1 along the map; the distance in 8-bit levels.

    >>> value, distance = undo_colour_map(colours_of("jet")[[0, 51, 255]].T[:, None])
    >>> value.tolist(), distance.max().item()
    ([[0.0, 0.20000000298023224, 1.0]], 0.0)
    """
    if images.dtype != torch.uint8 or images.ndim < 3 or images.shape[-3] != 3:
        raise ValueError(f"undo_colour_map got {images.dtype} {tuple(images.shape)}; it wants uint8 [..., 3, H, W].")
    red, green, blue = images.movedim(-3, 0).int()
    # A picture holds far fewer colours than pixels: look each up once.
    packed, places = ((red << 16) | (green << 8) | blue).unique(return_inverse=True)
    seen = torch.stack([packed >> 16, (packed >> 8) & 255, packed & 255], dim=1).float()
    distances = torch.cat([torch.cdist(part, colours_of(name).float()) for part in seen.split(65536)])
    nearest = distances.min(dim=1)
    return (nearest.indices / (LEVELS - 1)).float()[places], nearest.values[places]
