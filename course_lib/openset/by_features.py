"""Detectors that look at the features, what the last layer gets, and at nothing of the last layer but its logits."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from .detector import Detector, check_setting, check_varies, check_wholes
from .scores import energy


@dataclass(eq=False)
class Mahalanobis(Detector):
    """Squared distance to the nearest class mean, in units of the covariance that all classes share: ≥ 0.

    Lee, Lee, Lee, Shin: A Simple Unified Framework for Detecting Out-of-Distribution Samples and Adversarial Attacks,
    NeurIPS 2018, equations 1 and 2, without their perturbed pictures and their sum over layers. pytorch-ood gives this
    divided by 2N, and with a ridge of 10⁻⁶/N, whatever the variance.

    Attributes:
        ridge: added to the variance of every direction, as a share of the mean variance; ≥ 0. Where there are fewer
            pictures than features it decides what a direction that no known picture uses is worth.
    """

    ridge: float = 1e-6
    _mean: Tensor = field(init=False, repr=False)  # [D]
    _root: Tensor = field(init=False, repr=False)  # [D, D], lower: root @ root.T = covariance
    _means: Tensor = field(init=False, repr=False)  # [classes, D], whitened
    _shares: Tensor = field(init=False, repr=False)  # [classes], of the pictures; sum 1

    def __post_init__(self) -> None:
        check_setting(self, lambda ridge: ridge >= 0, "a share of 0 or more", ridge=self.ridge)

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        check_varies(self, features)
        x = features.double()
        _, index, sizes = labels.unique(return_inverse=True, return_counts=True)
        means = x.new_zeros(len(sizes), x.shape[1]).index_add_(0, index, x) / sizes[:, None]
        within = x - means[index]
        covariance = products(within) / len(x)
        covariance.diagonal().add_(self.ridge * covariance.diagonal().mean())
        root, failed = torch.linalg.cholesky_ex(covariance)
        if failed or not root.diagonal().min() > 0:
            raise ValueError(
                f"{type(self).__name__} got features of {len(x)} pictures that do not vary within the classes in "
                f"every one of {x.shape[1]} directions, and ridge={self.ridge}; it wants more pictures or more ridge."
            )
        self._mean, self._root = x.mean(dim=0), root
        self._means, self._shares = self._whitened(means), sizes.double() / len(x)

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        z = self._whitened(features)
        return (z.square().sum(dim=1) + self._to_nearest(z @ self._means.T)).clamp(min=0)

    def _whitened(self, features: Tensor) -> Tensor:
        """float64 [N, D]: as seen from the mean of all, with variance 1 in each direction within the classes."""
        return torch.linalg.solve_triangular(self._root, (features.double() - self._mean).T, upper=False).T

    def _to_nearest(self, products: Tensor) -> Tensor:
        """Least ‖z − m‖² − ‖z‖² over all class means m, from the `products` zᵀm [N, classes]."""
        return (self._means.square().sum(dim=1) - 2 * products).amin(dim=1)


@dataclass(eq=False)
class RelativeMahalanobis(Mahalanobis):
    """`Mahalanobis`, less the squared distance to one Gaussian of all classes together; below 0 as well.

    Ren et al.: A Simple Fix to Mahalanobis Distance for Improving Near-OOD Detection, 2021 (arXiv 2106.09022),
    section 2: min over k of MD_k − MD_0. What is unusual for every class alike no longer counts. pytorch-ood gives
    this divided by N, and with another ridge.
    """

    _onto: Tensor = field(init=False, repr=False)  # [D, 2 · classes]

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        super()._fit(features, logits, labels)
        # Whitened, the covariance of all is 1 + UᵀU, where U are the class means times the roots of their shares. By
        # Woodbury its inverse is 1 − UᵀS⁻¹U, S = 1 + UUᵀ: a system of K numbers instead of one of D.
        u = self._means * self._shares.sqrt()[:, None]
        root = torch.linalg.cholesky(torch.eye(len(u), dtype=u.dtype) + u @ u.T)
        between = torch.linalg.solve_triangular(root, u, upper=False)
        # ‖z‖² stands in both distances, and is gone: what is left are products of z = R⁻¹(x − mean) with 2K vectors v.
        # vᵀR⁻¹ can be had once, here, and no picture has to be whitened.
        self._onto = torch.linalg.solve_triangular(self._root.T, torch.cat([self._means, between]).T, upper=True)

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        to_means, within = ((features.double() - self._mean) @ self._onto).chunk(2, dim=1)
        return self._to_nearest(to_means) + within.square().sum(dim=1)


@dataclass(eq=False)
class MahalanobisPlusPlus(Mahalanobis):
    """`Mahalanobis` of features scaled to length 1: which way they point counts, and not how strong they are.

    Müller, Hein: Mahalanobis++: Improving OOD Detection via Feature Normalization, ICML 2025: x / ‖x‖ in training and
    test, and then the distance as it was. The classes' variance is more alike so, which the one shared
    covariance takes for granted.
    """

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        super()._fit(length_one(features.double()), logits, labels)

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        return super()._score(length_one(features.double()), logits)


@dataclass(eq=False)
class Compared(Detector):
    """A detector that compares a picture with training pictures that it keeps.

    Attributes:
        k: 1 or more, at most the pictures that are kept.
        kept: training pictures to compare with, drawn at random if there are more. Time grows with them.
        seed: of that draw.
    """

    k: int = 10
    kept: int = 2000
    seed: int = 0
    _known: Tensor = field(init=False, repr=False)  # float32 [kept, D]

    def __post_init__(self) -> None:
        check_setting(self, lambda k, kept: 1 <= k <= kept, "1 ≤ k ≤ kept", k=self.k, kept=self.kept)
        check_wholes(self, k=self.k, kept=self.kept, seed=self.seed)

    def _rows_to_keep(self, features: Tensor) -> Tensor:
        """int64: which of the training pictures, all of which are given."""
        check_varies(self, features)
        n = len(features)
        check_setting(self, lambda k: k <= n, f"at most the {n} pictures to fit on", k=self.k)
        if n <= self.kept:
            return torch.arange(n)
        return torch.randperm(n, generator=torch.Generator().manual_seed(self.seed))[: self.kept]


@dataclass(eq=False)
class KNN(Compared):
    """Distance to the `k`-th nearest of the known training pictures, features scaled to length 1: 0–2.

    Sun, Ming, Zhu, Li: Out-of-Distribution Detection with Deep Nearest Neighbors, ICML 2022, section 3. They take
    k = 50 for 50,000 pictures of ten classes, and 10 where 1 % of ImageNet is kept. Settings as in `Compared`.
    """

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        self._known = length_one(features[self._rows_to_keep(features)].float())

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        x = length_one(features.float())
        # Which is the k-th: by products, fast. How far: from the difference, because √(2 − 2ab) keeps but three digits
        # in float32 where a and b are close.
        kth = (x @ self._known.T).topk(self.k, dim=1).indices[:, -1]
        return (x - self._known[kth]).norm(dim=1)


@dataclass(eq=False)
class NNGuide(Compared):
    """How sure the network is, times how close the picture lies to training pictures of which it was sure, too.

    Park, Jung, Teoh: Nearest Neighbor Guidance for Out-of-Distribution Detection, ICCV 2023: minus c times
    the mean of the `k` largest c_i · cos(x, x_i), where c = log Σ exp(logits), that of a picture and of the kept
    training pictures x_i. Where c is below 0 both factors turn round: `fit` refuses a network whose c is so on average.
    Settings as in `Compared`.
    """

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        rows = self._rows_to_keep(features)
        sure = -energy(logits[rows])
        if sure.mean() <= 0:
            raise ValueError(
                f"NNGuide got logits whose log Σ exp is {sure.mean():.3g} on average over the known; it wants it above "
                "0. Add one number to the bias and all logits: no probability changes."
            )
        self._known = length_one(features[rows].float()) * sure[:, None].float()  # as long as the network was sure

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        alike = length_one(features.float()) @ self._known.T
        return energy(logits) * alike.topk(self.k, dim=1).values.mean(dim=1)


@dataclass(eq=False)
class SHE(Detector):
    """How little the features have in common with the mean features of the class that is answered.

    Zhang et al.: Out-of-Distribution Detection based on In-Distribution Data Patterns Memorization with Modern Hopfield
    Energy, ICLR 2023: minus the product xᵀS of the features and the mean S over the training pictures of
    the answered class that were answered right. Strong features count as known, whichever way they point.
    """

    _means: Tensor = field(init=False, repr=False)  # float64 [K, D]

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        check_varies(self, features)
        right, k = logits.argmax(dim=1) == labels, logits.shape[1]
        sizes = labels[right].bincount(minlength=k)
        if none := (sizes == 0).nonzero()[:, 0].tolist():
            raise ValueError(
                f"SHE got no training picture answered right of class {none}; it wants one or more of each. Train for "
                "longer, or leave these classes out."
            )
        sums = torch.zeros(k, features.shape[1], dtype=torch.float64)
        self._means = sums.index_add_(0, labels[right], features[right].double()) / sizes[:, None]

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        in_common = features.double() @ self._means.T
        return -in_common.gather(1, logits.argmax(dim=1, keepdim=True))[:, 0]


def length_one(x: Tensor) -> Tensor:
    """[N, D], each row of length 1; all zeros stay so."""
    return x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)


def products(x: Tensor) -> Tensor:
    """xᵀx, by numpy: it knows that the result is symmetric, and so does half the work."""
    return torch.from_numpy(x.numpy().T @ x.numpy())
