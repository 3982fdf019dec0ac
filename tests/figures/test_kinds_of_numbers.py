"""Whatever a network gives is drawn as it is: with a gradient, in double or half precision, as array or list."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch

from course_lib import figures
from course_lib.data import ImageSet
from course_lib.models import Conv

from .samples import CLASSES, picture

N = 60
GENERATOR = torch.Generator().manual_seed(0)
LABELS = torch.randint(0, 3, (N,), generator=GENERATOR)
IMAGES = torch.randint(0, 256, (N, 3, 16, 16), generator=GENERATOR).to(torch.uint8)
# Eighths, which every precision holds.
PROBABILITIES = torch.tensor([[0.625, 0.25, 0.125], [0.25, 0.5, 0.25], [0.125, 0.0, 0.875]])[LABELS.roll(7)]
KERNEL = torch.tensor([[1.0, 0.5, -1.0], [0.25, 2.0, 0.0]])
EIGHTHS = torch.arange(N) % 9 / 8


def predictor(change: Callable) -> Callable:
    """A "model" whose answers are exact in every precision: is the picture's first pixel dark, middling, or bright?"""
    return lambda pictures: change(PROBABILITIES[:3][pictures[:, 0, 0, 0].long() // 86])


MADE: dict[str, Callable] = {
    "confusion_explorer": lambda change: figures.confusion_explorer(
        ImageSet.of(IMAGES, LABELS, CLASSES), change(PROBABILITIES)
    ),
    "resolution_explorer": lambda change: figures.resolution_explorer(
        picture(), change(PROBABILITIES[:3]), CLASSES, sizes=(64, 8, 1)
    ),
    "softmax_lab": lambda change: figures.softmax_lab(change(torch.tensor([8.0, 0.5, -2.0])), CLASSES),
    "open_set_lab": lambda change: figures.open_set_lab(
        {"energy": change(EIGHTHS)}, {"energy": change(EIGHTHS + 0.5)}, LABELS == 0
    ),
    "occlusion_explorer": lambda change: figures.occlusion_explorer(picture(16), predictor(change), CLASSES),
    "recolour_explorer": lambda change: figures.recolour_explorer(picture(16), predictor(change), CLASSES),
    "kernel_grid": lambda change: figures.kernel_grid({"a": change(KERNEL)}),
    "receptive_fields": lambda change: figures.receptive_fields({"a": (change(torch.ones(5, 5)), [Conv(3)])}),
    "hue_circle": lambda change: figures.hue_circle({"a": change(torch.arange(0, 64.0, 8))}),
    "accuracy_against_confidence": lambda change: figures.accuracy_against_confidence(change(PROBABILITIES), LABELS),
}
CHANGES: dict[str, Callable] = {
    "a gradient": lambda x: x.clone().requires_grad_(),
    "double": lambda x: x.double(),
    "bfloat16": lambda x: x.bfloat16(),
    "half with a gradient": lambda x: x.half().requires_grad_(),
    "a parameter": lambda x: torch.nn.Parameter(x.clone()),
    "a view backwards": lambda x: x.flip(0).flip(0).t().contiguous().t() if x.ndim == 2 else x,
}


def faces(made) -> tuple:
    """All that a figure shows, as far as it can be compared."""
    shown = (repr(made), made.describe(), made.plain()) if hasattr(made, "describe") else (repr(made), made.alt)
    getattr(made, "close", lambda: None)()
    return shown


@cache
def expected(name: str) -> tuple:
    return faces(MADE[name](lambda x: x))


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", MADE)
def test_kind_of_tensor_changes_nothing(name, change):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "converting a tensor with requires_grad=True"
        assert faces(MADE[name](CHANGES[change])) == expected(name)


@pytest.mark.parametrize("change", [lambda x: x.numpy(), lambda x: x.tolist()])
@pytest.mark.parametrize(
    "name", ["confusion_explorer", "resolution_explorer", "softmax_lab", "open_set_lab", "occlusion_explorer"]
)
def test_arrays_and_lists_will_do(name, change):
    assert faces(MADE[name](change)) == expected(name)


@pytest.mark.parametrize("name", ["confusion_explorer", "resolution_explorer"])
def test_rounded_probabilities_of_many_classes_are_still_probabilities(name):
    """Twenty of them in bfloat16 have sums up to 0.4 % beside 1."""
    generator = torch.Generator().manual_seed(1)
    names = [f"class {k}" for k in range(20)]
    p = torch.randn(N, 20, generator=generator).softmax(dim=1).bfloat16()
    assert (p.double().sum(dim=1) - 1).abs().max() > 1e-3
    if name == "confusion_explorer":
        labels = torch.arange(N) % 20
        made = figures.confusion_explorer(ImageSet.of(IMAGES, labels, names), p)
    else:
        made = figures.resolution_explorer(picture(), p[:3], names, sizes=(64, 8, 1))
    made.close()


@pytest.mark.parametrize("answer", [None, {"p": 1}, ("a", "b"), [[1.0], [0.5, 0.5]]])
def test_an_answer_that_is_no_array_is_named(answer):
    with pytest.raises(ValueError, match=r"occlusion_explorer: predict g(ot|ave) an a"):
        figures.occlusion_explorer(picture(16), lambda pictures: answer, CLASSES)


def test_arrays_of_numpy_for_right_and_wrong():
    right = (LABELS == 0).numpy().astype(np.int64)
    made = figures.open_set_lab({"e": EIGHTHS}, {"e": EIGHTHS}, right)
    again = figures.open_set_lab({"e": EIGHTHS}, {"e": EIGHTHS}, LABELS == 0)
    assert faces(made) == faces(again)
