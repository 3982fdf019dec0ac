"""Exercise: targets for none. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from ....practice.values import plain


def _rows_and_type(result: object, used: tuple, given: tuple) -> object:
    """The rows, and whether they are floats: by values alone, 1 is as good as 1.0."""
    rows = plain(result)
    return {"the rows": rows, "they are floats": rows.dtype.kind == "f"} if isinstance(rows, np.ndarray) else result


def _draw_labels(r: np.random.Generator, i: int) -> tuple[Tensor, int]:
    """At times no −1, at times nothing else; the last class often does not occur."""
    classes = int(r.integers(1, 7))
    labels = r.integers(-1 if i % 3 else 0, max(classes - i % 2, 1), int(r.integers(1, 8)))
    return draws.whole(np.full_like(labels, -1) if i % 8 == 7 else labels), classes


@exercise(
    task="""
    One way to teach "none of these": a sigmoid for each class, and pictures for which every target is 0. Write
    `none_targets(labels, classes)`.

    `labels` is an int64 tensor [N]: a class from 0 to `classes` − 1, or −1 for "none of them". Return floats
    [N, classes]: for a class, a row with 1 in its column and 0 in the others; for −1, a row of zeros.
    """,
    cases=[
        Case("three classes", (torch.tensor([2, -1, 0, 1, -1]), 3)),
        Case("four classes", (torch.tensor([-1, 3, 0]), 4)),
        Case("five classes, two of which do not occur", (torch.tensor([2, 0, -1]), 5)),
    ],
    draw=_draw_labels,
    look=_rows_and_type,
    hints=[
        "Start with torch.zeros(len(labels), classes). The rows of −1 are then ready.",
        "labels >= 0 tells which rows get a 1. As an index, −1 would mean the last column.",
        "Or compare: labels[:, None] == torch.arange(classes) is true in the right places and nowhere else. "
        ".float() makes numbers of it.",
    ],
)
def none_targets(labels, classes):
    """Labels, int64 [N], −1 for none of them → targets, float [N, classes]: one-hot, and a row of zeros for −1."""
    return (labels[:, None] == torch.arange(classes)).float()


@none_targets.misconception(
    "Your −1 became the last class: as an index, −1 counts from the end. No error tells you, and the network learns to "
    "call everything unknown by that name. Leave these rows zero."
)
def last_class(labels, classes):
    return torch.eye(classes)[labels]


@none_targets.misconception(
    "Your −1 became class 0, as clamp(min=0) does it. Then the network learns to call everything unknown by that name. "
    "Leave these rows zero."
)
def class_zero(labels, classes):
    return torch.eye(classes)[labels.clamp(min=0)]


@none_targets.misconception(
    "You gave 1/K to each class. That is a target for a softmax, whose shares must add up to 1: the entropic open-set "
    "loss uses it. A sigmoid can say no to each class, so the row is all 0."
)
def even_shares(labels, classes):
    rows = none_targets.reference(labels, classes)
    rows[labels < 0] = 1 / classes
    return rows


@none_targets.misconception(
    "You gave the unknown a column of their own. That is another remedy, a background class. Asked for are `classes` "
    "columns, and none of them is for −1."
)
def a_column_of_its_own(labels, classes):
    return torch.eye(classes + 1)[labels]


@none_targets.misconception(
    "The rows are right, but they hold whole numbers or truth values. Targets of a sigmoid are compared with "
    "probabilities, and torch's binary cross-entropy stops with an error. Make them floats: .float()."
)
def whole_numbers(labels, classes):
    return none_targets.reference(labels, classes).long()
