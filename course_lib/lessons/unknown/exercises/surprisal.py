"""Exercise: surprise. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from ....practice.values import plain


def _with_digits(result: object, used: tuple, given: tuple) -> object:
    """The scores, and log10 of them: of 4e-18, of 4e-22 and of 0 only the log shows that they differ."""
    scores = plain(result)
    if not isinstance(scores, np.ndarray):
        return result
    with np.errstate(divide="ignore", invalid="ignore"):
        return {"your scores": scores, "log10 of them (of 0 it is -inf)": np.log10(scores.astype(float))}


def _draw_rivals(r: np.random.Generator, i: int) -> tuple[Tensor]:
    """The highest logit anywhere, a tie at times; all gaps of a picture below 8, or all from 40 to 60."""
    n, k = int(r.integers(1, 6)), 5 if i % 4 == 1 else int(r.integers(2, 6))
    gaps = np.where(r.random((n, 1)) < 0.5, r.uniform(0.1, 7, (n, k)), r.uniform(41, 59, (n, k)))
    gaps[:, 0] = 0
    if i % 4 == 0:
        gaps[0, 1] = 0
    if i % 4 == 1:  # no class is likelier than a third
        gaps[0, 1:] = r.uniform(0, 0.5, k - 1)
    level = draws.one_of(r, -9000, -20, 0, 20, 9000)
    return (draws.floats(level - r.permuted(gaps, axis=1).round(1)),)


# The gaps are below 8 or from 40 up. Between these, it depends on the type of float whether 1 − p is 0.


@exercise(
    task="""
    A softmax probability of 1.00 says nothing more: with logits of 40 or of 50 against 0, 1 − p is exactly 0, so the
    two pictures tie. The logits still know the difference. Write `surprise(logits)`.

    `logits` is a float tensor [N, K], K is 2 or more. Return floats [N]: −log of the highest softmax probability, in
    nats. It must keep its digits where it is tiny: for 40, 0 and 50, 0 it is 4 · 10⁻¹⁸ and 2 · 10⁻²², not 0. The
    check therefore also compares log10 of your scores. The largest gap that it tries is 60.
    """,
    cases=[
        Case(
            "small gaps, and a tie",
            (torch.tensor([[2.0, 1.0, -1.0], [3.0, 3.0, 0.0], [0.0, 5.0, -2.0]]),),
        ),
        Case("large gaps", (torch.tensor([[40.0, 0.0, 0.0], [0.0, 50.0, 0.0]]),)),
        Case(
            "large gaps between large logits",
            (torch.tensor([[10_000.0, 9_940.0, 9_950.0], [-10_045.0, -10_000.0, -10_041.0]]),),
        ),
    ],
    draw=_draw_rivals,
    look=_with_digits,
    hints=[
        "With the highest logit m, the highest probability is 1 / (1 + r). r is the sum of exp(z − m) over the other "
        "logits z. So the surprise is log(1 + r).",
        "1 + r is exactly 1 where r is tiny. torch.log1p(r) gives log(1 + r) without making that sum.",
        "z = logits.sort(dim=1, descending=True).values puts m into z[:, :1] and the others into z[:, 1:], also where "
        "two are the highest.",
    ],
)
def surprise(logits):
    """Logits, float [N, K], K ≥ 2 → −log of the highest softmax probability, float [N], exact where it is tiny."""
    z = logits.sort(dim=1, descending=True).values
    others = (z[:, 1:] - z[:, :1]).exp().sum(dim=1)
    return torch.log1p(others)


@surprise.misconception(
    "You returned 1 − p. Where p rounds to 1 it is exactly 0, so all such pictures tie, however far their logits are "
    "apart. Go back to the logits: log1p of the sum of exp(z − m) over the others, m being the highest."
)
def one_minus_p(logits):
    return 1 - logits.softmax(dim=1).amax(dim=1)


@surprise.misconception(
    "The digits are gone before the log: what you take the log of has been rounded to 1, and log 1 is 0. If it is the "
    "softmax's p, or if you use log_softmax, the tiny shares of the others were added to 1 inside: sum over the others "
    "only. If it is 1 + r, with r the sum of the others, then it was your own sum: torch.log1p(r) does without."
)
def log_after_softmax(logits):
    return -logits.softmax(dim=1).amax(dim=1).log()


@surprise.misconception(
    "You took log Σ exp(z) and forgot the highest logit. −log of the highest probability is that, less the highest "
    "logit. The digits are lost if you subtract after the log, so subtract before exp."
)
def log_of_the_sum(logits):
    return logits.logsumexp(dim=1)


@surprise.misconception(
    "This is the entropy: the mean of −log p over all classes, weighed by p. Asked for is −log p of one class, the "
    "one that is answered."
)
def entropy(logits):
    shifted = (logits - logits.amax(dim=1, keepdim=True)).double()
    total = surprise.reference(logits.double())[:, None]
    return ((total - shifted) * (shifted - total).exp()).sum(dim=1)


@surprise.misconception(
    "Your sum has the highest logit in it, and log1p adds its 1 once more. So no score falls below log 2. Sum over the "
    "others only."
)
def counted_twice(logits):
    return torch.log1p((logits - logits.amax(dim=1, keepdim=True)).exp().sum(dim=1))
