"""`TextureNet`: a small residual network, shipped with weights that learnt generated textures only."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTHS = (32, 64, 128)  # channels after the stem and after each stage; every one of them halves the picture


class TextureNet(nn.Module):
    """Stem, residual stages, mean over space, linear classifier.

    Args:
        n_classes: number of logits.
        widths: channels of the stem and of each stage.

    Attributes:
        features: [B, 3, H, W] to [B, D, H/8, W/8]: D = 128 maps, each ≥ 0, for any H, W ≥ 32. A pixel of a
            map sees 39 pixels of the picture.
        classifier: [B, D] to logits [B, n_classes].

    The input is float32 RGB after `preprocessing.HALF`: (x / 255 − 0.5) / 0.25.

    Example:
        >>> net = TextureNet().eval()
        >>> net(torch.zeros(2, 3, 64, 64)).shape, net.features(torch.zeros(2, 3, 64, 64)).shape
        (torch.Size([2, 10]), torch.Size([2, 128, 8, 8]))

    Residual blocks are those of He et al., "Deep Residual Learning for Image Recognition", 2016,
    https://arxiv.org/abs/1512.03385.
    """

    def __init__(self, n_classes: int = 10, *, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        if n_classes < 1:
            raise ValueError(f"TextureNet got n_classes={n_classes}; it wants 1 or more: one logit a class.")
        stages = [Residual(below, above) for below, above in pairwise(widths)]
        self.features = nn.Sequential(_conv(3, widths[0], stride=2), nn.ReLU(), *stages)
        self.classifier = nn.Linear(widths[-1], n_classes)
        # A third faster on a CPU; the shapes stay [B, C, H, W].
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [B, n_classes] of preprocessed pictures [B, 3, H, W]."""
        return self.classifier(self.features(x).mean(dim=(2, 3)))


class Residual(nn.Module):
    """Two 3×3 convolutions beside a 1×1 shortcut: [B, below, H, W] to [B, above, H/2, W/2], ≥ 0."""

    def __init__(self, below: int, above: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_conv(below, above, stride=2), nn.ReLU(), _conv(above, above))
        self.shortcut = _conv(below, above, size=1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, below, H, W] → [B, above, H/2, W/2]."""
        return torch.relu(self.body(x) + self.shortcut(x))


def _conv(below: int, above: int, *, size: int = 3, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(below, above, size, stride, padding=size // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(above))
