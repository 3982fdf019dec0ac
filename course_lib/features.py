"""Activations of a frozen network, computed once and kept, and linear probes on them."""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from tqdm import tqdm

from . import checks
from .data import DataError, ImageSet, places
from .data.download import writing
from .models import Backbone, pool
from .models import inference as asking
from .training import best_device, prepare

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


def extract(
    backbone: Backbone | nn.Module,
    pictures: ImageSet,
    *,
    size: int | None = None,
    pooling: str = "mean+max",
    batch_size: int = 256,
    device: str | None = None,
    cache: bool = True,
    progress: bool = True,
    preprocessing: Callable[[Tensor], Tensor] | None = None,
) -> np.ndarray:
    """float32 [N, D]: one pooled feature vector a picture, kept on disk for the next call.

    Args:
        backbone: used in inference mode, and given back in the modes that it had. Any other module that gives feature
            maps [B, D, h, w] or vectors [B, D] will do, such as the layers of a network of torchvision.
        size: resize the pictures to this many pixels first; None keeps them.
        pooling: "mean+max" (D = 2 × width) or "mean" (D = width).
        cache: keep the result under a digest of weights, pictures, size and pooling; that of a `Backbone` with its own
            preprocessing only, since nothing else says in full what it computes.
        preprocessing: uint8 [B, C, H, W] → floats, as the network wants them; None takes `backbone.preprocessing`.

    A cache that cannot be written is a note on standard error, not a failure. One that is broken (cut off, changed,
    something else under its name) is set aside with a warning, and made again.

    Raises:
        ValueError: a network without preprocessing, or one that gives no features.
    """
    own = preprocessing is None
    preprocessing = asking.preprocessing_of("extract", backbone, preprocessing)
    device = best_device() if device is None else device
    if not (cache and own and isinstance(backbone, Backbone)):
        return _compute(backbone, pictures, size, pooling, batch_size, device, progress, preprocessing)
    key = hashlib.sha256(f"{backbone.digest()} {pictures.digest()} {size} {pooling}".encode()).hexdigest()
    file = places.data_dir() / "cache" / "features" / f"{backbone.name}-{key[:20]}.npy"
    if (kept := _kept(file, len(pictures))) is not None:
        return kept
    found = _compute(backbone, pictures, size, pooling, batch_size, device, progress, preprocessing)
    try:
        _keep(file, found)
    except DataError as error:
        print(f"These features were not kept for the next call: {error}", file=sys.stderr)
    return found


def colour_statistics(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 6]: mean and standard deviation of red, green and blue, 0–1. A weak description of colour: see
    `colour_numbers`, which keeps more of it and no more of the order."""
    _check_rgb("colour_statistics", pictures)
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
    _check_rgb("colour_histogram", pictures)
    found = []
    for positions in torch.arange(len(pictures)).split(256):
        red, green, blue = (pictures.batch(positions).long() * bins // 256).flatten(2).unbind(1)
        boxes = (red * bins + green) * bins + blue
        counts = torch.zeros(len(boxes), bins**3).scatter_add_(1, boxes, torch.ones(boxes.shape))
        found.append(counts / boxes.shape[1])
    return torch.cat(found).numpy()


QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)


def colour_numbers(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 54]: what a picture's colours are like, in whatever order its pixels stand.

    Of red, green, blue and of the differences red − green, green − blue, blue − red, each in levels of 0–1: the mean,
    the standard deviation and seven quantiles, `QUANTILES`.
    """
    _check_rgb("colour_numbers", pictures)
    found = []
    for positions in torch.arange(len(pictures)).split(512):
        rgb = pictures.batch(positions).to(torch.int16).flatten(2)  # the differences need a sign
        channels = torch.cat([rgb, rgb - rgb.roll(-1, dims=1)], dim=1).sort(dim=2).values
        places = torch.tensor([round(share * (channels.shape[2] - 1)) for share in QUANTILES])
        x = channels.float() / 255
        # The deviation of all pixels and not of a sample: a picture of one pixel has one.
        found.append(torch.cat([x.mean(dim=2), x.std(dim=2, correction=0), x[..., places].flatten(1)], dim=1))
    return torch.cat(found).numpy()


def _check_rgb(who: str, pictures: ImageSet) -> None:
    if len(pictures) == 0 or pictures.shape[0] != 3:
        raise ValueError(
            f"{who} got {len(pictures)} pictures of {pictures.shape[0]} channels; it wants one or more of red, green "
            "and blue. Of grey ones, take pictures.changed(lambda images: images.expand(-1, 3, -1, -1))."
        )


@dataclass(frozen=True)
class Probe:
    """A linear classifier on features, fitted; `accuracy` is on pictures that it was not fitted on, 0–1."""

    model: Pipeline
    accuracy: float
    n_train: int
    n_test: int

    def log_probabilities(self, embeddings: np.ndarray) -> Tensor:
        """Float [N, K] of `embeddings`, float [N, D], and as precise; none is below log 1e-12.

        They do as logits: their softmax is the probe's answer.

        >>> probe([[0.0], [0.1], [1.0], [1.1]], [0, 0, 1, 1], [[2.0]], [1], C=1.0).log_probabilities([[0.0]]).argmax()
        tensor(0)
        """
        return torch.tensor(np.log(self.model.predict_proba(embeddings).clip(1e-12)))


def probe(
    train: np.ndarray,
    train_labels: checks.Numbers,
    test: np.ndarray,
    test_labels: checks.Numbers,
    *,
    C: float = 0.01,
    sample_weight: checks.Numbers | None = None,
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
        ValueError: fewer than two classes in `train_labels`, not one label a picture, or weights of another number
            than pictures, negative ones, or none above 0.
    """

    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    _check_labels("probe", train, train_labels)
    weight = None if sample_weight is None else _weights(sample_weight, len(train))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=100))
    # One thread: the matrices are small, and BLAS threads that wait for a busy core (a classroom's
    # server, a second kernel) made this 50 times slower. 100 steps are enough to settle the accuracy.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train, np.asarray(train_labels), logisticregression__sample_weight=weight)
    return Probe(model, float(model.score(test, np.asarray(test_labels))), len(train), len(test))


def cross_validated(
    embeddings: np.ndarray,
    labels: checks.Numbers,
    *,
    folds: int = 5,
    C: float = 0.01,
    seed: int = 0,
    groups: checks.Numbers | None = None,
) -> np.ndarray:
    """float64 [N, K]: for each picture, the probabilities of a probe that was fitted without it, and without its fold.

    Args:
        embeddings: float [N, D], from `extract`.
        labels: integers [N], 0 to K − 1, each class on at least `folds` pictures.
        folds: parts, 2 or more; each in turn is answered by a probe on the others.
        C: as in `probe`.
        groups: integers [N]; pictures of one group, such as copies, stay in one fold. None parts them at random. A
            class whose groups all lie in one fold is not known to the probe that answers it: its probability is 0.
    """

    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    _check_labels("cross_validated", embeddings, labels)
    labels = np.asarray(labels)
    counts = np.bincount(labels)
    if folds < 2 or counts.min() < folds:
        raise ValueError(
            f"cross_validated got folds={folds} and a class of {counts.min()} pictures, no. {counts.argmin()}; it "
            "wants 2 folds or more, and as many pictures of every class. Leave that class out and number the others "
            "anew, or take fewer folds."
        )
    p = np.zeros((len(labels), len(counts)))
    parted = StratifiedKFold if groups is None else StratifiedGroupKFold
    for train, test in parted(folds, shuffle=True, random_state=seed).split(embeddings, labels, groups):
        model = probe(embeddings[train], labels[train], embeddings[test], labels[test], C=C).model
        p[np.ix_(test, model.classes_)] = model.predict_proba(embeddings[test])
    return p


def _check_labels(who: str, embeddings: np.ndarray, labels: checks.Numbers) -> None:
    labels = np.asarray(labels)
    classes = len(np.unique(labels))
    if labels.ndim != 1 or len(labels) != len(embeddings) or classes < 2:
        raise ValueError(
            f"{who} got features of {len(embeddings)} pictures and labels of shape {labels.shape} with {classes} "
            f"{'class' if classes == 1 else 'classes'}; it wants one label each, of two classes or more."
        )


def _weights(sample_weight: checks.Numbers, n: int) -> np.ndarray:
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n,) or not np.isfinite(weight).all() or (weight < 0).any() or not weight.any():
        raise ValueError(
            f"probe got sample_weight of shape {weight.shape} for {n} training pictures; it wants one finite number "
            "≥ 0 a picture, not all of them 0."
        )
    return weight


def _compute(
    backbone: nn.Module,
    pictures: ImageSet,
    size: int | None,
    pooling: str,
    batch_size: int,
    device: torch.device | str,
    progress: bool,
    preprocessing: Callable[[Tensor], Tensor],
) -> np.ndarray:
    if not checks.is_count(batch_size):
        raise ValueError(f"extract got batch_size={batch_size!r}; it wants a whole number of at least 1.")
    backbone = backbone.to(device).to(memory_format=torch.channels_last)
    weight, found = asking.home(backbone), []
    name = getattr(backbone, "name", type(backbone).__name__)
    with asking.inference(backbone), torch.inference_mode(), tqdm(total=len(pictures), unit=" pictures", desc=name,
                                                                 disable=not progress) as bar:  # fmt: skip
        for positions in torch.arange(len(pictures)).split(int(batch_size)):
            x = prepare(pictures.batch(positions), preprocessing, device, size=size)
            x = x if weight is None else x.to(weight.dtype)
            found.append(_embedded(backbone, x, pooling).float().cpu())
            bar.update(len(positions))
    return torch.cat(found).numpy()


def _embedded(backbone: nn.Module, x: Tensor, pooling: str) -> Tensor:
    """One vector a picture, [B, D]."""
    if isinstance(backbone, Backbone):
        return backbone.embed(x, pooling)
    found = asking.answered("extract", backbone, x)
    if isinstance(found, Tensor) and found.ndim in (2, 4) and len(found) == len(x) and found.is_floating_point():
        return found if found.ndim == 2 else pool(found, pooling)
    raise ValueError(
        f"extract got a network that gives {asking.described(found)} for {len(x)} pictures; it wants a feature map "
        "[B, D, h, w] or vectors [B, D]: give the layers up to there alone, such as model.features."
    )


def _keep(file: Path, features: np.ndarray) -> None:
    """A .npy file, and behind the array, where no reader of .npy looks, the SHA-256 of its bytes."""
    # Left in reverse order: closed, then renamed (Windows insists), then unlocked.
    with writing(file), places.replacing(file) as part, part.open("wb") as out:
        np.save(out, features)
        out.write(_digest(features))


def _kept(file: Path, n: int) -> np.ndarray | None:
    """The features [n, D] in `file`; None where there are none, or where what was there is broken and set aside."""
    if not os.path.lexists(file):
        return None
    try:
        fault, found = _read(file, n)
        if not fault:
            return found
        places.set_aside(file, fault, stacklevel=3)
    except OSError as error:  # no right to read it, or to move it: it stays, and costs the time of making it again
        print(f"The features in {file} cannot be used: {error.strerror or error}.", file=sys.stderr)
    return None


def _read(file: Path, n: int) -> tuple[str, np.ndarray]:
    """(what is wrong or "", the features). A file of an older version has no digest behind its array."""
    nothing = np.empty((0, 0), dtype=np.float32)
    if not file.is_file():
        return "it is no file", nothing
    try:
        with file.open("rb") as source:
            found, digest = np.lib.format.read_array(source, allow_pickle=False), source.read()
    except OSError:
        raise
    except Exception as error:  # the header is parsed as Python: a damaged one raises nearly anything
        return f"it is cut off or no .npy file ({type(error).__name__})", nothing
    if found.dtype != np.float32 or found.ndim != 2 or len(found) != n:
        return f"it holds {found.dtype} of shape {found.shape} instead of float32 [{n}, D]", nothing
    return ("its bytes have changed" if digest and digest != _digest(found) else ""), found


def _digest(features: np.ndarray) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(features).reshape(-1).view(np.uint8).data).digest()
