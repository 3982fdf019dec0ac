"""Folders of generated pictures, and a small network in place of the large one: a build takes seconds."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from course_lib.classify import extras, look, probe, reject

SIDE = 32


def stripes(angle: float, seed: int) -> np.ndarray:
    """uint8 [32, 32, 3]: stripes at an angle, of any phase and width, in noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * rng.uniform(0.7, 1.1) + rng.uniform(0, 6.3))
    colours = rng.uniform(60, 190, 3)
    return np.clip(colours + 45 * wave[..., None] + rng.normal(0, 12, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)


def folder(root, classes=("flat", "steep", "upright"), n=20, *, seed=0):
    """`root/<class>/<number>.png`; a class is an angle."""
    for c, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for k in range(n):
            picture = stripes(np.pi * c / max(3, len(classes)), 1000 * seed + 100 * c + k)
            Image.fromarray(picture).save(root / name / f"{k:03d}.png")
    return root


def shrink(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that ships with the course in place of efficientnet_lite0, pictures of 32×32, fewer generated."""
    monkeypatch.setattr(probe, "BACKBONE", "texture_net")
    monkeypatch.setattr(look, "SIDES", (SIDE, SIDE))
    monkeypatch.setattr(reject, "GENERATED", 20)
    monkeypatch.setattr(reject, "TO_CHOOSE", 12)
    monkeypatch.setattr(extras, "WRITERS", {})  # those have tests of their own


@pytest.fixture
def small(monkeypatch):
    """`shrink`, for one test."""
    shrink(monkeypatch)
