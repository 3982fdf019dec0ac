"""`ImageSet`: labelled pictures in one array that every split and every process shares."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

Source = Literal["real", "stand-in", "generated"]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled pictures of one size: rows of a shared pixel store.

    A split or a subset is a list of rows, not a copy. EuroSAT's 332 MB are memory-mapped
    once; train, val and test of thirty learners on one server all look into the same pages.

    Attributes:
        store: uint8 [M, C, H, W], 0–255, RGB; shared, never written to.
        rows: int64 [N], the pictures of this set as positions in `store`.
        labels: int64 [N], positions in `classes`.
        classes: one name per label.
        source: "real", "stand-in" (generated because the real set was out of reach) or "generated".
        name: what to call the set in a figure.
        fingerprint: identifies the content of `store`; "" means that it has not been computed.
        names: M file names, in the order of `store`, or () where pictures have none.
        left_out: (file, reason) for each file that `from_folder` could not use.
        part: "train", "val" or "test" where the set is one of three parts, or taken from one; else "".
        places: float64 [N, 2], longitude and latitude of each picture in degrees (WGS 84), NaN where it is not known;
            None where nothing is known of any.

    Example:
        >>> pictures = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
        >>> tiny = ImageSet.of(pictures, [0, 0, 1, 1], ["dark", "light"])
        >>> tiny.counts
        {'dark': 2, 'light': 2}
    """

    store: Tensor
    rows: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    source: Source = "generated"
    name: str = "pictures"
    fingerprint: str = ""
    names: Sequence[str] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    part: str = ""
    places: Tensor | None = None

    def __post_init__(self) -> None:
        if self.store.dtype != torch.uint8 or self.store.ndim != 4:
            raise ValueError(
                f"ImageSet got pictures of dtype {self.store.dtype} and shape {tuple(self.store.shape)}; "
                "it wants uint8 [N, C, H, W]. Multiply by 255, round, and call .to(torch.uint8)."
            )
        if len(self.rows) != len(self.labels):
            raise ValueError(
                f"ImageSet got {len(self.rows)} pictures and {len(self.labels)} labels; it wants one label each."
            )
        if len(self.labels) and not 0 <= int(self.labels.min()) <= int(self.labels.max()) < len(self.classes):
            raise ValueError(
                f"ImageSet got labels from {int(self.labels.min())} to {int(self.labels.max())} "
                f"for {len(self.classes)} classes; it wants 0 to {len(self.classes) - 1}."
            )
        _check_places(self.places, len(self.rows))

    @classmethod
    def of(
        cls,
        images: Tensor | np.ndarray,
        labels: Tensor | np.ndarray | Sequence[int],
        classes: Sequence[str],
        source: Source = "generated",
        **details: Any,
    ) -> ImageSet:
        """An `ImageSet` of all of `images` (uint8 [N, C, H, W]) and `labels` (integers [N]); `details`: more fields."""
        images = torch.as_tensor(images)
        if details.get("places") is not None:
            details["places"] = torch.as_tensor(details["places"], dtype=torch.float64)
        labels = torch.as_tensor(labels, dtype=torch.int64)
        return cls(images, torch.arange(len(images)), labels, tuple(classes), source, **details)

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        c, h, w = self.shape
        return f"ImageSet({self.name}, {self.source}: {len(self):,} pictures {c}×{h}×{w}, {len(self.classes)} classes)"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W) of every picture."""
        _, channels, height, width = self.store.shape
        return channels, height, width

    @property
    def images(self) -> Tensor:
        """All pictures as one uint8 tensor [N, C, H, W]: a copy, 12 kB a picture at 64×64."""
        return self.store[self.rows]

    @property
    def counts(self) -> dict[str, int]:
        """Pictures per class, in the order of `classes`."""
        per_class = torch.bincount(self.labels, minlength=len(self.classes))
        return dict(zip(self.classes, per_class.tolist(), strict=True))

    def batch(self, positions: Tensor | Sequence[int]) -> Tensor:
        """uint8 [B, C, H, W]: the pictures at `positions` (int64 [B], within this set)."""
        return self.store[self.rows[positions]]

    def name_of(self, position: int) -> str:
        """File name of the picture at `position`, or "no. <row>" where pictures have none."""
        row = int(self.rows[position])
        return self.names[row] if len(self.names) else f"no. {row}"

    def at(self, positions: Tensor | np.ndarray | Sequence[int]) -> ImageSet:
        """The pictures at `positions`, in that order, over the same store."""
        positions = torch.as_tensor(positions, dtype=torch.int64)
        places = None if self.places is None else self.places[positions]
        return replace(self, rows=self.rows[positions], labels=self.labels[positions], places=places)

    def changed(self, change: Callable[[Tensor], Tensor]) -> ImageSet:
        """The same pictures after `change` (uint8 [N, 3, H, W] → the same), with their labels, places and source."""
        kept = {"name": self.name, "part": self.part, "places": self.places}
        return ImageSet.of(change(self.images), self.labels, self.classes, self.source, **kept)

    def subset(self, n: int, *, seed: int = 0) -> ImageSet:
        """`n` pictures drawn without replacement, each class in its share of the whole."""
        if not 0 < n <= len(self):
            raise ValueError(f"subset got n={n}; it wants 1 to {len(self)}, the size of the set.")
        return self.split((n, len(self) - n), seed=seed)[0]

    def split(self, parts: Sequence[float] = (0.8, 0.1, 0.1), *, seed: int = 0) -> tuple[ImageSet, ...]:
        """Disjoint random parts, stratified: every class is cut in the same proportions.

        Args:
            parts: shares of the whole; scaled to sum to 1, so counts work too.
            seed: the same seed gives the same parts on every machine.

        Each picture gets a place in a queue in which every class is spread evenly, and the queue
        is cut. A picture stands in the queue once, so parts cannot overlap. A part with a share above 0 gets one
        picture at least; where there are fewer pictures than such parts, a warning says so. Three parts of a set that
        is no part itself are called "train", "val" and "test".
        """
        shares = np.asarray(parts, dtype=float)
        if len(shares) == 0 or (shares < 0).any() or not np.isfinite(shares).all() or shares.sum() == 0:
            raise ValueError(f"split got parts={tuple(parts)}; it wants shares ≥ 0, such as (0.8, 0.1, 0.1).")
        queue = _stratified_queue(self.labels.numpy(), np.random.default_rng(seed))
        return self.cut(np.split(queue, np.cumsum(part_sizes(shares, len(self)))[:-1]))

    def cut(self, parts: Sequence[np.ndarray]) -> tuple[ImageSet, ...]:
        """The pictures at each of `parts` (positions, int64), each part in the order of this set, named as by `split`.

        Example:
            >>> three = ImageSet.of(torch.zeros(3, 3, 8, 8, dtype=torch.uint8), [0, 0, 0], ["dark"])
            >>> [part.part for part in three.cut([np.array([2]), np.array([0]), np.array([1])])]
            ['train', 'val', 'test']
        """
        names = ("train", "val", "test") if len(parts) == 3 and not self.part else (self.part,) * len(parts)
        named = zip(parts, names, strict=True)
        return tuple(replace(self.at(np.sort(positions)), part=name) for positions, name in named)

    def digest(self) -> str:
        """SHA-256 of which pictures these are: of `store`'s content, their shape, and the rows in use."""
        content = (
            self.fingerprint or hashlib.sha256(np.ascontiguousarray(self.store.numpy()).reshape(-1).data).hexdigest()
        )
        rows = np.ascontiguousarray(self.rows.numpy())
        return hashlib.sha256(f"{content} {self.shape} ".encode() + rows.tobytes()).hexdigest()


def _check_places(places: Tensor | None, n: int) -> None:
    """ValueError unless `places` is None or float64 [n, 2] of degrees, longitude first."""
    if places is None:
        return
    if places.dtype != torch.float64 or places.shape != (n, 2):
        raise ValueError(
            f"ImageSet got places of dtype {places.dtype} and shape {tuple(places.shape)}; it wants float64 [{n}, 2], "
            "longitude and latitude of each picture."
        )
    if bool((places.abs() > torch.tensor([180.0, 90.0], dtype=torch.float64)).any()):
        raise ValueError(
            "ImageSet got places beyond 180° of longitude or 90° of latitude; it wants degrees, longitude first."
        )


def part_sizes(shares: np.ndarray, n: int) -> np.ndarray:
    """int64 [P]: how many of `n` pictures go to each part; none where the share is 0, elsewhere one or more."""
    sizes = np.diff(np.rint(np.cumsum(shares / shares.sum()) * n).astype(np.int64), prepend=0)
    asked = shares > 0
    if n < asked.sum():
        warnings.warn(
            f"split got {n} pictures for {asked.sum()} parts, so that a part has none; it wants {asked.sum()} pictures "
            "or more. Ask for fewer parts.",
            stacklevel=3,
        )
        return sizes
    for empty in np.flatnonzero(asked & (sizes == 0)):
        sizes[empty], sizes[sizes.argmax()] = 1, sizes.max() - 1
    return sizes


def _stratified_queue(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """All positions, shuffled, with every class evenly spread from the front to the back."""
    place = np.empty(len(labels))
    for label in np.unique(labels):
        members = rng.permutation(np.flatnonzero(labels == label))
        # The k-th of m members stands at (k + u) / m: m pictures of a class, one in each m-th of the queue.
        place[members] = (np.arange(len(members)) + rng.random(len(members))) / len(members)
    return np.argsort(place, kind="stable")
