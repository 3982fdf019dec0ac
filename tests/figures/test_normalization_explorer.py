"""The normalization explorer: moments and condition numbers as in `pixels`, the same in the browser."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib.data import ImageSet
from course_lib.figures.interactive.normalization_explorer import LEAST, normalization_explorer
from course_lib.models import IMAGENET
from course_lib.pixels import channel_statistics, condition_number, pixel_moments


def some(n: int = 30, *, seed: int = 0) -> ImageSet:
    generator = torch.Generator().manual_seed(seed)
    base = torch.randint(20, 160, (n, 1, 16, 16), generator=generator)
    noise = torch.randint(0, 60, (n, 3, 16, 16), generator=generator)
    return ImageSet.of((base + noise).to(torch.uint8), [0] * n, ["sea"])


def put(figure, numbers) -> None:
    for trait, value in zip(("mean_{}", "deviation_{}"), (numbers[:3], numbers[3:]), strict=True):
        for channel, one in zip(("red", "green", "blue"), value, strict=True):
            setattr(figure, trait.format(channel), float(one))


@pytest.fixture
def figure():
    made = normalization_explorer(some())
    yield made
    made.close()


def test_buttons_hold_the_known_numbers(figure):
    mean, deviation = channel_statistics(some().images)
    assert figure.presets()["The set's own"] == pytest.approx([*mean.tolist(), *deviation.tolist()], abs=5e-4)
    assert figure.presets()["ImageNet's"] == [*IMAGENET.mean, *IMAGENET.std]


def test_own_numbers_leave_mean_0_and_deviation_1(figure):
    put(figure, figure.own)
    means, deviations = figure.after()
    assert means == pytest.approx([0] * 3, abs=0.01)
    assert deviations == pytest.approx([1] * 3, abs=0.01)
    assert figure.title().startswith("The set's own: mean ")


def test_nothing_done_is_where_it_begins_and_any_other_choice_is_the_reader_s(figure):
    assert figure.title().startswith("Nothing done: ")
    figure.mean_red = 0.3
    assert figure.title().startswith("Your choice: ")


def test_condition_number_is_that_of_the_room(figure):
    mean, covariance = pixel_moments(some().images)
    put(figure, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    expected = condition_number(mean, covariance, torch.tensor([0.1, 0.2, 0.3]), torch.tensor([0.4, 0.5, 0.6]))
    assert figure.condition() == pytest.approx(expected, rel=1e-5)


def test_constant_channel_is_said_to_have_no_bound():
    flat = torch.full((4, 3, 8, 8), 9, dtype=torch.uint8)
    made = normalization_explorer(ImageSet.of(flat, [0] * 4, ["flat"]))
    assert made.title().endswith("condition number ∞")
    assert made.own[3:] == [LEAST] * 3
    made.close()


def test_picture_is_grey_where_the_value_is_0(figure):
    pixels = np.frombuffer(figure.pixels, np.uint8).reshape(16, 16, 3)
    shown = figure.seen([*(pixels[0, 0] / 255), 0.2, 0.2, 0.2])
    assert shown[0, 0].tolist() == [128, 128, 128]


def test_histogram_holds_every_pixel(figure):
    for channel in range(3):
        assert figure.histogram(channel, figure.own)[1].sum() == pytest.approx(1)


WRONG = [
    (some().images, {}, "got Tensor; it wants an ImageSet"),
    (some().at([]), {}, "got 0 pictures of 3 channels"),
    (ImageSet.of(torch.zeros(2, 1, 8, 8, dtype=torch.uint8), [0, 0], ["grey"]), {}, "got 2 pictures of 1 channels"),
    (some(), {"example": 30}, "got example=30; it wants 0 to 29"),
]


@pytest.mark.parametrize(("pictures", "options", "complaint"), WRONG, ids=[words[:24] for *_, words in WRONG])
def test_wrong_input_is_told_what_was_wanted(pictures, options, complaint):
    with pytest.raises(ValueError, match=complaint):
        normalization_explorer(pictures, **options)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_deviation_is_never_0(figure, value):
    with pytest.raises(Exception, match="deviation_red"):
        figure.deviation_red = value


# --- the same in JavaScript ---


@pytest.fixture(scope="module")
def vectors() -> dict:
    rng = np.random.default_rng(0)
    moments = []
    for _ in range(2000):
        x = rng.normal(size=(3, 5)) * rng.uniform(0.01, 0.3, (3, 1))
        mean, covariance = rng.uniform(0, 1, 3), x @ x.T / 5
        chosen = [*rng.uniform(0, 1, 3), *rng.uniform(LEAST, 1, 3)]
        number = condition_number(*(torch.tensor(part) for part in (mean, covariance, chosen[:3], chosen[3:])))
        moments.append([mean.tolist(), covariance.tolist(), [float(value) for value in chosen], number])
    figure = normalization_explorer(some())
    states = []
    for numbers in [*figure.presets().values(), *rng.uniform(0.1, 0.9, (40, 6)).round(3).tolist()]:
        put(figure, numbers)
        states.append({"chosen": figure.chosen(), "name": figure.words(), "title": figure.title(),
                       "seen": figure.seen(figure.chosen()).flatten().tolist()})  # fmt: skip
    vectors = {"moments": moments, "states": states, "rgb": list(figure.pixels)}
    vectors |= {name: getattr(figure, name) for name in ("mean", "covariance", "counts")}
    vectors["shares"] = [figure.histogram(c, figure.own)[1].tolist() for c in range(3)]
    figure.close()
    return vectors


@pytest.mark.slow
def test_javascript_agrees_with_python(run_node, vectors):
    result = run_node("normalization_explorer", vectors)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr


@pytest.mark.slow
def test_disagreement_is_found(run_node, vectors):
    mean, covariance, chosen, number = vectors["moments"][0]
    changed = {"moments": [[mean, covariance, chosen, number * 1.001]], "shares": [[0.5] * 64] * 3}
    changed["states"] = [vectors["states"][0] | {"title": "nonsense"}]
    for key, value in changed.items():
        assert run_node("normalization_explorer", vectors | {key: value}).returncode != 0
