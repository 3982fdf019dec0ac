"""The way back from a colour map, against the way there."""

from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
import torch

from course_lib import data
from course_lib.pixels import undo_colour_map
from course_lib.pixels.colour_map import colours_of


@pytest.mark.parametrize("name", ["jet", "viridis", "turbo", "gray", "inferno"])
def test_there_and_back(name):
    value = torch.rand(2, 20, 30, generator=torch.Generator().manual_seed(0))
    images = torch.from_numpy((255 * mpl.colormaps[name](value.numpy())[..., :3] + 0.5).astype(np.uint8))
    back, distance = undo_colour_map(images.movedim(-1, -3), name)
    # Four of jet's neighbours are equal in 8 bits, where its blue is full and its green has not begun.
    assert (back - value).abs().max() < 4.5 / 255
    assert distance.max() == 0


def test_nearest_colour_by_brute_force():
    images = torch.randint(0, 256, (3, 9, 9), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    value, distance = undo_colour_map(images, "jet")
    table = colours_of("jet").double()
    for row in range(9):
        for column in range(9):
            away = (table - images[:, row, column].double()).square().sum(dim=1).sqrt()
            assert value[row, column] == pytest.approx(away.argmin().item() / 255)
            assert distance[row, column] == pytest.approx(away.min().item(), rel=1e-5)


def test_another_map_is_far_away():
    images = colours_of("viridis").T[:, None]
    assert undo_colour_map(images, "viridis")[1].mean() == 0
    assert undo_colour_map(images, "jet")[1].mean() > 20


def test_one_threshold_on_the_undone_map_solves_the_physical_spectrograms():
    train, test = (data.spectrograms(40, kind="physical", seed=seed, side=48) for seed in (0, 1))
    means = [undo_colour_map(part.images)[0].mean(dim=(1, 2)) for part in (train, test)]
    threshold = (means[0][train.labels == 0].mean() + means[0][train.labels == 1].mean()) / 2
    assert ((means[1] > threshold).long() == test.labels).float().mean() > 0.97


@pytest.mark.parametrize("images", [torch.rand(3, 4, 4), torch.zeros(4, 4, dtype=torch.uint8)])
def test_bad_input_is_named(images):
    with pytest.raises(ValueError, match=r"it wants uint8 \[..., 3, H, W\]"):
        undo_colour_map(images)


def test_unknown_map_is_named():
    with pytest.raises(ValueError, match="got the colour map 'rainbow-ish'"):
        undo_colour_map(torch.zeros(3, 2, 2, dtype=torch.uint8), "rainbow-ish")


def noisy(side: int) -> torch.Tensor:
    return torch.randint(0, 256, (3, side, side), generator=torch.Generator().manual_seed(0)).to(torch.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("images", [noisy(400), noisy(90)[:, :2], data.spectrograms(40, side=48).images])
@pytest.mark.parametrize("name", ["jet", "gray"])
def test_pieces_are_the_whole(images, name):
    """Compared with one colour of the map after the other; of equally near ones the first."""
    red, green, blue = images.int().movedim(-3, 0)
    nearest, first = torch.full_like(red, 10**6), torch.zeros_like(red)
    for level, (r, g, b) in enumerate(colours_of(name).tolist()):
        squares = (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2
        first[squares < nearest] = level
        nearest = squares.minimum(nearest)
    value, distance = undo_colour_map(images, name)
    assert torch.equal(value, first / 255)
    assert torch.equal(distance, nearest.float().sqrt())


@pytest.mark.slow
def test_no_piece_is_large():
    """The largest thing that is made while a noisy picture is looked up, beside what is given back."""
    sizes = []

    class Watch(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            out = function(*args, **(kwargs or {}))
            parts = out if isinstance(out, tuple) else (out,)
            sizes.extend(x.numel() * x.element_size() for x in parts if isinstance(x, torch.Tensor))
            return out

    with Watch():
        undo_colour_map(noisy(700))
    assert max(sizes) < 20e6


PEAK = """
import resource, torch
from course_lib.pixels import undo_colour_map
images = torch.randint(0, 256, (3, 1200, 1200), dtype=torch.uint8)
undo_colour_map(images[:, :9, :9])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
undo_colour_map(images)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_noisy_picture_of_1_4_megapixels_takes_less_than_300_megabytes():
    found = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    assert int(found.stdout) * 1024 < 300e6  # of Linux: kilobytes
