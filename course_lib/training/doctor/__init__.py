"""Why does it not learn? Looks at what the training loop really sees and does, then tries one mend at a time.

`diagnose` takes a network and its batches, `watch` the learner's own step. First comes what follows for sure, from
pictures, labels, weights, and from real steps under observation. Where all that is sound, the network trains for a few
seconds from its own weights: as it is, and with one thing changed at a time. What lets it learn names the cause.
Everything of the learner's is put back as it was: weights, modes, gradients, optimizers, random numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from threadpoolctl import threadpool_limits
from torch import nn

from ...data import ImageSet
from . import labels as forms
from .batches import MOST, Batches, collect
from .copies import Snapshot
from .examination import SECONDS, examine
from .patient import Patient, bound, textbook_step
from .verdict import Certainty, Diagnosis, Finding

__all__ = ["Certainty", "Diagnosis", "Finding", "diagnose", "watch"]


def diagnose(
    model: nn.Module,
    batches: Batches,
    *,
    loss: Callable[..., Any] | None = None,
    optimizer: torch.optim.Optimizer | Callable | None = None,
    scheduler: Any = None,
    val_batches: Batches | None = None,
    pictures: ImageSet | None = None,
) -> Diagnosis:
    """Find out why `model` does not learn, in at most 20 seconds; nothing of yours is changed.

    Args:
        model: any module, x [B, C, H, W] or [B, F] → [B], [B, 1] or [B, K]; or a compiled Keras model.
        batches: what your loop trains on: a DataLoader, a list, or a function that gives one pass of pairs (x, y).
            With everything in it that your loop does to the pictures: preprocessing, augmentation, order. For Keras
            also (x, y) as arrays, or a PyDataset.
        loss: (output, y) → a number, as in your loop. Cross-entropy without; of one output that with a sigmoid.
        optimizer: yours, or a function from parameters to one; Adam(1e-3) without.
        scheduler: yours.
        val_batches: what you validate on; then preprocessing and labels can be compared.
        pictures: what was loaded, before any preprocessing; then it can be seen whether the classes got lost.

    Raises:
        ValueError: no batches, something else than pairs of tensors, no network, or one answer a pixel.

    Example:
        diagnose(model, loader, optimizer=torch.optim.SGD(model.parameters(), 0.1))
    """
    raw = _raw(pictures)
    if _is_keras(model):
        from .of_keras import diagnose_keras

        return diagnose_keras(model, batches, val_batches=val_batches, raw=raw)
    if not isinstance(model, nn.Module):
        raise ValueError(
            f"diagnose got a model of {type(model).__name__}; it wants a torch.nn.Module or a compiled Keras model."
        )
    _refuse_lazy(model, "diagnose")
    made = None if isinstance(optimizer, torch.optim.Optimizer) else _made(model, optimizer)
    own = optimizer if isinstance(optimizer, torch.optim.Optimizer) else made
    things = [model, own, scheduler, loss, _generator(batches), _generator(val_batches)]
    snapshot = Snapshot(*things)
    step = textbook_step(model, loss, own) if own is not None else textbook_step(model, loss, _Idle())  # type: ignore[arg-type]
    return _examined(
        "diagnose", model, batches, val_batches, snapshot, step, False,
        [own] if own is not None else [], [scheduler] if scheduler is not None else [], raw, made is not None,
    )  # fmt: skip


def watch(
    step: Callable[..., Any],
    batches: Batches,
    *,
    model: nn.Module,
    optimizer: Any = None,
    scheduler: Any = None,
    loss: Callable[..., Any] | None = None,
    val_batches: Batches | None = None,
    pictures: ImageSet | None = None,
) -> Diagnosis:
    """Find out why your own training step does not teach `model` anything; all that it changes is put back.

    Args:
        step: your training step, step(x, y) or step(batch), with all that your loop does for a batch: to the device,
            zero_grad, forward, loss, backward, clipping, optimizer, scheduler. It is run up to some hundred times.
        batches: what your loop gives to it, as in `diagnose`.
        model: the network that it trains.
        optimizer, scheduler, loss: yours; those that the step uses are found without.
        val_batches, pictures: as in `diagnose`.

    Raises:
        ValueError: as in `diagnose`; a step that cannot be called.

    Example:
        def step(x, y):
            optimizer.zero_grad()
            loss = cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()

        watch(step, loader, model=model)
    """
    if not callable(step):
        raise ValueError(f"watch got a step of {type(step).__name__}; it wants a function step(x, y).")
    if not isinstance(model, nn.Module):
        raise ValueError(f"watch got a model of {type(model).__name__}; it wants a torch.nn.Module.")
    _refuse_lazy(model, "watch")
    snapshot = Snapshot(model, optimizer, scheduler, loss, step, _generator(batches), _generator(val_batches))
    optimizers = [o for o in snapshot.reached(torch.optim.Optimizer)]
    schedulers = [s for s in snapshot.reached(torch.optim.lr_scheduler.LRScheduler)]
    return _examined(
        "watch", model, batches, val_batches, snapshot, bound(step), True,
        optimizers, schedulers, _raw(pictures), False,
    )  # fmt: skip


def _examined(
    who: str, model: nn.Module, batches: Batches, val_batches: Batches | None, snapshot: Snapshot, step: Callable,
    own: bool, optimizers: list, schedulers: list, raw: tuple | None, factory: bool,
) -> Diagnosis:  # fmt: skip
    try:
        with threadpool_limits(_threads(model)), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the learner has seen them in the loop
            seen = collect(batches, who, "batches")
            val = collect(val_batches, who, "val_batches") if val_batches is not None else None
            patient = Patient(
                model=model,
                seen=seen,
                step=step,
                own=own,
                optimizers=optimizers,
                schedulers=schedulers,
                snapshot=snapshot,
                labels=forms.read(seen.y),
                x=seen.x,
                y=seen.y,
                until=SECONDS,
                val=val,
                raw=raw or seen.raw,
                factory=factory,
            )
            return examine(patient)
    finally:
        snapshot.restore()


def _refuse_lazy(model: nn.Module, who: str) -> None:
    lazy = [name for name, w in model.named_parameters() if isinstance(w, nn.parameter.UninitializedParameter)]
    if lazy:
        raise ValueError(
            f"{who} got a network whose {lazy[0]!r} has no shape yet, as LazyLinear and LazyConv2d begin; it wants all "
            f"weights. Call the network once, model(x) on a batch, then {who} again: it changes nothing of yours."
        )


def _threads(model: nn.Module) -> int | None:
    """One thread for small networks, which are slower with more; all for large ones."""
    return 1 if sum(w.numel() for w in model.parameters()) < 1_000_000 else None


class _Idle:
    """An optimizer for networks without weights."""

    def zero_grad(self) -> None:
        pass

    step = zero_grad


def _made(model: nn.Module, factory: Callable | None) -> torch.optim.Optimizer | None:
    weights = [w for w in model.parameters() if w.requires_grad]
    if not weights:
        return None
    return (factory or (lambda w: torch.optim.Adam(w, 1e-3)))(weights)


def _generator(batches: Any) -> list[Any]:
    """What of a loader its passes change."""
    sampler = getattr(batches, "sampler", None)
    return [g for g in (getattr(batches, "generator", None), getattr(sampler, "generator", None)) if g is not None]


def _raw(pictures: ImageSet | None) -> tuple | None:
    if pictures is None:
        return None
    if not isinstance(pictures, ImageSet):
        raise ValueError(f"diagnose got pictures of {type(pictures).__name__}; it wants an ImageSet.")
    some = pictures.subset(min(MOST, len(pictures)))
    return some.images, some.labels


def _is_keras(model: Any) -> bool:
    return any(cls.__module__.startswith("keras.") for cls in type(model).__mro__)
