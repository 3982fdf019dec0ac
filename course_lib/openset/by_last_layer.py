"""Detectors that know the last layer: its weight and bias besides what it gets and gives."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from .. import checks
from .by_features import products
from .detector import Detector, check_setting, check_varies
from .scores import energy


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
        directions: how many are the known's own, 1 to D − 1. The authors' code has 1,000 from D = 2,048 on, and 512
            below that. The default is ours, for other widths: 1,000 from D = 1,500 on, 512 down to 513, then D/2.
    """

    directions: int | None = None
    _origin: Tensor = field(init=False, repr=False)  # [D]
    _others: Tensor = field(init=False, repr=False)  # [D, D − directions], orthonormal
    _alpha: float = field(default=0.0, init=False, repr=False)

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        super()._fit(features, logits, labels)
        directions = self._directions(features.shape[1])
        self._origin = -torch.linalg.pinv(self.weight) @ self.bias
        covariance = products(features.double() - self._origin).numpy() / len(features)
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
class FDBD(LastLayer):
    """How far the features lie from where the answer would change, as a share of their distance from the mean.

    Liu, Qin: Fast Decision Boundary based Out-of-Distribution Detector, ICML 2024: minus the mean
    over the other classes c of |z_a − z_c| / ‖w_a − w_c‖, the distance to the boundary between c and the answer a,
    divided by ‖x − mean of all training features‖. OpenOOD takes the sum over c, and may divide by ‖x‖.
    """

    _mean: Tensor = field(init=False, repr=False)  # [D]
    _apart: Tensor = field(init=False, repr=False)  # float64 [K, K]: ‖w_a − w_c‖; 1 where a = c

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        super()._fit(features, logits, labels)
        self._mean = features.double().mean(dim=0).to(_own_precision(features))
        self._apart = (self.weight[:, None] - self.weight).norm(dim=2).fill_diagonal_(1.0)
        if not self._apart.min() > 0:
            a, c = divmod(int(self._apart.argmin()), len(self._apart))
            raise ValueError(f"FDBD got the same weights for classes {a} and {c}; it wants a boundary between any two.")

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        highest, answer = logits.double().max(dim=1)
        gaps = (highest[:, None] - logits.double()) / self._apart[answer]
        from_mean = (features.to(self._mean.dtype) - self._mean).norm(dim=1).double().clamp(min=1e-8)
        return -gaps.sum(dim=1) / ((logits.shape[1] - 1) * from_mean)


@dataclass(eq=False)
class NCI(LastLayer):
    """How little the features, seen from their mean, point along the weights of the answer, and how weak they are.

    Liu, Qin: Detecting Out-of-Distribution Through the Lens of Neural Collapse, CVPR 2025: minus
    w_aᵀ(x − mean) / ‖x − mean‖, a the answer, minus α · Σ|x|. Late in training a class's features gather where its
    weights point, far from 0; what does neither counts as unknown.

    Attributes:
        alpha: of the second term, 0 or more. It is in units of the network's own features, and the authors choose it
            with unknown pictures; the default is ours, and nobody chose it.
    """

    alpha: float = 0.001
    _mean: Tensor = field(init=False, repr=False)  # [D]

    def __post_init__(self) -> None:
        super().__post_init__()
        check_setting(self, lambda alpha: alpha >= 0, "0 or more", alpha=self.alpha)

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:
        super()._fit(features, logits, labels)
        self._mean = features.double().mean(dim=0).to(_own_precision(features))

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        x = features.to(self._mean.dtype)
        along = (x - self._mean) @ self.weight.to(x.dtype).T
        answered = along.gather(1, logits.argmax(dim=1, keepdim=True))[:, 0]
        return -answered / (x - self._mean).norm(dim=1).clamp(min=1e-8) - self.alpha * x.abs().sum(dim=1)


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


@dataclass(eq=False)
class Shaping(LastLayer):
    """Energy of the logits after a picture's own features were made stronger, the more the flatter they are.

    The factor is exp(sum of all / sum of the largest): e where the largest are everything, e¹⁰ where a tenth of equal
    features is kept. Both papers speak of activations after a ReLU; features below 0 count as 0 in the two sums.

    Attributes:
        percentile: of a picture's features, how many are not among its largest, 0 or more, below 100.
    """

    percentile: float

    def __post_init__(self) -> None:
        super().__post_init__()
        check_setting(self, lambda one: 0 <= one < 100, "0 or more, below 100", percentile=self.percentile)

    def _largest(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """(values, columns) [N, count] of the largest features of each picture; at least one."""
        n = features.shape[1]
        values, columns = features.to(_own_precision(features)).topk(max(n - round(n * self.percentile / 100), 1))
        return values, columns

    @staticmethod
    def _factor(features: Tensor, largest: Tensor) -> Tensor:
        """float64 [N, 1]; e for a picture without features above 0."""
        total, kept = (x.clamp(min=0).sum(dim=1, dtype=torch.float64) for x in (features, largest))
        return torch.where(kept > 0, total / kept, 1.0).exp()[:, None]


@dataclass(eq=False)
class ASH(Shaping):
    """`Shaping` of the largest features alone; all others are set to 0. It looks at few features, much enlarged.

    Djurisic, Bozanic, Ashok, Liu: Extremely Simple Activation Shaping for Out-of-Distribution Detection, ICLR 2023,
    the variant ASH-S. Theirs is for ImageNet with 90 %, and at an earlier layer for CIFAR.
    """

    percentile: float = 90.0

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        values, columns = self._largest(features)
        pruned = torch.zeros_like(features, dtype=values.dtype).scatter_(1, columns, values)
        return energy(self._factor(features, values) * (pruned @ self.weight.to(values.dtype).T) + self.bias)


@dataclass(eq=False)
class SCALE(Shaping):
    """`Shaping` of all features: the answer stays the same, and only how loud it is said changes.

    Xu, Chen, Franchi, Yao: Scaling for Training Time and Post-hoc Out-of-distribution Detection Enhancement,
    ICLR 2024. They take 85 % for ImageNet.
    """

    percentile: float = 85.0

    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        values, _ = self._largest(features)
        return energy(self._factor(features, values) * (logits.double() - self.bias) + self.bias)
