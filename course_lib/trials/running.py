"""Runs, one after another, in several processes, or on a cluster. Whoever called writes down what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from pathlib import Path

import torch
from joblib import Parallel, cpu_count, delayed, parallel_config
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from .. import training
from . import evidence
from .evidence import Measurement

_KNOWN = ("value", "n", "seconds", "device", "source", "versions")


@dataclass(frozen=True)
class Task:
    """One run that is to be done; it travels to the process that does it."""

    trial: str
    variant: str
    seed: int
    settings: str
    run: Callable[[str, int], float | Mapping[str, object]]

    def measure(self, threads: int | None = None) -> Measurement:
        """Do it. What `run` does not tell is filled in: seconds, device, versions; n is 0, the source "generated".

        Args:
            threads: CPU threads that the run may use; None leaves them as they are.

        Raises:
            ValueError: the run gave something else than a finite number, alone or as `value` in a mapping.
        """
        with _threads(threads):
            start = time.perf_counter()
            found = self.run(self.variant, self.seed)
            filled = {
                "n": 0,
                "seconds": round(time.perf_counter() - start, 2),
                "device": training.device_name(torch.device(training.best_device())),
                "source": "generated",
                "versions": training.versions(),
            } | (dict(found) if isinstance(found, Mapping) else {"value": found})
        self._check(filled)
        filled |= {"value": float(filled["value"]), "n": int(filled["n"])}  # NumPy's numbers are not JSON's
        return Measurement(self.trial, self.variant, self.seed, settings=self.settings, **filled)

    def _check(self, found: Mapping[str, object]) -> None:
        value = found.get("value")
        if not isinstance(value, Real) or not isfinite(value) or set(found) - set(_KNOWN):
            raise ValueError(
                f"{self.trial}, {self.variant!r}, seed {self.seed} gave {dict(found)}; a run gives a finite number, "
                f"or a mapping with it as 'value' and any of {', '.join(_KNOWN[1:])}. One that diverged gives what "
                "guessing would."
            )


def fill(variants: Iterable, seeds: int, *, jobs: int = 1, scheduler: str = "", folder: Path | None = None) -> int:
    """Do each run of `variants` (`trial.Variant`) with the seeds 0 to `seeds` − 1 that is not stored; returns how many.

    Every run is stored as soon as it is back. After a kill, or when a run raises, the next call does the rest.
    """
    if seeds < 1 or jobs < 1:
        raise ValueError(f"fill got seeds={seeds} and jobs={jobs}; it wants 1 or more of each.")
    stored = {variant: variant.stored(folder) for variant in variants}
    # Seed by seed: a trial that is stopped half-way has pairs, and the variants of a seed can share a training.
    tasks = [variant.task(seed) for seed in range(seeds) for variant, runs in stored.items() if seed not in runs]
    if tasks:
        with _workers(min(jobs, len(tasks)), scheduler) as (workers, threads):
            # One run a parcel: a worker that dies takes no finished run with it.
            work = Parallel(workers, batch_size=1, return_as="generator_unordered")
            found = work(delayed(Task.measure)(task, threads) for task in tasks)
            for measurement in tqdm(found, total=len(tasks), unit=" runs", desc=tasks[0].trial, leave=False):
                evidence.append(measurement, folder)
    return len(tasks)


@contextmanager
def _workers(jobs: int, scheduler: str) -> Iterator[tuple[int, int | None]]:
    """(joblib's number of jobs, CPU threads for each or None) while joblib works here, or on the cluster."""
    if not scheduler:
        # Processes that each take all cores wait for each other: two are slower than one.
        yield jobs, max(1, cpu_count() // jobs) if jobs > 1 else None
        return
    try:
        from distributed import Client
    except ImportError:
        raise ImportError(
            f"scheduler={scheduler!r} wants a Dask cluster, and the package `distributed` is not here. "
            "Install it (python -m pip install distributed), or leave the scheduler out."
        ) from None
    # Each worker keeps the threads that it was started with (`dask worker --nthreads`).
    with Client(scheduler, timeout=20), parallel_config(backend="dask"):
        yield -1, None


@contextmanager
def _threads(count: int | None) -> Iterator[None]:
    """At most `count` CPU threads for torch, BLAS and OpenMP; None changes nothing."""
    if count is None:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)
