"""The tutorial's own head, for its own number of steps: the whole map, two layers of 1,024, batches of 8.

What no training picture ever uses is left out of the training, and nothing changes: a column of the flattened features
that is 0 in all of them has no gradient, and Adam leaves it as it was drawn. It still counts for other pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...study import Result
from . import measures
from .askers_network import flat_maps
from .worlds import LogoWorld, Settings, chosen

UNUSED = "features that are 0 in all training pictures"


@dataclass(frozen=True)
class TutorialSettings:
    """Widths of its two layers, the share that is dropped out after each, Adam's rate and epsilon, and the batch."""

    widths: tuple[int, int]
    dropout: float
    rate: float
    epsilon: float
    batch: int


class TutorialHead(nn.Module):
    """Flattened features [B, D] → two dense layers, each with ReLU and dropout → logits [B, K], with Keras' weights.

    Args:
        used: bool [D], which features some training picture has; the others keep the weights that they were drawn with.
    """

    def __init__(self, used: Tensor, classes: int, settings: TutorialSettings):
        super().__init__()
        first, second = settings.widths
        whole = nn.Linear(len(used), first)
        self.second, self.last = nn.Linear(first, second), nn.Linear(second, classes)
        for layer in (whole, self.second, self.last):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.first = nn.Linear(int(used.sum()), first)
        self.first.weight.data, self.first.bias.data = whole.weight.data[:, used].contiguous(), whole.bias.data
        self.used, self.fixed = used, whole.weight.data[:, ~used].contiguous()
        self.dropout = settings.dropout

    def forward(self, x: Tensor) -> Tensor:
        """float [B, K] of features that hold only what is used."""
        return self._rest(self.first(x))

    def answer(self, x: Tensor) -> Tensor:
        """float [B, K]: probabilities for all features [B, D]."""
        hidden = self.first(x[:, self.used]) + x[:, ~self.used] @ self.fixed.T
        return self._rest(hidden).softmax(dim=1)

    def _rest(self, hidden: Tensor) -> Tensor:
        for layer in (self.second, self.last):
            hidden = layer(F.dropout(F.relu(hidden), self.dropout, self.training))
        return hidden


class Training:
    """A head in training, that stops for a look and goes on."""

    def __init__(self, x: Tensor, labels: Tensor, settings: TutorialSettings, seed: int):
        used = (x != 0).any(dim=0)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.head = TutorialHead(used, int(labels.max()) + 1, settings)
        self.x, self.labels, self.batch, self.steps = x[:, used].contiguous(), labels, settings.batch, 0
        self._adam = torch.optim.Adam(self.head.parameters(), lr=settings.rate, eps=settings.epsilon, fused=True)
        self._order, self._seed = torch.Generator().manual_seed(seed), seed
        self._waiting: list[Tensor] = []  # batches of the epoch that has begun

    def advance(self, steps: int) -> None:
        """Train until `steps` have been taken in all."""
        self.head.train()
        while self.steps < steps:
            self._waiting = self._waiting or list(torch.randperm(len(self.x), generator=self._order).split(self.batch))
            self._step(self._waiting.pop())

    def _step(self, rows: Tensor) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._seed + self.steps)  # of the dropout: the same however often one stops
            loss = F.cross_entropy(self.head(self.x[rows]), self.labels[rows])
        self._adam.zero_grad()
        loss.backward()
        self._adam.step()
        self.steps += 1

    def answers(self, x: Tensor) -> Tensor:
        """float [N, K]: probabilities, as it stands."""
        self.head.eval()
        with torch.no_grad():
            return self.head.answer(x)


def answer_after_steps(settings: Settings, seed: int) -> Result:
    """Accuracy, and how sure it is of known, near and far, after `steps`. Reads `LogoWorld`, `TutorialSettings` and
    `sure`. Variants that differ in their steps alone share one training, in the order of their steps."""
    made, head, steps = chosen(LogoWorld, settings), chosen(TutorialSettings, settings), settings["steps"]
    training, met, truth = _training(made, head, seed)
    if training.steps > steps:
        _training.cache_clear()
        training, met, truth = _training(made, head, seed)
    training.advance(steps)
    known, near, far = (training.answers(x) for x in met)
    highest = {part: p.amax(dim=1) for part, p in (("known", known), ("near", near), ("far", far))}
    values = measures.accuracy(known.argmax(dim=1) == truth) | measures.certainties(highest, settings["sure"])
    values[UNUSED] = ((~training.head.used).double().mean().item(), len(training.head.used))
    return measures.result(values, "generated")


@lru_cache(maxsize=1)
def _training(made: LogoWorld, settings: TutorialSettings, seed: int) -> tuple[Training, tuple[Tensor, ...], Tensor]:
    """(the training, features of known, near and far, labels of the known)."""
    learned, *met = made.pictures(seed)
    training = Training(flat_maps(made, learned), learned.labels, settings, seed)
    return training, tuple(flat_maps(made, part) for part in met), met[0].labels
