"""The rehearsal's pure parts: what it measures, what it takes for a refusal, and what it would complain about.

The rehearsal itself takes twenty minutes and root: `make rehearsal FOLDER=…`.
"""

from __future__ import annotations

import copy
import doctest
import json
import struct
import sys
from pathlib import Path

import pytest

from tools.rehearsal import __main__ as rehearsal
from tools.rehearsal import attending, learner, looking, room

ROLLUP = """\
5581c4a5e000-7ffc5d1f2000 ---p 00000000 00:00 0                          [rollup]
Rss:             1322000 kB
Pss:             1000000 kB
Pss_Dirty:        500000 kB
Shared_Clean:     320000 kB
Shared_Dirty:       2000 kB
Private_Clean:      1000 kB
Private_Dirty:    499000 kB
"""
PERFECT = {
    "succeeded": 2,
    "faults": {},
    "memory_mb_after_eurosat": {"own": {"highest": 512.0}},
    "a_neighbours_things": {"read a notebook": "PermissionError", "by the hub: the notebook": "HTTP 403"},
    "the_shared_folder": {"a new file": "PermissionError"},
    "a_kernel_killed_in_training": {
        "another_process": True,
        "taken_up_not_repeated": True,
        "same_weights_as_unbroken": True,
    },
    "processes_left_behind": 0,
}


@pytest.mark.parametrize("module", [attending, learner, looking, rehearsal, room])
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0


def test_memory_of_its_own_is_what_nobody_else_holds():
    assert looking.memory(ROLLUP) == {"own": 512.0, "shared": 329.7}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells it")
def test_memory_of_this_process_can_be_read():
    assert looking.memory(Path("/proc/self/smaps_rollup").read_text())["own"] > 1


def test_a_message_with_pictures_is_unpacked():
    text = json.dumps({"msg_type": "comm_open"}).encode()
    parts = [text, b"first picture", b"second"]
    starts = [4 * 4 + sum(map(len, parts[:k])) for k in range(3)]
    assert learner.unpacked(struct.pack("!4I", 3, *starts) + b"".join(parts)) == {"msg_type": "comm_open"}
    assert learner.unpacked('{"msg_type": "status"}') == {"msg_type": "status"}


def opened(name: str, **state) -> dict:
    return {"msg_type": "comm_open", "content": {"comm_id": name, "data": {"state": state}}}


def test_the_figure_with_a_hue_is_found():
    messages = [opened("layout", width="1"), opened("explorer", hsv_h=1.0), opened("another", hsv_h=2.0)]
    assert attending.explorer(messages) == ("explorer", {"hsv_h": 1.0})
    with pytest.raises(learner.RehearsalError, match="no figure"):
        attending.explorer(messages[:1])


class Answers:
    """A kernel that answers a move with one colour."""

    def __init__(self, colour):
        self.colour = colour

    def move(self, figure, trait, value, answer):
        return self.colour


def test_a_figure_that_answers_with_another_colour_has_not_moved():
    messages = [opened("explorer", hsv_h=320.0, hsv_s=1.0, hsv_v=1.0)]  # 40° on: red
    attending.move(Answers([1.0, 0.0, 0.0]), messages)
    with pytest.raises(learner.RehearsalError, match="was moved"):
        attending.move(Answers([1.0, 0.0, 1.0]), messages)


def test_the_neighbours_code_says_what_came_of_it(capsys, tmp_path):
    """As it runs in a learner's kernel. Here nobody forbids anything, so what is there can be read."""
    (tmp_path / "notebook").write_text("mine")
    server = "http://127.0.0.1:9/"  # the port where nobody answers
    attempts = looking.SPY.format(home=str(tmp_path), lesson="notebook", pid="no such process", server=server)
    exec(looking.TRY.format(attempts=attempts), {})
    found = json.loads(capsys.readouterr().out)
    missed = {found.pop("read the kernel's environment"), found.pop("ask the server past the hub")}
    assert missed == {"FileNotFoundError", "URLError"}
    assert set(found.values()) == {"done"}
    assert not any(map(looking.refused, {"done", *missed}))  # who asked at the wrong place was not turned down


def test_the_damage_is_real_where_nobody_forbids_it(capsys, tmp_path):
    (tmp_path / "cache").mkdir()
    store = tmp_path / "cache" / "images.npy"
    store.write_text("pictures")
    exec(looking.TRY.format(attempts=looking.DAMAGE.format(data=str(tmp_path), store=str(store))), {})
    found = json.loads(capsys.readouterr().out)
    assert found["a new file"] == found["write into the pictures"] == found["delete the pictures"] == "done"
    assert not store.exists()


def test_the_link_of_the_class_leads_to_this_disk():
    link = attending.class_link("http://hub", room.Room(Path("/somewhere")))
    assert link.startswith("http://hub/hub/user-redirect/git-pull?repo=file%3A%2F%2F%2Fsomewhere%2F")
    assert "github" not in link


def test_code_for_kernels_is_code():
    for code in (attending.WHO, attending.TOUCH, looking.SCRIBBLE, looking.TRAIN, looking.RESUME):
        compile(code, "cell", "exec")


def test_one_learner_who_gets_through_is_seen_among_those_who_do_not():
    outcomes = [{"read": "PermissionError"}, {"read": "done"}, {"read": "PermissionError"}]
    assert looking.every(outcomes) == {"read": "PermissionError, done"}


def test_a_class_that_can_begin():
    assert rehearsal.verdict(PERFECT, 2) == []


@pytest.mark.parametrize(
    ("where", "value", "complaint"),
    [
        (("succeeded",), 1, "1 of 2 learners"),
        (("faults",), {"learner-01": "HTTPError: 503"}, "learner-01: HTTPError"),
        (("memory_mb_after_eurosat", "own", "highest"), 601.0, "more than 600"),
        (("a_neighbours_things", "read a notebook"), "PermissionError, done", "neighbours things, read a notebook"),
        (("a_neighbours_things", "by the hub: the notebook"), "HTTP 200", "HTTP 200"),
        (("the_shared_folder", "a new file"), "done", "shared folder, a new file"),
        (("a_kernel_killed_in_training", "another_process"), False, "another_process"),
        (("a_kernel_killed_in_training", "taken_up_not_repeated"), False, "taken_up"),
        (("a_kernel_killed_in_training", "same_weights_as_unbroken"), False, "same_weights"),
        (("processes_left_behind",), 3, "3 processes"),
    ],
)
def test_each_fault_is_told(where, value, complaint):
    found = copy.deepcopy(PERFECT)
    inner = found
    for name in where[:-1]:
        inner = inner[name]
    inner[where[-1]] = value
    assert any(complaint in fault for fault in rehearsal.verdict(found, 2))


def test_the_kept_rehearsal_was_a_class_of_twelve_that_could_begin():
    if not rehearsal.NOTES.is_file():
        pytest.skip("evidence/classroom.json is not there: python -m tools.rehearsal FOLDER --note")
    found = json.loads(rehearsal.NOTES.read_text(encoding="utf-8"))
    assert found["learners"] >= 12
    assert rehearsal.verdict(found, found["learners"]) == []
    assert "cores" in found["hardware"]
