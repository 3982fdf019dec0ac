"""A model, a loader and what belongs to them, all of it in order."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision.ops import StochasticDepth

from tests.doctor import data
from tests.doctor.case import Patient, healthy


@healthy(kind="loader")
def batch_of_one_groupnorm():
    """DataLoader without a batch_size gives pictures one by one; GroupNorm does not mind."""
    x, y = data.paints(180, k=2, size=16)
    ds = TensorDataset(torch.tensor(x).permute(0, 3, 1, 2) / 255.0, torch.tensor(y))
    train, val = torch.utils.data.random_split(ds, [120, 60])
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.GroupNorm(4, 16), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    return Patient(
        model, DataLoader(train, shuffle=True), nn.CrossEntropyLoss(), optimizer, val_batches=DataLoader(val), epochs=6
    )


@healthy(kind="loader")
def channels_last_memory():
    """`memory_format=torch.channels_last` is about memory; the shape stays [B, 3, H, W]."""
    x, y = data.shapes(320, k=3, size=20)
    x = torch.tensor(x).permute(0, 3, 1, 2).div(255.0)  # already channels-last in memory, it came from numpy
    net = nn.Sequential(
        nn.Conv2d(3, 24, 3, 2), nn.ReLU(), nn.Conv2d(24, 32, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(32, 3),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    train = DataLoader(TensorDataset(x[:240], torch.tensor(y[:240])), batch_size=16, shuffle=True)
    val = DataLoader(TensorDataset(x[240:], torch.tensor(y[240:])), batch_size=80)
    adam = torch.optim.Adam(net.parameters(), lr=4e-3)
    return Patient(net, train, nn.CrossEntropyLoss(), adam, val_batches=val, epochs=15)


@healthy(kind="loader")
def double_precision():
    """Arrays from NumPy are float64, so the network is made so, too."""
    x, y = data.blobs(280, k=2, size=18)
    x = torch.from_numpy((x - x.mean()) / x.std())[:, None]
    y = torch.from_numpy(y)
    clf = nn.Sequential(nn.Conv2d(1, 8, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(392, 16), nn.ReLU(), nn.Linear(16, 2))
    clf = clf.double()
    optimizer = torch.optim.RMSprop(clf.parameters(), lr=1e-3)
    batches = [(x[i : i + 20], y[i : i + 20]) for i in range(0, 200, 20)]
    return Patient(clf, batches, F.cross_entropy, optimizer, val_batches=[(x[200:], y[200:])], epochs=8)


@healthy(kind="loader")
def endless_generator():
    """A generator that never ends, as many use for augmentation; an epoch is a number of batches."""

    def stream(batch_size=16):
        while True:
            x, y = data.stripes(batch_size, k=2, size=16)
            yield torch.tensor(x).unsqueeze(1).float() / 255 - 0.5, torch.tensor(y)

    held_x, held_y = data.stripes(100, k=2, size=16)
    val = [(torch.tensor(held_x).unsqueeze(1).float() / 255 - 0.5, torch.tensor(held_y))]
    cnn = nn.Sequential(nn.Conv2d(1, 24, 5), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(24, 2))
    optimizer = torch.optim.Adam(cnn.parameters(), lr=0.01)
    return Patient(cnn, stream(), nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=6, at_most=20)


class Bands(Dataset):
    """Red, green, blue, near infrared: fields and water differ in the last alone."""

    def __init__(self, n):
        rgb, self.y = data.paints(n, k=3, size=16)
        level = np.array([40, 110, 200])[self.y][:, None, None, None]
        grey = rgb.mean(axis=3, keepdims=True).repeat(3, axis=3)
        infrared = level + 40 * np.random.randn(n, 16, 16, 1)
        self.x = np.concatenate([grey, infrared], axis=3).astype(np.float32)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return torch.from_numpy(self.x[i].transpose(2, 0, 1)) / 10_000 * 40, int(self.y[i])


@healthy(kind="loader")
def four_bands_near_infrared():
    """Satellite pictures with four channels, in reflectances."""
    model = nn.Sequential(
        nn.BatchNorm2d(4), nn.Conv2d(4, 16, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 3)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    train, val = DataLoader(Bands(240), 20, shuffle=True), DataLoader(Bands(80), 40)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=6)


@healthy(kind="loader")
def half_dropped_out():
    """Dropout of a half before the last layers, as in AlexNet."""
    x, y = data.glyphs(480, k=6, size=18, still=True)
    x, y = torch.tensor(x)[:, None] / 255.0, torch.tensor(y)
    alex = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5), nn.Linear(1024, 64), nn.ReLU(),
        nn.Dropout(0.5), nn.Linear(64, 6),
    )  # fmt: skip
    dl = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=25, shuffle=True)
    optimizer = torch.optim.Adam(alex.parameters(), lr=1e-3)
    return Patient(alex, dl, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[400:], y[400:])], epochs=12)


@healthy(kind="loader")
def label_smoothing():
    """CrossEntropyLoss(label_smoothing=0.1): the loss never comes near zero."""
    x, y = data.paints(300, k=5, size=16)
    x, y = torch.tensor(x).movedim(3, 1).float() / 127.5 - 1, torch.tensor(y)
    net = nn.Sequential(nn.Conv2d(3, 20, 4, 4), nn.GELU(), nn.Flatten(), nn.Linear(320, 5))
    dl = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=16, shuffle=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.01)
    return Patient(net, dl, criterion, optimizer, val_batches=[(x[240:], y[240:])], epochs=8)


class ConvNeXtBlock(nn.Module):
    """As in torchvision, smaller: the layer scale starts at a millionth."""

    def __init__(self, dim, layer_scale=1e-6):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1, self.pwconv2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.layer_scale = nn.Parameter(torch.ones(dim, 1, 1) * layer_scale)
        self.drop_path = StochasticDepth(0.1, "row")

    def forward(self, x):
        out = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        out = self.pwconv2(F.gelu(self.pwconv1(out))).permute(0, 3, 1, 2)
        return x + self.drop_path(self.layer_scale * out)


@healthy(kind="loader")
def one_convnext_block():
    """A stem, one block, a head."""
    x, y = data.shapes(280, k=3, size=24)
    x, y = torch.tensor(x).permute(0, 3, 1, 2) / 255.0, torch.tensor(y)
    x = (x - x.mean((0, 2, 3), keepdim=True)) / x.std((0, 2, 3), keepdim=True)
    net = nn.Sequential(
        nn.Conv2d(3, 24, 4, 2), nn.GELU(), ConvNeXtBlock(24), nn.Conv2d(24, 32, 3), nn.GELU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.LayerNorm(32), nn.Linear(32, 3),
    )  # fmt: skip
    dl = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    optimizer = torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.05)
    return Patient(net, dl, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[220:], y[220:])], epochs=12)


@healthy(kind="loader")
def one_cycle_handed_over():
    """OneCycleLR begins with a 25th of its rate: what the optimizer holds now is not what it will train with."""
    x, y = data.stripes(320, k=2, size=20)
    x, y = torch.tensor(x).float().unsqueeze(1) / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(16, 2),
    )  # fmt: skip
    train = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=20, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    epochs = 10
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, epochs=epochs, steps_per_epoch=len(train))

    def fit():
        for _ in range(epochs):
            model.train()
            for images, labels in train:
                optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimizer.step()
                scheduler.step()

    val = [(x[240:], y[240:])]
    return Patient(model, train, F.cross_entropy, optimizer, scheduler, val, epochs=epochs, fit=fit)


@healthy(kind="loader")
def one_hot_bce_with_logits():
    """One-hot labels and BCEWithLogitsLoss: K yes-or-no questions, and the largest logit is the answer."""
    x, y = data.glyphs(360, k=5, size=16, still=True)
    x = torch.tensor(x).float().flatten(1) / 255
    y = F.one_hot(torch.tensor(y), 5).float()
    mlp = nn.Sequential(nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 5))
    optimizer = torch.optim.Adam(mlp.parameters(), lr=2e-3)

    def evaluate():
        return (mlp(x[280:]).argmax(1) == y[280:].argmax(1)).float().mean()

    loader = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=20, shuffle=True)
    val = DataLoader(TensorDataset(x[280:], y[280:]), batch_size=40)
    return Patient(mlp, loader, nn.BCEWithLogitsLoss(), optimizer, val_batches=val, evaluate=evaluate, epochs=10)


@healthy(kind="loader")
def one_logit_column_float():
    """One output, labels float [B, 1]."""
    x, y = data.arrows(300, size=18)
    x, y = torch.tensor(x).float()[:, None] / 255, torch.tensor(y).float()[:, None]
    cnn = nn.Sequential(
        nn.Conv2d(1, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 16, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(144, 1)
    )
    optimizer = torch.optim.Adam(cnn.parameters(), lr=3e-3)
    train = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    return Patient(cnn, train, nn.BCEWithLogitsLoss(), optimizer, val_batches=[(x[220:], y[220:])], epochs=10)


class Squeezed(nn.Module):
    """Returns [B]."""

    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 12, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        self.classifier = nn.Linear(48, 1)

    def forward(self, x):
        return self.classifier(self.features(x)).squeeze(-1)


@healthy(kind="loader")
def one_logit_squeezed():
    """One output a picture, [B], and float labels of the same shape."""
    x, y = data.paints(280, k=2, size=16)
    x, y = torch.tensor(x).permute(0, 3, 1, 2) / 255.0, torch.tensor(y, dtype=torch.float32)
    model = Squeezed()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    train = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=10, shuffle=True)
    val = DataLoader(TensorDataset(x[200:], y[200:]), batch_size=10)
    return Patient(model, train, F.binary_cross_entropy_with_logits, optimizer, val_batches=val, epochs=8)


class BasicBlock(nn.Module):
    """Two convolutions and a short cut; `zero_gamma` starts the block as the identity."""

    def __init__(self, inp, out, stride=1, zero_gamma=False):
        super().__init__()
        self.conv1 = nn.Conv2d(inp, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.down = nn.Sequential(nn.Conv2d(inp, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        if zero_gamma:
            nn.init.zeros_(self.bn2.weight)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(out)) + self.down(x))


@healthy(kind="loader")
def small_resnet_batchnorm():
    """Four blocks with BatchNorm, SGD and a cosine."""
    x, y = data.shapes(300, k=4, size=20)
    x, y = (torch.tensor(x).permute(0, 3, 1, 2) / 255.0 - 0.2) / 0.2, torch.tensor(y)
    net = nn.Sequential(
        nn.Conv2d(3, 12, 3, padding=1, bias=False), nn.BatchNorm2d(12), nn.ReLU(), BasicBlock(12, 16, 2),
        BasicBlock(16, 24, 2), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(24, 4),
    )  # fmt: skip
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    train = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=20, shuffle=True)
    val = DataLoader(TensorDataset(x[240:], y[240:]), batch_size=60)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, scheduler, val, epochs=10)


@healthy(kind="loader")
def zero_gamma_residual():
    """The last BatchNorm of each block starts at zero, as in "ImageNet in one hour"."""
    x, y = data.stripes(280, k=3, size=20)
    x, y = torch.tensor(x)[:, None].float() / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU(), BasicBlock(16, 16, zero_gamma=True),
        BasicBlock(16, 16, zero_gamma=True), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
    train = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    return Patient(model, train, nn.CrossEntropyLoss(), sgd, val_batches=[(x[220:], y[220:])], epochs=6)


def one_hot_mse(outputs, labels):
    """Mean squared error against one-hot labels."""
    return F.mse_loss(outputs, F.one_hot(labels, outputs.shape[1]).float())


@healthy(kind="loader")
def squared_error_on_one_hot():
    """MSE against one-hot labels: slower than cross-entropy, but it works."""
    x, y = data.glyphs(400, k=4, size=18, still=True)
    x, y = torch.tensor(x).float()[:, None] / 255, torch.tensor(y)
    net = nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(512, 4))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    train = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True)
    return Patient(net, train, one_hot_mse, optimizer, val_batches=[(x[320:], y[320:])], epochs=8)
