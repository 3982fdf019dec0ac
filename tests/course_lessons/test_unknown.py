"""What chapter 5 reads from the evidence is there, whole, and fair."""

from __future__ import annotations

from dataclasses import fields

import pytest
import torch
from torch.nn import functional as F

from course_lib import data, openset, study
from course_lib.data import ImageSet
from course_lib.data.generated.logos import FAR
from course_lib.lessons.unknown import (
    askers_network,
    detecting,
    experiments,
    further_trials,
    heads,
    measures,
    teaching,
    trials,
    unknown_pictures,
    watching,
    worlds,
)
from course_lib.openset.losses import NONE

EXPERIMENTS = {experiment.name: experiment for experiment in trials.EXPERIMENTS}
REAL = ("land_open", "car_logos", "car_certainty")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_source_is_the_right_one_and_all_is_in_range(name):
    for run in study.runs(name):
        assert run.source == ("real" if name in REAL else "generated")
        for metric, value in run.metrics.items():
            assert 0 <= value <= (1 if EXPERIMENTS[name].metrics[metric].unit == "%" else 1000)


VERDICTS = {
    "softmax_to_blame_near": "undecided",
    "softmax_to_blame_far": "no difference that matters",
    "sigmoid_near": "undecided",
    "sigmoid_far": "supported",
    "sigmoid_as_sure_share": "refuted",
    "sigmoid_as_sure_mean": "refuted",
    "keras_as_pytorch": "no difference that matters",
    "trained_too_long": "supported",
    "unknown_class_near": "no difference that matters",
    "unknown_class_far": "undecided",
    "training_data_near": "supported",
    "training_data_far": "supported",
    "all_zero_targets_near": "no difference that matters",
    "all_zero_targets_far": "undecided",
    "untrained_gan_near": "no difference that matters",
    "untrained_gan_far": "no difference that matters",
    "slightly_trained_gan_near": "no difference that matters",
    "slightly_trained_gan_far": "no difference that matters",
    "collect_nothing_near": "supported",
    "collect_nothing_far": "undecided",
    "as_large_as_a_class_near": "undecided",
    "as_large_as_a_class_far": "undecided",
    "then_more_near": "undecided",
    "then_more_far": "undecided",
    "many_kinds_near": "no difference that matters",
    "many_kinds_far": "undecided",
    "one_class_of_four_kinds_far": "undecided",
    "relative_first_mobilenet": "no difference that matters",
    "relative_first_squeezenet1": "supported",
    "nearest_first_mobilenet": "no difference that matters",
    "nearest_first_squeezenet1": "supported",
    "use_a_detector": "undecided",
    "slide_it": "undecided",
}


@pytest.mark.slow
@pytest.mark.parametrize("trial", [one for one in trials.TRIALS if one.name in VERDICTS], ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= 10
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


def test_each_trial_has_a_verdict_here_or_among_the_further_ones():
    assert {one.name for one in trials.TRIALS} == set(VERDICTS) | {one.name for one in further_trials.TRIALS}


@pytest.mark.parametrize("name", experiments.DETECTORS)
def test_a_detector_has_all_of_its_settings_written_down(name):
    """So that a new default of the library is another run, and no old evidence counts for it."""
    detector = experiments.DETECTORS[name]
    if detector["detector"] == "ODIN":
        wanted = {"temperature", "epsilon"}
    else:
        kind = openset.ALL[detector["detector"]]
        wanted = {field.name for field in fields(kind) if field.init} - {"weight", "bias"}
    assert set(detector["detector_settings"]) == wanted


# --- heads ---

SETTINGS = heads.HeadSettings(hidden=256, dropout=0.5, rate=0.01, epochs=30, batch=64)
LOSSES = {"objectosphere": {"radius": 10, "weight": 0.01}, "outlier exposure": {"weight": 0.5}}
EACH_LOSS = [heads.Loss(name, worlds.frozen(LOSSES.get(name, {}))) for name in heads.LOSSES]


def head_that_always_says(logits: list[float]) -> heads.Head:
    head = heads.Head(4, len(logits), hidden=8, dropout=0.5, seed=0).eval()
    head.last.weight.data.zero_()
    head.last.bias.data = torch.tensor(logits)
    return head


def test_a_score_of_the_background_class_does_not_count_it_as_known():
    head, x = head_that_always_says([0.0, 0, 0, 9]), torch.zeros(1, 4)
    assert heads.unknown_score(head, x, heads.Loss("background class")) > 9
    assert heads.certainty(head, x, heads.Loss("background class")) < 0.01
    assert heads.certainty(head, x, heads.Loss("softmax")) > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("loss", EACH_LOSS, ids=lambda loss: loss.name)
def test_every_loss_learns_the_known_and_tells_what_it_was_taught_to_tell(loss):
    """Three clouds, and between them a fourth that is none."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.tensor([0, 1, 2, NONE]).repeat(50)
    if loss.name in ("softmax", "sigmoids"):
        labels = labels[labels >= 0]
    x = 4 * F.one_hot(labels + 1, 4).float() + 0.1 * torch.randn(len(labels), 4, generator=generator)
    head = heads.train_head(x, labels, SETTINGS, loss=loss)
    assert (head(x[labels >= 0])[:, :3].argmax(dim=1) == labels[labels >= 0]).float().mean() > 0.95
    if (labels < 0).any():
        scores = heads.unknown_score(head, x, loss)
        assert openset.auroc(scores[labels >= 0], scores[labels < 0]) > 0.95


def test_a_head_is_the_same_again_and_leaves_the_random_numbers_alone():
    x, labels = torch.eye(6), torch.tensor([0, 1] * 3)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again = (heads.train_head(x, labels, SETTINGS, seed=3)(x) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(before, torch.get_rng_state())


# --- unknown pictures ---

COLLECTING = unknown_pictures.CollectSettings(side=96, **experiments.COLLECTING)


def test_shuffling_keeps_every_pixel_and_moves_whole_squares():
    images = torch.arange(2 * 3 * 8 * 8).view(2, 3, 8, 8)
    mixed = unknown_pictures.shuffled(images, seed=1, pieces=4)
    assert not torch.equal(mixed, images)
    assert torch.equal(mixed.flatten(1).sort().values, images.flatten(1).sort().values)
    assert (mixed[:, :, ::2, 1::2] - mixed[:, :, ::2, ::2] == 1).all()


@pytest.mark.slow
def test_kinds_to_learn_from_are_in_no_test():
    assert not set(unknown_pictures.KINDS) & set(FAR)
    marks = unknown_pictures.collected_pictures("other marks", 2, COLLECTING)
    assert all(0 <= k < 256 for k in marks.images.unique().tolist())


def test_unknowns_are_taken_from_as_many_kinds_as_asked(monkeypatch):
    kinds, made = unknown_pictures.KINDS, worlds.chosen(worlds.LogoWorld, experiments.LOGOS)

    def pool(made, kind, count, settings):
        return torch.full((count, 1), kinds.index(kind))

    monkeypatch.setattr(unknown_pictures, "pool_features", pool)
    counts = []
    for count, n_kinds in ((30, 1), (30, 2), (30, 4), (5, 4)):
        settings = {**experiments.COLLECTED, "n_unknowns": count, "kinds": n_kinds, "pool": 50}
        drawn = unknown_pictures.unknown_features.__wrapped__(made, unknown_pictures.Unknowns.chosen(settings), 1)
        counts.append(sorted(drawn.unique(return_counts=True)[1].tolist()))
    assert counts == [[30], [15, 15], [7, 7, 8, 8], [1, 1, 1, 2]]


def test_without_the_folders_the_car_makers_say_what_they_want(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path))
    with pytest.raises(data.DataError, match=r"wants car_logos\.zip in the folder COURSE_MIRROR"):
        worlds.from_mirror("car_logos", 128)


# --- every run, on a small scale ---

MODULES = (askers_network, detecting, heads, teaching, unknown_pictures, watching, worlds)
CACHED = {one for module in MODULES for one in vars(module).values() if hasattr(one, "cache_clear")}


@pytest.fixture
def small_scale(monkeypatch):
    """Colours of 8 × 8 squares instead of a backbone, and generated pictures instead of real ones."""

    def embed(pictures):
        squares = F.adaptive_avg_pool2d(pictures.images.float() / 255, 8).flatten(1)
        squares[:, :20] += 3 * F.one_hot(pictures.labels, 20)  # so that any head can learn them
        return squares.numpy()

    def maps_of(made, frames, size):
        return F.adaptive_avg_pool2d(frames.float() / 255, 5 if size in (None, 160) else 7).repeat(1, 64, 1, 1)

    def from_mirror(name, side):
        labels = torch.arange(400) % 20
        images = torch.randint(0, 256, (400, 3, 8, 8), dtype=torch.uint8)
        return ImageSet.of(images, labels, [str(k) for k in range(20)], "real")

    monkeypatch.setattr(worlds, "embedder", lambda network, weights, size: embed)
    monkeypatch.setattr(worlds, "from_mirror", from_mirror)
    monkeypatch.setattr(watching, "maps_of", maps_of)
    yield
    for cached in CACHED:
        cached.cache_clear()


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning", "ignore:__array__ implementation")
@pytest.mark.slow
@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_can_be_run_anew_on_a_small_scale(small_scale, name):
    """That the code runs and reads each of its settings, not what it finds."""
    experiment = EXPERIMENTS[name].small()
    for variant in experiment.variants:
        run = experiment[variant].task(0).measure()
        assert all(value >= 0 for value in run.metrics.values())
        assert all(count > 0 for count in run.n.values())


# --- what the lesson shows ---


def test_the_ranking_is_over_eight_cases_and_its_ranks_add_up():
    names = list(experiments.DETECTORS)[:12]
    table = trials.ranking(names)
    assert {row[0] for row in table} == set(names)
    assert sum(row[1] for row in table) == pytest.approx(12 * 13 / 2)
    assert all(1 <= rank <= worst <= 12 and 0 <= low <= area <= 1 for _, rank, worst, area, low in table)
    assert [row[1] for row in table] == sorted(row[1] for row in table)


def test_sizes_of_the_unknown_class_are_sorted_into_curves():
    curves = trials.by_size(measures.ACCURACY)
    assert list(curves) == ["1 kind", "2 kinds", "4 kinds", "none"]
    assert all(list(curve) == [0.1, 0.3, 1, 3, 10, 30] for curve in curves.values())
    stored = study.summary("logo_how_many", measures.ACCURACY)
    assert curves["2 kinds"][0.3] == stored["0.3 times one class, 2 kinds"]
    assert curves["none"][30] == stored["no unknown class"]


def test_epochs_are_sorted_into_a_curve():
    stored = study.summary("logo_answers", measures.ACCURACY)
    curve = trials.by_epochs(measures.ACCURACY)
    assert list(curve) == [1, 3, 10, 30, 100]
    assert curve[30] == stored["PyTorch, rate 0.001, 30 epochs"]
