"""The evidence store: what the trials measured, one JSON line a run, kept in git."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev

from ..data import places


@dataclass(frozen=True)
class Measurement:
    """One run of one variant of a trial.

    Attributes:
        trial, variant: what was tried; a variant is one bar or one dot in a figure.
        seed: of the split and of the training.
        value: the metric, in the trial's unit (accuracies 0–1).
        n: pictures that `value` was measured on.
        seconds: wall time of the run, on `device`.
        source: "real" or "stand-in".
        settings: digest of all that decides the run; a run with another digest is another run.
    """

    trial: str
    variant: str
    seed: int
    value: float
    n: int
    seconds: float
    device: str
    source: str
    versions: dict[str, str]
    settings: str


@dataclass(frozen=True)
class Summary:
    """Mean, standard deviation and range of `value` over seeds; `sd` is 0 for a single one."""

    variant: str
    mean: float
    sd: float
    low: float
    high: float
    seeds: int
    n: int
    seconds: float
    device: str

    def __str__(self) -> str:
        return f"{self.mean:.1%} ± {self.sd:.1%} ({self.seeds} seeds, n = {self.n:,} each)"


def digest(**settings) -> str:
    """A short digest of settings, the same on every machine."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).hexdigest()[:16]


def file_of(trial: str) -> Path:
    """Where the runs of `trial` are kept."""
    return places.shipped("evidence") / f"{trial}.jsonl"


def runs(trial: str) -> list[Measurement]:
    """All stored runs of `trial`, in the order in which they were made."""
    file = file_of(trial)
    if not file.is_file():
        return []
    return [Measurement(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines() if line]


def measure(trial: str, variant: str, seed: int, settings: str, run: Callable[[], dict]) -> Measurement:
    """The stored run, or a new one: `run()` gives value, n, seconds, device, source and versions."""
    for stored in runs(trial):
        if (stored.variant, stored.seed, stored.settings) == (variant, seed, settings):
            return stored
    found = Measurement(trial=trial, variant=variant, seed=seed, settings=settings, **run())
    file = file_of(trial)
    file.parent.mkdir(parents=True, exist_ok=True)
    # One short write in append mode: two processes that measure at once do not mix their lines.
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(found)) + "\n")
    return found


def summary(trial: str) -> dict[str, Summary]:
    """What is known about each variant of `trial`, in the order in which they first ran."""
    groups: dict[str, list[Measurement]] = {}
    for run in runs(trial):
        groups.setdefault(run.variant, []).append(run)
    return {variant: _summarise(variant, group) for variant, group in groups.items()}


def _summarise(variant: str, group: list[Measurement]) -> Summary:
    values = [run.value for run in group]
    return Summary(
        variant=variant,
        mean=mean(values),
        sd=stdev(values) if len(values) > 1 else 0.0,
        low=min(values),
        high=max(values),
        seeds=len(values),
        n=group[0].n,
        seconds=mean(run.seconds for run in group),
        device=group[0].device,
    )
