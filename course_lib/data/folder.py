"""The learner's own pictures: a folder a class."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .imageset import ImageSet
from .registry import DataError

MAX_MEGAPIXELS = 50
SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"}


def from_folder(path: str | Path, *, size: int = 64) -> ImageSet:
    """Load `path/<class>/<picture>` as an `ImageSet`, whatever the pictures look like inside.

    Every picture becomes upright 8-bit RGB; its shorter side is scaled to `size`, its middle cut out.
    A file that cannot be used (damaged, empty, over 50 megapixels) is named in a warning and in
    `ImageSet.left_out`, and the others are loaded.

    Args:
        path: a folder of folders; each inner folder is a class, also those of one picture.
        size: height and width of the result in pixels, at least 8.

    Raises:
        DataError: no such folder, or no usable picture in it.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(
            f"from_folder got {str(path)!r}, which is no folder. It wants a folder with one folder per class."
        )
    if size < 8:
        raise DataError(f"from_folder got size={size}; it wants at least 8 pixels.")
    pictures, owners, names, left_out = [], [], [], []
    for file in sorted(f for f in root.glob("*/*") if f.is_file() and f.suffix.lower() in SUFFIXES):
        try:
            pictures.append(read_picture(file, size))
            owners.append(file.parent.name)
            names.append(file.relative_to(root).as_posix())
        except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
            left_out.append((file.relative_to(root).as_posix(), _reason(error)))
    if left_out:
        warnings.warn(_listing(left_out), stacklevel=2)
    if not pictures:
        raise DataError(
            f"from_folder found no usable picture in {root}. It wants {root}/<class>/<picture> with a suffix in "
            f"{', '.join(sorted(SUFFIXES))}; it found {len(left_out)} files that it could not read."
        )
    classes = sorted(set(owners))
    return ImageSet.of(
        np.stack(pictures),
        [classes.index(owner) for owner in owners],
        classes,
        "real",
        name=root.name,
        names=tuple(names),
        left_out=tuple(left_out),
    )


def read_picture(file: Path, size: int) -> np.ndarray:
    """One picture file as uint8 [3, size, size], RGB."""
    if file.stat().st_size == 0:
        raise ValueError("empty file")
    with Image.open(file) as picture:
        megapixels = picture.width * picture.height / 1e6  # known from the header, before decoding
        if megapixels > MAX_MEGAPIXELS:
            raise ValueError(f"{megapixels:,.0f} megapixels; at most {MAX_MEGAPIXELS} are read")
        upright = ImageOps.exif_transpose(picture)
        return np.asarray(ImageOps.fit(_rgb(upright), (size, size), Image.Resampling.BILINEAR)).transpose(2, 0, 1)


def _rgb(picture: Image.Image) -> Image.Image:
    """Any Pillow mode as 8-bit RGB; transparency is laid on white, as a browser would show it."""
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        return _from_deep_grey(picture)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


def _from_deep_grey(picture: Image.Image) -> Image.Image:
    """16-bit or float grey as RGB: Pillow's own `convert` cuts off all above 255 instead of scaling."""
    values = np.asarray(picture, dtype=np.float64)
    top = 1.0 if picture.mode == "F" and values.max() <= 1 else (65535.0 if values.max() > 255 else 255.0)
    if picture.mode.startswith("I;16"):
        top = 65535.0
    grey = np.clip(np.rint(values / top * 255), 0, 255).astype(np.uint8)
    return Image.fromarray(grey).convert("RGB")


def _reason(error: Exception) -> str:
    return "not a picture" if isinstance(error, UnidentifiedImageError) else str(error) or type(error).__name__


def _listing(left_out: list[tuple[str, str]], shown: int = 10) -> str:
    lines = [f"  {name}: {reason}" for name, reason in left_out[:shown]]
    if len(left_out) > shown:
        lines.append(f"  … and {len(left_out) - shown} more (all in .left_out)")
    return f"{len(left_out)} files were left out:\n" + "\n".join(lines)
