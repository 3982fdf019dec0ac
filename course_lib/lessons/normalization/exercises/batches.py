"""Exercise: running statistics. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from ....practice import draws
from ....practice.engine import Case, exercise
from ....practice.values import equal, plain


def _batches(shapes: list[tuple[int, int, int]], *, seed: int) -> list[Tensor]:
    """float32 [b, 3, h, w] for each (b, h, w): every picture with a brightness of its own, later batches lighter."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for i, (b, h, w) in enumerate(shapes):
        level = 0.1 + 0.15 * i + torch.tensor([0.0, 0.1, 0.2])[:, None, None]
        level = level + 0.2 * torch.rand(b, 3, 1, 1, generator=generator)
        found.append(level + 0.1 * (i + 1) * torch.rand(b, 3, h, w, generator=generator))
    return found


def _draw_batches(r: np.random.Generator, i: int) -> tuple[list[Tensor]]:
    """Unequal numbers of pictures and unequal sizes; so many pixels that n and n − 1 are one; one batch at times."""
    found, pixels = [], 0
    while pixels < 1200 or len(found) < 1 + i % 5:
        b, h, w = int(r.integers(1, 7)), *draws.sizes(r, 2, 6, 24)
        level, spread = r.uniform(0, 0.7, (b, 3, 1, 1)), r.uniform(0.02, 0.3, (b, 3, 1, 1))
        found.append(draws.floats(level + spread * r.random((b, 3, h, w))))
        pixels += b * h * w
    return (found,)


class _Largest(TorchDispatchMode):
    """Notes how many numbers the largest tensor holds that torch makes meanwhile."""

    numbers = 0

    def __torch_dispatch__(self, function, types, arguments=(), keywords=None):
        made = function(*arguments, **(keywords or {}))
        if isinstance(made, Tensor):
            self.numbers = max(self.numbers, made.numel())
        return made


@dataclass(frozen=True)
class _Joined:
    """The result of an answer that held all batches at once."""

    result: object


def _one_at_a_time(answer: Callable, batches: list[Tensor]) -> object:
    """What `answer` gives, as `_Joined` if it makes a tensor as large as many batches, or an array, or a list.

    It can be seen where there are many batches: then no sound step needs as much room as a third of them.
    """
    largest, total = max(x.numel() for x in batches), sum(x.numel() for x in batches)
    if total < 24 * largest:
        return answer(batches)
    with _Largest() as seen:
        result = answer(batches)
    joined = seen.numbers >= total // 3 or _bytes_outside_of_torch(answer, batches) > 3 * total
    return _Joined(result) if joined and result is not None else result


def _bytes_outside_of_torch(answer: Callable, batches: list[Tensor]) -> int:
    """How much numpy and Python take at most; of a second call, as a first one may import things."""
    if tracemalloc.is_tracing():
        return 0
    tracemalloc.start()
    try:
        answer(batches)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _unless_joined(result: object, used: tuple, given: tuple) -> object:
    """Facts where the batches were joined and the numbers are right all the same; else the numbers."""
    if not isinstance(result, _Joined):
        return result
    right = equal(plain(result.result), plain(running_statistics.reference(*given)))
    return {"All batches were joined": True} if right else result.result


@exercise(
    task="""
    A large set does not fit into memory, so it comes in batches. Write `running_statistics(batches)`.

    `batches` is a list of float tensors [B, 3, H, W], 0 to 1. B, H and W may differ from batch to batch. Return a
    pair `(mean, deviation)`, three numbers each, over all pixels of all batches. Every pixel counts the same. Look at
    one batch at a time and do not join them: one of the cases has forty-eight batches, and watches.
    """,
    cases=[
        Case("equal batches and a smaller last one", (_batches([(8, 16, 16), (8, 16, 16), (2, 16, 16)], seed=0),)),
        Case("batches of larger and smaller pictures", (_batches([(3, 32, 24), (5, 8, 12), (4, 20, 20)], seed=1),)),
        Case("48 batches, which are watched for being joined", (_batches([(2, 16, 16)] * 48, seed=2),)),
    ],
    draw=_draw_batches,
    watch=_one_at_a_time,
    look=_unless_joined,
    hints=[
        "Three sums are enough: how many pixels there were, the sum of their values, the sum of their squares. Each "
        "batch adds its part.",
        "For one batch, x.sum(dim=(0, 2, 3)) is the sum of each channel, and x.numel() / 3 the number of pixels. The "
        "mean is the sum of all values divided by the number of all pixels.",
        "The variance is the mean of the squares less the square of the mean. The deviation is its root. Sum in "
        ".double(), since the difference of two large numbers loses digits.",
    ],
    parts=("mean", "deviation"),
)
def running_statistics(batches):
    """List of batches, float [B, 3, H, W], B, H, W may differ → (mean, deviation) over all pixels, float [3] each."""
    n, total, squares = 0, torch.zeros(3).double(), torch.zeros(3).double()
    for x in batches:
        n += x.numel() / 3
        total += x.double().sum(dim=(0, 2, 3))
        squares += x.double().square().sum(dim=(0, 2, 3))
    mean = total / n
    return mean, (squares / n - mean.square()).sqrt()


_DIMS = (0, 2, 3)


def _each(batches: list[Tensor], measure) -> Tensor:
    """double [len(batches), 3]"""
    return torch.stack([measure(x.double()) for x in batches])


def _means(batches: list[Tensor]) -> Tensor:
    return _each(batches, lambda x: x.mean(dim=_DIMS))


def _pixels(batches: list[Tensor]) -> Tensor:
    """double [len(batches), 1]: share of all pixels that is in each."""
    counts = torch.tensor([[x.numel()] for x in batches]).double()
    return counts / counts.sum()


@running_statistics.misconception(
    "You averaged the batches' means and the batches' deviations. Both are wrong for a reason of its own. Batches of "
    "unequal size must not count the same. And deviations inside batches leave out how far the batches are from one "
    "another. Add up counts, sums and sums of squares, and divide at the end."
)
def both_averaged(batches):
    return _means(batches).mean(dim=0), _each(batches, lambda x: x.std(dim=_DIMS)).mean(dim=0)


@running_statistics.misconception(
    "You averaged over batches, with every batch counting the same. The last batch is usually smaller, so its pixels "
    "count too much. Add up the sums and the counts, and divide once at the end."
)
def batches_count_the_same(batches):
    mean = _means(batches).mean(dim=0)
    squares = _each(batches, lambda x: x.square().mean(dim=_DIMS)).mean(dim=0)
    return mean, (squares - mean.square()).sqrt()


@running_statistics.misconception(
    "You weighed every batch by its number of pictures. Pictures of different sizes have different numbers of pixels, "
    "and every pixel should count the same. Count B · H · W."
)
def pictures_counted(batches):
    counts = torch.tensor([[len(x)] for x in batches]).double()
    share = counts / counts.sum()
    mean = (share * _means(batches)).sum(dim=0)
    squares = (share * _each(batches, lambda x: x.square().mean(dim=_DIMS))).sum(dim=0)
    return mean, (squares - mean.square()).sqrt()


@running_statistics.misconception(
    "Your means are right. Your deviations are the mean of the batches' deviations. That leaves out how far the "
    "batches are from one another, so they are too small. Add up the squares of the pixels instead."
)
def deviations_averaged(batches):
    mean = running_statistics.reference(batches)[0]
    return mean, _each(batches, lambda x: x.std(dim=_DIMS)).mean(dim=0)


@running_statistics.misconception(
    "Your means are right. For the deviation you weighed the batches' deviations by their pixels. That is still the "
    "spread inside a batch. How far the batches are from one another is left out, so your numbers are too small."
)
def deviations_weighed(batches):
    mean = running_statistics.reference(batches)[0]
    return mean, (_pixels(batches) * _each(batches, lambda x: x.std(dim=_DIMS))).sum(dim=0)


@running_statistics.misconception(
    "Your means are right. For the deviation you averaged the batches' variances. Each is measured from the mean of "
    "its own batch, so the distance of the batches from one another is left out. Measure all from one mean."
)
def variances_averaged(batches):
    mean = running_statistics.reference(batches)[0]
    return mean, (_pixels(batches) * _each(batches, lambda x: x.var(dim=_DIMS))).sum(dim=0).sqrt()


@running_statistics.misconception(
    "Your means are right. Your deviations are the root of the mean square. That measures the distance from 0, not "
    "from the mean. Subtract the square of the mean before you take the root."
)
def mean_not_subtracted(batches):
    mean, deviation = running_statistics.reference(batches)
    return mean, (deviation.square() + mean.square()).sqrt()


@running_statistics.misconception(
    "Your means are right. Your second part is the variance. The deviation is its root: add .sqrt()."
)
def root_forgotten(batches):
    mean, deviation = running_statistics.reference(batches)
    return mean, deviation.square()


@running_statistics.misconception(
    "Your numbers are right, and you joined the batches to get them. A set that does not fit into memory does not fit "
    "after joining either. Go over the batches in a loop, and keep three sums: pixels, values, squares."
)
def all_joined(batches):
    x = torch.cat([batch.double().movedim(1, 0).flatten(1) for batch in batches], dim=1)
    return x.mean(dim=1), x.std(dim=1)
