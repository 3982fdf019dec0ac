"""Recordings of your own as pictures: `from_signal`, `from_wav`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import ArrayLike

from .. import checks
from ..standards import colour_map_table
from . import wav

SIDE = 128  # pixels
COLOUR_MAP = "jet"  # what the askers of such questions mostly use; below its middle it is blue
_WINDOWS = 1024  # windows of a recording transformed at once: 2 MB at the usual side, which a processor's cache holds
_RANGE = 160.0  # dB: the widest that a picture shows without `limits`; more than any recorder has
_GAP = 50.0  # dB below the middle column: a gap, and no pause in which a room is heard
_MOST = 1e9  # dB: no power of a float is near it
_NOTHING = np.finfo(np.float64).tiny  # a power whose logarithm is finite


def from_signal(
    x: ArrayLike,
    rate: float,
    cmap: str = COLOUR_MAP,
    *,
    limits: tuple[float, float] | None = None,
    side: int = SIDE,
) -> torch.Tensor:
    """The spectrogram of a recording of your own, as a picture: uint8 [3, side, side], low frequencies below.

    Windows of 2 · side samples, half of each or more shared with the next, so that nothing is left out; of a long
    recording each column is their mean power. Each window's own mean is taken off: an offset changes nothing.

    Args:
        x: numbers [n], at least 2 · side of them: integers of up to 32 bits, whose full scale counts as 1 (and zero is
            in the middle where they have no sign), or floats as they are.
        rate: samples per second, Hz; the picture shows 0 to rate / 2.
        cmap: the name of one of matplotlib's colour maps.
        limits: dB at its two ends, 0 dB being a power density of 1 per sample. Without them the picture's own 1st and
            99.9th percentile are taken, and then two recordings of different loudness look alike. What is 160 dB
            below the loudest, and columns that touch digital silence or a gap, 50 dB below the middle column, have no
            say in it where there are others. With `limits` samples of 64 bits are refused: no recorder writes such, and
            nobody knows their full scale.

    Raises:
        ValueError: empty, constant, NaN, too short, not one channel, or no real numbers.
    """
    table = colour_map_table(cmap)
    limits = None if limits is None else _pair(limits)
    if not checks.is_number(rate) or not 0 < rate < float("inf"):
        raise ValueError(f"from_signal got rate={rate!r}; it wants samples per second, more than 0.")
    signal = _checked(_numbers(x), side)
    side = int(side)  # a byte of NumPy's would wrap around in side · side
    signal, exponent = _scaled(signal, limits)
    power, silent = _column_powers(signal, side)
    decibels = 10 * np.log10(np.maximum(power, _NOTHING)) + 20 * np.log10(2) * exponent
    ends = limits if limits is not None else _own_limits(decibels, silent, len(signal))
    return torch.from_numpy(coloured(decibels[None, ::-1], table, ends)[0])


def from_wav(path: str | Path | BinaryIO, cmap: str = COLOUR_MAP, *, channel: int = 0, **options: Any) -> torch.Tensor:
    """`from_signal` of one channel of a WAV file, the first if no other is asked for (`course_lib.data.wav`).

    Raises:
        ValueError: names the file, and says that it is not there, how it is broken or compressed, or why `from_signal`
            refuses its sound.
    """
    if not isinstance(path, (str, Path)) and not hasattr(path, "read"):
        raise ValueError(f"from_wav got {type(path).__name__}; it wants the path of a WAV file.")
    name = getattr(path, "name", "a file in memory") if hasattr(path, "read") else Path(path).name
    try:
        rate, samples = _read_wav(path, channel)
        return from_signal(samples, float(rate), cmap, **options)
    except (OSError, ValueError) as error:
        raise ValueError(f"from_wav got {name!r}: {error}") from None


def _read_wav(path: str | Path | BinaryIO, channel: int) -> tuple[int, np.ndarray]:
    if not isinstance(path, (str, Path)):
        return wav.read(path, channel)
    if Path(path).exists() and not Path(path).is_file():  # to open a pipe could wait for ever
        raise ValueError("it is a folder or a device; wanted is the path of a WAV file.")
    with open(path, "rb") as file:
        return wav.read(file, channel)


def coloured(decibels: np.ndarray, table: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """[n, H, W] dB → uint8 [n, 3, H, W]; what is beyond the limits takes the colour at that end."""
    low, high = limits
    if not high > low:
        raise ValueError(f"got limits=({low:g}, {high:g}) dB; wanted the lower one first.")
    place = np.clip((decibels - low) / (high - low), 0, 1)
    return np.ascontiguousarray(table[(255 * place + 0.5).astype(np.uint8)].transpose(0, 3, 1, 2))


def _numbers(x: ArrayLike) -> np.ndarray:
    """Real numbers of any shape; a masked, ragged or other thing is refused by name."""
    if isinstance(x, torch.Tensor):
        x = x.detach().cpu()
        x = x.float() if x.dtype == torch.bfloat16 else x  # numpy has no such type
    if np.ma.is_masked(x):
        raise ValueError("from_signal got an array with masked samples; cut them out or interpolate (`x.filled(…)`).")
    try:
        signal = np.asarray(x)
    except (TypeError, ValueError) as error:
        raise ValueError(f"from_signal got a {type(x).__name__}; it wants one channel, [n]. {error}") from None
    if signal.dtype.kind not in "iuf":
        mend = {"c": ": take x.real, or abs(x)", "b": ": say what they mean by x.astype(float)"}
        hint = mend.get(signal.dtype.kind, "")
        raise ValueError(f"from_signal got samples of {signal.dtype}; it wants floats or integers{hint}.")
    return signal


def _checked(signal: np.ndarray, side: int) -> np.ndarray:
    """[n] of the machine's own byte order, finite, long enough, not constant."""
    if not checks.is_whole(side) or side < 2:
        raise ValueError(f"from_signal got side={side!r}; it wants a number of pixels, 2 or more.")
    if signal.ndim != 1:
        raise ValueError(f"from_signal got shape {signal.shape}; it wants one channel, [n]{_one_channel(signal)}.")
    if len(signal) < 2 * int(side):
        raise ValueError(
            f"from_signal got {len(signal)} samples; it wants at least {2 * int(side)}, or a smaller side than {side}."
        )
    if signal.dtype.kind == "f" and not (finite := np.isfinite(signal)).all():
        bad = int((~finite).sum())
        raise ValueError(f"from_signal got {bad} samples that are NaN or infinite; cut them out or interpolate.")
    if signal.min() == signal.max():
        raise ValueError(f"from_signal got a constant signal ({signal[0]:g}); it has no spectrum to show.")
    return signal.astype(signal.dtype.newbyteorder("="), copy=False)


def _one_channel(signal: np.ndarray) -> str:
    """How to take one: samples stand along the longest axis."""
    if signal.ndim == 0:
        return ""
    places = ["0"] * signal.ndim
    places[int(np.argmax(signal.shape))] = ":"
    return f", such as x[{', '.join(places).removesuffix(', :')}]"


def _pair(limits: tuple[float, float]) -> tuple[float, float]:
    """The two, as Python's floats, of a tuple, list, array or tensor."""
    pair = limits.tolist() if isinstance(limits, (np.ndarray, torch.Tensor)) else limits
    fits = isinstance(pair, (tuple, list)) and len(pair) == 2
    if not fits or not all(checks.is_number(end) and abs(end) < _MOST for end in pair):
        raise ValueError(f"from_signal got limits={limits!r}; it wants two finite numbers of dB, or none.")
    return float(pair[0]), float(pair[1])


def _scaled(signal: np.ndarray, limits: tuple[float, float] | None) -> tuple[np.ndarray, int]:
    """(samples, exponent): the signal is samples · 2^exponent, up to an offset, and the samples' squares are finite."""
    kind, bits = signal.dtype.kind, 8 * signal.dtype.itemsize
    if kind == "f":
        exponent = int(np.frexp(max(abs(signal.min()), abs(signal.max())))[1])
        return (np.ldexp(signal, -exponent), exponent) if abs(exponent) > 300 else (signal, 0)
    if bits < 64:
        return signal, 1 - bits
    if limits is not None:
        raise ValueError(
            f"from_signal got limits={limits} for samples of {signal.dtype}, whose full scale nobody knows; divide "
            "them by it first, such as x / 32768 where they were of 16 bits, or leave the limits out."
        )
    # float64 knows 53 bits: what is far from zero has to come near it first. Differences modulo 2^64 are exact.
    return signal.astype(np.uint64) - signal.min().astype(np.uint64), 0


def _column_powers(signal: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """(power density [side, side], frequency by time; whether a window in the column is digital silence, [side])."""

    from scipy.signal import get_window

    per_column = -(-len(signal) // side**2)  # so many windows that they stand half a window apart or less
    centres = (2 * np.arange(side * per_column) + 1) * len(signal) // (2 * side * per_column)
    # Mirrored at its ends: a click in the first or the last sample would fall on a window's end, which weighs nothing.
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(signal, side, mode="reflect"), 2 * side)
    taper = get_window("hann", 2 * side)
    taper /= np.sqrt((taper**2).sum())
    power, silent = np.empty((side, side)), np.empty(side, dtype=bool)
    for columns in np.array_split(np.arange(side), -(-side * per_column // _WINDOWS)):
        found, still = _powers(windows, centres.reshape(side, -1)[columns].ravel(), taper)
        power[:, columns] = found.reshape(len(columns), per_column, side).mean(axis=1).T
        silent[columns] = still.reshape(len(columns), per_column).any(axis=1)
    return power, silent


def _powers(windows: np.ndarray, places: np.ndarray, taper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """([n, side] power densities without the mean, [n] whether all samples of a window are equal)."""

    from scipy.fft import rfft

    cut = windows[places].astype(np.float64)
    cut -= cut[:, :1].copy()  # exactly 0 where all are equal; a mean alone would leave its rounding
    still = ~cut.any(axis=1)
    cut -= cut.mean(axis=1, keepdims=True)
    cut *= taper
    spectrum = rfft(cut, axis=1, overwrite_x=True)[:, 1:]
    return spectrum.real**2 + spectrum.imag**2, still


def _own_limits(decibels: np.ndarray, silent: np.ndarray, samples: int) -> tuple[float, float]:
    """1st and 99.9th percentile; where a recording stops, its offset makes a step that is louder than the rest."""

    from scipy.ndimage import maximum_filter1d

    side = len(silent)
    reach = 2 * side * side // samples + 1  # columns that a window reaches
    whole = ~maximum_filter1d(silent | _gaps(decibels, silent), 2 * reach + 1, mode="constant")
    cells = decibels[:, whole] if whole.any() else decibels
    low, high = np.percentile(cells[cells >= cells.max() - _RANGE], (1, 99.9))
    return (low, high) if high - low > 1e-6 else (low - 0.5, high + 0.5)


def _gaps(decibels: np.ndarray, silent: np.ndarray) -> np.ndarray:
    """Columns far below the middle one: dither, a converter's last bit, or a drift, where a recording was cut out."""
    if silent.all():
        return silent
    heard = np.maximum(decibels, decibels.max() - _RANGE).mean(axis=0)  # a drift is loud in few rows only
    return heard < np.median(heard[~silent]) - _GAP
