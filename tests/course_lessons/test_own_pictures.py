"""The first look at one's own pictures: right numbers, and no word more than they carry."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.data import ImageSet
from course_lib.lessons import own_pictures
from course_lib.lessons.own_pictures import Row, advice, first_look


def coloured(n: int = 20, side: int = 32) -> ImageSet:
    """Two classes of plain noisy pictures, one reddish, one bluish."""
    r = torch.Generator().manual_seed(0)
    labels = torch.arange(2 * n) % 2
    images = torch.randint(60, 120, (2 * n, 3, side, side), generator=r)
    images[labels == 0, 0] += 60
    images[labels == 1, 2] += 60
    return ImageSet.of(images.to(torch.uint8), labels, ("red", "blue"), name="two colours")


@pytest.mark.slow
def test_colour_is_found_to_be_enough():
    look = first_look(coloured(40))
    by_name = {row.name.split()[0]: row.right / row.n for row in look.rows}
    assert by_name["guessing"] == 0.5
    assert by_name["colour"] == 1.0
    assert look.next.startswith("Nothing here is surely ahead of colour")
    assert "of n = 16 test pictures" in str(look)


@pytest.mark.slow
def test_a_folder_will_do(tmp_path):
    pictures = coloured(6)
    for k, (image, label) in enumerate(zip(pictures.images, pictures.labels, strict=True)):
        folder = tmp_path / pictures.classes[label]
        folder.mkdir(exist_ok=True)
        Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).numpy())).save(folder / f"{k}.png")
    assert {row.n for row in first_look(str(tmp_path)).rows} == {2}


@pytest.mark.parametrize(
    ("right", "begins"),
    [
        ((50, 52, 50, 53), "Nothing here"),
        ((50, 95, 94, 97), "Nothing here is surely ahead of colour"),
        ((50, 60, 50, 97), "The plain CNN is not"),
        ((50, 60, 75, 97), "The frozen network is ahead"),
        ((50, 60, 95, 97), "Shape or texture"),
    ],
)
def test_advice_goes_by_the_intervals(right, begins):
    rows = [Row("a", k, 100) for k in right]
    assert advice(*rows).startswith(begins)


def test_few_pictures_are_named():
    few = coloured().at(range(6))
    with pytest.raises(ValueError, match=r"red \(3\), blue \(3\).*5 pictures"):
        first_look(few)
    with pytest.raises(ValueError, match="one class"):
        first_look(ImageSet.of(coloured().images, [0] * 40, ("all",)))


@pytest.mark.slow
def test_all_ways_answer_every_picture():
    train, test = coloured().split((0.8, 0.2), seed=0)
    for answer in (own_pictures.guess, own_pictures.by_colour, own_pictures.by_plain_network):
        assert answer(train, test, 0).shape == (8,)
