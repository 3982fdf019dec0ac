"""Exercise: receptive field. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import math

import numpy as np

from ....practice.engine import Case, exercise


def _draw_layers(r: np.random.Generator, i: int) -> tuple[list[tuple[int, int]]]:
    return ([(int(r.integers(1, 8)), int(r.integers(1, 4))) for _ in range(i % 7)],)


@exercise(
    task="""
    How many rows of the picture can one number of the output see? Write `receptive_field(layers)`.

    `layers` is a list of pairs (kernel, stride), whole numbers from 1, the layer next to the picture first. Look at
    one direction only. Return a whole number. The list may be empty: without layers, one number sees one row, 1.
    """,
    cases=[
        Case("two 3×3 in a row", ([(3, 1), (3, 1)],)),
        Case("30×3 and then 3×30, downwards", ([(30, 1), (3, 1)],)),
        Case("a stride in the first layer", ([(3, 2), (3, 1)],)),
        Case("strides one after the other, and a 1×1", ([(7, 2), (3, 2), (1, 1), (5, 3), (3, 1)],)),
        Case("a stride in the last layer only", ([(5, 1), (4, 3)],)),
        Case("no layers at all", ([],)),
    ],
    draw=_draw_layers,
    hints=[
        "Two 3×3 see five rows, not six: the first adds two to the one, the second adds two more.",
        "Each layer adds kernel − 1 steps. How long is a step, in rows of the picture? Neighbours in a layer's input "
        "lie as far apart as the strides of all layers *before* it, multiplied.",
        "Start with seen, step = 1, 1. For each layer: seen += (kernel - 1) * step, and then step *= stride.",
    ],
)
def receptive_field(layers):
    """Pairs (kernel, stride), whole numbers, nearest to the picture first → rows seen by one output, a whole number."""
    seen, step = 1, 1
    for kernel, stride in layers:
        seen += (kernel - 1) * step
        step *= stride
    return seen


@receptive_field.misconception(
    "You added the kernels. They overlap: where the first sees three rows, a second one of three adds two. Each layer "
    "adds kernel − 1 steps."
)
def kernels_added(layers):
    return sum(kernel for kernel, _ in layers)


@receptive_field.misconception(
    "You are right as long as all strides are 1. After a stride of 2, neighbours lie two rows of the picture apart, "
    "and each further kernel reaches twice as far. Multiply its reach by the strides before it."
)
def strides_ignored(layers):
    return 1 + sum(kernel - 1 for kernel, _ in layers)


@receptive_field.misconception(
    "You let a stride lengthen the reach of its own layer. A kernel reads its input as it lies there; the stride "
    "says how far apart its *outputs* are. Change the step after you have added the kernel's reach."
)
def stride_too_early(layers):
    seen, step = 1, 1
    for kernel, stride in layers:
        step *= stride
        seen += (kernel - 1) * step
    return seen


@receptive_field.misconception(
    "You multiplied by the stride of the layer before only. Strides work together: after two layers with a stride of "
    "2, neighbours lie four rows apart. Multiply all strides before the layer."
)
def only_the_stride_before(layers):
    before = [1, *(stride for _, stride in layers[:-1])]
    return 1 + sum((kernel - 1) * step for (kernel, _), step in zip(layers, before, strict=False))


@receptive_field.misconception(
    "You multiplied the kernels. Reach does not multiply: a second 3×3 adds one row above and one below, so that two "
    "of them see five rows, not nine."
)
def kernels_multiplied(layers):
    return math.prod(kernel for kernel, _ in layers)


@receptive_field.misconception(
    "You are one row short throughout. You added what each layer reaches beyond its own place; the place itself is "
    "seen as well. Start with 1."
)
def own_place_forgotten(layers):
    return receptive_field.reference(layers) - 1


@receptive_field.misconception(
    "You went through the layers from the wrong end. A stride spreads out what comes *after* it; here the first pair "
    "is the layer next to the picture."
)
def from_the_other_end(layers):
    return receptive_field.reference(layers[::-1])
