"""Training steps of the writer's own, each with one mistake."""

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from tests.doctor import data
from tests.doctor.case import Patient, sick
from tests.doctor.third import pictures


def unit(x):
    """uint8 arrays → float32 [N, C, H, W], 0–1."""
    x = torch.from_numpy(x)
    return (x.unsqueeze(1) if x.ndim == 3 else x.permute(0, 3, 1, 2)).float() / 255


def small_net(channels, k, width=16):
    """Two convolutions and a linear layer over four quarters."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, 2), nn.ReLU(), nn.Conv2d(width, 2 * width, 3), nn.ReLU(),
        nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(8 * width, k),
    )  # fmt: skip


def halves(x, y, held=80, batch_size=20):
    """(DataLoader, validation batches)."""
    x, y = unit(x), torch.from_numpy(y)
    train = DataLoader(TensorDataset(x[:-held], y[:-held]), batch_size=batch_size, shuffle=True)
    return train, [(x[-held:], y[-held:])]


@sick("zero-grad-forgotten", kind="loop")
def update_by_hand_and_gradients_kept(mended):
    """`p.data -= lr * p.grad`, as in a lecture; the lecture's next line, `p.grad.zero_()`, did not get copied."""
    train, val = halves(*pictures.letters(480, k=6, moved=1))
    net = small_net(1, 6)
    lr = 0.1

    def step(x, y):
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        for p in net.parameters():
            p.data -= lr * p.grad
            if mended:
                p.grad.zero_()
        return loss.item()

    return Patient(net, train, val_batches=val, step=step, epochs=15)


@sick("loss-detached", kind="loop")
def no_grad_from_the_evaluation_loop(mended):
    """The loop was copied from `evaluate`, with its `torch.no_grad()` around the forward pass."""
    train, val = halves(*pictures.tiles(320, k=4))
    model = small_net(3, 4)
    optimizer = optim.Adam(model.parameters(), lr=3e-3)

    def train_step(images, labels):
        optimizer.zero_grad()
        with torch.set_grad_enabled(mended):
            outputs = model(images)
            loss = F.cross_entropy(outputs, labels)
        loss.backward()
        optimizer.step()

    return Patient(model, train, None, optimizer, val_batches=val, step=train_step, epochs=8)


@sick("learning-rate-too-low", kind="loop")
def loss_over_the_size_of_the_set(mended):
    """ "Average over the epoch": each batch's loss is divided by the number of all pictures, under SGD."""
    train, val = halves(*pictures.faces(380, size=20))
    net = small_net(3, 2)
    sgd = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    n = 1 if mended else len(train.dataset)

    def step(x, y):
        sgd.zero_grad()
        loss = F.cross_entropy(net(x), y) / n
        loss.backward()
        sgd.step()
        return loss.item() * n

    return Patient(net, train, None, sgd, val_batches=val, step=step, epochs=12)


class TwoParts(nn.Module):
    """Encoder and head; the features may be detached in between."""

    def __init__(self, k, joined):
        super().__init__()
        self.joined = joined
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, 2), nn.Tanh(), nn.Conv2d(8, 8, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(128, 6),
            nn.Tanh(),
        )  # fmt: skip
        self.head = nn.Linear(6, k)

    def forward(self, x):
        features = self.encoder(x)
        return self.head(features if self.joined else features.detach())


@sick("loss-detached", kind="loop", accept=("optimizer-holds-a-part", "everything-frozen", "layers-not-registered"),
      why="by either name: no gradient comes to the encoder")  # fmt: skip
def features_detached_as_for_a_probe(mended):
    """A linear probe's line, `features.detach()`, in a network whose encoder was never trained."""
    train, val = halves(*pictures.letters(620, k=8, moved=1))
    model = TwoParts(8, joined=mended)
    optimizer = optim.Adam(model.parameters(), lr=5e-3)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    return Patient(model, train, None, optimizer, val_batches=val, step=step, epochs=15)


@sick("loss-wants-log-probabilities", kind="loop", accept=("loss-maximised",),
      why="with its arguments exchanged the divergence is no error measure")  # fmt: skip
def kl_div_with_its_arguments_exchanged(mended):
    """`kl_div(target, log_softmax(z))`: the paper writes KL(p ‖ q), torch wants log q first."""
    train, val = halves(*pictures.clocks(440, k=4))
    net = small_net(1, 4)
    optimizer = optim.Adam(net.parameters(), lr=4e-3)

    def step(x, y):
        optimizer.zero_grad()
        logs = F.log_softmax(net(x), dim=1)
        target = F.one_hot(y, 4).float() * 0.9 + 0.025
        loss = F.kl_div(*((logs, target) if mended else (target, logs)), reduction="batchmean")
        loss.backward()
        optimizer.step()
        return loss.item()

    return Patient(net, train, None, optimizer, val_batches=val, step=step, epochs=10)


@sick("labels-out-of-step", kind="loop")
def mixup_that_mixes_the_labels_only(mended):
    """Mixup by hand: `y` is drawn from the permuted batch, and the pictures' own line is missing."""
    x, y = data.shapes(420, k=4, size=24)
    train, val = halves(x, y)
    net = small_net(3, 4)
    optimizer = optim.AdamW(net.parameters(), lr=4e-3)

    def step(images, labels):
        net.train()
        index = torch.randperm(len(images))
        if mended:
            images = images[index]
        loss = F.cross_entropy(net(images), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return Patient(net, train, None, optimizer, val_batches=val, step=step, epochs=14)
