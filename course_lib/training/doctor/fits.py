"""What follows from one or two real steps: does the loss fit, do gradients come, does anything move?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from .causes import CAUSES, finding
from .labels import Labels
from .observe import LossCall, Step
from .patient import Patient, norm_layers
from .verdict import Finding

_PAIRWISE = {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "soft_margin_loss", "hinge_embedding_loss"}
_CROSS = {"cross_entropy"}
FAR = 0.3  # of a weight tensor's norm
_OVER_CLASSES = {"cross_entropy", "nll_loss", "nll_loss_nd", "multi_margin_loss"}
_WITH_LOGITS = {"binary_cross_entropy_with_logits", "multilabel_soft_margin_loss"}


def refuse(p: Patient) -> None:
    """Say no to what this doctor does not know.

    Raises:
        ValueError: outputs for each pixel, or none.
    """
    for forward in p.trace[0].forwards[:1]:
        output = forward.output
        if output is None:
            continue
        if output.ndim > 2 and _spatial(output):
            raise ValueError(
                f"the doctor got outputs of shape {tuple(output.shape)}; it wants [B] or [B, K], one answer a picture. "
                "For one answer a pixel (segmentation) or a list of boxes it knows no checks: give it the network's "
                "classification head, or pool over the pixels first."
            )


def _spatial(output: Tensor) -> bool:
    return math.prod(output.shape[2:]) > 1


def failed(p: Patient) -> Finding | None:
    """The step stops with an error: why?"""
    step = p.trace[-1]
    if step.error is None:
        return None
    said = f"{type(step.error).__name__}: {str(step.error).strip().splitlines()[0][:200] if str(step.error) else ''}"
    if "more than 1 value per channel" in said:
        return finding("batchnorm-sees-one", said, "sure")
    if "has no attribute 'backward'" in said:
        return finding("loss-detached", said, "sure")
    called = [f for f in step.forwards if f.output is not None]
    if not called and not step.losses:
        return _forward_failed(p, said)
    if step.losses and "backward" not in step.events and step.done < len(step.losses):
        call = step.losses[-1]
        return _loss_failed(p, call, said)
    if "does not require grad" in said or "does not have a grad_fn" in said:
        return unused(p) or finding("loss-detached", said, "sure")
    if "inplace operation" in said or "in-place" in said:
        return finding("step-fails", said, "sure", mend="write x = x + y in place of x += y before backward")
    if "backward" in step.events or "second time" in said:
        return finding("step-fails", said, "sure")
    if step.losses and step.done >= len(step.losses):
        return finding("step-fails", said, "sure")
    return finding("loss-does-not-fit", said, "sure")


def _forward_failed(p: Patient, said: str) -> Finding:
    called = [f.x for f in p.trace[-1].forwards if f.module is p.model and f.x is not None]
    x = called[-1] if called else p.seen.x
    first = next((m for m in p.model.modules() if isinstance(m, nn.modules.conv._ConvNd | nn.Linear)), None)
    if isinstance(first, nn.Conv2d) and x.ndim == 4 and x.shape[1] != first.in_channels:
        shape = f"x is {list(x.shape)}, and the first layer wants {first.in_channels} channels. {said}"
        if x.shape[-1] == first.in_channels:
            return finding("channels-last", shape, "sure")
        return finding("network-does-not-fit-inputs", shape, "sure")
    if isinstance(first, nn.Conv2d) and x.ndim == 3 and first.in_channels == 1:
        return finding(
            "network-does-not-fit-inputs", said, "sure", mend="give grey pictures a channel", code="x = x[:, None]"
        )
    # Of a dtype that the network does not have, or shapes that do not go together further in.
    return finding("network-does-not-fit-inputs", f"x is {list(x.shape)}, {x.dtype}. {said}", "sure")


def _loss_failed(p: Patient, call: LossCall, said: str) -> Finding:
    found = call.input
    outputs = found.shape[1] if found.ndim > 1 else 1
    y = call.target if isinstance(call.target, Tensor) else None
    shapes = f"output {list(found.shape)}" + (f", labels {list(y.shape)} {y.dtype}" if y is not None else "")
    if y is None:
        return finding("loss-does-not-fit", said, "sure")
    if call.name in _OVER_CLASSES and found.ndim == 1 and len(found) == len(y):
        return _flat(call, shapes)
    if call.name in _OVER_CLASSES:
        whole = not y.is_floating_point() and y.ndim == 1
        if whole and y.dtype is torch.int64:
            return out_of_range(p.labels, outputs, said)
        return finding("labels-wrong-form", f"{shapes}. {said}", "sure", code=_as_classes(y))
    if call.name == "binary_cross_entropy" and y.shape == found.shape and y.is_floating_point():
        if bool((found < 0).any() or (found > 1).any()):
            values = f"outputs go from {found.min():.3g} to {found.max():.3g}. {said}"
            return finding("loss-wants-probabilities", values, "sure")
        return _not_zero_or_one(p, call)
    if call.name in {"binary_cross_entropy", "mse_loss"} | _WITH_LOGITS | _PAIRWISE:
        return finding("labels-wrong-form", f"{shapes}. {said}", "sure", code=_as_numbers(found, y))
    return finding("loss-does-not-fit", f"{shapes}. {said}", "sure")


def _flat(call: LossCall, shapes: str) -> Finding:
    code = (
        "loss = torch.nn.functional.binary_cross_entropy_with_logits(output, y.float())  # output [B], for two classes"
    )
    told = f"{call.name} wants one output a class, [B, K], and gets one number a picture: {shapes}"
    return finding("loss-does-not-fit", told, "sure", code=code)


def _not_zero_or_one(p: Patient, call: LossCall) -> Finding:
    """A loss of zeros and ones gets other numbers: more classes than two, or two that are numbered otherwise."""
    y, labels = call.target, p.labels
    told = f"{call.name} wants 0 … 1 and gets {y.min():g} … {y.max():g}"
    if call.input.numel() == len(call.input) and labels.form == "classes" and labels.count > 2:
        outputs = f"{told}: one output, and {labels.count} classes"
        return finding("too-few-outputs", outputs, "sure")
    return finding("labels-out-of-range", told, "sure")


def _as_classes(y: Tensor) -> str:
    if y.ndim > 1 and y.shape[1] > 1:
        return "loss = cross_entropy(logits, y.float())  # one-hot, or y.argmax(dim=1) for class numbers"
    return "loss = cross_entropy(logits, y.flatten().long())  # class numbers, int64 [B]"


def _as_numbers(output: Tensor, y: Tensor) -> str:
    if output.ndim == 2 and output.shape[1] > 1 and y.numel() == len(output):
        return (
            "loss = cross_entropy(logits, y)  # or, with one output a class:\n"
            f"y = torch.nn.functional.one_hot(y.long(), {output.shape[1]}).float()"
        )
    return "y = y.float().reshape(output.shape)"


def out_of_range(labels: Labels, outputs: int, said: str) -> Finding:
    """Too many classes for the outputs, or numbers that do not begin at 0."""
    values = labels.values
    told = f"labels go from {values.min():g} to {values.max():g}, {labels.count} different ones, for {outputs} outputs"
    # Of many classes not all are among the pictures that were looked at.
    from_zero = values.min() == 0 and labels.count >= 0.8 * (values.max() + 1)
    if labels.count > outputs or (from_zero and values.max() >= max(outputs, 7)):
        return finding("too-few-outputs", f"{told}. {said}", "sure")
    return finding("labels-out-of-range", f"{told}. {said}", "sure")


# --- a step that runs ---


def of_loss(p: Patient) -> Iterator[Finding]:
    """Loss and last layer do not go together, for sure."""
    for outer, inner in p.trace[0].doubled[:1]:
        if inner == "sigmoid":
            yield finding("sigmoid-twice", "the step takes a sigmoid of what ends with a sigmoid", "sure")
        elif outer == "sigmoid":
            yield finding("loss-wants-logits", "the step takes a sigmoid of what ends with a softmax", "sure")
    for call in p.trace[0].losses:
        for check in (_constant_softmax, _over_batch, _twice, _not_log, _no_probabilities, _broadcast, _signs):
            if found := check(p, call):
                yield found
    if p.trace[0].square and not any(c.name in _PAIRWISE for c in p.trace[0].losses):
        yield finding("loss-broadcasts", "[B, 1] against [B] gives [B, B] numbers", "sure")


def loss_of_one_unit(call: LossCall) -> Finding | None:
    """Cross-entropy over one output is 0, whatever it is."""
    if call.name == "cross_entropy" and call.input.ndim == 2 and call.input.shape[1] == 1:
        return finding("softmax-on-one-unit", "cross-entropy takes a softmax over one output only", "sure")
    return None


def _constant_softmax(_p: Patient, call: LossCall) -> Finding | None:
    if call.head.kind in ("softmax", "log_softmax") and call.head.width == 1:
        return finding("softmax-on-one-unit", "every output is 1", "sure")
    return loss_of_one_unit(call)


def _over_batch(_p: Patient, call: LossCall) -> Finding | None:
    head = call.head
    if head.kind not in ("softmax", "log_softmax") or head.dim != 0 or call.input.ndim < 2 or head.width == 1:
        return None
    return finding("softmax-over-the-batch", f"{head.kind} with dim=0 on {list(call.input.shape)}", "sure")


def _twice(_p: Patient, call: LossCall) -> Finding | None:
    if call.name not in _WITH_LOGITS:
        return None
    if call.head.kind == "sigmoid":
        return finding("sigmoid-twice", f"a sigmoid stands before {call.name}, which has its own", "sure")
    if call.head.kind == "softmax":
        return finding("loss-wants-logits", f"a softmax stands before {call.name}, which wants logits", "sure")
    return None


def _not_log(_p: Patient, call: LossCall) -> Finding | None:
    if call.name not in ("nll_loss", "nll_loss_nd", "kl_div") or call.input.ndim < 2:
        return None
    z = call.input.float()
    if call.head.kind in ("log_softmax", "log_sigmoid", "log"):
        return None
    sums = z.exp().sum(dim=1)
    if bool(((sums - 1).abs() < 0.02).all()):
        return None
    got = "probabilities (a softmax)" if call.head.kind == "softmax" else "something else"
    return finding(
        "loss-wants-log-probabilities",
        f"{call.name} gets {got}: the exponentials of a picture's outputs sum to {sums.mean():.3g}, not to 1",
        "sure",
    )


def _no_probabilities(_p: Patient, call: LossCall) -> Finding | None:
    if call.name != "binary_cross_entropy" or call.head.kind in ("sigmoid", "softmax", "clamp", ""):
        return None
    if call.head.kind in ("addmm", "mm", "linear", "relu", "convolution", "mkldnnconvolution", "mean"):
        return finding("loss-wants-probabilities", f"before {call.name} stands {call.head.kind}, no sigmoid", "sure")
    return None


def _broadcast(_p: Patient, call: LossCall) -> Finding | None:
    if call.name not in _PAIRWISE | {"kl_div"} or call.input.shape == call.target.shape or call.target.ndim == 0:
        return None
    shapes = f"output {list(call.input.shape)}, labels {list(call.target.shape)}"
    return finding("loss-broadcasts", shapes, "sure", code=f"loss = {call.name}(output, y.reshape(output.shape))")


def _signs(p: Patient, call: LossCall) -> Finding | None:
    """−1 and +1 under a loss that wants 0 and 1."""
    if call.name in _WITH_LOGITS and (float(call.target.min()) < 0 or float(call.target.max()) > 1):
        return _not_zero_or_one(p, call)
    return None


def of_gradients(p: Patient) -> Iterator[Finding]:
    """Whether a gradient comes back from the loss, and gets to the weights."""
    step = p.trace[0]
    mine = {id(w) for w in p.model.parameters() if w.requires_grad}
    if step.values and step.negative_logs and not all(map(math.isfinite, step.values)):
        told = "the step takes the logarithm of outputs, and some are below 0"
        yield finding("loss-wants-probabilities", told, "sure", code=CAUSES["loss-wants-log-probabilities"].code)
    elif step.values and not all(map(math.isfinite, step.values)) and bool(p.x.isfinite().all()):
        yield overflowed(p, f"the loss of the first step is {step.values[0]}")
    elif step.leaves and mine and not step.leaves & mine and "backward" in step.events:
        yield unused(p) or finding(
            "loss-detached", f"the loss hangs on none of {len(mine)} trainable tensors of weights", "sure"
        )
    elif step.norms and not all(math.isfinite(n) for n, _ in step.norms):
        yield overflowed(p, "the gradients of the first step are NaN or infinite")


def unused(p: Patient) -> Finding | None:
    """All that may move lies in layers that `forward` never calls: a new head under another name than the old one's."""
    called = p.trace[-1].called
    owners = [(name, m) for name, m in p.model.named_modules() if _trainable(m)]
    if id(p.model) not in called or not owners or any(id(m) in called for _, m in owners):
        return None
    last = next((n for n, m in reversed(list(p.model.named_modules())) if id(m) in called and _own(m)), "")
    told = (
        f"only {owners[0][0] or type(p.model).__name__!r} has weights that may move, and forward never calls it; "
        f"what it calls last is {last!r}, which is frozen"
    )
    return finding(
        "everything-frozen", told, "sure", code=f"model.{last} = nn.Linear(width, classes)  # not another name"
    )


def _own(module: nn.Module) -> bool:
    return next(module.parameters(recurse=False), None) is not None


def _trainable(module: nn.Module) -> bool:
    return any(w.requires_grad for w in module.parameters(recurse=False))


def overflowed(p: Patient, measured: str) -> Finding:
    """NaN or infinities, under autocast or not."""
    if any(step.autocast for step in p.trace):
        return finding("not-finite-under-autocast", f"{measured}, under autocast or in float16", "sure")
    return finding("gradients-not-finite", measured, "sure")


def of_loop(p: Patient) -> Iterator[Finding]:
    """What only the learner's own step shows."""
    steps = [step for step in p.trace if step.error is None]
    called = [f.module for step in steps for f in step.forwards]
    if len(steps) < 2 or not called:
        return
    yield from _recreated(p, steps)
    if any("backward" in s.events for s in steps):
        yield from _zeroing(steps)
    elif not any(s.moved for s in steps):
        yield finding("backward-missing", f"in {len(steps)} steps no gradient was taken", "sure")
    if not any(s.moved for s in steps) and any("backward" in s.events for s in steps):
        yield from _nothing_moves(p, steps)


def _recreated(p: Patient, steps: list[Step]) -> Iterator[Finding]:
    outer = [s.forwards[0].module for s in steps if s.forwards]
    mine = {id(w) for w in p.model.parameters()}
    others = [m for m in outer if not any(id(w) in mine for w in m.parameters()) and list(m.parameters())]
    if len({id(m) for m in outer}) == len(outer) > 1 and len(others) == len(outer):
        yield finding("model-recreated", f"{len(outer)} steps called {len(outer)} different networks", "sure")
    elif others and len(others) == len(outer) and mine:
        told = "the step calls another network than the one that was handed over, with none of its weights"
        yield finding("optimizer-of-another-model", told, "sure")
    fresh = [id(s.fresh[0]) for s in steps if s.fresh]
    if len(fresh) == len(steps) == len(set(fresh)):
        told = f"in {len(steps)} steps {type(steps[0].fresh[0]).__name__} was made anew each time"
        yield finding("model-recreated", told, "sure")
    elif mine and not others and (told := _set_anew(steps) or ""):
        yield finding("model-recreated", told, "sure")
    lost = [m for s in steps for m in s.strangers if any(w.requires_grad for w in m.parameters())]
    held = {id(w) for w in p.held}
    lost = [m for m in lost if not any(id(w) in held for w in m.parameters())]
    if lost and len(others) != len(outer):
        yield finding("layers-not-registered", f"{type(lost[0]).__name__} is called, and no module holds it", "sure")


def _set_anew(steps: list[Step]) -> str | None:
    """What is measured where something else than the optimizer sets the weights in every step.

    Clamping, weight norms and SAM's steps move weights too, but by far less than their own size.
    """
    whole = [s for s in steps if len(s.drift) == 3]
    if len(whole) < 2:
        return None
    before, ends = [s.drift[0] for s in whole[1:]], [(s.drift[1], s.drift[2]) for s in whole]
    if min(before) > FAR:
        return f"between two steps of the optimizer the weights change by {min(before):.0%} of their size"
    if all(end > FAR > 2 * driven for driven, end in ends):
        return f"after the optimizer's step the weights change by {min(end for _, end in ends):.0%} of their size"
    undone = all(s.totals[0] == whole[0].totals[0] for s in whole) and min(before) > 0
    if undone or all(driven > 0 and end == 0 for driven, end in ends):
        return "every step begins with the same weights: what the optimizer did is undone"
    return None


def _zeroing(steps: list[Step]) -> Iterator[Finding]:
    stepped = ["step" in s.events for s in steps]
    cleared = [(a, b) for a, b, was in zip(steps, steps[1:], stepped, strict=False) if was and "backward" in b.events]
    if cleared and all(b.leftover for _, b in cleared):
        at = [step.norms[-1][1] for step in steps if step.norms]
        sizes = f"; their norm goes from {at[0]:.3g} to {at[-1]:.3g} in {len(at)} steps" if at else ""
        yield finding("zero-grad-forgotten", f"each step finds the gradients of the step before{sizes}", "sure")
    if steps[1:] and all(_steps_first(s) for s in steps):
        told = "the optimizer steps before backward, and finds gradients of 0: zero_grad has thrown the last ones away"
        yield finding("zero-grad-after-backward", told, "sure")
        return
    norms = [n for s in steps for n in s.norms]
    if norms and all(after > 0 and at == 0 for after, at in norms):
        yield finding(
            "zero-grad-after-backward", "optimizer.step finds gradients of 0, backward had left others", "sure"
        )


def _steps_first(step: Step) -> bool:
    """No gradient is there when the optimizer steps; one is made afterwards, for nothing."""
    wanted = "step" in step.events and "backward" in step.events
    return wanted and step.events[-1] == "backward" and all(at == 0 for _, at in step.norms)


def _nothing_moves(p: Patient, steps: list[Step]) -> Iterator[Finding]:
    if not any("step" in s.events for s in steps):
        yield finding("step-missing", f"in {len(steps)} steps no weight moved, and no optimizer was stepped", "sure")


# --- suspicions ---


def suspects(p: Patient) -> Iterator[tuple[str, str]]:
    """(cause, what was seen) of what the trace makes likely and a trial has to show."""
    step = p.trace[0]
    for call in step.losses:
        z = call.input
        if call.name in _CROSS and z.ndim == 2 and z.shape[1] > 1:
            shares = bool((z >= 0).all() and (z <= 1).all())
            if call.head.kind in ("softmax", "sigmoid") or (shares and bool(((z.sum(1) - 1).abs() < 1e-3).all())):
                yield "softmax-before-cross-entropy", f"what cross_entropy gets lies in {z.min():.2g} … {z.max():.2g}"
        cut = bool(z.min() == 0) and float((z == 0).float().mean()) > 0.1
        if call.name in _CROSS | _WITH_LOGITS and (call.head.kind == "relu" or (z.ndim <= 2 and cut)):
            yield "relu-on-logits", f"{(z == 0).float().mean():.0%} of the logits are 0"
    modes = [f for s in p.trace for f in s.forwards if f.module is p.model]
    if step.doubled and step.doubled[0] == ("log_softmax", "softmax"):
        yield "softmax-before-cross-entropy", "the step takes a log-softmax of what ends with a softmax"
    if p.own and min((s.shrinking for s in p.trace if s.norms), default=0) > 0.6:
        yield "weight-decay-too-strong", f"the gradients point along the weights, cosine {step.shrinking:.2f}"
    if norm_layers(p.model) and modes and all(not f.training or f.frozen_norms for f in modes) and p.own:
        yield "not-in-train-mode", f"model.training, or a BatchNorm's, is False in {len(modes)} of {len(modes)} steps"
    ratios = [at / after for s in p.trace for after, at in s.norms if after > 0 and math.isfinite(after)]
    if ratios and 0 < max(ratios) < 0.02:
        yield "gradients-clipped-away", f"the gradient's norm is cut to {max(ratios):.1g} of what backward gave"
    if _linear_only(step):
        yield "activations-missing", "between its layers stands nothing that is not linear"


_LINEAR = {
    "conv1d", "conv2d", "linear", "flatten", "view", "reshape", "permute", "transpose", "add", "__add__", "iadd",
    "avg_pool2d", "adaptive_avg_pool2d", "mean", "batch_norm", "dropout", "squeeze", "unsqueeze", "size", "dim",
    "contiguous", "to", "float", "__getitem__", "__len__", "numel", "dropout2d", "sum", "movedim", "shape", "type",
    "dropout_", "is_floating_point", "cat", "zeros", "softmax", "log_softmax", "sigmoid", "requires_grad_", "matmul",
    "__matmul__", "add_", "div", "__truediv__", "mul", "__rmul__", "sub", "__sub__", "__iadd__",
    "_set_grad_enabled", "double", "half",
}  # fmt: skip
_AT_THE_END = {"softmax", "log_softmax", "sigmoid"}


def _linear_only(step: Step) -> bool:
    ops = list(step.ops)
    weighted = [i for i, op in enumerate(ops) if op in ("conv1d", "conv2d", "linear")]
    between = ops[weighted[0] : weighted[-1]] if len(weighted) > 1 else []
    if not between or len(step.forwards) > 1:
        return False
    return all(op in _LINEAR and op not in _AT_THE_END for op in between) and all(op in _LINEAR for op in ops)
