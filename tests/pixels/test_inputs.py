"""Every public function of the room says so when it gets what it is not made for; a new one has to stand here."""

from __future__ import annotations

import importlib
import inspect
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib import pixels
from course_lib.data import ImageSet
from course_lib.pixels import changes, checks, colour, colour_map
from course_lib.pixels.colour import SPACES

PICTURES = torch.randint(0, 256, (4, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
RGB = PICTURES.double() / 255
NAN, INF = float("nan"), float("inf")

# uint8 pictures in. The name, and how it is called.
BYTES = {
    "block_average": partial(changes.block_average, size=4),
    "block_means": partial(changes.block_means, size=4),
    "blur": partial(pixels.blur, sigma=1),
    "channel_statistics": pixels.channel_statistics,
    "EachPicture": lambda images: pixels.EachPicture("together")(images),
    "equalize": pixels.equalize,
    "grey": pixels.grey,
    "high_pass": partial(pixels.high_pass, cycles=2),
    "low_pass": partial(pixels.low_pass, cycles=2),
    "pixel_moments": pixels.pixel_moments,
    "recolour": partial(pixels.recolour, hue=20),
    "shuffle_patches": partial(changes.shuffle_patches, patch=4),
    "Standardize": pixels.Standardize(),
    "undo_colour_map": colour_map.undo_colour_map,
    "zoom": partial(changes.zoom, factor=2),
}  # fmt: skip
ANY_CHANNELS = {"channel_statistics", "equalize", "pixel_moments"}
BATCHES = {"channel_statistics", "EachPicture", "equalize", "pixel_moments", "Standardize"}

# Floats in: how it is called, and what it wants, made from RGB.
WAYS = ("rgb", "linear", "hsv", "hsl", "ycbcr", "lab", "oklab", "lch", "oklch")
KNOWN = {name: f"{name}601" if name == "ycbcr" else name for name in WAYS}
COLOURS = {
    **{f"{a}_to_{b}": (getattr(colour, f"{a}_to_{b}"), a)
       for a in WAYS for b in WAYS if a != b and hasattr(colour, f"{a}_to_{b}")},
    "convert": (lambda colours, **where: pixels.convert(colours, "rgb", "hsl", **where), "rgb"),
    "in_gamut": (pixels.in_gamut, "rgb"),
    "separation": (lambda colours, **where: pixels.separation(colours, colours, "hsv", **where), "hsv"),
}  # fmt: skip

# Functions that take no pictures, and why that is enough.
OTHERS = {
    "Space": "a record of two conversions, which are above",
    "colours_of": "takes a name: see test_names",
    "condition_number": "takes moments: see test_moments_that_are_none",
    "patch_order": "takes two counts: see test_knobs",
}


def public(module) -> set[str]:
    """Functions and classes that are written there and have no underscore."""
    return {
        name
        for name, thing in vars(module).items()
        if (inspect.isfunction(thing) or inspect.isclass(thing))
        and thing.__module__ == module.__name__
        and not name.startswith("_")
    }


def test_all_functions_of_the_room_stand_here():
    files = {path.stem for path in Path(pixels.__file__).parent.glob("*.py")} - {"__init__", "checks", "light"}
    modules = [importlib.import_module(f"course_lib.pixels.{name}") for name in files]
    found = set().union(*(public(module) for module in modules))
    assert found == {*BYTES, *COLOURS, *OTHERS}
    assert {name for name in pixels.__all__ if callable(getattr(pixels, name))} <= found


NO_BYTES = {
    "floats, 0 to 1": RGB.float(),
    "floats, 0 to 255": PICTURES.float(),
    "int64": PICTURES.long(),
    "int8": PICTURES.to(torch.int8),
    "bool": PICTURES > 9,
    "NaN": torch.full((4, 3, 8, 8), NAN),
    "two dimensions": PICTURES[0, 0],
    "one number": PICTURES[0, 0, 0, 0],
    "no pictures": PICTURES[:0],
    "no pixels": PICTURES[..., :0],
    "no rows": PICTURES[..., :0, :],
    "numpy": PICTURES.numpy(),
    "a list": PICTURES.tolist(),
    "None": None,
}


@pytest.mark.parametrize("wrong", NO_BYTES)
@pytest.mark.parametrize("name", BYTES)
def test_what_are_no_bytes_is_refused_by_name(name, wrong):
    with pytest.raises(ValueError, match=rf"{name} got .*; it wants .*uint8 \[") as caught:
        BYTES[name](NO_BYTES[wrong])
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", [*BYTES])
def test_channels_stand_third_from_the_end(name):
    last = PICTURES.movedim(-3, -1)
    if name in ANY_CHANNELS:
        BYTES[name](PICTURES[:, :1])
        return
    with pytest.raises(ValueError, match=r"got torch.uint8 \(4, 8, 8, 3\); .*movedim\(-1, -3\)"):
        BYTES[name](last)
    with pytest.raises(ValueError, match=r"got torch.uint8 \(4, 1, 8, 8\); it wants uint8"):
        BYTES[name](PICTURES[:, :1])


@pytest.mark.parametrize("name", BYTES)
def test_bytes_are_taken(name):
    BYTES[name](PICTURES)
    if name in BATCHES:
        with pytest.raises(ValueError, match=r"\(3, 8, 8\); it wants .*\[[BN], "):
            BYTES[name](PICTURES[0])
    else:
        BYTES[name](PICTURES[0])
        BYTES[name](PICTURES[None])


def test_floats_are_told_the_way_to_bytes():
    with pytest.raises(ValueError, match=re.escape("(255 * images).round().to(torch.uint8)")):
        pixels.grey(RGB)
    with pytest.raises(ValueError, match=r"images\.round\(\)\.to\(torch\.uint8\)"):
        pixels.grey(PICTURES.float())
    with pytest.raises(ValueError, match=r"torch\.from_numpy"):
        pixels.grey(PICTURES.numpy())


def meant(name: str, rgb: torch.Tensor = RGB) -> torch.Tensor:
    """What the function wants, of these colours."""
    return SPACES[KNOWN[COLOURS[name][1]]].from_rgb(rgb)


def spoilt(colours: torch.Tensor, number: float) -> torch.Tensor:
    colours = colours.clone()
    colours[1, 2, 3, 4] = number
    return colours


NO_COLOURS = {
    "bytes": (lambda x: PICTURES, r"uint8.*images\.float\(\) / 255"),
    "int64": (lambda x: x.long(), "int64.*floats"),
    "bool": (lambda x: x > 0, "bool.*floats"),
    "half": (lambda x: x.half(), r"float16.*\.float\(\)"),
    "bfloat16": (lambda x: x.bfloat16(), r"bfloat16.*\.float\(\)"),
    "complex": (lambda x: x.to(torch.complex64), "complex64.*floats"),
    "0 to 255": (lambda x: 255 * x, r"up to .*/ 255"),
    "NaN": (lambda x: spoilt(x, NAN), "1 of .* NaN or infinite"),
    "infinite": (lambda x: spoilt(x, INF), "1 of .* NaN or infinite"),
    "standardized": (lambda x: 2 * x - 1, "below 0"),
    "channels last": (lambda x: x.movedim(-3, -1), "three channels in dimension -3.*dim=-1"),
    "one channel": (lambda x: x[:, :1], "three channels in dimension -3"),
    "no pictures": (lambda x: x[:0], "0 colours"),
    "no pixels": (lambda x: x[..., :0], "0 colours"),
    "numpy": (lambda x: x.numpy(), "ndarray.*torch.from_numpy"),
    "a list": (lambda x: x.tolist(), "list.*tensor"),
    "None": (lambda x: None, "NoneType.*tensor"),
}
# `in_gamut` is there to say False of such.
SAYS_FALSE = {"NaN", "standardized"}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", NO_COLOURS)
@pytest.mark.parametrize("name", COLOURS)
def test_what_are_no_colours_is_refused_in_words(name, wrong):
    spoil, complaint = NO_COLOURS[wrong]
    if name == "in_gamut" and wrong in SAYS_FALSE:
        assert not pixels.in_gamut(spoil(RGB)).all()
        return
    if wrong == "standardized" and COLOURS[name][1] not in ("rgb", "linear"):
        return  # outside sRGB OKLab's lightness and others may be below 0
    if name == "in_gamut" and wrong == "infinite":
        complaint = "up to inf"
    with pytest.raises(ValueError, match=complaint) as caught:
        COLOURS[name][0](spoil(meant(name)))
    assert "got " in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", COLOURS)
@pytest.mark.parametrize("change", [lambda x: x * 1.001, lambda x: x - 0.001, lambda x: x.float()])
def test_rounding_is_no_fault(name, change):
    COLOURS[name][0](change(meant(name)))
    COLOURS[name][0](change(meant(name)).movedim(-3, -1), dim=-1)


@pytest.mark.slow
@pytest.mark.parametrize("start", SPACES)
@pytest.mark.parametrize("end", SPACES)
def test_colours_outside_srgb_go_from_every_space_to_every_other_and_back(start, end):
    """All that the ranges of a space hold, of which most is outside sRGB for CIELAB, OKLab and YCbCr."""
    if end == "hsl" and start in ("lab", "lch", "oklab", "oklch"):
        return  # HSL's saturation has no way back where the lightness is far from 0–1, and never had
    low, high = torch.tensor(SPACES[start].ranges, dtype=torch.float64).T
    grid = torch.cartesian_prod(*[torch.linspace(0, 1, 12, dtype=torch.float64)] * 3)
    there = pixels.convert(low + grid * (high - low), start, end, dim=-1)
    assert pixels.convert(there, end, start, dim=-1).isfinite().all()
    assert SPACES[start].to_rgb(low + grid * (high - low), dim=-1).shape == grid.shape


def test_two_standardized_pictures_are_not_taken_for_colours():
    """Both usual ways of scaling, which leave no value that is too large."""
    for scaled in (2 * RGB - 1, (RGB - RGB.mean()) / RGB.std()):
        with pytest.raises(ValueError, match=r"all three channels below 0.*back to 0 to 1"):
            pixels.convert(scaled, "rgb", "hsv")


def test_percent_and_bytes_of_other_libraries_are_refused():
    hsv = colour.rgb_to_hsv(RGB)
    percent, cv2 = hsv * torch.tensor([1, 100, 100])[:, None, None], hsv * torch.tensor([0.5, 255, 255])[:, None, None]
    for wrong in (percent, cv2):
        with pytest.raises(ValueError, match="up to"):
            colour.hsv_to_rgb(wrong)
    lab = colour.rgb_to_lab(torch.ones(3, 4, 4)) * torch.tensor([2.55, 1, 1])[:, None, None] + 128
    with pytest.raises(ValueError, match="up to"):
        colour.lab_to_rgb(lab)


def test_gradients_go_through_the_checks():
    x = RGB.clone().requires_grad_()
    pixels.convert(x, "rgb", "oklch").sum().backward()
    assert x.grad.isfinite().all()


# --- numbers, names, moments ---

ONES, HALF, SQUARE = torch.ones(3), torch.full((3,), 0.5), torch.eye(3)
MOMENTS = {
    "NaN": (HALF * NAN, SQUARE, HALF, ONES),
    "infinite": (HALF, SQUARE * INF, HALF, ONES),
    "covariance of another length": (HALF, torch.eye(4), HALF, ONES),
    "shift of another length": (HALF, SQUARE, HALF[:2], ONES),
    "scale 0": (HALF, SQUARE, HALF, ONES * 0),
    "scale NaN": (HALF, SQUARE, HALF, ONES * NAN),
    "nothing": (HALF[:0], SQUARE[:0, :0], HALF[:0], ONES[:0]),
    "lists": ([0.5] * 3, SQUARE, HALF, ONES),
    "whole numbers": (ONES.long(), SQUARE, HALF, ONES),
}


@pytest.mark.parametrize("wrong", MOMENTS)
def test_moments_that_are_none(wrong):
    with pytest.raises(ValueError, match=r"condition_number got .*; it wants"):
        pixels.condition_number(*MOMENTS[wrong])


KNOBS = [
    (partial(pixels.recolour, PICTURES, hue=NAN), "hue=nan"),
    (partial(pixels.recolour, PICTURES, hue=INF), "hue=inf"),
    (partial(pixels.recolour, PICTURES, hue=None), "hue=None"),
    (partial(pixels.recolour, PICTURES, saturation=-1), "saturation=-1"),
    (partial(pixels.recolour, PICTURES, brightness=-0.1), "brightness=-0.1"),
    (partial(pixels.recolour, PICTURES, brightness=NAN), "brightness=nan"),
    (partial(pixels.in_gamut, RGB, tolerance=-1), "tolerance=-1"),
    (partial(pixels.in_gamut, RGB, tolerance=NAN), "tolerance=nan"),
    (partial(pixels.shuffle_patches, PICTURES, 2.0), "shuffle_patches got 2.0 .* divisor of 8"),
    (partial(pixels.shuffle_patches, PICTURES, -4), "shuffle_patches got -4 .* divisor of 8"),
    (partial(pixels.block_average, PICTURES, "4"), "block_average got '4' .* divisor of 8"),
    (partial(pixels.block_means, PICTURES, 3), "block_means got 3 .* divisor of 8"),
    (partial(pixels.zoom, PICTURES, None), "zoom got None .* divisor of 8"),
    (partial(pixels.zoom, PICTURES, True), "zoom got True .* divisor of 8"),
    (partial(changes.patch_order, 0), "patch_order got 0"),
    (partial(changes.patch_order, 4, n=0), "patch_order got 4 pieces of 0"),
    (partial(changes.patch_order, 4.0), "patch_order got 4.0 pieces"),
    (partial(changes.patch_order, 4, n=None), "patch_order got 4 pieces of None"),
    *((partial(function, PICTURES, batch_size=size), f"{function.__name__} got batch_size={size!r}")
      for function in (pixels.channel_statistics, pixels.pixel_moments)
      for size in (2.5, 2.0, None, True, "4", 0, NAN)),
    (partial(pixels.channel_statistics, PICTURES, batch_size=0), "batch_size=0"),
    (partial(pixels.pixel_moments, PICTURES, batch_size=-1), "batch_size=-1"),
    (partial(pixels.Standardize, (NAN, 0.0, 0.0)), "mean=.*nan"),
    (partial(pixels.Standardize, std=(INF, 1.0, 1.0)), "std=.*inf"),
    (partial(pixels.Standardize, (0.5, 0.5)), "three each"),
    (partial(pixels.Standardize, 0.5), "three each"),
    (partial(pixels.Standardize, ("a", "b", "c")), "three each"),
    (partial(pixels.Standardize, (124.0, 116.0, 104.0), (58.0, 57.0, 57.0)), "0–255.*/ 255"),
    (partial(pixels.Standardize, std=(58.0, 57.0, 57.0)), "std=.*0–255.*/ 255"),
    (partial(pixels.Standardize, std=(1.0, 1.0, 2.0)), "std=.*0–1"),
    (partial(pixels.Standardize, (-0.1, 0.5, 0.5)), "mean=.*0–1"),
    (partial(pixels.Standardize, (0.5, 0.5, 1.01)), "mean=.*0–1"),
    (partial(pixels.Standardize, std=(0.2, 0.2, 1e-300)), "std=.*1e-06"),
    (partial(pixels.Standardize.fitted, PICTURES), "Standardize.fitted got .*ImageSet"),
    (partial(pixels.EachPicture, None), "how=None"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "complaint"), KNOBS, ids=[words for _, words in KNOBS])
def test_knobs(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


def test_numbers_of_numpy_are_numbers():
    pixels.recolour(PICTURES, hue=np.float32(20), saturation=np.int64(1))
    pixels.zoom(PICTURES, np.int64(2))
    pixels.Standardize(tuple(np.float32([0.5, 0.5, 0.5])))


@pytest.mark.slow
@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.uint16, np.int64])
def test_small_whole_numbers_do_not_wrap_around(kind):
    """320 is more than a byte holds, and so is 64 · 64."""
    large = PICTURES.repeat(1, 1, 40, 40)
    for change in (pixels.block_average, pixels.block_means, pixels.shuffle_patches, pixels.zoom):
        assert torch.equal(change(large, kind(64)), change(large, 64)), change
    assert torch.equal(changes.patch_order(kind(100), n=kind(3)), changes.patch_order(100, n=3))
    for function in (pixels.channel_statistics, pixels.pixel_moments):
        for found, expected in zip(function(large, batch_size=kind(3)), function(large), strict=True):
            assert torch.equal(found, expected), function
    assert torch.equal(pixels.in_gamut(RGB, tolerance=kind(1)), pixels.in_gamut(RGB, tolerance=1))
    assert torch.equal(pixels.recolour(large, hue=kind(100)), pixels.recolour(large, hue=100))


def test_batches_larger_than_any_memory_are_one_batch():
    assert torch.equal(pixels.pixel_moments(PICTURES, batch_size=2**62)[0], pixels.pixel_moments(PICTURES)[0])


@pytest.mark.parametrize("name", ["jett", None, ["jet"], 3])
def test_names(name):
    for call in (colour_map.colours_of, partial(colour_map.undo_colour_map, PICTURES)):
        with pytest.raises(ValueError, match="got the colour map"):
            call(name)
    for call in (
        partial(pixels.convert, RGB, "rgb"), partial(pixels.separation, RGB, RGB),
        lambda name: pixels.convert(RGB, name, "rgb"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="got the colour space"):
            call(name)
    with pytest.raises(ValueError, match="got the standard"):
        colour.rgb_to_ycbcr(RGB, name)


def test_sets_are_taken_where_that_is_said():
    pictures = ImageSet.of(PICTURES, [0] * 4, ["any"])
    pixels.channel_statistics(pictures)
    pixels.Standardize.fitted(pictures)
    for name in sorted(BYTES.keys() - {"channel_statistics"}):
        with pytest.raises(ValueError, match=rf"{name} got ImageSet.*\.images"):
            BYTES[name](pictures)


def test_checks_cost_little():
    """No second look at the numbers where the first says that all is well: one pass, and no copy."""
    made = []

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            made.extend(x.numel() for x in (out if isinstance(out, tuple) else (out,)) if isinstance(x, torch.Tensor))
            return out

    with Watch():
        checks.colours(RGB, -3)
        checks.pictures("any", PICTURES)
    assert len([n for n in made if n > 1]) <= 1, "detach only"
    assert np.isfinite(made).all()
