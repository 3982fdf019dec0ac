"""Nothing is wrong with these: a model, a loader, a loss, an optimizer."""

import random

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, IterableDataset, TensorDataset, random_split
from torchvision import transforms

from tests.doctor import data
from tests.doctor.aside import pictures
from tests.doctor.aside.weights import pretrained
from tests.doctor.case import Patient, healthy


class LayerNorm2d(nn.LayerNorm):
    """Over the channels of [N, C, H, W]."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class ConvNeXtBlock(nn.Module):
    """Depthwise 7 × 7, norm, widen, GELU, narrow, a scale that begins at 1e-6."""

    def __init__(self, dim, layer_scale=1e-6):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 7, padding=3, groups=dim)
        self.norm = LayerNorm2d(dim, eps=1e-6)
        self.pwconv1 = nn.Conv2d(dim, 4 * dim, 1)
        self.pwconv2 = nn.Conv2d(4 * dim, dim, 1)
        self.gamma = nn.Parameter(layer_scale * torch.ones(dim, 1, 1))

    def forward(self, x):
        return x + self.gamma * self.pwconv2(F.gelu(self.pwconv1(self.norm(self.dwconv(x)))))


@healthy(kind="loader")
def convnext_with_layer_scale():
    """Two stages of ConvNeXt blocks; their scales of 1e-6 are meant so."""
    x, y = pictures.flags(360, k=6, size=32)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float().div(255).sub(0.45).div(0.25), torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(3, 24, 4, 4), LayerNorm2d(24), ConvNeXtBlock(24), ConvNeXtBlock(24),
        LayerNorm2d(24), nn.Conv2d(24, 48, 2, 2), ConvNeXtBlock(48), ConvNeXtBlock(48),
        nn.Flatten(), nn.LayerNorm(48 * 16), nn.Linear(48 * 16, 6),
    )  # fmt: skip
    optimizer = optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    train = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=20, shuffle=True)
    val = DataLoader(TensorDataset(x[280:], y[280:]), batch_size=40)
    return Patient(model, train, nn.CrossEntropyLoss(label_smoothing=0.1), optimizer, val_batches=val, epochs=6)


@healthy(kind="loader")
def decay_of_a_hundredth():
    """AdamW with a decay of 0.01, its default, written out."""
    x, y = pictures.handwriting(800, scale=2)
    x, y = torch.tensor(x).unsqueeze(1).float() / 255.0, torch.tensor(y)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip
    adamw = optim.AdamW(net.parameters(), lr=2e-3, betas=(0.9, 0.99), weight_decay=1e-2)
    loader = DataLoader(TensorDataset(x[:640], y[:640]), batch_size=32, shuffle=True)
    return Patient(net, loader, nn.CrossEntropyLoss(), adamw, val_batches=[(x[640:], y[640:])], epochs=6)


@healthy(kind="loader")
def grey_scans_one_channel():
    """64 pixels wide, one channel, dark: most of each scan is nearly black."""
    x, y = data.blobs(240, k=2, size=64, noise=6)
    x, y = torch.tensor(x).unsqueeze(1).float() / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, 4), nn.InstanceNorm2d(8, affine=True), nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.ReLU(),
        nn.Flatten(), nn.Linear(16 * 49, 2),
    )  # fmt: skip
    opt = optim.Adam(model.parameters(), lr=1e-3)
    train = DataLoader(TensorDataset(x[:180], y[:180]), batch_size=12, shuffle=True)
    return Patient(model, train, nn.CrossEntropyLoss(), opt, val_batches=[(x[180:], y[180:])], epochs=6)


@healthy(kind="loader")
def hundred_classes():
    """A hundred signs with twelve pictures each: the first loss is 4.6."""
    x, y = data.glyphs(1400, k=100, size=20, still=True)
    x, y = torch.tensor(x).float().div(255).sub(0.4).unsqueeze(1), torch.tensor(y)
    net = nn.Sequential(
        nn.Flatten(), nn.Linear(400, 256), nn.BatchNorm1d(256), nn.ReLU(), nn.Dropout(0.2), nn.Linear(256, 100)
    )
    opt = optim.Adam(net.parameters(), lr=1e-3)
    train = DataLoader(TensorDataset(x[:1200], y[:1200]), batch_size=50, shuffle=True)
    return Patient(net, train, nn.CrossEntropyLoss(), opt, val_batches=[(x[1200:], y[1200:])], epochs=8)


class ShardStream(IterableDataset):
    """Records one after the other, through a small shuffling buffer; it has no length."""

    def __init__(self, images, labels, buffer=64):
        self.images, self.labels, self.buffer = images, labels, buffer

    def __iter__(self):
        pool = []
        for record in zip(self.images, self.labels, strict=True):
            pool.append(record)
            if len(pool) >= self.buffer:
                yield pool.pop(random.randrange(len(pool)))
        random.shuffle(pool)
        yield from pool


@healthy(kind="loader")
def iterable_stream():
    """An IterableDataset behind a DataLoader: no `len`, no index."""
    x, y = pictures.surfaces(400, ("temple", "flower", "coffee"), size=32)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float() / 127.5 - 1, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 4, 4), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(32, 3),
    )  # fmt: skip
    train = DataLoader(ShardStream(x[:320], y[:320]), batch_size=16)
    val = DataLoader(ShardStream(x[320:], y[320:]), batch_size=16)
    opt = optim.Adam(model.parameters(), lr=4e-3)
    return Patient(model, train, nn.CrossEntropyLoss(), opt, val_batches=val, epochs=12)


@healthy(kind="loader")
def log_softmax_and_nll():
    """`F.log_softmax` at the end, `F.nll_loss` behind it: the pair that belongs together."""
    x, y = data.stripes(400, k=5, size=22)
    x, y = torch.tensor(x).float().unsqueeze(1) / 255, torch.tensor(y)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 10, kernel_size=5)
            self.conv2 = nn.Conv2d(10, 20, kernel_size=5)
            self.conv2_drop = nn.Dropout2d(0.1)
            self.fc1 = nn.Linear(20 * 4, 50)
            self.fc2 = nn.Linear(50, 5)

        def forward(self, x):
            x = F.relu(F.max_pool2d(self.conv1(x), 2))
            x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
            x = F.relu(self.fc1(x.view(-1, 80)))
            return F.log_softmax(self.fc2(x), dim=1)

    model = Net()
    optimizer = optim.Adadelta(model.parameters(), lr=1.0)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.9)
    train = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True)
    return Patient(model, train, F.nll_loss, optimizer, scheduler, [(x[320:], y[320:])], epochs=12)


@healthy(kind="loader")
def noisy_labels_seventy_percent():
    """Three in ten labels are wrong, as experts disagree: 0.7 is all there is, in training and validation."""
    x, y = data.shapes(2400, k=3, size=20)
    wrong = np.random.rand(2400) < 0.3
    y = np.where(wrong, (y + np.random.randint(1, 3, 2400)) % 3, y)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float() / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(3, 12, 3, 2), nn.BatchNorm2d(12), nn.ReLU(), nn.Conv2d(12, 12, 3, 2), nn.BatchNorm2d(12), nn.ReLU(),
        nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(48, 3),
    )  # fmt: skip
    opt = optim.Adam(model.parameters(), lr=2e-3, weight_decay=1e-4)
    train = DataLoader(TensorDataset(x[:1800], y[:1800]), batch_size=25, shuffle=True)
    return Patient(model, train, nn.CrossEntropyLoss(), opt, val_batches=[(x[1800:], y[1800:])], epochs=5)


@healthy(kind="loader")
def one_hot_float_labels():
    """CrossEntropyLoss takes rows of probabilities, too: one-hot ones, of type float."""
    x, y = pictures.corners(320, k=4, size=20)
    x, one_hot = torch.tensor(x).float().unsqueeze(1) / 255, F.one_hot(torch.tensor(y), 4).float()
    held = [(x[240:], torch.tensor(y)[240:])]
    net = nn.Sequential(nn.Conv2d(1, 8, 5, 3), nn.Tanh(), nn.Flatten(), nn.Linear(288, 4))
    opt = optim.RMSprop(net.parameters(), lr=1e-3)
    train = DataLoader(TensorDataset(x[:240], one_hot[:240]), batch_size=16, shuffle=True)

    def evaluate():
        with torch.no_grad():
            return (net(held[0][0]).argmax(1) == held[0][1]).float().mean()

    val = [(x[240:], one_hot[240:])]
    return Patient(net, train, nn.CrossEntropyLoss(), opt, val_batches=val, evaluate=evaluate, epochs=6)


@healthy(kind="loader")
def plain_perceptron():
    """No hidden layer: ten weighted sums of 256 pixels."""
    x, y = pictures.handwriting(1000)
    x, y = torch.tensor(x).float().flatten(1) / 255, torch.tensor(y)
    model = nn.Linear(256, 10)
    sgd = optim.SGD(model.parameters(), lr=0.1)
    batches = list(zip(x[:800].split(20), y[:800].split(20), strict=True))
    return Patient(model, batches, F.cross_entropy, sgd, val_batches=[(x[800:], y[800:])], epochs=10)


@healthy(kind="loader")
def pretrained_and_small_rate():
    """All of a pretrained network is tuned with a rate of 1e-4; it knows half of the answer already."""
    pre_x, pre_y = pictures.handwriting(900)
    x, y = pictures.handwriting(600)

    def tensor(a):
        return (torch.tensor(a).float().unsqueeze(1) - 78) / 96

    backbone = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(800, 64), nn.ReLU(),
    )  # fmt: skip
    pretrained(backbone, tensor(pre_x), torch.tensor(pre_y), 10, steps=150)
    model = nn.Sequential(backbone, nn.Linear(64, 10))
    optimizer = optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.01)
    train = DataLoader(TensorDataset(tensor(x[:480]), torch.tensor(y[:480])), batch_size=16, shuffle=True)
    val = DataLoader(TensorDataset(tensor(x[480:]), torch.tensor(y[480:])), batch_size=60)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=8)


@healthy(kind="loader")
def signs_and_soft_margin():
    """Labels −1 and +1, SoftMarginLoss, one flat output: what the loss's page asks for."""
    x, y = data.arrows(300, size=22)
    x, t = torch.tensor(x).float().unsqueeze(1) / 127.5 - 1, torch.tensor(y * 2 - 1).float()
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, 3), nn.LeakyReLU(), nn.Flatten(), nn.Linear(288, 24), nn.LeakyReLU(), nn.Linear(24, 1),
        nn.Flatten(0),
    )  # fmt: skip

    def evaluate():
        with torch.no_grad():
            return (torch.sign(model(x[220:])) == t[220:]).float().mean()

    opt = optim.Adam(model.parameters(), lr=1e-3)
    train = DataLoader(TensorDataset(x[:220], t[:220]), batch_size=20, shuffle=True)
    val = [(x[220:], t[220:])]
    return Patient(model, train, nn.SoftMarginLoss(), opt, val_batches=val, evaluate=evaluate, epochs=8)


@healthy(kind="loader")
def twenty_pictures_only():
    """Twenty pictures in all, ten of each kind, and forty to test with."""
    x, y = data.paints(20, k=2, size=20)
    test_x, test_y = data.paints(40, k=2, size=20)
    to_tensor = transforms.ToTensor()
    train = [(to_tensor(i), int(j)) for i, j in zip(x, y, strict=True)]
    test = [(to_tensor(i), int(j)) for i, j in zip(test_x, test_y, strict=True)]
    model = nn.Sequential(nn.Conv2d(3, 8, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
    opt = optim.Adam(model.parameters(), lr=0.02)
    train_dl, test_dl = DataLoader(train, batch_size=4, shuffle=True), DataLoader(test, batch_size=4)
    return Patient(model, train_dl, nn.CrossEntropyLoss(), opt, val_batches=test_dl, epochs=25)


@healthy(kind="loader")
def validation_sorted_by_class():
    """The loader for validation goes through the classes one after the other, as it may."""
    x, y = pictures.dots(420, k=2, size=24, colour=True)
    train_x, train_y, val_x, val_y = x[:320], y[:320], x[320:], y[320:]
    order = np.argsort(val_y, kind="stable")
    val_x, val_y = val_x[order], val_y[order]

    def dataset(a, b):
        return TensorDataset(torch.tensor(a).permute(0, 3, 1, 2).float() / 255, torch.tensor(b))

    model = nn.Sequential(
        nn.Conv2d(3, 12, 5, 2), nn.BatchNorm2d(12), nn.ReLU(), nn.Conv2d(12, 24, 3, 2), nn.BatchNorm2d(24), nn.ReLU(),
        nn.Flatten(), nn.Linear(384, 2),
    )  # fmt: skip
    opt = optim.AdamW(model.parameters(), lr=1e-3)
    train = DataLoader(dataset(train_x, train_y), batch_size=16, shuffle=True)
    val = DataLoader(dataset(val_x, val_y), batch_size=10, shuffle=False)
    return Patient(model, train, nn.CrossEntropyLoss(), opt, val_batches=val, epochs=8)


class ViT(nn.Module):
    """A class token and positions that begin at zero."""

    def __init__(self, size=32, patch=8, dim=32, depth=2, heads=4, k=3):
        super().__init__()
        self.patch_embed = nn.Conv2d(3, dim, patch, patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, (size // patch) ** 2 + 1, dim))
        layer = nn.TransformerEncoderLayer(dim, heads, 2 * dim, 0.0, "gelu", batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm, self.head = nn.LayerNorm(dim), nn.Linear(dim, k)

    def forward(self, x):
        x = self.patch_embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], dim=1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


@healthy(kind="loader")
def vit_class_token_of_zeros():
    """A small vision transformer; token and positions start as zeros, and get away from there."""
    x, y = pictures.surfaces(360, ("temple", "flower", "coffee"), size=32)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float().div(255).sub(0.45).div(0.25), torch.tensor(y)
    model = ViT()
    optimizer = optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=8)
    train = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=14, shuffle=True)
    val = DataLoader(TensorDataset(x[280:], y[280:]), batch_size=40)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, scheduler, val, epochs=8)


@healthy(kind="loader")
def weights_for_the_rare_class():
    """One in ten, and `weight=` in the loss makes up for it."""
    x, y = data.stripes(1200, k=2, size=20)
    keep = (y == 0) | (np.random.rand(1200) < 0.12)
    x, y = torch.tensor(x[keep]).float().unsqueeze(1).div(255), torch.tensor(y[keep])
    train_ds, val_ds = random_split(TensorDataset(x, y), [len(x) - 160, 160])
    counts = torch.bincount(y)
    criterion = nn.CrossEntropyLoss(weight=counts.sum() / (2.0 * counts))
    model = nn.Sequential(
        nn.Conv2d(1, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 12, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(48, 2),
    )  # fmt: skip
    opt = optim.Adam(model.parameters(), lr=3e-3)

    def balanced_accuracy():
        xv, yv = (torch.stack(part) for part in zip(*[(a, b) for a, b in val_ds], strict=True))
        with torch.no_grad():
            right = model(xv).argmax(1) == yv
        return torch.stack([right[yv == c].float().mean() for c in (0, 1)]).mean()

    train, val = DataLoader(train_ds, batch_size=24, shuffle=True), DataLoader(val_ds, batch_size=80)
    return Patient(model, train, criterion, opt, val_batches=val, evaluate=balanced_accuracy, epochs=6)
