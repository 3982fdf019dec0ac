"""The scores against torch and scipy, at sizes of logits where careless arithmetic breaks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch

from course_lib import openset

SCORES = {
    "max_softmax": openset.max_softmax,
    "max_logit": lambda logits, **_: openset.max_logit(logits),
    "entropy": openset.entropy,
    "energy": openset.energy,
    "gen": lambda logits, **_: openset.gen(logits),
}


def logits(scale: float = 3.0, n: int = 500, k: int = 10) -> torch.Tensor:
    return scale * torch.randn(n, k, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.05, 1, 7.5])
@pytest.mark.parametrize("scale", [0.01, 3, 1e4])
def test_scores_are_those_of_scipy(scale, temperature):
    z = logits(scale)
    p = scipy.special.softmax(z.numpy() / temperature, axis=1)
    free = -temperature * scipy.special.logsumexp(z.numpy() / temperature, axis=1)
    np.testing.assert_allclose(openset.softmax(z, temperature=temperature), p, rtol=1e-9, atol=1e-300)
    np.testing.assert_allclose(openset.max_softmax(z, temperature=temperature), 1 - p.max(axis=1), atol=1e-12)
    np.testing.assert_allclose(openset.entropy(z, temperature=temperature), scipy.stats.entropy(p, axis=1), atol=1e-12)
    np.testing.assert_allclose(openset.energy(z, temperature=temperature), free, rtol=1e-12)


@pytest.mark.parametrize("gamma", [0.1, 0.5, 1, 3])
@pytest.mark.parametrize("largest", [1, 4, 10, 100])
def test_gen_is_the_sum_that_it_says(gamma, largest):
    p = np.sort(scipy.special.softmax(logits().numpy(), axis=1))[:, ::-1][:, :largest]
    np.testing.assert_allclose(
        openset.gen(logits(), gamma=gamma, largest=largest), (p * (1 - p)) ** gamma @ np.ones(p.shape[1])
    )


def test_gen_with_gamma_1_is_one_minus_the_sum_of_squares():
    """Σ p(1 − p) = 1 − Σ p²: Gini's impurity."""
    z = logits()
    assert torch.allclose(openset.gen(z, gamma=1), 1 - openset.softmax(z).square().sum(dim=1))


def test_gen_keeps_the_order_where_probabilities_round_to_one():
    first, second, third = openset.gen(torch.tensor([[700.0, 0.0], [50.0, 0.0], [40.0, 0.0]])).tolist()
    assert 0 < first < second < third
    assert third == pytest.approx(2 * math.exp(-4))


@pytest.mark.parametrize("settings", [{"gamma": 0}, {"gamma": math.nan}, {"largest": 0}])
def test_wrong_settings_of_gen_are_told(settings):
    with pytest.raises(ValueError, match="wanted a number above 0, and 1 class or more"):
        openset.gen(torch.zeros(1, 2), **settings)


def test_scores_are_those_of_torch():
    z = logits()
    assert torch.allclose(openset.softmax(z), torch.softmax(z, dim=1))
    assert torch.allclose(openset.max_softmax(z), 1 - torch.softmax(z, dim=1).max(dim=1).values)
    assert torch.allclose(openset.entropy(z), torch.distributions.Categorical(logits=z).entropy())
    assert torch.allclose(openset.energy(z), -torch.logsumexp(z, dim=1))
    assert torch.equal(openset.max_logit(z), -z.max(dim=1).values)


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_more_unknown_scores_higher(score):
    sure, unsure = score(torch.tensor([[9.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    assert sure < unsure


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
@pytest.mark.parametrize("temperature", [0.05, 1, 100])
def test_extreme_logits_give_finite_scores(score, temperature):
    z = torch.tensor([[1e4, -1e4, 0.0], [-1e4, -1e4, -1e4], [1e4, 1e4, 1e4], [1e4, 1e4, -1e4]])
    assert score(z, temperature=temperature).isfinite().all()


def test_softmax_and_what_is_made_of_it_stay_where_all_logits_are_shifted():
    z = logits().round(decimals=1)
    for score in (openset.softmax, openset.max_softmax, openset.entropy, openset.gen):
        assert torch.allclose(score(z), score(z - 1e4), rtol=1e-9)
    assert torch.allclose(openset.energy(z - 1e4), openset.energy(z) + 1e4)
    assert torch.allclose(openset.max_logit(z - 1e4), openset.max_logit(z) + 1e4)


def test_probabilities_that_round_to_one_keep_their_order():
    z = torch.tensor([[700.0, 0.0], [50.0, 0.0], [40.0, 0.0]])
    assert (torch.softmax(z, dim=1)[:, 0] == 1).all()
    first, second, third = openset.max_softmax(z).tolist()
    assert 0 < first < second < third
    assert third == pytest.approx(math.exp(-40))


def test_ends_of_the_ranges():
    even = torch.zeros(1, 4)
    assert openset.max_softmax(even).item() == pytest.approx(3 / 4)
    assert openset.entropy(even).item() == pytest.approx(math.log(4))
    assert openset.energy(even, temperature=2).item() == pytest.approx(-2 * math.log(4))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.int64])
@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_whatever_a_network_gives_is_scored_in_float64(score, dtype):
    z = torch.tensor([[3, -2, 0]], dtype=dtype)
    assert score(z).dtype == torch.float64
    assert torch.equal(score(z), score(z.double()))


@pytest.mark.parametrize("score", [*SCORES.values(), openset.softmax])
@pytest.mark.parametrize(
    ("z", "complaint"),
    [
        (torch.zeros(3), r"shape \(3,\); wanted \[N, K\]"),
        (torch.zeros(3, 1), r"shape \(3, 1\)"),
        (torch.zeros(3, 2, 2), r"shape \(3, 2, 2\)"),
        (torch.tensor([[math.nan, 0]]), "NaN or infinite"),
        (torch.tensor([[math.inf, 0]]), "NaN or infinite"),
    ],
)
def test_wrong_logits_are_told(score, z, complaint):
    with pytest.raises(ValueError, match=complaint):
        score(z)


@pytest.mark.parametrize("score", [openset.max_softmax, openset.entropy, openset.energy, openset.softmax])
@pytest.mark.parametrize("temperature", [0, -1, math.nan, math.inf])
def test_wrong_temperature_is_told(score, temperature):
    with pytest.raises(ValueError, match=f"got temperature={temperature}; wanted a number above 0"):
        score(torch.zeros(1, 2), temperature=temperature)


def test_no_pictures_have_no_scores():
    assert openset.energy(torch.zeros(0, 5)).shape == (0,)
