"""The fine-tuned network that ships with the chapter, so that nobody waits for it: MobileNetV2 α .35 on EuroSAT."""

from __future__ import annotations

import json
from pathlib import Path

from ... import data, models, training
from ...data import ImageSet
from ...models import Classifier
from ...training import Run
from ...training.record import Epoch

FILE = Path(__file__).with_name("eurosat_net.safetensors")
RECORD = FILE.with_suffix(".json")
SEED = 0  # of the split, the head, the order of the pictures and the flips
SETTINGS = training.Settings(epochs=6, peak_lr=3e-3, seed=SEED)


def shipped() -> Classifier:
    """The network, in inference mode. It learned from `parts(…)[0]`, the first part of the split with seed 0."""
    return models.load(FILE)


def record() -> Run:
    """Its training: settings, each epoch, versions. The seconds are those of a busy machine."""
    kept = json.loads(RECORD.read_text(encoding="utf-8"))
    history = tuple(Epoch(**epoch) for epoch in kept.pop("history"))
    return Run(settings=training.Settings(**kept.pop("settings")), history=history, **kept)


def parts(pictures: ImageSet) -> list[ImageSet]:
    """(to learn from, to watch the training, to test) of EuroSAT, at random: the test has 2,700 of 27,000 pictures."""
    return pictures.split((0.8, 0.1, 0.1), seed=SEED)


def trained(*, checkpoint: Path | None = None) -> tuple[Classifier, Run]:
    """The same training again, from ImageNet's weights: some nine minutes on one core."""
    train, val, _ = parts(data.load("eurosat", source="real"))
    backbone = models.backbone("mobilenet_v2_035", weights="real")
    model = Classifier(backbone, train.classes, pooling="mean", seed=SEED)
    return model, training.fit(model, train, val, SETTINGS, checkpoint=checkpoint)
