"""The runs of lesson 6 in which EuroSAT is changed, before training or only in the test: what does a network use?

Settings that all have: what `networks.land_network` reads. `tested_on`, `before` and `after` are changes of the test
pictures, as in `pictures`.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from torch import Tensor

from ...data import ImageSet
from ...study import Result
from .networks import Decided, answers, land_network, land_network_settings
from .pictures import Change, changed, train_and_test

Settings = Mapping[str, object]
LOST = "accuracy lost to shuffling"
TURNED = "answers that change when hues turn by 90°"


def recognise(settings: Settings, seed: int) -> Result:
    """Accuracy on the test pictures after `tested_on`."""
    test = _test(settings, seed)
    return Result({"test accuracy": _accuracy(settings, "tested_on", seed)}, n=len(test), source=test.source)


def recognise_by_class(settings: Settings, seed: int) -> Result:
    """As `recognise`, for the pictures of each class by themselves."""
    test = _test(settings, seed)
    right = _answers(land_network_settings(settings), settings["tested_on"], seed) == test.labels
    of_class = {of(name): test.labels == label for label, name in enumerate(test.classes)}
    accuracies = {name: right[rows].float().mean().item() for name, rows in of_class.items()}
    return Result(accuracies, n={name: int(rows.sum()) for name, rows in of_class.items()}, source=test.source)


def of(class_name: str) -> str:
    """The metric of one class."""
    return f"accuracy on {class_name}"


def turn_hues(settings: Settings, seed: int) -> Result:
    """Share of the answers that differ between the pictures `before` and `after`."""
    test, network = _test(settings, seed), land_network_settings(settings)
    differ = _answers(network, settings["before"], seed) != _answers(network, settings["after"], seed)
    return Result({TURNED: differ.float().mean().item()}, n=len(test), source=test.source)


def shuffle(settings: Settings, seed: int) -> Result:
    """How much more accurate the network is `before` than `after` the patches are shuffled."""
    test = _test(settings, seed)
    lost = _accuracy(settings, "before", seed) - _accuracy(settings, "after", seed)
    return Result({LOST: lost}, n=len(test), source=test.source)


def _accuracy(settings: Settings, which: str, seed: int) -> float:
    answered = _answers(land_network_settings(settings), settings[which], seed)
    return (answered == _test(settings, seed).labels).float().mean().item()


def _test(settings: Settings, seed: int) -> ImageSet:
    return train_and_test(settings, seed)[1]


@lru_cache(maxsize=64)
def _answers(network: Decided, change: Change, seed: int) -> Tensor:
    """int64 [N]: what a network says of the test pictures after `change`."""
    settings = dict(network)
    return answers(land_network(settings, seed), changed(_test(settings, seed), change))
