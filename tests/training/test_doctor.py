"""The training doctor finds what was planted, first of all, and nothing in set-ups that learn."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from course_lib import data, models, training
from course_lib.data import ImageSet
from course_lib.training import clinic
from course_lib.training.clinic import CASES, DIAGNOSES, MENDED, Setup
from course_lib.training.doctor import examination

SIDE = 24

HEALTHY = {
    "sound": clinic.SOUND,
    "0 to 255, Adam": Setup(scale="0 to 255"),
    "no mistake after all: each picture standardised": CASES["every picture standardised, channels together"],
    "no mistake after all: probabilities": CASES["probabilities where logits belong"],
} | {f"mended: {case}": setup for case, setup in MENDED.items()}


def network() -> nn.Module:
    return models.SmallCNN()


def adam(weights) -> torch.optim.Optimizer:
    return torch.optim.Adam(weights, 3e-3)


@pytest.fixture(scope="module")
def pictures() -> tuple[ImageSet, ImageSet]:
    return clinic.pictures(0, per_class=120, side=SIDE)


@pytest.mark.slow
@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found_where_nothing_is_wrong(name, pictures):
    diagnosis = HEALTHY[name].diagnose(*pictures)
    assert diagnosis.healthy, str(diagnosis)
    assert str(diagnosis).startswith("Nothing found")


@pytest.fixture
def unhurried(monkeypatch):
    """Time enough on a slow computer, too: how fast it is belongs to `make bench`, and not to what is found."""
    monkeypatch.setattr("course_lib.training.doctor.SECONDS", 60.0)
    monkeypatch.setattr(examination, "LONGEST", 15.0)
    monkeypatch.setattr(examination, "TREATMENT", 4.5)


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("name", DIAGNOSES)
@pytest.mark.slow
def test_planted_cause_is_named_first(name, pictures):
    first = CASES[name].diagnose(*pictures).findings[0]
    assert first.name in DIAGNOSES[name], str(first)
    assert "seen: " in str(first)
    assert "mend: " in str(first)


@pytest.mark.slow
def test_how_the_classes_got_lost_is_told(pictures):
    told = {name: CASES[name].diagnose(*pictures).findings[0].evidence for name in list(DIAGNOSES)[:2]}
    assert "grey" in told["pictures loaded in grey"]
    assert "standardised by itself" in told["every channel of every picture standardised"]


def test_inputs_that_are_not_finite_are_told():
    x = torch.rand(64, 3, SIDE, SIDE)
    x[3, 0, 0, 0] = torch.nan
    finding = training.diagnose(network(), [(x, torch.arange(64) % 2)]).findings[0]
    assert (finding.cause, finding.evidence) == ("some inputs are NaN or infinite", "1 of 64 pictures")


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


@pytest.mark.slow
def test_an_optimizer_itself_will_do(pictures):
    model, (train, _) = network(), pictures
    optimizer = torch.optim.Adam(model.parameters(), 0.3)
    finding = training.diagnose(model, [(train.images / 255, train.labels)], optimizer=optimizer).findings[0]
    assert finding.cause == "the learning rate is too high"


def test_an_optimizer_of_another_network_is_told(pictures):
    train, _ = pictures
    stranger = torch.optim.Adam(network().parameters(), 3e-3)
    finding = training.diagnose(network(), [(train.images / 255, train.labels)], optimizer=stranger).findings[0]
    assert finding.cause == "the optimizer belongs to another network"


@pytest.mark.slow
def test_a_last_layer_that_starts_at_zero_is_no_illness(pictures):
    model = network()
    nn.init.zeros_(model.head.weight)
    train, _ = pictures
    assert training.diagnose(model, [(train.images / 255, train.labels)], optimizer=adam).healthy


def test_a_loader_will_do():
    pictures = data.spectrograms(40, side=SIDE)
    pairs = torch.utils.data.TensorDataset(pictures.images / 255, pictures.labels)
    loader = torch.utils.data.DataLoader(pairs, batch_size=16, shuffle=True)
    assert training.diagnose(network(), loader, optimizer=adam).healthy


def test_loss_that_does_not_fit_is_told():
    x, y = torch.rand(64, 3, SIDE, SIDE), torch.arange(64) % 2
    finding = training.diagnose(network(), [(x, y)], loss=lambda z, y: F.cross_entropy(z, y + 5)).findings[0]
    assert finding.name == "labels-out-of-range"


@pytest.mark.parametrize(
    ("batches", "complaint"),
    [
        ([], "got no batches"),
        ([(torch.rand(4), torch.zeros(4))], r"got x of shape \(4,\)"),
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
