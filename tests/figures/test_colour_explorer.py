"""The colour explorer in Python, and its JavaScript against Python under node."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
import torch
import traitlets
from matplotlib.figure import Figure

from course_lib.data import ImageSet
from course_lib.figures.interactive.colour_classes import POINTS
from course_lib.figures.interactive.colour_explorer import FIRST, colour_explorer
from course_lib.figures.interactive.colour_views import MATRICES, NAMES, VIEWS
from course_lib.pixels import SPACES, convert, separation

HSV, LAB, OKLCH = NAMES.index("hsv"), NAMES.index("lab"), NAMES.index("oklch")


def painted(hue: float, n: int = 4, *, grey: int = 0, seed: int = 0) -> torch.Tensor:
    """uint8 [n, 3, 16, 16]: one hue ± 2°, saturation and value noisy; the first `grey` rows are grey."""
    noise = torch.randn(3, n, 16, 16, generator=torch.Generator().manual_seed(seed))
    hsv = torch.stack([hue + 2 * noise[0], 0.7 + 0.05 * noise[1], 0.6 + 0.05 * noise[2]], dim=1)
    pictures = (255 * convert(hsv, "hsv", "rgb")).round().clamp(0, 255).to(torch.uint8)
    pictures[:, :, :grey] = pictures[:, :1, :grey]
    return pictures


@pytest.fixture
def figure():
    made = colour_explorer()
    yield made
    made.close()


@pytest.fixture
def blues():
    made = colour_explorer(painted(212), painted(226, seed=1), names=("low", "high"))
    yield made
    made.close()


# --- what it is there to show ---


def test_two_blues_come_apart_in_hue_and_nowhere_else_in_hsv(blues):
    hue, saturation, value = blues.apart[HSV]
    assert hue > 5
    assert max(saturation, value) < 0.3
    assert max(x for row in blues.apart for x in row) == pytest.approx(hue, rel=0.05)
    assert f"low against high: d′ H {hue:.1f}" in blues.title()


def test_d_prime_is_separation_s_of_all_pixels(blues):
    for place, name in enumerate(NAMES):
        both = (convert(pictures.double() / 255, "rgb", name) for pictures in (painted(212), painted(226, seed=1)))
        assert blues.apart[place] == pytest.approx(separation(*both, name).tolist())


@pytest.mark.slow
def test_greys_have_no_hue_and_are_left_out_of_its_d_prime():
    plain = colour_explorer(painted(212), painted(226, seed=1)).apart[HSV][0]
    assert colour_explorer(painted(212, grey=8), painted(226, grey=2, seed=1)).apart[HSV][0] == pytest.approx(
        plain, 0.1
    )
    grey = colour_explorer(painted(212, grey=16), painted(226, seed=1))
    assert [row[view.hue] for row, view in zip(grey.apart, VIEWS, strict=True) if view.hue is not None] == [None] * 3
    assert "d′ H —" in grey.title()
    grey.draw(Figure(layout="constrained"))


def test_hue_windows_do_not_cut_the_seam():
    made = colour_explorer(painted(355), painted(8, seed=1))
    low, high = made.windows[HSV][0]
    assert -25 < low < -5 < 8 < high < 28


@pytest.mark.parametrize("start", range(6))
def test_colour_stays_through_all_spaces(start):
    made = colour_explorer(colour="#c0ffee", space=NAMES[start])
    for place in [*range(6), *reversed(range(6)), 0]:
        made.space = place
        assert made.colour == pytest.approx([0xC0 / 255, 1, 0xEE / 255])
        assert made.title().endswith("is #C0FFEE")
    assert made.values == [0xC0, 0xFF, 0xEE]


def test_sliders_lead_the_colour(figure):
    figure.hsv_s = 0.0
    assert figure.title() == "HSV: H 205°, S 0.00, V 0.71 is #B5B5B5"
    figure.hsv_s = 1.0  # the hue of a grey is not lost
    assert figure.title() == "HSV: H 205°, S 1.00, V 0.71 is #006AB5"
    figure.oklch_l = 0.9  # the slider of a space that is not shown
    assert figure.title() == "HSV: H 205°, S 1.00, V 0.71 is #006AB5"
    figure.colour = [1.0, 0.0, 0.0]
    assert figure.values == [0, 1, 1]


def test_what_srgb_has_not_is_said_and_cut_where_a_space_cannot_hold_it(figure):
    figure.space, figure.oklch_c = OKLCH, 0.3
    assert figure.title() == "OKLCh: L 0.55, C 0.300, H 245° is outside sRGB, shown cut to #006AFF"
    assert "HSV H —, S —, V —" in figure.describe()
    figure.space = LAB  # it has numbers for it
    assert "is outside sRGB, shown cut to #006AFF" in figure.title()
    figure.space = HSV
    assert figure.title() == "HSV: H 215°, S 1.00, V 1.00 is #006AFF"


def test_colour_gives_way_only_where_no_slider_reaches_it(figure):
    figure.space = LAB
    figure.lab_l, figure.lab_a, figure.lab_b = 40.0, 20.0, -125.0
    figure.space = OKLCH
    assert figure.oklch_c == 0.4
    assert figure.colour == pytest.approx(VIEWS[OKLCH].rgb(figure.values).tolist())


# --- the figure ---


def test_starts_in_the_middle_of_the_pixels_unless_told():
    flat = torch.full((1, 3, 2, 2), 10, dtype=torch.uint8)
    assert colour_explorer(flat, flat + 20).title().startswith("HSV: H 0°, S 0.00, V 0.08 is #141414. A against B")
    assert (
        colour_explorer(flat, flat + 20, colour=(1, 2, 3)).title().startswith("HSV: H 210°, S 0.67, V 0.01 is #010203")
    )
    assert colour_explorer(colour=[31, 119, 180]).title() == colour_explorer(colour=FIRST).title()


def test_flat_classes_are_very_far_apart_or_not_at_all():
    flat = torch.full((1, 3, 2, 2), 10, dtype=torch.uint8)
    assert colour_explorer(flat, flat + 20, space="rgb").title().endswith("d′ R >99, G >99, B >99")
    assert colour_explorer(flat, flat, space="rgb").title().endswith("d′ R 0.0, G 0.0, B 0.0")


@pytest.mark.slow
def test_pixels_are_drawn_by_seed_and_from_the_rows_of_an_image_set():
    pictures = ImageSet.of(torch.cat([painted(212), painted(30)]), [0] * 4 + [1] * 4, ["blue", "orange"], "stand-in")
    blue, orange = (pictures.at(torch.nonzero(pictures.labels == label).ravel()) for label in (0, 1))
    made = colour_explorer(blue, orange, names=("blue", "orange"))
    assert made.note == "generated stand-in"
    assert "generated stand-in" in made.describe()
    points = np.frombuffer(made.clouds, np.uint8).reshape(2, POINTS, 3).astype(int)
    assert (points[0, :, 2] > points[0, :, 0]).all()
    assert (points[1, :, 2] < points[1, :, 0]).all()
    assert colour_explorer(blue, orange).clouds == made.clouds
    assert colour_explorer(blue, orange, seed=1).clouds != made.clouds


@pytest.mark.slow
@pytest.mark.parametrize("shape", [(1, 3, 1, 2), (3, 3, 200, 7), (2, 3, 48, 48)])
def test_any_size_of_picture(shape):
    made = colour_explorer(*torch.randint(0, 256, (2, *shape), dtype=torch.uint8))
    height, width = made.size
    assert len(made.pictures) == 2 * height * width * 3
    made._draw_pictures(Figure())


def test_plain_colour_has_no_control_for_pixels(figure, blues):
    labels = [[control.widget.description for control in made._parts] for made in (figure, blues)]
    assert "Zoom in" not in labels[0]
    assert labels[1] == [*labels[0], "Zoom in"]


@pytest.mark.slow
def test_every_space_and_plane_can_be_drawn(blues):
    first = blues.png()
    for blues.space in range(6):
        blues.plane = blues.space % 3
        blues.draw(Figure(layout="constrained"))
    assert blues.png() != first


WRONG = [
    ({"space": "hsb"}, "got space='hsb'; it wants one of rgb, hsv, hsl, ycbcr601, lab, oklch"),
    ({"colour": "blue"}, "got colour='blue'; it wants \"#1f77b4\""),
    ({"colour": "#12345"}, "got colour='#12345'"),
    ({"colour": (1, 2)}, r"got colour=\(1, 2\)"),
    ({"colour": (1, 2, 256)}, r"got colour=\(1, 2, 256\)"),
    ({"colour": (0.5, 0.5, 0.5)}, r"got colour=\(0.5, 0.5, 0.5\)"),
    ({"colour": (math.nan, 1, 1)}, "three whole numbers from 0 to 255"),
    ({"colour": 7}, "got colour=7"),
    ({"a": painted(0)}, "got pictures of one class only; it wants two, or none"),
    ({"a": painted(0), "b": painted(0).float()}, "pictures of torch.float32"),
    ({"a": painted(0)[0], "b": painted(0)}, r"uint8 \(3, 16, 16\); it wants uint8 \[N, 3, H, W\]"),
    ({"a": painted(0)[:, :1], "b": painted(0)}, r"uint8 \(4, 1, 16, 16\)"),
    ({"a": torch.tensor(3, dtype=torch.uint8), "b": painted(0)}, r"uint8 \(\)"),
    ({"a": painted(0)[:0], "b": painted(0)}, "got 0 pictures of 16×16; it wants two pixels or more"),
    ({"a": painted(0)[:1, :, :1, :1], "b": painted(0)}, "got 1 pictures of 1×1"),
    ({"names": ("x", "x")}, r"got names=\('x', 'x'\); it wants two that differ"),
    ({"names": "AB"}, "got names='AB'"),
    ({"names": ("a", "b", "c")}, "it wants two that differ"),
    ({"names": ("a", "")}, "it wants two that differ"),
]


@pytest.mark.parametrize(("given", "complaint"), WRONG, ids=[words[:24] for _, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        colour_explorer(**given)


def test_arrays_are_not_guessed_at():
    with pytest.raises(TypeError, match="got pictures of ndarray; it wants an ImageSet or a uint8 tensor"):
        colour_explorer(painted(0).numpy(), painted(0).numpy())


@pytest.mark.parametrize(("trait", "value"), [("space", 6), ("plane", -1), ("hsv_h", 400.0), ("colour", [1.0, 2.0])])
def test_traits_stay_in_their_range(figure, trait, value):
    with pytest.raises(traitlets.TraitError):
        setattr(figure, trait, value)
    with pytest.raises(ValueError, match="it wants three finite numbers"):
        figure.colour = [0.0, 0.0, math.inf]


# --- the same in JavaScript ---


def colours() -> torch.Tensor:
    """float64 [N, 3]: 10,000 anywhere in sRGB, greys, the cube's corners, both sides of the hue's seam, near-blacks."""
    generator = torch.Generator().manual_seed(0)
    anywhere = torch.rand(10_000, 3, dtype=torch.float64, generator=generator)
    greys = (torch.arange(256, dtype=torch.float64)[:, None] / 255).expand(-1, 3)
    corners = torch.cartesian_prod(*[torch.tensor([0, 1 / 255, 0.5, 254 / 255, 1], dtype=torch.float64)] * 3)
    seam = [[1, e, 0] for e in (0, 1e-9, 1e-4, 0.01)] + [[1, 0, e] for e in (1e-9, 1e-4, 0.01)]
    return torch.cat([anywhere, greys, corners, torch.tensor(seam, dtype=torch.float64)])


@pytest.fixture(scope="module")
def vectors() -> dict:
    rgb, generator = colours(), torch.Generator().manual_seed(1)
    spaces = {}
    for name in NAMES:
        low, high = torch.tensor(SPACES[name].ranges, dtype=torch.float64).T
        edges = torch.cartesian_prod(*[torch.tensor(ends, dtype=torch.float64) for ends in SPACES[name].ranges])
        anything = torch.cat([low + torch.rand(len(rgb), 3, generator=generator).double() * (high - low), edges])
        spaces[name] = {
            "from": _flat(SPACES[name].from_rgb(rgb, dim=-1)),
            "numbers": _flat(anything),
            "to": _flat(SPACES[name].to_rgb(anything.round(decimals=9), dim=-1)),
        }
    state = colour_explorer().plain()["state"]
    return {"rgb": _flat(rgb, 17), "spaces": spaces, "views": state["views"], "matrices": MATRICES} | _figure_cases()


def _flat(numbers: torch.Tensor, digits: int = 9) -> list[float]:
    return [round(number, digits) for number in numbers.flatten().tolist()]


def _figure_cases() -> dict:
    """What the figure itself computes: sliders and colour after a change of space, titles, planes."""
    rng, titles, moves = np.random.default_rng(2), [], []
    made = colour_explorer(painted(212), painted(226, seed=1), names=("low", "<b>$"))
    grey = colour_explorer(painted(212, grey=16), painted(226, seed=1))
    for k in range(200):
        figure = grey if k % 10 == 0 else made
        figure.space = int(rng.integers(6))
        view = figure.view
        for axis in view.axes:
            ends = (axis.low, axis.high) if rng.random() < 0.2 else (rng.uniform(axis.low, axis.high),)
            setattr(figure, axis.trait, axis.snapped(rng.choice(ends)))
        titles.append({"space": figure.space, "values": figure.values, "colour": figure.colour, "names": figure.names,
                       "apart": figure.apart[figure.space], "words": figure.title()})  # fmt: skip
        for to, other in enumerate(VIEWS):
            values, colour = other.moved(figure.colour)
            moves.append({"colour": figure.colour, "space": to, "values": values, "now": colour})
    planes = [
        {"space": place, "plane": plane, "values": other.moved([0.2, 0.4, 0.6])[0]}
        for place, other in enumerate(VIEWS)
        for plane in range(3)
    ]
    return {"titles": titles, "moves": moves, "planes": planes, "windows": made.windows}


def test_views_travel_whole():
    made = colour_explorer()
    assert [asdict(view) for view in VIEWS] == [{k: v for k, v in view.items() if k != "hue"} for view in made.views]
    assert [view["hue"] for view in made.views] == [-1, 0, 0, -1, -1, 2]


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    result = run_node("colour_explorer", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["from", "to", "titles", "moves"])
def test_disagreement_is_found(run_node, vectors, kind):
    """A conversion that is off by 2e-6, a title by a letter, a slider by a step."""
    few = {"rgb": vectors["rgb"][:30], "planes": [], "titles": vectors["titles"][:1], "moves": vectors["moves"][:1]}
    few["spaces"] = {
        name: {"from": given["from"][:30], "numbers": given["numbers"][:30], "to": given["to"][:30]}
        for name, given in vectors["spaces"].items()
    }
    assert run_node("colour_explorer", vectors | few).returncode == 0
    if kind in ("from", "to"):
        few["spaces"]["lab"][kind][-1] += 2e-6
    elif kind == "titles":
        few["titles"] = [few["titles"][0] | {"words": few["titles"][0]["words"] + "."}]
    else:
        few["moves"] = [few["moves"][0] | {"values": [v + 1 for v in few["moves"][0]["values"]]}]
    assert run_node("colour_explorer", vectors | few).returncode != 0


@pytest.mark.slow
def test_ticks_of_a_hue_are_whole_degrees(blues):
    """222.5° would be written as 222°, and the steps from tick to tick would look uneven."""
    drawn = Figure()
    blues.draw(drawn)
    close = next(axes for axes in drawn.axes if axes.get_title().startswith("close up"))
    ticks = close.get_xticks()
    assert len(ticks) > 2
    assert (ticks == ticks.round()).all()
