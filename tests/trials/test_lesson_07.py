"""What lesson 7 reads from the evidence is there, whole, and real; what it measures is what it says."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib import data, trials
from course_lib.data import ImageSet
from course_lib.training import imbalance
from course_lib.trials import lesson_07

EXPERIMENTS = {experiment.name: experiment for experiment in lesson_07.EXPERIMENTS}


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_all_is_real_and_in_range(name):
    for run in trials.runs(name):
        assert run.source == "real"
        assert 0 <= run.value <= (1000 if name == "decisions" else 1)


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
    "labels_unsure_uniform": "no difference that matters",
    "labels_unsure_confusions": "no difference that matters",
    "labels_loss": "supported",
    "labels_confident_5": "refuted",
    "labels_confident_20": "refuted",
    "labels_margin": "refuted",
    "labels_harmless_5": "refuted",
    "labels_harmless_20": "refuted",
    "labels_mend": "supported",
    "labels_mend_unsure": "refuted",
    "land_sigmoids": "refuted",
    "land_sigmoids_mixed": "supported",
    "land_top_two": "refuted",
    "land_one_name": "undecided",
    "land_examples": "supported",
    "cost_likeliest": "refuted",
    "cost_priority": "supported",
    "cost_calibrate_smooth": "undecided",
    "cost_calibrate_overconfident": "supported",
    "leak_colour": "undecided",
    "leak_look": "refuted",
    "leak_copies_probe": "supported",
    "leak_copies_nearest": "supported",
    "choose_at_2": "undecided",
    "choose_at_5": "undecided",
}


@pytest.mark.parametrize("trial", lesson_07.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= 10
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


def test_all_advice_is_told_with_its_base():
    told = lesson_07.advice().splitlines()
    assert len(told) == 2 * len(lesson_07.TRIALS)
    assert all(trial.claim in line for trial, line in zip(lesson_07.TRIALS, told[::2], strict=True))
    assert all("(10 seeds" in line for line in told[1::2])


# --- what is measured ---


def test_exact_sets_and_top_two():
    truth = np.array([[1, 1, 0], [0, 0, 1], [0, 1, 1]], dtype=bool)
    scores = np.array([[0.5, 0.4, 0.1], [0.2, 0.1, 0.7], [0.2, 0.5, 0.3]])
    assert lesson_07.top_two(scores).tolist() == [[1, 1, 0], [1, 0, 1], [0, 1, 1]]
    assert lesson_07.exact(lesson_07.top_two(scores), truth) == pytest.approx(2 / 3)
    assert lesson_07.exact(truth, truth) == 1
    step = lesson_07.best_threshold(scores, truth)
    assert 0.2 < step <= 0.3  # the only thresholds that give all three sets
    assert lesson_07.exact(scores >= step, truth) == 1


def test_costs_and_what_is_paid():
    cost = lesson_07.costs(("Forest", "Highway", "River"))
    assert cost.tolist() == [[0, 1, 1], [10, 0, 10], [1, 1, 0]]
    truth = torch.tensor([0, 1, 1, 2])
    assert lesson_07.paid(torch.tensor([0, 1, 2, 2]), truth, cost) == 250
    p = torch.tensor([[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.1, 0.6]])
    step = lesson_07.chosen_threshold(p, truth, ("Forest", "Highway", "River"))
    assert 0.1 < step <= 0.2  # catches both highways; the first picture pays for it


@pytest.mark.parametrize("order", lesson_07.ORDERS)
def test_every_order_reviews_each_picture_once(order):
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.ones(4), size=200)
    found = lesson_07.review_order(rng.integers(4, size=200), p, order)
    assert sorted(found.tolist()) == list(range(200))


def test_copies_are_found_again_and_stand_in_one_part():
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(60, 3, 8, 8, generator=generator) * 255
    images = torch.nn.functional.interpolate(coarse, size=(64, 64), mode="bilinear").to(torch.uint8)
    pictures = ImageSet.of(images, torch.arange(60) % 2, ["a", "b"])
    both = lesson_07.with_copies(pictures, 0.3, seed=1)
    assert len(both) == 78
    pairs = data.near_duplicates(both)
    assert len(pairs) == 18
    assert torch.equal(both.labels[pairs[:, 0]], both.labels[pairs[:, 1]])


def test_the_best_is_chosen_by_each_measure():
    told = {"a": ({1: 0.8, 5: 0.99}, 0.7), "b": ({1: 0.9, 5: 0.98}, 0.6), "c": ({1: 0.9, 5: 0.99}, 0.5)}
    assert lesson_07.chosen_by(1, told) == "b"
    assert lesson_07.chosen_by(5, told) == "a"


def test_a_tail_has_the_same_order_of_classes_at_every_ratio():
    """So "the three smallest" are the same classes at 1 : 1 and at 50 : 1."""
    truth = np.repeat(np.arange(10), 1_000)
    sizes = [np.bincount(truth[imbalance.induce(truth, ratio, n=2_000, seed=3)]) for ratio in (1.5, 10, 50)]
    orders = [np.argsort(one, kind="stable").tolist() for one in sizes]
    assert orders[0] == orders[1] == orders[2]


# --- the runs ---


@pytest.fixture
def small(monkeypatch):
    """600 noisy pictures of four greys in place of EuroSAT, and mean colours in place of the network's features."""
    generator = torch.Generator().manual_seed(0)
    truth = torch.arange(600) % 4
    noise = torch.randint(0, 120, (600, 3, 16, 16), generator=generator)
    flat = (noise + 30 * truth[:, None, None, None]).clamp(max=255).to(torch.uint8)
    pictures = ImageSet.of(flat, truth, ["a", "Highway", "c", "d"])

    def colours(pictures, *, real=True, cache=False):
        return pictures.images.float().mean(dim=(2, 3)).numpy()

    monkeypatch.setattr(lesson_07, "_pictures", lambda n: pictures)
    monkeypatch.setattr(lesson_07, "extracted", colours)
    cached = [value for value in vars(lesson_07).values() if hasattr(value, "cache_clear")]
    for one in cached:
        one.cache_clear()
    yield
    for one in cached:
        one.cache_clear()


@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(name, small):
    for variant in EXPERIMENTS[name].variants:
        found = EXPERIMENTS[name].small()[variant].task(0).measure()
        assert found.source == "generated"
        assert found.value >= 0


def test_the_parts_of_a_seed_do_not_overlap(small):
    train, test = lesson_07._labelled(0, 600)
    assert not set(train.rows.tolist()) & set(test.rows.tolist())
    other, _ = lesson_07._labelled(1, 600)
    assert set(other.rows.tolist()) != set(train.rows.tolist())
