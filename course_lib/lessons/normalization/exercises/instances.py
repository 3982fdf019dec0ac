"""Exercise: instance normalization. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _maps(shape: tuple[int, int, int, int], *, seed: int) -> Tensor:
    """float32: what a layer may give. Each channel of each picture has a level and a spread of its own."""
    generator = torch.Generator().manual_seed(seed)
    level = torch.randn(*shape[:2], 1, 1, generator=generator)
    spread = 0.3 + torch.rand(*shape[:2], 1, 1, generator=generator)
    return level + spread * torch.randn(*shape, generator=generator)


def _nearly_flat() -> Tensor:
    """float32 [2, 3, 3, 5]: of the first picture, one channel is flat and one spreads by about 0.002 around 0."""
    x = _maps((2, 3, 3, 5), seed=5)
    x[0, 0] = 0.5
    x[0, 1] = 0.002 * torch.randn(3, 5, generator=torch.Generator().manual_seed(6))
    return x


def _draw_maps(r: np.random.Generator, i: int) -> tuple[Tensor]:
    """Few pixels, so that n − 1 is not n; flat and nearly flat channels."""
    shape = draws.sizes(r, 2, 1, 4) + draws.sizes(r, 2, 2, 6)
    x = r.normal(0, 1, (*shape[:2], 1, 1)) + r.uniform(0.3, 1.5, (*shape[:2], 1, 1)) * r.standard_normal(shape)
    if i % 3 == 0:
        x[-1, -1] = 0.002 * r.standard_normal(shape[2:])
    if i % 3 == 1:
        x[0, 0] = 0.5
    return (draws.floats(x),)


@exercise(
    task="""
    Instance normalization looks at one channel of one picture at a time. Write `instance_norm(x)`.

    `x` is a float tensor [B, C, H, W], the output of a layer. Return floats of the same shape. For each channel of
    each picture, subtract its mean and divide by √(variance + 0.00001). The variance divides by H · W, not by
    H · W − 1. There are no weights to learn.
    """,
    cases=[
        Case("four pictures, three channels", (_maps((4, 3, 3, 4), seed=4),)),
        Case("a flat channel and one that is nearly flat", (_nearly_flat(),)),
    ],
    draw=_draw_maps,
    hints=[
        "Which dimensions belong to one channel of one picture? Only rows and columns, 2 and 3.",
        "x.mean(dim=(2, 3), keepdim=True) has the shape [B, C, 1, 1]. x.var takes the same two, and divides by n with "
        "correction=0.",
        "Add 1e-5 to the variance, take the root of the sum, and divide by it.",
    ],
)
def instance_norm(x):
    """Output of a layer, float [B, C, H, W] → same shape; each channel of each picture has mean 0, deviation 1."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = x.var(dim=(2, 3), keepdim=True, correction=0)
    return (x - mean) / (variance + 1e-5).sqrt()


def _normed(x: Tensor, dims: tuple[int, ...], *, correction: int = 0) -> Tensor:
    x = x.double()
    variance = x.var(dim=dims, keepdim=True, correction=correction)
    return (x - x.mean(dim=dims, keepdim=True)) / (variance + 1e-5).sqrt()


@instance_norm.misconception(
    "You went over the batch as well. This is batch normalization, as it is in training: all pictures share one mean "
    "and one variance per channel, and they keep what they differ in. Leave out dimension 0."
)
def batch_norm(x):
    return _normed(x, (0, 2, 3))


@instance_norm.misconception(
    "You went over the channels as well. This is layer normalization: the channels of a picture share one mean and "
    "keep their relation. Leave out dimension 1."
)
def layer_norm(x):
    return _normed(x, (1, 2, 3))


@instance_norm.misconception(
    "Your variance divides by n − 1, which is torch's default for var and std. Normalization layers divide by n. With "
    "few pixels you see it: use correction=0."
)
def divided_by_n_less_1(x):
    return _normed(x, (2, 3), correction=1)


def _by_deviation(x: Tensor, *, correction: int, small: float) -> Tensor:
    x = x.double()
    deviation = x.std(dim=(2, 3), keepdim=True, correction=correction)
    return (x - x.mean(dim=(2, 3), keepdim=True)) / (deviation + small)


@instance_norm.misconception(
    "You are right except for channels that are nearly flat. You added 0.00001 to the deviation; it belongs to the "
    "variance, under the root. There it acts like a deviation of 0.003, and noise in a nearly flat channel is not "
    "blown up to full size."
)
def constant_outside_the_root(x):
    return _by_deviation(x, correction=0, small=1e-5)


@instance_norm.misconception(
    "Two things differ. x.std divides by n − 1 unless you say correction=0. And the 0.00001 belongs to the variance, "
    "under the root, not to the deviation. Start from x.var(..., correction=0)."
)
def deviation_as_it_comes(x):
    return _by_deviation(x, correction=1, small=1e-5)


@instance_norm.misconception(
    "You left out the 0.00001. A flat channel gives 0 / 0, which is NaN, and the noise in a nearly flat one is blown "
    "up to full size. Add it to the variance before you take the root."
)
def constant_forgotten(x):
    return _by_deviation(x, correction=0, small=0.0)


@instance_norm.misconception("You divided by the variance. Take its root after you have added 0.00001.")
def divided_by_the_variance(x):
    x = x.double()
    dims = (2, 3)
    return (x - x.mean(dim=dims, keepdim=True)) / (x.var(dim=dims, keepdim=True, correction=0) + 1e-5)
