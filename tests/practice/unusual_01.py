"""Answers to lesson 1's exercises: right ones that do not look like the solution, and wrong ones in other words."""

from __future__ import annotations

import cmath
import colorsys
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# --- right answers ---------------------------------------------------------------------------------------


def hue_by_colorsys(rgb):
    return 360 * colorsys.rgb_to_hsv(*rgb.tolist())[0]


def hue_from_cyan(rgb):
    """By the smallest channel in place of the largest, with a small constant against 0 / 0."""
    r, g, b = rgb.numpy().astype(float)
    chroma = max(r, g, b) - min(r, g, b) + 1e-9
    starts = {0: 180 + 60 * (b - g) / chroma, 1: 300 + 60 * (r - b) / chroma, 2: 60 + 60 * (g - r) / chroma}
    return starts[int(np.argmin([r, g, b]))] % 360 if chroma > 1e-6 else 0


def undo_in_numpy(picture, table):
    pixels = np.moveaxis(picture.numpy().astype(int), 0, -1)
    return np.linalg.norm(pixels[:, :, None] - table.numpy().astype(int), axis=3).argmin(axis=2)


def undo_with_loops(picture, table):
    _, height, width = picture.shape
    colours, rows = table.tolist(), range(len(table))
    return [
        [min(rows, key=lambda k: math.dist(colours[k], picture[:, i, j].tolist())) for j in range(width)]
        for i in range(height)
    ]


def undo_by_cdist(picture, table):
    return torch.cdist(picture.permute(1, 2, 0).float(), table.float()[None]).min(dim=-1).indices.float()


def d_prime_in_numpy(a, b):
    a, b = a.numpy(), b.numpy()  # var divides by n here
    return np.abs(a.mean() - b.mean()) / np.sqrt((np.var(a) + np.var(b)) / 2)


def d_prime_by_squares(a, b):
    return [((a.mean() - b.mean()) ** 2 * 2 / (a.std() ** 2 + b.std() ** 2)) ** 0.5]


def circular_mean_by_complex_numbers(hues):
    return math.degrees(cmath.phase(sum(cmath.rect(1, math.radians(h)) for h in hues.tolist()))) % 360


def circular_mean_with_where(hues):
    a = np.deg2rad(hues.numpy())
    d = np.degrees(np.arctan2(np.sin(a).sum(), np.cos(a).sum()))
    return np.where(d < 0, d + 360, d)


def normalise_in_numpy(pictures):
    x = np.asarray(pictures) / 255
    return (x - x.mean(axis=(0, 2, 3), keepdims=True)) / x.std(axis=(0, 2, 3), keepdims=True)


def normalise_channel_by_channel(pictures):
    channels = pictures.double().unbind(1)
    return torch.stack([(c - c.mean()) / (c.std() + 1e-8) for c in channels], dim=1)


def normalise_by_batch_norm(pictures):
    return nn.BatchNorm2d(3, affine=False, eps=1e-5)(pictures.float())


def mend_with_nll(model, x, y, optimizer):
    model.zero_grad()
    loss = F.nll_loss(model(x).log_softmax(dim=1), y)
    loss.backward()
    optimizer.step()
    return loss.item()


def mend_that_clears_afterwards(model, x, y, optimizer):
    model.train()
    loss = nn.CrossEntropyLoss()(model(x), F.one_hot(y, 2).float())
    loss.backward()
    optimizer.step()
    optimizer.zero_grad(set_to_none=False)
    return loss


def mend_with_one_logit(model, x, y, optimizer):
    """Cross-entropy of two classes depends on the difference of the logits alone."""
    optimizer.zero_grad()
    logits = model(x)
    loss = F.binary_cross_entropy_with_logits(logits[:, 1] - logits[:, 0], y.float())
    loss.backward()
    optimizer.step()
    return loss


def mend_with_log_softmax_that_is_not_needed(model, x, y, optimizer):
    """A second log-softmax changes nothing: it is a softmax too many that does."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x).log_softmax(dim=1), y)
    loss.backward()
    optimizer.step()
    return loss.detach().numpy()


UNUSUAL = {
    "01.hue": [hue_by_colorsys, hue_from_cyan],
    "01.nearest_row": [undo_in_numpy, undo_with_loops, undo_by_cdist],
    "01.d_prime": [d_prime_in_numpy, d_prime_by_squares],
    "01.circular_mean": [circular_mean_by_complex_numbers, circular_mean_with_where],
    "01.normalise": [normalise_in_numpy, normalise_channel_by_channel, normalise_by_batch_norm],
    "01.mend": [
        mend_with_nll,
        mend_that_clears_afterwards,
        mend_with_one_logit,
        mend_with_log_softmax_that_is_not_needed,
    ],
}

# --- wrong answers: (exercise, answer, what the message says) --------------------------------------------


def hue_in_plain_python(rgb):
    r, g, b = rgb.tolist()
    c = max(r, g, b) - min(r, g, b)
    return (60 * (g - b) / c if r >= max(g, b) else 120 + 60 * (b - r) / c if g >= b else 240 + 60 * (r - g) / c) % 360


def hue_by_colorsys_as_it_comes(rgb):
    return colorsys.rgb_to_hsv(*rgb.tolist())[0]


def undo_in_numpy_bytes(picture, table):
    return ((picture.permute(1, 2, 0).numpy()[:, :, None] - table.numpy()) ** 2).sum(axis=3).argmin(axis=2)


def undo_flat(picture, table):
    return torch.cdist(picture.flatten(1).T.float(), table.float()).argmin(dim=1)


def circular_mean_in_math(hues):
    return math.atan2(hues.deg2rad().sin().sum(), hues.deg2rad().cos().sum()) * 180 / math.pi


def normalise_each_by_instance_norm(pictures):
    return F.instance_norm(pictures.float())


def mend_without_grad(model, x, y, optimizer):
    with torch.no_grad():
        loss = F.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss


def mend_by_squares(model, x, y, optimizer):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x).softmax(dim=1), F.one_hot(y, 2).float())
    loss.backward()
    optimizer.step()
    return loss


def mend_two_of_three(model, x, y, optimizer):
    loss = F.cross_entropy(model(x).softmax(dim=1), y)
    loss.backward()
    optimizer.step()
    return loss


OTHERWISE_WRONG = [
    ("01.hue", hue_in_plain_python, "ZeroDivisionError"),
    ("01.hue", hue_by_colorsys_as_it_comes, "from 0 to 1"),
    ("01.hue", lambda rgb: 0.0, "The values differ"),
    ("01.nearest_row", undo_in_numpy_bytes, "You subtracted uint8 from uint8"),
    ("01.nearest_row", undo_flat, "has the shape [6]; expected was [2, 3]"),
    ("01.d_prime", lambda a, b: abs(a.mean() - b.mean()), "The values differ"),
    ("01.d_prime", lambda a, b: abs(a - b), "stopped with an error"),
    ("01.circular_mean", circular_mean_in_math, "comes out negative"),
    ("01.circular_mean", lambda hues: hues.median(), "The values differ"),
    ("01.normalise", normalise_each_by_instance_norm, "a blue one and a green one have become alike"),
    ("01.normalise", lambda p: p.float() / 127.5 - 1, "The values differ"),
    ("01.normalise", lambda p: p - p.mean(), "stopped with an error"),
    ("01.mend", mend_without_grad, "stopped with an error"),
    ("01.mend", mend_by_squares, "The loss that the first step returns: "),
    ("01.mend", mend_two_of_three, "Gradients pile up from step to step: yes, expected: no."),
    ("01.mend", lambda model, x, y, optimizer: model(x), "The optimizer takes a step: no, expected: yes."),
]
