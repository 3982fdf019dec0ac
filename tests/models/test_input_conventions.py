"""What a network was fed is read off the numbers, as torchvision, Keras and timm really make them."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from torch import Tensor

from course_lib import models
from course_lib.models import CAFFE, CONVENTIONS, IMAGENET, LITE, MINUS_ONE_TO_ONE, what_was_fed


@pytest.fixture(scope="module")
def pictures() -> Tensor:
    """uint8 [8, 3, 32, 32]: smooth, reddish, from dark to light."""
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(8, 3, 4, 4, generator=generator) * torch.tensor([1.0, 0.7, 0.4])[:, None, None]
    return (255 * torch.nn.functional.interpolate(coarse, size=32, mode="bilinear")).round().to(torch.uint8)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_each_convention_is_known_by_its_own_numbers(pictures, name):
    fed = what_was_fed(CONVENTIONS[name](pictures), pictures)
    assert (fed.fits, fed.order, fed.swapped) == ((name,), CONVENTIONS[name].order, False)


@pytest.mark.parametrize("name", CONVENTIONS)
def test_red_and_blue_are_missed_where_they_were_swapped(pictures, name):
    numbers = CONVENTIONS[name]
    for x in (numbers(pictures.flip(1)), numbers(pictures).flip(1)):
        fed = what_was_fed(x, pictures)
        assert (fed.fits, fed.swapped) == ((name,), True)
        assert fed.order == numbers.order[::-1]
        assert "SWAPPED" in str(fed)


def test_grey_pictures_have_no_order(pictures):
    grey = pictures[:, :1].expand(-1, 3, -1, -1)
    fed = what_was_fed(MINUS_ONE_TO_ONE(grey), grey)
    assert (fed.fits, fed.order, fed.swapped) == (("−1 to 1",), "", False)
    assert "cannot be told" in str(fed)


def test_what_is_no_convention_looks_like_none(pictures):
    x = IMAGENET(pictures)
    by_itself = (x - x.mean(dim=(2, 3), keepdim=True)) / x.std(dim=(2, 3), keepdim=True)
    fed = what_was_fed(by_itself, pictures)
    assert fed.fits == ()
    assert "none of the usual" in str(fed)


# --- the libraries ---


def test_torchvision(pictures):
    from torchvision.transforms._presets import ImageClassification

    fed = what_was_fed(ImageClassification(crop_size=28, resize_size=32, antialias=True)(pictures), pictures)
    assert (fed.fits, fed.order) == (("ImageNet's mean and deviation",), "RGB")


@pytest.mark.parametrize(
    ("family", "name", "order"),
    [
        ("mobilenet_v2", "−1 to 1", "RGB"),
        ("xception", "−1 to 1", "RGB"),
        ("densenet", "ImageNet's mean and deviation", "RGB"),
        ("resnet50", "Caffe's", "BGR"),
        ("vgg16", "Caffe's", "BGR"),
        ("efficientnet", "bytes, 0 to 255", "RGB"),
    ],
)
def test_keras(pictures, family, name, order):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras

    channels_last = pictures.permute(0, 2, 3, 1).float().numpy()
    fed = what_was_fed(getattr(keras.applications, family).preprocess_input(channels_last.copy()), pictures)
    assert (fed.fits, fed.order, fed.layout) == ((name,), order, "channels last")


@pytest.mark.parametrize("name", ["resnet50.a1_in1k", "efficientnet_b0.ra_in1k", "vit_base_patch16_224.augreg_in21k"])
def test_timm(pictures, name):
    timm = pytest.importorskip("timm")
    config = timm.data.resolve_data_config({}, model=timm.create_model(name, pretrained=False))
    fed = what_was_fed(models.Preprocessing(mean=config["mean"], std=config["std"])(pictures), pictures)
    assert fed.fits == ("−1 to 1" if config["mean"][0] == 0.5 else "ImageNet's mean and deviation",)


def test_efficientnet_lites_numbers_are_nearly_those_of_minus_one_to_one(pictures):
    assert what_was_fed(LITE(pictures), pictures).fits == ("−1 to 1",)


# --- without the pictures ---


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_range_alone_names_the_convention_among_others(pictures, name):
    fed = what_was_fed(CONVENTIONS[name](pictures))
    assert name in fed.fits
    assert (fed.order, fed.swapped) == ("", False)


def test_range_alone_tells_bytes_and_a_double_division(pictures):
    assert what_was_fed(pictures).fits == ("bytes, 0 to 255",)
    assert what_was_fed(pictures / 255 / 255).fits == ("0 to 1/255",)
    assert what_was_fed(pictures / 10_000).fits == ()


def test_arrays_and_both_layouts_are_read(pictures):
    x = MINUS_ONE_TO_ONE(pictures)
    first, last = what_was_fed(x.numpy()), what_was_fed(np.moveaxis(x.numpy(), 1, 3))
    assert first.layout == "channels first"
    assert last.layout == "channels last"
    assert first.mean == pytest.approx(last.mean, abs=1e-5)
    assert first.mean == pytest.approx(x.mean(dim=(0, 2, 3)).tolist(), abs=1e-5)
    assert (first.low, first.high) == (x.min().item(), x.max().item())


@pytest.mark.parametrize(
    "wrong", [torch.zeros(3, 8, 8), torch.zeros(1, 1, 8, 8), torch.zeros(0, 3, 8, 8), torch.full((1, 3, 2, 2), np.nan)]
)
def test_what_cannot_be_read_is_refused(wrong):
    with pytest.raises(ValueError, match=r"^what_was_fed got .*(it wants|look for)"):
        what_was_fed(wrong)


def test_pictures_that_are_no_bytes_are_refused(pictures):
    with pytest.raises(ValueError, match="uint8"):
        what_was_fed(CAFFE(pictures), pictures.float())
