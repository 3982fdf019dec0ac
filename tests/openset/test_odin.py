"""ODIN against pytorch-ood, by hand for a linear model, and where it must change nothing."""

from __future__ import annotations

import math

import pytest
import torch
from pytorch_ood.detector import ODIN

from course_lib import openset


def network(norm: bool = False) -> torch.nn.Module:
    torch.manual_seed(0)
    layers = [torch.nn.Conv2d(3, 6, 3), torch.nn.BatchNorm2d(6) if norm else torch.nn.Identity(), torch.nn.Tanh()]
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(216, 4)).double().eval()


def pictures(n: int = 30) -> torch.Tensor:
    return torch.randn(n, 3, 8, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize(("temperature", "epsilon"), [(1, 0), (1, 0.05), (1000, 0.0014), (10, 0.5)])
def test_it_is_pytorch_ood_s(temperature, epsilon):
    model, x = network(), pictures()
    reference = 1 + ODIN(model, eps=epsilon, temperature=temperature).predict(x)
    ours = openset.odin(model, x, temperature=temperature, epsilon=epsilon, batch_size=7)
    assert ours.dtype == torch.float64
    torch.testing.assert_close(ours, reference, atol=1e-12, rtol=1e-9)


def test_no_step_is_max_softmax():
    model, x = network(), pictures()
    with torch.no_grad():
        expected = openset.max_softmax(model(x), temperature=3)
    torch.testing.assert_close(openset.odin(model, x, temperature=3, epsilon=0), expected)


def test_linear_model_by_hand():
    """Of two classes: the step adds ε · Σ|w₁ − w₂| to the difference of the logits, on the side of the answer."""
    weight = torch.tensor([[0.3, -2.0, 0.0], [1.0, 0.5, 0.1]], dtype=torch.float64)
    x = torch.tensor([[1.0, 2.0, -1.0], [0.2, -3.0, 4.0]], dtype=torch.float64)
    difference = (x @ weight.T).diff(dim=1).squeeze().abs() + 0.1 * (weight[0] - weight[1]).abs().sum()
    expected = torch.sigmoid(-difference / 5)
    torch.testing.assert_close(openset.odin(lambda v: v @ weight.T, x, temperature=5, epsilon=0.1), expected)


def test_a_step_makes_every_answer_surer():
    model, x = network(), pictures()
    assert (
        openset.odin(model, x, temperature=1, epsilon=0.01) < openset.odin(model, x, temperature=1, epsilon=0)
    ).all()


def test_nothing_is_left_behind():
    model, x = network(norm=True), pictures()
    before, parameters = x.clone(), [p.clone() for p in model.parameters()]
    with torch.no_grad():  # as a lesson may call it
        scores = openset.odin(model, x)
    assert torch.equal(x, before)
    assert not x.requires_grad
    assert not scores.requires_grad
    assert all(p.grad is None and torch.equal(p, old) for p, old in zip(model.parameters(), parameters, strict=True))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"x": torch.zeros(2, 3, 8, 8, dtype=torch.uint8)}, "got x of torch.uint8"),
        ({"x": torch.zeros(0, 3, 8, 8)}, r"got x of torch.float32 \(0, 3, 8, 8\)"),
        ({"x": torch.full((1, 3, 8, 8), math.nan)}, "none of them NaN"),
        ({"epsilon": -0.1}, "got epsilon=-0.1"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"temperature": 0}, "got temperature=0; "),
        ({"temperature": math.nan}, "got temperature=nan"),
        ({"model": network(norm=True).train()}, r"training mode, .* call model.eval\(\)"),
        ({"model": lambda x: math.nan * x.flatten(1)}, "NaN"),
    ],
)
def test_bad_input_is_told(changes, complaint):
    given = {"model": network(), "x": pictures()} | changes
    with pytest.raises(ValueError, match=complaint):
        openset.odin(given.pop("model"), given.pop("x"), **given)
