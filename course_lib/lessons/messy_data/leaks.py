"""Test pictures that are too much like training pictures: look-alikes, and copies."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from ... import data, features
from ...data import ImageSet, groups
from ...study import Result
from . import eurosat
from .eurosat import Key, Settings

BALANCED = "balanced accuracy"


def part_look_alikes(settings: Settings, seed: int) -> Result:
    """How good a `judge` seems by its balanced accuracy where the test is cut off by one `split` of `n` pictures.

    `split` is "random", or by whole groups that look alike by "colour" or to the "network" (`_groups`). Whole groups
    make the shares `parts` only about; `n_test` of the test pictures are used, so many are there at every split.
    """
    pictures = eurosat.pictures(settings["pictures"]).subset(settings["n"], seed=seed)
    embeddings, labels = eurosat.embeddings(settings)[pictures.rows], pictures.labels.numpy()
    member = _groups(settings, pictures, embeddings, seed)
    train, test = groups.grouped_split(member, settings["parts"], seed=seed)
    test = np.random.default_rng(seed).permutation(test)[: settings["n_test"]]
    accuracy = balanced_accuracy(_judge(settings, embeddings[train], labels[train]), embeddings[test], labels[test])
    return Result({BALANCED: accuracy}, n=len(test), source=pictures.source)


def part_copies(settings: Settings, seed: int) -> Result:
    """The same where of `n` pictures the share `copied` is there twice, with `noise` of so many levels.

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


def _groups(settings: Settings, pictures: ImageSet, embeddings: np.ndarray, seed: int) -> np.ndarray:
    """int64 [N]: `per_class` groups of each class, by six colour numbers, or by as many `components` of what the
    network sees; each picture its own group where the split is random."""
    if settings["split"] == "random":
        return np.arange(len(pictures))
    if settings["split"] == "colour":
        seen = features.colour_statistics(pictures)
    else:
        with threadpool_limits(1):
            seen = PCA(settings["components"], random_state=seed).fit_transform(embeddings)
    return groups.look_alikes(seen, pictures.labels.numpy(), per_class=settings["per_class"], seed=seed)


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
