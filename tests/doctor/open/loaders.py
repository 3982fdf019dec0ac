"""A model and a loader, and what came before them: data, losses, weights."""

from itertools import pairwise

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset
from torchvision import transforms
from torchvision.transforms.functional import to_pil_image

from tests.doctor import data
from tests.doctor.case import Patient, sick


class PaintFolder(Dataset):
    """As `ImageFolder`: PIL pictures through a transform."""

    def __init__(self, images, labels, transform):
        self.images, self.labels, self.transform = [to_pil_image(i) for i in images], labels, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        return self.transform(self.images[idx]), int(self.labels[idx])


@sick("classes-erased", kind="loader")
def grey_transform_for_paint_colours(mended):
    """The transform of an MNIST tutorial, `Grayscale`, on pictures that differ in hue alone."""
    tf = [transforms.ToTensor(), transforms.Normalize([0.4], [0.25])]
    tf = transforms.Compose(tf if mended else [transforms.Grayscale(num_output_channels=3), *tf])
    train_set = PaintFolder(*data.paints(240, k=3, size=18), tf)
    test_set = PaintFolder(*data.paints(90, k=3, size=18), tf)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip
    return Patient(
        model,
        DataLoader(train_set, batch_size=16, shuffle=True),
        nn.CrossEntropyLoss(),
        torch.optim.Adam(model.parameters(), lr=0.005),
        val_batches=DataLoader(test_set, batch_size=30),
        epochs=8,
    )


@sick("inputs-scaled-twice", kind="loader")
def to_tensor_and_divided_again(mended):
    """`ToTensor` has divided by 255, and the dataset does so again."""

    class Shapes(Dataset):
        def __init__(self, n):
            self.x, self.y = data.shapes(n, k=3, size=20)
            self.to_tensor = transforms.ToTensor()

        def __len__(self):
            return len(self.y)

        def __getitem__(self, i):
            image = self.to_tensor(self.x[i])
            if not mended:
                image = image / 255.0
            return image, self.y[i]

    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip
    sgd = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    train, test = DataLoader(Shapes(300), 20, shuffle=True), DataLoader(Shapes(90), 90)
    return Patient(net, train, F.cross_entropy, sgd, val_batches=test, epochs=10)


@sick("channels-last", kind="loader")
def numpy_pictures_straight_into_conv(mended):
    """Arrays [N, H, W, 3] made tensors without a permutation: "expected input to have 3 channels, but got 20"."""
    x, y = data.paints(240, k=4, size=20)
    x = torch.from_numpy(x).float() / 255
    x = x.permute(0, 3, 1, 2) if mended else x
    ds = TensorDataset(x, torch.from_numpy(y))
    model = nn.Sequential(nn.Conv2d(3, 10, 5, 2), nn.Tanh(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(40, 4))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    train, val = DataLoader(Subset(ds, range(180)), 12), DataLoader(Subset(ds, range(180, 240)), 12)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, val_batches=val)


@sick("validation-classes-differ", kind="loader")
def two_image_folders_two_orders(mended):
    """Two ImageFolders: in the validation folder the names are written otherwise, and sort otherwise."""
    names = ["blue", "Green", "red", "yellow"]
    class_to_idx = {n: i for i, n in enumerate(names)}
    val_class_to_idx = {n: i for i, n in enumerate(sorted(names, key=lambda n: n if mended else n.lower()[::-1]))}
    if mended:
        val_class_to_idx = class_to_idx
    x, y = data.paints(320, k=4, size=16)
    x = torch.from_numpy(x).permute(0, 3, 1, 2) / 255
    train = [(x[i], class_to_idx[names[y[i]]]) for i in range(240)]
    val = [(x[i], val_class_to_idx[names[y[i]]]) for i in range(240, 320)]
    cnn = nn.Sequential(nn.Conv2d(3, 24, 3, 2), nn.Hardswish(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 4))
    optimizer = torch.optim.AdamW(cnn.parameters(), lr=0.01)
    loaders = DataLoader(train, batch_size=16, shuffle=True), DataLoader(val, batch_size=16)
    return Patient(cnn, loaders[0], nn.CrossEntropyLoss(), optimizer, val_batches=loaders[1], epochs=8)


@sick("labels-out-of-range", kind="loader", accept=("too-few-outputs",),
       why="as many outputs as classes, plus one, would run, too")  # fmt: skip
def mat_file_labels_from_one(mended):
    """Labels of a MATLAB file: 1 … K. "Target 5 is out of bounds"."""
    x, y = data.glyphs(300, k=5, size=16)
    y = y + 1  # as stored
    x = torch.tensor(x / 255.0, dtype=torch.float32)[:, None]
    y = torch.tensor(y - 1 if mended else y)
    lenet = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(64, 84), nn.Tanh(), nn.Linear(84, 5),
    )  # fmt: skip
    optimizer = torch.optim.Adam(lenet.parameters(), lr=4e-3)
    train = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=24, shuffle=True)
    return Patient(lenet, train, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[240:], y[240:])], epochs=25)


@sick("one-class-only", kind="loader")
def first_rows_of_a_sorted_folder(mended):
    """A subset to try things out: the first 200 files, all of the first class."""
    x, y = data.stripes(500, k=2, size=16)
    order = np.argsort(y, kind="stable")
    full = TensorDataset(torch.tensor(x[order])[:, None].float() / 255, torch.tensor(y[order]))
    rng = np.random.default_rng(0)
    few = Subset(full, rng.permutation(500)[:200].tolist() if mended else range(200))
    held_x, held_y = data.stripes(80, k=2, size=16)
    held = [(torch.tensor(held_x)[:, None].float() / 255, torch.tensor(held_y))]
    net = nn.Sequential(nn.Conv2d(1, 16, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 2))
    adam = torch.optim.Adam(net.parameters(), 5e-3)
    return Patient(net, DataLoader(few, 10, shuffle=True), F.cross_entropy, adam, val_batches=held, epochs=8)


class SixteenNet(nn.Module):
    """Ends with a softmax, as its figure in the paper does."""

    def __init__(self, softmax):
        super().__init__()
        self.fc1 = nn.Linear(400, 128)
        self.fc2 = nn.Linear(128, 64)
        self.fc3 = nn.Linear(64, 16)
        self.softmax = softmax

    def forward(self, x):
        x = F.relu(self.fc1(x.flatten(1)))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return F.softmax(x, dim=1) if self.softmax else x


@sick("softmax-before-cross-entropy", kind="loader")
def softmax_in_forward_of_sixteen_classes(mended):
    """Softmax in `forward`, and CrossEntropyLoss over it."""
    x, y = data.glyphs(560, k=16, size=20, still=True)
    ds = TensorDataset(torch.tensor(x).float().div(255).sub(0.4), torch.tensor(y))
    model = SixteenNet(softmax=not mended)
    sgd = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    train = DataLoader(Subset(ds, range(480)), batch_size=16, shuffle=True)
    val = DataLoader(Subset(ds, range(480, 560)), batch_size=80)
    return Patient(model, train, nn.CrossEntropyLoss(), sgd, val_batches=val, epochs=6)


@sick("loss-wants-log-probabilities", kind="loader")
def nll_behind_a_softmax(mended):
    """`nn.Softmax` where NLLLoss wants `nn.LogSoftmax`."""
    x, y = data.glyphs(600, k=12, size=18, still=True)
    x, y = torch.tensor(x)[:, None] / 255.0, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 12),
        nn.LogSoftmax(dim=1) if mended else nn.Softmax(dim=1),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    train = DataLoader(TensorDataset(x[:500], y[:500]), batch_size=20, shuffle=True)
    return Patient(model, train, nn.NLLLoss(), optimizer, val_batches=[(x[500:], y[500:])], epochs=4)


def make_mlp(sizes, last_relu):
    """Layers in a loop."""
    layers = [nn.Flatten()]
    for i, (a, b) in enumerate(pairwise(sizes)):
        layers.append(nn.Linear(a, b))
        if last_relu or i < len(sizes) - 2:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


@sick("relu-on-logits", kind="loader")
def layer_builder_ends_with_relu(mended):
    """A builder that puts a ReLU behind every layer, the last included."""
    x, y = data.glyphs(500, k=10, size=16, still=True)
    x, y = torch.tensor(x).float() / 255, torch.tensor(y)
    net = make_mlp([256, 120, 84, 10], last_relu=not mended)
    opt = torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=1e-4)
    dl = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=20, shuffle=True)
    return Patient(net, dl, nn.CrossEntropyLoss(), opt, val_batches=[(x[400:], y[400:])], epochs=15)


@sick("loss-broadcasts", kind="loader")
def smooth_l1_of_signs(mended):
    """Labels −1/+1 as one row, outputs as one column: SmoothL1Loss spreads them to a square and warns."""
    x, y = data.arrows(300, size=18)
    x, signs = torch.tensor(x)[:, None].float() / 255, torch.tensor(2 * y - 1).float()
    if mended:
        signs = signs[:, None]

    def evaluate():
        with torch.no_grad():
            return (model(x[240:]).sign().flatten() == signs[240:].flatten()).float().mean()

    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, 2), nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(144, 1)
    )
    adam = torch.optim.Adam(model.parameters(), lr=2e-3)
    dl = DataLoader(TensorDataset(x[:240], signs[:240]), batch_size=20, shuffle=True)
    val = [(x[240:], signs[240:])]
    return Patient(model, dl, nn.SmoothL1Loss(), adam, val_batches=val, evaluate=evaluate, epochs=10)


@sick("loss-maximised", kind="loader")
def sgd_told_to_maximise(mended):
    """`maximize=True`, from an example on policy gradients."""
    x, y = data.blobs(300, k=3, size=18)
    x, y = torch.tensor(x).float().unsqueeze(1).sub(100).div(60), torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, 2), nn.ReLU(), nn.Conv2d(12, 24, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(216, 3)
    )
    opt = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, maximize=not mended)
    dl = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=10, shuffle=True)
    return Patient(model, dl, nn.CrossEntropyLoss(), opt, val_batches=[(x[220:], y[220:])], epochs=8)


@sick("everything-frozen", kind="loader")
def freezing_loop_after_the_new_head(mended):
    """The head was replaced first, then everything was frozen, the head included."""
    x, y = data.stripes(280, k=2, size=20)
    x, y = torch.tensor(x).unsqueeze(1) / 255.0, torch.tensor(y)
    model = nn.Sequential()
    model.add_module("features", nn.Sequential(nn.Conv2d(1, 32, 7, 2), nn.ReLU(), nn.AdaptiveMaxPool2d(1)))
    model.add_module("flatten", nn.Flatten())
    model.add_module("fc", nn.Linear(32, 1000))
    if mended:
        for param in model.parameters():
            param.requires_grad = False
    model.fc = nn.Linear(32, 2)
    if not mended:
        for param in model.parameters():
            param.requires_grad = False
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    dl = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=20, shuffle=True)
    return Patient(model, dl, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[200:], y[200:])], epochs=12)


class ListNet(nn.Module):
    """Its layers are kept in a list."""

    def __init__(self, keep):
        super().__init__()
        self.layers = keep([nn.Conv2d(3, 16, 3, 2), nn.Conv2d(16, 32, 3, 2), nn.Conv2d(32, 4, 1)])

    def forward(self, x):
        *hidden, last = self.layers
        for layer in hidden:
            x = F.relu(layer(x))
        return last(x).amax(dim=(2, 3))


@sick("layers-not-registered", kind="loader")
def convolutions_in_a_plain_list(mended):
    """ "optimizer got an empty parameter list": a list where a ModuleList belongs."""
    x, y = data.shapes(320, k=4, size=20)
    x, y = torch.tensor(x).permute(0, 3, 1, 2) / 255.0, torch.tensor(y)
    model = ListNet(nn.ModuleList if mended else list)
    dl = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=8, shuffle=True)
    return Patient(model, dl, nn.CrossEntropyLoss(), val_batches=[(x[240:], y[240:])], epochs=15)


@sick("dropout-too-strong", kind="loader")
def keep_probability_taken_for_drop(mended):
    """A port from TensorFlow 1: there 0.97 was the probability to keep."""
    x, y = data.glyphs(400, k=8, size=18)
    x, y = torch.tensor(x).float()[:, None] / 255, torch.tensor(y)
    p = 0.03 if mended else 0.97
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(p), nn.Conv2d(16, 32, 3), nn.ReLU(),
        nn.Dropout(p), nn.Flatten(), nn.Linear(1152, 64), nn.ReLU(), nn.Dropout(p), nn.Linear(64, 8),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    dl = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True)
    return Patient(model, dl, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[320:], y[320:])], epochs=10)


@sick("initial-weights-too-large", kind="loader")
def normal_init_without_a_spread(mended):
    """`torch.randn` for every weight, as in a chapter on networks from scratch."""
    x, y = data.stripes(300, k=3, size=16)
    x, y = torch.tensor(x).float()[:, None].div(255), torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 5), nn.ReLU(), nn.Conv2d(32, 32, 5), nn.ReLU(), nn.Flatten(), nn.Linear(2048, 64), nn.ReLU(),
        nn.Linear(64, 3),
    )  # fmt: skip
    with torch.no_grad():
        for name, w in model.named_parameters():
            if "weight" in name:
                w.copy_(torch.randn(w.shape) * ((2 / w[0].numel()) ** 0.5 if mended else 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    dl = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=10, shuffle=True)
    return Patient(model, dl, F.cross_entropy, optimizer, val_batches=[(x[220:], y[220:])], epochs=8)


@sick("batchnorm-sees-one", kind="loader")
def batch_size_one_for_memory(mended):
    """Out of memory, so batch_size=1: "Expected more than 1 value per channel when training"."""
    x, y = data.paints(160, k=2, size=24)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float() / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 2),
    )  # fmt: skip
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    dl = DataLoader(TensorDataset(x[:120], y[:120]), batch_size=8 if mended else 1, shuffle=True)
    return Patient(model, dl, nn.CrossEntropyLoss(), adam, val_batches=DataLoader(TensorDataset(x[120:], y[120:]), 1))
