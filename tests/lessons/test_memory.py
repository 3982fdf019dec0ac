"""Every lesson fits into a hosted notebook's memory, as measured by tools/memory.py."""

from __future__ import annotations

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.practice import notebooks
from tools import lessons as maker
from tools import memory

HOSTED_GB = 12
MEASURED = json.loads(memory.NOTES.read_text(encoding="utf-8"))
LESSONS = [notebooks.code(path) for path in notebooks.files(maker.LESSONS)]


def faults(measured: dict, lessons: list[str]) -> list[str]:
    missing = [f"{number}: not measured" for number in lessons if number not in measured]
    large = [f"{number}: {m['peak_gb']} GB" for number, m in measured.items() if not 0.1 < m["peak_gb"] < HOSTED_GB]
    return missing + large + [f"{number}: not on real data" for number, m in measured.items() if m["source"] != "real"]


def test_every_lesson_fits():
    assert faults(MEASURED, LESSONS) == []


def test_guide_tells_the_largest():
    largest = max(MEASURED, key=lambda number: MEASURED[number]["peak_gb"])
    told = f"lesson {notebooks.label(largest)}'s, takes {MEASURED[largest]['peak_gb']:.1f} GB"
    assert told in (maker.LESSONS.parent / "TEACHING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("measured", "told"),
    [
        ({}, "03: not measured"),
        ({"03": {"peak_gb": 12.5, "source": "real"}}, "03: 12.5 GB"),
        ({"03": {"peak_gb": 2.0, "source": "stand-in"}}, "03: not on real data"),
    ],
)
def test_lesson_that_does_not_fit_is_found(measured, told):
    assert faults(measured, ["03"]) == [told]


def test_what_a_lesson_takes_is_seen(tmp_path):
    sizes = []
    for name, source in (("small", "x = 1"), ("large", "x = bytearray(b'1') * 300_000_000\ndel x")):
        notebook = tmp_path / f"{name}.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), notebook)
        sizes.append(memory.peak(notebook))
    small, large = sizes
    assert 10e6 < small < 1e9
    assert 250e6 < large - small < 400e6  # also what was given back since


def test_notes_are_kept_in_order():
    known = memory.note({"03": {"peak_gb": 1.0}}, "01", 1_234_000_000, "CPU, 2 threads", "real")
    assert list(known) == ["01", "03"]
    assert known["01"] == {"peak_gb": 1.23, "device": "CPU, 2 threads", "source": "real"}
