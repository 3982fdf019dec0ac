"""Loops that people wrote themselves, and that work."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, TensorDataset

from tests.doctor import data
from tests.doctor.case import Patient, accuracy, healthy


class WithAuxiliaryHead(nn.Module):
    """In training it returns two outputs, as GoogLeNet does."""

    def __init__(self, classes):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU())
        self.body = nn.Sequential(nn.Conv2d(16, 32, 3, 2), nn.ReLU())
        self.aux = nn.Linear(16, classes)
        self.fc = nn.Linear(32, classes)

    def forward(self, x):
        x = self.stem(x)
        aux = self.aux(x.amax((2, 3)))
        out = self.fc(self.body(x).amax((2, 3)))
        return (out, aux) if self.training else out


@healthy(kind="loop")
def auxiliary_head_tuple():
    """Outputs are a tuple in train mode, and the loss is a weighted sum."""
    x, y = data.shapes(320, k=3, size=20)
    x, y = torch.tensor(x).permute(0, 3, 1, 2) / 255.0, torch.tensor(y)
    net = WithAuxiliaryHead(3)
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()

    def step(inputs, labels):
        net.train()
        optimizer.zero_grad()
        outputs, aux_outputs = net(inputs)
        loss = criterion(outputs, labels) + 0.4 * criterion(aux_outputs, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    train = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=12, shuffle=True)
    return Patient(net, train, None, optimizer, val_batches=[(x[240:], y[240:])], step=step, epochs=15)


@healthy(kind="loop")
def bfloat16_autocast():
    """Mixed precision on a processor: bfloat16, no scaler needed."""
    imgs, labels = data.glyphs(400, k=6, size=16, still=True)
    imgs, labels = torch.tensor(imgs).float().unsqueeze(1).div(255).sub(0.3), torch.tensor(labels)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 32), nn.ReLU(),
        nn.Linear(32, 6),
    )  # fmt: skip
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3)

    def training_step(x, y):
        opt.zero_grad(set_to_none=True)
        with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
            logits = model(x)
            loss = F.cross_entropy(logits, y)
        loss.backward()
        opt.step()

    loader = DataLoader(TensorDataset(imgs[:320], labels[:320]), batch_size=20, shuffle=True)
    val = [(imgs[320:], labels[320:])]
    return Patient(model, loader, F.cross_entropy, opt, val_batches=val, step=training_step, epochs=6)


@healthy(kind="loop")
def clipped_at_one():
    """Gradients clipped to a norm of 1, between backward and step, where it belongs."""
    X, Y = data.arrows(300, size=20)
    X, Y = torch.from_numpy(X).unsqueeze(1).float() / 255, torch.from_numpy(Y)
    net = nn.Sequential(
        nn.Conv2d(1, 12, 5, stride=2), nn.ReLU(), nn.Conv2d(12, 24, 3, stride=2), nn.ReLU(), nn.Flatten(),
        nn.Linear(216, 2),
    )  # fmt: skip
    sgd = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

    def step(xb, yb):
        sgd.zero_grad()
        loss = F.cross_entropy(net(xb), yb)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), max_norm=1.0)
        sgd.step()

    batches = [(X[i : i + 16], Y[i : i + 16]) for i in range(0, 224, 16)]
    return Patient(net, batches, F.cross_entropy, sgd, val_batches=[(X[224:], Y[224:])], step=step, epochs=10)


def mixup_data(x, y, alpha=0.2):
    """From the paper's repository, less the CUDA."""
    lam = np.random.beta(alpha, alpha)
    index = torch.randperm(x.size(0))
    return lam * x + (1 - lam) * x[index], y, y[index], lam


@healthy(kind="loop")
def mixup_loop():
    """Mixup: each picture is a mixture of two, and so is its loss."""
    images, targets = data.paints(320, k=4, size=18)
    images = torch.tensor(images).permute(0, 3, 1, 2).float() / 255
    targets = torch.tensor(targets)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 4)
    )
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)

    def step(inputs, labels):
        net.train()
        inputs, a, b, lam = mixup_data(inputs, labels)
        outputs = net(inputs)
        loss = lam * criterion(outputs, a) + (1 - lam) * criterion(outputs, b)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    loader = DataLoader(TensorDataset(images[:240], targets[:240]), batch_size=16, shuffle=True)
    val = [(images[240:], targets[240:])]
    return Patient(net, loader, criterion, optimizer, val_batches=val, step=step, epochs=8)


@healthy(kind="loop")
def moving_average_of_weights():
    """The average of the weights is what is evaluated; the network itself is what is trained."""
    x, y = data.stripes(340, k=3, size=18)
    x, y = torch.tensor(x).float()[:, None] / 127.5 - 1, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip
    ema_model = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

    def step(x, y):
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        ema_model.update_parameters(model)

    train = DataLoader(TensorDataset(x[:260], y[:260]), batch_size=20, shuffle=True)
    val = [(x[260:], y[260:])]
    return Patient(
        model, train, F.cross_entropy, optimizer, None, val, step, lambda: accuracy(ema_model, val), epochs=10
    )


@healthy(kind="loop")
def one_cycle_in_the_loop():
    """OneCycleLR counts batches, so that it belongs into the inner loop; at the end the rate is nearly zero."""
    x, y = data.blobs(320, k=3, size=20)
    x, y = torch.tensor(x).float().unsqueeze(1).div(128).sub(0.6), torch.tensor(y)
    dl = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=20, shuffle=True)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip
    epochs = 8
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, epochs=epochs, steps_per_epoch=len(dl))

    def step(inputs, targets):
        net.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(net(inputs), targets)
        loss.backward()
        optimizer.step()
        scheduler.step()

    val = [(x[240:], y[240:])]
    return Patient(net, dl, F.cross_entropy, optimizer, scheduler, val, step, epochs=epochs)


@healthy(kind="loop")
def many_tags_per_picture():
    """Three tags a picture, each on or off: is there a wave, a bright corner, a dark bar?"""
    n, rng = 360, np.random
    tags = rng.randint(0, 2, (n, 3))
    rows, columns = np.mgrid[:20, :20]
    pictures = 110 + 20 * rng.randn(n, 20, 20)
    phase = rng.uniform(0, 6, (n, 1, 1))
    pictures += tags[:, 0, None, None] * 45 * np.sin(2 * np.pi * rows / 5 + phase)
    pictures += tags[:, 1, None, None] * 90 * ((rows < 6) & (columns < 6))
    pictures -= tags[:, 2, None, None] * 80 * (abs(columns - 13) < 2)
    x = torch.tensor(pictures / 255, dtype=torch.float32)[:, None]
    y = torch.tensor(tags, dtype=torch.float32)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 24, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(216, 3),
    )  # fmt: skip
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)

    def step(inputs, tags):
        optimizer.zero_grad()
        loss = criterion(model(inputs), tags)
        loss.backward()
        optimizer.step()
        return loss

    def evaluate():
        with torch.no_grad():
            return ((model(x[280:]) > 0).float() == y[280:]).float().mean()

    loader = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=20, shuffle=True)
    return Patient(model, loader, criterion, optimizer, None, [(x[280:], y[280:])], step, evaluate, epochs=12)


@healthy(kind="loop")
def soft_labels_kl_divergence():
    """Labels are shares of votes; KLDivLoss on a log_softmax, "batchmean"."""
    x, y = data.stripes(360, k=4, size=18)
    x = torch.tensor(x).unsqueeze(1).float().sub(128).div(70)
    votes = torch.full((len(y), 4), 0.05)
    votes[torch.arange(len(y)), torch.tensor(y)] = 0.85
    student = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 24, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(24, 4),
    )  # fmt: skip
    kl = nn.KLDivLoss(reduction="batchmean")
    opt = torch.optim.Adam(student.parameters(), lr=8e-3)

    def step(images, shares):
        log_probs = F.log_softmax(student(images), dim=1)
        loss = kl(log_probs, shares)
        opt.zero_grad()
        loss.backward()
        opt.step()

    def evaluate():
        with torch.no_grad():
            return (student(x[280:]).argmax(1) == votes[280:].argmax(1)).float().mean()

    loader = DataLoader(TensorDataset(x[:280], votes[:280]), batch_size=20, shuffle=True)
    return Patient(student, loader, None, opt, None, [(x[280:], votes[280:])], step, evaluate, epochs=12)


class Recurrent(nn.Module):
    """Reads a picture row by row."""

    def __init__(self, width, hidden, classes):
        super().__init__()
        self.lstm = nn.LSTM(width, hidden, batch_first=True)
        self.fc = nn.Linear(hidden, classes)

    def forward(self, x):
        out, _ = self.lstm(x.squeeze(1))
        return self.fc(out[:, -1])


@healthy(kind="loop")
def lstm_over_rows():
    """The rows of a picture as a sequence."""
    x, y = data.arrows(320, size=20)
    x, y = torch.tensor(x)[:, None].float() / 127.5 - 1, torch.tensor(y)
    rnn = Recurrent(20, 32, 2)
    optimizer = torch.optim.Adam(rnn.parameters(), lr=0.01)

    def step(images, labels):
        output = rnn(images)
        loss = F.cross_entropy(output, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=24, shuffle=True)
    return Patient(rnn, loader, None, optimizer, val_batches=[(x[240:], y[240:])], step=step, epochs=12)
