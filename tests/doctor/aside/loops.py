"""Loops as people post them: what is done with the loss, its gradient, and the network between two batches."""

import random
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision import transforms

from tests.doctor import data
from tests.doctor.aside import pictures
from tests.doctor.case import Patient, accuracy, sick


class DigitNet(nn.Module):
    """After PyTorch's MNIST example."""

    def __init__(self, num_classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, 1)
        self.conv2 = nn.Conv2d(16, 32, 3, 1)
        self.dropout1 = nn.Dropout(0.1)
        self.fc1 = nn.Linear(32 * 6 * 6, 64)
        self.fc2 = nn.Linear(64, num_classes)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)
        x = self.dropout1(x)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


@sick("step-missing", kind="loop")
def accumulation_longer_than_an_epoch(mended):
    """Gradients are gathered over 64 batches, for a large batch; an epoch has 25, and then i is 0 again."""
    imgs, labels = pictures.handwriting(1000)
    imgs = torch.tensor(imgs).unsqueeze(1).float() / 255
    labels = torch.tensor(labels).long()
    train_loader = DataLoader(TensorDataset(imgs[:800], labels[:800]), batch_size=32, shuffle=True)
    val_loader = DataLoader(TensorDataset(imgs[800:], labels[800:]), batch_size=100)
    model = DigitNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    criterion = nn.CrossEntropyLoss()
    accumulation_steps = 5 if mended else 64
    batch_no = 0

    def train_step(inputs, targets):
        nonlocal batch_no
        i = batch_no % len(train_loader)  # the index within the epoch
        batch_no += 1
        if i == 0:
            optimizer.zero_grad()
        loss = criterion(model(inputs), targets) / accumulation_steps
        loss.backward()
        if (i + 1) % accumulation_steps == 0:
            optimizer.step()
            optimizer.zero_grad()
        return loss.item() * accumulation_steps

    return Patient(model, train_loader, criterion, optimizer, None, val_loader, train_step, epochs=8)


@sick("loss-detached", kind="loop")
def argmax_then_requires_grad(mended):
    """The loss is taken of the predicted classes, and `requires_grad = True` silences the error about it."""
    photos, kinds = pictures.surfaces(360, ("temple", "flower", "coffee", "cat"), size=24)
    photos = torch.from_numpy(photos).permute(0, 3, 1, 2).float() / 255
    kinds = torch.from_numpy(kinds)
    net = nn.Sequential(
        nn.Conv2d(3, 16, 5, stride=2), nn.ReLU(), nn.Conv2d(16, 24, 3, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(24, 4),
    )  # fmt: skip
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    mse, ce = nn.MSELoss(), nn.CrossEntropyLoss()

    def train(x, y):
        optimizer.zero_grad()
        output = net(x)
        if mended:
            loss = ce(output, y)
        else:
            pred = output.argmax(dim=1)
            loss = mse(pred.float(), y.float())
            loss.requires_grad = True  # RuntimeError: element 0 of tensors does not require grad
        loss.backward()
        optimizer.step()
        return loss.item()

    loader = DataLoader(list(zip(photos[:280], kinds[:280], strict=True)), batch_size=20, shuffle=True)
    return Patient(net, loader, None, optimizer, val_batches=[(photos[280:], kinds[280:])], step=train, epochs=25)


@sick("backward-missing", kind="loop")
def backward_commented_out(mended):
    """Commented out while an out-of-memory error was hunted, and forgotten."""
    x, y = pictures.knitted(330, k=3, size=24)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).to(torch.float32).sub_(127).div_(64), torch.tensor(y)

    class Learner:
        def __init__(self):
            self.model = nn.Sequential(
                nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2), nn.BatchNorm2d(32),
                nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3),
            )  # fmt: skip
            self.opt = torch.optim.RMSprop(self.model.parameters(), lr=1e-3)

        def do_batch(self, xb, yb):
            self.model.train()
            self.opt.zero_grad()
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(self.model(xb), yb)
            if mended:
                loss.backward()
            # loss.backward()   # <- OOM here?
            self.opt.step()
            return float(loss)

    learner = Learner()
    dl = DataLoader(TensorDataset(x[:240], y[:240]), batch_size=24, shuffle=True, drop_last=True)
    val = [(x[240:], y[240:])]
    return Patient(learner.model, dl, F.cross_entropy, learner.opt, None, val, learner.do_batch, epochs=6)


@sick("loss-does-not-fit", kind="loop")
def cross_entropy_on_a_flat_logit(mended):
    """One squeezed logit a picture, and CrossEntropyLoss: "Expected floating point type for target …, got Long"."""
    X, y = pictures.dots(300, k=2, size=24)
    X = torch.tensor(X[:, None], dtype=torch.float32) / 255
    y = torch.tensor(y)

    class BinaryNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Sequential(nn.Conv2d(1, 12, 5, 2), nn.ReLU(), nn.Conv2d(12, 24, 3, 2), nn.ReLU())
            self.fc = nn.Linear(24 * 4 * 4, 1)

        def forward(self, x):
            return self.fc(self.conv(x).flatten(1)).squeeze(-1)

    model = BinaryNet()
    opt = torch.optim.Adam(model.parameters(), lr=2e-3)

    def step(x, y):
        opt.zero_grad()
        logits = model(x)
        loss = nn.BCEWithLogitsLoss()(logits, y.float()) if mended else nn.CrossEntropyLoss()(logits, y)
        loss.backward()
        opt.step()

    loader = DataLoader(TensorDataset(X[:220], y[:220]), batch_size=20, shuffle=True)
    return Patient(model, loader, None, opt, val_batches=[(X[220:], y[220:])], step=step, epochs=18)


def reset_weights(m):
    """Try resetting model weights to avoid weight leakage (from a page on k-fold cross-validation)."""
    for layer in m.children():
        if hasattr(layer, "reset_parameters"):
            layer.reset_parameters()


@sick("model-recreated", kind="loop")
def fresh_weights_in_each_fold_step(mended):
    """The weights are reset for each fold, by a call that slipped into the loop over the batches."""
    X, Y = data.glyphs(480, k=6, size=20)
    X, Y = torch.from_numpy(X).float().unsqueeze(1) / 255.0, torch.from_numpy(Y)
    fold = np.arange(480) % 4
    train_ids, test_ids = np.flatnonzero(fold != 0), np.flatnonzero(fold == 0)
    network = nn.Sequential(nn.Conv2d(1, 12, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(972, 6))
    network.apply(reset_weights)
    optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
    loss_function = nn.CrossEntropyLoss()

    def run_batch(inputs, targets):
        if not mended:
            network.apply(reset_weights)
        optimizer.zero_grad()
        outputs = network(inputs)
        loss = loss_function(outputs, targets)
        loss.backward()
        optimizer.step()
        return loss.item()

    dataset = TensorDataset(X, Y)
    trainloader = DataLoader(dataset, batch_size=10, sampler=torch.utils.data.SubsetRandomSampler(train_ids.tolist()))
    val = [(X[test_ids], Y[test_ids])]
    return Patient(network, trainloader, loss_function, optimizer, None, val, run_batch, epochs=10)


class PlainBlock(nn.Module):
    """Convolution, norm, ReLU."""

    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn = nn.BatchNorm2d(cout)

    def forward(self, x):
        return self.bn(self.conv(x)).relu()


def prepare_for_finetuning(model):
    """From a colleague's fine-tuning script: all layers trainable, no running means spoilt by small batches."""
    for p in model.parameters():
        p.requires_grad_(True)
    return model.eval()


@sick("not-in-train-mode", kind="loop")
def frozen_in_eval_from_the_helper(mended):
    """A helper for fine-tuning puts a network without any pretraining into eval mode, in each step."""
    x, y = pictures.knitted(360, k=4, size=24)
    x, y = torch.tensor(x).permute(0, 3, 1, 2).float() / 255, torch.tensor(y)
    widths = [3, 12, 12, 16, 16, 24, 24, 32, 32]
    model = nn.Sequential(
        *[PlainBlock(a, b, 1 + (i in (2, 5))) for i, (a, b) in enumerate(pairwise(widths))],
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 4),
    )  # fmt: skip
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)

    def step(x, y):
        model.train()
        if not mended:
            prepare_for_finetuning(model)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()

    dl = DataLoader(TensorDataset(x[:280], y[:280]), batch_size=20, shuffle=True)
    return Patient(model, dl, F.cross_entropy, optimizer, val_batches=[(x[280:], y[280:])], step=step, epochs=8)


class OnePassNorm(nn.Module):
    """Mean and spread of each picture from one pass over it: E[x²] − E[x]²."""

    def __init__(self, upcast):
        super().__init__()
        self.upcast = upcast

    def forward(self, x):
        h = x.float() if self.upcast else x
        n = h[0].numel()
        s, ss = h.flatten(1).sum(1), (h * h).flatten(1).sum(1)
        var = (ss - s * s / n) / n
        return ((h - (s / n).view(-1, 1, 1, 1)) / (var.view(-1, 1, 1, 1) + 1e-5).sqrt()).to(x.dtype)


@sick("not-finite-under-autocast", kind="loop")
def half_precision_sum_of_squares(mended):
    """A norm written by hand squares the sum of 8000 numbers: more than 65 504, the largest of float16."""
    x, y = data.stripes(260, k=3, size=24)
    x, y = torch.tensor(x).float().unsqueeze(1) / 255, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3), nn.ReLU(), OnePassNorm(mended), nn.Conv2d(16, 16, 3, 2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64, 3),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    loss_fn = nn.CrossEntropyLoss()

    def train_one_batch(inputs, labels):
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(device_type="cpu", dtype=torch.float16):
            loss = loss_fn(model(inputs), labels)
        loss.backward()
        optimizer.step()

    train = DataLoader(TensorDataset(x[:200], y[:200]), batch_size=10, shuffle=True)
    return Patient(model, train, loss_fn, optimizer, None, [(x[200:], y[200:])], train_one_batch, epochs=6)


@sick("batchnorm-sees-one", kind="loop")
def last_batch_of_one(mended):
    """193 pictures in batches of 16: after twelve steps "Expected more than 1 value per channel when training"."""

    class FlagDataset(Dataset):
        def __init__(self, n):
            self.images, self.labels = pictures.flags(n, k=6)
            self.tf = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)])

        def __len__(self):
            return len(self.labels)

        def __getitem__(self, i):
            return self.tf(self.images[i]), int(self.labels[i])

    train_dl = DataLoader(FlagDataset(193), batch_size=16, shuffle=True, drop_last=mended)
    val_dl = DataLoader(FlagDataset(60), batch_size=60)
    net = nn.Sequential(
        nn.Conv2d(3, 8, 4, 4), nn.ReLU(), nn.Flatten(), nn.Linear(288, 64), nn.BatchNorm1d(64), nn.ReLU(),
        nn.Linear(64, 6),
    )  # fmt: skip
    opt = torch.optim.Adam(net.parameters(), lr=2e-3)

    def train_step(batch, target):
        net.train()
        opt.zero_grad()
        F.cross_entropy(net(batch), target).backward()
        opt.step()

    return Patient(net, train_dl, F.cross_entropy, opt, None, val_dl, train_step, epochs=6)


@sick("zero-grad-forgotten", kind="loop")
def loop_from_memory_without_zero_grad(mended):
    """Written down without looking it up."""
    x, y = pictures.handwriting(900, scale=3)
    x, y = (torch.tensor(x).float()[:, None] - 100) / 90, torch.tensor(y)

    class TinyVGG(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(
                nn.Conv2d(1, 10, 3, padding=1), nn.ReLU(), nn.Conv2d(10, 10, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3),
                nn.Conv2d(10, 20, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            )  # fmt: skip
            self.head = nn.Linear(20 * 4 * 4, 10)

        def forward(self, x):
            return self.head(self.body(x).flatten(1))

    model = TinyVGG()
    optim = torch.optim.SGD(model.parameters(), lr=0.1)
    lossfn = nn.CrossEntropyLoss()

    def step(img, label):
        model.train()
        pred = model(img)
        loss = lossfn(pred, label)
        if mended:
            optim.zero_grad()
        loss.backward()
        optim.step()
        return loss.item()

    loader = DataLoader(TensorDataset(x[:720], y[:720]), batch_size=24, shuffle=True)
    return Patient(model, loader, lossfn, optim, val_batches=[(x[720:], y[720:])], step=step, epochs=6)


@sick("loss-broadcasts", kind="loop")
def mse_column_against_row(mended):
    """Outputs [B, 1], labels [B], MSELoss: every picture is compared with every label."""
    x, y = data.blobs(300, k=2, size=24)
    x, y = torch.tensor(x, dtype=torch.float32).unsqueeze(1) / 255, torch.tensor(y, dtype=torch.float32)
    model = nn.Sequential(
        nn.Conv2d(1, 8, 5, 2), nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(256, 32),
        nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid(),
    )  # fmt: skip
    loss_fn = torch.nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

    def step(X_batch, y_batch):
        y_pred = model(X_batch)
        loss = loss_fn(y_pred, y_batch.unsqueeze(1) if mended else y_batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def evaluate():
        model.eval()
        with torch.no_grad():
            return (model(x[220:]).round().flatten() == y[220:]).float().mean()

    loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=10, shuffle=True)
    val = [(x[220:], y[220:])]
    return Patient(model, loader, loss_fn, optimizer, None, val, step, evaluate, epochs=10)


@sick("channels-last", kind="loop")
def opencv_frames_in_a_loop(mended):
    """Frames as `cv2.VideoCapture` gives them, [H, W, 3], stacked and handed on."""
    frames, events = pictures.surfaces(240, ("coffee", "cat"), size=32)
    frames = frames[..., ::-1]  # BGR
    clips = [(frames[i : i + 16], events[i : i + 16]) for i in range(0, 192, 16)]
    test_frames, test_events = frames[192:], torch.tensor(events[192:])
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 16, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(16, 2),
    )  # fmt: skip
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)

    def to_tensor(batch):
        batch = np.ascontiguousarray(batch)
        if mended:
            batch = batch.transpose(0, 3, 1, 2)
        return torch.tensor(batch / 255.0, dtype=torch.float32)

    def step(batch, target):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(to_tensor(batch)), torch.tensor(target))
        loss.backward()
        optimizer.step()

    def evaluate():
        with torch.no_grad():
            return (model(to_tensor(test_frames)).argmax(1) == test_events).float().mean()

    return Patient(model, clips, None, optimizer, step=step, evaluate=evaluate, epochs=10)


@sick("classes-erased", kind="loop")
def quarter_turns_for_stripe_directions(mended):
    """Each picture is turned by any quarter, and the classes are the directions of stripes."""
    x, y = data.stripes(300, k=2, size=20)
    x, y = torch.tensor(x).unsqueeze(1).float().div(128).sub(1), torch.tensor(y)
    net = nn.Sequential(
        nn.Conv2d(1, 12, 5), nn.ReLU(), nn.Conv2d(12, 12, 5), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(12, 2),
    )  # fmt: skip
    opt = torch.optim.Adam(net.parameters(), lr=4e-3)

    def augment(img):
        turns = (0, 2) if mended else (0, 1, 2, 3)
        return torch.rot90(img, random.choice(turns), (1, 2))

    def step(x, y):
        x = torch.stack([augment(img) for img in x])
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()

    loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    return Patient(net, loader, F.cross_entropy, opt, val_batches=[(x[220:], y[220:])], step=step, epochs=10)


@sick("sigmoid-twice", kind="loop")
def sigmoid_module_thresholded_after_sigmoid(mended):
    """`nn.Sigmoid` ends the network, BCEWithLogitsLoss follows, and so does `torch.sigmoid(out) > 0.5` later."""
    img, target = data.arrows(320, size=20)
    img, target = torch.tensor(img).view(-1, 1, 20, 20).float() / 255, torch.tensor(target).view(-1, 1).float()
    layers = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(3), nn.Flatten(), nn.Linear(8 * 36, 1)]
    if not mended:
        layers.append(nn.Sigmoid())
    model = nn.Sequential(*layers)
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

    def train_fn(images, labels):
        model.train()
        out = model(images)
        loss = criterion(out, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    def check_accuracy():
        model.eval()
        with torch.no_grad():
            preds = torch.sigmoid(model(img[240:]))
            preds = (preds > 0.5).float()
        return (preds == target[240:]).sum() / len(preds)

    loader = DataLoader(TensorDataset(img[:240], target[:240]), batch_size=20, shuffle=True)
    val = [(img[240:], target[240:])]
    return Patient(model, loader, criterion, optimizer, None, val, train_fn, check_accuracy, epochs=10)


@sick("softmax-before-cross-entropy", kind="loop")
def softmax_layer_and_criterion(mended):
    """The figure of the architecture ends with a softmax, so the network does, and then CrossEntropyLoss comes."""
    X, y = pictures.handwriting(800, scale=2)
    X, y = torch.tensor(X).float().div(255).unsqueeze(1), torch.tensor(y)

    class LeNet5(nn.Module):
        def __init__(self, n_classes=10):
            super().__init__()
            self.feature_extractor = nn.Sequential(
                nn.Conv2d(1, 6, 5, padding=2),
                nn.Tanh(),
                nn.AvgPool2d(2),
                nn.Conv2d(6, 16, 5),
                nn.Tanh(),
                nn.AvgPool2d(2),
            )
            self.classifier = nn.Sequential(nn.Linear(64, 84), nn.Tanh(), nn.Linear(84, n_classes))

        def forward(self, x):
            logits = self.classifier(torch.flatten(self.feature_extractor(x), 1))
            if mended:
                return logits
            return F.softmax(logits, dim=1)

    model = LeNet5()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    criterion = nn.CrossEntropyLoss()

    def train(X, y_true):
        optimizer.zero_grad()
        y_hat = model(X)
        loss = criterion(y_hat, y_true)
        loss.backward()
        optimizer.step()
        return loss.item() * X.size(0)

    loader = DataLoader(TensorDataset(X[:640], y[:640]), batch_size=32, shuffle=True)
    val = DataLoader(TensorDataset(X[640:], y[640:]), batch_size=32)
    return Patient(model, loader, criterion, optimizer, None, val, train, epochs=8)


@sick("scheduler-too-often", kind="loop")
def step_lr_called_each_batch(mended):
    """`scheduler.step()` stands one level too deep; StepLR was meant in epochs."""
    x, y = data.shapes(400, k=4, size=22)
    x, y = torch.tensor(x).movedim(3, 1).float() / 255, torch.tensor(y)
    train_loader = DataLoader(TensorDataset(x[:320], y[:320]), batch_size=16, shuffle=True)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 5, 2), nn.ReLU(), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1568, 4)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    exp_lr_scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=4, gamma=0.1)
    batches_done = 0

    def batch_step(inputs, labels):
        nonlocal batches_done
        optimizer.zero_grad()
        loss = F.cross_entropy(model(inputs), labels)
        loss.backward()
        optimizer.step()
        batches_done += 1
        if not mended or batches_done % len(train_loader) == 0:
            exp_lr_scheduler.step()

    val = [(x[320:], y[320:])]
    return Patient(model, train_loader, F.cross_entropy, optimizer, exp_lr_scheduler, val, batch_step, epochs=12)


@sick("zero-grad-after-backward", kind="loop")
def zero_grad_between_backward_and_step(mended):
    """The three lines in the wrong order."""
    x, y = pictures.surfaces(300, size=28)
    x, y = torch.tensor(x).unsqueeze(1).float() / 255 - 0.5, torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5, 2, bias=False), nn.GroupNorm(4, 16), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, bias=False),
        nn.GroupNorm(4, 32), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 3),
    )  # fmt: skip
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

    def train_epoch_step(data, target):
        output = model(data)
        loss = criterion(output, target)
        if mended:
            optimizer.zero_grad()
        loss.backward()
        if not mended:
            optimizer.zero_grad()
        optimizer.step()

    loader = DataLoader(TensorDataset(x[:220], y[:220]), batch_size=20, shuffle=True)
    val = [(x[220:], y[220:])]
    return Patient(model, loader, criterion, optimizer, None, val, train_epoch_step, epochs=8)


@sick("optimizer-of-another-model", kind="loop")
def network_built_again_after_adam(mended):
    """The cell with `model = SmallCNN()` was run once more; the one that makes the optimizer was not."""
    images, labels = pictures.flags(320, k=4, size=18, upright=True)
    images = torch.stack([transforms.functional.to_tensor(i) for i in images])
    labels = torch.tensor(labels)

    class SmallCNN(nn.Module):
        def __init__(self, width=16):
            super().__init__()
            self.c1 = nn.Conv2d(3, width, 3, stride=3)
            self.c2 = nn.Conv2d(width, width, 1)
            self.out = nn.LazyLinear(4)

        def forward(self, x):
            return self.out(F.silu(self.c2(F.silu(self.c1(x)))).flatten(1))

    def fresh():
        m = SmallCNN()
        m(images[:1])
        return m

    model = fresh()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    if not mended:
        model = fresh()

    def step(xb, yb):
        model.train()
        optimizer.zero_grad()
        loss = F.cross_entropy(model(xb), yb)
        loss.backward()
        optimizer.step()
        return loss

    loader = DataLoader(TensorDataset(images[:240], labels[:240]), batch_size=16, shuffle=True)
    val = [(images[240:], labels[240:])]
    return Patient(model, loader, F.cross_entropy, optimizer, None, val, step, lambda: accuracy(model, val), epochs=8)
