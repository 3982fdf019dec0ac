"""What others say to the same set-ups, while these train as their users would train them.

- *curves*: what a person, a skorch callback or a TensorBoard page tells from the curves: an error, a loss that is no
  number, a loss that does not fall, validation far below training. It names no cause.
- *training-doctor* 0.1 and *torchmortem* 0.1 (both on PyPI): given what their own instructions give them, after each
  step. What they find is translated to the bench's causes, and generously: wherever one of their words or advices
  would lead to the cause, it counts as named.

Looked at, and left out: skorch's `SkorchDoctor` draws figures and names nothing (*curves* stands for it); NeuraLint
0.0.5 reads scripts for TensorFlow 1.15; `umlaut` and `torchcheck` on PyPI are other programs of the same name;
DeepFD and torch-doctor are not on PyPI; cleanlab judges labels, not a loop.
"""

from __future__ import annotations

import contextlib
import io
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

import torch
import torch.nn.functional as F
from torch.optim.optimizer import register_optimizer_step_post_hook

from tests.doctor.case import Patient, accuracy, one_pass

MOST = 50  # batches of training on which the accuracy is taken
NAMES = ("curves", "training-doctor", "torchmortem")

# Their words → causes; the first that a finding's title begins with.
TRAINING_DOCTOR = {
    "Learning rate likely too high": ("learning-rate-too-high", "initial-weights-too-large", "inputs-not-normalised"),
    "Learning rate may be too low": ("learning-rate-too-low", "scheduler-too-often"),
    "Gradient instability": ("learning-rate-too-high", "gradients-vanish", "initial-weights-too-large"),
    "Possible mixed precision instability": ("not-finite-under-autocast",),
    "Training plateau": (),
    "Early training plateau": ("learning-rate-too-low", "learning-rate-too-high"),
    "Overfitting": (),
}
TORCHMORTEM = {
    "Vanishing gradients": ("gradients-vanish", "initial-weights-too-small"),
    "Exploding gradients": ("learning-rate-too-high", "initial-weights-too-large"),
    "Gradient stalling": ("gradients-vanish", "initial-weights-too-small", "everything-frozen"),
    "Update ratio too low": ("learning-rate-too-low", "scheduler-too-often", "gradients-clipped-away"),
    "Update ratio too high": ("learning-rate-too-high", "zero-grad-forgotten"),
    "Activation saturation": ("gradients-vanish", "initial-weights-too-large", "inputs-not-normalised"),
    "Dead units": ("learning-rate-too-high", "relu-on-logits", "weights-alike"),
    "Weight norm explosion": ("learning-rate-too-high", "zero-grad-forgotten"),
    "Stagnant weight norms": ("learning-rate-too-low", "everything-frozen", "scheduler-too-often"),
    "Inter-layer weight norm imbalance": ("initial-weights-too-large", "initial-weights-too-small"),
    "Training divergence": ("learning-rate-too-high", "loss-maximised"),
    "Rank collapse": ("weights-alike",),
}

# The course's doctor before it was written anew (its Finding had no name): words → causes.
BEFORE = {
    "some inputs are NaN": ("inputs-not-finite",),
    "the classes are lost": ("classes-erased", "inputs-constant"),
    "labels and pictures are out of step": ("labels-out-of-step",),
    "each batch holds one class": ("batches-not-shuffled",),
    "validation pictures are prepared": ("validation-prepared-differently",),
    "everything is frozen": ("everything-frozen",),
    "the optimizer belongs": ("optimizer-of-another-model",),
    "all weights of a layer": ("weights-alike",),
    "the loss does not fit": ("loss-does-not-fit", "labels-wrong-form", "labels-out-of-range", "too-few-outputs"),
    "the loss does not depend": ("softmax-on-one-unit", "loss-detached"),
    "the weight decay": ("weight-decay-too-strong",),
    "dropout is too strong": ("dropout-too-strong",),
    "the learning rate is too high": ("learning-rate-too-high",),
    "the learning rate is too low": ("learning-rate-too-low",),
    "the inputs are not normalised": ("inputs-not-normalised", "inputs-scaled-twice", "preprocessing-missing"),
}


@dataclass
class Said:
    """The first finding of a tool: its own words, and the causes that they can stand for. No words: nothing found."""

    words: str = ""
    causes: tuple[str, ...] = ()


@dataclass
class Run:
    """A training that was listened to."""

    losses: list[float] = field(default_factory=list)
    error: str = ""
    train_accuracy: float | None = None
    val_accuracy: float | None = None
    seconds: float = 0.0


def said_by_all(patient: Patient, keras: bool) -> dict[str, Said | None]:
    """{tool: what it says first}; None where a tool does not take this set-up, KeyError-free for all of NAMES."""
    doctor, autopsy = _training_doctor(), None if keras else _torchmortem(patient)
    listeners = [listen for listen in (doctor and doctor[0], autopsy and autopsy[0]) if listen]
    run = listened(patient, listeners, keras)
    return {
        "curves": curves(run),
        "training-doctor": doctor and doctor[1](),
        "torchmortem": autopsy and autopsy[1](),
    }


def curves(run: Run) -> Said:
    """The rule of the curves; see the module's words."""
    if run.error:
        return Said(f"it stops: {run.error}")
    losses = run.losses
    if any(not math.isfinite(loss) for loss in losses):
        return Said("the loss is no number")
    tenth = max(1, len(losses) // 10)
    first, last = sum(losses[:tenth]) / tenth, sum(losses[-tenth:]) / tenth
    if not losses or last > first - 0.2 * abs(first):
        return Said("the loss does not fall by a fifth")
    if run.train_accuracy is not None and run.val_accuracy is not None and run.val_accuracy < run.train_accuracy - 0.2:
        return Said("validation far below training")
    return Said()


def listened(patient: Patient, listeners: list[Callable[..., None]], keras: bool) -> Run:
    """Train `patient` to its end; each listener is called after each step with loss, norm and rate."""
    run, begun = Run(), time.perf_counter()

    def heard(loss: float) -> None:
        run.losses.append(loss)
        norm = None if keras else _norm(patient.model)
        for listen in listeners:
            listen(loss=loss, grad_norm=norm, lr=_rate(patient, keras))

    try:
        if keras:
            run.val_accuracy = _keras(patient, heard)
        else:
            with _torch(patient, heard) as observed:
                run.val_accuracy = observed.train()
        with contextlib.suppress(Exception):  # labels of another form than `accuracy` takes: no training accuracy
            seen = patient.batches if keras else list(islice(one_pass(patient.batches), patient.at_most or MOST))
            run.train_accuracy = accuracy(patient.model, seen)
    except Exception as error:
        run.error = type(error).__name__
    run.seconds = time.perf_counter() - begun
    return run


@contextlib.contextmanager
def _torch(patient: Patient, heard: Callable[[float], None]) -> Iterator[Patient]:
    """A patient whose losses are heard: after the user's step, or after the optimizer's where there is none."""
    latest: list[float] = []
    backward, losses = torch.Tensor.backward, ("cross_entropy", "binary_cross_entropy_with_logits", "mse_loss")
    functions = {name: getattr(F, name) for name in losses}

    def noted(loss: torch.Tensor, *args: Any, **kwargs: Any) -> None:
        backward(loss, *args, **kwargs)
        latest.append(float(loss.detach().mean()))

    def computed(*args: Any, of: Callable, **kwargs: Any) -> torch.Tensor:
        loss = of(*args, **kwargs)
        latest.append(float(loss.detach().mean()))
        return loss

    def after(*_: object) -> None:
        if latest:
            heard(latest[-1])
            latest.clear()

    def step(x: Any, y: Any) -> Any:
        out = patient.step(x, y)
        after()
        return out

    hook = None if patient.step else register_optimizer_step_post_hook(after)
    torch.Tensor.backward = noted
    for name, function in functions.items():
        setattr(F, name, partial(computed, of=function))
    try:
        yield replace(patient, step=step) if patient.step else patient
    finally:
        torch.Tensor.backward = backward
        for name, function in functions.items():
            setattr(F, name, function)
        if hook:
            hook.remove()


def _keras(patient: Patient, heard: Callable[[float], None]) -> float:
    import keras

    fit = patient.model.fit
    loss = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: heard(float(logs["loss"])))
    patient.model.fit = lambda *args, **kwargs: fit(*args, **kwargs, callbacks=[loss])
    return patient.train()


def _rate(patient: Patient, keras: bool) -> float | None:
    if keras:
        return float(patient.model.optimizer.learning_rate)
    return patient.optimizer.param_groups[0]["lr"] if patient.optimizer is not None else None


def _norm(model: torch.nn.Module) -> float | None:
    gradients = [weight.grad.flatten() for weight in model.parameters() if weight.grad is not None]
    return torch.cat(gradients).norm().item() if gradients else None


def translated(title: str, words: dict[str, tuple[str, ...]]) -> Said:
    """With the causes of the entry that the title begins with."""
    return Said(title, next((causes for begin, causes in words.items() if title.startswith(begin)), ()))


def _training_doctor() -> tuple[Callable[..., None], Callable[[], Said]] | None:
    """(listen, say), or None where it is not installed."""
    try:
        from training_doctor import Doctor
    except ImportError:
        return None
    doctor, steps = Doctor(), iter(range(10**9))

    def listen(**metrics: float | None) -> None:
        doctor.log(step=next(steps), **{name: value for name, value in metrics.items() if value is not None})

    def say() -> Said:
        return translated(doctor.diagnoses[0].problem, TRAINING_DOCTOR) if doctor.diagnoses else Said()

    return listen, say


def _torchmortem(patient: Patient) -> tuple[Callable[..., None], Callable[[], Said]] | None:
    """(listen, say), or None where it is not installed. Its remarks below a warning are not counted."""
    try:
        from torchmortem import Autopsy, Severity
    except ImportError:
        return None
    autopsy = Autopsy(patient.model, optimizer=patient.optimizer)
    autopsy.attach()

    def say() -> Said:
        with contextlib.redirect_stdout(io.StringIO()):
            autopsy.detach()
        found = [finding for finding in autopsy.get_report().findings if finding.severity >= Severity.WARNING]
        return translated(found[0].title, TORCHMORTEM) if found else Said()

    return lambda loss, **_: autopsy.step(loss=loss), say
