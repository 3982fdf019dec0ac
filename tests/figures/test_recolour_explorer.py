"""The recolour explorer: the browser's picture is the one that the model sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib.figures.interactive.recolour_explorer import AS_IT_IS, recolour_explorer
from course_lib.pixels import grey, recolour, shuffle_patches, zoom

from .samples import channel_shares, picture

CLASSES = ("red", "green", "blue")
PLAIN = list(AS_IT_IS.values())


@pytest.fixture
def figure():
    made = recolour_explorer(picture(32), channel_shares, CLASSES, truth="red")
    yield made
    made.close()


def test_every_position_of_every_slider_alone_has_an_answer(figure):
    assert PLAIN in figure.singles
    assert len(figure.singles) == 1 + 72 + 40 + 40 + 1 + 3 + 2
    for control in figure._parts:
        value = figure.trait_defaults(control.trait) if control.trait != "pixels" else None
        setattr(figure, control.trait, value)
    assert figure.state() == PLAIN


def test_order_is_zoom_colour_grey_patches(figure):
    changed = figure.changed([40, 50, 150, True, 2, 1])
    steps = recolour(zoom(picture(32), 2), hue=40, saturation=0.5, brightness=1.5)
    assert torch.equal(changed, shuffle_patches(grey(steps), 8))


def test_model_answers_a_mixture(figure):
    mixture = [40, 50, 150, False, 2, 1]
    figure.asked = mixture
    expected = channel_shares(figure.changed(mixture)[None])[0]
    assert figure.answer["probabilities"] == pytest.approx(expected.tolist(), abs=1e-6)


def test_title_tells_change_answer_and_what_it_was(figure):
    assert figure.title().startswith("As it is: ")
    figure.hue, figure.without_colour = -40, True
    assert figure.title().startswith("hue −40°, grey: ")
    assert "(as it is: " in figure.title()
    figure.alive = False
    assert figure.title() == "hue −40°, grey: only a running kernel answers to a mixture of changes"


WRONG = [
    ({"picture": picture().float()}, "dtype torch.float32; it wants a uint8"),
    ({"picture": None}, "got a picture of NoneType"),
    ({"picture": picture()[None]}, r"shape \(1, 3, 64, 64\); it wants \[3, H, H\]"),
    ({"picture": picture(20)}, "got 20 pixels a side; it wants a multiple of 8, 8 to 128"),
    ({"picture": picture(136)}, "got 136 pixels a side"),
    ({"classes": ["one"]}, "got 1 classes; it has room for 2 to 20"),
    ({"classes": [str(k) for k in range(200)]}, "got 200 classes"),
    ({"classes": ["a", "b"]}, r"it must give probabilities \[N, K\]"),
    ({"truth": "Moon"}, "got truth='Moon'"),
    ({"predict": lambda pictures: channel_shares(pictures) * float("nan")}, "predict gave no probabilities"),
    ({"source": "painted"}, "got source='painted'"),
]


@pytest.mark.parametrize(("change", "complaint"), WRONG, ids=[words[:24] for _, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(change, complaint):
    given = {"picture": picture(32), "predict": channel_shares, "classes": CLASSES} | change
    with pytest.raises(ValueError, match=complaint):
        recolour_explorer(given.pop("picture"), given.pop("predict"), given.pop("classes"), **given)


def test_position_stays_on_its_slider(figure):
    with pytest.raises(ValueError, match="patch got 4; it wants 0 to 3"):
        figure.patch = 4
    with pytest.raises(ValueError, match="scale got -1; it wants 0 to 2"):
        figure.scale = -1


# --- the same in JavaScript ---


def random_state(rng) -> list:
    hue, saturation, brightness = rng.integers(-36, 37) * 5, rng.integers(0, 41) * 5, rng.integers(0, 41) * 5
    return [
        int(hue),
        int(saturation),
        int(brightness),
        bool(rng.integers(2)),
        int(rng.integers(4)),
        int(rng.integers(3)),
    ]


@pytest.fixture(scope="module")
def vectors() -> dict:
    rng = np.random.default_rng(0)
    colours = torch.tensor(rng.integers(0, 256, (3, 32, 32)), dtype=torch.uint8)
    colours[:, 0, :8] = torch.cartesian_prod(*[torch.tensor([0, 255])] * 3).T  # the corners of the cube
    colours[:, 1] = torch.arange(0, 256, 8)  # greys
    made = recolour_explorer(colours, channel_shares, CLASSES)
    corners = [[hue, s, v, False, 0, 0] for hue in (-180, 0, 180) for s in (0, 100, 200) for v in (0, 100, 200)]
    cases = []
    for state in [PLAIN, *corners, *(random_state(rng) for _ in range(30))]:
        for trait, value in zip(AS_IT_IS, state, strict=True):
            setattr(made, trait, value)
        now = made.probabilities(state)
        cases.append({"state": state, "pixels": made.changed(state).permute(1, 2, 0).flatten().tolist(),
                      "words": made.words(), "title": made.title(), "now": now})  # fmt: skip
    vectors = {name: getattr(made, name) for name in ("side", "patches", "scales", "orders", "classes")}
    vectors |= {"rgb": list(made.pixels), "cases": cases, "plain": made.probabilities(PLAIN)}
    made.close()
    return vectors


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    result = run_node("recolour_explorer", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.parametrize(("key", "wrong"), [("pixels", [0]), ("words", "nonsense"), ("title", "nonsense")])
def test_disagreement_is_found(run_node, vectors, key, wrong):
    assert run_node("recolour_explorer", vectors | {"cases": [vectors["cases"][0] | {key: wrong}]}).returncode != 0
