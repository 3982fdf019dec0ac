"""The experiments and trials of lesson 5: open-set rejection. `course trials list` names them.

A backbone is frozen, and what is trained is a head on what it says of a picture: a second a run. Each seed draws its
own pictures, splits and weights. Settings were chosen by accuracy on the known alone; no unknown had a say in them.
"""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from scipy import stats
from torch import Tensor, nn
from torch.nn import functional as F

from .. import data, features, models, openset
from ..data import ImageSet
from ..data.logos import (
    FAR,
    _mark,
    _spoilt,
    both,
    box,
    compose,
    disc,
    line,
    logos_and_masks,
    marks,
    polygon,
    ring,
    text,
)
from .evidence import Summary
from .registry import summary, verdicts
from .trial import Experiment, Trial

LESSON = "05_open_set_rejection"
SEEDS = 10
POINT, TWO_POINTS, FIVE_POINTS = 0.01, 0.02, 0.05
SMALL = 20  # pictures of each class in a rerun that a learner waits for

PER_CLASS, PER_CLASS_TEST, N_FAR = 100, 30, 300
SIDE = 96
SIZES = {"mobilenet_v2_035": 160, "squeezenet1_1": 96}  # pixels that the pictures are enlarged to
NETWORK, SECOND = SIZES
SURE = 0.99

Recipe = Mapping[str, object]


# --- heads on frozen features ---

HIDDEN, DROPOUT, RATE, EPOCHS, BATCH = 256, 0.5, 1e-3, 20, 64
NONE = -1  # the label of a picture that is none of the classes


class Head(nn.Module):
    """Features [B, D] → Dense 256, ReLU, dropout → logits [B, K]: the asker's, without its softmax."""

    def __init__(self, width: int, classes: int, *, seed: int):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.hidden, self.last = nn.Linear(width, HIDDEN), nn.Linear(HIDDEN, classes)

    def embed(self, x: Tensor) -> Tensor:
        """float [B, 256]: what the last layer gets."""
        return F.relu(self.hidden(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(F.dropout(self.embed(x), DROPOUT, self.training))


def _one_hot(labels: Tensor, classes: int) -> Tensor:
    """float [B, classes]; a row of zeros for `NONE`."""
    return F.one_hot(labels.clamp(min=0), classes).float() * (labels != NONE)[:, None]


def softmax_loss(logits: Tensor, hidden: Tensor, labels: Tensor) -> Tensor:
    return F.cross_entropy(logits, labels)


def background_loss(logits: Tensor, hidden: Tensor, labels: Tensor) -> Tensor:
    """The last logit is that of the class "none of these"."""
    return F.cross_entropy(logits, torch.where(labels == NONE, logits.shape[1] - 1, labels))


def zeros_loss(logits: Tensor, hidden: Tensor, labels: Tensor) -> Tensor:
    """A sigmoid a class; the target of none is all zeros."""
    targets = _one_hot(labels, logits.shape[1])
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1).mean()


def entropic_loss(logits: Tensor, hidden: Tensor, labels: Tensor) -> Tensor:
    """The target of none is 1/K everywhere. Dhamija, Günther, Boult: Reducing Network Agnostophobia, 2018, eq. 1."""
    k = logits.shape[1]
    return F.cross_entropy(logits, _one_hot(labels, k) + (labels == NONE)[:, None].float() / k)


def objectosphere_loss(logits: Tensor, hidden: Tensor, labels: Tensor, *, radius: float = 10, weight: float = 0.01):
    """`entropic_loss`, and features of none shrink to 0, those of the known beyond `radius`. The same paper, eq. 2."""
    length = hidden.norm(dim=1)
    away = torch.where(labels == NONE, length, (radius - length).clamp(min=0)).square()
    return entropic_loss(logits, hidden, labels) + weight * away.mean()


def exposure_loss(logits: Tensor, hidden: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the known, and half of that of none to 1/K, each its own mean. Hendrycks et al.: Deep Anomaly
    Detection with Outlier Exposure, ICLR 2019, section 3 and 4.3."""
    none = labels == NONE
    known = F.cross_entropy(logits[~none], labels[~none]) if (~none).any() else 0.0
    return known + (0.5 * -logits[none].log_softmax(dim=1).mean() if none.any() else 0.0)


LOSSES = {
    "softmax": softmax_loss,
    "sigmoids": zeros_loss,
    "background class": background_loss,
    "all-zero targets": zeros_loss,
    "entropic open-set loss": entropic_loss,
    "objectosphere": objectosphere_loss,
    "outlier exposure": exposure_loss,
}


def trained(
    x: Tensor,
    labels: Tensor,
    *,
    loss: str = "softmax",
    epochs: int = EPOCHS,
    rate: float = RATE,
    batch: int = BATCH,
    seed: int = 0,
    seen: Callable[[int, Head], None] | None = None,
) -> Head:
    """A head that was fitted to features [N, D] with Adam; `labels` may hold `NONE`. `seen` is called every epoch."""
    classes = int(labels.max()) + 1 + (loss == "background class")
    head = Head(x.shape[1], classes, seed=seed)
    optimizer = torch.optim.Adam(head.parameters(), lr=rate, fused=True)  # a third less time
    order = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # of the dropout
        for epoch in range(1, epochs + 1):
            for rows in torch.randperm(len(x), generator=order).split(batch):
                hidden = F.dropout(head.embed(x[rows]), DROPOUT)
                optimizer.zero_grad()
                LOSSES[loss](head.last(hidden), hidden, labels[rows]).backward()
                optimizer.step()
            if seen:
                seen(epoch, head)
    return head.eval().requires_grad_(False)


def unknown_score(head: Head, x: Tensor, loss: str) -> Tensor:
    """float64 [N]: as a user of that head would take it, from what its outputs say of the known classes."""
    logits = head(x).double()
    if loss == "background class":
        return -logits.log_softmax(dim=1)[:, :-1].amax(dim=1)
    if loss in ("sigmoids", "all-zero targets"):
        return openset.max_logit(logits)
    if loss == "objectosphere":  # the paper's: probability times length
        return -logits.softmax(dim=1).amax(dim=1) * head.embed(x).double().norm(dim=1)
    return -logits.log_softmax(dim=1).amax(dim=1)  # the order of 1 − maximum softmax, without its ties


def certainty(head: Head, x: Tensor, loss: str) -> Tensor:
    """float [N], 0–1: the highest probability of a known class."""
    logits = head(x).double()
    if loss in ("sigmoids", "all-zero targets"):
        return logits.sigmoid().amax(dim=1)
    return logits.softmax(dim=1)[:, : -1 if loss == "background class" else None].amax(dim=1)


# --- pictures and their features ---


class World(NamedTuple):
    """Features float [N, D] of what is learned and of what is met.

    Attributes:
        train, labels: the known that are learned.
        known, truth: the known that are met.
        near, far: unknown.
    """

    train: Tensor
    labels: Tensor
    known: Tensor
    truth: Tensor
    near: Tensor
    far: Tensor
    scale: float
    source: str


def _world(train: ImageSet, known: ImageSet, near: ImageSet, far: ImageSet, see: Callable) -> World:
    found = [torch.tensor(see(part)) for part in (train, known, near, far)]
    scale = 1 / float(found[0].std())  # one number: rates mean the same for each backbone
    x, k, n, f = (scale * part for part in found)
    return World(x, train.labels, k, known.labels, n, f, scale, train.source)


def _see(network: str, n: int | None, size: int | None = None) -> Callable[[ImageSet], np.ndarray]:
    """Pictures → float32 [N, D]."""
    backbone = _backbone(network, n is None)
    size = SIZES[network] if size is None else size
    kept = {"size": size or None, "cache": True} if n is None else {"cache": False}
    return partial(features.extract, backbone, pooling="mean", progress=False, **kept)


@lru_cache
def _backbone(network: str, real: bool) -> models.Backbone:
    return models.backbone(network, weights="real" if real else "any")


def _drawn(seed: int, n: int | None) -> tuple[ImageSet, ImageSet, ImageSet, ImageSet]:
    """Pictures of (known to learn, known to meet, near unknowns, far unknowns); all seeds differ."""
    many, few = (PER_CLASS, PER_CLASS_TEST) if n is None else (n, n)
    return (
        data.logos(many, seed=2 * seed, side=SIDE),
        data.logos(few, seed=2 * seed + 1, side=SIDE),
        data.logos(few, seed=2 * seed + 1, side=SIDE, which="near"),
        data.far_unknowns(N_FAR if n is None else 10 * n, seed=2 * seed + 1, side=SIDE),
    )


_pictures = lru_cache(maxsize=12)(_drawn)  # 52 MB each


@lru_cache(maxsize=24)
def logo_world(network: str, seed: int, n: int | None = None) -> World:
    """Generated logos: ten known, ten near, far unknowns."""
    return _world(*_pictures(seed, n), see=_see(network, n))


def _result(value: float, world: World, *parts: str) -> dict[str, object]:
    n = sum(len(getattr(world, part)) for part in parts)
    return {"value": float(value), "n": n, "source": world.source}


# --- the asker's network ---

SLOW = 1e-5
_MARKS = (1, 3, 10, 30)


def _asked(*cases: tuple[str, str, float, tuple[int, ...]]) -> dict[str, tuple[str, str, float, int]]:
    return {
        f"{library}, rate {rate:g}, {epochs} epoch{'s' * (epochs > 1)}": (library, kind, rate, epochs)
        for library, kind, rate, marks in cases
        for epochs in marks
    }


ASKED = _asked(("Keras", "means", RATE, (1, 3, 10)), ("PyTorch", "means", RATE, (*_MARKS, 100)))
FLATTENED = _asked(("Keras", "Flatten", SLOW, _MARKS), ("PyTorch", "Flatten", SLOW, (*_MARKS, 100)))
ASKERS_BATCH = 32  # what Keras takes where nobody says


def _flat(pictures: ImageSet, n: int | None) -> Tensor:
    """float [N, D · h · w]: the whole last map of the pictures as they were drawn, as `Flatten` gives it."""
    backbone = _backbone(NETWORK, n is None)
    with torch.inference_mode():
        maps = [
            backbone(backbone.preprocessing(pictures.batch(rows))).flatten(1)
            for rows in torch.arange(len(pictures)).split(100)
        ]
    return torch.cat(maps).clone()


@lru_cache(maxsize=1)
def _askers_features(kind: str, seed: int, n: int | None) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """(features to learn from, their labels, features of the known, near and far)."""
    world = logo_world(NETWORK, seed, n)
    if kind == "means":
        return world.train, world.labels, (world.known, world.near, world.far)
    train, *met = (_flat(part, n) for part in _pictures(seed, n))
    return train, world.labels, tuple(met)


@lru_cache(maxsize=8)
def _answers(library: str, kind: str, rate: float, seed: int, n: int | None) -> dict[int, tuple[Tensor, ...]]:
    """epoch → probabilities of the known, near and far after that many epochs."""
    marks = [epochs for *head, epochs in (ASKED | FLATTENED).values() if head == [library, kind, rate]]
    last = max(marks) if n is None else 3
    train, labels, met = _askers_features(kind, seed, n)
    if library == "Keras":
        found = _keras_answers(train, labels, met, rate, last, seed)
    else:
        found = {}

        def look(epoch: int, head: Head) -> None:
            if epoch in marks or epoch == last:
                with torch.inference_mode():
                    found[epoch] = tuple(head.last(head.embed(x)).softmax(dim=1) for x in met)

        trained(train, labels, epochs=last, rate=rate, batch=ASKERS_BATCH, seed=seed, seen=look)
    return found if n is None else {epoch: found[max(e for e in found if e <= max(epoch, 1))] for epoch in marks}


def _keras_answers(train: Tensor, labels: Tensor, met: tuple, rate: float, last: int, seed: int) -> dict:
    """The head as the asker wrote it, in Keras on the torch backend: epoch → probabilities, for some of the epochs."""
    os.environ.setdefault("KERAS_BACKEND", "torch")  # before Keras is imported
    import keras

    keras.utils.set_random_seed(seed)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((train.shape[1],)),
            layers.Dense(HIDDEN, activation="relu"),
            layers.Dropout(DROPOUT),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy")
    x, y, found = train.numpy(), keras.utils.to_categorical(labels.numpy(), 10), {}
    marks = sorted({m for m in (*_MARKS, last) if m <= last})
    for before, mark in zip([0, *marks], marks, strict=False):
        model.fit(x, y, batch_size=ASKERS_BATCH, epochs=mark - before, verbose=0)
        found[mark] = tuple(torch.tensor(model.predict(part.numpy(), batch_size=512, verbose=0)) for part in met)
    return found


def run_asked(metric: str, variant: str, seed: int, n: int | None = None) -> Recipe:
    """Accuracy on the known, or the share of unknowns that is given 0.99 or more, or the mean of what is given."""
    library, kind, rate, epochs = (ASKED | FLATTENED)[variant]
    world = logo_world(NETWORK, seed, n)
    known, near, far = _answers(library, kind, rate, seed, n)[epochs]
    if metric == "accuracy":
        return _result((known.argmax(dim=1) == world.truth).float().mean(), world, "known")
    met = {"near": near, "far": far, "known": known}[metric.split()[-1]].amax(dim=1)
    value = met.mean() if metric.startswith("mean") else (met >= SURE).float().mean()
    return _result(value, world, metric.split()[-1])


# --- scores without retraining ---

METRICS = ("AUROC near", "AUROC far", "FPR near", "OSCR near")
ON_BACKBONE = ("Mahalanobis", "relative Mahalanobis", "k nearest")
DETECTORS = (*openset.ALL, "ODIN", *(f"{name}, on the backbone's features" for name in ON_BACKBONE))
SCORED = {f"{network}: {detector}": (network, detector) for network, detector in product(SIZES, DETECTORS)}


def detector_scores(head: Head, world: World) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """Detector → scores of the known, near and far."""
    raw = (world.train, world.known, world.near, world.far)
    parts = [(head.embed(x), head(x)) for x in raw]
    found = {}
    for name, one in openset.every(head.last.weight, head.last.bias).items():
        one.fit(*parts[0], world.labels)
        found[name] = tuple(one.score(*part) for part in parts[1:])
    for name in ON_BACKBONE:
        one = openset.ALL[name]().fit(raw[0], parts[0][1], world.labels)
        found[f"{name}, on the backbone's features"] = tuple(
            one.score(x, part[1]) for x, part in zip(raw[1:], parts[1:], strict=True)
        )
    return found | {"ODIN": tuple(openset.odin(head, x) for x in raw[1:])}


@lru_cache(maxsize=24)
def _head(network: str, seed: int, n: int | None, loss: str = "softmax") -> Head:
    world = logo_world(network, seed, n)
    return trained(world.train, world.labels, loss=loss, seed=seed)


@lru_cache(maxsize=24)
def _logo_scores(network: str, seed: int, n: int | None) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    return detector_scores(_head(network, seed, n), logo_world(network, seed, n))


def measured(metric: str, scores: tuple[Tensor, Tensor, Tensor], right: Tensor) -> float:
    """One of `METRICS`, from the scores of known, near and far, and bool [N]: which known are named right."""
    known, near, far = scores
    unknown = near if metric.endswith("near") else far
    if metric.startswith("AUROC"):
        return openset.auroc(known, unknown)
    return openset.fpr_at_tpr(known, unknown) if "FPR" in metric else openset.oscr(known, right, unknown)


def _right(head: Head, world: World, classes: int) -> Tensor:
    return head(world.known)[:, :classes].argmax(dim=1) == world.truth


def run_scored(metric: str, variant: str, seed: int, n: int | None = None) -> Recipe:
    """How well one detector tells unknown from known, on features of one backbone."""
    network, detector = SCORED[variant]
    world = logo_world(network, seed, n)
    right = _right(_head(network, seed, n), world, 10)
    value = measured(metric, _logo_scores(network, seed, n)[detector], right)
    return _result(value, world, "known", metric.split()[-1])


# --- is it the softmax? ---

TEMPERATURES = (1, 2, 10, 1000)
SOFTNESS = {f"softmax, T = {t:g}": ("softmax", t) for t in TEMPERATURES} | {
    "maximum logit": ("softmax", "logit"),
    "energy": ("softmax", "energy"),
    "sigmoids, highest probability": ("sigmoids", "probability"),
    "sigmoids, highest logit": ("sigmoids", "logit"),
}


def run_softness(metric: str, variant: str, seed: int, n: int | None = None) -> Recipe:
    """AUROC, or the share of unknowns with a probability of 0.99 or more, from one and the same network's logits."""
    (loss, how), world = SOFTNESS[variant], logo_world(NETWORK, seed, n)
    part, head = metric.split()[-1], _head(NETWORK, seed, n, loss)
    known, unknown = head(world.known).double(), head(getattr(world, part)).double()
    if how == "probability":
        score = lambda z: 1 - z.sigmoid().amax(dim=1)  # noqa: E731
    elif isinstance(how, str):
        score = {"logit": openset.max_logit, "energy": openset.energy}[how]
    else:
        score = partial(openset.max_softmax, temperature=how)
    if metric.startswith("AUROC"):
        return _result(openset.auroc(score(known), score(unknown)), world, "known", part)
    value = (score(unknown) <= 1 - SURE).double().mean() if "share" in metric else 1 - score(unknown).mean()
    return _result(value, world, part)


HAS_PROBABILITY = [name for name, (_, how) in SOFTNESS.items() if how not in ("logit", "energy")]

# --- unknowns to learn from: of kinds that are in no test ---

KINDS = ("words", "other marks", "spectrograms", "shuffled logos")
N_POOL = 1_500  # of each kind; every seed takes others of them
_POOL_SEED = 10_000


def _letters(rng: np.random.Generator) -> tuple:
    word = "".join(rng.choice(list("ADEFHJKLNORSTUVXYZ"), int(rng.integers(2, 5))))
    height = min(0.9, 2.2 / len(word))
    return text(word, 0, 0, height), box(-1.2, height, 1.2, 1.3)


def _shapes(rng: np.random.Generator) -> tuple:
    """Two or three discs, rings, boxes, triangles and strokes at random, and one in the second colour."""

    def one() -> np.ndarray:
        (x, y), size = rng.uniform(-0.55, 0.55, 2), rng.uniform(0.25, 0.6)
        points = [(x + size * np.cos(a), y + size * np.sin(a)) for a in rng.uniform(0, 2, 1) + np.array([0, 2.1, 4.2])]
        shapes = (
            lambda: disc(x, y, size),
            lambda: ring(x, y, size, 0.2),
            lambda: box(x - size, y - 0.6 * size, x + size, y + 0.6 * size),
            lambda: polygon(*points),
            lambda: line(points[0], points[1], width=0.22),
        )
        return shapes[rng.integers(len(shapes))]()

    return both(*(one() for _ in range(rng.integers(2, 4)))), one()


@lru_cache(maxsize=2)
def _strange_marks(kind: str, count: int = 100) -> tuple:
    """Marks that are neither known nor near, in the same colours."""
    rng = np.random.default_rng([_POOL_SEED, KINDS.index(kind)])
    draw = _letters if kind == "words" else _shapes
    inks = [mark.colours for mark in marks("known")]
    found = []
    while len(found) < count:
        body, ink = draw(rng)
        if (body > 0).mean() > 0.03:
            found.append(_mark(_Named(kind, body, ink), inks[rng.integers(len(inks))]))
    return tuple(found)


class _Named:
    """Depths that pass for one of the functions that draw a mark."""

    def __init__(self, name: str, body: np.ndarray, ink: np.ndarray):
        self.__name__, self.depths = name, (body, ink)

    def __call__(self) -> tuple:
        return self.depths


def strangers(kind: str, n: int) -> ImageSet:
    """`n` pictures of one of `KINDS`."""
    if kind == "spectrograms":
        return data.spectrograms(-(-n // 2), kind="physical", side=SIDE, seed=_POOL_SEED).at(range(n))
    if kind == "shuffled logos":
        whole = data.logos(-(-n // 10), seed=_POOL_SEED, side=SIDE).at(range(n))
        return whole.changed(partial(_shuffled, seed=_POOL_SEED))
    strange, pictures = _strange_marks(kind), np.empty((n, 3, SIDE, SIDE), dtype=np.uint8)
    for k in range(n):
        rng = np.random.default_rng([_POOL_SEED, KINDS.index(kind), k])
        picture, _ = compose(strange[k % len(strange)], rng, SIDE)
        pictures[k] = _spoilt(picture, rng)
    return ImageSet.of(pictures, np.zeros(n, dtype=np.int64), [kind], name=kind)


def _shuffled(images: Tensor, *, seed: int, parts: int = 4) -> Tensor:
    """Each picture cut into `parts` × `parts` squares that are put together at random."""
    edge = images.shape[-1] // parts
    cut = images.unfold(2, edge, edge).unfold(3, edge, edge).flatten(2, 3)  # [N, 3, parts², edge, edge]
    order = torch.rand(len(images), parts**2, generator=torch.Generator().manual_seed(seed)).argsort(dim=1)
    mixed = cut.gather(2, order[:, None, :, None, None].expand_as(cut))
    rows = mixed.unflatten(2, (parts, parts)).permute(0, 1, 2, 4, 3, 5)
    return rows.reshape(len(images), 3, parts * edge, parts * edge)


@lru_cache(maxsize=8)
def _pool(kind: str, n: int | None) -> Tensor:
    """float [N_POOL, D], not scaled."""
    return torch.tensor(_see(NETWORK, n)(strangers(kind, N_POOL if n is None else 10 * n)))


def collected(count: int, kinds: int, seed: int, n: int | None) -> Tensor:
    """float [count, D]: as many of each of `kinds` kinds; which kinds, and which pictures, goes by the seed."""
    chosen = [KINDS[(seed + k) % len(KINDS)] for k in range(kinds)]
    parts = []
    for k, kind in enumerate(chosen):
        pool = _pool(kind, n)
        order = torch.randperm(len(pool), generator=torch.Generator().manual_seed(seed))
        parts.append(pool[order[: (count + k) // kinds]])
    return torch.cat(parts)


# --- a generator ---


class Generator(nn.Sequential):
    """Noise [B, 64] → pictures [B, 3, 32, 32], −1 to 1: a small DCGAN. Radford, Metz, Chintala, 2016."""

    def __init__(self):
        up = partial(nn.ConvTranspose2d, kernel_size=4, stride=2, padding=1)
        super().__init__(
            nn.Unflatten(1, (64, 1, 1)),
            nn.ConvTranspose2d(64, 64, 4), nn.BatchNorm2d(64), nn.ReLU(),
            up(64, 32), nn.BatchNorm2d(32), nn.ReLU(),
            up(32, 16), nn.BatchNorm2d(16), nn.ReLU(),
            up(16, 3), nn.Tanh(),
        )  # fmt: skip


def _judge() -> nn.Sequential:
    down = partial(nn.Conv2d, kernel_size=4, stride=2, padding=1)
    return nn.Sequential(
        down(3, 16), nn.LeakyReLU(0.2), down(16, 32), nn.BatchNorm2d(32), nn.LeakyReLU(0.2),
        down(32, 64), nn.BatchNorm2d(64), nn.LeakyReLU(0.2), nn.Conv2d(64, 1, 4), nn.Flatten(),
    )  # fmt: skip


GAN_EPOCHS = {"untrained generator": 0, "slightly trained generator": 5}


def generated(pictures: ImageSet, count: int, *, epochs: int, seed: int) -> ImageSet:
    """`count` pictures of a generator after `epochs` of learning to draw `pictures`."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator, judge = Generator(), _judge()
        for layer in (*generator.modules(), *judge.modules()):
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, 0, 0.02)
        real = F.interpolate(pictures.images.float() / 127.5 - 1, size=(32, 32), mode="area")
        optimizers = [torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (generator, judge)]
        for _ in range(epochs):
            for rows in torch.randperm(len(real)).split(50):
                _duel(generator, judge, optimizers, real[rows])
        with torch.no_grad():
            drawn = generator(torch.randn(count, 64))  # in training mode: the statistics of this batch
    if epochs == 0:  # as it stands it draws an even grey: its outputs are tiny
        drawn = drawn / drawn.std()
    large = F.interpolate(drawn, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    images = ((large.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return ImageSet.of(images, torch.zeros(count, dtype=torch.int64), ["generated"], name="generated")


def _duel(generator: nn.Module, judge: nn.Module, optimizers: list, real: Tensor) -> None:
    """One step of each."""
    loss = F.binary_cross_entropy_with_logits
    fake, ones = generator(torch.randn(len(real), 64)), torch.ones(len(real), 1)
    optimizers[1].zero_grad()
    (loss(judge(real), ones) + loss(judge(fake.detach()), 0 * ones)).backward()
    optimizers[1].step()
    optimizers[0].zero_grad()
    loss(judge(fake), ones).backward()
    optimizers[0].step()


def blended(pictures: ImageSet, count: int, *, seed: int) -> ImageSet:
    """`count` pictures, each half of one class and half of another. Zhang et al.: mixup, ICLR 2018."""
    rng = np.random.default_rng(seed)
    one = rng.integers(len(pictures), size=4 * count)
    other = rng.integers(len(pictures), size=4 * count)
    differ = np.flatnonzero((pictures.labels[one] != pictures.labels[other]).numpy())[:count]
    a, b = (pictures.batch(torch.tensor(rows[differ])).float() for rows in (one, other))
    images = ((a + b) / 2).round().to(torch.uint8)
    return ImageSet.of(images, torch.zeros(count, dtype=torch.int64), ["mixed"], name="mixed-up classes")


# --- heads that learn from unknowns ---

N_NONE = 200  # twice as many as of one class
COLLECTED = "collected pictures"
SOURCES = (COLLECTED, "untrained generator", "slightly trained generator", "mixed-up classes")
TAUGHT = {
    "nothing, softmax": ("softmax", None),
    "nothing, sigmoids": ("sigmoids", None),
    **{f"background class, {s}": ("background class", s) for s in SOURCES},
    **{f"all-zero targets, {s}": ("all-zero targets", s) for s in SOURCES[:3]},
    **{
        f"{loss}, {COLLECTED}": (loss, COLLECTED)
        for loss in ("entropic open-set loss", "objectosphere", "outlier exposure")
    },
}


@lru_cache(maxsize=64)
def _unknowns(source: str, seed: int, n: int | None) -> Tensor:
    """float [N_NONE, D], not scaled."""
    count = N_NONE if n is None else 2 * n
    if source == COLLECTED:
        return collected(count, len(KINDS), seed, n)
    train = _pictures(seed, n)[0]
    if source in GAN_EPOCHS:
        epochs = GAN_EPOCHS[source] if n is None else min(1, GAN_EPOCHS[source])
        pictures = generated(train, count, epochs=epochs, seed=seed)
    else:
        pictures = blended(train, count, seed=seed)
    return torch.tensor(_see(NETWORK, n)(pictures))


def taught(world: World, unknown: Tensor | None, loss: str, seed: int, per_class: int | None = None) -> Head:
    """A head that learns from `world`'s known and from `unknown` (not scaled)."""
    x, labels = world.train, world.labels
    if per_class is not None:
        x, labels = x[: 10 * per_class], labels[: 10 * per_class]  # the classes come by turns
    if unknown is not None:
        x = torch.cat([x, world.scale * unknown])
        labels = torch.cat([labels, torch.full((len(unknown),), NONE)])
    return trained(x, labels, loss=loss, seed=seed)


@lru_cache(maxsize=32)
def _taught(variant: str, seed: int, n: int | None) -> Head:
    loss, source = TAUGHT[variant]
    unknown = None if source is None else _unknowns(source, seed, n)
    return taught(logo_world(NETWORK, seed, n), unknown, loss, seed)


def run_taught(metric: str, variant: str, seed: int, n: int | None = None) -> Recipe:
    """AUROC near or far, accuracy on the known, or how sure it is of unknowns, as in `run_asked`."""
    (loss, _), world, head = TAUGHT[variant], logo_world(NETWORK, seed, n), _taught(variant, seed, n)
    if metric == "accuracy":
        return _result(_right(head, world, 10).float().mean(), world, "known")
    part = metric.split()[-1]
    if metric.startswith(("share", "mean")):
        sure = certainty(head, getattr(world, part), loss)
        return _result((sure >= SURE).double().mean() if "share" in metric else sure.mean(), world, part)
    scores = [unknown_score(head, x, loss) for x in (world.known, getattr(world, part))]
    return _result(openset.auroc(*scores), world, "known", part)


# --- how big must "unknown" be? ---

PER_CLASS_SMALL = 50
TIMES = (0.1, 0.3, 1, 3, 10, 30)
MANY = {"no unknown class": (0, 0)} | {
    f"{times:g} times one class, {kinds} kind{'s' * (kinds > 1)}": (times, kinds)
    for kinds, times in product((1, 2, 4), TIMES)
}


@lru_cache(maxsize=64)
def _with_many(variant: str, seed: int, n: int | None) -> Head:
    (times, kinds), world = MANY[variant], logo_world(NETWORK, seed, n)
    per_class = PER_CLASS_SMALL if n is None else n
    count = round(times * per_class)
    unknown = collected(max(count, kinds), kinds, seed, n) if times else None
    return taught(world, unknown, "background class" if times else "softmax", seed, per_class)


def run_many(metric: str, variant: str, seed: int, n: int | None = None) -> Recipe:
    """AUROC on near or far unknowns, whose kinds the unknown class has not, or the accuracy on the known."""
    world, head = logo_world(NETWORK, seed, n), _with_many(variant, seed, n)
    if metric == "accuracy":
        answers = head(world.known).argmax(dim=1)  # "none" for a known one is an error
        return _result((answers == world.truth).float().mean(), world, "known")
    loss, part = "background class" if MANY[variant][0] else "softmax", metric.split()[-1]
    scores = [unknown_score(head, x, loss) for x in (world.known, getattr(world, part))]
    return _result(openset.auroc(*scores), world, "known", part)


# --- a threshold without unknowns ---

REJECTED, SPLITS = 0.05, 1_000
DRAWN_BY = ("max softmax", "energy", "k nearest", "k nearest, on the backbone's features",
            "Mahalanobis, on the backbone's features")  # fmt: skip


@lru_cache(maxsize=8)
def _let_through(detector: str, seed: int, n: int | None) -> dict[str, float]:
    """Shares over `SPLITS` halvings of the known: rejected of the other half, let in of near and far."""
    known, near, far = (part.numpy() for part in _logo_scores(NETWORK, seed, n)[detector])
    rng, shares = np.random.default_rng(seed), []
    for _ in range(SPLITS if n is None else 20):
        order = rng.permutation(len(known))
        calibration, rest = np.split(known[order], [len(known) // 2])
        line = openset.without_unknowns(calibration, rejected=REJECTED)
        shares.append([(rest > line).mean(), (near <= line).mean(), (far <= line).mean()])
    return dict(zip(("known", "near", "far"), np.mean(shares, axis=0).tolist(), strict=True))


def run_threshold(metric: str, variant: str, seed: int, n: int | None = None) -> Recipe:
    """Mean share of the known that is rejected, or of the near or far that is let in."""
    part = metric.split()[-1]
    return _result(_let_through(variant, seed, n)[part], logo_world(NETWORK, seed, n), part)


# --- video ---

SECONDS, FPS = 60, 5
N_BOXED, N_EMPTY, N_LINE = 300, 100, 100  # known, collected, and held-out pictures that the detector has
WIDE = 240  # pixels that a frame is enlarged to for the sliding window, of 160
WATCHERS = {
    "plain argmax": ("whole", None),
    "rejects, maximum softmax": ("whole", "max softmax"),
    "rejects, k nearest": ("whole", "k nearest, on the backbone's features"),
    "unknown class": ("unknown class", None),
    "unknown class, rejects": ("unknown class", "own"),
    "sliding, rejects, k nearest": ("sliding", "k nearest, on the backbone's features"),
    "sliding, unknown class, rejects": ("sliding unknown class", "own"),
    "detector": ("detector", None),
    "detector, rejects": ("detector", "own"),
}
WATCHED = ("precision", "recall", "F1", "false alarms a minute", "ms a frame")


@lru_cache(maxsize=2)
def _clip(seed: int, n: int | None) -> data.Video:
    return data.video(SECONDS if n is None else 8, fps=FPS, seed=seed)


def _maps(frames: Tensor, size: int, n: int | None) -> Tensor:
    """float [T, D, h, w], not scaled."""
    backbone = _backbone(NETWORK, n is None)
    found = []
    with torch.inference_mode():
        for part in frames.split(50):
            x = features.prepare(part, backbone.preprocessing, "cpu", size=size)
            found.append(backbone(x))
    return torch.cat(found).clone()


class Watcher(NamedTuple):
    """A head, how unknown it finds features [N, D], and the score above which it answers "none"."""

    head: Head
    score: Callable[[Tensor], Tensor] | None
    line: float

    def __call__(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(answer of each, `NONE` or 0–9; its score, or minus its highest logit): int64 [N], float64 [N]."""
        logits = self.head(x)
        answers = logits.argmax(dim=1)
        answers = torch.where(answers == 10, NONE, answers)
        if self.score is None:
            return answers, -logits[:, :10].amax(dim=1).double()
        scores = self.score(x)
        return torch.where(scores > self.line, NONE, answers), scores


@lru_cache(maxsize=16)
def _watcher(unknown_class: bool, rule: str | None, seed: int, n: int | None) -> Watcher:
    """Its line is drawn by the held-out known pictures of the seed: 5 % of them are rejected."""
    world = logo_world(NETWORK, seed, n)
    head = _taught(f"background class, {COLLECTED}", seed, n) if unknown_class else _head(NETWORK, seed, n)
    if rule is None:
        return Watcher(head, None, 0.0)
    if rule == "own":
        score = partial(unknown_score, head, loss="background class")
    else:
        one = openset.ALL[rule.split(",")[0]]()
        see = (lambda x: x) if "backbone" in rule else head.embed
        one.fit(see(world.train), head(world.train), world.labels)
        score = lambda x: one.score(see(x), head(x))  # noqa: E731
    return Watcher(head, score, openset.without_unknowns(score(world.known), rejected=REJECTED))


@lru_cache(maxsize=2)
def _seen_at(size: int, seed: int, n: int | None) -> tuple[Tensor, float]:
    """(maps of the frames, enlarged to `size`, of the seed's scale; seconds that they took)."""
    frames, scale = _clip(seed, n).frames, logo_world(NETWORK, seed, n).scale  # drawing them does not count
    start = time.perf_counter()
    maps = scale * _maps(frames, size, n)
    return maps, time.perf_counter() - start


def _whole(maps: Tensor, watch: Watcher) -> Tensor:
    return watch(maps.mean(dim=(2, 3)))[0]


def _sliding(maps: Tensor, watch: Watcher) -> Tensor:
    """The same classifier at all places of a larger frame: of each frame the answer that is least unknown."""
    window = F.avg_pool2d(maps, SIZES[NETWORK] // 32, stride=1)  # [T, D, h, w]: the means of 160 of its pixels
    t, _, h, w = window.shape
    answers, scores = watch(window.permute(0, 2, 3, 1).flatten(0, 2))
    scores = scores.masked_fill(answers == NONE, torch.inf).view(t, h * w)
    return answers.view(t, h * w).gather(1, scores.argmin(dim=1, keepdim=True))[:, 0]


@lru_cache(maxsize=2)
def _detector(seed: int, n: int | None) -> tuple[Head, float]:
    """(a head on every cell of the map, from training pictures with their boxes: "none" outside of them, and on
    collected pictures; the probability below which it answers "none": 5 % of the held-out known are rejected)."""
    many, empty, held = (N_BOXED, N_EMPTY, N_LINE) if n is None else (20, 8, 40)
    pictures, masks = logos_and_masks(-(-many // 10), seed=2 * seed, side=SIDE)
    others = torch.cat([strangers(kind, empty // len(KINDS)).images for kind in KINDS])
    scale, size = logo_world(NETWORK, seed, n).scale, SIZES[NETWORK]
    maps = scale * _maps(torch.cat([pictures.images, others]), size, n)
    share = F.adaptive_avg_pool2d(masks.float()[:, None], maps.shape[-1])[:, 0]  # of each cell that the mark covers
    share = torch.cat([share, share.new_zeros(len(others), *share.shape[1:])])
    classes = torch.cat([pictures.labels, pictures.labels.new_zeros(len(others))])[:, None, None]
    labels = torch.where(share > 0.3, classes, NONE)
    clear = ((share > 0.3) | (share < 0.02)).flatten()
    x, y = maps.permute(0, 2, 3, 1).flatten(0, 2)[clear], labels.flatten()[clear]
    head = trained(x, y, loss="background class", epochs=3 if n is None else 1, batch=256, seed=seed)
    sure, _ = _surest(scale * _maps(_pictures(seed, n)[1].images[:held], size, n), head)
    return head, -openset.without_unknowns(-sure, rejected=REJECTED)


def _surest(maps: Tensor, head: Head) -> tuple[Tensor, Tensor]:
    """(highest probability of a known class in any cell, that class)."""
    p = head(maps.permute(0, 2, 3, 1)).softmax(dim=-1)[..., :10].flatten(1, 2)  # [T, cells, 10]
    return p.amax(dim=1).max(dim=1)


def _detected(maps: Tensor, head: Head, line: float) -> Tensor:
    sure, label = _surest(maps, head)
    return torch.where(sure >= line, label, NONE)


def frame_scores(answers: Tensor, labels: Tensor, *, fps: float = FPS) -> dict[str, float]:
    """Precision and recall over frames; false alarms: rows of frames with one answer that none of them shows."""
    shown = torch.where(labels > 9, NONE, labels)
    right = ((answers == shown) & (answers != NONE)).sum().item()
    precision = right / max((answers != NONE).sum().item(), 1)
    recall = right / max((shown != NONE).sum().item(), 1)
    change = torch.cat([torch.tensor([True]), answers[1:] != answers[:-1]]).cumsum(dim=0)
    alarms = sum(
        bool(answers[run][0] != NONE) and not bool((answers[run] == shown[run]).any())
        for run in (change == k for k in change.unique())
    )
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {
        "precision": precision,
        "recall": recall,
        "F1": f1,
        "false alarms a minute": alarms / (len(labels) / fps / 60),
    }


@lru_cache(maxsize=16)
def _watched(variant: str, seed: int, n: int | None) -> dict[str, float]:
    (how, rule), clip = WATCHERS[variant], _clip(seed, n)
    maps, seconds = _seen_at(WIDE if "sliding" in how else SIZES[NETWORK], seed, n)
    if how == "detector":
        head, line = _detector(seed, n)
        act, watch = partial(_detected, line=line if rule else 0.5), head
    else:
        act = _sliding if "sliding" in how else _whole
        watch = _watcher("unknown class" in how, rule, seed, n)
    with torch.inference_mode():
        start = time.perf_counter()
        answers = act(maps, watch)
        seconds += time.perf_counter() - start
    return frame_scores(answers, clip.labels) | {"ms a frame": 1000 * seconds / len(answers)}


def run_watched(metric: str, variant: str, seed: int, n: int | None = None) -> Recipe:
    """One of `WATCHED`, on a clip."""
    return {"value": _watched(variant, seed, n)[metric], "n": len(_clip(seed, n).labels)}


# --- land, and car makers ---

N_LAND, N_LAND_TEST = 2_000, 800
LAND_UNKNOWN = 2  # of the ten kinds, by turns of the seed


@lru_cache(maxsize=1)
def _land_features(n: int | None) -> tuple[ImageSet, Tensor]:
    pictures = (
        data.load("eurosat", source="real")
        if n is None
        else data.load("eurosat").subset(600).changed(lambda images: images)
    )
    return pictures, torch.tensor(_see(NETWORK, n, size=0)(pictures))


@lru_cache(maxsize=12)
def land_world(seed: int, n: int | None = None) -> World:
    """EuroSAT at its 64 px: eight kinds known, two near; far are pictures that no satellite took."""
    pictures, found = _land_features(n)
    out = torch.tensor([(2 * seed + k) % 10 for k in range(LAND_UNKNOWN)])
    keep = torch.tensor([k for k in range(10) if k not in out])
    unknown = torch.isin(pictures.labels, out)
    rename = torch.full((10,), NONE).scatter(0, keep, torch.arange(len(keep)))
    order = torch.randperm(len(pictures), generator=torch.Generator().manual_seed(seed))
    known, near = order[~unknown[order]], order[unknown[order]]
    n_train, n_test = (N_LAND, N_LAND_TEST) if n is None else (250, 60)
    train, test = known[:n_train], known[n_train : n_train + n_test]
    far = data.far_unknowns(375 if n is None else 50, seed=2 * seed + 1, side=64)
    shown = data.logos(30 if n is None else 3, seed=2 * seed + 1, side=64)
    far = far.at((far.labels != FAR.index("satellite tile")).nonzero()[:, 0])
    strange = torch.cat([torch.tensor(_see(NETWORK, n, size=0)(part)) for part in (far, shown)])
    scale = 1 / float(found[train].std())
    parts = (scale * x for x in (found[train], found[test], found[near[:n_test]], strange))
    train_x, test_x, near_x, far_x = parts
    labels = rename[pictures.labels]
    return World(train_x, labels[train], test_x, labels[test], near_x, far_x, scale, pictures.source)


CAR_SIDE, FOLDERS = 128, ("car_logos", "cifar10", "textures")


@lru_cache(maxsize=1)
def _cars(n: int | None) -> tuple[tuple[ImageSet, Tensor], ...]:
    """(pictures, features) of `FOLDERS` from the mirror. The pictures are unpacked into a folder that goes at once."""
    mirror, found = os.environ.get("COURSE_MIRROR", ""), []
    for name in FOLDERS:
        file = os.path.join(mirror, f"{name}.zip")
        if not mirror or not os.path.isfile(file):
            raise data.DataError(f"car_logos wants {name}.zip in the folder COURSE_MIRROR; it is {mirror!r}.")
        with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(file) as archive:
            archive.extractall(folder)
            pictures = data.from_folder(os.path.join(folder, name), size=CAR_SIDE)
        if name != "car_logos":
            pictures = pictures.subset(N_FAR // 2, seed=0)
        elif n is not None:
            pictures = pictures.subset(20 * n)
        found.append((pictures, torch.tensor(_see(NETWORK, n, size=SIZES[NETWORK])(pictures))))
    return tuple(found)


@lru_cache(maxsize=12)
def car_world(seed: int, n: int | None = None) -> World:
    """Photographs of car makers' logos: ten makers known, ten near, drawn by the seed; CIFAR-10 and textures far."""
    (cars, found), *far = _cars(n)
    return _halved(cars, found, torch.cat([x for _, x in far]), seed)


def folder_world(folder: str | os.PathLike, *, seed: int = 0) -> World:
    """Your own pictures: half of the classes known, 70 % of them to learn from; the others near; far as for logos.

    Args:
        folder: one folder a class, as for `data.from_folder`; four classes or more.
        seed: draws which classes are known, and the split.

    Raises:
        data.DataError, ValueError: no such folder, or fewer than four classes.
    """
    pictures, see = data.from_folder(folder, size=CAR_SIDE), _see(NETWORK, SMALL)
    if len(pictures.classes) < 4:
        raise ValueError(f"folder_world got {len(pictures.classes)} classes; it wants 4 or more: half stay unknown.")
    far = data.far_unknowns(N_FAR, seed=seed, side=CAR_SIDE)
    return _halved(pictures, torch.tensor(see(pictures)), torch.tensor(see(far)), seed)


def _halved(pictures: ImageSet, found: Tensor, far: Tensor, seed: int) -> World:
    """A world of which half of the classes, drawn by the seed, are known, and the others near."""
    count = len(pictures.classes)
    drawn = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    place = torch.empty(count, dtype=torch.int64).scatter(0, drawn, torch.arange(count))[pictures.labels]
    known, near = (place < count // 2).nonzero()[:, 0], (place >= count // 2).nonzero()[:, 0]
    blank = torch.zeros(len(known), 1, 1, 1, dtype=torch.uint8)
    names = [str(k) for k in range(count // 2)]
    train, test = ImageSet.of(blank, place[known], names).split((0.7, 0.3), seed=seed)
    scale = 1 / float(found[known[train.rows]].std())
    parts = (found[known[train.rows]], found[known[test.rows]], found[near], far)
    train_x, test_x, near_x, far_x = (scale * x for x in parts)
    return World(train_x, train.labels, test_x, test.labels, near_x, far_x, scale, pictures.source)


WORLDS = {"land": land_world, "cars": car_world}


@lru_cache(maxsize=24)
def _other(world: str, seed: int, n: int | None) -> tuple[Head, dict[str, tuple[Tensor, Tensor, Tensor]]]:
    met = WORLDS[world](seed, n)
    head = trained(met.train, met.labels, seed=seed)
    return head, detector_scores(head, met)


def run_other(world: str, metric: str, variant: str, seed: int, n: int | None = None) -> Recipe:
    """As `run_scored`, in another world; or the accuracy, or the share of unknowns given 0.99 or more."""
    met, (head, scores) = WORLDS[world](seed, n), _other(world, seed, n)
    part = metric.split()[-1]
    if metric.startswith("share"):
        return _result((certainty(head, getattr(met, part), "softmax") >= SURE).double().mean(), met, part)
    right = _right(head, met, int(met.labels.max()) + 1)
    return _result(measured(metric, scores[variant], right), met, "known", part)


# --- the experiments ---


def _experiment(name: str, run: Callable, variants: Mapping[str, Recipe], metric: str, **more: object) -> Experiment:
    return Experiment(
        name=name, run=run, quick=partial(run, n=SMALL), variants=variants, metric=metric, seeds=SEEDS, **more
    )


_TOLD = {
    "accuracy": "accuracy on the known",
    "AUROC near": "AUROC, near unknowns",
    "AUROC far": "AUROC, far unknowns",
    "FPR near": "known rejected where 95 % of the near unknown are",
    "FPR far": "known rejected where 95 % of the far unknown are",
    "OSCR near": "OSCR, near unknowns",
    "OSCR far": "OSCR, far unknowns",
    "share near": "near unknowns answered with 0.99 or more",
    "share far": "far unknowns answered with 0.99 or more",
    "mean known": "mean highest probability, known",
    "mean near": "mean highest probability, near unknowns",
    "mean far": "mean highest probability, far unknowns",
}
_LOWER = ("FPR", "share", "mean near", "mean far")


def _family(prefix: str, run: Callable, recipes: Mapping[str, Recipe], metrics: tuple[str, ...]) -> dict:
    """metric → experiment."""
    return {
        metric: _experiment(
            f"{prefix}_{metric.lower().replace(' ', '_')}",
            partial(run, metric),
            recipes,
            _TOLD[metric],
            lower_is_better=metric.startswith(_LOWER),
        )
        for metric in metrics
    }


_LOGOS = {
    "of": NETWORK,
    "size": SIZES[NETWORK],
    "side": SIDE,
    "per_class": PER_CLASS,
    "met": [PER_CLASS_TEST, PER_CLASS_TEST, N_FAR],
}
_HEAD = {"hidden": HIDDEN, "dropout": DROPOUT, "rate": RATE, "epochs": EPOCHS, "batch": BATCH}
_NONES = {"kinds": list(KINDS), "pool": N_POOL}

_ASKER = {"hidden": HIDDEN, "dropout": DROPOUT, "batch": ASKERS_BATCH}
ANSWERS, FLAT = (
    _family(
        name,
        run_asked,
        {variant: {**_LOGOS, **_ASKER, "asked": list(asked)} for variant, asked in variants.items()},
        ("accuracy", "share near", "share far", "mean known", "mean near", "mean far"),
    )
    for name, variants in (("logo_answers", ASKED), ("logo_flatten", FLATTENED))
)
SCORES = _family(
    "logo_scores",
    run_scored,
    {
        name: {**_LOGOS, **_HEAD, "of": network, "size": SIZES[network], "detector": detector}
        for name, (network, detector) in SCORED.items()
    },
    METRICS,
)
_SOFT = {name: {**_LOGOS, **_HEAD, "loss": loss, "score": how} for name, (loss, how) in SOFTNESS.items()}
TEMPERATURE = _family("logo_temperature", run_softness, _SOFT, ("AUROC near", "AUROC far")) | _family(
    "logo_temperature",
    run_softness,
    {name: _SOFT[name] for name in HAS_PROBABILITY},
    ("share near", "mean near", "mean far"),
)
TRAINED = _family(
    "logo_trained",
    run_taught,
    {
        name: {**_LOGOS, **_HEAD, **_NONES, "loss": loss, "unknowns": source or "", "n_none": N_NONE}
        for name, (loss, source) in TAUGHT.items()
    },
    ("accuracy", "AUROC near", "AUROC far", "share near", "mean near", "mean far"),
)
HOW_MANY = _family(
    "logo_how_many",
    run_many,
    {
        name: {**_LOGOS, **_HEAD, **_NONES, "times": times, "of_kinds": kinds, "learned": PER_CLASS_SMALL}
        for name, (times, kinds) in MANY.items()
    },
    ("accuracy", "AUROC near", "AUROC far"),
)
_DRAWN = {name: {**_LOGOS, **_HEAD, "rejected": REJECTED, "splits": SPLITS, "detector": name} for name in DRAWN_BY}
THRESHOLD = {
    part: _experiment(
        f"logo_threshold_{part}", partial(run_threshold, part), _DRAWN, told, lower_is_better=True
    )
    for part, told in (
        ("known", "known rejected by a threshold at 5 %"),
        ("near", "near unknowns let in"),
        ("far", "far unknowns let in"),
    )
}  # fmt: skip
VIDEO = {
    metric: _experiment(
        f"logo_video_{name}",
        partial(run_watched, metric),
        {
            watcher: {
                **_LOGOS,
                **_HEAD,
                **_NONES,
                "how": list(how),
                "seconds": SECONDS,
                "wide": WIDE,
                "boxed": [N_BOXED, N_EMPTY, N_LINE],
            }
            for watcher, how in WATCHERS.items()
        },
        told,
        unit=unit,
        lower_is_better=unit != "%",
    )
    for metric, name, told, unit in (
        ("precision", "precision", "frames answered with a logo that are right", "%"),
        ("recall", "recall", "frames with a known logo that are answered right", "%"),
        ("F1", "f1", "F1 over frames", "%"),
        ("false alarms a minute", "alarms", "false alarms", "a minute"),
        ("ms a frame", "ms", "milliseconds a frame", "ms"),
    )
}
_OTHERS = ("AUROC near", "AUROC far", "OSCR near")
LAND = _family(
    "land_open",
    partial(run_other, "land"),
    {name: {**_HEAD, "of": NETWORK, "n": [N_LAND, N_LAND_TEST, LAND_UNKNOWN], "score": name} for name in DETECTORS},
    _OTHERS,
)
CARS = _family(
    "car_logos",
    partial(run_other, "cars"),
    {name: {**_HEAD, "of": NETWORK, "side": CAR_SIDE, "far": N_FAR, "score": name} for name in DETECTORS},
    _OTHERS,
) | _family(
    "car_logos",
    partial(run_other, "cars"),
    {"softmax": {**_HEAD, "of": NETWORK, "side": CAR_SIDE, "far": N_FAR}},
    ("share near", "share far"),
)
FAMILIES = (ANSWERS, FLAT, SCORES, TEMPERATURE, TRAINED, HOW_MANY, THRESHOLD, VIDEO, LAND, CARS)
EXPERIMENTS = tuple(experiment for family in FAMILIES for experiment in family.values())

# --- the trials ---

_trial = partial(Trial, smallest_effect=TWO_POINTS, lesson=LESSON, seeds=SEEDS)
_UNKNOWN = ("near", "far")
_NOTHING, _CLASS = "nothing, softmax", f"background class, {COLLECTED}"
_AT_ONE = "1 times one class, 4 kinds"

TRIALS = (
    *(
        _trial(
            name=f"softmax_to_blame_{part}",
            claim=f"Softmax is to blame: take the largest logit itself, and it tells {part} unknowns better.",
            variant=TEMPERATURE[f"AUROC {part}"]["maximum logit"],
            baseline=TEMPERATURE[f"AUROC {part}"]["softmax, T = 1"],
        )
        for part in _UNKNOWN
    ),
    *(
        _trial(
            name=f"sigmoid_{part}",
            claim=f"A sigmoid for each class instead of a softmax has no advantage ({part} unknowns).",
            variant=TEMPERATURE[f"AUROC {part}"]["sigmoids, highest probability"],
            baseline=TEMPERATURE[f"AUROC {part}"]["softmax, T = 1"],
            says="no better",
        )
        for part in _UNKNOWN
    ),
    *(
        _trial(
            name=f"sigmoid_as_sure_{metric.split()[0]}",
            claim=f"A sigmoid is as sure of what it has never seen ({told}).",
            variant=TEMPERATURE[metric]["sigmoids, highest probability"],
            baseline=TEMPERATURE[metric]["softmax, T = 1"],
            says="no better",
            smallest_effect=FIVE_POINTS,
        )
        for metric, told in (
            ("share near", "near unknowns with 0.99 or more"),
            ("mean far", "mean probability of far unknowns"),
        )
    ),
    _trial(
        name="keras_as_pytorch",
        claim="In PyTorch it does not happen: fewer near unknowns get 0.99 or more than in Keras (30 epochs).",
        variant=FLAT["share near"]["PyTorch, rate 1e-05, 30 epochs"],
        baseline=FLAT["share near"]["Keras, rate 1e-05, 30 epochs"],
        smallest_effect=FIVE_POINTS,
    ),
    _trial(
        name="trained_too_long",
        claim="It was trained too long: after 10 epochs instead of 100 fewer near unknowns get 0.99 or more.",
        variant=ANSWERS["share near"]["PyTorch, rate 0.001, 10 epochs"],
        baseline=ANSWERS["share near"]["PyTorch, rate 0.001, 100 epochs"],
        smallest_effect=FIVE_POINTS,
    ),
    *(
        _trial(
            name=f"unknown_class_{part}",
            claim=f"Add a class of unknowns: it tells {part} unknowns, of kinds that it has not, better.",
            variant=TRAINED[f"AUROC {part}"][_CLASS],
            baseline=TRAINED[f"AUROC {part}"][_NOTHING],
        )
        for part in _UNKNOWN
    ),
    *(
        _trial(
            name=f"training_data_{part}",
            claim=f"The training data is the reason: with 200 pictures of none it is less sure of {part} unknowns.",
            variant=TRAINED[f"mean {part}"][_CLASS],
            baseline=TRAINED[f"mean {part}"][_NOTHING],
            smallest_effect=FIVE_POINTS,
        )
        for part in _UNKNOWN
    ),
    *(
        _trial(
            name=f"{name}_{part}",
            claim=f"{claim} ({part} unknowns).",
            variant=TRAINED[f"AUROC {part}"][variant],
            baseline=TRAINED[f"AUROC {part}"][baseline],
            says=says,
        )
        for name, claim, variant, baseline, says in (
            (
                "all_zero_targets",
                "Sigmoids with all-zero targets for pictures of none beat a class for them",
                f"all-zero targets, {COLLECTED}",
                _CLASS,
                "better",
            ),
            (
                "untrained_gan",
                "Random pictures of an untrained generator do as the unknown class: better than none",
                "background class, untrained generator",
                _NOTHING,
                "better",
            ),
            (
                "slightly_trained_gan",
                "Pictures of a slightly trained generator do: better than of an untrained one",
                "background class, slightly trained generator",
                "background class, untrained generator",
                "better",
            ),
            (
                "collect_nothing",
                "Nobody needs to collect: a generator's pictures are as good as collected ones",
                _CLASS,
                "background class, slightly trained generator",
                "no better",
            ),
        )
        for part in _UNKNOWN
    ),
    *(
        _trial(
            name=f"{name}_{part}",
            claim=f"{claim} ({part} unknowns).",
            variant=HOW_MANY[f"AUROC {part}"][variant],
            baseline=HOW_MANY[f"AUROC {part}"][baseline],
            smallest_effect=POINT,
        )
        for name, claim, variant, baseline in (
            (
                "as_large_as_a_class",
                'Make "unknown" as large as each other class: better than a third of that',
                _AT_ONE,
                "0.3 times one class, 4 kinds",
            ),
            (
                "then_more",
                "Then take more until it works: ten times one class beats one",
                "10 times one class, 4 kinds",
                _AT_ONE,
            ),
            (
                "many_kinds",
                "Not more, but more kinds: as many pictures of four kinds beat those of one",
                _AT_ONE,
                "1 times one class, 1 kind",
            ),
        )
        for part in _UNKNOWN
    ),
    _trial(
        name="one_class_of_four_kinds_far",
        claim="As many unknowns as one class has, of four kinds: better than none (far unknowns).",
        variant=HOW_MANY["AUROC far"][_AT_ONE],
        baseline=HOW_MANY["AUROC far"]["no unknown class"],
        smallest_effect=POINT,
    ),
    *(
        _trial(
            name=f"{name}_{network.split('_')[0]}",
            claim=f"Try {detector} first: it beats maximum softmax (near unknowns, {network}).",
            variant=SCORES["AUROC near"][f"{network}: {detector}"],
            baseline=SCORES["AUROC near"][f"{network}: max softmax"],
        )
        for name, detector in (("relative_first", "relative Mahalanobis"), ("nearest_first", "k nearest"))
        for network in SIZES
    ),
    _trial(
        name="use_a_detector",
        claim="Use a detector: it beats the same classifier with an unknown class and a threshold (F1 over frames).",
        variant=VIDEO["F1"]["detector, rejects"],
        baseline=VIDEO["F1"]["unknown class, rejects"],
        smallest_effect=FIVE_POINTS,
    ),
    _trial(
        name="slide_it",
        claim="Slide the classifier over the frame: it beats one look at the whole of it (F1 over frames).",
        variant=VIDEO["F1"]["sliding, unknown class, rejects"],
        baseline=VIDEO["F1"]["unknown class, rejects"],
        smallest_effect=FIVE_POINTS,
    ),
)


def advice() -> str:
    """`verdicts` of every trial of the lesson."""
    return verdicts(*(trial.name for trial in TRIALS))


def after(experiment: str) -> dict[int, Summary]:
    """Epochs → summary, for the asker's head in PyTorch at the usual rate."""
    stored = summary(experiment)
    return {e: stored[name] for name, (library, _, _, e) in ASKED.items() if library == "PyTorch"}


def sized(experiment: str) -> dict[str, dict[float, Summary]]:
    """ "1 kind", "2 kinds", "4 kinds", "none" → (size of the unknown class, in times of one class → summary)."""
    stored = summary(experiment)
    kinds = [f"{count} kind{'s' * (count > 1)}" for count in (1, 2, 4)]
    curves = {name: {t: stored[f"{t:g} times one class, {name}"] for t in TIMES} for name in kinds}
    return curves | {"none": dict.fromkeys(TIMES, stored["no unknown class"])}


def ranking(detectors: Iterable[str]) -> list[tuple[str, float, float, float, float]]:
    """(detector, mean rank, worst rank, mean AUROC, lowest AUROC), best mean rank first: over logos on two networks,
    land and cars, near and far in each. Ranks begin at 1."""
    names, rows = list(detectors), []
    for part in ("near", "far"):
        of_logos = summary(f"logo_scores_auroc_{part}")
        rows += [[of_logos[f"{network}: {name}"].mean for name in names] for network in SIZES]
        for world in ("land_open", "car_logos"):
            found = summary(f"{world}_auroc_{part}")
            rows.append([found[name].mean for name in names])
    areas = np.array(rows)
    ranks = stats.rankdata(-areas, axis=1)
    columns = (ranks.mean(axis=0), ranks.max(axis=0), areas.mean(axis=0), areas.min(axis=0))
    table = zip(names, *columns, strict=True)
    return sorted(table, key=lambda row: row[1])
