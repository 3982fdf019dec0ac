"""Progress is kept, survives what happens to files, and never gets in the way."""

from __future__ import annotations

import multiprocessing
import os
from importlib import import_module
from pathlib import Path

import pytest

from course_lib.lessons.transfer import exercises as ex
from course_lib.practice import Option, Question, Quiz, catalogue, progress


@pytest.fixture(autouse=True)
def _say_again():
    progress._say_once.cache_clear()


def stub(confusion): ...


def wrong(confusion):
    return confusion.sum(dim=1)


def test_stub_leaves_no_trace():
    ex.recall.check(stub)
    assert not progress.file().exists()


def test_tries_hints_and_the_outcome_are_kept():
    ex.recall.check(wrong)
    ex.recall.hint()
    ex.recall.check(ex.recall.reference)
    ex.recall.check(wrong)
    entry = progress.read()["exercises"]["03/recall"]
    assert entry["tries"] == 3
    assert entry["hints"] >= 1
    assert entry["outcome"] == "correct", "a later wrong answer does not take it back"
    ex.recall.solution()
    assert progress.read()["exercises"]["03/recall"]["solution_read"] is True


def test_quiz_answers_are_kept():
    quiz = catalogue.quiz("03")
    letters = {option.right: letter for letter, option in quiz.questions[0].lettered.items()}
    quiz.answer(1, letters[False])
    entry = progress.read()["quizzes"]["03/1"]
    assert (entry["tries"], entry["right"]) == (1, False)
    quiz.answer(1, letters[True])
    quiz.answer(1, letters[False])
    entry = progress.read()["quizzes"]["03/1"]
    assert (entry["tries"], entry["right"]) == (3, True)


def test_what_belongs_to_no_lesson_is_not_kept():
    Quiz([Question("?", [Option("a", True, "yes"), Option("b", False, "no")])]).answer(1, "a")
    assert not progress.file().exists()


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"version": 99, "exercises": {}, "quizzes": {}}', '{"version": 1}',
                '{"version": 1, "exercises": {"03/recall": 3}, "quizzes": {}}', "\x00\xff"],
)  # fmt: skip
def test_file_that_cannot_be_read_is_set_aside_and_not_lost(content, capsys):
    path = progress.file()
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")
    progress.note_attempt("03", "recall", "incorrect")
    assert progress.read()["exercises"]["03/recall"]["tries"] == 1
    (aside,) = path.parent.glob("progress-unreadable-*.json")
    assert aside.read_text(encoding="utf-8") == content
    assert aside.name in capsys.readouterr().out


def test_folder_that_cannot_be_written_gets_one_line_and_no_error(monkeypatch, tmp_path, capsys):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(progress, "file", lambda: tmp_path / "file" / "progress.json")
    ex.recall.check(wrong)
    ex.recall.check(wrong)
    assert capsys.readouterr().out.count("Progress is not kept here") == 1


def test_full_disk_leaves_what_was_there(monkeypatch, capsys):
    progress.note_attempt("03", "recall", "correct")
    before = progress.file().read_text()

    def full(*arguments, **options):
        raise OSError("disk full")

    with monkeypatch.context() as disk:
        disk.setattr(Path, "write_text", full)
        progress.note_attempt("03", "recall", "incorrect")
    assert progress.file().read_text() == before
    assert "not kept" in capsys.readouterr().out


def _many(path) -> None:
    progress.file = lambda: path
    for _ in range(20):
        progress.note_attempt("03", "recall", "incorrect")


def test_two_notebooks_at_once_lose_no_entry():
    path = progress.file()
    context = multiprocessing.get_context("fork" if os.name == "posix" else "spawn")
    workers = [context.Process(target=_many, args=(path,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert progress.read()["exercises"]["03/recall"]["tries"] == 60


def test_file_lies_in_the_user_s_folder_and_not_in_the_shared_one(monkeypatch):
    monkeypatch.undo()  # the fixture that keeps tests away from it
    monkeypatch.setenv("COURSE_DATA", "/shared")
    assert "shared" not in import_module("course_lib.practice.progress").file().parts


def test_catalogue_knows_the_lessons():
    assert "03" in catalogue.lessons()
    assert [exercise.lesson for exercise in catalogue.exercises("03")] == ["03"] * 6
    assert catalogue.exercises("98") == []
    with pytest.raises(ValueError, match=r"got lesson '98'; there are quizzes for .*03"):
        catalogue.quiz("98")
    for lesson in catalogue.lessons():
        assert catalogue.quiz(lesson).lesson == lesson
