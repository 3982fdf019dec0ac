"""Exercise: hue. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from ....practice.values import plain


def on_a_circle(result: object, used: tuple, given: tuple) -> object:
    """The degrees, and 0 in the place of what rounding has put just below 360, or just below 0."""
    degrees = plain(result)
    if not isinstance(degrees, np.ndarray) or degrees.size != 1:
        return result
    near = min(abs(degrees.item()), abs(degrees.item() - 360)) < 0.2  # what 16 bits can do
    return 0.0 if near else degrees


def _draw_colour(r: np.random.Generator, i: int) -> tuple[Tensor]:
    """Sixteenths, which 16 bits hold exactly. The hues keep away from the seam at 0°, or stand on it."""
    if i % 8 == 0:
        return (draws.floats([r.integers(0, 17) / 16] * 3),)
    while True:
        rgb = r.integers(0, 17, 3)
        if i % 8 == 1:  # two are equally large
            rgb = rgb[r.permutation(3)]
            rgb[int(r.integers(3))] = rgb.max()
            rgb[rgb.argsort()[1]] = rgb.max()
        red, green, blue = rgb
        if i % 8 == 2:  # crimson
            red, green, blue = sorted(rgb)[::-1][0], min(rgb), sorted(rgb)[1]
        chroma = max(red, green, blue) - min(red, green, blue)
        if chroma >= 4 and not (red == max(red, green, blue) and 0 < abs(green - blue) / chroma < 0.05):
            return (draws.floats([red / 16, green / 16, blue / 16]),)


@exercise(
    task="""
    A hue is a place on a circle: red at 0°, green at 120°, blue at 240°. Write `hue(rgb)`, the hue of HSV.

    `rgb` is a float32 tensor [3]: red, green, blue, each from 0 to 1. Return degrees, 0 ≤ hue < 360. Call the
    largest of the three *high*, and high less the smallest *chroma*. Where red is the largest, the hue is
    60 · (green − blue) / chroma; where green is, 120 + 60 · (blue − red) / chroma; where blue is,
    240 + 60 · (red − green) / chroma. Two things are left to you: what falls below 0°, and grey, black and white.
    They have no hue; return 0.
    """,
    cases=[
        Case("orange", (torch.tensor([1.0, 0.5, 0.0]),)),
        Case("a green", (torch.tensor([0.2, 0.8, 0.4]),)),
        Case("a blue", (torch.tensor([0.1, 0.3, 0.9]),)),
        Case("crimson, just before the circle closes", (torch.tensor([0.8, 0.0, 0.2]),)),
        Case("cyan, where green and blue are equally large", (torch.tensor([0.0, 1.0, 1.0]),)),
        Case("a grey", (torch.tensor([0.5, 0.5, 0.5]),)),
        Case("black", (torch.tensor([0.0, 0.0, 0.0]),)),
        Case("a pure red, on the seam", (torch.tensor([1.0, 0.0, 0.0]),)),
    ],
    draw=_draw_colour,
    look=on_a_circle,
    hints=[
        "Which of the three is the largest says in which third of the circle you are. The difference of the other two "
        "says where in it.",
        "Crimson comes out as −15°, which is the same place as 345°. In Python and in torch, x % 360 takes any number "
        "of degrees to 0 ≤ x < 360.",
        "Begin with: high, chroma = rgb.max(), rgb.max() - rgb.min(). Then: if chroma == 0, return 0.0. Then one "
        "`if high == red`, one `elif high == green`, and an `else`. Last: % 360.",
    ],
)
def hue(rgb):
    """One colour, float32 [3], red, green, blue, 0 to 1 → its hue in HSV, degrees, 0 ≤ hue < 360; 0 for a grey."""
    red, green, blue = rgb
    high, chroma = rgb.max(), rgb.max() - rgb.min()
    if chroma == 0:
        return 0.0
    if high == red:
        degrees = 60 * (green - blue) / chroma
    elif high == green:
        degrees = 120 + 60 * (blue - red) / chroma
    else:
        degrees = 240 + 60 * (red - green) / chroma
    return degrees % 360 % 360  # once makes 360 of a very small number below 0


def _unturned(rgb: Tensor, starts: tuple[float, float, float] = (0, 120, 240)) -> Tensor:
    """Degrees before they are taken to 0–360. `starts`: where red, green and blue stand. NaN for a grey."""
    red, green, blue = rgb
    differences = (green - blue, blue - red, red - green)
    third = int(rgb.argmax())
    return starts[third] + 60 * differences[third] / (rgb.max() - rgb.min())


@hue.misconception(
    "You are right except just before the circle closes. A red with a little blue comes out with a negative number of "
    "degrees: −15° instead of 345°. It is the same place, but a mean, a threshold or a network would take it for far "
    "away. Use % 360."
)
def negative_degrees(rgb):
    return _unturned(rgb) if rgb.max() > rgb.min() else 0.0


def _grey_divided(rgb):
    return _unturned(rgb) % 360 if rgb.max() > rgb.min() else float("nan")


@hue.misconception(
    "Your colours are right, your greys are not a number. Red, green and blue are equal there, so that you divide 0 "
    "by 0. One NaN in a picture makes the loss NaN, and then every weight. Ask for chroma == 0 first, and return 0.",
    also=[_grey_divided],
)
def grey_forgotten(rgb):
    return _unturned(rgb) % 360


@hue.misconception(
    "You measure the circle from 0 to 1, as colorsys and scikit-image do. Here it has 360 degrees. Libraries "
    "disagree about this, so look at the range of a hue before you use it."
)
def turns_instead_of_degrees(rgb):
    return hue.reference(rgb) / 360


@hue.misconception(
    "Your numbers are half of what they should be. OpenCV does this with 8-bit pictures, since 360 does not fit into "
    "a byte. Here a full turn is 360 degrees."
)
def half_degrees(rgb):
    return hue.reference(rgb) / 2


@hue.misconception(
    "Your result is right where red is the largest. For green and for blue you left out where their third of the "
    "circle begins: add 120 where green is the largest, 240 where blue is."
)
def thirds_not_told_apart(rgb):
    return _unturned(rgb, (0, 0, 0)) % 360 if rgb.max() > rgb.min() else 0.0


@hue.misconception(
    "You have green and blue in each other's place on the circle. From red on, it goes to green at 120°, then to "
    "blue at 240°."
)
def blue_before_green(rgb):
    return hue.reference(rgb[[0, 2, 1]])


@hue.misconception(
    "You took the first number for blue and the last for red. OpenCV reads pictures that way; here red comes first. "
    "The mistake gives no error anywhere: oranges just turn into blues."
)
def blue_first(rgb):
    return hue.reference(rgb.flip(0))


@hue.misconception(
    "You took the angle in a plane, with atan2. That is a sound hue, but another one: HSV walks along the sides of a "
    "hexagon, and between its corners the two differ by up to about one degree. Use the formulas of the task."
)
def angle_in_a_plane(rgb):
    red, green, blue = rgb.double()
    return torch.atan2(math.sqrt(3) * (green - blue), 2 * red - green - blue).rad2deg() % 360
