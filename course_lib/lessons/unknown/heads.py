"""Heads on frozen features: what is trained, with which loss, and what a user of one would read from it.

Settings were chosen by accuracy on the known alone; no unknown had a say in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ... import openset
from ...openset import World, losses
from ...openset.losses import NONE
from .worlds import LogoWorld, Settings, frozen, logo_world


@dataclass(frozen=True)
class HeadSettings:
    """A head and its training: width of the hidden layer, share that is dropped out, Adam's rate, epochs, batch."""

    hidden: int
    dropout: float
    rate: float
    epochs: int
    batch: int


LossFunction = Callable[..., Tensor]
# Name → loss of (logits, features, labels). Sigmoids that meet no unknown, and those that do, have the same one.
LOSSES: dict[str, LossFunction] = {
    "softmax": lambda logits, features, labels: F.cross_entropy(logits, labels),
    "sigmoids": lambda logits, features, labels: losses.all_zero_targets(logits, labels),
    "background class": lambda logits, features, labels: losses.background_class(logits, labels),
    "all-zero targets": lambda logits, features, labels: losses.all_zero_targets(logits, labels),
    "entropic open-set loss": lambda logits, features, labels: losses.entropic_open_set(logits, labels),
    "objectosphere": losses.objectosphere,
    "outlier exposure": lambda logits, features, labels, *, weight: losses.outlier_exposure(
        logits, labels, weight=weight
    ),
}


@dataclass(frozen=True)
class Loss:
    """One of `LOSSES`, and the settings that it has besides its name, as pairs."""

    name: str
    settings: tuple[tuple[str, object], ...] = ()

    @staticmethod
    def chosen(settings: Settings) -> Loss:
        """That of `loss` and `loss_settings`."""
        return Loss(settings["loss"], frozen(settings["loss_settings"]))

    def __call__(self, logits: Tensor, features: Tensor, labels: Tensor) -> Tensor:
        return LOSSES[self.name](logits, features, labels, **dict(self.settings))

    @property
    def has_background_class(self) -> bool:
        """True where the last logit is that of "none of these"."""
        return self.name == "background class"

    @property
    def has_sigmoids(self) -> bool:
        return self.name in ("sigmoids", "all-zero targets")


SOFTMAX = Loss("softmax")


class Head(nn.Module):
    """Features [B, D] → dense layer, ReLU, dropout → logits [B, K]: the asker's, without its softmax."""

    def __init__(self, width: int, classes: int, *, hidden: int, dropout: float, seed: int):
        super().__init__()
        self.dropout = dropout
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.hidden, self.last = nn.Linear(width, hidden), nn.Linear(hidden, classes)

    def embed(self, x: Tensor) -> Tensor:
        """float [B, hidden]: what the last layer gets."""
        return F.relu(self.hidden(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.dropout(self.embed(x), self.dropout, self.training))


def train_head(
    x: Tensor,
    labels: Tensor,
    settings: HeadSettings,
    *,
    loss: Loss = SOFTMAX,
    seed: int = 0,
    after_epoch: Callable[[int, Head], None] | None = None,
) -> Head:
    """A head that was fitted to features [N, D] with Adam; `labels` may hold `NONE`.

    `after_epoch` is called with the number of each epoch, from 1, and the head as it is then.
    """
    classes = int(labels.max()) + 1 + loss.has_background_class
    head = Head(x.shape[1], classes, hidden=settings.hidden, dropout=settings.dropout, seed=seed)
    optimizer = torch.optim.Adam(head.parameters(), lr=settings.rate, fused=True)  # a third less time
    order = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # of the dropout
        for epoch in range(1, settings.epochs + 1):
            for rows in torch.randperm(len(x), generator=order).split(settings.batch):
                hidden = F.dropout(head.embed(x[rows]), settings.dropout)
                optimizer.zero_grad()
                loss(head.last(hidden), hidden, labels[rows]).backward()
                optimizer.step()
            if after_epoch:
                after_epoch(epoch, head)
    return head.eval().requires_grad_(False)


def train_with_unknowns(
    world: World, unknown: Tensor | None, settings: HeadSettings, loss: Loss, seed: int, per_class: int | None = None
) -> Head:
    """A head that learns from the known of `world`, `per_class` pictures of each or all, and from `unknown`, features
    as the network gave them (not scaled), or None."""
    x, labels = world.train, world.labels
    if per_class is not None:
        x, labels = x[: world.classes * per_class], labels[: world.classes * per_class]  # the classes come by turns
    if unknown is not None:
        x = torch.cat([x, world.scale * unknown])
        labels = torch.cat([labels, torch.full((len(unknown),), NONE)])
    return train_head(x, labels, settings, loss=loss, seed=seed)


@lru_cache(maxsize=48)
def logo_head(made: LogoWorld, settings: HeadSettings, loss: Loss, seed: int) -> Head:
    """A head that learns the ten logos and meets no unknown."""
    return train_with_unknowns(logo_world(made, seed), None, settings, loss, seed)


def unknown_score(head: Head, x: Tensor, loss: Loss) -> Tensor:
    """float64 [N]: as a user of that head would take it, from what its outputs say of the known classes."""
    logits = head(x).double()
    if loss.has_background_class:
        return losses.background_class_score(logits)
    if loss.has_sigmoids:
        return openset.max_logit(logits)
    if loss.name == "objectosphere":
        return losses.objectosphere_score(logits, head.embed(x))
    return -logits.log_softmax(dim=1).amax(dim=1)  # the order of 1 − maximum softmax, without its ties


def certainty(head: Head, x: Tensor, loss: Loss) -> Tensor:
    """float64 [N], 0–1: the highest probability of a known class."""
    logits = head(x).double()
    if loss.has_sigmoids:
        return logits.sigmoid().amax(dim=1)
    probabilities = logits.softmax(dim=1)
    return (probabilities[:, :-1] if loss.has_background_class else probabilities).amax(dim=1)


def named_right(head: Head, world: World) -> Tensor:
    """bool [N]: which known pictures get their class, "none of these" left aside."""
    return head(world.known)[:, : world.classes].argmax(dim=1) == world.truth
