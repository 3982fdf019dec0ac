"""Labels of every form, and whether a network's outputs tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

Form = Literal["classes", "one-hot", "soft", "multi-label", "unknown"]


@dataclass(frozen=True)
class Labels:
    """What `y` says.

    Attributes:
        form: "classes" are class numbers [B] or [B, 1], of any type; "soft" are shares of classes.
        codes: int64 [N], 0 … K−1 by size of the values; None where a picture has no one class.
        values: the distinct labels as they came, float64 [K]; of one-hot labels the positions.
        targets: of "multi-label" labels, float [N, L].
    """

    form: Form
    codes: Tensor | None
    values: Tensor
    targets: Tensor | None = None

    @property
    def count(self) -> int:
        """How many different classes were seen."""
        return len(self.values)

    def part(self, which: Tensor) -> Labels:
        """The labels of some pictures."""
        codes = None if self.codes is None else self.codes[which]
        return Labels(self.form, codes, self.values, None if self.targets is None else self.targets[which])


def read(y: Any) -> Labels:
    """Which form the labels have. Of tuples and dicts the first tensor counts, as with Mixup's (y_a, y_b, share)."""
    while isinstance(y, tuple | list | dict):
        y = next(iter(y.values())) if isinstance(y, dict) else y[0]
    y = y.detach().to("cpu", torch.float64)
    flat = y.reshape(len(y), -1)
    if flat.shape[1] == 1:
        return _of_numbers(flat[:, 0])
    return _of_rows(flat) if y.ndim == 2 else Labels("unknown", None, torch.zeros(0))


def _of_numbers(y: Tensor) -> Labels:
    if not bool((y == y.round()).all()):
        inside = bool((y >= 0).all() and (y <= 1).all())
        codes = (y > 0.5).long() if inside else None
        return Labels("soft" if inside else "unknown", codes, torch.arange(2.0) if inside else torch.zeros(0))
    values, codes = y.unique(return_inverse=True)
    return Labels("classes", codes, values)


def _of_rows(y: Tensor) -> Labels:
    sums, whole = y.sum(dim=1), bool(((y == 0) | (y == 1)).all())
    if bool((y >= 0).all()) and bool(((sums - 1).abs() < 1e-3).all()):
        values, codes = y.argmax(dim=1).unique(return_inverse=True)
        return Labels("one-hot" if whole else "soft", codes, values)
    if whole:
        return Labels("multi-label", None, torch.arange(float(y.shape[1])), y.float())
    return Labels("unknown", None, torch.zeros(0))


def main_output(output: Any) -> Tensor | None:
    """The logits among what a network gives: a tensor, the usual entry of a dict, or the first of a tuple.

    Returns float [B, …] without trailing dimensions of size 1 beyond the second; None where there is no tensor.
    """
    if isinstance(output, dict):
        named = (output[key] for key in ("logits", "out", "output", "main") if key in output)
        output = next(named, next(iter(output.values()), None))
    if isinstance(output, tuple | list):
        tensors = [t for t in (main_output(part) for part in output) if t is not None]
        return tensors[0] if tensors else None
    if not isinstance(output, Tensor):
        return None
    while output.ndim > 2 and output.shape[-1] == 1:
        output = output[..., 0]
    return output


def told_apart(output: Tensor, labels: Labels) -> float:
    """Balanced accuracy, 0–1, of the network's answers; of one output, at the threshold that suits it best.

    Args:
        output: float [B] or [B, K].
        labels: of the same pictures.
    """
    output = output.detach().float().cpu()
    if not bool(output.isfinite().all()):
        return 0.0
    if labels.targets is not None:
        return _of_each_label(output, labels.targets)
    if labels.codes is None or output.ndim > 2:
        return 0.0
    if output.ndim == 1 or output.shape[1] == 1:
        return _of_one_unit(output.reshape(-1), labels)
    answers, truth = output.argmax(dim=1).double(), labels.values[labels.codes]
    if labels.values.min() < 0 or labels.values.max() >= output.shape[1]:
        truth = labels.codes.double()  # numbered otherwise: −1 and +1 under two outputs
    return _balanced(answers == truth, labels.codes)


def _of_one_unit(output: Tensor, labels: Labels) -> float:
    assert labels.codes is not None
    if labels.count > 2:
        answers = (output.double()[:, None] - labels.values[None]).abs().argmin(dim=1)
        return _balanced(answers == labels.codes, labels.codes)
    return _best_threshold(output, labels.codes == labels.codes.max())


def _of_each_label(output: Tensor, targets: Tensor) -> float:
    if output.shape != targets.shape:
        return 0.0
    mixed = [i for i in range(targets.shape[1]) if 0 < targets[:, i].mean() < 1]
    scores = [_best_threshold(output[:, i], targets[:, i] > 0.5) for i in mixed]
    return sum(scores) / len(scores) if scores else 1.0


def _best_threshold(score: Tensor, positive: Tensor) -> float:
    """The largest balanced accuracy of `score > t` over all t. A constant score gets 1/2."""
    if bool(positive.all()) or not bool(positive.any()):
        return 1.0
    order = score.argsort(descending=True)
    hits = torch.cumsum(positive[order].double(), 0) / positive.sum()
    false = torch.cumsum((~positive[order]).double(), 0) / (~positive).sum()
    last_of_value = torch.cat([score[order][1:] != score[order][:-1], torch.tensor([True])])
    return float(((hits - false)[last_of_value] / 2 + 0.5).max().clamp(min=0.5))


def _balanced(right: Tensor, codes: Tensor) -> float:
    return float(torch.stack([right[codes == code].double().mean() for code in codes.unique()]).mean())


def pick(labels: Labels, most: int, n: int) -> Tensor:
    """Positions of about `most` of `n` pictures, each class as often as the others where that can be."""
    if labels.codes is None:
        return torch.arange(min(most, n))
    classes = labels.codes.unique()
    each = max(2 if len(classes) <= most else 1, most // len(classes))
    chosen = [torch.nonzero(labels.codes == code).ravel()[:each] for code in classes]
    # Few classes that are rare leave room, which the first ones fill.
    return torch.cat(chosen)[: max(most, 2 * min(len(classes), most))]
