"""What lessons 4a and 4b read from the evidence is there, whole, and fair; its runs do what their settings say."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from course_lib import models, study
from course_lib.lessons.normalization import experiments, inputs, layers, networks, pictures, trials

EXPERIMENTS = {experiment.name: experiment for experiment in experiments.EXPERIMENTS}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_source_is_the_right_one(name):
    for run in study.runs(name):
        assert run.source == ("generated" if "hues" in run.variant else "real")
        assert set(run.metrics) == set(EXPERIMENTS[name].metrics)
        assert min(run.metrics.values()) >= 0


VERDICTS = {
    "must_normalise_adamw": "no difference that matters",
    "must_normalise_sgd": "undecided",
    "divide_by_255": "refuted",
    "divide_and_done": "supported",
    "he_lifts": "undecided",
    "he_closes": "refuted",
    "centre": "undecided",
    "normalise_before_norm": "undecided",
    "own_for_imagenets": "supported",
    "right_deviations": "undecided",
    "statistics_leak": "no difference that matters",
    "each_picture_channels": "refuted",
    "each_picture_together": "undecided",
    "each_picture_minmax": "refuted",
    "each_picture_equalized": "refuted",
    "own_for_frozen": "undecided",
    "probe_forgives": "refuted",
    "swapped_is_a_detail": "refuted",
    "finetuning_bytes": "undecided",
    "finetuning_imagenets": "undecided",
    "finetuning_of_set": "undecided",
    "instance_norm_flat": "no difference that matters",
    "instance_norm_textured": "supported",
    "instance_norm_unpadded": "supported",
    "group_norm_2": "supported",
    "group_norm_64": "undecided",
    "forgot_eval": "refuted",
    "freeze_norm_2": "supported",
    "freeze_norm_64": "refuted",
    "bilinear_96": "undecided",
    "bilinear_128": "undecided",
}


@pytest.mark.parametrize("trial", trials.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= (experiments.FEWER_SEEDS if trial.name.startswith("he_") else experiments.SEEDS)
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


def test_what_differs_is_the_preparation_alone():
    variants = {
        name: dict(settings) for name, settings in experiments.FROM_SCRATCH.variants.items() if "AdamW, " in name
    }
    decided = [inputs.feed(settings) for settings in variants.values()]
    assert len(set(decided)) == len(decided) == len(experiments.INPUTS)
    rest = [settings.items() - dict(fed).items() for settings, fed in zip(variants.values(), decided, strict=True)]
    assert all(settings == rest[0] for settings in rest)


def test_a_smaller_batch_takes_a_smaller_step():
    rates = [experiments.SIZES.variants[f"group, batches of {size}"]["peak_lr"] for size in experiments.BATCH_SIZES]
    assert rates == pytest.approx([3e-3 * (size / 64) ** 0.5 for size in experiments.BATCH_SIZES])


# --- what a network sees ---


def test_mean_and_deviation_are_those_of_the_pictures_that_the_settings_name(two_greys):
    train, test = two_greys.at(range(60)), two_greys.at(range(60, 100))
    for name, part in (("own mean and deviation", train), ("the test pictures' mean and deviation", test)):
        seen = inputs.prepare(experiments.INPUTS[name], {"train": train, "test": test})(part.images)
        assert seen.mean(dim=(0, 2, 3)).abs().max() < 1e-4
        torch.testing.assert_close(seen.std(dim=(0, 2, 3), correction=0), torch.ones(3))


def test_what_is_fed_as_it_is_stays_as_it_is(two_greys):
    seen = inputs.prepare(experiments.BYTES, {})(two_greys.images[:4])
    torch.testing.assert_close(seen, two_greys.images[:4].float())


def test_red_and_blue_are_swapped():
    from course_lib.models import MINUS_ONE_TO_ONE

    red = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    red[:, 0] = 255
    own = {"inputs": "the network's own"}
    as_it_is, swapped = (
        inputs.prepare({**own, "swapped": swapped}, {}, MINUS_ONE_TO_ONE)(red) for swapped in (False, True)
    )
    assert as_it_is[0, :, 0, 0].tolist() == [1, -1, -1]
    assert swapped[0, :, 0, 0].tolist() == [-1, -1, 1]


def test_stretched_pictures_are_standardized_by_what_the_training_pictures_became(two_greys):
    train, test = two_greys.at(range(60)), two_greys.at(range(60, 100))
    for name, settings in experiments.STANDARDIZED_AFTER.items():
        prepared = inputs.prepare(settings, {"train": train})
        seen = prepared(train.images)
        assert seen.mean(dim=(0, 2, 3)).abs().max() < 1e-4, name
        torch.testing.assert_close(seen.std(dim=(0, 2, 3), correction=0), torch.ones(3))
        first = inputs.prepare({**settings, "inputs": "each picture"}, {})(test.images)
        again = prepared(test.images)
        slopes = (again[:, 0] - again[0, 0, 0, 0]) / (first[:, 0] - first[0, 0, 0, 0])
        finite = slopes[slopes.isfinite()]
        torch.testing.assert_close(finite, finite[:1].expand_as(finite), rtol=1e-3, atol=1e-3)


def test_a_reflectance_is_what_the_settings_say(two_greys):
    """EuroSAT's RGB has 255 where the reflectance is 2,750: published means of the bands, over those of the bytes."""
    white = torch.full((1, 3, 2, 2), 255, dtype=torch.uint8)
    torch.testing.assert_close(experiments.REFLECTANCE(white), torch.full((1, 3, 2, 2), 0.275))


@pytest.mark.parametrize("scale", [1, 255])
def test_first_weights_are_those_of_the_papers(scale):
    x = scale * torch.rand(64, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    he, lsuv = (models.SmallCNN(widths=experiments.WIDTHS, outputs=10, seed=0) for _ in range(2))
    networks.he(he, x, 0)
    networks.lsuv(lsuv, x, 0)
    for model in (he, lsuv):
        assert all(layer.bias.eq(0).all() for layer in networks._layers(model))
    for layer in networks._layers(he)[:-1]:
        fan_in = layer.weight[0].numel()
        assert layer.weight.var().item() == pytest.approx(2 / fan_in, rel=0.2)
    for layer in networks._layers(lsuv):
        assert networks._outputs(lsuv, layer, x).std().item() == pytest.approx(1, abs=1e-4)


def test_torchs_own_first_weights_have_a_sixth_of_hes_variance():
    """The suspect of 4a, section 2."""
    layer = torch.nn.Conv2d(32, 256, 3)
    assert layer.weight.var().item() == pytest.approx(2 / 6 / layer.weight[0].numel(), rel=0.02)


@pytest.mark.slow
def test_the_second_family_keeps_the_mean_and_halves_the_deviation(eurosat):
    ours, theirs = (
        inputs.prepare(experiments.INPUTS[name], {"train": eurosat})(eurosat.images[:8])
        for name in ("own mean and deviation", "own mean, the second family of deviations")
    )
    torch.testing.assert_close(ours.sign(), theirs.sign())


def test_enlarging_gives_the_size_that_was_asked_for():
    images = torch.tensor([[0, 255], [255, 0]], dtype=torch.uint8).expand(1, 3, 2, 2)
    assert inputs.enlarge(images, 4, "nearest")[0, 0, 0].tolist() == [0, 0, 255, 255]
    assert inputs.enlarge(images, 4, "bilinear")[0, 0, 0].tolist() == [0, 64, 191, 255]
    assert inputs.enlarge(images, 2, "bilinear") is images


@pytest.mark.parametrize(
    ("accuracies", "epochs"), [([0.1, 0.7, 0.8], 2), ([0.6], 1), ([0.1, 0.2, 0.3], 4)], ids=["second", "first", "never"]
)
def test_epochs_are_counted_until_enough_are_right(monkeypatch, accuracies, epochs, two_greys):
    class History:
        history = tuple(type("Epoch", (), {"val_accuracy": value}) for value in accuracies)

    monkeypatch.setattr(inputs, "fit", lambda *_: History)
    monkeypatch.setattr(inputs, "train_and_test", lambda settings, seed: (two_greys, two_greys))
    settings = experiments.FROM_SCRATCH.variants["AdamW, none, 0 to 1"]
    assert inputs.train_from_scratch(settings, 0).metrics == {"test accuracy": accuracies[-1], inputs.SOON: epochs}


# --- the runs ---


@pytest.fixture
def large_greys(monkeypatch, two_greys):
    """100 grey pictures of two classes in place of EuroSAT, learned in one epoch: that the code runs."""
    large = two_greys.changed(lambda images: images.repeat_interleave(3, -1).repeat_interleave(3, -2))
    fit = networks.training.fit

    def once(model, train, val, settings, **how):
        return fit(model, train.at(range(0, len(train), 4)), val, replace(settings, epochs=1), **how)

    monkeypatch.setattr(networks.training, "fit", once)
    monkeypatch.setattr(pictures, "eurosat", lambda n: large)
    return large


# No run of the lesson has so many: what is cached of these pictures serves none of them.
GREYS = {"pictures": 99}


@pytest.mark.parametrize("mode", [experiments.BY_CLASS, experiments.ALONE])
def test_in_order_of_class_or_one_by_one_the_same_pictures_are_asked(large_greys, mode):
    """Without averages over a batch neither changes anything: so a difference is the averages' doing."""
    group = experiments.SIZES.variants["group, batches of 16"] | GREYS
    assert layers.train_in_batches(group, 0) == layers.train_in_batches(group | experiments.MODES[mode], 0)


@pytest.mark.slow
def test_one_by_one_each_picture_is_its_own_batch(large_greys, monkeypatch):
    asked = []
    answers = layers._answers
    monkeypatch.setattr(layers, "_answers", lambda model, test, rows: asked.extend(rows) or answers(model, test, rows))
    layers.train_in_batches(experiments.SIZES.variants[f"batch, batches of 64, {experiments.ALONE}"] | GREYS, 0)
    assert {len(rows) for rows in asked} == {1}


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(name, monkeypatch, large_greys):
    monkeypatch.setattr(pictures.data, "spectrograms", lambda n, **_: large_greys.at(range(60)))
    experiment = EXPERIMENTS[name]
    experiment = replace(experiment, quick=GREYS if experiment.quick else None).small()
    for variant in list(experiment.variants)[:: 4 if name == "inputs_probe" else 1]:
        run = experiment[variant].task(0).measure()
        assert set(run.metrics) == set(experiment.metrics)
        assert min(run.metrics.values()) >= 0
