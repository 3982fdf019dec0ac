"""All that changes during a run, in one place so that it can be stored and restored whole."""

from __future__ import annotations

import copy
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data import ImageSet
from . import checkpoint as checkpoints
from . import devices
from .batches import Preprocess, edges
from .imbalance import class_weights
from .predicting import predict
from .record import Epoch, argmin
from .settings import Settings


class Progress:
    """Model, optimizer, schedule, history and the best weights of a run, from epoch to epoch."""

    def __init__(
        self,
        model: nn.Module,
        train: ImageSet,
        val: ImageSet,
        settings: Settings,
        device: torch.device,
        preprocessing: Preprocess,
    ):
        self.model, self.train, self.val, self.settings, self.device = model, train, val, settings, device
        self.preprocessing = preprocessing
        self.steps = len(edges(len(train), settings.batch_size)) - 1
        self.class_weights: Tensor | None = None
        if settings.balance_classes:
            weights = torch.from_numpy(class_weights(train.labels, len(train.classes))).float().to(device)
            self.class_weights = weights.double() if devices.floats_of(model) == torch.float64 else weights
        self._identity: dict[str, str] = {}
        self._begin()

    def _begin(self) -> None:
        learned = [p for p in self.model.parameters() if p.requires_grad]
        self.optimizer = _optimizer(learned, self.settings)
        total = self.settings.epochs * self.steps
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=self.settings.peak_lr,
            total_steps=total,
            pct_start=_rise(self.settings.warmup, total),
            cycle_momentum=False,
        )
        self.history: list[Epoch] = []
        self.best_weights: dict[str, Tensor] = {}

    @property
    def epoch(self) -> int:
        """How many are done."""
        return len(self.history)

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or as many as its patience lasts have brought nothing better."""
        if self.epoch == self.settings.epochs:
            return True
        losses = [epoch.val_loss for epoch in self.history]
        return self.settings.patience is not None and self.epoch - 1 - argmin(losses) >= self.settings.patience

    def note(self, epoch: Epoch) -> None:
        """Add an epoch that is done; the weights are kept if it is the best so far and they may be asked for."""
        self.history.append(epoch)
        if self.settings.patience is not None and argmin([e.val_loss for e in self.history]) == self.epoch - 1:
            self.best_weights = {name: t.detach().clone() for name, t in self.model.state_dict().items()}

    def keep_best(self) -> None:
        """Go back to the best weights, where they were kept."""
        if self.best_weights:
            self.model.load_state_dict(self.best_weights)

    def store(self, path: Path) -> None:
        """Write everything to `path`, whole or not at all."""
        stored = {
            "run": self.identity(),
            "answer": self.answer(),
            "history": [asdict(epoch) for epoch in self.history],
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "best_weights": self.best_weights,
        }
        checkpoints.write(path, stored)

    def go_on_from(self, path: Path) -> None:
        """Take up what is stored at `path`, where it is this run's; leave all as it is where nothing usable is there.

        Raises:
            ValueError: it is another run's.
        """
        checkpoints.ready(path)
        stored = checkpoints.read(path, self.device)
        if stored is None:
            return
        checkpoints.belongs(stored, self.identity(), path)
        before = copy.deepcopy(self.model.state_dict())
        try:
            self._restore(stored)
            same = self._answers_as(stored)
        except (LookupError, TypeError, ValueError, AttributeError, RuntimeError):
            self.model.load_state_dict(before)  # a part may have been taken up
            self._begin()
            checkpoints.set_aside(path, "a part of it is missing or does not fit")
        else:
            if not same:
                self.model.load_state_dict(before)
                raise checkpoints.another(path, "another model: with the same weights it answers otherwise")

    def answer(self) -> Tensor:
        """float32 [2, K], on the CPU: logits for noise; what no list of layers tells, a `forward`, shows in them."""
        with torch.random.fork_rng():
            torch.manual_seed(0)
            noise = ImageSet.of(checkpoints.probe(self.train.shape), [0, 0], ["noise"])
            size, precision, own = self.settings.size, self.settings.precision, self.preprocessing
            return predict(self.model, noise, size=size, device=self.device, precision=precision, preprocessing=own)

    def _answers_as(self, stored: dict) -> bool:
        """Whether the model with the weights of `stored` answers as it did there, but for the rounding of a device."""
        theirs, ours = stored["answer"].cpu(), self.answer()
        atol = 0.05 * float(theirs.nan_to_num().abs().amax())
        if not torch.allclose(ours, self.answer(), rtol=0.05, atol=atol, equal_nan=True):
            return True  # it never gives the same answer, so that this says nothing
        return ours.shape == theirs.shape and torch.allclose(ours, theirs, rtol=0.05, atol=atol, equal_nan=True)

    def _restore(self, stored: dict) -> None:
        history = [Epoch(**epoch) for epoch in stored["history"]]
        if stored["schedule"].keys() != self.schedule.state_dict().keys():
            raise KeyError("schedule")
        self._check_progress(stored, history)
        self.model.load_state_dict(stored["model"])
        self.optimizer.load_state_dict(stored["optimizer"])
        self.schedule.load_state_dict(stored["schedule"])
        self.best_weights = dict(stored["best_weights"])
        self.history = history

    def _check_progress(self, stored: dict, history: list[Epoch]) -> None:
        """ValueError where the parts of `stored` do not belong together."""
        numbers = [value for epoch in history for value in asdict(epoch).values()]
        if not all(isinstance(value, int | float) for value in numbers):
            raise ValueError("history")
        if len(history) > self.settings.epochs or stored["schedule"]["last_epoch"] != len(history) * self.steps:
            raise ValueError("history")
        own, best = self.model.state_dict(), stored["best_weights"]
        if bool(best) != (self.settings.patience is not None and bool(history)):
            raise ValueError("best_weights")
        if best and {k: t.shape for k, t in best.items()} != {k: t.shape for k, t in own.items()}:
            raise ValueError("best_weights")

    def identity(self) -> dict[str, str]:
        """What a checkpoint of this run belongs to; the same from beginning to end."""
        if not self._identity:
            self._identity = checkpoints.identity(
                self.model, self.train, self.val, self.settings, self.preprocessing, device=self.device
            )
        return self._identity


def _optimizer(parameters: list[nn.Parameter], settings: Settings) -> torch.optim.Optimizer:
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, settings.peak_lr, momentum=0.9, nesterov=True, weight_decay=settings.weight_decay
        )
    return torch.optim.AdamW(parameters, settings.peak_lr, weight_decay=settings.weight_decay)


def _rise(warmup: float, steps: int) -> float:
    """`warmup` where the schedule can take it, else the nearest share that it can.

    OneCycleLR divides by the length of each of its two phases, warmup · steps − 1 and (1 − warmup) · steps. A rise of
    one step begins at the lowest rate and falls from the peak on.
    """
    share = min(warmup, 1 - 1e-9)
    return share * (1 + 1e-6) if share * steps == 1 else share
