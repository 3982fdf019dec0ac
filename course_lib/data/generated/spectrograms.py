"""Pictures of low-frequency signals, in two classes that differ in little but their hue.

The first question of the course was asked about such pictures. There are two ways to make them, and a third one for
another question:

- `physical` draws signals, takes their spectrogram, and hands it to a colour map. The class is the level of the noise
  floor, a few decibels; that it becomes a hue is the colour map's doing.
- `controlled` paints the same kind of picture directly, so that hue, brightness, saturation and stripes each have a
  knob of their own.
- `structure` leaves colour out of it: the class is whether faint lines lie, as tones do, or stand, as clicks do.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import checks
from ...standards import colour_map_table
from ..imageset import ImageSet
from ..recordings import COLOUR_MAP, SIDE, coloured, from_signal, from_wav

if TYPE_CHECKING:
    from scipy.signal import ShortTimeFFT

RATE = 40.0  # Hz: shows 0 to 20 Hz
CLASSES = ("A", "B")
LIMITS = (-60.0, 20.0)  # dB: the two ends of the colour map; the floor lies in its blue part
_FAINT = (-20.0, 15.0)  # dB: the ends of the colour map of `structure`, whose noise has a mean power of 0 dB
_CHUNK = 64  # pictures drawn at once
Draw = Callable[[int, int, np.random.Generator], np.ndarray]  # (label, n, rng) → uint8 [n, 3, side, side]


def spectrograms(n_per_class: int = 500, *, kind: str = "controlled", seed: int = 0, **knobs: Any) -> ImageSet:
    """Two classes of generated spectrogram pictures: `kind` is "controlled", "physical" or "structure"; `knobs` are
    that function's.

    Returns:
        `ImageSet` of uint8 [2 · n_per_class, 3, 128, 128], classes A and B by turns, source "generated".

    >>> spectrograms(3, hue_gap=20).counts
    {'A': 3, 'B': 3}
    """
    makers: dict[str, Callable[..., ImageSet]] = {
        "controlled": controlled,
        "physical": physical,
        "structure": structure,
    }
    if kind not in makers:
        raise ValueError(f"spectrograms got kind={kind!r}; it wants one of {', '.join(makers)}.")
    return makers[kind](n_per_class, seed=seed, **knobs)


def physical(
    n_per_class: int = 500,
    *,
    gap_db: float = 4.0,
    floor_db: float = -42.0,
    spread_db: float = 0.5,
    lines: float = 0.5,
    clicks: float = 0.3,
    colour_map: str = COLOUR_MAP,
    side: int = SIDE,
    seed: int = 0,
) -> ImageSet:
    """Signals of 0.5–20 Hz in noise → short-time Fourier transform → decibels → a colour map.

    Args:
        n_per_class: at least 1.
        gap_db: how much higher class B's noise floor is.
        floor_db: class A's noise floor; `LIMITS` are the ends of the colour map.
        spread_db: standard deviation of the floor from picture to picture.
        lines: expected number of tones a picture; each is a horizontal stripe that drifts a little.
        clicks: expected number of short knocks a picture; each is a vertical stripe.
        colour_map: the name of one of matplotlib's.
        side: pixels, 16 or more.
    """
    n_per_class, side = _at_least("n_per_class", n_per_class, 1), _at_least("side", side, 16)
    gap_db, floor_db, spread_db = _real(gap_db=gap_db, floor_db=floor_db, spread_db=spread_db)
    lines, clicks = _real(lines=lines, clicks=clicks)
    transform, samples = _transform(side, RATE), _samples(side)
    table = colour_map_table(colour_map)

    def draw(label: int, n: int, rng: np.random.Generator) -> np.ndarray:
        level = floor_db + label * gap_db + spread_db * rng.standard_normal(n)
        signal = rng.standard_normal((n, samples)) * 10 ** (level[:, None] / 20)
        for place in range(n):
            signal[place] += _tones(rng, samples, rng.poisson(lines)) + _knocks(rng, samples, rng.poisson(clicks))
        return coloured(_decibels(signal, transform, side), table, LIMITS)

    return _set(n_per_class, draw, seed, f"spectrograms, {gap_db:g} dB apart")


def controlled(
    n_per_class: int = 500,
    *,
    hue: float = 225.0,
    hue_gap: float = 12.0,
    hue_spread: float = 1.0,
    saturation: float = 0.85,
    saturation_spread: float = 0.05,
    brightness: float = 0.65,
    brightness_spread: float = 0.1,
    grain: float = 0.06,
    stripes: float = 0.3,
    side: int = SIDE,
    seed: int = 0,
) -> ImageSet:
    """Almost plain pictures in HSV; class B's hue is `hue_gap` degrees further than class A's.

    Args:
        n_per_class: at least 1.
        hue: of class A, degrees; 225 is blue.
        hue_spread, saturation_spread, brightness_spread: standard deviations from picture to picture.
        saturation, brightness: means, 0–1.
        grain: standard deviation of the brightness from pixel to pixel; hue and saturation stay.
        stripes: share of pictures with one to three yellow or greenish stripes, 0–1.
        side: pixels, 16 or more.
    """
    n_per_class, side = _at_least("n_per_class", n_per_class, 1), _at_least("side", side, 16)
    hue, hue_gap, hue_spread = _real(hue=hue, hue_gap=hue_gap, hue_spread=hue_spread)
    saturation, saturation_spread = _real(saturation=saturation, saturation_spread=saturation_spread)
    brightness, brightness_spread = _real(brightness=brightness, brightness_spread=brightness_spread)
    grain, stripes = _real(grain=grain, stripes=stripes)

    def draw(label: int, n: int, rng: np.random.Generator) -> np.ndarray:
        hues = hue + label * hue_gap + hue_spread * rng.standard_normal(n)
        saturations = np.clip(saturation + saturation_spread * rng.standard_normal(n), 0.05, 1)
        values = np.clip(brightness + brightness_spread * rng.standard_normal(n), 0.1, 1)
        grains = 1 + grain / brightness * rng.standard_normal((n, side, side), dtype=np.float32)
        light = np.clip(values[:, None, None] * grains, 0, 1).astype(np.float32)
        pure = np.array([colorsys.hsv_to_rgb(h / 360 % 1, s, 1) for h, s in zip(hues, saturations, strict=True)])
        pictures = light[:, None] * pure[:, :, None, None].astype(np.float32)
        for place in np.flatnonzero(rng.random(n) < stripes):
            _stripe(pictures[place], light[place], rng)
        return (255 * pictures + 0.5).astype(np.uint8)

    return _set(n_per_class, draw, seed, f"spectrograms, {hue_gap:g}° apart")


def structure(
    n_per_class: int = 500,
    *,
    strength_db: float = 0.0,
    length: float = 0.6,
    most_lines: int = 2,
    spread_db: float = 1.0,
    colour_map: str = "bone",
    side: int = SIDE,
    seed: int = 0,
) -> ImageSet:
    """Noise with faint lines, all in one colour map: class A's lie (tones), class B's stand (clicks).

    Class B is drawn as class A is and then transposed. So no number that forgets the places of pixels, such as a mean
    colour, can tell them apart. The noise is that of a spectrogram: exponential power, independent in each pixel.

    Args:
        n_per_class: at least 1.
        strength_db: power of a line above that of the noise; 0 dB is as strong as the noise.
        length: share of the side that a line covers, above 0, to 1; it starts anywhere.
        most_lines: each picture has 1 to that many lines, one pixel thick.
        spread_db: standard deviation of the noise's level from picture to picture.
        colour_map: the name of one of matplotlib's.
        side: pixels, 16 or more.
    """
    n_per_class, side = _at_least("n_per_class", n_per_class, 1), _at_least("side", side, 16)
    most_lines = _at_least("most_lines", most_lines, 1)
    strength_db, length, spread_db = _real(strength_db=strength_db, length=length, spread_db=spread_db)
    if not 0 < length <= 1:
        raise ValueError(f"spectrograms got length={length}; it wants a share of the side, above 0, to 1.")
    table, reach = colour_map_table(colour_map), max(1, round(length * side))

    def draw(label: int, n: int, rng: np.random.Generator) -> np.ndarray:
        power = rng.standard_exponential((n, side, side))
        for picture in power:
            for _ in range(rng.integers(1, most_lines + 1)):
                row, start = rng.integers(side), rng.integers(side - reach + 1)
                picture[row, start : start + reach] += 10 ** (strength_db / 10) * rng.standard_exponential(reach)
        level = spread_db * rng.standard_normal((n, 1, 1))
        decibels = 10 * np.log10(np.maximum(power, 1e-6)) + level
        return coloured(decibels.swapaxes(1, 2) if label else decibels, table, _FAINT)

    return _set(n_per_class, draw, seed, f"lines and clicks, {strength_db:g} dB")


# `data.spectrograms.from_wav("mine.wav")` reads as the lessons want to say it.
spectrograms.from_signal = from_signal  # type: ignore[attr-defined]  # mypy knows no attributes of functions
spectrograms.from_wav = from_wav  # type: ignore[attr-defined]  # nor this one


# --- signals ---------------------------------------------------------------------------------------------


def _samples(side: int) -> int:
    """Length of a drawn signal: windows of 2 · side samples, half of each is the next one's too."""
    return side * side + side


def _transform(side: int, rate: float) -> ShortTimeFFT:
    """Side + 1 frequencies, and at least `side` moments of a drawn signal."""

    from scipy.signal import ShortTimeFFT, get_window

    return ShortTimeFFT(get_window("hann", 2 * side), side, rate, scale_to="psd", fft_mode="onesided")


def _decibels(signals: np.ndarray, transform: ShortTimeFFT, side: int) -> np.ndarray:
    """[n, samples] → float64 [n, side, side], dB of the power per sample; the top row is the highest frequency."""
    first = transform.m_num_mid // transform.hop + 1  # the first window that lies in the signal as a whole
    most = transform.upper_border_begin(signals.shape[1])[1]
    last = max(first + side, most)
    power = transform.spectrogram(signals, p0=first, p1=last, axis=-1) * transform.fs
    columns = np.linspace(0, power.shape[-1] - 1, side).round().astype(int)
    # The lowest row is the mean of the signal, which nobody looks at.
    return 10 * np.log10(np.maximum(power[:, 1 : side + 1][..., columns], 1e-30))[:, ::-1]


def _tones(rng: np.random.Generator, samples: int, count: int) -> np.ndarray:
    """The sum of `count` sine waves of 0.5–20 Hz that drift by a few percent."""
    time, sum_ = np.arange(samples) / RATE, np.zeros(samples)
    for _ in range(count):
        frequency, drift = rng.uniform(0.5, 0.95 * RATE / 2), rng.uniform(-0.02, 0.02)
        phase = 2 * np.pi * frequency * (time + drift * time**2 / time[-1])
        sum_ += 10 ** (rng.uniform(-45, -30) / 20) * np.sin(phase + rng.uniform(0, 2 * np.pi))
    return sum_


def _knocks(rng: np.random.Generator, samples: int, count: int) -> np.ndarray:
    """`count` short bursts of noise."""
    sum_ = np.zeros(samples)
    for start in rng.integers(0, samples - 40, count):
        sum_[start : start + 40] += 10 ** (rng.uniform(-30, -15) / 20) * rng.standard_normal(40) * np.hanning(40)
    return sum_


# --- pictures --------------------------------------------------------------------------------------------


def _stripe(picture: np.ndarray, light: np.ndarray, rng: np.random.Generator) -> None:
    """Paint one to three stripes, across or upright, in yellow to green, into float [3, side, side]."""
    side = light.shape[0]
    for _ in range(rng.integers(1, 4)):
        colour = np.array(colorsys.hsv_to_rgb(rng.uniform(55, 140) / 360, 0.8, 1), dtype=np.float32)
        start, width = rng.integers(0, side - 4), rng.integers(1, 4)
        part = np.s_[start : start + width, :] if rng.random() < 0.7 else np.s_[:, start : start + width]
        picture[(slice(None), *part)] = colour[:, None, None] * np.minimum(1.3 * light[part], 1)


def _set(n_per_class: int, draw: Draw, seed: int, name: str) -> ImageSet:
    """Both classes by turns: A, B, A, B. Each class draws from a stream of its own."""
    streams = np.random.default_rng(seed).spawn(len(CLASSES))
    drawn = [np.concatenate(list(_chunks(draw, label, n_per_class, rng))) for label, rng in enumerate(streams)]
    images = np.stack(drawn, axis=1).reshape(-1, *drawn[0].shape[1:])
    labels = np.tile(np.arange(len(CLASSES)), n_per_class)
    return ImageSet.of(images, labels, CLASSES, "generated", name=name)


def _chunks(draw: Draw, label: int, n: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    return (draw(label, min(_CHUNK, n - start), rng) for start in range(0, n, _CHUNK))


def _at_least(name: str, value: int, least: int) -> int:
    """Of Python's kind: a byte of NumPy's would wrap around in the product of two."""
    if not checks.is_whole(value) or value < least:
        raise ValueError(f"spectrograms got {name}={value!r}; it wants a whole number, at least {least}.")
    return int(value)


def _real(**knobs: float) -> list[float]:
    for name, value in knobs.items():
        if not checks.is_number(value) or value != value:
            raise ValueError(f"spectrograms got {name}={value!r}; it wants a number.")
    return [float(value) for value in knobs.values()]
