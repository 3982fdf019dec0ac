"""What lesson 3 reads from the evidence is there, whole, and measured on the real thing."""

import pytest
import torch

from course_lib import data, study, training
from course_lib.data import ImageSet
from course_lib.lessons.own_pictures import Row
from course_lib.lessons.transfer import experiments, network, travel_trials, trials, your_pictures

OWN = [one for one in trials.EXPERIMENTS if one not in travel_trials.EXPERIMENTS]  # those have `test_travel`
NAMES = [experiment.name for experiment in OWN]


@pytest.mark.parametrize("name", NAMES)
def test_all_is_real(name):
    runs = study.runs(name)
    assert {run.source for run in runs} == {"real"}
    assert all(0 <= run.metrics["test accuracy"] <= 1 and run.n == {"test accuracy": 2700} for run in runs)


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("photographs", "refuted"),
        ("enlarging", "refuted"),
        ("probe_is_enough", "undecided"),  # these four for want of seeds: three
        ("any_start", "undecided"),
        ("adam_or_sgd", "undecided"),
        ("requires_grad", "undecided"),
        ("more_than_colour", "undecided"),  # its interval reaches below one point
        ("relied_on_is_needed", "refuted"),
    ],
)
def test_the_verdicts(name, word):
    assert study.outcome(name).verdict.word == word


def test_the_optimizers_meet_at_their_best_rates():
    trial, curves = study.get("adam_or_sgd"), trials.optimizer_curves()
    best = [f"{kind} {max(points, key=lambda rate: points[rate].mean):g}" for kind, points in curves.items()]
    assert [variant.name for variant in trial.variants] == best


def test_the_shipped_network_is_small_and_its_record_is_that_of_the_stored_recipe():
    assert network.FILE.stat().st_size < 1.8e6
    model, run = network.shipped(), network.record()
    assert (model.backbone.name, model.pooling, model.training) == ("mobilenet_v2_035", "mean", False)
    recipe = trials.START["fine-tuned from ImageNet"].settings
    assert {name: getattr(run.settings, name) for name in experiments.TRAINING} == {
        name: recipe[name] for name in experiments.TRAINING
    }
    assert run.settings == network.SETTINGS
    assert (run.n_train, run.n_val, run.source) == (21_600, 2_700, "real")


def test_the_shipped_network_answers_as_it_did(two_greys):
    """On a picture that is the same everywhere; the classes are EuroSAT's, in their order."""
    model = network.shipped()
    assert len(model.classes) == 10
    assert sorted(model.classes) == list(model.classes)
    assert network.shipped()(torch.zeros(1, 3, 64, 64)).argmax() == model(torch.zeros(1, 3, 64, 64)).argmax()


@pytest.mark.skipif(not data.available("eurosat"), reason="needs EuroSAT")
def test_the_shipped_network_gets_the_stored_accuracy():
    test = network.parts(data.load("eurosat", source="real"))[2].subset(500, seed=0)
    right = training.predict(network.shipped(), test).argmax(dim=1) == test.labels
    assert right.float().mean() > 0.94


@pytest.mark.parametrize(
    ("right", "begins"),
    [
        ((50, 52, 50, 53, 51), "Nothing here"),
        ((50, 95, 94, 97, 96), "Colour alone"),
        ((50, 60, 70, 75, 97), "Fine-tuning is ahead"),
        ((50, 60, 90, 95, 97), "Between probe and fine-tuning"),
    ],
)
def test_advice_speaks_only_of_sure_differences(right, begins):
    rows = [Row(f"way {k}", count, 100) for k, count in enumerate(right)]
    assert your_pictures.advice(*rows).startswith(begins)


@pytest.mark.parametrize(
    ("left", "begins"), [(90, "Nothing that was taken"), (40, "It leans most on what was lost in 'b'")]
)
def test_reliance_names_the_largest_sure_loss(left, begins):
    rows = [Row("a", 95, 100), Row("b", left, 100), Row("c", 92, 100)]
    assert your_pictures.reliance(*rows).startswith(begins)


def test_what_a_network_relies_on_has_a_row_for_each_change(two_greys):
    large = ImageSet.of(two_greys.images.repeat_interleave(4, -1).repeat_interleave(4, -2)[..., :64, :64],
                        two_greys.labels, two_greys.classes).subset(20)  # fmt: skip
    look = your_pictures.relied_on(network.shipped(), large)
    assert [row.n for row in look.rows] == [20] * 4


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(monkeypatch, two_greys):
    """With 200 pictures of two classes in place of EuroSAT, on one thread: that the code runs, not what it finds."""
    # As large as EuroSAT's: SqueezeNet's real weights, where this machine has them, have no layer left for less.
    times = 64 // two_greys.images.shape[-1]
    large = two_greys.changed(lambda images: images.repeat_interleave(times, -1).repeat_interleave(times, -2))
    monkeypatch.setattr(experiments, "eurosat", lambda n: large)
    for experiment in OWN:
        for variant in list(experiment.variants)[:2]:
            run = experiment.small()[variant].task(0).measure()
            assert (run.n, run.source) == ({"test accuracy": 20}, "generated")
            assert 0 <= run.metrics["test accuracy"] <= 1
