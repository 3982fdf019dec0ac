"""Right answers in many styles: loops, numpy, 16 and 64 bits, fractions, views, lists. All are to be accepted."""

from __future__ import annotations

import bisect
import cmath
import colorsys
import itertools
import math
import statistics
from collections import Counter, defaultdict
from decimal import Decimal
from fractions import Fraction

import numpy as np
import torch
from torch import nn
from torch.func import functional_call, grad_and_value
from torch.nn import functional as F

RIGHT: dict[str, list] = defaultdict(list)


def right(key: str):
    """Note the function below as a right answer to exercise `key`."""

    def note(answer):
        RIGHT[key].append(answer)
        return answer

    return note


# --- lesson 1 --------------------------------------------------------------------------------------------


def _hue(r, g, b, number):
    high, low = max(r, g, b), min(r, g, b)
    if high == low:
        return number(0)
    start, difference = (0, g - b) if high == r else (120, b - r) if high == g else (240, r - g)
    return (start + 60 * difference / (high - low)) % 360


@right("01.hue")
def hue_in_fractions(rgb):
    return _hue(*map(Fraction, rgb.tolist()), Fraction)


@right("01.hue")
def hue_in_decimals(rgb):
    degrees = _hue(*map(Decimal, rgb.tolist()), Decimal)
    return degrees + 360 if degrees < 0 else degrees  # Decimal's % keeps the sign


RIGHT["01.hue"] += [
    lambda rgb: _hue(*rgb.half(), float),
    lambda rgb: _hue(*rgb.double(), float),
    lambda rgb: _hue(*rgb.numpy(), np.float32),
    lambda rgb: torch.tensor([colorsys.rgb_to_hsv(*rgb.tolist())[0]]) * 360,
]


@right("01.nearest_row")
def undo_by_dot_products(picture, table):
    """|a − b|² = |a|² − 2ab + |b|², and |a|² is the same for all colours."""
    a, b = picture.permute(1, 2, 0).double(), table.double()
    return (b.square().sum(1) - 2 * a @ b.T).argmin(-1)


@right("01.nearest_row")
def undo_pixel_by_pixel(picture, table):
    out = torch.zeros(picture.shape[1:], dtype=torch.int32)
    for i, j in np.ndindex(*out.shape):
        out[i, j] = min(range(len(table)), key=lambda k: sum((picture[:, i, j].int() - table[k].int()) ** 2))
    return out


@right("01.nearest_row")
def undo_colour_by_colour(picture, table):
    best = torch.full(picture.shape[1:], 10**9)
    rows = torch.zeros(picture.shape[1:], dtype=torch.uint8)
    for k, colour in enumerate(table.int()):
        distance = ((picture.int() - colour[:, None, None]) ** 2).sum(0)
        rows = torch.where(distance < best, torch.tensor(k, dtype=torch.uint8), rows)
        best = torch.minimum(distance, best)
    return rows.numpy()


@right("01.d_prime")
def d_prime_in_statistics(a, b):
    a, b = a.tolist(), b.tolist()
    spread = math.sqrt((statistics.variance(a) + statistics.variance(b)) / 2)
    return abs(statistics.fmean(a) - statistics.fmean(b)) / spread


@right("01.d_prime")
def d_prime_in_a_loop(a, b):
    def both(x):
        mean = sum(x) / len(x)
        return mean, sum((v - mean) ** 2 for v in x) / (len(x) - 1)

    (m, v), (n, w) = both(a.tolist()), both(b.tolist())
    return Fraction(abs(m - n)) / Fraction(math.sqrt((v + w) / 2))


RIGHT["01.d_prime"] += [
    lambda a, b: (a.double().mean() - b.double().mean()).abs() / (a.double().var() / 2 + b.double().var() / 2) ** 0.5,
    lambda a, b: (a.half().mean() - b.half().mean()).abs() / ((a.half().var() + b.half().var()) / 2).sqrt(),
    lambda a, b: np.hypot(a.mean() - b.mean(), 0) / np.sqrt(np.mean([np.var(a.numpy()), np.var(b.numpy())])),
    lambda a, b: torch.dist(a.mean(), b.mean()).reshape(1, 1) / torch.stack([a.var(), b.var()]).mean() ** 0.5,
]
RIGHT["01.circular_mean"] += [
    lambda hues: torch.polar(torch.ones(len(hues)), hues.deg2rad()).mean().angle().rad2deg() % 360,
    lambda hues: np.angle(np.exp(1j * np.deg2rad(hues.double().numpy())).sum(), deg=True) % 360,
    lambda hues: math.degrees(cmath.phase(sum(cmath.exp(1j * math.radians(h)) for h in hues.tolist()))) % 360,
    lambda hues: (torch.atan2(*[f(hues.double() * math.pi / 180).sum() for f in (torch.sin, torch.cos)]) * 180 / math.pi
                  + 360) % 360,
    lambda hues: torch.atan2(hues.half().deg2rad().sin().mean(), hues.half().deg2rad().cos().mean()).rad2deg() % 360,
]  # fmt: skip


@right("01.normalise")
def normalise_in_a_loop(pictures):
    x = pictures.to(torch.float32)
    out = torch.empty_like(x)
    for c in range(3):
        plane = x[:, c]
        out[:, c] = (plane - plane.mean()) / (((plane - plane.mean()) ** 2).mean() ** 0.5)
    return out


@right("01.normalise")
def normalise_by_python_sums(pictures):
    channels = []
    for plane in pictures.unbind(1):
        values = plane.flatten().tolist()
        mean = sum(values) / len(values)
        deviation = (sum((v - mean) ** 2 for v in values) / (len(values) - 1)) ** 0.5
        channels.append((plane - mean) / deviation)
    return torch.stack(channels, 1)


RIGHT["01.normalise"] += [
    lambda p: torch.stack([(c - c.mean()) / c.std() for c in p.half().unbind(1)], 1),
    lambda p: F.instance_norm(p.float().transpose(0, 1)[None].flatten(3).flatten(2)).unflatten(2, (len(p), -1))[0]
    .transpose(0, 1).reshape(p.shape),
    lambda p: np.stack([(c - c.mean()) / c.std(ddof=1) for c in np.moveaxis(p.numpy().astype(np.float64), 1, 0)], 1),
]  # fmt: skip


@right("01.mend")
def mend_functionally(model, x, y, optimizer):
    def loss_of(weights):
        return F.cross_entropy(functional_call(model, weights, (x,)), y)

    named = dict(model.named_parameters())
    gradients, loss = grad_and_value(loss_of)({k: v.detach() for k, v in named.items()})
    for name, weight in named.items():
        weight.grad = gradients[name]
    optimizer.step()
    return loss


@right("01.mend")
def mend_by_autograd(model, x, y, optimizer):
    loss = F.cross_entropy(model(x), y)
    weights = list(model.parameters())
    for weight, gradient in zip(weights, torch.autograd.grad(loss, weights), strict=True):
        weight.grad = gradient
    optimizer.step()
    return loss


@right("01.mend")
def mend_with_a_closure(model, x, y, optimizer):
    def closure():
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        return loss

    return optimizer.step(closure)


@right("01.mend")
def mend_by_hand(model, x, y, optimizer):
    for weight in model.parameters():
        weight.grad = None
    logits = model.train()(x)
    loss = (torch.logsumexp(logits, 1) - logits[torch.arange(len(y)), y]).mean()
    loss.backward()
    optimizer.step()
    return float(loss)


# --- lesson 2 --------------------------------------------------------------------------------------------

RIGHT["02.output_size"] += [
    lambda n, k, s, p: Fraction(n + 2 * p - k, s).__floor__() + 1,
    lambda n, k, s, p: math.floor((n + 2 * p - k) / s + 1),
    lambda n, k, s, p: np.int64((n + 2 * p - k) // s + 1),
    lambda n, k, s, p: torch.zeros(n + 2 * p).unfold(0, k, s).shape[0],
    lambda n, k, s, p: sum(1 for _ in range(k, n + 2 * p + 1, s)),
    lambda n, k, s, p: Decimal((n + 2 * p - k) // s) + 1,
]
RIGHT["02.weights_of_pair"] += [
    lambda k, t, c: torch.zeros(c, c, k, t).numel() + torch.zeros(c, c, t, k).numel(),
    lambda k, t, c: sum(1 for _ in itertools.product(range(2), range(k), range(t), range(c), range(c))),
    lambda k, t, c: Fraction(2 * k * t) * c**2,
    lambda k, t, c: np.float32(2 * k * t * c * c),
    lambda k, t, c: torch.tensor([k * t * c * c, t * k * c * c]).sum(),
]


@right("02.split_kernel")
def split_by_gradient_descent(kernel):
    column, row = torch.ones(kernel.shape[0]), kernel.abs().sum(0)
    column, row = (column + 0.1 * torch.arange(len(column))).requires_grad_(), (row + 0.1).requires_grad_()
    optimizer = torch.optim.LBFGS([column, row], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = (kernel - torch.outer(column, row)).square().sum()
        loss.backward()
        return loss

    optimizer.step(closure)
    return column, row


@right("02.split_kernel")
def split_by_power_iteration(kernel):
    row = kernel[kernel.norm(dim=1).argmax()].double()
    for _ in range(200):
        column = kernel.double() @ row
        row = kernel.double().T @ column
        row = row / row.norm()
    return (kernel.double() @ row).numpy(), row.numpy()


@right("02.split_kernel")
def split_into_lists_of_numpy(kernel):
    u, s, vh = np.linalg.svd(kernel.numpy().astype(np.float64))
    return [float(v) for v in 5 * s[0] * u[:, 0]], [Fraction(float(v)) / 5 for v in vh[0]]


@right("02.split_kernel")
def split_rounded_to_16_bits(kernel):
    u, s, vh = torch.linalg.svd(kernel)
    return (s[0].sqrt() * u[:, 0]).half(), (s[0].sqrt() * vh[0]).half()


RIGHT["02.receptive_field"] += [
    lambda layers: 1 + sum((k - 1) * math.prod(s for _, s in layers[:i]) for i, (k, _) in enumerate(layers)),
    lambda layers: torch.tensor(1 + sum((k - 1) * int(np.prod([s for _, s in layers[:i]])) for i, (k, _) in
                                        enumerate(layers))),
    lambda layers: _seen_by_recursion(list(layers)),
    lambda layers: Fraction(_seen_by_recursion(list(layers))),
]  # fmt: skip


def _seen_by_recursion(layers):
    return (_seen_by_recursion(layers[1:]) - 1) * layers[0][1] + layers[0][0] if layers else 1


RIGHT["02.macs"] += [
    lambda h, w, i, o, kh, kw: math.prod([h - kh + 1, w - kw + 1, kh, kw, i, o]),
    lambda h, w, i, o, kh, kw: sum(kh * kw * i * o for _ in range(kh, h + 1) for _ in range(kw, w + 1)),
    lambda h, w, i, o, kh, kw: F.unfold(torch.zeros(1, i, h, w), (kh, kw)).numel() * o,
    lambda h, w, i, o, kh, kw: np.prod([h - kh + 1, w - kw + 1, kh, kw, i, o], dtype=np.float64),
]

# --- lesson 3 --------------------------------------------------------------------------------------------

RIGHT["03.recall"] += [
    lambda c: [Fraction(int(row[k]), max(int(row.sum()), 1)) for k, row in enumerate(c)],
    lambda c: (c.diagonal() / c.sum(1)).nan_to_num(),
    lambda c: c.half().diagonal() / c.half().sum(1).clamp(min=1),
    lambda c: F.normalize(c.double(), p=1, dim=1).diagonal(),
    lambda c: np.nan_to_num(np.divide(np.diag(c), c.sum(1), where=c.numpy().sum(1) > 0, out=np.zeros(len(c)))),
    lambda c: [Decimal(int(c[k, k])) / max(1, int(c[k].sum())) for k in range(len(c))],
]
RIGHT["03.statistics"] += [
    lambda p: torch.std_mean(p.float() / 255, dim=(0, 2, 3))[::-1],
    lambda p: (p.half().div(255).mean((0, 2, 3)), p.half().div(255).std((0, 2, 3))),
    lambda p: [f(p.transpose(0, 1).flatten(1).double() / 255, dim=1) for f in (torch.mean, torch.std)],
    lambda p: np.array([[f(p[:, c].numpy()) / 255 for c in range(3)] for f in (np.mean, np.std)]),
    lambda p: list(zip(*[_mean_and_deviation(p[:, c].flatten().tolist()) for c in range(3)], strict=True)),
]


def _mean_and_deviation(values):
    mean = sum(values) / len(values)
    return mean / 255, math.sqrt(sum((v - mean) ** 2 for v in values) / len(values)) / 255


RIGHT["03.accuracy_at_two"] += [
    lambda s, y: Fraction(sum(int(y[i]) in s[i].argsort()[-2:].tolist() for i in range(len(y))), len(y)),
    lambda s, y: ((s > s.gather(1, y[:, None])).sum(1) <= 1).half().mean(),
    lambda s, y: np.mean(np.any(np.argpartition(-s.numpy(), 1, axis=1)[:, :2] == y.numpy()[:, None], axis=1)),
    lambda s, y: (s.argsort(1, descending=True).argsort(1)[range(len(y)), y] < 2).double().mean(),
]


@right("03.review")
def review_in_fractions(probabilities, labels, threshold):
    kept = [
        (p.argmax(), y) for p, y in zip(probabilities.numpy(), labels.tolist(), strict=True) if p.max() >= threshold
    ]
    hits = sum(int(a) == y for a, y in kept)
    return Fraction(len(kept), len(labels)), Fraction(hits, len(kept)) if kept else 0


RIGHT["03.review"] += [
    lambda p, y, t: ((k := p.amax(1) >= t).double().mean(), ((p.argmax(1) == y) & k).sum() / k.sum().clamp(min=1)),
    lambda p, y, t: ((k := p.half().amax(1) >= t).half().mean(), (p.argmax(1)[k] == y[k]).half().mean().nan_to_num()),
    lambda p, y, t: [(p.max(1).values >= t).float().mean(),
                     torch.tensor([float(a == b) for a, b, q in zip(p.argmax(1), y, p.amax(1), strict=True) if q >= t]
                                  or [0.0]).mean()],
]  # fmt: skip


@right("03.frozen")
def frozen_in_a_loop(model):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith("head")
    for name, module in model.named_modules():
        module.training = not name.startswith("backbone")


RIGHT["03.lost_to"] += [
    lambda hr, hs, fr, fs: (float((hs - fs) @ hr), float(fs @ (hr - fr))),
    lambda hr, hs, fr, fs: torch.stack([hs @ hr, fs @ hr]) - torch.stack([fs @ hr, fs @ fr]),
    lambda hr, hs, fr, fs: [
        math.fsum((a - b) * c for a, b, c in zip(hs.tolist(), fs.tolist(), hr.tolist(), strict=True)),
        math.fsum(b * (c - d) for b, c, d in zip(fs.tolist(), hr.tolist(), fr.tolist(), strict=True)),
    ],
]


@right("03.frozen")
def frozen_in_one_chain(model):
    model.backbone.eval().requires_grad_(False)
    model.head.train().requires_grad_()


@right("03.frozen")
def frozen_norms_by_momentum(model):
    """The backbone in inference mode, its averages pinned as well."""
    model.train()
    model.requires_grad_(True)
    for module in model.backbone.modules():
        module.eval()
        for parameter in module.parameters(recurse=False):
            parameter.requires_grad_(False)
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.0


# --- lesson 4 --------------------------------------------------------------------------------------------

RIGHT["04.standardize"] += [
    lambda p, m, s: (p.half() / 255 - m.half()[:, None, None]) / s.half()[:, None, None],
    lambda p, m, s: (p.double() / 255 - m.double()[:, None, None]) / s.double()[:, None, None],
    lambda p, m, s: torch.stack([(p[c] / 255.0 - m[c]) / s[c] for c in range(3)]),
    lambda p, m, s: ((p.permute(1, 2, 0) / 255 - m) / s).permute(2, 0, 1),
    lambda p, m, s: torch.einsum("chw,c->chw", p / 255, 1 / s) - (m / s)[:, None, None],
    lambda p, m, s: [[[(v / 255 - m[c].item()) / s[c].item() for v in row] for row in p[c].tolist()] for c in range(3)],
    lambda p, m, s: F.batch_norm(p[None] / 255, m, s**2, eps=0)[0],
]


@right("04.running_statistics")
def running_pixel_by_pixel(batches):
    n, total, squares = 0, np.zeros(3), np.zeros(3)
    for x in batches:
        for picture in x.numpy().astype(np.float64):
            n += picture[0].size
            total += picture.sum(axis=(1, 2))
            squares += (picture**2).sum(axis=(1, 2))
    return total / n, np.sqrt(squares / n - (total / n) ** 2)


@right("04.running_statistics")
def running_channel_by_channel(batches):
    means, deviations = [], []
    for c in range(3):
        n = sum(x[:, c].numel() for x in batches)
        mean = sum(x[:, c].double().sum() for x in batches) / n
        means.append(mean)
        deviations.append((sum((x[:, c] - mean).square().sum() for x in batches) / (n - 1)) ** 0.5)
    return means, deviations


@right("04.running_statistics")
def running_in_python_numbers(batches):
    n, total, squares = 0, [0.0] * 3, [0.0] * 3
    for x in batches:
        n += x.shape[0] * x.shape[2] * x.shape[3]
        for c in range(3):
            values = x[:, c].flatten().tolist()
            total[c] += sum(values)
            squares[c] += sum(v * v for v in values)
    return [t / n for t in total], [math.sqrt(q / n - (t / n) ** 2) for t, q in zip(total, squares, strict=True)]


@right("04.running_statistics")
def running_by_merged_variances(batches):
    n = torch.tensor([float(x[:, 0].numel()) for x in batches])
    means = torch.stack([x.mean((0, 2, 3)) for x in batches])
    variances = torch.stack([x.var((0, 2, 3), correction=0) for x in batches])
    mean = (n[:, None] * means).sum(0) / n.sum()
    return mean, ((n[:, None] * (variances + (means - mean) ** 2)).sum(0) / n.sum()).sqrt()


RIGHT["04.minmax"] += [
    lambda p: torch.stack([(c - c.min()) / max(int(c.max() - c.min()), 1) for c in p.int()]),
    lambda p: ((p - p.amin((1, 2), True)).half() / (p.amax((1, 2), True) - p.amin((1, 2), True)).clamp(min=1).half()),
    lambda p: [[[Fraction(int(v - c.min()), max(int(c.max() - c.min()), 1)) for v in row] for row in c] for c in p],
    lambda p: np.stack([np.interp(c, (c.min(), max(c.max(), c.min() + 1)), (0, 1)) for c in p.numpy().astype(int)]),
    lambda p: torch.stack([torch.zeros_like(c) if c.min() == c.max() else (c - c.min()) / (c.max() - c.min())
                           for c in p.double()]),
]  # fmt: skip
RIGHT["04.instance_norm"] += [
    lambda x: (x.double() - x.double().mean((2, 3), True)) / (x.double().var((2, 3), unbiased=False, keepdim=True)
                                                              + 1e-5) ** 0.5,
    lambda x: F.layer_norm(x, x.shape[2:]),
    lambda x: nn.InstanceNorm2d(x.shape[1])(x),
    lambda x: (x - (m := x.mean((2, 3), True))) * ((x * x).mean((2, 3), True) - m * m + 1e-5).rsqrt(),
    lambda x: np.stack([[(c - c.mean()) / np.sqrt(c.var() + 1e-5) for c in picture] for picture in x.numpy()]),
    lambda x: F.group_norm(x.flatten(0, 1)[None], x.shape[0] * x.shape[1]).view_as(x),
]  # fmt: skip
RIGHT["04.undo"] += [
    lambda x, m, s: ((x.half() * s.half()[:, None, None] + m.half()[:, None, None]) * 255).round().clamp(0, 255).byte(),
    lambda x, m, s: ((x.double() * s[:, None, None] + m[:, None, None]) * 255).add(0.5).floor().clamp(0, 255).byte(),
    lambda x, m, s: torch.stack([(x[c] * s[c] + m[c]).mul(255).round().clamp(0, 255) for c in range(3)]).byte(),
    lambda x, m, s: [[[min(max(round((v * s[c].item() + m[c].item()) * 255), 0), 255) for v in row]
                      for row in x[c].tolist()] for c in range(3)],
    lambda x, m, s: np.uint8(np.clip(np.around((x.numpy() * s.numpy()[:, None, None] + m.numpy()[:, None, None]) * 255),
                                     0, 255)),
]  # fmt: skip

# --- lesson 5 --------------------------------------------------------------------------------------------

RIGHT["05.energy"] += [
    lambda z, t: -t * np.logaddexp.reduce(z.double().numpy() / t, axis=1),
    lambda z, t: -(t * (z.double() / t).logsumexp(1)),
    lambda z, t: [-max(r) - t * math.log(sum(math.exp((v - max(r)) / t) for v in r)) for r in z.tolist()],
    lambda z, t: -z.amax(1) + t * (F.log_softmax(z / t, 1).amax(1)),
]
RIGHT["05.surprise"] += [
    lambda z: torch.log1p((z.double() - z.double().amax(1, True)).exp().sort(1).values[:, :-1].sum(1)),
    lambda z: [math.log1p(sum(math.exp(v - r[-1]) for v in r[:-1])) for r in (sorted(row) for row in z.tolist())],
    lambda z: np.log1p(np.exp((s := np.sort(z.numpy().astype(np.float64), 1))[:, :-1] - s[:, -1:]).sum(1)),
    lambda z: torch.stack([F.softplus((r := row.sort().values)[:-1].logsumexp(0) - r[-1]) for row in z.double()]),
]
RIGHT["05.auroc"] += [
    lambda a, b: Fraction(sum(2 * (v > u) + (v == u) for u in a.tolist() for v in b.tolist()), 2 * len(a) * len(b)),
    lambda a, b: np.heaviside(b.double().numpy()[:, None] - a.double().numpy(), 0.5).mean(),
    lambda a, b: sum(bisect.bisect_left(s, v) + bisect.bisect_right(s, v) for s in [sorted(a.tolist())]
                     for v in b.tolist()) / (2 * len(a) * len(b)),
    lambda a, b: ((b[:, None] > a).float() + 0.5 * (b[:, None] == a)).half().mean(),
    lambda a, b: 1 - ((a[:, None] > b).double().mean() + (a[:, None] == b).double().mean() / 2),
]  # fmt: skip


@right("05.threshold")
def threshold_by_counting(scores, rejected):
    """The smallest score that leaves few enough above it, the new one counted as above."""
    n = len(scores)
    fit = [v for v in scores.tolist() if (1 + sum(u > v for u in scores.tolist())) <= (n + 1) * rejected + 1e-9]
    return min(fit, default=math.inf)


@right("05.threshold")
def threshold_in_exact_fractions(scores, rejected):
    rank = math.ceil((len(scores) + 1) * (1 - Fraction(rejected)))
    ordered = sorted(map(Fraction, scores.tolist()))
    return ordered[rank - 1] if rank <= len(ordered) else float("inf")


RIGHT["05.threshold"] += [
    lambda s, r: s.kthvalue(k).values if (k := math.ceil((len(s) + 1) * (1 - r) - 1e-9)) <= len(s) else torch.inf,
    lambda s, r: np.sort(np.append(s.half().numpy(), np.float16(np.inf)))[math.ceil((len(s) + 1) * (1 - r) - 1e-9) - 1],
    lambda s, r: torch.cat([s, torch.tensor([math.inf])]).double().sort()[0][-1 - int((len(s) + 1) * r + 1e-9)],
]
RIGHT["05.none_targets"] += [
    lambda y, k: torch.cat([torch.eye(k), torch.zeros(1, k)])[y],
    lambda y, k: torch.zeros(len(y), k).scatter(1, y.clamp(min=0)[:, None], (y >= 0).float()[:, None]),
    lambda y, k: np.vstack([np.eye(k), np.zeros((1, k))]).astype(np.float16)[y.numpy()],
    lambda y, k: F.one_hot(y.clamp(min=0), k) * (y >= 0)[:, None].double(),
    lambda y, k: [[1.0 if j == label else 0.0 for j in range(k)] for label in y.tolist()],
    lambda y, k: torch.eye(k, dtype=torch.bfloat16)[y.clamp(min=0)] * (y >= 0)[:, None],
]
RIGHT["05.kth_nearest"] += [
    lambda a, x, k: torch.cdist(F.normalize(x.double()), F.normalize(a.double())).kthvalue(k, dim=1).values,
    lambda a, x, k: [sorted((F.normalize(a) - row / row.norm()).norm(dim=1).tolist())[k - 1] for row in x],
    lambda a, x, k: np.sqrt(np.sort(((_unit(x)[:, None] - _unit(a)) ** 2).sum(2), axis=1)[:, k - 1]),
    lambda a, x, k: torch.cdist(F.normalize(x), F.normalize(a)).topk(k, largest=False).values[:, -1].half(),
    lambda a, x, k: [sorted(math.dist(p, q) for p in _unit(a).tolist())[k - 1] for q in _unit(x).tolist()],
]


def _unit(x):
    x = x.double().numpy()
    return x / np.sqrt((x**2).sum(1, keepdims=True))


# --- lesson 6 --------------------------------------------------------------------------------------------


@right("06.cover")
def cover_pixel_by_pixel(picture, top, left, size):
    out = picture.tolist()
    for c, plane in enumerate(picture):
        colour = round(sum(plane.flatten().tolist()) / plane.numel())
        for i, j in np.ndindex(*plane.shape):
            if top <= i < top + size and left <= j < left + size:
                out[c][i][j] = colour
    return out


@right("06.cover")
def cover_by_padding(picture, top, left, size):
    """In a larger picture nothing stands out."""
    edge = abs(top) + abs(left) + size
    large = F.pad(picture.float(), (edge,) * 4)
    large[:, edge + top : edge + top + size, edge + left : edge + left + size] = (
        picture.float().mean((1, 2), True).round()
    )
    height, width = picture.shape[1:]
    return large[:, edge : edge + height, edge : edge + width].to(torch.uint8)


@right("06.cover")
def cover_in_numpy_with_a_mask(picture, top, left, size):
    x = picture.numpy()
    i, j = np.indices(x.shape[1:])
    inside = (i >= top) & (i < top + size) & (j >= left) & (j < left + size)
    return np.where(inside, np.rint(x.mean((1, 2)))[:, None, None].astype(np.uint8), x)


@right("06.cover")
def cover_in_16_bits(picture, top, left, size):
    out, colour = picture.clone(), picture.half().mean((1, 2)).round().byte()
    rows = [i for i in range(top, top + size) if 0 <= i < picture.shape[1]]
    columns = [j for j in range(left, left + size) if 0 <= j < picture.shape[2]]
    for i, j in itertools.product(rows, columns):
        out[:, i, j] = colour
    return out


RIGHT["06.grad_cam"] += [
    lambda a, g: torch.tensordot(g.mean((1, 2)), a, 1).clamp(min=0),
    lambda a, g: (g.double().mean((1, 2)) @ a.double().flatten(1)).relu().unflatten(0, a.shape[1:]),
    lambda a, g: np.maximum(0, np.tensordot(g.numpy().mean((1, 2)), a.numpy(), 1)),
    lambda a, g: sum(g[c].mean() * a[c] for c in range(len(a))).relu(),
    lambda a, g: (g.half().mean((1, 2), True) * a.half()).sum(0).relu(),
    lambda a, g: F.conv2d(a[None], g.mean((1, 2))[None, :, None, None])[0, 0].relu(),
]
RIGHT["06.integrated_gradients"] += [
    lambda g, x, b, n: (x - b) * torch.stack([g(b + (k + 0.5) / n * (x - b)) for k in range(n)]).mean(0),
    lambda g, x, b, n: sum((x - b) / n * g(x - (k + 0.5) / n * (x - b)) for k in range(n)),
    lambda g, x, b, n: (x.double() - b) * sum(g(b.double() + (2 * k + 1) / (2 * n) * (x - b)) for k in range(n)) / n,
    lambda g, x, b, n: np.mean([((x - b) * g((1 - t) * b + t * x)).numpy() for t in np.arange(1, 2 * n, 2) / (2 * n)],
                               axis=0),
]  # fmt: skip
RIGHT["06.integrated_gradients"] += [
    lambda g, x, b, n: (
        (x - b).half() * sum(g(torch.lerp(b.half(), x.half(), (k + 0.5) / n)).half() for k in range(n)) / n
    )
]
RIGHT["06.energy_inside"] += [
    lambda h, m: (h.relu() * m).sum() / h.relu().sum() if (h > 0).any() else 0,
    lambda h, m: np.float64(h[m & (h > 0)].sum()) / max(np.float64(h[h > 0].sum()), 1e-30),
    lambda h, m: (h.double().clamp(min=0)[m].sum() / h.double().clamp(min=0).sum()).nan_to_num(),
    lambda h, m: Fraction(float(h.relu()[m].sum())) / Fraction(float(h.relu().sum())) if h.max() > 0 else Fraction(0),
    lambda h, m: torch.where(m, h, 0).relu().sum() / h.relu().sum().clamp(min=1e-12),
]


@right("06.shuffle_patches")
def shuffle_by_reshaping(picture, size, order):
    rows, columns = picture.shape[1] // size, picture.shape[2] // size
    x = picture.reshape(3, rows, size, columns, size).permute(1, 3, 0, 2, 4).flatten(0, 1)[order]
    return x.unflatten(0, (rows, columns)).permute(2, 0, 3, 1, 4).reshape(picture.shape)


@right("06.shuffle_patches")
def shuffle_pixel_by_pixel(picture, size, order):
    out, columns = torch.empty_like(picture), picture.shape[2] // size
    for i, j in np.ndindex(*picture.shape[1:]):
        row, column = divmod(int(order[i // size * columns + j // size]), columns)
        out[:, i, j] = picture[:, row * size + i % size, column * size + j % size]
    return out


@right("06.shuffle_patches")
def shuffle_by_joining(picture, size, order):
    patches = [p for row in picture.split(size, 1) for p in row.split(size, 2)]
    columns = picture.shape[2] // size
    chosen = [patches[k] for k in order]
    rows = [torch.cat(chosen[k : k + columns], 2) for k in range(0, len(chosen), columns)]
    return torch.cat(rows, 1)


# --- lesson 7 --------------------------------------------------------------------------------------------


@right("07.balanced_accuracy")
def balanced_in_fractions(answers, labels):
    n = Counter(labels.tolist())
    hits = Counter(y for a, y in zip(answers.tolist(), labels.tolist(), strict=True) if a == y)
    return sum(Fraction(hits[k], n[k]) for k in n) / len(n)


RIGHT["07.balanced_accuracy"] += [
    lambda a, y: np.mean([np.mean(a.numpy()[y.numpy() == k] == k) for k in set(y.tolist())]),
    lambda a, y: sum((a[y == k] == k).half().mean() for k in y.unique()) / len(y.unique()),
    lambda a, y: ((a == y).double() / torch.bincount(y)[y]).sum() / len(set(y.tolist())),
    lambda a, y: statistics.mean(float((a[y == k] == k).float().mean()) for k in sorted(set(y.tolist()))),
]
RIGHT["07.effective_weights"] += [
    lambda n, b: (w := 1 / (1 - b ** n.double())) / w.mean(),
    lambda n, b: len(n) * F.normalize((1 - b) / (1 - torch.pow(b, n.float())), p=1, dim=0),
    lambda n, b: [float(w / sum(ws) * len(ws)) for ws in [[1 / (1 - Fraction(b) ** int(k)) for k in n.clamp(max=300)]]
                  for w in ws] if n.max() <= 300 else (w := 1 / (1 - np.float64(b) ** n.numpy())) / w.mean(),
    lambda n, b: (w := (1 - b) / -np.expm1(n.numpy() * np.log(max(b, 1e-300)))) * len(w) / w.sum(),
]  # fmt: skip
RIGHT["07.adjust"] += [
    lambda z, n: z.double() - torch.log(n.double() / n.sum()),
    lambda z, n: z + (n.sum() / n).log(),
    lambda z, n: z.half() - (n / n.sum()).log().half(),
    lambda z, n: [[v - math.log(c / sum(n.tolist())) for v, c in zip(r, n.tolist(), strict=True)] for r in z.tolist()],
    lambda z, n: z - n.float().log().log_softmax(0),
]
RIGHT["07.thresholds"] += [
    lambda p, y: torch.zeros(p.shape[1]).index_reduce(0, y, p[range(len(y)), y], "mean", include_self=False),
    lambda p, y: [np.mean([float(r[k]) for r, j in zip(p, y, strict=True) if j == k]) for k in range(p.shape[1])],
    lambda p, y: torch.stack([p.half()[y == k, k].mean() for k in range(p.shape[1])]),
    lambda p, y: [sum(map(Fraction, v)) / len(v) for v in (p[y == k, k].tolist() for k in range(p.shape[1]))],
    lambda p, y: ((y[:, None] == torch.arange(p.shape[1])).double() * p).sum(0) / torch.bincount(y),
]
RIGHT["07.least_cost"] += [
    lambda p, c: (p.double() @ c.double()).min(1).indices,
    lambda p, c: [min(range(len(c)), key=lambda j: sum(r[i] * c[i, j] for i in range(len(c)))) for r in p],
    lambda p, c: np.argsort(p.numpy() @ c.numpy(), axis=1)[:, 0].astype(np.uint8),
    lambda p, c: (p[:, :, None] * c).sum(1).argmin(1).float(),
    lambda p, c: torch.stack([(r @ c).argmin() for r in p]).int(),
]


# --- lesson 8 --------------------------------------------------------------------------------------------


@right("08.parted")
def parted_one_by_one(groups, part):
    return sum(len(set(part[groups == one].tolist())) > 1 for one in groups.unique())


RIGHT["08.parted"] += [
    lambda g, p: int(sum((p[g == k] != p[g == k][0]).any() for k in g.unique())),
    lambda g, p: len({a for a, b in zip(g.tolist(), p.tolist(), strict=True)
                      for c, d in zip(g.tolist(), p.tolist(), strict=True) if a == c and b != d}),
    lambda g, p: np.sum([np.ptp(p.numpy()[g.numpy() == k]) > 0 for k in np.unique(g.numpy())]),
]  # fmt: skip
