"""Answers to chapter 8's exercise: right ones that do not look like the solution, and wrong ones in other words."""

from __future__ import annotations

import numpy as np
import torch

# --- right answers ---------------------------------------------------------------------------------------


def parted_with_dictionaries(groups, part):
    seen: dict[int, set[int]] = {}
    for group, place in zip(groups.tolist(), part.tolist(), strict=True):
        seen.setdefault(group, set()).add(place)
    return sum(len(places) > 1 for places in seen.values())


def parted_by_pairs(groups, part):
    """A group is there once with each of its parts."""
    pairs = torch.stack([groups, part], dim=1).unique(dim=0)
    return (pairs[:, 0].unique(return_counts=True)[1] > 1).sum()


def parted_in_numpy(groups, part):
    g, p = groups.numpy(), part.numpy()
    return np.float64(sum(p[g == one].min() < p[g == one].max() for one in np.unique(g)))


UNUSUAL = {"08.parted": [parted_with_dictionaries, parted_by_pairs, parted_in_numpy]}

# --- wrong answers: (exercise, answer, what the message says) --------------------------------------------


OTHERWISE_WRONG = [
    ("08.parted", lambda g, p: len({*zip(g.tolist(), p.tolist(), strict=True)}) - len(g.unique()), "beyond its first"),
    ("08.parted", lambda g, p: [len(p[g == one].unique()) > 1 for one in g.unique()], "expected was"),
    ("08.parted", lambda g, p: len(p.unique()), "The values differ"),
]
