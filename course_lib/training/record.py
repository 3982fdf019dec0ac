"""What a run leaves behind: its settings, each epoch, how many pictures, on what machine."""

from __future__ import annotations

import json
import math
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from ..data import places
from .settings import Settings


@dataclass(frozen=True)
class Epoch:
    """What one pass over the pictures gave; losses in nats, accuracies 0 to 1."""

    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Run:
    """The record of a run: enough to repeat it, and to say what a number in a lesson rests on."""

    settings: Settings
    history: tuple[Epoch, ...]
    n_train: int
    n_val: int
    source: str
    device: str
    seconds: float
    stopped_early: bool = False
    versions: dict[str, str] = field(default_factory=lambda: versions())

    @property
    def best(self) -> Epoch:
        """The epoch with the lowest validation loss."""
        return self.history[argmin([epoch.val_loss for epoch in self.history])]

    def __str__(self) -> str:
        facts = f"n = {self.n_val:,}, {self.source}, seed {self.settings.seed}"
        return (
            f"{len(self.history)} epochs in {self.seconds:.0f} s on {self.device}: "
            f"validation accuracy {self.history[-1].val_accuracy:.1%} ({facts})"
        )

    def save(self, path: str | Path) -> Path:
        """Write the record as JSON."""
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with places.replacing(path) as part:
            part.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        return path


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    return {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}


def argmin(values: list[float]) -> int:
    """Position of the smallest, the first among equals; NaN counts as the largest. −1 where there are none."""
    return min(range(len(values)), key=lambda k: math.inf if math.isnan(values[k]) else values[k], default=-1)
