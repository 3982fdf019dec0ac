"""Weights as a download would bring them."""

import torch
import torch.nn.functional as F
from torch import nn, optim


def pretrained(backbone, x, y, k, steps=120):
    """The backbone after a short training on x [N, …] of k classes, under a head that is thrown away."""
    head = nn.Linear(backbone(x[:2]).shape[1], k)
    opt = optim.Adam([*backbone.parameters(), *head.parameters()], lr=3e-3)
    for _ in range(steps):
        pick = torch.randint(len(x), (32,))
        opt.zero_grad()
        F.cross_entropy(head(backbone(x[pick])), y[pick]).backward()
        opt.step()
    return backbone
