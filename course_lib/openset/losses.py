"""Losses that teach a classifier what is none of its classes, and how unknown a picture is to one that learned so.

Each takes logits, float [N, K], and labels, int64 [N]: 0 to K − 1, or `NONE` for a picture of none of the classes. It
gives the mean over the N pictures, float [], with a gradient. Of a batch that has no `NONE`, `background_class`,
`entropic_open_set` and `outlier_exposure` are cross-entropy.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import checks

NONE = -1  # the label of a picture that is none of the classes


def background_class(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy; "none of these" is one more class, whose logit is the last.

    Compared with the others in Dhamija, Günther, Boult: Reducing Network Agnostophobia, NeurIPS 2018, section 2.

    Args:
        logits: float [N, K + 1].
        labels: 0 to K − 1, or `NONE`.

    >>> background_class(torch.tensor([[0.0, 0.0, 50.0]]), torch.tensor([NONE])).item()
    0.0
    """
    _check("background_class", logits, labels, classes=logits.shape[-1] - 1)
    return F.cross_entropy(logits, torch.where(labels == NONE, logits.shape[1] - 1, labels))


def all_zero_targets(logits: Tensor, labels: Tensor) -> Tensor:
    """A sigmoid a class; the target of none is zero for each. The sum over classes of the binary cross-entropies.

    Without `NONE` among the labels: one against the rest, as in Shu, Xu, Liu: DOC: Deep Open Classification of Text
    Documents, EMNLP 2017, section 2.2.

    >>> all_zero_targets(torch.tensor([[-50.0, -50.0]]), torch.tensor([NONE])).item() < 1e-20
    True
    """
    _check("all_zero_targets", logits, labels)
    targets = _one_hot(labels, logits.shape[1])
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").sum(dim=1).mean()


def entropic_open_set(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy; the target of none is 1/K for each class.

    Dhamija, Günther, Boult: Reducing Network Agnostophobia, NeurIPS 2018, equation 1.

    >>> round(entropic_open_set(torch.zeros(1, 4), torch.tensor([NONE])).exp().item(), 4)
    4.0
    """
    _check("entropic_open_set", logits, labels)
    k = logits.shape[1]
    return F.cross_entropy(logits, _one_hot(labels, k) + (labels == NONE)[:, None].float() / k)


def objectosphere(logits: Tensor, features: Tensor, labels: Tensor, *, radius: float, weight: float) -> Tensor:
    """`entropic_open_set`, and features of none shrink to 0, those of the known grow beyond `radius`.

    Dhamija, Günther, Boult: Reducing Network Agnostophobia, NeurIPS 2018, equation 2. Both settings are in units of the
    network's own features, so there is no default that would do for all.

    Args:
        features: float [N, D], what the last layer gets.
            In training they are those after dropout, where there is one; `objectosphere_score` meets them without it.
            torch's dropout keeps their mean, but not their length: at 0.5 that is about √2 times as large in training.
        radius: ξ, above 0: the length that features of the known shall have at least.
        weight: λ, 0 or more, of the squared lengths that are missing, or too much.
    """
    entropic, length = entropic_open_set(logits, labels), features.norm(dim=1)
    away = torch.where(labels == NONE, length, (radius - length).clamp(min=0)).square()
    return entropic + weight * away.mean()


def outlier_exposure(logits: Tensor, labels: Tensor, *, weight: float = 0.5) -> Tensor:
    """Cross-entropy of the known, and `weight` times that of none to 1/K, each its own mean.

    Hendrycks, Mazeika, Dietterich: Deep Anomaly Detection with Outlier Exposure, ICLR 2019, sections 3 and 4.3. (In
    pytorch-ood both means are over all of the batch.)

    >>> round(outlier_exposure(torch.zeros(1, 4), torch.tensor([NONE])).mul(2).exp().item(), 4)
    4.0
    """
    _check("outlier_exposure", logits, labels)
    none = labels == NONE
    known = F.cross_entropy(logits[~none], labels[~none]) if (~none).any() else logits.new_zeros(())
    return known + (weight * -logits[none].log_softmax(dim=1).mean() if none.any() else 0.0)


def background_class_score(logits: Tensor) -> Tensor:
    """−log of the highest probability of a known class: float64 [N], 0 or more. The last logit is that of none.

    >>> background_class_score(torch.tensor([[9.0, 0.0, 0.0], [0.0, 0.0, 9.0]])).round().tolist()
    [0.0, 9.0]
    """
    logits = checks.logits(logits, "background_class_score")
    return -logits.double().log_softmax(dim=1)[:, :-1].amax(dim=1)


def objectosphere_score(logits: Tensor, features: Tensor) -> Tensor:
    """−(highest probability · length of the features): float64 [N], 0 or less. The same paper, section 3.

    The features are those of a network in evaluation mode, without dropout: shorter than those that the loss measured.

    >>> objectosphere_score(torch.tensor([[50.0, 0.0]]), torch.tensor([[3.0, 4.0]])).tolist()
    [-5.0]
    """
    logits = checks.logits(logits, "objectosphere_score")
    features = checks.tensor(features, "objectosphere_score", "features")
    if features.ndim != 2 or len(features) != len(logits) or not checks.all_finite(features):
        raise ValueError(
            f"objectosphere_score got features {tuple(features.shape)} for logits {tuple(logits.shape)}; it wants "
            f"finite ones, [{len(logits)}, D], one row a picture."
        )
    return -logits.double().softmax(dim=1).amax(dim=1) * features.double().norm(dim=1)


def _one_hot(labels: Tensor, classes: int) -> Tensor:
    """float [N, classes]; a row of zeros for `NONE`."""
    return F.one_hot(labels.clamp(min=0), classes).float() * (labels != NONE)[:, None]


def _check(who: str, logits: Tensor, labels: Tensor, classes: int | None = None) -> None:
    """ValueError unless each row of logits has its label. Cheap: it runs at every step of a training."""
    classes = logits.shape[-1] if classes is None else classes
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or labels.dtype != torch.int64 or not len(labels):
        raise ValueError(
            f"{who} got logits {tuple(logits.shape)} and labels of {labels.dtype} {tuple(labels.shape)}; it wants "
            "[N, K] and int64 [N], N ≥ 1."
        )
    low, high = (int(end) for end in labels.aminmax())
    if low < NONE or high >= classes:
        raise ValueError(
            f"{who} got labels from {low} to {high}; it wants 0 to {classes - 1}, and {NONE} for a picture of none."
        )
