"""Training against validation: the same classes, prepared alike, labelled alike?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from . import labels as forms
from . import trials
from .batches import rows
from .causes import finding
from .labels import Labels
from .patient import Patient, beyond_chance
from .verdict import Finding

TRIED = 2 << 20  # numbers in the pictures that are prepared in other ways, several copies of which are held
MUCH = 0.35  # beyond chance, 0–1: what one mend has to bring to be believed


def of_trained(p: Patient) -> Finding | None:
    """Called while the network is trained: classes numbered otherwise, or pictures prepared otherwise?"""
    if p.val is None or p.prepares or p.val.x.shape[1:] != p.x.shape[1:]:
        return None
    truth = forms.read(p.val.y)
    if truth.codes is None or truth.count < 2:
        return None
    x, truth = _some(p.val.x, truth)
    outputs, score = p.best_outputs(x, truth)
    if score > 0.5:
        return None
    told = [found for found in (_turned(p, x, truth, score), _renumbered(outputs, truth, score)) if found]
    # Exchanged channels may look like exchanged classes, seldom the other way round.
    return max(told, key=lambda pair: pair[0], default=(0, None))[1]


def _some(x: Tensor, truth: Labels) -> tuple[Tensor, Labels]:
    most = min(256, max(32, TRIED // x[0].numel()))
    if len(x) <= most:
        return x, truth
    chosen = torch.linspace(0, len(x) - 1, most).long()
    return x[chosen], truth.part(chosen)


def _renumbered(outputs: Tensor, truth: Labels, score: float) -> tuple[float, Finding] | None:
    """The network's answers fit once its classes get other numbers."""
    if outputs.ndim < 2 or outputs.shape[1] < 2 or truth.codes is None:
        return None
    from scipy.optimize import linear_sum_assignment

    values = truth.values[truth.codes].long().clamp(min=0)
    size = max(outputs.shape[1], int(values.max()) + 1)
    table = np.zeros((size, size))
    np.add.at(table, (outputs.argmax(dim=1).numpy(), values.numpy()), 1)
    from_, to = linear_sum_assignment(-table)
    share = table[from_, to].sum() / table.sum()
    new = beyond_chance(share, truth)
    moved = [(int(a), int(b)) for a, b in zip(from_, to, strict=True) if a != b and table[a, b] > 0]
    if new < score + MUCH or new < 0.6 or not moved:
        return None
    pairs = ", ".join(f"{a} → {b}" for a, b in moved[:6])
    return new, finding(
        "validation-classes-differ",
        f"{share:.0%} of the validation pictures are right once the classes are renumbered ({pairs})",
        "sure",
    )


def _turned(p: Patient, x: Tensor, truth: Labels, score: float) -> tuple[float, Finding] | None:
    """The network's answers fit once the validation pictures are prepared in another way."""
    ways = {"turned from BGR to RGB": lambda x: x.flip(1), "divided by 255": lambda x: x / 255}
    ways |= {"multiplied by 255": lambda x: x * 255, "turned by a quarter": lambda x: x.transpose(-1, -2)}
    dims = (0, 2, 3) if x.ndim == 4 else (0,)
    mean, deviation = p.x.mean(dims, keepdim=True), p.x.std(dims, keepdim=True)
    own, spread = x.mean(dims, keepdim=True), x.std(dims, keepdim=True).clamp(min=1e-6)
    ways["brought to the training pictures' mean and deviation"] = lambda x: (x - own) / spread * deviation + mean
    ways = ways if x.ndim == 4 else {told: way for told, way in ways.items() if "turned" not in told}
    tried = [(p.best_outputs(way(x), truth)[1], told) for told, way in ways.items()]
    new, told = max(tried)
    if new < score + MUCH or new < 0.5:
        return None
    seen = f"beyond guessing it gets {max(0, score):.0%} of validation right, and {new:.0%} once pictures are {told}"
    # Of two classes every exchange looks like exchanged labels; of more it would be a strange accident.
    return new + (0.05 if truth.count > 2 else -0.05), finding("validation-prepared-differently", seen)


def out_of_step(p: Patient, trial: trials.Trial, val_score: float) -> Finding | None:
    """Validation alone can be learned, and training does not help with it: then training's labels are wrong."""
    val = p.val
    if val is None or val_score > 0.2 or p.prepares or len(val.x) < 40 or val.x.shape[1:] != p.x.shape[1:]:
        return None
    truth = forms.read(val.y)
    if truth.codes is None or truth.count < 2:
        return None
    n = len(val.x)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    learn, judge = order[: 2 * n // 3], order[2 * n // 3 :]
    size = max(2, max(len(x) for x, _ in p.seen.pairs))
    kind = p.seen.pairs[0][0].dtype
    pairs = [(val.x[c].to(kind), rows(val.y, c, n)) for c in learn.split(size) if len(c) > 1]
    alone = trials.run(p, replace(trial, pairs=pairs, x=val.x[judge], labels=truth.part(judge)))
    chance = 1 / truth.count
    errors = (alone.score * (1 - chance)) / (chance * (1 - chance) / len(judge)) ** 0.5
    if alone.score < val_score + MUCH or alone.score < 0.4 or errors < 4:
        return None
    return finding(
        "labels-out-of-step",
        f"beyond guessing, a copy that learns from {len(learn)} validation pictures gets {alone.score:.0%} of the "
        f"others right; one that learns from training gets {max(0.0, val_score):.0%}",
    )
