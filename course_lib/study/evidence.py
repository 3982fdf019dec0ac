"""The evidence store: what the studies measured, one JSON line a run, kept in git.

A file belongs to an experiment. One process writes at a time, each run at once and to the disk, so that a kill
loses the runs in flight and no others.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import mean, stdev
from typing import BinaryIO

from filelock import FileLock

from ..data import places


@dataclass(frozen=True)
class Measurement:
    """One run of one variant.

    Attributes:
        experiment: whose run it is; its file has the same name.
        variant: what was tried; a variant is one row in a figure.
        seed: of the split and of the training, the same for all variants: differences are taken seed by seed.
        metrics: name → value, in the metric's unit (shares 0–1).
        n: name → pictures that the metric was measured on; 0 where it is no share of pictures.
        seconds: wall time of the run, on `device`.
        shared: True where several variants share work, such as a training, which the first of them is charged with.
        device: what it ran on, by name, with the number of CPU threads.
        source: "real", "stand-in" or "generated".
        versions: package → version.
        settings: digest of all that decides the run besides the seed; another digest is another run.
    """

    experiment: str
    variant: str
    seed: int
    metrics: dict[str, float]
    n: dict[str, int]
    seconds: float
    shared: bool
    device: str
    source: str
    versions: dict[str, str]
    settings: str

    @property
    def key(self) -> tuple[str, int, str]:
        """What makes two runs the same run."""
        return self.variant, self.seed, self.settings


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation and range of a metric over seeds; `sd` is 0 for a single one.

    `n` is of what one seed measures; where seeds differ in it, of the one with fewest, and `most` of the one with most.

    `unit` "%" is for shares of 0–1; otherwise it is the metric's own. `values` has one number a seed, by the order of
    the runs; empty where only their mean is known.
    """

    variant: str
    mean: float
    sd: float
    low: float
    high: float
    seeds: int
    n: int
    seconds: float
    device: str
    unit: str = "%"
    values: tuple[float, ...] = field(default=(), repr=False)
    most: int = 0

    def __str__(self) -> str:
        n = f"{self.n:,} to {self.most:,}" if self.most else f"{self.n:,}"
        counted = f", n = {n} each" if self.n else ""
        return f"{self.value} ({self.seeds} seeds{counted})"

    @property
    def value(self) -> str:
        """Mean and standard deviation with their unit: "97.1% ± 0.2%", "3.4 ± 0.5 epochs"."""
        if self.unit == "%":
            return f"{self.mean:.1%} ± {self.sd:.1%}"
        return f"{self.mean:.3g} ± {self.sd:.2g} {self.unit}"


def digest(settings: Mapping[str, object]) -> str:
    """A short digest of settings, the same on every machine and in every order.

    >>> digest({"lr": 0.1, "epochs": 3}) == digest({"epochs": 3, "lr": 0.1}) != digest({"epochs": 3, "lr": 0.2})
    True
    """
    text = json.dumps(dict(settings), sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def shipped() -> Path:
    """The folder of the evidence that travels with the course."""
    return places.shipped("evidence")


def runs(name: str, folder: Path | None = None) -> list[Measurement]:
    """All runs kept under `name`, of whatever settings, in the order in which they were made.

    Raises:
        ValueError: a line is no run; says which. A last line that a kill cut short is passed over.
    """
    file = _file(name, folder)
    if not file.is_file():
        return []
    return list(_parsed(file, file.read_bytes()))


@lru_cache(maxsize=128)  # the trials of an experiment read one file again and again
def _parsed(file: Path, content: bytes) -> tuple[Measurement, ...]:
    *whole, rest = content.split(b"\n")
    lines = [*whole, rest] if _is_whole(rest) else whole
    return tuple(_read(file, number, line) for number, line in enumerate(lines, start=1) if line.strip())


def append(measurement: Measurement, folder: Path | None = None) -> None:
    """Add one run to its file, through to the disk; a run that is there already stays as it is."""
    file = _file(measurement.experiment, folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock"):
        if measurement.key in {run.key for run in runs(measurement.experiment, folder)}:
            return  # somebody else was faster
        _write_line(file, asdict(measurement))


def discard(name: str, settings: str, *, reason: str, folder: Path | None = None) -> int:
    """Take the runs with the digest `settings` out of the evidence; returns how many.

    They leave a trace: `evidence/discarded/<name>.jsonl` has each of them, with the reason.

    Raises:
        ValueError: no reason given, or no run has that digest.
    """
    if not reason.strip():
        raise ValueError(f"discard got no reason for throwing away runs of {name}. Say it: it is kept beside them.")
    kept: list[Measurement] = []
    thrown: list[Measurement] = []
    for run in runs(name, folder):
        (thrown if run.settings == settings else kept).append(run)
    if not thrown:
        raise ValueError(f"{name} has no run with the settings {settings!r}; nothing was discarded.")
    file = _file(name, folder)
    with FileLock(f"{file}.lock"):
        trace = file.parent / "discarded" / file.name
        trace.parent.mkdir(exist_ok=True)
        for run in thrown:  # first the trace: a kill in between leaves a run in both files, and loses none
            _write_line(trace, {**asdict(run), "reason": reason})
        with places.replacing(file) as part:
            part.write_text("".join(json.dumps(asdict(run)) + "\n" for run in kept), encoding="utf-8")
    return len(thrown)


def summarise(variant: str, group: Iterable[Measurement], metric: str, *, unit: str = "%") -> Summary:
    """What `group`, one run or more of one variant, has in common in `metric`."""
    group = list(group)
    values = [run.metrics[metric] for run in group]
    sizes = [run.n[metric] for run in group]
    return Summary(
        variant=variant,
        mean=mean(values),
        sd=stdev(values) if len(values) > 1 else 0.0,
        low=min(values),
        high=max(values),
        seeds=len(values),
        n=min(sizes),
        seconds=mean(run.seconds for run in group),
        device=" and ".join(sorted({run.device for run in group})),
        unit=unit,
        values=tuple(values),
        most=max(sizes) if len(set(sizes)) > 1 else 0,
    )


def _file(name: str, folder: Path | None) -> Path:
    return (folder or shipped()) / f"{name}.jsonl"


def _read(file: Path, number: int, line: bytes) -> Measurement:
    try:
        run = Measurement(**json.loads(line))
        if not isinstance(run.metrics, dict) or run.metrics.keys() != run.n.keys():
            raise ValueError("its metrics and their n do not match")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{file.name}, line {number} is no run ({error}): {line[:60]!r}. Take it out, or restore the file with git."
        ) from None
    return run


def _write_line(file: Path, content: Mapping[str, object]) -> None:
    with file.open("ab+") as out:
        _mend_end(out)
        out.write(json.dumps(content).encode() + b"\n")
        out.flush()
        os.fsync(out.fileno())


def _is_whole(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):  # thousands of brackets are no line, either
        return False


def _mend_end(out: BinaryIO) -> None:
    """Leave the file open in `out` at the start of a line: what a kill cut short goes."""
    out.seek(0)
    content = out.read()
    rest = content[content.rfind(b"\n") + 1 :]
    if _is_whole(rest):
        out.write(b"\n")  # an editor took the last line's end away
    elif rest:
        out.truncate(len(content) - len(rest))
