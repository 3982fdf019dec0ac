"""The occlusion explorer: its grid is the room's, its live answers are the model's, and JavaScript finds both."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from course_lib.explain import FILLS, occlude, occlusion_grid, places
from course_lib.figures.interactive.occlusion_explorer import occlusion_explorer

from .samples import channel_shares, picture

CLASSES = ("red", "green", "blue")


@pytest.fixture
def figure():
    made = occlusion_explorer(picture(), channel_shares, CLASSES, truth="red")
    yield made
    made.close()


@pytest.mark.slow
def test_heatmap_is_the_fall_that_the_room_computes(figure):
    plain = channel_shares(picture()[None])[0]
    for figure.size, figure.fill, figure.target in itertools.product(range(3), range(3), range(3)):
        size = figure.sizes[figure.size]
        grid = occlusion_grid(channel_shares, picture(), size=size, stride=figure.stride, fill=FILLS[figure.fill])
        expected = plain[figure.target] - grid[..., figure.target]
        np.testing.assert_allclose(figure.heatmap(), expected, atol=1e-6)


def test_begins_where_the_answer_falls_most(figure):
    assert figure.heatmap().max() == pytest.approx(
        figure.plain_answer[figure.target] - figure.probabilities(figure._question())[figure.target], abs=1e-6
    )


def test_model_answers_what_the_view_asks(figure):
    figure.asked = [5, 7, 1, 2]
    expected = channel_shares(occlude(picture(), 5, 7, 16, (0, 0, 0))[None])[0]
    assert figure.answer["asked"] == [5, 7, 1, 2]
    assert figure.answer["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)


def test_title_tells_place_change_and_answer(figure):
    figure.top, figure.left, figure.target = 24, 20, 0
    assert figure.title().startswith("16×16 patch at row 24, column 20: red ")
    assert "; answer " in figure.title()


def test_patch_of_nothing_changes_nothing():
    grey = torch.full((3, 32, 32), 128, dtype=torch.uint8)
    made = occlusion_explorer(grey, channel_shares, CLASSES)
    assert abs(made.heatmap()).max() < 1e-6
    made.close()


WRONG = [
    ({"picture": picture().float()}, "dtype torch.float32; it wants a uint8"),
    ({"picture": "road.png"}, "got a picture of str"),
    ({"picture": picture()[None]}, r"shape \(1, 3, 64, 64\); it wants \[3, H, H\]"),
    ({"picture": picture()[:, :32]}, r"shape \(3, 32, 64\)"),
    ({"picture": picture(4)}, "got 4 pixels a side; it wants 8 to 256"),
    ({"classes": ["one"]}, "got 1 classes; it has room for 2 to 20"),
    ({"classes": [str(k) for k in range(200)]}, "got 200 classes"),
    ({"classes": ["a", "b"]}, r"shape \(1, 3\) for 1 pictures and 2 classes; it must give probabilities \[N, K\]"),
    ({"truth": "Moon"}, "got truth='Moon'; it wants one of red, green, blue, or None"),
    ({"sizes": (64,)}, r"got sizes=\[64\]; it wants one to four of 1 to 63 pixels"),
    ({"predict": lambda pictures: channel_shares(pictures).log()}, "predict gave no probabilities"),
    ({"predict": lambda pictures: channel_shares(pictures) * float("nan")}, "predict gave no probabilities"),
    ({"source": "painted"}, "got source='painted'"),
]


@pytest.mark.parametrize(("change", "complaint"), WRONG, ids=[words[:24] for _, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(change, complaint):
    given = {"picture": picture(), "predict": channel_shares, "classes": CLASSES} | change
    with pytest.raises(ValueError, match=complaint):
        occlusion_explorer(given.pop("picture"), given.pop("predict"), given.pop("classes"), **given)


@pytest.mark.parametrize("change", [{"top": 64}, {"left": -1}, {"size": 3}, {"fill": 3}, {"target": 3}])
def test_state_stays_on_the_picture(figure, change):
    (trait, value), *_ = change.items()
    with pytest.raises(ValueError, match=f"{trait} got {value}; it wants 0 to"):
        setattr(figure, trait, value)


# --- the same in JavaScript ---


@pytest.fixture(scope="module")
def vectors() -> dict:
    rng = np.random.default_rng(0)
    small = torch.tensor(rng.integers(0, 256, (3, 12, 12)), dtype=torch.uint8)
    made = occlusion_explorer(small, channel_shares, CLASSES, sizes=(1, 3, 5))
    answers, titles = [], []
    for _ in range(2500):
        made.size, made.fill, made.target = (int(n) for n in rng.integers(0, 3, 3))
        n = made._grid().shape[0]
        row, column = (int(k) for k in rng.integers(0, n, 2))
        at = places(12, made.sizes[made.size], made.stride)
        made.top, made.left = at[row], at[column]
        answers.append([made.size, made.fill, row, column, [float(p) for p in made._grid()[row, column]]])
        if len(titles) < 300:
            now = [float(p) for p in made._grid()[row, column]]
            titles.append({"size": made.sizes[made.size], "top": made.top, "left": made.left, "target": made.target,
                           "before": made.plain_answer, "now": now, "words": made.title()})  # fmt: skip
    covers = []
    for _ in range(40):
        top, left, size = (int(k) for k in rng.integers(0, [12, 12, 6]))
        covered = occlude(small, top, left, size, (1, 2, 3)).permute(1, 2, 0).flatten().tolist()
        covers.append([top, left, size, covered])
    vectors = {
        "answers": answers, "titles": titles, "covers": covers, "side": 12, "sizes": made.sizes, "stride": made.stride,
        "numbers": np.frombuffer(made.grids, "<f4").tolist(), "pixels": list(made.pixels), "classes": list(CLASSES),
    }  # fmt: skip
    made.close()
    return vectors


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    result = run_node("occlusion_explorer", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.slow
def test_disagreement_is_found(run_node, vectors):
    for key, wrong in (("answers", [0, 0, 0, 0, [9, 9, 9]]), ("covers", [0, 0, 1, [0]])):
        assert run_node("occlusion_explorer", vectors | {key: [wrong]}).returncode != 0
    title = vectors["titles"][0] | {"words": "nonsense"}
    assert run_node("occlusion_explorer", vectors | {"titles": [title]}).returncode != 0
