import os

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import get_model_weights

from course_lib import data, models

SMALL = ("squeezenet1_1", "mobilenet_v2_035", "efficientnet_lite0", "mobilenet_v3_small", "resnet18", "texture_net")
WIDTHS = {
    "squeezenet1_1": 512,
    "resnet18": 512,
    "resnet50": 2048,
    "mobilenet_v3_small": 576,
    "efficientnet_b0": 1280,
    "efficientnet_lite0": 1280,
}


def real(name):
    """The backbone with its real weights, where this machine has them."""
    if not data.available(name):
        pytest.skip(f"the weights of {name} are not on this machine: set COURSE_MIRROR, or run `course fetch {name}`")
    return models.backbone(name, weights="real")


@pytest.mark.slow
@pytest.mark.parametrize("name", models.BACKBONES)
def test_every_backbone_gives_a_feature_map(name):
    backbone = models.backbone(name, weights="random")
    x = backbone.preprocessing(torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8))
    with torch.no_grad():
        found = backbone(x)
    assert found.shape[:2] == (2, backbone.width)
    assert backbone.width == WIDTHS.get(name, backbone.width)
    assert backbone.embed(x).shape == (2, 2 * backbone.width)
    assert backbone.embed(x, "mean").shape == (2, backbone.width)
    assert not backbone.training
    assert backbone.licence


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_macs_are_those_of_torchs_own_counter(name):
    backbone = models.backbone(name, weights="random")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        backbone(torch.zeros(1, 3, 96, 96))
    found = models.cost(backbone, size=96)
    assert 2 * found.macs == counter.get_total_flops()
    assert found.parameters == sum(p.numel() for p in backbone.parameters())


def test_counting_leaves_the_network_as_it_was():
    network = models.backbone("texture_net").train()
    before = {name: t.clone() for name, t in network.state_dict().items()}
    models.cost(network)
    assert network.training
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())


def test_random_weights_depend_on_the_seed_alone():
    first, again = (models.backbone("squeezenet1_1", weights="random", seed=4) for _ in range(2))
    assert first.digest() == again.digest()
    assert first.digest() != models.backbone("squeezenet1_1", weights="random", seed=5).digest()


def test_an_unknown_backbone_suggests_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'resnet50'"):
        models.backbone("resnet-50")


def test_out_of_reach_the_stand_in_says_that_it_is_one(empty_machine):
    with pytest.warns(data.StandInWarning, match="texture_net stands in for resnet18"):
        assert models.backbone("resnet18").name == "texture_net"
    with pytest.raises(data.DataError, match="course fetch resnet18"):
        models.backbone("resnet18", weights="real")


def test_the_registry_has_torchvisions_own_addresses():
    for name in ("resnet18", "resnet50", "mobilenet_v3_small", "efficientnet_b0"):
        urls = {weights.url for weights in get_model_weights(name)}
        assert {address.url for address in data.registry.entry(name).addresses} <= urls


@pytest.mark.slow
def test_mobilenet_computes_what_keras_computes():
    backbone = real("mobilenet_v2_035")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    oracle = keras.applications.MobileNetV2(
        alpha=0.35, include_top=False, weights=None, input_shape=(None, None, 3), name="mobilenet"
    )
    oracle.load_weights(data.weights_file("mobilenet_v2_035"))
    for size in (64, 96):
        pictures = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
        x = keras.applications.mobilenet_v2.preprocess_input(pictures.permute(0, 2, 3, 1).float().numpy())
        with torch.no_grad():
            expected = torch.as_tensor(oracle(x, training=False)).cpu().permute(0, 3, 1, 2)
            found = backbone(backbone.preprocessing(pictures))
        assert torch.allclose(found, expected, atol=1e-3)


def test_squeezenet_computes_what_keras_layers_compute():
    """The first convolution and a fire module, by Keras's own operations on the file's own arrays."""
    backbone = real("squeezenet1_1")
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import h5py
    import keras

    x = torch.randn(1, 3, 64, 64)
    with h5py.File(data.weights_file("squeezenet1_1")) as file:
        conv = {k: v[()] for k, v in file["conv1"].items()}
    image = x.permute(0, 2, 3, 1).numpy()
    expected = keras.ops.conv(image, conv["uniform1"], strides=2, padding="valid") + conv["conv1_b"]
    with torch.no_grad():
        found = backbone.body[0](x).permute(0, 2, 3, 1)
    assert torch.allclose(found, torch.as_tensor(expected).cpu().detach(), atol=1e-3)


@pytest.mark.parametrize(
    "wrong",
    [torch.rand(1, 3, 8, 8), torch.zeros(3, 8, 8, dtype=torch.uint8), torch.zeros(1, 1, 8, 8, dtype=torch.uint8)],
)
def test_preprocessing_refuses_anything_but_uint8_pictures(wrong):
    with pytest.raises(ValueError, match=r"uint8 \[B, 3, H, W\]"):
        models.IMAGENET(wrong)


def test_caffe_preprocessing_is_keras_own():
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    pictures = torch.randint(0, 256, (1, 3, 8, 8), dtype=torch.uint8)
    expected = keras.applications.resnet50.preprocess_input(pictures.permute(0, 2, 3, 1).float().numpy())
    assert torch.allclose(models.CAFFE(pictures).permute(0, 2, 3, 1), torch.as_tensor(expected.copy()), atol=1e-4)


def test_pool_refuses_unknown_ways():
    with pytest.raises(ValueError, match="mean"):
        models.pool(torch.zeros(1, 2, 3, 3), "max")
    assert isinstance(models.backbone("resnet18", weights="random"), nn.Module)
