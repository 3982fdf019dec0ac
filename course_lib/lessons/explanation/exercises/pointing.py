"""Exercise: energy inside. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from .class_activation import normal_numbers


def _draw_heat(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """More heat below 0 than above, none above, none at all; very little heat; masks of nothing, of all, between."""
    shape = draws.sizes(r, 2, 2, 6)
    heat = r.normal(draws.one_of(r, -0.8, 0.0, 1.0), 1, shape) * draws.one_of(r, 1e-3, 1.0, 50.0)
    heat = (heat, heat, heat, heat, -np.abs(heat), 0 * heat)[i % 6]
    mask = r.random(shape) < (0.5, 0.3, 0.7, 0.5, 1.1, -0.1, 0.2)[i % 7]
    return draws.floats(heat), torch.from_numpy(mask)


_DISC = torch.tensor([[0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]).bool()


@exercise(
    task="""
    You planted the reason, so a mask says where it is. How much of a heatmap lies there? Write
    `energy_inside(heatmap, mask)`.

    `heatmap` is a float tensor [H, W], `mask` a bool tensor [H, W]. Only heat above 0 counts. Return which share of
    it lies inside of the mask, a number from 0 to 1. Where no heat is above 0, return 0.
    """,
    cases=[
        Case("heat above and below 0", (normal_numbers(3, 4, seed=6, shift=0.3), _DISC)),
        Case("no heat above 0", (-normal_numbers(3, 4, seed=7).abs(), _DISC)),
        Case(
            "the mask has one pixel",
            (normal_numbers(2, 3, seed=9, shift=1.0).abs(), torch.tensor([[0, 0, 1], [0, 0, 0]]).bool()),
        ),
        Case("more heat below 0 than above", (torch.tensor([[0.5, 0.1], [-2.0, 0.4]]), torch.eye(2).bool())),
    ],
    draw=_draw_heat,
    hints=[
        "First set to 0 what is below 0: heatmap.clamp(min=0).",
        "Of a tensor heat, heat[mask] are the values inside of the mask. Divide their sum by the sum of all.",
        "Where the sum of all is 0, you would divide 0 by 0. Ask for that first, and return 0.",
    ],
)
def energy_inside(heatmap, mask):
    """Heatmap, float [H, W], and mask, bool [H, W] → share of the positive heat inside, 0 to 1; 0 if there is none."""
    heat = heatmap.clamp(min=0)
    return heat[mask].sum() / heat.sum() if heat.sum() > 0 else 0.0


def _share(heat: Tensor, mask: Tensor) -> Tensor:
    heat = heat.double()
    return heat[mask].sum() / heat.sum()


@energy_inside.misconception(
    "You counted heat below 0 too. It cancels out some of the rest, and the share may leave 0 to 1. Set it to 0 first: "
    "heatmap.clamp(min=0)."
)
def negative_heat_counted(heatmap, mask):
    return _share(heatmap, mask)


@energy_inside.misconception(
    "You took absolute values, so what speaks against the class counts as heat for it. Set what is below 0 to 0: "
    "clamp, not abs."
)
def absolute_heat(heatmap, mask):
    return _share(heatmap.abs(), mask)


@energy_inside.misconception(
    "You divided the mean inside by the mean of all. That says how many times as hot the mask is, and may be above 1. "
    "For a share, divide the sums."
)
def mean_for_sum(heatmap, mask):
    heat = heatmap.double().clamp(min=0)
    return (heat[mask].mean() / heat.mean()).nan_to_num()


@energy_inside.misconception(
    "You divided the heat inside by the heat outside. Asked for is its share of all heat, so divide by the sum of both."
)
def inside_by_outside(heatmap, mask):
    heat = heatmap.double().clamp(min=0)
    return (heat[mask].sum() / heat[~mask].sum()).nan_to_num()


@energy_inside.misconception(
    "You counted pixels: how many of the hot ones lie inside. A pixel with a trace of heat is worth as much as the "
    "hottest then. Add up the heat."
)
def hot_pixels_counted(heatmap, mask):
    return _share(heatmap > 0, mask).nan_to_num()


@energy_inside.misconception(
    "This is right where there is heat above 0. Where there is none, you divide 0 by 0 and get NaN, and one NaN spoils "
    "the mean over all pictures. Return 0 there."
)
def nothing_hot_forgotten(heatmap, mask):
    return _share(heatmap.clamp(min=0), mask)
