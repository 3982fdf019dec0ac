"""Exercise: statistics of the pictures. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _pictures(n: int, height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [n, 3, height, width]: noise around a brightness that differs by picture and by channel."""
    generator = torch.Generator().manual_seed(seed)
    level = torch.randint(30, 170, (n, 3, 1, 1), generator=generator)
    return (level + torch.randint(0, 50, (n, 3, height, width), generator=generator)).to(torch.uint8)


def _draw_pictures(r: np.random.Generator, i: int) -> tuple[Tensor]:
    """Each picture and each channel has a level and a spread of its own; so many pixels that n and n − 1 are one."""
    n, height, width = int(r.integers(1, 7)), *draws.sizes(r, 2, 30, 44)
    level, spread = r.integers(0, 180, (n, 3, 1, 1)), r.integers(4, 75, (n, 3, 1, 1))
    return (draws.bytes_(level + spread * r.random((n, 3, height, width))),)


@exercise(
    task="""
    A network expects pictures whose channels have the mean and the standard deviation that it was trained on.
    Write `statistics(pictures)`, which measures both for a data set of your own.

    `pictures` is a uint8 tensor [N, 3, H, W], 0 to 255. Return a pair `(mean, deviation)`, three numbers each:
    one for red, one for green, one for blue. Take them over all pixels of all pictures, on the scale 0 to 1.
    """,
    cases=[
        Case("six pictures", (_pictures(6, 32, 32, seed=0),)),
        Case("pictures that are not square", (_pictures(4, 24, 40, seed=1),)),
    ],
    draw=_draw_pictures,
    hints=[
        "uint8 has no room for a mean: turn the pictures into floats first, and divide by 255.",
        "The channel is dimension 1. Mean and deviation go over all the other dimensions at once.",
        "x.mean(dim=(0, 2, 3)) gives one number per channel, and x.std takes the same dim.",
    ],
    parts=("mean", "deviation"),
)
def statistics(pictures):
    """Pictures, uint8 [N, 3, H, W], 0 to 255 → (mean, deviation) of each channel, float [3] each, 0 to 1."""
    x = pictures.double() / 255
    return x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))


@statistics.misconception(
    "Your numbers are on the scale 0 to 255. Networks are fed with pixels from 0 to 1, so mean and deviation "
    "belong on that scale too: divide by 255."
)
def left_in_bytes(pictures):
    x = pictures.double()
    return x.mean(dim=(0, 2, 3)), x.std(dim=(0, 2, 3))


@statistics.misconception(
    "Your means are right. Your deviations are too small: you took the deviation inside each picture and averaged "
    "those, so that the differences between a bright picture and a dark one are lost. This mistake has a history: "
    "a second family of EuroSAT deviations is passed around, smaller than the deviation over all pixels. Take the "
    "deviation over all pixels of all pictures at once."
)
def deviations_averaged(pictures):
    x = pictures.double() / 255
    return x.mean(dim=(0, 2, 3)), x.std(dim=(2, 3)).mean(dim=0)


@statistics.misconception(
    "You have three numbers for each picture, shape [N, 3]. Normalising each picture by its own numbers would "
    "take its brightness away, and brightness helps to tell a lake from a field. Go over dimension 0 as well."
)
def each_picture_apart(pictures):
    x = pictures.double() / 255
    return x.mean(dim=(2, 3)), x.std(dim=(2, 3))


@statistics.misconception(
    "You kept the last dimension, as if the channels came last. That is so in a picture file or in matplotlib; "
    "in a tensor for torch the order is [N, C, H, W], and the channel is dimension 1."
)
def channels_taken_for_last(pictures):
    x = pictures.double() / 255
    return x.mean(dim=(0, 1, 2)), x.std(dim=(0, 1, 2))


@statistics.misconception(
    "You have one mean and one deviation for all three channels together. Seen from a satellite, red, green and "
    "blue differ a lot in brightness, so each channel needs its own: leave dimension 1 out of the mean."
)
def channels_thrown_together(pictures):
    x = pictures.double() / 255
    return x.mean(), x.std()
