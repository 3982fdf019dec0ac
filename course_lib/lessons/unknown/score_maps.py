"""What scores look at, where one can see it: three classes on a plane, and what each score keeps of the plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ... import openset
from ...figures.static import BLACK, BLUE, CATEGORIES, Drawing, drawing
from ...openset import Detector

MIDDLES = ((4.0, 0.6), (1.0, 3.6), (3.4, 3.4))  # of three classes, on one side of the origin as after a ReLU
WIDE = ((0.75, 0.12), (0.14, 0.6), (0.3, 0.3))  # deviation along both axes
REACH = (-3.0, 9.0)  # of the plane that is drawn


@dataclass(frozen=True)
class Plane:
    """Features of three classes, float [N, 2], and a last layer that was fitted to them.

    Attributes:
        labels: int64 [N].
        weight, bias: float [3, 2] and [3]: logits = features @ weight.T + bias.
    """

    features: Tensor
    labels: Tensor
    weight: Tensor
    bias: Tensor

    def logits(self, features: Tensor) -> Tensor:
        """float [N, 3] of float [N, 2]."""
        return features @ self.weight.T + self.bias


def plane(*, n: int = 100, seed: int = 0) -> Plane:
    """`n` points of each class and a logistic regression on them.

    >>> toy = plane(n=50)
    >>> (toy.logits(toy.features).argmax(dim=1) == toy.labels).double().mean().item() > 0.95
    True
    """
    from sklearn.linear_model import LogisticRegression

    if n < 20:
        raise ValueError(f"plane got n={n!r}; it wants 20 points of each class or more.")
    rng = np.random.default_rng(seed)
    clouds = [middle + rng.normal(size=(n, 2)) * wide for middle, wide in zip(MIDDLES, WIDE, strict=True)]
    points, labels = np.concatenate(clouds), np.repeat(np.arange(3), n)
    fitted = LogisticRegression(C=1.0, max_iter=1000).fit(points, labels)
    numbers = (torch.tensor(one, dtype=torch.float64) for one in (points, fitted.coef_, fitted.intercept_))
    features, weight, bias = numbers
    return Plane(features, torch.tensor(labels), weight, bias)


def kept(toy: Plane, detectors: Mapping[str, Detector], *, rejected: float = 0.05, steps: int = 120) -> Drawing:
    """A panel for each detector: the part of the plane that it keeps, where the line loses `rejected` of the points.

    Args:
        detectors: one to eight, by name; they are fitted here.
        steps: points of the grid along each axis, 20 or more.

    Raises:
        ValueError: no detectors or more than eight, or too coarse a grid.
    """
    if not 1 <= len(detectors) <= 8 or steps < 20:
        raise ValueError(f"kept got {len(detectors)} detectors and steps={steps!r}; it wants 1 to 8, and 20 or more.")
    axis = torch.linspace(*REACH, steps, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    columns = min(4, len(detectors))
    rows, shares = -(-len(detectors) // columns), {}
    with drawing(2.15 * columns, 2.3 * rows + 0.5, nrows=rows, ncols=columns, squeeze=False) as (f, axes):
        for ax in axes.flat[len(detectors) :]:
            ax.set_axis_off()
        for ax, (name, detector) in zip(axes.flat, detectors.items(), strict=False):
            detector.fit(toy.features, toy.logits(toy.features), toy.labels)
            line = openset.without_unknowns(detector.score(toy.features, toy.logits(toy.features)), rejected=rejected)
            inside = (detector.score(grid, toy.logits(grid)) <= line).view(steps, steps).T.numpy()
            shares[name] = float(inside.mean())
            ax.contourf(axis, axis, inside, levels=[0.5, 1.5], colors=[BLUE], alpha=0.25)
            for label in range(3):
                cloud = toy.features[toy.labels == label][:40]
                ax.scatter(cloud[:, 0], cloud[:, 1], s=5, color=CATEGORIES[label], lw=0)
            ax.plot(0, 0, "+", color=BLACK, ms=7)
            ax.set_title(name, fontsize=9.5)
            ax.set(xlim=REACH, ylim=REACH, xticks=[0, 5], yticks=[0, 5], aspect="equal")
            ax.tick_params(labelsize=8)
        f.supxlabel("first feature (+: where both are 0)", fontsize=9)
        f.supylabel("second feature", fontsize=9)
    told = ", ".join(f"{name} {share:.0%}" for name, share in shares.items())
    says = f"What is kept of a plane, in blue, where {rejected:.0%} of the points are lost: {', '.join(detectors)}."
    return Drawing(f, says, f"{says} Share of the plane that is kept: {told}.")
