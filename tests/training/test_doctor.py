"""The training doctor finds what was planted, first of all, and nothing in set-ups that learn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib import data, training
from course_lib.data import ImageSet
from course_lib.pixels import convert

N, SIDE = 120, 24
MEAN, DEVIATION = (torch.tensor(v)[:, None, None] for v in ([0.15, 0.2, 0.65], [0.1, 0.1, 0.12]))


def network(k: int = 2, *, norm: bool = False, dropout: float = 0.0) -> nn.Sequential:
    torch.manual_seed(0)
    layers, channels = [], 3
    for width in (16, 32, 32):
        layers += [nn.Conv2d(channels, width, 3, stride=2, padding=1), nn.BatchNorm2d(width) if norm else nn.Identity()]
        layers, channels = [*layers, nn.ReLU()], width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout), nn.Linear(channels, k))


def as_it_is(x: Tensor) -> Tensor:
    return x


def grey(x: Tensor) -> Tensor:
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    return (x * weights).sum(dim=1, keepdim=True).expand(-1, 3, -1, -1)


def each_standardised(x: Tensor) -> Tensor:
    return (x - x.mean(dim=(2, 3), keepdim=True)) / (x.std(dim=(2, 3), keepdim=True) + 1e-6)


def own(x: Tensor) -> Tensor:
    return (x - MEAN) / DEVIATION


def any_hue(x: Tensor) -> Tensor:
    hue, *rest = convert(x, "rgb", "hsv").unbind(1)
    turned = torch.rand(len(x), 1, 1, generator=torch.Generator().manual_seed(int(1e6 * x.mean())))
    return convert(torch.stack([hue + 360 * turned, *rest], dim=1), "hsv", "rgb")


def adam(lr: float = 3e-3, decay: float = 0.0) -> Callable:
    return lambda weights: torch.optim.Adam(weights, lr, weight_decay=decay)


def sgd(lr: float) -> Callable:
    return lambda weights: torch.optim.SGD(weights, lr, momentum=0.9)


def one_unit_softmax(z: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy(z.softmax(dim=1)[:, 0], y.float())


def one_unit(z: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(z[:, 0], y.float())


ADAM = adam()


@dataclass(frozen=True)
class Setup:
    """A whole training set-up, as a learner may have it. `planted` is what the doctor should say first."""

    planted: str = ""
    prepare: Callable = as_it_is
    prepare_val: Callable | None = None
    loss: Callable = F.cross_entropy
    optimizer: Callable = ADAM
    k: int = 2
    norm: bool = False
    dropout: float = 0.0
    frozen: bool = False
    mixed: bool = True
    labels: Callable = as_it_is

    def diagnose(self, **changes) -> training.Diagnosis:
        train, val = (data.spectrograms(N, side=SIDE, seed=seed, brightness_spread=0.2) for seed in (0, 1))
        x, y = train.images / 255, self.labels(train.labels)
        order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0)) if self.mixed else y.argsort()
        model = network(self.k, norm=self.norm, dropout=self.dropout).requires_grad_(not self.frozen)
        after = self.prepare_val or self.prepare
        given = {
            "loss": self.loss,
            "optimizer": self.optimizer,
            "val_batches": [(after(val.images / 255), val.labels)],
            "pictures": train,
        }
        batches = [(self.prepare(x[part]), y[part]) for part in order.split(32)]
        return training.diagnose(model, batches, **(given | changes))


HEALTHY = {
    "0 to 1": Setup(),
    "the set's statistics": Setup(prepare=own),
    "batch norm": Setup(norm=True),
    "0 to 255, Adam": Setup(prepare=lambda x: 255 * x),
    "one unit, sigmoid": Setup(k=1, loss=one_unit),
    "SGD": Setup(prepare=own, optimizer=sgd(3e-2)),
}
SICK = {
    "grey": Setup("the classes are lost", prepare=grey),
    "each standardised": Setup("the classes are lost", prepare=each_standardised),
    "hue augmentation": Setup("the classes are lost", prepare=any_hue, prepare_val=as_it_is),
    "raw HSV, degrees": Setup("the inputs are not normalised", prepare=lambda x: convert(x, "rgb", "hsv")),
    "rate too high for 255": Setup("the learning rate is too high", prepare=lambda x: 255 * x, optimizer=sgd(3e-2)),
    "rate too high": Setup("the learning rate is too high", optimizer=adam(0.3)),
    "rate too low": Setup("the learning rate is too low", optimizer=adam(1e-5)),
    "softmax on one unit": Setup("the loss does not hear", k=1, loss=one_unit_softmax),
    "labels in another order": Setup("labels and pictures", labels=lambda y: y[torch.randperm(len(y))]),
    "not shuffled": Setup("each batch holds one class", mixed=False),
    "frozen": Setup("everything is frozen", frozen=True),
    "other validation": Setup("validation pictures are prepared", prepare=own, prepare_val=as_it_is),
    "weight decay": Setup("the weight decay is too strong", optimizer=adam(decay=1.0)),
    "dropout": Setup("dropout is too strong", dropout=0.995),
    "NaN": Setup("some inputs are NaN", prepare=lambda x: x / x * x),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_where_nothing_is_wrong(name):
    diagnosis = HEALTHY[name].diagnose()
    assert diagnosis.healthy, str(diagnosis)
    assert str(diagnosis).startswith("Nothing found")


@pytest.mark.parametrize("name", SICK)
def test_planted_cause_is_named_first(name):
    first = SICK[name].diagnose().findings[0]
    assert first.cause.startswith(SICK[name].planted), str(first)
    assert "seen: " in str(first)
    assert "mend: " in str(first)


def test_how_the_classes_got_lost_is_told():
    assert "grey" in SICK["grey"].diagnose().findings[0].evidence
    assert "standardised by itself" in SICK["each standardised"].diagnose().findings[0].evidence


def test_nothing_of_the_learner_s_is_changed():
    model = network().train()
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    before = [w.clone() for w in model.parameters()]
    drawn = torch.get_rng_state()
    x = torch.rand(64, 3, SIDE, SIDE)
    drawn = torch.get_rng_state()
    training.diagnose(model, [(x, torch.arange(64) % 2)], optimizer=optimizer)
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))
    assert all(w.grad is None for w in model.parameters())
    assert model.training
    assert optimizer.state == {}
    assert torch.equal(drawn, torch.get_rng_state())


def test_an_optimizer_itself_will_do():
    setup = SICK["rate too high"]
    optimizer = torch.optim.Adam(network().parameters(), 0.3)
    assert setup.diagnose(optimizer=optimizer).findings[0].cause.startswith(setup.planted)


def test_a_loader_will_do():
    pictures = data.spectrograms(40, side=SIDE)
    pairs = torch.utils.data.TensorDataset(pictures.images / 255, pictures.labels)
    loader = torch.utils.data.DataLoader(pairs, batch_size=16, shuffle=True)
    assert training.diagnose(network(), loader, optimizer=adam()).healthy


def test_loss_that_does_not_fit_is_told():
    finding = Setup(k=1).diagnose(loss=lambda z, y: F.cross_entropy(z, y + 5)).findings[0]
    assert finding.cause == "the loss does not fit the output"


@pytest.mark.parametrize(
    ("batches", "complaint"),
    [
        ([], "got no batches"),
        ([(torch.rand(4, 3), torch.zeros(4))], r"got x of shape \(4, 3\)"),
        ([torch.rand(4, 3, 8, 8)], "got Tensor from batches; it wants pairs"),
    ],
)
def test_bad_batches_are_named(batches, complaint):
    with pytest.raises(ValueError, match=complaint):
        training.diagnose(network(), batches)


def test_pictures_must_be_a_set():
    with pytest.raises(ValueError, match="got pictures of Tensor; it wants an ImageSet"):
        training.diagnose(network(), [(torch.rand(8, 3, 8, 8), torch.arange(8) % 2)], pictures=torch.rand(8, 3, 8, 8))
    assert isinstance(data.spectrograms(2, side=16), ImageSet)
