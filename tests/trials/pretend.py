"""Runs that take no time and no pictures. They stand in a module, so that worker processes can import them."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import torch

from course_lib.trials import Experiment, Trial

GAIN = {"plain": 0.0, "wide": 0.03, "narrow": 0.0}


def run(variant: str, seed: int) -> float:
    """About 0.8, the same for the same variant and seed; "wide" is 3 points better."""
    split, start = random.Random(seed), random.Random(f"{variant} {seed}")
    return 0.8 + GAIN[variant] + split.gauss(0, 0.02) + start.gauss(0, 0.001)


def run_with_details(variant: str, seed: int) -> dict[str, object]:
    return {"value": run(variant, seed), "n": 100, "source": "stand-in", "seconds": 1.5}


def run_and_tell_threads(variant: str, seed: int) -> float:
    return float(torch.get_num_threads())


def fail_at_two(variant: str, seed: int) -> float:
    if seed == 2:
        raise RuntimeError("seed 2 fails")
    return run(variant, seed)


def diverge(variant: str, seed: int) -> float:
    return float("nan")


def die_once(marker: Path, variant: str, seed: int) -> float:
    """The first process that comes to seed 3 is gone at once, as one that the system has killed for its memory."""
    if seed == 3 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return run(variant, seed)


def experiment(run=run, **settings) -> Experiment:
    """Three variants whose runs are `run`, with `settings` for all of them."""
    return Experiment(name="pretend", run=run, variants={name: {"of": name, **settings} for name in GAIN})


def trial(run=run, *, variant: str = "wide", **settings) -> Trial:
    """Is `variant` better than "plain"? A point matters."""
    made = experiment(run, **settings)
    return Trial(name="demo", claim="It helps.", variant=made[variant], baseline=made["plain"], smallest_effect=0.01)
