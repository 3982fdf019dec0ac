"""What a scheduler makes of the rate over the next epochs."""

from __future__ import annotations

import warnings
from itertools import pairwise

from torch.optim.lr_scheduler import ReduceLROnPlateau

from .causes import finding
from .patient import Patient
from .trials import usual_rate
from .verdict import Finding

LITTLE, STEPS = 0.02, 50  # of the rate's peak; batches in an epoch where they are not known
LOW, WATCHED = 20, 300  # times below the usual rate; steps of a scheduler in which a warm-up is well under way
_ENDING = ("PolynomialLR", "LinearLR", "LambdaLR", "OneCycleLR", "SequentialLR", "ChainedScheduler")


def too_often(p: Patient) -> Finding | None:
    """A scheduler that is stepped for every batch and takes the rate to almost nothing within an epoch or two."""
    if not p.schedulers and (by_hand := _by_hand(p)):
        return by_hand
    running = [s for s in p.schedulers if not isinstance(s, ReduceLROnPlateau)]
    times = sum(step.schedulers > 0 for step in p.trace)
    if not running or not p.own or times < len(p.trace) / 2 or not times:
        return None
    n = max(4, p.seen.steps or STEPS)
    for scheduler in running:
        course = _course(p, scheduler, 3 * n)
        peak, first = max(course[:n]), sum(course[:n]) / n
        if len(course) < 3 * n or peak <= 0:
            continue
        later = sum(course[n:]) / (2 * n)
        if later < LITTLE * peak and (first < 0.3 * peak or type(scheduler).__name__ not in _ENDING):
            return finding(
                "scheduler-too-often",
                f"{type(scheduler).__name__} is stepped for every batch; in one epoch of {n} batches the "
                f"rate goes from {course[0]:.3g} to {course[n - 1]:.3g}",
                "sure",
            )
    return None


def plateaus(p: Patient) -> str | None:
    """What is measured where ReduceLROnPlateau judges single batches, whose losses go up and down by chance."""
    asked = [s for s in p.schedulers if isinstance(s, ReduceLROnPlateau)]
    if not asked or not p.own or not all(step.schedulers for step in p.trace):
        return None
    return f"{type(asked[0]).__name__} gets the loss of every batch, with a patience of {asked[0].patience} batches"


def never_risen(p: Patient) -> str | None:
    """What is measured where a scheduler holds the rate far below what the optimizer was made with, for good."""
    for scheduler in (s for s in p.schedulers if not isinstance(s, ReduceLROnPlateau)):
        made = max(float(g.get("initial_lr") or 0) for g in scheduler.optimizer.param_groups)
        highest = max(_course(p, scheduler, max(WATCHED, 3 * (p.seen.steps or 0))))
        if highest <= LITTLE * made and highest <= usual_rate(p, scheduler.optimizer) / LOW:
            return (
                f"the optimizer was made with {made:.3g}, and {type(scheduler).__name__} never lets the rate above "
                f"{highest:.3g}: it wants a factor"
            )
    return None


def _by_hand(p: Patient) -> Finding | None:
    """The step itself multiplies the rate by less than 1, each time."""
    rates = [step.rate for step in p.trace if step.error is None and "step" in step.events]
    factors = [b / a for a, b in pairwise(rates) if a > 0]
    n = max(4, p.seen.steps or STEPS)
    if not p.own or not factors or max(factors) ** n >= LITTLE or max(factors) >= 1:
        return None
    told = f"the step multiplies the rate by {max(factors):.3g}: after an epoch of {n} batches little is left of it"
    return finding("scheduler-too-often", told, "sure")


def _course(p: Patient, scheduler: object, steps: int) -> list[float]:
    """The rate at each of the next steps; shorter where the scheduler ends before."""
    rates = list[float]()
    p.snapshot.restore()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for _ in range(steps):
                rates.append(max(float(g["lr"]) for g in scheduler.optimizer.param_groups))  # type: ignore[attr-defined]
                scheduler.step()  # type: ignore[attr-defined]
    except Exception:  # OneCycleLR ends so
        pass
    finally:
        p.snapshot.restore()
    return rates or [0.0]
