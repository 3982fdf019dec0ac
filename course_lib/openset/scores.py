"""How unknown is this picture? Scores from a classifier's logits: higher = more unknown, everywhere.

Every function takes logits, numbers [N, K], K ≥ 2, finite, as tensor, array or list, and a temperature T > 0. It works
in float64 on logits − maximum: so ±10,000 at T = 0.05 is as safe as 1 at T = 1. Anything else is a ValueError, and so
are probabilities, of which the softmax would be taken once more.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .. import checks
from ..checks import Numbers


def softmax(logits: Numbers, *, temperature: float = 1.0) -> Tensor:
    """Shares of one whole, float64 [N, K], 0–1: exp(z/T) / Σ exp(z/T). Adding a number to all logits changes nothing.

    >>> softmax(torch.tensor([[8., 0.], [-12., -20.]]))[:, 0].tolist()
    [0.9996646498695336, 0.9996646498695336]
    """
    return _scaled(logits, temperature, "softmax").softmax(dim=0).T.contiguous()


def max_softmax(logits: Numbers, *, temperature: float = 1.0) -> Tensor:
    """1 − maximum softmax probability, float64 [N], 0 to 1 − 1/K.

    Hendrycks, Gimpel: A Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural Networks,
    ICLR 2017. Summed over the other classes, because 1 − p would be 0 for all pictures whose p rounds to 1.

    >>> max_softmax(torch.tensor([[50., 0.], [0., 0.]])).tolist()
    [1.9287498479639178e-22, 0.5]
    """
    scaled = _scaled(logits, temperature, "max_softmax")
    others = scaled.exp().scatter(0, scaled.max(dim=0).indices[None], 0).sum(dim=0)  # the maximum itself has exp 1
    return others / (1 + others)


def max_logit(logits: Numbers) -> Tensor:
    """−maximum logit, float64 [N].

    Hendrycks et al.: Scaling Out-of-Distribution Detection for Real-World Settings, ICML 2022.

    >>> max_logit(torch.tensor([[8., 0.], [-12., -20.]])).tolist()
    [-8.0, 12.0]
    """
    return -checks.logits(logits, "max_logit", empty=True).amax(dim=1).double()


def entropy(logits: Numbers, *, temperature: float = 1.0) -> Tensor:
    """Entropy of the softmax probabilities in nats, float64 [N], 0 to log K.

    >>> entropy(torch.tensor([[0., 0.]])).exp().tolist()
    [2.0]
    """
    scaled = _scaled(logits, temperature, "entropy")
    shares = scaled.exp()
    total = shares.sum(dim=0)
    return _finite(total.log() - (shares * scaled).sum(dim=0) / total, "entropy")


def energy(logits: Numbers, *, temperature: float = 1.0) -> Tensor:
    """E = −T · log Σ exp(z/T), float64 [N]. It follows all logits up and down, which softmax does not.

    Liu et al.: Energy-based Out-of-distribution Detection, NeurIPS 2020. Their score is −E: high = known.

    >>> energy(torch.tensor([[8., 0.], [-12., -20.]])).round(decimals=2).tolist()
    [-8.0, 12.0]
    """
    z = _classes_first(logits, temperature, "energy")
    return _finite(-temperature * z.div_(temperature).logsumexp(dim=0), "energy")


def gen(logits: Numbers, *, gamma: float = 0.1, largest: int = 100) -> Tensor:
    """Generalized entropy: Σ pᵞ(1 − p)ᵞ over the `largest` probabilities, float64 [N], 0 to `largest`.

    Liu, Lochman, Zach: GEN: Pushing the Limits of Softmax-Based Out-of-Distribution Detection, CVPR 2023, section 3,
    with their γ = 0.1 and 100 classes; they call −G the score. The smaller γ, the more the small probabilities
    count. pytorch-ood gives the mean, and takes p for 10⁻⁷ where it is below: then no longer the same.

    >>> gen(torch.tensor([[0., 0.], [50., 0.]])).round(decimals=4).tolist()
    [1.7411, 0.0135]
    """
    check_gen(gamma, largest, "gen")
    scaled = _scaled(logits, 1.0, "gen")
    shares = scaled.exp()
    total = shares.sum(dim=0)
    first = scaled.max(dim=0).indices[None]
    others = scaled.scatter(0, first, -torch.inf).logsumexp(dim=0)[None]  # 1 − p is 0 where the largest p rounds to 1
    rest = (total - shares).log_().scatter_(0, first, others)
    terms = (gamma * (scaled + rest - 2 * total.log())).exp_()
    if largest < len(terms):
        terms = terms.gather(0, scaled.topk(largest, dim=0).indices)
    return _finite(terms.sum(dim=0), "gen")


def check_temperature(temperature: float, who: str) -> None:
    """ValueError unless it is a finite number above 0."""
    if not checks.is_number(temperature) or not temperature > 0:
        raise ValueError(f"{who} got temperature={temperature!r}; wanted a number above 0.")


def check_gen(gamma: float, largest: int, who: str) -> None:
    """ValueError unless γ is a finite number above 0, and M a whole number from 1."""
    if not (checks.is_number(gamma) and gamma > 0 and checks.is_whole(largest) and largest >= 1):
        raise ValueError(
            f"{who} got gamma={gamma!r}, largest={largest!r}; wanted a number above 0, and 1 class or more."
        )


def _scaled(logits: Numbers, temperature: float, who: str) -> Tensor:
    """(z − maximum) / T, float64 [K, N]: at most 0, so that no exponential overflows."""
    z = _classes_first(logits, temperature, who)
    return (z - z.amax(dim=0)).div_(temperature)


def _classes_first(logits: Numbers, temperature: float, who: str) -> Tensor:
    """A copy, float64 [K, N]: to sum ten numbers in a row takes several times as long as to add ten long rows."""
    check_temperature(temperature, who)
    z = checks.logits(logits, who, empty=True)
    return z.T.to(torch.float64, memory_format=torch.contiguous_format, copy=True)


def _finite(scores: Tensor, who: str) -> Tensor:
    if not checks.all_finite(scores):
        raise ValueError(
            f"{who} got logits so large, or so small a temperature, that float64 cannot hold their ratio; wanted both "
            "nearer to 1. Is the unit right?"
        )
    return scores
