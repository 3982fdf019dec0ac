"""`course classify`, `course predict` and `course review`: what they print, and their exit status."""

from __future__ import annotations

import csv
import io

import pytest
from PIL import Image
from typer.testing import CliRunner

from course_lib import cli
from course_lib.classify import building

from ..classify.folders import folder, small  # noqa: F401


def run(*arguments: object):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def built(small, tmp_path):  # noqa: F811
    out = tmp_path / "out"
    result = run("classify", folder(tmp_path / "pets", n=30), "--out", out, "--minutes", 0, "--refuse", 0.2)
    assert result.exit_code == 0, result.output
    return out, result


@pytest.mark.slow
def test_it_says_how_good_it_is_and_where_it_lies(built):
    _, result = built
    assert "\nHow good        " in result.stdout
    assert "card.md, model.safetensors, run.json, summary.json" in result.stdout
    assert "looking" in result.stderr
    assert "looking" not in result.stdout


@pytest.mark.slow
def test_answers_are_csv_and_a_refused_picture_is_an_exit_status(built, tmp_path):
    out, _ = built
    odd = tmp_path / 'a,"b"\nc.png'
    Image.effect_mandelbrot((64, 64), (-2, -1, 1, 1), 20).convert("RGB").save(odd)
    result = run("predict", out, tmp_path / "pets" / "flat", odd)
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert len(rows) == 31
    assert rows[-1]["file"] == str(odd)
    assert {row["class"] for row in rows} <= {"flat", "steep", "upright", "none"}
    assert all(0 <= float(row["probability"]) <= 1 for row in rows)
    assert result.exit_code == (3 if any(row["class"] == "none" for row in rows) else 0)


@pytest.mark.slow
def test_what_is_no_picture_is_told_and_the_others_answered(built, tmp_path):
    out, _ = built
    (tmp_path / "text.png").write_text("no picture")
    result = run("predict", out, tmp_path / "text.png", tmp_path / "pets" / "flat" / "000.png")
    assert result.exit_code == 1
    assert "read_picture got" in result.stderr
    assert len(result.stdout.splitlines()) == 2


def test_a_folder_that_is_no_classifier_is_an_error(tmp_path):
    result = run("predict", tmp_path, tmp_path / "x.png")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "course predict: load got" in result.stderr


def test_what_cannot_be_built_is_one_line_and_exit_1(small, tmp_path):  # noqa: F811
    result = run("classify", folder(tmp_path / "one", classes=("a",), n=2), "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith("course classify: classify got")
    assert "Traceback" not in result.stderr


def test_an_interrupt_says_how_to_go_on(small, tmp_path, monkeypatch):  # noqa: F811
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "look", stop)
    result = run("classify", folder(tmp_path / "pets", n=3), "--out", tmp_path / "out")
    assert result.exit_code == 130
    assert "The same command goes on" in result.stderr


def test_a_review_says_what_it_found_and_where_it_lies(small, tmp_path):  # noqa: F811
    pets = folder(tmp_path / "pets", n=8)
    (pets / "flat" / "copy.png").write_bytes((pets / "flat" / "000.png").read_bytes())
    result = run("review", pets)
    assert result.exit_code == 0, result.output
    assert "25 pictures" in result.stdout
    assert "1  copy" in result.stdout
    for name in ("suspects.csv", "suspects.html"):
        assert str(tmp_path / "pets_review" / name) in result.stdout
        assert (tmp_path / "pets_review" / name).is_file()


def test_a_review_of_nothing_is_one_line_and_exit_1(tmp_path):
    result = run("review", tmp_path / "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("course review: review got")
    assert not (tmp_path / "nowhere_review").exists()
