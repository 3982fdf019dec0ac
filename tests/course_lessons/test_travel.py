"""3c: the map is parted as its settings say, what is measured is right, and the evidence holds what the lesson says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib import data, features, study
from course_lib.data import ImageSet
from course_lib.data.places import shipped
from course_lib.lessons.own_pictures import Row
from course_lib.lessons.transfer import experiments, travel, travel_trials, your_map
from course_lib.lessons.transfer.exercises import lost_to

LINE = {"by": "latitude", "reverse": True, "kept": 0.9, "test": 0.2}


@pytest.fixture
def towns(two_greys) -> ImageSet:
    """Dark and light pictures of 64 pixels: the dark ones lie more in the south, and in the far south they are grey."""
    generator = torch.Generator().manual_seed(1)
    large = two_greys.images.repeat_interleave(4, -1).repeat_interleave(4, -2)
    north = torch.rand(len(large), generator=generator, dtype=torch.float64) * 20 + 40 + 2 * two_greys.labels
    places = torch.stack([torch.rand(len(large), generator=generator, dtype=torch.float64) * 20, north], dim=1)
    return ImageSet.of(large, two_greys.labels, two_greys.classes, places=places)


# --- the map ---


def test_a_line_parts_nine_tenths_and_each_seed_leaves_out_others(towns):
    (train, test), (again, _) = (travel.parts(towns, LINE, seed) for seed in (0, 1))
    assert (len(train), len(test)) == (144, 36)
    assert train.places[:, 1].min() > test.places[:, 1].max()
    assert set(train.rows.tolist()) != set(again.rows.tolist())


def test_what_is_random_is_not_parted_by_the_map(towns):
    train, test = travel.parts(towns, {**LINE, "by": "random"}, 0)
    assert train.places[:, 1].min() < test.places[:, 1].max()


@pytest.mark.slow
def test_the_stand_in_lies_where_its_classes_lie():
    drawn = data.load("eurosat", source="stand-in").subset(300, seed=0)
    lent = travel.on_the_map(drawn)
    assert not lent.places.isnan().any()
    assert torch.equal(lent.images, drawn.images)
    assert travel.on_the_map(lent) is lent
    pasture, heath = (lent.places[lent.labels == lent.classes.index(kind), 1].mean()
                      for kind in ("Pasture", "HerbaceousVegetation"))  # fmt: skip
    assert pasture > heath + 3  # degrees: it lies further north, as EuroSAT's does


@pytest.mark.slow
def test_the_map_is_as_the_lesson_says():
    """Nearly half have a neighbour within 700 m, and there are 17 cells of 10°."""
    from sklearn.neighbors import BallTree

    table = np.loadtxt(shipped("eurosat_places.csv"), delimiter=",", skiprows=1, usecols=(1, 2))
    nearest = BallTree(np.radians(table[:, ::-1]), metric="haversine").query(np.radians(table[:, ::-1]), k=2)[0][:, 1]
    assert 0.48 < (6371 * nearest < 0.7).mean() < 0.5
    assert len(np.unique(np.floor(table / 10), axis=0)) == 17


# --- who answers ---


@pytest.mark.slow
def test_the_heads_by_adam_are_the_course_s_probes():
    """Two that learn in one go, from different pictures: each is the probe of its own pictures."""
    chance = np.random.default_rng(0)
    labels = np.arange(900) % 3
    numbers = (chance.normal(size=(900, 20)) + 1.2 * np.eye(3, 20)[labels]).astype(np.float32)
    learn = torch.zeros(2, 900, dtype=torch.bool)
    learn[0, :600], learn[1, 300:600] = True, True
    settings = {"C": 0.01, "passes": 60, "batch": 50, "rate": 1e-2}
    heads = travel.linear_heads(torch.tensor(numbers), torch.tensor(labels), 3, learn, settings, 0)
    for number, mine in enumerate(learn.numpy()):
        probe = features.probe(numbers[mine], labels[mine], numbers[600:], labels[600:], C=0.01)
        ours = heads.at(number).logits(torch.tensor(numbers[600:])).softmax(dim=1)
        theirs = probe.log_probabilities(numbers[600:]).exp()
        assert (ours.argmax(dim=1) == theirs.argmax(dim=1)).float().mean() > 0.98
        assert (ours - theirs).abs().mean() < 0.02


def test_no_head_sees_what_another_learns():
    numbers, labels = torch.randn(60, 4, generator=torch.Generator().manual_seed(0)), torch.arange(60) % 2
    settings = {"C": 1.0, "passes": 3, "batch": 20, "rate": 1e-2}
    learn = torch.ones(2, 60, dtype=torch.bool)
    learn[0, 40:] = False
    first = travel.linear_heads(numbers, labels, 2, learn, settings, 0).at(0)
    strange = labels.clone()
    strange[40:] = 1 - strange[40:]
    again = travel.linear_heads(numbers, strange, 2, learn, settings, 0).at(0)
    assert torch.equal(first.weight, again.weight)


def test_own_statistics_undo_a_shift_that_all_test_pictures_share(monkeypatch, towns):
    """What lies south of the line is larger by five in each feature."""
    parted = {**travel_trials.PROBE, **LINE, "pictures": None, "name": "none", "together": [["latitude", True]]}
    _, test = travel.parts(towns, parted, 0)
    numbers = towns.labels[:, None].expand(-1, 4).clone().float()
    numbers[test.rows] += 5
    monkeypatch.setattr(travel, "_embeddings", lambda *_: numbers)
    monkeypatch.setattr(experiments, "eurosat", lambda n: towns)
    travel._trained_heads.cache_clear()
    right = {
        kind: travel.across_the_map({**parted, "way": "probe", "statistics": kind}, 0).metrics["test accuracy"]
        for kind in ("training", "own")
    }
    travel._trained_heads.cache_clear()
    assert right["own"] == 1 > right["training"]


def test_changed_pictures_are_pictures_of_the_same_shape(towns):
    images = towns.images[:20]
    for name, change in travel.CHANGES.items():
        shown = change(images)
        assert (shown.shape, shown.dtype) == (images.shape, images.dtype)
        assert torch.equal(shown, change(images)), "the same each time"
        assert torch.equal(shown, images) is (name == "nothing")


# --- what is measured ---


def test_what_is_measured_is_right_on_an_example(towns):
    train, test = towns.at(torch.arange(100)), towns.at(torch.arange(100, 110))
    logits = torch.full((10, 2), -3.0)
    logits[torch.arange(10), test.labels] = 3.0
    logits[0] = logits[0].flip(0)
    found = travel.measured(logits, train, test, 1.0)
    assert found.metrics["test accuracy"] == pytest.approx(0.9)
    assert found.metrics["balanced accuracy"] == pytest.approx(0.9)
    assert found.metrics["at least 90 % sure"] == 1
    assert found.counted["recall of dark"] == 5
    assert found.metrics["recall of light"] + found.metrics["recall of dark"] == pytest.approx(1.8)


def test_who_is_told_the_mix_finds_the_common_class(towns):
    """Logits that say nothing: half of them right without the mix, and nine of ten with it."""
    train = towns.at(torch.arange(100))
    test = towns.at(
        torch.cat([torch.nonzero(towns.labels == 1).ravel()[:90], torch.nonzero(towns.labels == 0).ravel()[:10]])
    )
    scores = travel.told_the_mix(torch.zeros(100, 2), train, test)
    assert (scores.argmax(dim=1) == test.labels).float().mean() == pytest.approx(0.9)


# --- the evidence ---


@pytest.mark.parametrize("experiment", travel_trials.EXPERIMENTS, ids=lambda one: one.name)
def test_all_is_real_and_one_class_alone_does_not_reach_the_north(experiment):
    for run in study.runs(experiment.name):
        assert run.source == "real"
        lacking = [kind for kind in travel_trials.CLASSES if not run.n[f"recall of {kind}"]]
        assert lacking == (["PermanentCrop"] if run.variant.endswith("south to north") else [])
        share = np.array([run.n[f"recall of {kind}"] for kind in travel_trials.CLASSES]) / run.n["test accuracy"]
        recall = np.array([run.metrics[f"recall of {kind}"] for kind in travel_trials.CLASSES])
        assert share @ recall == pytest.approx(run.metrics["test accuracy"])


@pytest.mark.parametrize("trial", travel_trials.TRIALS, ids=lambda one: one.name)
def test_five_seeds_decide_none_of_the_trials(trial):
    """They are judged on whole cells, and which cells are dealt changes more than what is tried."""
    assert study.outcome(trial.name).verdict.word == "undecided"


# The table of the issue that asked: accuracy, balanced accuracy in %, of one to three splits each.
ASKED = {
    "random": (89.0, 88.6),
    "cells of 0.1°": (88.5, 87.9),
    "cells of 1°": (87.2, 86.0),
    "cells of 3°": (84.1, 85.3),
    "west to east": (85.1, 79.8),
    "east to west": (79.6, 78.7),
    "south to north": (88.0, 86.0),
    "north to south": (74.7, 74.3),
}


@pytest.mark.parametrize("split", ASKED)
def test_the_first_look_comes_out_again(split):
    """Within two points, and three where cells of 3° are dealt: they differ by as much from seed to seed."""
    near = 3 if split == "cells of 3°" else 2
    for metric, asked in zip(("test accuracy", "balanced accuracy"), ASKED[split], strict=True):
        assert 100 * travel_trials.by_split("MobileNetV2", metric)[split].mean == pytest.approx(asked, abs=near)


def test_what_is_lost_is_lost_to_the_mix_or_to_the_look():
    for network in ("SqueezeNet", "MobileNetV2"):
        accuracy = travel_trials.by_split(network)
        for split in travel_trials.SPLITS:
            parted = travel_trials.lost(network, split)
            assert parted.whole == pytest.approx(accuracy["random"].mean - accuracy[split].mean)


def test_the_loss_is_parted_as_the_exercise_has_it():
    home, far = (travel_trials.recalls_and_shares("SqueezeNet", name) for name in ("random", "north to south"))
    mix, look = lost_to.reference(*map(torch.tensor, (*home, *far)))
    parted = travel_trials.lost("SqueezeNet", "north to south")
    assert (float(mix), float(look)) == pytest.approx((parted.mix, parted.look), abs=0.005)


def test_no_runs_no_table():
    with pytest.raises(ValueError, match=r"no run is stored.*SqueezeNet"):
        travel_trials.by_split("AlexNet")


def test_the_lines_on_the_map_are_where_the_split_cuts(towns):
    rows = travel_trials.on_map("MobileNetV2", towns)
    assert [row["by"] for row in rows[:3]] == ["random", "cells", "cells"]
    line = next(row for row in rows if row["by"] == "latitude" and row["reverse"])
    train, test = data.geographic_split(towns, by="latitude", reverse=True)
    assert test.places[:, 1].max() <= line["value"] <= train.places[:, 1].min()


# --- twins ---

ROOT = Path(__file__).resolve().parents[2]
HEADLINE = re.compile(r'\b(?:floor|probes|start)\["([^"]+)"\]')  # a row of README's figure


def without_a_twin(source: str) -> list[str]:
    return [name for name in HEADLINE.findall(source) if name not in {*travel_trials.TWINS, *travel_trials.UNTRAVELLED}]


def test_each_row_of_readme_s_figure_has_a_twin_or_is_known_to_have_none():
    source = (ROOT / "tools/overview.py").read_text(encoding="utf-8")
    assert len(HEADLINE.findall(source)) >= 6
    assert without_a_twin(source) == []
    assert without_a_twin('start["fine-tuned for ever"]') == ["fine-tuned for ever"]


@pytest.mark.parametrize("variant", travel_trials.TWINS)
def test_a_twin_is_of_the_same_way_to_answer(variant):
    """On a random split both agree within a point and a half: a tenth of the pictures is left out, the head another."""
    printed = study.summary("probe_backbones")[variant].mean
    assert travel_trials.by_split(travel_trials.TWINS[variant])["random"].mean == pytest.approx(printed, abs=0.015)
    assert re.fullmatch(
        r"\d\d % on a random split; \d\d % where .*, \d\d % from north to south", travel_trials.twin(variant)
    )


def test_what_did_not_travel_has_no_twin():
    with pytest.raises(ValueError, match=r"'fine-tuned from ImageNet'; there are twins of"):
        travel_trials.twin("fine-tuned from ImageNet")


# --- your pictures ---


@pytest.mark.slow
def test_own_pictures_have_three_rows_for_each_split(towns):
    look = your_map.travels(towns)
    assert len(look.rows) == 9
    assert {row.n for row in look.rows} == {40}
    splits = [row.name.partition(": ")[0] for row in look.rows[::3]]
    assert splits == ["random", "far north", "far south"]


def test_both_ends_of_the_map_are_tested(towns):
    splits = your_map.splits(towns, seed=0)
    latitude = {name: test.places[:, 1] for name, (_, test) in splits.items()}
    middle = towns.places[:, 1].median()
    assert latitude["far north"].min() > middle > latitude["far south"].max()
    assert len(latitude["far north"]) == len(latitude["far south"]) == len(towns) // 5


def test_own_pictures_without_places_are_refused_with_a_way_out(two_greys):
    with pytest.raises(ValueError, match=r"0 of 200 pictures with a place.*table='places.csv'"):
        your_map.travels(two_greys)


def test_the_longer_side_is_measured_in_kilometres(towns):
    narrow = towns.places * torch.tensor([1.5, 1.0], dtype=torch.float64)
    here = ImageSet.of(towns.images, towns.labels, towns.classes, places=narrow)
    assert not your_map.wider_than_high(towns)
    far_north = narrow.clone()
    far_north[:, 1] = 70 + (narrow[:, 1] - 40) * 0.9
    there = ImageSet.of(towns.images, towns.labels, towns.classes, places=far_north)
    assert your_map.wider_than_high(here)
    assert not your_map.wider_than_high(there), "at 70° north a degree of longitude is a third as long"


@pytest.mark.parametrize(
    ("home", "north", "south", "begins"),
    [
        (95, 94, 70, "The frozen network is right 25 points less often in the far south"),
        (95, 70, 94, "The frozen network is right 25 points less often in the far north"),
        (70, 95, 70, "One end is easier"),
        (90, 88, 92, "100 pictures are too few"),
        (95, 94, 85, "The frozen network is right 10 points less often in the far south"),
    ],
)
def test_advice_speaks_only_of_sure_differences(home, north, south, begins):
    rows = [Row(f"{name}: all", right, 100) for name, right in (("far north", north), ("far south", south))]
    assert your_map.advice(Row("random: all", home, 100), *rows).startswith(begins)


def test_the_interval_of_a_difference_is_newcombe_s():
    """His example, table II, method 10: 56 of 70 against 48 of 80."""
    assert Row("a", 56, 70).ahead_of(Row("b", 48, 80)) == pytest.approx((0.0524, 0.3339), abs=1e-4)


@pytest.mark.filterwarnings("ignore::course_lib.data.StandInWarning")
@pytest.mark.slow
@pytest.mark.parametrize("experiment", travel_trials.EXPERIMENTS, ids=lambda one: one.name)
def test_every_experiment_can_be_run_anew_on_a_small_scale(monkeypatch, towns, experiment):
    """With 200 pictures of two classes: that the code runs, not what it finds."""
    monkeypatch.setattr(experiments, "eurosat", lambda n: towns)
    for kept in (travel._embeddings, travel._trained_heads):
        kept.cache_clear()
    wanted = [name for name in experiment.metrics if not name.startswith("recall of")]
    for variant in (next(iter(experiment.variants)), list(experiment.variants)[-1]):
        settings = study.Settings(experiment.small()[variant].settings)
        found = experiment.run(settings, 0)
        assert not settings.unread
        assert all(np.isfinite(found.metrics[name]) for name in wanted)
    for kept in (travel._embeddings, travel._trained_heads):
        kept.cache_clear()
