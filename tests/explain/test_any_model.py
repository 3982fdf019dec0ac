"""Models as they are met: in place from the first layer on, double, frozen, under somebody's no_grad; and no models."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable

import pytest
import torch
from torch import nn

from course_lib import explain, openset

CLASSES, SIDE = 3, 8


# Each function that goes back through a model: (model, x, target) → a tensor.
GRADIENTS: dict[str, Callable] = {
    "saliency": explain.saliency,
    "smooth_grad": lambda model, x, target: explain.smooth_grad(model, x, target, n=2),
    "integrated_gradients": lambda model, x, target: explain.integrated_gradients(model, x, target, steps=3),
    "grad_cam": lambda model, x, target: explain.grad_cam(model, model[1], x, target),
    "hires_cam": lambda model, x, target: explain.hires_cam(model, model[1], x, target),
    "layer_cam": lambda model, x, target: explain.layer_cam(model, model[1], x, target),
    "odin": lambda model, x, target: openset.odin(model, x),
}


def network(inplace: bool = True) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(
            nn.ReLU(inplace), nn.Conv2d(3, 4, 3), nn.ReLU(inplace), nn.Flatten(), nn.Linear(4 * 36, CLASSES)
        ).eval()


def batch(n: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(n, 3, SIDE, SIDE, generator=generator), torch.arange(n) % CLASSES


@pytest.mark.parametrize("method", GRADIENTS)
def test_a_model_that_works_in_place_is_explained_as_one_that_does_not(method):
    x, target = batch()
    kept = x.clone()
    torch.testing.assert_close(GRADIENTS[method](network(), x, target), GRADIENTS[method](network(False), x, target))
    assert torch.equal(x, kept)
    assert not x.requires_grad


@pytest.mark.parametrize("method", ["saliency", "smooth_grad", "integrated_gradients", "odin"])
@pytest.mark.parametrize("change", ["mul_", "add_", "clamp_"])
def test_anything_in_place_may_come_first(method, change):
    class InPlace(nn.Module):
        def forward(self, x):
            return {"mul_": lambda: x.mul_(2), "add_": lambda: x.add_(1), "clamp_": lambda: x.clamp_(-1, 1)}[change]()

    class Copied(InPlace):
        def forward(self, x):
            return super().forward(x.clone())

    ours, theirs = (nn.Sequential(first, *network(False)[1:]).eval() for first in (InPlace(), Copied()))
    torch.testing.assert_close(GRADIENTS[method](ours, *batch()), GRADIENTS[method](theirs, *batch()))


@pytest.mark.parametrize("method", GRADIENTS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_models_of_other_dtypes_are_explained_as_single_ones(method, dtype):
    x, target = batch()
    expected = GRADIENTS[method](network(), x, target)
    for given in (x, x.double()):
        found = GRADIENTS[method](network().to(dtype), given, target)
        assert found.dtype == expected.dtype
        scale = expected.abs().max()
        torch.testing.assert_close(found / scale, expected / scale, rtol=0, atol=1e-5 if dtype.itemsize == 8 else 0.25)


@pytest.mark.parametrize("method", GRADIENTS)
@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode])
def test_frozen_models_are_explained_under_whatever_the_caller_has_around(method, around):
    expected = GRADIENTS[method](network(), *batch())
    frozen = network().requires_grad_(False)
    with around():
        found = GRADIENTS[method](frozen, *batch())
    torch.testing.assert_close(found, expected)
    assert not found.requires_grad


@dataclasses.dataclass
class Answer:
    logits: torch.Tensor
    loss: torch.Tensor | None = None


class Names(dict):
    """What transformers' models give: a dict with attributes."""


OUTPUTS = {
    "tuple": (lambda y: (y, y), r"a tuple of \(2, 3\) and \(2, 3\)"),
    "nested tuple": (lambda y: (y, (y, None)), "a tuple of .* and a tuple of .* and a NoneType"),
    "list": (lambda y: [y], r"a list of \(2, 3\)"),
    "dict": (lambda y: {"logits": y, "aux": y}, r"a dict with 'logits', 'aux'.*output\['logits'\]"),
    "own dict": (lambda y: Names(out=y), r"a Names with 'out'.*output\['out'\]"),
    "dataclass": (lambda y: Answer(y), r"a Answer with the fields logits, loss.*output.logits"),
    "nothing": (lambda y: None, "a NoneType"),
    "one number each": (lambda y: y[:, 0], r"\(2,\)"),
    "a map": (lambda y: y[..., None, None], r"\(2, 3, 1, 1\).*pooling"),
    "one row": (lambda y: y[:1], r"\(1, 3\)"),
    "no column": (lambda y: y[:, :0], r"\(2, 0\)"),
    "a number": (lambda y: y.sum(), r"\(\)"),
    "whole numbers": (lambda y: y.argmax(1, keepdim=True), "torch.int64"),
}


class Then(nn.Module):
    def __init__(self, make: Callable):
        super().__init__()
        self.make = make

    def forward(self, x):
        return self.make(x)


@pytest.mark.parametrize("method", GRADIENTS)
@pytest.mark.parametrize("output", OUTPUTS)
def test_what_is_no_logits_is_named_in_one_error(method, output):
    make, complaint = OUTPUTS[output]
    model = nn.Sequential(*network(), Then(make)).eval()
    with pytest.raises(ValueError, match=f"^{method} got a model that gives .*{complaint}") as caught:
        GRADIENTS[method](model, *batch())
    assert "for 2 pictures; it wants logits [2, K]. " in str(caught.value)
    assert not any(part._forward_hooks for part in model.modules())


@pytest.mark.parametrize("method", GRADIENTS)
def test_a_model_that_refuses_the_pictures_is_named(method):
    with pytest.raises(ValueError, match=rf"^{method} got a model that refuses inputs torch.float32 \(2, 5, 8, 8\)"):
        GRADIENTS[method](network(), torch.randn(2, 5, SIDE, SIDE), batch()[1])


@pytest.mark.parametrize("method", GRADIENTS)
def test_weights_that_were_made_in_inference_mode_are_named(method):
    with torch.inference_mode():
        model = network()
    with pytest.raises(ValueError, match=rf"^{method} got a model whose weights were made inside torch.inference_mode"):
        GRADIENTS[method](model, *batch())


@pytest.mark.parametrize("method", [name for name in GRADIENTS if name != "odin"])
@pytest.mark.parametrize("target", [-1, CLASSES, 10**9])
def test_a_target_out_of_range_is_named(method, target):
    with pytest.raises(ValueError, match=f"^{method} got target=.* for a model of 3 logits; it wants"):
        GRADIENTS[method](network(), batch()[0], torch.tensor([0, target]))


@pytest.mark.parametrize("method", GRADIENTS)
def test_a_model_that_does_not_listen_is_named(method):
    """Its logits have gradients, of its own weights, and none of x."""
    model = nn.Sequential(*network(), Then(lambda y: y.detach()), nn.Linear(CLASSES, CLASSES)).eval()
    with pytest.raises(ValueError, match=f"^{method} got a model whose logits? do(es)? not depend on"):
        GRADIENTS[method](model, *batch())


@pytest.mark.parametrize("method", [name for name in GRADIENTS if name != "odin"])
@pytest.mark.parametrize("fails", [False, True])
def test_every_part_keeps_its_mode(method, fails):
    model = nn.Sequential(*network(), Then(lambda y: (y, y)) if fails else nn.Dropout()).train()
    model[1].eval()
    modes = [part.training for part in model.modules()]
    try:
        GRADIENTS[method](model, *batch())
    except ValueError:
        assert fails
    assert [part.training for part in model.modules()] == modes


@pytest.mark.parametrize("method", ["saliency", "smooth_grad", "integrated_gradients", "odin"])
def test_a_function_is_a_model_too(method):
    model = network()
    torch.testing.assert_close(
        GRADIENTS[method](lambda x: model(x), *batch()), GRADIENTS[method](copy.deepcopy(model), *batch())
    )


def test_grad_cam_of_a_layer_whose_output_is_changed_beside_it():
    """An identity hands on the very tensor that the next layer changes in place."""
    x, target = batch()
    ours, theirs = (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Identity(), nn.ReLU(inplace), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        for inplace in (True, False)
    )
    ours.load_state_dict(theirs.state_dict())
    for place in range(3):
        found, expected = (explain.grad_cam(one, one[place], x, target) for one in (ours, theirs))
        torch.testing.assert_close(found, expected)


# --- the receptive field ---


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode, torch.enable_grad])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_receptive_field_of_any_network(around, dtype):
    inplace, plain = (network(inplace)[:3].requires_grad_(False) for inplace in (True, False))
    x, inplace = batch(9)[0], inplace.to(dtype)
    with around():
        found = explain.effective_receptive_field(inplace, x.to(dtype))
    torch.testing.assert_close(found, explain.effective_receptive_field(plain, x))


@pytest.mark.parametrize("output", [name for name in OUTPUTS if name not in ("a map", "whole numbers", "no column")])
def test_a_receptive_field_of_no_feature_map_is_named(output):
    make, complaint = OUTPUTS[output]
    model = nn.Sequential(*network(), Then(make)).eval()
    with pytest.raises(
        ValueError, match=f"effective_receptive_field got a network that gives {complaint.split('.*')[0]}"
    ):
        explain.effective_receptive_field(model, batch()[0])


def test_a_receptive_field_of_a_network_that_hears_nothing():
    for cut in (lambda y: y.detach(), lambda y: 0 * y):
        with pytest.raises(ValueError, match="no pixel moves"):
            explain.effective_receptive_field(nn.Sequential(nn.Conv2d(3, 2, 3), Then(cut)), batch()[0])


# --- those that only ask ---

PICTURE = torch.randint(0, 256, (3, SIDE, SIDE), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
HEAT = torch.rand(SIDE, SIDE, generator=torch.Generator().manual_seed(0))
ASKING: dict[str, Callable] = {
    "occlusion_grid": lambda predict, picture: explain.occlusion_grid(predict, picture, size=4, stride=4),
    "rise": lambda predict, picture: explain.rise(predict, picture, n=2, cells=2, progress=False),
    "lime": lambda predict, picture: explain.lime(predict, picture, n=2, progress=False),
    "deletion": lambda predict, picture: explain.deletion(predict, picture, HEAT, 1, steps=2),
    "insertion": lambda predict, picture: explain.insertion(predict, picture, HEAT, 1, steps=2),
    "mu_fidelity": lambda predict, picture: explain.mu_fidelity(predict, picture, HEAT, 1, n=2, cells=2),
}


def shares(pictures: torch.Tensor) -> torch.Tensor:
    return pictures.float().mean(dim=(2, 3)).div(100).softmax(dim=1)


@pytest.mark.parametrize("method", ASKING)
@pytest.mark.parametrize(
    "output", [name for name in OUTPUTS if name not in ("whole numbers", "one row", "nested tuple", "list")]
)
def test_a_predict_that_gives_no_answers_is_named(method, output):
    make, complaint = OUTPUTS[output]
    told = complaint.split(".*")[0].replace("2, 3", r"\d+, 3").replace("(2", r"(\d+")
    with pytest.raises(ValueError, match=rf"^{method} got a predict that gives {told} for \d+ pictures; it wants \["):
        ASKING[method](lambda pictures: make(shares(pictures)), PICTURE)


@pytest.mark.parametrize("method", ASKING)
def test_answers_with_gradients_of_any_dtype_or_of_numpy_will_do(method):
    expected = ASKING[method](shares, PICTURE)
    for change in (
        lambda y: y.requires_grad_(),
        lambda y: y.double(),
        lambda y: y.numpy(),
        lambda y: y.tolist(),
    ):
        found = ASKING[method](lambda pictures, change=change: change(shares(pictures)), PICTURE)
        assert torch.equal(torch.as_tensor(found), torch.as_tensor(expected))


@pytest.mark.parametrize("method", ASKING)
@pytest.mark.parametrize(
    ("picture", "complaint"),
    [
        (PICTURE / 255, "torch.float32"),
        (PICTURE[None], r"\(1, 3, 8, 8\)"),
        (PICTURE[:1], r"\(1, 8, 8\)"),
        (PICTURE.numpy(), "ndarray"),
    ],
)
def test_a_wrong_picture_is_named(method, picture, complaint):
    with pytest.raises(ValueError, match=rf"^{method} got a picture of .*{complaint}.*; it wants uint8 \[3, H, W\]"):
        ASKING[method](shares, picture)


@pytest.mark.parametrize("target", [-1, 3, 1.0, True, None])
@pytest.mark.parametrize("method", [explain.deletion, explain.insertion, explain.mu_fidelity])
def test_a_target_that_is_no_class_is_named(method, target):
    with pytest.raises(ValueError, match=f"^{method.__name__} got target={target} for 3 classes; it wants 0 to 2"):
        method(shares, PICTURE, HEAT, target)


@pytest.mark.parametrize("change", [lambda h: h.requires_grad_(), lambda h: h.bfloat16(), lambda h: h.double()])
def test_heatmaps_of_any_kind_are_judged(change):
    heat, mask = change(HEAT.clone()), HEAT > 0.5
    assert explain.deletion(shares, PICTURE, heat, 1, steps=2).isfinite().all()
    assert explain.mu_fidelity(shares, PICTURE, heat, 1, n=9, cells=2) == pytest.approx(
        explain.mu_fidelity(shares, PICTURE, HEAT, 1, n=9, cells=2), abs=0.02
    )
    assert explain.rank_correlation(heat, HEAT) > 0.99
    assert explain.energy_inside(heat, mask) == pytest.approx(explain.energy_inside(HEAT, mask), abs=0.01)
    assert explain.pointing_game(heat, mask) == 1
    assert explain.area(heat[0]) == pytest.approx(explain.area(HEAT[0]), abs=0.01)


def test_every_public_function_that_asks_a_model_is_tried_here():
    """A new one has to stand above, or among those that ask nobody."""
    nobody = {
        "Cells", "FILLS", "Layer", "OnTrial", "area",
        "canvas", "energy_inside", "enlarge", "fill_colour", "occlude", "places", "pointing_game", "randomized",
        "rank_correlation", "rise_masks", "segments", "share_used", "spotlight", "weighted_layers",
    }  # fmt: skip
    nobody.add("occlusion_map")  # it leaves the asking to `occlusion_grid`, and the words with it
    nobody |= {"cells_of", "feature_layers", "last_layer", "on_trial"}  # test_cells, test_layers, test_own_trial
    tried = {*GRADIENTS, *ASKING, "effective_receptive_field"} - {"odin"}
    assert tried | nobody == set(explain.__all__)
