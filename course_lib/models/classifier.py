"""A backbone with a classifier on top: the network that a lesson trains."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from .backbones import Backbone, pool
from .preprocessing import Preprocessing


class Classifier(nn.Module):
    """`backbone` → pooling → (hidden layers) → one logit a class.

    Args:
        backbone: a `Backbone`; it is part of the classifier afterwards.
        classes: names of the classes, in the order of the logits.
        frozen: leave the backbone as it is: no gradients, and its BatchNorm layers stay in inference
            mode whatever `train()` says, so that their running statistics do not drift.
        hidden: widths of the layers between the pooled features and the logits.
        dropout: share of the pooled features that is set to 0 in training, 0 to 1.
        pooling: "mean+max" or "mean".
        seed: of the new layers' weights.
    """

    def __init__(
        self,
        backbone: Backbone,
        classes: Sequence[str],
        *,
        frozen: bool = False,
        hidden: Sequence[int] = (),
        dropout: float = 0.0,
        pooling: str = "mean+max",
        seed: int = 0,
    ):
        super().__init__()
        self.backbone, self.classes, self.frozen = backbone, tuple(classes), frozen
        self.hidden, self.dropout, self.pooling = tuple(hidden), dropout, pooling
        width = backbone.width * (2 if pooling == "mean+max" else 1)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.head = _head([width, *hidden, len(self.classes)], dropout)
        if frozen:
            backbone.requires_grad_(False)
        self.train()

    @property
    def preprocessing(self) -> Preprocessing:
        """The backbone's."""
        return self.backbone.preprocessing

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, 3, H, W], preprocessed → logits float32 [B, K]."""
        return self.head(pool(self.backbone(x), self.pooling))

    def train(self, mode: bool = True) -> Classifier:
        """As `nn.Module.train`, except that a frozen backbone stays in inference mode."""
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self


def _head(widths: Sequence[int], dropout: float) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Dropout(dropout)] if dropout else []
    for position, (inputs, outputs) in enumerate(pairwise(widths)):
        layers += ([nn.ReLU()] if position else []) + [nn.Linear(inputs, outputs)]
    return nn.Sequential(*layers)
