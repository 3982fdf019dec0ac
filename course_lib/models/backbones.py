"""Pretrained networks without their classifiers, each with the preprocessing that it was trained with."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from .. import data
from . import efficientnet_lite, from_timm, keras_weights
from .inference import answered, described, fed, inference
from .preprocessing import CAFFE, HALF, IMAGENET, LITE, MINUS_ONE_TO_ONE, Preprocessing
from .texture_net import TextureNet


class Backbone(nn.Module):
    """A feature extractor: floats [B, 3, H, W] → feature map [B, D, h, w].

    Attributes:
        name: as given to `backbone`.
        body: the layers.
        width: D, the channels of the last feature map.
        preprocessing: from uint8 pictures to what `body` expects.
        weights: "ImageNet", "textures" or "random": what it has seen.
        licence: of the weights.
    """

    def __init__(self, name: str, body: nn.Module, preprocessing: Preprocessing, weights: str, licence: str):
        super().__init__()
        self.name, self.body, self.preprocessing = name, body, preprocessing
        self.weights, self.licence = weights, licence
        self.width = _width(body)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, 3, H, W], preprocessed → feature maps [B, D, h, w]."""
        return self.body(x)

    def embed(self, x: Tensor, pooling: str = "mean+max") -> Tensor:
        """One vector a picture, [B, D] for "mean" and [B, 2D] for "mean+max"."""
        return pool(self.body(x), pooling)

    def digest(self) -> str:
        """SHA-256 of the weights: two backbones with the same digest give the same features."""
        digest = hashlib.sha256(repr((self.name, self.preprocessing)).encode())
        for name, tensor in self.state_dict().items():
            content = tensor.detach().cpu().reshape(-1).view(torch.uint8)  # NumPy has no bfloat16
            digest.update(name.encode() + content.numpy().tobytes())
        return digest.hexdigest()


def pool(feature_map: Tensor, pooling: str = "mean+max") -> Tensor:
    """[B, D, h, w] → [B, D] ("mean"), or [B, 2D] ("mean+max"): how much of a pattern, and is it anywhere."""
    mean = feature_map.mean(dim=(2, 3))
    if pooling == "mean":
        return mean
    if pooling == "mean+max":
        return torch.cat([mean, feature_map.amax(dim=(2, 3))], dim=1)
    raise ValueError(f'pooling got {pooling!r}; it wants "mean" or "mean+max".')


@dataclass(frozen=True)
class _Recipe:
    build: Callable[[], nn.Module]
    preprocessing: Preprocessing
    fill: Callable[[nn.Module, Path], None]


def _torchvision(name: str, preprocessing: Preprocessing = IMAGENET) -> _Recipe:
    """A torchvision network and its own weight file."""

    def fill(network: nn.Module, path: Path) -> None:
        network.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))

    return _Recipe(lambda: _architecture(name), preprocessing, fill)


def _architecture(name: str) -> nn.Module:
    """torchvision's network called `name`, with random weights."""
    from torchvision import models  # takes seconds: only who builds a network waits for it

    return getattr(models, name)(weights=None)


_RECIPES: dict[str, _Recipe] = {
    "squeezenet1_1": _Recipe(lambda: _architecture("squeezenet1_1"), CAFFE, keras_weights.fill_squeezenet),
    "mobilenet_v2_035": _Recipe(keras_weights.mobilenet_v2_035, MINUS_ONE_TO_ONE, keras_weights.fill_mobilenet_v2),
    "efficientnet_lite0": _Recipe(efficientnet_lite.EfficientNetLite0, LITE, efficientnet_lite.fill),
    "resnet18": _torchvision("resnet18"),
    "resnet50": _torchvision("resnet50"),
    "mobilenet_v3_small": _torchvision("mobilenet_v3_small"),
    "efficientnet_b0": _torchvision("efficientnet_b0"),
}
BACKBONES = ("texture_net", *_RECIPES)


def backbone(name: str, *, weights: Literal["any", "real", "random"] = "any", seed: int = 0) -> Backbone:
    """The network called `name`, without its classifier, in inference mode.

    Args:
        name: one of `BACKBONES`, or, where timm is installed, "timm:" and a name of timm's ("timm:convnext_atto").
            "squeezenet1_1" is the default of the lessons on a CPU; "efficientnet_lite0" is installed with the course.
        weights: "any" takes the pretrained weights, else the shipped `texture_net` with a
            `StandInWarning`; "real" insists on them; "random" leaves the network untrained.
        seed: of the random weights.

    Raises:
        ValueError: no such backbone, or one of timm's without a feature map (a transformer).
        ModuleNotFoundError: one of timm's, without timm.
        data.DataError: weights="real", and the weights cannot be had.
    """
    if name.startswith(from_timm.PREFIX):
        return _of_timm(name, weights, seed)
    if name not in BACKBONES:
        raise ValueError(data.registry.unknown(name, BACKBONES, what="a backbone"))
    if name == "texture_net":
        return _texture_net(weights, seed)
    recipe = _RECIPES[name]
    try:
        file = data.weights_file(name) if weights != "random" else None
    except data.DataError as error:
        if weights == "real":
            raise
        return _stand_in(name, error, seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = recipe.build()
    if file:
        recipe.fill(network, file)
    seen = "ImageNet" if file else "random"
    licence = data.registry.entry(name).licence
    return Backbone(name, _without_classifier(network), recipe.preprocessing, seen, licence).eval()


def _of_timm(name: str, weights: str, seed: int) -> Backbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            asked = name.removeprefix(from_timm.PREFIX)
            body, preprocessing, licence = from_timm.network(asked, pretrained=weights != "random")
        except data.DataError as error:
            if weights == "real":
                raise
            return _stand_in(name, error, seed)
    return Backbone(name, body, preprocessing, "random" if weights == "random" else "ImageNet", licence).eval()


def _stand_in(name: str, error: data.DataError, seed: int) -> Backbone:
    """The shipped `texture_net`, with a warning that it stands in for `name`."""
    warnings.warn(f"{error}\nUntil then texture_net stands in for {name}.", data.StandInWarning, stacklevel=3)
    return _texture_net("real", seed)


def _texture_net(weights: str, seed: int) -> Backbone:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        body = TextureNet().features
    if weights != "random":
        body.load_state_dict(_without_prefix(load_file(data.weights_file("texture_net"))))
    seen = "random" if weights == "random" else "textures"
    return Backbone("texture_net", body, HALF, seen, "MIT").eval()


def _without_prefix(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix("features."): tensor.float() if tensor.is_floating_point() else tensor
            for name, tensor in state.items()}  # fmt: skip


def _without_classifier(network: nn.Module) -> nn.Module:
    features = getattr(network, "features", None)
    if isinstance(features, nn.Module):
        return features
    return nn.Sequential(*list(network.children())[:-2])  # a ResNet, without average pool and fc


@torch.inference_mode()
def _width(body: nn.Module) -> int:
    with inference(body):
        found = answered("Backbone", body, fed(body, torch.zeros(1, 3, 64, 64)))
    if not isinstance(found, Tensor) or found.ndim != 4:
        raise ValueError(
            f"Backbone got a body that gives {described(found)} for one picture; it wants a feature map [1, D, h, w]: "
            "leave out what comes after the convolutions."
        )
    return found.shape[1]
