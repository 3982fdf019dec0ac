"""Fine-tuning, in the minutes given: over seeds, each from the probe on, the weights averaged; kept only if it pays."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from .. import models, training
from ..data import ImageSet
from ..models.norm import freeze_norm
from ..training import prepare
from . import probe
from .probe import Parts
from .result import Method
from .stages import Teller, Work

RUNS = 3  # seeds
EPOCHS = (2, 6)  # of a run, at least and at most
LEFT_OUT = 4  # one more run learns without one class in so many, to see what it lets in
FEWEST = 10  # pictures of "val"
FEW = 4000  # training pictures: below, smaller batches and a lower rate


@dataclass(frozen=True)
class Plan:
    """What fits into the minutes: `runs` of `epochs`, and one more without some classes. `why` where none does."""

    runs: int
    epochs: int
    seconds: float
    why: str = ""


def plan(parts: Parts, minutes: float, seconds_a_picture: float) -> Plan:
    """As many epochs as fit, of three runs, else of one; none where two epochs do not fit.

    Args:
        parts: of which "train" is learned from, and "val" looked at after each epoch.
        minutes: for all runs.
        seconds_a_picture: of a step; a look costs a third.
    """
    if minutes == 0:
        return Plan(0, 0, 0.0, "Fine-tuning was not asked for.")
    if len(parts.rows("val")) < FEWEST:
        few = f"{len(parts.rows('val'))} pictures are kept for choices, of which {FEWEST} are wanted"
        return Plan(0, 0, 0.0, f"Fine-tuning was left out: {few}, so that nothing could tell whether it pays.")
    epoch = seconds_a_picture * (len(parts.rows("train")) + len(parts.rows("val")) / 3)
    extra = 1 if len(parts.pictures.classes) >= LEFT_OUT else 0
    for runs in (RUNS, 1):
        epochs = min(EPOCHS[1], int(60 * minutes / (epoch * (runs + extra))))
        if epochs >= EPOCHS[0]:
            return Plan(runs, epochs, epoch * epochs * (runs + extra))
    wanted = epoch * EPOCHS[0] * (1 + extra) / 60
    return Plan(
        0,
        0,
        0.0,
        f"Fine-tuning was left out: it would take about {wanted:.1f} minutes here, and {minutes:g} were given.",
    )


def seconds_a_picture(parts: Parts) -> float:
    """Measured: a step forward and back, the second of two."""
    model = _start(probe.linear(np.zeros((2, parts.embeddings.shape[1])), np.zeros(2)), ("a", "b"))
    rows = parts.rows("train")[:16]
    x = prepare(parts.pictures.batch(torch.from_numpy(rows)), model.preprocessing, "cpu", size=parts.size)
    for _ in range(2):
        began = time.perf_counter()
        cross_entropy(model.train()(x), torch.zeros(len(x), dtype=torch.int64)).backward()
    return (time.perf_counter() - began) / len(x)


def tuned(
    train: ImageSet, val: ImageSet, head: nn.Linear, parts: Parts, *, epochs: int, turns: bool, seed: int,
    work: Work, teller: Teller, name: str,
) -> models.Classifier:  # fmt: skip
    """Trained on `train`, from the frozen backbone and `head` on. Kumar et al.: Fine-Tuning can Distort Pretrained
    Features, ICLR 2022: the head is fitted first. Batch normalisation stays as it is: batches are small."""
    model = _start(head, train.classes)
    few = len(train) < FEW
    settings = training.Settings(
        epochs=epochs, batch_size=32 if few else 128, peak_lr=5e-4 if few else 1e-3, flips=turns, size=parts.size,
        precision="float32", seed=seed,
    )  # fmt: skip
    bar = teller.to is not None and teller.to.isatty()
    training.fit(
        model, train, val, settings, checkpoint=work.path(name, ".pt", epochs, turns, seed), device="cpu", progress=bar
    )
    return model


def _start(head: nn.Linear, classes: Sequence[str]) -> models.Classifier:
    model = probe.classifier(head, tuple(classes))
    freeze_norm(model)
    return model.requires_grad_(True)


def averaged(networks: Sequence[models.Classifier]) -> models.Classifier:
    """One network with the mean of the weights of several that began alike. Wortsman et al.: Model soups, ICML 2022.

    Raises:
        ValueError: no network.
    """
    if not networks:
        raise ValueError("averaged got no networks; it wants one or more.")
    states = [network.state_dict() for network in networks]
    mean = {name: torch.stack([state[name] for state in states]).mean(dim=0) for name in states[0]}
    model = _start(probe.last_layer(networks[0]), networks[0].classes)
    model.load_state_dict(mean)
    return model.eval()


def pays(probe_right: np.ndarray, tuned_right: np.ndarray) -> bool:
    """Whether fine-tuning is surely better, bool [n] each, of the same "val" pictures: `probe.by_chance` below 5 %."""
    return probe.by_chance(tuned_right, probe_right) < probe.SURE


def why(probe_method: Method, tuned_method: Method, paid: bool) -> str:
    """The choice in a sentence, with the numbers it was made on."""
    numbers = (
        f"the probe gets {probe_method.val} of the pictures kept for choices right, fine-tuning {tuned_method.val}"
    )
    if paid:
        return f"Fine-tuning pays: {numbers}."
    low, high = tuned_method.val.low, tuned_method.val.high
    if low <= probe_method.val.value <= high:
        return f"No training needed: the probe lies within the interval of what fine-tuning gets ({numbers})."
    return f"The probe is kept: fine-tuning is not surely better ({numbers})."
