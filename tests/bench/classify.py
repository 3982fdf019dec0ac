"""`python -m tests.bench.classify [--eurosat] [--note]`: seconds and memory of `course classify` with its default.

1,000 pictures, ten logos drawn a hundred times each; with --eurosat also the 27,000 of EuroSAT, frozen (--minutes 0).
Each runs in a process of its own, as in a terminal. --note keeps what was measured in evidence/classify_speed.json,
with the machine and how busy it was: a number of a busy machine is a ceiling.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import torch
from PIL import Image

from course_lib import data, training
from course_lib.data import ImageSet

STORED = Path(__file__).parents[2] / "evidence" / "classify_speed.json"
COMMAND = [sys.executable, "-c", "from course_lib.cli import app; app()", "classify"]


def lay_out(pictures: ImageSet, root: Path) -> Path:
    """`root/<class>/<number>.png`."""
    for k in range(len(pictures)):
        folder = root / pictures.classes[int(pictures.labels[k])]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pictures.batch([k])[0].permute(1, 2, 0).numpy()).save(folder / f"{k:05d}.png")
    return root


def measured(folder: Path, out: Path, *more: str) -> dict:
    """Wall and processor seconds of the command, its largest resident memory, and what its summary says."""
    before, began, busy = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), os.getloadavg()[0]
    subprocess.run([*COMMAND, str(folder), "--out", str(out), *more], check=True)
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads((out / "summary.json").read_text("utf-8"))
    return {
        "arguments": " ".join(more),
        "pictures": told["looked"]["pictures"],
        "pixels": told["looked"]["size"],
        "seconds": round(seconds),
        "processor_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime),
        "memory_mb": round(after.ru_maxrss / 1024),  # of the largest child so far
        "load_before": round(busy, 1),
        "load_after": round(os.getloadavg()[0], 1),
        "stages": told["seconds"],
        "why": told["why"],
    }


def main(arguments: list[str]) -> None:
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        logos = lay_out(data.logos(100), root / "logos")
        found["10 classes of 100, default"] = measured(logos, root / "logos_out")
        if "--eurosat" in arguments:
            tiles = lay_out(data.load("eurosat", source="real"), root / "eurosat")
            found["EuroSAT, frozen"] = measured(tiles, root / "eurosat_out", "--minutes", "0")
    print(json.dumps(found, indent=1))
    if "--note" in arguments:
        told = {"date": date.today().isoformat(), "hardware": hardware(), "versions": training.versions()}
        STORED.write_text(json.dumps(told | {"runs": found}, indent=1) + "\n", encoding="utf-8")


def hardware() -> str:
    """Such as "CPU, 1 thread, of 2 cores, x86_64"."""
    return f"{training.device_name(torch.device('cpu'))}, of {os.cpu_count()} cores, {platform.machine()}"


if __name__ == "__main__":
    main(sys.argv[1:])
