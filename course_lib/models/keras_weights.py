"""Weights published for Keras, put into torchvision's networks.

Keras stores a convolution as [h, w, in, out], torch as [out, in, h, w]. The networks must agree in what no
weight file says, too: epsilon of the batch normalisation, and on which side a stride of 2 pads.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

if TYPE_CHECKING:
    import h5py

if TYPE_CHECKING:  # takes seconds: only who builds a network waits for it
    import torchvision


def fill_squeezenet(network: torchvision.models.SqueezeNet, path: Path) -> None:
    """Fill torchvision's `squeezenet1_1` from the file of keras-squeezenet (MIT)."""

    import h5py

    fires = [m for m in network.features if hasattr(m, "squeeze")]
    with h5py.File(path) as file:
        _fill_conv(network.features[0], file["conv1"])
        for number, fire in enumerate(fires, start=2):
            for layer, name in (
                (fire.squeeze, "squeeze1x1"),
                (fire.expand1x1, "expand1x1"),
                (fire.expand3x3, "expand3x3"),
            ):
                _fill_conv(layer, file[f"fire{number}/{name}"])


def mobilenet_v2_035() -> torchvision.models.MobileNetV2:
    """torchvision's MobileNetV2 of width 0.35, computing what `keras.applications` computes."""
    from torchvision.models import mobilenet_v2

    network = mobilenet_v2(weights=None, width_mult=0.35)
    for module in list(network.modules()):  # a list: the loop adds modules
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Conv2d) and child.stride == (2, 2):
                setattr(module, name, _pad_like_keras(child))
    return network


def fill_mobilenet_v2(network: torchvision.models.MobileNetV2, path: Path) -> None:
    """Fill `mobilenet_v2_035` from the file of `keras.applications` (Apache-2.0)."""

    import h5py

    convs = [m for m in network.features.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in network.features.modules() if isinstance(m, nn.BatchNorm2d)]
    with h5py.File(path) as file:
        for (conv_name, norm_name), conv, norm in zip(_mobilenet_names(), convs, norms, strict=True):
            _fill_conv(conv, file[conv_name])
            _fill_norm(norm, file[norm_name])


def _mobilenet_names() -> list[tuple[str, str]]:
    """(convolution, batch normalisation) in the order of the forward pass, by Keras's names."""
    names = [("Conv1", "bn_Conv1"), ("expanded_conv_depthwise", "expanded_conv_depthwise_BN")]
    names += [("expanded_conv_project", "expanded_conv_project_BN")]
    for block in range(1, 17):
        names += [(f"block_{block}_{step}", f"block_{block}_{step}_BN") for step in ("expand", "depthwise", "project")]
    return [*names, ("Conv_1", "Conv_1_bn")]


def _pad_like_keras(conv: nn.Conv2d) -> nn.Sequential:
    """Keras pads a stride of 2 below and to the right when the size is even; torch pads all around."""
    conv.padding = (0, 0)
    return nn.Sequential(_PadForStride2(), conv)


class _PadForStride2(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        h, w = x.shape[2:]
        return pad(x, (w % 2, 1, h % 2, 1))


def _arrays(group: h5py.Group) -> dict[str, Tensor]:
    """The tensors of a layer by their last name, without Keras's ":0"."""

    import h5py

    found = {}
    group.visititems(
        lambda name, item: (
            found.update({name.rsplit("/", 1)[-1].removesuffix(":0"): torch.from_numpy(item[()])})
            if isinstance(item, h5py.Dataset)
            else None
        )
    )
    return found


@torch.no_grad()
def _fill_conv(conv: nn.Conv2d, group: h5py.Group) -> None:
    arrays = _arrays(group)
    (kernel,) = [a for a in arrays.values() if a.ndim == 4]
    # A depthwise kernel is [h, w, channels, 1] in Keras; with groups, torch wants [channels, 1, h, w].
    conv.weight.copy_(kernel.permute((2, 3, 0, 1) if conv.groups > 1 else (3, 2, 0, 1)))
    if conv.bias is not None:
        (bias,) = [a for a in arrays.values() if a.ndim == 1]
        conv.bias.copy_(bias)


@torch.no_grad()
def _fill_norm(norm: nn.BatchNorm2d, group: h5py.Group) -> None:
    arrays = _arrays(group)
    own = {
        "gamma": norm.weight, "beta": norm.bias,
        "moving_mean": norm.running_mean, "moving_variance": norm.running_var,
    }  # fmt: skip
    for name, tensor in own.items():
        assert tensor is not None, "as the network was made, every norm keeps running statistics"
        tensor.copy_(arrays[name])
