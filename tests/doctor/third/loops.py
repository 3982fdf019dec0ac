"""Loops as they stand in questions: the mistake is in what happens between two batches."""

import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

from tests.doctor import data
from tests.doctor.aside.pictures import handwriting, surfaces
from tests.doctor.case import Patient, sick
from tests.doctor.third import pictures


@sick("zero-grad-after-backward", kind="loop", accept=("step-missing",),
      why="there is a step, but none behind a gradient")  # fmt: skip
def step_taken_before_backward(mended):
    """zero_grad, forward, step, backward: each gradient is made and thrown away with the next batch."""
    images, labels = pictures.letters(460, k=6)
    images = torch.tensor(images, dtype=torch.float32)[:, None] / 255
    labels = torch.tensor(labels)
    model = nn.Sequential(
        nn.Conv2d(1, 12, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 24, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(216, 6),
    )  # fmt: skip
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=0.003)

    def train_batch(data, target):
        model.train()
        optimizer.zero_grad()
        output = model(data)
        loss = criterion(output, target)
        if mended:
            loss.backward()
            optimizer.step()
        else:
            optimizer.step()
            loss.backward()
        return loss.item()

    train = DataLoader(TensorDataset(images[:380], labels[:380]), batch_size=20, shuffle=True)
    val = DataLoader(TensorDataset(images[380:], labels[380:]), batch_size=80)
    return Patient(model, train, criterion, optimizer, val_batches=val, step=train_batch, epochs=8)


class Encoder(nn.Module):
    """The first of two modules with an optimizer each."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.AdaptiveMaxPool2d(2)
        )

    def forward(self, x):
        return self.body(x).flatten(1)


@sick("zero-grad-forgotten", kind="loop")
def two_optimizers_one_cleared_twice(mended):
    """One optimizer for the encoder, one for the head; the line that was copied clears the head's a second time."""
    x, y = data.shapes(360, k=4, size=24)
    x, y = torch.from_numpy(x).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(y)
    net = nn.ModuleDict({"encoder": Encoder(), "head": nn.Linear(128, 4)})
    net.forward = lambda x: net["head"](net["encoder"](x))
    opt_enc = optim.SGD(net["encoder"].parameters(), lr=0.05, momentum=0.9)
    opt_head = optim.SGD(net["head"].parameters(), lr=0.05, momentum=0.9)

    def step(imgs, lbls):
        (opt_enc if mended else opt_head).zero_grad()
        opt_head.zero_grad()
        loss = F.cross_entropy(net(imgs), lbls)
        loss.backward()
        opt_enc.step()
        opt_head.step()
        return loss

    loader = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=14, shuffle=True)
    return Patient(net, loader, F.cross_entropy, opt_enc, val_batches=[(x[280:], y[280:])], step=step, epochs=12)


@sick("backward-missing", kind="loop")
def loss_scaled_but_not_backward(mended):
    """Mixed precision put in afterwards: `scaler.scale(loss)` replaced the line with `backward`."""
    x, y = pictures.tiles(320, k=4)
    x, y = torch.tensor(x).movedim(-1, 1) / 255.0, torch.tensor(y)
    model = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 16, 3, 2), nn.ReLU(), nn.Flatten(),
                          nn.Linear(400, 4))  # fmt: skip
    optimizer = optim.AdamW(model.parameters(), lr=1e-3)
    use_amp = torch.cuda.is_available()
    scaler = torch.amp.GradScaler("cuda", enabled=use_amp)

    def train_step(inputs, targets):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", enabled=use_amp):
            loss = F.cross_entropy(model(inputs), targets)
        if mended:
            scaler.scale(loss).backward()
        else:
            scaler.scale(loss)
        scaler.step(optimizer)
        scaler.update()
        return loss.detach()

    dl = DataLoader(TensorDataset(x[:240], y[:240]), 16, shuffle=True)
    return Patient(model, dl, F.cross_entropy, optimizer, None, [(x[240:], y[240:])], train_step, epochs=5)


@sick("step-missing", kind="loop")
def scaler_updated_never_stepped(mended):
    """`scaler.update()` is there, `scaler.step(optimizer)` is not."""
    x, y = surfaces(300, ("brick", "grass", "gravel"), size=28)
    x, y = torch.tensor(x).unsqueeze(1).float().sub(110).div(50), torch.tensor(y)
    net = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2), nn.BatchNorm2d(32), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip
    opt = optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
    scaler = torch.amp.GradScaler("cpu", enabled=False)

    def step(x, y):
        net.train()
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(x), y)
        scaler.scale(loss).backward()
        if mended:
            scaler.step(opt)
        scaler.update()

    loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    return Patient(net, loader, None, opt, val_batches=[(x[220:], y[220:])], step=step, epochs=8)


@sick("scheduler-too-often", kind="loop")
def plateau_asked_after_every_batch(mended):
    """ReduceLROnPlateau with patience 1 sees the loss of single batches, which goes up as often as down."""
    x, y = pictures.clocks(500, k=6)
    x, y = torch.tensor(x).float()[:, None] / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1024, 48), nn.ReLU(), nn.Linear(48, 6)
    )
    optimizer = optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=1)
    train = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=10, shuffle=True)
    losses = []

    def step(xb, yb):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if not mended:
            scheduler.step(losses[-1])
        elif len(losses) % len(train) == 0:
            scheduler.step(sum(losses[-len(train) :]) / len(train))

    return Patient(model, train, F.cross_entropy, optimizer, scheduler, [(x[400:], y[400:])], step, epochs=8)


@sick("model-recreated", kind="loop")
def weights_init_applied_in_train(mended):
    """`model.apply(weights_init)` stands at the top of the function that trains on a batch."""
    x, y = handwriting(700, digits=(1, 3, 5, 7))
    x, y = torch.tensor(x).float().unsqueeze(1) / 127.5 - 1, torch.tensor(y)

    def weights_init(m):
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(m.weight)
            m.bias.data.fill_(0.01)

    model = nn.Sequential(nn.Conv2d(1, 8, 3, 2), nn.ELU(), nn.Flatten(), nn.Linear(392, 32), nn.ELU(), nn.Linear(32, 4))
    optimizer = optim.RMSprop(model.parameters(), lr=1e-3)
    if mended:
        model.apply(weights_init)

    def train(images, labels):
        if not mended:
            model.apply(weights_init)
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images), labels)
        loss.backward()
        optimizer.step()
        return loss.item()

    loader = DataLoader(TensorDataset(x[:600], y[:600]), batch_size=30, shuffle=True)
    return Patient(model, loader, None, optimizer, None, [(x[600:], y[600:])], train, epochs=4)


@sick("loss-detached", kind="loop")
def outputs_wrapped_in_variable_data(mended):
    """ "Does not require grad", so the outputs became `Variable(out.data, requires_grad=True)`."""
    x, y = pictures.faces(360)
    x, y = torch.from_numpy(x.transpose(0, 3, 1, 2)).float().div(255), torch.from_numpy(y)
    cnn = nn.Sequential(
        nn.Conv2d(3, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 24, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(384, 2),
    )  # fmt: skip
    optimizer = optim.Adam(cnn.parameters(), lr=2e-3)
    criterion = nn.CrossEntropyLoss()

    def step(img, lab):
        optimizer.zero_grad()
        out = cnn(img)
        if not mended:
            out = torch.autograd.Variable(out.data, requires_grad=True)
        loss = criterion(out, lab)
        loss.backward()
        optimizer.step()
        return loss.item()

    train = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=14, shuffle=True)
    return Patient(cnn, train, criterion, optimizer, val_batches=[(x[280:], y[280:])], step=step, epochs=12)


@sick("loss-maximised", kind="loop")
def soft_f1_is_minimised(mended):
    """A differentiable F1 for the metric that counts; `1 -` in front of it is missing."""
    x, y = pictures.scans(420, size=24, contrast=80)
    x, y = torch.tensor(x).unsqueeze(1).float().div(255), torch.tensor(y)
    net = nn.Sequential(
        nn.BatchNorm2d(1), nn.Conv2d(1, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 16, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(16, 1),
    )  # fmt: skip
    optimizer = optim.Adam(net.parameters(), lr=5e-3)

    def soft_f1(logits, target):
        p, t = torch.sigmoid(logits.squeeze(1)), target.float()
        tp = (p * t).sum()
        f1 = 2 * tp / (p.sum() + t.sum() + 1e-7)
        return 1 - f1 if mended else f1

    def step(x, y):
        net.train()
        optimizer.zero_grad()
        loss = soft_f1(net(x), y)
        loss.backward()
        optimizer.step()

    train = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=32, shuffle=True)
    return Patient(net, train, soft_f1, optimizer, val_batches=[(x[320:], y[320:])], step=step, epochs=15)


@sick("loss-broadcasts", kind="loop")
def cross_entropy_by_hand_column_and_row(mended):
    """Binary cross-entropy after the formula: p is [B, 1] and y is [B], so that all meet all."""
    x, y = pictures.faces(360, size=20)
    x, y = torch.tensor(x).permute(0, 3, 1, 2) / 255.0, torch.tensor(y).float()
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 24, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1176, 1)
    )
    optimizer = optim.Adam(model.parameters(), lr=1e-3)

    def bce(logit, y):
        p = torch.sigmoid(logit).clamp(1e-6, 1 - 1e-6)
        y = y[:, None] if mended else y
        return -(y * p.log() + (1 - y) * (1 - p).log()).mean()

    def step(x, y):
        loss = bce(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return float(loss)

    train = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=20, shuffle=True)
    return Patient(model, train, bce, optimizer, val_batches=[(x[280:], y[280:])], step=step, epochs=12)


@sick("weight-decay-too-strong", kind="loop")
def l2_penalty_added_by_hand(mended):
    """The sum of all squared weights is added to the loss, with λ = 0.5."""
    x, y = pictures.letters(500, k=8)
    x, y = torch.tensor(x).float().flatten(1) / 255, torch.tensor(y)
    mlp = nn.Sequential(nn.Linear(400, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU(), nn.Linear(48, 8))
    optimizer = optim.Adam(mlp.parameters(), lr=2e-3)
    l2_lambda = 1e-5 if mended else 0.5

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(mlp(x), y)
        l2_norm = sum(p.pow(2.0).sum() for p in mlp.parameters())
        loss = loss + l2_lambda * l2_norm
        loss.backward()
        optimizer.step()
        return loss.item()

    train = DataLoader(TensorDataset(x[:400], y[:400]), batch_size=20, shuffle=True)
    return Patient(mlp, train, None, optimizer, val_batches=[(x[400:], y[400:])], step=step, epochs=12)


@sick("gradients-clipped-away", kind="loop")
def values_clipped_to_a_hundred_thousandth(mended):
    """`clip_grad_value_(…, 1e-5)` against exploding gradients, with plain SGD."""
    x, y = pictures.tiles(320, k=3, size=20)
    x = (torch.tensor(x).movedim(3, 1).float() - 100) / 50
    y = torch.tensor(y)
    net = nn.Sequential(nn.Conv2d(3, 12, 3, 2), nn.SiLU(), nn.Conv2d(12, 24, 3, 2), nn.SiLU(), nn.AdaptiveAvgPool2d(1),
                        nn.Flatten(), nn.Linear(24, 3))  # fmt: skip
    sgd = optim.SGD(net.parameters(), lr=0.1)
    clip_value = 1.0 if mended else 1e-5

    def step(x, y):
        sgd.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        torch.nn.utils.clip_grad_value_(net.parameters(), clip_value)
        sgd.step()
        return loss.item()

    train = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=16, shuffle=True)
    return Patient(net, train, F.cross_entropy, sgd, val_batches=[(x[240:], y[240:])], step=step, epochs=8)


@sick("not-in-train-mode", kind="loop")
def train_set_to_true_instead_of_called(mended):
    """`model.train = True` after an evaluation: the mode stays eval, and the next `eval()` says "not callable"."""
    x, y = pictures.tiles(300, k=4)
    x, y = torch.tensor(x).movedim(3, 1).float() / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, bias=False), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 24, 3, 2, bias=False),
        nn.BatchNorm2d(24), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.2), nn.Linear(24, 4),
    )  # fmt: skip
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    model.eval()  # "before training: 25 %"

    def train_step(inputs, targets):
        if mended:
            model.train()
        else:
            model.train = True
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs), targets)
        loss.backward()
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    val = [(x[220:], y[220:])]
    return Patient(model, loader, F.cross_entropy, optimizer, val_batches=val, step=train_step, epochs=5)


@sick("not-finite-under-autocast", kind="loop")
def halved_network_and_adam(mended):
    """`model.half()` to save memory: Adam's eps of 1e-8 is 0 in half precision, and where the gradient is 0, 0/0."""
    dtype = torch.float32 if mended else torch.float16
    x, y = handwriting(700, digits=(0, 1, 2, 3, 4))
    x, y = torch.tensor(x).flatten(1).div(255.0).to(dtype), torch.tensor(y)
    mlp = nn.Sequential(nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 5)).to(dtype)
    optimizer = optim.Adam(mlp.parameters(), lr=1e-3)

    def step(x, y):
        optimizer.zero_grad()
        loss = F.cross_entropy(mlp(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    train = DataLoader(TensorDataset(x[:600], y[:600]), batch_size=30, shuffle=True)
    return Patient(mlp, train, F.cross_entropy, optimizer, val_batches=[(x[600:], y[600:])], step=step, epochs=6)


@sick("class-weights-inverted", kind="loop")
def class_weights_are_the_counts(mended):
    """One in ten is ill; `weight=` got the counts, where it wants something like one over them."""
    x, y = pictures.scans(1600, size=24, contrast=90)
    keep = (y == 0) | (torch.arange(1600).numpy() % 9 == 0)
    x, y = torch.tensor(x[keep]).unsqueeze(1) / 255.0, torch.tensor(y[keep])
    split = 600
    counts = torch.bincount(y[:split]).float()
    weight = counts.sum() / (2 * counts) if mended else counts / counts.sum()
    net = nn.Sequential(
        nn.BatchNorm2d(1), nn.Conv2d(1, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 12, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
        nn.Flatten(), nn.Linear(12, 2),
    )  # fmt: skip
    optimizer = optim.Adam(net.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss(weight=weight)

    def step(x, y):
        net.train()
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()

    def balanced():
        net.eval()
        with torch.no_grad():
            right = net(x[split:]).argmax(1) == y[split:]
        return sum(right[y[split:] == c].float().mean().item() for c in (0, 1)) / 2

    train = DataLoader(TensorDataset(x[:split], y[:split]), batch_size=20, shuffle=True)
    val = [(x[split:], y[split:])]
    return Patient(net, train, criterion, optimizer, None, val, step, evaluate=balanced, epochs=5)
