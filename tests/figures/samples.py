"""One small example of every interactive figure, for the tests that hold all figures to the same rules.

`SAMPLES[name]()` makes the figure of `course_lib/figures/interactive/name.py`, always the same one. Where a figure
takes names from data, one of them is `RUDE`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from course_lib import openset
from course_lib.data import ImageSet
from course_lib.figures.interactive.colour_explorer import colour_explorer
from course_lib.figures.interactive.confusion_explorer import confusion_explorer
from course_lib.figures.interactive.kernel_explorer import kernel_explorer
from course_lib.figures.interactive.map_explorer import map_explorer
from course_lib.figures.interactive.normalization_explorer import normalization_explorer
from course_lib.figures.interactive.occlusion_explorer import occlusion_explorer
from course_lib.figures.interactive.open_set_lab import open_set_lab
from course_lib.figures.interactive.recolour_explorer import recolour_explorer
from course_lib.figures.interactive.resolution_explorer import resolution_explorer
from course_lib.figures.interactive.softmax_lab import softmax_lab
from course_lib.figures.live import LiveFigure

RUDE = "<img src=x onerror=document.title='hacked'>"
CLASSES = ("Forest", RUDE, "River")


def picture(side: int = 64, *, seed: int = 0) -> torch.Tensor:
    """uint8 [3, side, side]: noise."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, side, side), generator=generator).to(torch.uint8)


def _resolution_explorer() -> LiveFigure:
    rows = [[0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.999, 0.0005, 0.0005]]
    return resolution_explorer(picture(), rows, CLASSES, sizes=(64, 8, 1), truth="Forest")


def _confusion_explorer() -> LiveFigure:
    generator = torch.Generator().manual_seed(0)
    labels = torch.randint(0, 3, (300,), generator=generator)
    images = torch.randint(0, 256, (300, 3, 16, 16), generator=generator).to(torch.uint8)
    logits = 2 * torch.randn(300, 3, generator=generator) + 3 * torch.eye(3)[labels]
    return confusion_explorer(ImageSet.of(images, labels, CLASSES), logits.softmax(dim=1))


def _softmax_lab() -> LiveFigure:
    return softmax_lab([8, 0, -2], CLASSES)


def channel_shares(pictures: torch.Tensor) -> torch.Tensor:
    """A "model" that answers at once: is it red, green or blue in the middle of the picture?"""
    quarter = pictures.shape[-1] // 4
    middle = pictures[..., quarter:-quarter, quarter:-quarter].double().mean(dim=(-2, -1))
    return (middle / 8).softmax(dim=-1)


def _occlusion_explorer() -> LiveFigure:
    return occlusion_explorer(picture(), channel_shares, CLASSES, truth="Forest")


def _recolour_explorer() -> LiveFigure:
    return recolour_explorer(picture(32), channel_shares, CLASSES, truth="Forest")


def _open_set_lab() -> LiveFigure:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(900, 3, generator=generator) + torch.tensor([[4.0, 0, 0]]) * (torch.arange(900) < 600)[:, None]
    scores = {"energy": openset.energy(logits), f"softmax {RUDE}": openset.max_softmax(logits)}
    images = torch.randint(0, 256, (900, 3, 16, 16), generator=generator).to(torch.uint8)
    answers = [CLASSES[k] for k in logits.argmax(dim=1)]
    return open_set_lab(
        *({name: score[part] for name, score in scores.items()} for part in (slice(600), slice(600, 900))),
        logits[:600].argmax(dim=1) == 0, pictures=(images[:600], images[600:]), answers=(answers[:600], answers[600:]),
    )  # fmt: skip


def _normalization_explorer() -> LiveFigure:
    dim = (picture(16) // 3 + 40).expand(12, 3, 16, 16)
    return normalization_explorer(ImageSet.of(dim, [1] * 12, CLASSES))


def _colour_explorer() -> LiveFigure:
    blues = torch.full((2, 4, 3, 16, 16), 60, dtype=torch.uint8) + (picture(16) // 8)
    for channel, levels in enumerate(((60, 110), (120, 60), (150, 200))):  # another hue
        blues[:, :, channel] += torch.tensor(levels, dtype=torch.uint8)[:, None, None, None] // 2
    return colour_explorer(*blues, names=(CLASSES[0], RUDE))


def _kernel_explorer() -> LiveFigure:
    return kernel_explorer(picture(48), kernel=(7, 3), layers=2, padding="same")


def _map_explorer() -> LiveFigure:
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(600) % 3
    places = torch.rand(600, 2, generator=generator, dtype=torch.float64) * torch.tensor([30.0, 20.0])
    places = places + torch.tensor([-5.0, 38.0]) + labels[:, None]  # each class somewhat farther north-east
    places[::100] = float("nan")
    images = torch.randint(0, 256, (3, 3, 16, 16), generator=generator).to(torch.uint8)[labels]
    logits = 2 * torch.randn(600, 3, generator=generator) + 3 * torch.eye(3)[labels]
    rows = [
        {"by": "random", "accuracy": 0.884, "balanced": 0.881, "note": "mean of 2 seeds"},
        {"by": "longitude", "value": 20.0, "accuracy": 0.851, "balanced": 0.798},
        {"by": "cells", "value": 1.0, "accuracy": 0.872, "balanced": 0.86},
    ]
    pictures = ImageSet.of(images, labels, CLASSES, places=places)
    return map_explorer(pictures, answers=logits.softmax(dim=1), accuracies=rows, shown=range(1, 40))


SAMPLES: dict[str, Callable[[], LiveFigure]] = {
    "colour_explorer": _colour_explorer,
    "confusion_explorer": _confusion_explorer,
    "kernel_explorer": _kernel_explorer,
    "map_explorer": _map_explorer,
    "normalization_explorer": _normalization_explorer,
    "occlusion_explorer": _occlusion_explorer,
    "recolour_explorer": _recolour_explorer,
    "open_set_lab": _open_set_lab,
    "resolution_explorer": _resolution_explorer,
    "softmax_lab": _softmax_lab,
}
