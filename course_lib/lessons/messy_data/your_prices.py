"""7a's question, asked of a reader's own folder: what do errors cost, by three ways to decide on one probe?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ... import data, decide, features, metrics, models
from ...data import ImageSet
from .decisions import costs

LEAST = 12  # pictures of a class: half to fit on, a quarter to calibrate on, a quarter for the test
LITTLE = 1.1  # a cost so many times as high is no clear loss on a test of this size


@dataclass(frozen=True)
class Rule:
    """One way to decide: what 100 test pictures cost, and how many of the precious class are found, 0–1."""

    name: str
    cost: float
    found: float

    def __str__(self) -> str:
        return f"{self.name:34} {self.cost:8.1f} {self.found:12.0%}"


@dataclass(frozen=True)
class Prices:
    """What three rules cost on the same `n` test pictures, `support` of them of the class `precious`; `error` is the
    calibration error of the probe, 0–1."""

    rows: tuple[Rule, ...]
    precious: str
    missed: float
    error: float
    n: int
    support: int

    def __str__(self) -> str:
        head = f"{f'of n = {self.n:,} test pictures':34} {'cost/100':>8} {'found':>12}"
        said = f"{self.precious!r} (n = {self.support}) missed costs {self.missed:g}, any other error 1."
        return "\n".join([f"{said} Calibration error {self.error:.1%}.", head, *map(str, self.rows), "", self.next])

    @property
    def next(self) -> str:
        """What we would do, in words."""
        plain, best = self.rows[0].cost, min(self.rows, key=lambda row: row.cost)
        if best.cost * LITTLE >= plain:
            return "On these pictures the likeliest class costs about as little: decide by it, and ask again with more."
        return (
            f"Cheapest here, of three tried: {best.name}. It rests on {self.support} pictures of {self.precious!r}; "
            "check it on others before you rely on it."
        )


def prices(folder: str | ImageSet, precious: str | None = None, missed: float = 10.0, *, seed: int = 0) -> Prices:
    """A frozen network and a probe: fitted on half, calibrated on a quarter, tested on a quarter of the pictures.

    Args:
        folder: of your pictures, with a folder a class (`data.from_folder`), or an `ImageSet`.
        precious: the class that must not be missed; None takes the one with the fewest pictures.
        missed: what it costs to miss it, above 0; any other error costs 1.
        seed: of the split.

    Raises:
        ValueError: fewer than two classes, a class of fewer than 12 pictures, an unknown class, a price that is none.
        DataError: the folder cannot be read.
    """
    pictures = folder if isinstance(folder, ImageSet) else data.from_folder(folder)
    _check(pictures, precious, missed)
    chosen = precious or min(pictures.counts, key=pictures.counts.__getitem__)
    number = pictures.classes.index(chosen)
    val, test = _answered(pictures, seed)
    logits, labels = test
    p = logits.softmax(dim=1)
    calm = (logits / decide.temperature(*val)).softmax(dim=1)
    cost = costs(len(pictures.classes), number, missed)
    answers = {
        "likeliest class": p.argmax(dim=1),
        "least expected cost": decide.by_cost(p, cost),
        "least expected cost, calibrated": decide.by_cost(calm, cost),
    }
    rows = tuple(_rule(name, given, labels, cost, number) for name, given in answers.items())
    support = int((labels == number).sum())
    return Prices(rows, chosen, missed, metrics.expected_calibration_error(p, labels), len(labels), support)


def _rule(name: str, answers: Tensor, labels: Tensor, cost: Tensor, number: int) -> Rule:
    found = (answers[labels == number] == number).double().mean().item()
    return Rule(name, 100 * decide.mean_cost(answers, labels, cost), found)


def _answered(pictures: ImageSet, seed: int) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """(logits, labels) in validation, and in the test."""
    seen = features.extract(models.backbone("mobilenet_v2_035"), pictures, pooling="mean", progress=False, cache=False)
    place = torch.full((int(pictures.rows.max()) + 1,), -1)
    place[pictures.rows] = torch.arange(len(pictures))
    train, val, test = (place[part.rows].numpy() for part in pictures.split((2, 1, 1), seed=seed))
    labels = np.asarray(pictures.labels)
    probe = features.probe(seen[train], labels[train], seen[val], labels[val])
    return tuple((probe.log_probabilities(seen[part]), torch.tensor(labels[part])) for part in (val, test))


def _check(pictures: ImageSet, precious: str | None, missed: float) -> None:
    few = {name: n for name, n in pictures.counts.items() if n < LEAST}
    if len(pictures.classes) < 2 or few:
        told = ", ".join(f"{name} ({n})" for name, n in few.items()) or f"{len(pictures.classes)} class"
        raise ValueError(f"prices got {told}; it wants two classes or more, of {LEAST} pictures each or more.")
    if precious is not None and precious not in pictures.classes:
        raise ValueError(f"prices got precious={precious!r}; it wants one of {', '.join(pictures.classes)}.")
    if not isinstance(missed, int | float) or not 0 < missed < float("inf"):
        raise ValueError(f"prices got missed={missed!r}; it wants a price above 0, such as 10.")
