"""Can the classes be learned from the pictures as loaded, and no longer once they are augmented and prepared?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from . import looks, trials
from .causes import finding
from .labels import Labels, read
from .patient import Patient
from .trials import Change, Trial
from .verdict import Finding

LOST, KEPT, GAP = 0.35, 0.6, 0.45  # beyond chance: as prepared at most, as loaded at least, and between the two
SECONDS = 3.0  # of a trial


class Bare(NamedTuple):
    """The pictures without what may erase the classes, and the change that lets the network see them in training."""

    words: str
    x: Tensor
    pairs: list[tuple[Tensor, Any]]
    labels: Labels
    change: Change


def erases(p: Patient, score: float) -> Finding | None:
    """Two trials, each judged on pictures that it has not seen: as the learner prepares them, and bare."""
    if score > KEPT or p.labels.codes is None or p.left < 3:
        return None
    for bare in p.bare():
        if bare.x is not p.x and looks.separability(p.x, p.labels.codes) >= looks.TOLD:
            continue  # nothing is lost
        learn, judge = _parts(bare)
        if len(judge) < 24:
            continue
        pairs = [bare.pairs[i] for i in learn]
        seconds = min(SECONDS, p.left / 3)
        steps = max(20, min(trials.MOST_STEPS, int(seconds / p.seconds)))
        judged = Trial(pairs, bare.x[judge], bare.labels.part(judge), steps, seconds)
        without = trials.run(p, judged, bare.change)
        if without.score < KEPT:
            continue
        scores: list[float] = []  # at the end: the best of several looks is too good where all is chance
        prepared = replace(judged, pairs=[p.seen.pairs[i % len(p.seen.pairs)] for i in learn])
        trials.run(p, prepared, finish=lambda p, of=judged, to=scores: to.append(p.score(of.x, of.labels)))  # type: ignore[misc]
        if scores and scores[0] <= min(LOST, without.score - GAP):
            return finding(
                "classes-erased",
                f"a copy that learns from pictures {bare.words} gets {without.score:.0%} beyond guessing of "
                f"{len(judge)} others right, one that learns from them as they are prepared "
                f"{max(0.0, scores[0]):.0%}",
            )
    return None


def _parts(bare: Bare) -> tuple[list[int], Tensor]:
    """Batches to learn from, and rows of `x` to judge on: the last third, of one batch too."""
    count = max(1, 2 * len(bare.pairs) // 3)
    n = sum(len(x) for x, _ in bare.pairs[:count])
    return list(range(count)), torch.arange(n, len(bare.x))[:256]


def of_torch(p: Patient) -> Iterator[Bare]:
    """As they come from the loader where the step changes them; else as loaded, without the dataset's transform."""
    if p.prepares:
        yield from _before_step(p)
    elif p.raw is not None:
        yield from _before_transform(p)


def _before_step(p: Patient) -> Iterator[Bare]:
    came = p.seen.x[: len(p.x)]
    if came.ndim == 4 and came.shape[1:] != p.x.shape[1:] and came.permute(0, 3, 1, 2).shape[1:] == p.x.shape[1:]:
        turn = lambda x: x.permute(0, 3, 1, 2)  # noqa: E731
    elif came.shape[1:] == p.x.shape[1:]:
        turn = lambda x: x  # noqa: E731
    else:
        return
    align = _aligned(turn(came).float(), p.x)

    @contextmanager
    def change(p: Patient) -> Iterator[None]:
        kept, now = p.step, list[Tensor]()

        def step(x: Tensor, y: Any) -> Any:
            now[:] = [align(turn(x).float())]
            return kept(x, y)

        def before(_module: nn.Module, args: Any) -> Any:
            given = args[0] if args and isinstance(args[0], Tensor) else None
            if given is None or not torch.is_grad_enabled() or not now or given.shape != now[0].shape:
                return None
            return (now[0].to(given.device, given.dtype), *args[1:])

        handle, p.step = p.model.register_forward_pre_hook(before), step
        try:
            yield
        finally:
            p.step = kept
            handle.remove()

    n, pairs = 0, []
    for x, y in p.seen.pairs:
        n += len(x)
        if n > len(came):
            break
        pairs.append((x, y))
    yield Bare("without what the step does to them", align(turn(came).float()), pairs, p.labels, change)


def _before_transform(p: Patient) -> Iterator[Bare]:
    assert p.raw is not None
    raw, y = p.raw
    if raw.ndim != 4 or p.x.ndim != 4 or raw.shape[1] != p.x.shape[1]:
        return
    raw = raw.float()
    raw = raw if raw.shape == p.x.shape else adaptive_avg_pool2d(raw, tuple(p.x.shape[2:]))  # type: ignore[arg-type]
    x, size = _aligned(raw, p.x)(raw), trials.largest(p)
    form = p.y if isinstance(p.y, Tensor) else None
    if form is None or form.ndim > 1 or y.ndim > 1:
        return
    pairs = [(part, to.to(form.dtype)) for part, to in zip(x.split(size), y.split(size), strict=True)]
    yield Bare("without the dataset's transform", x, pairs, read(y), lambda _p: nullcontext())


def _aligned(x: Tensor, like: Tensor) -> Any:
    """Brings pictures such as `x` to the means and deviations of `like`, channel by channel."""
    dims = (0, 2, 3) if x.ndim == 4 else (0,)
    mean, deviation = x.mean(dims, keepdim=True), x.std(dims, keepdim=True).clamp(min=1e-6)
    new, spread = like.float().mean(dims, keepdim=True), like.float().std(dims, keepdim=True)
    return lambda x: (x - mean) / deviation * spread + new
