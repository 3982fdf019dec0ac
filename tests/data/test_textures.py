"""Generated textures: reproducible, balanced, and their colour says nothing of their class."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch

from course_lib.data.generated.drawing import Sheet, inside, wave
from course_lib.data.generated.textures import PATTERNS, textures
from course_lib.features import colour_statistics


def test_shape_and_balance():
    pictures = textures(2)
    assert pictures.images.dtype == torch.uint8
    assert pictures.images.shape == (2 * len(PATTERNS), 3, 64, 64)
    assert pictures.counts == dict.fromkeys(PATTERNS, 2)
    assert pictures.source == "generated"


def test_the_seed_decides():
    assert torch.equal(textures(2, seed=3).images, textures(2, seed=3).images)
    assert not torch.equal(textures(2, seed=3).images, textures(2, seed=4).images)


def test_the_bytes_are_the_same_on_every_machine():
    assert hashlib.sha256(textures(17, seed=0).images.numpy()).hexdigest()[:16] == "42a75598f9a2c475"


def test_a_class_is_the_same_whichever_others_are_asked_for():
    everything = textures(3)
    two = textures(3, classes=["rings", "bricks"])
    assert two.classes == ("rings", "bricks")
    rings = everything.labels == everything.classes.index("rings")
    assert torch.equal(two.images[two.labels == 0], everything.images[rings])


@pytest.mark.slow
def test_hue_does_not_tell_the_class():
    """The mean colour of a class, over many pictures, is that of all the others."""
    pictures = textures(60)
    colour = colour_statistics(pictures)[:, :3]
    hue = colour - colour.mean(axis=1, keepdims=True)
    per_class = np.stack([hue[pictures.labels == label].mean(axis=0) for label in range(len(PATTERNS))])
    chance = hue.std(axis=0) / np.sqrt(60)
    assert (np.abs(per_class - hue.mean(axis=0)) < 4.5 * chance).all()


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"n_per_class": 0}, "n_per_class=0; it wants 1 or more"),
        ({"classes": ["bricks", "tartan"]}, r"unknown \['tartan'\]; it wants each class once"),
        ({"classes": []}, r"classes=\[\]; it wants each class once"),
        ({"classes": ["rings", "rings"]}, "it wants each class once"),
    ],
)
def test_errors_name_what_is_wrong(request_, message):
    with pytest.raises(ValueError, match=message):
        textures(**request_)


@pytest.mark.parametrize("coarsest", [1, 4, 32])
def test_noise_fills_the_sheet_and_is_as_smooth_as_asked(coarsest):
    noise = Sheet(np.random.default_rng(0), n=8).noise(coarsest)
    assert noise.shape == (8, 64, 64)
    assert noise.dtype == np.float32
    assert np.abs(np.diff(noise)).max() <= 4 / coarsest


def test_wave_is_nearly_a_sine():
    phase = np.linspace(-3, 3, 601, dtype=np.float32)
    assert np.abs(np.abs(wave(phase)) - np.abs(np.sin(2 * np.pi * phase))).max() < 0.06


def test_turned_coordinates_keep_distances():
    u, v = Sheet(np.random.default_rng(0), n=5).turned()
    assert np.allclose(np.hypot(u[:, 0, 0], v[:, 0, 0]), 31.5 * np.sqrt(2), atol=1e-4)


def test_inside_is_a_ramp_one_blur_wide():
    assert inside(np.float32([-1, -0.5, 0, 0.5, 1])).tolist() == [0, 0, 0.5, 1, 1]
