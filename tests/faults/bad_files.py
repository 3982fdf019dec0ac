"""Files with a few bytes changed, cut out, doubled or made up: one clear error or an answer; no crash, no hang, no more
memory than a gigabyte."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import mmap
import os
import random
import resource
import select
import signal
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn
from unittest import mock

import h5py
import numpy as np
import torch
from PIL import Image

from course_lib import data, models
from course_lib.classify.result import Result
from course_lib.data import DataError, archive
from course_lib.data.registry import Entry
from course_lib.practice import progress
from course_lib.study import evidence
from course_lib.training import checkpoint
from tests.classify.sample import sample
from tests.data.test_archive import FILES, zip_of
from tests.faults.tally import Tally
from tests.training.test_run import trained

CPU_S, SILENT_S, MEMORY = 5, 90, 1_000_000_000
NUMBERS = [struct.pack(form, value) for form in ("<I", ">I") for value in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF, 0x10000)]


@dataclass(frozen=True)
class Kind:
    """`good` files, how each is read, and which errors are its clear ones."""

    name: str
    ending: str
    good: list[bytes]
    read: Callable[[Path], object]
    errors: tuple[type[Exception], ...]
    mutations: int


class HangError(BaseException):
    """More than `CPU_S` seconds of computing; no `except Exception` may swallow it."""


def run(share: float = 1.0) -> Tally:
    tally = Tally("bad files", "no crash, no hang > 5 s, no memory > 1 GB, one clear error")
    with tempfile.TemporaryDirectory() as folder:
        for kind in kinds(Path(folder)):
            fuzz(tally, kind, Path(folder), int(kind.mutations * share))
    return tally


# --- the files ---


def kinds(folder: Path) -> list[Kind]:
    net = models.save(models.Classifier(models.backbone("texture_net"), ("a", "b")), folder / "net.safetensors")
    about = sample().to_dict()
    return [
        Kind("pictures", ".png", pictures(), lambda path: data.read_picture(path, 16), (DataError,), 6000),
        Kind("WAVs", ".wav", wavs(), data.spectrograms.from_wav, (ValueError,), 5000),
        Kind("archives", ".zip", [zipped(folder)], zip_fault, (), 3000),
        Kind("safetensors", ".safetensors", [net.read_bytes()], models.load, (ValueError,), 1500),
        Kind("HDF5", ".h5", [keras(folder)], hdf5_fault, (), 1500),
        Kind("checkpoints", ".pt", [run_file(folder)], checkpointed, (ValueError,), 1000),
        Kind("progress", ".json", [json.dumps(PROGRESS).encode()], progressed, (), 3000),
        Kind("evidence", ".jsonl", [evidence_lines()], evidenced, (ValueError,), 3000),
        Kind("summaries", ".json", [json.dumps(about).encode()], Result.open, (ValueError,), 1500),
    ]


def pictures() -> list[bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    made = []
    for form in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        out = io.BytesIO()
        Image.fromarray(noise).save(out, form)
        made.append(out.getvalue())
    out = io.BytesIO()
    Image.fromarray(noise[..., 0].astype(np.uint16) * 200).save(out, "PNG")  # a deep one
    return [*made, out.getvalue()]


def wavs() -> list[bytes]:
    made = []
    for bits, tag, channels in ((16, 1, 1), (8, 1, 2), (24, 1, 1), (32, 3, 2)):
        frame = bits // 8 * channels
        body = np.random.default_rng(bits).bytes(1500 * frame) if tag == 1 else np.sin(np.arange(3000.0)).astype("<f4")
        sound = bytes(body)
        form = struct.pack("<HHIIHH", tag, channels, 8000, 8000 * frame, frame, bits)
        chunks = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", len(sound)) + sound
        made.append(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)
    return made


def zipped(folder: Path) -> bytes:
    return zip_of(folder / "good.zip", FILES).read_bytes()


@cache
def toy() -> Entry:
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(zip_of(Path(folder, "toy.zip"), FILES)) as file:
        content = archive.tree_digest(file)
    return Entry("toy", "pictures", "Toy", "toy.zip", (), 10_000, "MIT", "", content=content, pictures=6, size=64)


def zip_fault(path: Path) -> None:
    """`archive.fault_in`, as `locate` calls it; what passes has the very pictures that were promised."""
    if archive.fault_in(path, toy()) == "":
        with zipfile.ZipFile(path) as file:
            found = {name: file.read(member) for name, member in archive.pictures_in(file).items()}
        assert found == {name.removeprefix("2750/"): content for name, content in FILES.items()}


def keras(folder: Path) -> bytes:
    with h5py.File(folder / "good.h5", "w") as file:
        for layer in ("conv1", "fire2/squeeze", "fire2/expand"):
            file[f"{layer}/kernel:0"] = np.random.default_rng(0).normal(size=(3, 3, 4, 8)).astype(np.float32)
            file[f"{layer}/bias:0"] = np.zeros(8, dtype=np.float32)
    return (folder / "good.h5").read_bytes()


def hdf5_fault(path: Path) -> str:
    entry = Entry("net", "weights", "Net", "net.h5", (), 7000, "", "", content="0" * 64)
    return data._weights_fault(path, entry)


def run_file(folder: Path) -> bytes:
    from tests.faults.kills import two_greys

    trained(two_greys(), checkpoint=folder / "run.pt")
    return (folder / "run.pt").read_bytes()


def checkpointed(path: Path) -> object:
    return checkpoint.read(path, torch.device("cpu"))


PROGRESS = {
    "version": 1,
    "exercises": {"03/recall": {"outcome": "correct", "tries": 2, "hints": 1, "solution_read": False}},
    "quizzes": {"03/1": {"right": True, "tries": 1}},
}


def progressed(path: Path) -> None:
    """Whatever is in it, what is read is sound, and the next answer is kept."""
    with mock.patch.object(progress, "file", return_value=path), contextlib.redirect_stdout(io.StringIO()):
        content = progress.read()
        assert content["version"] == 1
        progress.note_attempt("03", "precision", "correct")
        assert progress.read()["exercises"]["03/precision"]["outcome"] == "correct"


def evidence_lines() -> bytes:
    run = evidence.Measurement("e", "v", 0, {"m": 0.5}, {"m": 10}, 1.0, False, "CPU", "generated", {"torch": "2"}, "s")
    return b"".join(json.dumps(asdict(run) | {"seed": seed}).encode() + b"\n" for seed in range(4))


def evidenced(path: Path) -> object:
    return evidence.runs(path.stem, path.parent)


# --- what is done to them ---


def mutated(good: bytes, other: bytes, rng: random.Random) -> bytes:
    """`good` with one to four things done to it; `other` is what a piece is taken from."""
    content = bytearray(good)
    for _ in range(rng.randint(1, 4)):
        # Half of all strike at the beginning, where headers are.
        at = rng.randrange(1 + min(len(content), rng.choice((64, 600, len(content)))))
        length = rng.choice((1, 2, 4, 16, 300))
        match rng.randrange(8):
            case 0:
                content[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del content[at : at + length]
            case 2:
                content[at:at] = rng.randbytes(length)
            case 3:
                content[at:at] = content[at : at + length] * rng.choice((1, 2, 50))
            case 4:
                del content[at:]
            case 5:
                content[at : at + 4] = rng.choice(NUMBERS)
            case 6:
                start = rng.randrange(1 + len(other))
                content[at : at + length] = other[start : start + length]
            case _:
                content[at : at + length] = rng.choice((b"9" * length, b"-1", b"1e999", b"NaN", b"[" * 2000, b'{"":'))
    return bytes(content)


def fuzz(tally: Tally, kind: Kind, folder: Path, mutations: int) -> None:
    """Read each file in a process of its own, begun again behind a file that ends it."""
    done, grown = 0, 0
    place = folder / f"fuzz-{kind.name}"
    place.mkdir(exist_ok=True)
    while done < mutations:
        status, done, faults, grown_now = batch(kind, place, done, mutations)
        grown = max(grown, grown_now)
        tally.faults += faults
        if status:
            tally.faults.append(f"{kind.name}, {done}: the process ended ({status}) or was silent for {SILENT_S} s")
            done += 1
    tally.tried += mutations
    tally.notes[kind.name] = {"mutations": mutations, "memory MB": round(grown / 1e6)}
    if grown > MEMORY:
        tally.faults.append(f"{kind.name}: {grown / 1e6:.0f} MB of memory")


def batch(kind: Kind, place: Path, first: int, last: int) -> tuple[int, int, list[str], int]:
    """(wait status, number of the file it ended at, faults, bytes of memory more than before)."""
    reached = mmap.mmap(-1, 8)
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        report(kind, place, first, last, reached, sink)
    os.close(sink)
    text = b""
    while True:
        if not select.select([source], [], [], SILENT_S)[0]:  # each hundredth file says a word
            os.kill(child, signal.SIGKILL)
            break
        if not (more := os.read(source, 1 << 16)):
            break
        text += more
    os.close(source)
    status = os.waitpid(child, 0)[1]
    lines = [line for line in text.decode().splitlines() if line]
    grown = max((int(line[1:]) for line in lines if line[0] == "m"), default=0)
    return status, struct.unpack("q", reached[:8])[0], [line[1:] for line in lines if line[0] == "f"], grown


def report(kind: Kind, place: Path, first: int, last: int, reached: mmap.mmap, sink: int) -> NoReturn:
    """In the child: one line a fault, the memory at the end."""
    status = 1
    try:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        signal.signal(signal.SIGPROF, hang)
        faulthandler.disable()  # that a process crashed is counted; its stack is for who repeats it
        warnings.simplefilter("ignore")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # C libraries complain there
        path = place / f"file{kind.ending}"
        for number in range(first, last):
            reached[:8] = struct.pack("q", number)
            if fault := one(kind, path, number):
                os.write(sink, f"f{kind.name}, {number}: {fault}"[:300].replace("\n", " ").encode() + b"\n")
            if number % 100 == 0:
                os.write(sink, b"\n")
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        os.write(sink, f"m{1024 * grown}\n".encode())
        reached[:8] = struct.pack("q", last)
        status = 0
    finally:
        os._exit(status)


def hang(*_: object) -> NoReturn:
    raise HangError


def one(kind: Kind, path: Path, number: int) -> str:
    """What is wrong with how file `number` was taken, or ""."""
    rng = random.Random(f"{kind.name} {number}")
    for left in path.parent.iterdir():  # what an earlier one was set aside as
        left.unlink()
    path.write_bytes(mutated(rng.choice(kind.good), rng.choice(kind.good), rng))
    signal.setitimer(signal.ITIMER_PROF, CPU_S)
    try:
        kind.read(path)
    except kind.errors as error:
        return "" if str(error) else f"{type(error).__name__} without a word"
    except HangError:
        return f"more than {CPU_S} s"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return ""
