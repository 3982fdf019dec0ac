"""What else a build leaves; what cannot be had ends no build."""

from __future__ import annotations

import io

from course_lib.classify import building, extras, stages
from course_lib.data import DataError

from .sample import sample
from .test_report import built_of


def test_what_cannot_be_written_is_said_and_the_rest_is_there(tmp_path, monkeypatch):
    def no_runtime(built):
        raise DataError("ONNX Runtime Web could not be fetched.")

    def no_package(built):
        raise ModuleNotFoundError("model.onnx needs the package onnx.")

    monkeypatch.setitem(extras.WRITERS, "model.onnx", no_package)
    monkeypatch.setitem(extras.WRITERS, "demo.html", no_runtime)
    assert extras.write(built_of(sample(), tmp_path)) == (
        "model.onnx is not there. model.onnx needs the package onnx.",
        "demo.html is not there. ONNX Runtime Web could not be fetched.",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_what_is_there_stays_and_what_could_not_be_had_is_tried_again(tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(extras, "WRITERS", {name: lambda built, name=name: written.append(name) for name in "ab"})
    (tmp_path / "a").write_text("here")
    assert extras.write(built_of(sample(), tmp_path)) == ()
    assert written == ["b"]


def test_the_demo_comes_after_the_file_that_it_is_made_of():
    assert list(extras.WRITERS) == ["report.html", "model.onnx", "demo.html"]


def test_about_how_long_is_said_before_each_is_written(tmp_path, monkeypatch):
    to = io.StringIO()
    teller = stages.Teller(building.STAGES, to)
    building._expect(teller, 100, building.Settings())
    monkeypatch.setattr(extras, "WRITERS", {name: lambda built: None for name in extras.WRITERS})
    extras.write(built_of(sample(), tmp_path), teller)
    assert to.getvalue().splitlines() == [
        "report.html · about 45 s left",
        "model.onnx · about 30 s left",
        "demo.html · about 5 s left",
    ]


def test_each_that_is_written_has_a_time_that_is_said():
    assert extras.SECONDS.keys() == extras.WRITERS.keys()
    assert building.STAGES[-len(extras.WRITERS) :] == tuple(extras.WRITERS)
