"""How far apart two classes of colours lie in what a network is given: what decides how soon it learns them."""

from __future__ import annotations

import numpy as np

from ...study import Experiment
from ...training import clinic
from . import experiments
from .trials import SPEED


def margins(experiment: Experiment = SPEED, seed: int = 0) -> dict[str, float]:
    """Input of `experiment` → how far apart the two classes lie in it, as the network gets them; without grey.

    The distance of their means along Fisher's direction (Fisher: The use of multiple measurements in taxonomic
    problems, 1936), which parts them best. Of each picture the median of every channel counts.
    """
    every = {name: settings for name, settings in experiment.variants.items() if not settings["grey"]}
    return {name: _margin(settings, seed) for name, settings in every.items()}


def _margin(settings: experiments.Settings, seed: int) -> float:
    train, _ = experiments.pictures(settings, seed)
    rgb = train.images.float() / 255
    prepare = clinic.inputs(settings["space"], settings["scale"], rgb)
    return distance_along_fisher(prepare(rgb).flatten(2).median(dim=2).values.double().numpy(), train.labels.numpy())


def distance_along_fisher(x: np.ndarray, labels: np.ndarray) -> float:
    """How far apart the means of classes 0 and 1 lie along Fisher's direction; `x` float64 [N, D], `labels` [N]."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    direction = LinearDiscriminantAnalysis().fit(x, labels).coef_[0]
    along = x @ direction / np.linalg.norm(direction)
    return abs(float(along[labels == 1].mean() - along[labels == 0].mean()))
