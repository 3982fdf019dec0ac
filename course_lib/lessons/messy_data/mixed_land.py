"""Pictures of several kinds of land: which answers give exactly the set of classes that is there."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from ... import metrics
from ...data.generated.mixed import mixed
from ...study import Result
from . import eurosat
from .eurosat import Key, Settings

EXACT = "share of exact sets"
_PARTS = ("learning", "choosing", "test")
_TILES = ("parts", "single")
_MODEL = (*_TILES, "n_train", "learned_from", "head", "C", "max_iter")
Tiles = tuple[np.ndarray, np.ndarray, np.ndarray]
"""(embeddings float32 [N, D], sets bool [N, K], class of the larger part int64 [N])"""


def find_sets(settings: Settings, seed: int) -> Result:
    """Share of mixed tiles whose set of classes is found exactly by one `answer` from the probabilities of one `head`.

    The pictures are split in three `parts`: to learn from, to choose a threshold on, and for the test; `single` is the
    share of tiles that show one class. The head, "softmax" or "sigmoids" with the inverse penalty `C` and at most
    `max_iter` steps, has `learned_from` "pure" pictures or "mixed" tiles, `n_train` of them. Tested on `n_test` tiles.
    """
    embeddings, truth, _ = _tiles(eurosat.key(settings, *_TILES), "test", settings["n_test"], seed)
    model = _fitted(eurosat.key(settings, *_MODEL), seed)
    sets = _answers(settings, model, model.predict_proba(embeddings), seed)
    source = eurosat.pictures(settings["pictures"]).source
    return Result({EXACT: metrics.exact_match(sets, truth)}, n=len(sets), source=source)


def _answers(settings: Settings, model: Pipeline, scores: np.ndarray, seed: int) -> np.ndarray:
    """bool [N, K]: "top", the `k` likeliest; "fixed threshold", those above `threshold`; or "chosen threshold", that of
    `thresholds` (start, stop, step) which gives most exact sets on `n_choosing` other tiles."""
    if settings["answer"] == "top":
        return top(scores, settings["k"])
    if settings["answer"] == "fixed threshold":
        return scores >= settings["threshold"]
    embeddings, truth, _ = _tiles(eurosat.key(settings, *_TILES), "choosing", settings["n_choosing"], seed)
    return scores >= best_threshold(model.predict_proba(embeddings), truth, np.arange(*settings["thresholds"]))


def top(scores: np.ndarray, k: int) -> np.ndarray:
    """bool [N, K]: the `k` classes with the highest score."""
    sets = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(sets, np.argsort(-scores, axis=1)[:, :k], True, axis=1)
    return sets


def best_threshold(scores: np.ndarray, truth: np.ndarray, thresholds: np.ndarray) -> float:
    """The first of `thresholds` that gives most exact sets, where a class belongs to the set from there on."""
    return float(thresholds[np.argmax([metrics.exact_match(scores >= step, truth) for step in thresholds])])


@lru_cache(maxsize=1)
def _fitted(shared: Key, seed: int) -> Pipeline:
    """The head, which all answers from it share."""
    settings = dict(shared)
    embeddings, sets, larger = _training(settings, seed)
    regression = LogisticRegression(C=settings["C"], max_iter=settings["max_iter"])
    softmax = settings["head"] == "softmax"
    model = make_pipeline(StandardScaler(), regression if softmax else OneVsRestClassifier(regression))
    with threadpool_limits(1):
        return model.fit(embeddings, larger if softmax else sets.astype(int))


def _training(settings: Settings, seed: int) -> Tiles:
    n = settings["n_train"]
    if settings["learned_from"] == "mixed":
        return _tiles(eurosat.key(settings, *_TILES), "learning", n, seed)
    pictures = eurosat.pictures(settings["pictures"])
    pure = pictures.split(settings["parts"], seed=seed)[0].subset(n, seed=seed)
    sets = torch.nn.functional.one_hot(pure.labels, len(pictures.classes)).bool().numpy()
    return eurosat.embeddings(settings)[pure.rows], sets, pure.labels.numpy()


@lru_cache(maxsize=3)
def _tiles(shared: Key, part: str, n: int, seed: int) -> Tiles:
    """`n` tiles put together from pictures of one of `_PARTS`; all runs of a seed share them."""
    settings, place = dict(shared), _PARTS.index(part)
    pictures = eurosat.pictures(settings["pictures"]).split(settings["parts"], seed=seed)[place]
    # No two parts of any seeds are drawn alike.
    tiles, shares = mixed(pictures, n, single=settings["single"], seed=len(_PARTS) * seed + place)
    return eurosat.embed(tiles, settings), (shares > 0).numpy(), tiles.labels.numpy()
