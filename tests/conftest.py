"""Fixtures that more than one room's tests use."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
import torch

from course_lib import data
from course_lib.data import ImageSet

# `make faults` runs what is there; it holds no test, and Windows lacks what it imports.
collect_ignore = ["faults"]

# The tests' tensors are tiny, and two threads that share a busy core wait for each other: up to ten times as long.
torch.set_num_threads(1)
# Hypothesis keeps constants of the source even without a database; the checkout stays as it is.
os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(Path(tempfile.gettempdir()) / "hypothesis"))


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    """Unit tests never leave the machine; those of the downloads talk to a server of their own."""
    monkeypatch.setenv("COURSE_OFFLINE", "1")


@pytest.fixture(autouse=True)
def _nobody_s_progress(monkeypatch, tmp_path):
    """Tests answer exercises; the learner whose machine this is must not be credited with it."""
    monkeypatch.setattr("course_lib.practice.progress.file", lambda: tmp_path / "learner" / "progress.json")


@pytest.fixture
def empty_machine(monkeypatch, tmp_path):
    """A machine with no cache, no mirror, no network; returns its data folder."""
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture(scope="session")
def eurosat() -> ImageSet:
    """All of real EuroSAT, where this machine has it."""
    if not data.available("eurosat"):
        pytest.skip("real EuroSAT is not on this machine: set COURSE_MIRROR, or run `course fetch eurosat`")
    return data.load("eurosat", source="real")


@pytest.fixture(scope="session")
def two_greys() -> ImageSet:
    """200 noisy pictures 3×16×16, dark or light: a problem that any network solves in a second."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(200) % 2
    noise = torch.randint(0, 60, (200, 3, 16, 16), generator=generator)
    return ImageSet.of((noise + 120 * labels[:, None, None, None]).to(torch.uint8), labels, ["dark", "light"])
