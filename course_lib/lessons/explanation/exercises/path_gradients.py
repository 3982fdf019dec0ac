"""Exercise: integrated gradients. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _slope(weights: list[list[float]]) -> Callable:
    """The gradient of tanh(Σ weights · x), which is steep at first and flat in the end."""
    w = torch.tensor(weights)

    def gradient(x):
        x = torch.as_tensor(x)
        if x.shape != w.shape:
            raise ValueError(f"gradient got the shape {list(x.shape)}; it takes one x at a time, {list(w.shape)}.")
        return w * (1 - torch.tanh((w * x).sum()) ** 2)

    return gradient


def _wave(w: Tensor) -> Callable:
    """The gradient of sin(Σ w · x): up and down on the way, so that a number of steps cannot stand for another."""

    def gradient(x):
        x = torch.as_tensor(x)
        if x.shape != w.shape:
            raise ValueError(f"gradient got the shape {list(x.shape)}; it takes one x at a time, {list(w.shape)}.")
        return w * torch.cos((w * x).sum())

    return gradient


def _draw_way(r: np.random.Generator, i: int) -> tuple[Callable, Tensor, Tensor, int]:
    """Shapes of one to three sides; from one step to twelve; a way through most of a wave, or more."""
    shape = draws.sizes(r, 1 + i % 3, 1, 4)
    baseline, steps = r.uniform(-0.5, 0.5, shape), 1 + i % 12
    while True:
        x, w = baseline + r.uniform(-2, 2, shape), r.normal(0, 1, shape)
        length = (w * (x - baseline)).sum()
        if abs(length) > 0.3 and np.abs(x - baseline).min() > 0.05:
            w = w * r.uniform(3, 7) / length
            at = [np.cos((w * (baseline + (k + 0.5) / steps * (x - baseline))).sum()) for k in range(steps)]
            if abs(np.mean(at)) > 0.3:  # else 16 bits would not do
                return _wave(draws.floats(w)), draws.floats(x), draws.floats(baseline), steps


@exercise(
    task="""
    A gradient says what a small change would do. Integrated gradients (Sundararajan and others, 2017) go all the way
    from a picture that stands for nothing. Write `integrated_gradients(gradient, x, baseline, steps)`.

    `x` and `baseline` are float tensors of one shape. `gradient(x)` is a function: it takes such a tensor and returns
    the gradient of the logit there, in the same shape. Cut the straight line from `baseline` to `x` into `steps`
    equal pieces, and take the gradient in the middle of each piece. Return (x − baseline) times the mean of these
    gradients, in the shape of `x`.
    """,
    cases=[
        Case(
            "four steps from a grey baseline",
            (_slope([[0.9, -0.4, 0.7]]), torch.tensor([[1.5, 0.3, 1.2]]), torch.tensor([[0.4, 0.5, 0.3]]), 4),
        ),
        Case(
            "ten steps from 0",
            (
                _slope([[0.5, 1.1], [-0.3, 0.8]]),
                torch.tensor([[1.0, 0.6], [0.2, 1.4]]),
                torch.zeros(2, 2),
                10,
            ),
        ),
    ],
    draw=_draw_way,
    hints=[
        "The points are baseline + share * (x - baseline). A share of 0 is the baseline, 1 is x.",
        "With 4 steps the middles are at the shares 1/8, 3/8, 5/8, 7/8: (k + 0.5) / steps for k in range(steps).",
        "Add up gradient(point) over all points, divide by steps, and multiply by (x - baseline) at the end.",
    ],
)
def integrated_gradients(gradient, x, baseline, steps):
    """Function x → gradient, x and baseline, float, same shape, number of steps → heat, float, same shape."""
    total = torch.zeros_like(x)
    for k in range(steps):
        total = total + gradient(baseline + (k + 0.5) / steps * (x - baseline))
    return (x - baseline) * total / steps


def _at(gradient: Callable, x: Tensor, baseline: Tensor, shares) -> Tensor:
    """[len(shares), …]: the gradients there."""
    return torch.stack([gradient(baseline + float(share) * (x - baseline)) for share in shares])


def _middles(steps: int) -> Tensor:
    return (torch.arange(steps) + 0.5) / steps


@integrated_gradients.misconception(
    "You returned the mean gradient. Multiply by (x − baseline): the heat of a pixel is how far it went, times how "
    "much each bit of the way was worth."
)
def difference_forgotten(gradient, x, baseline, steps):
    return _at(gradient, x, baseline, _middles(steps)).mean(dim=0)


@integrated_gradients.misconception(
    "You asked for the gradient at x only. A logit that is flat there has no gradient left, though much happened on "
    "the way. Ask at each of the points on the line."
)
def at_x_only(gradient, x, baseline, steps):
    return (x - baseline) * gradient(x)


@integrated_gradients.misconception(
    "You added up the gradients, and did not divide by the number of steps. With more steps your heat would grow "
    "without end. Take the mean."
)
def sum_for_mean_gradient(gradient, x, baseline, steps):
    return (x - baseline) * _at(gradient, x, baseline, _middles(steps)).sum(dim=0)


@integrated_gradients.misconception(
    "You started from 0, not from the baseline. 0 is black, or mid-grey after standardizing, and what stands for "
    "nothing is a choice. Go from baseline to x, and multiply by (x − baseline)."
)
def from_zero(gradient, x, baseline, steps):
    return x * _at(gradient, x, torch.zeros_like(x), _middles(steps)).mean(dim=0)


@integrated_gradients.misconception(
    "Your points are right, but you multiplied by x. What is multiplied is the way that was gone: x − baseline."
)
def times_x(gradient, x, baseline, steps):
    return x * _at(gradient, x, baseline, _middles(steps)).mean(dim=0)


@integrated_gradients.misconception(
    "You took the gradient at the end of each piece, so that the last point is x. With few steps that is further from "
    "the integral. Use the middles: (k + 0.5) / steps."
)
def ends_of_the_pieces(gradient, x, baseline, steps):
    return (x - baseline) * _at(gradient, x, baseline, (torch.arange(steps) + 1) / steps).mean(dim=0)


@integrated_gradients.misconception(
    "You took the gradient at the beginning of each piece, so that the first point is the baseline. Use the middles: "
    "(k + 0.5) / steps."
)
def beginnings_of_the_pieces(gradient, x, baseline, steps):
    return (x - baseline) * _at(gradient, x, baseline, torch.arange(steps) / steps).mean(dim=0)


@integrated_gradients.misconception(
    "Your points go from the baseline to x, both included, as linspace(0, 1, steps) gives them. Asked for are the "
    "middles of equal pieces: (k + 0.5) / steps."
)
def both_ends_included(gradient, x, baseline, steps):
    return (x - baseline) * _at(gradient, x, baseline, torch.linspace(0, 1, steps)).mean(dim=0)
