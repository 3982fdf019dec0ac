"""Training steps that people write: kinds of mistakes behind the ten that the doctor did not name at first."""

import copy
import random

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from tests.doctor import data
from tests.doctor.case import Patient, sick


def glyphs(n=300, k=4):
    x, y = data.glyphs(n, k=k, size=16)
    return torch.tensor(x).float().unsqueeze(1).div(255).sub(0.3), torch.tensor(y)


def flat(k=4, *end):
    return nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(588, k), *end)


def patient(model, x, y, step, optimizer=None, criterion=None, epochs=10, batch=20, scheduler=None):
    n = len(x) - 80
    loader = DataLoader(TensorDataset(x[:n], y[:n]), batch_size=batch, shuffle=True)
    return Patient(model, loader, criterion, optimizer, scheduler, [(x[n:], y[n:])], step, epochs=epochs)


# --- model-recreated: something else than the optimizer sets the weights ---


@sick("model-recreated", kind="loop")
def start_state_loaded_in_each_step(mended):
    """`load_state_dict` of the untrained weights was meant for the start of each run."""
    x, y = glyphs()
    model = flat()
    start = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def step(x, y):
        if not mended:
            model.load_state_dict(start)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer)


@sick("model-recreated", kind="loop")
def head_made_anew_in_each_step(mended):
    """`model.fc = nn.Linear(…)` stands in the loop."""
    x, y = glyphs()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten())
            self.fc = nn.Linear(588, 4)

        def forward(self, x):
            return self.fc(self.body(x))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def step(x, y):
        if not mended:
            model.fc = nn.Linear(588, 4)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer)


@sick("model-recreated", kind="loop")
def weights_drawn_in_forward(mended):
    """The initialisation was put into `forward`."""
    x, y = glyphs()

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.fc = nn.Conv2d(1, 12, 3), nn.Linear(588, 4)

        def forward(self, x):
            if not mended and self.training:
                nn.init.xavier_uniform_(self.fc.weight)
                nn.init.kaiming_normal_(self.conv.weight)
            return self.fc(F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1))

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def step(x, y):
        model.train()
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer)


# --- classes-erased: an augmentation that makes one class of another ---


@sick("classes-erased", kind="loop")
def mirrored_arrows(mended):
    """A random mirror image, and the classes are left and right."""
    x, y = data.arrows(320, size=20)
    x, y = torch.tensor(x).float().unsqueeze(1) / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(12, 16, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(576, 2),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    def step(images, labels):
        if not mended:
            images = torch.stack([im.flip(-1) if random.random() < 0.5 else im for im in images])
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer)


@sick("classes-erased", kind="loop", accept=("labels-out-of-step",),
      why="pictures are mixed and labels are not: both words say it")  # fmt: skip
def mixed_pictures_and_plain_labels(mended):
    """Half of each picture is another's, as in CutMix, and the labels stay."""
    x, y = glyphs(320)
    model = flat()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def step(x, y):
        order = torch.randperm(len(x))
        share = 0.0 if mended else 0.5 + 0.5 * float(torch.rand(1))
        optimizer.zero_grad()
        F.cross_entropy(model((1 - share) * x + share * x[order]), y).backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer)


# --- losses ---


@sick("loss-detached", kind="loop")
def item_before_backward(mended):
    """`.item()` in the same line: "'float' object has no attribute 'backward'"."""
    x, y = glyphs()
    model = flat()
    optimizer = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss = loss if mended else loss.item()
        loss.backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer)


@sick("sigmoid-twice", kind="loop")
def sigmoid_again_before_bce_loss(mended):
    """The network ends with a sigmoid, and the step takes another for BCELoss."""
    x, y = data.arrows(320, size=20)
    x, y = torch.tensor(x).float().unsqueeze(1) / 255, torch.tensor(y).float()
    model = nn.Sequential(
        nn.Conv2d(1, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(768, 1), nn.Sigmoid()
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)

    def step(x, y):
        optimizer.zero_grad()
        p = model(x)[:, 0]
        F.binary_cross_entropy(p if mended else torch.sigmoid(p), y).backward()
        optimizer.step()

    n = 240
    loader = DataLoader(TensorDataset(x[:n], y[:n]), batch_size=20, shuffle=True)

    def evaluate():
        with torch.no_grad():
            p = model(x[n:])[:, 0]
        return (((p if mended else torch.sigmoid(p)) > 0.5) == (y[n:] > 0.5)).float().mean()

    return Patient(model, loader, None, optimizer, None, [(x[n:], y[n:])], step, evaluate, epochs=8)


@sick("loss-wants-probabilities", kind="loop", accept=("loss-wants-log-probabilities",),
      why="the softmax before the logarithm is missing")  # fmt: skip
def own_cross_entropy_of_raw_scores(mended):
    """−Σ y log p as in the book, and p is no probability."""
    x, y = glyphs()
    model = flat()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def step(x, y):
        p = model(x)
        p = p.softmax(1) if mended else p
        optimizer.zero_grad()
        loss = -(F.one_hot(y, 4) * torch.log(p)).sum(1).mean()
        loss.backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer)


@sick("loss-for-numbers", kind="loop")
def own_squared_error_on_one_number(mended):
    """Six signs, one output, and the squared difference to the sign's number."""
    x, y = glyphs(400, 6)
    model = flat(6 if mended else 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def step(x, y):
        z = model(x)
        loss = F.cross_entropy(z, y) if mended else ((z[:, 0] - y) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def evaluate():
        with torch.no_grad():
            z = model(x[320:])
        return ((z.argmax(1) if mended else z[:, 0].round()) == y[320:]).float().mean()

    return Patient(
        model, DataLoader(TensorDataset(x[:320], y[:320]), batch_size=20, shuffle=True), None, optimizer, None,
        [(x[320:], y[320:])], step, evaluate, epochs=8,
    )  # fmt: skip


@sick("loss-maximised", kind="loop")
def plus_in_the_update_by_hand(mended):
    """Gradient descent written out, and w goes up the slope."""
    x, y = glyphs()
    model = flat()
    lr = 0.05 if mended else -0.05

    def step(x, y):
        model.zero_grad()
        F.cross_entropy(model(x), y).backward()
        with torch.no_grad():
            for w in model.parameters():
                w -= lr * w.grad

    return patient(model, x, y, step, epochs=15)


@sick("weight-decay-too-strong", kind="loop")
def penalty_on_all_weights_in_the_loss(mended):
    """An L2 penalty by hand, with 5 in place of 5e-4."""
    x, y = glyphs()
    model = flat()
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    strength = 5e-4 if mended else 5.0

    def step(x, y):
        optimizer.zero_grad()
        penalty = sum((w**2).sum() for w in model.parameters())
        loss = F.cross_entropy(model(x), y) + strength * penalty
        loss.backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer, epochs=15)


# --- rates, modes, inputs ---


@sick("scheduler-too-often", kind="loop")
def rate_halved_in_the_step(mended):
    """No scheduler: `group["lr"] *= 0.5`, in the wrong loop."""
    x, y = glyphs()
    model = flat()
    optimizer = torch.optim.SGD(model.parameters(), 0.02, momentum=0.9)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        for group in optimizer.param_groups:
            group["lr"] *= 1.0 if mended else 0.5

    return patient(model, x, y, step, optimizer)


@sick("scheduler-too-often", kind="loop")
def plateau_asked_in_each_batch(mended):
    """ReduceLROnPlateau with patience 1 gets the loss of every batch."""
    x, y = data.shapes(400, k=4, size=20)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float() / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 16, 3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(784, 4),
    )
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=1)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        if not mended:
            scheduler.step(loss.item())

    return patient(model, x, y, step, optimizer, scheduler=scheduler, epochs=8)


@sick("relu-on-logits", kind="loop")
def relu6_around_the_classifier(mended):
    """MobileNet's ReLU6 behind every layer, the last one too."""
    x, y = glyphs(400, 10)
    model = nn.Sequential(flat(10), nn.Identity() if mended else nn.ReLU6())
    optimizer = torch.optim.SGD(model.parameters(), 0.1)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer, epochs=12)


@sick("softmax-before-cross-entropy", kind="loop")
def log_softmax_of_a_softmax(mended):
    """The network ends with a softmax; the step takes log_softmax and nll_loss."""
    x, y = glyphs(500, 10)
    model = flat(10, *([] if mended else [nn.Softmax(dim=1)]))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)

    def step(x, y):
        optimizer.zero_grad()
        F.nll_loss(F.log_softmax(model(x), dim=1), y).backward()
        optimizer.step()

    return patient(model, x, y, step, optimizer, epochs=8)


@sick("inputs-constant", kind="loop", accept=("classes-erased",), why="a few white pixels stay 1")
def clamped_without_a_division(mended):
    """`clamp(0, 1)` on bytes: everything is 1."""
    x, y = data.glyphs(300, k=4, size=16, noise=10)
    x, y = torch.tensor(x).unsqueeze(1), torch.tensor(y)
    model = flat()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def prepare(x):
        return (x.float() / 255 if mended else x.float()).clamp(0, 1)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(prepare(x)), y).backward()
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)

    def evaluate():
        with torch.no_grad():
            return (model(prepare(x[220:])).argmax(1) == y[220:]).float().mean()

    return Patient(model, loader, None, optimizer, None, None, step, evaluate, epochs=12)


@sick("inputs-not-finite", kind="loop")
def logarithm_of_black(mended):
    """Logarithms of intensities, and some pixels are 0."""
    x, y = data.blobs(300, k=2, size=20)
    x, y = torch.tensor(x).float().unsqueeze(1), torch.tensor(y)
    x = (x - 60).clamp(min=0)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, 2), nn.ReLU(), nn.Conv2d(12, 12, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(192, 2)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    def prepare(x):
        return torch.log(x + 1 if mended else x) / 3 - 0.5

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(prepare(x)), y).backward()
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)

    def evaluate():
        with torch.no_grad():
            return (model(prepare(x[220:])).argmax(1) == y[220:]).float().mean()

    return Patient(model, loader, None, optimizer, None, None, step, evaluate, epochs=10)
