"""Exercise: the mean of hues. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ....practice import draws
from ....practice.engine import Case, exercise
from .hue_of_rgb import on_a_circle


def _draw_hues(r: np.random.Generator, i: int) -> tuple[Tensor]:
    """Around all places of the circle, the mean itself not within a degree of the seam."""
    while True:
        spread = r.uniform(-1, 1, int(r.integers(1, 10))) * draws.one_of(r, 20, 60, 100)
        hues = ((15 * i + r.uniform(0, 15) + spread) % 360).round()
        point = np.exp(1j * np.deg2rad(hues)).mean()
        if abs(point) > 0.4 and 1 < np.rad2deg(np.angle(point)) % 360 < 359:
            return (draws.floats(hues),)


@exercise(
    task="""
    The mean of 350° and 10° is a red, 0°. Add and divide, and you get 180°, a cyan. Write `circular_mean(hues)`.

    `hues` is a float32 tensor [n], degrees, 0 to 360. Put each hue on a circle of radius 1, as the point (cos, sin).
    The mean of the points lies somewhere inside the circle. Return the direction in which it lies, in degrees,
    0 ≤ mean < 360. The hues are never spread so evenly that there is no direction.
    """,
    cases=[
        Case("three hues around red", (torch.tensor([350.0, 20.0, 5.0]),)),
        Case("far from the seam", (torch.tensor([40.0, 60.0, 110.0]),)),
        Case("around cyan", (torch.tensor([150.0, 200.0, 220.0, 185.0]),)),
        Case("around magenta", (torch.tensor([270.0, 310.0, 355.0]),)),
        Case("350° and 10°, whose mean is 0°", (torch.tensor([350.0, 10.0]),)),
        Case("359° and 1°, whose mean is 0°", (torch.tensor([359.0, 1.0]),)),
        Case("one hue, 360°", (torch.tensor([360.0]),)),
    ],
    draw=_draw_hues,
    look=on_a_circle,
    hints=[
        "torch.sin and torch.cos want radians: hues.deg2rad().",
        "Take the mean of the cosines and the mean of the sines. torch.atan2(sine, cosine) gives the direction of that "
        "point, for all four quarters of the circle.",
        "torch.atan2(angle.sin().mean(), angle.cos().mean()).rad2deg() goes from −180° to 180°. With % 360 it is "
        "where you want it.",
    ],
)
def circular_mean(hues):
    """Hues, float32 [n], degrees, 0 to 360 → their mean on the circle, degrees, 0 ≤ mean < 360."""
    angle = hues.deg2rad()
    direction = torch.atan2(angle.sin().mean(), angle.cos().mean())
    return direction.rad2deg() % 360 % 360  # once makes 360 of a very small number below 0


def _mean_point(angle: Tensor) -> tuple[Tensor, Tensor]:
    """(sine, cosine)"""
    return angle.sin().mean(), angle.cos().mean()


@circular_mean.misconception(
    "You added the degrees and divided. For 350°, 20° and 5° that gives 125°, a green, though all three are reds. "
    "Degrees have a seam at 0°, points on a circle have none: average the points."
)
def arithmetic_mean(hues):
    return hues.mean()


@circular_mean.misconception(
    "You gave degrees to sin and cos. They take radians, where a full turn is 2π, so that your hues landed all "
    "around the circle. Use hues.deg2rad() first, and .rad2deg() in the end."
)
def degrees_taken_for_radians(hues):
    sine, cosine = _mean_point(hues)
    return torch.atan2(sine, cosine).rad2deg() % 360


@circular_mean.misconception(
    "You gave degrees to sin and cos, and did not convert the result either. Both functions take radians, where a full "
    "turn is 2π. Use hues.deg2rad() first, and .rad2deg() in the end."
)
def never_converted(hues):
    return torch.atan2(*_mean_point(hues)) % 360


def _half_turns(hues):
    return torch.atan2(*_mean_point(hues.deg2rad())).rad2deg() % 180


@circular_mean.misconception(
    "Opposite directions look the same in your result: your cyans became reds. An arctangent of sine / cosine does "
    "that, since the division loses the signs, and so does % 180. torch.atan2(sine, cosine) sees both signs, and a "
    "circle has 360 degrees.",
    also=[_half_turns, lambda hues: circular_mean.reference(hues) % 180],
)
def half_of_the_circle(hues):
    sine, cosine = _mean_point(hues.deg2rad())
    return torch.atan(sine / cosine).rad2deg() % 360


@circular_mean.misconception(
    "Your direction is right. From 180° on, it comes out negative, since atan2 goes from −180° to 180°. Use % 360."
)
def negative_direction(hues):
    return torch.atan2(*_mean_point(hues.deg2rad())).rad2deg()


@circular_mean.misconception(
    "Your direction is right, and in radians. Turn it into degrees with .rad2deg(), then use % 360."
)
def left_in_radians(hues):
    return torch.atan2(*_mean_point(hues.deg2rad()))


@circular_mean.misconception(
    "You gave the cosine to atan2 first. It wants the sine first and the cosine second. Your way the angle is "
    "counted from another axis and in the other direction."
)
def cosine_first(hues):
    sine, cosine = _mean_point(hues.deg2rad())
    return torch.atan2(cosine, sine).rad2deg() % 360


@circular_mean.misconception(
    "You took hues above 180° as negative, and then the ordinary mean. Reds come out nearly right, but the seam has "
    "only moved: cut at 180°, the cyans fall apart now. Average points on the circle."
)
def seam_moved(hues):
    return ((hues + 180) % 360 - 180).mean() % 360
