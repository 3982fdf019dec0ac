"""Short trainings from the network's own weights: as it is, and with one thing changed at a time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from . import labels as forms
from .batches import each, rows
from .labels import Labels
from .observe import LOSSES, head_of
from .patient import Patient, norm_layers, placed

MOST_STEPS, FEW = 400, 32  # steps of a trial; pictures to be learned by heart
ENOUGH_STEPS, SMALLEST_BATCH = 120, 8
OVERTIME = 1.0  # seconds by which the last trial may exceed what is left
LEARNED = 0.85  # of what lies between guessing and all right
Change = Callable[[Patient], AbstractContextManager]


@dataclass(frozen=True)
class Result:
    """How a trial ended: the best score beyond chance, after how many steps, and of what kind its end was."""

    score: float
    steps: int
    finite: bool = True
    error: Exception | None = None


@dataclass(frozen=True)
class Trial:
    """What is learned in a trial: batches, and the pictures on which it is judged."""

    pairs: list[tuple[Tensor, Any]]
    x: Tensor
    labels: Labels
    steps: int
    seconds: float


def whole(p: Patient, seconds: float) -> Trial:
    """All batches that there is time for, eight times each or more; of slow networks fewer pictures of each batch.

    After a handful of steps nobody has learned, and whatever helps most then would be taken for the cause.
    """
    steps = max(20, min(MOST_STEPS, int(seconds / p.seconds)))
    size = largest(p)
    if steps < ENOUGH_STEPS and size > SMALLEST_BATCH:
        fewer = max(SMALLEST_BATCH, size * steps // ENOUGH_STEPS)
        return _thin(p, fewer, min(ENOUGH_STEPS, steps * size // fewer), seconds)
    count = max(1, -(-steps // 8), -(-FEW // size))
    pairs = p.seen.pairs[:count] if size >= 8 else p.seen.pairs[: max(count, FEW)]
    n = sum(len(x) for x, _ in pairs)
    return Trial(pairs, *_judged(p.x[:n], p.labels.part(torch.arange(min(n, len(p.x))))), steps, seconds)


def largest(p: Patient) -> int:
    """Pictures of the largest batch."""
    return max(1, max(len(x) for x, _ in p.seen.pairs))


def _thin(p: Patient, size: int, steps: int, seconds: float) -> Trial:
    """`whole` with the first `size` pictures of each batch."""
    pairs = [(x[:size], rows(y, torch.arange(min(size, len(x))), len(x))) for x, y in p.seen.pairs]
    starts = [sum(len(x) for x, _ in p.seen.pairs[:k]) for k in range(len(pairs))]
    own = torch.cat([start + torch.arange(len(x)) for start, (x, _) in zip(starts, pairs, strict=True)])
    own = own[own < len(p.x)]
    return Trial(pairs, *_judged(p.x[own], p.labels.part(own)), steps, seconds)


def by_heart(p: Patient, seconds: float, most: int = MOST_STEPS) -> Trial:
    """A few pictures, in one batch of the learner's size or in several."""
    size = largest(p)
    steps = max(20, min(most, int(seconds / p.seconds / min(1.0, FEW / size))))
    chosen = forms.pick(p.labels, FEW, len(p.seen.x))
    chosen = chosen[chosen < len(p.x)]
    chosen = chosen[torch.randperm(len(chosen), generator=torch.Generator().manual_seed(0))]
    n = len(p.seen.x)
    came, parts, x = p.seen.pairs[0][0].dtype, chosen.split(size), p.x[chosen]
    shared = p.x is p.seen.x and x.dtype is came  # then the same numbers are held once
    shown = x.split(size) if shared else tuple(p.seen.x[c].to(came) for c in parts)
    pairs = [(a, rows(p.seen.y, c, n)) for a, c in zip(shown, parts, strict=True) if len(c) > 1 or size == 1]
    return Trial(pairs, x, p.labels.part(chosen), steps, seconds)


def _judged(x: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    if len(x) <= 128:
        return x, labels
    chosen = forms.pick(labels, 128, len(x))
    return x[chosen], labels.part(chosen)


def run(
    p: Patient, trial: Trial, change: Change | None = None, *, finish: Callable[[Patient], None] | None = None
) -> Result:
    """Train and judge, call `finish` on the trained network, then put everything back. Who is done early stops."""
    p.snapshot.restore()
    began, best, steps = p.clock(), 0.0, 0
    looks = {int(trial.steps * share) for share in (0.08, 0.16, 0.3, 0.45, 0.6, 0.8)} | {trial.steps}
    try:
        with warnings.catch_warnings(), started(p), change(p) if change else nullcontext():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)
            while steps < trial.steps and p.clock() - began < 2 * trial.seconds and p.left > -OVERTIME:
                x, y = trial.pairs[steps % len(trial.pairs)]
                p.step(x.clone(), each(lambda v: v.clone() if isinstance(v, Tensor) else v, y))
                steps += 1
                if steps in looks:
                    if not _finite(p):
                        return Result(0.0, steps, finite=False)
                    best = max(best, p.score(trial.x, trial.labels))
                    if best >= (0.9 if change else 0.97):
                        break
            if finish is not None:
                p.taken = steps
                finish(p)
    except Exception as error:  # a treatment may not suit the learner's code: then it is none
        return Result(0.0, steps, error=error)
    finally:
        p.snapshot.restore()
    return Result(best, steps)


def _finite(p: Patient) -> bool:
    return all(bool(w.detach().isfinite().all()) for w in p.model.parameters())


@contextmanager
def started(p: Patient) -> Iterator[None]:
    """Rates as they are after a warm-up; the trial is shorter than most of these."""
    if p.low is None and not any(step.schedulers for step in p.trace):
        for optimizer in p.optimizers:
            for group in optimizer.param_groups if not optimizer.state else []:
                peak = max(float(group.get(key) or 0) for key in ("initial_lr", "max_lr"))
                group["lr"] = max(float(group["lr"]), 0.3 * peak)
    yield


# --- what can be changed ---


def rate(factor: float) -> Change:
    """All rates times `factor`, whatever a scheduler makes of them."""

    @contextmanager
    def change(p: Patient) -> Iterator[None]:
        for group in _groups(p):
            group["lr"] = group["lr"] * factor
        for scheduler in p.schedulers:
            if hasattr(scheduler, "base_lrs"):
                scheduler.base_lrs = [lr * factor for lr in scheduler.base_lrs]
        yield

    return change


USUAL = {"SGD": 0.02, "Adagrad": 0.01, "Adadelta": 1.0, "Rprop": 0.01, "ASGD": 0.02, "LBFGS": 1.0}


def usual_rate(p: Patient, optimizer: torch.optim.Optimizer) -> float:
    """What that optimizer is mostly begun with."""
    return USUAL.get(type(optimizer).__name__, 1e-3)


@contextmanager
def usual_rates(p: Patient) -> Iterator[None]:
    """Every group at the rate that its optimizer is mostly begun with."""
    for optimizer in p.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = usual_rate(p, optimizer)
    yield


@contextmanager
def first_rates(p: Patient) -> Iterator[None]:
    """Every group at the rate that its optimizer was made with, and no scheduler."""
    for group in _groups(p):
        group["lr"] = max(float(group["lr"]), float(group.get("initial_lr") or 0))
    with constant_rate(p):
        yield


@contextmanager
def constant_rate(p: Patient) -> Iterator[None]:
    """Schedulers do nothing."""
    kept = [(s, s.step) for s in p.schedulers]
    for scheduler, _ in kept:
        scheduler.step = lambda *_, **__: None
    try:
        yield
    finally:
        for scheduler, _ in kept:
            vars(scheduler).pop("step", None)


@contextmanager
def no_decay(p: Patient) -> Iterator[None]:
    """No weight decay."""
    for group in _groups(p):
        if "weight_decay" in group:
            group["weight_decay"] = 0.0
    yield


@contextmanager
def no_dropout(p: Patient) -> Iterator[None]:
    """Nothing is dropped, in layers or by functions."""
    with _Replaced({"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout"}, _first):
        yield


@contextmanager
def in_train_mode(p: Patient) -> Iterator[None]:
    """All layers in train mode whenever the network is called with gradients."""

    def before(_module: nn.Module, _args: Any) -> None:
        if torch.is_grad_enabled():
            for module in p.model.modules():
                vars(module).pop("train", None)  # who wrote model.train = True
            p.model.train()

    handle = p.model.register_forward_pre_hook(before)
    try:
        yield
    finally:
        handle.remove()


def seen_as(turn: Callable[[Tensor], Tensor]) -> Change:
    """The network sees `turn` of the pictures."""

    @contextmanager
    def change(p: Patient) -> Iterator[None]:
        def before(_module: nn.Module, args: Any) -> Any:
            if not args or not isinstance(args[0], Tensor):
                return None
            return (turn(args[0]), *args[1:])

        handle = p.model.register_forward_pre_hook(before)
        try:
            yield
        finally:
            handle.remove()

    return change


def normalised(p: Patient) -> Change:
    """Each channel, or each feature, with the set's mean and deviation."""
    dims = tuple(d for d in range(p.x.ndim) if d != 1) if p.x.ndim == 4 else tuple(range(p.x.ndim))
    mean, deviation = p.x.mean(dims, keepdim=True), p.x.std(dims, keepdim=True).clamp(min=1e-6)
    return seen_as(lambda x: (x - placed_like(mean, x)) / placed_like(deviation, x))


def placed_like(t: Tensor, x: Tensor) -> Tensor:
    """`t` on x's device and of its type."""
    return t.to(x.device, x.dtype if x.is_floating_point() else torch.float32)


@contextmanager
def upside_down(_p: Patient) -> Iterator[None]:
    """Every loss with the other sign, when its gradients are taken."""
    backward, grad = torch.autograd.backward, torch.autograd.grad

    def turned(tensors: Any) -> Any:
        return -tensors if isinstance(tensors, Tensor) else [-t for t in tensors]

    torch.autograd.backward = lambda tensors, *args, **kwargs: backward(turned(tensors), *args, **kwargs)
    torch.autograd.grad = lambda outputs, *args, **kwargs: grad(turned(outputs), *args, **kwargs)  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.autograd.backward, torch.autograd.grad = backward, grad


@contextmanager
def not_clipped(p: Patient) -> Iterator[None]:
    """Optimizers get the gradients as `backward` gave them, cut to a norm of 1 at most."""
    kept = dict[int, Tensor]()
    backward = torch.autograd.backward

    def noted(*args: Any, **kwargs: Any) -> Any:
        result = backward(*args, **kwargs)
        kept.update({id(w): w.grad.clone() for w in p.weights if w.grad is not None})
        return result

    def before(optimizer: torch.optim.Optimizer, *_: Any) -> None:
        norm = torch.stack([g.norm() for g in kept.values()]).norm() if kept else torch.tensor(1.0)
        for group in optimizer.param_groups:
            for w in group["params"]:
                if w.grad is not None and id(w) in kept:
                    w.grad = kept[id(w)] / norm.clamp(min=1.0)

    handle = register_optimizer_step_pre_hook(before)
    torch.autograd.backward = noted
    try:
        yield
    finally:
        torch.autograd.backward = backward
        handle.remove()


@contextmanager
def begun_anew(p: Patient) -> Iterator[None]:
    """Trainable layers get random weights: He's where a layer has weights of two dimensions or more."""
    generator = torch.Generator().manual_seed(0)
    for module in p.model.modules():
        own = list(module.parameters(recurse=False))
        if not own or not all(w.requires_grad for w in own):
            continue
        if callable(begin := getattr(module, "reset_parameters", None)):
            begin()
        weight = getattr(module, "weight", None)
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd) and isinstance(weight, Tensor):
            fan = weight[0].numel()
            with torch.no_grad():
                weight.copy_(torch.randn(weight.shape, generator=generator) * (2 / fan) ** 0.5)
                if module.bias is not None:
                    module.bias.zero_()
    for optimizer in p.optimizers:
        optimizer.state.clear()
    yield


@contextmanager
def all_weights(p: Patient) -> Iterator[None]:
    """The first optimizer gets all weights that it has not."""
    held = {id(w) for w in p.held}
    others = [w for w in p.model.parameters() if w.requires_grad and id(w) not in held]
    if others and p.optimizers:
        p.optimizers[0].add_param_group({"params": others})
    yield


@contextmanager
def without_softmax(p: Patient) -> Iterator[None]:
    """Cross-entropy gets the logits: the logarithm of probabilities is as good."""
    with _Losses(lambda name, z: torch.logit(z, 1e-6) if "binary" in name else z.clamp(min=1e-30).log()):
        yield


@contextmanager
def only_the_loss(_p: Patient) -> Iterator[None]:
    """`backward` gets what torch's loss functions gave, without anything that was added to it."""
    noted, backward = list[Tensor](), torch.autograd.backward

    def alone(tensors: Any, *args: Any, **kwargs: Any) -> Any:
        losses = [t for t in noted if t.requires_grad and t.ndim == 0]
        noted.clear()
        return backward(sum(losses[1:], losses[0]) if losses else tensors, *args, **kwargs)

    torch.autograd.backward = alone
    try:
        with _Noted(noted):
            yield
    finally:
        torch.autograd.backward = backward


@contextmanager
def without_last_relu(p: Patient) -> Iterator[None]:
    """The last ReLU in each call of the network is left out."""
    with _LastRelu(_relus(p)):
        yield


@contextmanager
def relu_for_sigmoid(p: Patient) -> Iterator[None]:
    """ReLU in place of sigmoid and tanh within the network, and a BatchNorm-like scale behind each."""

    def instead(args: tuple, result: Tensor) -> Tensor:
        z = torch.relu(args[0])
        return z / (z.detach().pow(2).mean().sqrt() + 1e-6)

    with _Replaced({"sigmoid", "tanh", "hardsigmoid", "relu"}, instead, inside=p.model), begun_anew(p):
        yield


@contextmanager
def rectified(p: Patient) -> Iterator[None]:
    """A ReLU behind each layer but the last."""
    with _Rectified(sum(op in ("linear", "conv2d", "conv1d") for op in p.trace[0].ops)):
        yield


def _groups(p: Patient) -> list[dict]:
    return [group for optimizer in p.optimizers for group in optimizer.param_groups]


def _first(args: tuple, _result: Any) -> Any:
    return args[0]


def _relus(p: Patient) -> int:
    return sum(op in _CUT_OFF for op in p.trace[0].ops)


class _Replaced(TorchFunctionMode):
    """Some functions give something else; only with gradients, so that judging sees the same network."""

    def __init__(self, names: set[str], instead: Callable[[tuple, Any], Any], inside: nn.Module | None = None):
        super().__init__()
        self.names, self.instead = names | {f"{name}_" for name in names}, instead

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if getattr(func, "__name__", "") in self.names:
            return self.instead(args, None)
        return func(*args, **(kwargs or {}))


class _Losses(TorchFunctionMode):
    def __init__(self, turn: Callable[[str, Tensor], Tensor]):
        super().__init__()
        self.turn = turn

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        of_the_step = name == "log_softmax" and head_of(args[0]).kind == "softmax"
        if (of_the_step or name in ("cross_entropy", "binary_cross_entropy_with_logits")) and args:
            args = (self.turn(name, args[0]), *args[1:])
        return func(*args, **kwargs)


_CUT_OFF = {"relu", "relu_", "relu6", "hardtanh", "hardtanh_", "clamp", "clamp_min", "clip", "threshold", "softplus"}


class _Noted(TorchFunctionMode):
    """Keeps what loss functions give."""

    def __init__(self, noted: list[Tensor]):
        super().__init__()
        self.noted = noted

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in LOSSES and isinstance(result, Tensor):
            self.noted.append(result)
        return result


class _LastRelu(TorchFunctionMode):
    """Leaves out each n-th ReLU."""

    def __init__(self, count: int):
        super().__init__()
        self.count, self.at = max(1, count), 0

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        if getattr(func, "__name__", "") in _CUT_OFF:
            self.at += 1
            if self.at % self.count == 0:
                return args[0]
        return func(*args, **(kwargs or {}))


class _Rectified(TorchFunctionMode):
    def __init__(self, count: int):
        super().__init__()
        self.count, self.at = max(1, count), 0

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") in ("linear", "conv2d", "conv1d"):
            self.at += 1
            if self.at % self.count:
                return torch.relu(result)
        return result


__all__ = ["LEARNED", "Result", "Trial", "by_heart", "norm_layers", "placed", "run", "whole"]
