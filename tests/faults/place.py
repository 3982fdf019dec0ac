"""The same small piece of work in other places and at other times of the world: the same answer, or one clear error."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.tally import Tally, surely

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 240
WORK = """
import json, sys, warnings
from pathlib import Path
import torch
from course_lib import data, features, models, study
from course_lib.practice import progress
from tests.faults.kills import two_greys
from tests.training.test_run import trained

here = Path(sys.argv[1])
model, run = trained(two_greys(), checkpoint=here / "run.pt")
path = models.save(models.Classifier(models.backbone("texture_net"), ("\\u00c4rger", "b")), here / "net.safetensors")
pictures = two_greys().subset(20)
first = features.extract(models.load(path).backbone, pictures, size=64, progress=False)
again = features.extract(models.load(path).backbone, pictures, size=64, progress=False)
assert (first == again).all()
if progress.where().startswith((str(here), "/proc")):  # nobody else's file is written to
    progress.note_attempt("03", "recall", "correct")
assert models.load(path).classes == ("\\u00c4rger", "b")
measured = study.evidence.Measurement("e", "v", 0, {"m": 0.5}, {"m": 9}, 1.0, False, "CPU", "generated", {}, "s")
study.evidence.append(measured, here)
assert study.evidence.runs("e", here) == [measured]
loss = [round(epoch.val_loss, 4) for epoch in run.history]
print(json.dumps([loss, round(float(first.sum()), 2), f"{1234.5:,.1f}"]))
"""


def run() -> Tally:
    tally = Tally("time and place", "the same answer as at home")
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:
        usual = pool.submit(answer, Path(folder, "usual"))
        asked = {what: pool.submit(answer, Path(folder, what), *given) for what, given in PLACES.items()}
        for what, future in asked.items():
            with surely(tally, what):
                assert (found := future.result()) == usual.result(), f"{found} and not {usual.result()}"
    return tally


NO_XDG: dict[str, str | None] = {"XDG_DATA_HOME": None, "XDG_CACHE_HOME": None}
# Where → what is changed in the environment (None takes it out), Python's flags, what the process does first.
PLACES: dict[str, tuple[dict[str, str | None], tuple[str, ...], str]] = {
    "Turkish": ({"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}, (), ""),
    "German, Latin 1": ({"LC_ALL": "de_DE.ISO-8859-1", "PYTHONUTF8": "0"}, (), ""),
    "C, ASCII": ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, (), ""),
    "Kiritimati": ({"TZ": "Pacific/Kiritimati"}, (), ""),
    "a read-only home": (NO_XDG | {"HOME": "/proc/1"}, (), ""),
    "no home": (NO_XDG | {"HOME": None}, (), ""),
    "Leerzeichen und Ümläute": ({}, (), ""),
    "one CPU": ({}, (), "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"),
    "64 threads": ({"OMP_NUM_THREADS": "64"}, (), ""),
    "umask 077": ({}, (), "import os; os.umask(0o077)"),
    "python -O": ({}, ("-O",), ""),
    "another hash seed": ({"PYTHONHASHSEED": "7"}, (), ""),
}


def answer(
    folder: Path, changes: dict[str, str | None] | None = None, flags: tuple[str, ...] = (), first: str = ""
) -> str:
    """What `WORK` prints in `folder`, with `changes` to the environment, behind the line of code `first`."""
    folder.mkdir()
    wanted = {"OMP_NUM_THREADS": "1", "COURSE_OFFLINE": "1", "COURSE_DATA": str(folder / "data")}
    wanted |= {"PYTHONPATH": str(ROOT), "XDG_DATA_HOME": str(folder / "home")} | (changes or {})
    environment = {key: value for key, value in {**os.environ, **wanted}.items() if value is not None}
    command = [sys.executable, *flags, "-W", "ignore", "-c", f"{first}\n{WORK}", str(folder)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-300:]
    return done.stdout.decode().strip().splitlines()[-1]
