"""Most of EuroSAT is easy after two epochs; the time that is left goes to the rest."""

from __future__ import annotations

from torch import Tensor

from ... import training
from ...data import ImageSet
from . import learning
from .learning import Pass

SIZE = 64  # pixels


def lite0_hard_pictures(train: ImageSet, test_images: Tensor, seed: int) -> Tensor:
    """EfficientNet-Lite0: two epochs of all, ten of the hardest 40 %, AdamW, one cycle up to 1.5e-3; eight forms."""
    model = learning.network("efficientnet_lite0", train.classes, seed)
    passes = 2 * [Pass(SIZE)] + 10 * [Pass(SIZE, share=0.4)]
    learning.learn(model, train, passes, training.Settings(peak_lr=1.5e-3, seed=seed))
    return learning.over_eight_forms(model, test_images, size=SIZE)
