"""The notebook that asked, repeated: a frozen network, a small head, one random split; and its table beside ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ... import features, metrics, models, study
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
PAIRS = {f"recall of {name}": (name, name) for name in CLASSES} | {
    f"{truth} taken for {answer}": (truth, answer) for truth, answer in CONFUSED
}  # metric → (truth, answer)
METRICS = ("test accuracy", *PAIRS)


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
    for metric, (truth, answer) in PAIRS.items():
        row = confusion[test.classes.index(truth)]
        counted[metric] = int(row.sum())
        shares[metric] = row[test.classes.index(answer)].item() / counted[metric]
    return Result(shares, n=counted, source=test.source)


# --- the notebook's table, beside ours ---

THEIRS = dict(
    zip(METRICS[1:], (0.92, 0.96, 0.94, 0.75, 0.88, 0.91, 0.86, 0.98, 0.89, 0.94, 0.11, 0.10, 0.09), strict=True)
)
"""What the notebook printed, shares of pictures; it says neither how many they were nor how it split them."""

_CELLS = {metric: (CLASSES.index(truth), CLASSES.index(answer)) for metric, (truth, answer) in PAIRS.items()}


@dataclass(frozen=True)
class Share:
    """`count` of `n` pictures; of several splits, all of their test pictures together."""

    count: int
    n: int

    def __str__(self) -> str:
        low, high = metrics.wilson_interval(self.count, self.n)
        return f"{100 * self.count / self.n:.0f} ({100 * low:.0f}–{100 * high:.0f})"


@dataclass(frozen=True)
class Beside:
    """The notebook's table and ours: folded in a notebook, plain in a shell. In per cent, with Wilson's 95 % interval.

    Attributes:
        columns: what was tried → metric → share.
    """

    columns: Mapping[str, Mapping[str, Share]]

    @property
    def head(self) -> tuple[str, ...]:
        """What stands above the columns."""
        return ("", "theirs", *self.columns)

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """A row for each metric."""
        return [
            (metric, f"{100 * theirs:.0f}", *(str(shares[metric]) for shares in self.columns.values()))
            for metric, theirs in THEIRS.items()
        ]

    def __repr__(self) -> str:
        widths = [max(map(len, column)) + 2 for column in zip(self.head, *self.rows, strict=True)]
        lines = [self.head, *self.rows]
        return "\n".join(
            "".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
        )

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self.head)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self.rows)
        summary = "Their table beside ours, in per cent, with 95 % intervals"
        return f"<details><summary>{summary}</summary><table><tr>{head}</tr>{body}</table></details>"


def beside(names: Mapping[str, str], confusion: Tensor) -> Beside:
    """Their table, a column for each stored variant, and one for the fine-tuned network.

    Args:
        names: head of a column → a variant of the experiment askers_recipe.
        confusion: int64 [10, 10] of the fine-tuned network, truth in rows, in the order of `CLASSES`.
    """
    runs = study.runs("askers_recipe")
    stored = {head: [run for run in runs if run.variant == name] for head, name in names.items()}
    columns = {head: {metric: _pooled(own, metric) for metric in THEIRS} for head, own in stored.items()}
    tuned = {metric: Share(int(confusion[cell]), int(confusion[cell[0]].sum())) for metric, cell in _CELLS.items()}
    return Beside({**columns, "fine-tuned (3a)": tuned})


def _pooled(runs: Sequence[study.Measurement], metric: str) -> Share:
    """All splits together; a picture may be in the test of more than one."""
    return Share(sum(round(run.metrics[metric] * run.n[metric]) for run in runs), sum(run.n[metric] for run in runs))
