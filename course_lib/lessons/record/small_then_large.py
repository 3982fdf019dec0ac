"""Small pictures first, since they are cheap; large ones last, since they are what is asked about."""

from __future__ import annotations

from torch import Tensor

from ... import training
from ...data import ImageSet
from . import learning
from .learning import Pass

SMALL, LARGE = 48, 80  # pixels


def lite0_small_then_large(train: ImageSet, test_images: Tensor, seed: int) -> Tensor:
    """EfficientNet-Lite0: three epochs at 48 pixels, three at 80, AdamW, one cycle up to 1e-3; eight forms at 80."""
    model = learning.network("efficientnet_lite0", train.classes, seed)
    settings = training.Settings(peak_lr=1e-3, weight_decay=0.05, label_smoothing=0.05, seed=seed)
    learning.learn(model, train, 3 * [Pass(SMALL)] + 3 * [Pass(LARGE)], settings)
    return learning.over_eight_forms(model, test_images, size=LARGE)
