"""Exercise: normalise. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise


def _pictures(n: int, height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [n, 3, height, width]: bluish noise around a colour that differs from picture to picture."""
    generator = torch.Generator().manual_seed(seed)
    level = torch.tensor([10, 60, 150])[:, None, None] + torch.randint(0, 60, (n, 3, 1, 1), generator=generator)
    return (level + torch.randint(0, 40, (n, 3, height, width), generator=generator)).to(torch.uint8)


def _draw_pictures(r: np.random.Generator, i: int) -> tuple[Tensor]:
    """Each picture and each channel has a level and a spread of its own; so many pixels that n and n − 1 are one."""
    n, height, width = int(r.integers(1, 7)), *draws.sizes(r, 2, 30, 44)
    level, spread = r.integers(0, 180, (n, 3, 1, 1)), r.integers(4, 75, (n, 3, 1, 1))
    return (draws.bytes_(level + spread * r.random((n, 3, height, width))),)


@exercise(
    task="""
    Networks learn best from numbers around 0. But take care that what tells the classes apart is still there
    afterwards. Write `normalise(pictures)`.

    `pictures` is a uint8 tensor [N, 3, H, W], 0 to 255. Return floats of the same shape, in which each channel, over
    all pixels of all pictures together, has mean 0 and standard deviation 1. A picture that was bluer than the others
    must still be bluer than the others. No channel is the same everywhere.
    """,
    cases=[
        Case("six pictures", (_pictures(6, 32, 32, seed=0),)),
        Case("pictures that are not square", (_pictures(5, 24, 40, seed=1),)),
    ],
    draw=_draw_pictures,
    hints=[
        "Which dimensions should the mean go over? All but the channel, which is dimension 1.",
        "Turn the pictures into floats first. x.mean(dim=(0, 2, 3), keepdim=True) has the shape [1, 3, 1, 1], which "
        "can be subtracted from [N, 3, H, W].",
        "x.std takes the same dim and keepdim. Subtract the mean, then divide by the deviation.",
    ],
)
def normalise(pictures):
    """Pictures, uint8 [N, 3, H, W], 0 to 255 → float, same shape; each channel of the set has mean 0, deviation 1."""
    x = pictures.float()
    mean = x.mean(dim=(0, 2, 3), keepdim=True)
    deviation = x.std(dim=(0, 2, 3), keepdim=True)
    return (x - mean) / deviation


def _standardised(pictures: Tensor, dims: tuple[int, ...]) -> Tensor:
    x = pictures.double()
    return (x - x.mean(dim=dims, keepdim=True)) / x.std(dim=dims, keepdim=True)


@normalise.misconception(
    "You standardised each channel of each picture by itself. Now every picture has the same mean red, green and "
    "blue: a blue one and a green one have become alike. Where the class is a hue, it is gone, and the network stays "
    "near 50 %. Take mean and deviation over the whole set."
)
def each_channel_of_each_picture(pictures):
    return _standardised(pictures, (2, 3))


@normalise.misconception(
    "You standardised each picture by itself. Whether it was light or dark beside the others can no longer be seen. "
    "That is wanted at times, but it is your decision to make, and the class may be in it. Go over dimension 0 as "
    "well, and leave out dimension 1."
)
def each_picture(pictures):
    return _standardised(pictures, (1, 2, 3))


@normalise.misconception(
    "You divided by 255. That keeps all that is in the pictures, and many networks learn from it. But the numbers go "
    "from 0 to 1: their mean is not 0, their deviation not 1, and red, green and blue still differ in both."
)
def divided_by_255(pictures):
    return pictures.double() / 255


@normalise.misconception(
    "You have one mean and one deviation for all three channels together. In blue pictures blue then stays high and "
    "red stays low. Keep the channels apart: leave dimension 1 out of the mean."
)
def channels_thrown_together(pictures):
    return _standardised(pictures, (0, 1, 2, 3))


@normalise.misconception(
    "Your means are 0, your deviations are not 1. Divide by the deviation of each channel as well."
)
def deviation_forgotten(pictures):
    x = pictures.double()
    return x - x.mean(dim=(0, 2, 3), keepdim=True)


@normalise.misconception(
    "Your means are 0, your deviations are not 1: you divided by 255, not by the deviation of each channel."
)
def centred_from_0_to_1(pictures):
    return deviation_forgotten(pictures) / 255


@normalise.misconception(
    "You used ImageNet's mean and deviation. They belong to photographs, and to networks that were trained with them. "
    "The classes do survive this. But these pictures are other ones: measure their own numbers."
)
def numbers_of_imagenet(pictures):
    mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).double()[:, :, None, None]
    return (pictures.double() / 255 - mean) / deviation


@normalise.misconception("You divided by the variance. Its root is the deviation: use x.std, or .sqrt().")
def divided_by_the_variance(pictures):
    x = pictures.double()
    dims = (0, 2, 3)
    return (x - x.mean(dim=dims, keepdim=True)) / x.var(dim=dims, keepdim=True)
