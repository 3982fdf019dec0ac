"""Exercise: energy. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _draw_logits(r: np.random.Generator, i: int) -> tuple[Tensor, float]:
    """All below 0 and all above; small, and as large as the task says; T on either side of 1."""
    n, k = draws.sizes(r, 2, 1, 6)
    scale = (1.0, 5.0, 5000.0)[i % 3]
    logits = r.normal(draws.one_of(r, -1.0, 0.0, 1.0), 1, (n, k)) * scale
    return draws.floats(logits.clip(-10_000, 10_000)), draws.one_of(r, 0.25, 0.5, 2.0, 3.0, 8.0)


@exercise(
    task="""
    Softmax looks only at differences between logits. The energy (Liu and others, 2020) also goes by how high they
    are. Write `energy(logits, temperature)`.

    `logits` is a float tensor [N, K], `temperature` a number T above 0. Return floats [N]: −T · log Σ exp(z / T), the
    sum over the K logits z of a picture. It must also work for logits of 10,000 and of −10,000.
    """,
    cases=[
        Case(
            "three pictures, four classes",
            (torch.tensor([[6.0, 1.0, -2.0, 0.5], [1.5, 1.0, 0.5, 0.0], [-4.0, -3.0, -6.0, -3.5]]), 2.0),
        ),
        Case(
            "very large logits, and very low ones",
            (torch.tensor([[10_000.0, 9_000.0, -10_000.0], [-10_000.0, -9_000.0, -9_500.0]]), 1.0),
        ),
    ],
    draw=_draw_logits,
    hints=[
        "Divide by T first, sum over dim=1, and multiply by −T last. T occurs twice.",
        "exp(10,000) is infinite, and log of exp(−10,000) is log 0. Subtract the largest logit of a row before exp, "
        "and add it again after the log.",
        "torch.logsumexp(x, dim=1) does so for you: it is log Σ exp(x), without an overflow.",
    ],
)
def energy(logits, temperature):
    """Logits, float [N, K], and a temperature T above 0 → −T · log Σ exp(z / T) of each picture, float [N]."""
    return -temperature * torch.logsumexp(logits / temperature, dim=1)


@energy.misconception(
    "Your sign is turned. This is the score of the paper, −E: high for what is known. In this course a higher score "
    "means more unknown, so put a minus in front."
)
def sign_turned(logits, temperature):
    return temperature * torch.logsumexp(logits / temperature, dim=1)


@energy.misconception(
    "You divided by T inside, and forgot T in front of the log. Without it, another temperature also changes the "
    "scale. Multiply by T."
)
def no_temperature_in_front(logits, temperature):
    return -torch.logsumexp(logits / temperature, dim=1)


@energy.misconception(
    "Your numbers overflow: exp(10,000) is infinite, and exp(−10,000) is 0. Subtract the largest logit of a row before "
    "exp and add it again after the log, or use torch.logsumexp."
)
def overflow(logits, temperature):
    return -temperature * (logits / temperature).exp().sum(dim=1).log()


@energy.misconception(
    "You took softmax first. Its shares always add up to 1, so the log of their sum is 0 for every picture. Sum the "
    "exponentials of the logits themselves."
)
def of_log_softmax(logits, temperature):
    return -temperature * (logits / temperature).log_softmax(dim=1).logsumexp(dim=1)


@energy.misconception(
    "You subtracted the largest logit and did not add it again. So you took out how high the logits are, and that is "
    "what energy should tell. After the log, add the largest logit of each row."
)
def largest_not_added_again(logits, temperature):
    scaled = (logits - logits.amax(dim=1, keepdim=True)) / temperature
    return -temperature * scaled.exp().sum(dim=1).log()
