"""The patient: the learner's own network, batches and step, which may be run as often as we like and put back."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from . import labels as forms
from .batches import Seen, each, floating
from .clock import Clock
from .copies import Snapshot
from .labels import Labels, main_output
from .observe import Observer, Step

CHUNK, LARGE = 64, 3 * 64 * 64  # pictures at once when the network is only asked; numbers in a large one


@dataclass
class Patient:
    """What all checks look at.

    Attributes:
        model: the network that the step trains.
        seen: the batches, as the loop gets them.
        step: (x, y) → anything; runs one step on the real objects, under `snapshot`.
        own: whether that step is the learner's own; else it is the textbook's.
        optimizers, schedulers: all that were given, or are reached from the step.
        val: validation batches.
        raw: (pictures, labels) before preprocessing, where they are known.
        x: float [N, …], the pictures as the network gets them; `y` and `labels` belong to them.
        trace: what the observed steps did.
        until: seconds of `clock` at which all trials must have ended.
    """

    model: nn.Module
    seen: Seen
    step: Callable[[Any, Any], Any]
    own: bool
    optimizers: list[torch.optim.Optimizer]
    schedulers: list[Any]
    snapshot: Snapshot
    labels: Labels
    x: Tensor
    y: Any
    until: float
    val: Seen | None = None
    raw: tuple[Tensor, Any] | None = None
    factory: bool = False  # the optimizer was made by us
    clock: Clock = field(default_factory=Clock)
    trace: list[Step] = field(default_factory=list)
    prepares: bool = False  # the step changes the pictures before the network gets them
    seconds: float = 0.05  # a step takes
    taken: int = 0  # steps of the trial that is being judged
    low: str | None = None  # what was measured where no scheduler ever lets the rate rise

    @property
    def weights(self) -> list[Tensor]:
        """The network's and the optimizers', each once."""
        found: dict[int, Tensor] = {id(w): w for w in self.model.parameters()}
        found |= {id(w): w for w in self.held}
        return list(found.values())

    @property
    def held(self) -> list[Tensor]:
        """What the optimizers were given."""
        return [w for o in self.optimizers for group in o.param_groups for w in group["params"]]

    @property
    def left(self) -> float:
        """Seconds that trials may still take."""
        return self.until - self.clock()

    def observe(self, most: int) -> None:
        """Run up to `most` steps under observation, then put everything back."""
        observer = Observer(self.weights, self.held, self.schedulers, self.model, self.optimizers)
        pairs = self.seen.pairs
        self.snapshot.restore()
        try:
            for i in range(most):
                x, y = pairs[i % len(pairs)]
                self.trace.append(observer.observe(partial(self.step, x.clone(), each(_cloned, y))))
                if self.trace[-1].error is not None:
                    break
        finally:
            self.snapshot.restore()

    def outputs(self, x: Tensor, norms_of_batch: bool = False) -> Tensor:
        """float [N] or [N, K]: the network's answers in eval mode, or with the BatchNorms of the batch at hand.

        Raises:
            Whatever the network raises.
        """
        modes = [(m, m.training) for m in self.model.modules()]
        try:
            _into_eval(self.model)
            if norms_of_batch:
                for norm in norm_layers(self.model):
                    norm.train()
            with torch.no_grad():
                parts = [main_output(self.model(placed(c, self.model))) for c in x.split(self.chunk)]
        finally:
            for module, mode in modes:
                module.training = mode
        if any(part is None for part in parts):
            raise ValueError("no tensor")
        return torch.cat([part.detach().to("cpu", torch.float32) for part in parts])  # type: ignore[union-attr]

    @property
    def chunk(self) -> int:
        """How many pictures the network is asked about at once: of large ones no more than it trains on."""
        own = max(16, max(len(x) for x, _ in self.seen.pairs))
        return CHUNK if self.x[0].numel() <= LARGE else min(CHUNK, own)

    def suspected(self) -> Iterator[Any]:
        """Treatments for what was seen to be unusual, the most telling first."""
        from .treatments import suspected

        return suspected(self)

    def others(self) -> Iterator[Any]:
        """Treatments that can be tried with every network."""
        from .treatments import others

        return others(self)

    def bare(self) -> Iterator[Any]:
        """The pictures without augmentation, in the ways in which that can be had."""
        from .preparation import of_torch

        return of_torch(self)

    def best_outputs(self, x: Tensor, labels: Labels) -> tuple[Tensor, float]:
        """(outputs, accuracy beyond chance), the better of both ways of the BatchNorms."""
        found = [self.outputs(x)]
        frozen = self.own and all(f.frozen_norms for step in self.trace for f in step.forwards)
        if self.averages() and not frozen:
            kept = [(b, b.clone()) for b in self.averages()]
            found.append(self.outputs(x, norms_of_batch=True))
            with torch.no_grad():
                for buffer, value in kept:
                    buffer.copy_(value)
        scores = [beyond_chance(forms.told_apart(output, labels), labels) for output in found]
        best = scores.index(max(scores))
        return found[best], scores[best]

    def averages(self) -> list[Tensor]:
        """What a forward pass in train mode changes: in short trials these averages lag behind."""
        return [b for norm in norm_layers(self.model) for b in norm.buffers()]

    def score(self, x: Tensor, labels: Labels) -> float:
        """Accuracy beyond chance, from 0 (or below) to 1."""
        return self.best_outputs(x, labels)[1]

    def score_as_it_is(self, x: Tensor, labels: Labels) -> float:
        """The same with the averages that BatchNorms have kept, as in the learner's own eval mode."""
        return beyond_chance(forms.told_apart(self.outputs(x), labels), labels)

    def pace_of_averages(self) -> float | None:
        """Which part of the way to the batch's statistics the slowest BatchNorm's averages go in a step."""
        norms: list[Any] = norm_layers(self.model)
        return min((float(n.momentum) for n in norms if n.momentum), default=None)

    def takes_numbers(self) -> str | None:
        """The loss's name where it takes class numbers for quantities."""
        names = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"}
        if self.labels.form != "classes" or self.labels.count <= 2:
            return None
        step = self.trace[0]
        calls = [c for c in step.losses if c.name in names and c.input.numel() == len(c.input)]
        outputs = [f.output for f in step.forwards if f.output is not None]
        if not step.losses and outputs and all(z.numel() == len(z) for z in outputs):
            return "a loss of the step's own"
        return calls[0].name if calls else None


def _into_eval(model: nn.Module) -> None:
    """As `model.eval()`; also where somebody wrote `model.train = True`, and nothing can be called."""
    if all(callable(vars(module).get("train", print)) for module in model.modules()):
        model.eval()
        return
    for module in model.modules():
        module.training = False


def beyond_chance(accuracy: float, labels: Labels) -> float:
    """0 for guessing, 1 for all right."""
    chance = 0.5 if labels.targets is not None else 1 / max(2, labels.count)
    return (accuracy - chance) / (1 - chance)


def norm_layers(model: nn.Module) -> list[nn.Module]:
    """The BatchNorms that keep running statistics."""
    kinds = nn.modules.batchnorm._BatchNorm
    return [m for m in model.modules() if isinstance(m, kinds) and m.track_running_stats]


def placed(x: Tensor, model: nn.Module) -> Tensor:
    """x on the model's device, of its float type."""
    weight = next((w for w in model.parameters() if w.is_floating_point()), None)
    x = floating(x)
    return x if weight is None else x.to(weight.device, weight.dtype)


def textbook_step(
    model: nn.Module, loss: Callable | None, optimizer: torch.optim.Optimizer
) -> Callable[[Tensor, Any], None]:
    """The step that most loops have."""
    loss = loss or default_loss

    def step(x: Tensor, y: Any) -> None:
        model.train()
        optimizer.zero_grad()
        output = model(placed(x, model))
        value = _loss_of(loss, output, _labels_placed(y, model))
        value.backward()
        optimizer.step()

    return step


def _loss_of(loss: Callable, output: Any, y: Any) -> Tensor:
    """The loss, of the first output where it does not take all of them."""
    if isinstance(output, Tensor):
        return loss(output, y)
    try:
        return loss(output, y)
    except (TypeError, AttributeError):
        return loss(main_output(output), y)


def _labels_placed(y: Any, model: nn.Module) -> Any:
    weight = next((w for w in model.parameters() if w.is_floating_point()), None)
    if weight is None:
        return y
    return each(lambda t: t.to(weight.device, weight.dtype if t.is_floating_point() else None), y)


def default_loss(output: Tensor, y: Any) -> Tensor:
    """Cross-entropy, and of one output that with a sigmoid."""
    if output.ndim == 1 or output.shape[1] == 1:
        return binary_cross_entropy_with_logits(output.flatten(), y.flatten().to(output.dtype))
    return cross_entropy(output, y)


def bound(step: Callable) -> Callable[[Any, Any], Any]:
    """step(x, y), of a step that takes two arguments or one batch."""
    try:
        parameters = inspect.signature(step).parameters.values()
    except (TypeError, ValueError):
        return step
    wanted = [p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    several = any(p.kind is p.VAR_POSITIONAL for p in parameters) or len(parameters) > 1
    return (lambda x, y: step((x, y))) if len(wanted) == 1 and not several else step


def _cloned(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value
