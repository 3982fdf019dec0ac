"""Colour spaces: the same colour, told in other numbers. What two classes share in one space may part them in another.

Every conversion takes and returns float tensors, float32 or float64, [..., 3, H, W]. For colours that are no
pictures say where the three numbers stand: `dim=-1` for [..., 3]. RGB is sRGB as it is stored, 0–1. All hues are in
degrees, 0 ≤ hue < 360, and the hue of a grey is 0. `SPACES` has the channels and ranges of every space.

Nothing is clipped, so that a colour outside sRGB comes back from CIELAB or OKLab as it was, and `in_gamut` can tell.
Everything has a gradient, and it is finite at black, white and the greys, where the formulas alone would give NaN.

Tensors of whole numbers are refused rather than divided: whether 1 is white or nearly black is for the caller to say.
So are numbers that are no colour in the units of their space: those of bytes or percent (RGB, saturation's partners
value and lightness, and luma above 4, CIELAB's lightness above 200), and less than no light, as in standardized
pictures (R, G and B all under −0.1). In between lie all colours outside sRGB that the
ranges of `SPACES` hold. What cannot be told: hues counted 0 to 1 instead of in degrees, and CIELAB's lightness as a
share of 1.
ValueError: no float32 or float64, not three channels in `dim`, none at all, NaN, infinite, or no colours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ..checks import is_number
from ..standards import LUMA
from . import checks
from .light import (
    LINEAR_FROM_LMS,
    LINEAR_FROM_XYZ,
    LMS_FROM_LINEAR,
    OKLAB_FROM_ROOTS,
    ROOTS_FROM_OKLAB,
    XYZ_FROM_LINEAR,
    from_light,
    power,
    to_light,
)

MOST_LIGHT, MOST_LAB = 16, 2  # times white: what linear RGB and CIELAB's lightness may reach (`checks.colours`)
RESOLUTION = 1e-5  # the share of its range that float32 knows a channel to. Less chroma than that is rounding: a grey


# --- sRGB and light --------------------------------------------------------------------------------------


def rgb_to_linear(rgb: Tensor, *, dim: int = -3) -> Tensor:
    """Amounts of light, 0–1, behind the stored numbers. IEC 61966-2-1; below 0 its straight part goes on.

    >>> rgb_to_linear(torch.tensor([0.0, 0.5, 1.0]), dim=-1)
    tensor([0.0000, 0.2140, 1.0000])
    """
    checks.colours(rgb, dim)
    return to_light(rgb)


def linear_to_rgb(linear: Tensor, *, dim: int = -3) -> Tensor:
    """Stored numbers, 0–1, for amounts of light. Half the light is stored as 0.735. IEC 61966-2-1.

    >>> linear_to_rgb(torch.tensor([0.0, 0.5, 1.0]), dim=-1)
    tensor([0.0000, 0.7354, 1.0000])
    """
    checks.colours(linear, dim, most=MOST_LIGHT)
    return from_light(linear)


# --- hue, saturation, and a lightness --------------------------------------------------------------------


def rgb_to_hsv(rgb: Tensor, *, dim: int = -3) -> Tensor:
    """Hue in degrees, saturation 0–1, value 0–1. Smith: Color Gamut Transform Pairs, SIGGRAPH 1978.

    >>> rgb_to_hsv(torch.tensor([0.0, 0.25, 0.5]), dim=-1)
    tensor([210.0000,   1.0000,   0.5000])
    """
    hue, low, high = _hue_low_high(rgb, dim)
    saturation = (high - low) / torch.where(high > 0, high, 1)
    return torch.stack((hue, saturation, high), dim)


def hsv_to_rgb(hsv: Tensor, *, dim: int = -3) -> Tensor:
    """Back from `rgb_to_hsv`; the hue may be any number of degrees.

    >>> hsv_to_rgb(torch.tensor([-150.0, 1.0, 0.5]), dim=-1)
    tensor([0.0000, 0.2500, 0.5000])
    """
    checks.colours(hsv, dim, light=2)
    hue, saturation, value = hsv.split(1, dim)
    return value * (1 + saturation * (_pure(hue, dim) - 1))


def rgb_to_hsl(rgb: Tensor, *, dim: int = -3) -> Tensor:
    """Hue in degrees, saturation 0–1, lightness 0–1. Joblove, Greenberg: Color Spaces for Computer Graphics, 1978.

    >>> rgb_to_hsl(torch.tensor([0.5, 0.75, 1.0]), dim=-1)
    tensor([210.0000,   1.0000,   0.7500])
    """
    hue, low, high = _hue_low_high(rgb, dim)
    # The largest chroma at this lightness. As two small differences: near white 2 − (high + low) is mostly rounding.
    room = torch.minimum(high + low, (1 - high) + (1 - low))
    saturation = (high - low) / torch.where(room > 0, room, 1)
    return torch.stack((hue, saturation, (high + low) / 2), dim)


def hsl_to_rgb(hsl: Tensor, *, dim: int = -3) -> Tensor:
    """Back from `rgb_to_hsl`; the hue may be any number of degrees.

    >>> hsl_to_rgb(torch.tensor([210.0, 1.0, 0.75]), dim=-1)
    tensor([0.5000, 0.7500, 1.0000])
    """
    checks.colours(hsl, dim, light=2)
    hue, saturation, lightness = hsl.split(1, dim)
    chroma = saturation * 2 * torch.minimum(lightness, 1 - lightness)
    return lightness + chroma * (_pure(hue, dim) - 0.5)


def _hue_low_high(rgb: Tensor, dim: int) -> tuple[Tensor, Tensor, Tensor]:
    """The hue of HSV and HSL, the smallest and the largest of the three channels."""
    checks.colours(rgb, dim)
    red, green, blue = rgb.unbind(dim)
    low, high = rgb.amin(dim), rgb.amax(dim)
    chroma = high - low
    # The smallest channel says which third of the circle, the difference of the other two where in it.
    rest = torch.where(red == low, 3 * chroma + blue - green, 5 * chroma + red - blue)
    sixths = torch.where(blue == low, chroma + green - red, rest)
    coloured = chroma > RESOLUTION
    return _hue(60 * sixths / torch.where(coloured, chroma, 1), coloured), low, high


def _pure(hue: Tensor, dim: int) -> Tensor:
    """RGB of each hue at its most colourful: a primary is full up to 60° away from it, and gone from 120° on."""
    sixths = (hue / 60).remainder(6)
    red, green, blue = (sixths - 3).abs() - 1, 2 - (sixths - 2).abs(), 2 - (sixths - 4).abs()
    return torch.cat((red, green, blue), dim).clamp(0, 1)


def _hue(degrees: Tensor, coloured: Tensor) -> Tensor:
    """Degrees in 0 ≤ hue < 360, and 0 for what is not `coloured`."""
    turned = degrees.remainder(360)
    return torch.where(coloured & (turned < 360), turned, 0)  # −1e-9 + 360 is 360 in float32


# --- luma and two differences ----------------------------------------------------------------------------


def rgb_to_ycbcr(rgb: Tensor, standard: str = "601", *, video: bool = False, dim: int = -3) -> Tensor:
    """Luma, 0–1, and how far blue and red are from it, −0.5–0.5: the signals of ITU-R BT.601-7 or BT.709-6.

    With `video` as their 8-bit codes over 255: luma 16/255–235/255, the differences 16/255–240/255 about 128/255.
    JPEG's bytes are 255 times the full range, with 128 added to the differences.

    >>> rgb_to_ycbcr(torch.tensor([1.0, 0.0, 0.0]), "709", dim=-1)
    tensor([ 0.2126, -0.1146,  0.5000])
    """
    weights = of_red, _, of_blue = _luma_weights(standard)
    checks.colours(rgb, dim)
    red, green, blue = rgb.unbind(dim)
    y = _weigh(weights, red, green, blue)
    cb, cr = (blue - y) / (2 - 2 * of_blue), (red - y) / (2 - 2 * of_red)
    if video:
        y, cb, cr = 219 / 255 * y + 16 / 255, 224 / 255 * cb + 128 / 255, 224 / 255 * cr + 128 / 255
    return torch.stack((y, cb, cr), dim)


def ycbcr_to_rgb(ycbcr: Tensor, standard: str = "601", *, video: bool = False, dim: int = -3) -> Tensor:
    """Back from `rgb_to_ycbcr` with the same `standard` and `video`. Mixed-up standards are a common, visible mistake.

    >>> ycbcr_to_rgb(torch.tensor([0.5, 0.0, 0.25]), dim=-1)
    tensor([0.8505, 0.3215, 0.5000])
    """
    of_red, of_green, of_blue = _luma_weights(standard)
    checks.colours(ycbcr, dim, light=0)
    y, cb, cr = ycbcr.unbind(dim)
    if video:
        y, cb, cr = (y - 16 / 255) / (219 / 255), (cb - 128 / 255) / (224 / 255), (cr - 128 / 255) / (224 / 255)
    red, blue = y + (2 - 2 * of_red) * cr, y + (2 - 2 * of_blue) * cb
    return torch.stack((red, (y - of_red * red - of_blue * blue) / of_green, blue), dim)


def _luma_weights(standard: str) -> tuple[float, float, float]:
    if not isinstance(standard, str) or standard not in LUMA:
        raise ValueError(f"got the standard {standard!r}; there are {' and '.join(map(repr, LUMA))}.")
    return LUMA[standard]


# --- spaces made after the eye ---------------------------------------------------------------------------

KNEE = 6 / 29  # where CIELAB's cube root goes over into a straight line


def rgb_to_lab(rgb: Tensor, *, dim: int = -3) -> Tensor:
    """CIELAB of D65: lightness 0–100, a from green to red, b from blue to yellow. CIE 15; ISO/CIE 11664-4.

    >>> rgb_to_lab(torch.tensor([1.0, 0.0, 0.0]), dim=-1).round(decimals=2)
    tensor([53.2400, 80.0900, 67.2000])
    """
    checks.colours(rgb, dim)
    xyz = _mix(XYZ_FROM_LINEAR, to_light(rgb), dim)
    bent = torch.where(xyz > KNEE**3, power(xyz.clamp(min=KNEE**3), 1 / 3), xyz / (3 * KNEE**2) + 4 / 29)
    x, y, z = bent.unbind(dim)
    return torch.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), dim)


def lab_to_rgb(lab: Tensor, *, dim: int = -3) -> Tensor:
    """Back from `rgb_to_lab`. Most of CIELAB is not in sRGB: see `in_gamut`.

    >>> lab_to_rgb(torch.tensor([50.0, 0.0, 0.0]), dim=-1)
    tensor([0.4663, 0.4663, 0.4663])
    """
    checks.colours(lab, dim, light=0, unit=100, most=MOST_LAB)
    lightness, a, b = lab.unbind(dim)
    y = (lightness + 16) / 116
    bent = torch.stack((y + a / 500, y, y - b / 200), dim)
    xyz = torch.where(bent > KNEE, bent**3, 3 * KNEE**2 * (bent - 4 / 29))
    return from_light(_mix(LINEAR_FROM_XYZ, xyz, dim))


def rgb_to_oklab(rgb: Tensor, *, dim: int = -3) -> Tensor:
    """OKLab: lightness 0–1, a from green to red, b from blue to yellow, more even than CIELAB in blue. Ottosson, 2020.

    >>> rgb_to_oklab(torch.tensor([1.0, 0.0, 0.0]), dim=-1)
    tensor([0.6280, 0.2249, 0.1258])
    """
    checks.colours(rgb, dim)
    lms = _mix(LMS_FROM_LINEAR, to_light(rgb), dim)
    return _mix(OKLAB_FROM_ROOTS, _cube_root(lms), dim)


def _cube_root(x: Tensor) -> Tensor:
    """∛x, of negative numbers too. At 0, where the slope is infinite, the gradient is 0."""
    return x.sign() * power(x.abs().clamp(min=torch.finfo(x.dtype).tiny), 1 / 3)


def oklab_to_rgb(oklab: Tensor, *, dim: int = -3) -> Tensor:
    """Back from `rgb_to_oklab`. Most of OKLab is not in sRGB: see `in_gamut`.

    >>> oklab_to_rgb(torch.tensor([0.5, 0.0, 0.0]), dim=-1)
    tensor([0.3886, 0.3886, 0.3886])
    """
    checks.colours(oklab, dim, light=0)
    lms = _mix(ROOTS_FROM_OKLAB, oklab, dim) ** 3
    return from_light(_mix(LINEAR_FROM_LMS, lms, dim))


def rgb_to_lch(rgb: Tensor, *, dim: int = -3) -> Tensor:
    """CIELAB in polar form: lightness 0–100, chroma (the distance from grey), hue in degrees. CIE 15.

    >>> rgb_to_lch(torch.tensor([1.0, 0.0, 0.0]), dim=-1).round(decimals=2)
    tensor([ 53.2400, 104.5500,  40.0000])
    """
    return _to_polar(rgb_to_lab(rgb, dim=dim), 150 * RESOLUTION, dim)


def lch_to_rgb(lch: Tensor, *, dim: int = -3) -> Tensor:
    """Back from `rgb_to_lch`; the hue may be any number of degrees.

    >>> lch_to_rgb(torch.tensor([50.0, 0.0, 123.0]), dim=-1)
    tensor([0.4663, 0.4663, 0.4663])
    """
    return lab_to_rgb(_from_polar(lch, 100, dim), dim=dim)


def rgb_to_oklch(rgb: Tensor, *, dim: int = -3) -> Tensor:
    """OKLab in polar form: lightness 0–1, chroma (the distance from grey), hue in degrees. Ottosson, 2020.

    >>> rgb_to_oklch(torch.tensor([1.0, 0.0, 0.0]), dim=-1).round(decimals=2)
    tensor([ 0.6300,  0.2600, 29.2300])
    """
    return _to_polar(rgb_to_oklab(rgb, dim=dim), 0.4 * RESOLUTION, dim)


def oklch_to_rgb(oklch: Tensor, *, dim: int = -3) -> Tensor:
    """Back from `rgb_to_oklch`; the hue may be any number of degrees.

    >>> oklch_to_rgb(torch.tensor([0.5, 0.0, 123.0]), dim=-1)
    tensor([0.3886, 0.3886, 0.3886])
    """
    return oklab_to_rgb(_from_polar(oklch, 1, dim), dim=dim)


def _to_polar(lab: Tensor, grey: float, dim: int) -> Tensor:
    """Lightness, chroma, hue. Below a chroma of `grey`, a and b are rounding, and the hue is 0."""
    lightness, a, b = lab.unbind(dim)
    square = a * a + b * b
    chroma = square.sign() * square.clamp(min=torch.finfo(square.dtype).tiny).sqrt()
    coloured = chroma > grey
    angle = torch.atan2(torch.where(coloured, b, 0), torch.where(coloured, a, 1))  # at (0, 0) its gradient is NaN
    return torch.stack((lightness, chroma, _hue(angle.rad2deg(), coloured)), dim)


def _from_polar(lch: Tensor, unit: float, dim: int) -> Tensor:
    checks.colours(lch, dim, light=0, unit=unit, most=MOST_LAB)
    lightness, chroma, hue = lch.unbind(dim)
    angle = hue.deg2rad()
    return torch.stack((lightness, chroma * angle.cos(), chroma * angle.sin()), dim)


def _mix(matrix: list[list[float]], images: Tensor, dim: int) -> Tensor:
    """A matrix product over the channels. Written out: as one operation a GPU may round it to 10 bits (TF32)."""
    return torch.stack([_weigh(row, *images.unbind(dim)) for row in matrix], dim)


def _weigh(weights: Sequence[float], x: Tensor, y: Tensor, z: Tensor) -> Tensor:
    i, j, k = weights
    return (i * x).add(y, alpha=j).add(z, alpha=k)  # i·x + j·y + k·z with three passes over memory instead of five


# --- all of them -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Space:
    """A colour space: its channels, the numbers to expect in each, and the way there and back.

    Where a channel has no ends of its own (a, b, chroma), the range is CSS Color 4's, and holds all of sRGB.
    `hue_channel` is the position of the hue, or None.
    """

    name: str
    title: str
    channels: tuple[str, str, str]
    ranges: tuple[tuple[float, float], ...]
    from_rgb: Callable[..., Tensor]
    to_rgb: Callable[..., Tensor]

    @property
    def hue_channel(self) -> int | None:
        """Position of the channel that is an angle, if there is one."""
        return self.channels.index("H") if "H" in self.channels else None

    def check(self, colours: Tensor, *, dim: int = -3) -> None:
        """ValueError for numbers that are no colours in the units of this space, as its conversions have it."""
        light = next((i for i, channel in enumerate(self.channels) if channel in "LVY"), None)
        unit = 100 if self.title.startswith("CIELAB") else 1
        most = {"linear": MOST_LIGHT, "lab": MOST_LAB, "lch": MOST_LAB}.get(self.name, checks.MOST)
        checks.colours(colours, dim, light=light, unit=unit, most=most)


def _as_it_is(rgb: Tensor, *, dim: int = -3) -> Tensor:
    checks.colours(rgb, dim)
    return rgb


def _ycbcr(standard: str, video: bool) -> Space:
    name, title = f"ycbcr{standard}", f"YCbCr, BT.{standard}"
    signal, codes = ((0, 1), *[(-0.5, 0.5)] * 2), ((16 / 255, 235 / 255), *[(16 / 255, 240 / 255)] * 2)
    return Space(
        f"{name}-video" if video else name,
        f"{title}, video range" if video else title,
        ("Y", "Cb", "Cr"),
        codes if video else signal,
        partial(rgb_to_ycbcr, standard=standard, video=video),
        partial(ycbcr_to_rgb, standard=standard, video=video),
    )


_UNIT, _TURN = (0, 1), (0, 360)
SPACES: dict[str, Space] = {
    space.name: space
    for space in (
        Space("rgb", "sRGB", ("R", "G", "B"), (_UNIT,) * 3, _as_it_is, _as_it_is),
        Space("linear", "linear RGB", ("R", "G", "B"), (_UNIT,) * 3, rgb_to_linear, linear_to_rgb),
        Space("hsv", "HSV", ("H", "S", "V"), (_TURN, _UNIT, _UNIT), rgb_to_hsv, hsv_to_rgb),
        Space("hsl", "HSL", ("H", "S", "L"), (_TURN, _UNIT, _UNIT), rgb_to_hsl, hsl_to_rgb),
        *(_ycbcr(standard, video) for standard in LUMA for video in (False, True)),
        Space("lab", "CIELAB", ("L", "a", "b"), ((0, 100), (-125, 125), (-125, 125)), rgb_to_lab, lab_to_rgb),
        Space("lch", "CIELAB LCh", ("L", "C", "H"), ((0, 100), (0, 150), _TURN), rgb_to_lch, lch_to_rgb),
        Space("oklab", "OKLab", ("L", "a", "b"), (_UNIT, (-0.4, 0.4), (-0.4, 0.4)), rgb_to_oklab, oklab_to_rgb),
        Space("oklch", "OKLCh", ("L", "C", "H"), (_UNIT, (0, 0.4), _TURN), rgb_to_oklch, oklch_to_rgb),
    )
}


def convert(images: Tensor, source: str, target: str, *, dim: int = -3) -> Tensor:
    """The same colours in another of the `SPACES`: float [..., 3, H, W] to the same shape and dtype.

    >>> convert(torch.tensor([0.0, 1.0, 1.0]), "hsv", "hsl", dim=-1)
    tensor([0.0000, 1.0000, 0.5000])
    """
    start, end = _space(source), _space(target)
    if start is end:
        start.check(images, dim=dim)
        return images
    return end.from_rgb(start.to_rgb(images, dim=dim), dim=dim)


def in_gamut(rgb: Tensor, *, tolerance: float = 1e-4, dim: int = -3) -> Tensor:
    """Whether a screen can show it: bool, `rgb` without `dim`. False where a channel leaves 0–1 by over `tolerance`.

    NaN is in no gamut. A number above 16 is no colour of any space and refused: it is a byte.
    The usual tolerance is far above the rounding of a float32 round trip and far below an 8-bit step, 0.004.

    >>> in_gamut(convert(torch.tensor([[0.5, 0.1, 150.0], [0.5, 0.3, 150.0]]), "oklch", "rgb", dim=-1), dim=-1)
    tensor([ True, False])
    """
    checks.floats(rgb, dim)
    if not is_number(tolerance) or tolerance < 0:
        raise ValueError(f"in_gamut got tolerance={tolerance!r}; it wants 0 or more.")
    checks.not_bytes(float(rgb.detach().amax()), most=MOST_LIGHT)
    return ((rgb >= -float(tolerance)) & (rgb <= 1 + float(tolerance))).all(dim)


def separation(a: Tensor, b: Tensor, space: str, *, dim: int = -3) -> Tensor:
    """d′ of two sets of colours, channel by channel: how many standard deviations lie between their means.

    Of normal values a threshold halfway between the means sorts 50 % right at d′ = 0, 69 % at 1, 93 % at 3.
    The deviation is √((variance of a + variance of b) / 2), so that sets of unequal size weigh the same: the d_a of
    Simpson, Fitter: What is the best index of detectability?, Psychological Bulletin, 1973.

    Hues 1° and 359° are neighbours. They are taken as points on a circle of 360 units' length; mean and variance are
    those of points in the plane (Mardia, Jupp: Directional Statistics, 2000, ch. 2), so that no seam is cut, and for
    hues that lie close the result is the usual one. The hue of a grey says nothing: leave greys out beforehand.

    A deviation under 1e-5 of the channel's range is taken for that much: two different flat colours are then very far
    apart rather than infinitely, and two equal ones are not set apart by their rounding.

    Args:
        a, b: float [..., 3, H, W], in `space`, a name in `SPACES`; any shapes with the three channels in `dim`.

    Returns:
        float64 [3], 0 or more.

    >>> red, orange = torch.tensor([[359.0, 1, 1], [1, 1, 1]]), torch.tensor([[29.0, 1, 0], [31, 1, 1]])
    >>> separation(red, orange, "hsv", dim=-1).round(decimals=2).tolist()
    [20.97, 0.0, 1.0]
    """
    known = _space(space)
    pairs = zip(_values(a, known, dim), _values(b, known, dim), known.channels, known.ranges, strict=True)
    return torch.stack([_d_prime(x, y, end - start, circular=name == "H") for x, y, name, (start, end) in pairs])


def _d_prime(x: Tensor, y: Tensor, extent: float, *, circular: bool) -> Tensor:
    x, y = x.cpu().double(), y.cpu().double()  # Apple's GPU has no float64
    if circular:
        x, y = _on_circle(x, extent), _on_circle(y, extent)
    distance = torch.linalg.vector_norm(x.mean(0) - y.mean(0))
    deviation = ((x.var(0).sum() + y.var(0).sum()) / 2).sqrt()
    return distance / deviation.clamp(min=RESOLUTION * extent)


def _on_circle(angle: Tensor, circumference: float) -> Tensor:
    """[N, 2]: points on a circle of that circumference, so that a short way along it is as long as the angle."""
    turn = 2 * torch.pi / circumference
    return torch.stack(((angle * turn).cos(), (angle * turn).sin()), dim=1) / turn


def _values(colours: Tensor, space: Space, dim: int) -> list[Tensor]:
    """Three times [N]: all values of each channel."""
    checks.floats(colours, dim)
    if colours.numel() < 6 or not colours.isfinite().all():
        raise ValueError(
            f"separation got {colours.numel() // 3} colours, {int((~colours.isfinite()).sum())} of their numbers NaN "
            "or infinite; a spread takes two colours or more, all finite. Leave the others out first."
        )
    space.check(colours, dim=dim)
    return [channel.flatten() for channel in colours.unbind(dim)]


def _space(name: str) -> Space:
    if not isinstance(name, str) or name not in SPACES:
        raise ValueError(f"got the colour space {name!r}; there are {', '.join(SPACES)}.")
    return SPACES[name]
