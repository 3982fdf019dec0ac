"""Exercise: logit adjustment. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def normal_numbers(*shape: int, seed: int) -> Tensor:
    """float32"""
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _draw_tail(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    n, k = draws.sizes(r, 2, 1, 6)
    return draws.floats(r.normal(0, 2, (n, k))), draws.whole(np.exp(r.uniform(0, 7, k)).round())


@exercise(
    task="""
    A network that learned from a long tail prefers the large classes. You can take that out afterwards, without
    training (Menon and others, 2021). Write `adjust(logits, counts)`.

    `logits` is a float tensor [N, K], `counts` an int64 tensor [K], the number of training pictures of each class, 1
    or more. Return floats [N, K]: each logit less the natural logarithm of its class's share of the training
    pictures.
    """,
    cases=[
        Case("five pictures, three classes", (normal_numbers(5, 3, seed=0), torch.tensor([700, 250, 50]))),
        Case("50 : 1", (normal_numbers(4, 5, seed=1), torch.tensor([4, 200, 75, 28, 11]))),
    ],
    draw=_draw_tail,
    hints=[
        "A share is counts / counts.sum(). The shares of all classes add up to 1.",
        "The log of a small share is far below 0. To subtract it makes the logit of a rare class larger.",
        "torch lines up [K] with the last dimension of [N, K], so logits - shares.log() needs no reshaping.",
    ],
)
def adjust(logits, counts):
    """Logits, float [N, K], and training pictures of each class, int64 [K] → logits less the log shares, [N, K]."""
    shares = counts / counts.sum()
    return logits - shares.log()


def _shares(counts: Tensor) -> Tensor:
    """double [K]"""
    return counts.double() / counts.sum()


@adjust.misconception(
    "You added the logs. That helps the large classes once more. The network has their lead in its logits already, so "
    "take it away: subtract."
)
def added(logits, counts):
    return logits + _shares(counts).log()


@adjust.misconception(
    "You subtracted the log of the counts, not of the shares. No answer changes by that, and no probability: all "
    "logits of a picture are lower by the same number. It would do in practice. Asked for are shares, so divide the "
    "counts by their sum first."
)
def counts_for_shares(logits, counts):
    return logits - counts.double().log()


@adjust.misconception(
    "You divided the logits by the shares. Dividing by shares is right for probabilities; for their logarithms it "
    "becomes a subtraction. A negative logit would become still lower."
)
def divided_by_shares(logits, counts):
    return logits / _shares(counts)


@adjust.misconception(
    "You took the logarithm to base 10. Softmax takes powers of e, so use the natural one, .log(). Yours moves the "
    "logits less than half as far."
)
def base_ten(logits, counts):
    return logits - _shares(counts).log10()


@adjust.misconception(
    "You subtracted the shares themselves. They are between 0 and 1 and hardly move a logit. Take their log first."
)
def log_forgotten(logits, counts):
    return logits - _shares(counts)
