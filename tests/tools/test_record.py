"""`make record`: each run is kept as it ends and run once, what is wrong is told, and the table says what is there."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch

from course_lib import data
from course_lib.data import ImageSet
from course_lib.lessons.record import clock
from course_lib.study import evidence
from tools import record


def by_brightness(train, test_images, seed):
    return (test_images.float().mean(dim=(1, 2, 3)) > 100).long()


def all_light(train, test_images, seed):
    return torch.ones(len(test_images), dtype=torch.int64)


@pytest.fixture
def ran(monkeypatch, two_greys) -> list[tuple[str, str, int]]:
    """Two entries of no time on 200 greys with places; what was run is noted here: (entry, split, seed)."""
    east = torch.stack([torch.linspace(0, 30, 200), torch.full((200,), 50.0)], dim=1)
    greys = ImageSet.of(two_greys.images, two_greys.labels, two_greys.classes, places=east)
    monkeypatch.setattr(data, "load", lambda name, source: greys)
    for name in list(record.ENTRIES):
        monkeypatch.delitem(record.ENTRIES, name)
    monkeypatch.setitem(record.ENTRIES, "bright", by_brightness)
    monkeypatch.setitem(record.ENTRIES, "light", all_light)
    noted, attempt = [], clock.attempt

    def noting(name, entry, pictures, *, split, seed):
        noted.append((name, split, seed))
        return attempt(name, entry, pictures, split=split, seed=seed)

    monkeypatch.setattr(clock, "attempt", noting)
    return noted


def asked(folder, *arguments: str) -> int:
    return record.main([*arguments, "--into", str(folder)])


# --- runs ---


def test_each_entry_split_and_seed_gets_a_line_and_the_table_a_row(ran, tmp_path, capsys):
    assert asked(tmp_path, "--seeds", "2") == 0
    assert len(ran) == len(evidence.runs(record.NAME, tmp_path)) == 8
    assert [seed for _, _, seed in ran] == 4 * [0] + 4 * [1]
    shown = capsys.readouterr().out
    bright, light = (line for line in shown.splitlines() if line.split()[1:2] == ["random"])
    assert "100.00 ± 0.00 %  100.00 ± 0.00 %  2      40" in bright
    assert "50.00 ± 0.00 %" in light
    assert bright.endswith("today's")
    assert f"{clock.hardware()}; python " in shown
    assert "not reached" in shown
    run = evidence.runs(record.NAME, tmp_path)[0]
    assert (run.n["test accuracy"], run.n["cores busy"], run.source) == (40, 0, "generated")
    assert {"torch", "course", "code"} <= set(run.versions)


def test_what_is_there_is_not_run_again(ran, tmp_path):
    asked(tmp_path, "bright", "--split", "random", "--seeds", "2")
    ran.clear()
    asked(tmp_path, "bright", "bright", "--seeds", "3")
    assert ran == [("bright", "geographic", 0), ("bright", "geographic", 1), ("bright", "random", 2),
                   ("bright", "geographic", 2)]  # fmt: skip


@pytest.mark.parametrize("changed", ["code", "hardware"])
def test_other_code_and_other_hardware_are_other_runs(ran, tmp_path, monkeypatch, changed, capsys):
    asked(tmp_path, "bright", "--split", "random", "--seeds", "1")
    if changed == "code":
        monkeypatch.setattr(record, "code_digest", lambda entry: "another")
    else:
        monkeypatch.setattr(clock, "hardware", lambda: "a faster one, 2 threads, 2 cores")
    asked(tmp_path, "bright", "--split", "random", "--seeds", "1")
    assert len(ran) == 2
    shown = capsys.readouterr().out.rpartition("seed 0: ")[2]
    assert shown.count("bright  random") == 2
    assert ("an earlier one" in shown) is (changed == "code")
    assert ("a faster one" in shown) is (changed == "hardware")


def test_broken_off_it_keeps_what_had_ended_and_goes_on(ran, tmp_path, monkeypatch):
    def interrupted(train, test_images, seed):
        raise KeyboardInterrupt

    monkeypatch.setitem(record.ENTRIES, "light", interrupted)
    with pytest.raises(KeyboardInterrupt):
        asked(tmp_path, "--seeds", "1", "--split", "random")
    assert [run.variant for run in evidence.runs(record.NAME, tmp_path)] == ["bright, random"]
    ran.clear()
    monkeypatch.setitem(record.ENTRIES, "light", all_light)
    asked(tmp_path, "--seeds", "1", "--split", "random")
    assert ran == [("light", "random", 0)]


def test_the_table_alone_runs_nothing(ran, tmp_path, capsys):
    assert asked(tmp_path, "--table") == 0
    assert "has no run yet" in capsys.readouterr().out
    assert ran == []
    assert not list(tmp_path.iterdir())


# --- what is wrong ---


@pytest.mark.parametrize(
    "answer", [lambda n: torch.zeros(n - 1), lambda n: torch.full((n,), 9), lambda n: torch.full((n,), torch.nan)]
)
def test_a_wrong_entry_is_told_and_nothing_is_written(ran, tmp_path, monkeypatch, answer, capsys):
    monkeypatch.setitem(record.ENTRIES, "light", lambda train, images, seed: answer(len(images)))
    assert asked(tmp_path, "light", "--seeds", "1") == 1
    told = capsys.readouterr().err
    assert told.startswith("record: light got predictions")
    assert len(told.splitlines()) == 1
    assert evidence.runs(record.NAME, tmp_path) == []


def test_an_entry_that_diverges_is_told(ran, tmp_path, monkeypatch, capsys):
    def diverges(train, test_images, seed):
        raise FloatingPointError("the training loss became nan")

    monkeypatch.setitem(record.ENTRIES, "light", diverges)
    assert asked(tmp_path, "light") == 1
    assert "record: the training loss became nan" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["resnet"], "no entry is called 'resnet'; there are: bright, light"),
        (["--seeds", "0"], "got --seeds 0; it wants 1 or more"),
        (["--split", "stratified"], "invalid choice"),
    ],
)
def test_what_is_not_there_is_refused_before_anything_runs(ran, tmp_path, arguments, complaint, capsys):
    with pytest.raises(SystemExit):
        asked(tmp_path, *arguments)
    assert complaint in capsys.readouterr().err
    assert ran == []


def test_without_real_pictures_nothing_is_measured(empty_machine, tmp_path, capsys):
    assert asked(tmp_path / "runs", "--seeds", "1") == 1
    assert capsys.readouterr().err.startswith("record: ")
    assert not (tmp_path / "runs").exists()


def test_a_line_that_is_no_run_is_named(tmp_path, capsys):
    (tmp_path / "record.jsonl").write_text("[1]\n{}\n")
    assert asked(tmp_path, "--table") == 1
    assert "record.jsonl, line 1 is no run" in capsys.readouterr().err


# --- the goal ---


def runs(accuracy: float, seconds: float, *, seeds: int = 5, split: str = "random", first: int = 0):
    attempt = clock.Attempt(accuracy, accuracy, 5_400, seconds, 1.97, "a CPU, 2 threads, 2 cores", "real")
    made = [record.measured("lite0_one_cycle", split, seed, attempt) for seed in range(first, first + seeds)]
    return [replace(run, metrics=run.metrics | {"test accuracy": accuracy + 1e-4 * (run.seed % 2)}) for run in made]


@pytest.mark.parametrize(
    ("given", "reached"),
    [
        ({"accuracy": 0.9857, "seconds": 300}, True),
        ({"accuracy": 0.9850, "seconds": 300}, False),
        ({"accuracy": 0.9857, "seconds": 301}, False),
        ({"accuracy": 0.9857, "seconds": 300, "seeds": 4}, False),
        ({"accuracy": 0.9857, "seconds": 300, "split": "geographic"}, False),
        ({"accuracy": 0.9857, "seconds": 300, "first": 1}, False),  # a seed was left out
    ],
)
def test_the_goal_is_reached_by_the_mean_of_five_seeds_each_in_time(given, reached):
    assert record.reaches(runs(**given)) is reached
    assert ("reached by lite0_one_cycle" in record.table(runs(**given))) is reached


def test_a_single_seed_has_no_spread_and_five_have():
    assert "98.40 %  " in record.table(runs(0.984, 310.4, seeds=1))
    shown = record.table(runs(0.984, 310.4))
    assert "98.40 ± 0.01 %" in shown
    assert "5,400  310 ± 0  1.97" in shown


def test_what_is_kept_in_the_evidence_is_real_and_of_entries_that_are_there():
    for run in evidence.runs(record.NAME):
        name, _, split = run.variant.rpartition(", ")
        assert name in record.ENTRIES
        assert split in record.SPLITS
        assert (run.source, run.n["test accuracy"]) == ("real", 5_400)
        assert json.dumps(run.metrics)
