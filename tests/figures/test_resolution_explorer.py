"""The resolution explorer in Python, and its JavaScript against Python under node."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.figures.interactive.resolution_explorer import SIZES, percent, resolution_explorer
from course_lib.pixels import block_average

HERE = Path(__file__).parent
MODULE = HERE.parents[1] / "course_lib" / "figures" / "interactive" / "resolution_explorer.js"
CLASSES = ("Forest", "Highway", "River")
ROWS = [[0.2, 0.7, 0.1], [0.25, 0.25, 0.5], [0.999, 0.0005, 0.0005]]


def picture(side: int = 64, *, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, side, side), generator=generator).to(torch.uint8)


@pytest.fixture
def figure():
    made = resolution_explorer(picture(4), ROWS, CLASSES, sizes=(4, 2, 1), truth="Highway")
    yield made
    made.close()


# --- arithmetic ---


@pytest.mark.parametrize("size", SIZES)
def test_blocks_have_the_mean_of_their_pixels(size):
    step = 64 // size
    blocks = block_average(picture(), size)
    assert blocks.shape == (3, 64, 64)
    assert blocks.dtype == torch.uint8
    pooled = torch.nn.functional.avg_pool2d(picture().double(), step)
    assert (blocks[:, ::step, ::step].double() - pooled).abs().max() <= 0.5
    assert torch.equal(blocks[:, ::step, ::step], blocks[:, step - 1 :: step, step - 1 :: step])


def test_finest_size_is_the_picture_itself():
    assert torch.equal(block_average(picture(), 64), picture())


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0, "0 %"), (1e-9, "<1 %"), (0.005, "1 %"), (0.025, "3 %"), (0.834, "83 %"), (0.9949, "99 %"), (0.995, ">99 %"),
     (1 - 1e-9, ">99 %"), (1, "100 %")],
)  # fmt: skip
def test_only_certainty_is_called_100_percent(probability, words):
    assert percent(probability) == words


# --- the figure ---


def test_title_follows_the_position(figure):
    assert figure.title() == "4×4 pixels: Highway, 70 %"
    figure.position = 2
    assert figure.title() == "1×1 pixels: Forest, >99 %"


def test_what_is_not_real_says_so_in_the_title():
    made = resolution_explorer(picture(4), ROWS, CLASSES, sizes=(4, 2, 1), source="stand-in")
    assert made.title() == "4×4 pixels: Highway, 70 % (generated stand-in)"
    assert "generated stand-in" in made.describe()


def test_alt_text_tells_every_answer_and_plain_text_no_number_that_was_measured(figure):
    assert "4×4: Highway, 70 %; 2×2: River, 50 %; 1×1: Forest, >99 %" in figure.describe()
    assert "%" not in repr(figure)


@pytest.mark.slow
def test_png_changes_with_the_position(figure):
    first = figure.png()
    figure.position = 1
    assert figure.png() != first


@pytest.mark.slow
def test_class_with_dollar_signs_is_drawn_as_it_is(figure):
    rude = resolution_explorer(picture(4), ROWS, [r"$\nosuch$", "$", "b"], sizes=(4, 2, 1), truth="$")
    assert rude.png()


def test_slider_names_the_sizes(figure):
    slider = figure.box.children[0]
    assert [label for label, _ in slider.options] == ["4×4", "2×2", "1×1"]
    assert slider.index == 0


def test_arrays_of_float32_will_do():
    softmax = torch.softmax(torch.randn(7, 20, generator=torch.Generator().manual_seed(0)), dim=1)
    for rows in (softmax, softmax.numpy()):
        assert resolution_explorer(picture(), rows, [str(k) for k in range(20)]).title().startswith("64×64")


WRONG = [
    ({"picture": picture().float()}, "dtype torch.float32; wanted a uint8"),
    ({"picture": picture().numpy()}, "dtype uint8; wanted a uint8 tensor"),
    ({"picture": [[1]]}, "got a picture of list"),
    ({"picture": picture()[:1]}, r"shape \(1, 64, 64\); wanted \[3, H, H\]"),
    ({"picture": picture()[:, :32]}, r"shape \(3, 32, 64\)"),
    ({"picture": picture()[None]}, r"shape \(1, 3, 64, 64\)"),
    ({"picture": picture(0)}, r"shape \(3, 0, 0\)"),
    ({"sizes": (64, 5, 1)}, "got size 5; wanted divisors of the picture's 64"),
    ({"sizes": (64, 0, 1)}, "got size 0"),
    ({"sizes": ()}, "got size none"),
    ({"probabilities": ROWS[:2]}, r"shape \(2, 3\) for 3 sizes and 3 classes; it wants \(3, 3\)"),
    ({"probabilities": [[np.nan, 0.5, 0.5], *ROWS[1:]]}, "got NaN"),
    ({"probabilities": [[-0.5, 1, 0.5], *ROWS[1:]]}, "negative"),
    ({"probabilities": [[3.0, 1.0, 2.0], *ROWS[1:]]}, "sum to 6; each row must sum to 1"),
    ({"classes": ["one"], "probabilities": [[1.0]] * 3}, "got 1 classes; it has room for 2 to 20"),
    ({"classes": [str(k) for k in range(200)]}, "got 200 classes"),
    ({"truth": "Moon"}, "got truth='Moon'; it wants one of Forest, Highway, River, or None"),
    ({"source": "painted"}, "got source='painted'; it wants one of real, stand-in, generated"),
]


@pytest.mark.parametrize(("change", "complaint"), WRONG, ids=[words[:24] for _, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(change, complaint):
    given = {"picture": picture(), "probabilities": ROWS, "classes": CLASSES, "sizes": (64, 8, 1)} | change
    with pytest.raises(ValueError, match=complaint):
        resolution_explorer(given.pop("picture"), given.pop("probabilities"), given.pop("classes"), **given)


def test_position_stays_on_the_slider(figure):
    with pytest.raises(ValueError, match="position got 3; it wants 0 to 2"):
        figure.position = 3


# --- the same in JavaScript ---


@pytest.fixture(scope="session")
def vectors() -> dict:
    """Random and corner inputs, each with Python's answer."""
    rng = np.random.default_rng(0)
    pictures = [picture(seed=seed) for seed in range(20)]
    pictures += [torch.full((3, 64, 64), value, dtype=torch.uint8) for value in (0, 1, 254, 255)]
    # Halves: two by two pixels whose means end in .25, .5 and .75.
    for k in (1, 2, 3):
        corner = [[[0, 0], [0, k]], [[0, k], [k, k]], [[9, 9], [k, k]]]
        pictures.append(torch.tensor(corner, dtype=torch.uint8))
    blocks = []
    for one in pictures:
        side = one.shape[-1]
        for size in (size for size in (*SIZES, 2, 1) if side % size == 0 and size <= side):
            means = block_average(one, size)[:, :: side // size, :: side // size]
            flat = [tensor.permute(1, 2, 0).flatten().tolist() for tensor in (one, means)]
            blocks.append({"pixels": flat[0], "side": side, "size": size, "means": flat[1]})
    corners = [0, 1, 1e-12, 1 - 1e-12, 0.005, 0.995, *((k + 0.5) / 100 for k in range(100))]
    percents = [(p, percent(p)) for p in [*corners, *rng.random(10_000)]]
    titles = []
    for source, note in (("real", ""), ("stand-in", "generated stand-in")):
        for row in [*rng.dirichlet([0.3, 0.3, 0.3], 200).tolist(), [0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0, 0, 1]]:
            made = resolution_explorer(picture(4), [row], CLASSES, sizes=[2], source=source)
            titles.append({"size": 2, "classes": CLASSES, "probabilities": made.probabilities[0], "note": note,
                           "words": made.title(), "first": row.index(max(row))})  # fmt: skip
            made.close()
    return {"blocks": blocks, "percents": percents, "titles": titles}


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    result = run_node("resolution_explorer", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["blocks", "percents", "titles"])
def test_disagreement_is_found(run_node, vectors, kind):
    wrong = {"blocks": {"means": [0]}, "titles": {"words": "nonsense"}}
    first, *rest = vectors[kind]
    changed = (0.5, "51 %") if kind == "percents" else first | wrong[kind]
    assert run_node("resolution_explorer", vectors | {kind: [changed, *rest]}).returncode != 0
