"""A first look at pictures of one's own: what guessing, colour alone, a plain CNN and a frozen network get right."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from .. import data, features, metrics, models, training
from ..data import ImageSet

LEAST = 5  # pictures of a class: fewer can be split, but say nothing
STEPS = 300  # of the plain network, at least

Way = Callable[[ImageSet, ImageSet, int], np.ndarray]  # (to learn from, to test, seed) → a class a picture


@dataclass(frozen=True)
class Row:
    """What one method got right of the same `n` test pictures."""

    name: str
    right: int
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share, 0–1: what this many pictures can tell, for this one split."""
        return metrics.wilson_interval(self.right, self.n)

    def ahead_of(self, other: Row) -> tuple[float, float]:
        """95 % interval of this share less that of `other`, −1 to 1, as if the tests were independent.

        Of the same pictures two methods err together, so that the interval is rather too wide.
        Newcombe: Interval estimation for the difference between independent proportions, 1998, method 10.

        >>> low, high = Row("home", 98, 120).ahead_of(Row("far", 82, 120))
        >>> round(low, 3), round(high, 3)
        (0.024, 0.239)
        """
        (low, high), (other_low, other_high) = self.interval, other.interval
        share, others = self.right / self.n, other.right / other.n
        below = np.hypot(share - low, other_high - others)
        above = np.hypot(high - share, others - other_low)
        return float(share - others - below), float(share - others + above)

    def surely_above(self, *others: Row) -> bool:
        """Whether the interval of its lead over each of `others` lies above zero."""
        return all(self.ahead_of(other)[0] > 0 for other in others)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.name:42} {self.right / self.n:5.1%}   {100 * low:3.0f} to {100 * high:3.0f} %"


@dataclass(frozen=True)
class FirstLook:
    """The rows of the table, and what we would do next, in words."""

    rows: tuple[Row, ...]
    next: str
    counted: str = "right"

    def __str__(self) -> str:
        head = f"{'of n = ' + format(self.rows[0].n, ',') + ' test pictures':42} {self.counted:7} 95 % interval"
        return "\n".join([head, *map(str, self.rows), "", self.next])


def first_look(folder: str | ImageSet, *, seed: int = 0) -> FirstLook:
    """Try four ways on one split, 80 % to learn from and 20 % to test; two minutes for a thousand pictures.

    Args:
        folder: of your pictures, with a folder a class (`data.from_folder`), or an `ImageSet`.
        seed: of the split and of the plain network.

    Raises:
        ValueError: fewer than two classes, or a class of fewer than five pictures; it names them.
        DataError: the folder cannot be read.
    """
    ways: dict[str, Way] = {
        "guessing the largest class": guess,
        "colour alone (mean and spread of R, G, B)": by_colour,
        "a plain CNN, three layers, from scratch": by_plain_network,
        "a frozen network from photographs, a probe": by_frozen_network,
    }
    rows = tried("first_look", folder, ways, seed=seed)
    return FirstLook(rows, advice(*rows))


def tried(who: str, folder: str | ImageSet, ways: Mapping[str, Way], *, seed: int) -> tuple[Row, ...]:
    """What each of `ways` gets right of the same fifth of the pictures; errors as `first_look`'s, and name `who`."""
    pictures = folder if isinstance(folder, ImageSet) else data.from_folder(folder)
    _check(who, pictures)
    train, test = pictures.split((0.8, 0.2), seed=seed)
    truth = test.labels.numpy()
    return tuple(Row(name, int((way(train, test, seed) == truth).sum()), len(test)) for name, way in ways.items())


def guess(train: ImageSet, test: ImageSet, seed: int) -> np.ndarray:
    """int64 [N]: the class of most training pictures, for every picture."""
    return np.full(len(test), int(torch.bincount(train.labels).argmax()))


def by_colour(train: ImageSet, test: ImageSet, seed: int) -> np.ndarray:
    """int64 [N]: logistic regression on mean and standard deviation of red, green and blue."""
    known, unseen = (features.colour_statistics(part) for part in (train, test))
    return features.probe(known, train.labels, unseen, test.labels, C=100).model.predict(unseen)


def by_plain_network(train: ImageSet, test: ImageSet, seed: int) -> np.ndarray:
    """int64 [N]: three layers of 3×3 kernels, trained from random weights for `STEPS` steps or ten epochs."""
    model = models.SmallCNN(outputs=len(train.classes), seed=seed)
    epochs = max(10, -(-STEPS * 32 // len(train)))
    settings = training.Settings(epochs=epochs, batch_size=32, peak_lr=3e-3, flips=False, seed=seed)
    training.fit(model, train, test, settings, progress=False)
    return training.predict(model, test).argmax(dim=1).numpy()


def frozen_backbone(name: str) -> Way:
    """A linear probe on the features of the backbone `name`, as it learned them; pooled by mean and maximum."""

    def answer(train: ImageSet, test: ImageSet, seed: int) -> np.ndarray:
        network = models.backbone(name)
        known, unseen = (features.extract(network, part, progress=False, cache=False) for part in (train, test))
        return features.probe(known, train.labels, unseen, test.labels).model.predict(unseen)

    return answer


by_frozen_network = frozen_backbone("squeezenet1_1")  # read when it is asked, not now


def advice(guessing: Row, colour: Row, plain: Row, frozen: Row) -> str:
    """What we would do next. It speaks of a difference only where its interval leaves out zero."""
    best = max((colour, plain, frozen), key=lambda row: row.right)
    if not best.surely_above(guessing):
        return "Nothing here is surely better than guessing. Look at the labels first, then collect more pictures."
    if not best.surely_above(colour):
        return (
            "Nothing here is surely ahead of colour alone. Is it the colour that you meant, or the light, the camera, "
            "the background?"
        )
    if not plain.surely_above(guessing):
        return "The plain CNN is not surely better than guessing, and something else is: read 1c, Stuck at 50 %."
    if frozen.surely_above(plain):
        return (
            "The frozen network is ahead of the plain one: go on from there (chapter 3), not with layers of your own."
        )
    return "Shape or texture helps beyond colour, and the plain CNN finds it. Chapter 3 says what pretrained ones add."


def _check(who: str, pictures: ImageSet) -> None:
    counts = pictures.counts
    few = {name: n for name, n in counts.items() if n < LEAST}
    if len(counts) < 2 or few:
        fault = f"too few of {', '.join(f'{name} ({n})' for name, n in few.items())}" if few else "one class"
        raise ValueError(
            f"{who} got {fault}; it wants two classes or more of {LEAST} pictures or more each. Add pictures, or "
            "leave those classes out of the folder."
        )
