"""Kinds of mistakes that the doctor missed in the bench's third part, each beside a look-alike that is sound."""

from __future__ import annotations

import copy
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

from course_lib.training import diagnose, watch
from course_lib.training.doctor import clock, draws, labels, looks, meaning, modes, schedules
from course_lib.training.doctor.batches import collect

Y = torch.arange(96) % 2


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Other tests may use the same processor."""
    monkeypatch.setattr(clock, "PATIENCE", 30.0)


def pictures(y: torch.Tensor = Y, seed: int = 0) -> torch.Tensor:
    """Reddish or bluish, [N, 3, 8, 8]."""
    x = 0.35 + 0.15 * torch.rand(len(y), 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    x[y == 1, 0] += 0.2
    x[y == 0, 2] += 0.2
    return x


X = pictures()


def net(*middle: nn.Module, k: int = 2) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), *middle, nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, k))


def batches(x: torch.Tensor = X, y: torch.Tensor = Y, size: int = 16) -> list:
    return list(zip(x.split(size), y.split(size), strict=True))


def adam(model: nn.Module, lr: float = 0.01) -> torch.optim.Optimizer:
    return torch.optim.Adam([w for w in model.parameters() if w.requires_grad], lr)


def names(diagnosis) -> list[str]:
    return [found.name for found in diagnosis.findings]


# --- what is drawn ---


def test_a_sampler_that_got_a_weight_per_class_is_seen_and_one_per_picture_is_not():
    for weights, told in ((torch.ones(2), ["few-pictures-drawn"]), (torch.ones(96), [])):
        loader = DataLoader(TensorDataset(X, Y), 16, sampler=WeightedRandomSampler(weights, 96))
        model = net()
        assert names(diagnose(model, loader, optimizer=adam(model))) == told


def test_thirty_pictures_that_are_all_there_is_may_be_drawn_again_and_again():
    few = TensorDataset(X[:30], Y[:30])
    loader = DataLoader(few, 10, sampler=WeightedRandomSampler(torch.ones(30), 400))
    assert draws.few_pictures(SimpleNamespace(seen=collect(loader, "a test", "batches"))) is None


def test_a_generator_that_begins_anew_each_time_is_seen():
    def starts_again():
        while True:
            yield X[:16], Y[:16]

    def goes_on():
        i = 0
        while True:
            yield batches()[i % 6]
            i += 1

    model = net()
    assert names(diagnose(model, starts_again, optimizer=adam(model))) == ["few-pictures-drawn"]
    assert draws.few_pictures(SimpleNamespace(seen=collect(goes_on, "a test", "batches"))) is None
    by_heart = collect([batches()[0]] * 8, "a test", "batches")  # somebody tries whether one batch can be learned
    assert draws.few_pictures(SimpleNamespace(seen=by_heart)) is None


def test_classes_that_only_validation_has_are_told():
    y = torch.arange(96) % 3
    model = net(k=4)
    found = diagnose(model, batches(y=y), optimizer=adam(model), val_batches=[(X[:16], torch.full((16,), 3))])
    assert names(found)[0] == "validation-classes-differ"
    assert "100% of the validation labels are 3" in found.findings[0].evidence


def test_a_rare_class_that_was_not_drawn_is_no_illness():
    train, val = torch.arange(60), torch.arange(40, 100)  # sixty classes, a picture each
    p = SimpleNamespace(val=SimpleNamespace(y=val), labels=labels.read(train))
    assert draws.unseen_classes(p) is None


RARE = (torch.arange(96) % 8 == 0).long()
WEIGHTS = {"turned": torch.tensor([0.88, 0.12]), "right": torch.tensor([0.12, 0.88]), "none": None}


@pytest.mark.parametrize("how", WEIGHTS)
def test_class_weights_that_are_the_counts_are_seen(how):
    model = net()
    loss = nn.CrossEntropyLoss(weight=WEIGHTS[how])
    found = diagnose(model, batches(pictures(RARE), RARE), loss=loss, optimizer=adam(model))
    assert names(found) == (["class-weights-inverted"] if how == "turned" else [])


def test_a_positive_weight_that_is_turned_round_is_seen():
    for weight, told in ((1 / 7, ["class-weights-inverted"]), (7.0, [])):
        model = nn.Sequential(net(k=1), nn.Flatten(0))
        loss = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(weight))
        data = batches(pictures(RARE), RARE.float())
        assert names(diagnose(model, data, loss=loss, optimizer=adam(model))) == told


# --- eval mode ---


class Dropping(nn.Module):
    """Dropout by a function, which knows nothing of modes."""

    def __init__(self, share: float, ends: bool):
        super().__init__()
        self.body, self.share, self.ends = net(nn.Conv2d(8, 64, 1)), share, ends
        self.body[5] = nn.Linear(64, 2)

    def forward(self, x):
        x = self.body[:5](x)
        return self.body[5](F.dropout(x, self.share, self.training or not self.ends))


@pytest.mark.slow
@pytest.mark.parametrize(("share", "ends", "told"), [(0.97, False, True), (0.97, True, False), (0.1, False, False)])
def test_dropout_that_goes_on_is_seen_where_it_costs_something(share, ends, told):
    model = Dropping(share, ends)
    found = diagnose(model, batches(), optimizer=adam(model), val_batches=[(pictures(seed=1), Y)])
    assert ("dropout-at-validation" in names(found)) is told


@pytest.mark.parametrize(("momentum", "told"), [(1e-4, True), (0.1, False)])
def test_averages_that_lag_are_seen(momentum, told):
    model = nn.Sequential(nn.BatchNorm2d(3, momentum=momentum), net())
    found = diagnose(model, batches(X + 30), optimizer=adam(model), val_batches=[(pictures(seed=1) + 30, Y)])
    assert ("batchnorm-averages-lag" in names(found)) is told


def test_train_that_was_set_in_place_of_called_is_seen():
    model = net(nn.BatchNorm2d(8))
    optimizer = adam(model)
    model.eval()

    def step(x, y):
        model.train = True
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()

    assert names(watch(step, batches(), model=model)) == ["not-in-train-mode"]
    assert callable(model.train)
    model.train()  # nothing is lost where the mode was right before
    assert "not-in-train-mode" not in names(watch(step, batches(), model=model))


class Frozen(nn.Module):
    """A frozen body in eval mode, pretrained on bytes, under a new head."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = nn.Sequential(
            nn.BatchNorm2d(3), nn.Conv2d(3, 32, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.head = nn.Linear(32, 2)
        for _ in range(60):
            self.body(255 * X)  # its averages are those of bytes
        self.body.requires_grad_(False)

    def forward(self, x):
        return self.head(self.body.eval()(x))


@pytest.mark.slow
def test_a_frozen_batchnorm_tells_what_it_was_trained_on():
    for scale, told in ((1, "preprocessing-missing"), (255, None)):
        model = Frozen()
        diagnosis = diagnose(model, batches(scale * X), optimizer=adam(model, 2e-3))
        assert names(diagnosis)[:1] == ([told] if told else [])
    assert any("frozen weights" in line for line in diagnosis.not_seen)


# --- the loop, the loss, the weights ---


class Loop:
    """A step in which the order can be changed."""

    def __init__(self, early: bool):
        self.model, self.early = net(), early
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.1)

    def step(self, x, y):
        if not self.early:
            self.optimizer.zero_grad()
            self.optimizer.step()
            F.cross_entropy(self.model(x), y).backward()
        else:  # odd, and sound: the last batch's gradients are used before they are thrown away
            self.optimizer.step()
            self.optimizer.zero_grad()
            F.cross_entropy(self.model(x), y).backward()


def test_a_step_before_backward_is_seen_where_it_finds_nothing():
    for early, told in ((False, ["zero-grad-after-backward"]), (True, [])):
        loop = Loop(early)
        assert names(watch(loop.step, batches(), model=loop.model)) == told


class Headed(nn.Module):
    """Its head is called `classifier`."""

    def __init__(self):
        super().__init__()
        self.features, self.classifier = net()[:4], nn.Linear(8, 2)

    def forward(self, x):
        return self.classifier(self.features(x))


@pytest.mark.parametrize(("name", "told"), [("fc", "everything-frozen"), ("classifier", None)])
def test_a_new_head_that_is_never_called_is_seen(name, told):
    model = Headed().requires_grad_(False)
    setattr(model, name, nn.Linear(8, 2))
    found = diagnose(model, batches(), optimizer=adam(model, 0.05)).findings
    assert [f.name for f in found][:1] == ([told] if told else [])
    assert not told or "'classifier', which is frozen" in found[0].evidence


def test_one_output_for_two_classes_is_too_few_and_for_shares_a_softmax_over_one():
    model = net(k=1)
    assert names(diagnose(model, batches(), loss=F.cross_entropy, optimizer=adam(model))) == ["too-few-outputs"]
    shares = batches(y=Y[:, None].float())
    assert names(diagnose(model, shares, loss=F.cross_entropy, optimizer=adam(model)))[0] == "softmax-on-one-unit"


def test_weights_that_are_all_above_zero_are_too_large_though_they_differ_little():
    model = nn.Sequential(nn.Linear(288, 64), nn.ReLU(), nn.Linear(64, 2))
    usual = looks.spread_of_weights(SimpleNamespace(model=model))
    nn.init.uniform_(model[0].weight)
    assert looks.spread_of_weights(SimpleNamespace(model=model))[1] > 4 > 1 > usual[1]


def held_low(model: nn.Module, factor) -> tuple:
    optimizer = adam(model, 4e-3)
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


@pytest.mark.slow
def test_a_lambda_that_gives_the_rate_itself_is_seen():
    model = net()
    optimizer, scheduler = held_low(model, lambda epoch: 4e-3 * 0.95**epoch)
    found = diagnose(model, batches(), optimizer=optimizer, scheduler=scheduler).findings[0]
    assert found.name == "learning-rate-too-low"
    assert "it wants a factor" in found.evidence


FACTORS = {"a warm-up": lambda epoch: min(1.0, (epoch + 1) / 50), "a decay": lambda epoch: 0.95**epoch}


@pytest.mark.parametrize("how", FACTORS)
def test_warm_ups_and_decays_are_not_held_low(how):
    optimizer, scheduler = held_low(net(), FACTORS[how])
    state = copy.deepcopy(scheduler.state_dict()), copy.deepcopy(optimizer.state_dict())

    def restore():
        scheduler.load_state_dict(state[0])
        optimizer.load_state_dict(state[1])

    p = SimpleNamespace(
        schedulers=[scheduler], seen=SimpleNamespace(steps=6), snapshot=SimpleNamespace(restore=restore)
    )
    assert schedules.never_risen(p) is None


# --- labels that say nothing ---


@pytest.mark.slow
def test_labels_that_belong_to_other_pictures_are_possible_where_nothing_holds_for_others():
    y = torch.randint(2, (192,), generator=torch.Generator().manual_seed(3))
    shown = y[torch.randperm(192, generator=torch.Generator().manual_seed(4))]
    model = nn.Sequential(nn.Flatten(), nn.Linear(192, 64), nn.ReLU(), nn.Linear(64, 2))
    found = diagnose(model, batches(pictures(shown), y), optimizer=adam(model)).findings[0]
    assert (found.name, found.certainty) == ("labels-out-of-step", "possible")
    assert meaning.judged(pictures(y), y) > 0.8 > 0.3 > meaning.judged(pictures(shown), y)


def test_pictures_of_four_pixels_are_too_small_only_where_nothing_is_left():
    y = torch.arange(128) % 2
    for x, told in ((torch.rand(128, 1, 4, 4), "classes-erased"), (pictures(y)[..., :4, :4], None)):
        p = SimpleNamespace(x=x, labels=labels.read(y))
        small = meaning.too_small(p)
        assert (small.name if small else None) == told


def test_a_network_s_own_mode_is_left_as_it_was():
    model = Dropping(0.5, ends=False)
    assert modes.dropped(SimpleNamespace(x=X, outputs=lambda x: model.eval()(x))) == 0.5
