"""One attempt at the record, with the clock around it: what an entry is given, and what counts."""

from __future__ import annotations

import time
from dataclasses import dataclass

import joblib
import torch
from torch import Tensor

from ... import checks
from ...data import ImageSet
from ...study import running
from .entries import Entry
from .splits import SPLITS

THREADS = 2


@dataclass(frozen=True)
class Attempt:
    """What an entry reached, and how long it took.

    Attributes:
        accuracy: share of the `n` test pictures that are right, 0–1.
        balanced: mean of the recalls of the classes that are in the test, 0–1.
        seconds: wall time from uint8 pictures in memory to the last prediction.
        busy: cores that were at work on it in the mean; well below `THREADS` where others kept them.
        hardware: the CPU, the threads that were used, and the cores that are there.
        source: of the pictures: "real", "stand-in" or "generated".
    """

    accuracy: float
    balanced: float
    n: int
    seconds: float
    busy: float
    hardware: str
    source: str


def attempt(name: str, entry: Entry, pictures: ImageSet, *, split: str, seed: int) -> Attempt:
    """Part `pictures` in the way of `SPLITS` that is called `split`, run `entry` on `THREADS` threads, score it.

    Raises:
        ValueError: a machine with fewer cores, an entry that took more threads, or predictions that are none.
    """
    before = hardware()
    train, test = in_memory(pictures, split, seed)
    # A package that an entry needs is there before the clock starts, as the course itself is.
    import torchvision.models  # noqa: F401

    shown = test.images
    with running.thread_limit(THREADS), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        cpu, start = time.process_time(), time.perf_counter()
        predictions = entry(train, shown, seed)
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        threads = torch.get_num_threads()
    if threads > THREADS:
        raise ValueError(f"{name} set torch to {threads} threads; the record wants {THREADS}. Leave them as they are.")
    answers = checks.labels(predictions, name, classes=len(test.classes), n=len(test), what="predictions")
    right = answers == test.labels
    recalls = [right[test.labels == label].double().mean() for label in test.labels.unique()]
    return Attempt(
        accuracy=right.double().mean().item(),
        balanced=torch.stack(recalls).mean().item(),
        n=len(test),
        seconds=seconds,
        busy=cpu / seconds,
        hardware=before,
        source=test.source,
    )


def in_memory(pictures: ImageSet, split: str, seed: int) -> tuple[ImageSet, ImageSet]:
    """(train, test), each with a store of its own: behind `train` there is no test picture, and no file name."""
    train, test = SPLITS[split](pictures, seed)
    return train.changed(_as_they_are), test.changed(_as_they_are)


def hardware() -> str:
    """ "AMD EPYC …, 2 threads, 4 cores". ValueError where fewer than `THREADS` cores may be used."""
    cores = joblib.cpu_count()
    if cores < THREADS:
        raise ValueError(f"the record got a machine with {cores} core that may be used; it wants {THREADS}.")
    with running.thread_limit(THREADS):
        return f"{running.hardware(cpu=True)}, {cores} cores"


def _as_they_are(images: Tensor) -> Tensor:
    return images
