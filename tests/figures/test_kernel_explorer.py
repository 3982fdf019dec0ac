"""The kernel explorer in Python, and its JavaScript against Python and PyTorch under node."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
import traitlets

from course_lib.figures.interactive.kernel_explorer import (
    CHANNELS,
    CONTENTS,
    SAME,
    counted,
    kernel_explorer,
    kernel_parts,
    response_range,
)
from course_lib.models.convolution import Conv, macs, output_sizes, receptive_field, weights
from course_lib.pixels import grey

from .samples import picture

SIZES = ((1, 1), (2, 1), (1, 2), (2, 2), (3, 5), (4, 6), (30, 3), (31, 31))
SHAPE = ("height", "width", "stride", "dilation", "padding", "layers")


@pytest.fixture
def figure():
    made = kernel_explorer(picture(64))
    yield made
    made.close()


def dense(content: str, height: int, width: int) -> torch.Tensor:
    return sum(torch.outer(column, row) for column, row in kernel_parts(content, height, width))


# --- what it is there to show ---


def test_practitioner_s_case():
    """30×3 and then 3×30, unpadded, against one of 30×30."""
    made = kernel_explorer(picture(64), kernel=(30, 3))
    assert made.title() == (
        "One 30×3 kernel: 64×64 → 35×62, each number sees 30×3 pixels; 90 weights, 195\u2009300 MACs"
    )
    told = made.describe()
    assert "30×30: 900 weights, sees 30×30; 30×3 then 3×30: 180 weights, sees 32×32; 30×1 then 1×30: 60 weights" in told
    assert [made.work(row) for row in made.instead()] == ["1.1 million", "293\u2009310", "103\u2009950"]


@pytest.mark.parametrize(
    ("kernel", "names"),
    [((1, 1), [1]), ((5, 5), [1, 2]), ((1, 7), [1, 2]), ((7, 1), [1, 2]), ((3, 8), [1, 2, 2])],
)
def test_what_to_take_instead_sees_at_least_as_much_for_fewer_weights(kernel, names):
    rows = kernel_explorer(picture(64), kernel=kernel).instead()
    assert [len(row) for row in rows] == names
    large = receptive_field(rows[0]).size
    for row in rows[1:]:
        assert weights(row) < weights(rows[0])
        assert min(receptive_field(row).size) >= large[0]


def test_response_is_what_a_convolution_gives_and_an_edge_answers_to_its_own_direction(figure):
    halves = torch.zeros(3, 20, 20, dtype=torch.uint8)
    halves[:, :, 10:] = 255
    upright = kernel_explorer(halves, kernel=(4, 4), content="vertical edge").response()
    lying = kernel_explorer(halves, kernel=(4, 4), content="horizontal edge").response()
    assert upright.max() == pytest.approx(1)
    assert lying.abs().max() < 1e-12


@pytest.mark.parametrize("content", CONTENTS)
def test_kernels_are_what_they_are_called(content):
    for height, width in SIZES:
        kernel = dense(content, height, width)
        assert kernel.shape == (height, width)
        assert kernel.sum() == pytest.approx(1 if content == "mean" else 0, abs=1e-12)
    five = dense(content, 5, 5)
    mirrored = {"vertical edge": (1, -1), "horizontal edge": (-1, 1)}.get(content, (1, 1))
    for axis, sign in enumerate(mirrored):
        assert torch.allclose(five.flip(axis), sign * five)


def test_field_of_the_number_pointed_at(figure):
    figure.height, figure.width, figure.down, figure.across = 5, 3, 0.0, 1.0
    assert figure.place() == (0, 61)
    assert figure.seen() == "Row 0, column 61 sees rows 0 to 4, columns 61 to 63."
    figure.padding = 2
    assert figure.seen() == "Row 0, column 65 sees rows −2 to 2, columns 63 to 65, partly padding."
    assert figure.margin() == 2


# --- the figure ---


@pytest.mark.slow
def test_what_cannot_be_is_said_in_plain_words_and_drawn(figure):
    figure.height, figure.dilation, figure.layers = 31, 2, 2
    why = "layer 2 does not fit: its kernel covers 61×5, its padded input has 4×60"
    assert figure.title() == f"2 layers of 31×3, dilation 2: impossible, {why}"
    assert figure.place() is None
    assert figure.seen() == ""
    assert "impossible" in figure.describe()
    assert figure.png()
    with pytest.raises(ValueError, match="does not fit"):
        figure.response()


def test_words_name_only_what_is_not_usual(figure):
    assert figure.words() == "One 3×3 kernel"
    figure.padding, figure.channels, figure.stride, figure.layers = SAME, 3, 2, 6
    assert figure.words() == "6 layers of 3×3, stride 2, same padding, 64 channels"
    figure.padding = 1
    assert figure.words() == "6 layers of 3×3, stride 2, padding 1, 64 channels"


def test_one_weight_is_one_weight():
    assert "; 1 weight, 4\u2009096 MACs" in kernel_explorer(picture(64), kernel=(1, 1)).title()


def test_channels_count_in_the_costs_only(figure):
    figure.height, figure.width, figure.layers, figure.padding = 3, 3, 2, SAME
    figure.channels = CHANNELS.index(64)
    assert figure.title().endswith("73\u2009728 weights, 302.0 million MACs")
    assert figure.response().shape == (64, 64)


def test_large_pictures_are_made_smaller_and_grey():
    made = kernel_explorer(picture(200)[:, :100])
    assert made.size == [48, 96]
    small = kernel_explorer(picture(64))
    assert small.pixels == grey(picture(64))[0].numpy().tobytes()


def test_what_is_not_real_says_so():
    assert "generated stand-in" in kernel_explorer(picture(16), source="stand-in").describe()


def test_ranges_of_the_response():
    assert response_range("mean", torch.tensor([3.0])) == (0, 1)
    assert response_range("vertical edge", torch.tensor([-0.25, 0.1])) == (-0.25, 0.25)
    assert response_range("vertical edge", torch.zeros(2)) == (-1, 1)


WRONG = [
    ({"picture": picture().float()}, "dtype torch.float32; it wants a uint8"),
    ({"picture": picture().numpy()}, "dtype uint8; it wants a uint8 tensor"),
    ({"picture": None}, "got a picture of NoneType"),
    ({"picture": picture()[None]}, r"shape \(1, 3, 64, 64\); it wants \[3, H, W\], 8 pixels or more a side"),
    ({"picture": picture()[:1]}, r"shape \(1, 64, 64\)"),
    ({"picture": picture(7)}, r"shape \(3, 7, 7\)"),
    ({"kernel": 3}, "got kernel=3; it wants \\(height, width\\), whole numbers from 1 to 31"),
    ({"kernel": (0, 3)}, r"got kernel=\(0, 3\)"),
    ({"kernel": (3, 32)}, r"got kernel=\(3, 32\)"),
    ({"kernel": (3.0, 3)}, r"got kernel=\(3.0, 3\)"),
    ({"stride": 5}, "got stride=5; it wants one of 1, 2, 3, 4"),
    ({"stride": 2.0}, "got stride=2.0"),
    ({"dilation": 0}, "got dilation=0"),
    ({"padding": 16}, "got padding=16; it wants one of 0, 1, .*15, same"),
    ({"padding": "full"}, "got padding='full'"),
    ({"layers": True}, "got layers=True"),
    ({"channels": 3}, "got channels=3; it wants one of 1, 4, 16, 64, 256"),
    ({"content": "gabor"}, "got content='gabor'; it wants one of mean, vertical edge"),
    ({"source": "painted"}, "got source='painted'"),
]


@pytest.mark.parametrize(("given", "complaint"), WRONG, ids=[words[:24] for _, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(given, complaint):
    with pytest.raises(ValueError, match=complaint):
        kernel_explorer(**{"picture": picture()} | given)


@pytest.mark.parametrize(("trait", "value"), [("height", 32), ("padding", 17), ("content", 4), ("down", 1.5)])
def test_traits_stay_in_their_range(figure, trait, value):
    with pytest.raises(traitlets.TraitError):
        setattr(figure, trait, value)


# --- the same in JavaScript ---


def settings(rng) -> list[dict]:
    """10,000 random ones, and all corners of the sliders."""
    ends = dict(zip(SHAPE, [(1, 31), (1, 31), (1, 4), (1, 4), (0, SAME), (1, 6)], strict=True))
    corners = np.stack(np.meshgrid(*ends.values()), -1).reshape(-1, len(ends))
    low, high = np.array(list(ends.values())).T
    kind = rng.random((10_000, 1)) < 0.5  # small kernels, or few would fit
    anywhere = rng.integers(low, np.where(kind, [7, 7, 2, 2, SAME, 6], high) + 1)
    return [dict(zip(ends, map(int, row), strict=True)) for row in [*corners, *anywhere]]


def arithmetic(rng) -> list[dict]:
    cases = []
    for state in settings(rng):
        size, channels = tuple(map(int, rng.integers(8, 97, 2))), int(rng.choice(CHANNELS))
        padding = "same" if state["padding"] == SAME else state["padding"]
        layer = Conv((state["height"], state["width"]), state["stride"], state["dilation"], padding)
        layers = [layer] * state["layers"]
        count, field = [channels] * (len(layers) + 1), receptive_field(layers)
        case = {"state": state | {"channels": channels}, "size": size, "weights": weights(layers, count),
                "field": [field.size, field.stride, field.start], "sizes": [], "fault": "", "macs": None}  # fmt: skip
        try:
            case |= {"sizes": output_sizes(size, layers), "macs": macs(size, layers, count)}
        except ValueError as error:
            case["fault"] = str(error)
        cases.append(case)
    return cases


def figure_cases(rng) -> list[dict]:
    """Titles, what is seen, what to take instead, and PyTorch's response."""
    cases = []
    for shape in ((64, 64), (24, 40)):
        made = kernel_explorer(picture(64)[:, : shape[0], : shape[1]])
        for state in rng.permutation(settings(rng)[-400:])[:60]:
            for trait, value in (state | {"content": int(rng.integers(4)), "channels": int(rng.integers(5))}).items():
                setattr(made, trait, value)
            made.down, made.across = (float(rng.choice([0, 1, share])) for share in rng.random(2))
            case = {trait: getattr(made, trait) for trait in (*SHAPE, "down", "across", "content")}
            case |= {"channels": CHANNELS[made.channels], "size": made.size, "pixels": list(made.pixels),
                     "words": made.title(), "seen": made.seen(), "margin": made.margin(),
                     "instead": [[layer.kernel for layer in row] for row in made.instead()],
                     "response": made.response().flatten().tolist() if made.place() else None}  # fmt: skip
            cases.append(case)
    return cases


@pytest.fixture(scope="module")
def vectors() -> dict:
    rng = np.random.default_rng(0)
    numbers = [0, 1, 999_999, 1_000_000, 1_049_999, 1_050_000, 10**9, 10**12, *map(int, 10 ** rng.uniform(0, 13, 500))]
    kernels = [(k, size) for k in range(4) for size in SIZES]
    parts = [
        {"content": k, "size": size, "kernel": dense(CONTENTS[k], *size).flatten().tolist()} for k, size in kernels
    ]
    return {"arithmetic": arithmetic(rng), "figures": figure_cases(rng), "parts": parts,
            "counted": [[n, counted(n)] for n in numbers]}  # fmt: skip


@pytest.mark.slow
def test_vectors_hold_what_fits_and_what_does_not(vectors):
    for cases in (vectors["arithmetic"], vectors["figures"]):
        impossible = sum(bool(case.get("fault")) or case.get("response", 0) is None for case in cases)
        assert 0.1 < impossible / len(cases) < 0.9


def test_response_in_python_is_conv2d_s():
    made = kernel_explorer(picture(40), kernel=(5, 4), stride=2, dilation=2, padding=3, content="centre–surround")
    pixels = grey(picture(40))[:1].double()[None] / 255
    kernel = dense("centre–surround", 5, 4)[None, None]
    assert torch.allclose(made.response(), F.conv2d(pixels, kernel, stride=2, padding=3, dilation=2)[0, 0])


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    result = run_node("kernel_explorer", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["sizes", "field", "macs", "words", "seen", "response", "instead"])
def test_disagreement_is_found(run_node, vectors, wrong):
    """A size off by one, a number of the response by 1e-4, a letter of the title."""
    fits = next(case for case in vectors["arithmetic"] if case["sizes"])
    drawn = next(case for case in vectors["figures"] if case["response"])
    few = {"arithmetic": [fits], "figures": [drawn], "parts": [], "counted": []}
    assert run_node("kernel_explorer", vectors | few).returncode == 0
    if wrong in fits:
        change = {"sizes": [[1, 999]], "field": [[0, 0]] * 3, "macs": fits["macs"] + 1}[wrong]
        few["arithmetic"] = [fits | {wrong: change}]
    else:
        response = [value + 1e-4 for value in drawn["response"]]
        change = {"words": drawn["words"] + ".", "seen": "", "instead": [], "response": response}[wrong]
        few["figures"] = [drawn | {wrong: change}]
    assert run_node("kernel_explorer", vectors | few).returncode != 0
