"""Answers to lesson 4's exercises: right ones that do not look like the solution, and wrong ones in other words."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# --- right answers ---------------------------------------------------------------------------------------


def standardize_in_bytes(picture, mean, std):
    """All three on 0 to 255."""
    return (picture - 255 * mean.reshape(3, 1, 1)) / (255 * std.reshape(3, 1, 1))


def standardize_channels_last(picture, mean, std):
    x = picture.numpy().transpose(1, 2, 0) / 255
    return ((x - mean.numpy()) / std.numpy()).transpose(2, 0, 1)


def standardize_by_multiplying(picture, mean, std):
    return [c.float().mul(1 / 255).sub(m).div(s) for c, m, s in zip(picture, mean, std, strict=True)]


def running_by_welford(batches):
    """Merge counts, means and squared distances (Chan, Golub, LeVeque)."""
    n, mean, apart = 0, 0.0, 0.0
    for x in batches:
        rows = x.double().permute(0, 2, 3, 1).reshape(-1, 3).numpy()
        m, own = len(rows), rows.mean(axis=0)
        apart = apart + ((rows - own) ** 2).sum(axis=0) + (own - mean) ** 2 * n * m / (n + m)
        n, mean = n + m, mean + (own - mean) * m / (n + m)
    return mean, np.sqrt(apart / (n - 1))


def running_in_two_passes(batches):
    n = sum(x[:, 0].numel() for x in batches)
    mean = sum(x.sum((0, 2, 3)) for x in batches) / n
    return [mean, (sum(((x - mean[:, None, None]) ** 2).sum((0, 2, 3)) for x in batches) / n) ** 0.5]


def minmax_with_small_constant(picture):
    x = picture.float() / 255
    low, high = x.flatten(1).min(dim=1).values, x.flatten(1).max(dim=1).values
    return (x - low[:, None, None]) / (high - low + 1e-8)[:, None, None]


def minmax_in_numpy(picture):
    x = picture.numpy().astype(np.float64)
    low, width = x.min(axis=(1, 2), keepdims=True), np.ptp(x, axis=(1, 2), keepdims=True)
    return np.divide(x - low, width, out=np.zeros_like(x), where=width > 0)


def minmax_without_nan(picture):
    channels = [(c - c.min()) / (c.max() - c.min()) for c in picture.double()]
    return torch.stack(channels).nan_to_num()


def instance_norm_by_torch(x):
    return F.instance_norm(x)


def instance_norm_by_group_norm(x):
    return nn.GroupNorm(x.shape[1], x.shape[1])(x)


def instance_norm_by_batch_norm(x):
    """Every channel of every picture as a channel of its own."""
    return F.batch_norm(x.reshape(1, -1, *x.shape[2:]), None, None, training=True).reshape(x.shape)


def instance_norm_with_loops(x):
    out = np.empty(x.shape)
    for b, c in np.ndindex(*x.shape[:2]):
        plane = x[b, c].double().numpy()
        out[b, c] = (plane - plane.mean()) / np.sqrt(plane.var() + 1e-5)
    return out


def undo_in_numpy(x, mean, std):
    pixels = x.numpy().transpose(1, 2, 0) * std.numpy() + mean.numpy()
    return np.clip(np.rint(255 * pixels), 0, 255).astype(np.uint8).transpose(2, 0, 1)


def undo_clipped_first(x, mean, std):
    pixels = torch.addcmul(mean.view(-1, 1, 1), x, std.view(-1, 1, 1)).clamp(0, 1)
    return (pixels * 255 + 0.5).byte()


UNUSUAL = {
    "04.standardize": [standardize_in_bytes, standardize_channels_last, standardize_by_multiplying],
    "04.running_statistics": [running_by_welford, running_in_two_passes],
    "04.minmax": [minmax_with_small_constant, minmax_in_numpy, minmax_without_nan],
    "04.instance_norm": [
        instance_norm_by_torch,
        instance_norm_by_group_norm,
        instance_norm_by_batch_norm,
        instance_norm_with_loops,
    ],
    "04.undo": [undo_in_numpy, undo_clipped_first],
}

# --- wrong answers: (exercise, answer, what the message says) --------------------------------------------


def standardize_by_its_own_numbers(picture, mean, std):
    x = picture.float()
    return (x - x.mean(dim=(1, 2), keepdim=True)) / (x.std(dim=(1, 2), keepdim=True) + 1e-8)


def running_as_many_do(batches):
    mean = sum(x.mean((0, 2, 3)) for x in batches) / len(batches)
    return mean, sum(x.std((0, 2, 3)) for x in batches) / len(batches)


def running_of_the_last_batch(batches):
    for x in batches:
        mean, deviation = x.mean((0, 2, 3)), x.std((0, 2, 3))
    return mean, deviation


def running_by_joining(batches):
    rows = torch.cat([x.movedim(1, 0).flatten(1) for x in batches], dim=1)
    return torch.stack([rows.mean(dim=1), rows.std(dim=1)])


def running_by_joining_in_numpy(batches):
    x = np.concatenate([x.numpy().swapaxes(0, 1).reshape(3, -1) for x in batches], axis=1)
    return x.mean(axis=1), x.std(axis=1)


def running_by_joining_lists(batches):
    x = [[v for batch in batches for v in batch[:, c].flatten().tolist()] for c in range(3)]
    return [np.mean(v) for v in x], [np.std(v) for v in x]


def undo_left_as_floats(x, mean, std):
    return (255 * (x * std[:, None, None] + mean[:, None, None])).clip(0, 255).round()


def running_by_cat(batches):
    x = torch.cat(batches)
    return x.mean((0, 2, 3)), x.std((0, 2, 3))


def minmax_with_clipping(picture):
    return (picture.float() / 128).clamp(0, 1)


def instance_norm_by_std(x):
    return (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True) + 1e-5)


def instance_norm_by_training_batch(x):
    return nn.BatchNorm2d(x.shape[1], affine=False)(x)


def instance_norm_of_layers(x):
    return F.layer_norm(x, x.shape[1:])


def undo_as_many_do(x, mean, std):
    return ((x * std[:, None, None] + mean[:, None, None]) * 255).to(torch.uint8)


def undo_in_numpy_bytes(x, mean, std):
    pixels = x.numpy() * std.numpy()[:, None, None] + mean.numpy()[:, None, None]
    return np.rint(pixels * 255).astype(np.int64).astype(np.uint8)


OTHERWISE_WRONG = [
    ("04.standardize", lambda p, m, s: (p.float() / 255 - m) / s, "meet the columns"),
    ("04.standardize", lambda p, m, s: (p / 255.0 - m.view(3, 1, 1)) * s.view(3, 1, 1), "You multiplied"),
    ("04.standardize", standardize_by_its_own_numbers, "The values differ"),
    ("04.standardize", lambda p, m, s: (p.flatten(1) / 255 - m[:, None]) / s[:, None], "has the shape [3, 9]"),
    ("04.running_statistics", running_as_many_do, "You averaged the batches' means"),
    ("04.running_statistics", running_of_the_last_batch, "The values differ"),
    ("04.running_statistics", running_by_joining, "you joined the batches"),
    ("04.running_statistics", running_by_joining_in_numpy, "you joined the batches"),
    ("04.running_statistics", running_by_joining_lists, "you joined the batches"),
    ("04.running_statistics", running_by_cat, "batches of larger and smaller pictures"),
    ("04.minmax", minmax_with_clipping, "The values differ"),
    ("04.minmax", lambda p: (p - p.min()) / (p.max() - p.min()), "for all three channels"),
    ("04.minmax", lambda p: p - p.amin((1, 2)), "stopped with an error"),
    ("04.instance_norm", instance_norm_by_std, "Two things differ"),
    ("04.instance_norm", instance_norm_by_training_batch, "This is batch normalization"),
    ("04.instance_norm", instance_norm_of_layers, "This is layer normalization"),
    ("04.instance_norm", lambda x: x - x.mean((2, 3), keepdim=True), "The values differ"),
    ("04.undo", undo_left_as_floats, "they are not bytes"),
    ("04.undo", lambda x, m, s: undo_left_as_floats(x, m, s).long(), "they are not bytes"),
    ("04.undo", undo_as_many_do, "You neither rounded nor clipped"),
    ("04.undo", undo_in_numpy_bytes, "You did not clip"),
    ("04.undo", lambda x, mean, std: x * std + mean, "stopped with an error"),
    ("04.undo", lambda x, mean, std: torch.zeros(x.shape), "The values differ"),
]
