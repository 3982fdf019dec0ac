"""Runs, one after another, in several processes, or on a cluster. Whoever called writes down what comes back."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

from . import evidence
from .evidence import Measurement
from .settings import Result, Settings

Run = Callable[[Mapping[str, object], int], Mapping[str, float] | Result]
"""run(settings, seed) → {metric: value}, or a `Result` that also says n, source or seconds."""

_PACKAGES = ("torch", "torchvision", "numpy", "scipy", "scikit-learn", "keras")


@dataclass(frozen=True)
class Task:
    """One run that is to be done; it travels to the process that does it."""

    experiment: str
    variant: str
    settings: Mapping[str, object]
    seed: int
    run: Run
    metrics: tuple[str, ...]
    shared: bool = False

    def measure(self, threads: int | None = None) -> Measurement:
        """Do it, and say what is known of it.

        Args:
            threads: CPU threads that the run may use; None leaves them as they are.

        Raises:
            ValueError: the run gave other metrics than its experiment has, or no finite numbers, or it did not read
                each of its settings.
            KeyError: it asked for a setting that is not there.
        """
        settings = Settings(self.settings)
        with thread_limit(threads):
            start = time.perf_counter()
            result = self.run(settings, self.seed)
            seconds = time.perf_counter() - start
            device = hardware()
        try:
            result = result if isinstance(result, Result) else Result(result)
            self._check(result, settings)
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{self.experiment}, {self.variant!r}, seed {self.seed}: {error}") from None
        return Measurement(
            experiment=self.experiment,
            variant=self.variant,
            seed=self.seed,
            metrics=dict(result.metrics),
            n=result.counted,
            seconds=round(seconds if result.seconds is None else result.seconds, 2),
            shared=self.shared,
            device=result.device or device,
            source=result.source,
            versions=versions(),
            settings=evidence.digest(self.settings),
        )

    def _check(self, result: Result, settings: Settings) -> None:
        if set(result.metrics) != set(self.metrics):
            raise ValueError(f"the run gave {sorted(result.metrics)}; its experiment has {sorted(self.metrics)}.")
        if settings.unread:
            raise ValueError(
                f"the run never read {', '.join(sorted(settings.unread))}. A setting that decides nothing makes two "
                "runs differ in name only: take it out of the variant, or read it."
            )


def fill(variants: Iterable, seeds: int, *, jobs: int = 1, scheduler: str = "", folder: Path | None = None) -> int:
    """Do each run of `variants` (`trial.Variant`) with the seeds 0 to `seeds` − 1 that is not stored; returns how many.

    Every run is stored as soon as it is back. After a kill, or when a run raises, the next call does the rest.
    """
    if seeds < 1 or jobs < 1:
        raise ValueError(f"fill got seeds={seeds} and jobs={jobs}; it wants 1 or more of each.")
    from joblib import Parallel, delayed
    from tqdm import tqdm

    stored = {variant: variant.stored(folder) for variant in variants}
    # Seed by seed: a trial that is stopped half-way has pairs, and the variants of a seed can share a training.
    tasks = [variant.task(seed) for seed in range(seeds) for variant, runs in stored.items() if seed not in runs]
    if tasks:
        with _workers(min(jobs, len(tasks)), scheduler) as (workers, threads):
            # One run a parcel: a worker that dies takes no finished run with it.
            work = Parallel(workers, batch_size=1, return_as="generator_unordered")
            measured = work(delayed(Task.measure)(task, threads) for task in tasks)
            for measurement in tqdm(measured, total=len(tasks), unit=" runs", desc=tasks[0].experiment, leave=False):
                evidence.append(measurement, folder)
    return len(tasks)


@cache
def versions() -> dict[str, str]:
    """Package → version of what a result may depend on; what is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def hardware(*, cpu: bool = False) -> str:
    """The graphics card's name, or the CPU's with the number of threads: "Intel(R) Xeon(R) …, 2 threads".

    `cpu` is for work that leaves a graphics card idle.
    """
    import torch

    if torch.cuda.is_available() and not cpu:
        return torch.cuda.get_device_name()
    return f"{_cpu()}, {torch.get_num_threads()} threads"


@cache
def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "CPU"


@contextmanager
def _workers(jobs: int, scheduler: str) -> Iterator[tuple[int, int | None]]:
    """(joblib's number of jobs, CPU threads for each or None) while joblib works here, or on the cluster."""
    from joblib import cpu_count, parallel_config

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
def thread_limit(count: int | None) -> Iterator[None]:
    """At most `count` CPU threads for torch, BLAS and OpenMP; None changes nothing."""
    if count is None:
        yield
        return
    import torch
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        with threadpool_limits(count):
            yield
    finally:
        torch.set_num_threads(before)
