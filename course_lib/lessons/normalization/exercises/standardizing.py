"""Exercise: standardize. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from .pictures import PHOTOGRAPHS, SATELLITE, colour_bytes, draw_bytes, draw_statistics

# Three rows and three columns: numbers that meet the wrong dimension raise no error then, and can be told about.


@exercise(
    task="""
    A pretrained network comes with six numbers: a mean and a deviation for each channel. Write
    `standardize(picture, mean, std)`, which prepares a picture with them.

    `picture` is a uint8 tensor [3, H, W], 0 to 255. `mean` and `std` are float tensors [3], for pixels that go from
    0 to 1. Return floats [3, H, W]. Bring the pixels to 0 to 1, then take away the channel's mean, then divide by the
    channel's deviation.
    """,
    cases=[
        Case("with ImageNet's numbers", (colour_bytes(3, 3, seed=0), *PHOTOGRAPHS)),
        Case("with EuroSAT's numbers", (colour_bytes(3, 3, seed=1), *SATELLITE)),
        Case("a black picture", (torch.zeros(3, 3, 3, dtype=torch.uint8), *SATELLITE)),
    ],
    draw=lambda r, i: (draws.bytes_(draw_bytes(r, *draws.sizes(r, 2, 1, 7))), *draw_statistics(r, i)),
    hints=[
        "The pixels are bytes, the numbers are meant for 0 to 1. Divide the picture by 255 first.",
        "torch lines up shapes from the right, so that [3] meets the columns of [3, H, W]. mean[:, None, None] has the "
        "shape [3, 1, 1] and meets the channels.",
        "With x = picture / 255, subtract mean[:, None, None] from x. Then divide the whole by std[:, None, None].",
    ],
)
def standardize(picture, mean, std):
    """Picture, uint8 [3, H, W], and mean and std, float [3], for 0 to 1 → the picture standardized, float [3, H, W]."""
    x = picture / 255
    return (x - mean[:, None, None]) / std[:, None, None]


def upright(numbers: Tensor) -> Tensor:
    """[3] → [3, 1, 1]"""
    return numbers[:, None, None]


@standardize.misconception(
    "You did not divide by 255. The pixels go up to 255, the means are below 1, so that almost nothing is taken away. "
    "The network gets numbers up to a thousand and more where it expects about −2 to 3, and raises no error. Divide "
    "by 255 first."
)
def left_in_bytes(picture, mean, std):
    return (picture - upright(mean)) / upright(std)


@standardize.misconception(
    "You brought the mean to bytes and left the deviation on 0 to 1. Your result is 255 times too large. Either all "
    "three are on 0 to 1, or all three on 0 to 255."
)
def deviation_on_another_scale(picture, mean, std):
    return (picture - 255 * upright(mean)) / upright(std)


@standardize.misconception(
    "You took the mean away and did not divide by the deviation. The numbers are centred, but they spread a fifth "
    "as far as the network expects, or less. Divide by std."
)
def deviation_forgotten(picture, mean, std):
    return picture / 255 - upright(mean)


@standardize.misconception(
    "Your mean and std meet the columns, not the channels: the left column gets red's numbers, the next one green's. "
    "torch lines up shapes from the right. Here there are three columns, so no error warns you. Give them the shape "
    "[3, 1, 1] with mean[:, None, None]."
)
def along_the_columns(picture, mean, std):
    return (picture / 255 - mean) / std


@standardize.misconception(
    "Your mean and std meet the rows, not the channels: [3, 1] lines up with H and W. Here there are three rows, so no "
    "error warns you. One more dimension is needed: mean[:, None, None]."
)
def along_the_rows(picture, mean, std):
    return (picture / 255 - mean[:, None]) / std[:, None]


@standardize.misconception(
    "You divided by the deviation first and then took the mean away. The mean belongs to pixels from 0 to 1, and after "
    "the division they are on another scale. Subtract first. If you wrote it on one line, look at the brackets."
)
def mean_after_dividing(picture, mean, std):
    return picture / 255 / upright(std) - upright(mean)


@standardize.misconception(
    "Only the mean was divided by std: division comes before subtraction. Put the subtraction into brackets."
)
def brackets_forgotten(picture, mean, std):
    return picture / 255 - upright(mean) / upright(std)


@standardize.misconception(
    "You multiplied by the deviation. That brings a standardized picture back. On the way there, you divide."
)
def multiplied(picture, mean, std):
    return (picture / 255 - upright(mean)) * upright(std)
