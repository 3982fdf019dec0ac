"""Loops that people wrote themselves: losses and steps."""

import copy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset, random_split

from tests.doctor import data
from tests.doctor.case import Patient, accuracy, sick


@sick("inputs-not-normalised", kind="loop")
def raw_bytes_into_a_perceptron(mended):
    """A first network after a book's chapter, on the arrays as they came."""
    X, y = data.glyphs(500, k=10, size=16, still=True)
    X = torch.from_numpy(X.reshape(len(X), -1)).float()
    if mended:
        X = X / 127.5 - 1
    Y = torch.from_numpy(y)
    net = nn.Sequential(nn.Linear(256, 100), nn.Sigmoid(), nn.Linear(100, 50), nn.ReLU(), nn.Linear(50, 10))
    opt = optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    train = [(X[i : i + 32], Y[i : i + 32]) for i in range(0, 384, 32)]

    def step(x, y):
        loss = F.cross_entropy(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss.item()

    return Patient(net, train, nn.CrossEntropyLoss(), opt, val_batches=[(X[384:], Y[384:])], step=step, epochs=25)


@sick("validation-prepared-differently", kind="loop")
def opencv_channels_at_validation(mended):
    """The training pictures were read with PIL, those for validation with OpenCV: blue first."""
    images, labels = data.paints(360, k=3, size=20)
    images = torch.tensor(images).permute(0, 3, 1, 2) / 255.0
    labels = torch.tensor(labels)
    train_ds = TensorDataset(images[:260], labels[:260])
    val_images = images[260:] if mended else images[260:].flip(1)
    train_loader = DataLoader(train_ds, batch_size=20, shuffle=True)
    val_loader = DataLoader(TensorDataset(val_images, labels[260:]), batch_size=50)

    class PaintNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(3, 12, 5, stride=2)
            self.conv2 = nn.Conv2d(12, 24, 3, stride=2)
            self.fc = nn.Linear(24, 3)

        def forward(self, x):
            x = F.leaky_relu(self.conv1(x))
            x = F.leaky_relu(self.conv2(x))
            return self.fc(x.mean(dim=(2, 3)))

    model = PaintNet()
    optimizer = optim.AdamW(model.parameters(), lr=5e-3)
    criterion = nn.CrossEntropyLoss()

    def train_step(inputs, targets):
        model.train()
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()

    return Patient(model, train_loader, criterion, optimizer, val_batches=val_loader, step=train_step, epochs=6)


@sick("labels-out-of-step", kind="loop")
def csv_read_one_row_late(mended):
    """`pd.read_csv` took the first row for the header, so that every label belongs to the picture before."""
    pixels, kinds = data.shapes(402, k=3, size=24)
    rows = torch.tensor(kinds)
    pictures = torch.tensor(pixels).permute(0, 3, 1, 2).float().div(255)
    rows = rows if mended else rows[1:]
    pictures = pictures[: len(rows)]
    held_x, held_y = data.shapes(120, k=3, size=24)
    test = [(torch.tensor(held_x).permute(0, 3, 1, 2) / 255.0, torch.tensor(held_y))]
    loader = DataLoader(list(zip(pictures, rows, strict=True)), batch_size=32, shuffle=True, drop_last=True)
    cnn = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip
    adam = optim.Adam(cnn.parameters(), lr=3e-3)

    def one_step(x, y):
        cnn.train()
        out = cnn(x)
        loss = F.cross_entropy(out, y)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()

    return Patient(cnn, loader, F.cross_entropy, adam, val_batches=test, step=one_step, epochs=8)


@sick("sigmoid-twice", kind="loop")
def sigmoid_output_and_bce_with_logits(mended):
    """The sigmoid is in the network, the loss applies it again, and what comes out is compared with a half."""
    X, Y = data.stripes(320, k=2, size=16)
    X = torch.as_tensor(X, dtype=torch.float32)[:, None] / 255
    Y = torch.as_tensor(Y, dtype=torch.float32)

    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.Conv2d(8, 16, 5), nn.ReLU())
            self.out = nn.Linear(16, 1)

        def forward(self, x):
            z = self.out(self.features(x).amax((2, 3))).squeeze(1)
            return z if mended else torch.sigmoid(z)

    det = Detector()
    opt = optim.RMSprop(det.parameters(), lr=1e-3)
    bce = nn.BCEWithLogitsLoss()
    loader = DataLoader(TensorDataset(X[:240], Y[:240]), 16, shuffle=True)

    def training_step(imgs, lbls):
        opt.zero_grad()
        err = bce(det(imgs), lbls)
        err.backward()
        opt.step()
        return float(err)

    def evaluate():
        with torch.no_grad():
            prob = torch.sigmoid(det(X[240:]))
        return ((prob > 0.5).float() == Y[240:]).float().mean()

    val = [(X[240:], Y[240:])]
    return Patient(det, loader, bce, opt, val_batches=val, step=training_step, evaluate=evaluate, epochs=10)


@sick("loss-wants-probabilities", kind="loop")
def bce_loss_on_raw_scores(mended):
    """`nn.BCELoss` is given what the last linear layer says; it stops with an error after a step or at once."""
    x, y = data.blobs(260, k=2, size=20)
    x = (torch.tensor(x).float().unsqueeze(1) - 90) / 60
    y = torch.tensor(y).float().unsqueeze(1)
    model = nn.Sequential(
        nn.Conv2d(1, 10, 3, 2), nn.ELU(), nn.Conv2d(10, 20, 3, 2), nn.ELU(), nn.Flatten(), nn.Linear(320, 1)
    )
    criterion = nn.BCEWithLogitsLoss() if mended else nn.BCELoss()
    optimizer = torch.optim.Adam(model.parameters())
    data_loader = [(x[i : i + 20], y[i : i + 20]) for i in range(0, 200, 20)]

    def step(xb, yb):
        optimizer.zero_grad()
        preds = model(xb)
        loss = criterion(preds, yb)
        loss.backward()
        optimizer.step()

    return Patient(model, data_loader, criterion, optimizer, val_batches=[(x[200:], y[200:])], step=step, epochs=8)


@sick("softmax-on-one-unit", kind="loop")
def softmax_over_a_single_score(mended):
    """Cats or dogs with one output, and `Softmax(dim=1)` copied from the ten-class version."""
    images, targets = data.arrows(300, size=20)
    images = torch.FloatTensor(images / 255.0).unsqueeze(1)
    targets = torch.FloatTensor(targets).view(-1, 1)
    dataset = TensorDataset(images, targets)
    train, val = random_split(dataset, [220, 80])
    trainloader, valloader = DataLoader(train, batch_size=10, shuffle=True), DataLoader(val, batch_size=80)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 6, 5)
            self.pool = nn.MaxPool2d(2, 2)
            self.conv2 = nn.Conv2d(6, 16, 3)
            self.fc1 = nn.Linear(16 * 3 * 3, 40)
            self.fc2 = nn.Linear(40, 1)
            self.last = nn.Sigmoid() if mended else nn.Softmax(dim=1)

        def forward(self, x):
            x = self.pool(F.relu(self.conv1(x)))
            x = self.pool(F.relu(self.conv2(x)))
            x = F.relu(self.fc1(x.flatten(1)))
            return self.last(self.fc2(x))

    net = Net()
    criterion, optimizer = nn.BCELoss(), optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

    def step(inputs, labels):
        optimizer.zero_grad()
        loss = criterion(net(inputs), labels)
        loss.backward()
        optimizer.step()

    def evaluate():
        inputs, labels = next(iter(valloader))
        return ((net(inputs).detach() > 0.5).float() == labels).float().mean()

    return Patient(net, trainloader, criterion, optimizer, None, valloader, step, evaluate, epochs=8)


@sick("loss-detached", kind="loop")
def loss_wrapped_anew_from_item(mended):
    """To silence "element 0 of tensors does not require grad": a new tensor that requires it."""
    x, y = data.glyphs(400, k=6, size=18)
    x = torch.tensor(x)[:, None].float() / 255 - 0.4
    y = torch.tensor(y)
    network = nn.Sequential(
        nn.Conv2d(1, 24, 4, 2), nn.GELU(), nn.Conv2d(24, 48, 3, 2), nn.GELU(), nn.Flatten(), nn.Linear(432, 6)
    )
    optimiser = optim.NAdam(network.parameters(), lr=2e-3)
    criterion = nn.CrossEntropyLoss()
    batches = DataLoader(TensorDataset(x[:300], y[:300]), batch_size=25, shuffle=True)

    def train_one(xb, yb):
        optimiser.zero_grad()
        error = criterion(network(xb), yb)
        if not mended:
            error = torch.tensor(error.item(), requires_grad=True)
        error.backward()
        optimiser.step()
        return error.item()

    return Patient(network, batches, criterion, optimiser, None, [(x[300:], y[300:])], train_one, epochs=8)


@sick("loss-maximised", kind="loop")
def minus_in_front_of_the_criterion(mended):
    """ "Maximise the log-likelihood": the criterion has the minus already."""
    X, T = data.paints(300, k=4, size=16)
    X = torch.tensor(X.transpose(0, 3, 1, 2) / 255.0, dtype=torch.float32)
    T = torch.tensor(T)
    model = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.SiLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 4))
    opt = optim.Adam(model.parameters(), lr=0.004)

    def step(x, t):
        log_probs = model(x).log_softmax(-1)
        log_likelihood = log_probs.gather(1, t[:, None]).mean()
        loss = -log_likelihood if mended else log_likelihood
        opt.zero_grad()
        loss.backward()
        opt.step()

    loader = DataLoader(TensorDataset(X[:220], T[:220]), 11, True)
    return Patient(model, loader, None, opt, val_batches=[(X[220:], T[220:])], step=step, epochs=8)


@sick("zero-grad-forgotten", kind="loop")
def sgd_momentum_sums_every_gradient(mended):
    """A loop as in many tutorials, one line short."""
    device = torch.device("cpu")
    x, y = data.stripes(400, k=4, size=20)
    x, y = torch.tensor(x, dtype=torch.float).unsqueeze(1).div(127.5).sub(1), torch.tensor(y, dtype=torch.long)
    train_loader = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(32, 4),
    ).to(device)  # fmt: skip
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    def train_batch(images, labels):
        images, labels = images.to(device), labels.to(device)
        if mended:
            optimizer.zero_grad()
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    val = [(x[320:], y[320:])]
    return Patient(model, train_loader, criterion, optimizer, val_batches=val, step=train_batch, epochs=12)


class Trainer:
    """A small trainer class with one method per stage."""

    def __init__(self, net, lr, early):
        self.net, self.early = net, early
        self.optim = optim.Adam(net.parameters(), lr)

    def optimise(self, loss):
        if self.early:
            self.optim.zero_grad()
        loss.backward()
        if not self.early:
            self.optim.zero_grad()
        self.optim.step()

    def fit_batch(self, x, y):
        self.net.train()
        loss = F.cross_entropy(self.net(x), y, label_smoothing=0.05)
        self.optimise(loss)
        return loss.detach()


@sick("zero-grad-after-backward", kind="loop")
def helper_that_clears_before_the_step(mended):
    """A trainer class whose helper calls backward, zero_grad, step."""
    pics, cls = data.shapes(300, k=4, size=20)
    pics, cls = torch.tensor(pics).movedim(-1, 1) / 255, torch.tensor(cls)
    net = nn.Sequential(
        nn.Conv2d(3, 20, 3), nn.BatchNorm2d(20), nn.ReLU(), nn.Conv2d(20, 40, 3, 2), nn.BatchNorm2d(40), nn.ReLU(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(40, 4),
    )  # fmt: skip
    trainer = Trainer(net, 5e-3, early=mended)
    batches = list(zip(pics[:240].split(24), cls[:240].split(24), strict=True))
    val = [(pics[240:], cls[240:])]
    return Patient(net, batches, None, trainer.optim, val_batches=val, step=trainer.fit_batch, epochs=10)


@sick("backward-missing", kind="loop")
def backward_named_not_called(mended):
    """`loss.backward` without its brackets."""
    x, y = data.blobs(240, k=2, size=16)
    x, y = torch.tensor(x / 255.0).float()[:, None], torch.tensor(y)
    mlp = nn.Sequential(nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = optim.Adam(mlp.parameters(), lr=1e-3)

    def step(images, labels):
        optimizer.zero_grad()
        loss = F.cross_entropy(mlp(images), labels)
        loss.backward() if mended else loss.backward
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:180], y[:180]), batch_size=12, shuffle=True)
    return Patient(mlp, loader, F.cross_entropy, optimizer, val_batches=[(x[180:], y[180:])], step=step, epochs=15)


@sick("step-missing", kind="loop")
def step_named_not_called(mended):
    """`optimizer.step`, and the scheduler is stepped in its stead."""
    x, y = data.paints(240, k=2, size=18)
    x, y = torch.tensor(np.moveaxis(x, 3, 1) / 255, dtype=torch.float32), torch.tensor(y)
    model = nn.Sequential(nn.Conv2d(3, 8, 3, 3), nn.Tanh(), nn.Flatten(), nn.Linear(288, 2))
    optimizer = optim.Adagrad(model.parameters(), lr=0.01)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=100, gamma=0.9)

    def step(images, labels):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(images), labels).backward()
        if mended:
            optimizer.step()
        scheduler.step()

    train = DataLoader(TensorDataset(x[:180], y[:180]), batch_size=15, shuffle=True)
    return Patient(model, train, None, optimizer, scheduler, [(x[180:], y[180:])], step, epochs=6)


@sick("optimizer-of-another-model", kind="loop")
def copy_is_trained_by_the_loop(mended):
    """The optimizer was made for `base`; the loop trains a deep copy of it."""
    x, y = data.arrows(280, size=20)
    x, y = torch.tensor(x, dtype=torch.float32)[:, None] / 128 - 1, torch.tensor(y)
    base = nn.Sequential(
        nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.MaxPool2d(4), nn.Flatten(), nn.Dropout(0.2), nn.Linear(300, 2)
    )
    sgd = optim.SGD(base.parameters(), lr=0.03, momentum=0.9, nesterov=True)
    model = base if mended else copy.deepcopy(base)
    model.train()

    def update(x, y):
        sgd.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        sgd.step()

    loader = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=10, shuffle=True)
    val = [(x[200:], y[200:])]
    return Patient(model, loader, F.cross_entropy, sgd, None, val, update, lambda: accuracy(model, val), epochs=8)
