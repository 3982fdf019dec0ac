"""Gradient heatmaps against captum, against closed forms, and on a model that looks at one corner."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from captum.attr import (
    IntegratedGradients,
    LayerActivation,
    LayerAttribution,
    LayerGradCam,
    LayerGradientXActivation,
    NoiseTunnel,
    Saliency,
)
from torch import nn

from course_lib.explain import grad_cam, hires_cam, integrated_gradients, layer_cam, saliency, smooth_grad
from course_lib.models import SmallCNN

pytestmark = pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients")  # captum's

METHODS: dict[str, Callable] = {
    "saliency": saliency,
    "smooth_grad": lambda model, x, target: smooth_grad(model, x, target, n=3),
    "integrated_gradients": lambda model, x, target: integrated_gradients(model, x, target, steps=8),
    "grad_cam": lambda model, x, target: grad_cam(model, model.blocks[-1], x, target),
    "hires_cam": lambda model, x, target: hires_cam(model, model.blocks[-1], x, target),
    "layer_cam": lambda model, x, target: layer_cam(model, model.blocks[-1], x, target),
}


def batch(n: int = 3, side: int = 24) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 3, side, side, generator=generator), torch.randint(0, 4, (n,), generator=generator)


def network(**options) -> SmallCNN:
    return SmallCNN(outputs=4, **({"batch_norm": True, "dropout": 0.5} | options)).eval()


def close(ours: torch.Tensor, oracle: torch.Tensor) -> None:
    assert ours.dtype == torch.float32
    assert oracle.abs().max() > 1e-4, "nothing to compare"
    # Relative to the hottest pixel too: a small network's gradients are small.
    scale = oracle.abs().max().item()
    torch.testing.assert_close(ours / scale, oracle.detach() / scale, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(ours, oracle.detach(), atol=1e-5, rtol=1e-5)


# --- captum ----------------------------------------------------------------------------------------------


def test_saliency_is_captum_s():
    x, target = batch()
    close(saliency(network(), x, target), Saliency(network()).attribute(x, target=target).amax(dim=1))


def test_smooth_grad_is_captum_s_on_the_same_noise(monkeypatch):
    (x, target), n, noise = batch(), 6, 0.2
    generator = torch.Generator().manual_seed(5)
    drawn = torch.stack([torch.randn(x.shape, generator=generator) for _ in range(n)])
    ranges = x.flatten(1).max(1).values - x.flatten(1).min(1).values
    # captum lays the copies of one picture side by side.
    side_by_side = (noise * ranges[:, None, None, None] * drawn).transpose(0, 1).flatten(0, 1)
    monkeypatch.setattr(torch, "normal", lambda *_: side_by_side)
    tunnel = NoiseTunnel(Saliency(network()))
    oracle = tunnel.attribute(x, nt_type="smoothgrad", nt_samples=n, target=target, abs=False).abs().amax(dim=1)
    close(smooth_grad(network(), x, target, noise=noise, n=n, seed=5), oracle)


@pytest.mark.parametrize("steps", [1, 50])
@pytest.mark.parametrize("baseline", [0.0, -1.5, "grey"])
def test_integrated_gradients_are_captum_s(steps, baseline):
    x, target = batch()
    start = torch.tensor([0.3, -0.2, 0.1])[:, None, None] if baseline == "grey" else baseline
    full = start.expand_as(x) if baseline == "grey" else start
    oracle = IntegratedGradients(network()).attribute(x, baselines=full, target=target, n_steps=steps).sum(dim=1)
    close(integrated_gradients(network(), x, target, baseline=start, steps=steps), oracle.float())


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_grad_cam_is_captum_s(depth):
    x, target = batch()
    model = network()
    coarse = LayerGradCam(model, model.blocks[depth]).attribute(x, target=target, relu_attributions=True)
    oracle = LayerAttribution.interpolate(coarse, (24, 24), "bilinear")[:, 0]
    close(grad_cam(model, model.blocks[depth], x, target, enlarge="bilinear"), oracle)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_hires_cam_is_captum_s_gradient_times_activation(depth):
    x, target = batch()
    model = network()
    product = LayerGradientXActivation(model, model.blocks[depth]).attribute(x, target=target)
    oracle = LayerAttribution.interpolate(product.sum(dim=1, keepdim=True).relu(), (24, 24), "bilinear")[:, 0]
    close(hires_cam(model, model.blocks[depth], x, target, enlarge="bilinear"), oracle)


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_layer_cam_leaves_the_gradients_below_0_out_of_captum_s_product(depth):
    """The maps are those behind a ReLU, 0 or more: so a product above 0 has a gradient above 0."""
    x, target = batch()
    model = network()
    assert LayerActivation(model, model.blocks[depth]).attribute(x).min() >= 0
    product = LayerGradientXActivation(model, model.blocks[depth]).attribute(x, target=target)
    oracle = LayerAttribution.interpolate(product.relu().sum(dim=1, keepdim=True), (24, 24), "bilinear")[:, 0]
    close(layer_cam(model, model.blocks[depth], x, target, enlarge="bilinear"), oracle)


def test_before_a_mean_and_a_linear_layer_hires_cam_is_grad_cam():
    """Draelos and Carin 2020, section 3: there every place has the mean gradient."""
    x, target = batch()
    model = network()
    ours = [method(model, model.blocks[-1], x, target) for method in (grad_cam, hires_cam)]
    torch.testing.assert_close(*ours)
    earlier = [method(model, model.blocks[0], x, target) for method in (grad_cam, hires_cam)]
    assert not torch.allclose(*earlier), "elsewhere they differ: the check can fail"


def test_another_way_to_enlarge_is_named():
    model = network()
    with pytest.raises(ValueError, match=r"^layer_cam got enlarge='nearest'; it wants .by cells. or .bilinear."):
        layer_cam(model, model.blocks[-1], *batch(), enlarge="nearest")


# --- closed forms ----------------------------------------------------------------------------------------


def linear(side: int = 5) -> tuple[nn.Module, torch.Tensor]:
    """A linear model of 4 classes, and its weights [4, 3, side, side]."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * side * side, 4))
    return model, model[1].weight.detach().reshape(4, 3, side, side)


def test_of_a_linear_model_all_gradients_are_its_weights():
    (x, target), (model, w) = batch(side=5), linear()
    size = w[target].abs().amax(dim=1)
    torch.testing.assert_close(saliency(model, x, target), size)
    torch.testing.assert_close(smooth_grad(model, x, target, n=4), size)
    for baseline in (0.0, 0.7, torch.randn(3, 1, 1), torch.randn(x.shape)):
        ours = integrated_gradients(model, x, target, baseline=baseline, steps=2)
        torch.testing.assert_close(ours, (w[target] * (x - baseline)).sum(dim=1))


def test_grad_cam_of_a_mean_and_a_linear_layer_is_the_class_activation_map():
    """There the gradient is w / (h · w) at every place: Grad-CAM is CAM (Zhou et al. 2016), up to that number."""
    x, target = batch(side=16)
    model = network(batch_norm=False)
    features = x
    for block in model.blocks:
        features = block(features)
    cam = torch.einsum("bc,bchw->bhw", model.head.weight[target], features).relu() / features[0, 0].numel()
    ours = grad_cam(model, model.blocks[-1], x, target, enlarge="bilinear")
    expected = nn.functional.interpolate(cam[:, None], size=(16, 16), mode="bilinear")[:, 0].detach()
    torch.testing.assert_close(ours, expected)


@pytest.mark.slow
@pytest.mark.parametrize("baseline", [0.0, 0.5])
def test_integrated_gradients_are_complete(baseline):
    x, target = batch()
    model = network()
    with torch.no_grad():
        rise = (model(x) - model(torch.full_like(x, baseline))).gather(1, target[:, None])[:, 0]
    errors = [
        (integrated_gradients(model, x, target, baseline=baseline, steps=steps).sum(dim=(1, 2)) - rise).abs().max()
        for steps in (2, 200)
    ]
    assert errors[1] < 0.005 * rise.abs().max()
    assert errors[0] > errors[1], "a few steps are not enough: the check can fail"


def test_smooth_grad_without_noise_is_saliency_and_its_seed_counts():
    x, target = batch()
    torch.testing.assert_close(smooth_grad(network(), x, target, noise=0, n=2), saliency(network(), x, target))
    first, again, other = (smooth_grad(network(), x, target, n=2, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


# --- known reason ----------------------------------------------------------------------------------------


class Corner(nn.Module):
    """Class 1 is a bright lower right corner, 4×4 of 16×16 pixels; nothing else is looked at."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Conv2d(3, 1, 1)])
        nn.init.ones_(self.blocks[0].weight)

    def forward(self, x):
        features = self.blocks[0](x).relu()
        seen = torch.zeros(16, 16)
        seen[12:, 12:] = 1
        score = (features * seen).sum(dim=(1, 2, 3)) ** 2
        return torch.stack([-score, score], dim=1)


@pytest.mark.parametrize("method", METHODS)
def test_heat_is_where_the_model_looks(method):
    x = 0.2 + torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    x[:, :, 12:, 12:] += 1
    heat = METHODS[method](Corner(), x, torch.tensor([1, 1]))
    # Grad-CAM weighs channels, not places: it finds the corner because that is the brightest.
    assert all(int(h.argmax()) // 16 >= 12 and int(h.argmax()) % 16 >= 12 for h in heat)
    if method != "grad_cam":
        assert heat[:, :12].abs().max() == 0
        assert heat[:, :, :12].abs().max() == 0


# --- manners ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_picture_is_explained_alike_alone_and_in_a_batch(method):
    if method == "smooth_grad":
        pytest.skip("its noise differs from one batch to another")
    x, target = batch()
    together = METHODS[method](network(), x, target)
    alone = torch.cat([METHODS[method](network(), x[k : k + 1], target[k : k + 1]) for k in range(3)])
    torch.testing.assert_close(together, alone, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was(method, fails):
    x, target = batch()
    model = network().train()
    model.blocks[0].eval()
    model.head.weight.grad = torch.ones_like(model.head.weight)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    kept = x.clone()
    if fails:
        with pytest.raises(ValueError, match="got target"):
            METHODS[method](model, x, target + 90)
    else:
        METHODS[method](model, x, target)
    assert [module.training for module in model.modules()] == modes
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for name, parameter in model.named_parameters() if name != "head.weight")
    assert torch.equal(model.head.weight.grad, torch.ones_like(model.head.weight))
    assert not any(module._forward_hooks for module in model.modules())
    assert torch.equal(x, kept)
    assert not x.requires_grad


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_frozen_weights_and_no_grad_around_change_nothing(method, around):
    expected = METHODS[method](network(), *batch())
    frozen = network().requires_grad_(False)
    with around():
        ours = METHODS[method](frozen, *batch())
    torch.testing.assert_close(ours, expected)


def test_grad_cam_bears_an_in_place_relu_after_the_layer():
    x, target = batch()
    plain, in_place = (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        for inplace in (False, True)
    )
    in_place.load_state_dict(plain.state_dict())
    torch.testing.assert_close(grad_cam(in_place, in_place[0], x, target), grad_cam(plain, plain[0], x, target))


# --- errors ----------------------------------------------------------------------------------------------


class Cut(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Conv2d(3, 4, 3)])

    def forward(self, x):
        return self.blocks[-1](x).detach().mean(dim=(2, 3))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda x, t: (network(), x.to(torch.uint8), t), "x of torch.uint8"),
        (lambda x, t: (network(), x[0], t), r"x of torch.float32 \(3, 24, 24\); it wants floats \[B, 3, H, W\]"),
        (lambda x, t: (network(), x[:0], t[:0]), "B of 1 or more"),
        (lambda x, t: (network(), x, 1), "target 1; it wants a tensor int64"),
        (lambda x, t: (network(), x, t[:2]), r"target torch.int64 \(2,\); it wants a tensor int64 \[3\]"),
        (lambda x, t: (network(), x, t.float()), "target torch.float32"),
        (lambda x, t: (network(), x, t + 4), "for a model of 4 logits; it wants positions of 0 to 3"),
        (lambda x, t: (network(), x, t - 9), "it wants positions of 0 to 3"),
        (lambda x, t: (Cut(), x, t), "does not depend on what it is asked about"),
    ],
)
def test_wrong_input_is_named(method, change, complaint):
    with pytest.raises(ValueError, match=f"^{method} got .*{complaint}"):
        METHODS[method](*change(*batch()))


def test_a_model_without_logits_is_named():
    with pytest.raises(ValueError, match=r"saliency got a model that gives \(3, 3, 24, 24\).*it wants logits \[3, K\]"):
        saliency(nn.Identity(), *batch())


@pytest.mark.parametrize("change", [{"n": 0}, {"noise": -1.0}, {"noise": float("nan")}])
def test_wrong_noise_is_named(change):
    with pytest.raises(ValueError, match="smooth_grad got"):
        smooth_grad(network(), *batch(), **change)


@pytest.mark.parametrize(
    ("change", "complaint"), [({"steps": 0}, "steps=0"), ({"baseline": torch.zeros(2, 5)}, r"a baseline of \(2, 5\)")]
)
def test_wrong_way_to_integrate_is_named(change, complaint):
    with pytest.raises(ValueError, match=complaint):
        integrated_gradients(network(), *batch(), **change)


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Odd(nn.Module):
    def __init__(self):
        super().__init__()
        self.never, self.twice, self.pair, self.flat = nn.Identity(), nn.Identity(), Pair(), nn.Flatten()
        self.beside = nn.Identity()

    def forward(self, x):
        self.beside(x)
        return self.flat(self.pair(self.twice(self.twice(x)))[0])


@pytest.mark.parametrize(
    ("layer", "complaint"),
    [
        ("never", "ran 0 times"),
        ("twice", "ran 2 times"),
        ("pair", "gave a tuple"),
        ("flat", r"gave \(3, 1728\)"),
        ("beside", "beside the way to the logits"),
    ],
)
def test_wrong_layer_is_named(layer, complaint):
    model = Odd()
    with pytest.raises(ValueError, match=complaint):
        grad_cam(model, getattr(model, layer), *batch())
    assert not getattr(model, layer)._forward_hooks


def test_foreign_layer_is_named():
    with pytest.raises(ValueError, match="no part of the model"):
        grad_cam(network(), nn.Conv2d(3, 3, 1), *batch())
