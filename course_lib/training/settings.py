"""Everything that decides a training run, besides the model and the pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Literal, TypeGuard

import numpy as np

from .. import checks


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides a run, besides the model and the pictures.

    Attributes:
        epochs: passes over the training pictures.
        batch_size: pictures per step. Where one picture is left over, it joins the batch before: a batch of one has no
            spread that BatchNorm could divide by.
        optimizer: "adamw" or "sgd" (with momentum .9, Nesterov).
        peak_lr: the highest learning rate of the one-cycle schedule (Smith, Topin: Super-Convergence, 2018).
        warmup: share of the steps in which the learning rate rises, 0 to 1.
        weight_decay: decoupled for AdamW, L2 for SGD; 0 for none.
        label_smoothing: probability given to the other classes, 0 to 1.
        balance_classes: weigh each class by the inverse of its count.
        flips: show each picture in one of its eight turned and mirrored forms, drawn anew each epoch. Pictures that are
            not square are first resized, where `size` makes them square; else they are mirrored and never turned.
        size: resize to this height and width in pixels; None keeps the pictures as they are.
        patience: stop after so many epochs without a better validation loss, and return to the best; None never stops.
        precision: "auto" is bfloat16 autocast on CUDA and float32 elsewhere; "float32" is that everywhere.
        seed: of the order of the pictures, of the flips, of dropout; 0 to 2³² − 1.

    Raises:
        ValueError: a field is out of range or of another type; names it.
    """

    epochs: int = 6
    batch_size: int = 128
    optimizer: Literal["adamw", "sgd"] = "adamw"
    peak_lr: float = 1e-3
    warmup: float = 0.3
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    balance_classes: bool = False
    flips: bool = True
    size: int | None = None
    patience: int | None = None
    precision: Literal["auto", "float32"] = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.generic):  # NumPy's numbers are not JSON's, in which a record is kept
                object.__setattr__(self, field.name, value := value.item())
            holds, wanted = _RULES[field.name]
            if not holds(value):
                raise ValueError(f"Settings got {field.name}={value!r}; it wants {wanted}.")


def _number(value: object) -> TypeGuard[float]:
    """A number of Python's: a tensor is none of JSON's, in which a record is kept."""
    return isinstance(value, int | float) and checks.is_number(value)


def _one_of(*names: str) -> tuple[Callable[[object], bool], str]:
    return lambda value: isinstance(value, str) and value in names, " or ".join(f'"{name}"' for name in names)


_HIGHEST_RATE, _HIGHEST_DECAY = 1e30, 1e6  # AdamW multiplies them, and a float32 must hold it
_COUNT = (checks.is_count, "a whole number of at least 1")
_COUNT_OR_NONE = (lambda value: value is None or checks.is_count(value), "a whole number of at least 1, or None")
_SWITCH = (lambda value: isinstance(value, bool), "True or False")
_RULES: dict[str, tuple[Callable[[object], bool], str]] = {
    "epochs": _COUNT,
    "batch_size": _COUNT,
    "optimizer": _one_of("adamw", "sgd"),
    "peak_lr": (
        lambda value: _number(value) and 0 < value <= _HIGHEST_RATE,
        f"a positive number up to {_HIGHEST_RATE:g}, such as 1e-3",
    ),
    "warmup": (lambda value: _number(value) and 0 < value < 1, "a share between 0 and 1, such as 0.3"),
    "weight_decay": (
        lambda value: _number(value) and 0 <= value <= _HIGHEST_DECAY,
        f"0 or a positive number up to {_HIGHEST_DECAY:g}, such as 0.01",
    ),
    "label_smoothing": (lambda value: _number(value) and 0 <= value < 1, "0 or more, below 1"),
    "balance_classes": _SWITCH,
    "flips": _SWITCH,
    "size": _COUNT_OR_NONE,
    "patience": _COUNT_OR_NONE,
    "precision": _one_of("auto", "float32"),
    "seed": (lambda value: checks.is_count(value, 0) and value < 2**32, "a whole number from 0 to 2³² − 1"),
}
