"""A network whose reason is known by its making: the trial says where it lies, and who finds it."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from course_lib.explain import on_trial
from course_lib.explain.own_trial import MethodRow, OnTrial, quarters

COLOURS = torch.tensor([[250, 20, 20], [20, 250, 20], [20, 20, 250], [250, 250, 20]], dtype=torch.uint8)
SIDE = 32


def pictures(n: int = 6) -> Tensor:
    """Of four colours with a little noise, n each: uint8 [4 n, 3, 32, 32]."""
    noise = torch.randint(0, 10, (4 * n, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(0))
    return (COLOURS.repeat(n, 1)[:, :, None, None].int() - noise).clamp(0, 255).to(torch.uint8)


class ByColour(nn.Module):
    """Four maps, of how much each cell is like one of the colours; the mean of each, steeply, is its logit."""

    preprocessing = staticmethod(lambda images: images.float() / 255)

    def __init__(self, weights: tuple[float, ...] = (1.0, 0.7, 0.4, 0.2)):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2, 1)
        unit = COLOURS.float() / 255 - 0.5
        self.conv.weight.data = unit[:, :, None, None].expand(-1, -1, 3, 3) / 9
        self.conv.bias.data = -0.5 * unit.sum(dim=1) - 0.3
        self.scale = nn.Parameter(60 * torch.tensor(weights))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x).relu().mean(dim=(2, 3)) * self.scale


class OfOneCorner(ByColour):
    """Looks at the upper left sixteenth only, whatever is where: no other quarter can carry an answer."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x * (torch.arange(SIDE) < SIDE // 4) * (torch.arange(SIDE) < SIDE // 4)[:, None])


@pytest.mark.slow
def test_a_reason_in_one_quarter_is_found_by_what_looks_there():
    found = on_trial(ByColour(), pictures(), n=12)
    rows = {row.name: row for row in found.rows}
    assert rows["Grad-CAM"].hit == rows["occlusion, grey"].hit == 1
    assert found.rows[0].name == found.best
    assert [row.hit for row in found.rows] == sorted((row.hit for row in found.rows), reverse=True)
    assert 5 <= len(found.patchworks) <= found.tried == 12
    assert "random numbers would get 25 %" in str(found)
    assert {"Grad-CAM", "LayerCAM"} <= rows.keys()


@pytest.mark.slow
def test_the_quarter_is_the_one_whose_colour_is_answered():
    found = on_trial(ByColour(), pictures(), n=12)
    for work, quarter, answer in zip(found.patchworks, found.quarters, found.answers, strict=True):
        inside = work[:, quarter].float().mean(dim=1)
        assert int((COLOURS.float() - inside).abs().sum(dim=1).argmin()) == int(answer)


@pytest.mark.slow
def test_a_method_that_knows_nothing_is_found_out(monkeypatch):
    """The trial can fail: heat that lies in the upper left quarter whatever is asked gets what chance gives it."""
    blind = torch.zeros(SIDE, SIDE)
    blind[:16, :16] = 1
    monkeypatch.setattr("course_lib.explain.own_trial.occlusion_map", lambda *_, **__: blind)
    found = on_trial(ByColour(), pictures(), n=60)
    rows = {row.name: row for row in found.rows}
    assert 0.05 < rows["occlusion, grey"].hit < 0.5
    assert found.rows[-1].name == "occlusion, grey"
    assert rows["occlusion, grey"].same == 1, "it lights up one quarter, whatever the picture shows"
    assert rows["saliency"].same < 0.6
    assert "occlusion, grey" not in found.level


def test_methods_that_are_not_surely_behind_the_best_are_named():
    rows = (MethodRow("a", 0.84, 0.4, 0.3, 19), MethodRow("b", 0.79, 0.4, 0.3, 19), MethodRow("c", 0.37, 0.4, 0.9, 19))
    assert OnTrial(rows, *(torch.zeros(1),) * 3, 30, {}, ByColour()).level == ("b",)


@pytest.mark.slow
def test_a_network_that_looks_elsewhere_is_caught():
    """One that hears a single corner has its reason in that quarter, and each patchwork that is kept says so."""
    found = on_trial(OfOneCorner((16.0, 11.0, 6.0, 3.0)), pictures(), n=30)
    assert found.quarters[:, 0, 0].all()


@pytest.mark.slow
def test_maps_whose_cells_cannot_be_placed_are_only_enlarged():
    """Beside a cut nobody knows where a cell looks; the trial goes on."""

    class Cut(ByColour):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x[:, :, 1:, 1:])

    assert {row.name for row in on_trial(Cut(), pictures(), n=12).rows} >= {"Grad-CAM", "saliency"}


@pytest.mark.slow
def test_the_best_method_draws_on():
    found, own = on_trial(ByColour(), pictures(), n=12), pictures(1)
    heat = found.heatmaps(own, torch.arange(4))
    assert heat.shape == (4, SIDE, SIDE)
    assert heat.dtype == torch.float32
    assert not torch.equal(heat, found.heatmaps(own, torch.arange(4), method="saliency"))


def test_a_function_is_tried_by_asking_alone():
    model = ByColour().eval()
    found = on_trial(lambda images: model(images.float() / 255).softmax(dim=1), pictures(), n=12)
    assert {row.name for row in found.rows} == {"occlusion, grey", "RISE, 100 masks"}


@pytest.mark.slow
def test_it_is_the_same_for_the_same_seed():
    first, again, other = (on_trial(ByColour(), pictures(), n=12, seed=seed) for seed in (1, 1, 2))
    assert first.rows == again.rows
    assert not torch.equal(first.patchworks[:5], other.patchworks[:5])


def test_quarters_cover_a_picture_once_of_odd_sides_too():
    assert torch.equal(quarters(5, 7).sum(dim=0), torch.ones(5, 7, dtype=torch.int64))


@pytest.mark.parametrize(
    ("ask", "complaint"),
    [
        (lambda: on_trial(ByColour(), pictures()[::4]), "sure of 1 classes; it wants pictures of four"),
        (lambda: on_trial(ByColour((0.0,) * 4), pictures()), "sure of 0 classes"),
        (lambda: on_trial(ByColour(), pictures().float()), r"torch.float32 .*it wants uint8 \[N, 3, H, W\]"),
        (lambda: on_trial(ByColour(), pictures(), n=0), "n=0; it wants patchworks"),
        (lambda: on_trial(ByColour(), pictures(), n=3), "made 3 patchworks, and of . the answer rests"),
        (lambda: on_trial(nn.Conv2d(3, 4, 1), pictures()), "on_trial got a model .* without a `preprocessing`"),
    ],
)
def test_what_cannot_be_tried_is_named(ask, complaint):
    with pytest.raises(ValueError, match=complaint):
        ask()
