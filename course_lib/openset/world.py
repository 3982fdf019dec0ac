"""A world to try open-set rejection in: features of known pictures to learn from, and of known, near and far ones.

*Near* unknowns are classes of the same kind that were left out; *far* ones are pictures of another kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:  # the scores need no pictures, and are there at once
    import numpy as np

    from ..data import ImageSet

Embed = Callable[["ImageSet"], "np.ndarray | Tensor"]
"""Pictures → features, float [N, D], such as `features.extract` of a frozen network."""


@dataclass(frozen=True)
class World:
    """Features, float [N, D], of what is learned and of what is met.

    Attributes:
        train: of the known that are learned.
        labels: int64 [N], theirs: 0 to K − 1.
        known: of other pictures of the known classes.
        truth: int64, the labels of `known`.
        near, far: of unknown pictures.
        scale: what the features were multiplied by, so that `train` has standard deviation 1: learning rates mean the
            same for each network.
        source: "real", "stand-in" or "generated".
    """

    train: Tensor
    labels: Tensor
    known: Tensor
    truth: Tensor
    near: Tensor
    far: Tensor
    scale: float
    source: str

    @staticmethod
    def of(
        train: Tensor, labels: Tensor, known: Tensor, truth: Tensor, near: Tensor, far: Tensor, *, source: str
    ) -> World:
        """The world of features as a network gave them: all are scaled by one number."""
        scale = 1 / float(train.std())
        return World(scale * train, labels, scale * known, truth, scale * near, scale * far, scale, source)

    @property
    def classes(self) -> int:
        """How many are known."""
        return int(self.labels.max()) + 1


def picture_world(train: ImageSet, known: ImageSet, near: ImageSet, far: ImageSet, embed: Embed) -> World:
    """A `World` of four sets of pictures, of which `train` and `known` have the same classes."""
    x, k, n, f = (torch.as_tensor(embed(part)) for part in (train, known, near, far))
    return World.of(x, train.labels, k, known.labels, n, f, source=train.source)


def half_known(
    pictures: ImageSet,
    features: Tensor,
    far: Tensor,
    *,
    seed: int = 0,
    known_share: float = 0.5,
    train_share: float = 0.7,
) -> World:
    """A `World` in which some classes, drawn by the seed, are known, and the others near unknowns.

    Args:
        pictures: N of them, of four classes or more.
        features: float [N, D], theirs, as a network gave them.
        far: float [M, D], of pictures of another kind.
        seed: draws which classes are known, and which of their pictures are learned.
        known_share: of the classes, rounded down; two or more must be known, and one or more not.
        train_share: of the pictures of each known class.

    Raises:
        ValueError: fewer than four classes, or shares that leave too few.
    """
    count = len(pictures.classes)
    n_known = int(known_share * count)
    if count < 4 or not 2 <= n_known < count:
        raise ValueError(
            f"half_known got {count} classes and known_share={known_share}; it wants 4 classes or more, of which two "
            "or more are known and one or more stay unknown."
        )
    drawn = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    place = torch.empty(count, dtype=torch.int64).scatter(0, drawn, torch.arange(count))[pictures.labels]
    known, near = (place < n_known).nonzero()[:, 0], (place >= n_known).nonzero()[:, 0]
    from ..data import ImageSet

    # The split goes by labels; the pictures themselves are not needed for it.
    blank = torch.zeros(len(known), 1, 1, 1, dtype=torch.uint8)
    names = [str(k) for k in range(n_known)]
    train, test = ImageSet.of(blank, place[known], names).split((train_share, 1 - train_share), seed=seed)
    x, k = features[known[train.rows]], features[known[test.rows]]
    return World.of(x, train.labels, k, test.labels, features[near], far, source=pictures.source)


def folder_world(folder: str | Path, embed: Embed, *, seed: int = 0, side: int = 128, n_far: int = 300) -> World:
    """A `World` of your own pictures: half of the classes known, 70 % of their pictures to learn from; others near.

    Far are generated textures, noise, satellite tiles, photographs and plain colours (`data.far_unknowns`).

    Args:
        folder: one folder a class, as for `data.from_folder`; four classes or more.
        embed: pictures uint8 [N, 3, side, side] → features; the network's own size is its affair.
        seed: draws which classes are known, the split, and the far ones.
        side: pixels that pictures are loaded with.
        n_far: how many far ones.

    Raises:
        data.DataError, ValueError: no such folder, or fewer than four classes.
    """
    from .. import data

    pictures = data.from_folder(folder, size=side)
    if len(pictures.classes) < 4:
        raise ValueError(f"folder_world got {len(pictures.classes)} classes; it wants 4 or more: half stay unknown.")
    far = data.far_unknowns(n_far, seed=seed, side=side)
    return half_known(pictures, torch.as_tensor(embed(pictures)), torch.as_tensor(embed(far)), seed=seed)
