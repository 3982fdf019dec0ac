"""What of a Keras model is looked at, and what can be changed in it for a trial."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from . import looks, trials
from .treatments import Treatment
from .trials import Change

if TYPE_CHECKING:
    from .of_keras import KerasPatient

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


def flat(model: Any) -> list[Any]:
    """All layers, those of nested models too."""
    found = []
    for layer in model.layers:
        found += flat(layer) if hasattr(layer, "layers") else [layer]
    return found


def loss_of(model: Any) -> tuple[str, bool]:
    """(name without "_", from_logits) of what was handed to compile."""
    import keras  # type: ignore[import-untyped]

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


_CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


@contextmanager
def _clipped_at_one(p: Any) -> Iterator[None]:
    """Gradients are cut to a norm of 1 for each tensor, and not otherwise."""
    kept = {name: getattr(p.optimizer, name, None) for name in _CLIPS}
    try:
        for name in kept:
            setattr(p.optimizer, name, 1.0 if name == "clipnorm" else None)
        yield
    finally:
        for name, value in kept.items():
            setattr(p.optimizer, name, value)


def _upside_down(p: KerasPatient) -> Change:
    """The loss of `compile` with the other sign."""
    return _with(objective=lambda y, z: -p.model.compute_loss(None, y, z, None))


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


def suspected(p: KerasPatient) -> Iterator[Treatment]:
    """What was seen to be unusual, the most telling first."""
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
    spreads = [
        float(k.pow(2).mean().sqrt()) / (2 / int(np.prod(k.shape[:-1]))) ** 0.5 for k in kernels if k.numel() > 16
    ]
    if spreads and not alike and (max(spreads) > 4 or min(spreads) < 0.1):
        cause = "initial-weights-too-large" if max(spreads) > 4 else "initial-weights-too-small"
        told = f"weights are {min(spreads):.2g} to {max(spreads):.2g} times √(2 / inputs), as root mean square"
        yield Treatment(cause, _begun_anew, "begun from usual random weights", told, True)
    clips = [float(v) for name in _CLIPS if (v := getattr(p.optimizer, name, None)) is not None]
    if clips and min(clips) < 0.02:
        told = f"gradients are cut to {min(clips):g}"
        yield Treatment("gradients-clipped-away", _clipped_at_one, "with gradients cut to 1", told, True)
    if _negative(p):
        told = "the loss is below 0"
        yield Treatment("loss-maximised", _upside_down(p), "with the loss's other sign", told, True)
    bent = [layer for layer in hidden if _activation(layer) in ("sigmoid", "hard_sigmoid", "tanh")]
    if len(bent) >= 3:
        change = _both(_set_all(bent, "activation", keras.activations.relu), _begun_anew)
        told = f"{len(bent)} hidden layers end with {_activation(bent[0])}"
        yield Treatment("gradients-vanish", change, "with ReLU in their place", told, True)
    if hidden and _all_linear(p):
        change = _set_all(hidden, "activation", keras.activations.relu)
        told = "no layer but the last has an activation"
        yield Treatment("activations-missing", change, "with a ReLU behind each hidden layer", told, True)


def augmenting(model: Any) -> list[Any]:
    """Layers that change pictures at random in training, not counting dropout and noise."""
    kinds = ("Random", "RandAugment", "AugMix", "AutoContrast", "CutMix", "MixUp", "Solarization", "Equalization")
    return [layer for layer in flat(model) if type(layer).__name__.startswith(kinds)]


@contextmanager
def not_augmented(p: Any) -> Iterator[None]:
    """Those layers hand on what they get."""
    layers = augmenting(p.model)
    for layer in layers:
        layer.call = lambda inputs, *_, **__: inputs
    try:
        yield
    finally:
        for layer in layers:
            vars(layer).pop("call", None)


def _negative(p: KerasPatient) -> bool:
    """Whether the loss is negative, as no error measure is."""
    try:
        x, y = p.seen.pairs[0]
        with torch.no_grad():
            return float(p.model.compute_loss(None, y, p.model(p.given(x), training=False), None)) < -1e-3
    except Exception:  # a loss that wants more than outputs and labels
        return False


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


def others(p: KerasPatient) -> Iterator[Treatment]:
    """What can be tried with every model."""
    drops = [layer for layer in flat(p.model) if hasattr(layer, "rate") and "Dropout" in type(layer).__name__]
    if drops:
        yield Treatment("dropout-too-strong", _set_all(drops, "rate", 0.0), "without dropout")
    if any(True for layer in flat(p.model) for _ in _strengths(layer)):
        yield Treatment("weight-decay-too-strong", _with(penalties=False), "without regularizers")
    yield Treatment("loss-maximised", _upside_down(p), "with the loss's other sign")
    told = f"the rate is {rate_of(p):g}"
    for factor, cause in ((1 / 10, "high"), (10, "low"), (1 / 100, "high"), (100, "low"), (1000, "low")):
        words = f"at {factor:g} times the learning rate"
        yield Treatment(f"learning-rate-too-{cause}", _rate(factor), words, told)
    yield Treatment("inputs-not-normalised", _normalised(p), "with normalised inputs", looks.range_of(p.x))
    yield Treatment("initial-weights-too-small", _begun_anew, "begun from other random weights")
