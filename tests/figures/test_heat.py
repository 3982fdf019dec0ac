"""Heat is told by colour and not by how bright a picture is; every grid of pictures uses its room."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib import figures
from course_lib.figures.cells import even

DARK = torch.zeros(2, 3, 8, 8, dtype=torch.uint8)
HEAT = torch.zeros(8, 8)
HEAT[2, 3], HEAT[5, 5] = 1.0, -1.0


def covered(shown, place: int) -> np.ndarray:
    return np.asarray(shown.figure.axes[place].images[-1].get_array())


def test_a_dark_place_that_is_hot_is_not_dark():
    shown = figures.heat_overlays(DARK, [HEAT, HEAT], ["a", "b"])
    light = covered(shown, 0).sum(axis=-1)
    assert light[2, 3] == light.max() > 4 * light[0, 0]
    assert light[5, 5] == light[0, 0]


def test_what_speaks_against_it_is_seen_where_it_is_asked_for():
    light = covered(figures.heat_overlays(DARK[:1], [HEAT], ["a"], signed=True), 0)
    assert not np.allclose(light[5, 5], light[0, 0])
    assert not np.allclose(light[5, 5], light[2, 3])


def test_there_is_a_scale_unless_nothing_is_hot():
    scaled = figures.heat_overlays(DARK, [None, HEAT], ["a", "b"]).figure.axes
    assert [label.get_text() for label in scaled[-1].get_yticklabels()] == ["none", "most"]
    assert len(figures.heat_overlays(DARK, [None, None], ["a", "b"]).figure.axes) == 2


@pytest.mark.parametrize(
    ("images", "heats", "captions"),
    [
        (DARK.float(), [None, None], ["a", "b"]),
        (DARK, [None], ["a", "b"]),
        (DARK, [None, HEAT[:4]], ["a", "b"]),
        (DARK, [None, HEAT / 0], ["a", "b"]),
        (DARK, [None, None], ["a"]),
    ],
)
def test_heat_that_does_not_fit_is_named(images, heats, captions):
    with pytest.raises(ValueError, match="heat_overlays got"):
        figures.heat_overlays(images, heats, captions)


def test_rows_are_filled_evenly():
    assert [even(n, 6) for n in (1, 5, 6, 7, 12, 13)] == [1, 5, 6, 4, 6, 5]


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 3, 7])
def test_a_gallery_has_no_blank_places(n):
    pictures = torch.zeros(n, 3, 8, 8, dtype=torch.uint8)
    shown = figures.gallery(pictures, [f"picture {k}" for k in range(n)], columns=6)
    assert len(shown.figure.axes) == n
    kernels = figures.kernel_grid({f"kernel {k}": torch.eye(3) for k in range(n)}, columns=4)
    assert len(kernels.figure.axes) == n


def test_captions_set_how_far_rows_are_apart():
    one, two = (
        figures.gallery(torch.zeros(4, 3, 8, 8, dtype=torch.uint8), [caption] * 4, columns=2).figure.get_size_inches()
        for caption in ("a", "a\nb")
    )
    assert two[1] - one[1] == pytest.approx(2 * 0.145)  # two rows, a line more in each
    assert one[0] == two[0]
