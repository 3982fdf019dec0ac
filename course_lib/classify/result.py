"""What a build says of itself: frozen, without a tensor in it, and the same after JSON.

Everything that report, card and terminal print is read from a `Result`; none of them measures anything.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from .. import checks
from ..data import places
from .words import counted

VERSION = 2  # of the form below; `Result.from_dict` refuses another
PARTS = ("train", "val", "line", "test")
Kind = Literal["guess", "colour", "probe", "tuned", "averaged"]
ScoreName = Literal["", "max softmax", "max logit", "energy", "k nearest"]  # "": not given


@dataclass(frozen=True)
class Share:
    """`hits` of `n`, with a 95 % interval, 0–1. Wilson, 1927; of no pictures nothing is known: 0 to 1.

    Attributes:
        groups: that the `n` pictures come from. Where it is fewer than `n` the interval is wider: pictures of one group
            are more alike than others (`Share.of`).
    """

    hits: int
    n: int
    low: float
    high: float
    groups: int

    @classmethod
    def of(cls, hits: Sequence[bool] | np.ndarray, groups: Sequence[int] | np.ndarray | None = None) -> Share:
        """The share of True in `hits`, bool [N]; `groups`, integers [N]: pictures that are not independent.

        With groups, n is divided by the design effect, the variance between groups against that of independent
        pictures, where it is above 1. Kish: Survey Sampling, 1965, section 5.4; Korn, Graubard, 1998, for the interval.

        >>> str(Share.of([True, True, True, False]))
        '75.0 % (30 to 95 %, n = 4)'
        """
        right = np.asarray(hits, dtype=bool)
        n, k = len(right), int(right.sum())
        if not n:
            return cls(0, 0, 0.0, 1.0, 0)
        number = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
        m = int(number.max()) + 1
        low, high = _wilson(k / n, max(1.0, n / _design_effect(right, number, m)))
        return cls(k, n, min(low, k / n), max(high, k / n), m)  # of 0 and 1 but for rounding

    @property
    def value(self) -> float:
        """`hits` / `n`; NaN of no pictures."""
        return self.hits / self.n if self.n else math.nan

    def __str__(self) -> str:
        """For a reader: "92.0 % (86 to 96 %, n = 150)"."""
        if not self.n:
            return "not known (n = 0)"
        among = f", {counted(self.groups, 'group')}" if self.groups < self.n else ""
        return f"{100 * self.value:.1f} % ({100 * self.low:.0f} to {100 * self.high:.0f} %, n = {self.n:,}{among})"


def _wilson(share: float, n: float) -> tuple[float, float]:
    """`metrics.wilson_interval`, of an n that need not be whole."""
    z = 1.96
    middle, half = share + z**2 / (2 * n), z * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, (middle - half) / (1 + z**2 / n)), min(1.0, (middle + half) / (1 + z**2 / n))


def _design_effect(right: np.ndarray, number: np.ndarray, m: int) -> float:
    """How many times the variance of the share of `right` is that of independent pictures; at least 1."""
    n, share = len(right), right.mean()
    if m == n or m < 2 or share in (0, 1):
        # All alike tells nothing of how alike a group is: as if each group were one picture.
        return 1.0 if m == n else n / m
    off = np.bincount(number, weights=right - share, minlength=m)
    between = m / (m - 1) * (off**2).sum() / n**2
    return max(1.0, between / (share * (1 - share) / n))


@dataclass(frozen=True)
class Settings:
    """What decides a build, besides the pictures.

    Attributes:
        minutes: for fine-tuning, over all its runs; 0 leaves it out.
        group_by: "", "place", "date", "name-prefix", or a column of a CSV file in the folder.
        refuse: the promise: at most this share of your own classes' pictures is refused, 0–1.
        seed: of the parts, the order of training and what is generated.
        turns: whether a turned or mirrored picture keeps its class; "find out" tries it.
        score: how unknown a picture is, one of `reject.SCORES`; "" chooses it by leaving classes out.
    """

    minutes: float = 10.0
    group_by: str = ""
    refuse: float = 0.05
    seed: int = 0
    turns: Literal["yes", "no", "find out"] = "find out"
    score: ScoreName = ""

    def __post_init__(self) -> None:
        if not checks.is_number(self.minutes) or self.minutes < 0:
            raise ValueError(f"classify got minutes={self.minutes!r}; it wants 0 or more. Of no fine-tuning, 0.")
        if not checks.is_number(self.refuse) or not 0 < self.refuse < 1:
            raise ValueError(f"classify got refuse={self.refuse!r}; it wants a share between 0 and 1. Of 5 %, 0.05.")
        if not checks.is_count(self.seed, 0) or self.seed >= 2**31:
            raise ValueError(f"classify got seed={self.seed!r}; it wants a whole number from 0, below 2³¹.")
        if self.turns not in ("yes", "no", "find out"):
            raise ValueError(f'classify got turns={self.turns!r}; it wants "yes", "no" or "find out".')
        if self.score not in (names := typing.get_args(ScoreName)):
            raise ValueError(f'classify got score={self.score!r}; it wants one of {names[1:]}, or "" to choose it.')


@dataclass(frozen=True)
class LeftOut:
    """A file that was not used, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Pair:
    """Two files that show the same picture; `form` is one of `data.duplicates.FORMS`."""

    first: str
    second: str
    form: str


@dataclass(frozen=True)
class Looked:
    """What is in the folder.

    Attributes:
        folder: its name, without the way to it.
        pictures: that are used.
        counts: class → used pictures, in the order of the classes.
        size: pixels a side, with which pictures are kept; the median of their shorter sides is `median_side`.
        left_out: with the reasons; those that stand in two classes are among them.
        copies: near-duplicate pairs of one class, which are used, and kept in one part.
        conflicts: the same picture in two classes; both are left out.
        blurred: the least sharp, by the variance of the Laplacian; they are used.
        flat: nearly of one colour; they are used.
        grouped_by: what keeps pictures in one part, in words.
        groups: how many.
    """

    folder: str
    pictures: int
    counts: dict[str, int]
    size: int
    median_side: int
    left_out: tuple[LeftOut, ...]
    copies: tuple[Pair, ...]
    conflicts: tuple[Pair, ...]
    blurred: tuple[str, ...]
    flat: tuple[str, ...]
    grouped_by: str
    groups: int


@dataclass(frozen=True)
class Method:
    """One way to classify, on the same pictures: what it gets right of "val", which choices are made on, and of "test".

    Attributes:
        kind: "guess", "colour", "probe", "tuned" (one seed) or "averaged" (the mean of the tuned weights).
        name: for a reader.
        seed: None where nothing is drawn.
    """

    kind: Kind
    name: str
    seed: int | None
    val: Share
    test: Share
    seconds: float


@dataclass(frozen=True)
class Turning:
    """Whether a turned or mirrored picture keeps its class.

    Attributes:
        keeps: so it is taken.
        asked: the user said so; else found by the probe, on "val": what it gets right upright and turned.
    """

    keeps: bool
    asked: bool
    upright: Share
    turned: Share


@dataclass(frozen=True)
class Bin:
    """Test pictures of which the maximum probability lies above `low`, up to `high`.

    `confidence` is its mean, `right` the share that is answered right; both are NaN where n = 0, null in JSON.
    """

    low: float
    high: float
    n: int
    confidence: float | None
    right: float | None


@dataclass(frozen=True)
class Calibration:
    """The temperature, fitted on "line", and what it changes on "test".

    Attributes:
        ece_before, ece: expected calibration error of the test pictures at temperature 1, and at `temperature`, 0–1.
        n_fit: pictures that it was fitted on.
        bins: of the reliability picture, at `temperature`; ten.
    """

    temperature: float
    n_fit: int
    ece_before: float
    ece: float
    n: int
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Candidate:
    """A score for the unknown, and how well it tells the unknown from the known.

    Attributes:
        auroc: by which it is chosen, the mean of the two below, so that neither kind of unknown is forgotten.
        auroc_left_out: mean over `left_out` classes, each unknown to a network of its own.
        auroc_generated: the same networks on far unknowns, other ones than those of the test.
    """

    name: str
    auroc: float
    auroc_left_out: float
    auroc_generated: float
    left_out: int


@dataclass(frozen=True)
class Unknown:
    """What is let in of one kind of pictures that belong to no class.

    Attributes:
        name: for a reader, such as "left out: honda".
        kind: "left out" (a class, by a network without it), "given" (--unknown), or "generated".
        let_in: share that is not refused.
        network: "probe" or "tuned": which kind of network met them.
    """

    name: str
    kind: Literal["left out", "given", "generated"]
    let_in: Share
    network: str


@dataclass(frozen=True)
class Rejection:
    """How the classifier says "none of these".

    Attributes:
        score: its name; higher = more unknown. One of `reject.SCORES`.
        candidates: all that were tried, the best first; empty where there are too few classes to leave one out.
        promise: of pictures of the own classes, drawn like these, at most this share is refused.
        threshold: a picture is accepted if its score ≤ threshold. None: no line can be drawn, all is accepted.
        n_line: pictures that the line was drawn with.
        n_wanted: that the promise wants at least.
        note: what is to be said of the promise, in a sentence; "" where there is nothing.
        lost: of the test pictures of the own classes, how many are refused.
        lost_right: the same, of those that are answered right.
        unknowns: what is let in, one entry a kind.
    """

    score: str
    candidates: tuple[Candidate, ...]
    promise: float
    threshold: float | None
    n_line: int
    n_wanted: int
    note: str
    lost: Share
    lost_right: Share
    unknowns: tuple[Unknown, ...]

    def let_in(self, kind: str) -> Share:
        """All unknown pictures of one kind, together.

        A class that is left out is one draw of what may come: some are let in nearly always and some hardly ever. So
        the interval is over classes, and wider than that of so many pictures.
        """
        mine = [one.let_in for one in self.unknowns if one.kind == kind]
        hits = np.concatenate([np.zeros(0, dtype=bool), *(np.arange(one.n) < one.hits for one in mine)])
        classes = np.repeat(np.arange(len(mine)), [one.n for one in mine])
        return Share.of(hits, classes if kind == "left out" else None)


@dataclass(frozen=True)
class Row:
    """One test picture.

    Attributes:
        file: below the folder, "class/name".
        truth, answer: positions in `Result.classes`; `answer` is the likeliest class, refused or not.
        probabilities: one a class, calibrated, sum 1.
        score: how unknown; `accepted`: score ≤ threshold.
    """

    file: str
    truth: int
    answer: int
    probabilities: tuple[float, ...]
    score: float
    accepted: bool

    @property
    def probability(self) -> float:
        """Of the answer."""
        return self.probabilities[self.answer]


@dataclass(frozen=True)
class ClassRow:
    """A class on the test pictures: how many of its own are found, and how many of those called so are its own.

    `refused`: of its own pictures.
    """

    name: str
    n_train: int
    recall: Share
    precision: Share
    refused: Share


@dataclass(frozen=True)
class Suspect:
    """A label that is probably wrong: confident learning on probes that had not seen the picture."""

    file: str
    label: str
    seen_as: str
    probability_of_label: float
    probability_of_seen: float


@dataclass(frozen=True)
class Model:
    """What a picture goes through. The weights are in model.safetensors.

    Attributes:
        backbone, pooling, size: of `models.Classifier`; pictures are resized to `size` × `size` after `stored`.
        stored: pixels a side with which a picture file is read: upright RGB, its shorter side scaled to it, the middle
            cut out (`data.read_picture`).
        kind: "probe" (the backbone is as it came) or "tuned".
        digest: SHA-256 of model.safetensors.
    """

    backbone: str
    pooling: str
    stored: int
    size: int
    kind: str
    digest: str


@dataclass(frozen=True)
class Result:
    """All that a build found; see each part.

    Attributes:
        parts: "train", "val" (choices), "line" (temperature, line), "test" → pictures.
        methods: all that were tried, in their order.
        chosen: "probe", "tuned" or "averaged", and `why`, a sentence.
        accuracy: of all test pictures, none refused; `accuracy_accepted`: of those that are accepted.
        per_class, confusion (truth in rows; all test pictures), rows: on "test".
        seeds: of the fine-tuning runs.
        seconds: stage → measured wall seconds, as far as this machine was shared.
        hardware: such as "CPU, 2 threads".
    """

    settings: Settings
    classes: tuple[str, ...]
    looked: Looked
    parts: dict[str, int]
    methods: tuple[Method, ...]
    turning: Turning
    chosen: str
    why: str
    accuracy: Share
    accuracy_accepted: Share
    calibration: Calibration
    rejection: Rejection
    per_class: tuple[ClassRow, ...]
    confusion: tuple[tuple[int, ...], ...]
    rows: tuple[Row, ...]
    suspects: tuple[Suspect, ...]
    model: Model
    seeds: tuple[int, ...]
    seconds: dict[str, float]
    hardware: str
    versions: dict[str, str]
    version: int = VERSION

    def to_dict(self) -> dict[str, Any]:
        """Of dicts, lists, strings and numbers only; no NaN in it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Result:
        """The `Result` of `to_dict`, also after JSON.

        Raises:
            ValueError: of another version, or something is missing or of another type.
        """
        if not isinstance(content, dict) or content.get("version") != VERSION:
            got = content.get("version") if isinstance(content, dict) else type(content).__name__
            raise ValueError(f"Result got version {got!r}; it wants {VERSION}. Build the classifier again.")
        return _read(cls, content)

    def save(self, path: str | Path) -> Path:
        """Write it as JSON, whole or not at all."""
        path = Path(path)
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False)  # a file's name may hold what UTF-8 does not
        with places.replacing(path) as part:
            part.write_text(text, encoding="utf-8")
        return path

    @classmethod
    def open(cls, path: str | Path) -> Result:
        """What `save` wrote. ValueError where it is something else, FileNotFoundError where there is nothing."""
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
        except (ValueError, RecursionError) as error:  # also a number of 5,000 digits, and thousands of brackets
            raise ValueError(
                f"Result got {Path(path).name}, which is no JSON ({error}); it wants a file of `course classify`."
            ) from error
        return cls.from_dict(content)


def _read(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any of the types of a Result
    """`value`, as JSON gives it, as an instance of `kind`; ValueError where it does not fit."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        return _read_fields(kind, value)
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_read(inner[0], one) for one in value)
    if origin is dict and isinstance(value, dict):
        return {name: _read(inner[1], one) for name, one in value.items()}
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _read(next(one for one in inner if one is not type(None)), value)
    if origin is Literal and value in inner:
        return value
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and origin is None and type(value) is kind:
        return value
    raise ValueError(
        f"Result got {str(value)[:60]!r}; it wants {kind}. The file was changed, or is of another version."
    )


def _read_fields(kind: Any, value: Any) -> Any:  # noqa: ANN401
    hints = typing.get_type_hints(kind)
    fields = {field.name for field in dataclasses.fields(kind)}
    if not isinstance(value, dict) or set(value) != fields:
        keys = sorted(value) if isinstance(value, dict) else type(value).__name__
        raise ValueError(f"Result got {keys} for {kind.__name__}; it wants {sorted(fields)}. Build it again.")
    return kind(**{name: _read(hints[name], one) for name, one in value.items()})
