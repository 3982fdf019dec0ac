"""Set-ups that learn, of shapes that look odd."""

from copy import deepcopy

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset, TensorDataset, WeightedRandomSampler
from torchvision.ops import sigmoid_focal_loss

from tests.doctor import data
from tests.doctor.aside.pictures import corners, handwriting, surfaces
from tests.doctor.aside.weights import pretrained
from tests.doctor.case import Patient, accuracy, healthy
from tests.doctor.third import pictures


def unit(x):
    """uint8 arrays → float32 [N, C, H, W], 0–1."""
    x = torch.from_numpy(x)
    return (x.unsqueeze(1) if x.ndim == 3 else x.permute(0, 3, 1, 2)) / 255


def halves(x, y, held=80, batch_size=20):
    """(DataLoader, validation batches)."""
    train = DataLoader(TensorDataset(x[:-held], y[:-held]), batch_size=batch_size, shuffle=True)
    return train, [(x[-held:], y[-held:])]


# --- loops ---------------------------------------------------------------------------------------------------


@healthy(kind="loop")
def lbfgs_with_a_closure():
    """Sixty pictures, one batch, LBFGS: the optimizer calls the network itself, several times a step."""
    x, y = corners(140, k=4)
    x, y = unit(x).flatten(1), torch.from_numpy(y)
    model = nn.Sequential(nn.Linear(256, 12), nn.Tanh(), nn.Linear(12, 4))
    optimizer = optim.LBFGS(model.parameters(), lr=0.5, max_iter=4)

    def step(xb, yb):
        def closure():
            optimizer.zero_grad()
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            return loss

        return optimizer.step(closure)

    return Patient(model, [(x[:60], y[:60])], F.cross_entropy, optimizer, None, [(x[60:], y[60:])], step, epochs=12)


class PatchPool(nn.Module):
    """A compact transformer: patches, two layers, a weighted mean of the tokens in place of a class token."""

    def __init__(self, classes, dim=32):
        super().__init__()
        self.patches = nn.Conv2d(3, dim, 6, 6)
        self.places = nn.Parameter(torch.zeros(1, 16, dim))
        layer = nn.TransformerEncoderLayer(
            dim, 4, 64, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.attend, self.head = nn.Linear(dim, 1), nn.Linear(dim, classes)

    def forward(self, x):
        x = self.encoder(self.patches(x).flatten(2).transpose(1, 2) + self.places)
        return self.head((self.attend(x).softmax(1) * x).sum(1))


@healthy(kind="loop")
def transformer_warmed_up_by_batches():
    """AdamW, a rate that climbs for 30 batches and falls as a cosine, all of it stepped with each batch."""
    x, y = pictures.tiles(360, k=4)
    train, val = halves(unit(x) - 0.45, torch.from_numpy(y))
    model = PatchPool(4)
    optimizer = optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    total = 6 * len(train)
    scheduler = optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min((i + 1) / 30, 0.5 * (1 + np.cos(np.pi * min(i / total, 1))))
    )

    def step(images, labels):
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels, label_smoothing=0.1)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
        return loss.item()

    return Patient(model, train, None, optimizer, scheduler, val, step, epochs=6)


@healthy(kind="loop")
def cutmix_of_two_pictures():
    """A piece of another picture is pasted in, and the loss is shared between both labels."""
    x, y = pictures.tiles(320, k=4)
    train, val = halves(unit(x), torch.from_numpy(y))
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 24, 3, 2), nn.BatchNorm2d(24), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 4),
    )  # fmt: skip
    optimizer = optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)

    def step(x, y):
        net.train()
        order, side = torch.randperm(len(x)), np.random.randint(4, 16)
        top, left = np.random.randint(0, 24 - side, 2)
        x = x.clone()
        x[:, :, top : top + side, left : left + side] = x[order, :, top : top + side, left : left + side]
        share = 1 - side**2 / 24**2
        out = net(x)
        loss = share * F.cross_entropy(out, y) + (1 - share) * F.cross_entropy(out, y[order])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return Patient(net, train, None, optimizer, val_batches=val, step=step, epochs=8)


@healthy(kind="loop")
def focal_loss_one_in_fifteen():
    """torchvision's focal loss on one logit, one positive in fifteen, a bias that starts at −2.7."""
    x, y = pictures.scans(2200, size=20, contrast=110)
    keep = (y == 0) | (np.arange(2200) % 15 == 0)
    x, y = unit(x[keep]), torch.from_numpy(y[keep])
    net = nn.Sequential(
        nn.BatchNorm2d(1), nn.Conv2d(1, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 12, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(12, 1),
    )  # fmt: skip
    nn.init.constant_(net[-1].bias, -2.7)
    optimizer = optim.Adam(net.parameters(), lr=5e-3)
    train = DataLoader(TensorDataset(x[:800], y[:800]), batch_size=32, shuffle=True)

    def step(x, y):
        net.train()
        optimizer.zero_grad()
        loss = sigmoid_focal_loss(net(x).squeeze(1), y.float(), alpha=0.75, reduction="mean")
        loss.backward()
        optimizer.step()

    def balanced():
        net.eval()
        with torch.no_grad():
            said = net(x[800:]).squeeze(1) > 0
        truth = y[800:] == 1
        return (said[truth].float().mean() + (~said[~truth]).float().mean()) / 2

    return Patient(net, train, None, optimizer, None, [(x[800:], y[800:])], step, balanced, epochs=6)


@healthy(kind="loop")
def accumulated_with_a_rest():
    """Batches of four, a step for every fifth, and one for what is left at the end of an epoch."""
    x, y = pictures.letters(380, k=5)
    train, val = halves(unit(x), torch.from_numpy(y), batch_size=4)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3, 2), nn.GroupNorm(3, 12), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(972, 5)
    )
    optimizer = optim.AdamW(model.parameters(), lr=4e-3)
    seen = 0

    def step(inputs, targets):
        nonlocal seen
        loss = F.cross_entropy(model.train()(inputs), targets) / 5
        loss.backward()
        seen += 1
        if seen % 5 == 0 or seen % len(train) == 0:
            optimizer.step()
            optimizer.zero_grad()

    return Patient(model, train, None, optimizer, val_batches=val, step=step, epochs=8)


@healthy(kind="loop")
def mean_teacher():
    """The student is trained; the teacher is an average of the students, has no gradients, and is what counts."""
    x, y = pictures.clocks(420, k=4)
    train, val = halves(unit(x), torch.from_numpy(y))
    student = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 24, 3), nn.ReLU(), nn.Flatten(), nn.Linear(864, 4)
    )
    teacher = deepcopy(student).requires_grad_(False).eval()
    optimizer = optim.Adam(student.parameters(), lr=2e-3)

    def step(x, y):
        noisy = x + 0.05 * torch.randn_like(x)
        out = student(noisy)
        agree = F.mse_loss(out.softmax(1), teacher(x).softmax(1))
        loss = F.cross_entropy(out, y) + 0.5 * agree
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        for t, s in zip(teacher.parameters(), student.parameters(), strict=True):
            t.lerp_(s.detach(), 0.05)
        return loss.item()

    return Patient(student, train, None, optimizer, None, val, step, lambda: accuracy(teacher, val), epochs=8)


@healthy(kind="loop")
def sharpness_aware_two_passes():
    """SAM: up the slope by a little, a second gradient from there, back, and down: two backwards in a step."""
    x, y = pictures.letters(480, k=6)
    train, val = halves(unit(x), torch.from_numpy(y))
    net = nn.Sequential(nn.Flatten(), nn.Linear(400, 64), nn.ReLU(), nn.Linear(64, 6))
    sgd = optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

    def step(x, y):
        sgd.zero_grad()
        F.cross_entropy(net(x), y).backward()
        with torch.no_grad():
            grads = [p.grad.clone() for p in net.parameters()]
            length = torch.stack([g.norm() for g in grads]).norm() + 1e-12
            moves = [0.05 * g / length for g in grads]
            for p, move in zip(net.parameters(), moves, strict=True):
                p.add_(move)
        sgd.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        with torch.no_grad():
            for p, move in zip(net.parameters(), moves, strict=True):
                p.sub_(move)
        sgd.step()
        return loss.item()

    return Patient(net, train, None, sgd, val_batches=val, step=step, epochs=12)


@healthy(kind="loop")
def distilled_from_a_frozen_teacher():
    """Nine tenths of the loss is what a frozen teacher says, at a temperature of 4."""
    x, y = handwriting(900, digits=(0, 1, 2, 3, 4, 5))
    x, y = unit(x), torch.from_numpy(y)
    body = pretrained(nn.Sequential(nn.Flatten(), nn.Linear(256, 64), nn.ReLU()), x[:400], y[:400], 6)
    teacher = nn.Sequential(body, nn.Linear(64, 6))
    head = optim.Adam(teacher[1].parameters(), lr=0.01)
    for _ in range(60):
        head.zero_grad()
        F.cross_entropy(teacher(x[:400]), y[:400]).backward()
        head.step()
    teacher.eval().requires_grad_(False)
    student = nn.Sequential(nn.Flatten(), nn.Linear(256, 12), nn.ReLU(), nn.Linear(12, 6))
    optimizer = optim.Adam(student.parameters(), lr=5e-3)
    T = 4.0

    def step(images, labels):
        out = student(images)
        with torch.no_grad():
            soft = F.softmax(teacher(images) / T, dim=1)
        loss = 0.9 * T * T * F.kl_div(F.log_softmax(out / T, dim=1), soft, reduction="batchmean")
        loss = loss + 0.1 * F.cross_entropy(out, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    train, val = halves(x[400:], y[400:], held=100)
    return Patient(student, train, None, optimizer, val_batches=val, step=step, epochs=10)


@healthy(kind="loop")
def restarts_stepped_in_fractions():
    """CosineAnnealingWarmRestarts is stepped with epoch + i / n after each batch, as its page shows."""
    x, y = data.blobs(340, k=3, size=20)
    train, val = halves(unit(x) - 0.3, torch.from_numpy(y))
    cnn = nn.Sequential(nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 16, 3, 2), nn.ReLU(), nn.Flatten(),
                        nn.Linear(144, 3))  # fmt: skip
    sgd = optim.SGD(cnn.parameters(), lr=0.03, momentum=0.9)
    scheduler = optim.lr_scheduler.CosineAnnealingWarmRestarts(sgd, T_0=2)
    seen = 0

    def step(x, y):
        nonlocal seen
        sgd.zero_grad()
        F.cross_entropy(cnn(x), y).backward()
        sgd.step()
        seen += 1
        scheduler.step(seen / len(train))

    return Patient(cnn, train, F.cross_entropy, sgd, scheduler, val, step, epochs=10)


# --- loaders -------------------------------------------------------------------------------------------------


@healthy(kind="loader")
def rare_class_drawn_more_often():
    """Thirty to one in the folder; a WeightedRandomSampler with a weight for each picture makes up for it."""
    x, y = data.stripes(1600, k=2, size=16)
    keep = (y == 0) | (np.arange(1600) % 30 == 0)
    x, y = unit(x[keep]), torch.from_numpy(y[keep])
    weights = 1.0 / torch.bincount(y)[y]
    held_x, held_y = data.stripes(100, k=2, size=16)
    model = nn.Sequential(nn.Conv2d(1, 16, 5), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 2))
    train = DataLoader(TensorDataset(x, y), batch_size=20, sampler=WeightedRandomSampler(weights, 400))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return Patient(
        model, train, nn.CrossEntropyLoss(), optimizer, val_batches=[(unit(held_x), torch.from_numpy(held_y))], epochs=8
    )


@healthy(kind="loader")
def backbone_frozen_by_requires_grad():
    """Frozen and in eval mode, a new head that starts with zeros: the first outputs are all the same."""
    known, kinds = pictures.letters(600, k=10)
    body = nn.Sequential(nn.Conv2d(1, 16, 3, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(1296, 32),
                         nn.ReLU())  # fmt: skip
    body = pretrained(body, unit(known), torch.from_numpy(kinds), 10).eval().requires_grad_(False)

    class Tuned(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone, self.head = body, nn.Linear(32, 5)
            nn.init.zeros_(self.head.weight)
            nn.init.zeros_(self.head.bias)

        def train(self, mode=True):
            super().train(mode)
            self.backbone.eval()
            return self

        def forward(self, x):
            return self.head(self.backbone(x))

    model = Tuned()
    x, y = pictures.letters(240, k=5)
    train, val = halves(unit(x), torch.from_numpy(y), batch_size=10)
    optimizer = optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=0.01)
    return Patient(model, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=10)


@healthy(kind="loader")
def tags_with_their_own_weights():
    """Four tags a picture, some of them rare, BCEWithLogitsLoss with a `pos_weight` for each."""
    n, share = 420, np.array([0.5, 0.3, 0.2, 0.4])
    tags = np.random.rand(n, 4) < share
    canvas = np.full((n, 20, 20), 60.0)
    spots = [(slice(0, 8), slice(0, 8)), (slice(0, 8), slice(12, 20)), (slice(12, 20), slice(0, 8))]
    for i, (rows, columns) in enumerate([*spots, (slice(12, 20), slice(12, 20))]):
        canvas[:, rows, columns] += 70 * tags[:, i, None, None]
    x = torch.from_numpy(np.clip(canvas + 30 * np.random.randn(n, 20, 20), 0, 255) / 255).float().unsqueeze(1)
    y = torch.from_numpy(tags).float()
    net = nn.Sequential(nn.Conv2d(1, 12, 5, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(192, 4))
    criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor((1 - share) / share).float())
    train, val = halves(x, y)

    def tag_accuracy():
        return ((net(val[0][0]) > 0) == (val[0][1] > 0.5)).float().mean()

    optimizer = optim.Adam(net.parameters(), lr=5e-3)
    return Patient(net, train, criterion, optimizer, val_batches=val, evaluate=tag_accuracy, epochs=10)


@healthy(kind="loader")
def batches_of_two_with_groupnorm():
    """Large pictures on a small card: two a batch, GroupNorm in place of BatchNorm."""
    x, y = pictures.scans(200, size=40, contrast=110)
    train, val = halves(unit(x), torch.from_numpy(y), batch_size=2)
    net = nn.Sequential(
        nn.Conv2d(1, 8, 5, 2), nn.GroupNorm(2, 8), nn.SiLU(), nn.Conv2d(8, 16, 3, 2), nn.GroupNorm(4, 16), nn.SiLU(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 2),
    )  # fmt: skip
    optimizer = optim.Adam(net.parameters(), lr=3e-3)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=6)


@healthy(kind="loader")
def strided_views_of_large_pictures():
    """Every second pixel, mirrored, by views that are not contiguous; a grey channel expanded to three."""
    x, y = pictures.letters(400, k=5, size=40, moved=4)
    x = (torch.from_numpy(x).float() / 255)[:, ::2, ::2].transpose(1, 2)[:, None].expand(-1, 3, -1, -1)
    y = torch.from_numpy(np.stack([y, y], axis=1))[:, 0]
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 24, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(384, 5)
    )
    batches = [(x[i : i + 20], y[i : i + 20]) for i in range(0, 320, 20)]
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    return Patient(model, batches, nn.CrossEntropyLoss(), optimizer, val_batches=[(x[320:], y[320:])], epochs=10)


@healthy(kind="loader")
def faint_nodules_seventy_percent():
    """Hard pictures: most nodules are hardly brighter than the noise, and seven or eight in ten is what there is."""
    x, y = pictures.scans(1700, size=20, contrast=20, noise=16)
    train, val = halves(unit(x), torch.from_numpy(y), held=120, batch_size=50)
    net = nn.Sequential(
        nn.BatchNorm2d(1), nn.Conv2d(1, 12, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 16, 3), nn.ReLU(),
        nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 2),
    )  # fmt: skip
    optimizer = optim.Adam(net.parameters(), lr=5e-3)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=8)


@healthy(kind="loader")
def log_softmax_and_cross_entropy():
    """LogSoftmax in front of CrossEntropyLoss is one too many, and does nothing: its log-softmax is itself."""
    x, y = pictures.clocks(420, k=6)
    train, val = halves(unit(x), torch.from_numpy(y))
    net = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 24, 3), nn.ReLU(), nn.Flatten(), nn.Linear(864, 6),
        nn.LogSoftmax(dim=1),
    )  # fmt: skip
    return Patient(net, train, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), 3e-3), val_batches=val, epochs=8)


class Bytes(Dataset):
    """Gives uint8 pictures and int32 labels; the network casts and scales them itself."""

    def __init__(self, x, y):
        self.x, self.y = torch.from_numpy(x).permute(0, 3, 1, 2), torch.from_numpy(y)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class Scales(nn.Module):
    """ImageNet's numbers are buffers, and the first line of `forward` uses them."""

    def __init__(self, net):
        super().__init__()
        self.net = net
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406])[:, None, None] * 255)
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225])[:, None, None] * 255)

    def forward(self, x):
        return self.net((x.float() - self.mean) / self.std)


@healthy(kind="loader")
def bytes_scaled_inside_the_network():
    """The loader gives uint8, a quarter of the memory; the network divides."""
    x, y = pictures.faces(360)
    model = Scales(nn.Sequential(
        nn.Conv2d(3, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 24, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(384, 2),
    ))  # fmt: skip
    train = DataLoader(Bytes(x[:280], y[:280]), batch_size=20, shuffle=True)
    val = DataLoader(Bytes(x[280:], y[280:]), batch_size=40)
    sgd = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    return Patient(model, train, nn.CrossEntropyLoss(), sgd, val_batches=val, epochs=10)


class Cosine(nn.Module):
    """Angles to learned centres, times 16."""

    def __init__(self, dim, classes):
        super().__init__()
        self.centres = nn.Parameter(torch.randn(classes, dim))

    def forward(self, x):
        return 16 * F.normalize(x, dim=1) @ F.normalize(self.centres, dim=1).T


@healthy(kind="loader")
def cosine_head_and_adadelta():
    """Logits never leave −16 … 16, and Adadelta's rate is 1.0, as it should be."""
    x, y = surfaces(300, ("brick", "grass", "gravel"), size=24)
    net = nn.Sequential(
        nn.BatchNorm2d(1), nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 24, 3, 2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), Cosine(24, 3),
    )  # fmt: skip
    train, val = halves(unit(x), torch.from_numpy(y))
    optimizer = optim.Adadelta(net.parameters(), lr=1.0)
    return Patient(net, train, nn.CrossEntropyLoss(), optimizer, val_batches=val, epochs=12)


@healthy(kind="loader")
def twelve_pictures_in_one_list():
    """Three pictures a kind, one tensor, one batch, full-batch gradient descent with a rate of 1."""
    x, y = corners(92, k=4)
    x, y = unit(x) - 0.4, torch.from_numpy(y)
    few = torch.cat([torch.nonzero(y == c)[:3, 0] for c in range(4)])
    rest = torch.ones(92, dtype=torch.bool)
    rest[few] = False
    net = nn.Sequential(nn.AvgPool2d(4), nn.Flatten(), nn.Linear(16, 4))
    sgd = optim.SGD(net.parameters(), lr=1.0)
    return Patient(net, [(x[few], y[few])], nn.CrossEntropyLoss(), sgd, val_batches=[(x[rest], y[rest])], epochs=40)


@healthy(kind="loader")
def smoothed_labels_with_class_weights():
    """Label smoothing of 0.2 and weights for three kinds that are not equally frequent."""
    x, y = data.shapes(900, k=3, size=20)
    keep = (y != 2) | (np.arange(900) % 4 == 0)
    x, y = unit(x[keep]), torch.from_numpy(y[keep])
    train, val = halves(x, y, held=120)
    counts = torch.bincount(y)
    criterion = nn.CrossEntropyLoss(weight=counts.sum() / (3.0 * counts), label_smoothing=0.2)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(2), nn.Flatten(),
        nn.Linear(128, 3),
    )  # fmt: skip
    return Patient(net, train, criterion, optim.NAdam(net.parameters(), 3e-3), val_batches=val, epochs=8)
