"""What lesson 2 reads from the evidence is there, whole, and fair; its counts are those of PyTorch."""

from __future__ import annotations

import pytest
import torch

from course_lib import trials
from course_lib.models import convolution
from course_lib.trials import lesson_02

EXPERIMENTS = {experiment.name: experiment for experiment in lesson_02.EXPERIMENTS}
REAL = {"thin_roads", "eurosat_networks"}
TASKS = [lesson_02.HUE, lesson_02.LINES, lesson_02.ROADS]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_source_is_the_right_one(name):
    for run in trials.runs(name):
        satellite = name in REAL or run.variant.startswith("roads")
        assert run.source == ("real" if satellite else "generated")
        assert run.value > 0 if name == "kernel_seconds" else 0 <= run.value <= 1


VERDICTS = {
    "thin_hue_weights": "refuted",
    "thin_hue_macs": "undecided",
    "thin_hue_time": "refuted",
    "thin_hue_later": "refuted",
    "thin_lines_weights": "supported",
    "thin_lines_macs": "supported",
    "thin_lines_time": "undecided",
    "thin_lines_later": "undecided",
    "thin_roads_weights": "refuted",
    "thin_roads_macs": "refuted",
    "thin_roads_time": "refuted",
    "thin_roads_later": "refuted",
    "thin_lines_twice": "undecided",
    "thin_a_fifth": "refuted",
    "thin_cheap_reach": "refuted",
    "large_kernels_7": "no difference that matters",
    "large_kernels_15": "no difference that matters",
    "two_branches_hue": "no difference that matters",
    "two_branches_eurosat": "undecided",
    "shallow_paths_hue": "no difference that matters",
    "shallow_paths_eurosat": "no difference that matters",
    "transfer_hue": "refuted",
    "transfer_lines": "supported",
    "training_thins_lines": "supported",
    "training_thins_roads": "supported",
    "thin_field": "undecided",
}


@pytest.mark.parametrize("trial", lesson_02.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= 10
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


def test_all_advice_is_told_with_its_base():
    told = lesson_02.advice().splitlines()
    assert len(told) == 2 * len(lesson_02.TRIALS)
    assert all(trial.claim in line for trial, line in zip(lesson_02.TRIALS, told[::2], strict=True))
    assert all("(10 seeds" in line for line in told[1::2])


# --- the comparisons are as fair as they say ---


def size(recipe) -> tuple[int, int]:
    """(weights, MACs) of its convolutions, without biases."""
    layers, channels = lesson_02.LAYERS[recipe["layers"]], (3, *recipe["widths"])
    return convolution.weights(layers, channels), convolution.macs((48, 48), layers, channels)


@pytest.mark.parametrize("recipes", TASKS, ids=["hue", "lines", "roads"])
def test_equal_weights_and_macs_are_equal_to_three_per_cent(recipes):
    weights, macs = size(recipes[lesson_02.PAIR])
    assert size(recipes[lesson_02.WEIGHTS])[0] == pytest.approx(weights, rel=0.03)
    assert size(recipes[lesson_02.LATER])[0] == pytest.approx(weights, rel=0.03)
    assert size(recipes[lesson_02.MACS])[1] == pytest.approx(macs, rel=0.03)


def test_all_rivals_see_as_far():
    for recipe in lesson_02.HUE.values():
        height, width = convolution.receptive_field(lesson_02.LAYERS[recipe["layers"]]).size
        assert height == width
        assert 31 <= height <= 35


@pytest.mark.parametrize(
    ("recipes", "outputs"), [(lesson_02.HUE_NETWORKS, 2), (lesson_02.EUROSAT_NETWORKS, 10)], ids=["hue", "ten"]
)
def test_branches_and_shallow_paths_have_equally_many_weights(recipes, outputs):
    counted = {
        name: sum(w.numel() for w in lesson_02.network(recipe, outputs=outputs).parameters())
        for name, recipe in recipes.items()
        if "×" not in name or "3×3" in name
    }
    assert len(counted) == 3
    assert max(counted.values()) < 1.02 * min(counted.values())


@pytest.mark.parametrize("name", lesson_02.STACKS)
def test_what_is_counted_is_what_pytorch_builds(name):
    counted, network = lesson_02.counts(name), lesson_02.stack(name)
    kept, places = 0, []
    for layer in network:
        layer.register_forward_hook(lambda one, _, out: places.append(one.weight.numel() * out[0, 0].numel()))
        layer.register_forward_hook(lambda one, _, out: kept_by.append(out.numel()))
    kept_by: list[int] = []
    out = network(torch.zeros(1, 16, 64, 64))
    kept = sum(kept_by)
    assert counted.weights == sum(w.numel() for w in network.parameters())
    assert (counted.macs, counted.activations) == (sum(places), kept)
    assert counted.leaves == tuple(out.shape[2:])
    assert f"{counted.leaves[0]}×{counted.leaves[1]}" in str(counted)


# --- the runs ---


def test_each_seed_draws_other_pictures_and_parts_do_not_overlap():
    train, test = lesson_02.pictures("lines", 0, 20, 10, real=True)
    other = lesson_02.pictures("lines", 1, 20, 10, real=True)[0]
    assert (len(train), len(test), train.shape) == (20, 10, (3, 48, 48))
    assert not set(train.rows.tolist()) & set(test.rows.tolist())
    assert not torch.equal(train.images, other.images)
    assert train.counts == {"A": 10, "B": 10}


def test_roads_are_the_middle_of_highways_and_rivers(eurosat):
    train, _ = lesson_02.pictures("roads", 0, 40, 20, real=True)
    assert train.classes == ("Highway", "River")
    assert min(train.counts.values()) >= 15
    highways = eurosat.images[eurosat.labels == eurosat.classes.index("Highway")][:, :, 8:56, 8:56]
    mine = train.images[train.labels == 0][0]
    assert (highways == mine).all(dim=(1, 2, 3)).any()


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(name, monkeypatch, two_greys):
    """With 100 grey pictures of two classes: that the code runs, not what it finds."""
    large = two_greys.changed(lambda images: images.repeat_interleave(3, -1).repeat_interleave(3, -2))
    monkeypatch.setattr(
        lesson_02, "pictures", lambda task, seed, n, m, real: (large.at(range(60)), large.at(range(60, 100)))
    )
    for cached in (lesson_02.first_kernels, lesson_02._trained_on_lines):
        cached.cache_clear()
    for variant in EXPERIMENTS[name].variants:
        found = EXPERIMENTS[name].small()[variant].task(0).measure()
        assert found.source == "generated"
        assert found.value > 0
    for cached in (lesson_02.first_kernels, lesson_02._trained_on_lines):
        cached.cache_clear()


def test_a_training_that_diverges_is_as_good_as_guessing(monkeypatch):
    def diverge(*_, **__):
        raise FloatingPointError("the loss became nan")

    monkeypatch.setattr(lesson_02, "trained", diverge)
    assert lesson_02.run_training(lesson_02.HUE, lesson_02.PAIR, 0, small=True)["value"] == 0.5
