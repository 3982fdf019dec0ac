"""Asking a network that is there: logits, probabilities, loss and accuracy."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from .. import checks
from ..data import ImageSet
from ..models import inference
from . import devices
from .batches import Preprocess, prepare
from .checks import check_classes, check_set
from .settings import Settings


def predict(
    model: nn.Module,
    pictures: ImageSet,
    *,
    size: int | None = None,
    batch_size: int = 512,
    device: torch.device | str | None = None,
    precision: Literal["auto", "float32"] = "auto",
    preprocessing: Preprocess | None = None,
) -> Tensor:
    """Logits float32 [N, K] of `model` in inference mode, on the CPU, in the order of `pictures`.

    Args:
        size, precision: as in `Settings`.
        batch_size: pictures at once, at least 1.
        device: where to ask; None takes the device of the model's weights.
        preprocessing: uint8 [B, C, H, W] → floats, as the model wants them; None takes `model.preprocessing`.

    Afterwards every part of the model is in the mode, training or inference, that it was in.

    Raises:
        ValueError: no set, settings out of range, a model without preprocessing, or one that does not give logits.
    """
    check_set("predict", pictures)
    _check_asked(batch_size, precision)
    preprocessing = inference.preprocessing_of("predict", model, preprocessing)
    weight, dtype = inference.home(model), devices.floats_of(model)
    device = devices.usable("predict", device if device is not None else "cpu" if weight is None else weight.device)
    batches = []
    with inference.inference(model), torch.inference_mode(), devices.autocast(device, precision):
        for positions in torch.arange(len(pictures)).split(int(batch_size)):
            x = prepare(pictures.batch(positions), preprocessing, device, size=size).to(dtype)
            batches.append(inference.asked("predict", model, x).float().cpu())
    return torch.cat(batches)


def predictor(
    model: nn.Module,
    *,
    size: int | None = None,
    precision: Literal["auto", "float32"] = "auto",
    preprocessing: Preprocess | None = None,
) -> Callable[[Tensor], Tensor]:
    """`model` as a function of pictures: uint8 [N, 3, H, W] → probabilities float32 [N, K].

    What the explorers and the heatmaps ask, again and again, with changed pictures. Arguments as in `predict`.
    """

    def answer(pictures: Tensor) -> Tensor:
        labels = torch.zeros(len(pictures), dtype=torch.int64)  # nobody reads them
        unnamed = ImageSet.of(pictures, labels, ["any"])
        return predict(model, unnamed, size=size, precision=precision, preprocessing=preprocessing).softmax(dim=1)

    return answer


def evaluate(
    model: nn.Module,
    pictures: ImageSet,
    settings: Settings | None = None,
    *,
    device: torch.device | str | None = None,
    preprocessing: Preprocess | None = None,
) -> tuple[float, float]:
    """(cross-entropy in nats, accuracy 0–1) of `model` on `pictures`; `size` and `precision` are those of `settings`.

    Raises:
        ValueError: no pictures, more classes among their labels than the model has logits, or logits that are no
            numbers.
    """
    settings = Settings() if settings is None else settings
    if not isinstance(settings, Settings):
        raise ValueError(f"evaluate got settings of {type(settings).__name__}; it wants training.Settings(size=…, …).")
    check_set("evaluate", pictures)
    if not len(pictures):
        raise ValueError("evaluate got no pictures; it wants at least one.")
    logits = predict(
        model,
        pictures,
        size=settings.size,
        device=device,
        precision=settings.precision,
        preprocessing=preprocessing,
    )
    if not has_numbers(logits):
        broken = [row for row, own in enumerate(logits) if not has_numbers(own)]
        raise ValueError(
            f"evaluate got a model that gives NaN or infinite logits for {len(broken)} of {len(logits)} pictures, the "
            f"first at position {broken[0]}; it wants numbers. Look at its weights and at what its preprocessing gives."
        )
    return scores("evaluate", logits, pictures)


def has_numbers(logits: Tensor) -> bool:
    """Neither NaN nor +∞; −∞ is a class that is ruled out."""
    return bool((logits < math.inf).all())


def scores(who: str, logits: Tensor, pictures: ImageSet) -> tuple[float, float]:
    """(cross-entropy in nats, accuracy 0–1) of `logits` for the labels of `pictures`."""
    check_classes(who, logits, pictures)
    loss = cross_entropy(logits, pictures.labels)
    return loss.item(), (logits.argmax(dim=1) == pictures.labels).float().mean().item()


def _check_asked(batch_size: int, precision: str) -> None:
    if not checks.is_count(batch_size):
        raise ValueError(f"predict got batch_size={batch_size!r}; it wants a whole number of at least 1.")
    if precision not in ("auto", "float32"):
        raise ValueError(f'predict got precision={precision!r}; it wants "auto" or "float32".')
