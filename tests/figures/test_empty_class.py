"""A class without pictures, as a subset or a review leaves it: each figure and metric by class draws it, or says what
it wants in its own words."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib import features, figures, metrics
from course_lib.data import ImageSet

IMAGES = torch.randint(0, 256, (12, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
LABELS = torch.tensor([0, 2] * 6)  # nothing of class 1
CLASSES = ("cat", "owl", "<b>dog")
PICTURES = ImageSet.of(IMAGES, LABELS, CLASSES)
PROBABILITIES = torch.rand(12, 3, generator=torch.Generator().manual_seed(1)).softmax(dim=1)

DRAWN = {
    "contact_sheet": lambda: figures.contact_sheet(PICTURES),
    "class_colours": lambda: figures.class_colours(PICTURES),
    "per_class": lambda: metrics.per_class(metrics.confusion_matrix(PROBABILITIES, LABELS), CLASSES),
    "accuracy_against_confidence": lambda: figures.accuracy_against_confidence(PROBABILITIES, LABELS),
    "confusion_explorer": lambda: figures.confusion_explorer(PICTURES, PROBABILITIES),
    "counts": lambda: PICTURES.counts["owl"],
    "split": lambda: PICTURES.split((0.5, 0.5)),
    "subset": lambda: PICTURES.subset(4),
    "cross-validation": lambda: features.cross_validated(
        np.random.default_rng(0).normal(size=(12, 4)), LABELS, folds=2
    ),
    "channel_plane": lambda: figures.channel_plane(PICTURES),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_class_without_pictures_is_drawn_or_named(name):
    try:
        DRAWN[name]()
    except ValueError as error:
        assert "wants" in str(error), error  # noqa: PT017, most do not raise


def test_the_sheet_says_which_class_is_empty():
    assert "Without pictures: owl." in figures.contact_sheet(PICTURES).alt


@pytest.mark.parametrize("name", ["contact_sheet", "class_colours"])
def test_no_pictures_at_all_are_refused_in_words(name):
    nothing = ImageSet.of(IMAGES[:0], LABELS[:0], CLASSES)
    with pytest.raises(ValueError, match=f"{name} got"):
        getattr(figures, name)(nothing)
