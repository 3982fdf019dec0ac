"""What the chapter on colour reads from the evidence is there, whole, and says what the lesson says."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate

from course_lib import data, pixels, study
from course_lib.data import places
from course_lib.lessons.colour import experiments, trials
from course_lib.lessons.colour.by_hand import median_and_mean_level, threshold
from course_lib.lessons.colour.margins import distance_along_fisher, margins
from course_lib.pixels.colour_map import colours_of
from course_lib.training import clinic

EXPERIMENTS = {experiment.name: experiment for experiment in trials.EXPERIMENTS}


@pytest.mark.parametrize("experiment", trials.EXPERIMENTS, ids=lambda experiment: experiment.name)
def test_all_pictures_are_generated(experiment):
    metric = next(iter(experiment.metrics))
    runs = study.runs(experiment.name)
    assert {run.source for run in runs} == {"generated"}
    most = trials.NEVER if experiment in (trials.SPEED, trials.HALVES, trials.CHANNELS) else 1
    assert all(0 <= run.metrics[metric] <= most for run in runs)


def test_labels_in_another_order_leave_more_than_coins_would():
    """Lesson 1c: coins would spread by 2.5 points; below 50 % the answers go against the hue, above it along."""
    runs = study.runs("mixed_labels")
    right = np.array([run.metrics["validation accuracy"] for run in runs])
    followed = np.array([run.metrics[experiments.HUE_AND_ANSWERS] for run in runs])
    clinic_s = study.summary("clinic")["labels listed in another order"]
    assert (right.min(), right.max()) == pytest.approx((clinic_s.low, clinic_s.high))
    assert right.std() > 2 * 0.5 / np.sqrt(400)
    assert (np.sign(right - 0.5) == np.sign(followed))[right != 0.5].all()


def test_the_mean_alone_lets_most_spaces_be_learned_and_the_deviation_alone_none():
    """Lesson 1b, section 3."""
    epochs = study.summary("centre_or_scale")
    for space in ("HSV", "HSL", "YCbCr", "OKLab"):
        assert epochs[f"{space}, only centred"].high < 10
        assert epochs[f"{space}, only scaled"].low == trials.NEVER
    assert all(epochs[f"{space}, only centred"].low == trials.NEVER for space in ("CIELAB", "LCh"))


def test_the_table_of_keras_in_lesson_1c():
    said = (places.repository() / "lessons" / "src" / f"{trials.LESSON}.py").read_text(encoding="utf-8")
    table = said[said.index("| last layer | loss | right |") :].split("\n#\n")[0]
    told = [tuple(map(float, row)) for row in re.findall(r"(\d+\.\d\d) %\D+([\d.]+), ([\d.]+) \|", table)]
    found = study.summary("last_layer_keras").values()
    assert told == [tuple(round(100 * value, 2) for value in (s.mean, s.low, s.high)) for s in found]
    means = {name: s.mean for name, s in study.summary("last_layer_keras").items()}
    flawed = {name for name, mean in means.items() if mean < 0.9}
    assert len(re.findall(r"\*\*\d+\.\d\d %\*\*", table)) == len(flawed)


def test_there_are_twelve_causes_and_their_mends():
    """Issue 5: each of at least twelve leaves the network at 55 % or less, over seeds, and mended it gets 97 %."""
    causes, clinic_runs = trials.stuck_cases(), study.summary("clinic")
    assert len(causes) >= 12
    assert max(s.mean for s in causes.values()) <= 0.55
    by_setup = {setup: name for name, setup in trials.LEARNS.items()}
    mends = {by_setup[clinic.mended(case)] for case in causes}
    assert min(clinic_runs[name].mean for name in mends) >= 0.97


def test_every_case_is_stuck_or_spared():
    stuck, spared = trials.stuck_cases(), trials.spared_cases()
    assert not set(stuck) & set(spared)
    assert {*stuck, *spared} == set(clinic.CASES)
    kinds = [trials.KINDS[name] for name in stuck]
    assert kinds == sorted(kinds, key=kinds.index), "a kind stands in one piece"


def test_a_softmax_on_one_unit_answers_b_to_all():
    """What counts is the probability that the set-up speaks of, and not the number before it."""
    assert {s.low for s in [study.summary("clinic")["softmax on one unit"]]} == {0.5}
    train, val = clinic.pictures(0, per_class=8, side=24)
    for setup in (clinic.Setup(loss="one unit, softmax", epochs=1), clinic.Setup(loss="one unit, softmax", lr=1.0)):
        assert set(setup.train(train, val)) == {0.5}


@pytest.mark.slow
def test_by_heart_asks_for_the_labels_that_the_network_got():
    train, _ = clinic.pictures(0, per_class=2, side=24)
    mixed = clinic.Setup(labels_out_of_step=True, epochs=0)
    assert mixed.by_heart(train) == clinic.Setup(epochs=0).by_heart(train)  # it says one class to all, and half are
    learned = clinic.Setup(labels_out_of_step=True, epochs=200, scale="the set", lr=0.01)
    assert learned.by_heart(train, seed=1) == 1


def test_what_learning_by_heart_tells_of_sixteen_mistakes():
    """Lesson 1c, section 3: no gradient and wrong steps stop it, mistakes that hide the class do not."""
    heart = study.summary("by_heart")
    assert {s.seeds for s in heart.values()} == {2}
    assert set(heart) == {"RGB 0–1", *trials.KINDS}
    assert heart["RGB 0–1"].low == 1
    stopped = {name for name, s in heart.items() if s.high <= 0.75}
    assert {trials.KINDS[name] for name in stopped} == {"wrong range", "no gradient", "wrong steps"}
    both_ways = {name for name, s in heart.items() if s.low < 0.9 and s.high > 0.75}
    assert len(both_ways) == 3
    assert both_ways >= {"augmentation that turns the hue", "Adam at a rate of 0.00001"}


@pytest.mark.slow
def test_the_losses_that_lesson_1c_describes():
    """Its table says how the loss of seed 0 went; these kinds are told by the first epoch."""
    pair = clinic.pictures(0)
    first = {
        name: next(iter(clinic.CASES[name].course(*pair)))[1]
        for name in ("softmax on one unit", "Adam at a rate of 0.3")
    }
    assert first["softmax on one unit"] > 10 < first["Adam at a rate of 0.3"]


def test_seeds_that_learn_are_counted():
    counted = trials.seeds_that_learn("clinic")
    assert counted["RGB 0–1"] == "10 of 10"
    assert counted["everything frozen"] == "0 of 10"


def test_a_mend_takes_back_one_step():
    for case, setup in clinic.CASES.items():
        mend = clinic.mended(case)
        changed = [name for name in vars(setup) if getattr(setup, name) != getattr(mend, name)]
        assert len(changed) == 1, (case, changed)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("shapes_not_colours", "refuted"),
        ("colours_by_hand", "refuted"),
        ("mere_rule", "supported"),
        ("convert_to_hsv", "refuted"),
        ("hsv_for_rgb", "undecided"),
        ("hsl_for_rgb", "undecided"),
        ("lab_for_rgb", "refuted"),
        ("decorrelate_lab", "supported"),
        ("hue_is_a_circle", "supported"),
        ("normalise", "supported"),
        ("normalise_each", "refuted"),
        ("train_longer", "no difference that matters"),
        ("train_longer_scale", "undecided"),
        ("softmax_first", "no difference that matters"),
        ("from_logits", "undecided"),  # nine seeds lose 50 points, one gets away,
    ],
)
def test_the_verdicts(name, word):
    assert study.outcome(name).verdict.word == word


def test_every_trial_is_judged_above():
    marks = next(mark for mark in test_the_verdicts.pytestmark if mark.name == "parametrize")
    assert {name for name, _ in marks.args[1]} == {trial.name for trial in trials.TRIALS}


def test_pictures_are_those_of_the_clinic():
    """The settings spell out what the notebook draws with `clinic.pictures(seed=0)`, and with knobs of its own."""
    for settings, knobs in (
        (trials.BLUES, {}),
        (trials.CLOSE_BLUES, {"hue_gap": 6.0}),
        (trials.OVERLAPPING_BLUES, {"hue_gap": 4.0, "hue_spread": 1.5}),
        (trials.REDS, {"hue": 0.0}),
        (trials.NOISE_FLOORS, {"kind": "physical", "gap_db": 1.2}),
    ):
        ours = experiments.pictures({"pictures": settings, "per_class": 2}, 3)
        assert all(
            torch.equal(a.images, b.images) for a, b in zip(ours, clinic.pictures(3, per_class=2, **knobs), strict=True)
        )


def test_two_numbers_of_the_undone_map_are_its_median_and_its_mean():
    """Lesson 1a, section 4. A stripe of the loudest colour moves the mean and leaves the median."""
    plain, _ = clinic.pictures(0, kind="physical", per_class=2)
    images = colours_of("jet")[51][:, None, None].repeat(1, 48, 48)[None].repeat(4, 1, 1, 1)
    images[0, :, 3] = colours_of("jet")[255][:, None]
    numbers = median_and_mean_level(data.ImageSet.of(images, plain.labels, plain.classes), colour_map="jet")
    np.testing.assert_allclose(numbers[1], 0.2, atol=1e-6)
    np.testing.assert_allclose(numbers[0], [0.2, 0.2 + 0.8 / 48], atol=1e-6)


@pytest.mark.parametrize(("colour_map", "most"), [("jet", 1), ("turbo", 9), ("viridis", 2), ("magma", 4), ("gray", 0)])
def test_painted_pictures_that_were_resized_stay_near_their_map(colour_map, most):
    """Lesson 1a, Your pictures: how far off is still the map?"""
    painted, _ = clinic.pictures(0, kind="physical", per_class=10, colour_map=colour_map)
    halved = interpolate(painted.images.float(), scale_factor=0.5, mode="area").round().byte()
    assert distance(halved, colour_map) <= most


@pytest.mark.parametrize(
    ("colour_map", "most"), [("jet", 25), ("turbo", 25), ("viridis", 25), ("magma", 25), ("gray", 0)]
)
@pytest.mark.parametrize("quality", [75, 90])
def test_a_jpeg_of_a_painted_picture_is_farther_off(colour_map, most, quality):
    painted, _ = clinic.pictures(0, kind="physical", per_class=10, colour_map=colour_map)
    off = distance(torch.stack([jpeg(image, quality) for image in painted.images]), colour_map)
    assert off == 0 if colour_map == "gray" else 9 <= off <= most + 0.5
    assert colour_map == min(MAPS, key=lambda name: distance(painted.images, name))


@pytest.mark.slow
def test_photographs_are_nearest_to_grey_and_not_near():
    """Lesson 1a, Your pictures: class by class, so that no class is taken for painted."""
    eurosat = data.load("eurosat").subset(400)
    if eurosat.source != "real":
        pytest.skip("stand-in tiles are no photographs")
    for label in range(len(eurosat.classes)):
        off = {name: distance(eurosat.images[eurosat.labels == label][:20], name) for name in MAPS}
        assert min(off, key=off.get) == "gray"
        assert off.pop("gray") >= 10
        assert min(off.values()) >= 37


MAPS = ("jet", "turbo", "viridis", "magma", "gray")


def distance(images: torch.Tensor, colour_map: str) -> float:
    return pixels.undo_colour_map(images, colour_map)[1].median().item()


def jpeg(image: torch.Tensor, quality: int) -> torch.Tensor:
    file = io.BytesIO()
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1)


def test_threshold_sorts_both_ways_round():
    values, labels = np.array([[1.0], [2.0], [5.0], [6.0]], dtype=np.float32), torch.tensor([0, 0, 1, 1])
    assert threshold(values, labels, values).tolist() == [0, 0, 1, 1]
    assert threshold(-values, labels, -values).tolist() == [0, 0, 1, 1]


@pytest.mark.slow
def test_margin_is_the_distance_along_the_best_line():
    apart = margins()
    assert set(apart) == set(trials.SPEED.variants) - {"grey"}
    assert apart["RGB, the set"] > 5 * apart["RGB, 0 to 1"]
    assert all(np.isfinite(list(apart.values())))


def test_the_distance_is_that_along_the_direction_that_parts_best():
    """The classes lie 2 apart in a narrow direction and 6 in one in which they spread by 50: only the first counts."""
    rng, labels = np.random.default_rng(0), np.arange(4000) % 2
    x = rng.normal(size=(4000, 2)) * [0.1, 50] + labels[:, None] * [2, 6]
    assert distance_along_fisher(x, labels) == pytest.approx(2, abs=0.05)
    assert distance_along_fisher(3 * x, labels) == pytest.approx(3 * distance_along_fisher(x, labels))


@pytest.mark.filterwarnings("ignore:You are using a softmax", "ignore:__array__ implementation")
@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(name):
    """One variant of each, with few pictures: that the code runs, not what it finds."""
    experiment = EXPERIMENTS[name].small()
    run = experiment[next(reversed(experiment.variants))].task(0).measure()
    most = trials.NEVER if name in ("colour_spaces", "centre_or_scale", "colour_decorrelated") else 1
    for metric, value in run.metrics.items():
        assert (-1 if metric == experiments.HUE_AND_ANSWERS else 0) <= value <= most


@pytest.mark.parametrize("method", trials.METHODS)
@pytest.mark.slow
def test_every_method_can_be_run_anew_on_a_small_scale(method):
    tried = (trials.OVERLAP, trials.FLOOR, trials.TWO_NUMBERS)
    experiment = next(experiment for experiment in tried if method in experiment.variants).small()
    assert experiment[method].task(0).measure().metrics["test accuracy"] > 0.6


def epochs(settings: dict[str, object]) -> float:
    (value,) = experiments.count_epochs(settings, 0).metrics.values()
    return value


def test_a_space_that_is_never_learned_says_so():
    settings = {**trials.SPEED.variants["grey"], "per_class": 16, "epochs": 1}
    assert epochs(settings) == 2


def test_an_easy_space_is_learned_at_once(monkeypatch):
    monkeypatch.setattr(clinic.Setup, "course", lambda *_, **__: iter([(0.6, 1.0), (0.97, 0.2), (1.0, 0.1)]))
    settings = {**trials.SPEED.variants["RGB, the set"], "per_class": 4}
    assert epochs(settings) == 2
    assert epochs({**settings, "enough": 0.99}) == 3


def test_every_cause_has_its_kind():
    stuck = {name for name, s in trials.CLINIC.summary().items() if name in clinic.CASES and s.mean <= 0.55}
    assert set(trials.KINDS) == stuck == set(trials.stuck_cases())
