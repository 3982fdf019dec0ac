"""The one form that all detectors of the unknown have: `fit` on the known, then `score` anything."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, Self

import torch
from torch import Tensor

from .. import checks

_AT_ONCE = 1024  # pictures: 1,280 features of these, in float64, are 10 MB; more of them are slower


@dataclass(eq=False)
class Detector(ABC):
    """Settings at the start, `fit` on known training pictures, `score` for new ones.

    A subclass gives `_fit` and `_score`, and may trust that what they get has been checked.

    >>> from course_lib.openset import Energy
    >>> features = logits = torch.eye(2)
    >>> Energy().fit(features, logits, torch.tensor([0, 1])).score(features, 0 * logits).exp().tolist()
    [0.5, 0.5]
    """

    reads: ClassVar[tuple[str, ...]] = ("features", "logits")  # what else is NaN or infinite it does not mind
    _sizes: tuple[int, int] | None = field(default=None, init=False, repr=False)  # (D, K) of what it was fitted on

    def fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> Self:
        """Learn what the known looks like.

        Args:
            features: float [N, D], what the last layer gets, of known training pictures.
            logits: float [N, K], what it gives for them.
            labels: int64 [N], 0 to K − 1, of at least two classes.

        Raises:
            ValueError: NaN, no pictures, lengths that differ, one class; features that are the same for all pictures.
        """
        features, logits = _checked_pair(self, features, logits)
        n, k = logits.shape
        if n == 0:
            raise ValueError(f"{_name(self)} got no pictures to fit on; it wants known training pictures.")
        labels = checks.labels(labels, _name(self), classes=k, n=n, hint="Fit on the known only.")
        if (labels == labels[0]).all():
            raise ValueError(f"{_name(self)} got pictures of class {labels[0]} only; it wants two classes or more.")
        self._sizes = None  # half fitted is not fitted
        self._fit(features, logits, labels)
        self._sizes = features.shape[1], k
        return self

    def score(self, features: Tensor, logits: Tensor) -> Tensor:
        """How unknown each picture is: float64 [N], higher = more unknown.

        Args:
            features: float [N, D], as for `fit`.
            logits: float [N, K].

        Raises:
            ValueError: before `fit`; NaN; lengths that differ, or other D or K than `fit` got.
        """
        if self._sizes is None:
            raise ValueError(f"{_name(self)} was asked for scores before it was fitted; call fit(...) first.")
        features, logits = _checked_pair(self, features, logits)
        if (sizes := (features.shape[1], logits.shape[1])) != self._sizes:
            raise ValueError(
                f"{_name(self)} got {sizes[0]} features and {sizes[1]} logits a picture; it was fitted on "
                f"{self._sizes[0]} and {self._sizes[1]}. Take them from the same network."
            )
        at_once = _AT_ONCE if "features" in self.reads else 16 * _AT_ONCE  # logits are few numbers a picture
        parts = zip(features.split(at_once), logits.split(at_once), strict=True)
        return torch.cat([self._score(*part).double() for part in parts])

    def _fit(self, features: Tensor, logits: Tensor, labels: Tensor) -> None:  # noqa: B027
        """Most scores of logits have nothing to learn."""

    @abstractmethod
    def _score(self, features: Tensor, logits: Tensor) -> Tensor:
        """[N]; not too many pictures at once."""


def check_setting(what: Detector, good: Callable[..., bool], wanted: str, **setting: object) -> None:
    """ValueError unless each setting is a number, and all together are `good`."""
    if not all(map(checks.is_number, setting.values())) or not good(*setting.values()):
        got = ", ".join(f"{name}={value!r}" for name, value in setting.items())
        raise ValueError(f"{_name(what)} got {got}; it wants {wanted}.")


def check_wholes(what: Detector, **setting: object) -> None:
    """ValueError unless each setting is an integer."""
    for name, value in setting.items():
        check_setting(what, checks.is_whole, "a whole number", **{name: value})


def check_varies(what: Detector, features: Tensor) -> None:
    """ValueError where the features, [N, D], are the same for all pictures."""
    if (features[-1] == features[0]).all() and (features == features[0]).all():  # two tell it sooner, mostly
        raise ValueError(
            f"{_name(what)} got the same features for all {len(features)} pictures; it wants some that vary. Is the "
            "layer the right one, or is the network dead?"
        )


def _checked_pair(what: Detector, features: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
    features, logits = _rows(what, "features", features, 1), _rows(what, "logits", logits, 2)
    if "features" not in what.reads:  # what reads both compares the logits with the last layer, or takes their energy
        checks.not_probabilities(logits, _name(what))
    if len(features) != len(logits):
        raise ValueError(
            f"{_name(what)} got features of {len(features)} pictures and logits of {len(logits)}; it wants both of "
            "the same pictures."
        )
    return features, logits


def _rows(what: Detector, name: str, x: Tensor, least: int) -> Tensor:
    """`x` on the CPU, without gradient: floats [N, `least` or more]."""
    x = checks.tensor(x, _name(what), name).detach().cpu()
    if x.ndim != 2 or x.shape[1] < least or not x.is_floating_point():
        raise ValueError(
            f"{_name(what)} got {name} of {x.dtype} {tuple(x.shape)}; it wants floats, one row a picture, {least} or "
            "more in a row."
        )
    if name in what.reads and not checks.all_finite(x):
        bad = int((~x.isfinite()).any(dim=1).sum())
        raise ValueError(
            f"{_name(what)} got {name} that are NaN or infinite in {bad} of {len(x)} pictures; it wants numbers. "
            "Did the network's training diverge?"
        )
    return x


def _name(what: Detector) -> str:
    return type(what).__name__
