"""A backbone with a classifier on top: the network that a lesson trains."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..data import places
from .backbones import Backbone, backbone, pool
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


def save(model: Classifier, path: str | Path) -> Path:
    """Write weights and description to one safetensors file (no code inside); whole or not at all."""
    path = Path(path)
    about = {
        "backbone": model.backbone.name,
        "weights": model.backbone.weights,
        "classes": model.classes,
        "frozen": model.frozen,
        "hidden": model.hidden,
        "dropout": model.dropout,
        "pooling": model.pooling,
    }
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with places.replacing(path) as part:
        save_file(state, part, metadata={"classifier": json.dumps(about)})
    return path


def load(path: str | Path) -> Classifier:
    """The `Classifier` that `save` wrote, in inference mode.

    Raises:
        FileNotFoundError: no such file.
        ValueError: a safetensors file that `save` did not write.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"load got {str(path)!r}, where there is no file. Save a model there first.")
    with safe_open(path, framework="pt") as file:
        about = (file.metadata() or {}).get("classifier")
    if about is None:
        raise ValueError(f"load got {path.name}, which holds no classifier. It wants a file made by `models.save`.")
    about = json.loads(about)
    body = backbone(about.pop("backbone"), weights="random")
    body.weights = about.pop("weights")
    model = Classifier(body, **about)
    model.load_state_dict(load_file(path))
    return model.eval()
