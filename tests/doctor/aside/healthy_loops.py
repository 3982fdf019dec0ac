"""Loops with nothing wrong in them, though each does something that looks odd at first."""

import copy

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.doctor import data
from tests.doctor.aside import pictures
from tests.doctor.case import Patient, accuracy, healthy


@healthy(kind="loop")
def accumulated_over_four():
    """Small batches, four of which make one step; a slow copy of the weights is kept for validation."""
    x, y = pictures.handwriting(1000, scale=2)
    x, y = torch.tensor(x).unsqueeze(1).float() / 255.0, torch.tensor(y)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.GroupNorm(4, 16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.GroupNorm(4, 32),
        nn.ReLU(), nn.Flatten(), nn.Linear(32 * 25, 10),
    )  # fmt: skip
    ema = copy.deepcopy(net).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3)
    accum_iter, seen = 4, 0

    def step(inputs, labels):
        nonlocal seen
        net.train()
        loss = F.cross_entropy(net(inputs), labels) / accum_iter
        loss.backward()
        seen += 1
        if seen % accum_iter == 0:
            nn.utils.clip_grad_norm_(net.parameters(), 5.0)
            optimizer.step()
            optimizer.zero_grad()
            for slow, fast in zip(ema.parameters(), net.parameters(), strict=True):
                slow.lerp_(fast.detach(), 0.1)
        return loss.item() * accum_iter

    loader = DataLoader(TensorDataset(x[:800], y[:800]), batch_size=8, shuffle=True)
    val = [(x[800:], y[800:])]
    return Patient(net, loader, F.cross_entropy, optimizer, None, val, step, lambda: accuracy(ema, val), epochs=5)


@healthy(kind="loop")
def linear_warm_up():
    """The rate climbs from nothing over 60 batches, so the first steps barely move a weight; float64 throughout."""
    x, y = data.shapes(400, k=4, size=24)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).double() / 255, torch.tensor(y)

    class Mixer(nn.Module):
        """One mixer layer on patches."""

        def __init__(self, dim=48, tokens=16, k=4):
            super().__init__()
            self.patches = nn.Conv2d(3, dim, 6, 6)
            self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
            self.across = nn.Sequential(nn.Linear(tokens, 64), nn.GELU(), nn.Linear(64, tokens))
            self.within = nn.Sequential(nn.Linear(dim, 96), nn.GELU(), nn.Linear(96, dim))
            self.head = nn.Linear(dim * tokens, k)

        def forward(self, x):
            x = self.patches(x).flatten(2).transpose(1, 2)
            x = x + self.across(self.norm1(x).transpose(1, 2)).transpose(1, 2)
            x = x + self.within(self.norm2(x))
            return self.head(x.flatten(1))

    model = Mixer().double()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    warm_up = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda it: min(1.0, (it + 1) / 60))

    def train_step(images, targets):
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(images), targets)
        loss.backward()
        optimizer.step()
        warm_up.step()  # per iteration, as it should be

    train = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True)
    return Patient(model, train, None, optimizer, warm_up, [(x[320:], y[320:])], train_step, epochs=15)
