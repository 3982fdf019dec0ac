"""A larger network, a plain schedule, and every test picture seen in eight forms."""

from __future__ import annotations

from torch import Tensor

from ... import training
from ...data import ImageSet
from . import learning


def lite0_one_cycle(train: ImageSet, test_images: Tensor, seed: int) -> Tensor:
    """EfficientNet-Lite0 whole: six epochs of AdamW, one cycle up to 2e-3; the test over its eight forms."""
    model = learning.network("efficientnet_lite0", train.classes, seed)
    learning.fit(model, train, training.Settings(epochs=6, peak_lr=2e-3, seed=seed))
    return learning.over_eight_forms(model, test_images)
