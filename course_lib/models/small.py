"""Networks that a laptop trains in seconds.

Each is a row of convolutions (`Conv`), a ReLU after each, the mean over all places, and one linear layer. So two of
them differ in what is asked about, and in nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from ..standards import LUMA
from .convolution import Conv
from .preprocessing import Preprocessing

PLAIN = (Conv(3, stride=2, padding=1),) * 3
WIDTHS = (16, 32, 32)
ZERO_TO_ONE = Preprocessing(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


class SmallCNN(nn.Module):
    """Convolutions in a row → the mean over all places → logits.

    Args:
        layers: the convolutions, the first one next to the picture.
        widths: channels after each of them.
        outputs: logits; one for a sigmoid.
        inputs: channels of the picture.
        shallow_paths: hand the mean of every layer to the classifier, not of the last one only.
        batch_norm: normalise before each ReLU.
        dropout: share of the means that is set to 0 in training.
        preprocessing: uint8 [B, 3, H, W] → what the network sees; `training.fit` and `training.predict` ask for it.
        seed: of the weights.

    Raises:
        ValueError: not as many widths as layers.

    Example:
        >>> SmallCNN()(torch.zeros(4, 3, 64, 64)).shape
        torch.Size([4, 2])
    """

    def __init__(
        self,
        layers: Sequence[Conv] = PLAIN,
        widths: Sequence[int] = WIDTHS,
        *,
        outputs: int = 2,
        inputs: int = 3,
        shallow_paths: bool = False,
        batch_norm: bool = False,
        dropout: float = 0.0,
        preprocessing: Callable[[Tensor], Tensor] = ZERO_TO_ONE,
        seed: int = 0,
    ):
        super().__init__()
        self.shallow_paths, self.preprocessing = shallow_paths, preprocessing
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.blocks = _blocks(layers, (inputs, *widths), batch_norm)
            self.dropout = nn.Dropout(dropout)
            self.head = nn.Linear(sum(widths) if shallow_paths else widths[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, inputs, H, W] → logits [B, outputs]."""
        means = []
        for block in self.blocks:
            x = block(x)
            means.append(x.mean(dim=(2, 3)))
        return self.head(self.dropout(torch.cat(means, dim=1) if self.shallow_paths else means[-1]))


class TwoBranches(nn.Module):
    """One branch sees colours pixel by pixel (1×1 kernels), the other one shapes in grey; their means are joined.

    Args:
        colour_widths: channels of the colour branch, a 1×1 convolution each.
        layers, widths: the shape branch, as in `SmallCNN`.
        outputs, batch_norm, preprocessing, seed: as in `SmallCNN`. Three channels go in.

    Example:
        >>> TwoBranches()(torch.zeros(4, 3, 64, 64)).shape
        torch.Size([4, 2])
    """

    luma: Tensor  # [3, 1, 1]

    def __init__(
        self,
        colour_widths: Sequence[int] = (16, 16),
        layers: Sequence[Conv] = PLAIN,
        widths: Sequence[int] = WIDTHS,
        *,
        outputs: int = 2,
        batch_norm: bool = False,
        preprocessing: Callable[[Tensor], Tensor] = ZERO_TO_ONE,
        seed: int = 0,
    ):
        super().__init__()
        self.preprocessing = preprocessing
        self.register_buffer("luma", torch.tensor(LUMA["601"])[:, None, None], persistent=False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.colour = nn.Sequential(*_blocks([Conv(1)] * len(colour_widths), (3, *colour_widths), batch_norm))
            self.shape = nn.Sequential(*_blocks(layers, (1, *widths), batch_norm))
            self.head = nn.Linear(colour_widths[-1] + widths[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, 3, H, W] → logits [B, outputs]."""
        grey = (x * self.luma).sum(dim=1, keepdim=True)
        means = [branch.mean(dim=(2, 3)) for branch in (self.colour(x), self.shape(grey))]
        return self.head(torch.cat(means, dim=1))


def _blocks(layers: Sequence[Conv], widths: Sequence[int], batch_norm: bool = False) -> nn.ModuleList:
    if len(widths) != len(layers) + 1:
        raise ValueError(f"got {len(layers)} layers and {len(widths) - 1} widths; every layer wants one.")
    blocks = []
    for layer, before, after in zip(layers, widths[:-1], widths[1:], strict=True):
        convolution = nn.Conv2d(
            before, after, layer.kernel, layer.stride, layer.padding, dilation=layer.dilation, groups=layer.groups
        )
        norm = [nn.BatchNorm2d(after)] if batch_norm else []
        blocks.append(nn.Sequential(convolution, *norm, nn.ReLU()))
    return nn.ModuleList(blocks)
