"""What lesson 6 reads from the evidence is there, whole, and fair; its parts do what they say."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from course_lib import data, explain, features, study
from course_lib.lessons.explanation import (
    changes,
    experiments,
    methods,
    networks,
    pictures,
    trials,
    trust,
    your_pictures,
)
from course_lib.models import SmallCNN
from course_lib.pixels import block_average

EXPERIMENTS = {experiment.name: experiment for experiment in trials.EXPERIMENTS}
GENERATED = {"planted_left", "planted_found", "planted_cells", "planted_sanity"}
SIGNED = {changes.LOST, trust.FIDELITY, trust.LIKENESS, trust.SIZES}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_source_is_the_right_one(name):
    for run in study.runs(name):
        assert run.source == ("generated" if name in GENERATED else "real")
        assert set(run.metrics) == set(EXPERIMENTS[name].metrics)
        assert all((-1 if metric in SIGNED else 0) <= value <= 1 for metric, value in run.metrics.items())


VERDICTS = {
    "shows_saliency_road": "supported",
    "shows_saliency_hue": "supported",
    "shows_saliency_texture": "supported",
    "shows_cam_road": "supported",
    "shows_cam_hue": "supported",
    "shows_cam_texture": "supported",
    "shows_occlusion_road": "supported",
    "shows_occlusion_hue": "supported",
    "shows_occlusion_texture": "supported",
    "shows_rise_road": "no difference that matters",
    "shows_rise_hue": "no difference that matters",
    "shows_rise_texture": "no difference that matters",
    "cam_enlarged_road": "undecided",
    "cam_enlarged_hue": "undecided",
    "cam_enlarged_texture": "refuted",
    "cam_best_road": "refuted",
    "cam_best_hue": "refuted",
    "cam_best_texture": "refuted",
    "cam_finer_road": "supported",
    "cam_finer_hue": "supported",
    "cam_finer_texture": "supported",
    "random_deletion": "undecided",
    "cam_best_deletion": "refuted",
    "baseline_integrated_road": "refuted",
    "baseline_integrated_hue": "refuted",
    "baseline_integrated_texture": "refuted",
    "baseline_occlusion_road": "supported",
    "baseline_occlusion_hue": "undecided",
    "baseline_occlusion_texture": "undecided",
    "smooth_road": "refuted",
    "smooth_hue": "undecided",
    "smooth_texture": "refuted",
    "smooth_deletion": "undecided",
    "depends_saliency": "undecided",
    "depends_cam": "undecided",
    "depends_integrated": "refuted",
    "depends_integrated_mean": "undecided",
    "shape_needed": "refuted",
    "colour_decides_seen": "undecided",
    "colour_decides_trained": "undecided",
    "grey_removes_bias": "undecided",
    "grey_in_use_removes_bias": "supported",
    "zoom_texture_tuned_16": "undecided",
    "zoom_texture_tuned_8": "undecided",
    "zoom_free": "undecided",
}


@pytest.mark.slow
@pytest.mark.parametrize("trial", trials.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= 8
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


def test_laid_where_its_cells_look_grad_cam_points_at_the_road_three_times_as_often():
    pointed = study.summary("planted_cells", "hottest pixel on the planted thing")
    assert pointed["road: Grad-CAM, by cells"].mean > 3 * pointed["road: Grad-CAM"].mean > 0.3


def test_without_signs_integrated_gradients_keep_no_less_of_themselves_than_saliency():
    sizes, signed = (study.summary("planted_sanity", metric) for metric in (trust.SIZES, trust.LIKENESS))
    for name in (experiments.FROM_BLACK, experiments.FROM_MEAN):
        assert abs(signed[name].mean) < 0.02
        assert sizes[name].mean > sizes["saliency"].mean


def test_all_advice_is_told_with_its_base():
    lines = trials.advice().splitlines()
    assert len(lines) == 2 * len(trials.TRIALS)
    assert all(trial.claim in line for trial, line in zip(trials.TRIALS, lines[::2], strict=True))
    assert all("(10 seeds" in line or "(8 seeds" in line for line in lines[1::2])


# --- the methods ---


@pytest.fixture(scope="module")
def network() -> SmallCNN:
    return SmallCNN(batch_norm=True, seed=1).eval()


def heatmaps(name: str, model: torch.nn.Module, images: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return methods.heatmaps(experiments.METHODS[name], model, images, target, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("name", experiments.METHODS)
def test_every_method_gives_a_heatmap_a_picture(name, network):
    some, _ = data.planted("hue", 1)
    maps = heatmaps(name, network, some.images, some.labels)
    assert maps.shape == (2, 64, 64)
    assert maps.dtype == torch.float32
    assert maps.isfinite().all()
    assert torch.equal(maps, heatmaps(name, network, some.images, some.labels))


@pytest.mark.slow
@pytest.mark.parametrize("name", experiments.METHODS)
def test_what_decides_a_heatmap_is_what_its_method_reads(name, network):
    some, _ = data.planted("hue", 1)
    settings = study.Settings(experiments.METHODS[name])
    assert set(dict(methods.heatmap_settings(settings))) == set(settings)
    read = study.Settings(experiments.METHODS[name])
    methods.heatmaps(read, network, some.images, some.labels, seed=0)
    assert read.unread == set()


def test_rivals_know_nothing_of_picture_and_model(network):
    some, _ = data.planted("road", 1)
    other = SmallCNN(seed=2)
    for name in (experiments.BLOB, experiments.RANDOM):
        a, b = (heatmaps(name, model, some.images, some.labels) for model in (network, other))
        assert torch.equal(a, b)
        assert name not in experiments.KNOWING


def test_the_blob_is_a_quarter_of_the_side_wide(network):
    images = torch.zeros(1, 3, 65, 65, dtype=torch.uint8)
    blob = heatmaps(experiments.BLOB, network, images, torch.tensor([0]))[0]
    assert blob[32, 32] == blob.max() == 1
    assert blob[32, 48] == pytest.approx(torch.exp(torch.tensor(-0.5)).item(), abs=0.01)


def test_an_unknown_method_is_named():
    black = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    with pytest.raises(ValueError, match="method='tea leaves'; it wants one of: saliency, "):
        methods.heatmaps({"method": "tea leaves"}, SmallCNN(), black, torch.tensor([0]), seed=0)


class Corner(torch.nn.Module):
    """Says class 1 the surer, the brighter the upper left 8×8 pixels are."""

    preprocessing = staticmethod(lambda images: images.float() / 255)

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(8.0))

    def forward(self, x):
        bright = self.scale * (x[:, :, :8, :8].mean(dim=(1, 2, 3)) - 0.5)
        return torch.stack([-bright, bright], dim=1)


def test_occlusion_is_hot_where_a_patch_counts_and_zero_elsewhere():
    white = torch.full((1, 3, 64, 64), 255, dtype=torch.uint8)
    heat = heatmaps("occlusion, black", Corner(), white, torch.tensor([1]))[0]
    assert heat[:4, :4].min() == heat.max() > 0.5  # one patch covers these pixels, and it covers the corner whole
    assert heat[16:].abs().max() < 1e-6
    assert explain.energy_inside(heat, torch.arange(64 * 64).reshape(64, 64) < 12 * 64) == pytest.approx(1, abs=1e-5)


def test_the_same_order_agrees_and_the_reverse_does_not():
    scores = {
        f"{name}{end}": study.Summary(name, mean, 0, mean, mean, 1, 1, 0.0, "CPU")
        for end, values in {"; a": (1, 2, 3), "; b": (10, 20, 30), "; c": (3, 2, 1)}.items()
        for name, mean in zip("xyz", values, strict=True)
    }
    assert methods.agreement(scores, "xyz", "; a", "; b") == pytest.approx(1)
    assert methods.agreement(scores, "xyz", "; a", "; c") == pytest.approx(-1)


def test_the_finer_maps_are_finer_and_laid_where_they_look(network):
    some, _ = data.planted("road", 1)
    x = network.preprocessing(some.images)
    fine = explain.last_layer(network, x, cells=16)
    assert fine is network.blocks[1]
    found = methods.heatmaps(experiments.BY_CELLS[experiments.FINE_CAM], network, some.images, some.labels, seed=0)
    assert torch.equal(found, explain.layer_cam(network, fine, x, some.labels))


def test_a_probed_backbone_answers_as_its_probe_does():
    train = data.planted("hue", 20)[0]
    model = networks.probed("texture_net", train)
    known = features.extract(model.backbone, train, pooling="mean", progress=False, cache=False)
    probe = features.probe(known, train.labels, known, train.labels)
    expected = probe.model.decision_function(known)
    with torch.no_grad():
        logits = model(model.preprocessing(train.images))
    assert ((logits[:, 1] - logits[:, 0]) > 0).tolist() == (expected > 0).tolist()


# --- a reader's own network ---


def test_answers_that_stay_are_counted_change_by_change():
    """A network that goes by red alone: shuffling leaves all of its answers, grey and turned hues do not."""
    red = torch.zeros(6, 3, 64, 64, dtype=torch.uint8)
    red[:3, 0] = 200
    red[3:, 2] = 200
    yours = your_pictures.answers_that_stay(lambda x: x.float().mean(dim=(2, 3)), red)
    stayed = {row.name: row.right for row in yours.rows}
    assert len(stayed) == 6
    assert stayed["patches of 8 px shuffled"] == stayed["mean colour only"] == 6
    assert stayed["in grey"] < 6
    assert "in grey" in yours.next or "hues" in yours.next
    with pytest.raises(ValueError, match="it wants uint8"):
        your_pictures.answers_that_stay(lambda x: x, red.float())


# --- pictures that are changed ---


@pytest.mark.parametrize("name", experiments.CHANGES)
def test_every_change_keeps_shape_and_type(name):
    some = data.planted("hue", 1)[0]
    changed = pictures.changed(some, experiments.CHANGES[name]).images
    assert changed.shape == some.images.shape
    assert changed.dtype == torch.uint8
    assert torch.equal(changed, some.images) == (name == "plain")


def test_steps_follow_one_another():
    some = data.planted("hue", 1)[0]
    turned = pictures.changed(some, experiments.TURNED)
    both = pictures.changed(some, experiments.TURNED + experiments.GREY)
    assert torch.equal(both.images, pictures.changed(turned, experiments.GREY).images)
    assert not torch.equal(both.images, pictures.changed(some, experiments.GREY).images)


def test_the_classes_are_those_of_the_set(eurosat):
    assert eurosat.classes == experiments.CLASSES


def test_what_is_covered_is_the_mean_colour():
    some, masks = data.planted("road", 2)
    without = pictures.cover(some, masks, "the planted thing")
    alone = pictures.cover(some, masks, "all else")
    same = (without.images == some.images).all(dim=1)
    assert same[~masks].all()
    assert (alone.images == some.images).all(dim=1)[masks].all()
    mean = block_average(some.images, 1)
    assert torch.equal(torch.where(masks[:, None], without.images, mean), mean)
    assert pictures.cover(some, masks, "nothing") is some


# --- the runs ---

FEWER = {"epochs": 1, "batch_size": 64, "n_train": 200, "n_test": 100, "n_test_per_class": 10, "shown": 2}


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(name):
    """One epoch, few pictures, every third of the variants: that the code runs, not what it finds."""
    experiment = EXPERIMENTS[name].small()
    variants = {
        variant: settings | {name: number for name, number in FEWER.items() if name in settings}
        for variant, settings in experiment.variants.items()
    }
    experiment = replace(experiment, variants=variants)
    for variant in list(variants)[:: max(1, len(variants) // 3)]:
        run = experiment[variant].task(0).measure()
        assert (run.source == "generated") == (name in GENERATED)
        assert all(-1 <= value <= 1 for value in run.metrics.values())
