"""Answers to lesson 7's exercises: right ones that do not look like the solution, and wrong ones in other words."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

# --- right answers ---------------------------------------------------------------------------------------


def balanced_in_plain_python(answers, labels):
    seen: dict[int, list[bool]] = {}
    for answer, label in zip(answers.tolist(), labels.tolist(), strict=True):
        seen.setdefault(label, []).append(answer == label)
    return sum(sum(hits) / len(hits) for hits in seen.values()) / len(seen)


def balanced_by_weights(answers, labels):
    """Every picture weighs one over the size of its class."""
    counts = np.bincount(labels.numpy())
    return np.average((answers == labels).numpy(), weights=1 / counts[labels.numpy()])


def effective_in_numpy(counts, beta):
    w = 1 / (1 - np.power(beta, counts.numpy()))
    return w * len(w) / w.sum()


def effective_as_series(counts, beta):
    """1 + β + β² + … pictures."""
    numbers = [sum(beta**i for i in range(n)) for n in counts.tolist()]
    mean = sum(1 / n for n in numbers) / len(numbers)
    return [1 / n / mean for n in numbers]


def adjust_with_two_logs(logits, counts):
    return logits - counts.log() + counts.sum().log()


def adjust_in_numpy(logits, counts):
    share = counts.numpy() / counts.numpy().sum()
    return logits.numpy() + np.log(1 / share)[None, :]


def thresholds_by_one_hot(probabilities, labels):
    own = F.one_hot(labels, probabilities.shape[1])
    return (own * probabilities).sum(dim=0) / own.sum(dim=0)


def thresholds_by_bincount(probabilities, labels):
    own = probabilities.gather(1, labels[:, None])[:, 0].numpy()
    return np.bincount(labels.numpy(), weights=own) / np.bincount(labels.numpy())


def cheapest_with_loops(probabilities, cost):
    found = []
    for row in probabilities.tolist():
        prices = [sum(p * c for p, c in zip(row, column, strict=True)) for column in cost.T.tolist()]
        found.append(prices.index(min(prices)))
    return found


def cheapest_by_einsum(probabilities, cost):
    return np.argmax(-np.einsum("nk,kj->nj", probabilities.numpy(), cost.numpy()), axis=1)


UNUSUAL = {
    "07.balanced_accuracy": [balanced_in_plain_python, balanced_by_weights],
    "07.effective_weights": [effective_in_numpy, effective_as_series],
    "07.adjust": [adjust_with_two_logs, adjust_in_numpy],
    "07.thresholds": [thresholds_by_one_hot, thresholds_by_bincount],
    "07.least_cost": [cheapest_with_loops, cheapest_by_einsum],
}

# --- wrong answers: (exercise, answer, what the message says) --------------------------------------------


def balanced_of_every_number(answers, labels):
    """As many do: a confusion matrix, its diagonal by its rows."""
    table = np.zeros((4, 4))
    np.add.at(table, (labels.numpy(), answers.numpy()), 1)
    return (table.diagonal() / np.maximum(table.sum(axis=1), 1))[: labels.max() + 1].mean()


OTHERWISE_WRONG = [
    ("07.balanced_accuracy", lambda a, y: np.mean(a.numpy() == y.numpy()), "This is plain accuracy"),
    ("07.balanced_accuracy", balanced_of_every_number, "counts as 0 in your mean"),
    ("07.balanced_accuracy", lambda a, y: [(a[y == k] == k).double().mean() for k in y.unique()], "shape [3]"),
    ("07.effective_weights", lambda n, b: n.sum() / (len(n) * n) / (1 / n).mean(), "The values differ"),
    ("07.effective_weights", lambda n, b: len(n) * F.normalize(1 / n, p=1, dim=0), "β plays no part"),
    ("07.adjust", lambda z, n: (z + n / n.sum()).softmax(dim=1), "The values differ"),
    ("07.adjust", lambda z, n: z.numpy() - np.log(n.numpy()), "not of the shares"),
    ("07.thresholds", lambda p, y: torch.tensor([p[y == k].mean() for k in y.unique()]), "The values differ"),
    ("07.thresholds", lambda p, y: p.sum(0) / len(p), "You averaged over all pictures"),
    ("07.least_cost", lambda p, c: (p @ c).min(dim=1), "shape [2, 4]"),
    ("07.least_cost", lambda p, c: (c @ p.T).argmin(dim=0), "Your cost matrix is turned"),
    ("07.least_cost", lambda p, c: torch.zeros(len(p)).long(), "The values differ"),
]
