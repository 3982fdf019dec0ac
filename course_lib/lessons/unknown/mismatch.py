"""A head that learned from rightly prepared pictures, and is asked about pictures that were prepared otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from ... import features
from ...data import ImageSet
from ...models.input_conventions import CONVENTIONS
from ...study import Result
from . import measures
from .fresh_logos import FreshLogos
from .heads import Head, HeadSettings, train_head
from .worlds import Settings, backbone, chosen

KNOWN_SURE = "known answered with 0.99 or more"
ONE_CLASS = "unknowns that get the commonest answer"
ONE_CLASS_SURE = "unknowns that get the commonest answer with 0.99 or more"


@dataclass(frozen=True)
class Fed:
    """What the network is fed when it is asked.

    Attributes:
        fed: a name of `input_conventions.CONVENTIONS`, or "as trained".
        swapped: red and blue change places, as in a frame that OpenCV has read.
    """

    fed: str
    swapped: bool


def answer_mismatched(settings: Settings, seed: int) -> Result:
    """How sure it is of known, near and far pictures, and whether one class is answered to all.

    Reads `FreshLogos`, `HeadSettings`, `Fed` and `sure`.
    """
    made, fed, sure = chosen(FreshLogos, settings), chosen(Fed, settings), settings["sure"]
    head, scale = _head(made, chosen(HeadSettings, settings), seed)
    _, *met = made.pictures(seed)
    known, near, far = (head(scale * _embedded(made, part, fed)).softmax(dim=1) for part in met)
    highest = {part: p.amax(dim=1) for part, p in (("known", known), ("near", near), ("far", far))}
    unknown = torch.cat([near, far])
    answers, sure_of = unknown.argmax(dim=1), unknown.amax(dim=1) >= sure
    commonest = answers == answers.mode().values
    values = measures.accuracy(known.argmax(dim=1) == met[0].labels) | measures.certainties(highest, sure)
    values[KNOWN_SURE] = ((highest["known"] >= sure).double().mean().item(), len(known))
    values[ONE_CLASS] = (commonest.double().mean().item(), len(unknown))
    values[ONE_CLASS_SURE] = ((commonest & sure_of).double().mean().item(), len(unknown))
    return measures.result(values, met[0].source)


@lru_cache(maxsize=4)
def _head(made: FreshLogos, settings: HeadSettings, seed: int) -> tuple[Head, float]:
    """(the head; what its features are multiplied by)."""
    learned = made.pictures(seed)[0]
    x = made.embedded(learned)
    scale = 1 / float(x.std())
    return train_head(scale * x, learned.labels, settings, seed=seed), scale


def _embedded(made: FreshLogos, pictures: ImageSet, fed: Fed) -> Tensor:
    """float [N, D]: what the network makes of pictures that were prepared as `fed` says."""
    network = backbone(made.network, made.weights)
    seen = pictures.changed(_swapped) if fed.swapped else pictures
    preprocessing = network.preprocessing if fed.fed == "as trained" else CONVENTIONS[fed.fed]
    return torch.tensor(
        features.extract(
            network, seen, size=made.size, pooling="mean", progress=False, cache=False, preprocessing=preprocessing
        )
    )


def _swapped(images: Tensor) -> Tensor:
    return images.flip(1)
