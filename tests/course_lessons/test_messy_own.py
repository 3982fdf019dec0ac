"""What 7a and 7b do with a reader's own folder."""

from __future__ import annotations

import pytest
import torch

from course_lib import models
from course_lib.classify import probe
from course_lib.data import ImageSet
from course_lib.lessons.messy_data import your_prices, your_review


@pytest.fixture
def pictures() -> ImageSet:
    """120 noisy pictures of three greys."""
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(120) % 3
    noise = torch.randint(0, 100, (120, 3, 32, 32), generator=generator)
    images = (noise + 50 * labels[:, None, None, None]).clamp(max=255).to(torch.uint8)
    return ImageSet.of(images, labels, ["a", "b", "c"])


@pytest.fixture
def small(monkeypatch):
    """A network that ships with the course in place of the large ones."""
    plain = models.backbone
    monkeypatch.setattr(models, "backbone", lambda name, **more: plain("texture_net"))
    monkeypatch.setattr(probe, "BACKBONE", "texture_net")


def test_three_rules_are_priced_on_the_same_pictures(pictures, small):
    found = your_prices.prices(pictures, "b", 10)
    assert found.rows[0].name == "likeliest class"
    assert (len(found.rows), found.n, found.precious) == (3, 30, "b")
    assert all(row.cost >= 0 and 0 <= row.found <= 1 for row in found.rows)
    assert found.support == 10
    assert "'b' (n = 10) missed costs 10" in str(found)


def test_what_an_error_costs_is_what_counts(pictures, small):
    """At one price for all, the likeliest class is the cheapest by definition of the decision."""
    found = your_prices.prices(pictures, missed=1)
    assert found.rows[0].cost == pytest.approx(found.rows[1].cost)
    assert "about as little" in str(found)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda p: your_prices.prices(p, "d"), "one of a, b, c"),
        (lambda p: your_prices.prices(p, missed=0), "above 0"),
        (lambda p: your_prices.prices(p.at(range(20))), "of 12 pictures each"),
    ],
)
def test_what_cannot_be_priced_is_told(call, told, pictures):
    with pytest.raises(ValueError, match=told):
        call(pictures)


def test_moved_pictures_lie_in_another_class(pictures, tmp_path):
    your_review.lay_out(pictures, tmp_path / "set", moved=10, seed=0)
    moved = list((tmp_path / "set").rglob("*_moved.png"))
    assert (len(moved), len(list((tmp_path / "set").rglob("*.png")))) == (10, 120)
    for file in moved:
        assert file.parent.name != pictures.classes[int(file.name[:4]) % 3]


@pytest.mark.slow
def test_the_lesson_s_pictures_are_reviewed_in_a_folder_of_their_own(pictures, small, tmp_path):
    found = your_review.review(pictures, out=tmp_path / "out")
    assert found.pictures == 120
    assert found.table.is_file()
    assert found.gallery.is_file()
