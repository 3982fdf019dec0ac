"""How to say "none of these": which score, where the line, and what is lost and let in with it.

The score is chosen by leaving classes out: a network without a class meets that class's pictures as it will meet what
is like your classes and none of them, and generated pictures as what is far from all. The line is the conformal one of
`openset.without_unknowns`. Nothing is chosen on the test pictures, or on the unknown pictures that the user gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from .. import data, models, openset
from ..data import ImageSet
from ..openset import by_features
from . import probe, tune
from .answerer import SCORES
from .probe import Parts
from .result import Candidate, Rejection, Share, Unknown
from .stages import Teller, Work

BY_DEFAULT = "k nearest"  # where there are too few classes to leave one out
FOLDS = 10  # classes that are left out, one by one, at most
LEARNED = 2000  # training pictures of a network without a class
MET = 200  # pictures of a class that is left out
BANK = 1000  # training pictures that new ones are compared with
NEAREST = 1  # k: on car makers' logos the nearest alone told other makers apart better than the third or fifth
GENERATED = 240  # far unknowns of the test
TO_CHOOSE = 100  # others, of the same kinds, that the score is chosen with
FAR = ("texture", "noise", "photograph", "flat colour")  # a satellite tile may be a class of the user's


@dataclass(frozen=True, eq=False)
class Seen:
    """A network and what it makes of the parts.

    Attributes:
        kind: "probe", "tuned" or "averaged".
        features: part ("val", "line", "test") → float32 [n, D]; "bank" → float32 [M, D] of length 1.
        k: of "k nearest".
    """

    kind: str
    classifier: models.Classifier
    features: dict[str, np.ndarray]
    k: int

    @property
    def head(self) -> nn.Linear:
        """The last layer."""
        return probe.last_layer(self.classifier)

    def logits(self, part: str) -> Tensor:
        """float32 [n, K]."""
        return probe.logits(self.head, self.features[part])

    def scores(self, name: str, features: np.ndarray) -> np.ndarray:
        """How unknown: float64 [n], of features [n, D]."""
        return score(name, self.head, features, self.features["bank"], self.k)


@torch.inference_mode()
def score(name: str, head: nn.Module, features: np.ndarray, bank: np.ndarray, k: int) -> np.ndarray:
    """float64 [N]: one of `SCORES`, in float32 as the answering network has it."""
    x = torch.from_numpy(np.ascontiguousarray(features))
    if not len(x):
        return np.zeros(0)
    return SCORES[name](x, head(x), torch.from_numpy(np.ascontiguousarray(bank)), k).double().numpy()


def bank_rows(rows: np.ndarray, seed: int) -> np.ndarray:
    """Training pictures to compare with."""
    return probe.drawn(rows, BANK, seed)


def length_one(features: np.ndarray) -> np.ndarray:
    """float32 [N, D]."""
    return by_features.length_one(torch.from_numpy(np.ascontiguousarray(features)).float()).numpy()


# --- classes left out ---


@dataclass(frozen=True, eq=False)
class Meeting:
    """A class that a network was not taught: the scores of the line's known pictures, of the class's own, and of far
    unknowns; score → float64 [n]."""

    name: str
    known: dict[str, np.ndarray]
    unknown: dict[str, np.ndarray]
    far: dict[str, np.ndarray]


def left_out_by_probe(parts: Parts, seed: int, work: Work, teller: Teller) -> list[Meeting]:
    """A probe without each class, or without ten drawn of more; none where fewer than two classes would be left."""
    classes = parts.pictures.classes
    if len(classes) < 3:
        return []
    chosen = np.sort(np.random.default_rng([seed, 3]).permutation(len(classes))[:FOLDS])
    far = work.array("far", lambda: probe.looked_through(probe.backbone(), _to_choose(parts.size, seed), parts.size))
    found = []
    for number, c in enumerate(chosen.tolist()):
        teller.tell(number, len(chosen))
        kept = work.array(f"left-out-{c}", lambda c=c: _without(parts, c, far, seed))  # type: ignore[misc]
        known = int((parts.labels("line") != c).sum())
        split = [dict(zip(SCORES, part, strict=True)) for part in np.split(kept, [known, kept.shape[1] - len(far)], 1)]
        found.append(Meeting(classes[c], *split))
    return found


def _without(parts: Parts, c: int, far: np.ndarray, seed: int) -> np.ndarray:
    """float64 [scores, known + unknown + far] of a probe without class `c`."""
    labels, rows, line = parts.pictures.labels.numpy(), parts.rows("train"), parts.rows("line")
    rows = probe.drawn(rows[labels[rows] != c], LEARNED, seed)
    if len(np.unique(labels[rows])) < 2:
        raise ValueError(f"classify got fewer than two classes to learn from without {parts.pictures.classes[c]!r}.")
    head = probe.regression(parts.embeddings[rows], labels[rows], len(parts.pictures.classes))
    bank = length_one(parts.embeddings[bank_rows(rows, seed)])
    met = np.concatenate([line[labels[line] != c], probe.drawn(np.flatnonzero(labels == c), MET, seed)])
    x = np.concatenate([parts.embeddings[met], far])
    return np.stack([score(name, head, x, bank, NEAREST) for name in SCORES])


def left_out_by_tuned(
    parts: Parts, plan: tune.Plan, turns: bool, seed: int, work: Work, teller: Teller
) -> list[Meeting]:
    """One network, fine-tuned without a quarter of the classes (one at least), meets each of them."""
    classes, labels = parts.pictures.classes, parts.pictures.labels.numpy()
    if len(classes) < tune.LEFT_OUT:
        return []
    order = np.random.default_rng([seed, 4]).permutation(len(classes))
    count = max(1, len(classes) // tune.LEFT_OUT)
    without, known = np.sort(order[:count]), np.sort(order[count:])
    train, val, line = (part[np.isin(labels[part], known)] for part in map(parts.rows, ("train", "val", "line")))
    head = probe.regression(parts.embeddings[train], np.searchsorted(known, labels[train]), len(known))
    network = tune.tuned(
        among(parts.pictures, train, known), among(parts.pictures, val, known), head, parts, epochs=plan.epochs,
        turns=turns, seed=seed, work=work, teller=teller, name="tune-without",
    )  # fmt: skip
    bank = length_one(_features(network, parts, bank_rows(train, seed), work, "without-bank"))
    head = probe.last_layer(network)
    far = work.array(
        "without-far", lambda: probe.looked_through(network.backbone, _to_choose(parts.size, seed), parts.size)
    )
    of_known, of_far = (_scored(head, x, bank) for x in (_features(network, parts, line, work, "without-line"), far))
    found = []
    for c in without.tolist():
        met = _features(network, parts, probe.drawn(np.flatnonzero(labels == c), MET, seed), work, f"without-{c}")
        found.append(Meeting(classes[c], of_known, _scored(head, met, bank), of_far))
    return found


def _scored(head: nn.Module, features: np.ndarray, bank: np.ndarray) -> dict[str, np.ndarray]:
    return {name: score(name, head, features, bank, NEAREST) for name in SCORES}


def among(pictures: ImageSet, rows: np.ndarray, classes: np.ndarray) -> ImageSet:
    """The pictures at `rows`, all of `classes` (ascending), which are numbered from 0."""
    some = pictures.at(rows)
    names = tuple(pictures.classes[c] for c in classes)
    number = torch.from_numpy(np.searchsorted(classes, some.labels.numpy()))
    return ImageSet(some.store, some.rows, number, names, "real", fingerprint=some.fingerprint, names=some.names)


def _features(network: models.Classifier, parts: Parts, rows: np.ndarray, work: Work, name: str) -> np.ndarray:
    pictures = parts.pictures.at(rows)
    return work.array(name, lambda: probe.looked_through(network.backbone, pictures, parts.size), parts.size)


def seen_by_probe(parts: Parts, head: nn.Linear, seed: int) -> Seen:
    """The probe on the parts."""
    rows = bank_rows(parts.rows("train"), seed)
    features = {part: np.asarray(parts.embeddings[parts.rows(part)]) for part in ("val", "line", "test")}
    features["bank"] = length_one(parts.embeddings[rows])
    return Seen("probe", probe.classifier(head, parts.pictures.classes), features, NEAREST)


def seen_by_tuned(parts: Parts, network: models.Classifier, kind: str, name: str, seed: int, work: Work) -> Seen:
    """A fine-tuned network on the parts; `name` tells it from others in `work`."""
    features = {
        part: _features(network, parts, parts.rows(part), work, f"{name}-{part}") for part in ("val", "line", "test")
    }
    rows = bank_rows(parts.rows("train"), seed)
    features["bank"] = length_one(_features(network, parts, rows, work, f"{name}-bank"))
    return Seen(kind, network, features, NEAREST)


# --- which score, which line ---


def candidates(meetings: Sequence[Meeting]) -> tuple[Candidate, ...]:
    """All scores, the best first; of equals the one that stands first in `SCORES`. See `Candidate`."""
    if not meetings:
        return ()
    found = []
    for name in SCORES:
        near, far = (
            float(np.mean([_auroc(one.known[name], getattr(one, kind)[name]) for one in meetings]))
            for kind in ("unknown", "far")
        )
        found.append(Candidate(name, (near + far) / 2, near, far, len(meetings)))
    return tuple(sorted(found, key=lambda one: -one.auroc))


def _auroc(known: np.ndarray, unknown: np.ndarray) -> float:
    return openset.auroc(known, unknown) if len(known) and len(unknown) else 0.5


def line(scores: np.ndarray, promise: float) -> float | None:
    """`openset.without_unknowns`; None where there are too few scores for the promise.

    It lies half-way to the next score: on a score itself, another arithmetic (ONNX, the page) may answer otherwise. A
    line further out refuses no more.
    """
    if len(scores) < openset.fewest_known(promise):
        return None
    threshold = openset.without_unknowns(scores, rejected=promise)
    beyond = scores[scores > threshold]
    return float(threshold + beyond.min()) / 2 if len(beyond) else threshold


def let_in(meetings: Sequence[Meeting], promise: float, kind: str, score: str = "") -> tuple[Unknown, ...]:
    """What is let in of each class left out, by the score that the *other* classes choose and a line of its own.

    A `score` that is given was chosen by nobody. Of one class alone there are no others: its score is the one that does
    best on it, which flatters it.
    """
    found = []
    for number, met in enumerate(meetings):
        others = [one for other, one in enumerate(meetings) if other != number]
        name = score or (candidates(others) or candidates([met]))[0].name
        found.append(
            Unknown(f"left out: {met.name}", "left out", _kept(met.unknown[name], line(met.known[name], promise)), kind)
        )
    return tuple(found)


def _kept(scores: np.ndarray, threshold: float | None) -> Share:
    return Share.of(np.ones(len(scores), dtype=bool) if threshold is None else scores <= threshold)


# --- the test ---


def rejection(
    seen: Seen,
    parts: Parts,
    meetings: Sequence[Meeting],
    promise: float,
    unknowns: Sequence[tuple[str, str, ImageSet]],
    score: str = "",
) -> Rejection:
    """The score, the line, and what both cost.

    Args:
        meetings: of the same kind of network as `seen`.
        unknowns: (name, "given" or "generated", pictures).
        score: "" takes the first of `candidates`.
    """
    tried = candidates(meetings)
    name = score or (tried[0].name if tried else BY_DEFAULT)
    own = seen.scores(name, seen.features["line"])
    threshold = line(own, promise)
    test = seen.scores(name, seen.features["test"])
    lost = np.zeros(len(test), dtype=bool) if threshold is None else test > threshold
    right = seen.logits("test").argmax(dim=1).numpy() == parts.labels("test")
    groups = parts.groups[parts.rows("test")]
    kind = "probe" if seen.kind == "probe" else "tuned"
    met = [
        *let_in(meetings, promise, kind, score),
        *(_met(seen, parts, one, name, threshold, kind) for one in unknowns),
    ]
    return Rejection(
        score=name,
        candidates=tried,
        promise=promise,
        threshold=threshold,
        n_line=len(own),
        n_wanted=openset.fewest_known(promise),
        note=note(len(own), promise, grouped=len(np.unique(parts.groups)) < len(parts.groups)),
        lost=Share.of(lost, groups),
        lost_right=Share.of(lost[right], groups[right]),
        unknowns=tuple(met),
    )


def _met(
    seen: Seen, parts: Parts, unknown: tuple[str, str, ImageSet], name: str, threshold: float | None, kind: str
) -> Unknown:
    title, source, pictures = unknown
    features = probe.looked_through(seen.classifier.backbone, pictures, parts.size)
    return Unknown(title, source, _kept(seen.scores(name, features), threshold), kind)  # type: ignore[arg-type]


def note(n: int, promise: float, *, grouped: bool = False) -> str:
    """What a line that was drawn with `n` pictures can promise, in a sentence or two.

    The share that such a line refuses has a Beta distribution: Vovk: Conditional Validity of Inductive Conformal
    Predictors, ACML 2012. It is wider where the pictures come in groups.
    """
    if n < (fewest := openset.fewest_known(promise)):
        return (
            f"No line can be drawn: the promise of {100 * promise:g} % wants {fewest} pictures kept for it, and "
            f"there are {n}. So no picture is refused. Add pictures, or promise less: --refuse with a larger share."
        )
    rank = math.ceil((n + 1) * (1 - promise) - 1e-9)
    from scipy.stats import beta

    low, high = (100 * (1 - beta.ppf(q, rank, n + 1 - rank)) for q in (0.975, 0.025))
    return (
        f"The promise holds on average over folders like yours. Of lines that are drawn with {n:,} pictures, as "
        f"this one, 95 of 100 refuse {low:.1f} to {high:.1f} % of further pictures of your classes"
        f"{', and more or fewer where pictures come in groups' if grouped else ''}."
    )


def generated(side: int, seed: int) -> list[tuple[str, str, ImageSet]]:
    """Far unknowns of the test, drawn by code, one entry a kind."""
    far = _far(GENERATED, side, seed)
    kinds = [(name, np.flatnonzero(far.labels.numpy() == far.classes.index(name))) for name in FAR]
    return [(f"generated: {name}", "generated", far.at(rows)) for name, rows in kinds if len(rows)]


def _to_choose(side: int, seed: int) -> ImageSet:
    return _far(TO_CHOOSE, side, seed + 1)


def _far(n: int, side: int, seed: int) -> ImageSet:
    """About `n` pictures of the kinds of `FAR`."""
    far = data.far_unknowns(n * 5 // 4, seed=seed, side=side)
    wanted = [far.classes.index(name) for name in FAR]
    return far.at(np.flatnonzero(np.isin(far.labels.numpy(), wanted)))
