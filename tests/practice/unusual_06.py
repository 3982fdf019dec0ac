"""Answers to lesson 6's exercises: right ones that do not look like the solution, and wrong ones in other words."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

# --- right answers ---------------------------------------------------------------------------------------


def cover_by_where(picture, top, left, size):
    _, h, w = picture.shape
    rows, columns = torch.arange(h)[:, None], torch.arange(w)
    inside = (rows >= top) & (rows < top + size) & (columns >= left) & (columns < left + size)
    return torch.where(inside, picture.float().mean((1, 2)).round()[:, None, None].byte(), picture)


def cover_in_numpy(picture, top, left, size):
    out = picture.numpy().copy()
    colour = np.floor(out.mean(axis=(1, 2)) + 0.5)
    for r in range(max(0, top), min(out.shape[1], top + size)):
        for c in range(max(0, left), min(out.shape[2], left + size)):
            out[:, r, c] = colour
    return out


def cam_by_einsum(maps, gradients):
    return F.relu(torch.einsum("c,chw->hw", gradients.mean((1, 2)), maps))


def cam_with_a_loop(maps, gradients):
    heat = np.zeros(maps.shape[1:])
    for a, g in zip(maps.numpy(), gradients.numpy(), strict=True):
        heat += g.mean() * a
    return np.maximum(heat, 0)


def integrated_in_numpy(gradient, x, baseline, steps):
    shares = np.linspace(0, 1, steps, endpoint=False) + 0.5 / steps
    points = [gradient(torch.lerp(baseline, x, float(share))).numpy() for share in shares]
    return (x - baseline).numpy() * np.mean(points, axis=0)


def integrated_step_by_step(gradient, x, baseline, steps):
    """Walks: each step is worth its own length times the gradient in its middle."""
    step = (x - baseline) / steps
    here, heat = baseline + step / 2, 0
    for _ in range(steps):
        heat = heat + step * gradient(here)
        here = here + step
    return heat


def energy_by_product(heatmap, mask):
    heat = heatmap.relu()
    return (heat * mask).sum() / (heat.sum() + 1e-12)


def energy_in_plain_python(heatmap, mask):
    pairs = [(h, m) for h, m in zip(heatmap.flatten().tolist(), mask.flatten().tolist(), strict=True) if h > 0]
    return sum(h for h, m in pairs if m) / sum(h for h, _ in pairs) if pairs else 0


def shuffle_by_unfold(picture, size, order):
    columns = F.unfold(picture[None].float(), size, stride=size)
    return F.fold(columns[..., order], picture.shape[1:], size, stride=size)[0]


def shuffle_in_numpy(picture, size, order):
    x = picture.numpy()
    h, w = x.shape[1] // size, x.shape[2] // size
    patches = [p for row in np.split(x, h, axis=1) for p in np.split(row, w, axis=2)]
    chosen = [patches[k] for k in order.tolist()]
    return np.block([[chosen[r * w + c] for c in range(w)] for r in range(h)])


UNUSUAL = {
    "06.cover": [cover_by_where, cover_in_numpy],
    "06.grad_cam": [cam_by_einsum, cam_with_a_loop],
    "06.integrated_gradients": [integrated_in_numpy, integrated_step_by_step],
    "06.energy_inside": [energy_by_product, energy_in_plain_python],
    "06.shuffle_patches": [shuffle_by_unfold, shuffle_in_numpy],
}

# --- wrong answers: (exercise, answer, what the message says) --------------------------------------------


def cover_in_place_as_many_do(picture, top, left, size):
    colour = picture.float().mean((1, 2)).round().byte()
    covered = picture
    covered[:, max(top, 0) : top + size, max(left, 0) : left + size] = colour[:, None, None]
    return covered


def cover_in_floats(picture, top, left, size):
    return cover_by_where(picture, top, left, size).float()


def cover_with_the_end_below_0(picture, top, left, size):
    covered = picture.clone()
    colour = picture.float().mean((1, 2)).round().byte()[:, None, None]
    covered[:, max(top, 0) : top + size, max(left, 0) : left + size] = colour
    return covered


def cover_with_zeros(picture, top, left, size):
    covered = picture.clone()
    covered[:, max(top, 0) : top + size, max(left, 0) : left + size] = 0
    return covered


def integrated_all_at_once(gradient, x, baseline, steps):
    shares = (torch.arange(steps) + 0.5) / steps
    return (x - baseline) * gradient(baseline + shares[:, None, None] * (x - baseline)).mean(0)


def shuffle_with_rows_for_columns(picture, size, order):
    out, n = torch.zeros_like(picture), picture.shape[1] // size
    for k, j in enumerate(order.tolist()):
        (a, b), (c, d) = divmod(k, n), divmod(j, n)
        patch = picture[:, c * size : (c + 1) * size, d * size : (d + 1) * size]
        out[:, a * size : (a + 1) * size, b * size : (b + 1) * size] = patch
    return out


OTHERWISE_WRONG = [
    ("06.cover", cover_in_place_as_many_do, "painted it into the picture that you were given"),
    ("06.cover", cover_in_floats, "they are not bytes"),
    ("06.cover", cover_with_the_end_below_0, "their end is not"),
    ("06.cover", lambda p, t, x, s: p, "the copy: [[["),
    ("06.cover", cover_with_zeros, "the copy: [[["),
    ("06.cover", lambda p, t, x, s: p[:, t : t + s, x : x + s], "the copy: [[["),
    ("06.grad_cam", lambda a, g: a * g.mean((1, 2)), "stopped with an error"),
    ("06.grad_cam", lambda a, g: (a * g.mean((1, 2), keepdim=True)).relu(), "has the shape [3, 2, 4]"),
    ("06.grad_cam", lambda a, g: (g.mean(0) * a).sum(0).relu(), "The values differ"),
    ("06.integrated_gradients", integrated_all_at_once, "it takes one x at a time"),
    ("06.integrated_gradients", lambda g, x, b, n: x * g(x), "The values differ"),
    ("06.integrated_gradients", lambda g, x, b, n: g(x) * x - g(x) * b, "gradient at x only"),
    ("06.energy_inside", lambda h, m: h.clamp(min=0)[m].sum(), "The values differ"),
    ("06.energy_inside", lambda h, m: (h.relu() * m).sum() / h.relu().sum(), "you divide 0 by 0"),
    ("06.shuffle_patches", shuffle_with_rows_for_columns, "stopped with an error"),
    ("06.shuffle_patches", lambda p, s, o: p.reshape(3, -1, s, s)[:, o], "has the shape [3, 6, 2, 2]"),
]
