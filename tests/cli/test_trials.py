"""`course trials list | run | ledger`: what they call, and how they fail."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_lib import cli, study
from course_lib.study import evidence, ledger, registry, running
from tests.study import pretend


def run(*arguments: str):
    return CliRunner().invoke(cli.app, ["trials", *arguments])


@pytest.fixture
def store(monkeypatch, tmp_path):
    """A course with one trial and an empty store."""
    trial = pretend.trial()
    known = {"demo": trial, "pretend": trial.variant.experiment}
    monkeypatch.setattr(registry, "known", lambda: known)
    monkeypatch.setattr(evidence, "shipped", lambda: tmp_path)
    return tmp_path


def test_list_has_name_claim_variants_seeds_and_verdict(store):
    study.get("demo").fill(seeds=5)
    text = run("list").output
    for part in ("demo", "It helps.", "wide | plain", "supported, 5 seeds", "pretend", "3 variants, 10 runs stored"):
        assert part in text


@pytest.mark.slow
def test_list_knows_the_courses_own():
    text = run("list").output
    assert all(one.name in text for one in (*study.all_trials(), *study.all_experiments()))


def test_run_fills_the_store_and_prints_the_outcome(store):
    result = run("run", "demo", "--seeds", "6")
    assert result.exit_code == 0
    assert len(evidence.runs("pretend")) == 12
    assert "supported: better, by more than what matters" in result.output


def test_run_takes_the_trials_own_number_of_seeds(store):
    assert run("run", "demo").exit_code == 0
    assert len(evidence.runs("pretend")) == 10


def test_a_folder_of_ones_own_gets_all_runs_and_leaves_the_evidence_alone(store, tmp_path):
    run("run", "demo")
    result = run("run", "demo", "--seeds", "6", "--into", str(tmp_path / "mine"))
    assert "6 seeds, generated" in result.output
    assert len(evidence.runs("pretend")) == 10
    assert len(evidence.runs("pretend", tmp_path / "mine")) == 12


def test_an_experiment_runs_all_its_variants(store):
    result = run("run", "pretend", "--seeds", "2")
    assert len(evidence.runs("pretend")) == 6
    assert "narrow: " in result.output


def test_jobs_and_scheduler_are_passed_on(store, monkeypatch):
    seen = {}
    monkeypatch.setattr(running, "fill", lambda variants, seeds, **how: seen.update(how, seeds=seeds))
    run("run", "demo", "--seeds", "10", "--jobs", "2", "--scheduler", "tcp://127.0.0.1:8786", "--into", "mine")
    assert seen == {"seeds": 10, "jobs": 2, "scheduler": "tcp://127.0.0.1:8786", "folder": Path("mine")}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["dem"], "Try demo"), (["demo", "--seeds", "0"], "--seeds"), (["demo", "--jobs", "0"], "--jobs")],
)
def test_what_cannot_run_is_told_in_plain_words(store, arguments, told):
    result = run("run", *arguments)
    assert result.exit_code != 0
    assert told in result.output
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_ledger_is_written_and_checked(monkeypatch, tmp_path):
    files = ledger.files
    monkeypatch.setattr(ledger, "files", lambda folder=None: files(tmp_path))
    assert run("ledger", "--check").exit_code == 1
    assert "advice_on_trial.md is out of date: course trials ledger" in run("ledger", "--check").output
    assert run("ledger").exit_code == 0
    assert run("ledger", "--check").exit_code == 0


def test_ledger_without_the_lessons_says_what_to_do(monkeypatch):
    monkeypatch.setattr(ledger.places, "repository", lambda: None)
    result = run("ledger")
    assert result.exit_code == 1
    assert "Clone the course's repository" in result.output
