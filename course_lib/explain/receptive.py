"""How much of its receptive field a number really uses: the effective receptive field, by gradient."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..models.inference import answered, described, fed


def effective_receptive_field(network: Callable[[Tensor], Tensor], pictures: Tensor) -> Tensor:
    """How much each pixel moves the middle number of a feature map: float32 [H, W], 0 or more, summing to 1.

    Every channel of the map is asked by itself. Of the gradient with respect to the pixels the sizes are taken, and of
    those the mean over pictures and channels. Luo, Li, Urtasun, Zemel: Understanding the Effective Receptive Field in
    Deep Convolutional Neural Networks, 2016.

    Args:
        network: floats [B, C, H, W] → feature map [B, K, h, w], such as `model.blocks` in a row. Of an even h or w the
            middle is the later one of two, position h // 2. A module is asked as it is: call `eval()` before.
        pictures: float [B, C, H, W], as the network wants them.

    Raises:
        ValueError: the network gives no feature map, or its middle hears of no pixel (dead ReLUs, say).

    >>> mean = torch.nn.Conv2d(1, 1, 3, bias=False)
    >>> _ = torch.nn.init.ones_(mean.weight)
    >>> (9 * effective_receptive_field(mean, torch.rand(2, 1, 5, 5))).round().int().tolist()
    [[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    """
    with torch.inference_mode(False), torch.enable_grad():
        x = pictures.detach().clone().float().requires_grad_()
        found = answered("effective_receptive_field", network, fed(network, x))
        if not isinstance(found, Tensor) or found.ndim != 4:
            raise ValueError(
                f"effective_receptive_field got a network that gives {described(found)}; it wants a feature map "
                "[B, K, h, w]. Leave out what comes after the convolutions."
            )
        total = _sizes_of_gradients(found, x)
    if not total.sum() > 0:
        raise ValueError(
            "effective_receptive_field got a network whose middle number no pixel moves. Are its ReLUs dead for these "
            "pictures, or is a layer 0?"
        )
    return total / total.sum()


def _sizes_of_gradients(found: Tensor, x: Tensor) -> Tensor:
    """Of the middle of each channel of a feature map, with respect to each pixel, added up: float32 [H, W]."""
    middle = found[:, :, found.shape[2] // 2, found.shape[3] // 2]
    total = torch.zeros(x.shape[2:])
    if not found.requires_grad:
        return total
    for channel in range(middle.shape[1]):  # one by one: gradients of a sum of channels would cancel
        (gradient,) = torch.autograd.grad(middle[:, channel].sum(), x, retain_graph=True)
        total += gradient.abs().sum(dim=(0, 1)).cpu()
    return total


def share_used(field: Tensor, theoretical: tuple[int, int], *, of: float = 0.95) -> float:
    """The fewest pixels that hold `of` of an effective `field` [H, W], as a share of the `theoretical` field's, 0–1.

    A box that weighs all of its pixels alike uses about 0.95 of them; a peak in its middle far fewer.

    >>> share_used(torch.full((10, 10), 0.01), (10, 10))
    0.95
    """
    if not 0 < of <= 1:
        raise ValueError(f"share_used got of={of}; it wants a share above 0, to 1.")
    heaviest = field.double().flatten().sort(descending=True).values.cumsum(0)
    # Sums of many float32 end a little beside 1.
    needed = int((heaviest < of * heaviest[-1] - 1e-6).sum()) + 1
    return needed / (theoretical[0] * theoretical[1])
