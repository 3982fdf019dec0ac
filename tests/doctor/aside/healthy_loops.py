"""Loops with nothing wrong in them, though each does something that looks odd at first."""

import copy
import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split
from torchvision import transforms

from tests.doctor import data
from tests.doctor.aside import pictures
from tests.doctor.aside.weights import pretrained
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
    optimizer = optim.AdamW(net.parameters(), lr=3e-3)
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
    optimizer = optim.Adam(model.parameters(), lr=2e-3)
    warm_up = optim.lr_scheduler.LambdaLR(optimizer, lambda it: min(1.0, (it + 1) / 60))

    def train_step(images, targets):
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(images), targets)
        loss.backward()
        optimizer.step()
        warm_up.step()  # per iteration, as it should be

    train = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True)
    return Patient(model, train, None, optimizer, warm_up, [(x[320:], y[320:])], train_step, epochs=15)


class FocalLoss(nn.Module):
    """Lin et al., 2017."""

    def __init__(self, alpha=None, gamma=2.0, reduction="mean"):
        super().__init__()
        self.alpha, self.gamma, self.reduction = alpha, gamma, reduction

    def forward(self, inputs, targets):
        ce_loss = F.cross_entropy(inputs, targets, weight=self.alpha, reduction="none")
        pt = torch.exp(-ce_loss)
        focal = (1 - pt) ** self.gamma * ce_loss
        return focal.mean() if self.reduction == "mean" else focal.sum()


@healthy(kind="loop")
def focal_loss_class():
    """A loss class of one's own, on three kinds, one of them rarer."""
    x, y = data.shapes(480, k=3, size=24)
    keep = (y != 2) | (np.random.rand(480) < 0.4)
    x, y = torch.tensor(x[keep]).movedim(3, 1).float() / 255, torch.tensor(y[keep])
    n = len(x) - 90
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.Flatten(), nn.Linear(800, 3),
    )  # fmt: skip
    opt = optim.SGD(model.parameters(), lr=0.02, momentum=0.9, weight_decay=5e-4)
    dl = DataLoader(TensorDataset(x[:n], y[:n]), batch_size=16, shuffle=True, drop_last=True)
    criterion = FocalLoss(gamma=2)
    history = {"loss": [], "acc": []}

    def train_step(images, labels):
        model.train()
        logits = model(images)
        loss = criterion(logits, labels)
        loss.backward()
        opt.step()
        opt.zero_grad()  # for the next batch
        history["loss"].append(loss.item())
        history["acc"].append((logits.argmax(1) == labels).float().mean().item())

    return Patient(model, dl, criterion, opt, None, [(x[n:], y[n:])], train_step, epochs=8)


@healthy(kind="loop")
def sigmoid_and_bce_loss():
    """Sigmoid and BCELoss, one column, labels as float."""
    x, y = pictures.surfaces(300, ("grass", "gravel"), size=28)
    x, y = torch.tensor(x).float().unsqueeze(1) / 255 - 0.5, torch.tensor(y).float().view(-1, 1)

    class Binary(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Conv2d(1, 16, 5, 2), nn.Conv2d(16, 16, 3, 2)
            self.head = nn.Linear(16, 1)

        def forward(self, x):
            x = F.relu(self.b(F.relu(self.a(x)))).mean((2, 3))
            return torch.sigmoid(self.head(x))

    model = Binary()
    val = DataLoader(TensorDataset(x[220:], y[220:]), batch_size=80)

    def evaluate():
        xv, yv = next(iter(val))
        with torch.no_grad():
            return ((model(xv) >= 0.5) == yv.bool()).float().mean()

    opt = optim.Adam(model.parameters(), lr=5e-3)
    train = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    criterion = nn.BCELoss()

    def training_step(inputs, labels):
        opt.zero_grad()
        outputs = model(inputs)
        loss = criterion(outputs, labels)
        loss.backward()
        opt.step()
        acc = ((outputs.detach() > 0.5).float() == labels).float().mean()
        return {"loss": loss.item(), "acc": acc.item()}

    return Patient(model, train, criterion, opt, None, val, training_step, evaluate, epochs=20)


@healthy(kind="loop")
def frozen_backbone_new_head():
    """All but `fc` is frozen, stays in eval mode, and its features are made without gradients."""
    tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.4] * 3, [0.25] * 3)])
    pre_x, pre_y = pictures.surfaces(400, ("temple", "flower", "coffee", "cat"), size=24)
    backbone = nn.Sequential(
        nn.Conv2d(3, 32, 5, 2), nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(2),
        nn.Flatten(),
    )  # fmt: skip
    pretrained(backbone, torch.stack([tf(i) for i in pre_x]), torch.tensor(pre_y), 4)
    for param in backbone.parameters():
        param.requires_grad = False

    class TransferModel(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone, self.fc = backbone, nn.Linear(256, 3)

        def forward(self, x):
            with torch.no_grad():
                features = self.backbone(x)
            return self.fc(features)

    model = TransferModel()
    x, y = pictures.knitted(300, k=3, size=24)
    dataset = [(tf(i), int(j)) for i, j in zip(x, y, strict=True)]
    train, val = random_split(dataset, [230, 70])
    optimizer = optim.SGD(model.fc.parameters(), lr=0.01, momentum=0.9)
    train_loader, val_loader = DataLoader(train, batch_size=10, shuffle=True), DataLoader(val, batch_size=35)

    def step(inputs, labels):
        model.train()
        model.backbone.eval()  # its BatchNorm keeps what it knows
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()

    return Patient(model, train_loader, F.cross_entropy, optimizer, None, val_loader, step, epochs=10)


@healthy(kind="loop")
def two_rates_for_two_parts():
    """The body a hundredth as fast as the head, by two optimizers and two schedulers."""
    pre_x, pre_y = pictures.flags(400, k=6, size=24)

    def tensor(a):
        return torch.tensor(a).permute(0, 3, 1, 2).float() / 127.5 - 1

    body = nn.Sequential(nn.Conv2d(3, 16, 4, 4), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten())
    pretrained(body, tensor(pre_x), torch.tensor(pre_y), 6, steps=80)

    class Transfer(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = body, nn.Linear(512, 3)

        def forward(self, x):
            return self.head(self.body(x))

    model = Transfer()
    opt_body = optim.Adam(model.body.parameters(), lr=5e-5)
    opt_head = optim.Adam(model.head.parameters(), lr=5e-3)
    x, y = pictures.flags(300, k=3, size=24, upright=True)
    train = DataLoader(TensorDataset(tensor(x[:220]), torch.tensor(y[:220])), batch_size=20, shuffle=True)
    val = [(tensor(x[220:]), torch.tensor(y[220:]))]

    def step(xb, yb):
        for opt in (opt_body, opt_head):
            opt.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        for opt in (opt_body, opt_head):
            opt.step()
        return loss.detach()

    return Patient(model, train, F.cross_entropy, opt_head, val_batches=val, step=step, epochs=8)


@healthy(kind="loop")
def rare_class_one_in_twenty():
    """Twenty healthy tiles to a sick one, one logit, `pos_weight`, and recall counts as much as specificity."""
    x, y = data.blobs(2000, k=2, size=20)
    keep = (y == 0) | (np.random.rand(2000) < 0.05)
    x, y = torch.tensor(x[keep]).float().unsqueeze(1).sub(80).div(60), torch.tensor(y[keep]).float()
    model = nn.Sequential(
        nn.Conv2d(1, 10, 3, 2), nn.ReLU(), nn.Conv2d(10, 20, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(320, 1),
        nn.Flatten(0),
    )  # fmt: skip
    n = len(x) - 300
    criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(20.0))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    def balanced_accuracy():
        with torch.no_grad():
            says = model(x[n:]) > 0
        true = y[n:] > 0
        return (says[true].float().mean() + (~says[~true]).float().mean()) / 2

    train = DataLoader(TensorDataset(x[:n], y[:n]), batch_size=32, shuffle=True)
    val = DataLoader(TensorDataset(x[n:], y[n:]), batch_size=100)
    scheduler = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=8 * len(train))

    def step(tiles, sick):
        optimizer.zero_grad()
        loss = criterion(model(tiles), sick)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()

    return Patient(model, train, criterion, optimizer, scheduler, val, step, balanced_accuracy, epochs=8)


@healthy(kind="loop")
def tanh_lenet():
    """LeNet-5 of 1998 with tanh and mean pooling, on 32 × 32, and the weights are moved by hand."""
    x, y = pictures.handwriting(900, scale=3, border=4)
    x, y = torch.tensor(x).float().unsqueeze(1).div(127.5).sub(1), torch.tensor(y)
    lenet = nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Conv2d(16, 60, 5), nn.Tanh(), nn.Flatten(), nn.Linear(60, 42), nn.Tanh(), nn.Linear(42, 10),
    )  # fmt: skip
    learning_rate = 0.05
    train = DataLoader(TensorDataset(x[:720], y[:720]), batch_size=16, shuffle=True)

    def step(xb, yb):
        loss = F.cross_entropy(lenet(xb), yb)
        loss.backward()
        with torch.no_grad():
            for p in lenet.parameters():
                p -= learning_rate * p.grad
            lenet.zero_grad()
        return loss.item()

    return Patient(lenet, train, F.cross_entropy, val_batches=[(x[720:], y[720:])], step=step, epochs=8)


@healthy(kind="loop")
def strong_augmentation():
    """Each batch is cropped, flipped, turned, partly erased, under bfloat16: hard to know, but the class stays."""
    names = ("temple", "flower", "coffee", "cat")
    x, y = pictures.surfaces(420, names, size=28)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float().div(255).sub(0.45).div(0.25), torch.tensor(y)
    aug = nn.Sequential(
        transforms.RandomResizedCrop(28, scale=(0.6, 1.0), antialias=False),
        transforms.RandomHorizontalFlip(),
        transforms.RandomRotation(10),
        transforms.RandomErasing(p=0.5, scale=(0.05, 0.2)),
    )
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4),
    )  # fmt: skip
    opt = optim.Adam(model.parameters(), lr=5e-3)

    def train_step(images, labels):
        model.train()
        images = aug(images)
        if random.random() < 0.5:
            images = images + 0.3 * torch.randn(len(images), 1, 1, 1)  # lighter or darker
        opt.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = F.cross_entropy(model(images), labels, label_smoothing=0.1)
        loss.backward()
        opt.step()

    train, val = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True), [(x[320:], y[320:])]
    return Patient(model, train, F.cross_entropy, opt, None, val, train_step, epochs=12)
