"""What the runs measure: the names of the metrics, and how each is computed."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ... import openset
from ...study import Result

# Part of the world → name of the metric on it.
AUROC = {"near": "AUROC, near unknowns", "far": "AUROC, far unknowns"}
OSCR = {"near": "OSCR, near unknowns"}
FPR = {"near": "known rejected where 95 % of the near unknown are"}
SURE = {"near": "near unknowns answered with 0.99 or more", "far": "far unknowns answered with 0.99 or more"}
MEAN = {
    "known": "mean highest probability, known",
    "near": "mean highest probability, near unknowns",
    "far": "mean highest probability, far unknowns",
}
LET_IN = {"near": "near unknowns let in", "far": "far unknowns let in"}
REJECTED = "known rejected by a threshold at 5 %"
ACCURACY = "accuracy on the known"
PRECISION = "frames answered with a logo that are right"
RECALL = "frames with a known logo that are answered right"
F1 = "F1 over frames"
FALSE_ALARMS = "false alarms"
MILLISECONDS = "milliseconds a frame"

Measures = dict[str, tuple[float, int]]
"""Name of a metric → (value, pictures that it was measured on)."""


def result(measures: Mapping[str, tuple[float, int]], source: str) -> Result:
    """What a run gives."""
    values = {name: float(value) for name, (value, _) in measures.items()}
    return Result(values, n={name: count for name, (_, count) in measures.items()}, source=source)


def accuracy(right: Tensor) -> Measures:
    """Of bool [N], which known pictures are answered right."""
    return {ACCURACY: (right.float().mean().item(), len(right))}


def certainties(highest: Mapping[str, Tensor], sure: float) -> Measures:
    """`highest` is part → highest probabilities [N]: their means, and of unknowns the share with `sure` or more."""
    means = {MEAN[part]: (p.mean().item(), len(p)) for part, p in highest.items()}
    shares = {SURE[part]: ((p >= sure).double().mean().item(), len(p)) for part, p in highest.items() if part in SURE}
    return means | shares


def areas(known: Tensor, near: Tensor, far: Tensor) -> Measures:
    """AUROC near and far, of unknown scores [N]."""
    return {
        AUROC["near"]: (openset.auroc(known, near), len(known) + len(near)),
        AUROC["far"]: (openset.auroc(known, far), len(known) + len(far)),
    }


def open_set(known: Tensor, near: Tensor, right: Tensor) -> Measures:
    """OSCR near, of unknown scores [N] and which known pictures are named right."""
    return {OSCR["near"]: (openset.oscr(known, right, near), len(known) + len(near))}


def false_positives(known: Tensor, near: Tensor) -> Measures:
    """Known rejected where 95 % of the near unknown are, of unknown scores [N]."""
    return {FPR["near"]: (openset.fpr_at_tpr(known, near), len(known) + len(near))}
