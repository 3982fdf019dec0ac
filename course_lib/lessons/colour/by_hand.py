"""Colour features made by hand, and the simple models that judge by them.

`FEATURES` and `CLASSIFIERS` name them for the settings of a run. Each takes its own numbers by keyword, and has no
defaults: the settings have them all.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ... import features, pixels
from ...data import ImageSet

# --- what is computed from pictures: float32 [N, D] ---


def mean_colour(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 3]: mean red, green and blue, 0–1."""
    return features.colour_statistics(pictures)[:, :3]


def median_colour(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 3]: median red, green and blue, 0–1. A few stripes do not move it."""
    return (pictures.images.flatten(2).median(dim=2).values.float() / 255).numpy()


def colour_histogram(pictures: ImageSet, *, bins: int) -> np.ndarray:
    """float32 [N, bins³]: share of the pixels in each box of the RGB cube."""
    return features.colour_histogram(pictures, bins=bins)


def median_hue(pictures: ImageSet) -> np.ndarray:
    """float32 [N, 1]: the middle one of a picture's hues, in degrees. Blue is far from the seam at 0°."""
    hue = pixels.convert(pictures.images.float() / 255, "rgb", "hsv")[:, 0]
    return hue.flatten(1).median(dim=1).values[:, None].numpy()


def median_level(pictures: ImageSet, *, colour_map: str) -> np.ndarray:
    """float32 [N, 1]: the middle one of the numbers that the colours of `colour_map` stand for, 0–1."""
    value, _ = pixels.undo_colour_map(pictures.images, colour_map)
    return value.flatten(1).median(dim=1).values[:, None].numpy()


def median_and_mean_level(pictures: ImageSet, *, colour_map: str) -> np.ndarray:
    """float32 [N, 2]: `median_level`, and the mean of the same numbers, which lines and clicks move."""
    value = pixels.undo_colour_map(pictures.images, colour_map)[0].flatten(1)
    return torch.stack((value.median(dim=1).values, value.mean(dim=1)), dim=1).numpy()


FEATURES: dict[str, Callable[..., np.ndarray]] = {
    "mean colour": mean_colour,
    "median colour": median_colour,
    "colour histogram": colour_histogram,
    "median hue": median_hue,
    "median level": median_level,
    "median and mean level": median_and_mean_level,
}

# --- what judges by it: (features [n, D], labels [n], features [m, D]) → answers, int64 [m] ---


def logistic_regression(train: np.ndarray, labels: Tensor, test: np.ndarray, *, seed: int, C: float, max_iter: int):
    """A linear model on standardised features; `C` is the inverse strength of its penalty."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=max_iter, random_state=seed))
    return model.fit(train, labels.numpy()).predict(test)


def boosted_trees(train: np.ndarray, labels: Tensor, test: np.ndarray, *, seed: int, max_iter: int, rate: float):
    """`max_iter` boosted trees at a learning rate of `rate`."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    model = HistGradientBoostingClassifier(max_iter=max_iter, learning_rate=rate, random_state=seed)
    return model.fit(train, labels.numpy()).predict(test)


def threshold(train: np.ndarray, labels: Tensor, test: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """Class 1 above the middle between the two classes' means: one number fitted, from features [n, 1].

    Nothing is drawn; `seed` is there because the others have it.
    """
    means = [train[labels.numpy() == k].mean() for k in (0, 1)]
    return ((test[:, 0] > sum(means) / 2) == (means[1] > means[0])).astype(np.int64)


CLASSIFIERS: dict[str, Callable[..., np.ndarray]] = {
    "logistic regression": logistic_regression,
    "boosted trees": boosted_trees,
    "threshold": threshold,
}
