"""Where and when a photograph says that it was taken: its EXIF data (Exif 2.32, CIPA DC-008, section 4.6)."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import SupportsFloat

from PIL import Image

NOWHERE = (math.nan, math.nan)
_GPS = 0x8825  # where EXIF keeps the GPS part
_PHOTO = 0x8769  # and what the camera says
_TAKEN, _CHANGED = 0x9003, 0x0132
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


def day(file: str | Path) -> str:
    """The day on which a photograph was taken, "2026-05-03"; "" where the file does not say, or cannot be read.

    DateTimeOriginal, else DateTime; Exif 2.32, section 4.6.5. The picture itself is not decoded.
    """
    try:
        with warnings.catch_warnings(), Image.open(file) as picture:
            warnings.simplefilter("ignore")
            exif = picture.getexif()
            told = exif.get_ifd(_PHOTO).get(_TAKEN) or exif.get(_CHANGED) or ""
        found = re.match(r"(\d{4}):(\d\d):(\d\d)", str(told))
    except Exception:  # as in `place`
        return ""
    return "-".join(found.groups()) if found and found.group(1) != "0000" else ""


def _degrees(parts: Iterable[SupportsFloat], letter: str | bytes, letters: str, most: float) -> float:
    """Degrees, minutes and seconds with the letter of their half, as one number; NaN where they make no sense."""
    half = (letter.decode("ascii") if isinstance(letter, bytes) else letter).strip(" \0").upper()
    degrees, minutes, seconds = (float(part) for part in parts)  # 0/0, for "not known", becomes NaN
    size = degrees + minutes / 60 + seconds / 3600
    return _SIGNS[half] * size if half in tuple(letters) and 0 <= size <= most else math.nan
