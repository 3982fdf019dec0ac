"""What lesson 6 reads from the evidence is there, whole, and fair; its parts do what they say."""

from __future__ import annotations

import pytest
import torch

from course_lib import data, explain, trials
from course_lib.models import SmallCNN
from course_lib.pixels import block_average
from course_lib.trials import lesson_06

EXPERIMENTS = {experiment.name: experiment for experiment in lesson_06.EXPERIMENTS}
GENERATED = {"planted_left", "planted_found", "planted_pointed"}
CORRELATIONS = {"heat_fidelity", "heat_sanity"}
SIGNED = {"shuffle_cost", *CORRELATIONS}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_source_is_the_right_one(name):
    for run in trials.runs(name):
        assert run.source == ("generated" if name in GENERATED else "real")
        assert (-1 if name in SIGNED else 0) <= run.value <= 1


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
    "cam_best_road": "refuted",
    "cam_best_hue": "refuted",
    "cam_best_texture": "refuted",
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
    "depends_saliency": "refuted",
    "depends_cam": "undecided",
    "depends_integrated": "supported",
    "shape_needed": "refuted",
    "colour_decides_seen": "undecided",
    "colour_decides_trained": "undecided",
    "grey_removes_bias": "undecided",
    "zoom_texture_16": "no difference that matters",
    "zoom_texture_8": "undecided",
    "zoom_texture_tuned_16": "undecided",
    "zoom_texture_tuned_8": "refuted",
    "zoom_free": "undecided",
}


@pytest.mark.parametrize("trial", lesson_06.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= 10
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


def test_all_advice_is_told_with_its_base():
    told = lesson_06.advice().splitlines()
    assert len(told) == 2 * len(lesson_06.TRIALS)
    assert all(trial.claim in line for trial, line in zip(lesson_06.TRIALS, told[::2], strict=True))
    assert all("(10 seeds" in line for line in told[1::2])


# --- the methods ---


@pytest.fixture(scope="module")
def network() -> SmallCNN:
    return SmallCNN(batch_norm=True, seed=1).eval()


@pytest.mark.parametrize("method", lesson_06.METHODS)
def test_every_method_gives_a_heatmap_a_picture(method, network):
    pictures, _ = data.planted("hue", 1)
    maps = lesson_06.heatmaps(method, network, pictures.images, pictures.labels)
    assert maps.shape == (2, 64, 64)
    assert maps.dtype == torch.float32
    assert maps.isfinite().all()
    assert torch.equal(maps, lesson_06.heatmaps(method, network, pictures.images, pictures.labels))


def test_rivals_know_nothing_of_picture_and_model(network):
    pictures, _ = data.planted("road", 1)
    other = SmallCNN(seed=2)
    for method in (lesson_06.BLOB, lesson_06.RANDOM):
        a, b = (lesson_06.heatmaps(method, one, pictures.images, pictures.labels) for one in (network, other))
        assert torch.equal(a, b)
        assert method not in lesson_06.KNOWING


def test_an_unknown_method_is_named():
    with pytest.raises(ValueError, match="method='tea leaves'; it wants one of: saliency; "):
        lesson_06.heatmaps("tea leaves", SmallCNN(), torch.zeros(1, 3, 64, 64, dtype=torch.uint8), torch.tensor([0]))


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
    heat = lesson_06.heatmaps("occlusion, black", Corner(), white, torch.tensor([1]))[0]
    assert heat[:4, :4].min() == heat.max() > 0.5  # one patch covers these pixels, and it covers the corner whole
    assert heat[16:].abs().max() < 1e-6
    assert explain.energy_inside(heat, torch.arange(64 * 64).reshape(64, 64) < 12 * 64) == pytest.approx(1, abs=1e-5)


def test_lit_is_bright_where_it_is_hot():
    images = torch.full((1, 3, 8, 8), 100, dtype=torch.uint8)
    heat = torch.zeros(1, 8, 8)
    heat[0, 2, 3], heat[0, 4, 4] = 1.0, -1.0
    light = lesson_06.lit(images, heat)[0, 0]
    assert light[2, 3] == light.max() > 4 * light[0, 0]
    assert light[4, 4] == light[0, 0]


# --- pictures that are changed ---


def test_low_and_high_pass_part_a_picture():
    images = data.planted("texture", 2)[0].images
    low, high = lesson_06.low_pass(images), lesson_06.high_pass(images)
    mean = block_average(images, 1).float()
    assert (low.float() + high.float() - mean - images.float()).abs().max() <= 2
    assert low.float().diff(dim=3).abs().mean() < 0.5 * images.float().diff(dim=3).abs().mean()
    assert (high.float().mean(dim=(2, 3)) - images.float().mean(dim=(2, 3))).abs().max() < 1


@pytest.mark.parametrize("change", lesson_06.CHANGES)
def test_every_change_keeps_shape_and_type(change):
    images = data.planted("hue", 1)[0].images
    changed = lesson_06.CHANGES[change](images)
    assert changed.shape == images.shape
    assert changed.dtype == torch.uint8
    assert torch.equal(changed, images) == (change == "plain")


def test_the_classes_are_those_of_the_set(eurosat):
    assert eurosat.classes == lesson_06.CLASSES


def test_what_is_covered_is_the_mean_colour():
    pictures, masks = data.planted("road", 2)
    without = lesson_06.covered(pictures, masks, "the planted thing is covered")
    alone = lesson_06.covered(pictures, masks, "all but the planted thing is covered")
    same = (without.images == pictures.images).all(dim=1)
    assert same[~masks].all()
    assert (alone.images == pictures.images).all(dim=1)[masks].all()
    mean = block_average(pictures.images, 1)
    assert torch.equal(torch.where(masks[:, None], without.images, mean), mean)


# --- the runs ---

_CACHED = ("_eurosat", "parts", "network", "tuned", "_answers", "_changed_test", "asked", "_maps", "planted_network",
           "_planted_maps")  # fmt: skip


@pytest.fixture
def small_networks(monkeypatch):
    """One epoch: that the code runs, not what it finds."""
    for name in ("PLANTED", "SCRATCH", "TUNING"):
        monkeypatch.setattr(lesson_06, name, lesson_06.Settings(epochs=1, batch_size=64))
    for name in _CACHED:
        getattr(lesson_06, name).cache_clear()
    yield
    for name in _CACHED:
        getattr(lesson_06, name).cache_clear()


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(small_networks):
    for name, experiment in EXPERIMENTS.items():
        some = list(experiment.variants)[:: max(1, len(experiment.variants) // 3)]
        for variant in some:
            found = experiment.small()[variant].task(0).measure()
            assert (found.source == "generated") == (name in GENERATED)
            assert -1 <= found.value <= 1
