"""What the chapter on kernels reads from the evidence is there, whole, and fair; its counts are those of PyTorch."""

from __future__ import annotations

from statistics import mean

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib import data, models, study
from course_lib.data import places
from course_lib.lessons.kernels import experiments, pictures, timing, trials, variants, your_pictures
from course_lib.lessons.own_pictures import Row
from course_lib.models import Conv, convolution

EXPERIMENTS = {experiment.name: experiment for experiment in trials.EXPERIMENTS}
REAL = {"thin_roads", "eurosat_networks"}
TASKS = [variants.HUE, variants.LINES, variants.ROADS]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_source_is_the_right_one(name):
    (metric,) = EXPERIMENTS[name].metrics
    for run in study.runs(name):
        satellite = name in REAL or run.variant.startswith("roads")
        assert run.source == ("real" if satellite else "generated")
        value = run.metrics[metric]
        assert value > 0 if name == "kernel_seconds" else 0 <= value <= 1


VERDICTS = {
    "thin_hue_weights": "undecided",
    "thin_hue_macs": "undecided",
    "thin_hue_time": "undecided",
    "thin_hue_later": "undecided",
    "thin_lines_weights": "supported",
    "thin_lines_macs": "supported",
    "thin_lines_time": "supported",
    "thin_lines_later": "undecided",
    "thin_roads_weights": "undecided",
    "thin_roads_macs": "refuted",
    "thin_roads_time": "refuted",
    "thin_roads_later": "undecided",
    "thin_lines_depth": "undecided",
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


@pytest.mark.parametrize("trial", trials.TRIALS, ids=lambda trial: trial.name)
def test_the_verdicts(trial):
    assert trial.seeds >= 10
    assert trial.outcome().verdict.word == VERDICTS[trial.name]


def test_every_trial_leads_to_a_notebook_that_is_there():
    twins = places.repository() / "lessons" / "src"
    assert {trial.lesson for trial in trials.TRIALS} <= {path.stem for path in twins.glob("02*.py")}


# --- the comparisons are as fair as they say ---


def size(settings) -> tuple[int, int]:
    """(weights, MACs) of its convolutions, without biases."""
    layers, channels = experiments.convolutions(settings), (3, *settings["widths"])
    return convolution.weights(layers, channels), convolution.macs((48, 48), layers, channels)


@pytest.mark.parametrize("networks", TASKS, ids=["hue", "lines", "roads"])
def test_equal_weights_and_macs_are_equal_to_three_per_cent(networks):
    weights, macs = size(networks[variants.PAIR])
    assert size(networks[variants.WEIGHTS])[0] == pytest.approx(weights, rel=0.03)
    assert size(networks[variants.LATER])[0] == pytest.approx(weights, rel=0.03)
    assert size(networks[variants.MACS])[1] == pytest.approx(macs, rel=0.03)


def test_all_rivals_see_as_far():
    for settings in variants.HUE.values():
        height, width = convolution.receptive_field(experiments.convolutions(settings)).size
        assert height == width
        assert 31 <= height <= 35


@pytest.mark.parametrize(
    ("networks", "outputs"), [(variants.HUE_NETWORKS, 2), (variants.EUROSAT_NETWORKS, 10)], ids=["hue", "ten"]
)
def test_branches_and_shallow_paths_have_equally_many_weights(networks, outputs):
    counted = {
        name: sum(w.numel() for w in experiments.build(settings, outputs=outputs).parameters())
        for name, settings in networks.items()
        if "×" not in name or "3×3" in name
    }
    assert len(counted) == 3
    assert max(counted.values()) < 1.02 * min(counted.values())


@pytest.mark.parametrize("name", variants.STACKS)
def test_what_is_counted_is_what_pytorch_builds(name):
    counted, network = timing.counts(variants.STACKS[name]), timing.stack(variants.STACKS[name])
    macs: list[int] = []
    kept: list[int] = []
    for layer in network:
        layer.register_forward_hook(lambda layer, _, out: macs.append(layer.weight.numel() * out[0, 0].numel()))
        layer.register_forward_hook(lambda layer, _, out: kept.append(out.numel()))
    out = network(torch.zeros(1, 16, 64, 64))
    assert counted.weights == sum(w.numel() for w in network.parameters())
    assert (counted.macs, counted.kept) == (sum(macs), sum(kept))
    assert counted.leaves == tuple(out.shape[2:])
    assert f"{counted.leaves[0]}×{counted.leaves[1]}" in str(counted)


# --- the runs ---


def draw(chosen, seed: int, n_train: int, n_test: int):
    source = "real" if chosen["kind"] == "eurosat" else "generated"
    return pictures.draw(chosen, seed, n_train=n_train, n_test=n_test, source=source)


def test_each_seed_draws_other_pictures_and_parts_do_not_overlap():
    train, test = draw(variants.FAINT_LINES, 0, 20, 10)
    other = draw(variants.FAINT_LINES, 1, 20, 10)[0]
    assert (len(train), len(test), train.shape) == (20, 10, (3, 48, 48))
    assert not set(train.rows.tolist()) & set(test.rows.tolist())
    assert not torch.equal(train.images, other.images)
    assert train.counts == {"A": 10, "B": 10}


def test_turned_pictures_are_the_middle_of_larger_ones():
    upright, quarter, slanted = (
        draw({**variants.LARGER_LINES, "turned": degrees}, 0, 8, 2)[0].images for degrees in (0.0, 90.0, 45.0)
    )
    assert upright.shape == quarter.shape == slanted.shape == (8, 3, variants.SIDE, variants.SIDE)
    assert torch.equal(quarter, upright.rot90(1, (2, 3)))
    assert (slanted.float().mean() - upright.float().mean()).abs() < 3  # no black corners
    assert (slanted.float().std() / upright.float().std() - 1).abs() < 0.05  # as much noise


@pytest.mark.slow
def test_roads_are_the_middle_of_highways_and_rivers(eurosat):
    train, _ = draw(variants.HIGHWAYS_AND_RIVERS, 0, 40, 20)
    assert train.classes == ("Highway", "River")
    assert min(train.counts.values()) >= 15
    highways = eurosat.images[eurosat.labels == eurosat.classes.index("Highway")][:, :, 8:56, 8:56]
    road = train.images[train.labels == 0][0]
    assert (highways == road).all(dim=(1, 2, 3)).any()


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
@pytest.mark.parametrize("name", EXPERIMENTS)
@pytest.mark.slow
def test_every_experiment_can_be_run_anew_on_a_small_scale(name, monkeypatch, two_greys):
    """With 100 grey pictures of two classes: that the code runs, not what it finds."""
    large = two_greys.changed(lambda images: images.repeat_interleave(3, -1).repeat_interleave(3, -2))
    parts = large.at(range(60)), large.at(range(60, 100))
    monkeypatch.setattr(experiments, "draw", lambda *_, **__: parts)
    experiments.forget_trainings()
    experiment = EXPERIMENTS[name].small()
    for variant in experiment.variants:
        run = experiment[variant].task(0).measure()
        assert run.source == "generated"
        assert all(value > 0 for value in run.metrics.values())
    experiments.forget_trainings()


def test_runs_that_look_at_one_network_share_its_training(monkeypatch):
    trained = []
    monkeypatch.setattr(experiments, "train", lambda settings, seed: trained.append((settings, seed)))
    experiments.forget_trainings()
    for variant in (f"{variants.PAIR}, untrained", f"{variants.PAIR}, trained", f"{variants.LATER}, trained"):
        experiments.train_once(variants.FIELDS[variant], 0)
    experiments.train_once(variants.FIELDS[f"{variants.PAIR}, trained"], 1)
    assert len(trained) == 3
    experiments.train_once({**variants.FIELDS[f"{variants.PAIR}, trained"], "epochs": 9}, 0)
    assert len(trained) == 4
    experiments.forget_trainings()


def test_a_training_that_diverges_is_as_good_as_guessing(monkeypatch):
    def diverge(*_, **__):
        raise FloatingPointError("the loss became nan")

    monkeypatch.setattr(experiments, "train", diverge)
    settings = EXPERIMENTS["thin_hue"].small().variants[variants.PAIR]
    assert experiments.train_network(settings, 0).metrics == {"test accuracy": 0.5}


def test_a_fifth_of_the_time_is_the_time_divided_by_five(monkeypatch):
    monkeypatch.setattr(models, "milliseconds", lambda *_, **__: 100.0)
    times = {name: timing.time_forward(variants.SECONDS[name], 0).metrics for name in (variants.SINGLE, variants.FIFTH)}
    assert times[variants.SINGLE] == {"forward pass of 8 pictures": 100.0}
    assert times[variants.FIFTH] == {"forward pass of 8 pictures": 20.0}


def test_depthwise_is_a_group_a_channel():
    depthwise, mixing = timing.stack(variants.STACKS["30×30 depthwise, then 1×1"])
    assert (depthwise.groups, mixing.groups) == (16, 1)
    assert experiments.convolutions(variants.STACKS["four 3×3, stride 2"]) == (Conv(3, stride=2, padding=1),) * 4


# --- what the text of the notebooks says, beyond what they compute ---


def test_the_best_possible_is_what_two_bells_give():
    gap, spread = variants.HUES["hue_gap"], variants.HUES["hue_spread"]
    right = torch.distributions.Normal(0, 1).cdf(torch.tensor(gap / 2 / spread))
    assert round(float(right), 3) == 0.909


def test_one_seed_decides_the_comparison_on_twice_the_pictures():
    found = study.outcome("thin_lines_twice")
    sizes = sorted(abs(100 * found.differences))
    assert sizes[-1] > 40
    assert sizes[-2] < 13
    assert sizes[-3] < 4
    assert 100 * found.verdict.high > 50  # more than a network that guesses could be behind
    assert abs(mean(sorted(100 * found.differences)[:-1])) < 2


def test_on_small_pictures_the_pair_saves_nothing():
    one, two = (timing.counts(variants.STACKS[name], (32, 32)).macs for name in (variants.SINGLE, variants.PAIR))
    assert 0.95 < one / two < 1.05


# --- a reader's own pictures ---


@pytest.fixture
def folder(tmp_path):
    """Two classes of six noisy pictures, 40 wide and 90 high; the last one lies on its side, and says so."""
    r = np.random.default_rng(0)
    for label, name in enumerate(("dark", "light")):
        (tmp_path / name).mkdir()
        for k in range(6):
            turned = label == 1 and k == 5
            pixels = r.integers(60 + 80 * label, 120 + 80 * label, (40, 90, 3) if turned else (90, 40, 3), np.uint8)
            exif = Image.Exif()
            exif[0x0112] = 6 if turned else 1
            Image.fromarray(pixels).save(tmp_path / name / f"{k}.jpg", exif=exif)
    return str(tmp_path)


@pytest.mark.slow
def test_costs_are_those_at_the_size_of_the_pictures(folder):
    found = your_pictures.costs(folder)
    assert found.size == (90, 40)
    by_name = {row.name: row for row in found.rows}
    assert by_name.keys() == variants.STACKS.keys()
    layers = experiments.convolutions(variants.STACKS[variants.PAIR])
    assert by_name[variants.PAIR].counts.macs == convolution.macs((90, 40), layers, (16, 16, 16))
    assert all(row.milliseconds > 0 for row in found.rows)
    assert "33% of your pictures' height" in str(found)


def test_costs_of_pictures_that_are_too_small_or_too_large():
    tiny = your_pictures.costs(data.spectrograms(1, side=24))
    assert "does not fit" in str(tiny)
    assert "take smaller ones" in tiny.next
    large = your_pictures.costs(data.spectrograms(1, side=24), size=(600, 300))
    assert [row.milliseconds for row in large.rows] == [None] * len(variants.STACKS)
    assert large.size == (600, 300)


@pytest.mark.slow
@pytest.mark.parametrize("ask", [your_pictures.kernels, your_pictures.branches])
def test_networks_are_tried_on_a_folder(ask, folder, monkeypatch):
    monkeypatch.setattr(your_pictures, "STEPS", 2)
    look = ask(folder)
    assert {row.n for row in look.rows} == {2}
    assert look.next in str(look)


@pytest.mark.parametrize(
    ("right", "begins"),
    [
        ((50, 52, 51, 50, 53), "Nothing here"),
        ((50, 70, 71, 72, 97), "The frozen network is ahead"),
        ((50, 60, 61, 95, 70), "Thin kernels are ahead of both"),
        ((50, 60, 90, 95, 70), "A later stride is ahead"),
        ((50, 95, 94, 60, 70), "The square kernels"),
        ((50, 80, 81, 82, 84), "Between thin and square"),
    ],
)
def test_advice_on_kernels_goes_by_the_intervals(right, begins):
    assert your_pictures.advice_on_kernels(*(Row("a", k, 100) for k in right)).startswith(begins)


@pytest.mark.parametrize(
    ("right", "begins"),
    [
        ((50, 52, 50, 53, 51, 50), "Nothing here"),
        ((50, 95, 94, 96, 95, 90), "Nothing here is surely ahead of colour"),
        ((50, 60, 70, 72, 71, 97), "The frozen network is ahead"),
        ((50, 60, 70, 95, 71, 80), "Ahead of the single branch: d."),
        ((50, 60, 85, 88, 86, 80), "Between the small networks"),
    ],
)
def test_advice_on_branches_goes_by_the_intervals(right, begins):
    rows = [Row(name, k, 100) for name, k in zip("abcdef", right, strict=True)]
    assert your_pictures.advice_on_branches(*rows).startswith(begins)


@pytest.mark.slow
def test_kernels_to_be_looked_at_need_no_real_pictures_and_those_that_count_do(empty_machine):
    before, after = experiments.first_kernels(variants.RANKS["roads: trained"], seed=0)
    assert before.shape == after.shape
    with pytest.raises(data.DataError):
        experiments.rank_of_kernels({**variants.RANKS["roads: trained"], "kernels": "trained"}, seed=0)
