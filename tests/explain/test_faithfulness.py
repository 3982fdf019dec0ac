"""Faithfulness: loops on 2×2 pictures, scipy, a linear model where the right heatmap is known, networks made anew."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import pearsonr, spearmanr
from torch import nn

from course_lib.explain import (
    FILLS,
    area,
    canvas,
    deletion,
    energy_inside,
    insertion,
    mu_fidelity,
    pointing_game,
    randomized,
    rank_correlation,
    saliency,
    weighted_layers,
)
from course_lib.models import Classifier, SmallCNN, backbone


def picture(h: int = 12, w: int = 10, seed: int = 0) -> torch.Tensor:
    return torch.randint(0, 256, (3, h, w), generator=torch.Generator().manual_seed(seed)).to(torch.uint8)


def weights(h: int = 12, w: int = 10) -> torch.Tensor:
    return torch.randn(3, h, w, generator=torch.Generator().manual_seed(3)) / (h * w)


def linear(pictures: torch.Tensor) -> torch.Tensor:
    """Two "answers" that are linear in the pixels."""
    value = (pictures.float() / 255 * weights(*pictures.shape[2:])).sum(dim=(1, 2, 3))
    return torch.stack([-value, value], dim=1)


def right_heat(one: torch.Tensor, fill: str) -> torch.Tensor:
    """What each pixel of the linear model adds to answer 1 when it is uncovered."""
    return ((one.float() - canvas(one, fill).float()) / 255 * weights(*one.shape[1:])).sum(dim=0)


# --- deletion and insertion ------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", FILLS)
def test_curves_are_what_covering_pixel_by_pixel_gives(fill):
    one, heat = picture(2, 2), torch.tensor([[0.3, -1.0], [7.0, 0.4]])
    hottest_first = [(1, 0), (1, 1), (0, 0), (0, 1)]
    covered, uncovered = one.clone(), canvas(one, fill).clone()
    falls, rises = [linear(covered[None])[0, 1]], [linear(uncovered[None])[0, 1]]
    for y, x in hottest_first:
        covered[:, y, x] = canvas(one, fill)[:, y, x]
        uncovered[:, y, x] = one[:, y, x]
        falls.append(linear(covered[None])[0, 1])
        rises.append(linear(uncovered[None])[0, 1])
    torch.testing.assert_close(deletion(linear, one, heat, 1, fill=fill, steps=4, batch_size=3), torch.stack(falls))
    torch.testing.assert_close(insertion(linear, one, heat, 1, fill=fill, steps=4, batch_size=2), torch.stack(rises))
    two = deletion(linear, one, heat, 1, fill=fill, steps=2)
    torch.testing.assert_close(two, torch.stack(falls)[::2])


def test_a_curve_has_both_ends_and_the_right_class():
    one, heat = picture(), torch.rand(12, 10)
    whole, empty = linear(one[None])[0], linear(canvas(one, "black")[None])[0]
    for k in (0, 1):
        curve = deletion(linear, one, heat, k, fill="black", steps=7)
        assert curve.shape == (8,)
        assert curve.dtype == torch.float32
        torch.testing.assert_close(curve[[0, -1]], torch.stack([whole[k], empty[k]]))
        torch.testing.assert_close(insertion(linear, one, heat, k, fill="black", steps=7)[[-1, 0]], curve[[0, -1]])


def test_the_right_heatmap_wins_and_its_opposite_loses():
    one = picture()
    heat = right_heat(one, "grey")
    fall, by_chance, wrong = (area(deletion(linear, one, h, 1)) for h in (heat, torch.zeros(12, 10), -heat))
    assert fall < by_chance < wrong
    rise, by_chance, wrong = (area(insertion(linear, one, h, 1)) for h in (heat, torch.zeros(12, 10), -heat))
    assert rise > by_chance > wrong


def test_equal_heat_is_drawn_by_lot_and_a_blurred_picture_may_be_the_ground():
    one, flat = picture(), torch.ones(12, 10)
    first, again, other = (deletion(linear, one, flat, 1, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.allclose(first[1:-1], other[1:-1])
    torch.testing.assert_close(
        insertion(linear, one, flat, 1, fill=picture(seed=1))[0], linear(picture(seed=1)[None])[0, 1]
    )


def test_area_is_numpy_s():
    curve = torch.rand(9)
    assert area(curve) == pytest.approx(np.trapezoid(curve, dx=1 / 8))
    assert area(torch.full((5,), 0.3)) == pytest.approx(0.3)


# --- µ-fidelity ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("cells", [3, 8])
def test_mu_fidelity_of_the_right_heatmap_is_1(fill, cells):
    heat = right_heat(picture(), fill)
    assert mu_fidelity(linear, picture(), heat, 1, fill=fill, cells=cells) == pytest.approx(1, abs=1e-4)
    assert mu_fidelity(linear, picture(), -heat, 1, fill=fill, cells=cells) == pytest.approx(-1, abs=1e-4)
    assert mu_fidelity(linear, picture(), heat, 0, fill=fill, cells=cells) == pytest.approx(-1, abs=1e-4)
    assert abs(mu_fidelity(linear, picture(), torch.randn(12, 10), 1, fill=fill, cells=cells)) < 0.9


def test_mu_fidelity_is_scipy_s_correlation_over_the_sets():
    """On a 2×2 picture with one cell in each set there are four sets; n of them are drawn again from the seed."""
    one, heat, n = picture(2, 2), torch.tensor([[0.3, -1.0], [7.0, 0.4]]), 30
    chosen = torch.rand(n, 4, generator=torch.Generator().manual_seed(2)).argsort(dim=1)[:, 0]
    heats, falls = [], []
    for cell in chosen.tolist():
        covered = one.clone()
        covered[:, cell // 2, cell % 2] = 128
        heats.append(heat.ravel()[cell])
        falls.append((linear(one[None]) - linear(covered[None]))[0, 1])
    ours = mu_fidelity(linear, one, heat, 1, n=n, share=0.25, cells=2, seed=2, batch_size=7)
    assert ours == pytest.approx(pearsonr(heats, falls).statistic, abs=1e-5)


def test_mu_fidelity_of_what_never_changes_is_nan():
    assert math.isnan(mu_fidelity(lambda x: torch.ones(len(x), 2), picture(), torch.rand(12, 10), 0))
    assert math.isnan(mu_fidelity(linear, picture(16, 16), torch.full((16, 16), 0.1), 1))


# --- randomised weights ----------------------------------------------------------------------------------


def network() -> SmallCNN:
    model = SmallCNN(batch_norm=True).eval()
    model.blocks[0][1].running_mean += 1
    return model


def test_layers_are_named_from_the_logits_down():
    names = weighted_layers(network())
    assert names[0] == "head"
    assert names[-1] == "blocks.0.0"
    assert len(names) == 7
    assert weighted_layers(nn.ReLU()) == []


@pytest.mark.parametrize("top", [0, 1, 3, None])
def test_randomized_changes_the_top_layers_and_nothing_else(top):
    model, names = network(), weighted_layers(network())
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    twin = randomized(model, 5, top=top)
    assert torch.equal(torch.rand(1), expected), "the global random state is left alone"
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    for place, name in enumerate(names):
        ours, new = model.get_submodule(name), twin.get_submodule(name)
        same = all(torch.equal(a, b) for a, b in zip(ours.parameters(), new.parameters(), strict=True))
        fresh_norm = isinstance(new, nn.BatchNorm2d) and (new.running_mean == 0).all() and (new.running_var == 1).all()
        if top is not None and place >= top:
            assert same
        else:
            assert fresh_norm or not same
    assert twin.training == model.training


def test_randomized_by_seed():
    a, b, c = (randomized(network(), seed).head.weight for seed in (1, 1, 2))
    assert torch.equal(a, b)
    assert not torch.equal(a, c)


def test_randomized_takes_a_backbone():
    model = Classifier(backbone("texture_net"), ["a", "b"]).eval()
    twin = randomized(model, top=4)
    x, target = torch.rand(1, 3, 64, 64), torch.tensor([0])
    assert rank_correlation(saliency(model, x, target), saliency(twin, x, target)) < 0.999
    assert weighted_layers(model)[0].startswith("head")


@pytest.mark.parametrize("ties", [False, True])
def test_rank_correlation_is_scipy_s(ties):
    a, b = torch.randn(2, 9, 7, generator=torch.Generator().manual_seed(0))
    if ties:
        a, b = a.round(), b.round()
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a.ravel(), b.ravel()).statistic)
    assert rank_correlation(a, -3 * a + 1) == pytest.approx(-1)
    assert math.isnan(rank_correlation(a, torch.ones(9, 7)))


# --- against a planted reason ----------------------------------------------------------------------------


def test_pointing_game_and_energy_by_hand():
    mask = torch.zeros(5, 6, dtype=torch.bool)
    mask[1:3, 2:4] = True
    heat = torch.zeros(5, 6)
    assert pointing_game(heat, mask) == pytest.approx(4 / 30), "of equals, the share inside"
    assert energy_inside(heat, mask) == 0
    heat[2, 5], heat[1, 2], heat[0, 0] = 3.0, 1.0, -9.0
    assert pointing_game(heat, mask) == 0
    assert pointing_game(heat, mask, tolerance=2) == 1
    assert pointing_game(heat, mask, tolerance=1.9) == 0
    assert energy_inside(heat, mask) == 0.25
    heat[2, 2] = 4.0
    assert pointing_game(heat, mask) == 1
    assert energy_inside(torch.ones(5, 6), mask) == pytest.approx(4 / 30)


def test_a_random_heatmap_gets_the_share_of_the_mask():
    heats = torch.rand(400, 5, 6, generator=torch.Generator().manual_seed(0))
    mask = torch.zeros(5, 6, dtype=torch.bool)
    mask[:2, :3] = True
    assert np.mean([pointing_game(heat, mask) for heat in heats]) == pytest.approx(6 / 30, abs=0.05)
    assert np.mean([energy_inside(heat, mask) for heat in heats]) == pytest.approx(6 / 30, abs=0.01)


# --- errors ----------------------------------------------------------------------------------------------

HEAT, MASK = torch.rand(12, 10), torch.ones(12, 10, dtype=torch.bool)
NAN = torch.full((12, 10), float("nan"))


class Bare(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))


@pytest.mark.parametrize("score", [deletion, insertion, mu_fidelity])
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"picture": picture().float()}, "got a picture of torch.float32"),
        ({"heatmap": torch.rand(5, 5)}, r"got a heatmap \(5, 5\); it wants finite numbers \(12, 10\)"),
        ({"heatmap": NAN}, r"got a heatmap \(12, 10\) with NaN"),
        ({"target": 2}, "got target=2 for 2 classes; it wants 0 to 1"),
        ({"target": -1}, "got target=-1"),
        ({"fill": "pink"}, "got fill='pink'"),
        ({"batch_size": 0}, "got batch_size=0"),
        ({"predict": lambda x: x[:, 0, 0, 0]}, "got a predict that gives"),
    ],
)
def test_wrong_input_is_named(score, change, complaint):
    with pytest.raises(ValueError, match=complaint):
        score(**({"predict": linear, "picture": picture(), "heatmap": HEAT, "target": 1} | change))


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: deletion(linear, picture(), HEAT, 1, steps=0), "deletion got steps=0"),
        (lambda: insertion(linear, picture(), HEAT, 1, steps=0), "insertion got steps=0"),
        (lambda: area(torch.ones(1)), r"area got a curve of shape \(1,\)"),
        (lambda: area(torch.ones(2, 2)), r"area got a curve of shape \(2, 2\)"),
        (lambda: mu_fidelity(linear, picture(), HEAT, 1, n=1), "got n=1"),
        (lambda: mu_fidelity(linear, picture(), HEAT, 1, share=1.0), "share=1.0"),
        (lambda: mu_fidelity(linear, picture(), HEAT, 1, cells=1), "cells=1"),
        (lambda: mu_fidelity(linear, picture(), HEAT, 1, cells=11), "2 to 10 cells"),
        (lambda: randomized(network(), top=8), "got top=8; the model has 7 layers, so it wants 0 to 7"),
        (lambda: randomized(network(), top=-1), "got top=-1"),
        (lambda: randomized(Bare()), r"layer '' \(Bare\) has no reset_parameters"),
        (lambda: rank_correlation(HEAT, HEAT[:5]), r"got \(12, 10\) and \(5, 10\)"),
        (lambda: rank_correlation(HEAT[:1, :1], HEAT[:1, :1]), "2 pixels or more"),
        (lambda: pointing_game(HEAT, MASK.float()), "pointing_game got.*a mask of torch.float32"),
        (lambda: pointing_game(HEAT, ~MASK), "with 0 pixels"),
        (lambda: pointing_game(HEAT, MASK, tolerance=-1), "tolerance=-1"),
        (lambda: pointing_game(NAN, MASK), "pointing_game got a heatmap with NaN"),
        (lambda: energy_inside(HEAT, MASK[:5]), "energy_inside got"),
        (lambda: energy_inside(HEAT[None], MASK[None]), r"a heatmap \(1, 12, 10\)"),
        (lambda: energy_inside(NAN, MASK), "energy_inside got a heatmap with NaN"),
    ],
)
def test_wrong_settings_are_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()
