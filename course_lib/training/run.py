"""One training run: settings and a seed in, a record out.

There are no loader processes. A picture of 64×64 is 12 kB; a batch is cut from the uint8 store, moved, and
then turned, flipped and normalised on the device that trains.
"""

from __future__ import annotations

import dataclasses
import json
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate
from tqdm import tqdm

from ..data import ImageSet, places


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that decides a run, besides the model and the pictures.

    Attributes:
        epochs: passes over the training pictures.
        batch_size: pictures per step.
        optimizer: "adamw" or "sgd" (with momentum .9, Nesterov).
        peak_lr: the highest learning rate of the one-cycle schedule (Smith, Topin: Super-Convergence, 2018).
        warmup: share of the steps in which the learning rate rises, 0 to 1.
        weight_decay: decoupled for AdamW, L2 for SGD.
        label_smoothing: probability given to the other classes, 0 to 1.
        balance_classes: weigh each class by the inverse of its count.
        flips: show each picture in one of its eight turned and mirrored forms, drawn anew each epoch.
        size: resize to this height and width in pixels; None keeps the pictures as they are.
        patience: stop after so many epochs without a better validation loss, and return to the best; None never stops.
        precision: "auto" is bfloat16 autocast on CUDA and float32 elsewhere; "float32" is that everywhere.
        seed: of the order of the pictures, of the flips, of dropout.
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
        _require(self.epochs >= 1, "epochs", self.epochs, "at least 1")
        _require(self.batch_size >= 1, "batch_size", self.batch_size, "at least 1")
        _require(self.optimizer in ("adamw", "sgd"), "optimizer", self.optimizer, '"adamw" or "sgd"')
        _require(self.peak_lr > 0, "peak_lr", self.peak_lr, "a positive number, such as 1e-3")
        _require(0 < self.warmup < 1, "warmup", self.warmup, "a share between 0 and 1")
        _require(0 <= self.label_smoothing < 1, "label_smoothing", self.label_smoothing, "0 or more, below 1")


@dataclass(frozen=True)
class Epoch:
    """What one pass over the pictures gave; losses in nats, accuracies 0 to 1."""

    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Run:
    """The record of a run: enough to repeat it, and to say what a number in a lesson rests on."""

    settings: Settings
    history: tuple[Epoch, ...]
    n_train: int
    n_val: int
    source: str
    device: str
    seconds: float
    stopped_early: bool = False
    versions: dict[str, str] = field(default_factory=lambda: versions())

    @property
    def best(self) -> Epoch:
        """The epoch with the lowest validation loss."""
        return min(self.history, key=lambda epoch: epoch.val_loss)

    def __str__(self) -> str:
        facts = f"n = {self.n_val:,}, {self.source}, seed {self.settings.seed}"
        return (
            f"{len(self.history)} epochs in {self.seconds:.0f} s on {self.device}: "
            f"validation accuracy {self.history[-1].val_accuracy:.1%} ({facts})"
        )

    def save(self, path: str | Path) -> Path:
        """Write the record as JSON."""
        path = Path(path)
        with places.replacing(path) as part:
            part.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        return path


def fit(
    model: nn.Module,
    train: ImageSet,
    val: ImageSet,
    settings: Settings | None = None,
    *,
    checkpoint: str | Path | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
) -> Run:
    """Train `model` in place on `train`, look at `val` after each epoch, and return the record.

    Args:
        model: floats [B, 3, H, W] → logits [B, K], with a `preprocessing` for uint8 pictures, such as
            `models.Classifier`. Parameters with `requires_grad=False` are left alone.
        checkpoint: a file that is rewritten whole after each epoch. If it is there, the run goes on
            from it and ends with the same weights as a run that was never stopped.
        device: where to train; None takes CUDA where there is one.
        progress: show a bar, on standard error.

    The same seed on the same machine gives the same weights, bit for bit, on a CPU.

    Raises:
        ValueError: empty or ill-matched sets, or a checkpoint of a different run.
        FloatingPointError: the loss became NaN or infinite.
    """
    _check_sets(train, val)
    settings = settings or Settings()
    device = torch.device(device or best_device())
    model.to(device, memory_format=torch.channels_last)
    state = _State(model, train, settings, device)
    if checkpoint and Path(checkpoint).is_file():
        state.restore(Path(checkpoint))
    with tqdm(total=settings.epochs * state.steps, initial=state.epoch * state.steps, disable=not progress,
              desc="Training", unit=" steps") as bar:  # fmt: skip
        while not state.finished:
            start = time.perf_counter()
            loss, accuracy = _one_epoch(state, bar)
            val_loss, val_accuracy = evaluate(model, val, settings, device=device)
            seconds = time.perf_counter() - start
            state.note(Epoch(loss, accuracy, val_loss, val_accuracy, seconds))
            bar.set_postfix_str(f"validation accuracy {val_accuracy:.1%}")
            if checkpoint:
                state.store(Path(checkpoint))
    state.keep_best()
    model.eval()
    seconds = sum(epoch.seconds for epoch in state.history)
    early = len(state.history) < settings.epochs
    return Run(settings, tuple(state.history), len(train), len(val), train.source, device_name(device), seconds, early)


def predict(
    model: nn.Module, pictures: ImageSet, *, size: int | None = None, batch_size: int = 512, device=None
) -> Tensor:
    """Logits float32 [N, K] of `model` in inference mode, on the CPU, in the order of `pictures`."""
    device = torch.device(device or next(model.parameters()).device)
    was_training = model.training
    model.eval()
    with torch.inference_mode(), _autocast(device, "auto"):
        batches = [
            model(prepare(pictures.batch(positions), model.preprocessing, device, size=size)).float().cpu()
            for positions in torch.arange(len(pictures)).split(batch_size)
        ]
    model.train(was_training)
    return torch.cat(batches)


def predictor(model: nn.Module, *, size: int | None = None) -> Callable[[Tensor], Tensor]:
    """`model` as a function of pictures: uint8 [N, 3, H, W] → probabilities float32 [N, K].

    What the explorers and the heatmaps ask, again and again, with changed pictures.
    """

    def answer(pictures: Tensor) -> Tensor:
        labels = torch.zeros(len(pictures), dtype=torch.int64)  # nobody reads them
        return predict(model, ImageSet.of(pictures, labels, ["any"]), size=size).softmax(dim=1)

    return answer


def evaluate(model: nn.Module, pictures: ImageSet, settings: Settings, *, device=None) -> tuple[float, float]:
    """(cross-entropy in nats, accuracy 0–1) of `model` on `pictures`."""
    logits = predict(model, pictures, size=settings.size, device=device)
    loss = cross_entropy(logits, pictures.labels)
    return loss.item(), (logits.argmax(dim=1) == pictures.labels).float().mean().item()


def prepare(pictures: Tensor, preprocessing, device, *, size: int | None = None, forms: Tensor | None = None) -> Tensor:
    """uint8 [B, 3, H, W] → what the network wants, on `device`, channels last.

    `forms` (int64 [B], 0–7) chooses a turned or mirrored form for each picture; None leaves them upright.
    """
    x = pictures.to(device, non_blocking=True)
    if forms is not None:
        x = turn(x, forms.to(device))
    # Channels last while a pixel is one byte; `preprocessing` keeps the order.
    x = preprocessing(x.contiguous(memory_format=torch.channels_last))
    if size and size != x.shape[-1]:
        x = interpolate(x, size=(size, size), mode="bilinear", antialias=True)
    return x


def turn(pictures: Tensor, forms: Tensor) -> Tensor:
    """Each square picture [B, C, S, S] in one of its eight forms (the dihedral group of the square).

    The bits of a form say: mirror left–right, mirror top–bottom, swap rows and columns. Seen from a
    satellite there is no up, so all eight are equally likely pictures of the same class.
    """
    x = pictures.clone()
    moves = (lambda p: p.flip(3), lambda p: p.flip(2), lambda p: p.transpose(2, 3))
    for bit, move in enumerate(moves):
        chosen = (forms >> bit & 1).nonzero().ravel()
        x[chosen] = move(x[chosen])
    return x


def best_device() -> str:
    """ "cuda" where there is one, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def device_name(device: torch.device) -> str:
    """What to print beside a measured time: the card's name, or "CPU, n threads"."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.get_num_threads()} threads" if device.type == "cpu" else device.type


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    return {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}


class _State:
    """All that changes during a run, in one place so that it can be stored and restored whole."""

    def __init__(self, model: nn.Module, train: ImageSet, settings: Settings, device: torch.device):
        self.model, self.train, self.settings, self.device = model, train, settings, device
        self.steps = -(-len(train) // settings.batch_size)
        learned = [p for p in model.parameters() if p.requires_grad]
        self.optimizer = _optimizer(learned, settings)
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=settings.peak_lr,
            total_steps=settings.epochs * self.steps,
            pct_start=settings.warmup,
            cycle_momentum=False,
        )
        self.class_weights = _class_weights(train).to(device) if settings.balance_classes else None
        self.history: list[Epoch] = []
        self.best_weights: dict[str, Tensor] = {}

    @property
    def epoch(self) -> int:
        return len(self.history)

    @property
    def finished(self) -> bool:
        if self.epoch == self.settings.epochs:
            return True
        losses = [epoch.val_loss for epoch in self.history]
        return self.settings.patience is not None and self.epoch - 1 - _argmin(losses) >= self.settings.patience

    def note(self, epoch: Epoch) -> None:
        self.history.append(epoch)
        if self.settings.patience is not None and _argmin([e.val_loss for e in self.history]) == self.epoch - 1:
            self.best_weights = {name: t.detach().clone() for name, t in self.model.state_dict().items()}

    def keep_best(self) -> None:
        if self.best_weights:
            self.model.load_state_dict(self.best_weights)

    def store(self, path: Path) -> None:
        """Write everything to `path`, whole or not at all."""
        stored = {
            "run": self._identity(),
            "history": [asdict(epoch) for epoch in self.history],
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "best_weights": self.best_weights,
        }
        with places.replacing(path) as part:
            torch.save(stored, part)

    def restore(self, path: Path) -> None:
        # weights_only: a checkpoint from somebody else must not be able to run code.
        stored = torch.load(path, weights_only=True, map_location=self.device)
        if stored["run"] != self._identity():
            raise ValueError(
                f"the checkpoint {path} belongs to a run with other settings or other pictures. "
                "Give this run a file of its own, or delete that one."
            )
        self.history = [Epoch(**epoch) for epoch in stored["history"]]
        self.model.load_state_dict(stored["model"])
        self.optimizer.load_state_dict(stored["optimizer"])
        self.schedule.load_state_dict(stored["schedule"])
        self.best_weights = stored["best_weights"]

    def _identity(self) -> str:
        return json.dumps(dataclasses.asdict(self.settings) | {"train": self.train.digest()})


def _one_epoch(state: _State, bar: tqdm) -> tuple[float, float]:
    """Train for one epoch; returns the mean loss and the accuracy on the pictures as they were shown."""
    model, settings, device = state.model, state.settings, state.device
    # Random numbers depend on the seed and the epoch alone: a resumed run draws the same ones.
    seed = settings.seed * 10_007 + state.epoch
    total_loss, correct = torch.zeros(2, device=device)
    model.train()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for x, labels in _batches(state.train, model.preprocessing, settings, seed, device):
            with _autocast(device, settings.precision):
                logits = model(x)
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
        raise FloatingPointError(
            f"the training loss became {mean_loss} in epoch {state.epoch + 1}. "
            f"The peak learning rate {settings.peak_lr:g} is probably too high: try a tenth of it."
        )
    return mean_loss, correct.item() / len(state.train)


def _batches(train: ImageSet, preprocessing, settings: Settings, seed: int, device) -> Iterator[tuple[Tensor, Tensor]]:
    """(inputs, labels) on `device`, every picture once, in a random order."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(train), generator=generator)
    forms = torch.randint(8, (len(train),), generator=generator) if settings.flips else None
    for start in range(0, len(order), settings.batch_size):
        positions = order[start : start + settings.batch_size]
        form = forms[start : start + settings.batch_size] if settings.flips else None
        x = prepare(train.batch(positions), preprocessing, device, size=settings.size, forms=form)
        yield x, train.labels[positions].to(device, non_blocking=True)


def _optimizer(parameters: list[nn.Parameter], settings: Settings) -> torch.optim.Optimizer:
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            parameters, settings.peak_lr, momentum=0.9, nesterov=True, weight_decay=settings.weight_decay
        )
    return torch.optim.AdamW(parameters, settings.peak_lr, weight_decay=settings.weight_decay)


def _autocast(device: torch.device, precision: str) -> torch.autocast:
    on = precision == "auto" and device.type == "cuda"
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=on)


def _class_weights(train: ImageSet) -> Tensor:
    """float32 [K]: inverse counts, scaled so that the average picture weighs 1."""
    counts = torch.bincount(train.labels, minlength=len(train.classes)).clamp(min=1)
    return len(train.labels) / (len(train.classes) * counts.float())


def _check_sets(train: ImageSet, val: ImageSet) -> None:
    for name, pictures in (("train", train), ("val", val)):
        if len(pictures) == 0:
            raise ValueError(f"fit got an empty set {name}; it wants at least one picture.")
    if train.classes != val.classes:
        raise ValueError(f"fit got train classes {train.classes} and val classes {val.classes}; they must be the same.")


def _require(holds: bool, name: str, got: object, wanted: str) -> None:
    if not holds:
        raise ValueError(f"Settings got {name}={got!r}; it wants {wanted}.")


def _argmin(values: list[float]) -> int:
    return min(range(len(values)), key=values.__getitem__) if values else -1
