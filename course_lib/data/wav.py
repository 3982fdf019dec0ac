"""WAV files, read strictly. What is broken, cut off or compressed is refused in words, and no number in a header is
believed before the file was seen to be as long as it says.

Read are whole numbers of 8, 16, 24, 32 and 64 bits and floats of 32 and 64, of any number of channels, plain or
extensible, in RIFF, RIFX (big-endian) and RF64 (above 4 GB). Microsoft: Multiple channel audio data and WAVE files.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from ..checks import is_whole

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_COMPRESSED = {2: "ADPCM", 6: "A-law", 7: "µ-law", 0x11: "IMA ADPCM", 0x31: "GSM", 0x50: "MPEG", 0x55: "MP3",
               0x161: "WMA", 0xFF: "AAC"}  # fmt: skip
_GUID = bytes.fromhex("800000aa00389b71")  # how the identity of every format in an extensible header ends
_ORDERS = {b"RIFF": "<", b"RIFX": ">", b"RF64": "<", b"BW64": "<"}
_UNKNOWN = 0xFFFFFFFF  # a length that did not fit, or was not known yet
_MEND = "convert it, for instance by `ffmpeg -i old.wav -c:a pcm_s16le new.wav`"


@dataclass(frozen=True)
class Format:
    """What a `fmt ` chunk says. `frame`: bytes of one sample of all channels."""

    order: str
    tag: int
    channels: int
    rate: int
    frame: int
    bits: int

    @property
    def width(self) -> int:
        """Bytes of one sample of one channel."""
        return self.frame // self.channels

    def __post_init__(self) -> None:
        if self.tag not in (_PCM, _FLOAT):
            kind = f"compressed ({_COMPRESSED[self.tag]})" if self.tag in _COMPRESSED else f"of kind {self.tag:#06x}"
            raise ValueError(f"its sound is {kind}; wanted are plain numbers (PCM or float): {_MEND}.")
        for value, unit in ((self.channels, "channels"), (self.rate, "samples a second"), (self.bits, "bits a sample"),
                            (self.frame, "bytes a sample")):  # fmt: skip
            if value == 0:
                raise ValueError(f"its header says 0 {unit}, which cannot be; its header is damaged.")
        if self.frame % self.channels or not self._width_fits():
            raise ValueError(
                f"its header says {self.channels} channels of {self.bits} bits in {self.frame} bytes; read are whole "
                f"numbers of 8, 16, 24, 32 or 64 bits and floats of 32 or 64: {_MEND}."
            )

    def _width_fits(self) -> bool:
        """A wider sample than its bits need is most often another channel; only 17 to 24 bits are padded, to 32."""
        if self.tag == _FLOAT:
            return self.width in (4, 8) and self.bits == 8 * self.width
        needed = -(-self.bits // 8)
        return self.width in (1, 2, 3, 4, 8) and (self.width == needed or (needed, self.width) == (3, 4))


def read(file: BinaryIO, channel: int = 0) -> tuple[int, np.ndarray]:
    """(samples a second, samples [n] of one channel).

    Returns:
        uint8, int16 or int32 for 8, 16 and 24 or 32 bits, 24 filled up with zeros below; floats as they are, and those
        of 64-bit whole numbers as shares of full scale.

    Raises:
        ValueError: what is wrong with the file, as the end of a sentence. OSError: it cannot be read.
    """
    if not hasattr(file, "seek"):
        raise ValueError("it can only be read from its beginning; wanted is a file, or io.BytesIO(….read()).")
    if isinstance(file, io.TextIOBase) or not isinstance(file.read(0), bytes):
        raise ValueError('it gives text and no bytes; open it by open(path, "rb"), or give its path.')
    size = file.seek(0, 2)
    order = _order(_part(file, 0, 64))
    chunks = _chunks(file, order, size)
    made = _format(_part(file, *_found(chunks, "fmt ")), order)
    if not is_whole(channel) or not 0 <= channel < made.channels:
        raise ValueError(f"it got channel={channel!r}; the file has {made.channels}, counted from 0.")
    start, length = _whole(file, chunks, made, size)
    return made.rate, _samples(_part(file, start, length), made, int(channel))


def _part(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _order(head: bytes) -> str:
    if not head:
        raise ValueError("it is empty.")
    if head.startswith(b"version https://git-lfs"):
        raise ValueError("it is a pointer of Git LFS and not the file itself; get that by `git lfs pull`.")
    if head[:4] not in _ORDERS or head[8:12] != b"WAVE":
        raise ValueError(f"it is no WAV file: it begins with {head[:12]!r} where b'RIFF....WAVE' should be. If it is a "
                         f"sound, {_MEND}.")  # fmt: skip
    return _ORDERS[head[:4]]


def _chunks(file: BinaryIO, order: str, size: int) -> dict[bytes, tuple[int, int]]:
    """Name → (start, length as it is said) of the first chunk of each name, until format and sound are found."""
    chunks: dict[bytes, tuple[int, int]] = {}
    place = 12
    while place + 8 <= size and not {b"fmt ", b"data"} <= chunks.keys():
        name, length = struct.unpack(f"{order}4sI", _part(file, place, 8))
        chunks.setdefault(name, (place + 8, length))
        place += 8 + length + length % 2
    return chunks


def _found(chunks: dict[bytes, tuple[int, int]], name: str) -> tuple[int, int]:
    if name.encode() not in chunks:
        holds = {"fmt ": "says what its numbers mean", "data": "holds its sound"}[name]
        raise ValueError(f"it has no {name!r} chunk, which {holds}; it is cut off or damaged.")
    return chunks[name.encode()]


def _format(body: bytes, order: str) -> Format:
    extensible = body[:2] == struct.pack(f"{order}H", _EXTENSIBLE)
    if len(body) < (40 if extensible else 16):
        raise ValueError(f"its 'fmt ' chunk is cut off after {len(body)} bytes.")
    tag, channels, rate, _, frame, bits = struct.unpack_from(f"{order}HHIIHH", body)
    if extensible:
        tag, *rest, end = struct.unpack_from(f"{order}IHH8s", body, 24)
        if rest != [0, 0x10] or end != _GUID:
            raise ValueError(f"its sound is of a kind of its own ({body[24:40].hex()}); {_MEND}.")
    return Format(order, tag, channels, rate, frame, bits)


def _whole(file: BinaryIO, chunks: dict[bytes, tuple[int, int]], made: Format, size: int) -> tuple[int, int]:
    """(start, length) of the sound, all of which is there."""
    start, length = _found(chunks, "data")
    if length == _UNKNOWN and chunks.get(b"ds64", (0, 0))[1] >= 16:
        length = int.from_bytes(_part(file, chunks[b"ds64"][0] + 8, 8), "little")
    if length > size - start:
        raise ValueError(f"its header promises {length:,} bytes of sound, and {max(0, size - start):,} are there: it "
                         f"was cut off or streamed. Copy it anew, or {_MEND}.")  # fmt: skip
    if length == 0:
        raise ValueError("it holds no sound: its 'data' chunk is empty.")
    if length % made.frame:
        raise ValueError(f"its {length:,} bytes of sound are no whole number of samples of {made.frame} bytes each.")
    return start, length


def _samples(body: bytes, made: Format, channel: int) -> np.ndarray:
    cells = np.frombuffer(body, np.uint8).reshape(-1, made.channels, made.width)[:, channel]
    width, kind = made.width, "f" if made.tag == _FLOAT else "i"
    if width == 3:
        width, below = 4, np.zeros((len(cells), 1), np.uint8)
        cells = np.concatenate([below, cells] if made.order == "<" else [cells, below], axis=1)
    if width == 1:
        return np.ascontiguousarray(cells[:, 0])
    numbers = np.ascontiguousarray(cells).view(f"{made.order}{kind}{width}")[:, 0].astype(f"{kind}{width}", copy=False)
    return numbers / 2.0**63 if (kind, width) == ("i", 8) else numbers
