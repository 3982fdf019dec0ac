"""A compiled Keras model on the torch backend: the same questions, and those that only Keras has.

Inside, pictures are [B, C, H, W] as everywhere in this package; the model gets them as it wants them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from . import draws, keras_trials, looks
from . import labels as forms
from .batches import Seen, collect, rows
from .causes import finding
from .copies import random_state
from .examination import DOUBTFUL, SECONDS, in_order, tried
from .keras_trials import ending, flat, loss_of
from .labels import Labels, main_output
from .patient import LARGE, Patient
from .preparation import Bare
from .schedules import LITTLE, STEPS
from .treatments import Treatment
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
        size = len(x) if norms_of_batch and x[0].numel() <= LARGE else self.chunk
        with torch.no_grad():
            parts = [main_output(self.model(self.given(c), training=norms_of_batch)) for c in x.split(size)]
        return torch.cat([part.detach().to("cpu", torch.float32) for part in parts])  # type: ignore[union-attr]

    def averages(self) -> list[Tensor]:
        """The model's variables that are not trained, where some are a BatchNormalization's."""
        if not any(type(layer).__name__ == "BatchNormalization" for layer in flat(self.model)):
            return []
        return [v.value.detach() for v in self.model.non_trainable_variables]

    def pace_of_averages(self) -> float | None:
        """Which part of the way to the batch's statistics the slowest BatchNormalization's averages go in a step."""
        norms = [layer for layer in flat(self.model) if type(layer).__name__ == "BatchNormalization"]
        return min((1 - float(layer.momentum) for layer in norms), default=None)

    def takes_numbers(self) -> str | None:
        """The loss's name where it takes class numbers for quantities."""
        name = loss_of(self.model)[0]
        regression = name in ("meansquarederror", "mse", "meanabsoluteerror", "mae", "huber", "logcosh")
        classes = self.labels.form == "classes" and self.labels.count > 2
        return name if regression and classes and self.outputs(self.x[:2]).numel() == 2 else None

    def suspected(self) -> Iterator[Treatment]:
        """What was seen to be unusual."""
        yield from keras_trials.suspected(self)

    def bare(self) -> Iterator[Bare]:
        """The pictures without the model's own augmentation."""
        if keras_trials.augmenting(self.model):
            words = "without the model's random layers"
            yield Bare(words, self.x, self.seen.pairs, self.labels, keras_trials.not_augmented)

    def others(self) -> Iterator[Treatment]:
        """What can be tried with every model."""
        yield from keras_trials.others(self)


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
        labels=labels, x=seen.x, y=seen.y, until=SECONDS, val=val, raw=raw,
        optimizer=trial_optimizer, last=last,
    )  # fmt: skip
    p.step = p.keras_step
    model.optimizer = trial_optimizer
    try:
        certain = [
            f
            for check in (
                _not_trainable,
                looks.not_finite,
                looks.constant,
                _bytes,
                looks.one_class,
                draws.few_pictures,
                draws.unseen_classes,
            )
            if (f := check(p))
        ]
        certain += list(_of_loss(p))
        certain += [f for f in (_schedule(p),) if f]
        if not shuffles and (f := looks.not_shuffled(p)):
            certain.append(f)
        certain += [f for f in (looks.other_in_validation(p),) if f]
        doubtful = [f for look in DOUBTFUL if (f := look(p))]
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
        began = p.clock()
        for i in range(3):
            p.step(*p.seen.pairs[i % len(p.seen.pairs)])
        p.seconds = max(1e-4, (p.clock() - began) / 3)
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
