"""What eval mode does to a network: dropout that goes on, averages that lag, averages of other pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from . import trials
from .causes import finding
from .labels import Labels
from .patient import Patient, norm_layers
from .verdict import Finding

WORSE = 0.2  # beyond chance, 0–1: what dropout, or averages that lag, have to cost
SLOW = 0.03  # of the way to the batch's own statistics that averages go in a step: torch's default is 0.1, Keras's 0.01
FAR = 8.0  # deviations, or times a deviation, between what a frozen BatchNorm was trained on and what it gets
_DROPOUT = {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout"}


def not_called(p: Patient) -> Finding | None:
    """`model.train = True`: nothing is called, and the mode stays what it was."""
    modes = [f.training for s in p.trace for f in s.forwards if f.module is p.model]
    kinds = (nn.modules.batchnorm._BatchNorm, nn.modules.dropout._DropoutNd)
    if not any(s.covered for s in p.trace) or any(modes) or not any(isinstance(m, kinds) for m in p.model.modules()):
        return None
    told = "model.train is a value now and no longer a method, and model.training is False while it trains"
    return finding("not-in-train-mode", told, "sure", mend="call it: model.train(), not model.train = True")


# --- dropout that goes on ---


class _Dropping(TorchFunctionMode):
    """Notes the largest share that a dropout function drops."""

    def __init__(self) -> None:
        super().__init__()
        self.share = 0.0

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "").rstrip("_") in _DROPOUT:
            share = args[1] if len(args) > 1 else kwargs.get("p")
            on = args[2] if len(args) > 2 else kwargs.get("training")
            self.share = max(self.share, float(share or 0.0)) if on in (True, None) else self.share
        return func(*args, **kwargs)


def dropped(p: Patient) -> float:
    """The share that dropout takes away in eval mode; 0 where it stops there, as it should."""
    try:
        with _Dropping() as seen:
            p.outputs(p.x[:2])
    except Exception:  # whoever calls the network next will see it
        return 0.0
    return seen.share


def still_dropping(p: Patient, x: Tensor, labels: Labels) -> Finding | None:
    """Called while the network is trained: do its answers get better once dropout stops?"""
    share = dropped(p)
    if not share:
        return None
    score = p.score(x, labels)
    with trials.no_dropout(p):
        without = p.score(x, labels)
    if without < score + WORSE:
        return None
    told = f"in eval mode {share:.0%} is still dropped: {max(0, score):.0%} beyond guessing, {without:.0%} without it"
    return finding("dropout-at-validation", told, "sure")


# --- moving averages ---


def lagging(p: Patient, x: Tensor, labels: Labels) -> Finding | None:
    """Called while the network is trained: slow averages of BatchNorms are still near their start, answers are bad."""
    pace, steps = p.pace_of_averages(), p.taken
    if pace is None or pace > SLOW / 5 or (1 - pace) ** steps < 0.2:
        return None
    score, best = p.score_as_it_is(x, labels), p.score(x, labels)
    if best < score + WORSE:
        return None
    told = (
        f"after {steps} steps {(1 - pace) ** steps:.0%} of BatchNorm's averages is still their start: with them "
        f"{max(0, score):.0%} beyond guessing, with the batch's own {best:.0%}"
    )
    return finding("batchnorm-averages-lag", told)


def other_pretraining(p: Patient) -> str | None:
    """What is measured where a frozen BatchNorm gets other numbers than those that it was trained on."""
    norms = [n for n in norm_layers(p.model) if not any(w.requires_grad for w in n.parameters())]
    if not norms or not all(f.frozen_norms or not f.training for s in p.trace for f in s.forwards):
        return None
    first = _first_called(p, norms)
    if first is None:
        return None
    norm, x = first
    dims = tuple(d for d in range(x.ndim) if d != 1)
    spread = norm.running_var.detach().cpu().clamp(min=1e-12).sqrt()
    shift = ((x.mean(dims) - norm.running_mean.detach().cpu()).abs() / spread).median().item()
    ratio = (x.std(dims) / spread).median().item()
    if shift < FAR and 1 / FAR < ratio < FAR:
        return None
    return (
        f"the first frozen BatchNorm was trained on a deviation of {spread.median():.3g} and gets {ratio:.2g} times "
        f"that; its means differ by {shift:.2g} deviations"
    )


def _first_called(p: Patient, norms: list[Any]) -> tuple[Any, Tensor] | None:
    seen: list[tuple[Any, Tensor]] = []
    handles = [
        n.register_forward_pre_hook(lambda m, args: seen.append((m, args[0].detach().float().cpu()))) for n in norms
    ]
    try:
        p.outputs(p.x[:64])
    except Exception:  # a network that cannot be asked tells nothing here
        return None
    finally:
        for handle in handles:
            handle.remove()
    return seen[0] if seen else None


@contextmanager
def norms_of_batch(p: Patient) -> Iterator[None]:
    """Every BatchNorm takes the statistics of the pictures at hand, in training and when it is asked."""
    norms: list[Any] = norm_layers(p.model)
    kept = [(n, n.running_mean, n.running_var, n.track_running_stats) for n in norms]
    try:
        for n in norms:
            n.running_mean = n.running_var = None
            n.track_running_stats = False
        yield
    finally:
        for n, mean, var, tracked in kept:
            n.running_mean, n.running_var, n.track_running_stats = mean, var, tracked
