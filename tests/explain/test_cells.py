"""Where cells look: against a planted pixel, against gradients, against the list of layers; and what others draw."""

from __future__ import annotations

import pytest
import torch
import torchvision
from captum.attr import LayerAttribution, LayerGradCam
from torch import Tensor, nn
from torch.nn.functional import pad

from course_lib import explain, models
from course_lib.explain.cells import Cells, cells_of, enlarge
from course_lib.models.convolution import Conv, receptive_field

pytestmark = pytest.mark.filterwarnings("ignore:Input Tensor 0 did not already require gradients")  # captum's


def one_tap(body: nn.Module) -> nn.Module:
    """Weights above 0 in the middle of each kernel and nowhere else: a cell hears the middle of its field alone."""
    for name, tensor in [*body.named_parameters(), *body.named_buffers()]:
        if tensor.is_floating_point():
            tensor.data.fill_(0.0 if name.endswith(("bias", "running_mean")) or tensor.ndim == 4 else 1.0)
        if tensor.ndim == 4:
            row, column = (n // 2 for n in tensor.shape[2:])
            tensor.data[:, :, row, column] = 1 / tensor.shape[1]
    return body.eval()


def of(name: str) -> nn.Module:
    return models.backbone(name, weights="random").body


def plain(*layers: Conv) -> nn.Module:
    return nn.Sequential(*models.SmallCNN(layers, (8,) * len(layers)).blocks)


class PaddedByHand(nn.Module):
    """What no module says of itself: zeros above and left only."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(pad(x, (1, 0, 2, 0)))


BODIES = {
    "three strides, padding 1": lambda: plain(*models.small.PLAIN),
    "three strides, no padding": lambda: plain(*(Conv(3, stride=2),) * 3),
    "a dilated one, a wide one": lambda: plain(Conv(3, dilation=2), Conv((5, 1), stride=(2, 1), padding=(1, 0))),
    "padded by hand": PaddedByHand,
    "max pooling": lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
    "mean pooling": lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.AvgPool2d(3, 2, 1)),
    "MobileNetV2, Keras's": lambda: of("mobilenet_v2_035"),
    "MobileNetV2, torchvision's": lambda: torchvision.models.mobilenet_v2(weights=None).features,
    "EfficientNet-Lite0": lambda: of("efficientnet_lite0"),
    "SqueezeNet": lambda: of("squeezenet1_1"),
    "ResNet-18": lambda: of("resnet18"),
    "VGG-11": lambda: torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["A"]),
}
# first pixel, pixels from cell to cell, and how far down and right of it 224 pixels of plain enlargement paint it
PLACES = {
    "three strides, padding 1": (0, 8, 3.5),
    "MobileNetV2, Keras's": (31, 32, -15.5),
    "MobileNetV2, torchvision's": (0, 32, 15.5),
    "EfficientNet-Lite0": (31, 32, -15.5),
    "SqueezeNet": (15, 16, 0.5),
    "ResNet-18": (0, 32, 15.5),
    "VGG-11": (15.5, 32, 0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLACES)
def test_where_known_networks_look(name):
    body, x = BODIES[name]().eval(), torch.zeros(1, 3, 224, 224)
    first, step, off = PLACES[name]
    cells = cells_of(body, body[-1], x)
    assert cells == Cells((first, first), (step, step))
    assert cells.displacement(body(x).shape[2:], (224, 224)) == (off, off)


@pytest.mark.slow
@pytest.mark.parametrize("name", BODIES)
def test_a_cell_hears_just_the_pixel_where_it_looks(name):
    """By gradient, in a network of one tap a kernel: nothing that `cells_of` reads is used."""
    body = one_tap(BODIES[name]())
    x = (1e-3 * torch.rand(1, 3, 128, 128)).requires_grad_()  # small: ReLU6 must not cut
    found = body(x)
    at = [n // 2 for n in found.shape[2:]]
    (heard,) = torch.autograd.grad(found[0, :, at[0], at[1]].sum(), x)
    cells = cells_of(body, body.conv if name == "padded by hand" else body[-1], x)
    looks = [f + k * s for f, s, k in zip(cells.first, cells.step, at, strict=True)]
    # A mean hears all of its window, a maximum one pixel of it, wherever that is.
    slack = {"max pooling": 0.5, "SqueezeNet": 14, "ResNet-18": 4, "VGG-11": 15.5}.get(name, 0)
    assert middle_of(heard[0].abs().sum(dim=0)) == pytest.approx(looks, abs=slack + 1e-4)


@pytest.mark.parametrize(
    "layers", [models.small.PLAIN, (Conv(5, stride=3, padding=2), Conv((1, 7), padding="same"), Conv(2, stride=2))]
)
def test_cells_are_the_middles_of_the_fields_that_the_list_of_layers_gives(layers):
    field = receptive_field(layers)
    cells = cells_of(body := plain(*layers).eval(), body[-1], torch.zeros(1, 3, 64, 64))
    assert cells.first == tuple(s + (n - 1) / 2 for s, n in zip(field.start, field.size, strict=True))
    assert cells.step == field.stride


# --- a planted pixel -------------------------------------------------------------------------------------


class Seer(nn.Module):
    """A body, and as its answer the mean of what it sees."""

    def __init__(self, body: nn.Module):
        super().__init__()
        self.body = one_tap(body)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x).mean(dim=(1, 2, 3))[:, None]


def middle_of(heat: Tensor) -> list[float]:
    """Row and column of the heat's centre of gravity."""
    heat = heat.double()
    return [float((heat.sum(dim=1 - axis) * torch.arange(heat.shape[axis])).sum() / heat.sum()) for axis in (0, 1)]


PLANTED = ["three strides, padding 1", "three strides, no padding", "MobileNetV2, Keras's", "EfficientNet-Lite0",
           "MobileNetV2, torchvision's", "SqueezeNet", "ResNet-18"]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_pixel_is_found_where_it_is_and_others_paint_it_half_a_cell_away(name):
    model = Seer(BODIES[name]())
    side = 64 if "strides" in name else 256
    cells = cells_of(model, model.body[-1], torch.zeros(1, 3, side, side))
    n = round(side / cells.step[0] / 2)
    at = [int(f + n * s) for f, s in zip(cells.first, cells.step, strict=True)]  # a cell looks just there
    x, target = torch.zeros(1, 3, side, side), torch.zeros(1, dtype=torch.int64)
    x[:, :, at[0], at[1]] = 1e-3
    layer = model.body[-1]
    slack = 0.02
    for method in (explain.grad_cam, explain.hires_cam, explain.layer_cam):
        assert middle_of(method(model, layer, x, target)[0]) == pytest.approx(at, abs=slack)
    coarse = LayerGradCam(model, layer).attribute(x, target=target, relu_attributions=True)
    theirs = LayerAttribution.interpolate(coarse, (side, side), "bilinear")[0, 0].detach()
    assert torch.allclose(theirs, explain.grad_cam(model, layer, x, target, enlarge="bilinear")[0], atol=1e-9)
    off = [a - b for a, b in zip(middle_of(theirs), at, strict=True)]
    assert off == pytest.approx([(n + 0.5) * side / coarse.shape[2] - 0.5 - at[0]] * 2, abs=slack)
    if name != "SqueezeNet" and "no padding" not in name:
        assert min(map(abs, off)) > 0.35 * cells.step[0], "there would be nothing to put right"


# --- enlarging -------------------------------------------------------------------------------------------


def test_where_cells_tile_the_picture_it_is_bilinear_enlargement():
    coarse = torch.rand(2, 7, 5, generator=torch.Generator().manual_seed(0))
    ours = enlarge(coarse, Cells((15.5, 1.5), (32, 4)), (224, 20))
    torch.testing.assert_close(ours, nn.functional.interpolate(coarse[:, None], size=(224, 20), mode="bilinear")[:, 0])


def test_a_cell_keeps_its_heat_at_the_pixel_where_it_looks_and_beyond_the_last():
    coarse = torch.rand(1, 3, 2, generator=torch.Generator().manual_seed(0))
    large = enlarge(coarse, Cells((2, 1), (4, 8)), (16, 12))
    assert torch.equal(large[:, 2:11:4, 1:10:8], coarse)
    assert torch.equal(large[0, 15, 11], coarse[0, 2, 1])
    assert torch.equal(large[0, 0, 0], coarse[0, 0, 0])


def test_a_map_of_one_cell_is_one_value():
    assert enlarge(torch.full((1, 1, 1), 2.0), Cells((31, 31), (32, 32)), (4, 4)).unique().tolist() == [2.0]


# --- what cannot be followed -----------------------------------------------------------------------------


class Through(nn.Module):
    def __init__(self, change):
        super().__init__()
        self.conv, self.change, self.last = nn.Conv2d(3, 4, 3), change, nn.Conv2d(4, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.change(self.conv(x)))


UNKNOWN = {
    "a cut": lambda y: y[:, :, 1:, 1:],
    "enlarged": lambda y: nn.functional.interpolate(y, scale_factor=2),
    "transposed": nn.ConvTranspose2d(4, 4, 2, 2),
    "out of nothing": lambda y: torch.ones(y.shape),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_a_layer_whose_cells_cannot_be_placed_is_named(name):
    model = Through(UNKNOWN[name]).eval()
    with pytest.raises(ValueError, match=r'^cells_of got a layer \(Conv2d\) whose cells it cannot place.*"bilinear"'):
        cells_of(model, model.last, torch.zeros(1, 3, 16, 16))


def test_words_instead_of_places_are_named():
    """As a vision transformer makes them: patches in a row, [B, words, channels]."""

    class Words(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches, self.norm = nn.Conv2d(3, 8, 4, 4), nn.LayerNorm(8)

        def forward(self, x: Tensor) -> Tensor:
            return self.norm(self.patches(x).flatten(2).transpose(1, 2))

    model = Words().eval()
    with pytest.raises(ValueError, match="cannot place"):
        cells_of(model, model.norm, torch.zeros(1, 3, 32, 32))


@pytest.mark.parametrize("around", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_it_is_the_same_whatever_the_caller_has_around_and_leaves_the_model_alone(around):
    body = plain(*models.small.PLAIN).train()
    with around():
        assert cells_of(body, body[-1], torch.rand(2, 3, 64, 64)).step == (8, 8)
    assert body.training
    assert not body[-1]._forward_hooks


def test_other_orders_of_the_dimensions_keep_the_places():
    """Keras keeps the channels last: its torch backend turns the maps before and after each convolution."""

    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3, 2, 1)

        def forward(self, x: Tensor) -> Tensor:
            x = x.permute(0, 2, 3, 1).relu() * 2
            return self.conv(x.permute(0, 3, 1, 2))

    model = Last().eval()
    assert cells_of(model, model.conv, torch.zeros(1, 3, 16, 16)) == Cells((0, 0), (2, 2))
