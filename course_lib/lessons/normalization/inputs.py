"""The runs of lesson 4a in which only the inputs of a network differ: from scratch, frozen, fine-tuned, enlarged.

Settings that all have: `pictures` is how many of EuroSAT are used, None for all. What a setting means stands at the
function that reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from ... import features, models
from ...data import ImageSet
from ...models import Preprocessing
from ...pixels import EachPicture, Standardize
from ...study import Result
from .networks import INITIALIZED, Prepare, accuracy, fit, fit_all, pretrained, small_network
from .pictures import drawn, train_and_test

Settings = Mapping[str, object]
Feed = tuple[tuple[str, object], ...]
"""The settings that decide what a network sees, in a form that a cache takes."""

# `inputs` → what else decides them.
DECIDED_BY = {
    "standardize": ("mean", "std"),
    "preprocess": ("scale", "mean", "std", "order"),
    "each picture": ("how",),
    "each picture, then standardized": ("how",),
    "the network's own": ("swapped",),
}
OWN: Feed = (("inputs", "the network's own"), ("swapped", False))


def feed(settings: Settings) -> Feed:
    """What of `settings` decides the inputs."""
    kind = settings["inputs"]
    return ("inputs", kind), *((name, settings[name]) for name in DECIDED_BY[kind])


def prepare(settings: Settings, pictures: Mapping[str, ImageSet], own: Preprocessing | None = None) -> Prepare:
    """From pictures to what a network sees of them, as `inputs` says:

    - "standardize": pixels of 0 to 1, less `mean`, over `std`; each is three numbers, or the key in `pictures` of the
      set that they are measured on;
    - "preprocess": `models.Preprocessing` of `scale`, `mean`, `std` and `order`;
    - "each picture": `pixels.EachPicture` of `how`;
    - "each picture, then standardized": the same, less the mean and over the deviation of what "train" has become;
    - "the network's own": `own`, red and blue exchanged where `swapped`.
    """
    kind = settings["inputs"]
    if kind == "standardize":
        return Standardize(_measured("mean", settings, pictures), _measured("std", settings, pictures))
    if kind == "preprocess":
        return Preprocessing(settings["scale"], settings["mean"], settings["std"], settings["order"])
    if kind == "each picture":
        return EachPicture(settings["how"])
    if kind == "each picture, then standardized":
        return _standardized_after(EachPicture(settings["how"]), pictures["train"])
    return _swapped(own) if settings["swapped"] else own


def _measured(which: str, settings: Settings, pictures: Mapping[str, ImageSet]) -> tuple[float, float, float]:
    numbers = settings[which]
    if not isinstance(numbers, str):
        return numbers
    return getattr(Standardize.fitted(pictures[numbers], test_too=numbers == "test"), which)


def _standardized_after(first: Prepare, train: ImageSet) -> Prepare:
    """`first`, then each channel less its mean over its deviation, as they are after `first` in `train`."""
    seen = torch.cat([first(train.batch(rows)) for rows in torch.arange(len(train)).split(512)])
    mean, std = seen.mean(dim=(0, 2, 3))[:, None, None], seen.std(dim=(0, 2, 3), correction=0)[:, None, None]
    return lambda images: first(images).sub_(mean).div_(std)


def _swapped(own: Preprocessing) -> Preprocessing:
    return Preprocessing(own.scale, own.mean, own.std, "BGR" if own.order == "RGB" else "RGB")


# --- from scratch ---


def train_from_scratch(settings: Settings, seed: int) -> Result:
    """Test accuracy of a small network after the last epoch, and how many it took until `enough` were right.

    One epoch more than there were stands for never. A run that diverges guesses.
    """
    train, test = train_and_test(settings, seed)
    prepared = prepare(dict(feed(settings)), {"train": train, "test": test})
    return _trained(small_network(settings, train.classes, prepared, seed), train, test, settings, seed)


def train_initialized(settings: Settings, seed: int) -> Result:
    """As `train_from_scratch`, from the weights of `initialization` (`networks.INITIALIZED`).

    Where it looks at pictures, these are the first `initialized_on` training pictures.
    """
    train, test = train_and_test(settings, seed)
    prepared = prepare(dict(feed(settings)), {"train": train})
    model = small_network(settings, train.classes, prepared, seed)
    first = train.batch(torch.arange(min(settings["initialized_on"], len(train))))
    INITIALIZED[settings["initialization"]](model, prepared(first), seed)
    return _trained(model, train, test, settings, seed)


def _trained(model: nn.Module, train: ImageSet, test: ImageSet, settings: Settings, seed: int) -> Result:
    try:
        accuracies = [epoch.val_accuracy for epoch in fit(model, train, test, settings, seed).history]
    except FloatingPointError:
        accuracies = [1 / len(train.classes)] * settings["epochs"]
    soon = _epochs_until(settings["enough"], accuracies)
    return Result({"test accuracy": accuracies[-1], SOON: soon}, n=len(test), source=test.source)


SOON = "epochs to 60% of the test pictures"


def _epochs_until(enough: float, accuracies: list[float]) -> int:
    return next((epoch for epoch, value in enumerate(accuracies, start=1) if value >= enough), len(accuracies) + 1)


# --- a frozen backbone ---


def probe_fed(settings: Settings, seed: int) -> Result:
    """A linear probe with the inverse penalty `C` on the frozen backbone `network`, fed in another way than its own.

    Where `refitted`, the probe was fitted on such inputs, too; else on the network's own. `n_drawn` pictures are drawn
    once, and split anew by each seed; "drawn" measures mean and deviation on all of them, test pictures included.
    """
    n, n_drawn, name, pooling = (settings[key] for key in ("pictures", "n_drawn", "network", "pooling"))
    seen = _embeddings(n, n_drawn, name, pooling, feed(settings))
    fitted_on = seen if settings["refitted"] else _embeddings(n, n_drawn, name, pooling, OWN)
    return _probed(fitted_on, seen, drawn(n, n_drawn), settings["C"], seed)


@lru_cache(maxsize=16)
def _embeddings(n: int | None, n_drawn: int, name: str, pooling: str, inputs: Feed) -> np.ndarray:
    backbone, pictures = pretrained(name, n), drawn(n, n_drawn)
    backbone.preprocessing = prepare(dict(inputs), {"drawn": pictures}, backbone.preprocessing)
    return features.extract(backbone, pictures, pooling=pooling, cache=False, progress=False)


def probe_enlarged(settings: Settings, seed: int) -> Result:
    """A probe, as in `probe_fed`, on pictures enlarged to `size` pixels by `interpolation`."""
    n, n_drawn, name, pooling = (settings[key] for key in ("pictures", "n_drawn", "network", "pooling"))
    seen = _enlarged_embeddings(n, n_drawn, name, pooling, settings["size"], settings["interpolation"])
    return _probed(seen, seen, drawn(n, n_drawn), settings["C"], seed)


@lru_cache(maxsize=8)
def _enlarged_embeddings(
    n: int | None, n_drawn: int, name: str, pooling: str, size: int, interpolation: str
) -> np.ndarray:
    backbone = pretrained(name, n)
    own = backbone.preprocessing
    return features.extract(
        backbone,
        drawn(n, n_drawn),
        pooling=pooling,
        cache=False,
        progress=False,
        preprocessing=lambda images: own(enlarge(images, size, interpolation)),
    )


def enlarge(images: Tensor, size: int, interpolation: str) -> Tensor:
    """uint8 [B, C, size, size] of uint8 [B, C, H, W]; `interpolation` is "nearest" or "bilinear"."""
    if size == images.shape[-1]:
        return images
    smooth = {"align_corners": False} if interpolation == "bilinear" else {}
    return interpolate(images.float(), size=(size, size), mode=interpolation, **smooth).round().to(torch.uint8)


def _probed(fitted_on: np.ndarray, seen: np.ndarray, pictures: ImageSet, penalty: float, seed: int) -> Result:
    train, _, test = pictures.split(seed=seed)
    probe = features.probe(fitted_on[train.rows], train.labels, seen[test.rows], test.labels, C=penalty)
    return Result({"accuracy of a probe": probe.accuracy}, n=len(test), source=test.source)


# --- fine-tuning ---


def fine_tune_fed(settings: Settings, seed: int) -> Result:
    """Test accuracy of `network`, all of it trained on, with a head behind `pooling`. One that diverges guesses."""
    train, test = train_and_test(settings, seed)
    backbone = pretrained(settings["network"], settings["pictures"])
    backbone.preprocessing = prepare(dict(feed(settings)), {"train": train}, backbone.preprocessing)
    model = models.Classifier(backbone, train.classes, pooling=settings["pooling"], seed=seed)
    try:
        fit_all(model, train, test, settings, seed)
    except FloatingPointError:
        return Result({"test accuracy": 1 / len(train.classes)}, n=len(test), source=test.source)
    return Result({"test accuracy": accuracy(model, test)}, n=len(test), source=test.source)
