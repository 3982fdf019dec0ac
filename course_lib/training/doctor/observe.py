"""What happens in a training step: which network was called, what the loss got, whose gradients came, who moved.

Nothing of the step is changed. Functions are watched with a `TorchFunctionMode`, layers and optimizers with the hooks
that torch has for all of them, `backward` in its place in `torch.autograd`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.loss import _Loss
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook
from torch.overrides import TorchFunctionMode

from .labels import main_output

LOSSES = {
    "cross_entropy", "nll_loss", "nll_loss_nd", "binary_cross_entropy", "binary_cross_entropy_with_logits", "mse_loss",
    "l1_loss", "smooth_l1_loss", "huber_loss", "kl_div", "multi_margin_loss", "soft_margin_loss",
    "hinge_embedding_loss",
    "multilabel_soft_margin_loss",
}  # fmt: skip
# Steps of the graph behind which what counts still stands: the same numbers in another shape, type or order.
_PASSING = (
    "View", "UnsafeView", "Squeeze", "Unsqueeze", "Select", "Slice", "Reshape", "ToCopy", "Clone", "Index", "Alias",
    "Permute", "Transpose", "TBackward", "Expand", "Clamp", "Narrow", "Cat", "Stack", "Split",
)  # fmt: skip
_ELEMENTWISE = {"sub", "__sub__", "rsub", "__rsub__", "mul", "__mul__", "__rmul__"}


@dataclass(frozen=True)
class Head:
    """The last function before something: "softmax", "sigmoid", "relu", "log_softmax", … and over what it ran."""

    kind: str
    dim: int | None = None
    width: int | None = None  # entries along `dim`


@dataclass(frozen=True)
class LossCall:
    """A loss function of torch as it was called; tensors are detached."""

    name: str
    input: Tensor
    target: Any
    head: Head
    grad: bool  # whether the input hangs on weights
    weight: Tensor | None = None  # of the classes; of binary losses, that of the positive pictures


@dataclass(frozen=True)
class Forward:
    """A call of the outermost module."""

    module: nn.Module
    training: bool
    x: Any
    output: Any
    head: Head
    frozen_norms: bool  # some BatchNorm was in eval mode


@dataclass
class Step:
    """What one step did, in the order of events."""

    forwards: list[Forward] = field(default_factory=list)
    called: set[int] = field(default_factory=set)  # ids of all modules that were called
    losses: list[LossCall] = field(default_factory=list)
    ops: list[str] = field(default_factory=list)  # functions within the outermost module
    strangers: list[nn.Module] = field(default_factory=list)  # modules with weights that no network holds
    fresh: list[nn.Module] = field(default_factory=list)  # held by the network, and not there before the step
    events: list[str] = field(default_factory=list)  # "backward", "step", "clip"
    leaves: set[int] = field(default_factory=set)  # ids of the weights that the loss hangs on
    values: list[float] = field(default_factory=list)  # of the losses whose gradients were taken
    leftover: bool = False  # gradients of the step before were still there at the first backward
    norms: list[tuple[float, float]] = field(default_factory=list)  # of the gradients: after backward, at the step
    moved: set[int] = field(default_factory=set)  # ids of the weights that changed
    # How far the weights are from where the step found them: when the optimizer is called, after it, at the end.
    drift: list[float] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)  # sums of the weights' sizes at the same three moments
    schedulers: int = 0  # how often a scheduler was stepped
    autocast: bool = False
    doubled: list[tuple[str, str]] = field(default_factory=list)  # a softmax or sigmoid right over another
    negative_logs: bool = False  # a logarithm of numbers below 0 was taken outside of the network
    shrinking: float = 0.0  # cosine between the weights and their gradients, at the step
    rate: float = 0.0  # the largest, after the step
    done: int = 0  # losses that were computed without an error
    covered: bool = False  # `train` of some module is a value, no function: `model.train = True`
    square: bool = False  # [B, 1] against [B] gave [B, B]
    error: Exception | None = None


class Observer:
    """Watches steps.

    Args:
        weights: all that may move.
        held: those of them that an optimizer holds; the norm of gradients is theirs.
        schedulers: those whose steps are counted.
        model: the network that the step should call; it may be another one that it does call.
        optimizers: those whose rates are noted.
    """

    def __init__(
        self,
        weights: list[Tensor],
        held: list[Tensor],
        schedulers: list[Any],
        model: nn.Module,
        optimizers: list[Any],
    ):
        self.weights, self.held, self.schedulers, self.model = weights, held or weights, schedulers, model
        self.optimizers = optimizers

    def observe(self, run: Callable[[], Any]) -> Step:
        """Run a step and tell what happened; an exception is kept in `error`."""
        step = Step()
        before = [w.detach().clone() for w in self.weights]
        counts = [getattr(s, "_step_count", getattr(s, "last_epoch", 0)) for s in self.schedulers]
        with _watched(step, self, before):
            try:
                run()
            except Exception as error:  # the learner's step may fail in any way, and that is what we want to know
                step.error = error
        step.covered = any(not callable(vars(m).get("train", print)) for m in self.model.modules())
        step.moved = {id(w) for w, b in zip(self.weights, before, strict=True) if not _same(w, b)}
        self.note_drift(step, before)
        step.rate = max((float(g["lr"]) for o in self.optimizers for g in o.param_groups), default=0.0)
        now = [getattr(s, "_step_count", getattr(s, "last_epoch", 0)) for s in self.schedulers]
        step.schedulers = max((b - a for a, b in zip(counts, now, strict=True)), default=0)
        return step

    def note_drift(self, step: Step, before: list[Tensor]) -> None:
        """Append to `step.drift` and `step.totals`."""
        pairs = [
            (w.detach(), b) for w, b in zip(self.weights, before, strict=True) if w.shape == b.shape and w.ndim > 1
        ]
        far = [float((w - b).norm() / b.norm().clamp(min=1e-12)) for w, b in pairs if w.device == b.device]
        step.drift.append(max((d for d in far if math.isfinite(d)), default=0.0))
        step.totals.append(sum(map(_total, (w for w, _ in pairs))))

    def shrinking(self) -> float:
        """Cosine between all weights and their gradients: near 1 where a step does little but make weights smaller."""
        moving = [w for w in self.held if w.grad is not None and w.ndim > 1 and not w.grad.is_sparse]
        pairs = [(w.detach().float().flatten(), w.grad.float().flatten()) for w in moving]  # type: ignore[union-attr]
        product = sum(float(w @ g) for w, g in pairs)
        sizes = math.prod(math.sqrt(sum(float(t.norm()) ** 2 for t in ts)) for ts in zip(*pairs, strict=True))
        return product / sizes if pairs and sizes > 0 and math.isfinite(sizes) else 0.0

    def norm(self) -> float:
        """Of all gradients together."""
        grads = [w.grad for w in self.held if w.grad is not None]
        return math.sqrt(sum(float(g.detach().float().pow(2).sum()) for g in grads)) if grads else 0.0


def _total(w: Tensor) -> float:
    # Not in float64, which Apple's GPUs have not.
    half = w.dtype in (torch.float16, torch.bfloat16)
    return float(torch.linalg.vector_norm(w, ord=1, dtype=torch.float32 if half else None))


def _same(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool(torch.equal(a.detach(), b))


class _Mode(TorchFunctionMode):
    def __init__(self, step: Step):
        super().__init__()
        self.step, self.inside = step, 0

    def __torch_function__(self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if name in LOSSES:
            _note_loss(self.step, name, args, kwargs)
        elif not self.inside and args and isinstance(args[0], Tensor):
            _note_outside(self.step, name, args[0])
        result = func(*args, **kwargs)
        self.step.done += name in LOSSES
        if self.inside and name not in {"__get__", "__set__"}:
            self.step.ops.append(name)
        if name in _ELEMENTWISE and not self.inside:
            self.step.square |= _is_square(args, result)
        if not self.step.autocast and isinstance(result, Tensor):
            self.step.autocast = _halved(result)
        return result


def _note_outside(step: Step, name: str, x: Tensor) -> None:
    """What the step itself does with the outputs: a second softmax, the logarithm of logits."""
    name = name.rstrip("_")
    if name in ("sigmoid", "softmax", "log_softmax", "logsigmoid"):
        inner = head_of(x).kind
        if inner == name.removeprefix("log_") or (inner == "softmax" and name == "sigmoid"):
            step.doubled.append((name, inner))
    elif name == "log" and x.requires_grad and x.numel() and float(x.detach().min()) < 0:
        step.negative_logs = True


def _halved(result: Tensor) -> bool:
    if result.dtype is torch.float16:
        return True
    try:
        return torch.is_autocast_enabled(result.device.type)
    except RuntimeError:  # a device without autocast
        return False


def _is_square(args: tuple, result: Any) -> bool:
    if len(args) < 2 or not all(isinstance(a, Tensor) for a in args[:2]) or not isinstance(result, Tensor):
        return False
    flat = sorted((tuple(a.shape) for a in args[:2]), key=len)
    n = len(args[0]) if args[0].ndim else 0
    return n > 1 and flat == [(n,), (n, 1)] and tuple(result.shape) == (n, n)


def _note_loss(step: Step, name: str, args: tuple, kwargs: dict) -> None:
    values = [*args, *(kwargs[key] for key in ("input", "target") if key in kwargs)]
    if len(values) < 2 or not isinstance(values[0], Tensor) or not isinstance(values[1], Tensor):
        return
    x, y = values[:2]
    weight = kwargs.get("pos_weight" if "binary" in name else "weight")
    weight = weight.detach().cpu() if isinstance(weight, Tensor) else None
    step.losses.append(LossCall(name, x.detach(), y.detach(), head_of(x), x.requires_grad, weight))


def head_of(tensor: Any) -> Head:
    """The last function that made this tensor, whatever its shape was turned into afterwards."""
    node = getattr(tensor, "grad_fn", None)
    for _ in range(12):
        if node is None:
            break
        name = node.name()
        following = [f for f, _ in node.next_functions if f is not None]
        plus_constant = name.startswith(("Add", "Sub", "Mul", "Div")) and len(following) == 1
        if (not name.startswith(_PASSING) and not plus_constant) or not following:
            return Head(_kind(name), *_over(node))
        node = following[0]
    return Head("")


def _kind(name: str) -> str:
    for kind in ("LogSoftmax", "Softmax", "LogSigmoid", "Sigmoid", "Relu", "Tanh", "Log"):
        if name.startswith(kind):
            return {"LogSoftmax": "log_softmax", "LogSigmoid": "log_sigmoid"}.get(kind, kind.lower())
    return name.split("Backward")[0].lower()


def _over(node: Any) -> tuple[int | None, int | None]:
    if "oftmax" not in node.name():
        return None, None
    dim, result = node._saved_dim, node._saved_result
    dim = dim - 2**64 if dim > 2**63 else dim
    return dim % result.ndim, result.shape[dim]


def _leaves(tensor: Tensor) -> set[int]:
    """Ids of the tensors whose gradients would come from this one."""
    seen, found, todo = set(), set(), [tensor.grad_fn]
    if tensor.grad_fn is None and tensor.requires_grad:
        return {id(tensor)}
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.add(id(node.variable))
        todo.extend(f for f, _ in node.next_functions)
    return found


@contextmanager
def _watched(step: Step, observer: Observer, before: list[Tensor]) -> Iterator[None]:
    mode, outer, held = _Mode(step), list[nn.Module](), list[set[int]]()
    own = {id(m) for m in observer.model.modules()}

    def enter(module: nn.Module, _args: Any) -> None:
        if outer or (not isinstance(module, _Loss) and (id(module) in own or _has_weights(module))):
            if not outer:
                held[:] = [{id(m) for m in module.modules()}] if id(module) in own else [set()]
            outer.append(module)
        if outer:
            step.called.add(id(module))
            mode.inside += 1

    def leave(module: nn.Module, args: Any, output: Any) -> None:
        if not outer or outer[-1] is not module:
            return
        mode.inside -= 1
        outer.pop()
        if not outer:
            step.forwards.append(_forward(module, args, output))
        elif id(module) not in own and _has_own_weights(module):
            (step.fresh if id(module) in held[0] else step.strangers).append(module)

    def before_step(_optimizer: Any, *_: Any) -> None:
        now = observer.norm()
        after_backward = last_norm[0] if last_norm else now
        step.norms.append((after_backward, now))
        if not step.drift:
            observer.note_drift(step, before)
            step.shrinking = observer.shrinking()

    def after_step(_optimizer: Any, *_: Any) -> None:
        step.events.append("step")
        if len(step.drift) == 1:
            observer.note_drift(step, before)

    backward, grad, last_norm = torch.autograd.backward, torch.autograd.grad, list[float]()

    def watched_backward(tensors: Any, *args: Any, **kwargs: Any) -> Any:
        return taken(backward, tensors, args, kwargs)

    def watched_grad(outputs: Any, *args: Any, **kwargs: Any) -> Any:
        return taken(grad, outputs, args, kwargs)

    def taken(function: Callable, tensors: Any, args: tuple, kwargs: dict) -> Any:
        if "backward" not in step.events:
            step.leftover = observer.norm() > 0
        for tensor in [tensors] if isinstance(tensors, Tensor) else list(tensors):
            step.leaves |= _leaves(tensor)
            step.values.append(float(tensor.detach().float().sum()))
        result = function(tensors, *args, **kwargs)
        step.events.append("backward")
        last_norm[:] = [observer.norm()]
        return result

    handles = [
        register_module_forward_pre_hook(enter),
        register_module_forward_hook(leave, always_call=True),
        register_optimizer_step_pre_hook(before_step),
        register_optimizer_step_post_hook(after_step),
    ]
    torch.autograd.backward, torch.autograd.grad = watched_backward, watched_grad
    try:
        with mode:
            yield
    finally:
        torch.autograd.backward, torch.autograd.grad = backward, grad
        for handle in handles:
            handle.remove()


def _has_weights(module: nn.Module) -> bool:
    return next(module.parameters(), None) is not None


def _has_own_weights(module: nn.Module) -> bool:
    return next(module.parameters(recurse=False), None) is not None


def _forward(module: nn.Module, args: Any, output: Any) -> Forward:
    main = main_output(output)
    norms = [m for m in module.modules() if isinstance(m, nn.modules.batchnorm._NormBase) and m.track_running_stats]
    x = next((a for a in args if isinstance(a, Tensor)), None) if isinstance(args, tuple) else None
    return Forward(
        module=module,
        training=module.training,
        x=None if x is None else x.detach(),
        output=None if main is None else main.detach(),
        head=head_of(main),
        frozen_norms=any(not m.training for m in norms),
    )
