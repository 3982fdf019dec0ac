"""A colour map makes one number look like three. Here is the way back."""

from __future__ import annotations

import torch
from torch import Tensor

from ..standards import colour_map_table
from . import checks

LEVELS = 256
_PIXELS, _COLOURS = 2**16, 2**11  # looked up at once, and colours among them compared with the map: 2 MB of distances


def colours_of(name: str) -> Tensor:
    """uint8 [256, 3]: the colours of one of matplotlib's maps, lowest first. ValueError for an unknown name."""
    return torch.from_numpy(colour_map_table(name))


def undo_colour_map(images: Tensor, name: str = "jet") -> tuple[Tensor, Tensor]:
    """The number that each colour stood for, and how far the colour is from the map.

    The nearest colour of the map is taken, by squared distance in RGB; of equally near ones the lowest. Where a
    picture was drawn with the map, the distance is 0; after JPEG or resizing it is small; a large one says that it is
    another map.

    Args:
        images: uint8 [..., 3, H, W].
        name: of one of matplotlib's maps.

    Raises:
        ValueError: other pictures, or an unknown name.

    Returns:
        (values, distances), float32 [..., H, W]: 0–1 along the map; the distance in 8-bit levels.

    >>> value, distance = undo_colour_map(colours_of("jet")[[0, 51, 255]].T[:, None])
    >>> value.tolist(), distance.max().item()
    ([[0.0, 0.20000000298023224, 1.0]], 0.0)
    """
    checks.pictures("undo_colour_map", images)
    table = colours_of(name).float().to(images.device)
    shape = (*images.shape[:-3], *images.shape[-2:])
    pixels = images.movedim(-3, 0).reshape(3, -1)
    value, distance = (torch.empty(pixels.shape[1], device=images.device) for _ in range(2))
    for start in range(0, len(value), _PIXELS):
        part = slice(start, start + _PIXELS)
        value[part], distance[part] = _nearest(pixels[:, part], table)
    return value.reshape(shape), distance.reshape(shape)


def _nearest(pixels: Tensor, table: Tensor) -> tuple[Tensor, Tensor]:
    """(value 0–1, distance), float32 [n], of uint8 [3, n]. A picture holds fewer colours than pixels: each once."""
    red, green, blue = pixels.int()
    packed, places = ((red << 16) | (green << 8) | blue).unique(return_inverse=True)
    seen = torch.stack([packed >> 16, (packed >> 8) & 255, packed & 255], dim=1).float()
    # Piece by piece: all at once a noisy picture of a megapixel takes 256 distances for each of a million colours.
    pieces = [torch.cdist(piece, table).min(dim=1) for piece in seen.split(_COLOURS)]
    distances, indices = (torch.cat(parts) for parts in zip(*pieces, strict=True))
    return (indices / (LEVELS - 1)).float()[places], distances[places]
