"""Exercises of lesson 1: can a CNN learn colour?

Each solution is followed by the mistakes that people make, as functions, and by what to tell them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from .engine import Case, exercise

# --- hue -------------------------------------------------------------------------------------------------


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
    ],
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
    return degrees % 360


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


@hue.misconception(
    "Your colours are right, your greys are not a number. Red, green and blue are equal there, so that you divide 0 "
    "by 0. One NaN in a picture makes the loss NaN, and then every weight. Ask for chroma == 0 first, and return 0."
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


# --- undo a colour map -----------------------------------------------------------------------------------


def _table(corners: list[list[int]], size: int) -> Tensor:
    """uint8 [size, 3]: colours in even steps along straight lines from corner to corner."""
    at = torch.linspace(0, len(corners) - 1, size)
    left = at.long().clamp(max=len(corners) - 2)
    known = torch.tensor(corners, dtype=torch.float)
    return known[left].lerp(known[left + 1], (at - left)[:, None]).round().to(torch.uint8)


def _drawn(table: Tensor, height: int, width: int, *, noise: int, seed: int) -> Tensor:
    """uint8 [3, height, width]: a picture in the table's colours, each channel off by up to `noise`."""
    generator = torch.Generator().manual_seed(seed)
    index = torch.randint(0, len(table), (height, width), generator=generator)
    off = torch.randint(-noise, noise + 1, (height, width, 3), generator=generator)
    return (table[index].int() + off).clamp(0, 255).to(torch.uint8).permute(2, 0, 1).contiguous()


_FIVE = torch.tensor([[0, 0, 140], [0, 90, 255], [60, 230, 200], [250, 220, 30], [180, 10, 0]], dtype=torch.uint8)
_SMOOTH = _table([[0, 0, 130], [0, 100, 255], [90, 255, 160], [255, 190, 0], [130, 0, 0]], 48)


@exercise(
    task="""
    A spectrogram was one number for each pixel, before a colour map painted it. Write `undo_colour_map(picture,
    table)`, which finds that number again.

    `picture` is a uint8 tensor [3, H, W], `table` a uint8 tensor [K, 3] with the colours of the map, lowest first.
    Return an int64 tensor [H, W]: for each pixel, which row of the table is nearest to it, 0 to K − 1. Nearest means
    the smallest squared distance, (red − red)² + (green − green)² + (blue − blue)².
    """,
    cases=[
        Case("five colours, saved exactly", (_drawn(_FIVE, 2, 3, noise=0, seed=11), _FIVE)),
        Case("48 colours, blurred a little by JPEG", (_drawn(_SMOOTH, 9, 14, noise=3, seed=16), _SMOOTH)),
    ],
    hints=[
        "A uint8 knows nothing below 0 and nothing above 255. Turn picture and table into .int() before you subtract.",
        "Let every pixel meet every colour. Pixels [H·W, 1, 3] less colours [K, 3] give [H·W, K, 3]; square, and sum "
        "over the last dimension.",
        "picture.flatten(1).T is [H·W, 3], one colour a row. distance.argmin(dim=1) is the nearest colour of each "
        "pixel, and .reshape(picture.shape[1:]) makes it [H, W] again.",
    ],
)
def undo_colour_map(picture, table):
    """Picture, uint8 [3, H, W], and colours, uint8 [K, 3] → number of the nearest colour, int64 [H, W], 0 to K − 1."""
    pixels = picture.flatten(1).T.int()
    distance = (pixels[:, None] - table.int()).square().sum(dim=2)
    return distance.argmin(dim=1).reshape(picture.shape[1:])


def _squared_distances(picture: Tensor, table: Tensor) -> Tensor:
    """int64 [H, W, K]."""
    return (picture.permute(1, 2, 0)[:, :, None].int() - table.int()).square().sum(dim=3)


@undo_colour_map.misconception(
    "You subtracted uint8 from uint8. Such numbers go around: 3 − 5 is 254, and squares above 255 go around once "
    "more. A colour that is a little darker looks very far away, and no error tells you. Use .int() on both first."
)
def bytes_go_around(picture, table):
    return (picture.permute(1, 2, 0)[:, :, None] - table).square().sum(dim=3).argmin(dim=2)


@undo_colour_map.misconception(
    "You turned the difference into larger numbers, and it was too late. In uint8, 3 − 5 had already become 254. "
    "Convert picture and table before you subtract."
)
def converted_too_late(picture, table):
    return (picture.permute(1, 2, 0)[:, :, None] - table).long().square().sum(dim=3).argmin(dim=2)


@undo_colour_map.misconception(
    "You looked at the blue channel alone. The pictures look blue, but a map has the same amount of blue in several "
    "places. Only the three channels together say which colour it is."
)
def blue_alone(picture, table):
    return (picture[2][:, :, None].int() - table[:, 2].int()).abs().argmin(dim=2)


@undo_colour_map.misconception(
    "You return how far the nearest colour is. That is worth knowing, as a large distance says that it is another map. "
    "Asked for is which colour it is: argmin in place of min."
)
def how_far(picture, table):
    return _squared_distances(picture, table).amin(dim=2)


@undo_colour_map.misconception(
    "You return how far the nearest colour is, with the square root taken. Asked for is which colour it is: argmin in "
    "place of min. For that no root is needed."
)
def how_far_by_root(picture, table):
    return _squared_distances(picture, table).amin(dim=2).double().sqrt()


@undo_colour_map.misconception(
    "You return the nearest colour itself. That is the old picture, tidied up. The number behind it is the colour's "
    "row in the table, which you already have."
)
def colours_instead_of_rows(picture, table):
    return table[undo_colour_map.reference(picture, table)].permute(2, 0, 1)


@undo_colour_map.misconception(
    "You return the nearest colours, [H, W, 3]. The number behind each is the colour's row in the table, which you "
    "already have: leave out the last look-up."
)
def colours_last_instead_of_rows(picture, table):
    return table[undo_colour_map.reference(picture, table)]


@undo_colour_map.misconception(
    "You reshaped [3, H, W] to rows of three. A reshape keeps the order of the numbers in memory, so each row holds "
    "three neighbouring pixels of one channel, not one colour. Move the channel to the end with "
    ".permute(1, 2, 0), or use .flatten(1).T."
)
def reshaped_instead_of_permuted(picture, table):
    rows = picture.reshape(-1, 3)
    return (rows[:, None].int() - table.int()).square().sum(dim=2).argmin(dim=1).reshape(picture.shape[1:])


@undo_colour_map.misconception(
    "Your result lies on its side: [W, H] in place of [H, W]. In a tensor the row comes before the column."
)
def on_its_side(picture, table):
    return undo_colour_map.reference(picture, table).T


@undo_colour_map.misconception(
    "You found the colour that is farthest away. The nearest has the smallest distance: argmin."
)
def farthest(picture, table):
    return _squared_distances(picture, table).argmax(dim=2)


@undo_colour_map.misconception(
    "You added up the differences as they are. Too much red and too little blue then cancel, and a very wrong colour "
    "looks near. Square each difference before you sum."
)
def signs_cancel(picture, table):
    return (picture.permute(1, 2, 0)[:, :, None].int() - table.int()).sum(dim=3).abs().argmin(dim=2)


# --- d′ --------------------------------------------------------------------------------------------------


def _normal(n: int, mean: float, deviation: float, *, seed: int) -> Tensor:
    """float32 [n]"""
    return mean + deviation * torch.randn(n, generator=torch.Generator().manual_seed(seed))


@exercise(
    task="""
    Is there a difference at all, and how large is it beside the spread? Write `d_prime(a, b)`.

    `a` and `b` are float32 tensors [n] and [m]: the same measurement, such as the mean hue, of the pictures of two
    classes. Return one number, 0 or more: the distance of the two means, divided by the square root of the mean of
    the two variances. Both classes count the same, however many pictures they have.
    """,
    cases=[
        Case("two classes of 2,000", (_normal(2000, 5.0, 2.0, seed=0), _normal(2000, 3.0, 1.0, seed=1))),
        Case("the second is higher, and rarer", (_normal(3000, 0.2, 0.1, seed=2), _normal(600, 0.9, 0.4, seed=3))),
        Case(
            "nearly equal means and very unequal spreads",
            (_normal(2500, 7.0, 1.0, seed=4), _normal(900, 7.1, 6.0, seed=5)),
        ),
    ],
    hints=[
        "a.mean() and a.var() give what you need of one class.",
        "Take the mean of the two variances first, (a.var() + b.var()) / 2, and its root afterwards.",
        "(a.mean() - b.mean()).abs() / ((a.var() + b.var()) / 2).sqrt()",
    ],
)
def d_prime(a, b):
    """Measurements of two classes, float32 [n] and [m] → d′, 0 or more: how many deviations part their means."""
    distance = (a.mean() - b.mean()).abs()
    return distance / ((a.var() + b.var()) / 2).sqrt()


@d_prime.misconception(
    "You averaged the two deviations. Of unequal deviations the mean is smaller than the root of the mean variance, "
    "so your d′ is too large. Average the variances, then take the root."
)
def deviations_averaged(a, b):
    return (a.mean() - b.mean()).abs() / ((a.std() + b.std()) / 2)


@d_prime.misconception(
    "You took the deviation of both classes together. It contains the distance of the means as well: the further "
    "apart they are, the larger it grows. Of two equally large classes your d′ could never exceed 2. Take each class's "
    "variance by itself."
)
def both_in_one_heap(a, b):
    return (a.mean() - b.mean()).abs() / torch.cat([a, b]).std()


@d_prime.misconception(
    "You weighed the variances by the number of pictures. Then the larger class decides how large d′ is. Here both "
    "count the same: add them, and divide by two."
)
def weighed_by_size(a, b):
    n, m = len(a), len(b)
    pooled = ((n - 1) * a.var() + (m - 1) * b.var()) / (n + m - 2)
    return (a.mean() - b.mean()).abs() / pooled.sqrt()


@d_prime.misconception(
    "Your result has a sign: it is negative where the second class is higher. d′ is a distance, so take .abs() of "
    "the difference."
)
def with_a_sign(a, b):
    return (a.mean() - b.mean()) / ((a.var() + b.var()) / 2).sqrt()


@d_prime.misconception(
    "You added the variances and did not divide by two. Your d′ is too small by √2. Asked for is the mean of the two."
)
def variances_not_halved(a, b):
    return (a.mean() - b.mean()).abs() / (a.var() + b.var()).sqrt()


@d_prime.misconception(
    "You divided by a variance. If the pictures were measured in other units, your result would change. The root "
    "brings the spread back to the units of the means."
)
def root_forgotten(a, b):
    return (a.mean() - b.mean()).abs() / ((a.var() + b.var()) / 2)


@d_prime.misconception(
    "You divided by the deviation of the first class only. Swap the classes and you get another number. Use both."
)
def spread_of_the_first(a, b):
    return (a.mean() - b.mean()).abs() / a.std()


# --- the mean of hues ------------------------------------------------------------------------------------


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
    ],
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
    return direction.rad2deg() % 360


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


@circular_mean.misconception(
    "You used the arctangent of sine / cosine. The division loses the signs, so that opposite directions look the "
    "same: your cyans became reds. torch.atan2(sine, cosine) sees both signs."
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


# --- normalise -------------------------------------------------------------------------------------------


def _pictures(n: int, height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [n, 3, height, width]: bluish noise around a colour that differs from picture to picture."""
    generator = torch.Generator().manual_seed(seed)
    level = torch.tensor([10, 60, 150])[:, None, None] + torch.randint(0, 60, (n, 3, 1, 1), generator=generator)
    return (level + torch.randint(0, 40, (n, 3, height, width), generator=generator)).to(torch.uint8)


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


# --- mend a training step --------------------------------------------------------------------------------


def _trained(mend: Callable, make: Callable) -> dict[str, object] | None:
    """What three steps with `mend` do to a small network; None where they do nothing and return nothing.

    Behaviour is looked at, not source: there is more than one right way to write a step. `make` gets the weights
    and gives an optimizer.
    """
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(0)
        model = nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 2))
        x, y = torch.randn(8, 3, 2, 2), torch.tensor([0, 1, 1, 0, 1, 1, 1, 0])
        aims = _where_to(model, x, y, make)
        optimizer = make(model.parameters())
        passed, found, first = [], [], model[1].weight
        first.register_hook(lambda gradient: passed.append(gradient.clone()))
        optimizer.register_step_pre_hook(lambda *_: found.append(any(_has_gradient(w) for w in model.parameters())))
        losses, reached, piled_up = [], [], []
        for _ in range(3):
            losses.append(mend(model, x, y, optimizer))
            reached.append(_weights(model))
            piled_up.append(bool(passed) and _has_gradient(first) and not torch.allclose(first.grad, passed[-1]))
    if losses[0] is None and not passed and not found:
        return None
    return {
        "The loss that the first step returns": losses[0],
        "A gradient goes back to the weights": bool(passed),
        "The optimizer takes a step": bool(found),
        "It finds a gradient then": any(found),
        "Gradients pile up from step to step": any(piled_up),
        "The first step leads where it should": torch.allclose(reached[0], aims[0], atol=1e-5),
        "Three steps lead where they should": torch.allclose(reached[2], aims[2], atol=1e-5),
    }


def _has_gradient(weight: nn.Parameter) -> bool:
    return weight.grad is not None and bool(weight.grad.any())


def _weights(model: nn.Module) -> Tensor:
    """float32 [n]: all weights in a row, a copy."""
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


def _where_to(model: nn.Module, x: Tensor, y: Tensor, make: Callable) -> list[Tensor]:
    """The weights after each of three right steps. `model` is as before afterwards."""
    start = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    optimizer, reached = make(model.parameters()), []
    for _ in range(3):
        mend.reference(model, x, y, optimizer)
        reached.append(_weights(model))
    model.load_state_dict(start)
    model.zero_grad()
    return reached


def _plain_descent(weights) -> torch.optim.Optimizer:
    return torch.optim.SGD(weights, lr=0.5)


def _adam(weights) -> torch.optim.Optimizer:
    return torch.optim.Adam(weights, lr=0.05)


@exercise(
    task="""
    This training step runs without an error, and the network learns nothing. There are three mistakes in it.

    ```python
    def mend(model, x, y, optimizer):
        probabilities = model(x).softmax(dim=1)
        loss = torch.nn.functional.cross_entropy(probabilities, y)
        loss.backward()
        return loss
    ```

    Write `mend(model, x, y, optimizer)` so that each call is one sound step, however often it is called. `model`
    turns `x`, float32 [B, 3, H, W], into logits [B, 2]; `y`, int64 [B], holds the classes, 0 or 1; `optimizer`
    knows the weights. Use cross-entropy, change the weights in place, and return the loss of this batch, one number.
    """,
    cases=[
        Case("three steps with SGD, learning rate 0.5", (_plain_descent,)),
        Case("three steps with Adam, learning rate 0.05", (_adam,)),
    ],
    hints=[
        "Go through it in the order in which it runs. What does cross_entropy want to get? Who changes the weights? "
        "What is left over from the step before?",
        "cross_entropy takes logits and does the softmax itself. optimizer.step() changes the weights. "
        "optimizer.zero_grad() clears the gradients; without it backward() adds to the old ones.",
        "In this order: loss = cross_entropy(model(x), y), optimizer.zero_grad(), loss.backward(), optimizer.step().",
    ],
    observe=_trained,
)
def mend(model, x, y, optimizer):
    """Network, pictures, float32 [B, 3, H, W], classes, int64 [B], and optimizer → loss; takes one step, in place."""
    loss = torch.nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


@mend.misconception(
    "This is the step as it came. Look for three things: what cross_entropy is given, what is left of the gradients of "
    "the step before, and who changes the weights."
)
def as_it_came(model, x, y, optimizer):
    loss = nn.functional.cross_entropy(model(x).softmax(dim=1), y)
    loss.backward()
    return loss


@mend.misconception(
    "One mistake is left: you give probabilities to cross_entropy, which takes logits and does the softmax itself. "
    "With two softmaxes in a row the gradients are small, and the loss cannot fall below 0.31 even if every picture is "
    "right. Leave your softmax out."
)
def two_softmaxes(model, x, y, optimizer):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x).softmax(dim=1), y)
    loss.backward()
    optimizer.step()
    return loss


@mend.misconception(
    "One mistake is left, and the first step does not show it. backward adds to the gradients that are there "
    "already, so that the second step goes by the first batch as well, and so on. Call optimizer.zero_grad() before "
    "backward."
)
def gradients_pile_up(model, x, y, optimizer):
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


@mend.misconception(
    "One mistake is left: nobody changes the weights. backward only writes down in which direction they should go. "
    "optimizer.step() goes there."
)
def step_forgotten(model, x, y, optimizer):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    return loss


@mend.misconception(
    "You have all that is needed, in an order that undoes it: zero_grad stands between backward and step, and the "
    "optimizer finds no gradient. Clear the gradients before backward, or after step."
)
def cleared_too_late(model, x, y, optimizer):
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss


@mend.misconception(
    "The optimizer takes a step and finds no gradient, as nobody computed one. Call loss.backward() between zero_grad "
    "and step."
)
def backward_forgotten(model, x, y, optimizer):
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    optimizer.step()
    return loss


@mend.misconception("The step is right. Return the loss as well: whoever calls mend wants to see it fall.")
def nothing_returned(model, x, y, optimizer):
    mend.reference(model, x, y, optimizer)


@mend.misconception(
    "nll_loss wants the logarithms of probabilities, and you give it the probabilities. Your loss is negative, which a "
    "cross-entropy never is. Use cross_entropy on the logits, or nll_loss after log_softmax."
)
def logarithm_forgotten(model, x, y, optimizer):
    optimizer.zero_grad()
    loss = nn.functional.nll_loss(model(x).softmax(dim=1), y)
    loss.backward()
    optimizer.step()
    return loss
