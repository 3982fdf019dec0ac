"""What lesson 3 reads from the evidence is there, whole, and measured on the real thing."""

import pytest

from course_lib import study
from course_lib.lessons.transfer import experiments, trials

NAMES = [experiment.name for experiment in trials.EXPERIMENTS]


@pytest.mark.parametrize("name", NAMES)
def test_all_is_real(name):
    runs = study.runs(name)
    assert {run.source for run in runs} == {"real"}
    assert all(0 <= run.metrics["test accuracy"] <= 1 and run.n == {"test accuracy": 2700} for run in runs)


def test_every_piece_of_advice_has_its_numbers():
    for said, found in trials.advice():
        assert said.endswith(".")
        assert found.count("seeds, n = 2,700") == 2


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("photographs", "refuted"),
        ("enlarging", "refuted"),
        ("probe_is_enough", "undecided"),  # these four for want of seeds: three
        ("any_start", "undecided"),
        ("adam_or_sgd", "undecided"),
        ("requires_grad", "undecided"),
    ],
)
def test_the_verdicts(name, word):
    assert study.outcome(name).verdict.word == word


def test_the_optimizers_meet_at_their_best_rates():
    trial, curves = study.get("adam_or_sgd"), trials.optimizer_curves()
    best = [f"{kind} {max(points, key=lambda rate: points[rate].mean):g}" for kind, points in curves.items()]
    assert [variant.name for variant in trial.variants] == best


def test_the_cost_figure_has_all_pretrained_networks():
    rows = trials.backbone_costs()
    assert {name.split(",")[0] for name, _, _ in rows} == {"squeezenet1_1", "mobilenet_v2_035", "texture_net"}
    assert len(rows) == 6
    assert all(macs > 0 for _, macs, _ in rows)


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(monkeypatch, two_greys):
    """With 200 pictures of two classes in place of EuroSAT, on one thread: that the code runs, not what it finds."""
    # As large as EuroSAT's: SqueezeNet's real weights, where this machine has them, have no layer left for less.
    times = 64 // two_greys.images.shape[-1]
    large = two_greys.changed(lambda images: images.repeat_interleave(times, -1).repeat_interleave(times, -2))
    monkeypatch.setattr(experiments, "eurosat", lambda n: large)
    for experiment in trials.EXPERIMENTS:
        for variant in list(experiment.variants)[:2]:
            run = experiment.small()[variant].task(0).measure()
            assert (run.n, run.source) == ({"test accuracy": 20}, "generated")
            assert 0 <= run.metrics["test accuracy"] <= 1
