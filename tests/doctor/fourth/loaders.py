"""A model and a DataLoader, with one mistake in pictures, labels, layers, loss or schedule."""

import numpy as np
import torch
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import transforms

from tests.doctor import data
from tests.doctor.case import Patient, sick
from tests.doctor.fourth.loops import halves, small_net, unit
from tests.doctor.third import pictures


class Numbered(Dataset):
    """Files are numbered from 1, the table's rows from 0."""

    def __init__(self, x, y, less):
        self.x, self.y, self.less = x, y, less

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], int(self.y[i - self.less])


@sick("labels-out-of-step", kind="loader")
def label_of_the_file_before(mended):
    """`labels[idx - 1]`, since files are numbered from 1: but `idx` is counted from 0."""
    x, y = pictures.clocks(440, k=4)
    x = unit(x)
    train = DataLoader(Numbered(x[:340], y[:340], 0 if mended else 1), batch_size=20, shuffle=True)
    val = DataLoader(Numbered(x[340:], y[340:], 0), batch_size=100)
    net = small_net(1, 4)
    return Patient(net, train, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), lr=4e-3), val_batches=val, epochs=10)


class Viewed(nn.Module):
    """A LeNet whose `view` was written for another picture size."""

    def __init__(self, width):
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(3, 8, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 5), nn.ReLU())
        self.width, self.fc = width, nn.Linear(width, 4)

    def forward(self, x):
        return self.fc(self.conv(x).contiguous().view(-1, self.width))


@sick("network-does-not-fit-inputs", kind="loader", accept=("loss-does-not-fit",),
      why="what one sees is that the loss gets four times as many rows as labels")  # fmt: skip
def view_with_a_quarter_of_the_width(mended):
    """`x.view(-1, 16 * 3 * 3)` where 16 × 6 × 6 come: "Expected input batch_size (80) to match target (20)"."""
    train, val = halves(*pictures.tiles(320, k=4))
    net = Viewed(16 * (36 if mended else 9))
    return Patient(net, train, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), 2e-3), val_batches=val, epochs=8)


@sick("network-does-not-fit-inputs", kind="loader")
def doubles_from_numpy(mended):
    """`x / 255` in NumPy gives float64: "expected scalar type Double but found Float"."""
    x, y = data.blobs(360, k=3, size=24)
    x = torch.from_numpy(x / 255)[:, None]
    x, y = x.float() if mended else x, torch.from_numpy(y)
    net = small_net(1, 3)

    def loss(z, y):
        return nn.functional.cross_entropy(z, y)

    def step(images, labels):
        optimizer.zero_grad()
        loss(net(images), labels).backward()
        optimizer.step()

    optimizer = optim.Adam(net.parameters(), lr=4e-3)
    train = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=20, shuffle=True)
    return Patient(net, train, loss, optimizer, val_batches=[(x[280:].float(), y[280:])], step=step, epochs=10)


class Cropped(Dataset):
    """Pictures with a transform, as torchvision's sets have it."""

    def __init__(self, x, y, transform=None):
        self.x, self.y, self.transform = x, y, transform

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        picture = self.x[i]
        return self.transform(picture) if self.transform else picture, int(self.y[i])


@sick("classes-erased", kind="loader", accept=("validation-prepared-differently",),
      why="validation is not cropped, so the two differ as well")  # fmt: skip
def crops_of_a_hundredth(mended):
    """`RandomResizedCrop(24, scale=(0.01, 0.03))`: four pixels of a picture, made large again."""
    x, y = data.shapes(420, k=3, size=24)
    x, y = unit(x), torch.from_numpy(y)
    scale = (0.8, 1.0) if mended else (0.01, 0.03)
    train = Cropped(x[:340], y[:340], transforms.RandomResizedCrop(24, scale=scale, antialias=True))
    net = small_net(3, 3)
    loader = DataLoader(train, batch_size=20, shuffle=True)
    val = DataLoader(Cropped(x[340:], y[340:]), batch_size=80)
    return Patient(net, loader, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), 4e-3), val_batches=val, epochs=12)


@sick("class-weights-inverted", kind="loader")
def pos_weight_upside_down(mended):
    """One in nine is ill; `pos_weight` wants negatives over positives, and got positives over negatives."""
    x, y = pictures.scans(1500, size=24, contrast=90)
    keep = (y == 0) | (np.arange(1500) % 8 == 0)
    x, y = unit(x[keep]), torch.from_numpy(y[keep]).float()[:, None]
    cut = 560
    sick_ones = y[:cut].sum()
    ratio = (cut - sick_ones) / sick_ones
    net = nn.Sequential(
        nn.BatchNorm2d(1), nn.Conv2d(1, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 12, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(12, 1),
    )  # fmt: skip
    loss = nn.BCEWithLogitsLoss(pos_weight=ratio if mended else 1 / ratio)
    train = DataLoader(TensorDataset(x[:cut], y[:cut]), batch_size=20, shuffle=True)

    def balanced():
        with torch.no_grad():
            right = (net.eval()(x[cut:]) > 0) == (y[cut:] > 0)
        return sum(right[y[cut:] == c].float().mean().item() for c in (0, 1)) / 2

    optimizer = optim.Adam(net.parameters(), lr=4e-3)
    return Patient(net, train, loss, optimizer, val_batches=[(x[cut:], y[cut:])], evaluate=balanced, epochs=5)


@sick("scheduler-too-often", kind="loader", accept=("learning-rate-too-low",),
      why="after the first epochs the rate is next to nothing")  # fmt: skip
def a_tenth_after_every_epoch(mended):
    """`StepLR(optimizer, step_size=1)`, and gamma is 0.1 where nothing else is said."""
    train, val = halves(*pictures.letters(560, k=8))
    net = small_net(1, 8)
    optimizer = optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=8 if mended else 1)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, scheduler, val, epochs=14)


@sick("inputs-constant", kind="loader")
def unreadable_files_become_black(mended):
    """`try: open(…) except: zeros`, and the folder's name is wrong: every picture is black."""
    x, y = pictures.tiles(340, k=4)
    files = {f"data/{i:03d}.png": picture for i, picture in enumerate(x)}
    folder = "data" if mended else "Data"

    class Files(Dataset):
        def __init__(self, start, stop):
            self.names = list(range(start, stop))

        def __len__(self):
            return len(self.names)

        def __getitem__(self, i):
            number = self.names[i]
            try:
                picture = files[f"{folder}/{number:03d}.png"]
            except KeyError:
                picture = np.zeros((24, 24, 3), np.uint8)
            return torch.from_numpy(picture).permute(2, 0, 1).float() / 255, int(y[number])

    net = small_net(3, 4)
    train, val = DataLoader(Files(0, 260), 20, shuffle=True), DataLoader(Files(260, 340), 80)
    return Patient(net, train, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), 3e-3), val_batches=val, epochs=8)
