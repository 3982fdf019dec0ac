"""Modules that carry their own training step and optimizer, as Lightning's do; a few lines stand in for its Trainer."""

from __future__ import annotations

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import ConcatDataset, DataLoader, TensorDataset

from tests.doctor.aside.pictures import handwriting
from tests.doctor.aside.weights import pretrained
from tests.doctor.case import Patient, sick
from tests.doctor.third import pictures


class LitModule(nn.Module):
    """What is left of a LightningModule without Lightning."""

    def training_step(self, batch, batch_idx):
        x, y = batch
        return F.cross_entropy(self(x), y)

    def forward(self, x):
        return self.net(x)

    def configure_optimizers(self):
        return optim.Adam(self.parameters(), lr=3e-3)


class Trainer:
    """One batch of `fit`, as its documentation writes it: zero_grad, training_step, backward, step."""

    def __init__(self, module):
        self.module, self.seen = module, 0
        found = module.configure_optimizers()
        self.optimizer, self.scheduler = found if isinstance(found, tuple) else (found, None)

    def batch(self, x, y):
        self.module.train()
        self.optimizer.zero_grad()
        loss = self.module.training_step((x, y), self.seen)
        loss.backward()
        self.optimizer.step()
        self.seen += 1
        if self.scheduler is not None and self.seen % self.scheduler["every"] == 0:
            self.scheduler["scheduler"].step()
        return loss.detach()


def halves(x, y, held=80, batch_size=20, shift=0.0):
    """(DataLoader, validation batches) of arrays; 0–1, less `shift`."""
    x = torch.from_numpy(x)
    x = (x.unsqueeze(1) if x.ndim == 3 else x.permute(0, 3, 1, 2)).float() / 255 - shift
    y = torch.from_numpy(y)
    train = DataLoader(TensorDataset(x[:-held], y[:-held]), batch_size=batch_size, shuffle=True)
    return train, [(x[-held:], y[-held:])]


def fitted(module, train, val, epochs, **rest):
    """The user trains with `Trainer(module).batch`."""
    trainer = Trainer(module)
    chosen = trainer.scheduler and trainer.scheduler["scheduler"]
    return Patient(module, train, None, trainer.optimizer, chosen, val, trainer.batch, epochs=epochs, **rest)


# --- the cases -----------------------------------------------------------------------------------------------


@sick("optimizer-of-another-model", kind="loop")
def setup_hook_builds_the_net_again(mended):
    """`setup()` builds the network for the number of classes, and comes after `configure_optimizers`."""

    class LitTiles(LitModule):
        def __init__(self):
            super().__init__()
            self.setup(4)

        def setup(self, classes):
            self.net = nn.Sequential(
                nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 24, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                nn.Flatten(), nn.Linear(24, classes),
            )  # fmt: skip

    train, val = halves(*pictures.tiles(320, k=4))
    lit = LitTiles()
    if mended:
        lit.setup(4)
    patient = fitted(lit, train, val, epochs=8)
    if not mended:
        lit.setup(4)
    return patient


@sick("softmax-before-cross-entropy", kind="loop")
def forward_made_for_prediction(mended):
    """`forward` gives probabilities, as serving wants them; `training_step` calls `self(x)` and cross_entropy."""

    class LitLetters(LitModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Flatten(), nn.Linear(400, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 20)
            )

        def forward(self, x):
            logits = self.net(x)
            return logits if mended else logits.softmax(dim=-1)

        def configure_optimizers(self):
            return optim.SGD(self.parameters(), lr=0.03, momentum=0.9)

    return fitted(LitLetters(), *halves(*pictures.letters(900, k=20, moved=1), held=100), epochs=10)


@sick("scheduler-too-often", kind="loop")
def milestones_with_interval_step(mended):
    """MultiStepLR([4, 8]) means epochs; `"interval": "step"` counts batches."""

    class LitClocks(LitModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 24, 3), nn.ReLU(), nn.Flatten(), nn.Linear(864, 8)
            )

        def configure_optimizers(self):
            optimizer = optim.SGD(self.parameters(), lr=0.01, momentum=0.9)
            scheduler = optim.lr_scheduler.MultiStepLR(optimizer, milestones=[4, 8], gamma=0.1)
            return optimizer, {"scheduler": scheduler, "every": 20 if mended else 1}

    return fitted(LitClocks(), *halves(*pictures.clocks(480, k=8)), epochs=10)


@sick("loss-for-numbers", kind="loop")
def l1_between_class_numbers(mended):
    """One output that shall be the class's number, fitted with an L1 loss and rounded."""

    class LitAges(LitModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Conv2d(1, 16, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(784, 48), nn.ReLU(),
                nn.Linear(48, 10 if mended else 1),
            )  # fmt: skip

        def training_step(self, batch, batch_idx):
            x, y = batch
            return F.cross_entropy(self(x), y) if mended else F.l1_loss(self(x).squeeze(1), y.float())

    lit = LitAges()
    train, val = halves(*handwriting(1000), held=120, batch_size=40)

    def evaluate():
        x, y = val[0]
        out = lit(x)
        return ((out.argmax(1) if mended else out.squeeze(1).round().long()) == y).float().mean()

    return fitted(lit, train, val, epochs=5, evaluate=evaluate)


@sick("loss-wants-log-probabilities", kind="loop")
def kl_divergence_on_probabilities(mended):
    """`F.kl_div` with a softmax for its first argument; it wants a log_softmax."""

    class LitSoft(LitModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Conv2d(1, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 24, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(384, 12)
            )

        def training_step(self, batch, batch_idx):
            x, y = batch
            target = F.one_hot(y, 12) * 0.9 + 0.1 / 12
            squash = F.log_softmax if mended else F.softmax
            return F.kl_div(squash(self(x), dim=1), target, reduction="batchmean")

        def configure_optimizers(self):
            return optim.SGD(self.parameters(), lr=0.05, momentum=0.9)

    return fitted(LitSoft(), *halves(*pictures.letters(700, k=12, moved=1), held=100), epochs=7)


@sick("batches-not-shuffled", kind="loop")
def one_dataset_a_class_concatenated(mended):
    """One dataset for each class, put behind each other with ConcatDataset, and a DataLoader without `shuffle`."""
    x, y = pictures.tiles(360, k=4, size=20)
    x, y = torch.tensor(x).movedim(3, 1) / 255.0, torch.tensor(y)
    folders = [TensorDataset(x[:280][y[:280] == c], y[:280][y[:280] == c]) for c in range(4)]
    train = DataLoader(ConcatDataset(folders), batch_size=14, shuffle=mended)

    class LitFolders(LitModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Conv2d(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 24, 3, 2), nn.BatchNorm2d(24),
                nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 4),
            )  # fmt: skip

    return fitted(LitFolders(), train, [(x[280:], y[280:])], epochs=6)


@sick("preprocessing-missing", kind="loop", accept=("inputs-not-normalised",),
      why="bytes less a mean are what these weights take for normalised")  # fmt: skip
def weights_from_caffe_fed_with_zero_to_one(mended):
    """Frozen weights that were trained on bytes less their mean, blue first; here come 0 … 1, red first."""
    mean = torch.tensor([110.0, 115.0, 120.0])[:, None, None]

    def caffe(x):
        return torch.from_numpy(x).permute(0, 3, 1, 2).flip(1).float() - mean

    known, kinds = pictures.faces(500)
    body = nn.Sequential(
        nn.BatchNorm2d(3), nn.Conv2d(3, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.ReLU(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(),
    )  # fmt: skip
    body = pretrained(body, caffe(known), torch.from_numpy(kinds), 2, steps=200).eval().requires_grad_(False)
    x, y = pictures.faces(260)
    x = caffe(x) if mended else torch.from_numpy(x).permute(0, 3, 1, 2) / 255
    y = torch.from_numpy(y)

    class LitTransfer(LitModule):
        def __init__(self):
            super().__init__()
            self.body, self.head = body, nn.Linear(32, 2)

        def forward(self, x):
            return self.head(self.body.eval()(x))

        def configure_optimizers(self):
            return optim.Adam(self.head.parameters(), lr=0.01)

    train = DataLoader(TensorDataset(x[:180], y[:180]), batch_size=20, shuffle=True)
    return fitted(LitTransfer(), train, [(x[180:], y[180:])], epochs=10)


@sick("sigmoid-twice", kind="loop", accept=("loss-wants-logits",), why="the same fault by its other name")
def sigmoid_in_net_loss_and_metric(mended):
    """The network ends with a sigmoid, the loss has one, and so has the metric: nothing is ever below a half."""

    class LitBinary(LitModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.BatchNorm2d(1), nn.Conv2d(1, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 12, 3), nn.ReLU(),
                nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(12, 1), nn.Identity() if mended else nn.Sigmoid(),
            )  # fmt: skip

        def training_step(self, batch, batch_idx):
            x, y = batch
            return F.binary_cross_entropy_with_logits(self(x).squeeze(1), y.float())

        def accuracy(self, x, y):
            return ((torch.sigmoid(self.eval()(x)).squeeze(1) > 0.5).long() == y).float().mean()

    lit = LitBinary()
    train, val = halves(*pictures.scans(400, size=24, contrast=90), batch_size=16)
    return fitted(lit, train, val, epochs=8, evaluate=partial(lit.accuracy, *val[0]))


@sick("initial-weights-too-small", kind="loop", accept=("gradients-vanish",),
      why="with such weights in four layers the gradient vanishes, too")  # fmt: skip
def orthogonal_with_a_tiny_gain(mended):
    """`orthogonal_(w, gain=0.01)`, which a policy's last layer gets, for every layer."""

    class LitSmall(LitModule):
        def __init__(self):
            super().__init__()
            self.net = nn.Sequential(
                nn.Conv2d(3, 12, 3, 2), nn.Tanh(), nn.Conv2d(12, 16, 3, 2), nn.Tanh(), nn.Flatten(),
                nn.Linear(400, 32), nn.Tanh(), nn.Linear(32, 4),
            )  # fmt: skip
            for layer in self.net:
                if isinstance(layer, (nn.Conv2d, nn.Linear)):
                    nn.init.orthogonal_(layer.weight, gain=np.sqrt(2) if mended else 0.01)
                    nn.init.zeros_(layer.bias)

        def configure_optimizers(self):
            return optim.SGD(self.parameters(), lr=0.02, momentum=0.9)

    return fitted(LitSmall(), *halves(*pictures.tiles(320, k=4), shift=0.4), epochs=6)
