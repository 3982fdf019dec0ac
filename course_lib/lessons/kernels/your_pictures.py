"""The chapter's questions, asked of a reader's own folder: what kernels cost at its size, and which network does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from ... import data, models, training
from ...data import ImageSet
from ...study.running import thread_limit
from ..own_pictures import STEPS, FirstLook, Row, Way, by_colour, by_frozen_network, guess, tried
from . import experiments, timing, variants

LONGEST = 512  # pixels of a side: larger pictures are counted, and not timed
CHEAP, PAIR = "four 3×3, stride 2", variants.PAIR
RATES = (1e-2, 3e-2, 1e-1)  # the rates that were best in the lesson lie among them, or near
FEWEST = 60  # training pictures, to choose a rate by a quarter of them


# --- what kernels cost ---


@dataclass(frozen=True)
class CostRow:
    """A row of convolutions on one picture: no `counts` where a kernel does not fit, no time where it was not timed."""

    name: str
    counts: timing.Counts | None
    milliseconds: float | None = None

    def __str__(self) -> str:
        if self.counts is None:
            return f"{self.name:26} does not fit into the picture"
        c, taken = self.counts, "" if self.milliseconds is None else f"{self.milliseconds:.1f}"
        sees, leaves = (f"{h}×{w}" for h, w in (c.sees, c.leaves))
        return f"{self.name:26} {c.weights:8,} {c.macs / 1e6:10,.1f} {taken:>8}   {sees:>6} {leaves:>10}"


@dataclass(frozen=True)
class Costs:
    """The table for pictures of `size`, (height, width), and a sentence to go on with."""

    size: tuple[int, int]
    rows: tuple[CostRow, ...]

    @property
    def next(self) -> str:
        """What follows from the rows."""
        by_name = {row.name: row.counts for row in self.rows}
        cheap, pair = by_name[CHEAP], by_name[PAIR]
        share = (
            f"30 pixels are {30 / self.size[0]:.0%} of your pictures' height. For what is longer, shrink the pictures."
        )
        if cheap is None or pair is None:
            return f"A kernel of 30 does not fit into {self.size[0]}×{self.size[1]}: take smaller ones, or pad."
        return f"{share}\nThe pair takes {pair.macs / cheap.macs:.0f} times the MACs of {CHEAP}, which sees as far."

    def __str__(self) -> str:
        head = f"one picture of {self.size[0]}×{self.size[1]}, 16 channels, one thread of this CPU"
        columns = f"{'':26} {'weights':>8} {'M MACs':>10} {'ms':>8}   {'sees':>6} {'leaves':>10}"
        return "\n".join([head, columns, *map(str, self.rows), "", self.next])


def costs(pictures: str | ImageSet, *, size: int | tuple[int, int] | None = None) -> Costs:
    """What the chapter's kernels cost on pictures of one's own.

    Args:
        pictures: a folder with a folder a class, or an `ImageSet`.
        size: side, or (height, width), at which the network sees them; None takes the middle of the pictures' sizes.
    """
    side = (size, size) if isinstance(size, int) else size
    height, width = side or (pictures.shape[1:] if isinstance(pictures, ImageSet) else middle_size(pictures))
    return Costs((height, width), tuple(_costs_of(name, (height, width)) for name in variants.STACKS))


def _costs_of(name: str, size: tuple[int, int]) -> CostRow:
    settings = variants.STACKS[name]
    try:
        counts = timing.counts(settings, size)
    except ValueError:  # a kernel covers more than there is
        return CostRow(name, None)
    if max(size) > LONGEST:
        return CostRow(name, counts)
    x = torch.rand(1, 16, *size, generator=torch.Generator().manual_seed(0))
    with thread_limit(1):
        return CostRow(name, counts, models.milliseconds(timing.stack(settings), x, best_of=3))


def middle_size(folder: str) -> tuple[int, int]:
    """(median height, median width) of the pictures that `data.from_folder` can use, as they lie there."""
    names = data.from_folder(folder, size=8).names
    sizes = [_size(Path(folder).expanduser() / name) for name in names]
    height, width = np.median(sizes, axis=0).round().astype(int)
    return int(height), int(width)


def _size(file: Path) -> tuple[int, int]:
    """(height, width) of a picture, upright."""
    with Image.open(file) as image:
        turned = image.getexif().get(0x0112, 1) >= 5  # the camera lay on its side
        return (image.width, image.height) if turned else (image.height, image.width)


# --- which network does ---


def small_network(settings: Mapping[str, object]) -> Way:
    """The network of `settings`, trained for at least `STEPS` steps; all that is not its own is alike for all.

    Its rate is the one of `RATES` that does best on a quarter of the training pictures: one rate for all would decide
    which network wins. Of fewer than `FEWEST` pictures a quarter says nothing, and the first rate is taken.
    """

    def answer(train: ImageSet, test: ImageSet, seed: int) -> np.ndarray:
        rate = RATES[0]
        if len(train) >= FEWEST:
            inner, held_out = train.split((0.75, 0.25), seed=seed)
            truth = held_out.labels.numpy()
            rate = max(RATES, key=lambda rate: (_answers(settings, rate, inner, held_out, seed) == truth).mean())
        return _answers(settings, rate, train, test, seed)

    return answer


def _answers(settings: Mapping[str, object], rate: float, train: ImageSet, test: ImageSet, seed: int) -> np.ndarray:
    model = experiments.build(settings, outputs=len(train.classes), seed=seed)
    epochs = max(8, -(-STEPS * 32 // len(train)))
    chosen = training.Settings(epochs=epochs, batch_size=32, peak_lr=rate, flips=False, seed=seed)
    training.fit(model, train, test, chosen, progress=False)
    return training.predict(model, test).argmax(dim=1).numpy()


def kernels(folder: str | ImageSet, *, seed: int = 0) -> FirstLook:
    """Square kernels that stride at once or later, long thin ones, and a frozen network, on one split of one's own.

    Errors as `own_pictures.first_look`. Ten minutes for a thousand pictures.
    """
    ways: dict[str, Way] = {
        "guessing the largest class": guess,
        "four 3×3, stride 2, from scratch": small_network(variants.LINES[variants.WEIGHTS]),
        "3×3, strides later, from scratch": small_network(variants.LINES[variants.LATER]),
        "30×3 then 3×30, from scratch": small_network(variants.LINES[PAIR]),
        "a frozen network from photographs, a probe": by_frozen_network,
    }
    rows = tried("kernels", folder, ways, seed=seed)
    return FirstLook(rows, advice_on_kernels(*rows))


def advice_on_kernels(guessing: Row, square: Row, later: Row, thin: Row, frozen: Row) -> str:
    """What we would do next. It speaks of a difference only where its interval leaves out zero."""
    small = (square, later, thin)
    if not max((*small, frozen), key=lambda row: row.right).surely_above(guessing):
        return "Nothing here is surely better than guessing. Leave the kernels alone and check the pipeline: 1c."
    if frozen.surely_above(*small):
        return "The frozen network is ahead of all small ones: go on from there (chapter 3), not with other kernels."
    if thin.surely_above(square, later):
        return "Thin kernels are ahead of both 3×3 networks. Repeat it with seed=1 and seed=2 before you keep them."
    if later.surely_above(square):
        return "A later stride is ahead of strides at once. Keep the 3×3 kernels, and put the stride later."
    if square.surely_above(thin):
        return "The square kernels with strides are ahead. Leave thin ones alone."
    return (
        "Between thin and square kernels so many pictures show no sure difference. Take the square ones with strides: "
        "they cost the least."
    )


def branches(folder: str | ImageSet, *, seed: int = 0) -> FirstLook:
    """Colour numbers, one branch, two branches, shallow paths and a frozen network; as `kernels`."""
    small = variants.HUE_NETWORKS
    ways: dict[str, Way] = {
        "guessing the largest class": guess,
        "colour alone (mean and spread of R, G, B)": by_colour,
        "one branch, from scratch": small_network(small["first kernel 3×3"]),
        "two branches, from scratch": small_network(small["two branches"]),
        "shallow paths, from scratch": small_network(small["shallow paths"]),
        "a frozen network from photographs, a probe": by_frozen_network,
    }
    rows = tried("branches", folder, ways, seed=seed)
    return FirstLook(rows, advice_on_branches(*rows))


def advice_on_branches(guessing: Row, colour: Row, one: Row, two: Row, shallow: Row, frozen: Row) -> str:
    """What we would do next. It speaks of a difference only where its interval leaves out zero."""
    best = max((colour, one, two, shallow, frozen), key=lambda row: row.right)
    other = max((two, shallow), key=lambda row: row.right)
    if not best.surely_above(guessing):
        return "Nothing here is surely better than guessing. Leave the architecture and check the pipeline: 1c."
    if not best.surely_above(colour):
        return "Nothing here is surely ahead of colour alone: these pictures give no reason for another architecture."
    if frozen.surely_above(one, two, shallow):
        return "The frozen network is ahead of all small ones: go on from there (chapter 3)."
    if other.surely_above(one):
        return f"Ahead of the single branch: {other.name}. Repeat it with other seeds before you build on it."
    return "Between the small networks so many pictures show no sure difference. Take the single branch."
