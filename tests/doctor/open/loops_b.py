"""Loops that people wrote themselves: rates, weights, modes."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from tests.doctor import data
from tests.doctor.case import Patient, accuracy, sick


@sick("optimizer-holds-a-part", kind="loop", accept=("optimizer-of-another-model",),
      why="none of what the optimizer holds is in the network any more")  # fmt: skip
def head_replaced_behind_the_optimizer(mended):
    """The optimizer got the old head's parameters; then the head was replaced."""
    imgs, labels = data.glyphs(400, k=8, size=18)
    imgs, labels = torch.tensor(imgs).float().unsqueeze(1) / 255, torch.tensor(labels)

    class Classifier(nn.Module):
        def __init__(self, n_classes):
            super().__init__()
            self.backbone = nn.Sequential(nn.Flatten(), nn.Linear(324, 256), nn.ReLU())
            self.head = nn.Linear(256, n_classes)

        def forward(self, x):
            return self.head(self.backbone(x))

    model = Classifier(1000)
    for p in model.backbone.parameters():
        p.requires_grad = False
    if mended:
        model.head = nn.Linear(256, 8)
    optimizer = torch.optim.Adam(model.head.parameters(), lr=3e-3)
    if not mended:
        model.head = nn.Linear(256, 8)
    criterion = nn.CrossEntropyLoss()

    def step(x, y):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()

    train = DataLoader(TensorDataset(imgs[:320], labels[:320]), batch_size=16, shuffle=True)
    return Patient(model, train, criterion, optimizer, val_batches=[(imgs[320:], labels[320:])], step=step, epochs=20)


@sick("learning-rate-too-high", kind="loop")
def head_group_with_rate_fifty(mended):
    """Discriminative rates, and the head's was meant to be 0.05."""
    x, y = data.shapes(320, k=3, size=20)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float().div_(255).sub_(0.3), torch.tensor(y)
    body = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU())
    head = nn.Sequential(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(32, 3))
    model = nn.Sequential(body, head)
    groups = [{"params": body.parameters()}, {"params": head.parameters(), "lr": 0.05 if mended else 50}]
    opt = torch.optim.SGD(groups, lr=0.05, momentum=0.9)

    def train_step(x, y):
        loss = F.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()

    dl = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=12, shuffle=True)
    return Patient(model, dl, F.cross_entropy, opt, val_batches=[(x[240:], y[240:])], step=train_step, epochs=12)


@sick("scheduler-too-often", kind="loop")
def exponential_decay_in_the_inner_loop(mended):
    """`ExponentialLR(0.7)` is meant for epochs and stepped with the optimizer."""
    pictures, classes = data.stripes(480, k=3, size=20)
    pictures = (torch.tensor(pictures).float().unsqueeze(1) - 128) / 64
    classes = torch.tensor(classes)
    train_dl = DataLoader(TensorDataset(pictures[:400], classes[:400]), batch_size=16, shuffle=True)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(2),
        nn.Flatten(), nn.Linear(64, 3),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.7)
    seen = 0

    def step(x, y):
        nonlocal seen
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        seen += 1
        if not mended or seen % len(train_dl) == 0:
            scheduler.step()

    val = [(pictures[400:], classes[400:])]
    return Patient(model, train_dl, F.cross_entropy, optimizer, scheduler, val, step, epochs=8)


@sick("gradients-clipped-away", kind="loop")
def norm_clipped_to_a_millionth(mended):
    """`clip_grad_norm_` took the number that belonged to eps."""
    x, y = data.blobs(260, k=2, size=20)
    x, y = torch.tensor(x).float()[:, None].div(100).sub(0.8), torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, 2), nn.LeakyReLU(), nn.Conv2d(16, 16, 3, 2), nn.LeakyReLU(), nn.Flatten(), nn.Linear(256, 2)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    max_norm = 1.0 if mended else 1e-6

    def step(batch, target):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(batch), target)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=10, shuffle=True)
    return Patient(model, loader, None, optimizer, val_batches=[(x[200:], y[200:])], step=step, epochs=8)


@sick("initial-weights-too-small", kind="loop", accept=("gradients-vanish",),
      why="with such weights in six layers the gradient vanishes, too")  # fmt: skip
def init_std_of_a_ten_thousandth(mended):
    """A VGG-like tower with the init of 2012, a hundred times smaller."""
    x, y = data.shapes(300, k=3, size=24)
    x, y = torch.tensor(x).permute(0, 3, 1, 2) / 127.5 - 1, torch.tensor(y)
    layers, width = [], 3
    for out in (16, 16, "M", 32, 32, "M", 48, 48):
        if out == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers += [nn.Conv2d(width, out, 3, padding=1), nn.ReLU(inplace=True)]
        width = out
    vgg = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(width, 3))

    def init(m):
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            if mended:
                nn.init.kaiming_normal_(m.weight)
            else:
                nn.init.normal_(m.weight, 0, 1e-4)
            nn.init.zeros_(m.bias)

    vgg.apply(init)
    optimizer = torch.optim.SGD(vgg.parameters(), lr=0.01, momentum=0.9)

    def step(x, y):
        vgg.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(vgg(x), y)
        loss.backward()
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=16, shuffle=True)
    return Patient(vgg, loader, F.cross_entropy, optimizer, val_batches=[(x[240:], y[240:])], step=step, epochs=10)


@sick("not-in-train-mode", kind="loop")
def eval_left_on_after_validation(mended):
    """`model.eval()` in the evaluation before the first epoch, and never `model.train()` again."""
    x, y = data.shapes(360, k=4, size=20)
    x, y = torch.tensor(x).movedim(3, 1).float(), torch.tensor(y)

    def block(i, o, s=1):
        return nn.Sequential(nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())

    widths = [(3, 16, 1), (16, 16, 1), (16, 24, 2), (24, 24, 1), (24, 32, 2), (32, 32, 1), (32, 32, 1)]
    net = nn.Sequential(*[block(*w) for w in widths], nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4))
    opt = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    net.eval()  # the accuracy before training was printed here

    def train_step(inputs, targets):
        if mended:
            net.train()
        opt.zero_grad()
        loss = F.cross_entropy(net(inputs), targets)
        loss.backward()
        opt.step()

    loader = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=20, shuffle=True)
    return Patient(net, loader, F.cross_entropy, opt, val_batches=[(x[280:], y[280:])], step=train_step, epochs=8)


@sick("not-finite-under-autocast", kind="loop")
def half_precision_log_of_softmax(mended):
    """A loss by hand, one-hot × log(softmax + 1e-8): in float16 the 1e-8 is zero, and 0 × −∞ is no number."""
    x, y = data.glyphs(300, k=5, size=16, still=True)
    x, y = torch.tensor(x).float().unsqueeze(1) / 255 - 0.4, torch.tensor(y)

    class CosineNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Sequential(nn.Flatten(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 16))
            self.centres = nn.Parameter(torch.randn(5, 16))

        def forward(self, x):
            return 30 * F.normalize(self.embed(x), dim=1) @ F.normalize(self.centres, dim=1).t()

    model = CosineNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    def my_cross_entropy(scores, target):
        probs = torch.softmax(scores.float() if mended else scores.half(), dim=1, dtype=None if mended else torch.half)
        return -(F.one_hot(target, 5) * torch.log(probs + 1e-8)).sum(1).mean()

    def step(images, target):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            loss = my_cross_entropy(model(images), target)
        loss.backward()
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=12, shuffle=True)
    return Patient(model, loader, None, optimizer, val_batches=[(x[240:], y[240:])], step=step, epochs=10)


@sick("model-recreated", kind="loop")
def network_made_in_the_epoch_loop(mended):
    """The lines that make network and optimizer stand inside the function that trains."""
    x, y = data.paints(300, k=6, size=16)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float() / 255, torch.tensor(y)

    def make():
        net = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(784, 6))
        return net, torch.optim.Adam(net.parameters(), lr=0.003)

    model, optimizer = make()

    def train(images, labels):
        nonlocal model, optimizer
        if not mended:
            model, optimizer = make()
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss

    loader = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=20, shuffle=True)
    val = [(x[240:], y[240:])]
    return Patient(model, loader, F.cross_entropy, optimizer, None, val, train, lambda: accuracy(model, val), epochs=15)


@sick("activations-missing", kind="loop")
def convolutions_without_any_relu(mended):
    """Three layers, and nothing but linear maps: the answer is an exclusive or."""
    x, y = data.pairs(320)
    x, y = torch.tensor(x).float().unsqueeze(1) / 127.5 - 1, torch.tensor(y)

    class Stack(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 8, 4, stride=4)
            self.fc1 = nn.Linear(128, 32)
            self.fc2 = nn.Linear(32, 2)

        def forward(self, x):
            x = self.conv(x)
            x = torch.relu(x) if mended else x
            x = self.fc1(x.view(len(x), -1))
            x = torch.relu(x) if mended else x
            return self.fc2(x)

    model = Stack()
    optimizer = torch.optim.Adam(model.parameters(), 2e-3)

    def step(x, y):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=16, shuffle=True)
    return Patient(model, loader, F.cross_entropy, optimizer, val_batches=[(x[240:], y[240:])], step=step, epochs=15)
