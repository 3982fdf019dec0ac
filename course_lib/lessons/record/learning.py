"""What several entries share: a network, a training by `fit`, one whose passes differ, and eight forms at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ... import models, training
from ...data import ImageSet
from ...training.batches import edges

FORMS = 8  # of a square: turned and mirrored
WATCHED = 16  # pictures; `fit` looks at some after each epoch, and nothing hangs on them


def network(name: str, classes: Sequence[str], seed: int) -> models.Classifier:
    """The backbone `name` with ImageNet's weights and a linear head on the mean of its features."""
    return models.Classifier(models.backbone(name, weights="real"), classes, pooling="mean", seed=seed)


def fit(model: models.Classifier, train: ImageSet, settings: training.Settings) -> None:
    """Train `model` in place on all of `train`; no picture is held back to choose by."""
    watched = train.at(torch.arange(min(WATCHED, len(train))))
    training.fit(model, train, watched, settings, device="cpu", progress=False)


@dataclass(frozen=True)
class Pass:
    """Once through the pictures, at `size` pixels; through the hardest `share` of them, 0–1, by their running loss."""

    size: int
    share: float = 1.0


def learn(model: models.Classifier, train: ImageSet, passes: Sequence[Pass], settings: training.Settings) -> Tensor:
    """Train `model` in place through `passes`, as `fit` would by AdamW: one cycle of the rate spans all of them.

    `fit` shows each picture once an epoch, at one size. Of `settings` this reads batch_size, peak_lr, warmup,
    weight_decay, label_smoothing and seed; pictures are shown in one of their eight forms, drawn anew.

    Returns:
        float32 [N], on the CPU: the running loss of each picture, the mean of its last loss and what was there before;
        infinite where it was never shown, so that such a picture is the hardest.
    """
    counts = [max(1, round(one.share * len(train))) for one in passes]
    optimizer, schedule = _cycle(model, counts, settings)
    chance = torch.Generator().manual_seed(settings.seed)
    running = torch.full((len(train),), torch.inf)
    model.to("cpu", memory_format=torch.channels_last).train()
    for one, count in zip(passes, counts, strict=True):
        order = running.topk(count).indices[torch.randperm(count, generator=chance)]
        forms = torch.randint(FORMS, (count,), generator=chance)
        for start, end in pairwise(edges(count, settings.batch_size)):
            chosen = order[start:end]
            losses = _losses(model, train, chosen, forms[start:end], one.size, settings.label_smoothing)
            optimizer.zero_grad(set_to_none=True)
            losses.mean().backward()
            optimizer.step()
            schedule.step()
            before, now = running[chosen], losses.detach()
            running[chosen] = torch.where(before.isinf(), now, (before + now) / 2)
    return running


def _cycle(
    model: models.Classifier, counts: Sequence[int], settings: training.Settings
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    steps = sum(len(edges(count, settings.batch_size)) - 1 for count in counts)
    optimizer = torch.optim.AdamW(model.parameters(), settings.peak_lr, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.peak_lr, total_steps=steps, pct_start=settings.warmup, cycle_momentum=False
    )
    return optimizer, schedule


def _losses(
    model: models.Classifier, train: ImageSet, chosen: Tensor, forms: Tensor, size: int, smoothing: float
) -> Tensor:
    """float32 [B], with their gradients: the loss of each of the `chosen` pictures."""
    x = training.prepare(train.batch(chosen), model.preprocessing, "cpu", size=size, forms=forms)
    return cross_entropy(model(x), train.labels[chosen], label_smoothing=smoothing, reduction="none")


def over_eight_forms(model: models.Classifier, images: Tensor, *, size: int | None = None) -> Tensor:
    """int64 [N]: the class with the highest probability, the mean over the eight forms of uint8 [N, 3, S, S]."""
    ask = training.predictor(model, size=size)
    shown = (training.turn(images, torch.full((len(images),), form)) for form in range(FORMS))
    return torch.stack([ask(form) for form in shown]).mean(dim=0).argmax(dim=1)
