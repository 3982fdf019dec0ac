"""The learner's own pictures: a folder a class.

Nothing is left out silently. What could be a picture and is not loaded stands in `ImageSet.left_out` with the reason,
and a warning names it; so does a class of which nothing is left.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from .. import checks
from . import exif
from .imageset import ImageSet
from .registry import DataError

MAX_MEGAPIXELS = 50
SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"}
# Only formats that a picture's first bytes tell apart; one of Pillow's others starts a second program (EPS).
FORMATS = ("AVIF", "BMP", "GIF", "ICO", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
# Pictures, but not for Pillow: suffix → what they are.
UNREADABLE = (
    dict.fromkeys((".heic", ".heif"), "an HEIC picture")
    | dict.fromkeys((".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"), "a camera's raw picture")
    | dict.fromkeys((".ai", ".eps", ".pdf", ".svg", ".psd", ".xcf"), "a drawing or a document")
    | dict.fromkeys((".avi", ".mkv", ".mov", ".mp4", ".webm"), "a video")
    | dict.fromkeys((".npy", ".npz", ".mat", ".dcm", ".h5", ".exr", ".hdr"), "an array, or a format of its own")
)
# What lies beside pictures and is none; it is passed over without a word, as hidden files are.
BESIDE = {
    ".csv",
    ".db",
    ".html",
    ".ini",
    ".json",
    ".lock",
    ".log",
    ".md",
    ".py",
    ".tsv",
    ".txt",
    ".xml",
    ".yaml",
    ".yml",
}
SPLITS = {"train", "training", "val", "valid", "validation", "dev", "test", "testing"}
WHITE = (1.0, 255.0, 65535.0)  # what can count as white in a deep picture whose format does not say it


def from_folder(
    path: str | Path,
    *,
    size: int = 64,
    scale: float | None = None,
    store: Path | None = None,
    tell: Callable[[int, int], None] | None = None,
) -> ImageSet:
    """Load `path/<class>/<picture>` as an `ImageSet`, whatever the pictures look like inside.

    Every picture becomes upright 8-bit RGB, an animation its first frame; its shorter side is scaled to `size`, its
    middle cut out. Hidden files and folders are passed over. A file that cannot be used (damaged, empty, over 50
    megapixels, of an unreadable format, in a folder too deep) is named in a warning and in `ImageSet.left_out`, and the
    others are loaded. Where a photograph says where it was taken (EXIF), `ImageSet.places` has it.

    Args:
        path: a folder of folders; each inner folder is a class, also those of one picture.
        size: height and width of the result in pixels, at least 8.
        scale: the value that is white in deep pictures (16-bit, int32, float), for all of them. None takes 65535 for
            16 bits, and for the others the one of 1, 255 and 65535 that fits the whole folder; a warning says which.
        store: a .npy file that the pixels are written to, and stay in: for more pictures than there is memory for. Its
            rows beyond the pictures are those of files that were left out.
        tell: called before each file with how many are done, and how many there are.

    Raises:
        DataError: no such folder, no usable picture in it, or a folder of splits (train, val), each of which is a
            folder for a call of its own.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise DataError(
            f"from_folder got {str(path)!r}, which is no folder. It wants a folder with one folder per class."
        )
    if not checks.is_count(size, 8):
        raise DataError(f"from_folder got size={size!r}; it wants a whole number of pixels, at least 8.")
    _check_scale(scale)
    folders = [entry for entry in _visible(root) if entry.is_dir()]
    _refuse_splits(root, folders)
    loaded: list[tuple[Path, np.ndarray, tuple[float, float]]] = []
    left_out = [(file, "beside the class folders; put it into one") for file in _visible(root) if _could_be(file)]
    listed = [(folder, *_listed(folder)) for folder in folders]
    done, total = 0, sum(len(files) for _, files, _ in listed)
    room = _room(total, size, store)
    for folder, files, shut in listed:
        if shut:
            left_out.append((folder, shut))
            continue
        seen = len(loaded)
        for file, reason in files:
            if tell:
                tell(done, total)
            done += 1
            try:
                if reason:
                    raise ValueError(reason)
                picture, place = _read(file, size)
                loaded.append((file, _stored(picture, room[len(loaded)]), place))
            except _NotAPictureError:
                continue
            except Exception as error:  # a damaged file makes Pillow raise nearly anything, and takes no other with it
                left_out.append((file, _reason(error)))
        if len(loaded) == seen:
            left_out.append((folder, "no usable picture in it: the class is missing"))
    told = tuple((file.relative_to(root).as_posix(), reason) for file, reason in left_out)
    if told:
        warnings.warn(_listing(told), stacklevel=2)
    if not loaded:
        raise DataError(_nothing(root, folders, len(told)))
    for position, picture in enumerate(_bytes_of([picture for _, picture, _ in loaded], scale)):
        if isinstance(loaded[position][1], _Deep):  # it has become bytes only now
            room[position] = picture
    owners = [file.relative_to(root).parts[0] for file, _, _ in loaded]
    places = np.array([place for _, _, place in loaded], dtype=np.float64)
    classes = sorted(set(owners))
    return ImageSet.of(
        torch.from_numpy(room[: len(loaded)]),
        [classes.index(owner) for owner in owners],
        classes,
        "real",
        name=root.name,
        names=tuple(file.relative_to(root).as_posix() for file, _, _ in loaded),
        left_out=told,
        places=None if np.isnan(places).all() else places,
    )


def read_picture(file: str | Path, size: int = 64, *, scale: float | None = None) -> np.ndarray:
    """One picture file as uint8 [3, size, size], RGB, as `from_folder` reads those of a folder.

    Args:
        file: its path.
        size: height and width of the result in pixels; the shorter side is scaled to it, the middle cut out.
        scale: the value that is white in a deep picture, as in `from_folder`.

    Raises:
        DataError: there is no such file, or it is no picture that can be read; says which, and why.
    """
    try:
        return _bytes_of([_read(Path(file).expanduser(), size)[0]], scale)[0]
    except Exception as error:  # a damaged file makes Pillow raise nearly anything
        raise DataError(f"read_picture got {_printable(str(file))}: {_reason(error)}. It wants one picture.") from error


def unlabelled(files: Iterable[str | Path], size: int = 64) -> ImageSet:
    """Pictures that belong to no class, as one class "unknown"; what cannot be read is in its `left_out`.

    Args:
        files: paths, such as `pictures_in` gives of a folder.
        size: as in `read_picture`.

    Raises:
        DataError: none of them can be read.
    """
    images, names, left_out = [], [], []
    for file in map(Path, files):
        try:
            images.append(read_picture(file, size))
            names.append(file.name)
        except DataError as error:
            left_out.append((file.name, str(error)))
    if not images:
        raise DataError(f"unlabelled got {len(left_out)} files and can read none of them; it wants pictures.")
    store = torch.from_numpy(np.stack(images))
    return ImageSet.of(
        store,
        torch.zeros(len(store), dtype=torch.int64),
        ["unknown"],
        "real",
        names=tuple(names),
        left_out=tuple(left_out),
    )


def pictures_in(folder: str | Path) -> list[Path]:
    """What may be a picture in `folder` and below, by name: what has a picture's suffix. Links are not followed.

    Pipes and devices are left out, whatever they are called: who opens one waits for ever.
    """
    return [file for file in _below(Path(folder).expanduser()) if not _is_special(file)]


def _is_special(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
    except OSError:  # a link that leads nowhere, a folder that is shut: they are told of elsewhere
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def shorter_side(file: Path) -> int:
    """Pixels of the shorter side, by the file's header; 0 where it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with _opened(file) as picture:
                return min(picture.size)
    except Exception:  # a damaged file makes Pillow raise nearly anything
        return 0


# --- which files ---


class _NotAPictureError(ValueError):
    """Neither its name nor its first bytes make the file a picture."""


def _visible(folder: Path) -> list[Path]:
    """What lies in `folder`, by name; without what systems and editors hide."""
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith((".", "__MACOSX", "Thumbs.db")))


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """(file, why it is not even opened or "") for all that may be a picture in a class folder and below."""
    for entry in _visible(folder):
        if entry.is_symlink() and entry.is_dir():
            yield entry, "a link to a folder inside a class, which is not followed"
        elif entry.is_dir():
            yield from ((file, "in a folder too deep; move it up into the class folder") for file in _below(entry))
        elif not entry.exists():
            yield entry, "a link that leads nowhere"
        elif not entry.is_file():
            yield entry, "neither a file nor a folder"  # a pipe would be waited for
        elif entry.suffix.lower() in UNREADABLE:
            what = UNREADABLE[entry.suffix.lower()]
            yield entry, f"{what}, which cannot be read; save it as JPEG or PNG"
        elif entry.suffix.lower() not in BESIDE:
            yield entry, ""


def _listed(folder: Path) -> tuple[list[tuple[Path, str]], str]:
    """(`_files` of a class folder, why it cannot be looked into or "")."""
    try:
        return list(_files(folder)), ""
    except OSError as error:  # no permission to look inside
        return [], _reason(error)


def _below(folder: Path) -> Iterator[Path]:
    """What may be a picture in `folder` and deeper; links to folders are not followed, they may lead in a circle."""
    shut: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=shut.append):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__MACOSX")))
        yield from (file for name in sorted(files) if _could_be(file := Path(place, name)))
    yield from (Path(error.filename) for error in shut)


def _could_be(file: Path) -> bool:
    """A visible file whose suffix is that of a picture."""
    suffix = file.suffix.lower()
    return not file.is_dir() and not file.name.startswith(".") and (suffix in SUFFIXES or suffix in UNREADABLE)


def _refuse_splits(root: Path, folders: list[Path]) -> None:
    """DataError where the folders in `root` are parts of a set, each with its classes inside."""
    parts = [folder for folder in folders if folder.name.lower() in SPLITS and _holds_classes(folder)]
    if not parts:
        return
    calls = "\n".join(f"  {part.name.lower()} = data.from_folder({str(part)!r})" for part in parts)
    raise DataError(
        f"from_folder got {str(root)!r}, whose folders {', '.join(part.name for part in parts)} are parts of a set, "
        f"not classes. It wants a folder with one folder per class. Load each part by itself:\n{calls}"
    )


def _holds_classes(folder: Path) -> bool:
    """Its pictures lie in folders inside it, none in itself."""
    inside = _visible(folder)
    if any(_could_be(entry) for entry in inside):
        return False
    return any(_could_be(file) for entry in inside if entry.is_dir() for file in _visible(entry))


def _nothing(root: Path, folders: list[Path], left_out: int) -> str:
    wanted = f"It wants {root}/<class>/<picture>, with pictures in {', '.join(sorted(SUFFIXES))}"
    if any(_could_be(file) for file in _visible(root)):
        return f"from_folder found pictures in {root} itself and none in a folder of it. {wanted}: a folder per class."
    nested = [folder for folder in folders if _holds_classes(folder)]
    if len(nested) == 1:
        return (
            f"from_folder found the class folders of {root} one level deeper. {wanted}. "
            f"Load them with data.from_folder({str(nested[0])!r})."
        )
    return f"from_folder found no usable picture in {root}. {wanted}; {left_out} files and folders could not be used."


# --- one picture ---


def _room(n: int, size: int, store: Path | None) -> np.ndarray:
    """uint8 [n, 3, size, size], in memory or in the file `store`. What nobody writes to takes no memory."""
    shape = (max(n, 1), 3, size, size)
    if store is None:
        return np.empty(shape, dtype=np.uint8)
    return np.lib.format.open_memmap(store, mode="w+", dtype=np.uint8, shape=shape)


def _stored(picture: np.ndarray, row: np.ndarray) -> np.ndarray:
    """`row`, with a picture of bytes in it; a deep one as it is, since what is white is not decided yet."""
    if isinstance(picture, _Deep):
        return picture
    row[:] = picture
    return row


def _read(file: Path, size: int) -> tuple[np.ndarray, tuple[float, float]]:
    """(uint8 [3, size, size]; of a deep picture float32 [size, size] in the file's own values; its place)."""
    if file.stat().st_size == 0:
        raise ValueError("empty file")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit below is lower
        picture = _opened(file)
    with picture:
        megapixels = picture.width * picture.height / 1e6  # known from the header, before decoding
        if megapixels > MAX_MEGAPIXELS:
            raise ValueError(f"{megapixels:,.0f} megapixels; at most {MAX_MEGAPIXELS} are read")
        # A camera's JPEG is decoded at an eighth, a quarter or half of its side, where that is twice what is wanted or
        # more: three times as fast.
        picture.draft(picture.mode, (2 * size, 2 * size))
        upright = ImageOps.exif_transpose(picture)
        if _is_deep(upright):
            return _deep(upright, size), exif.place(picture)
        fitted = ImageOps.fit(_rgb(upright), (size, size), Image.Resampling.BILINEAR)
        return np.asarray(fitted).transpose(2, 0, 1), exif.place(picture)


def _opened(file: Path) -> Image.Image:
    try:
        return Image.open(file, formats=_formats())
    except UnidentifiedImageError:
        if file.suffix.lower() in SUFFIXES:
            raise
        raise _NotAPictureError(f"{file.name} is not a picture") from None


@cache
def _formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)  # a Pillow may be built without AVIF


def _rgb(picture: Image.Image) -> Image.Image:
    """A picture of 8 bits or fewer as RGB; transparency is laid on white, as a browser would show it."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    return picture.convert("RGB")


# --- deep pictures: what is white is decided once for all, or a bright pixel could make a class dark ---


class _Deep(np.ndarray):
    """float32 [size, size] in the file's own values, with what the whole file says of its scale."""

    sixteen_bits: bool
    top: float
    above: tuple[int, ...]  # values above each of WHITE
    count: int


def _is_deep(picture: Image.Image) -> bool:
    return picture.mode.startswith("I;16") or picture.mode in ("I", "F")


def _deep(picture: Image.Image, size: int) -> _Deep:
    values = np.asarray(picture, dtype=np.float32)
    if not np.isfinite(values).all():
        raise ValueError("holds values that are NaN or infinite")
    fitted = ImageOps.fit(Image.fromarray(values), (size, size), Image.Resampling.BILINEAR)
    found = np.asarray(fitted).view(_Deep)
    found.sixteen_bits = picture.mode.startswith("I;16")
    found.top, found.count = float(values.max()), values.size
    found.above = tuple(int((values > white).sum()) for white in WHITE)
    return found


def _bytes_of(pictures: list[np.ndarray], scale: float | None) -> list[np.ndarray]:
    """uint8 [3, size, size] of each; the deep ones are divided by one number a kind, which a warning names."""
    deep = [picture for picture in pictures if isinstance(picture, _Deep)]
    if not deep:
        return pictures
    others = [picture for picture in deep if not picture.sixteen_bits]
    white = {True: scale or WHITE[-1], False: scale or _white(others)}
    if scale is None:
        kinds = [f"{len(deep) - len(others)} of 16 bits: {white[True]:g}"] * (len(others) < len(deep))
        kinds += [f"{len(others)} of 32 bits or floats: {white[False]:g}"] * bool(others)
        warnings.warn(
            f"{len(deep)} pictures are deeper than 8 bits. White is, in {', in '.join(kinds)}. "
            f"The brightest value is {max(picture.top for picture in deep):g}; from_folder(..., scale=) takes another.",
            stacklevel=3,
        )
    return [
        _grey(picture, white[picture.sixteen_bits]) if isinstance(picture, _Deep) else picture for picture in pictures
    ]


def _white(pictures: Iterable[_Deep]) -> float:
    """The least of `WHITE` that the pictures together keep to: by more than twice, one value in a thousand may not."""
    pictures = list(pictures)
    if not pictures:
        return WHITE[-1]
    top, count = max(picture.top for picture in pictures), sum(picture.count for picture in pictures)
    for place, white in enumerate(WHITE):
        if top <= 2 * white or sum(picture.above[place] for picture in pictures) <= count / 1000:
            return white
    return top


def _grey(values: np.ndarray, white: float) -> np.ndarray:
    grey = np.clip(np.rint(np.asarray(values, dtype=np.float64) / white * 255), 0, 255).astype(np.uint8)
    return np.broadcast_to(grey, (3, *grey.shape)).copy()


def _check_scale(scale: float | None) -> None:
    if scale is None:
        return
    if not checks.is_number(scale) or scale <= 0:
        raise DataError(
            f"from_folder got scale={scale!r}; it wants the value that is white, a number above 0, or None."
        )


# --- what is said ---


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "not a picture"
    if isinstance(error, Image.DecompressionBombError):
        return f"far more than {MAX_MEGAPIXELS} megapixels, by its header"
    return str(error) or type(error).__name__


def _listing(left_out: tuple[tuple[str, str], ...], shown: int = 10) -> str:
    lines = [f"  {_printable(name)}: {reason}" for name, reason in left_out[:shown]]
    if len(left_out) > shown:
        lines.append(f"  … and {len(left_out) - shown} more (all in .left_out)")
    return f"{len(left_out)} files were left out:\n" + "\n".join(lines)


def _printable(name: str) -> str:
    """A file's name on one line, whatever is in it."""
    return "".join(mark if mark.isprintable() else repr(mark)[1:-1] for mark in name)
