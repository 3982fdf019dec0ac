"""The pictures of the chapter on kernels: generated spectrograms, or the middle of EuroSAT's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import rotate

from ... import data
from ...data import ImageSet


def draw(
    pictures: Mapping[str, object], seed: int, *, n_train: int, n_test: int, source: str
) -> tuple[ImageSet, ImageSet]:
    """(train, test) pictures, drawn anew by each seed.

    Args:
        pictures: what `data.spectrograms` is told, and where it has `turned`, degrees by which the pictures are
            turned, the side of the middle that is then cut out, `crop`; or kind "eurosat" with its `classes`, none
            for all of them, and `crop`.
        source: which will do: "generated" spectrograms, "real" pictures of EuroSAT, or "any": its stand-in, too.
    """
    if pictures["kind"] == "eurosat":
        return _eurosat(pictures["classes"], pictures["crop"], seed, (n_train, n_test), source)
    told = {name: value for name, value in pictures.items() if name not in ("turned", "crop")}
    drawn = data.spectrograms((n_train + n_test) // 2, seed=seed, **told)
    if "turned" in pictures:
        drawn = drawn.changed(partial(_turned, degrees=pictures["turned"], crop=pictures["crop"]))
    return drawn.at(range(n_train)), drawn.at(range(n_train, n_train + n_test))


def _turned(x: Tensor, *, degrees: float, crop: int) -> Tensor:
    """The middle of turned pictures. Of a pixel the nearest, not a mean: means would take away from the noise."""
    edge = (x.shape[-1] - crop) // 2
    return rotate(x, degrees)[..., edge : edge + crop, edge : edge + crop]


def _eurosat(
    classes: Sequence[str], crop: int, seed: int, sizes: tuple[int, int], source: str
) -> tuple[ImageSet, ImageSet]:
    chosen = of_classes(data.load("eurosat", source=source), classes)
    edge = (chosen.shape[1] - crop) // 2
    middle = slice(edge, edge + crop)
    if chosen.source != "real":  # the stand-in may have fewer: the same shares of what there is
        enough = min(1, len(chosen) / sum(sizes))
        sizes = tuple(int(enough * size) for size in sizes)
    train, test, _ = chosen.split((*sizes, len(chosen) - sum(sizes)), seed=seed)
    return tuple(part.changed(lambda x: x[..., middle, middle]) for part in (train, test))


def of_classes(every: ImageSet, classes: Sequence[str]) -> ImageSet:
    """The pictures of these classes, over the same store; of all where none is named."""
    if not classes:
        return every
    wanted = torch.tensor([every.classes.index(name) for name in classes])
    chosen = every.at(torch.isin(every.labels, wanted).nonzero()[:, 0])
    labels = (chosen.labels[:, None] == wanted).int().argmax(dim=1)
    return replace(chosen, labels=labels, classes=tuple(classes))
