"""What a bench case is: a set-up as somebody has it in their hands, its cause, and how it really trains."""

from __future__ import annotations

import importlib.util
import pkgutil
import random
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from typing import Any

import numpy as np
import torch

HALVES = ("open", "aside", "added", "third", "fourth")  # the two that lots drew, and what was written later
KINDS = ("loop", "loader", "keras")


@dataclass(frozen=True)
class Patient:
    """What the user has: pass it to `watch` if they wrote a `step`, else to `diagnose`.

    `fit` is their own outer loop where it is none of the usual ones, `evaluate` their own measure (→ accuracy, 0–1).
    `at_most` ends an endless generator's epoch.
    """

    model: Any
    batches: Any
    loss: Callable | None = None
    optimizer: Any = None
    scheduler: Any = None
    val_batches: Any = None
    step: Callable | None = None
    evaluate: Callable[[], float] | None = None
    epochs: int = 5
    fit: Callable[[], Any] | None = None
    at_most: int | None = None

    @property
    def natural(self) -> str:
        """`watch` or `diagnose`: which of the two this user would call."""
        return "watch" if self.step else "diagnose"

    def train(self) -> float:
        """Train as the user does, and return the accuracy on their validation pictures."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (self.fit or (self._keras if _is_keras(self.model) else self._loop))()
            return float((self.evaluate or partial(accuracy, self.model, self.val_batches))())

    def _loop(self) -> None:
        step = self.step or self._textbook_step()
        for _ in range(self.epochs):
            if not self.step:
                self.model.train()
            for x, y in islice(one_pass(self.batches), self.at_most):
                step(x, y)
            if self.scheduler is not None and not self.step:
                self.scheduler.step()

    def _textbook_step(self) -> Callable:
        optimizer = self.optimizer or torch.optim.Adam(self.model.parameters(), 1e-3)
        loss_of = self.loss or torch.nn.functional.cross_entropy

        def step(x, y):
            optimizer.zero_grad()
            loss_of(self.model(x), y).backward()
            optimizer.step()

        return step

    def _keras(self) -> None:
        data = self.batches if isinstance(self.batches, tuple) else (self.batches,)
        self.model.fit(*data, epochs=self.epochs, verbose=0)


@dataclass(frozen=True)
class Case:
    """One set-up. `accept` are further slugs that are an equally right first name; `why` gives the reason."""

    name: str
    cause: str
    kind: str
    half: str
    build: Callable[[int], Patient]
    mend: Callable[[int], Patient] | None = None
    accept: tuple[str, ...] = ()
    why: str = ""

    @property
    def sick(self) -> bool:
        return self.cause != "healthy"

    def right(self, slug: str) -> bool:
        """Whether `slug` is a right first finding."""
        return self.sick and slug in (self.cause, *self.accept)


_REGISTERED: dict[tuple[str, str], Case] = {}


def sick(cause: str, *, kind: str, accept: tuple[str, ...] = (), why: str = ""):
    """Register f(mended) → Patient: broken unless mended."""
    return partial(_register, cause=cause, kind=kind, accept=accept, why=why)


def healthy(*, kind: str):
    """Register f() → Patient that learns."""
    return partial(_register, cause="healthy", kind=kind)


def _register(function: Callable, *, cause: str, **rest) -> Callable:
    name, half = function.__name__, function.__module__.removeprefix("tests.doctor.").split(".")[0]
    if (half, name) in _REGISTERED:
        raise ValueError(f"two cases of {half} are named {name}")
    versions = {"build": partial(_seeded, function, (False,) if cause != "healthy" else ())}
    if cause != "healthy":
        versions["mend"] = partial(_seeded, function, (True,))
    _REGISTERED[half, name] = Case(name=name, cause=cause, half=half, **versions, **rest)
    return function


def _seeded(function: Callable, arguments: tuple, seed: int) -> Patient:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    if "keras" in function.__name__:
        import keras

        keras.utils.set_random_seed(seed)
    return function(*arguments)


@cache
def cases(half: str) -> tuple[Case, ...]:
    """The cases of a half, by name: of a folder or of one file; none where there is neither."""
    if importlib.util.find_spec(f"tests.doctor.{half}") is None:
        return ()
    package = importlib.import_module(f"tests.doctor.{half}")
    for module in pkgutil.iter_modules(getattr(package, "__path__", ())):
        importlib.import_module(f"tests.doctor.{half}.{module.name}")
    return tuple(sorted((case for case in _REGISTERED.values() if case.half == half), key=lambda case: case.name))


def one_pass(batches: Any) -> Iterable:
    """One pass over a loader, a list, or a function that gives one."""
    return batches() if callable(batches) else batches


def accuracy(model: Any, batches: Any) -> float:
    """Share right: the largest of K outputs, or a single one above 0 (Keras: above a half)."""
    if _is_keras(model):
        x, y = batches
        scores = np.asarray(model.predict(x, verbose=0))
        y = np.asarray(y)
        if scores.shape[-1] == 1:
            return float(np.mean((scores.ravel() > 0.5) == y.ravel()))
        return float(np.mean(scores.argmax(-1) == (y.argmax(-1) if y.ndim > 1 and y.shape[-1] > 1 else y.ravel())))
    model.eval()
    right = []
    with torch.no_grad():
        for x, y in one_pass(batches):
            scores = model(x)
            single = scores.ndim == 1 or scores.shape[1] == 1
            right.append((scores.flatten() > 0).long() == y.flatten().long() if single else scores.argmax(1) == y)
    return torch.cat(right).float().mean().item()


def _is_keras(model: Any) -> bool:
    return type(model).__module__.startswith("keras")
