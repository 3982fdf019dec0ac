"""Exercise: another mix, or another look? The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise

_HOME = torch.tensor([0.95, 0.80, 0.60]), torch.tensor([0.50, 0.30, 0.20])
_FAR = torch.tensor([0.90, 0.70, 0.40]), torch.tensor([0.20, 0.30, 0.50])


def _draw_losses(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Recalls and shares of two to eight classes; now and then nothing changes but the one or the other."""
    k = int(r.integers(2, 9))
    recalls, shares = r.random((2, k)), r.dirichlet(np.ones(k), 2)
    far_recall = recalls[0] if i % 6 == 4 else recalls[1]
    far_share = shares[0] if i % 6 == 5 else shares[1]
    return draws.floats(recalls[0]), draws.floats(shares[0]), draws.floats(far_recall), draws.floats(far_share)


@exercise(
    task="""
    A network loses accuracy in another region. The region may have another mix of classes, more of the difficult ones,
    or the same class may look different there. Write `lost_to(home_recall, home_share, far_recall, far_share)`, which
    tells the two apart.

    All four are float32 [K], 0 to 1. A recall is the share of a class's pictures that is found; a share is the part of
    all pictures that belongs to the class, and shares sum to 1. Return a pair `(mix, look)`:

    - `mix` is what would be lost if only the shares changed and the recalls of home stayed;
    - `look` is what is lost on top of it, when the recalls change too.

    Together they are the whole loss. A loss is above 0, a gain below.
    """,
    cases=[
        Case("another mix, and another look", (*_HOME, *_FAR)),
        Case("only another mix", (*_HOME, _HOME[0], _FAR[1])),
        Case("only another look", (*_HOME, _FAR[0], _HOME[1])),
        Case("a mix that makes it easier", (*_FAR, *_HOME)),
    ],
    draw=_draw_losses,
    hints=[
        "Accuracy is the sum over the classes of share times recall: (share * recall).sum().",
        "There are three accuracies: at home, far away, and one that nobody measured: the recalls of home with the "
        "shares of far away.",
        "mix goes from the accuracy at home to the one in between, look from there to the one far away.",
    ],
    parts=("mix", "look"),
)
def lost_to(home_recall, home_share, far_recall, far_share):
    """Recalls and shares at home and far away, float32 [K] each, 0 to 1 → (lost to the mix, lost to the look)."""
    home, far = (home_share * home_recall).sum(), (far_share * far_recall).sum()
    between = (far_share * home_recall).sum()
    return home - between, between - far


@lost_to.misconception(
    "You have gains and losses the wrong way round: what is lost is the accuracy before less the accuracy after, and "
    "a loss is above 0."
)
def gains_for_losses(home_recall, home_share, far_recall, far_share):
    mix, look = lost_to.reference(home_recall, home_share, far_recall, far_share)
    return -mix, -look


@lost_to.misconception(
    "Your two numbers are right and stand the wrong way round. The mix is what is lost when only the shares change."
)
def the_two_changed_over(home_recall, home_share, far_recall, far_share):
    mix, look = lost_to.reference(home_recall, home_share, far_recall, far_share)
    return look, mix


@lost_to.misconception(
    "You went the other way: first the recalls, then the shares. That is as good a way to part the loss, and gives two "
    "other numbers. Here the shares change first, while the recalls of home stay."
)
def the_look_first(home_recall, home_share, far_recall, far_share):
    home, far = (home_share * home_recall).sum(), (far_share * far_recall).sum()
    between = (home_share * far_recall).sum()
    return between - far, home - between


@lost_to.misconception(
    "You took the mean of the recalls, as if each class had as many pictures. That is balanced accuracy, in which the "
    "mix cannot be seen. Weigh each recall by its share."
)
def classes_counted_alike(home_recall, home_share, far_recall, far_share):
    whole = (home_share * home_recall).sum() - (far_share * far_recall).sum()
    look = home_recall.mean() - far_recall.mean()
    return whole - look, look
