"""A compiled Keras model on the torch backend: the same questions, and those that only Keras has.

Inside, pictures are [B, C, H, W] as everywhere in this package; the model gets them as it wants them.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from . import labels as forms
from . import looks, trials
from .batches import Seen, collect, rows
from .causes import finding
from .copies import random_state
from .examine import _DOUBTFUL, SECONDS, Treatment, in_order, tried
from .labels import Labels, main_output
from .patient import CHUNK, Patient
from .schedules import LITTLE, STEPS
from .trials import Change
from .verdict import Diagnosis, Finding

BATCH = 32  # what `fit` makes of arrays
_LOOKED = (
    "inputs: finite, not all alike, more than one class, shuffled where fit does not",
    "labels: numbers or one-hot, as this loss wants them",
    "the last layer and the loss: softmax, sigmoid, from_logits",
    "trainable weights, and those that the optimizer was built for",
    "the course of the learning rate",
)
_NOT_SEEN = ("callbacks: what they do to the rate or to the weights", "class_weight and sample_weight in fit")
# What the pretrained networks of keras.applications were trained on, by the first letters of their names.
_RANGES = {
    "mobilenet": (-1, 1), "xception": (-1, 1), "inception": (-1, 1), "nasnet": (-1, 1), "resnet50v2": (-1, 1),
    "resnet101v2": (-1, 1), "resnet152v2": (-1, 1), "resnet": (-124, 152), "vgg": (-124, 152),
    "efficientnet": (0, 255), "convnext": (0, 255), "densenet": (-2.2, 2.7),
}  # fmt: skip


_LINEAR = {
    "Dense", "Conv2D", "Conv1D", "Flatten", "Reshape", "Dropout", "BatchNormalization", "AveragePooling2D", "Rescaling",
    "GlobalAveragePooling2D", "Normalization", "Permute", "ZeroPadding2D",
}  # fmt: skip


class KerasSnapshot:
    """Weights, states of metrics and seeds, gradients and random numbers, as they were."""

    def __init__(self, model: Any, optimizer: Any):
        self._random = random_state()
        self._variables = [(v, v.value.detach().clone()) for v in _variables(model, optimizer)]
        self._grads = [(w, w.grad) for w in model.parameters()]

    def restore(self) -> None:
        """Put everything back."""
        with torch.no_grad():
            for variable, value in self._variables:
                variable.value.copy_(value)
        for weight, grad in self._grads:
            weight.grad = grad
        self._random()


def _variables(model: Any, optimizer: Any) -> list[Any]:
    found = {id(v): v for v in [*model.variables, *optimizer.variables, *model.metrics_variables]}
    return list(found.values())


@dataclass
class KerasPatient(Patient):
    """A patient whose step is Keras's own; `turn` is applied to all pictures, and `objective` may replace the loss."""

    model: Any
    optimizer: Any = None
    last: bool = True  # channels are last where the model gets pictures
    turn: Callable[[Tensor], Tensor] | None = None
    objective: Callable[[Any, Any], Any] | None = None
    penalties: bool = True  # whether regularizers count

    def given(self, x: Tensor) -> Tensor:
        """Pictures as the model gets them."""
        x = x if self.turn is None else self.turn(x.float())
        return x.permute(0, 2, 3, 1).contiguous() if self.last and x.ndim == 4 else x

    def keras_step(self, x: Tensor, y: Any) -> None:
        """`train_step` as Keras has it, or by hand where a treatment needs it."""
        x = self.given(x)
        if self.objective is None and self.penalties:
            self.model.train_step((x, y))
            return
        answer = self.model(x, training=True)
        self.model.zero_grad()
        loss = self.objective(y, answer) if self.objective else self.model.compute_loss(x, y, answer, None)
        extra = [] if self.penalties else list(self.model.losses)
        loss = loss.mean() if self.objective else loss - sum(extra, torch.tensor(0.0))
        loss.backward()
        weights = list(self.model.trainable_weights)
        with torch.no_grad():
            self.optimizer.apply([v.value.grad for v in weights], weights)

    def outputs(self, x: Tensor, norms_of_batch: bool = False) -> Tensor:
        """float [N] or [N, K]: the model's answers."""
        size = len(x) if norms_of_batch else CHUNK
        with torch.no_grad():
            parts = [main_output(self.model(self.given(c), training=norms_of_batch)) for c in x.split(size)]
        return torch.cat([part.detach().to("cpu", torch.float32) for part in parts])  # type: ignore[union-attr]

    def averages(self) -> list[Tensor]:
        """The model's variables that are not trained, where some are a BatchNormalization's."""
        if not any(type(layer).__name__ == "BatchNormalization" for layer in flat(self.model)):
            return []
        return [v.value.detach() for v in self.model.non_trainable_variables]

    def takes_numbers(self) -> str | None:
        """The loss's name where it takes class numbers for quantities."""
        name = loss_of(self.model)[0]
        regression = name in ("meansquarederror", "mse", "meanabsoluteerror", "mae", "huber", "logcosh")
        classes = self.labels.form == "classes" and self.labels.count > 2
        return name if regression and classes and self.outputs(self.x[:2]).numel() == 2 else None

    def suspected(self) -> Iterator[Treatment]:
        """What was seen to be unusual."""
        yield from _suspected(self)

    def others(self) -> Iterator[Treatment]:
        """What can be tried with every model."""
        yield from _others(self)


def diagnose_keras(model: Any, batches: Any, *, val_batches: Any = None, raw: tuple | None = None) -> Diagnosis:
    """`diagnose` for a compiled Keras model.

    A model that is not built yet gets its weights at the first batch, as in `fit`.

    Raises:
        ValueError: not compiled, another backend than torch, no batches.
    """
    import keras  # type: ignore[import-untyped]

    if keras.backend.backend() != "torch":
        raise ValueError(f"diagnose got a Keras model on {keras.backend.backend()}; it wants KERAS_BACKEND=torch.")
    if getattr(model, "optimizer", None) is None or not getattr(model, "compiled", False):
        raise ValueError("diagnose got a Keras model that is not compiled; it wants model.compile(optimizer, loss).")
    last = keras.config.image_data_format() == "channels_last"
    random = random_state()
    try:
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            seen = _arranged(collect(batches, "diagnose", "batches"), last, _is_arrays(batches))
            val = (
                None if val_batches is None else _arranged(collect(val_batches, "diagnose", "val_batches"), last, True)
            )
            return _examined(model, seen, val, raw, last, shuffles=_is_arrays(batches))
    finally:
        random()


def _is_arrays(batches: Any) -> bool:
    return isinstance(batches, tuple) and len(batches) >= 2 and hasattr(batches[0], "shape")


def _arranged(seen: Seen, last: bool, cut: bool) -> Seen:
    """Channels first; arrays in shuffled batches as `fit` makes them."""

    def first(x: Tensor) -> Tensor:
        return x.permute(0, 3, 1, 2).contiguous() if last and x.ndim == 4 else x

    x, y, n = first(seen.x), seen.y, len(seen.x)
    if not cut:
        return replace(seen, pairs=[(first(a), b) for a, b in seen.pairs], x=x)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(0))
    kind = seen.pairs[0][0].dtype
    x, y = x[order], rows(y, order, n)
    pairs = [(x[c].to(kind), rows(y, c, n)) for c in torch.arange(n).split(BATCH)]
    return replace(seen, pairs=pairs, x=x, y=y, sizes=[len(a) for a, _ in pairs])


def _examined(model: Any, seen: Seen, val: Seen | None, raw: tuple | None, last: bool, *, shuffles: bool) -> Diagnosis:
    def verdict(found: list[Finding], warnings: list[Finding] | None = None, looked: Any = ()) -> Diagnosis:
        lines = _NOT_SEEN if val is not None else (*_NOT_SEEN, "validation: no val_batches were given")
        return Diagnosis(tuple(found), tuple(warnings or ()), (*_LOOKED, *looked), lines)

    labels = forms.read(seen.y)
    if found := _not_built_for(model):
        return verdict([found])
    if problem := _built(model, seen, last):
        return verdict([problem])
    _refuse(model)
    optimizer = model.optimizer
    trial_optimizer = _copy_of(optimizer, model)
    snapshot = KerasSnapshot(model, trial_optimizer)
    function = getattr(model, "train_function", None)
    p = KerasPatient(
        model=model, seen=seen, step=_nothing, own=False, optimizers=[], schedulers=[],
        snapshot=snapshot,  # type: ignore[arg-type]
        labels=labels, x=seen.x, y=seen.y, until=time.monotonic() + SECONDS, val=val, raw=raw,
        optimizer=trial_optimizer, last=last,
    )  # fmt: skip
    p.step = p.keras_step
    model.optimizer = trial_optimizer
    try:
        certain = [
            f
            for check in (_not_trainable, looks.not_finite, looks.constant, _bytes, looks.one_class)
            if (f := check(p))
        ]
        certain += list(_of_loss(p))
        certain += [f for f in (_schedule(p),) if f]
        if not shuffles and (f := looks.not_shuffled(p)):
            certain.append(f)
        certain += [f for f in (looks.other_in_validation(p),) if f]
        doubtful = [f for look in _DOUBTFUL if (f := look(p))]
        if certain:
            return verdict(in_order(certain, doubtful))
        if problem := _step_fails(p):
            return verdict([problem])
        _time(p)
        return verdict(*tried(p, doubtful))
    finally:
        snapshot.restore()
        model.optimizer = optimizer
        model.train_function = function


def _nothing(_x: Tensor, _y: Any) -> None:
    """A step before there is one."""


def _copy_of(optimizer: Any, model: Any) -> Any:
    """Another optimizer with the same settings and state: the learner's own is not touched."""
    new = type(optimizer).from_config(optimizer.get_config())
    new.build(model.trainable_variables)
    if optimizer.built:
        values = {v.path.split("/", 1)[-1]: v for v in optimizer.variables}
        for v in new.variables:
            old = values.get(v.path.split("/", 1)[-1])
            if old is not None and tuple(old.shape) == tuple(v.shape):
                v.assign(old.value)
    return new


def _built(model: Any, seen: Seen, last: bool) -> Finding | None:
    """Give it weights, as `fit` would; what stops it."""
    x = seen.pairs[0][0][:2]
    x = x.permute(0, 2, 3, 1).contiguous() if last and x.ndim == 4 else x
    try:
        with torch.no_grad():
            model(x.float(), training=False)
    except Exception as error:  # whatever it is, it is what the learner would see
        said = f"{type(error).__name__}: {str(error).strip()[:300]}"
        shape = tuple(getattr(model, "input_shape", None) or ())
        if len(shape) == 4 and x.ndim == 4 and shape[1:] == (x.shape[2], x.shape[3], x.shape[1]):
            code = "x = np.moveaxis(x, 1, -1)  # [N, C, H, W] → [N, H, W, C]"
            return finding("channels-last", f"x is {list(x.shape)}, the model wants {shape}", "sure", code=code)
        return finding("network-does-not-fit-inputs", f"x is {list(x.shape)}. {said}", "sure")
    return None


def _refuse(model: Any) -> None:
    shape = getattr(model, "output_shape", None)
    if isinstance(shape, tuple) and len(shape) > 2:
        raise ValueError(
            f"diagnose got a model with outputs of shape {shape}; it wants one answer a picture, (None, K). "
            "For one answer a pixel (segmentation) it knows no checks."
        )


def _not_built_for(model: Any) -> Finding | None:
    optimizer = model.optimizer
    if not optimizer.built:
        return None
    held = {id(v) for v in getattr(optimizer, "_trainable_variables", [])}
    missing = [v for v in model.trainable_variables if id(v) not in held]
    left = len(held) - (len(model.trainable_variables) - len(missing))
    if not missing and not left:
        return None
    return finding(
        "trainable-after-compile",
        f"the optimizer was built for {len(held)} variables; {len(missing)} others are trainable now, "
        f"{left} no longer are",
        "sure",
    )


def _not_trainable(p: KerasPatient) -> Finding | None:
    if p.model.trainable_variables:
        return None
    count = sum(int(np.prod(v.shape)) for v in p.model.variables)
    code = "model.layers[-1].trainable = True\nmodel.compile(optimizer, loss, metrics=['accuracy'])"
    return finding("everything-frozen", f"none of {count:,} weights is trainable", "sure", code=code)


def _bytes(p: KerasPatient) -> Finding | None:
    x = p.seen.pairs[0][0]
    share = (p.x != 0).float().mean().item()
    if x.is_floating_point() or float(p.x.max()) > 1 or share > 0.05:
        return None
    told = f"{x.dtype}, nothing but 0 and 1, and {1 - share:.1%} are 0: divided by 255 and cast back to whole numbers"
    return finding("inputs-constant", told, "sure", code="x = pictures.astype('float32') / 255")


# --- the loss and the last layer ---


def flat(model: Any) -> list[Any]:
    """All layers, those of nested models too."""
    found = []
    for layer in model.layers:
        found += flat(layer) if hasattr(layer, "layers") else [layer]
    return found


def loss_of(model: Any) -> tuple[str, bool]:
    """(name without "_", from_logits) of what was handed to compile."""
    import keras

    loss = model.loss
    try:
        loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    except ValueError:
        return "", False
    settings = dict(getattr(loss, "_fn_kwargs", {}) or {})
    name = getattr(loss, "__name__", type(loss).__name__)
    return name.replace("_", "").lower(), bool(settings.get("from_logits", getattr(loss, "from_logits", False)))


def ending(model: Any) -> str:
    """What the last layer ends with: "softmax", "sigmoid", "relu", "linear", …"""
    for layer in reversed(flat(model)):
        kind = type(layer).__name__
        if kind in ("Reshape", "Flatten", "Dropout", "InputLayer", "Identity"):
            continue
        if kind in ("Softmax", "ReLU"):
            return kind.lower()
        activation = getattr(layer, "activation", None)
        return getattr(activation, "__name__", "linear") if activation is not None else "linear"
    return "linear"


def _of_loss(p: KerasPatient) -> Iterator[Finding]:
    (name, from_logits), end, labels = loss_of(p.model), ending(p.model), p.labels
    outputs = int(p.outputs(p.x[:2]).reshape(min(2, len(p.x)), -1).shape[1])
    y = p.y if isinstance(p.y, Tensor) else None
    crossed, binary = name.endswith("categoricalcrossentropy"), name == "binarycrossentropy"
    if end == "softmax" and outputs == 1:
        code = "layers.Dense(1, activation='sigmoid')  # with binary_crossentropy, or Dense(2, activation='softmax')"
        yield finding("softmax-on-one-unit", "Dense(1) with a softmax is 1 for every picture", "sure", code=code)
        return
    if y is None:
        return
    columns = y.shape[1] if y.ndim > 1 else 1
    yield from _of_form(name, outputs, columns, labels)
    if (crossed or binary) and not from_logits and end in ("linear", "tanh"):
        which = type(p.model.loss).__name__ if not isinstance(p.model.loss, str) else p.model.loss
        code = f"model.compile(optimizer, keras.losses.{_proper(name)}(from_logits=True), metrics=['accuracy'])"
        told = f"the last layer ends with {end!r}, and {which} has from_logits=False"
        yield finding("loss-wants-probabilities", told, "sure", code=code)
    if binary and from_logits and end == "sigmoid":
        yield finding("loss-wants-logits", "a sigmoid in the last layer, and from_logits=True in the loss", "sure")


def _proper(name: str) -> str:
    return {
        "sparsecategoricalcrossentropy": "SparseCategoricalCrossentropy",
        "categoricalcrossentropy": "CategoricalCrossentropy",
        "binarycrossentropy": "BinaryCrossentropy",
    }.get(name, name)


def _of_form(name: str, outputs: int, columns: int, labels: Labels) -> Iterator[Finding]:
    shapes = f"the loss is {name}, the model has {outputs} outputs, a label has {columns} numbers"
    if name == "sparsecategoricalcrossentropy":
        if columns > 1:
            code = "model.compile(optimizer, 'categorical_crossentropy')  # or y = y.argmax(axis=1)"
            yield finding("labels-wrong-form", f"{shapes}: one-hot, where it wants class numbers", "sure", code=code)
        elif labels.count and (labels.values.max() >= outputs or labels.values.min() < 0):
            told = f"labels go from {labels.values.min():g} to {labels.values.max():g}, for {outputs} outputs"
            yield finding("too-few-outputs" if labels.count > outputs else "labels-out-of-range", told, "sure")
    elif name == "categoricalcrossentropy":
        if outputs == 1:
            code = "model.compile(optimizer, 'binary_crossentropy')  # for Dense(1, activation='sigmoid')"
            yield finding("loss-does-not-fit", f"{shapes}: over one output it is 0 or a constant", "sure", code=code)
        elif columns != outputs:
            code = f"y = keras.utils.to_categorical(y, {outputs})  # or loss='sparse_categorical_crossentropy'"
            yield finding("labels-wrong-form", f"{shapes}: class numbers, where it wants one-hot", "sure", code=code)
    elif name == "binarycrossentropy":
        if outputs == 1 and labels.count > 2:
            told = f"{shapes}, and there are {labels.count} classes"
            yield finding("too-few-outputs", told, "sure", code=f"layers.Dense({labels.count}, activation='softmax')")
        elif outputs > 1 and columns != outputs:
            yield finding("labels-wrong-form", shapes, "sure", code=f"y = keras.utils.to_categorical(y, {outputs})")
        elif labels.count and (labels.values.min() < 0 or labels.values.max() > 1) and labels.form == "classes":
            told = f"labels go from {labels.values.min():g} to {labels.values.max():g}, it wants 0 and 1"
            yield finding("labels-out-of-range", told, "sure")


def _step_fails(p: KerasPatient) -> Finding | None:
    p.snapshot.restore()
    try:
        for x, y in p.seen.pairs[:2]:
            p.step(x, y)
    except Exception as error:  # what the learner would see
        said = f"{type(error).__name__}: {str(error).strip()[:300]}"
        name = "trainable-after-compile" if "nknown variable" in said else "loss-does-not-fit"
        return finding(name, said, "sure")
    finally:
        p.snapshot.restore()
    return None


def _time(p: KerasPatient) -> None:
    try:
        p.step(*p.seen.pairs[0])
        began = time.monotonic()
        for i in range(3):
            p.step(*p.seen.pairs[i % len(p.seen.pairs)])
        p.seconds = max(1e-4, (time.monotonic() - began) / 3)
    finally:
        p.snapshot.restore()


def _schedule(p: KerasPatient) -> Finding | None:
    """A schedule that counts batches, and was written for epochs."""
    schedule = getattr(p.optimizer, "_learning_rate", None)
    if not callable(schedule) or not hasattr(schedule, "get_config"):
        return None
    n = max(4, p.seen.steps if p.seen.steps and p.seen.steps > 1 else len(p.seen.pairs) or STEPS)
    with torch.no_grad():
        rates = [float(schedule(torch.tensor(i))) for i in range(3 * n)]
    peak, later = max(rates[:n]), sum(rates[n:]) / (2 * n)
    if peak <= 0 or later >= LITTLE * peak:
        return None
    told = f"{type(schedule).__name__} counts batches; in one epoch of {n} the rate goes "
    told += f"from {rates[0]:.3g} to {rates[n]:.3g}"
    code = f"decay_steps = {n}  # batches in an epoch, times the epochs that you mean"
    return finding("scheduler-too-often", told, "sure", code=code)


# --- trials ---


def rate_of(p: KerasPatient) -> float:
    """The learning rate now."""
    return float(p.optimizer.learning_rate)


def _rate(factor: float) -> Change:
    @contextmanager
    def change(p: Any) -> Iterator[None]:
        if callable(getattr(p.optimizer, "_learning_rate", None)) and hasattr(p.optimizer._learning_rate, "get_config"):
            kept = p.optimizer._learning_rate
            p.optimizer._learning_rate = lambda step: kept(step) * factor
            try:
                yield
            finally:
                p.optimizer._learning_rate = kept
            return
        p.optimizer.learning_rate.assign(p.optimizer.learning_rate * factor)  # put back by the snapshot
        yield

    return change


def _set_all(layers: list[Any], name: str, value: Any) -> Change:
    @contextmanager
    def change(_p: Any) -> Iterator[None]:
        kept = [(layer, getattr(layer, name)) for layer in layers]
        try:
            for layer in layers:
                setattr(layer, name, value)
            yield
        finally:
            for layer, old in kept:
                setattr(layer, name, old)

    return change


def _with(**settings: Any) -> Change:
    """The patient's `turn`, `objective` or `penalties` are others for a while."""

    @contextmanager
    def change(p: Any) -> Iterator[None]:
        kept = {name: getattr(p, name) for name in settings}
        vars(p).update(settings)
        try:
            yield
        finally:
            vars(p).update(kept)

    return change


@contextmanager
def _begun_anew(p: Any) -> Iterator[None]:
    """He's random weights in each trainable layer."""
    generator = torch.Generator().manual_seed(0)
    for layer in flat(p.model):
        kernel = getattr(layer, "kernel", None)
        if kernel is not None and layer.trainable:
            shape = tuple(kernel.shape)
            fan = int(np.prod(shape[:-1]))
            kernel.assign(torch.randn(shape, generator=generator) * (2 / fan) ** 0.5)
            if getattr(layer, "bias", None) is not None:
                layer.bias.assign(torch.zeros(tuple(layer.bias.shape)))
    yield


def _both(*changes: Change) -> Change:
    @contextmanager
    def change(p: Any) -> Iterator[None]:
        with changes[0](p), changes[1](p) if len(changes) > 1 else nullcontext():
            yield

    return change


def _normalised(p: KerasPatient) -> Change:
    dims = (0, 2, 3) if p.x.ndim == 4 else tuple(range(p.x.ndim))
    mean, deviation = p.x.mean(dims, keepdim=True), p.x.std(dims, keepdim=True).clamp(min=1e-6)
    return _with(turn=lambda x: (x - mean) / deviation)


def _weighted(p: KerasPatient) -> list[Any]:
    return [layer for layer in flat(p.model) if getattr(layer, "kernel", None) is not None]


def _suspected(p: KerasPatient) -> Iterator[Treatment]:
    import keras

    weighted, (name, from_logits), end = _weighted(p), loss_of(p.model), ending(p.model)
    hidden = weighted[:-1]
    kernels = [layer.kernel.value.detach().float() for layer in hidden if layer.trainable]
    alike = sum(bool((k.reshape(-1, k.shape[-1]) == k.reshape(-1, k.shape[-1])[:, :1]).all()) for k in kernels)
    if alike:
        seen = f"in {alike} of {len(kernels)} hidden layers all units have the same weights"
        yield Treatment("weights-alike", _begun_anew, "begun from random weights", seen, True)
    if end == "relu" and weighted and "crossentropy" in name:
        linear = _set_all(weighted[-1:], "activation", keras.activations.linear)
        objective = _crossentropy(name) if not from_logits else None
        change = _both(linear, _with(objective=objective)) if objective else linear
        yield Treatment("relu-on-logits", change, "without the last ReLU", "the last layer ends with a ReLU", True)
    if from_logits and end == "softmax":
        linear = _set_all(weighted[-1:], "activation", keras.activations.linear)
        seen = "a softmax in the last layer, and from_logits=True in the loss"
        yield Treatment("loss-wants-logits", linear, "without the softmax", seen, True)
    yield from _of_scale(p)
    ratio = rate_of(p) / trials.USUAL.get(type(p.optimizer).__name__, 1e-3)
    if not 1 / 200 <= ratio <= 30:
        cause = "learning-rate-too-high" if ratio > 1 else "learning-rate-too-low"
        yield Treatment(cause, _rate(1 / ratio), "at the usual rate", f"the rate is {rate_of(p):g}", True)
    penalty = max((float(v) for layer in flat(p.model) for v in _strengths(layer)), default=0.0)
    if penalty > 0.02:
        told = f"a regularizer has {penalty:g}"
        yield Treatment("weight-decay-too-strong", _with(penalties=False), "without regularizers", told, True)
    drops = [layer for layer in flat(p.model) if hasattr(layer, "rate") and "Dropout" in type(layer).__name__]
    if drops and max(layer.rate for layer in drops) > 0.6:
        told = f"the rate is {max(layer.rate for layer in drops):g}"
        yield Treatment("dropout-too-strong", _set_all(drops, "rate", 0.0), "without dropout", told, True)
    spreads = [float(k.std()) / (2 / int(np.prod(k.shape[:-1]))) ** 0.5 for k in kernels if k.numel() > 16]
    if spreads and not alike and (max(spreads) > 4 or min(spreads) < 0.1):
        cause = "initial-weights-too-large" if max(spreads) > 4 else "initial-weights-too-small"
        told = f"weights' deviations are {min(spreads):.2g} to {max(spreads):.2g} times √(2 / inputs)"
        yield Treatment(cause, _begun_anew, "begun from usual random weights", told, True)
    bent = [layer for layer in hidden if _activation(layer) in ("sigmoid", "hard_sigmoid", "tanh")]
    if len(bent) >= 3:
        change = _both(_set_all(bent, "activation", keras.activations.relu), _begun_anew)
        told = f"{len(bent)} hidden layers end with {_activation(bent[0])}"
        yield Treatment("gradients-vanish", change, "with ReLU in their place", told, True)
    if hidden and _all_linear(p):
        change = _set_all(hidden, "activation", keras.activations.relu)
        told = "no layer but the last has an activation"
        yield Treatment("activations-missing", change, "with a ReLU behind each hidden layer", told, True)


def _crossentropy(name: str) -> Callable[[Any, Any], Any] | None:
    import keras

    makers = {
        "sparsecategoricalcrossentropy": keras.losses.sparse_categorical_crossentropy,
        "categoricalcrossentropy": keras.losses.categorical_crossentropy,
        "binarycrossentropy": keras.losses.binary_crossentropy,
    }
    maker = makers.get(name)
    return None if maker is None else lambda y, z: maker(y, z, from_logits=True)


def _activation(layer: Any) -> str:
    return getattr(getattr(layer, "activation", None), "__name__", "linear")


def _all_linear(p: KerasPatient) -> bool:
    layers = [layer for layer in flat(p.model) if type(layer).__name__ not in ("InputLayer",)]
    kernels = _weighted(p)
    known = all(type(layer).__name__ in _LINEAR for layer in layers)
    return known and len(kernels) > 1 and all(_activation(layer) == "linear" for layer in kernels[:-1])


def _strengths(layer: Any) -> Iterator[Any]:
    for name in ("kernel_regularizer", "bias_regularizer", "activity_regularizer"):
        regularizer = getattr(layer, name, None)
        for key in ("l1", "l2"):
            if getattr(regularizer, key, None) is not None:
                yield getattr(regularizer, key)


def _of_scale(p: KerasPatient) -> Iterator[Treatment]:
    """Inputs that are not what networks, or this pretrained one, want."""
    nested = [layer for layer in p.model.layers if hasattr(layer, "layers") and not layer.trainable]
    low, high = float(p.x.min()), float(p.x.max())
    seen = looks.range_of(p.x)
    scaling = [layer for layer in flat(p.model) if type(layer).__name__ == "Rescaling" and np.max(layer.scale) < 0.1]
    if scaling and high <= 2:
        told = f"{seen}, and a Rescaling layer follows"
        yield Treatment("inputs-scaled-twice", _with(turn=lambda x: x * 255), "with inputs times 255", told, True)
        return
    scale = looks.scale_of(p.x)
    wanted = next((r for layer in p.model.layers for key, r in _RANGES.items() if layer.name.startswith(key)), None)
    if wanted and (high - low) < 0.1 * (wanted[1] - wanted[0]):
        told = f"{seen}; that network was trained on {wanted[0]:g} … {wanted[1]:g}"
        cause = "inputs-scaled-twice" if low < -0.9 and wanted[0] == -1 else "preprocessing-missing"
        yield Treatment(cause, _with(turn=_to_range(p.x, *wanted)), "with inputs in its range", told, True)
    elif (nested or wanted) and scale and not scaling:
        cause = "preprocessing-missing" if scale == "large" else "inputs-scaled-twice"
        for told, turn in (
            ("with inputs from −1 to 1", _to_range(p.x, -1, 1)),
            ("with inputs from 0 to 1", _to_range(p.x, 0, 1)),
        ):
            yield Treatment(cause, _with(turn=turn), told, seen, True)
    elif scale and not scaling:
        cause = "inputs-scaled-twice" if scale == "tiny" else "inputs-not-normalised"
        yield Treatment(cause, _normalised(p), "with normalised inputs", seen, True)


def _to_range(x: Tensor, low: float, high: float) -> Callable[[Tensor], Tensor]:
    least, most = float(x.min()), float(x.max())
    return lambda x: (x - least) / max(most - least, 1e-6) * (high - low) + low


def _others(p: KerasPatient) -> Iterator[Treatment]:
    drops = [layer for layer in flat(p.model) if hasattr(layer, "rate") and "Dropout" in type(layer).__name__]
    if drops:
        yield Treatment("dropout-too-strong", _set_all(drops, "rate", 0.0), "without dropout")
    if any(True for layer in flat(p.model) for _ in _strengths(layer)):
        yield Treatment("weight-decay-too-strong", _with(penalties=False), "without regularizers")
    told = f"the rate is {rate_of(p):g}"
    for factor, cause in ((1 / 10, "high"), (10, "low"), (1 / 100, "high"), (100, "low"), (1000, "low")):
        words = f"at {factor:g} times the learning rate"
        yield Treatment(f"learning-rate-too-{cause}", _rate(factor), words, told)
    yield Treatment("inputs-not-normalised", _normalised(p), "with normalised inputs", looks.range_of(p.x))
    yield Treatment("initial-weights-too-small", _begun_anew, "begun from other random weights")
