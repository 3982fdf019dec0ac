"""Runs in this process, in others, on a cluster; and what is left when something dies in the middle."""

import json
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.study import Result, Settings, evidence, running

from . import pretend

ROOT = Path(__file__).resolve().parents[2]


def values(folder):
    """(variant, seed) → value of all that is stored."""
    return {(run.variant, run.seed): run.metrics["accuracy"] for run in evidence.runs("pretend", folder)}


def expected(name: str, seed: int) -> float:
    return pretend.value(name, pretend.VARIANTS[name], seed)


EXPECTED = {(name, seed): expected(name, seed) for seed in range(6) for name in ("wide", "plain")}


def test_each_run_is_stored_with_what_is_known_of_it(tmp_path):
    pretend.trial().fill(seeds=6, folder=tmp_path)
    assert values(tmp_path) == EXPECTED
    (first, *_) = evidence.runs("pretend", tmp_path)
    assert (first.experiment, first.variant, first.seed, first.source) == ("pretend", "wide", 0, "generated")
    assert first.metrics == {"accuracy": EXPECTED["wide", 0], "seconds": 2 + EXPECTED["wide", 0]}
    assert first.n == {"accuracy": 0, "seconds": 0}
    assert {"torch", "torchvision", "numpy", "scipy", "scikit-learn", "keras", "python"} <= set(first.versions)
    assert first.device == running.hardware()
    assert first.device.endswith(" threads") or torch.cuda.is_available()
    assert first.seconds >= 0


def test_what_a_run_tells_of_itself_is_kept(tmp_path):
    pretend.trial(pretend.run_with_details).fill(seeds=1, folder=tmp_path)
    (first, *_) = evidence.runs("pretend", tmp_path)
    assert (first.n["accuracy"], first.source, first.seconds) == (100, "stand-in", 1.5)
    assert first.device == "an abacus"


def test_work_that_leaves_the_graphics_card_idle_names_the_cpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a card")
    assert running.hardware() == "a card"
    assert running.hardware(cpu=True).endswith(f"{torch.get_num_threads()} threads")


def test_numbers_of_numpy_are_kept_as_numbers(tmp_path):
    made = Result({"accuracy": np.float32(0.5)}, n=np.int64(7))
    assert json.loads(json.dumps([made.metrics, made.counted])) == [{"accuracy": 0.5}, {"accuracy": 7}]


def test_only_what_is_missing_runs(tmp_path):
    pretend.trial().fill(seeds=2, folder=tmp_path)
    kept = evidence.runs("pretend", tmp_path)
    assert running.fill(pretend.trial().variants, 2, folder=tmp_path) == 0
    assert running.fill(pretend.trial().variants, 6, folder=tmp_path) == 8
    assert evidence.runs("pretend", tmp_path)[:4] == kept
    assert values(tmp_path) == EXPECTED


def test_changed_settings_are_run(tmp_path):
    pretend.trial(epochs=3).fill(seeds=2, folder=tmp_path)
    pretend.trial(epochs=4).fill(seeds=2, folder=tmp_path)
    assert len(evidence.runs("pretend", tmp_path)) == 8


def test_a_run_that_fails_takes_nothing_with_it(tmp_path):
    with pytest.raises(RuntimeError, match="seed 2 fails"):
        pretend.trial(pretend.fail_at_two).fill(seeds=6, folder=tmp_path)
    assert {seed for _, seed in values(tmp_path)} == {0, 1}
    pretend.trial().fill(seeds=6, folder=tmp_path)
    assert values(tmp_path) == EXPECTED


@pytest.mark.parametrize(
    ("gives", "told"),
    [
        (pretend.diverge, "a finite number for each"),
        (pretend.give_nothing, "NoneType"),
        (pretend.leave_out_a_metric, r"gave \['accuracy'\]; its experiment has \['accuracy', 'seconds'\]"),
        (pretend.leave_unread, "never read epochs"),
    ],
)
def test_what_is_no_result_is_refused(gives, told, tmp_path):
    with pytest.raises(ValueError, match=rf"pretend, 'wide', seed 0: .*{told}"):
        pretend.trial(gives).fill(seeds=1, folder=tmp_path)
    assert values(tmp_path) == {}


def test_a_setting_that_is_not_there_is_named_with_those_there_are(tmp_path):
    with pytest.raises(KeyError, match=r"no setting is called 'rate'\. There are: of, gain, scale, epochs"):
        pretend.trial(pretend.ask_for_more).fill(seeds=1, folder=tmp_path)


def test_settings_know_what_was_read():
    settings = Settings({"a": 1, "b": 2, "c": 3})
    assert (settings["a"], "b" in settings, len(settings), list(settings)) == (1, True, 3, ["a", "b", "c"])
    assert settings.unread == {"b", "c"}
    assert {**settings} == {"a": 1, "b": 2, "c": 3}
    assert settings.unread == set()


@pytest.mark.parametrize("wrong", [{"seeds": 0}, {"seeds": 1, "jobs": 0}])
def test_nothing_to_do_is_refused(wrong):
    with pytest.raises(ValueError, match="1 or more"):
        running.fill([], **wrong)


# --- other processes ---


@pytest.mark.slow
def test_two_processes_give_what_one_gives_and_share_the_cores(tmp_path, monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 6)
    pretend.trial().fill(seeds=6, jobs=2, folder=tmp_path / "runs")
    pretend.trial(pretend.run_and_tell_threads).fill(seeds=2, jobs=2, folder=tmp_path / "threads")
    assert values(tmp_path / "runs") == EXPECTED
    assert set(values(tmp_path / "threads").values()) == {3.0}


def test_alone_a_run_has_the_threads_of_its_process(tmp_path):
    pretend.trial(pretend.run_and_tell_threads).fill(seeds=1, folder=tmp_path)
    assert set(values(tmp_path).values()) == {float(torch.get_num_threads())}


KILLED = """
import sys, time
from pathlib import Path
from tests.study import pretend

def slow(settings, seed):
    time.sleep(0.05)
    return pretend.run(settings, seed)

pretend.trial(slow).fill(seeds=1000, folder=Path(sys.argv[1]))
"""


@pytest.mark.slow
def test_a_kill_loses_the_runs_in_flight_and_no_others(tmp_path):
    with subprocess.Popen([sys.executable, "-c", KILLED, tmp_path], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while len(values(tmp_path)) < 3 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    kept = values(tmp_path)
    assert len(kept) >= 3
    assert kept == {(name, seed): expected(name, seed) for name, seed in kept}
    assert running.fill(pretend.trial().variants, 6, folder=tmp_path) == len(EXPECTED.keys() - kept.keys())
    assert values(tmp_path) | EXPECTED == values(tmp_path)


# --- a cluster ---


@pytest.fixture(scope="module")
def cluster():
    """Two worker processes of a real Dask cluster on this machine."""
    distributed = pytest.importorskip("distributed", reason="no Dask here: python -m pip install distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as started:
        yield started


@pytest.mark.slow
def test_a_cluster_gives_what_this_process_gives(cluster, tmp_path):
    pretend.trial().fill(seeds=6, scheduler=cluster.scheduler_address, folder=tmp_path)
    assert values(tmp_path) == EXPECTED


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_worker_that_is_killed_in_the_middle_loses_nothing(cluster, tmp_path):
    run = partial(pretend.die_once, tmp_path / "died")
    pretend.trial(run).fill(seeds=6, scheduler=cluster.scheduler_address, folder=tmp_path)
    assert (tmp_path / "died").exists()
    assert values(tmp_path) == EXPECTED


def test_without_dask_the_message_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="python -m pip install distributed"):
        pretend.trial().fill(seeds=1, scheduler="tcp://127.0.0.1:1", folder=tmp_path)
