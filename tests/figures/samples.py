"""One small example of every interactive figure, for the tests that hold all figures to the same rules.

`SAMPLES[name]()` makes the figure of `course_lib/figures/name.py`, always the same one. Where a figure takes names
from data, one of them is `RUDE`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from course_lib.figures.live import LiveFigure
from course_lib.figures.resolution_explorer import resolution_explorer

RUDE = "<img src=x onerror=document.title='hacked'>"
CLASSES = ("Forest", RUDE, "River")


def picture(side: int = 64, *, seed: int = 0) -> torch.Tensor:
    """uint8 [3, side, side]: noise."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, side, side), generator=generator).to(torch.uint8)


def _resolution_explorer() -> LiveFigure:
    rows = [[0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.999, 0.0005, 0.0005]]
    return resolution_explorer(picture(), rows, CLASSES, sizes=(64, 8, 1), truth="Forest")


SAMPLES: dict[str, Callable[[], LiveFigure]] = {
    "resolution_explorer": _resolution_explorer,
}
