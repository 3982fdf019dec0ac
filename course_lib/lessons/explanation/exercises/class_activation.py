"""Exercise: Grad-CAM. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def normal_numbers(*shape: int, seed: int, shift: float = 0.0) -> Tensor:
    """float32"""
    return shift + torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def _draw_layer(r: np.random.Generator, i: int) -> tuple[Tensor, Tensor]:
    """Maps as they come out of a ReLU, and others; weights on both sides of 0."""
    shape = (int(r.integers(1, 6)), *draws.sizes(r, 2, 1, 6))
    maps = r.normal(0.3, 1, shape)
    gradients = r.normal(r.normal(0, 1, (shape[0], 1, 1)), 0.5, shape)
    return draws.floats(np.maximum(maps, 0) if i % 2 else maps), draws.floats(gradients)


@exercise(
    task="""
    The second way: go back through the weights. Grad-CAM (Selvaraju and others, 2017) needs the maps of one layer and
    the gradient of the logit with respect to them. Write `grad_cam(maps, gradients)`.

    Both are float tensors [C, H, W]. The weight of a map is the mean of its gradient over all places. Multiply each
    map by its weight, add up the maps, and set to 0 what is below 0. Return floats [H, W].
    """,
    cases=[
        Case("three maps of 2×4 places", (normal_numbers(3, 2, 4, seed=0), normal_numbers(3, 2, 4, seed=1, shift=0.4))),
        Case("five maps of 3×3 places", (normal_numbers(5, 3, 3, seed=2).abs(), normal_numbers(5, 3, 3, seed=3))),
        Case(
            "nothing speaks for the class",
            (normal_numbers(2, 2, 3, seed=4).abs(), -normal_numbers(2, 2, 3, seed=5).abs()),
        ),
    ],
    draw=_draw_layer,
    hints=[
        "One weight a map: gradients.mean(dim=(1, 2)) has the shape [C].",
        "weights[:, None, None] * maps multiplies each map by its own. The sum over dimension 0 leaves [H, W].",
        "At the very end, .clamp(min=0) or .relu() sets to 0 what speaks against the class.",
    ],
)
def grad_cam(maps, gradients):
    """Maps of a layer and the logit's gradient with respect to them, float [C, H, W] each → heatmap, float [H, W]."""
    weights = gradients.mean(dim=(1, 2))
    return (weights[:, None, None] * maps).sum(dim=0).relu()


def _weights(gradients: Tensor) -> Tensor:
    """double [C, 1, 1]"""
    return gradients.double().mean(dim=(1, 2), keepdim=True)


@grad_cam.misconception(
    "You multiplied maps and gradients place by place. That is another method. In Grad-CAM each map has one weight: "
    "take the mean of its gradient over all places first."
)
def place_by_place(maps, gradients):
    return (maps.double() * gradients).sum(dim=0).relu()


@grad_cam.misconception(
    "Right but for what is below 0. There the maps speak against the class, or for another. Grad-CAM asks what speaks "
    "for it: add .relu() at the end."
)
def relu_forgotten(maps, gradients):
    return (_weights(gradients) * maps).sum(dim=0)


@grad_cam.misconception(
    "You set each weighed map to 0 where it is below 0, and then added. So nothing can be outweighed. First the sum "
    "over all maps, then .relu()."
)
def relu_before_the_sum(maps, gradients):
    return (_weights(gradients) * maps).relu().sum(dim=0)


@grad_cam.misconception(
    "You dropped the weights below 0. A map that speaks against the class belongs to the sum: it takes heat away where "
    "it is large. Set to 0 only the sum."
)
def only_positive_weights(maps, gradients):
    return (_weights(gradients).relu() * maps).sum(dim=0).relu()


@grad_cam.misconception(
    "Your weights are sums of the gradient, not means. The picture looks the same, since all of it is H · W times as "
    "hot. But heat from maps of another size could not be compared. Take the mean."
)
def sum_for_mean(maps, gradients):
    return (gradients.double().sum(dim=(1, 2), keepdim=True) * maps).sum(dim=0).relu()


@grad_cam.misconception(
    "You averaged the maps. Grad-CAM adds them up: your heat is C times too small. Take .sum(dim=0)."
)
def mean_of_the_maps(maps, gradients):
    return (_weights(gradients) * maps).mean(dim=0).relu()
