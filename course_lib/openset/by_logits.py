"""Detectors that look at the logits alone. The first five learn nothing from `fit`; OpenMax does."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from .detector import Detector, check_setting, check_wholes
from .scores import check_gen, check_temperature, energy, entropy, gen, max_logit, max_softmax


class OfLogits(Detector):
    """A detector that gets the features and leaves them alone."""

    reads = ("logits",)


@dataclass(eq=False)
class MaxSoftmax(OfLogits):
    """`scores.max_softmax`: 1 − maximum softmax probability. Hendrycks, Gimpel, ICLR 2017."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_temperature(self.temperature, type(self).__name__)

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        return max_softmax(logits, temperature=self.temperature)


@dataclass(eq=False)
class MaxLogit(OfLogits):
    """`scores.max_logit`: −maximum logit. Hendrycks et al., ICML 2022."""

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        return max_logit(logits)


@dataclass(eq=False)
class Entropy(OfLogits):
    """`scores.entropy` of the softmax probabilities."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_temperature(self.temperature, type(self).__name__)

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        return entropy(logits, temperature=self.temperature)


@dataclass(eq=False)
class Energy(OfLogits):
    """`scores.energy`: −T · log Σ exp(z/T). Liu et al., NeurIPS 2020."""

    temperature: float = 1.0

    def __post_init__(self) -> None:
        check_temperature(self.temperature, type(self).__name__)

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        return energy(logits, temperature=self.temperature)


@dataclass(eq=False)
class GEN(OfLogits):
    """`scores.gen`, the generalized entropy. Liu, Lochman, Zach, CVPR 2023."""

    gamma: float = 0.1
    largest: int = 100

    def __post_init__(self) -> None:
        check_gen(self.gamma, self.largest, type(self).__name__)

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        return gen(logits, gamma=self.gamma, largest=self.largest)


@dataclass(eq=False)
class OpenMax(OfLogits):
    """The probability of one more class, "unknown", that takes from the others what lies far from them: 0–1.

    Bendale, Boult: Towards Open Set Deep Networks, CVPR 2016, algorithms 1 and 2. For each class: the mean of the
    logits of the training pictures answered right, and a Weibull distribution of the `tail` largest distances to it.
    A new picture's `alpha` largest logits each give the share w (from the Weibull's CDF, and less for lower ranks)
    to the logit of the unknown.

    The distances are Euclidean. The authors' code takes Euclidean / 200 + cosine distance, where the cosine, 0–2, is no
    small part; pytorch-ood and this one do not. What comes to the unknown are
    logits, so a picture whose logits are all far below 0 gets a score near 0, however far it lies: as published.

    Attributes:
        tail: distances that a Weibull is fitted to, at least 2; all of a class's if it has fewer.
        alpha: how many of the largest logits are revised, at least 1; all K if that is fewer.
    """

    tail: int = 20
    alpha: int = 10
    _means: Tensor = field(init=False, repr=False)  # [K, K]
    _tails: list[Weibull] = field(default_factory=list, init=False, repr=False)  # K of them

    def __post_init__(self) -> None:
        settings = {"tail": self.tail, "alpha": self.alpha}
        check_setting(self, lambda tail, alpha: tail >= 2 and alpha >= 1, "tail ≥ 2, alpha ≥ 1", **settings)
        check_wholes(self, **settings)

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        logits = logits.double()
        right, k = logits.argmax(dim=1) == labels, logits.shape[1]
        of_class = [logits[right & (labels == c)] for c in range(k)]
        if few := [c for c in range(k) if len(of_class[c].unique(dim=0)) < 2]:
            raise ValueError(
                f"OpenMax got fewer than two different training pictures answered right of class {few}; it wants two "
                "or more of each. Train for longer, or leave these classes out."
            )
        self._means = torch.stack([z.mean(dim=0) for z in of_class])
        distances = [(z - mean).norm(dim=1).sort().values for z, mean in zip(of_class, self._means, strict=True)]
        self._tails = [Weibull.of(d[-self.tail :].numpy()) for d in distances]

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        logits = logits.double()
        distances = torch.cdist(logits, self._means, compute_mode="donot_use_mm_for_euclid_dist")
        far = torch.stack([tail.cdf(distances[:, c]) for c, tail in enumerate(self._tails)], dim=1)
        alpha = min(self.alpha, logits.shape[1])
        ranks = logits.argsort(dim=1, descending=True).argsort(dim=1)  # 0: the largest logit
        given = far * (alpha - ranks).clamp(min=0) / alpha  # share of each logit that goes to the unknown
        unknown = (logits * given).sum(dim=1, keepdim=True)
        return torch.cat([unknown, logits * (1 - given)], dim=1).softmax(dim=1)[:, 0]


@dataclass(frozen=True)
class Weibull:
    """Weibull distribution of distance − `least` + 10,000, as in the paper's libMR.

    libMR moves the tail far from 0, so that the fit works for any tail: it comes close to a Gumbel distribution.

    >>> Weibull.of(np.array([1.0, 2.0, 4.0])).cdf(torch.tensor([0.0, 3.0, 9.0])).round(decimals=2).tolist()
    [0.08, 0.64, 1.0]
    """

    least: float
    shape: float
    log_scale: float

    @classmethod
    def of(cls, distances: np.ndarray) -> Weibull:
        """The one of greatest likelihood for distances, float64 [N].

        Its shape c solves Σ u·exp(cu) / Σ exp(cu) − mean(u) = 1/c with u = log x.
        """

        from scipy.optimize import brentq

        u = np.log1p((distances - distances.min()) / _MOVED)  # log x − log 10,000
        spread = u.max() - u.mean()
        if not spread > 1e-15:  # all distances equal: the share jumps from 0 to 1 there
            return cls(float(distances.min()), 1e15, float(np.log(_MOVED)))

        def slope(c: float) -> float:
            weights = np.exp(c * (u - u.max()))
            return weights @ u / weights.sum() - u.mean() - 1 / c

        # Below 1/spread the first term cannot reach 1/c; far above, it is nearly max(u).
        high = 2 / spread
        while slope(high) < 0:
            high *= 2
        c = brentq(slope, 1 / spread * (1 - 1e-12), high, xtol=1e-9 * high, rtol=1e-14)
        log_scale = np.log(_MOVED) + u.max() + np.log(np.mean(np.exp(c * (u - u.max())))) / c
        return cls(float(distances.min()), float(c), float(log_scale))

    def cdf(self, distances: Tensor) -> Tensor:
        """float64, 0–1, of distances of any shape."""
        moved = (distances.double() - self.least + _MOVED).clamp(min=0)
        return -torch.expm1(-torch.exp(self.shape * (moved.log() - self.log_scale)))


_MOVED = 10_000.0
