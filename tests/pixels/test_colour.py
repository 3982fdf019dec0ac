"""Colour spaces against the field's libraries, on every 8-bit colour, and where formulas usually break.

Oracles, in float64: colour-science for everything, scikit-image and kornia wherever they use the same constants.
What they round (matrices, white points, CIELAB's knee, factors of YCbCr) is compared as far as their rounding allows.
"""

from __future__ import annotations

import colour as science
import kornia.color
import numpy as np
import pytest
import scipy.stats
import skimage.color
import torch
from colour.models import oklab as science_oklab

from course_lib.pixels import SPACES, colour, convert, in_gamut, separation

HUES = [name for name, space in SPACES.items() if space.hue_channel is not None]
GENERATOR = torch.Generator().manual_seed(0)
# float64 [N, 3]: anything in sRGB, a coarse grid with all corners and some greys, and the darkest and palest there are.
RANDOM = torch.rand(20_000, 3, dtype=torch.float64, generator=GENERATOR)
GRID = torch.cartesian_prod(*[torch.linspace(0, 255, 18, dtype=torch.float64)] * 3) / 255
ENDS = torch.cartesian_prod(*[torch.tensor([0, 1, 2, 10, 11, 253, 254, 255], dtype=torch.float64)] * 3) / 255
COLOURS = torch.cat([RANDOM, GRID, ENDS])
GREYS = (torch.arange(256, dtype=torch.float64) / 255)[:, None].expand(256, 3)

# IEC 61966-2-1 gives chromaticities and, for 8 bits, a matrix of four digits. We derive; let colour-science do so too.
SRGB = science.RGB_COLOURSPACES["sRGB"].copy()
SRGB.use_derived_matrix_RGB_to_XYZ = SRGB.use_derived_matrix_XYZ_to_RGB = True


def turns(factor):
    """A hue in the first channel, from other units to degrees."""
    return np.array([factor, 1, 1])


def to_polar(lab):
    lightness, a, b = np.moveaxis(lab, -1, 0)
    return np.stack([lightness, np.hypot(a, b), np.degrees(np.arctan2(b, a)) % 360], axis=-1)


def lab(rgb):
    return science.XYZ_to_Lab(science.models.eotf_sRGB(rgb) @ SRGB.matrix_RGB_to_XYZ.T, SRGB.whitepoint)


def lab_back(lab):
    return science.models.eotf_inverse_sRGB(science.Lab_to_XYZ(lab, SRGB.whitepoint) @ SRGB.matrix_XYZ_to_RGB.T)


def with_our_first_matrix(oracle):
    """colour-science has the matrix from XYZ of 2020, Ottosson's page since 2021 one from linear sRGB, recomputed."""

    def patched(colours):
        with pytest.MonkeyPatch.context() as patch:
            matrix = np.array(colour.LMS_FROM_LINEAR)
            patch.setattr(science_oklab, "MATRIX_1_XYZ_TO_LMS", matrix)
            patch.setattr(science_oklab, "MATRIX_1_LMS_TO_XYZ", np.linalg.inv(matrix))
            return oracle(colours)

    return patched


@with_our_first_matrix
def oklab(rgb):
    return science.XYZ_to_Oklab(science.models.eotf_sRGB(rgb))


@with_our_first_matrix
def oklab_back(lab):
    return science.models.eotf_inverse_sRGB(science.Oklab_to_XYZ(lab))


def ycbcr(standard, legal):
    weights = science.WEIGHTS_YCBCR[f"ITU-R BT.{standard}"]
    ours = {"K": weights, "in_legal": False, "out_legal": legal, "out_bits": 8}
    back = {"K": weights, "out_legal": False, "in_legal": legal, "in_bits": 8}
    return lambda rgb: science.RGB_to_YCbCr(rgb, **ours), lambda code: science.YCbCr_to_RGB(code, **back)


# name -> from RGB, to RGB; numpy float64 [N, 3] in our units
ORACLES = {
    "rgb": (lambda rgb: rgb, lambda rgb: rgb),
    "linear": (science.models.eotf_sRGB, science.models.eotf_inverse_sRGB),
    "hsv": (
        lambda rgb: science.RGB_to_HSV(rgb) * turns(360),
        lambda hsv: science.HSV_to_RGB(hsv / turns(360)),
    ),
    "hsl": (
        lambda rgb: science.RGB_to_HSL(rgb) * turns(360),
        lambda hsl: science.HSL_to_RGB(hsl / turns(360)),
    ),
    "ycbcr601": ycbcr("601", legal=False),
    "ycbcr601-video": ycbcr("601", legal=True),
    "ycbcr709": ycbcr("709", legal=False),
    "ycbcr709-video": ycbcr("709", legal=True),
    "lab": (lab, lab_back),
    "lch": (lambda rgb: science.Lab_to_LCHab(lab(rgb)), lambda lch: lab_back(science.LCHab_to_Lab(lch))),
    "oklab": (oklab, oklab_back),
    "oklch": (lambda rgb: to_polar(oklab(rgb)), lambda lch: oklab_back(science.LCHab_to_Lab(lch))),
}


def differences(found, expected, space):
    """Of each number, in shares of its channel's range; of hues the shorter way round."""
    difference = found.double() - expected
    if (hue := space.hue_channel) is not None:
        difference[:, hue] = (difference[:, hue] + 180).remainder(360) - 180
    extents = torch.tensor([end - start for start, end in space.ranges], dtype=torch.float64)
    return difference.abs() / extents


def expected_of(name, colours):
    """The oracle's numbers; the hue of greys, there a matter of rounding, is 0."""
    expected = torch.from_numpy(ORACLES[name][0](colours.double().numpy()).copy())
    if (hue := SPACES[name].hue_channel) is not None:
        expected[colours.amax(1) == colours.amin(1), hue] = 0
    return expected


def test_every_space_has_an_oracle():
    assert ORACLES.keys() == SPACES.keys()


@pytest.mark.parametrize("name", SPACES)
def test_from_rgb_is_the_oracles(name):
    found = SPACES[name].from_rgb(COLOURS, dim=-1)
    assert (found - expected_of(name, COLOURS)).abs().max() < 1e-10


@pytest.mark.parametrize("name", SPACES)
def test_from_rgb_is_the_oracles_in_float32(name):
    space, colours = SPACES[name], COLOURS.float()
    expected, found = expected_of(name, colours), SPACES[name].from_rgb(colours, dim=-1)
    difference = differences(found, expected, space)
    if "C" in space.channels:
        # a and b are known to a millionth, so a hue is known the less the smaller the chroma: compare lengths of arcs.
        difference[:, 2] *= 2 * torch.pi * expected[:, 1] / space.ranges[1][1]
    assert found.dtype == torch.float32
    assert difference.max() < 1e-5


@pytest.mark.parametrize("name", SPACES)
def test_to_rgb_is_the_oracles_outside_srgb_too(name):
    space = SPACES[name]
    start, end = torch.tensor(space.ranges, dtype=torch.float64).T
    anything = start + RANDOM * (end - start)
    expected = torch.from_numpy(ORACLES[name][1](anything.numpy()).copy())
    found = space.to_rgb(anything, dim=-1)
    # rtol: far outside, the straight part of sRGB leads to thousands below 0.
    assert torch.allclose(found, expected, rtol=1e-12, atol=1e-10)
    # 2e-5 is a 200th of an 8-bit step. sRGB is steep where it is dark: one unit in OKLab's last place is 1e-5 there.
    single = anything[in_gamut(expected, dim=-1)].float()
    assert (space.to_rgb(single, dim=-1) - space.to_rgb(single.double(), dim=-1)).abs().max() < 2e-5


def test_hues_are_scikit_images_and_kornias():
    ours = colour.rgb_to_hsv(COLOURS, dim=-1).numpy()
    assert np.abs(skimage.color.rgb2hsv(COLOURS.numpy()) * turns(360) - ours).max() < 1e-10
    assert np.abs(skimage.color.hsv2rgb(ours / turns(360)) - COLOURS.numpy()).max() < 1e-10
    pictures = COLOURS.T[:, :, None]
    hsv, hls = kornia.color.rgb_to_hsv(pictures, eps=0), kornia.color.rgb_to_hls(pictures, eps=0)
    found, double = colour.rgb_to_hsv(pictures), colour.rgb_to_hsl(pictures)
    assert (torch.stack((hsv[0].rad2deg(), hsv[1], hsv[2])) - found).abs().max() < 1e-10
    assert (torch.stack((hls[0].rad2deg(), hls[2], hls[1])) - double).abs().max() < 1e-10


def test_lch_is_scikit_images_of_our_lab():
    expected = skimage.color.lab2lch(colour.rgb_to_lab(COLOURS, dim=-1).numpy())
    found = colour.rgb_to_lch(COLOURS, dim=-1)
    coloured = COLOURS.amax(1) > COLOURS.amin(1)
    expected[:, 2] = np.degrees(expected[:, 2])
    assert (found - torch.from_numpy(expected))[coloured].abs().max() < 1e-10


def test_light_is_kornias():
    pictures = COLOURS.T[:, :, None]
    assert (kornia.color.rgb_to_linear_rgb(pictures) - colour.rgb_to_linear(pictures)).abs().max() < 1e-10
    assert (kornia.color.linear_rgb_to_rgb(pictures) - colour.linear_to_rgb(pictures)).abs().max() < 1e-10


def test_libraries_that_round_their_constants_are_near():
    pictures, array = COLOURS.T[:, :, None], COLOURS.numpy()
    # Matrix and white point to five or six digits, that do not quite fit each other: their greys have a chroma of 0.01.
    lab = colour.rgb_to_lab(pictures)
    assert (kornia.color.rgb_to_lab(pictures) - lab).abs().max() < 0.03
    assert np.abs(skimage.color.rgb2lab(array) - lab[:, :, 0].T.numpy()).max() < 0.03
    # kornia: factors 0.564 and 0.713, differences about 0.5; scikit-image: codes 16–235 and 16–240, to three decimals.
    theirs = kornia.color.rgb_to_ycbcr(pictures) - torch.tensor([0, 0.5, 0.5])[:, None, None]
    assert (theirs - colour.rgb_to_ycbcr(pictures)).abs().max() < 5e-4
    codes = colour.rgb_to_ycbcr(COLOURS, video=True, dim=-1).numpy() * 255
    assert np.abs(skimage.color.rgb2ycbcr(array) - codes).max() < 1e-3
    # colour-science without our matrix: OKLab as it was first published.
    first = science.XYZ_to_Oklab(science.models.eotf_sRGB(array) @ SRGB.matrix_RGB_to_XYZ.T)
    assert np.abs(first - colour.rgb_to_oklab(COLOURS, dim=-1).numpy()).max() < 1e-3


def test_known_colours():
    """W3C's CSS Color 4 prints these for red and lime."""
    red, lime = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    assert colour.rgb_to_oklch(red, dim=-1).tolist() == pytest.approx([0.62796, 0.25768, 29.2339], abs=1e-4)
    assert colour.rgb_to_oklch(lime, dim=-1).tolist() == pytest.approx([0.86644, 0.29483, 142.4953], abs=1e-4)
    assert colour.rgb_to_hsl(lime, dim=-1).tolist() == [120, 1, 0.5]


@pytest.fixture
def one_thread():
    """A slab is done in a millisecond: threads that wait for each other would cost more than they save."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", SPACES)
@torch.inference_mode()
def test_all_16_777_216_colours_stay_in_range_and_come_back(name):
    space, levels = SPACES[name], torch.arange(256) / 255
    start, end = torch.tensor(space.ranges)[:, :, None, None].unbind(1)
    slack = 1e-5 * (end - start)
    for red in levels:  # in slabs that fit a processor's cache
        slab = torch.stack(torch.broadcast_tensors(red, levels[:, None], levels))
        found = space.from_rgb(slab)
        assert ((found >= start - slack) & (found <= end + slack)).all()
        assert space.hue_channel is None or found[space.hue_channel].max() < 360
        # Asked for is a step. A hundredth of one leaves room for what is done to a colour in between.
        assert (space.to_rgb(found) - slab).abs().max() < 0.01 / 255


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", HUES)
def test_greys_have_hue_0_and_no_chroma(name, dtype):
    space = SPACES[name]
    found = space.from_rgb(GREYS.to(dtype), dim=-1)
    assert (found[:, space.hue_channel] == 0).all()
    amount = next(i for i, channel in enumerate(space.channels) if channel in "SC")
    # Ottosson's ten digits give white a chroma of 4e-8.
    limit = 1e-5 * space.ranges[amount][1] if dtype == torch.float32 else 5e-8
    assert found[:, amount].max() < limit


def test_greys_have_no_tinge():
    assert colour.rgb_to_lab(GREYS, dim=-1)[:, 1:].abs().max() < 1e-10
    assert colour.rgb_to_oklab(GREYS, dim=-1)[:, 1:].abs().max() < 5e-8
    for standard in colour.LUMA:
        assert colour.rgb_to_ycbcr(GREYS, standard, dim=-1)[:, 1:].abs().max() < 1e-10


@pytest.mark.parametrize("name", SPACES)
def test_black_and_white(name):
    space = SPACES[name]
    black, white = space.from_rgb(torch.tensor([[0.0] * 3, [1.0] * 3]), dim=-1)
    if "video" in name:
        expected = torch.tensor([[16.0, 128, 128], [235, 128, 128]]) / 255
    elif name in ("rgb", "linear"):
        expected = torch.tensor([[0.0] * 3, [1.0] * 3])
    else:
        light = next(i for i, channel in enumerate(space.channels) if channel in "LVY")
        expected = torch.zeros(2, 3)
        expected[1, light] = space.ranges[light][1]
    assert (black - expected[0]).abs().max() < 1e-7
    assert (white - expected[1]).abs().max() < 1e-4


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", HUES)
def test_hues_meet_at_360(name, dtype):
    """Colours on both sides of hue 0, down to steps that float32 rounds up to 360."""
    space = SPACES[name]
    middle = torch.tensor([0.3 * end for _, end in space.ranges], dtype=dtype)
    steps = torch.tensor([30, 1, 1e-3, 1e-6, 1e-9, 1e-12], dtype=dtype)
    steps = torch.cat([-steps, torch.zeros(1, dtype=dtype), steps])
    around = middle.repeat(len(steps), 1)
    around[:, space.hue_channel] = steps
    found = space.from_rgb(space.to_rgb(around, dim=-1), dim=-1)[:, space.hue_channel]
    assert ((found >= 0) & (found < 360)).all()
    turn = (found - steps + 180).remainder(360) - 180
    assert turn.abs().max() < (1e-3 if dtype == torch.float32 else 1e-8)


def test_hue_just_below_360_is_not_rounded_up_to_it():
    almost_red = torch.tensor([1.0, 0.0, 1e-9])
    assert (torch.tensor(360.0) - 60e-9).item() == 360.0  # float32 knows no better
    assert colour.rgb_to_hsv(almost_red, dim=-1).tolist() == [0, 1, 1]
    assert 359.9 < colour.rgb_to_hsv(almost_red.double() + torch.tensor([0, 0, 1e-7]), dim=-1)[0] < 360


@pytest.mark.parametrize("name", HUES)
def test_whole_turns_of_the_hue_change_nothing(name):
    space = SPACES[name]
    colours = space.from_rgb(RANDOM, dim=-1)
    turned = colours.clone()
    turned[:, space.hue_channel] += torch.tensor([-720, -360, 360, 720])[torch.arange(len(turned)) % 4]
    assert (space.to_rgb(turned, dim=-1) - RANDOM).abs().max() < 1e-10


CORNERS = torch.cartesian_prod(*[torch.tensor([0, 1e-30, 1e-9, 1 / 255, 0.5, 1.0], dtype=torch.float64)] * 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("way", ["from_rgb", "to_rgb", "both"])
@pytest.mark.parametrize("name", SPACES)
def test_gradients_are_finite_at_black_white_greys_and_corners(name, way, dtype):
    space = SPACES[name]
    inputs = torch.cat([CORNERS, GREYS, torch.tensor([[-0.1, 0.5, 1.1]])]).to(dtype)
    if way == "to_rgb":
        inputs = space.from_rgb(inputs, dim=-1)
    inputs.requires_grad_()
    outputs = inputs
    if way != "to_rgb":
        outputs = space.from_rgb(outputs, dim=-1)
    if way != "from_rgb":
        outputs = space.to_rgb(outputs, dim=-1)
    assert outputs.isfinite().all()
    for channel in range(3):
        (gradient,) = torch.autograd.grad(outputs[:, channel].sum(), inputs, retain_graph=True)
        assert gradient.isfinite().all()


def test_the_formulas_alone_have_no_gradient_there():
    """What the test above is for: it would see this."""
    a = torch.zeros(2, requires_grad=True)
    torch.hypot(*a).backward()
    assert a.grad.isnan().any()


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_gradients_are_those_of_small_differences(name):
    space, colours = SPACES[name], RANDOM[:20].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: space.from_rgb(x, dim=-1), colours)
    there = space.from_rgb(colours, dim=-1).detach().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: space.to_rgb(x, dim=-1), there)


@pytest.mark.parametrize("name", SPACES)
def test_any_layout(name):
    space, pictures = SPACES[name], RANDOM[:240].reshape(2, 5, 4, 6, 3).movedim(-1, -3)
    before = pictures.clone()
    found = space.from_rgb(pictures)
    assert found.shape == (2, 5, 3, 4, 6)
    assert torch.equal(found, space.from_rgb(pictures.movedim(-3, -1), dim=-1).movedim(-1, -3))
    assert torch.allclose(found[1, 2], space.from_rgb(pictures[1, 2]), rtol=0, atol=1e-12)
    assert torch.allclose(space.to_rgb(found), pictures, rtol=0, atol=1e-10)
    assert torch.equal(pictures, before)


def test_convert_goes_by_way_of_rgb():
    hsv = colour.rgb_to_hsv(RANDOM, dim=-1)
    assert torch.equal(convert(RANDOM, "rgb", "hsv", dim=-1), hsv)
    assert torch.allclose(convert(hsv, "hsv", "oklch", dim=-1), colour.rgb_to_oklch(RANDOM, dim=-1), rtol=0, atol=1e-8)
    assert convert(hsv, "hsv", "hsv", dim=-1) is hsv
    wild = torch.tensor([50.0, 100, -100], dtype=torch.float64)
    assert convert(convert(wild, "lab", "oklab", dim=-1), "oklab", "lab", dim=-1).tolist() == pytest.approx(
        wild.tolist()
    )


def test_a_grey_stays_a_grey_on_the_way_from_lab_to_hsv():
    greys = torch.stack((torch.linspace(0, 100, 101), torch.zeros(101), torch.zeros(101)), dim=1)
    assert (convert(greys, "lab", "hsv", dim=-1)[:, 0] == 0).all()


def test_space_says_which_channel_is_the_hue():
    hues = {name: space.hue_channel for name, space in SPACES.items() if "H" in space.channels}
    assert hues == {"hsv": 0, "hsl": 0, "lch": 2, "oklch": 2}
    assert all(name == space.name for name, space in SPACES.items())


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("way", ["from_rgb", "to_rgb"])
def test_wrong_inputs_are_refused_in_words(name, way):
    change = getattr(SPACES[name], way)
    with pytest.raises(ValueError, match=r"uint8.*images\.float\(\) / 255"):
        change(torch.zeros(3, 4, 4, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"\(4, 4, 3\); .*dim=-1"):
        change(torch.zeros(4, 4, 3))
    with pytest.raises(ValueError, match="dimension -3"):
        change(torch.zeros(3))


def test_unknown_names_are_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="'HSV'; there are rgb, linear, hsv"):
        convert(RANDOM, "rgb", "HSV", dim=-1)
    with pytest.raises(ValueError, match="'2020'; there are '601' and '709'"):
        colour.rgb_to_ycbcr(RANDOM, "2020", dim=-1)


def test_in_gamut():
    assert in_gamut(COLOURS, dim=-1).all()
    edge = torch.tensor([[0, 0.5, 1], [-0.01, 0.5, 1], [0, 0.5, 1.01], [0, float("nan"), 1]])
    assert in_gamut(edge, dim=-1).tolist() == [True, False, False, False]
    assert in_gamut(edge, tolerance=0.02, dim=-1).tolist() == [True, True, True, False]
    pictures = convert(convert(RANDOM.float(), "rgb", "oklch", dim=-1), "oklch", "rgb", dim=-1).T.reshape(3, 100, 200)
    assert in_gamut(pictures).shape == (100, 200)
    assert in_gamut(pictures).all()
    assert not in_gamut(convert(torch.tensor([0.5, 0.4, 150]), "oklch", "rgb", dim=-1), dim=-1)


def normal(mean, deviation, n, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, dtype=torch.float64, generator=generator) * deviation + mean


def hues(values):
    return torch.stack((values.remainder(360), torch.ones(len(values)), torch.ones(len(values))), dim=1)


def test_separation_is_d_prime():
    a, b = RANDOM[:500], RANDOM[500:900] * 0.5 + 0.2
    pooled = np.sqrt((a.numpy().var(0, ddof=1) + b.numpy().var(0, ddof=1)) / 2)
    expected = np.abs(a.numpy().mean(0) - b.numpy().mean(0)) / pooled
    assert np.allclose(separation(a, b, "rgb", dim=-1), expected, rtol=1e-12)
    assert torch.equal(separation(b, a, "rgb", dim=-1), separation(a, b, "rgb", dim=-1))
    pictures = [x.reshape(-1, 10, 10, 3).movedim(-1, 1).float() for x in (a, b)]
    assert np.allclose(separation(*pictures, "rgb"), expected, rtol=1e-5)


@pytest.mark.parametrize("middle", [0, 5, 90, 355])
def test_hues_that_lie_close_have_the_usual_d_prime_seam_or_no_seam(middle):
    a, b = normal(-4, 3, 2000), normal(5, 4, 2000, seed=1)
    expected = ((b.mean() - a.mean()) / ((a.var() + b.var()) / 2).sqrt()).item()
    found = separation(hues(a + middle), hues(b + middle), "hsv", dim=-1)
    assert found[0] == pytest.approx(expected, rel=0.01)
    assert found[1:].tolist() == [0, 0]


def test_separation_of_hues_is_directional_statistics():
    a, b = normal(350, 40, 300).remainder(360), normal(80, 60, 200, seed=1).remainder(360)
    means = [np.exp(1j * np.radians(x.numpy())).mean() for x in (a, b)]
    variances = [scipy.stats.directional_stats(np.stack((x.deg2rad().cos(), x.deg2rad().sin()), 1)) for x in (a, b)]
    spread = [(1 - v.mean_resultant_length**2) * len(x) / (len(x) - 1) for v, x in zip(variances, (a, b), strict=True)]
    expected = abs(means[0] - means[1]) / np.sqrt(sum(spread) / 2)
    assert separation(hues(a), hues(b), "hsv", dim=-1)[0] == pytest.approx(expected, rel=1e-9)


def test_hues_from_anywhere_are_not_apart_and_opposite_ones_are():
    anywhere = [hues(torch.rand(5000, dtype=torch.float64, generator=GENERATOR) * 360) for _ in range(2)]
    assert separation(*anywhere, "hsv", dim=-1)[0] < 0.1
    narrow, wide = hues(normal(0, 5, 1000)), hues(normal(180, 25, 1000, seed=1))
    assert separation(narrow, wide, "hsv", dim=-1)[0] > 5


def test_sets_of_unequal_size_weigh_the_same():
    a, b = RANDOM[:1000], RANDOM[1000:2000] * 0.3
    many = b.repeat(50, 1)
    assert torch.allclose(separation(a, many, "rgb", dim=-1), separation(a, b, "rgb", dim=-1), rtol=1e-3)


@pytest.mark.parametrize("name", SPACES)
def test_flat_colours_are_far_apart_and_equal_ones_are_not(name):
    flat = [torch.full((3, 4, 4), level) for level in (0.1, 0.1, 0.7)]
    dark, same, pale = (SPACES[name].from_rgb(x) for x in flat)
    assert separation(dark, same[..., :2], name).max() < 1e-6
    found = separation(dark, pale, name)
    assert found.isfinite().all()
    assert found.max() > 1e4
    # Rounding alone parts the a and b of two greys, and must not count.
    assert "a" not in SPACES[name].channels or found[1:].max() < 1


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (torch.zeros(0, 3), "got 0 colours"),
        (torch.zeros(1, 3), "got 1 colours"),
        (torch.tensor([[0.0, 0, 0], [0, float("nan"), 0]]), "2 colours, 1 of their numbers NaN"),
        (torch.tensor([[0.0, 0, 0], [0, float("inf"), 0]]), "2 colours, 1 of their numbers NaN"),
        (torch.zeros(5, 4), "three channels"),
        (torch.zeros(5, 3, dtype=torch.uint8), "uint8"),
    ],
)
def test_separation_refuses(wrong, complaint):
    for pair in ((wrong, RANDOM), (RANDOM, wrong)):
        with pytest.raises(ValueError, match=complaint):
            separation(*pair, "rgb", dim=-1)
    with pytest.raises(ValueError, match="there are rgb"):
        separation(RANDOM, RANDOM, "cmyk", dim=-1)
