"""`make faults` can fail: each of its checks is given something that does not hold."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("it needs fork", allow_module_level=True)

from tests.faults import bad_files, bad_input, downloads, hostile, kills, security
from tests.faults.tally import Tally, forked, surely, was_killed

# --- counting, and work in a process of its own ---


def test_what_does_not_hold_is_counted_and_named():
    tally = Tally("t", "p")
    for value in (1, 2):
        with surely(tally, f"case {value}"):
            assert value == 1, "two"
    tally.case("by hand")
    assert tally.tried == 3
    assert [fault.splitlines()[0] for fault in tally.faults] == ["case 2: AssertionError: two"]
    assert "2 of 3 held" in str(tally)


def test_work_is_killed_and_what_it_told_is_known():
    def work(tell):
        for number in range(1000):
            tell(number)
            time.sleep(0.01)

    status, told = forked(work, kill_after=0.05)
    assert was_killed(status)
    assert told == list(range(len(told))) != []
    status, told = forked(lambda tell: tell("all"))
    assert (status, told) == (0, ["all"])


def test_work_that_was_done_before_the_signal_is_tried_again(tmp_path):
    outcomes = iter(["late", "", "late", "half"])
    tally = Tally("t", "p")

    def what(place: Path) -> str:
        return next(outcomes)

    kills.repeat(tally, what, 2)
    assert (tally.tried, len(tally.faults)) == (2, 1)


# --- files ---


def kind(read, errors=(ValueError,)) -> bad_files.Kind:
    return bad_files.Kind("toys", ".toy", [b"good" * 20], read, errors, 0)


def fuzzed(tmp_path, read, n=3) -> list[str]:
    tally = Tally("t", "p")
    bad_files.fuzz(tally, kind(read), tmp_path, n)
    assert tally.tried == n
    return tally.faults


def refuse(path):
    raise ValueError("got nonsense; it wants sense")


def raw(path):
    raise KeyError("x")


def wordless(path):
    raise ValueError


def busy(path):
    while True:
        pass


def greedy(path):
    return len(b"x" * 300_000_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("read", "complaint"),
    [
        (refuse, ""),
        (raw, "KeyError"),
        (wordless, "without a word"),
        (busy, "more than"),
        (greedy, "MB of memory"),
        (lambda path: os.abort(), "the process ended"),
    ],
)
def test_file_that_is_taken_badly_is_found(tmp_path, monkeypatch, read, complaint):
    monkeypatch.setattr(bad_files, "CPU_S", 0.5)
    monkeypatch.setattr(bad_files, "MEMORY", 100_000_000)
    faults = fuzzed(tmp_path, read)
    assert bool(faults) is bool(complaint)
    assert not complaint or any(complaint in fault for fault in faults)


def test_mutations_are_many_and_the_same_again():
    from random import Random

    good = bytes(range(256)) * 4
    made = [bad_files.mutated(good, good, Random(seed)) for seed in range(300)]
    assert made == [bad_files.mutated(good, good, Random(seed)) for seed in range(300)]
    assert len(set(made)) > 250
    assert sum(one != good for one in made) > 280


# --- the rest ---


def test_half_a_download_is_found(tmp_path, monkeypatch):
    target = tmp_path / "a.zip"
    monkeypatch.setattr(downloads, "get", lambda url, path: path.write_bytes(downloads.BODY[:-1]))
    with pytest.raises(AssertionError, match="half a file"):
        downloads.fetched("", target)


@pytest.mark.parametrize(
    ("call", "held"),
    [
        (lambda value: value, True),
        (lambda value: int("x"), False),
        (lambda value: [][1], False),
        (lambda value: refuse(value), True),
    ],
)
def test_unclear_error_is_found(call, held):
    assert (bad_input.fault(call, 1) == "") is held


@pytest.mark.parametrize(
    "page",
    [
        "<p onclick='x()'>",
        "<a href=' javascript:x()'>a</a>",
        "<script>alert(2)</script>",
        "<p>\u202etxt</p>",
        "<p>\x1b[31m</p>",
    ],
)
def test_page_that_does_something_is_found(page):
    with pytest.raises(AssertionError):
        hostile.page_does_nothing(page)
    hostile.page_does_nothing("<p title='&lt;b onclick=x&gt;'>text</p><script>const a = 1</script>")


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("eval(text)", True),
        ("import pickle", True),
        ("from pickle import loads", True),
        ("np.load(path, allow_pickle=True)", True),
        ("torch.load(path)", True),
        ("torch.load(path, weights_only=False)", True),
        ("torch.load(path, weights_only=True)", False),
        ("model.eval()", False),
    ],
)
def test_function_that_runs_what_it_reads_is_found(tmp_path, line, runs):
    (tmp_path / "a.py").write_text(line)
    assert bool(list(security.running(tmp_path))) is runs


def test_bombs_are_live():
    security.live()
