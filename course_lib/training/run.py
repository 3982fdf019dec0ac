"""One training run: settings and a seed in, a record out.

There are no loader processes. A picture of 64×64 is 12 kB; a batch is cut from the uint8 store, moved, and
then turned, flipped and normalised on the device that trains (`batches.py`).
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from tqdm import tqdm

from ..data import ImageSet
from ..models import inference
from . import devices
from .batches import Preprocess, batches, prepare
from .checks import check_classes, check_fit, check_inputs, checkpoint_path
from .predicting import has_numbers, predict, scores
from .progress import Progress
from .record import Epoch, Run
from .settings import Settings


def fit(
    model: nn.Module,
    train: ImageSet,
    val: ImageSet,
    settings: Settings | None = None,
    *,
    preprocessing: Preprocess | None = None,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> Run:
    """Train `model` in place on `train`, look at `val` after each epoch, and return the record.

    Args:
        model: floats [B, C, H, W] → logits [B, K], K at least as many as classes, such as `models.Classifier`, or a
            network of torchvision. Parameters with `requires_grad=False` are left alone.
        preprocessing: uint8 [B, C, H, W] → floats, as the model wants them; None takes `model.preprocessing`.
        checkpoint: a file that is rewritten whole after each epoch. If it is there, the run goes on
            from it and ends with the same weights as a run that was never stopped. One that is damaged is moved to a
            name beside it, with a warning, and training starts anew; what is no checkpoint stays, and is refused.
        device: where to train; None takes CUDA where there is one.
        progress: show a bar, on standard error.

    The same seed on the same machine gives the same weights, bit for bit, on a CPU.

    Raises:
        ValueError: empty or ill-matched sets, a model that does not fit them, or a checkpoint of a different run.
        FloatingPointError: the loss became NaN or infinite.
    """
    settings = Settings() if settings is None else settings
    check_fit(model, train, val, settings)
    preprocessing = inference.preprocessing_of("fit", model, preprocessing)
    device = devices.usable("fit", devices.best_device() if device is None else device)
    checkpoint = checkpoint_path(checkpoint)
    with inference.modes_kept_on_error(model):
        model.to(device).to(memory_format=torch.channels_last)
        state = Progress(model, train, val, settings, device, preprocessing)
        _train(state, checkpoint, progress)
    model.eval()
    history = tuple(state.history)
    seconds, early = sum(epoch.seconds for epoch in history), len(history) < settings.epochs
    name = devices.device_name(device)
    return Run(settings, history, len(train), len(val), train.source, name, seconds, early)


def _train(state: Progress, checkpoint: Path | None, progress: bool) -> None:
    """All epochs that are left; what is at `checkpoint` is taken up first, and rewritten after each."""
    settings = state.settings
    if checkpoint is not None:
        state.go_on_from(checkpoint)
    with tqdm(total=settings.epochs * state.steps, initial=state.epoch * state.steps, disable=not progress,
              desc="Training", unit=" steps") as bar:  # fmt: skip
        while not state.finished:
            start = time.perf_counter()
            loss, accuracy = _one_epoch(state, bar)
            val_loss, val_accuracy = _validated(state)
            seconds = time.perf_counter() - start
            state.note(Epoch(loss, accuracy, val_loss, val_accuracy, seconds))
            bar.set_postfix_str(f"validation accuracy {val_accuracy:.1%}")
            if checkpoint is not None:
                state.store(checkpoint)
    state.keep_best()


def _validated(state: Progress) -> tuple[float, float]:
    """(loss, accuracy) on the validation set; FloatingPointError where there are none, since the model gives NaN."""
    logits = predict(
        state.model,
        state.val,
        size=state.settings.size,
        device=state.device,
        precision=state.settings.precision,
        preprocessing=state.preprocessing,
    )
    if not has_numbers(logits):
        where = f"after epoch {state.epoch + 1} the model gives NaN or infinite logits for validation pictures"
        raise FloatingPointError(f"{where}. {_why_nan(state, state.val)}")
    return scores("fit", logits, state.val)


def _one_epoch(state: Progress, bar: tqdm) -> tuple[float, float]:
    """Train for one epoch; returns the mean loss and the accuracy on the pictures as they were shown."""
    model, settings, device = state.model, state.settings, state.device
    # Random numbers depend on the seed and the epoch alone: a resumed run draws the same ones.
    seed = settings.seed * 10_007 + state.epoch
    total_loss, correct = torch.zeros(2, device=device)
    dtype = devices.floats_of(model)
    model.train()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for step, (x, labels) in enumerate(batches(state.train, state.preprocessing, settings, seed, device)):
            if step == 0 and not x.sum().isfinite():  # a look at each batch would make a GPU wait
                check_inputs(x)
            with devices.autocast(device, settings.precision):
                logits = _learning(state, x.to(dtype))
                loss = cross_entropy(logits, labels, state.class_weights, label_smoothing=settings.label_smoothing)
            state.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            state.optimizer.step()
            state.schedule.step()
            total_loss += loss.detach() * len(labels)
            correct += (logits.argmax(dim=1) == labels).sum()
            bar.update()
    mean_loss = total_loss.item() / len(state.train)
    if not np.isfinite(mean_loss):
        where = f"the training loss became {mean_loss} in epoch {state.epoch + 1}"
        raise FloatingPointError(f"{where}. {_why_nan(state, state.train)}")
    return mean_loss, correct.item() / len(state.train)


def _why_nan(state: Progress, pictures: ImageSet) -> str:
    """The likely cause of numbers that are none: an input, where one is NaN or infinite, or else the learning rate."""
    for positions in torch.arange(len(pictures)).split(512):
        x = prepare(pictures.batch(positions), state.preprocessing, state.device, size=state.settings.size)
        bad = ~x.to(devices.floats_of(state.model)).isfinite().flatten(1).all(dim=1)
        if bad.any():
            first = int(positions[int(bad.nonzero()[0, 0])])
            return (
                f"The preprocessing gives NaN or infinite values for picture {first} ({pictures.name_of(first)}); "
                "mend that. A deviation of 0 that is divided by is a common cause: x / std.clamp(min=1e-6)."
            )
    return (
        f"The peak learning rate {state.settings.peak_lr:g} is probably too high: try a tenth of it. So may be the "
        f"weight decay, {state.settings.weight_decay:g}."
    )


def _learning(state: Progress, x: Tensor) -> Tensor:
    """The logits of a training step."""
    try:
        logits = inference.asked("fit", state.model, x)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise ValueError(
            f"fit got a batch of {len(x)}, of which BatchNorm has one value per channel and so no spread to divide by. "
            "Take more pictures or a batch_size of 2 or more, or another norm: models.norm.with_norm(model, 'group')."
        ) from error
    if not logits.requires_grad:
        raise ValueError(
            "fit got a model whose logits carry no gradient, so that nothing can be learned; it wants a forward that "
            "tracks them. Take .detach(), .data and torch.no_grad() out of it."
        )
    check_classes("fit", logits, state.train)
    if state.class_weights is not None and logits.shape[1] != len(state.class_weights):
        raise ValueError(
            f"fit got balance_classes=True and a model that gives {logits.shape[1]} logits for "
            f"{len(state.class_weights)} classes; to weigh the classes it wants as many logits as classes."
        )
    return logits
