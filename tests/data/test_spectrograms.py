"""Generated spectrograms: the class is where it is said to be, and a tone stands at its frequency."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import torch
from scipy.io import wavfile

from course_lib import data, features
from course_lib.data.generated.spectrograms import LIMITS, RATE, controlled, physical, structure
from course_lib.pixels import convert


def hues(pictures: data.ImageSet, label: int) -> torch.Tensor:
    """Degrees of the pictures of one class, seen around 180."""
    images = pictures.images[pictures.labels == label].double() / 255
    return convert(images, "rgb", "hsv")[:, 0].flatten(1).median(dim=1).values


@pytest.mark.parametrize("kind", ["controlled", "physical", "structure"])
def test_shape_balance_and_order(kind):
    pictures = data.spectrograms(5, kind=kind, side=32)
    assert pictures.images.shape == (10, 3, 32, 32)
    assert pictures.images.dtype == torch.uint8
    assert pictures.counts == {"A": 5, "B": 5}
    assert pictures.labels.tolist() == [0, 1] * 5
    assert pictures.source == "generated"


@pytest.mark.parametrize("kind", ["controlled", "physical", "structure"])
def test_the_seed_decides(kind):
    first, same, other = (data.spectrograms(4, kind=kind, side=32, seed=seed).images for seed in (1, 1, 2))
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("gap", [0, 5, 12, -30])
def test_classes_differ_by_the_hue_gap(gap):
    pictures = controlled(60, hue_gap=gap, side=32, stripes=0)
    difference = hues(pictures, 1).mean() - hues(pictures, 0).mean()
    assert difference == pytest.approx(gap, abs=0.8)  # 1° of spread over 60 pictures, 8 bits


def test_classes_differ_in_nothing_else():
    pictures = controlled(150, hue_gap=12, side=32)
    images = convert(pictures.images.double() / 255, "rgb", "hsv")[:, 1:].mean(dim=(2, 3))
    a, b = images[pictures.labels == 0], images[pictures.labels == 1]
    deviation = images.std(dim=0) * (2 / 150) ** 0.5
    assert ((a.mean(dim=0) - b.mean(dim=0)).abs() < 4 * deviation).all()


@pytest.mark.parametrize(("knob", "channel"), [("hue_spread", 0), ("saturation_spread", 1), ("brightness_spread", 2)])
def test_each_spread_has_its_own_knob(knob, channel):
    still = {"hue_spread": 0, "saturation_spread": 0, "brightness_spread": 0, "stripes": 0, "grain": 0.01}
    calm, wild = (
        convert(controlled(40, hue_gap=0, side=16, **(still | {knob: spread})).images.double() / 255, "rgb", "hsv")
        for spread in (0, 0.1 if channel else 8)
    )
    spread = [values.mean(dim=(2, 3)).std(dim=0) / torch.tensor([360, 1, 1]) for values in (calm, wild)]
    assert spread[1].argmax() == channel
    assert spread[1][channel] > 5 * spread[0][channel]


def test_stripes_come_in_their_share():
    plain, striped = (controlled(100, side=32, stripes=share).images for share in (0, 1))
    assert (striped[:, 1].float().amax(dim=(1, 2)) > striped[:, 2].float().amax(dim=(1, 2)) * 0.9).float().mean() > 0.9
    assert (plain[:, 2] >= plain[:, 1]).all()


@pytest.mark.slow
@pytest.mark.parametrize("gap", [0.0, 3.0, 6.0])
def test_floor_is_where_the_knobs_put_it(gap):
    """Undo the colour map: the mean power of each class, in decibels."""
    pictures = physical(20, gap_db=gap, floor_db=-35, spread_db=0, lines=0, clicks=0, side=64)
    table = mpl.colormaps["jet"](np.linspace(0, 1, 256))[:, :3]
    images = pictures.images.permute(0, 2, 3, 1).reshape(-1, 3).numpy() / 255
    levels, inverse = np.unique(images, axis=0, return_inverse=True)
    nearest = ((levels[:, None] - table) ** 2).sum(axis=2).argmin(axis=1)[inverse.ravel()]
    decibels = LIMITS[0] + nearest / 255 * (LIMITS[1] - LIMITS[0])
    power = (10 ** (decibels / 10)).reshape(len(pictures), -1).mean(axis=1)
    floors = [10 * np.log10(power[pictures.labels.numpy() == label].mean()) for label in (0, 1)]
    assert floors == pytest.approx([-35, -35 + gap], abs=0.3)


def test_tone_stands_at_its_frequency():
    time = np.arange(20_000) / RATE
    picture = data.spectrograms.from_signal(np.sin(2 * np.pi * 5 * time) + 1e-3 * np.sin(time), RATE, "gray")
    row = picture[0].float().mean(dim=1).argmax().item()
    frequency = RATE / 2 * (128 - row) / 128
    assert frequency == pytest.approx(5, abs=0.3)


def test_click_stands_at_its_time():
    signal = 1e-4 * np.random.default_rng(0).standard_normal(40_000)
    signal[30_000:30_020] += 1
    column = data.spectrograms.from_signal(signal, RATE, "gray")[0].float().mean(dim=0).argmax().item()
    assert column == pytest.approx(96, abs=2)


def test_own_limits_hide_the_loudness_and_given_limits_show_it():
    signal = np.random.default_rng(0).standard_normal(20_000)
    own = [data.spectrograms.from_signal(gain * signal, RATE) for gain in (1.0, 0.01)]
    given = [data.spectrograms.from_signal(gain * signal, RATE, limits=(-60, 20)) for gain in (1.0, 0.01)]
    assert (own[0].int() - own[1].int()).abs().max() <= 1
    assert (given[0].int() - given[1].int()).abs().float().mean() > 50


def test_wav_file_is_the_signal_in_it(tmp_path):
    samples = (8000 * np.random.default_rng(0).standard_normal((3000, 2))).astype(np.int16)
    wavfile.write(tmp_path / "two.wav", 100, samples)
    expected = data.spectrograms.from_signal(samples[:, 0], 100.0)
    assert torch.equal(data.spectrograms.from_wav(tmp_path / "two.wav"), expected)


LONG = np.random.default_rng(0).standard_normal(1000)
WRONG = [
    (LONG[:0], {}, "got 0 samples; it wants at least 256, or a smaller side"),
    (LONG[:255], {}, "got 255 samples"),
    (np.zeros(1000), {}, r"got a constant signal \(0\); it has no spectrum"),
    (np.where(np.arange(1000) == 3, np.nan, LONG), {}, "got 1 samples that are NaN or infinite"),
    (np.stack([LONG, LONG]), {}, r"got shape \(2, 1000\); it wants one channel"),
    (LONG.astype(complex), {}, "got samples of complex128"),
    (LONG, {"rate": 0}, "got rate=0"),
    (LONG, {"cmap": "rainbow-ish"}, "got the colour map 'rainbow-ish'"),
    (LONG, {"limits": (10, 10)}, r"got limits=\(10, 10\) dB; wanted the lower one first"),
]


@pytest.mark.parametrize(("signal", "options", "complaint"), WRONG, ids=[words[:20] for *_, words in WRONG])
def test_signal_that_cannot_be_shown_is_told_why(signal, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        data.spectrograms.from_signal(signal, **({"rate": RATE} | options))


def test_file_that_is_no_wav_is_named(tmp_path):
    (tmp_path / "song.mp3").write_bytes(b"ID3")
    for name in ("song.mp3", "nowhere.wav"):
        with pytest.raises(ValueError, match=f"from_wav got '{name}'"):
            data.spectrograms.from_wav(tmp_path / name)


@pytest.mark.parametrize("change", [{"kind": "painted"}, {"n_per_class": 0}, {"side": 8}])
def test_bad_knobs_are_named(change):
    with pytest.raises(ValueError, match="spectrograms got"):
        data.spectrograms(**({"n_per_class": 2} | change))


# --- lines against clicks ---


def test_the_second_class_is_the_first_one_transposed():
    """Not the same pictures, but the same share of bright rows as the other has of bright columns."""
    pictures = structure(150, side=32, strength_db=10, length=1.0, spread_db=0)
    light = pictures.images.float().mean(dim=1)
    for label, along in ((0, 2), (1, 1)):
        mine = light[pictures.labels == label]
        lines, across = mine.mean(dim=along).amax(dim=1), mine.mean(dim=3 - along).amax(dim=1)
        assert (lines > across).float().mean() > 0.97


def test_neither_mean_colour_nor_a_histogram_tells_lines_from_clicks():
    """The floor is chance: 4 standard deviations of the accuracy of guessing."""
    pictures = structure(400, side=48, strength_db=2)
    train, test = pictures.at(range(400)), pictures.at(range(400, 800))

    def histograms(part):
        return np.array([np.bincount(one.numpy().ravel(), minlength=256) for one in part.images])

    for seen in (features.colour_statistics, histograms):
        found = features.probe(seen(train), train.labels, seen(test), test.labels)
        assert abs(found.accuracy - 0.5) < 4 * 0.025


def test_structure_is_grey_in_one_colour_map_and_the_seed_decides():
    pictures = data.spectrograms(3, kind="structure", side=32, colour_map="gray")
    assert pictures.counts == {"A": 3, "B": 3}
    assert torch.equal(pictures.images[:, 0], pictures.images[:, 2])
    again, other = (data.spectrograms(3, kind="structure", side=32, colour_map="gray", seed=s).images for s in (0, 1))
    assert torch.equal(pictures.images, again)
    assert not torch.equal(pictures.images, other)


def test_lines_are_as_long_and_as_many_as_asked():
    pictures = structure(30, side=40, strength_db=60, length=0.5, most_lines=1, colour_map="gray", spread_db=0)
    bright = (pictures.images[pictures.labels == 0][:, 0] == 255).sum(dim=(1, 2))
    assert ((bright >= 18) & (bright <= 24)).all()  # 20, a few of them drawn faint, and rare peaks of the noise


@pytest.mark.parametrize("change", [{"length": 0}, {"length": 1.5}, {"most_lines": 0}, {"side": 8}])
def test_bad_knobs_of_structure_are_named(change):
    (name,) = change
    with pytest.raises(ValueError, match=f"spectrograms got {name}="):
        structure(2, **change)
