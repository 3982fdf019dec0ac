"""Set-ups that learn, of shapes that may look suspicious."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

from tests.doctor import data
from tests.doctor.case import Patient, healthy
from tests.doctor.fourth.loops import halves, small_net, unit
from tests.doctor.third import pictures


@healthy(kind="loop")
def a_student_and_its_teacher():
    """Distillation: half of the loss is kl_div to a teacher that was trained before."""
    train, val = halves(*pictures.letters(480, k=5, moved=1))
    teacher, student = small_net(1, 5, width=24), small_net(1, 5, width=12)
    first = optim.Adam(teacher.parameters(), lr=4e-3)
    for _ in range(6):
        for x, y in train:
            first.zero_grad()
            F.cross_entropy(teacher(x), y).backward()
            first.step()
    teacher.eval().requires_grad_(False)
    optimizer = optim.Adam(student.parameters(), lr=4e-3)

    def step(x, y):
        z, t = student(x), 3.0
        soft = F.kl_div(F.log_softmax(z / t, 1), F.softmax(teacher(x) / t, 1), reduction="batchmean") * t * t
        loss = 0.5 * soft + 0.5 * F.cross_entropy(z, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return Patient(student, train, None, optimizer, val_batches=val, step=step, epochs=10)


@healthy(kind="loop")
def accumulated_clipped_and_one_cycle():
    """Gradients of two batches, clipped at 0.5, and OneCycleLR stepped with the optimizer."""
    train, val = halves(*pictures.clocks(480, k=4), batch_size=10)
    net = small_net(1, 4)
    optimizer = optim.AdamW(net.parameters(), lr=1e-3, weight_decay=0.01)
    epochs = 10
    cycle = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=8e-3, total_steps=epochs * len(train) // 2 + 2)
    seen = [0]

    def step(x, y):
        net.train()
        (F.cross_entropy(net(x), y) / 2).backward()
        seen[0] += 1
        if seen[0] % 2 == 0:
            nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            optimizer.step()
            cycle.step()
            optimizer.zero_grad(set_to_none=True)

    return Patient(net, train, None, optimizer, cycle, val, step, epochs=epochs)


@healthy(kind="loop")
def two_passes_that_shall_agree():
    """R-Drop: two passes with dropout, and a term that brings them together."""
    train, val = halves(*pictures.faces(420, size=20))
    body = small_net(3, 2, width=20)
    net = nn.Sequential(*body[:-1], nn.Dropout(0.3), body[-1])
    optimizer = optim.Adam(net.parameters(), lr=3e-3)

    def step(x, y):
        net.train()
        a, b = net(x), net(x)
        together = F.kl_div(a.log_softmax(1), b.softmax(1), reduction="batchmean")
        loss = (F.cross_entropy(a, y) + F.cross_entropy(b, y)) / 2 + 0.5 * together
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return Patient(net, train, None, optimizer, val_batches=val, step=step, epochs=14)


@healthy(kind="loader")
def rare_ones_drawn_more_often():
    """One class ten times as frequent; WeightedRandomSampler with a weight for each picture."""
    x, y = pictures.tiles(900, k=3, size=20)
    keep = (y == 0) | (np.arange(900) % 10 == 0)
    x, y = x[keep], y[keep]
    x, y = unit(x), torch.from_numpy(y)
    cut = len(y) - 70
    weights = (1.0 / torch.bincount(y[:cut]).double())[y[:cut]]
    loader = DataLoader(
        TensorDataset(x[:cut], y[:cut]), batch_size=20, sampler=WeightedRandomSampler(weights, num_samples=cut)
    )
    net = small_net(3, 3)
    return Patient(net, loader, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), 3e-3),
                   val_batches=[(x[cut:], y[cut:])], epochs=6)  # fmt: skip


class Uncertain(nn.Module):
    """A little dropout that goes on for ever, so that several passes say how sure it is."""

    def __init__(self, k):
        super().__init__()
        self.body, self.head = small_net(1, k, width=20)[:-1], nn.Linear(160, k)

    def forward(self, x):
        return self.head(F.dropout(self.body(x), 0.15))


@healthy(kind="loader")
def monte_carlo_dropout_on_purpose():
    """Dropout of 0.15 in eval mode too, after Gal and Ghahramani."""
    train, val = halves(*pictures.letters(480, k=5, moved=1))
    net = Uncertain(5)
    return Patient(net, train, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), 3e-3), val_batches=val, epochs=12)


@healthy(kind="loader")
def ten_pictures_a_class():
    """Thirty pictures to learn from, drawn again and again with replacement."""
    x, y = data.paints(110, k=3, size=16)
    x, y = unit(x), torch.from_numpy(y)
    few = TensorDataset(x[:30], y[:30])
    sampler = torch.utils.data.RandomSampler(few, replacement=True, num_samples=400)
    net = small_net(3, 3)
    loader = DataLoader(few, batch_size=20, sampler=sampler)
    return Patient(net, loader, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), 3e-3),
                   val_batches=[(x[30:], y[30:])], epochs=4)  # fmt: skip


@healthy(kind="loop")
def an_average_of_the_weights_beside_it():
    """EMA: a copy follows the weights slowly and is what is judged in the end."""
    train, val = halves(*pictures.tiles(400, k=4))
    net = small_net(3, 4)
    average = copy.deepcopy(net).requires_grad_(False)
    optimizer = optim.Adam(net.parameters(), lr=3e-3)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimizer.step()
        with torch.no_grad():
            for slow, quick in zip(average.parameters(), net.parameters(), strict=True):
                slow.lerp_(quick, 0.1)

    def evaluate():
        x, y = val[0]
        return (average(x).argmax(1) == y).float().mean()

    return Patient(net, train, None, optimizer, val_batches=val, step=step, evaluate=evaluate, epochs=8)
