"""Recordings of one's own: any length, rate and kind of number; nothing is sampled with gaps; no offset decides."""

from __future__ import annotations

import time
import tracemalloc

import matplotlib as mpl
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal as oracle

from course_lib.data.generated.spectrograms import spectrograms
from course_lib.data.recordings import from_signal

LIMITS = (-80.0, 20.0)
RNG = np.random.default_rng(0)
SOUND = 0.2 * np.sin(np.arange(8000) / 3) + 0.02 * RNG.standard_normal(8000)
STEP = (LIMITS[1] - LIMITS[0]) / 255  # dB of one grey level
PROPERTY = settings(derandomize=True, deadline=None, max_examples=60, database=None)


def levels(x, rate=8000.0, limits=None, **options) -> np.ndarray:
    """int [side, side]: grey levels."""
    return from_signal(x, rate, "gray", limits=limits, **options)[0].int().numpy()


def apart(a, b) -> float:
    """Mean difference in grey levels."""
    return float(np.abs(a - b).mean())


# --- what the picture is ---


@pytest.mark.parametrize("windows", [1, 2, 5])
def test_columns_are_scipys_mean_powers(windows):
    """Density without the doubling of one side: `scipy.signal.spectrogram` at the same moments, averaged."""
    side, n = 32, 32 * 32 * windows
    x = np.random.default_rng(windows).standard_normal(n) + 3
    # Ours stand in the middle of their share of the signal: window i begins at side · i − side / 2.
    _, _, power = oracle.spectrogram(x[side // 2 :], window="hann", nperseg=2 * side, noverlap=side, fs=1.0)
    power[1:-1] /= 2
    inner = power[1:, windows - 1 :]  # without the lowest row; what is left begins with column 1
    columns = inner[:, : inner.shape[1] // windows * windows].reshape(side, -1, windows).mean(axis=2)
    expected = 255 * (10 * np.log10(columns[::-1]) - LIMITS[0]) / (LIMITS[1] - LIMITS[0])
    found = levels(x, limits=LIMITS, side=side)[:, 1 : columns.shape[1] + 1]
    assert found.shape[1] >= side - 2
    assert np.abs(found - expected).max() < 0.51


@pytest.mark.parametrize("rate", [44_100, 48_000, 22_050, 16_000, 8000])
def test_any_length_at_any_rate(rate):
    """White noise of power 1 is a plain picture of 0 dB, from the first column to the last."""
    lengths = [256, 257, 383, 384, 16_383, 16_384, 16_385, 3 * rate, *RNG.integers(60_000, 600_000, 4)]
    for n in lengths:
        picture = from_signal(RNG.standard_normal(n), rate, "gray", limits=(-50, 50))
        assert picture.shape == (3, 128, 128)
        assert picture.dtype == torch.uint8
    power = 10 ** ((picture[0].double().numpy() / 255 * 100 - 50) / 10)
    assert 10 * np.log10(power.mean()) == pytest.approx(0, abs=0.1)
    assert np.ptp(10 * np.log10(power.mean(axis=0))) < 3


@pytest.mark.slow
@PROPERTY
@given(st.integers(32, 3000), st.integers(16, 40), st.floats(0.1, 1e6), st.integers(0, 9))
def test_any_signal_long_enough_is_a_picture_and_a_shorter_one_is_told_why(n, side, rate, seed):
    x = np.random.default_rng(seed).standard_normal(n)
    if n >= 2 * side:
        assert from_signal(x, rate, side=side).shape == (3, side, side)
    else:
        with pytest.raises(ValueError, match=f"got {n} samples; it wants at least {2 * side}"):
            from_signal(x, rate, side=side)


@pytest.mark.slow
def test_click_of_a_millisecond_shows_wherever_it_stands():
    noise = 0.02 * RNG.standard_normal(48_000)
    quiet = levels(noise, 48_000, (-60, 20))
    for place in np.linspace(0, 48_000 - 48, 200).astype(int):
        clicked = noise.copy()
        clicked[place : place + 48] += 0.5 * np.sign(RNG.standard_normal(48))
        gain = (levels(clicked, 48_000, (-60, 20)) - quiet).mean(axis=0)
        assert gain.max() > 20, place
        assert abs(gain.argmax() - (place + 24) / 375) < 2, place


@pytest.mark.slow
def test_five_minutes_at_48_khz_take_two_seconds_and_half_a_gigabyte():
    x = (3000 * np.random.default_rng(0).standard_normal(5 * 60 * 48_000, dtype=np.float32)).astype(np.int16)
    tracemalloc.start()
    began = time.perf_counter()
    from_signal(x, 48_000)
    seconds, (_, peak) = time.perf_counter() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500e6
    assert seconds < 4  # 0.9 s without tracemalloc; two where the machine is busy


# --- what must not decide ---


@pytest.mark.parametrize("offset", [3.3, -0.01, 1e4])
@pytest.mark.parametrize("limits", [None, LIMITS])
def test_constant_offset_changes_nothing(offset, limits):
    assert np.abs(levels(SOUND + offset, limits=limits) - levels(SOUND, limits=limits)).max() <= 1


@pytest.mark.parametrize("gap", [slice(3000, 5000), slice(0, 1000), slice(7000, 8000), slice(2000, 7900)])
@pytest.mark.parametrize("offset", [0, 3.3])
@pytest.mark.parametrize("fill", [0, -1.5])
def test_gap_of_digital_silence_leaves_the_rest_as_it_is(gap, offset, fill):
    """The rest: columns whose windows do not touch the gap. A window is 256 samples, about four columns."""
    x = SOUND + offset
    x[gap] = fill
    whole, cut = levels(SOUND), levels(x)
    columns = np.arange(128)
    rest = (columns < gap.start / 62.5 - 4) | (columns > gap.stop / 62.5 + 4)
    assert apart(whole[:, rest], cut[:, rest]) < 4
    inside = (columns > gap.start / 62.5 + 4) & (columns < gap.stop / 62.5 - 4)
    assert (cut[:, inside] == 0).all(), "silence is the lowest colour"


FAINT = {
    "dither": np.sign(np.random.default_rng(1).integers(-1, 2, 8000)) / 32768,
    "noise": 1e-8 * np.random.default_rng(1).standard_normal(8000),
    "drift": np.linspace(0, 0.1, 8000),
    "drift there and back": 0.1 * np.sin(np.linspace(0, 6, 8000)),
    "drift and digital silence": np.minimum(np.linspace(0, 0.1, 8000), 0.05),
}


@pytest.mark.parametrize("gap", [slice(3000, 5000), slice(0, 1000), slice(7000, 8000)])
@pytest.mark.parametrize("offset", [0, 3.3])
@pytest.mark.parametrize("faint", FAINT)
def test_gap_that_is_all_but_silent_leaves_the_rest_as_it_is(gap, offset, faint):
    sound = SOUND + (FAINT[faint] if "drift" in faint else 0)
    x = sound + offset
    x[gap] = FAINT[faint][gap]
    whole, cut = levels(sound), levels(x)
    columns = np.arange(128)
    rest = (columns < gap.start / 62.5 - 4) | (columns > gap.stop / 62.5 + 4)
    assert apart(whole[:, rest], cut[:, rest]) < 4
    inside = (columns > gap.start / 62.5 + 4) & (columns < gap.stop / 62.5 - 4)
    assert cut[:-2, inside].max() == 0, "all but the drift is the lowest colour"


@pytest.mark.parametrize("quieter", [0, 20, 40])
def test_pause_that_a_recorder_can_hear_is_shown(quieter):
    """The noise of a room, up to 40 dB under the voice: it is no gap, and is not one colour."""
    x = SOUND.copy()
    x[3000:5000] *= 10 ** (-quieter / 20)
    assert (levels(x)[:, 60] > 0).mean() > 0.5


def test_click_in_nothing_but_silence_has_a_picture():
    x = np.zeros(8000)
    x[4000:4010] = RNG.standard_normal(10)
    picture = levels(x)
    assert picture[:, 64].mean() > 100
    assert (picture[:, :50] == 0).all()


def test_pure_tone_has_a_picture_whose_range_is_not_that_of_rounding():
    tone = levels(np.sin(2 * np.pi * np.arange(8000) * 20 / 256))
    assert tone.mean(axis=1).argmax() == 128 - 20


def test_flat_spectrum_is_one_colour_in_the_middle():
    x = np.zeros(256 * 64)
    x[::16] = 1  # every window holds sixteen pulses: the powers differ by rounding only, in every sixteenth row
    assert levels(x).shape == (128, 128)


@pytest.mark.parametrize("gain", [1e-300, 1e-160, 1e-21, 1e-9, 1e9, 1e160, 1e300])
def test_own_limits_do_without_a_unit(gain):
    """A gravitational wave has an amplitude of 1e-21; its power is under what used to count as nothing."""
    assert np.abs(levels(gain * SOUND) - levels(SOUND)).max() <= 1


# --- kinds of number ---

SIGNED, UNSIGNED = ["int8", "int16", "int32"], ["uint8", "uint16", "uint32"]


@pytest.mark.parametrize("dtype", SIGNED + UNSIGNED)
def test_integers_are_shares_of_full_scale(dtype):
    info = np.iinfo(dtype)
    half = 2 ** (info.bits - 1)
    stored = (SOUND * half).round() + (half if info.min == 0 else 0)
    assert apart(levels(stored.astype(dtype), limits=(-50, 20)), levels(SOUND, limits=(-50, 20))) < (
        4 if info.bits == 8 else 0.5
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "longdouble", ">f4", ">f8"])
@pytest.mark.parametrize("limits", [None, (-50, 20)])
def test_floats_are_what_they_are(dtype, limits):
    assert apart(levels(SOUND.astype(dtype), limits=limits), levels(SOUND, limits=limits)) < 1


@pytest.mark.parametrize("dtype", [*SIGNED[1:], "int64", *UNSIGNED[1:], "uint64", ">i2", ">i8"])
def test_integers_of_any_width_are_the_same_sound(dtype):
    expected = levels((400 * SOUND).round())
    found = levels(((400 * SOUND).round() + (1000 if "u" in dtype else 0)).astype(dtype))
    assert np.abs(found - expected).max() <= 1


def test_64_bits_far_from_zero_are_exact():
    expected = (400 * SOUND).round()
    for dtype, offset in (("int64", -(2**62)), ("int64", 2**62), ("uint64", 2**63)):
        shifted = expected.astype(np.int64).astype(dtype) + np.array(offset, dtype)
        assert np.abs(levels(shifted) - levels(expected)).max() <= 1


@pytest.mark.parametrize("x", [list(SOUND), torch.tensor(SOUND), torch.tensor(SOUND).bfloat16(), memoryview(SOUND)])
def test_lists_and_tensors_are_signals_too(x):
    assert apart(levels(x), levels(SOUND)) < 6


GAP = np.ma.masked_greater(SOUND, 0.15)
NAN = float("nan")
WRONG = [
    (SOUND > 0, {}, "got samples of bool"),
    (SOUND.astype(complex), {}, r"got samples of complex128; .*\.real"),
    (SOUND.astype(np.complex64), {}, "got samples of complex64"),
    (SOUND.astype(str), {}, "got samples of <U"),
    (list("abc"), {}, "got samples of <U1"),
    ([object()] * 300, {}, "got samples of object"),
    ([[1, 2], [3]], {}, "got a list; it wants one channel"),
    (None, {}, "got samples of object"),
    ((400 * SOUND).astype(np.int64), {"limits": LIMITS}, "int64, whose full scale"),
    ((400 * SOUND + 1000).astype(np.uint64), {"limits": LIMITS}, "uint64, whose full scale"),
    (GAP, {}, "masked"),
    (np.full(1000, 7, np.uint8), {}, r"got a constant signal \(7\)"),
    (np.where(SOUND > 0.2, np.inf, SOUND), {}, "samples that are NaN or infinite"),
    (SOUND, {"rate": float("nan")}, "got rate=nan"),
    (SOUND, {"rate": float("inf")}, "got rate=inf"),
    (SOUND, {"rate": "8000"}, "got rate='8000'"),
    (SOUND, {"rate": None}, "got rate=None"),
    (SOUND, {"limits": (0,)}, r"got limits=\(0,\)"),
    (SOUND, {"limits": (float("nan"), 0)}, r"got limits=\(nan, 0\)"),
    (SOUND, {"limits": (-60, float("inf"))}, r"got limits=\(-60, inf\)"),
    (SOUND, {"limits": 60}, "got limits=60"),
    (SOUND, {"limits": (None, 20)}, r"got limits=\(None, 20\)"),
    (SOUND, {"limits": ("a", 3)}, r"got limits=\('a', 3\)"),
    (SOUND, {"limits": ("1", "3")}, r"got limits=\('1', '3'\)"),
    (SOUND, {"limits": (False, True)}, r"got limits=\(False, True\)"),
    (SOUND, {"limits": (0, 1j)}, r"got limits=\(0, 1j\)"),
    (SOUND, {"limits": (-(10**400), 0)}, r"got limits=\(-10"),
    (SOUND, {"limits": (-1e308, 1e308)}, r"got limits=\(-1e\+308"),
    (SOUND, {"limits": torch.tensor([0.0, NAN])}, r"got limits=tensor\(\[0., nan"),
    (SOUND, {"limits": torch.zeros(2, 2)}, "got limits=tensor"),
    (SOUND, {"limits": torch.tensor(3.0)}, "got limits=tensor"),
    (SOUND, {"limits": np.array(["a", "b"])}, "got limits=array"),
    (SOUND, {"limits": (20, -60)}, r"got limits=\(20, -60\) dB; wanted the lower one first"),
    (SOUND, {"cmap": mpl.colormaps["jet"]}, r"got the colour map <.*its name, 'jet'"),
    (SOUND, {"cmap": ["jet"]}, r"got the colour map \['jet'\]"),
    (SOUND, {"cmap": np.zeros((256, 3))}, "got the colour map"),
    (SOUND, {"side": np.float32(32)}, "got side="),
    (SOUND, {"side": None}, "got side=None"),
    (np.stack([SOUND, SOUND]), {}, r"got shape \(2, 8000\); .* such as x\[0\]"),
    (np.stack([SOUND, SOUND], axis=1), {}, r"got shape \(8000, 2\); .* such as x\[:, 0\]"),
    (np.stack([SOUND, SOUND])[None], {}, r"got shape \(1, 2, 8000\); .* such as x\[0, 0\]"),
    (3.0, {}, r"got shape \(\); it wants one channel, \[n\]\."),
    (SOUND, {"side": 0}, "got side=0"),
    (SOUND, {"side": 16.5}, "got side=16.5"),
    (SOUND, {"cmap": None}, "got the colour map None"),
]


@pytest.mark.parametrize(("x", "options", "complaint"), WRONG, ids=[words for *_, words in WRONG])
def test_what_is_no_recording_is_told_why(x, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        from_signal(x, **({"rate": 8000.0} | options))


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int64])
def test_small_whole_numbers_do_not_wrap_around(kind):
    """126 · 126, 2 · 126 and 100 + 100 are more than a byte holds."""
    assert (levels(SOUND, limits=(20, 120), side=kind(126)) == levels(SOUND, limits=(20, 120), side=126)).all()
    assert (levels(SOUND, limits=(kind(0), kind(100))) == levels(SOUND, limits=(0, 100))).all()
    for name, knobs in {
        "controlled": {"side": 24, "hue": 120, "hue_gap": 120},
        "physical": {"side": 24, "floor_db": 30, "gap_db": 100},
        "structure": {"side": 24, "most_lines": 127, "strength_db": 100},
    }.items():
        small = {knob: kind(value) for knob, value in knobs.items()}
        assert torch.equal(spectrograms(kind(2), kind=name, **small).images, spectrograms(2, kind=name, **knobs).images)
    small, large = (spectrograms(2, kind="physical", side=side) for side in (kind(64), 64))
    assert torch.equal(small.images, large.images)


@pytest.mark.parametrize("pair", [[-50, 20], np.int8([-50, 100]), torch.tensor([-50.0, 20.0]), np.float16([-50, 20])])
def test_limits_may_be_any_two_numbers(pair):
    assert (levels(SOUND, limits=pair) == levels(SOUND, limits=tuple(float(end) for end in pair))).all()


KNOBS = {"n_per_class": [2.5, None, True, "2"], "side": [64.0, None], "hue": ["blue", None, True], "stripes": [None]}


@pytest.mark.parametrize(("knob", "value"), [(knob, value) for knob, values in KNOBS.items() for value in values])
def test_knobs_that_are_no_numbers_are_named(knob, value):
    with pytest.raises(ValueError, match=f"spectrograms got {knob}="):
        spectrograms(**({"n_per_class": 2} | {knob: value}))


@pytest.mark.parametrize("colour_map", [mpl.colormaps["jet"], None, ["jet"]])
def test_colour_map_of_a_set_is_a_name(colour_map):
    for kind in ("physical", "structure"):
        with pytest.raises(ValueError, match="got the colour map"):
            spectrograms(2, kind=kind, colour_map=colour_map)
