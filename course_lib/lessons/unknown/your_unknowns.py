"""Chapter 5's questions, asked of a reader's own folder: what comes in past a line, which score tells best, and does a
class of unknowns help? Where nobody has unknown pictures, each class is left out in turn and plays the unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from ... import checks, data, features, metrics, models, openset, training
from ...data import ImageSet
from ...openset import World
from ..transfer.your_pictures import in_keras
from .detecting import every_score
from .experiments import COLLECTING, DETECTORS, HEAD
from .heads import Head, HeadSettings, Loss, named_right, train_with_unknowns, unknown_score
from .unknown_pictures import KINDS, CollectSettings, collected_pictures

__all__ = ["Line", "Passed", "Ranking", "Row", "in_keras", "line", "ranked", "taught"]

LEAST = 8  # pictures of a class
MOST = 10  # classes that are left out: each is a training of its own
SIDE = 160  # pixels that a folder is read with
N_FAR = 100
TEN = 10  # unknown pictures that move a line
SOFTMAX, NEAREST = "max softmax", "k nearest, frozen features"
Pixels = Callable[[Tensor], Tensor]


# --- 5a: a line ---


@dataclass(frozen=True)
class Passed:
    """Of `n` pictures, `count` on one side of a line."""

    count: int
    n: int

    @classmethod
    def of(cls, passed: Tensor) -> Passed:
        """Of bool [N]."""
        return cls(int(passed.sum()), len(passed))

    def __add__(self, other: Passed) -> Passed:
        return Passed(self.count + other.count, self.n + other.n)

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, 95 %; too narrow where the pictures are few things seen often, such as one class or one video."""
        return metrics.wilson_interval(self.count, self.n)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.count / self.n:4.0%} ({100 * low:.0f} to {100 * high:.0f}, n = {self.n:,})"


@dataclass(frozen=True)
class Row:
    """A score with its line: known pictures that are lost, and unknown ones, of one kind, that come in."""

    score: str
    line: float
    lost: Passed
    unknown: str
    let_in: Passed

    def __str__(self) -> str:
        return f"{self.score:27} {self.line:8.4f}   {self.lost!s:24} {self.unknown:18} {self.let_in}"


@dataclass(frozen=True)
class Line:
    """What two lines do, drawn for a share `rejected` of the known, a row for each score and kind of unknown."""

    rows: tuple[Row, ...]
    rejected: float

    def __str__(self) -> str:
        head = (
            f"{f'a line that loses {self.rejected:.0%}':27} {'line':>8}   {'known lost':24} {'unknown':18} that come in"
        )
        return "\n".join([head, *map(str, self.rows), "", self.next])

    @property
    def next(self) -> str:
        """What we would do, in words."""
        near = min((row for row in self.rows if row.unknown != "far"), key=_share, default=None)
        stay = _told_of_far(*sorted((row for row in self.rows if row.unknown == "far"), key=_share))
        if near is None:
            return f"{stay} Of what looks like your classes nothing is known yet: give a folder of such, as unknown."
        if near.let_in.interval[0] > 0.5:
            return f"{stay} Of what looks like your classes most comes in, by either score: collect it, as classes."
        return (
            f"{stay} Of what looks like your classes {str(near.let_in).strip()} come in by {near.score}. Is that few "
            "enough for you?"
        )


def _share(row: Row) -> float:
    return row.let_in.count / row.let_in.n


def _told_of_far(best: Row, *others: Row) -> str:
    """Which score keeps the far out, and what the others let in where they do not."""
    if best.let_in.interval[1] >= 0.5:
        return "Of the far, many come in as well: ask 5c."
    weak = [row for row in others if row.let_in.interval[1] >= 0.5]
    told = "".join(f"; by {row.score} {row.let_in.count} of {row.let_in.n} come in" for row in weak)
    return f"Of the far, most stay out by {best.score if weak else 'either score'}{told}."


def line(
    folder: str | ImageSet,
    unknown: str | ImageSet | None = None,
    *,
    model: nn.Module | None = None,
    preprocessing: Pixels | None = None,
    rejected: float = 0.05,
    seed: int = 0,
) -> Line:
    """Two lines, by maximum softmax and by the tenth nearest among frozen features: half of the pictures to learn from,
    a quarter to draw, a quarter to test.

    Args:
        folder: of your pictures, with a folder a class (`data.from_folder`), or an `ImageSet`.
        unknown: pictures that must be refused, a folder with pictures in it or below, such as frames of a video, or an
            `ImageSet`. Without, each class is left out in turn, ten at most.
        model: a network of yours that has not learned from these pictures, a PyTorch module or `in_keras(…)`, with one
            score or probability a class. No class can be left out of it. Without, a probe on frozen features.
        preprocessing: uint8 [B, 3, H, W] → floats, as `model` wants them; None takes `model.preprocessing`.
        rejected: share of the known that may be lost.
        seed: of the split.

    Raises:
        ValueError: fewer than three classes, a class of fewer than eight pictures, or too few to draw a line.
        DataError: a folder cannot be read.
    """
    pictures = _read("line", folder)
    _check_enough(pictures, rejected, leave_out=unknown is None and model is None)
    look = partial(_look, model=model, preprocessing=preprocessing)
    own, labels, far = look(pictures), pictures.labels, look(_far(pictures, seed))
    unknowns = {"far": far} if unknown is None else {"yours": look(_strange(unknown)), "far": far}
    drawn = _drawn(own, labels, np.arange(len(labels)), rejected, seed)
    let_in = {kind: {one.name: one.let_in(some) for one in drawn} for kind, some in unknowns.items()}
    if unknown is None and model is None:
        let_in = {"left-out classes": _left_out(own, labels, rejected, seed), **let_in}
    return Line(
        tuple(Row(one.name, one.line, one.lost, kind, by[one.name]) for kind, by in let_in.items() for one in drawn),
        rejected,
    )


@dataclass(frozen=True)
class _Looked:
    """Pictures as two networks see them: frozen features [N, D], and logits [N, K] of the reader's own, or None."""

    seen: Tensor
    logits: Tensor | None

    def at(self, positions: np.ndarray) -> _Looked:
        return _Looked(self.seen[positions], None if self.logits is None else self.logits[positions])


@dataclass(frozen=True)
class _Drawn:
    """A score with its line, and what the known of the test lost by it."""

    name: str
    score: Callable[[_Looked], Tensor]
    line: float
    lost: Passed

    def let_in(self, some: _Looked) -> Passed:
        return Passed.of(self.score(some) <= self.line)


def _look(pictures: ImageSet, model: nn.Module | None, preprocessing: Pixels | None) -> _Looked:
    return _Looked(_seen(pictures), None if model is None else _logits(model, pictures, preprocessing))


def _drawn(own: _Looked, labels: Tensor, known: np.ndarray, rejected: float, seed: int) -> list[_Drawn]:
    """Both scores, fitted on half of `known`, each with a line from a quarter, tried on the other quarter."""
    learn, val, test = _parts(known, labels.numpy(), (2, 1, 1), seed)
    drawn = []
    for name, score in _two_scores(own.at(learn), labels[learn], own.at(val), labels[val]).items():
        at = openset.without_unknowns(score(own.at(val)), rejected=rejected)
        drawn.append(_Drawn(name, score, at, Passed.of(score(own.at(test)) > at)))
    return drawn


def _left_out(own: _Looked, labels: Tensor, rejected: float, seed: int) -> dict[str, Passed]:
    """Score → pictures of left-out classes that come in, over lines that were drawn without them."""
    total: dict[str, Passed] = {}
    for known, near in _rounds(labels, seed, MOST):
        for one in _drawn(own, labels, known, rejected, seed):
            total[one.name] = total.get(one.name, Passed(0, 0)) + one.let_in(own.at(near))
    return total


def _two_scores(
    learn: _Looked, labels: Tensor, val: _Looked, val_labels: Tensor
) -> dict[str, Callable[[_Looked], Tensor]]:
    """Name → unknown scores [N] of pictures. The softmax is that of the reader's network, or of a probe."""
    nearest = openset.KNN(k=min(10, len(labels))).fit(learn.seen, learn.seen, _numbered(labels))
    probe = None
    if learn.logits is None:
        probe = features.probe(learn.seen.numpy(), labels, val.seen.numpy(), val_labels)

    def by_softmax(some: _Looked) -> Tensor:
        logits = some.logits if probe is None else torch.as_tensor(probe.log_probabilities(some.seen.numpy()))
        return openset.max_softmax(logits.double())

    return {SOFTMAX: by_softmax, NEAREST: lambda some: nearest.score(some.seen, some.seen)}


def _logits(model: nn.Module, pictures: ImageSet, preprocessing: Pixels | None) -> Tensor:
    """float [N, K] of `model`; of probabilities their logarithms, whose softmax they are."""
    found = training.predict(model, pictures, preprocessing=preprocessing)
    shares = bool((found >= 0).all()) and torch.allclose(found.sum(dim=1), torch.ones(len(found)), atol=1e-3)
    return found.double().clamp(min=1e-30).log() if shares else found


# --- 5b: a class of unknowns; 5c: which score? ---


Areas = tuple[float, float]


@dataclass(frozen=True)
class Ranking:
    """Ways to tell unknown from known, each over the same rounds.

    Attributes:
        rounds: name → (AUROC of near unknowns, of far pictures) in each round: one for each class that was left out,
            or a single one, against unknowns of the reader's own.
        accuracy: on the known, where it was counted.
        near: what the near unknowns are.
        missing: scores that had too few pictures.
        notes: lines that are printed below.
    """

    rounds: dict[str, list[Areas]]
    accuracy: dict[str, float]
    near: str
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def areas(self) -> dict[str, Areas]:
        """Name → (mean AUROC of near unknowns, of far pictures), the highest sum first."""
        means = {name: tuple(np.mean(found, axis=0).tolist()) for name, found in self.rounds.items()}
        return dict(sorted(means.items(), key=lambda one: -sum(one[1])))

    @property
    def classes(self) -> int:
        """Rounds."""
        return len(next(iter(self.rounds.values())))

    def __str__(self) -> str:
        head = f"{self.near:45}    near        far" + "      known right" * bool(self.accuracy)
        missing = [f"too few pictures for {', '.join(self.missing)}"] if self.missing else []
        return "\n".join([head, *map(self._row, self.areas), "", self._ahead(), *self.notes, *missing])

    def _row(self, name: str) -> str:
        close, distant = np.mean(self.rounds[name], axis=0)
        spread = f" ± {np.std(self.rounds[name], axis=0, ddof=1)[0]:.3f}" if self.classes > 1 else " " * 8
        right = f"{self.accuracy[name]:17.1%}" if name in self.accuracy else ""
        return f"{name:40} {close:8.3f}{spread} {distant:8.3f}{right}"

    def _ahead(self) -> str:
        """How far the first two of the list, which goes by the sum of both columns, can be told apart."""
        if self.classes == 1:
            return "Sorted by the sum. One training, one split: we would not act on a difference under 0.02."
        first, second, *_ = self.areas
        gaps = np.subtract(self.rounds[first], self.rounds[second])
        near, far = (gaps > 0).sum(axis=0)
        return (
            f"Sorted by the sum of both; ± is the SD over {self.classes} rounds, near, one training each.\n"
            f"{first} is ahead of {second} in {near} of the {self.classes} near, in {far} far. "
            "We would not act on a difference under 0.02."
        )


def ranked(folder: str | ImageSet, unknown: str | ImageSet | None = None, *, seed: int = 0, most: int = 5) -> Ranking:
    """AUROC of every score of the chapter, against `unknown`, pictures that must be refused, as `line` takes them; or
    each class left out in turn, `most` at most. A head on frozen features.

    Errors as `line`'s, and ValueError unless `most` is 1 or more.
    """
    pictures = _read("ranked", folder, most)
    areas: dict[str, list[Areas]] = {}
    missing: set[str] = set()
    worlds = _worlds("ranked", pictures, unknown, seed, most)
    for world in worlds:
        head = train_with_unknowns(world, None, HeadSettings(**HEAD), Loss("softmax"), seed)
        for name, settings in DETECTORS.items():
            try:
                k, close, distant = every_score(head, world, {name: settings})[name]
            except ValueError:  # a Weibull of one picture, 128 directions of 60 pictures
                missing.add(name)
                continue
            areas.setdefault(name, []).append((openset.auroc(k, close), openset.auroc(k, distant)))
    whole = {_named(name): found for name, found in areas.items() if name not in missing}
    return Ranking(whole, {}, _near_are(worlds, unknown), tuple(sorted(map(_named, missing))))


def _named(detector: str) -> str:
    """A name of `DETECTORS` as the lessons say it."""
    return detector.replace("on the backbone's features", "frozen features")


def taught(folder: str | ImageSet, unknown: str | ImageSet | None = None, *, seed: int = 0, most: int = 5) -> Ranking:
    """The same head without unknown pictures and with a class of them, of four kinds, as many as one class has; with
    `unknown` also what ten of these do to a line.

    Arguments and errors as `ranked`'s.
    """
    pictures = _read("taught", folder, most)
    collected = _collected(max(len(pictures) // len(pictures.classes), len(KINDS)))
    ways = {"no unknown pictures": (None, Loss("softmax")), "a class of them": (collected, Loss("background class"))}
    areas: dict[str, list[Areas]] = {name: [] for name in ways}
    right: dict[str, list[float]] = {name: [] for name in ways}
    notes: tuple[str, ...] = ()
    worlds = _worlds("taught", pictures, unknown, seed, most)
    for world in worlds:
        for name, (learned, loss) in ways.items():
            head = train_with_unknowns(world, learned, HeadSettings(**HEAD), loss, seed)
            k, close, distant = (unknown_score(head, part, loss) for part in (world.known, world.near, world.far))
            areas[name].append((openset.auroc(k, close), openset.auroc(k, distant)))
            right[name].append(float(named_right(head, world).double().mean()))
            if unknown is not None and learned is None:
                notes = _with_ten(head, world, seed)
    accuracy = {name: float(np.mean(found)) for name, found in right.items()}
    return Ranking(areas, accuracy, _near_are(worlds, unknown), notes=notes)


def _collected(count: int) -> Tensor:
    """float32 [count, D]: frozen features of unknowns of four kinds."""
    drawing = CollectSettings(side=96, **COLLECTING)
    drawn = [collected_pictures(kind, -(-count // len(KINDS)), drawing) for kind in KINDS]
    return torch.cat([_seen(some) for some in drawn])[:count]


def _with_ten(head: Head, world: World, seed: int, *, draws: int = 200) -> tuple[str, ...]:
    """A line by the tenth nearest in the hidden layer, without unknowns, and with ten that are drawn: a line each."""
    nearest = openset.KNN(k=min(10, len(world.train))).fit(head.embed(world.train), head(world.train), world.labels)
    own, strange = (nearest.score(head.embed(v), head(v)).numpy() for v in (world.known, world.near))
    half, rng = len(own) // 2, np.random.default_rng(seed)
    if half < openset.fewest_known(0.05) or len(strange) <= TEN:
        return (f"A line with {TEN} of yours: {len(own)} known to test with and {len(strange)} unknown are too few.",)
    errors = np.zeros((2, 2))
    for _ in range(draws):
        mine, other = rng.permutation(own), rng.permutation(strange)
        alone = openset.without_unknowns(mine[:half], rejected=0.05)
        for row, at in enumerate((alone, openset.with_few(mine[:half], other[:TEN], by="youden"))):
            errors[row] += ((mine[half:] > at).mean() / draws, (other[TEN:] <= at).mean() / draws)
    names = "a line without unknowns", f"a line with {TEN} of yours"
    return tuple(f"{name}: {lost:.0%} of the known lost, {got_in:.0%} of yours come in"
                 for name, (lost, got_in) in zip(names, errors, strict=True))  # fmt: skip


def _worlds(who: str, pictures: ImageSet, unknown: str | ImageSet | None, seed: int, most: int) -> list[World]:
    """A world with `unknown` as the near ones, or one for each class that is left out."""
    strange = None if unknown is None else _seen(_strange(unknown, who))
    seen, far = _seen(pictures), _seen(_far(pictures, seed))
    if strange is not None:
        return [_world(pictures, seen, np.arange(len(seen)), strange, far, seed)]
    return [
        _world(pictures, seen, known, seen[near], far, seed) for known, near in _rounds(pictures.labels, seed, most)
    ]


def _near_are(worlds: list[World], unknown: str | ImageSet | None) -> str:
    """The table's first words: what is near, and how many pictures."""
    known, near = (sum(len(part) for part in parts) for parts in zip(*((w.known, w.near) for w in worlds), strict=True))
    what = "yours" if unknown is not None else f"{len(worlds)} left-out classes"
    return f"near: {what} (n = {near}; known {known})"


def _world(pictures: ImageSet, seen: Tensor, known: np.ndarray, near: Tensor, far: Tensor, seed: int) -> World:
    learn, test = _parts(known, pictures.labels.numpy(), (0.7, 0.3), seed)
    labels = _numbered(pictures.labels[known])  # of all that are known, so that both parts have one numbering
    place = torch.full((len(pictures),), -1)
    place[known] = labels
    return World.of(seen[learn], place[learn], seen[test], place[test], near, far, source=pictures.source)


# --- pictures, and who is left out ---


def _pictures(folder: str | ImageSet) -> ImageSet:
    return folder if isinstance(folder, ImageSet) else data.from_folder(folder, size=SIDE)


def _strange(folder: str | ImageSet, who: str = "line") -> ImageSet:
    """Pictures that must be refused; in which folders they lie says nothing."""
    if isinstance(folder, ImageSet):
        return folder
    files = data.pictures_in(folder)
    if not files:
        raise data.DataError(
            f"{who} got unknown={folder!r}, where there is no picture; it wants a folder with pictures."
        )
    return data.unlabelled(files, SIDE)


def _check_enough(pictures: ImageSet, rejected: float, *, leave_out: bool) -> None:
    """ValueError where a quarter of the pictures, without the largest class if one is left out, draws no line."""
    rest = len(pictures) - (max(pictures.counts.values()) if leave_out else 0)
    wanted = 4 * openset.fewest_known(rejected)
    if rest < wanted:
        without = " without the largest class, which is left out in its turn" if leave_out else ""
        raise ValueError(
            f"line got {rest} pictures{without}, a quarter of which draws it; to lose at most {rejected:.0%} it wants "
            f"{wanted} or more. Give more, or a larger share as rejected."
        )


def _read(who: str, folder: str | ImageSet, most: int = 1) -> ImageSet:
    pictures = _pictures(folder)
    few = {name: n for name, n in pictures.counts.items() if n < LEAST}
    if len(pictures.classes) < 3 or few:
        told = ", ".join(f"{name} ({n})" for name, n in few.items()) or f"{len(pictures.classes)} classes"
        raise ValueError(f"{who} got {told}; it wants three classes or more, of {LEAST} pictures each or more.")
    if not checks.is_count(most):
        raise ValueError(f"{who} got most={most!r}; it wants 1 or more classes to leave out.")
    return pictures


def _seen(pictures: ImageSet) -> Tensor:
    """float32 [N, D]: frozen features."""
    network = models.backbone("mobilenet_v2_035")
    return torch.as_tensor(features.extract(network, pictures, size=SIDE, pooling="mean", progress=False, cache=False))


def _far(pictures: ImageSet, seed: int) -> ImageSet:
    return data.far_unknowns(N_FAR, seed=seed, side=pictures.images.shape[-1])


def _rounds(labels: Tensor, seed: int, most: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """(positions of the known, of a class that is left out), for `most` classes at most, drawn by the seed."""
    each = labels.numpy()
    for left_out in np.random.default_rng(seed).permutation(np.unique(each))[:most]:
        yield np.flatnonzero(each != left_out), np.flatnonzero(each == left_out)


def _parts(positions: np.ndarray, labels: np.ndarray, shares: tuple[float, ...], seed: int) -> list[np.ndarray]:
    """`positions`, every class cut in the same proportions."""
    blank = torch.zeros(len(positions), 1, 1, 1, dtype=torch.uint8)
    numbered = _numbered(torch.as_tensor(labels[positions]))
    whole = ImageSet.of(blank, numbered, [str(k) for k in range(int(numbered.max()) + 1)])
    return [positions[part.rows.numpy()] for part in whole.split(shares, seed=seed)]


def _numbered(labels: Tensor) -> Tensor:
    """int64 [N]: 0 to K − 1 for the K labels that occur."""
    return labels.unique(return_inverse=True)[1]
