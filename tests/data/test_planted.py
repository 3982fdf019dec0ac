"""Planted reasons: the mask holds the reason, all of it, and nothing else in the picture tells the class."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from course_lib import data, training
from course_lib.data.generated.planted import CLASSES
from course_lib.models import SmallCNN
from course_lib.pixels import Standardize

REASONS = tuple(CLASSES)
each_reason = pytest.mark.parametrize("reason", REASONS)


@each_reason
def test_shape_balance_and_order(reason):
    pictures, masks = data.planted(reason, 5, side=48)
    assert pictures.images.shape == (10, 3, 48, 48)
    assert pictures.images.dtype == torch.uint8
    assert masks.shape == (10, 48, 48)
    assert masks.dtype == torch.bool
    assert pictures.classes == CLASSES[reason]
    assert pictures.labels.tolist() == [0, 1] * 5
    assert pictures.source == "generated"


@each_reason
def test_the_seed_decides(reason):
    first, same, other = (data.planted(reason, 3, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first[0].images, same[0].images)
    assert torch.equal(first[1], same[1])
    assert not torch.equal(first[0].images, other[0].images)


def test_a_larger_set_begins_with_the_smaller_one():
    small, large = (data.planted("hue", n, seed=3)[0].images for n in (16, 40))
    assert torch.equal(small, large[:32])


# --- the mask ---


@each_reason
def test_the_thing_is_small_whole_and_as_large_in_both_classes(reason):
    pictures, masks = data.planted(reason, 300)
    share = masks.float().mean(dim=(1, 2))
    assert 0.01 < share.min() <= share.max() < 0.08
    edges = torch.cat([masks[:, 0], masks[:, -1], masks[:, :, 0], masks[:, :, -1]], dim=1)
    assert not edges.any()
    a, b = (share[pictures.labels == label] for label in (0, 1))
    assert (a.mean() - b.mean()).abs() < 4 * share.std() * (2 / 300) ** 0.5


@each_reason
def test_the_thing_lies_anywhere_and_alike_in_both_classes(reason):
    pictures, masks = data.planted(reason, 300)
    pixels = torch.arange(64.0)
    weight = masks.sum(dim=(1, 2))
    places = torch.stack([(masks.sum(dim=k) * pixels).sum(dim=1) / weight for k in (2, 1)], dim=1)
    assert (places.std(dim=0) > 9).all()
    a, b = (places[pictures.labels == label].mean(dim=0) for label in (0, 1))
    assert ((a - b).abs() < 4 * places.std(dim=0) * (2 / 300) ** 0.5).all()


def test_a_road_lies_or_stands():
    pictures, masks = data.planted("road", 20)
    high, wide = masks.any(dim=2).sum(dim=1), masks.any(dim=1).sum(dim=1)
    assert ((wide > 3 * high) == (pictures.labels == 0)).all()
    assert ((high > 3 * wide) == (pictures.labels == 1)).all()


def test_the_two_hues_are_equally_bright():
    pictures, masks = data.planted("hue", 200)
    luma = (pictures.images * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(dim=1)
    core = torch.stack([(light * mask).sum() / mask.sum() for light, mask in zip(luma, masks, strict=True)])
    a, b = (core[pictures.labels == label].mean() for label in (0, 1))
    assert (a - b).abs() < 4 * core.std() * (2 / 200) ** 0.5


def test_the_two_textures_are_equally_bright_and_rough():
    pictures, masks = data.planted("texture", 200)
    grey = pictures.images.float().mean(dim=1)
    inside = [light[mask] for light, mask in zip(grey, masks, strict=True)]
    for values in (torch.stack([x.mean() for x in inside]), torch.stack([x.std() for x in inside])):
        a, b = (values[pictures.labels == label].mean() for label in (0, 1))
        assert (a - b).abs() < 4 * values.std() * (2 / 200) ** 0.5


# --- outside of it ---


def beside(reason: str, n_per_class: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, np.ndarray]:
    """(pictures 0–1 without a square around the thing, what is left of each, labels).

    A square of one size, because the shape of a hole would tell a road that lies from one that stands.
    """
    pictures, masks = data.planted(reason, n_per_class, seed=seed)
    half, kept = 14, torch.ones(len(masks), 64, 64, dtype=torch.bool)
    for hole, mask in zip(kept, masks, strict=True):
        rows, columns = (mask.any(dim=k).nonzero().float().mean().round().int() for k in (1, 0))
        hole[max(rows - half, 0) : rows + half, max(columns - half, 0) : columns + half] = False
        assert not (hole & mask).any()
    return pictures.images.float() / 255 * kept[:, None], kept, pictures.labels.numpy()


def guesses(x: np.ndarray, labels: np.ndarray, n_train: int) -> int:
    """Right answers of a linear classifier to all but the first `n_train`."""
    scaler = StandardScaler().fit(x[:n_train])
    model = LogisticRegression(C=0.01, max_iter=300).fit(scaler.transform(x[:n_train]), labels[:n_train])
    return int((model.predict(scaler.transform(x[n_train:])) == labels[n_train:]).sum())


@pytest.mark.slow
@each_reason
def test_simple_numbers_beside_the_thing_tell_nothing(reason):
    left, kept, labels = beside(reason, 700, seed=5)
    count = kept.sum(dim=(1, 2))[:, None]
    mean = left.sum(dim=(2, 3)) / count
    spread = ((left**2).sum(dim=(2, 3)) / count - mean**2).clamp(min=0).sqrt()
    steps = [(left.diff(dim=k).abs()).mean(dim=(2, 3)) for k in (2, 3)]
    right = guesses(torch.cat([mean, spread, *steps], dim=1).numpy(), labels, 700)
    assert binom.ppf(5e-4, 700, 0.5) <= right <= binom.ppf(1 - 5e-4, 700, 0.5)


@pytest.mark.slow
@each_reason
def test_a_linear_classifier_on_the_pixels_beside_it_is_at_chance(reason):
    left, _, labels = beside(reason, 700, seed=6)
    small = torch.nn.functional.avg_pool2d(left, 4).flatten(1).numpy()
    right = guesses(small, labels, 700)
    assert binom.ppf(5e-4, 700, 0.5) <= right <= binom.ppf(1 - 5e-4, 700, 0.5)


@pytest.mark.slow
def test_that_classifier_would_notice():
    """The same numbers, of pictures whose second class is a little lighter beside the thing."""
    left, _, labels = beside("hue", 700, seed=6)
    left = left + 0.15 * torch.tensor(labels)[:, None, None, None]
    small = torch.nn.functional.avg_pool2d(left, 4).flatten(1).numpy()
    assert guesses(small, labels, 700) > binom.ppf(1 - 5e-4, 700, 0.5)


@each_reason
@pytest.mark.slow
def test_a_small_network_learns_it(reason):
    train, test = data.planted(reason, 500, seed=8)[0], data.planted(reason, 100, seed=9)[0]
    model = SmallCNN(batch_norm=True, preprocessing=Standardize.fitted(train), seed=0)
    settings = training.Settings(epochs=14, batch_size=32, peak_lr=1e-2, flips=False)
    record = training.fit(model, train, test, settings, progress=False)
    assert record.history[-1].val_accuracy >= 0.95


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"reason": "smell", "n_per_class": 1}, "reason='smell'; it wants one of road, hue, texture"),
        ({"reason": "hue", "n_per_class": 0}, "n_per_class=0, side=64; it wants 1 picture"),
        ({"reason": "hue", "n_per_class": 1, "side": 16}, "side=16; it wants 1 picture .* of 32 pixels or more"),
    ],
)
def test_errors_name_what_is_wrong(request_, message):
    with pytest.raises(ValueError, match=message):
        data.planted(**request_)
