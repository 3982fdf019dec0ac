"""The floor and the probe: what guessing, colour alone and a frozen network get right, before anything is trained."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from .. import features, models
from ..data import ImageSet
from ..training import turn
from .parts import PARTS
from .result import Method, Share, Turning
from .stages import Teller, Work

BACKBONE, POOLING = "efficientnet_lite0", "mean"
PENALTIES = (0.01, 0.1)  # C of the logistic regression; "val" chooses
AT_ONCE = 256  # pictures between two files of features: what a kill can cost
MOST = 6000  # pictures that colour alone is fitted on, and the choice of the penalty: more of them change little
SURE = 0.05  # of a difference on the same pictures, McNemar's exact test, one-sided


@dataclass(frozen=True, eq=False)
class Parts:
    """The pictures, the part of each (positions in `PARTS`), and its group.

    Attributes:
        embeddings: float32 [N, D], of the frozen backbone.
        size: pixels a side that the network looks at.
    """

    pictures: ImageSet
    part: np.ndarray
    groups: np.ndarray
    embeddings: np.ndarray
    size: int

    def rows(self, part: str) -> np.ndarray:
        """Positions of the pictures of "train", "val", "line" or "test"."""
        return np.flatnonzero(self.part == PARTS.index(part))

    def of(self, part: str) -> ImageSet:
        """The pictures of a part."""
        return self.pictures.at(self.rows(part))

    def labels(self, part: str) -> np.ndarray:
        """int64 [n] of a part."""
        return self.pictures.labels.numpy()[self.rows(part)]

    def share(self, part: str, right: np.ndarray) -> Share:
        """How many of a part are `right`, bool [n]; pictures of one group are not independent."""
        return Share.of(right, self.groups[self.rows(part)])


def backbone(seed: int = 0) -> models.Backbone:
    """The network that is looked through; its weights are installed with the course."""
    return models.backbone(BACKBONE, weights="real", seed=seed)


def embed(pictures: ImageSet, size: int, work: Work, teller: Teller, *, name: str = "features") -> np.ndarray:
    """float32 [N, D] of the frozen backbone, in files of `AT_ONCE` pictures, so that little is lost by a kill."""
    network, found = backbone(), []
    for start in range(0, len(pictures), AT_ONCE):
        teller.tell(start, len(pictures))
        some = pictures.at(torch.arange(start, min(start + AT_ONCE, len(pictures))))
        found.append(work.array(f"{name}-{start}", lambda some=some: looked_through(network, some, size), size))  # type: ignore[misc]
    return np.concatenate(found)


def looked_through(network: models.Backbone, pictures: ImageSet, size: int) -> np.ndarray:
    """float32 [N, D]: what the last layer gets."""
    return features.extract(
        network, pictures, size=size, pooling=POOLING, batch_size=64, device="cpu", cache=False, progress=False
    )


# --- the ways ---


def guess(parts: Parts) -> Method:
    """The class of most pictures, for every picture."""
    most = np.bincount(parts.labels("train")).argmax()
    val, test = (parts.share(part, parts.labels(part) == most) for part in ("val", "test"))
    return Method("guess", "guessing the largest class", None, val, test, 0.0)


def by_colour(parts: Parts, seed: int) -> Method:
    """54 numbers of each picture's colours, whatever their order, and a logistic regression."""
    began = time.perf_counter()
    learned = drawn(parts.rows("train"), MOST, seed)
    known = features.colour_numbers(parts.pictures.at(learned))
    model = features.probe(known, parts.pictures.labels[learned], known[:1], [0], C=1.0).model
    val, test = (_right_by(model.predict, parts, part) for part in ("val", "test"))
    return Method("colour", "colour alone", None, val, test, round(time.perf_counter() - began, 2))


def _right_by(predict: Callable[[np.ndarray], np.ndarray], parts: Parts, part: str) -> Share:
    if not len(parts.rows(part)):
        return Share.of([])
    return parts.share(part, predict(features.colour_numbers(parts.of(part))) == parts.labels(part))


def fit_probe(parts: Parts, work: Work, seed: int) -> nn.Linear:
    """A logistic regression on the frozen features, as one linear layer; the penalty that "val" likes best."""
    wide = parts.embeddings.shape[1]
    kept = work.array("probe", lambda: _fitted(parts, seed))
    return linear(kept[:, :wide], kept[:, wide])


def _fitted(parts: Parts, seed: int) -> np.ndarray:
    """float32 [K, D + 1]: weights and biases."""
    rows, labels = parts.rows("train"), parts.pictures.labels.numpy()
    some, val = drawn(rows, MOST, seed), parts.rows("val")
    found = [regression(parts.embeddings[some], labels[some], len(parts.pictures.classes), C) for C in PENALTIES]
    hits = [_hits(layer, parts.embeddings[val], labels[val]) for layer in found]
    best = int(np.argmax(hits))
    if len(some) < len(rows):
        found[best] = regression(parts.embeddings[rows], labels[rows], len(parts.pictures.classes), PENALTIES[best])
    return np.concatenate([found[best].weight.detach().numpy(), found[best].bias.detach().numpy()[:, None]], axis=1)


def regression(embeddings: np.ndarray, labels: np.ndarray, classes: int, C: float = PENALTIES[0]) -> nn.Linear:
    """`features.probe`, its scaling folded into its weights: float [N, D] → logits [N, K].

    A class that is not among `labels` gets a bias that no picture outweighs.
    """
    model = features.probe(embeddings, labels, embeddings[:1], labels[:1], C=C).model
    scaler, fitted = model[0], model[-1]
    weight, bias = fitted.coef_, fitted.intercept_
    if len(fitted.classes_) == 2:  # scikit-learn keeps the difference of the two only
        weight, bias = np.concatenate([-weight / 2, weight / 2]), np.concatenate([-bias / 2, bias / 2])
    weight = weight / scaler.scale_
    bias = bias - weight @ scaler.mean_
    whole, biases = np.zeros((classes, weight.shape[1])), np.full(classes, bias.min() - 1e4)
    whole[fitted.classes_], biases[fitted.classes_] = weight, bias
    return linear(whole, biases)


def linear(weight: np.ndarray, bias: np.ndarray) -> nn.Linear:
    """A layer of weights [K, D] and biases [K]."""
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.load_state_dict({"weight": torch.tensor(weight, dtype=torch.float32),
                           "bias": torch.tensor(bias, dtype=torch.float32)})  # fmt: skip
    return layer.requires_grad_(False)


def classifier(head: nn.Linear, classes: tuple[str, ...], seed: int = 0) -> models.Classifier:
    """The backbone with `head` on top."""
    model = models.Classifier(backbone(), classes, pooling=POOLING, seed=seed)
    model.head[-1].load_state_dict(head.state_dict())
    return model.eval()


def last_layer(model: models.Classifier) -> nn.Linear:
    """The one linear layer on the pooled features."""
    layer = model.head[-1]
    if not isinstance(layer, nn.Linear):
        raise ValueError(f"last_layer got a head that ends in {type(layer).__name__}; it wants nn.Linear.")
    return layer


@torch.inference_mode()
def logits(head: nn.Module, embeddings: np.ndarray) -> torch.Tensor:
    """float32 [N, K]."""
    return head(torch.from_numpy(np.ascontiguousarray(embeddings)))


def answers(head: nn.Module, embeddings: np.ndarray) -> np.ndarray:
    """int64 [N]: the likeliest class."""
    return logits(head, embeddings).argmax(dim=1).numpy()


def probe_method(parts: Parts, head: nn.Module, seconds: float) -> Method:
    """What the probe gets right."""
    val, test = (
        parts.share(part, answers(head, parts.embeddings[parts.rows(part)]) == parts.labels(part))
        for part in ("val", "test")
    )
    return Method("probe", f"a frozen {BACKBONE}, a probe", None, val, test, seconds)


def turning(parts: Parts, head: nn.Module, turns: str, work: Work, seed: int) -> Turning:
    """Does a turned picture keep its class? What the probe, which has seen none, gets right of "val", each turned once.

    It is taken to keep it where turning costs no pictures that chance would not, and there are 50 or more to tell by.
    """
    rows, labels = parts.rows("val"), parts.labels("val")
    upright = answers(head, parts.embeddings[rows]) == labels
    forms = np.random.default_rng([seed, 8]).integers(1, 8, len(rows))
    found = work.array("turned", lambda: _turned(parts.of("val"), forms, parts.size), turns)
    turned = answers(head, found) == labels
    keeps = turns == "yes" or (turns == "find out" and len(rows) >= 50 and by_chance(upright, turned) >= 0.2)
    return Turning(keeps, turns != "find out", parts.share("val", upright), parts.share("val", turned))


def _turned(pictures: ImageSet, forms: np.ndarray, size: int) -> np.ndarray:
    images = turn(pictures.images, torch.from_numpy(forms))
    return looked_through(backbone(), ImageSet.of(images, pictures.labels, pictures.classes), size)


def by_chance(better: np.ndarray, worse: np.ndarray) -> float:
    """Chance that `better` is right so much more often than `worse`, bool [n] of the same pictures, if both are alike.

    McNemar's test, exact and one-sided: of the pictures that one alone gets right, half should be either's.

    >>> by_chance(np.array([True] * 6), np.array([False] * 6))
    0.015625
    """
    first, second = int((better & ~worse).sum()), int((worse & ~better).sum())
    from scipy.stats import binomtest

    return float(binomtest(first, first + second, 0.5, alternative="greater").pvalue) if first + second else 1.0


def drawn(rows: np.ndarray, n: int, seed: int) -> np.ndarray:
    """At most `n` of `rows`, in order."""
    if len(rows) <= n:
        return rows
    return np.sort(np.random.default_rng([seed, n]).choice(rows, n, replace=False))


def _hits(head: nn.Module, embeddings: np.ndarray, labels: np.ndarray) -> int:
    return int((answers(head, embeddings) == labels).sum()) if len(labels) else 0
