"""Numbers that others have fixed and several rooms use, each written down once."""

from __future__ import annotations

import numpy as np

# What red, green and blue add to how bright a colour is: ITU-R BT.601-7 and BT.709-6.
LUMA = {"601": (0.299, 0.587, 0.114), "709": (0.2126, 0.7152, 0.0722)}


def colour_map_table(name: str) -> np.ndarray:
    """uint8 [256, 3]: the colours of one of matplotlib's maps, lowest first.

    Raises:
        ValueError: no map is called that.

    >>> colour_map_table("gray")[[0, 255]].tolist()
    [[0, 0, 0], [255, 255, 255]]
    """
    import matplotlib as mpl

    if not isinstance(name, str) or name not in mpl.colormaps:
        mend = f"its name, {name.name!r}" if isinstance(name, mpl.colors.Colormap) else "such as jet"
        raise ValueError(f"got the colour map {name!r}; wanted the name of one of matplotlib's, {mend}.")
    return (255 * mpl.colormaps[name](np.linspace(0, 1, 256))[:, :3] + 0.5).astype(np.uint8)
