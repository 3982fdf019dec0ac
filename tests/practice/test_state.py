"""A check leaves no trace in the notebook, and what the notebook is set to does not change a check."""

from __future__ import annotations

import random
import sys
import threading
import time

import numpy as np
import pytest
import torch

from course_lib.lessons.colour import exercises as ex01
from course_lib.lessons.colour.exercises import training_step
from course_lib.lessons.explanation import exercises as ex06
from course_lib.lessons.transfer import exercises as ex03
from course_lib.lessons.unknown import exercises as ex05
from course_lib.practice import Case, exercise, guard, progress


def halves(**details):
    """A fresh exercise, of which nothing is cached yet."""

    @exercise(task="", cases=[Case("three", (torch.tensor([1.0, 2.0, 3.0]),))], hints=["Halve."], **details)
    def halve(numbers):
        return numbers / 2

    return halve


def states() -> tuple:
    return random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()


def draws_and_seeds(numbers):
    random.seed(1), np.random.seed(1), torch.manual_seed(1)
    return numbers / 2 + 0 * torch.rand(3) * random.random() * np.random.rand()


def draws_for_ever(numbers):
    while True:
        torch.manual_seed(3)
        random.random()


@pytest.mark.slow
@pytest.mark.parametrize("answer", [draws_and_seeds, draws_for_ever])
def test_generators_are_as_they_were_also_after_a_time_out(answer):
    before, ex = states(), halves(seconds=0.3)
    ex.judge(answer)
    assert states() == before
    time.sleep(0.1)
    torch.rand(1)
    moved_on = states()
    time.sleep(0.3)
    assert states() == moved_on, "a thread from the check still turns them back"


@pytest.mark.slow
@pytest.mark.parametrize("ex", [ex01.mend, ex03.frozen], ids=lambda ex: ex.name)
def test_no_exercise_seeds_a_generator(ex, monkeypatch):
    """torch.manual_seed also seeds CUDA's, even where CUDA is not yet in use."""
    monkeypatch.setattr(torch, "manual_seed", None)
    assert ex.judge(ex.reference).outcome == "correct"


def test_cuda_s_generators_are_put_back(monkeypatch):
    put = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_rng_state_all", lambda: ["as it was"])
    monkeypatch.setattr(torch.cuda, "set_rng_state_all", put.append)
    with guard.undisturbed():
        pass
    assert put == [["as it was"]]


def test_a_seed_for_a_cuda_that_is_not_in_use_is_forgotten(monkeypatch):
    queue = ["of the notebook"]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "_queued_calls", queue)
    with guard.undisturbed():
        queue.append("of the answer")
    assert queue == ["of the notebook"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["inference_mode", "no_grad", "float64", "autocast", "meta"])
@pytest.mark.parametrize("ex", [ex01.mend, ex03.frozen, ex05.energy], ids=lambda ex: ex.name)
def test_a_first_check_in_any_mode_of_the_notebook(ex, name):
    for cached in ("cases", "expected", "_mistaken"):
        ex.__dict__.pop(cached, None)
    training_step._aims.cache_clear()
    before = torch.get_default_dtype()
    modes = {
        "inference_mode": torch.inference_mode,
        "no_grad": torch.no_grad,
        "float64": torch.enable_grad,
        "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
        "meta": lambda: torch.device("meta"),
    }
    try:
        torch.set_default_dtype(torch.float64 if name == "float64" else before)
        with modes[name]():
            assert ex.judge(ex.reference).outcome == "correct"
            if ex is ex05.energy:  # the mistakes of the others train, which takes seconds
                assert ex.judge(ex.misconceptions[0].wrong).misconception == ex.misconceptions[0].name
    finally:
        torch.set_default_dtype(before)
    assert ex.judge(ex.reference).outcome == "correct"


def test_what_is_expected_does_not_depend_on_the_default_dtype():
    ex = exercise(task="", cases=[Case("one", (1.0,))], hints=[])(lambda x: torch.tensor(x / 3))
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(torch.float64)
        doubles = ex.expected[0]
    finally:
        torch.set_default_dtype(before)
    assert doubles == np.float64(np.float32(1 / 3))


def test_default_dtype_is_put_back():
    before = torch.get_default_dtype()
    halves().judge(lambda x: torch.set_default_dtype(torch.float64) or x / 2)
    assert torch.get_default_dtype() == before


# --- output, time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_flood_of_output_is_cut_off(stream, capsys):
    def floods(numbers):
        while True:
            print("x" * 100, file=getattr(sys, stream))

    halves(seconds=0.3).judge(floods)
    text = getattr(capsys.readouterr(), "out" if stream == "stdout" else "err")
    assert 1000 < len(text) < guard.PRINTED + 200
    assert text.rstrip().endswith("(what else your function prints is left out)")


def test_what_a_right_answer_prints_is_shown(capsys):
    assert halves().judge(lambda x: print("here") or x / 2).outcome == "correct"
    assert capsys.readouterr().out == "here\n"
    assert not isinstance(sys.stdout, guard._Limited)


@pytest.mark.slow
def test_a_loop_that_catches_everything_is_stopped():
    steps = []

    def stubborn(numbers):
        while True:
            try:
                steps.append(1)
            except:  # noqa: E722
                steps.append(2)

    assert "did not finish" in halves(seconds=0.3).judge(stubborn).message
    time.sleep(0.3)
    before = len(steps)
    time.sleep(0.3)
    assert len(steps) == before


def test_no_thread_is_left_behind():
    before = threading.active_count()
    halves().judge(lambda x: x / 2)
    halves(seconds=0.2).judge(draws_for_ever)
    assert threading.active_count() == before


def test_a_check_computes_on_one_core_and_gives_the_others_back():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        seen = []
        halves().judge(lambda x: seen.append(torch.get_num_threads()) or x / 2)
        assert (seen[0], torch.get_num_threads()) == (1, 2)
    finally:
        torch.set_num_threads(before)


# --- arguments -------------------------------------------------------------------------------------------


def test_an_answer_that_changes_its_arguments_is_told_so_also_where_more_than_a_value_is_compared():
    def destroys(labels, classes):
        rows = ex05.none_targets.reference(labels, classes)
        labels[labels < 0] = 0
        return rows

    verdict = ex05.none_targets.judge(destroys)
    assert verdict.outcome == "correct"
    assert "changes labels in place" in verdict.message


@pytest.mark.slow
def test_mend_that_changes_its_pictures_is_wrong():
    def normalises_in_place(model, x, y, optimizer):
        loss = ex01.mend.reference(model, x, y, optimizer)
        x -= 1e-6
        return loss

    assert "x and y are as they were: no" in ex01.mend.judge(normalises_in_place).message


@pytest.mark.parametrize("ex", [ex05.surprise, ex05.none_targets, ex06.cover], ids=lambda ex: ex.name)
def test_a_forgotten_return_is_called_that(ex):
    verdict = ex.judge(lambda *arguments: None)
    assert (verdict.outcome, "is there a return in it?" in verdict.message) == ("not attempted", True)


# --- arguments of the learner's own ----------------------------------------------------------------------


def test_run_prints_what_comes_out(capsys):
    pictures = torch.full((2, 3, 4, 4), 255, dtype=torch.uint8)
    ex03.statistics.run(ex03.statistics.reference, pictures)
    assert capsys.readouterr().out == "mean [1, 1, 1], deviation [0, 0, 0]\n"


@pytest.mark.parametrize(
    ("answer", "printed"),
    [
        (None, ""),
        (lambda p: None, ""),
        (lambda p: ..., ""),
        (lambda p: 3, "3\n"),
        (lambda p: (1, "a"), "mean 1, deviation the text 'a'\n"),
        (lambda p: p.nonsense, "statistics: your function stopped with an error."),
        (lambda: 1, "TypeError"),
        (lambda p: exit(), "SystemExit"),
    ],
)
def test_run_never_raises(answer, printed, capsys):
    ex03.statistics.run(answer, torch.zeros(2, 3, 4, 4, dtype=torch.uint8))
    out = capsys.readouterr().out
    assert printed in out
    assert bool(out) == bool(printed)


def test_run_hands_over_copies():
    pictures = torch.ones(2, 3, 4, 4, dtype=torch.uint8)
    ex03.statistics.run(lambda p: p.zero_().sum(), pictures)
    assert pictures.all()


# --- progress --------------------------------------------------------------------------------------------


@pytest.fixture
def kept(monkeypatch):
    progress._say_once.cache_clear()
    path = progress.file()
    path.parent.mkdir(parents=True)
    return path


@pytest.mark.parametrize("field", ["tries", "hints"])
@pytest.mark.parametrize("value", ["null", '"3"', "[1]", "{}", "-1", "true", "1.5", "1e400", "NaN"])
def test_an_entry_that_is_not_as_it_should_be_stops_no_verdict_and_loses_no_other(kept, field, value):
    good = '"03/review": {"outcome": "correct", "tries": 4}'
    kept.write_text(
        f'{{"version": 1, "exercises": {{"03/recall": {{"{field}": {value}}}, {good}}}, "quizzes": {{}}}}', "utf-8"
    )
    ex03.recall.check(ex03.recall.reference)
    ex03.recall.hint()
    assert progress.read()["exercises"]["03/recall"]["outcome"] == "correct"
    assert progress.read()["exercises"]["03/review"] == {"outcome": "correct", "tries": 4}
    assert len(list(kept.parent.glob("progress-unreadable-*"))) == 1


@pytest.mark.parametrize("entry", ['{"outcome": 3}', '{"outcome": []}', '{"solution_read": 1}', "null", "[]", '"x"'])
def test_other_fields_are_looked_at_too(kept, entry):
    kept.write_text(f'{{"version": 1, "exercises": {{"03/recall": {entry}}}, "quizzes": {{}}}}', "utf-8")
    assert progress.read()["exercises"] == {}


@pytest.mark.parametrize("entry", ['{"right": "yes"}', '{"tries": null}'])
def test_quizzes_are_looked_at_too(kept, entry):
    kept.write_text(f'{{"version": 1, "exercises": {{}}, "quizzes": {{"03/1": {entry}}}}}', "utf-8")
    progress.note_answer("03", 1, True)
    assert progress.read()["quizzes"]["03/1"] == {"tries": 1, "right": True}


@pytest.mark.parametrize("deep", [500, 200_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_a_file_nested_as_deep_as_it_likes(kept, deep, brackets):
    inner = "[" * deep + "]" * deep if brackets == "[]" else '{"a":' * deep + "1" + "}" * deep
    kept.write_text(f'{{"version": 1, "exercises": {{"03/recall": {inner}}}, "quizzes": {{}}}}', "utf-8")
    progress.note_attempt("03", "recall", "correct")
    assert progress.read()["exercises"]["03/recall"]["tries"] == 1


def test_nobody_knows_where_home_is(monkeypatch, capsys):
    monkeypatch.undo()
    progress._say_once.cache_clear()
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)  # what it does where nobody knows
    ex03.recall.check(ex03.recall.reference)
    assert progress.read() == {"version": 1, "exercises": {}, "quizzes": {}, "bets": {}}
    assert progress.where().startswith("nowhere: no home folder")
    out = capsys.readouterr().out
    assert "recall: correct." in out
    assert out.count("Progress is not kept here") == 1
