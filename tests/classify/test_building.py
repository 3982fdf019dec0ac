"""A build from beginning to end on small generated folders: what it leaves, and how it ends where it cannot go on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from course_lib import classify, data
from course_lib.classify import building as room
from course_lib.classify import probe, reject, stages, storing, tune

from .folders import folder, shrink

FILES = {"card.md", "model.safetensors", "run.json", "summary.json"}


def build(root, out, **settings):
    return classify.build(root, out=out, **{"minutes": 0, "progress": False} | settings)


def left(out: Path) -> set[str]:
    return {path.name for path in out.iterdir()} - {"bank.safetensors"}


@pytest.fixture
def pets(tmp_path):
    return folder(tmp_path / "pets", n=40)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    """(the folder, what was built of it): a build takes seconds, and each test has a copy."""
    root = tmp_path_factory.mktemp("once")
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch)
        return folder(root / "pets", n=40), build(root / "pets", root / "out")


@pytest.fixture
def built(once, small, tmp_path):
    """`once` in `tmp_path`, pictures and all."""
    pets, found = once
    shutil.copytree(pets, tmp_path / "pets")
    shutil.copytree(found.out, tmp_path / "out")
    return replace(found, folder=tmp_path / "pets", out=tmp_path / "out")


# --- what it leaves ---


@pytest.mark.slow
def test_what_it_leaves_is_whole_and_agrees(built, tmp_path):
    result, out = built.result, tmp_path / "out"
    assert left(out) == FILES
    assert classify.Result.open(out / "summary.json") == result
    assert sum(result.parts.values()) == result.looked.pictures == 120
    assert len(result.rows) == result.parts["test"] == result.accuracy.n == len(built.pictures)
    assert sum(map(sum, result.confusion)) == len(result.rows)
    accepted = sum(row.accepted for row in result.rows)
    assert accepted == result.accuracy_accepted.n == len(result.rows) - result.rejection.lost.hits
    assert [row.name for row in result.per_class] == list(result.classes)
    assert {one.kind for one in result.methods} == {"guess", "colour", "probe"}
    assert str(result.accuracy) in (out / "card.md").read_text("utf-8").replace("&#126;", "~")
    assert str(built) == classify.summary(result)


def test_the_network_answers_the_test_pictures_as_the_rows_say(built):
    with torch.inference_mode():
        shares, scores, accepted = built.answerer(built.pictures.images)
    rows = built.result.rows
    assert built.pictures.labels.tolist() == [row.truth for row in rows]
    assert shares.numpy() == pytest.approx(np.array([row.probabilities for row in rows]), abs=1e-4)
    assert scores.numpy() == pytest.approx([row.score for row in rows], abs=1e-4)
    assert np.mean(accepted.numpy() == [row.accepted for row in rows]) > 0.9  # but for one on the line


def test_loaded_it_answers_files_as_it_did(built, tmp_path):
    pets = built.folder
    loaded = classify.load(tmp_path / "out")
    assert loaded.result == built.result
    rows = built.result.rows
    for row, answer in zip(rows, loaded.predict([pets / row.file for row in rows]), strict=True):
        assert answer.likeliest == built.result.classes[row.answer]
        assert answer.probability == pytest.approx(row.probability, abs=1e-4)
        assert answer.score == pytest.approx(row.score, abs=1e-4)
    assert any(answer.answer is None for answer in loaded.predict([pets / row.file for row in rows])) == any(
        not row.accepted for row in rows
    )


@pytest.mark.slow
def test_the_same_seed_builds_the_same(built, tmp_path):
    pets = built.folder
    again = build(pets, tmp_path / "again").result
    assert again.rows == built.result.rows
    assert again.rejection == built.result.rejection
    first, second = (load_file(tmp_path / out / "model.safetensors") for out in ("out", "again"))
    assert all(torch.equal(first[name], second[name]) for name in first | second)
    assert again.model.digest == built.result.model.digest


@pytest.mark.slow
def test_copies_are_never_on_both_sides(small, pets, tmp_path):
    for name in ("flat", "steep", "upright"):
        for k in range(0, 40, 2):  # every second picture once more, mirrored
            Image.open(pets / name / f"{k:03d}.png").transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(
                pets / name / f"copy{k:03d}.png"
            )
    result = build(pets, tmp_path / "out").result
    assert len(result.looked.copies) >= 55
    tested = {row.file for row in result.rows}
    together = [(pair.first in tested) == (pair.second in tested) for pair in result.looked.copies]
    assert all(together)


def test_a_score_that_is_given_is_taken(built, tmp_path):
    other = next(name for name in classify.SCORES if name != built.result.rejection.score)
    given = build(built.folder, tmp_path / "given", score=other)
    assert (given.result.rejection.score, given.answerer.score_name) == (other, other)
    assert given.result.rejection.candidates == built.result.rejection.candidates
    assert f"You gave {other} as the score." in str(given)


@pytest.mark.slow
def test_unknown_pictures_are_met_and_choose_nothing(built, tmp_path):
    pets = built.folder
    strangers = folder(tmp_path / "strangers", classes=("noise",), n=12, seed=5)
    (strangers / "noise" / "broken.png").write_bytes(b"none")
    result = build(pets, tmp_path / "with", unknown=strangers).result
    given = [one for one in result.rejection.unknowns if one.kind == "given"]
    assert [one.let_in.n for one in given] == [12]
    assert result.rejection.threshold == built.result.rejection.threshold
    assert result.rejection.score == built.result.rejection.score


@pytest.mark.slow
def test_it_is_tuned_where_minutes_are_given_and_says_what_came_of_it(small, pets, tmp_path, monkeypatch):
    monkeypatch.setattr(tune, "EPOCHS", (1, 1))
    result = build(pets, tmp_path / "out", minutes=30).result
    kinds = [one.kind for one in result.methods]
    if "No training needed: the probe gets all" not in result.why:
        assert kinds[3:] == ["tuned", "tuned", "tuned", "averaged"]
        assert result.seeds == (0, 1, 2)
    assert result.chosen in ("probe", "tuned", "averaged")


@pytest.mark.slow
def test_a_tuned_network_is_kept_if_it_pays_and_meets_classes_it_never_saw(small, tmp_path, monkeypatch):
    monkeypatch.setattr(tune, "EPOCHS", (1, 1))
    monkeypatch.setattr(tune, "pays", lambda *_: True)
    pets = folder(tmp_path / "pets", classes=("a", "b", "c", "d"), n=24)
    for file in sorted(pets.rglob("*.png"))[::9]:  # some wrong labels, so that the probe has errors
        other = pets / "abcd"[("abcd".index(file.parent.name) + 1) % 4] / f"moved{file.name}"
        file.rename(other)
    built = build(pets, tmp_path / "out", minutes=30)
    assert built.result.chosen in ("tuned", "averaged")
    assert [one.network for one in built.result.rejection.unknowns if one.kind == "left out"] == ["tuned"]
    assert classify.load(tmp_path / "out").result.model.kind == built.result.chosen


# --- it goes on ---


@pytest.mark.slow
def test_stopped_it_goes_on_where_it_was(built, tmp_path, monkeypatch):
    pets, out, looked = built.folder, tmp_path / "stopped", []
    through = probe.looked_through

    def counted(network, pictures, size):
        looked.append(len(pictures))
        return through(network, pictures, size)

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(probe, "looked_through", counted)
    with monkeypatch.context() as patch:
        patch.setattr(reject, "rejection", stop)
        with pytest.raises(KeyboardInterrupt):
            build(pets, out)
    assert left(out) == {"run.json", "work"}
    with pytest.raises(FileNotFoundError, match="was begun there and not finished"):
        classify.load(out)
    first = sum(looked)
    result = build(pets, out).result
    assert first >= 120
    assert sum(looked) - first < 60  # the generated pictures alone
    assert left(out) == FILES
    assert (result.rows, result.rejection) == (built.result.rows, built.result.rejection)


def test_finished_it_is_given_back_at_once(built, tmp_path, monkeypatch):
    pets = built.folder
    monkeypatch.setattr(room, "look", None)
    again = build(pets, tmp_path / "out")
    assert again.result == built.result
    assert torch.equal(again.pictures.images, built.pictures.images)


@pytest.mark.slow
def test_killed_it_goes_on(tmp_path):
    pets = folder(tmp_path / "pets", n=120)
    code = (
        "from course_lib import classify\nfrom course_lib.classify import probe\nprobe.BACKBONE = 'texture_net'\n"
        f"classify.build({str(pets)!r}, out={str(tmp_path / 'out')!r}, minutes=0)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    work = tmp_path / "out" / "work"
    for _ in range(1200):
        if work.is_dir() and list(work.glob("features-*.npy")):
            break
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert left(tmp_path / "out") == {"run.json", "work"}
    subprocess.run([sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL)
    assert left(tmp_path / "out") >= FILES  # report, ONNX and demo are written, too, where this machine can


# --- it cannot be done ---


@pytest.mark.parametrize("what", ["other settings", "other pictures", "something else", "a file", "inside"])
def test_an_out_that_is_not_its_own_is_left_alone(built, tmp_path, what):
    pets = built.folder
    out = tmp_path / "out"
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    settings, target, complaint = {}, out, "another build is"
    if what == "other settings":
        settings = {"refuse": 0.1}
    elif what == "other pictures":
        (pets / "flat" / "000.png").unlink()
    elif what == "something else":
        target, complaint = tmp_path / "mine", "something that it has not written"
        target.mkdir()
        (target / "thesis.tex").touch()
    elif what == "a file":
        target, complaint = tmp_path / "file", "which is a file"
        target.touch()
    else:
        target, complaint = pets / "out", "inside the folder of the pictures"
    with pytest.raises(ValueError, match=complaint):
        build(pets, target, **settings)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert not (pets / "out").exists()


def test_two_at_once_are_refused(small, tmp_path, monkeypatch):
    pets = folder(tmp_path / "pets", n=2)

    def meanwhile(*_, **__):
        with pytest.raises(ValueError, match="another process is at work"):
            build(pets, tmp_path / "out")
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "look", meanwhile)
    with pytest.raises(KeyboardInterrupt):
        build(pets, tmp_path / "out")


@pytest.mark.slow
def test_two_classes_of_three_pictures_get_a_plain_answer(small, tmp_path):
    result = build(folder(tmp_path / "few", classes=("a", "b"), n=3), tmp_path / "out", minutes=1).result
    assert result.rejection.threshold is None
    assert "wants 19 pictures" in result.rejection.note
    assert "pictures are kept for choices" in result.why
    assert result.rejection.candidates == ()
    assert result.accuracy.high - result.accuracy.low > 0.6
    assert "No line can be drawn" in classify.summary(result)


@pytest.mark.slow
def test_two_hundred_classes(small, tmp_path):
    result = build(folder(tmp_path / "many", classes=[f"c{k:03d}" for k in range(200)], n=4), tmp_path / "out").result
    assert len(result.classes) == 200
    assert len([one for one in result.rejection.unknowns if one.kind == "left out"]) == 10


@pytest.mark.slow
def test_one_huge_class_beside_small_ones(small, tmp_path):
    root = folder(tmp_path / "set", classes=("huge",), n=150)
    folder(root, classes=("a", "b"), n=6, seed=2)
    result = build(root, tmp_path / "out").result
    assert result.looked.counts == {"a": 6, "b": 6, "huge": 150}
    guess = next(one for one in result.methods if one.kind == "guess")
    assert guess.test.value > 0.8  # so that nobody takes 90 % for good


@pytest.mark.slow
def test_names_that_are_code_or_no_names(small, tmp_path):
    names = ("<img src=x onerror=alert(1)>", "two\nlines", "\u202eback")
    root = folder(tmp_path / "set", classes=names, n=12)
    (root / names[1] / "new\nline.png").write_bytes((root / names[1] / "000.png").read_bytes())
    result = build(root, tmp_path / "out").result
    assert set(result.classes) == set(names)
    assert "<img" not in (tmp_path / "out" / "card.md").read_text("utf-8")
    assert classify.load(tmp_path / "out").result.classes == result.classes


def broken_folder(tmp_path, what):
    root = tmp_path / "set"
    if what == "one class":
        folder(root, classes=("a",), n=4)
    elif what == "empty":
        root.mkdir()
    elif what == "all black":
        for name in ("a", "b"):
            (root / name).mkdir(parents=True)
            for k in range(4):
                Image.new("RGB", (32, 32)).save(root / name / f"{k}.png")
    elif what == "all broken":
        for name in ("a", "b"):
            (root / name).mkdir(parents=True)
            (root / name / "1.png").write_bytes(b"none")
    return root


@pytest.mark.parametrize("what", ["one class", "empty", "nowhere", "all black", "all broken"])
def test_what_cannot_be_built_leaves_nothing(small, tmp_path, what):
    root = broken_folder(tmp_path, what)
    with pytest.raises((ValueError, data.DataError), match=r"classify got|from_folder found"):
        build(root, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["empty", "broken", "nowhere"])
def test_unknown_pictures_that_are_not_there_are_told_first(small, pets, tmp_path, what):
    if what != "nowhere":
        (tmp_path / "strangers").mkdir()
    if what == "broken":
        (tmp_path / "strangers" / "a.png").write_bytes(b"none")
    with pytest.raises(data.DataError, match="a folder of pictures that belong to no class"):
        build(pets, tmp_path / "out", unknown=tmp_path / "strangers")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("how", ["a class of its own", "copies"])
def test_pictures_of_a_class_are_no_unknowns(small, pets, tmp_path, how):
    strangers = pets / "steep"
    if how == "copies":
        strangers = folder(tmp_path / "strangers", ("odd",), 5, seed=7)
        shutil.copy(pets / "steep" / "003.png", strangers / "odd" / "copy.png")
    with pytest.raises(data.DataError, match=r"pictures are pictures of a class too, '(copy|000)\.png' for one"):
        build(pets, tmp_path / "out", unknown=strangers)
    assert not (tmp_path / "out").exists()


def test_a_full_disk_is_one_answer_and_leaves_nothing(small, pets, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stages.Work, "array", full)
    with pytest.raises(data.DataError, match=r"No space left on device\. Name a folder that you may write to"):
        build(pets, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_out_that_cannot_be_made_is_one_answer(small, pets, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(data.DataError, match="cannot write"):
        build(pets, tmp_path / "file" / "out")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_a_pipe_among_the_pictures_is_named_and_not_waited_for(small, pets, tmp_path):
    os.mkfifo(pets / "steep" / "pipe.png")
    result = build(pets, tmp_path / "out", unknown=None).result
    assert [(one.file, one.reason) for one in result.looked.left_out] == [
        ("steep/pipe.png", "neither a file nor a folder")
    ]


@pytest.mark.slow
def test_links_that_lead_in_a_circle_end_nowhere(small, pets, tmp_path):
    (pets / "steep" / "again").symlink_to(pets)
    (pets / "steep" / "self.png").symlink_to(pets / "steep" / "self.png")
    told = {one.file: one.reason for one in build(pets, tmp_path / "out").result.looked.left_out}
    assert told == {
        "steep/again": "a link to a folder inside a class, which is not followed",
        "steep/self.png": "a link that leads nowhere",
    }


def test_an_out_that_leads_in_a_circle_is_one_answer(small, pets, tmp_path):
    (tmp_path / "out").symlink_to(tmp_path / "out")
    with pytest.raises((ValueError, data.DataError), match=r"classify got out=.*leads in a circle|cannot write"):
        build(pets, tmp_path / "out")


# --- what is refused at loading ---


def test_a_changed_model_is_refused(built, tmp_path):
    out = tmp_path / "out"
    state = load_file(out / "model.safetensors")
    save_file(state, out / "model.safetensors")  # the same weights, no description
    with pytest.raises(ValueError, match=r"not the one that summary\.json was written for"):
        classify.load(out)


def test_a_pickle_is_never_opened(built, tmp_path):
    class Trap:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "sprung"),))

    out = tmp_path / "out"
    torch.save({"x": Trap()}, out / "model.safetensors")
    with pytest.raises(ValueError, match="not the one that"):
        classify.load(out)
    result = classify.Result.open(out / "summary.json")
    storing.finish(replace(result, model=replace(result.model, digest=storing.digest(out))), out)
    with pytest.raises(ValueError, match="never opens one"):
        classify.load(out)
    assert not (tmp_path / "sprung").exists()


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no summary.json; it wants a folder of `course classify`\.$"):
        classify.load(tmp_path)
