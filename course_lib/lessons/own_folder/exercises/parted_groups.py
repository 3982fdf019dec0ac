"""Exercise: parted groups. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _draw_split(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """Groups of one to five pictures, numbered with gaps; two to four parts, numbered with gaps too."""
    n, k = int(r.integers(4, 30)), int(r.integers(2, 9))
    groups = r.choice(r.permutation(20)[:k], n)
    numbers = r.permutation(9)[: 2 + i % 3]
    part = r.choice(numbers, n)
    if i % 2:  # most groups are whole
        part = np.where(r.random(n) < 0.2, part, numbers[groups % len(numbers)])
    return draws.whole(groups), draws.whole(part)


@exercise(
    task="""
    Does a split leak? Write `parted(groups, part)`.

    Both are int64 tensors [N]: the group of each picture (pictures that belong together have the same number), and the
    part of the split that it is in. Groups and parts may be numbered with gaps. Return how many groups have pictures in
    more than one part, a whole number. Of a split that leaks nothing it is 0.
    """,
    cases=[
        Case(
            "a burst of three frames, one of which is tested; two shots that are whole",
            (torch.tensor([7, 7, 7, 2, 2, 5]), torch.tensor([0, 0, 3, 1, 1, 0])),
        ),
        Case(
            "four groups, of which three are parted, one into three parts",
            (torch.tensor([0, 1, 2, 3, 0, 1, 2, 3, 0]), torch.tensor([0, 0, 3, 3, 1, 0, 0, 1, 3])),
        ),
        Case("each picture alone", (torch.tensor([4, 3, 2, 1]), torch.tensor([0, 1, 0, 1]))),
    ],
    draw=_draw_split,
    hints=[
        "Go over the groups: groups.unique() names them.",
        "Of group g, the parts are part[groups == g]. How many different ones are there?",
        "len(part[groups == g].unique()) > 1 says whether group g is parted. Count the groups of which it is true.",
    ],
)
def parted(groups, part):
    """Group and part of each picture, int64 [N] → how many groups have pictures in more than one part."""
    return sum(len(part[groups == g].unique()) > 1 for g in groups.unique())


@parted.misconception(
    "You counted pictures. A burst of three frames counts once, however many of its frames lie elsewhere: count groups."
)
def pictures_of_them(groups, part):
    return sum(int((groups == g).sum()) for g in groups.unique() if len(part[groups == g].unique()) > 1)


@parted.misconception(
    "You counted the parts that a group has beyond its first. A group in three parts is one group that leaks, and "
    "counts once."
)
def parts_beyond_the_first(groups, part):
    return sum(len(part[groups == g].unique()) - 1 for g in groups.unique())


@parted.misconception(
    "You counted the groups that are whole. Wanted are the others, those with pictures in more than one part."
)
def whole_ones(groups, part):
    return sum(len(part[groups == g].unique()) == 1 for g in groups.unique())


@parted.misconception(
    "You counted the groups with more than one picture. Such a group leaks only if its pictures are in different parts."
)
def of_several_pictures(groups, part):
    return sum(int((groups == g).sum()) > 1 for g in groups.unique())
