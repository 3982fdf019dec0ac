"""The smallest network of the course, as chapter 3 trains it."""

from __future__ import annotations

from torch import Tensor

from ... import training
from ...data import ImageSet
from . import learning


def mobilenet_6_epochs(train: ImageSet, test_images: Tensor, seed: int) -> Tensor:
    """MobileNetV2 α .35 whole: six epochs of AdamW, one cycle up to 3e-3; the test upright, once."""
    model = learning.network("mobilenet_v2_035", train.classes, seed)
    learning.fit(model, train, training.Settings(epochs=6, peak_lr=3e-3, seed=seed))
    return training.predictor(model)(test_images).argmax(dim=1)
