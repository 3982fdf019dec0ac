"""The notebook that asked, repeated: a frozen network, a small head, one random split; and its table beside ours."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ... import features, metrics, models
from ...data import ImageSet
from ...study import Result
from . import experiments
from .experiments import Settings

CLASSES = (
    "AnnualCrop", "Forest", "HerbaceousVegetation", "Highway", "Industrial", "Pasture", "PermanentCrop", "Residential",
    "River", "SeaLake",
)  # fmt: skip
CONFUSED = (
    ("Highway", "River"),
    ("PermanentCrop", "HerbaceousVegetation"),
    ("Industrial", "Residential"),
)
METRICS = (
    "test accuracy",
    *(f"recall of {name}" for name in CLASSES),
    *(f"{truth} taken for {answer}" for truth, answer in CONFUSED),
)


def run(settings: Settings, seed: int) -> Result:
    """A head with `hidden` units behind the frozen network `name`, trained for `epochs`; by class, all of `METRICS`.

    The network sees pictures of `size` pixels, once; the head learns from its embeddings with cross-entropy, in
    batches of `batch_size`, by "adam" or by "sgd" with `momentum`, at a constant `rate`. The split is random, and
    `test_share` of it is for the test.
    """
    pictures = experiments.eurosat(settings["pictures"])
    backbone = models.backbone(settings["name"], weights=settings["weights"])
    embeddings = torch.from_numpy(
        features.extract(backbone, pictures, size=settings["size"], pooling=settings["pooling"], progress=False)
    )
    share = settings["test_share"]
    train, test = pictures.split((1 - share, share), seed=seed)
    head = trained_head(embeddings[train.rows], train.labels, len(pictures.classes), settings, seed)
    with torch.inference_mode():
        return by_class(head(embeddings[test.rows]), test)


def trained_head(embeddings: Tensor, labels: Tensor, classes: int, settings: Settings, seed: int) -> nn.Module:
    """float32 [N, D] and int64 [N] → a network from [N, D] to logits [N, K]: D → `hidden` → K, ReLU between."""
    width, hidden, batch_size = embeddings.shape[1], settings["hidden"], settings["batch_size"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = nn.Sequential(nn.Linear(width, hidden), nn.ReLU(), nn.Linear(hidden, classes))
        optimizer = _optimizer(head, settings)
        for _ in range(settings["epochs"]):
            for chosen in torch.randperm(len(labels)).split(batch_size):
                loss = cross_entropy(head(embeddings[chosen]), labels[chosen])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
    return head


def _optimizer(head: nn.Module, settings: Settings) -> torch.optim.Optimizer:
    rate, momentum = settings["rate"], settings["momentum"]
    if settings["optimizer"] == "adam":
        return torch.optim.Adam(head.parameters(), lr=rate)
    return torch.optim.SGD(head.parameters(), lr=rate, momentum=momentum)


def by_class(logits: Tensor, test: ImageSet) -> Result:
    """Accuracy, the share of each class that was found, and the shares of `CONFUSED`, each with its own n."""
    confusion = metrics.confusion_matrix(logits, test.labels)
    shares, counted = {"test accuracy": metrics.accuracy_at(1, logits, test.labels)}, {"test accuracy": len(test)}
    pairs = {f"recall of {name}": (name, name) for name in CLASSES}
    pairs |= {f"{truth} taken for {answer}": (truth, answer) for truth, answer in CONFUSED}
    for metric, (truth, answer) in pairs.items():
        row = confusion[test.classes.index(truth)]
        counted[metric] = int(row.sum())
        shares[metric] = row[test.classes.index(answer)].item() / counted[metric]
    return Result(shares, n=counted, source=test.source)
