"""What is kept while a build goes is whole or not there, and is taken up by the same build alone."""

from __future__ import annotations

import io

import numpy as np
import pytest

from course_lib.classify.stages import Teller, Work, silent


def test_a_stage_is_made_once(tmp_path):
    made = []
    work = Work(tmp_path, "key")
    for _ in range(2):
        found = work.array("x", lambda: made.append(1) or np.arange(3))
        assert found.tolist() == [0, 1, 2]
        assert work.json("y", lambda: made.append(2) or {"a": ["é\udcff", 1.5]}) == {"a": ["é\udcff", 1.5]}
    assert made == [1, 2]


def test_another_key_or_another_setting_makes_its_own(tmp_path):
    assert Work(tmp_path, "a").array("x", lambda: np.zeros(1)) == 0
    assert Work(tmp_path, "b").array("x", lambda: np.ones(1)) == 1
    assert Work(tmp_path, "a").array("x", lambda: np.full(1, 2), 160) == 2


def test_what_breaks_off_leaves_nothing(tmp_path):
    def broken():
        raise KeyboardInterrupt

    for stage in (Work(tmp_path, "k").array, Work(tmp_path, "k").json):
        with pytest.raises(KeyboardInterrupt):
            stage("x", broken)
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_a_kill_has_left_is_written_over(tmp_path):
    work = Work(tmp_path, "k")
    work.path("x", ".npy").with_name(work.path("x", ".npy").name + ".part").write_bytes(b"half")
    assert work.array("x", lambda: np.zeros(2)).tolist() == [0, 0]
    assert [path.suffix for path in tmp_path.iterdir()] == [".npy"]


def test_no_array_of_objects_is_kept(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle"):
        Work(tmp_path, "k").array("x", lambda: np.array([{}]))


def test_it_says_the_stage_how_far_and_how_long(monkeypatch):
    clock = iter(range(0, 10_000, 20))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(clock)))
    to = io.StringIO()
    teller = Teller(("a", "b"), to)
    teller.expect("b", 300)
    teller.start("a")
    teller.tell(10, 100)
    teller.start("b")
    teller.end()
    lines = to.getvalue().splitlines()
    assert lines[1].startswith("a 10 of 100 · about ")
    assert lines[1].endswith(" min left")
    assert set(teller.seconds) == {"a", "b"}


def test_silence_is_silent(capsys):
    teller = silent()
    teller.start("a")
    teller.tell(1, 2)
    teller.end()
    assert capsys.readouterr() == ("", "")
