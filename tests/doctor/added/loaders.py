"""A model and a loader, sick in other words than in the two halves."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import transforms
from torchvision.transforms.functional import to_pil_image

from tests.doctor import data
from tests.doctor.case import Patient, sick


class Folder(Dataset):
    """PIL pictures through a transform."""

    def __init__(self, images, labels, transform):
        self.images, self.labels, self.transform = [to_pil_image(i) for i in images], labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.transform(self.images[i]), int(self.labels[i])


def small(channels=1, k=2):
    return nn.Sequential(
        nn.Conv2d(channels, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 16, 3), nn.ReLU(), nn.Flatten(),
        nn.Linear(576, k),
    )  # fmt: skip


@sick("classes-erased", kind="loader")
def random_horizontal_flip_for_arrows(mended):
    """The transform of every tutorial, with RandomHorizontalFlip; the classes are left and right."""
    plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.3], [0.25])])
    augment = plain if mended else transforms.Compose([transforms.RandomHorizontalFlip(), plain])
    train, test = Folder(*data.arrows(260, size=20), augment), Folder(*data.arrows(90, size=20), plain)
    model = small()
    loader = DataLoader(train, batch_size=20, shuffle=True)
    adam = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), adam, val_batches=DataLoader(test, 45), epochs=8)


@sick("classes-erased", kind="loader")
def hue_jitter_for_paints(mended):
    """ColorJitter(hue=0.5) turns every hue into any other; hues are the classes."""
    plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.4] * 3, [0.25] * 3)])
    augment = plain if mended else transforms.Compose([transforms.ColorJitter(hue=0.5), plain])
    train, test = Folder(*data.paints(260, k=3, size=20), augment), Folder(*data.paints(90, k=3, size=20), plain)
    model = small(3, 3)
    loader = DataLoader(train, batch_size=20, shuffle=True)
    adam = torch.optim.Adam(model.parameters(), lr=2e-3)
    return Patient(model, loader, nn.CrossEntropyLoss(), adam, val_batches=DataLoader(test, 45), epochs=8)


@sick("inputs-constant", kind="loader", accept=("classes-erased",), why="white pixels stay 1")
def scaled_then_cast_to_whole_numbers(mended):
    """0 … 1, and then `.long()`, since somebody's embedding wanted it; the loader hands floats again."""
    x, y = data.glyphs(300, k=4, size=16)
    x = torch.tensor(x).unsqueeze(1) / 255
    x = x if mended else x.long().float()
    y = torch.tensor(y)
    model = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(588, 4))
    loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    adam = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, loader, F.cross_entropy, adam, val_batches=[(x[220:], y[220:])], epochs=10)


@sick("too-few-outputs", kind="loader", accept=("labels-out-of-range",), why="the loss wants 0 … 1 and gets 0 … 4")
def one_logit_for_five_kinds(mended):
    """BCEWithLogitsLoss of the tutorial on two kinds, and labels 0 … 4: no error, and loss below 0."""
    x, y = data.glyphs(340, k=5, size=16)
    x, y = torch.tensor(x).float().unsqueeze(1) / 255, torch.tensor(y)
    y = y if mended else y.float().unsqueeze(1)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(588, 5 if mended else 1)
    )
    n = 260

    def evaluate():
        with torch.no_grad():
            z = model(x[n:])
        return ((z.argmax(1) if mended else (z > 0).float()) == y[n:]).float().mean()

    loader = DataLoader(TensorDataset(x[:n], y[:n]), batch_size=20, shuffle=True)
    criterion = nn.CrossEntropyLoss() if mended else nn.BCEWithLogitsLoss()
    adam = torch.optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, loader, criterion, adam, val_batches=[(x[n:], y[n:])], evaluate=evaluate, epochs=10)


@sick("layers-not-registered", kind="loader")
def kernel_that_is_no_parameter(mended):
    """The filters are a tensor with requires_grad, and no nn.Parameter; only what is behind them learns."""
    x, y = data.stripes(320, k=4, size=18)
    x, y = torch.tensor(x).float().unsqueeze(1).sub(128).div(64), torch.tensor(y)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            kernel = 1e-3 * torch.randn(16, 1, 5, 5)
            self.kernel = nn.Parameter(kernel) if mended else kernel.requires_grad_()
            self.fc = nn.Linear(16, 4)

        def forward(self, x):
            return self.fc(F.relu(F.conv2d(x, self.kernel)).mean((2, 3)))

    model = Net()
    loader = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=20, shuffle=True)
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    return Patient(model, loader, F.cross_entropy, adam, val_batches=[(x[240:], y[240:])], epochs=15)
