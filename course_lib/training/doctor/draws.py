"""Which pictures and classes are drawn at all, and how heavily the loss counts them."""

from __future__ import annotations

import torch
from torch import Tensor

from . import labels as forms
from .batches import Seen
from .causes import finding
from .observe import LossCall
from .patient import Patient
from .verdict import Finding

FEW = 0.15  # different pictures, as a share of those that could have been drawn
UNSEEN = 0.3  # of validation's labels: from there on nobody would say that they are merely rare
HEAVIER, IMBALANCED = 1.5, 2.0  # times
_OVER_CLASSES = {"cross_entropy", "nll_loss", "nll_loss_nd"}


def few_pictures(p: Patient) -> Finding | None:
    """The same few pictures again and again, where there are others."""
    told = _few_indices(p.seen) or _one_batch(p.seen)
    return finding("few-pictures-drawn", told, "sure") if told else None


def _few_indices(seen: Seen) -> str | None:
    if seen.drawn is None:
        return None
    drawn, different, whole = seen.drawn
    if drawn < 32 or different >= FEW * min(drawn, whole):
        return None
    return f"{drawn} draws of the loader's sampler give {different} of the set's {whole} pictures"


def _one_batch(seen: Seen) -> str | None:
    """Every batch is the first one again, from a source that does not say how many pictures it has."""
    if seen.steps is not None:
        return None  # a list of one batch, many times: somebody sees whether it can be learned by heart
    first = seen.pairs[0][0]
    alike = [torch.equal(x, first) for x, _ in seen.pairs if x.shape == first.shape]  # the last one may be a part
    if len(alike) < 4 or not all(alike) or bool((first == first[:1]).all()):
        return None
    return f"all of {len(alike)} batches hold the same {len(first)} pictures"


def unseen_classes(p: Patient) -> Finding | None:
    """Much of validation is of classes that training never shows."""
    if p.val is None or p.labels.codes is None or p.labels.form not in ("classes", "one-hot"):
        return None
    val = forms.read(p.val.y)
    if val.form != p.labels.form or val.codes is None:
        return None
    strange = ~torch.isin(val.values[val.codes], p.labels.values)
    rare = (torch.bincount(p.labels.codes) == 1).sum() / len(p.labels.codes)  # Good and Turing: what was not drawn yet
    share = strange.float().mean().item()
    if share < UNSEEN + 2 * float(rare):
        return None
    names = ", ".join(f"{v:g}" for v in val.values[~torch.isin(val.values, p.labels.values)][:6].tolist())
    told = f"{share:.0%} of the validation labels are {names}, and none of {len(p.labels.codes)} training labels is"
    mend = "shuffle before you cut off the validation pictures, or cut off a share of every class"
    code = "train, val = train_test_split(range(len(y)), test_size=0.2, stratify=y)  # scikit-learn"
    return finding("validation-classes-differ", told, "sure", mend=mend, code=code)


def turned_weights(p: Patient) -> Finding | None:
    """The loss's weights make the frequent class heavier still."""
    codes = p.labels.codes
    calls = [c for c in p.trace[0].losses if c.weight is not None and c.weight.numel()]
    if codes is None or not calls or len(codes.unique()) < 2:
        return None
    counts = torch.bincount(codes).float()
    weights = _of_classes(calls[0], p)
    if weights is None or counts.max() < IMBALANCED * counts.min():
        return None
    heavy, light = weights[counts.argmax()], weights[counts.argmin()]
    if heavy < HEAVIER * light or _together(counts, weights) < 0.5:
        return None
    told = (
        f"of {len(codes)} labels the most frequent class has {int(counts.max())}, the rarest {int(counts.min())}; "
        f"{calls[0].name} weighs a picture of the first {heavy / light.clamp(min=1e-9):.3g} times as much"
    )
    return finding("class-weights-inverted", told)


def _of_classes(call: LossCall, p: Patient) -> Tensor | None:
    """The weight of each class that was seen, by its code."""
    assert call.weight is not None
    weight = call.weight.flatten().float()
    if call.name in _OVER_CLASSES:
        places = p.labels.values.long()
        return weight[places] if int(places.min()) >= 0 and int(places.max()) < len(weight) else None
    binary = call.name == "binary_cross_entropy_with_logits" and p.labels.count == 2 and len(weight) == 1
    return torch.cat([torch.ones(1), weight]) if binary else None


def _together(counts: Tensor, weights: Tensor) -> float:
    """Correlation of the logarithms."""
    a, b = (t.clamp(min=1e-9).log() for t in (counts, weights))
    return float(torch.corrcoef(torch.stack([a, b]))[0, 1])
