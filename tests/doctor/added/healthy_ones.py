"""Healthy set-ups that look like the mistakes which were looked for more closely."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from tests.doctor import data
from tests.doctor.added.loops import flat, glyphs, patient
from tests.doctor.case import Patient, healthy


@healthy(kind="loop")
def sharpness_aware_steps():
    """SAM: the weights move up the slope and back before the real step."""
    x, y = glyphs()
    model = flat()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        with torch.no_grad():
            grads = [w.grad.clone() for w in model.parameters()]
            norm = torch.stack([g.norm() for g in grads]).norm() + 1e-12
            for w, g in zip(model.parameters(), grads, strict=True):
                w.add_(0.05 * g / norm)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        with torch.no_grad():
            for w, g in zip(model.parameters(), grads, strict=True):
                w.sub_(0.05 * g / norm)
        optimizer.step()

    return patient(model, x, y, step, optimizer)


@healthy(kind="loop")
def weights_clamped_behind_each_step():
    """Weights are kept within ±0.5, and the last layer's rows within a norm of 2."""
    x, y = glyphs()
    model = flat()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            for w in model.parameters():
                w.clamp_(-0.5, 0.5)
            model[4].weight.copy_(torch.renorm(model[4].weight, 2, 0, 2.0))

    return patient(model, x, y, step, optimizer)


@healthy(kind="loop")
def harmless_flips_in_the_step():
    """Hues do not change when a picture is mirrored or turned."""
    x, y = data.paints(300, k=3, size=16)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float().div(255).sub(0.4).div(0.25), torch.tensor(y)
    model = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

    def step(x, y):
        x = torch.stack([torch.rot90(im, int(torch.randint(4, ())), (1, 2)) for im in x])
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer, epochs=12)


@healthy(kind="loop")
def teacher_of_averages():
    """Mean teacher: a copy follows the weights, and its answers are part of the loss."""
    x, y = glyphs()
    model = flat()
    teacher = copy.deepcopy(model).requires_grad_(False)
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def step(x, y):
        optimizer.zero_grad()
        z = model(x)
        loss = F.cross_entropy(z, y) + 0.1 * F.mse_loss(z.softmax(1), teacher(x).softmax(1))
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for a, b in zip(teacher.parameters(), model.parameters(), strict=True):
                a.lerp_(b, 0.05)

    return patient(model, x, y, step, optimizer)


@healthy(kind="loop")
def scaler_and_clipping():
    """GradScaler, unscale_, clip_grad_norm_, step, update; bfloat16 on a processor."""
    x, y = glyphs()
    model = flat()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, weight_decay=0.05)
    scaler = torch.amp.GradScaler("cpu")

    def step(x, y):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        scaler.step(optimizer)
        scaler.update()

    return patient(model, x, y, step, optimizer)


@healthy(kind="loop")
def smoothed_loss_with_a_learned_temperature():
    """CLIP's temperature is a parameter of its own, and labels are smoothed."""
    x, y = glyphs(400)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.scale = flat(32), nn.Parameter(torch.tensor(2.0))
            self.prototypes = nn.Parameter(torch.randn(4, 32))

        def forward(self, x):
            return self.scale.exp() * F.normalize(self.body(x)) @ F.normalize(self.prototypes).T

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y, label_smoothing=0.1).backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer, epochs=15)


@healthy(kind="loop")
def polynomial_rate_by_hand():
    """As in the paper: base · (1 − i / all)^0.9, set in each step."""
    x, y = glyphs()
    model = flat()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)
    state = {"i": 0}

    def step(x, y):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * (1 - min(state["i"], 149) / 150) ** 0.9
        state["i"] += 1
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer)


@healthy(kind="loader")
def thin_sketches_of_zeros_and_ones():
    """Drawings: 4 % ink, everything else 0."""
    x, y = data.shapes(360, k=3, size=28, noise=0)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float(), torch.tensor(y)
    x = ((x[:, :1] - x[:, :1].roll(1, -1)).abs() > 20).float()
    model = nn.Sequential(
        nn.Conv2d(1, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 3),
    )  # fmt: skip
    loader = DataLoader(TensorDataset(x[:270], y[:270]), batch_size=20, shuffle=True)
    adam = torch.optim.Adam(model.parameters(), 3e-3)
    return Patient(model, loader, F.cross_entropy, adam, val_batches=[(x[270:], y[270:])], epochs=15)


class Stream(IterableDataset):
    """Dicts without an end."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __iter__(self):
        while True:
            i = int(torch.randint(len(self.x), ()))
            yield {"pixel_values": self.x[i], "labels": self.y[i]}


@healthy(kind="loop")
def endless_dicts():
    """An IterableDataset that never ends, of dicts, as Hugging Face's loaders give them; step(batch)."""
    x, y = glyphs(400)
    model = flat()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    loader = DataLoader(Stream(x[:320], y[:320]), batch_size=20)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    def fit():
        for batch, _ in zip(loader, range(160), strict=False):
            step(batch["pixel_values"], batch["labels"])

    return Patient(model, loader, None, optimizer, None, [(x[320:], y[320:])], step, fit=fit)


@healthy(kind="loop")
def group_norm_and_batches_of_two():
    """Large pictures, two in a batch, gradients gathered over eight; GroupNorm."""
    x, y = glyphs(320)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3), nn.GroupNorm(3, 12), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(588, 4)
    )
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    count = {"i": 0}

    def step(x, y):
        (F.cross_entropy(model(x), y) / 8).backward()
        count["i"] += 1
        if count["i"] % 8 == 0:
            optimizer.step()
            optimizer.zero_grad()

    return patient(model, x, y, step, optimizer, batch=2)
