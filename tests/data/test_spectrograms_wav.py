"""WAV files: every format of the same sound is the same picture, and a broken file gives one ValueError."""

from __future__ import annotations

import io
import os
import struct
import time
import tracemalloc

import numpy as np
import pytest
from scipy.io import wavfile

from course_lib.data.recordings import from_signal, from_wav

LIMITS = (-50.0, 20.0)
SOUND = 0.2 * np.sin(np.arange(8000) / 3) + 0.02 * np.random.default_rng(0).standard_normal(8000)
PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE


def pcm(bits: int, order: str = "<", sound: np.ndarray = SOUND) -> bytes:
    """Samples of 8 (unsigned), 16, 24, 32 or 64 bits."""
    whole = np.round(sound * 2.0 ** (bits - 1)).astype(np.int64)
    if bits == 8:
        return (whole + 128).astype(np.uint8).tobytes()
    wide = whole.astype(f"{order}i8").view(np.uint8).reshape(-1, 8)
    return (wide[:, : bits // 8] if order == "<" else wide[:, -bits // 8 :]).tobytes()


def chunk(name: bytes, body: bytes, order: str = "<", length: int | None = None) -> bytes:
    return name + struct.pack(f"{order}I", len(body) if length is None else length) + body + b"\0" * (len(body) % 2)


def form(tag=PCM, channels=1, rate=8000, bits=16, *, width=None, frame=None, order="<", inner=None) -> bytes:
    """The body of a `fmt ` chunk; with `inner` the extensible kind that holds this tag."""
    frame = channels * (width or -(-bits // 8)) if frame is None else frame
    body = struct.pack(f"{order}HHIIHH", tag, channels, rate, rate * frame % 2**32, frame, bits)
    if inner is None:
        return body
    guid = struct.pack(f"{order}IHH", inner, 0, 0x10) + bytes.fromhex("800000aa00389b71")
    return body + struct.pack(f"{order}HHI", 22, bits, 0) + guid


def riff(*chunks: bytes, order: str = "<", magic: bytes | None = None) -> bytes:
    body = b"WAVE" + b"".join(chunks)
    return (magic or {"<": b"RIFF", ">": b"RIFX"}[order]) + struct.pack(f"{order}I", len(body)) + body


def wav(fmt: bytes | None = None, data: bytes | None = None, order: str = "<") -> bytes:
    fmt, data = form(order=order) if fmt is None else fmt, pcm(16, order) if data is None else data
    return riff(chunk(b"fmt ", fmt, order), chunk(b"data", data, order), order=order)


def levels(content: bytes, **options) -> np.ndarray:
    return from_wav(io.BytesIO(content), "gray", **({"limits": LIMITS} | options))[0].int().numpy()


EXPECTED = from_signal(SOUND, 8000, "gray", limits=LIMITS)[0].int().numpy()
KINDS = {
    **{f"{bits} bits": wav(form(bits=bits), pcm(bits)) for bits in (8, 16, 24, 32, 64)},
    **{f"float {bits}": wav(form(FLOAT, bits=bits), SOUND.astype(f"<f{bits // 8}").tobytes()) for bits in (32, 64)},
    **{
        f"extensible {bits}": wav(form(EXTENSIBLE, bits=bits, inner=PCM), pcm(bits)) for bits in (8, 16, 24, 32)
    },
    "extensible float": wav(form(EXTENSIBLE, bits=32, inner=FLOAT), SOUND.astype("<f4").tobytes()),
    "24 bits in 32": wav(form(bits=24, width=4), (np.round(SOUND * 2**23).astype("<i4") << 8).tobytes()),
    "20 bits in 32": wav(form(bits=20, width=4), (np.round(SOUND * 2**19).astype("<i4") << 12).tobytes()),
    "extensible 24 bits in 32": wav(
        form(EXTENSIBLE, bits=24, width=4, inner=PCM), (np.round(SOUND * 2**23).astype("<i4") << 8).tobytes()
    ),
    "12 bits in 16": wav(form(bits=12), (np.round(SOUND * 2**11).astype("<i2") << 4).tobytes()),
    **{f"big-endian {bits}": wav(form(bits=bits, order=">"), pcm(bits, ">"), ">") for bits in (16, 24, 32)},
    "big-endian extensible": wav(form(EXTENSIBLE, inner=PCM, order=">"), pcm(16, ">"), ">"),
    "with other chunks": riff(
        chunk(b"LIST", b"INFOodd"), chunk(b"fmt ", form()), chunk(b"fact", b"\0" * 4), chunk(b"data", pcm(16)), b"tail"
    ),
    "data before fmt": riff(chunk(b"data", pcm(16)), chunk(b"fmt ", form())),
    "RF64": riff(
        chunk(b"ds64", struct.pack("<QQQI", 0, 16_000, 8000, 0)),
        chunk(b"fmt ", form()),
        chunk(b"data", pcm(16), length=0xFFFFFFFF),
        magic=b"RF64",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_sound_is_the_same_picture(kind):
    difference = np.abs(levels(KINDS[kind]) - EXPECTED)
    assert difference.mean() < (4 if "8 b" in kind or kind == "extensible 8" else 0.5)
    assert difference[-1].mean() < 4, "the lowest row"


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_scipy_writes_is_read(tmp_path, dtype, channels):
    scale = {"u": 128, "i": np.iinfo(dtype).max if np.dtype(dtype).kind == "i" else 0, "f": 1}[np.dtype(dtype).kind]
    samples = (SOUND * scale + (128 if dtype is np.uint8 else 0)).astype(dtype)
    both = samples if channels == 1 else np.stack([samples, samples[::-1]], axis=1)
    wavfile.write(tmp_path / "one.wav", 8000, both)
    found = from_wav(str(tmp_path / "one.wav"), limits=LIMITS)
    assert (found == from_signal(samples, 8000, limits=LIMITS)).all()


def test_channels_are_taken_one_at_a_time(tmp_path):
    other = SOUND[::-1] * np.linspace(0, 1, 8000)
    both = np.stack([SOUND, other], axis=1).astype(np.float32)
    wavfile.write(tmp_path / "two.wav", 8000, both)
    for channel, sound in ((0, both[:, 0]), (1, both[:, 1])):
        assert (from_wav(tmp_path / "two.wav", channel=channel) == from_signal(sound.copy(), 8000)).all()
    with pytest.raises(ValueError, match=r"'two.wav': it got channel=2; the file has 2, counted from 0"):
        from_wav(tmp_path / "two.wav", channel=2)


GOOD = wav()
BROKEN = {
    "empty": (b"", "is empty"),
    "text": (b"RIFF or raff, this is a text and no sound", "no WAV file"),
    "mp3": (b"ID3" + bytes(100), "no WAV file"),
    "avi": (b"RIFF" + bytes(4) + b"AVI " + bytes(40), "no WAV file"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS"),
    "cut in the header": (GOOD[:10], "no WAV file"),
    "cut at byte 30": (GOOD[:30], "'fmt ' chunk is cut off"),
    "no fmt": (riff(chunk(b"data", pcm(16))), "no 'fmt ' chunk"),
    "no data": (riff(chunk(b"fmt ", form())), "no 'data' chunk"),
    "nothing": (riff(), "no 'fmt ' chunk"),
    "short fmt": (wav(form()[:14]), "'fmt ' chunk is cut off"),
    "extensible without its end": (wav(form(EXTENSIBLE)), "'fmt ' chunk is cut off"),
    "data cut off": (GOOD[:-1000], r"promises 16,000 bytes of sound, and 15,000 are there"),
    "data promises the moon": (
        riff(chunk(b"fmt ", form()), chunk(b"data", pcm(16), length=0xFFFFFFF0)),
        "promises 4,294,967,280 bytes",
    ),
    "streamed": (riff(chunk(b"fmt ", form()), chunk(b"data", pcm(16), length=0xFFFFFFFF)), "cut off or streamed"),
    "no sound": (wav(data=b""), "holds no sound"),
    "half a sample": (wav(data=pcm(16)[:-1]), "no whole number of samples"),
    "no channels": (wav(form(channels=0, frame=2)), "0 channels"),
    "no rate": (wav(form(rate=0)), "0 samples a second"),
    "no bits": (wav(form(bits=0, frame=2)), "0 bits"),
    "no frame": (wav(form(frame=0)), "0 bytes"),
    "5 bytes a sample": (wav(form(bits=40)), "40 bits"),
    "float of 16 bits": (wav(form(FLOAT, bits=16)), "16 bits"),
    "frame too small": (wav(form(bits=24, frame=2)), "24 bits in 2 bytes"),
    "frame that does not divide": (wav(form(channels=2, frame=3)), "2 channels .* 3 bytes"),
    "stereo that says mono": (wav(form(frame=4)), r"1 channels of 16 bits in 4 bytes"),
    "the same in stereo": (wav(form(channels=2, frame=8)), r"2 channels of 16 bits in 8 bytes"),
    "8 bits in 2 bytes": (wav(form(bits=8, frame=2)), "8 bits in 2 bytes"),
    "16 bits in 3 bytes": (wav(form(bits=16, frame=3)), "16 bits in 3 bytes"),
    "32 bits in 8 bytes": (wav(form(bits=32, frame=8)), "32 bits in 8 bytes"),
    "big-endian": (wav(form(frame=4, order=">"), order=">"), "16 bits in 4 bytes"),
    "float of 32 in 8 bytes": (wav(form(FLOAT, bits=32, frame=8)), "32 bits in 8 bytes"),
    "float of 25 bits": (wav(form(FLOAT, bits=25, frame=4)), "25 bits in 4 bytes"),
    "float of 24 in 4 bytes, extensible": (wav(form(EXTENSIBLE, bits=24, frame=4, inner=FLOAT)), "24 bits in 4 bytes"),
    "mp3 inside": (wav(form(0x55)), "MP3"),
    "law": (wav(form(7, bits=8)), "µ-law"),
    "unknown": (wav(form(0x1234)), "0x1234"),
    "adpcm, extensible": (wav(form(EXTENSIBLE, inner=2)), "ADPCM"),
    "short sound": (wav(data=pcm(16)[:200]), "got 100 samples"),
    "silent": (wav(data=bytes(16_000)), "constant signal"),
    "NaN": (wav(form(FLOAT, bits=32), np.full(8000, np.nan, "<f4").tobytes()), "NaN or infinite"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_file_is_named_and_told_why(tmp_path, fault):
    content, complaint = BROKEN[fault]
    (tmp_path / "mine.wav").write_bytes(content)
    with pytest.raises(ValueError, match=rf"from_wav got 'mine.wav'.*{complaint}") as caught:
        from_wav(tmp_path / "mine.wav")
    assert len(str(caught.value)) < 400


def test_what_is_no_file_is_named(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")  # to open one waits for ever
    for path in (tmp_path, tmp_path / "pipe.wav", tmp_path / "nowhere.wav", "a\0b.wav", tmp_path / "x" / "y.wav"):
        with pytest.raises(ValueError, match="from_wav got "):
            from_wav(path)
    for wrong in (None, 3, np.zeros(4), GOOD):
        with pytest.raises(ValueError, match="wants the path of a WAV file"):
            from_wav(wrong)


class Endless(io.RawIOBase):
    """As a network's answer: it can be read, and not be moved in."""

    def readinto(self, buffer):
        return 0


class OnlyRead:
    def read(self, n=-1):
        return b""


def test_open_file_that_gives_no_bytes_or_cannot_be_moved_in_is_told_why(tmp_path):
    (tmp_path / "mine.wav").write_bytes(GOOD)
    with open(tmp_path / "mine.wav") as text:
        for wrong in (io.StringIO("RIFF"), text):
            with pytest.raises(ValueError, match=r'from_wav got .*text.*"rb"'):
                from_wav(wrong)
    for wrong in (Endless(), OnlyRead(), text):
        with pytest.raises(ValueError, match="from_wav got "):
            from_wav(wrong)


@pytest.mark.parametrize("channel", [1.0, 0.0, True, False, None, "0", -1, np.float32(0), 10**30])
def test_channel_is_a_whole_number(channel):
    with pytest.raises(ValueError, match=r"it got channel=.*; the file has 1, counted from 0"):
        from_wav(io.BytesIO(GOOD), channel=channel)


def test_channel_may_be_numpys():
    assert (from_wav(io.BytesIO(GOOD), channel=np.uint8(0)) == from_wav(io.BytesIO(GOOD))).all()


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """One to three faults: bytes flipped, a piece cut out, the end cut off, a number in the header that lies."""
    broken = bytearray(content)
    for _ in range(rng.integers(1, 4)):
        fault, place = rng.integers(5), int(rng.integers(min(len(broken), 100 if rng.random() < 0.8 else 9999) or 1))
        if fault == 0:
            for spot in rng.integers(0, max(1, min(len(broken), 120)), rng.integers(1, 9)):
                broken[spot : spot + 1] = bytes([rng.integers(256)])
        elif fault == 1:
            del broken[place:]
        elif fault == 2:
            del broken[place : place + int(rng.integers(1, 20))]
        elif fault == 3:
            lie = rng.choice([0, 1, 2, 3, 7, 255, 65_535, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 2])
            spot = int(rng.choice([4, 16, 20, 22, 24, 28, 32, 34, 36, 40, 44, 60, 64]))
            width = rng.choice([2, 4])
            broken[spot : spot + width] = int(lie).to_bytes(4, "little")[:width]
        else:
            broken[place:place] = rng.bytes(int(rng.integers(1, 12)))
    return bytes(broken)


@pytest.mark.slow
def test_thousands_of_mutated_files_give_a_picture_or_one_value_error():
    rng, sound = np.random.default_rng(0), SOUND[:300]
    seeds = [wav(form(bits=bits), pcm(bits, sound=sound)) for bits in (8, 16, 24, 32)]
    seeds += [wav(form(EXTENSIBLE, channels=2, inner=PCM), pcm(16, sound=sound)), KINDS["RF64"][:700]]
    seeds += [wav(form(FLOAT, bits=64), sound.tobytes()), wav(form(order=">"), pcm(16, ">", sound), ">")]
    pictures, words = 0, set()
    tracemalloc.start()
    began = time.perf_counter()
    for k in range(5200):
        try:
            pictures += from_wav(io.BytesIO(mutated(seeds[k % len(seeds)], rng)), side=16).shape == (3, 16, 16)
        except ValueError as error:
            words.add(str(error)[:90])
    seconds, (_, peak) = time.perf_counter() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    assert pictures > 500
    assert all(word.startswith("from_wav got 'a file in memory': ") for word in words)
    assert len(words) > 15, "the faults are of many kinds"
    assert seconds < 30  # about 4 s
