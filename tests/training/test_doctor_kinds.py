"""The kinds of mistakes behind what the doctor missed at first, each beside a look-alike that is sound."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from course_lib.training import diagnose, watch
from course_lib.training.doctor import clock
from course_lib.training.doctor.clock import Clock
from course_lib.training.doctor.copies import Snapshot

Y = torch.arange(96) % 2


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Other tests may use the same processor."""
    monkeypatch.setattr(clock, "PATIENCE", 30.0)


def stripes(y: torch.Tensor = Y, seed: int = 0) -> torch.Tensor:
    """Lying or standing stripes, [N, 1, 12, 12]: a quarter turn makes one of the other."""
    generator = torch.Generator().manual_seed(seed)
    wave = (torch.arange(12) % 4 < 2).float()[None].roll(1, -1).expand(12, 12)
    lying = torch.stack([wave.T if label else wave for label in y.tolist()])[:, None]
    return lying - 0.5 + 0.3 * torch.randn(len(y), 1, 12, 12, generator=generator)


X = stripes()
MANY = torch.arange(288) % 2  # too many for a small network to learn by heart
MANY_X = stripes(MANY)


def net(k: int = 2) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        nn.Linear(8, k),
    )  # fmt: skip


def batches(x: torch.Tensor = X, y: torch.Tensor = Y, size: int = 16) -> list:
    return list(zip(x.split(size), y.split(size), strict=True))


class Loop:
    """A sound step with places to break it: `first`, `prepare`, `loss_of`, `last`."""

    def __init__(self, lr: float = 5e-3, sgd: bool = False):
        self.model = net()
        self.start = copy.deepcopy(self.model.state_dict())
        kind = torch.optim.SGD if sgd else torch.optim.Adam
        self.optimizer = kind(self.model.parameters(), lr)
        self.first = self.last = lambda: None
        self.prepare = lambda x: x
        self.loss_of = F.cross_entropy

    def step(self, x, y):
        self.first()
        self.optimizer.zero_grad()
        self.loss_of(self.model(self.prepare(x)), y).backward()
        self.optimizer.step()
        self.last()

    def watched(self, **given):
        return watch(self.step, given.pop("batches", batches()), model=self.model, **given)


def drawn_anew(loop: Loop) -> None:
    for module in loop.model:
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()


REWRITTEN = {
    "drawn anew before": lambda loop: setattr(loop, "first", lambda: drawn_anew(loop)),
    "drawn anew behind": lambda loop: setattr(loop, "last", lambda: drawn_anew(loop)),
    "loaded before": lambda loop: setattr(loop, "first", lambda: loop.model.load_state_dict(loop.start)),
    "loaded behind": lambda loop: setattr(loop, "last", lambda: loop.model.load_state_dict(loop.start)),
    "a head made anew": lambda loop: setattr(loop, "first", lambda: loop.model.__setitem__(6, nn.Linear(8, 2))),
}


@pytest.mark.parametrize("how", REWRITTEN)
def test_weights_that_something_else_sets_are_seen(how):
    loop = Loop()
    REWRITTEN[how](loop)
    assert loop.watched().findings[0].name == "model-recreated"


def test_weights_that_are_clamped_are_not_set_anew():
    loop = Loop()

    def clamp():
        with torch.no_grad():
            for w in loop.model.parameters():
                w.clamp_(-0.6, 0.6)

    loop.last = clamp
    assert loop.watched().healthy


def quarter_turns(x: torch.Tensor) -> torch.Tensor:
    return torch.stack([torch.rot90(picture, int(torch.randint(4, ())), (1, 2)) for picture in x])


def half_turns(x: torch.Tensor) -> torch.Tensor:
    return torch.stack([torch.rot90(picture, 2 * int(torch.randint(2, ())), (1, 2)) for picture in x])


@pytest.mark.slow
def test_an_augmentation_that_makes_one_class_of_the_other_is_seen():
    loop = Loop()
    loop.prepare = quarter_turns
    found = loop.watched(batches=batches(MANY_X, MANY)).findings[0]
    assert found.name == "classes-erased"
    assert "without what the step does to them" in found.evidence


def test_an_augmentation_that_keeps_the_classes_is_not_blamed():
    loop = Loop()
    loop.prepare = half_turns
    assert loop.watched().healthy


class Turned(Dataset):
    """As torchvision's: a transform that can be left out."""

    def __init__(self, transform):
        self.transform = transform

    def __len__(self):
        return len(MANY)

    def __getitem__(self, i):
        return self.transform(MANY_X[i]), int(MANY[i])


@pytest.mark.slow
def test_a_dataset_s_transform_that_erases_the_classes_is_seen():
    loader = DataLoader(Turned(lambda x: quarter_turns(x[None])[0]), 16, shuffle=True)
    model = net()
    found = diagnose(model, loader, optimizer=torch.optim.Adam(model.parameters(), 5e-3)).findings[0]
    assert found.name == "classes-erased"


def test_rounded_pictures_are_told_and_sketches_are_not():
    x = (X > 1.45).float()  # what integer division leaves
    model = net()
    found = diagnose(model, batches(x), optimizer=torch.optim.Adam(model.parameters(), 5e-3)).findings
    assert [f.name for f in found] == ["inputs-constant"]
    corner = torch.zeros(96, 1, 12, 12)
    corner[Y == 0, 0, 2, :3], corner[Y == 1, 0, :3, 2] = 1, 1  # 2 % of the pixels, and they tell all
    model = net()
    assert diagnose(model, batches(corner), optimizer=torch.optim.Adam(model.parameters(), 5e-3)).healthy


def probabilities_again(z, y):
    return F.binary_cross_entropy(torch.sigmoid(z.sigmoid()), F.one_hot(y, 2).float())


LOSSES = {
    "loss-detached": lambda z, y: F.cross_entropy(z, y).item(),
    "loss-wants-probabilities": lambda z, y: -(F.one_hot(y, 2) * torch.log(z)).sum(1).mean(),
    "sigmoid-twice": probabilities_again,
    "loss-does-not-fit": lambda z, y: F.cross_entropy(z[:, 0], y),
    "too-few-outputs": lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], y.float()),
    "step-fails": lambda z, y: F.cross_entropy(z, y).backwards(),
}


@pytest.mark.parametrize("cause", LOSSES)
def test_what_is_wrong_with_a_loss_is_seen(cause):
    loop = Loop()
    loop.loss_of = LOSSES[cause]
    y = torch.arange(96) % 3 if cause == "too-few-outputs" else Y
    assert loop.watched(batches=batches(y=y)).findings[0].name == cause


def test_zeros_and_twos_are_out_of_range_and_no_third_class():
    loop = Loop()
    loop.loss_of = lambda z, y: F.binary_cross_entropy_with_logits(z[:, 0], 2.0 * y)
    assert loop.watched().findings[0].name == "labels-out-of-range"


@pytest.mark.slow
def test_a_penalty_in_the_loss_is_weight_decay():
    loop = Loop(0.05, sgd=True)
    loop.loss_of = lambda z, y: F.cross_entropy(z, y) + 5 * sum((w**2).sum() for w in loop.model.parameters())
    assert loop.watched().findings[0].name == "weight-decay-too-strong"


def test_a_rate_that_the_step_halves_is_seen_and_a_slow_decay_is_not():
    for factor, names in ((0.5, ["scheduler-too-often"]), (0.999, [])):
        loop = Loop()
        loop.last = lambda loop=loop, factor=factor: loop.optimizer.param_groups[0].update(
            lr=loop.optimizer.param_groups[0]["lr"] * factor
        )
        assert [f.name for f in loop.watched().findings] == names


@pytest.mark.slow
def test_a_plateau_is_no_matter_for_single_batches():
    loop = Loop(1e-3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(loop.optimizer, factor=0.01, patience=0)
    loop.last = lambda: scheduler.step(1.0)
    found = loop.watched(scheduler=scheduler).findings[0]
    assert found.name == "scheduler-too-often"
    assert "patience of 0 batches" in found.evidence


def test_updates_by_hand_that_go_up_are_seen():
    loop = Loop()

    def step(x, y):
        loop.model.zero_grad()
        F.cross_entropy(loop.model(x), y).backward()
        with torch.no_grad():
            for w in loop.model.parameters():
                w += 0.1 * w.grad

    assert watch(step, batches(), model=loop.model).findings[0].name == "loss-maximised"


def test_a_tensor_that_is_no_parameter_is_told():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.kernel, self.head = torch.randn(8, 1, 5, 5).requires_grad_(), nn.Linear(8, 2)

        def forward(self, x):
            return self.head(F.conv2d(x, self.kernel).relu().mean((2, 3)))

    found = diagnose(Net(), batches()).findings[0]
    assert (found.name, found.certainty) == ("layers-not-registered", "sure")
    assert "Net.kernel" in found.evidence


# --- what it costs, and what it leaves alone ---


@pytest.mark.parametrize("ask", [lambda m: diagnose(m, batches()), lambda m: watch(print, batches(), model=m)])
def test_lazy_layers_are_refused_until_they_have_a_shape(ask):
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(2))
    with pytest.raises(ValueError, match=r"'1\.weight' has no shape yet.*Call the network once"):
        ask(model)
    assert isinstance(model[1].weight, nn.parameter.UninitializedParameter)


@pytest.mark.slow
def test_the_state_of_a_large_optimizer_is_put_back():
    """VGG's first linear layer has 103 million weights; here 9 million, beyond what of other tensors is kept."""
    model = nn.Linear(3000, 3000)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.rand(2, 3000)).sum().backward()
    optimizer.step()
    before = copy.deepcopy(optimizer.state_dict())

    def step():
        return optimizer, large, small

    large, small = torch.zeros(9_000_000), torch.zeros(10)
    snapshot = Snapshot(model, optimizer, step)
    optimizer.step()
    small += 1
    snapshot.restore()
    after = optimizer.state_dict()
    for name, value in before["state"][0].items():
        assert torch.equal(after["state"][0][name], value)
    assert float(small.sum()) == 0
    assert id(large) not in snapshot._known


def test_the_clock_counts_its_own_work(monkeypatch):
    now = {"own": 5.0, "wall": 100.0}
    monkeypatch.setattr("time.thread_time", lambda: now["own"])
    monkeypatch.setattr("time.monotonic", lambda: now["wall"])
    seconds = Clock()
    now.update(own=6.0, wall=103.0)
    assert seconds() == 1.0  # others had the processor for two seconds
    now.update(wall=100.0 + 40 * clock.PATIENCE)
    assert seconds() == 40.0  # and they must not keep the learner waiting for ever
