"""Test pictures that are too much like training pictures: neighbours on the map, and copies."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from ... import data, features
from ...data import ImageSet, groups
from ...study import Result
from . import eurosat
from .eurosat import Key, Settings

ACCURACY, BALANCED = "test accuracy", "balanced accuracy"


def learn_beside(settings: Settings, seed: int) -> Result:
    """How many of `n_pairs` pictures are right with a picture that lies near each in the training, or without it.

    Of pairs that are `metres` (from, to) apart one picture is tested. The other one is learned from, or with
    `partners` "replaced" another of its class in its stead, drawn from those that lie `apart` metres or more from
    all that is tested. So does the rest of `n_train`: both trainings are of one size and one mix of classes.
    """
    pictures = eurosat.pictures(settings["pictures"])
    tested, partners = parted(pairs_near(settings["pictures"], tuple(settings["metres"])), settings["n_pairs"], seed)
    train = training_rows(settings, pictures, tested, partners, seed)
    embeddings, labels = eurosat.embeddings(settings), pictures.labels.numpy()
    with threadpool_limits(1):
        right = _judge(settings, embeddings[train], labels[train]).predict(embeddings[tested]) == labels[tested]
    return Result({ACCURACY: right.mean()}, n=len(tested), source=pictures.source)


def training_rows(
    settings: Settings, pictures: ImageSet, tested: np.ndarray, partners: np.ndarray, seed: int
) -> np.ndarray:
    """int64 [n_train]: what is learned from; `learn_beside` has the settings."""
    far, labels = _far(pictures, tested, settings["apart"], seed), pictures.labels.numpy()
    rest = far[: settings["n_train"] - len(partners)]
    if settings["partners"] == "replaced":
        partners = _of_the_same_classes(far[len(rest) :], labels, labels[partners])
    return np.concatenate([rest, partners])


@lru_cache(maxsize=2)
def pairs_near(n: int | None, metres: tuple[float, float]) -> np.ndarray:
    """int64 [P, 2]: `data.neighbours.pairs_within` of all the pictures that there are."""
    return data.neighbours.pairs_within(eurosat.pictures(n), metres)


def parted(pairs: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(tested, their partners), int64 [≤ n] each: of `pairs` in random order those that share no picture."""
    rng, used, chosen = np.random.default_rng(seed), set(), []
    for pair in rng.permutation(pairs):
        if len(chosen) < n and not used & set(pair.tolist()):
            used |= set(pair.tolist())
            chosen.append(rng.permutation(pair))
    return tuple(np.array(chosen, dtype=np.int64).reshape(-1, 2).T)


def _far(pictures: ImageSet, tested: np.ndarray, apart: float, seed: int) -> np.ndarray:
    """int64 [M], in random order: pictures that lie `apart` metres or more from all that are `tested`."""
    metres = data.neighbours.metres_to(pictures, pictures.at(tested))
    return np.random.default_rng(seed).permutation(np.flatnonzero(metres >= apart))


def _of_the_same_classes(queue: np.ndarray, labels: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """int64 [len(wanted)]: of `queue` the first pictures of the classes `wanted`."""
    return np.concatenate([queue[labels[queue] == k][:count] for k, count in enumerate(np.bincount(wanted))])


def part_copies(settings: Settings, seed: int) -> Result:
    """How good a `judge` seems where of `n` pictures the share `copied` is there twice, with `noise` of so many levels.

    `together`: near duplicates, found with `max_bits` and `max_difference`, are kept in one part.
    """
    pictures, embeddings = _copied(settings, seed)
    labels, member = pictures.labels.numpy(), np.arange(len(pictures))
    if settings["together"]:
        alike = {name: settings[name] for name in ("max_bits", "max_difference")}
        member = groups.linked(data.near_duplicates(pictures, **alike), len(pictures))
    train, test = groups.grouped_split(member, settings["parts"], seed=seed)
    accuracy = balanced_accuracy(_judge(settings, embeddings[train], labels[train]), embeddings[test], labels[test])
    return Result({BALANCED: accuracy}, n=len(test), source=pictures.source)


def _judge(settings: Settings, embeddings: np.ndarray, labels: np.ndarray) -> Pipeline:
    """A classifier: the "probe" with the inverse penalty `C`, or so many `neighbours`, which only remember."""
    if settings["judge"] == "probe":
        return features.probe(embeddings, labels, embeddings, labels, C=settings["C"]).model
    with threadpool_limits(1):
        return make_pipeline(StandardScaler(), KNeighborsClassifier(settings["neighbours"])).fit(embeddings, labels)


def balanced_accuracy(model: Pipeline, embeddings: np.ndarray, labels: np.ndarray) -> float:
    """Mean over the classes among `labels` of the share that is right."""
    with threadpool_limits(1):
        right = model.predict(embeddings) == labels
    return float(np.mean([right[labels == k].mean() for k in np.unique(labels)]))


def _copied(settings: Settings, seed: int) -> tuple[ImageSet, np.ndarray]:
    """(pictures and copies, their embeddings)."""
    if settings["copied"]:
        return _with_copies(eurosat.key(settings, "n", "copied", "noise"), seed)
    pictures = eurosat.pictures(settings["pictures"]).subset(settings["n"], seed=seed)
    return pictures, eurosat.embeddings(settings)[pictures.rows]


@lru_cache(maxsize=1)
def _with_copies(shared: Key, seed: int) -> tuple[ImageSet, np.ndarray]:
    settings = dict(shared)
    pictures = eurosat.pictures(settings["pictures"]).subset(settings["n"], seed=seed)
    both = with_copies(pictures, settings["copied"], noise=settings["noise"], seed=seed)
    copies = both.at(range(len(pictures), len(both)))
    return both, np.concatenate([eurosat.embeddings(settings)[pictures.rows], eurosat.embed(copies, settings)])


def with_copies(pictures: ImageSet, share: float, *, noise: int, seed: int) -> ImageSet:
    """`pictures` and after them copies of a share, 0–1, of them: the same but for noise of up to `noise` levels."""
    generator = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(pictures), generator=generator)[: round(share * len(pictures))]
    again = pictures.batch(chosen)
    added = torch.randint(-noise, noise + 1, again.shape, generator=generator)
    copies = (again.int() + added).clamp(0, 255).to(torch.uint8)
    both = torch.cat([pictures.images, copies]), torch.cat([pictures.labels, pictures.labels[chosen]])
    places = None if pictures.places is None else torch.cat([pictures.places, pictures.places[chosen]])
    return ImageSet.of(*both, pictures.classes, pictures.source, name=f"{pictures.name} with copies", places=places)
