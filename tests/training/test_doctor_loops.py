"""The doctor on set-ups that people write: healthy ones of all shapes, sick ones, and steps of the learner's own."""

from __future__ import annotations

import copy
import json
import tracemalloc
from itertools import count
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from course_lib.training import Diagnosis, Finding, diagnose, watch
from course_lib.training.doctor import labels, trials

Y = torch.arange(128) % 2
SIGNS = 2 * Y - 1


def pictures(seed: int = 0) -> torch.Tensor:
    x = 0.35 + 0.15 * torch.rand(128, 3, 24, 24, generator=torch.Generator().manual_seed(seed))
    x[Y == 1, 0] += 0.2
    x[Y == 0, 2] += 0.2
    return x


X = pictures()


def net(k: int = 2, *end: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    body = nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1)
    return nn.Sequential(*body, nn.Flatten(), nn.Linear(32, k), *end)


def batches(x: torch.Tensor = X, y: torch.Tensor = Y, size: int = 32) -> list:
    return list(zip(x.split(size), y.split(size), strict=True))


def adam(model: nn.Module, lr: float = 3e-3) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr)


class Tokens(nn.Module):
    """A small ViT: its class token starts at 0."""

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 32, 8, 8)
        self.token = nn.Parameter(torch.zeros(1, 1, 32))
        self.place = nn.Parameter(torch.zeros(1, 10, 32))
        self.layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.head = nn.Linear(32, 2)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.place
        return self.head(self.layer(x)[:, 0])


class Scaled(nn.Module):
    """One ConvNeXt-like block: its layer_scale is one small number for all channels."""

    def __init__(self):
        super().__init__()
        self.stem, self.scale = nn.Conv2d(3, 16, 4, 4), nn.Parameter(torch.full((16, 1, 1), 1e-6))
        self.block, self.head = nn.Conv2d(16, 16, 3, padding=1), nn.Linear(16, 2)

    def forward(self, x):
        x = self.stem(x)
        return self.head((x + self.scale * F.gelu(self.block(x))).mean((2, 3)))


class Flat(nn.Module):
    """One output [B]."""

    def __init__(self):
        super().__init__()
        self.net = net(1)

    def forward(self, x):
        return self.net(x)[:, 0]


class Several(nn.Module):
    """(logits, features), as torchvision's Inception."""

    def __init__(self):
        super().__init__()
        self.net = net()

    def forward(self, x):
        logits = self.net(x)
        return logits, logits.detach()


def one_cycle(model: nn.Module) -> torch.optim.Optimizer:
    optimizer = adam(model)
    torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=300)
    return optimizer


def bce(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy(output[:, 0], y.float())


def logit(output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(output, y.float())


HEALTHY = {
    "an AdamW object": (net, batches(), F.cross_entropy, adam),
    "one output [B]": (Flat, batches(), logit, adam),
    "labels −1 and +1, made 0 and 1": (Flat, batches(X, SIGNS), lambda z, y: logit(z, (y + 1) // 2), adam),
    "outputs that are a tuple": (Several, batches(), lambda z, y: F.cross_entropy(z[0], y), adam),
    "sigmoid and BCELoss": (lambda: net(1, nn.Sigmoid()), batches(), bce, adam),
    "float labels [B, 1]": (lambda: net(1), batches(X, Y[:, None].float()), F.binary_cross_entropy_with_logits, adam),
    "one-hot labels": (net, batches(X, F.one_hot(Y).float()), F.binary_cross_entropy_with_logits, adam),
    "double": (lambda: net().double(), batches(), F.cross_entropy, adam),
    "batches of one": (net, batches(size=1), F.cross_entropy, adam),
    "a class token of zeros": (Tokens, batches(), F.cross_entropy, adam),
    "layer_scale": (Scaled, batches(), F.cross_entropy, adam),
    "OneCycleLR": (net, batches(), F.cross_entropy, one_cycle),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_set_ups_are_not_blamed(name):
    make, loader, loss, optimizer = HEALTHY[name]
    model = make()
    diagnosis = diagnose(model, loader, loss=loss, optimizer=optimizer(model))
    assert diagnosis.healthy, str(diagnosis)


def grouped(model: nn.Module, lr: float) -> torch.optim.Optimizer:
    return torch.optim.Adam([{"params": model.parameters(), "lr": lr}], 3e-3)


class Listed(nn.Module):
    """Its layers are in a plain list."""

    def __init__(self):
        super().__init__()
        self.layers = list(net())

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


def detached(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(z.detach().requires_grad_(), y)


SICK = {
    "learning-rate-too-low": (net, batches(), F.cross_entropy, lambda m: grouped(m, 1e-9)),
    "learning-rate-too-high": (net, batches(), F.cross_entropy, lambda m: grouped(m, 50)),
    "optimizer-holds-a-part": (net, batches(), F.cross_entropy, lambda m: torch.optim.Adam([m[-1].bias], 3e-3)),
    "one-class-only": (net, batches(X, 0 * Y), F.cross_entropy, adam),
    "loss-wants-log-probabilities": (net, batches(), F.nll_loss, adam),
    "loss-broadcasts": (lambda: net(1), batches(X, Y.float()), F.mse_loss, adam),
    "channels-last": (net, batches(X.permute(0, 2, 3, 1)), F.cross_entropy, adam),
    "labels-out-of-range": (net, batches(X, Y + 1), F.cross_entropy, adam),
    "too-few-outputs": (net, batches(X, torch.arange(128) % 3), F.cross_entropy, adam),
    "labels-wrong-form": (net, batches(X, Y[:, None]), F.cross_entropy, adam),
    "loss-detached": (net, batches(), detached, adam),
    "layers-not-registered": (Listed, batches(), F.cross_entropy, lambda _: None),
    "sigmoid-twice": (lambda: net(2, nn.Sigmoid()), batches(X, F.one_hot(Y).float()), logit, adam),
    "softmax-over-the-batch": (lambda: net(2, nn.LogSoftmax(0)), batches(), F.nll_loss, adam),
    "inputs-constant": (net, batches(0 * X), F.cross_entropy, adam),
    "batches-not-shuffled": (net, batches(X[Y.argsort()], Y.sort()[0]), F.cross_entropy, adam),
    "batchnorm-sees-one": (lambda: net(2, nn.BatchNorm1d(2)), batches(size=1), F.cross_entropy, adam),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SICK)
def test_the_cause_is_named_first(name):
    make, loader, loss, optimizer = SICK[name]
    model = make()
    diagnosis = diagnose(model, loader, loss=loss, optimizer=optimizer(model))
    assert diagnosis.findings, str(diagnosis)
    first = diagnosis.findings[0]
    assert first.name == name, str(diagnosis)
    assert all((first.evidence, first.mend, first.code))
    assert first.certainty in ("sure", "likely")


@pytest.mark.slow
def test_validation_classes_numbered_otherwise_are_told():
    model = net()
    val = batches(pictures(1), 1 - Y)
    assert diagnose(model, batches(), optimizer=adam(model), val_batches=val).findings[0].name == (
        "validation-classes-differ"
    )


@pytest.mark.slow
def test_a_model_on_another_device_is_no_illness():
    lazy = pytest.importorskip("torch._lazy.ts_backend")
    try:
        lazy.init()
        model = net().to("lazy")
    except Exception as error:
        pytest.skip(f"torch's lazy device does not start here: {type(error).__name__}")
    diagnosis = diagnose(model, batches(), optimizer=adam(model))
    assert diagnosis.healthy, str(diagnosis)


@pytest.mark.slow
def test_a_pretrained_network_keeps_its_pretraining():
    """Only the head can move, and the features are there: new weights for them would not be told apart."""
    model = net()
    optimizer = adam(model, 1e-2)
    for _ in range(15):
        for x, y in batches():
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    nn.init.zeros_(model[-1].weight)
    for weight in model[:-1].parameters():
        weight.requires_grad = False
    assert diagnose(model, batches(), optimizer=torch.optim.Adam(model[-1].parameters(), 1e-2)).healthy


@pytest.mark.slow
def test_an_endless_generator_is_left_in_time():
    def endless():
        for i in count():
            yield pictures(i), Y

    tracemalloc.start()
    try:
        model = net()
        assert diagnose(model, endless, optimizer=adam(model)).healthy
        assert tracemalloc.get_traced_memory()[1] < 100 << 20
    finally:
        tracemalloc.stop()


def test_one_answer_a_pixel_is_refused():
    model = nn.Conv2d(3, 2, 1)
    with pytest.raises(ValueError, match=r"outputs of shape .*it wants \[B\] or \[B, K\]"):
        diagnose(model, [(X, torch.zeros(128, 24, 24, dtype=torch.long))], optimizer=adam(model))


def test_no_model_is_refused():
    with pytest.raises(ValueError, match=r"got a model of str; it wants a torch\.nn\.Module"):
        diagnose("resnet18", batches())
    with pytest.raises(ValueError, match=r"got a step of str; it wants a function"):
        watch("step", batches(), model=net())


# --- the learner's own step ---


class Loop:
    """A training loop in which one thing at a time can be broken."""

    def __init__(self, broken: str = ""):
        self.broken, self.model = broken, net()
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1, momentum=0.9)
        self.scheduler = torch.optim.lr_scheduler.ExponentialLR(self.optimizer, 0.5)

    def step(self, x, y):
        loss = F.cross_entropy(self.model(x), y)
        if self.broken == "loss-maximised":
            loss = -loss
        if self.broken == "loss-detached":
            loss = torch.tensor(loss.item(), requires_grad=True)
        if self.broken not in ("zero-grad-forgotten", "zero-grad-after-backward"):
            self.optimizer.zero_grad()
        if self.broken != "backward-missing":
            loss.backward()
        if self.broken == "zero-grad-after-backward":
            self.optimizer.zero_grad()
        if self.broken == "gradients-clipped-away":
            nn.utils.clip_grad_norm_(self.model.parameters(), 1e-7)
        if self.broken != "step-missing":
            self.optimizer.step()
        if self.broken == "scheduler-too-often":
            self.scheduler.step()


LOOPS = (
    "loss-maximised", "loss-detached", "zero-grad-forgotten", "zero-grad-after-backward", "backward-missing",
    "gradients-clipped-away", "step-missing", "scheduler-too-often",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("cause", LOOPS)
def test_what_is_wrong_in_a_loop_is_seen(cause):
    loop = Loop(cause)
    loader = DataLoader(TensorDataset(X, Y), 8, shuffle=True)
    assert watch(loop.step, loader, model=loop.model).findings[0].name == cause


@pytest.mark.slow
def test_a_sound_loop_is_healthy_and_gradients_may_be_collected():
    loop = Loop()
    assert watch(loop.step, batches(), model=loop.model).healthy
    model, seen = net(), count(1)
    optimizer = adam(model, 1e-2)

    def step(batch):
        (F.cross_entropy(model(batch[0]), batch[1]) / 2).backward()
        if next(seen) % 2 == 0:
            optimizer.step()
            optimizer.zero_grad()

    diagnosis = watch(step, batches(size=16), model=model)
    assert diagnosis.healthy, str(diagnosis)


@pytest.mark.slow
def test_an_augmentation_in_the_step_that_erases_the_classes_is_seen():
    model = net()
    optimizer = adam(model)

    def step(x, y):
        x = x.mean(1, keepdim=True).expand(-1, 3, -1, -1)
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    assert watch(step, batches(), model=model).findings[0].name == "classes-erased"


def test_a_network_made_anew_in_the_step_is_seen():
    model = net()

    def step(x, y):
        model = net()
        optimizer = adam(model)
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    assert watch(step, batches(), model=model).findings[0].name == "model-recreated"


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["", "loss-maximised", "scheduler-too-often"])
def test_a_watched_step_leaves_everything_as_it_was(broken):
    loop = Loop(broken)
    loop.model.insert(5, nn.BatchNorm2d(32))
    loop.model[1].eval()
    loop.step(*batches()[0])  # momentum and gradients are there
    before = copy.deepcopy((loop.model.state_dict(), loop.optimizer.state_dict(), loop.scheduler.state_dict()))
    grads = [w.grad.clone() for w in loop.model.parameters() if w.grad is not None]
    modes, drawn = [m.training for m in loop.model.modules()], torch.get_rng_state()
    watch(loop.step, DataLoader(TensorDataset(X, Y), 32, shuffle=True), model=loop.model)
    now = (loop.model.state_dict(), loop.optimizer.state_dict(), loop.scheduler.state_dict())
    assert _same(before, now)
    assert _same(grads, [w.grad for w in loop.model.parameters() if w.grad is not None])
    assert modes == [m.training for m in loop.model.modules()]
    assert torch.equal(drawn, torch.get_rng_state())


def _same(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return a == b


# --- what it says ---


@pytest.mark.slow
def test_a_verdict_tells_what_it_could_not_see_and_is_data():
    model = net()
    verdict = diagnose(model, batches(), optimizer=adam(model))
    assert any("zero_grad" in line for line in verdict.not_seen)
    assert "Looked at: " in str(verdict)
    assert "Not seen: " in str(verdict)
    data = json.loads(json.dumps(verdict.to_dict()))
    assert (data["healthy"], data["findings"]) == (True, [])
    loop = Loop()
    assert not any("zero_grad" in line for line in watch(loop.step, batches(), model=loop.model).not_seen)


def test_a_table_is_escaped():
    model = net(2, nn.LogSoftmax(0))
    html = diagnose(model, batches(), loss=F.nll_loss, optimizer=adam(model))._repr_html_()
    assert "<table>" in html
    assert "softmax-over-the-batch" in html
    assert "<b>x" not in Diagnosis((Finding("x", "<b>x", "1 < 2", "y"),))._repr_html_().replace("<b>&", "")


def test_a_slow_network_is_given_fewer_pictures_a_step_and_not_fewer_steps():
    """After 20 steps nobody has learned; what happened to be quickest was then named as the cause."""
    slow = SimpleNamespace(seconds=0.25, seen=SimpleNamespace(pairs=batches(size=64)), x=X, labels=labels.read(Y))
    trial = trials.whole(slow, 5.0)
    assert trial.steps == 120
    assert [len(x) for x, _ in trial.pairs] == [10, 10]
    assert torch.equal(trial.x, torch.cat([X[:10], X[64:74]]))
    assert torch.equal(torch.cat([y for _, y in trial.pairs]), torch.cat([Y[:10], Y[64:74]]))
