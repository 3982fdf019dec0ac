from __future__ import annotations

import pytest
import torch
from torch.nn.functional import cross_entropy

from course_lib import decide


@pytest.fixture
def probabilities() -> torch.Tensor:
    return torch.randn(200, 4, generator=torch.Generator().manual_seed(0)).softmax(dim=1)


def test_by_cost_is_the_least_of_all_expected_costs(probabilities):
    cost = torch.rand(4, 5, generator=torch.Generator().manual_seed(1))
    answers = decide.by_cost(probabilities, cost)
    for p, answer in zip(probabilities, answers, strict=True):
        expected = [sum(float(p[k]) * float(cost[k, a]) for k in range(4)) for a in range(5)]
        assert min(expected) == pytest.approx(expected[answer])


def test_with_equal_costs_the_likeliest_wins(probabilities):
    assert torch.equal(decide.by_cost(probabilities, 1 - torch.eye(4)), probabilities.argmax(dim=1))


def test_by_priority(probabilities):
    answers = decide.by_priority(probabilities, order=[2, 0], threshold=0.3)
    for p, answer in zip(probabilities, answers, strict=True):
        expected = 2 if p[2] >= 0.3 else 0 if p[0] >= 0.3 else p.argmax()
        assert answer == expected
    assert torch.equal(decide.by_priority(probabilities, [], 0.5), probabilities.argmax(dim=1))


def test_mean_cost_is_that_of_a_loop(probabilities):
    cost = torch.rand(4, 5, generator=torch.Generator().manual_seed(1))
    answers, labels = decide.by_cost(probabilities, cost), torch.arange(200) % 4
    expected = sum(float(cost[k, a]) for k, a in zip(labels, answers, strict=True)) / 200
    assert decide.mean_cost(answers, labels, cost) == pytest.approx(expected)
    assert decide.mean_cost([0, 1, 2, 2], [0, 1, 1, 2], [[0, 1, 1], [10, 0, 10], [1, 1, 0]]) == 2.5


def test_the_cheapest_threshold_catches_what_is_dear():
    p = [[0.6, 0.3, 0.1], [0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.1, 0.6]]
    cost, steps = [[0, 1, 1], [10, 0, 10], [1, 1, 0]], [0.05, 0.15, 0.25, 0.5]
    # Catches both pictures of class 1 and spares the last; the first picture pays for it.
    assert decide.cheapest_threshold(p, [0, 1, 1, 2], [1], cost, steps) == 0.15
    # Where all errors cost the same, 0.15 and 0.5 make one each: the first counts.
    assert decide.cheapest_threshold(p, [0, 1, 1, 2], [1], 1 - torch.eye(3), steps) == 0.15


@pytest.mark.parametrize("true_t", [0.5, 1.0, 3.0])
def test_temperature_undoes_a_scaling(true_t):
    """Labels drawn from the softmax of some logits; the model states them `true_t` times too large."""
    generator = torch.Generator().manual_seed(2)
    logits = 2 * torch.randn(20_000, 4, generator=generator)
    labels = torch.multinomial(logits.softmax(dim=1), 1, generator=generator).ravel()
    found = decide.temperature(true_t * logits, labels)
    assert found == pytest.approx(true_t, rel=0.03)


def test_temperature_is_the_minimum_of_a_grid(probabilities):
    labels = torch.arange(200) % 4
    logits = 5 * probabilities
    grid = torch.logspace(-1.9, 1.9, 400)
    losses = torch.stack([cross_entropy(logits / t, labels) for t in grid])
    mine = cross_entropy(logits / decide.temperature(logits, labels), labels)
    assert mine <= losses.min() + 1e-5


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: decide.by_cost([[2.0, 1.0]], torch.ones(2, 2)), "take .softmax"),
        (lambda: decide.by_cost([[0.5, 0.5]], torch.ones(3, 3)), r"\(3, 3\) for 2 classes"),
        (lambda: decide.by_cost([[0.5, 0.5]], [[0, float("inf")], [1, 0]]), "finite"),
        (lambda: decide.mean_cost([0], [2], torch.ones(2, 2)), "mean_cost got labels .* from 0 to 1"),
        (lambda: decide.mean_cost([0, 1], [1], torch.ones(2, 2)), "mean_cost got answers .* for 1 pictures"),
        (lambda: decide.mean_cost([0], [1], [1.0, 2.0]), r"mean_cost got a cost of shape \(2,\); .* numbers \[K, A\]"),
        (lambda: decide.cheapest_threshold([[0.5, 0.5]], [0], [0], torch.ones(2, 2), []), "no thresholds"),
        (lambda: decide.by_priority([[0.5, 0.5]], [0], 0), "threshold=0"),
        (lambda: decide.by_priority([[0.5, 0.5]], [2], 0.5), r"order=\[2\]"),
        (lambda: decide.by_priority([[0.5, 0.5]], [0, 0], 0.5), "once each"),
        (lambda: decide.temperature(torch.zeros(3, 2), torch.zeros(4)), "N ≥ 1"),
    ],
)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()
