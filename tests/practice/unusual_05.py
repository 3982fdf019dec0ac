"""Answers to chapter 5's exercises: right ones that do not look like the solution, and wrong ones in other words."""

from __future__ import annotations

import math

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import rankdata
from torch.nn import functional as F

# --- right answers ---------------------------------------------------------------------------------------


def energy_by_hand(logits, temperature):
    highest = logits.max(dim=1).values
    return -highest - temperature * ((logits - highest[:, None]) / temperature).exp().sum(1).log()


def energy_in_scipy(logits, temperature):
    return [-temperature * logsumexp(np.array(row) / temperature) for row in logits.tolist()]


def surprise_by_softplus(logits):
    """log(1 + exp(x)), x being how far the others together lie above the highest."""
    highest, where = logits.max(dim=1)
    rest = logits.scatter(1, where[:, None], -math.inf).logsumexp(dim=1)
    return F.softplus(rest - highest)


def surprise_of_the_others(logits):
    """−log(1 − q), q being what the others have of the whole."""
    found = []
    for row in np.sort(logits.double().numpy(), axis=1):
        e = np.exp(row - row[-1])
        found.append(-np.log1p(-e[:-1].sum() / e.sum()))
    return found


def auroc_by_mean_ranks(known, unknown):
    n, m = len(known), len(unknown)
    ranks = rankdata(np.concatenate([known.numpy(), unknown.numpy()]))[n:]
    return (ranks.sum() - m * (m + 1) / 2) / (n * m)


def auroc_by_signs(known, unknown):
    return 0.5 + (unknown[None, :] - known[:, None]).sign().mean() / 2


def threshold_in_plain_python(scores, rejected):
    """From above: as few as the promise allows, the new one counted, stay above."""
    allowed = int((len(scores) + 1) * rejected + 1e-9)
    return sorted(scores.tolist(), reverse=True)[allowed - 1] if allowed else float("inf")


def threshold_with_infinity_as_a_score(scores, rejected):
    """numpy's quantile "inverted_cdf" of n + 1 scores is the ⌈(n + 1) q⌉-th."""
    return np.quantile(np.append(scores.numpy(), np.inf), 1 - rejected, method="inverted_cdf")


def targets_row_by_row(labels, classes):
    return [[float(k == label) for k in range(classes)] for label in labels.tolist()]


def targets_cut_off(labels, classes):
    """One-hot with a column for none, which is then left out."""
    return F.one_hot(labels + 1, classes + 1)[:, 1:].double()


def nearest_by_cosine(known, pictures, k):
    cosines = F.normalize(pictures, dim=1).double() @ F.normalize(known, dim=1).double().T
    return (2 - 2 * cosines.topk(k, dim=1).values[:, -1]).clamp(min=0).sqrt()


def nearest_in_numpy(known, pictures, k):
    a, b = (x.numpy() / np.linalg.norm(x.numpy(), axis=1)[:, None] for x in (known, pictures))
    return [np.partition(np.linalg.norm(a - row, axis=1), k - 1)[k - 1] for row in b]


UNUSUAL = {
    "05.energy": [energy_by_hand, energy_in_scipy],
    "05.surprise": [surprise_by_softplus, surprise_of_the_others],
    "05.auroc": [auroc_by_mean_ranks, auroc_by_signs],
    "05.threshold": [threshold_in_plain_python, threshold_with_infinity_as_a_score],
    "05.none_targets": [targets_row_by_row, targets_cut_off],
    "05.kth_nearest": [nearest_by_cosine, nearest_in_numpy],
}

# --- wrong answers: (exercise, answer, what the message says) --------------------------------------------


def auroc_by_sorting(known, unknown):
    """As many do: the place of each in a stable sort, in which the known come first."""
    n, m = len(known), len(unknown)
    ranks = torch.cat([known, unknown]).argsort(stable=True).argsort()[n:] + 1
    return (ranks.sum() - m * (m + 1) / 2) / (n * m)


def threshold_by_level(scores, rejected):
    """As in much code: the rank as a share of n, at most 1."""
    n = len(scores)
    return np.quantile(scores, min(1, math.ceil((n + 1) * (1 - rejected)) / n), method="inverted_cdf")


def nearest_of_scaled_pictures(known, pictures, k):
    """The known ones are left as they were."""
    return torch.cdist(F.normalize(pictures, dim=1), known).sort(dim=1).values[:, k - 1]


OTHERWISE_WRONG = [
    ("05.energy", lambda z, t: -z.amax(dim=1), "The values differ"),
    ("05.energy", lambda z, t: -t * (z.double().clamp(-500, 500) / t).exp().sum(1).log(), "The values differ"),
    ("05.energy", lambda z, t: -t * torch.logsumexp(z / t, dim=0), "shape [4]; expected was [3]"),
    ("05.surprise", lambda z: -z.double().log_softmax(dim=1).amax(dim=1), "The digits are gone before the log"),
    ("05.surprise", lambda z: 1 - z.double().softmax(dim=1).amax(dim=1), "You returned 1 − p"),
    ("05.surprise", lambda z: -z.log_softmax(dim=1).amax(dim=1).clamp(max=-1e-7), "log10 of them"),
    ("05.surprise", lambda z: "tiny", "the text 'tiny'"),
    ("05.auroc", auroc_by_sorting, "Your ties count as 1"),
    ("05.auroc", lambda known, unknown: unknown.mean() - known.mean(), "The values differ"),
    ("05.auroc", lambda known, unknown: (unknown > known).double().mean(), "stopped with an error"),
    ("05.threshold", lambda s, r: np.quantile(s, 1 - r, method="inverted_cdf"), "You took n where n + 1"),
    ("05.threshold", lambda s, r: s.sort().values[math.ceil((len(s) + 1) * (1 - r)) - 1], "stopped with an err"),
    ("05.threshold", lambda s, r: s.mean() + 2 * s.std(), "The values differ"),
    ("05.threshold", threshold_by_level, "there are too few scores"),
    ("05.none_targets", lambda y, k: F.one_hot(y, k).float(), "stopped with an error"),
    ("05.none_targets", lambda y, k: y[:, None] == torch.arange(k), "whole numbers or truth values"),
    ("05.none_targets", lambda y, k: F.one_hot(y + 1, k + 1).float(), "the rows: [["),
    ("05.none_targets", lambda y, k: F.one_hot(y % k, k), "they are floats: no, expected: yes"),
    ("05.kth_nearest", nearest_of_scaled_pictures, "The values differ"),
    ("05.kth_nearest", lambda a, x, k: torch.cdist(x, a).kthvalue(k).values, "You did not scale the rows"),
]
