"""Where a photograph says that it was taken: the GPS part of its EXIF data (Exif 2.32, CIPA DC-008, section 4.6.6)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import SupportsFloat

from PIL import Image

NOWHERE = (math.nan, math.nan)
_GPS = 0x8825  # where EXIF keeps the GPS part
_SIGNS = {"N": 1, "S": -1, "E": 1, "W": -1}


def place(picture: Image.Image) -> tuple[float, float]:
    """(longitude, latitude) in degrees, east and north above 0; both NaN where the file does not say, or not clearly.

    What is broken, lies beyond a pole or has no letter for its half of the Earth counts as not said: nothing raises.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of damaged EXIF data; the picture itself is fine
            gps = picture.getexif().get_ifd(_GPS)
        east, north = _degrees(gps[4], gps[3], "EW", 180), _degrees(gps[2], gps[1], "NS", 90)
    except Exception:  # of damaged EXIF data Pillow raises nearly anything: struct.error, SyntaxError, KeyError
        return NOWHERE
    return NOWHERE if math.isnan(east + north) else (east, north)


def _degrees(parts: Iterable[SupportsFloat], letter: str | bytes, letters: str, most: float) -> float:
    """Degrees, minutes and seconds with the letter of their half, as one number; NaN where they make no sense."""
    half = (letter.decode("ascii") if isinstance(letter, bytes) else letter).strip(" \0").upper()
    degrees, minutes, seconds = (float(part) for part in parts)  # 0/0, for "not known", becomes NaN
    size = degrees + minutes / 60 + seconds / 3600
    return _SIGNS[half] * size if half in tuple(letters) and 0 <= size <= most else math.nan
