"""What chapter 7 reads from the evidence is there, whole, and real; what it measures is what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib import data, label_quality, study
from course_lib.data import ImageSet
from course_lib.lessons.messy_data import (
    decisions,
    eurosat,
    leaks,
    long_tails,
    mixed_land,
    trials,
    wrong_labels,
)
from course_lib.training import imbalance

EXPERIMENTS = {experiment.name: experiment for experiment in trials.EXPERIMENTS}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_all_is_real_and_in_range(name):
    for run in study.runs(name):
        assert run.source == "real"
        assert all(0 <= value <= (1000 if name == "decisions" else 1) for value in run.metrics.values())


VERDICTS = {
    "tail_hurts_1": "supported",
    "tail_hurts_10": "supported",
    "tail_oversample_1": "no difference that matters",
    "tail_oversample_10": "supported",
    "tail_oversample_50": "supported",
    "tail_weights_1": "no difference that matters",
    "tail_undersample_10": "undecided",
    "tail_undersample_50": "supported",
    "tail_weights_50": "supported",
    "tail_both_50": "undecided",
    "tail_effective_50": "no difference that matters",
    "tail_adjusted_50": "supported",
    "tail_free_50": "refuted",
    "tail_oversample_even": "supported",
    "tail_adjusted_even": "supported",
    "labels_unsure_uniform": "no difference that matters",
    "labels_unsure_confusions": "no difference that matters",
    "labels_loss": "supported",
    "labels_confident_5": "undecided",
    "labels_confident_20": "undecided",
    "labels_margin": "refuted",
    "labels_harmless_5": "undecided",
    "labels_harmless_20": "refuted",
    "labels_ambiguous": "supported",
    "labels_unsure_ambiguous": "undecided",
    "labels_neighbours": "supported",
    "labels_unsure_neighbours": "no difference that matters",
    "labels_mend_5": "undecided",
    "labels_mend_ambiguous": "undecided",
    "labels_mend_neighbours": "undecided",
    "labels_mend": "supported",
    "labels_mend_unsure": "refuted",
    "land_sigmoids": "undecided",
    "land_sigmoids_mixed": "supported",
    "land_top_two": "refuted",
    "land_one_name": "undecided",
    "land_examples": "supported",
    "cost_likeliest": "refuted",
    "cost_likeliest_3": "undecided",
    "cost_likeliest_30": "refuted",
    "cost_priority": "undecided",
    "cost_calibrate_smooth": "undecided",
    "cost_calibrate_overconfident": "supported",
    "cost_calibrate_3": "undecided",
    "cost_calibrate_30": "supported",
    "leak_overlap_probe": "undecided",
    "leak_overlap_nearest": "undecided",
    "leak_beside_probe": "undecided",
    "leak_beside_nearest": "undecided",
    "leak_copies_probe": "supported",
    "leak_copies_nearest": "supported",
}


@pytest.mark.slow
@pytest.mark.parametrize("trial", trials.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= 10
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


def test_every_trial_stands_in_one_of_the_two_notebooks():
    assert {trial.lesson for trial in trials.TRIALS} == {trials.LESSON, trials.LABELS}
    assert trial_named("cost_priority").lesson == trials.LESSON
    assert trial_named("labels_loss").lesson == trial_named("leak_copies_probe").lesson == trials.LABELS


def trial_named(name):
    return next(trial for trial in trials.TRIALS if trial.name == name)


# --- what is measured ---


def test_the_top_two_and_the_best_threshold():
    truth = np.array([[1, 1, 0], [0, 0, 1], [0, 1, 1]], dtype=bool)
    scores = np.array([[0.5, 0.4, 0.1], [0.2, 0.1, 0.7], [0.2, 0.5, 0.3]])
    assert mixed_land.top(scores, 2).tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 1]]
    assert mixed_land.top(scores, 1).tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    step = mixed_land.best_threshold(scores, truth, np.arange(0.02, 0.99, 0.02))
    assert 0.2 < step <= 0.3  # the only thresholds that give all three sets
    assert np.array_equal(scores >= step, truth)


def test_costs():
    assert decisions.costs(3, 1, 10.0).tolist() == [[0, 1, 1], [10, 0, 10], [1, 1, 0]]


@pytest.mark.parametrize("order", wrong_labels.ORDERS)
def test_every_order_reviews_each_picture_once(order):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), size=200)
    positions = wrong_labels.review_order(rng.integers(4, size=200), p, order)
    assert sorted(positions.tolist()) == list(range(200))


def test_a_random_review_is_not_the_draw_that_planted_the_errors():
    truth = np.arange(1_000) % 4
    given = label_quality.plant(truth, 0.2, classes=4, seed=3)
    first = wrong_labels.review_order(given, np.full((1_000, 4), 0.25), "random", seed=3)[:200]
    assert (given != truth)[first].mean() < 0.3


def test_copies_are_found_again_and_stand_in_one_part():
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(60, 3, 8, 8, generator=generator) * 255
    images = torch.nn.functional.interpolate(coarse, size=(64, 64), mode="bilinear").to(torch.uint8)
    pictures = ImageSet.of(images, torch.arange(60) % 2, ["a", "b"])
    both = leaks.with_copies(pictures, 0.3, noise=2, seed=1)
    assert len(both) == 78
    pairs = data.near_duplicates(both)
    assert len(pairs) == 18
    assert torch.equal(both.labels[pairs[:, 0]], both.labels[pairs[:, 1]])
    assert (both.images[pairs[:, 0]].int() - both.images[pairs[:, 1]].int()).abs().max() == 2


def test_a_tail_has_the_same_order_of_classes_at_every_ratio():
    """So "the three smallest" are the same classes at 1 : 1 and at 50 : 1."""
    truth = np.repeat(np.arange(10), 1_000)
    sizes = [np.bincount(truth[imbalance.induce(truth, ratio, n=2_000, seed=3)]) for ratio in (1.5, 10, 50)]
    orders = [np.argsort(counts, kind="stable").tolist() for counts in sizes]
    assert orders[0] == orders[1] == orders[2]


def test_balanced_accuracy_weighs_classes_alike():
    class Always:
        def predict(self, embeddings):
            return np.zeros(len(embeddings), dtype=int)

    assert leaks.balanced_accuracy(Always(), np.zeros((4, 2)), np.array([0, 0, 0, 2])) == 0.5


# --- the runs ---


@pytest.fixture
def small(monkeypatch):
    """1,500 noisy pictures of six greys in place of EuroSAT, and their colours in place of the network's embeddings."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.arange(1_500) % 6
    noise = torch.randint(0, 120, (1_500, 3, 16, 16), generator=generator)
    flat = (noise + 20 * truth[:, None, None, None]).clamp(max=255).to(torch.uint8)
    places = torch.rand(1_500, 2, generator=generator, dtype=torch.float64) * torch.tensor([20, 10]) + torch.tensor(
        [0, 45]
    )
    pictures = ImageSet.of(flat, truth, ["a", "Highway", "c", "d", "e", "f"], places=places)

    def colours(shown, settings, *, cache=False):
        assert settings["network"] in ("mobilenet_v2_035", "squeezenet1_1")
        assert settings["pooling"] == "mean"
        return torch.nn.functional.avg_pool2d(shown.images.float(), 4).flatten(1).numpy()

    monkeypatch.setattr(eurosat, "pictures", lambda n: pictures)
    monkeypatch.setattr(eurosat, "embed", colours)
    modules = (decisions, eurosat, leaks, long_tails, mixed_land, wrong_labels)
    cached = [value for module in modules for value in vars(module).values() if hasattr(value, "cache_clear")]
    for function in cached:
        function.cache_clear()
    yield
    for function in cached:
        function.cache_clear()


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(name, small):
    for variant in EXPERIMENTS[name].variants:
        run = EXPERIMENTS[name].small()[variant].task(0).measure()
        assert run.source == "generated"
        assert all(value >= 0 for value in run.metrics.values())


def test_the_parts_of_a_seed_do_not_overlap(small):
    settings = EXPERIMENTS["labels_reviewed"].small()["5% uniform, margin"].settings
    train, test = wrong_labels.parts(settings, 0)
    assert not set(train.rows.tolist()) & set(test.rows.tolist())
    other, _ = wrong_labels.parts(settings, 1)
    assert set(other.rows.tolist()) != set(train.rows.tolist())


@pytest.mark.parametrize("kind", ["ambiguous", "neighbours"])
def test_errors_with_a_reason_fall_where_the_reason_is(kind, small):
    settings = EXPERIMENTS["labels_reviewed"].small()[f"5% {kind}, random"].settings
    train, _ = wrong_labels.parts(settings, 0)
    doubt, others = wrong_labels.reasons(settings, train, 0)
    given = wrong_labels.spoilt(settings, 0)
    wrong = given != train.labels.numpy()
    assert wrong.sum() == round(0.05 * len(train))
    assert np.array_equal(given[wrong], others[wrong])
    assert doubt[wrong].min() >= doubt[~wrong].max()


def test_a_partner_that_is_replaced_lies_far_away_and_is_of_its_class(small):
    settings = EXPERIMENTS["leaks_beside"].small()["probe, neighbours replaced"].settings
    pictures = eurosat.pictures(None)
    tested, partners = leaks.parted(leaks.pairs_near(None, tuple(settings["metres"])), settings["n_pairs"], 0)
    assert len(tested) == len(partners) == settings["n_pairs"]
    assert len(set(tested.tolist()) | set(partners.tolist())) == 2 * len(tested)
    kept = leaks.training_rows({**settings, "partners": "kept"}, pictures, tested, partners, 0)
    replaced = leaks.training_rows(settings, pictures, tested, partners, 0)
    assert set(partners.tolist()) <= set(kept.tolist())
    assert not (set(tested.tolist()) | set(partners.tolist())) & set(replaced.tolist())
    metres = data.neighbours.metres_to(pictures.at(replaced), pictures.at(tested))
    assert metres.min() >= settings["apart"]
    labels = pictures.labels.numpy()
    assert np.array_equal(np.bincount(labels[kept]), np.bincount(labels[replaced]))
    assert len(set(replaced.tolist())) == len(replaced)


def test_the_penalty_stays_as_strong_with_more_pictures(small):
    """Twice the pictures, each twice: the same probe. Without `same_penalty` it is another one."""
    settings = EXPERIMENTS["imbalance"].small()["50 : 1, oversampled, same penalty"].settings
    runs = {
        same: long_tails.learn_tail({**settings, "ratio": 1, "remedy": "oversample", "same_penalty": same}, 0)
        for same in (True, False)
    }
    plain = long_tails.learn_tail({**settings, "ratio": 1, "remedy": "nothing"}, 0)
    assert runs[True].metrics == pytest.approx(plain.metrics)


def test_calibration_lowers_the_error_of_a_probe_that_is_too_sure(small):
    variants = EXPERIMENTS["sureness"].small()
    before, after = (
        decisions.sureness(variants[f"an overconfident probe, {when}"].settings, 0).metrics[decisions.ECE]
        for when in ("as it is", "calibrated")
    )
    assert after < before


def test_the_smallest_classes_are_those_of_the_steepest_tail(small):
    """At 1 : 1 they are counted over the same classes as at 50 : 1, though there they have as many pictures."""
    runs = {}
    for ratio in (1, 50):
        settings = EXPERIMENTS["imbalance"].small()[f"{ratio} : 1, nothing"].settings
        runs[ratio] = long_tails.learn_tail(settings, 0)
    assert runs[50].metrics[long_tails.SMALLEST] < runs[1].metrics[long_tails.SMALLEST]
    assert runs[50].counted == {long_tails.BALANCED: 750, long_tails.SMALLEST: 375, long_tails.SKEWED: 750}
