"""`course doctor`: what it finds, what it advises, and its exit status."""

from __future__ import annotations

import re
from importlib import metadata
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from course_lib import data
from course_lib.cli import app, doctor, links


@pytest.fixture
def healthy(monkeypatch, tmp_path):
    """A machine on which all is well: the course is installed, all data is here, there is room."""
    bounds, version = doctor._bounds(), metadata.version

    def installed(name: str) -> str:
        return "0.1.0" if name == doctor.DISTRIBUTION else version(name)

    def requires(name: str) -> list[str]:
        return [f"{package}>={bound}" for package, bound in bounds.items()]

    here = SimpleNamespace(name="eurosat", kind="pictures", where="cache", licence="MIT", bytes=332_000_000)
    monkeypatch.setattr(metadata, "version", installed)
    monkeypatch.setattr(metadata, "requires", requires)
    monkeypatch.setattr(data, "status", lambda: [here])
    monkeypatch.setattr(links, "known", lambda: links.Links("someone/course"))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda folder: SimpleNamespace(free=40_000_000_000))
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "not made yet"))
    return monkeypatch


def run(*options: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["doctor", *options])
    return result.exit_code, result.output


def found(topic: str) -> doctor.Finding:
    return next(finding for finding in doctor.report() if finding.topic == topic)


@pytest.mark.slow
def test_healthy_machine_is_ready(healthy):
    status, text = run()
    assert status == 0
    assert text.endswith("Ready: every lesson can run.\n")
    assert {line[:5].strip() for line in text.splitlines()[:-2]} == {"ok"}
    for topic in ("Python", "course", "torch", "device", "widgets", "eurosat", "disk"):
        assert f"  {topic} " in text


def test_every_direct_dependency_is_looked_at(healthy):
    topics = {finding.topic for finding in doctor.report()}
    assert {"numpy", "torch", "torchvision", "scikit-learn", "typer"} <= set(doctor._bounds()) <= topics


def test_output_is_plain_where_nobody_sees_colours(healthy):
    assert "\x1b" not in run()[1]


def test_old_dependency_is_a_fault_with_the_command_that_mends_it(healthy):
    installed = metadata.version
    healthy.setattr(metadata, "version", lambda name: "1.26.4" if name == "numpy" else installed(name))
    status, text = run()
    assert status == 1
    assert "FAULT  numpy" in text
    assert "1.26.4; 2.0 or newer is wanted" in text
    assert 'python -m pip install "numpy>=2.0"' in text
    assert "Not ready: 1 to mend" in text


def test_missing_dependency_is_a_fault(healthy):
    installed = metadata.version

    def version(name: str) -> str:
        if name == "tqdm":
            raise metadata.PackageNotFoundError(name)
        return installed(name)

    healthy.setattr(metadata, "version", version)
    assert run()[0] == 1
    assert found("tqdm") == doctor.Finding(
        "tqdm", "missing; 4.66 or newer is wanted", ok=False, mend='python -m pip install "tqdm>=4.66"'
    )


def test_broken_import_is_reported_and_no_crash(healthy):
    def broken(name: str):
        raise RuntimeError("operator torchvision::nms does not exist\nand a long story")

    healthy.setattr(doctor.importlib, "import_module", broken)
    status, text = run()
    assert status == 1
    assert "cannot be imported: RuntimeError: operator torchvision::nms does not exist" in text
    assert "long story" not in text


def test_probe_that_falls_over_is_reported(healthy):
    def broken():
        raise OSError("the registry is unreadable")

    healthy.setattr(data, "status", broken)
    assert found("data").ok is False
    assert "the registry is unreadable" in found("data").value


def test_missing_real_data_is_a_note(healthy):
    away = SimpleNamespace(name="eurosat", kind="pictures", where="not here", licence="MIT", bytes=90_000_000)
    healthy.setattr(data, "status", lambda: [away])
    status, text = run()
    assert status == 0
    assert "note   eurosat" in text
    assert "lessons run on the stand-in" in text
    assert "→ course fetch eurosat" in text
    assert text.endswith("1 to note above.\n")


@pytest.mark.parametrize(("all_there", "status", "ok"), [(False, 1, False), (True, 0, None)])
def test_disk_that_cannot_be_written_is_a_fault_unless_all_is_there(healthy, all_there, status, ok):
    def refuse(**place):
        raise OSError(30, "Read-only file system")

    healthy.setattr(doctor.tempfile, "TemporaryFile", refuse)
    healthy.setattr(data, "available", lambda name: all_there)
    assert run()[0] == status
    assert found("disk").ok is ok
    assert "Read-only file system" in found("disk").value
    assert "COURSE_DATA" in found("disk").mend


def test_nearly_full_disk_is_a_note(healthy):
    healthy.setattr(doctor.shutil, "disk_usage", lambda folder: SimpleNamespace(free=200_000_000))
    assert run()[0] == 0
    assert found("disk").ok is None
    assert "200.0 MB free" in found("disk").value
    assert "1.5 GB are wanted" in found("disk").value


@pytest.mark.parametrize(("version", "ok"), [("7.6.5", None), ("7.7.1", True), ("8.1.9", True), ("9.0.0", None)])
def test_widgets_are_fine_from_7_7_to_8(healthy, version, ok):
    installed = metadata.version
    healthy.setattr(metadata, "version", lambda name: version if name == "ipywidgets" else installed(name))
    assert found("widgets").ok is ok


def test_course_that_is_not_installed_is_a_fault(healthy):
    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    healthy.setattr(metadata, "version", version)
    assert found("course").mend == "python -m pip install --no-deps -e ."


def test_links_that_lead_nowhere_are_a_note(healthy):
    assert found("links").ok is True
    healthy.setattr(links, "known", links.Links)
    status, text = run()
    assert status == 0
    assert "note   links" in text
    assert "course link OWNER/REPO" in text


def test_offline_wants_every_file_and_its_digest(healthy):
    def verified(name: str):
        if name == "squeezenet1_1":
            raise data.DataError("SqueezeNet is not on this machine.\n  - here: wrong sha256")

    healthy.setattr(data, "verified", verified)
    healthy.setattr(data, "available", lambda name: True)
    status, text = run("--offline")
    assert status == 1
    assert "FAULT  squeezenet1_1" in text
    assert "not proven byte for byte" in text
    assert "→ course fetch squeezenet1_1" in text
    assert "Not ready: 1 to mend" in text
    healthy.setattr(data, "available", lambda name: False)
    assert re.search(r"FAULT  squeezenet1_1 +not here", run("--offline")[1])
    assert run()[0] == 0  # without --offline the stand-in will do
    healthy.setattr(data, "verified", lambda name: None)
    assert run("--offline")[0] == 0
