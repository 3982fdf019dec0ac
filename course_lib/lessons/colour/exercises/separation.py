"""Exercise: d′. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _normal(n: int, mean: float, deviation: float, *, seed: int) -> Tensor:
    """float32 [n]"""
    return mean + deviation * torch.randn(n, generator=torch.Generator().manual_seed(seed))


def _draw_two_classes(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """Means on either side of 0 and of each other; so many that n and n − 1 are the same."""
    n, m = draws.sizes(r, 2, 800, 2500)
    deviations = r.uniform(0.3, 1, 2) if i % 2 else r.uniform(0.3, 1, 2) * [1, 3]
    middle, apart = draws.one_of(r, -2.0, 0.0, 2.0), r.uniform(0.5, 3) * (-1) ** (i // 2)
    a = middle + apart / 2 + deviations[0] * r.standard_normal(n)
    b = middle - apart / 2 + deviations[1] * r.standard_normal(m)
    return draws.floats(a), draws.floats(b)


@exercise(
    task="""
    Is there a difference at all, and how large is it beside the spread? Write `d_prime(a, b)`.

    `a` and `b` are float32 tensors [n] and [m]: the same measurement, such as the mean hue, of the pictures of two
    classes. Return one number, 0 or more: the distance of the two means, divided by the square root of the mean of
    the two variances. Both classes count the same, however many pictures they have.
    """,
    cases=[
        Case("two classes of 2,000", (_normal(2000, 5.0, 2.0, seed=0), _normal(2000, 3.0, 1.0, seed=1))),
        Case("the second is higher, and rarer", (_normal(3000, 0.2, 0.1, seed=2), _normal(600, 0.9, 0.4, seed=3))),
        Case(
            "nearly equal means and very unequal spreads",
            (_normal(2500, 7.0, 1.0, seed=4), _normal(900, 7.1, 6.0, seed=5)),
        ),
        Case("one mean below 0, one above", (_normal(900, -1.0, 1.0, seed=6), _normal(1500, 1.5, 0.5, seed=7))),
    ],
    draw=_draw_two_classes,
    hints=[
        "a.mean() and a.var() give what you need of one class.",
        "Take the mean of the two variances first, (a.var() + b.var()) / 2, and its root afterwards.",
        "(a.mean() - b.mean()).abs() / ((a.var() + b.var()) / 2).sqrt()",
    ],
)
def d_prime(a, b):
    """Measurements of two classes, float32 [n] and [m] → d′ = |difference of means| / √(mean of both variances)."""
    distance = (a.mean() - b.mean()).abs()
    return distance / ((a.var() + b.var()) / 2).sqrt()


@d_prime.misconception(
    "You averaged the two deviations. Of unequal deviations the mean is smaller than the root of the mean variance, "
    "so your d′ is too large. Average the variances, then take the root."
)
def deviations_averaged(a, b):
    return (a.mean() - b.mean()).abs() / ((a.std() + b.std()) / 2)


@d_prime.misconception(
    "You took the deviation of both classes together. It contains the distance of the means as well: the further "
    "apart they are, the larger it grows. Of two equally large classes your d′ could never exceed 2. Take each class's "
    "variance by itself."
)
def both_in_one_heap(a, b):
    return (a.mean() - b.mean()).abs() / torch.cat([a, b]).std()


@d_prime.misconception(
    "You weighed the variances by the number of pictures. Then the larger class decides how large d′ is. Here both "
    "count the same: add them, and divide by two."
)
def weighed_by_size(a, b):
    n, m = len(a), len(b)
    pooled = ((n - 1) * a.var() + (m - 1) * b.var()) / (n + m - 2)
    return (a.mean() - b.mean()).abs() / pooled.sqrt()


@d_prime.misconception(
    "Your result has a sign: it is negative where the second class is higher. d′ is a distance, so take .abs() of "
    "the difference."
)
def with_a_sign(a, b):
    return (a.mean() - b.mean()) / ((a.var() + b.var()) / 2).sqrt()


@d_prime.misconception(
    "You added the variances and did not divide by two. Your d′ is too small by √2. Asked for is the mean of the two."
)
def variances_not_halved(a, b):
    return (a.mean() - b.mean()).abs() / (a.var() + b.var()).sqrt()


@d_prime.misconception(
    "You divided by a variance. If the pictures were measured in other units, your result would change. The root "
    "brings the spread back to the units of the means."
)
def root_forgotten(a, b):
    return (a.mean() - b.mean()).abs() / ((a.var() + b.var()) / 2)


@d_prime.misconception(
    "You divided by the deviation of the first class only. Swap the classes and you get another number. Use both."
)
def spread_of_the_first(a, b):
    return (a.mean() - b.mean()).abs() / a.std()
