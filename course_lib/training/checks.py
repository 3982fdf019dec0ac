"""What `fit` and `predict` ask of a model, of their pictures and of a checkpoint's path, in words."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from ..data import ImageSet
from ..models import inference
from .settings import Settings


def check_fit(model: nn.Module, train: ImageSet, val: ImageSet, settings: Settings) -> None:
    """ValueError, or a warning, where `fit` cannot train `model` on these; called by `fit` itself."""
    if not isinstance(settings, Settings):
        raise ValueError(f"fit got settings of {type(settings).__name__}; it wants training.Settings(epochs=…, …).")
    if not isinstance(model, nn.Module):
        raise ValueError(f"fit got a model of {type(model).__name__}; it wants a torch.nn.Module.")
    for name, pictures in (("train", train), ("val", val)):
        check_set("fit", pictures, name)
        if len(pictures) == 0:
            raise ValueError(f"fit got an empty set {name}; it wants at least one picture.")
    if train.classes != val.classes:
        raise ValueError(f"fit got train classes {train.classes} and val classes {val.classes}; they must be the same.")
    if train.shape[0] != val.shape[0]:
        raise ValueError(
            f"fit got train pictures of {train.shape[0]} channels and val pictures of {val.shape[0]}; they must be the "
            "same. A grey picture has three with .expand(-1, 3, -1, -1); of four, take [:, :3]."
        )
    _check_can_learn(model, train, settings)


def _check_can_learn(model: nn.Module, train: ImageSet, settings: Settings) -> None:
    if not torch.is_grad_enabled():
        raise ValueError(
            "fit was called where no gradients are kept, inside torch.no_grad() or torch.inference_mode(); it wants "
            "them. Call it outside of that block."
        )
    if not any(p.requires_grad for p in model.parameters()):
        raise ValueError(
            f"fit got a model ({type(model).__name__}) of whose weights none has requires_grad, so nothing can be "
            "learned. Leave one layer open at least: model.head.requires_grad_(True)."
        )
    if len(train) == 1 and _takes_batch_statistics(model):
        raise ValueError(
            "fit got one training picture for a model with BatchNorm, which divides by the spread over pictures; it "
            "wants two or more, or another norm: models.norm.with_norm(model, 'group')."
        )
    _, h, w = train.shape
    if settings.flips and settings.size is None and h != w:
        warnings.warn(
            f"the pictures of {h}×{w} are not square: flips=True mirrors them and does not turn them. "
            "A size makes them square; flips=False leaves them upright.",
            stacklevel=4,
        )


def _takes_batch_statistics(model: nn.Module) -> bool:
    """Whether a BatchNorm of `model` looks at the batch in training; those of a frozen backbone do not."""
    with inference.inference(model):  # for the modes that it gives back
        model.train()
        norms = [part for part in model.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
        return any(norm.training for norm in norms)


def check_classes(who: str, logits: Tensor, pictures: ImageSet) -> None:
    """At least one logit for each class. More are no error: a network of 1,000 can learn two of them."""
    if logits.shape[1] < len(pictures.classes) and logits.shape[1] <= int(pictures.labels.max()):
        raise ValueError(
            f"{who} got a model that gives {logits.shape[1]} logits for {len(pictures.classes)} classes; it wants one "
            "logit each: two for two classes, not one."
        )


def check_set(who: str, pictures: object, name: str = "pictures") -> None:
    """ValueError unless `pictures` are an `ImageSet`."""
    if not isinstance(pictures, ImageSet):
        raise ValueError(
            f"{who} got {name} of {type(pictures).__name__}; it wants a data.ImageSet. Make one: "
            "data.ImageSet.of(uint8 [N, C, H, W], labels, classes)."
        )


def check_inputs(x: Tensor) -> None:
    """ValueError where a value of the first batch [B, C, H, W] is NaN or infinite."""
    bad = ~x.isfinite().flatten(1).all(dim=1)
    if bad.any():
        raise ValueError(
            f"fit got a preprocessing that gives NaN or infinite values for {int(bad.sum())} of the {len(x)} pictures "
            "of the first batch; it wants finite floats. A deviation of 0 that is divided by is a common cause: "
            "x / std.clamp(min=1e-6)."
        )


def checkpoint_path(checkpoint: object) -> Path | None:
    """`checkpoint` as a path; None of None. Else a ValueError."""
    if checkpoint is None:
        return None
    if not isinstance(checkpoint, str | os.PathLike) or not str(checkpoint).strip():
        raise ValueError(f"fit got checkpoint={checkpoint!r}; it wants a file, such as 'run.pt', or None.")
    return Path(checkpoint)
