"""Exercise: a frozen backbone. The solution, then the mistakes that people make and what to tell them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ....practice import draws
from ....practice.engine import Case, exercise


class TinyClassifier(nn.Module):
    """Built like `models.Classifier`, and small: a backbone with BatchNorm, a head with dropout.

    The same weights for the same seed. `depth` counts the backbone's convolutions.
    """

    def __init__(self, *, depth: int = 1, seed: int = 0):
        super().__init__()
        self.backbone = nn.Sequential()
        for k in range(depth):
            self.backbone.extend([nn.Conv2d(4 if k else 3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU()])
        self.backbone.extend([nn.AdaptiveAvgPool2d(1), nn.Flatten()])
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 2))
        self.float()
        r = np.random.default_rng(seed)
        for parameter in self.parameters():
            parameter.data = draws.floats(r.uniform(0.1, 0.6, parameter.shape))

    def forward(self, x: Tensor) -> Tensor:
        """float32 [B, 3, H, W] → logits float32 [B, 2]."""
        return self.head(self.backbone(x))


@dataclass(frozen=True)
class _Arrival:
    """How a model comes: which modules are in training mode, which parameters want gradients; None is all."""

    training: bool = True
    depth: int = 1
    seed: int | None = None
    frozen: tuple[str, ...] = ()

    def model(self) -> TinyClassifier:
        model = TinyClassifier(depth=self.depth).train(self.training)
        for name in self.frozen:
            getattr(model, name).requires_grad_(False)
        if self.seed is None:
            return model
        r = np.random.default_rng(self.seed)
        for module in model.modules():
            module.training = bool(r.random() < 0.5)
        for parameter in model.parameters():
            parameter.requires_grad_(bool(r.random() < 0.5))
        return model


def _after(train_head_only: Callable, arrival: _Arrival) -> dict[str, object] | None:
    """How a model behaves that went through `train_head_only`; None where that did nothing to a new model.

    Behaviour is looked at, not attributes: there is more than one right way to freeze a BatchNorm.
    """
    model = arrival.model()
    before, parts = _switches(model), (model.backbone, model.head)
    train_head_only(model)
    if arrival == _Arrival() and _switches(model) == before:
        return None
    if (model.backbone, model.head) != parts:
        return {"Backbone and head are those that came": False}
    pictures = draws.floats(np.random.default_rng(1).random((8, 3, 8, 8)))
    return {"Backbone and head are those that came": True, **_facts(model, pictures)}


def _switches(model: nn.Module) -> list:
    modes = [(name, module.training) for name, module in model.named_modules()]
    return modes + [(name, parameter.requires_grad) for name, parameter in model.named_parameters()]


def _facts(model: TinyClassifier, pictures: Tensor) -> dict[str, object]:
    norms = [module for module in model.backbone if isinstance(module, nn.BatchNorm2d)]
    before = [norm.running_mean.clone() for norm in norms]
    together, alone = model.backbone(pictures)[:2], model.backbone(pictures[:2])
    loss = model(pictures).square().sum()
    if loss.requires_grad:
        loss.backward()
    return {
        "The backbone's running mean moves": not all(map(torch.equal, before, [norm.running_mean for norm in norms])),
        "A picture's features depend on its batch": not torch.allclose(together, alone, atol=1e-5),
        "A parameter of the backbone requires a gradient": any(p.requires_grad for p in model.backbone.parameters()),
        "Parameters of the head that get a gradient": sum(p.grad is not None for p in model.head.parameters()),
        "The head's dropout works": bool((model.head[0](torch.ones(100)) == 0).any()),
    }


def _draw_arrival(r: np.random.Generator, i: int) -> tuple[_Arrival]:
    return (_Arrival(depth=1 + i % 3, seed=i),)


def train_head_only(model):
    """Model with `backbone` and `head` → nothing; sets it up, in place, so that training reaches the head only."""
    model.requires_grad_(False)
    model.head.requires_grad_(True)
    model.eval()
    model.head.train()


frozen = exercise(
    name="frozen",
    task="""
    A backbone is frozen, its weights do not change, and yet its features are others after each epoch. Write
    `train_head_only(model)`, which sets up a model so that training reaches its head and nothing else.

    `model` has two parts, `model.backbone` and `model.head`. Afterwards the head is in training mode and all its
    parameters require a gradient; the backbone is in inference mode and none of its parameters requires one. The
    model may come in any mode, and with the gradients of any part switched off already. Change it in place; there is
    nothing to return.
    """,
    cases=[
        Case("a new model, which is in training mode", (_Arrival(),)),
        Case("a model in inference mode, as after loading", (_Arrival(training=False),)),
        Case("a model whose head is frozen, as somebody left it", (_Arrival(frozen=("head",)),)),
        Case("a model that is frozen and in inference mode", (_Arrival(training=False, frozen=("backbone", "head")),)),
    ],
    draw=_draw_arrival,
    hints=[
        "Two things are to be switched: who gets gradients (requires_grad_) and who is in which mode (train, eval). "
        "Neither switches the other.",
        "BatchNorm updates its running mean and variance in every forward pass in training mode. No gradient is "
        "needed for that.",
        "requires_grad_, train and eval can be called on a part of the model: model.backbone.eval().",
    ],
    observe=_after,
)(train_head_only)


def _both_gradients(model):
    model.backbone.requires_grad_(False)
    model.head.requires_grad_(True)


@frozen.misconception(
    "No gradient reaches the backbone, and still it changes: its BatchNorm layers are in training mode, where they "
    "move their running mean and variance in every forward pass. Put the backbone into inference mode as well.",
    also=[_both_gradients],
)
def gradients_only(model):
    model.backbone.requires_grad_(False)


def _train_after_freezing(model):
    model.backbone.requires_grad_(False)
    model.head.requires_grad_(True)
    model.train()


@frozen.misconception(
    "model.train() reaches every part of the model, the frozen backbone too. Its BatchNorm layers go back to "
    "training mode, and their statistics drift with each batch. Call model.backbone.eval() after model.train().",
    also=[_train_after_freezing],
)
def train_reaches_everything(model):
    model.backbone.requires_grad_(False)
    model.backbone.eval()
    model.train()


def _rest_after_freezing(model):
    model.backbone.requires_grad_(False)
    model.head.requires_grad_(True)
    model.eval()


@frozen.misconception(
    "The backbone is safe, and so is everything else: the whole model is in inference mode, where the dropout of "
    "the head is off. Put the head back into training mode.",
    also=[_rest_after_freezing],
)
def everything_in_inference_mode(model):
    model.backbone.requires_grad_(False)
    model.eval()


@frozen.misconception(
    "You froze the head too. With no parameter left that requires a gradient, there is nothing to train. Freeze "
    "model.backbone only, or switch model.head back on."
)
def head_frozen_too(model):
    model.requires_grad_(False)
    model.backbone.eval()
    model.head.train()


@frozen.misconception(
    "You switch the head's modes and leave its gradients as they come. Where somebody has frozen the head, it cannot "
    "learn: call model.head.requires_grad_(True) as well."
)
def head_left_as_it_came(model):
    model.backbone.requires_grad_(False)
    model.backbone.eval()
    model.head.train()
