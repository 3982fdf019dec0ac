"""The command that runs the asker's network keeps one result a way, size and length, and says what it lacks."""

import json

import pytest
import torch

from course_lib import data
from course_lib.data import ImageSet
from tools import resnet50


@pytest.fixture
def evidence(monkeypatch, tmp_path):
    monkeypatch.setattr(resnet50, "EVIDENCE", tmp_path / "resnet50.json")
    return tmp_path / "resnet50.json"


def _found(way: str, accuracy: float, epochs: int = 1) -> dict:
    return {"way": way, "size": 64, "accuracy": accuracy, "n_val": 10, "cpu_seconds": 1, "settings": {"epochs": epochs}}


def test_a_second_run_of_a_way_replaces_the_first_and_no_other(evidence, capsys):
    for found in (_found("scratch", 0.5), _found("scratch", 0.7, epochs=2), _found("scratch", 0.6)):
        resnet50.keep(found)
    kept = json.loads(evidence.read_text())
    assert [(one["settings"]["epochs"], one["accuracy"]) for one in kept] == [(2, 0.7), (1, 0.6)]
    assert "60.0% of n = 10 right" in capsys.readouterr().out


def test_cpu_seconds_of_a_stopped_start_are_kept(tmp_path):
    first = resnet50.CpuSeconds(tmp_path / "cpu.json")
    first.start -= 10
    assert first.add() >= 10
    assert resnet50.CpuSeconds(tmp_path / "cpu.json").add() >= 10


def test_without_weights_it_says_so_and_goes_on(empty_machine, monkeypatch, capsys, two_greys):
    monkeypatch.setattr(data, "load", lambda name, source: two_greys)
    resnet50.main(["frozen"])
    told = capsys.readouterr().err
    assert "frozen, 64 px: not run." in told
    assert "frozen, 224 px: not run." in told


@pytest.mark.slow
def test_a_training_ends_with_a_whole_record(empty_machine, evidence):
    labels = torch.arange(20) % 2
    shown = ImageSet.of((labels[:, None, None, None] * 200).expand(-1, 3, 32, 32).to(torch.uint8), labels, ["a", "b"])
    resnet50.keep(resnet50.run(shown, "scratch", 32, epochs=1))
    (kept,) = json.loads(evidence.read_text())
    assert (kept["n_train"], kept["n_val"], len(kept["history"])) == (16, 4, 1)
    assert kept["peak_memory_mb"] > 100
    assert set(kept["recall"]) == {"a", "b"}
