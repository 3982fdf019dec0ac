"""Runs that take no time and no pictures. They stand in a module, so that worker processes can import them."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Mapping
from pathlib import Path

import torch

from course_lib.study import Experiment, Metric, Result, Trial

Settings = Mapping[str, object]
VARIANTS = {"plain": 0.0, "wide": 0.03, "narrow": 0.0}  # what each gains


def value(kind: str, gain: float, seed: int) -> float:
    """About 0.8 plus `gain`, the same for the same kind and seed."""
    split, start = random.Random(seed), random.Random(f"{kind} {seed}")
    return 0.8 + gain + split.gauss(0, 0.02) + start.gauss(0, 0.001)


def run(settings: Settings, seed: int) -> dict[str, float]:
    """Two metrics; "wide" is 3 points better in the first. "scale" and "epochs" are read, and change nothing."""
    gain, _ = settings["gain"], (settings["scale"], settings["epochs"])
    accuracy = value(settings["of"], gain, seed)
    return {"accuracy": accuracy, "seconds": 2.0 + accuracy}


def run_with_details(settings: Settings, seed: int) -> Result:
    details = {"n": {"accuracy": 100, "seconds": 0}, "source": "stand-in", "seconds": 1.5, "device": "an abacus"}
    return Result(run(settings, seed), **details)


def run_and_tell_threads(settings: Settings, seed: int) -> dict[str, float]:
    return {**run(settings, seed), "accuracy": torch.get_num_threads()}


def fail_at_two(settings: Settings, seed: int) -> dict[str, float]:
    if seed == 2:
        raise RuntimeError("seed 2 fails")
    return run(settings, seed)


def diverge(settings: Settings, seed: int) -> dict[str, float]:
    return {**run(settings, seed), "accuracy": float("nan")}


def leave_unread(settings: Settings, seed: int) -> dict[str, float]:
    return {"accuracy": value(settings["of"], settings["gain"], seed), "seconds": float(settings["scale"] == "full")}


def ask_for_more(settings: Settings, seed: int) -> dict[str, float]:
    return {"accuracy": settings["rate"]}


def leave_out_a_metric(settings: Settings, seed: int) -> dict[str, float]:
    return {"accuracy": run(settings, seed)["accuracy"]}


def give_nothing(settings: Settings, seed: int) -> None:
    run(settings, seed)


def die_once(marker: Path, settings: Settings, seed: int) -> dict[str, float]:
    """The first process that comes to seed 3 is gone at once, as one that the system has killed for its memory."""
    if seed == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return run(settings, seed)


def experiment(run=run, *, epochs: int = 1) -> Experiment:
    """Three variants whose runs are `run`."""
    variants = {name: {"of": name, "gain": gain, "scale": "full", "epochs": epochs} for name, gain in VARIANTS.items()}
    metrics = {"accuracy": Metric(), "seconds": Metric("s", lower_is_better=True)}
    return Experiment(name="pretend", run=run, variants=variants, metrics=metrics, quick={"scale": "small"})


def trial(run=run, *, variant: str = "wide", metric: str = "", epochs: int = 1) -> Trial:
    """Is `variant` better than "plain"? A point matters."""
    made = experiment(run, epochs=epochs)
    return Trial(
        name="demo",
        claim="It helps.",
        variant=made[variant],
        baseline=made["plain"],
        metric=metric,
        smallest_effect=0.01,
    )
