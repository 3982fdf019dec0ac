"""Activations of a frozen network, computed once and kept, and linear probes on them."""

from __future__ import annotations

import hashlib
import sys
import warnings
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from .data import DataError, ImageSet, places
from .data.download import writing
from .models import Backbone
from .training import best_device, prepare


def extract(
    backbone: Backbone,
    pictures: ImageSet,
    *,
    size: int | None = None,
    pooling: str = "mean+max",
    batch_size: int = 256,
    device: str | None = None,
    cache: bool = True,
    progress: bool = True,
) -> np.ndarray:
    """float32 [N, D]: one pooled feature vector a picture, kept on disk for the next call.

    Args:
        backbone: used in inference mode, with its own preprocessing.
        size: resize the pictures to this many pixels first; None keeps them.
        pooling: "mean+max" (D = 2 × width) or "mean" (D = width).
        cache: keep the result under a digest of weights, pictures, size and pooling.

    A cache that cannot be written is a note on standard error, not a failure.
    """
    key = hashlib.sha256(f"{backbone.digest()} {pictures.digest()} {size} {pooling}".encode()).hexdigest()
    file = places.data_dir() / "cache" / "features" / f"{backbone.name}-{key[:20]}.npy"
    if cache and file.is_file():
        return np.load(file)
    found = _compute(backbone, pictures, size, pooling, batch_size, device or best_device(), progress)
    if cache:
        try:
            _keep(file, found)
        except DataError as error:
            print(f"These features were not kept for the next call: {error}", file=sys.stderr)
    return found


def colour_statistics(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 6]: mean and standard deviation of red, green and blue, 0–1. All that colour alone can tell."""
    found = []
    for positions in torch.arange(len(pictures)).split(1024):
        x = pictures.batch(positions).float() / 255
        found.append(torch.cat([x.mean(dim=(2, 3)), x.std(dim=(2, 3))], dim=1))
    return torch.cat(found).numpy()


def colour_histogram(pictures: ImageSet, *, bins: int = 8) -> np.ndarray:
    """float32 [N, bins³]: share of a picture's pixels in each box of the RGB cube, boxes of 256 / bins levels a side.

    Swain, Ballard: Color indexing, 1991. `bins` is 2 to 32.
    """
    if not 2 <= bins <= 32:
        raise ValueError(f"colour_histogram got bins={bins}; it wants 2 to 32 a channel.")
    found = []
    for positions in torch.arange(len(pictures)).split(256):
        red, green, blue = (pictures.batch(positions).long() * bins // 256).flatten(2).unbind(1)
        boxes = (red * bins + green) * bins + blue
        counts = torch.zeros(len(boxes), bins**3).scatter_add_(1, boxes, torch.ones(boxes.shape))
        found.append(counts / boxes.shape[1])
    return torch.cat(found).numpy()


@dataclass(frozen=True)
class Probe:
    """A linear classifier on features, fitted; `accuracy` is on pictures that it was not fitted on, 0–1."""

    model: Pipeline
    accuracy: float
    n_train: int
    n_test: int


def probe(
    train: np.ndarray, train_labels, test: np.ndarray, test_labels, *, C: float = 0.01, sample_weight=None
) -> Probe:
    """Fit a logistic regression on standardised features and score it. Alain, Bengio: Understanding
    intermediate layers using linear classifier probes, 2016.

    Args:
        train, test: float [N, D], from `extract`.
        train_labels, test_labels: integers [N].
        C: inverse strength of the L2 penalty; smaller is smoother.
        sample_weight: float [N], how much each training picture counts in the loss; None counts all alike. With a mean
            of 1 the penalty keeps its strength.

    Raises:
        ValueError: weights of another number than pictures, negative ones, or none above 0.
    """
    weight = None if sample_weight is None else _weights(sample_weight, len(train))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=100))
    # One thread: the matrices are small, and BLAS threads that wait for a busy core (a classroom's
    # server, a second kernel) made this 50 times slower. 100 steps are enough to settle the accuracy.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train, np.asarray(train_labels), logisticregression__sample_weight=weight)
    return Probe(model, float(model.score(test, np.asarray(test_labels))), len(train), len(test))


def cross_validated(found: np.ndarray, labels, *, folds: int = 5, C: float = 0.01, seed: int = 0) -> np.ndarray:
    """float64 [N, K]: for each picture, the probabilities of a probe that was fitted without it, and without its fold.

    Args:
        found: float [N, D], from `extract`.
        labels: integers [N], 0 to K − 1, each class on at least `folds` pictures.
        folds: parts, 2 or more; each in turn is answered by a probe on the others.
        C: as in `probe`.
    """
    labels = np.asarray(labels)
    counts = np.bincount(labels)
    if folds < 2 or counts.min() < folds:
        raise ValueError(
            f"cross_validated got folds={folds} and a class of {counts.min()} pictures; it wants 2 folds or more, and "
            "as many pictures of every class."
        )
    p = np.empty((len(labels), len(counts)))
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(found, labels):
        p[test] = probe(found[train], labels[train], found[test], labels[test], C=C).model.predict_proba(found[test])
    return p


def _weights(sample_weight, n: int) -> np.ndarray:
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n,) or not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise ValueError(
            f"probe got sample_weight of shape {weight.shape} for {n} training pictures; it wants one finite number "
            "≥ 0 a picture, not all of them 0."
        )
    return weight


def _compute(backbone, pictures, size, pooling, batch_size, device, progress) -> np.ndarray:
    backbone = backbone.to(device, memory_format=torch.channels_last).eval()
    found = []
    with torch.inference_mode(), tqdm(total=len(pictures), unit=" pictures", desc=backbone.name,
                                      disable=not progress) as bar:  # fmt: skip
        for positions in torch.arange(len(pictures)).split(batch_size):
            x = prepare(pictures.batch(positions), backbone.preprocessing, device, size=size)
            found.append(backbone.embed(x, pooling).float().cpu())
            bar.update(len(positions))
    return torch.cat(found).numpy()


def _keep(file, features: np.ndarray) -> None:
    # Left in reverse order: closed, then renamed (Windows insists), then unlocked.
    with writing(file), places.replacing(file) as part, part.open("wb") as out:
        np.save(out, features)
