"""Detectors that look at the features, what the last layer gets; two of them also at the last layer itself."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from .. import checks
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
        covariance = _products(within) / len(x)
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
class KNN(Detector):
    """Distance to the `k`-th nearest of the known training pictures, features scaled to length 1: 0–2.

    Sun, Ming, Zhu, Li: Out-of-Distribution Detection with Deep Nearest Neighbors, ICML 2022, section 3. They take
    k = 50 for 50,000 pictures of ten classes, and 10 where 1 % of ImageNet is kept.

    Attributes:
        k: 1 or more, at most the pictures that are kept.
        kept: training pictures to compare with, drawn at random if there are more. Time grows with them.
        seed: of that draw.
    """

    k: int = 10
    kept: int = 2000
    seed: int = 0
    _known: Tensor = field(init=False, repr=False)  # float32 [kept, D], of length 1

    def __post_init__(self) -> None:
        check_setting(self, lambda k, kept: 1 <= k <= kept, "1 ≤ k ≤ kept", k=self.k, kept=self.kept)
        check_wholes(self, k=self.k, kept=self.kept, seed=self.seed)

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        check_varies(self, features)
        n = len(features)
        check_setting(self, lambda k: k <= n, f"at most the {n} pictures to fit on", k=self.k)
        if len(features) > self.kept:
            order = torch.randperm(len(features), generator=torch.Generator().manual_seed(self.seed))
            features = features[order[: self.kept]]
        self._known = _length_one(features)

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        x = _length_one(features)
        # Which is the k-th: by products, fast. How far: from the difference, because √(2 − 2ab) keeps but three digits
        # in float32 where a and b are close.
        kth = (x @ self._known.T).topk(self.k, dim=1).indices[:, -1]
        return (x - self._known[kth]).norm(dim=1)


def _length_one(features: Tensor) -> Tensor:
    """float32 [N, D]; all zeros stay so."""
    x = features.float()
    return x / x.norm(dim=1, keepdim=True).clamp(min=1e-12)


def _products(x: Tensor) -> Tensor:
    """xᵀx, by numpy: it knows that the result is symmetric, and so does half the work."""
    return torch.from_numpy(x.numpy().T @ x.numpy())


def _own_precision(features: Tensor) -> torch.dtype:
    """The features' dtype, but at least float32: no more digits than the network's own, and half float64's time."""
    return torch.promote_types(features.dtype, torch.float32)


@dataclass(eq=False)
class LastLayer(Detector):
    """A detector that knows the last layer: logits = features @ weight.T + bias.

    Attributes:
        weight: float [K, D].
        bias: float [K].
    """

    weight: Tensor
    bias: Tensor

    def __post_init__(self) -> None:
        self.weight, self.bias = (
            checks.tensor(getattr(self, of), type(self).__name__, of).detach().cpu().double()
            for of in ("weight", "bias")
        )
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            raise ValueError(
                f"{type(self).__name__} got weight {tuple(self.weight.shape)} and bias {tuple(self.bias.shape)}; it "
                "wants [K, D] and [K], of the layer that gives the logits."
            )
        if not (self.weight.isfinite().all() and self.bias.isfinite().all()):
            raise ValueError(f"{type(self).__name__} got a weight or bias that is NaN or infinite; it wants numbers.")

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        check_varies(self, features)
        if self.weight.shape != (logits.shape[1], features.shape[1]):
            raise ValueError(
                f"{type(self).__name__} got weight {tuple(self.weight.shape)} for {features.shape[1]} features and "
                f"{logits.shape[1]} logits; it wants ({logits.shape[1]}, {features.shape[1]})."
            )
        some = features[:100].double()  # enough to notice another layer, or a ReLU in between
        if not torch.allclose(self._logits(some), logits[:100].double(), rtol=0.01, atol=0.01):
            raise ValueError(
                f"{type(self).__name__} got logits that are not features @ weight.T + bias; it wants the features "
                "that the last layer gets, and that layer's weight and bias."
            )

    def _logits(self, features: Tensor) -> Tensor:
        dtype = _own_precision(features)
        return features.to(dtype) @ self.weight.to(dtype).T + self.bias


@dataclass(eq=False)
class ViM(LastLayer):
    """How much of the features lies outside of where the known vary, as one more logit, less what the logits say.

    Wang, Li, Feng, Zhang: ViM: Out-Of-Distribution with Virtual-logit Matching, CVPR 2022, section 4, in the form
    α‖residual‖ − log Σ exp(logits), of which their probability is a rising function. α makes the residual as large as
    the largest logit, on average over the known.

    Attributes:
        directions: how many are the known's own, 1 to D − 1. By default as in the paper: 1,000 of D ≥ 1,500, else
            512; but D/2 where D ≤ 512.
    """

    directions: int | None = None
    _origin: Tensor = field(init=False, repr=False)  # [D]
    _others: Tensor = field(init=False, repr=False)  # [D, D − directions], orthonormal
    _alpha: float = field(default=0.0, init=False, repr=False)

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        super()._fit(features, logits, labels)
        directions = self._directions(features.shape[1])
        self._origin = -torch.linalg.pinv(self.weight) @ self.bias
        covariance = _products(features.double() - self._origin).numpy() / len(features)
        with threadpool_limits(1):  # half a second; with two threads beside another busy process, many
            values, vectors = np.linalg.eigh(covariance)  # the largest come last
        outside = values[:-directions].sum() / values.sum()  # mean square of the residuals, as a share of all
        if outside < 1e-12:
            raise ValueError(
                f"ViM got features of {len(features)} pictures that vary in {directions} directions or fewer, so that "
                "nothing is left outside; it wants more pictures, or fewer directions."
            )
        dtype = _own_precision(features) if outside > 1e-4 else torch.float64  # where little is left, digits are lost
        self._origin, self._others = self._origin.to(dtype), torch.from_numpy(vectors[:, :-directions]).to(dtype)
        largest = logits.double().amax(dim=1).mean()
        if largest <= 0:
            raise ValueError(
                f"ViM got largest logits of {largest:.3g} on average over the known; it wants them above 0, or what "
                "lies outside would count as known. Add one number to the bias and all logits: no probability changes."
            )
        self._alpha = float(largest / self._residual(features).mean())

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        return self._alpha * self._residual(features) + energy(logits)

    def _directions(self, d: int) -> int:
        default = 1000 if d >= 1500 else 512 if d > 512 else d // 2
        directions = default if self.directions is None else self.directions
        wanted = f"1 to {d - 1} of {d} features"
        check_setting(self, lambda one: checks.is_whole(one) and 1 <= one < d, wanted, directions=directions)
        return directions

    def _residual(self, features: Tensor) -> Tensor:
        x = features.to(self._others.dtype) - self._origin
        return (x @ self._others).norm(dim=1).double()


@dataclass(eq=False)
class ReAct(LastLayer):
    """Energy of the logits after every feature is cut off at the height that few features of the known exceed.

    Sun, Guo, Li: ReAct: Out-of-distribution Detection With Rectified Activations, NeurIPS 2021, section 3.

    Attributes:
        percentile: of all features of all training pictures, above 0, at most 100.
    """

    percentile: float = 90.0
    _height: float = field(default=0.0, init=False, repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_setting(self, lambda one: 0 < one <= 100, "above 0, at most 100", percentile=self.percentile)

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        super()._fit(features, logits, labels)
        self._height = float(np.percentile(features.float().numpy(), self.percentile))

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        return energy(self._logits(features.clamp(max=self._height)))
