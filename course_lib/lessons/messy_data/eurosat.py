"""The pictures of lesson 7, and what one frozen network says of them.

Settings that all its experiments have: `pictures` is how many are used, None for all of real EuroSAT; `network`,
`weights` ("real", or "any" where a stand-in will do) and `pooling` are those of the frozen network, whose embeddings
everything else learns from.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from ... import data, features, models
from ...data import ImageSet
from ..transfer import travel

Settings = Mapping[str, object]
Key = tuple[tuple[str, object], ...]
_NETWORK = ("pictures", "network", "weights", "pooling")


@lru_cache(maxsize=2)
def pictures(n: int | None) -> ImageSet:
    """All of real EuroSAT, or `n` pictures of it or of its stand-in, whose rows count from 0."""
    if n is None:
        return data.load("eurosat", source="real")
    return travel.on_the_map(data.load("eurosat")).subset(n).changed(lambda images: images)


def embed(shown: ImageSet, settings: Settings, *, cache: bool = False) -> np.ndarray:
    """float32 [N, D]: embeddings of `shown`; `cache` keeps them on the disk for the next process."""
    backbone = models.backbone(settings["network"], weights=settings["weights"])
    return features.extract(backbone, shown, pooling=settings["pooling"], cache=cache, progress=False)


def embeddings(settings: Settings) -> np.ndarray:
    """float32 [N, D]: the embeddings of all of `pictures`, by row; a process loads them once."""
    return _embeddings(key(settings))


@lru_cache(maxsize=2)
def _embeddings(chosen: Key) -> np.ndarray:
    settings = dict(chosen)
    return embed(pictures(settings["pictures"]), settings, cache=settings["pictures"] is None)


def key(settings: Settings, *names: str) -> Key:
    """What decides work that several runs share, as a key for a cache: pictures, network, and the settings `names`."""
    return tuple((name, settings[name]) for name in (*_NETWORK, *names))
