"""What can be changed in a trial of a torch network, each change for one cause, the most telling first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import nn

from . import fits, looks, modes, trials
from .patient import Patient
from .schedules import plateaus
from .trials import Change


class Treatment(NamedTuple):
    """One change, for one cause."""

    cause: str
    change: Change
    words: str
    seen: str = ""
    suspected: bool = False


def suspected(p: Patient) -> Iterator[Treatment]:
    """What was seen to be unusual, the most telling first."""
    seen = dict(fits.suspects(p))
    if text := looks.alike(p):
        yield Treatment("weights-alike", trials.begun_anew, "begun from random weights", text, True)
    for cause, change, told in (
        ("relu-on-logits", trials.without_last_relu, "without the last ReLU"),
        ("softmax-before-cross-entropy", trials.without_softmax, "without the softmax"),
        ("not-in-train-mode", trials.in_train_mode, "in train mode"),
        ("gradients-clipped-away", trials.not_clipped, "with gradients clipped at 1"),
        ("activations-missing", trials.rectified, "with a ReLU behind each layer but the last"),
    ):
        if cause in seen:
            yield Treatment(cause, change, told, seen[cause], True)
    if text := looks.left_out(p):
        yield Treatment("optimizer-holds-a-part", trials.all_weights, "with all weights in the optimizer", text, True)
    yield from _of_rates(p)
    if p.low:
        yield Treatment("learning-rate-too-low", trials.first_rates, "at the rate it was made with", p.low, True)
    if asked := plateaus(p):
        yield Treatment("scheduler-too-often", trials.constant_rate, "with the rate as it is", asked, True)
    scale, low_high = looks.scale_of(p.x), looks.spread_of_weights(p)
    if low_high[1] > 4 or low_high[0] < 0.1:
        cause = "initial-weights-too-large" if low_high[1] > 4 else "initial-weights-too-small"
        text = f"weights are {low_high[0]:.2g} to {low_high[1]:.2g} times √(2 / inputs), as root mean square"
        yield Treatment(cause, trials.begun_anew, "begun from usual random weights", text, True)
    rate = max((m.p for m in p.model.modules() if isinstance(m, nn.modules.dropout._DropoutNd)), default=0)
    if rate > 0.6:
        yield Treatment("dropout-too-strong", trials.no_dropout, "without dropout", f"p is {rate:.2g}", True)
    decay = max((g.get("weight_decay", 0) for o in p.optimizers for g in o.param_groups), default=0)
    if decay > 0.02:
        yield Treatment("weight-decay-too-strong", trials.no_decay, "without weight decay", f"it is {decay:g}", True)
    if along := seen.get("weight-decay-too-strong"):
        yield Treatment("weight-decay-too-strong", trials.only_the_loss, "without what is added to it", along, True)
    if other := modes.other_pretraining(p):
        told = "with the statistics of the pictures at hand in every BatchNorm"
        yield Treatment("preprocessing-missing", modes.norms_of_batch, told, other, True)
    if looks.scrambled(p.x):
        text = "read as [B, H, W, C] the same numbers make smoother pictures"
        yield Treatment(
            "channels-last", trials.seen_as(_unscrambled), "with channels permuted, not reshaped", text, True
        )
    if scale:
        cause = "inputs-scaled-twice" if scale == "tiny" else _not_prepared(p)
        yield Treatment(cause, trials.normalised(p), "with normalised inputs", looks.range_of(p.x), True)


def _not_prepared(p: Patient) -> str:
    """What to call inputs of an unusual range: a network with frozen weights was trained on others."""
    frozen = any(not w.requires_grad and w.ndim > 1 for w in p.model.parameters())
    return "preprocessing-missing" if frozen else "inputs-not-normalised"


def _of_rates(p: Patient) -> Iterator[Treatment]:
    """Rates far from those that an optimizer is mostly begun with."""
    ratios = [
        (group["lr"] / trials.usual_rate(p, o), group["lr"], type(o).__name__)
        for o in p.optimizers
        for group in o.param_groups
    ]
    for ratio, value, name in (max(ratios, default=(1, 0, "")), min(ratios, default=(1, 0, ""))):
        if 1 / 200 <= ratio <= 30:
            continue
        cause = "learning-rate-too-high" if ratio > 1 else "learning-rate-too-low"
        yield Treatment(cause, trials.usual_rates, "at the usual rate", f"lr is {float(value):g} with {name}", True)


def _unscrambled(x: torch.Tensor) -> torch.Tensor:
    n, c, h, w = x.shape
    return x.contiguous().reshape(n, h, w, c).permute(0, 3, 1, 2)


def others(p: Patient) -> Iterator[Treatment]:
    """What can be tried with every network."""
    sizes = sorted({group["lr"] for o in p.optimizers for group in o.param_groups})
    rates = f"lr is {', '.join(f'{float(r):g}' for r in sizes)}"
    if decay := max((g.get("weight_decay", 0) for o in p.optimizers for g in o.param_groups), default=0):
        yield Treatment("weight-decay-too-strong", trials.no_decay, "without weight decay", f"it is {decay:g}")
    if "dropout" in p.trace[0].ops:
        yield Treatment("dropout-too-strong", trials.no_dropout, "without dropout")
    yield Treatment("loss-maximised", trials.upside_down, "with every step the other way")
    for factor, cause in (
        (1 / 10, "high"),
        (10, "low"),
        (1 / 100, "high"),
        (100, "low"),
        (1000, "low"),
        (1e-3, "high"),
    ):
        told = f"at {factor:g} times the learning rate"
        yield Treatment(f"learning-rate-too-{cause}", trials.rate(factor), told, rates)
    yield Treatment(_not_prepared(p), trials.normalised(p), "with normalised inputs", looks.range_of(p.x))
    yield Treatment("not-in-train-mode", trials.in_train_mode, "in train mode")
    yield Treatment("gradients-clipped-away", trials.not_clipped, "with gradients clipped at 1")
    if {"sigmoid", "tanh"} & set(p.trace[0].ops):
        yield Treatment("gradients-vanish", trials.relu_for_sigmoid, "with ReLU for sigmoid, and scaled layers")
    yield Treatment("initial-weights-too-small", trials.begun_anew, "begun from other random weights")
