"""What follows from the pictures, the labels and the weights alone."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from .causes import finding
from .patient import Patient
from .verdict import Finding

SHIFTED = 1.5  # deviations, or powers of two
NEAR = 1.3  # times the distance to the nearest picture of the same set
TOLD = 0.8  # balanced accuracy from which simple statistics tell the classes apart


def not_finite(p: Patient) -> Finding | None:
    """NaN or infinities in the pictures."""
    bad = int((~p.x.isfinite()).flatten(1).any(dim=1).sum())
    return finding("inputs-not-finite", f"{bad} of {len(p.x)} pictures", "sure") if bad else None


def weights_not_finite(p: Patient) -> Finding | None:
    """Weights that are spoilt already."""
    bad = [name for name, w in p.model.named_parameters() if not bool(w.detach().isfinite().all())]
    if not bad:
        return None
    return finding(
        "gradients-not-finite",
        f"{len(bad)} tensors of weights hold NaN or infinities already, the first is {bad[0]}",
        "sure",
        mend="make the network anew, and look for what blew it up: the learning rate, log(0), float16",
    )


def constant(p: Patient) -> Finding | None:
    """All pictures are alike."""
    x = p.x.flatten(1)
    if len(x) < 4 or not bool(x.isfinite().all()):
        return None
    largest = max(float(row.abs().max()) for row in x)
    far = torch.stack([(row - x[len(x) // 2]).abs().max() for row in x])  # row by row: no copy of them all
    same = (far <= 1e-7 * max(largest, 1e-30)).float().mean().item()
    flat = (x.amax(dim=1) == x.amin(dim=1)).float().mean().item()
    if same < 0.95:
        return None
    kind = f"all values are {x[0, 0]:.3g}" if flat > 0.95 else "pixel by pixel"
    return finding("inputs-constant", f"{same:.0%} of {len(x)} pictures are the same, {kind}", "sure")


def few_values(p: Patient) -> Finding | None:
    """Almost all pixels have one value, and there are two or three values at all: what rounding leaves."""
    if p.x.ndim != 4 or not bool(p.x.isfinite().all()):
        return None
    shares = [_commonest(channel.flatten()) for channel in p.x.transpose(0, 1)]
    if min(shares) < 0.9:
        return None
    told = f"{min(shares):.1%} of all values are the same, and there are no more than three different ones"
    return finding("inputs-constant", f"{told}; {range_of(p.x)}")


def _commonest(values: Tensor) -> float:
    """The share of the most frequent value; 0 where there are more than three values."""
    some = values[:: max(1, len(values) // 4096)].unique()
    if len(some) > 3:
        return 0.0
    found, counts = values.unique(return_counts=True)
    return float(counts.max()) / len(values) if len(found) <= 3 else 0.0


def one_class(p: Patient) -> Finding | None:
    """All labels are alike."""
    if p.labels.targets is not None:
        alike = bool((p.labels.targets == p.labels.targets[:1]).all())
    else:
        alike = p.labels.codes is not None and len(p.labels.codes.unique()) == 1
    if not alike or len(p.x) < 8:
        return None
    return finding("one-class-only", f"{len(p.x)} labels, and all are alike", "sure")


def not_shuffled(p: Patient) -> Finding | None:
    """Batches of one class, where chance would mix them."""
    codes = p.labels.codes
    sizes = [len(x) for x, _ in p.seen.pairs]
    if codes is None or len(sizes) < 3 or max(sizes) < 4 or sum(sizes) != len(codes):
        return None
    mixed = codes[torch.randperm(len(codes), generator=torch.Generator().manual_seed(0))]
    purity, chance = _purity(codes, sizes), _purity(mixed, sizes)
    if purity < 0.8 or (purity - chance) / (1 - chance + 1e-9) < 0.6:
        return None
    return finding(
        "batches-not-shuffled",
        f"on average {purity:.0%} of a batch is of one class; shuffled it would be {chance:.0%}",
        "sure",
    )


def _purity(codes: Tensor, sizes: list[int]) -> float:
    parts = [c for c in codes.split(sizes) if len(c) > 1]
    return sum(torch.bincount(c).max().item() / len(c) for c in parts) / max(1, len(parts))


def frozen(p: Patient) -> Finding | None:
    """No weight may move."""
    counts = {flag: sum(w.numel() for w in p.model.parameters() if w.requires_grad is flag) for flag in (True, False)}
    if counts[True] or not counts[False]:
        return None
    return finding("everything-frozen", f"none of {counts[False]:,} weights has requires_grad", "sure")


def unregistered(p: Patient) -> Finding | None:
    """Layers in plain lists and dicts, which `parameters()` does not list."""
    held, mine = {id(w) for w in p.held}, {id(m) for m in p.model.modules()}
    lost = [
        (f"{type(module).__name__}.{name}", layer)
        for module in p.model.modules()
        for name, value in vars(module).items()
        if not name.startswith("_") and isinstance(value, list | tuple | dict)
        for layer in (value.values() if isinstance(value, dict) else value)
        if isinstance(layer, nn.Module) and id(layer) not in mine
    ]
    loose = [
        f"{type(module).__name__}.{name}"
        for module in p.model.modules()
        for name, value in vars(module).items()
        if isinstance(value, Tensor) and value.is_leaf and value.requires_grad and id(value) not in held
    ]
    if loose:
        told = f"{loose[0]} is a tensor with requires_grad, and no nn.Parameter: model.parameters() does not list it"
        code = "self.weight = nn.Parameter(torch.randn(…))"
        return finding("layers-not-registered", told, "sure", code=code)
    weights = [(name, w) for name, layer in lost for w in layer.parameters() if w.requires_grad and id(w) not in held]
    if not weights:
        return None
    return finding(
        "layers-not-registered",
        f"{weights[0][0]} is a plain list, tuple or dict: {sum(w.numel() for _, w in weights):,} weights of its layers "
        f"are not in model.parameters(), which has {sum(w.numel() for w in p.model.parameters()):,}",
        "sure",
    )


def strangers(p: Patient) -> Finding | None:
    """The optimizer moves weights, and none of them is the model's."""
    mine = {id(w) for w in p.model.parameters() if w.requires_grad}
    if p.factory or not p.held or not mine or any(id(w) in mine for w in p.held):
        return None
    return finding(
        "optimizer-of-another-model",
        f"none of the {len(p.held)} tensors that it was given is a trainable weight of this network",
        "sure",
    )


def left_out(p: Patient) -> str | None:
    """What is measured where the optimizer holds only some of what could be trained."""
    held = {id(w) for w in p.held}
    mine = [w for w in p.model.parameters() if w.requires_grad]
    out = [w for w in mine if id(w) not in held]
    if p.factory or not out or not held:
        return None
    return (
        f"{len(mine) - len(out)} of {len(mine)} trainable tensors of the network are in the optimizer, "
        f"{sum(w.numel() for w in mine) - sum(w.numel() for w in out):,} of {sum(w.numel() for w in mine):,} weights"
    )


def erased(p: Patient) -> Finding | None:
    """The classes can be told from simple statistics of the pictures as loaded, and no longer as prepared."""
    if p.raw is None or p.x.ndim != 4:
        return None
    before, after = separability(*p.raw), separability(p.x, p.labels.codes)
    if before < TOLD or after > before - 0.15 or only_validation_fits(p):
        return None
    return finding(
        "classes-erased",
        f"mean and spread of the channels tell the classes apart in {before:.0%} as loaded, in {after:.0%} as the "
        f"network gets them. {_how(p.x)}",
    )


def only_validation_fits(p: Patient) -> bool:
    """Training pictures look as validation's do, and only validation's fit their labels: then it is the labels."""
    if p.val is None or p.val.x.shape[1:] != p.x.shape[1:] or max(difference(p.x, p.val.x)) >= 1:
        return False
    if p.raw is not None and separability(*p.raw) >= TOLD and not look_alike(p.x, p.val.x):
        return False  # the labels fit what was loaded, and the pictures are others now
    val = separability(p.val.x, _codes(p.val.y))
    return val >= TOLD and separability(p.x, p.labels.codes) < val - 0.15


def mislabelled(p: Patient) -> Finding | None:
    """Only validation's labels fit their pictures."""
    if p.val is None or p.x.ndim != 4 or not only_validation_fits(p):
        return None
    train, val = separability(p.x, p.labels.codes), separability(p.val.x, _codes(p.val.y))
    return finding(
        "labels-out-of-step",
        f"the same simple statistics tell the classes apart in {val:.0%} of validation and {train:.0%} of training",
    )


def other_in_validation(p: Patient) -> Finding | None:
    """Validation pictures have clearly other means or deviations."""
    return perhaps_other_in_validation(p, SHIFTED)


def perhaps_other_in_validation(p: Patient, least: float = 1.0) -> Finding | None:
    """The same, for smaller differences that may have other reasons."""
    if p.val is None or p.prepares or p.val.x.shape[1:] != p.x.shape[1:]:
        return None
    shift, ratio = difference(p.x, p.val.x)
    if max(shift, ratio) < least:
        return None
    return finding(
        "validation-prepared-differently",
        f"a channel's mean differs by {shift:.1f} deviations, its deviation by a factor of {2**ratio:.1f}",
    )


def difference(x: Tensor, val: Tensor) -> tuple[float, float]:
    """The largest over the channels: of the means, in deviations; of the deviations, in powers of two."""
    dims = (0, 2, 3) if x.ndim == 4 else tuple(range(x.ndim))
    deviation = x.std(dim=dims).clamp(min=1e-6)
    shift = (x.mean(dim=dims) - val.mean(dim=dims)).abs() / torch.maximum(deviation, val.std(dim=dims))
    ratio = (val.std(dim=dims).clamp(min=1e-6) / deviation).log2().abs()
    return shift.max().item(), ratio.max().item()


def _codes(y: object) -> Tensor | None:
    from .labels import read

    return read(y).codes


def separability(images: Tensor, labels: Tensor | None) -> float:
    """Balanced accuracy of a linear judge that sees mean and spread of the channels, and the means of four quarters."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if labels is None or images.ndim != 4 or not bool(images.isfinite().all()):
        return 0.0
    labels = labels.unique(return_inverse=True)[1]
    if len(labels.unique()) < 2 or int(torch.bincount(labels).min()) < 5:
        return 0.0
    judge = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    told = statistics(images).numpy()
    return float(cross_val_score(judge, told, labels.numpy(), cv=4, scoring="balanced_accuracy").mean())


def statistics(images: Tensor) -> Tensor:
    """float [N, 6 C]: mean and spread of the channels, and the means of four quarters."""
    images = images.float()
    coarse = adaptive_avg_pool2d(images, 2).flatten(1)
    return torch.cat([images.mean(dim=(2, 3)), images.std(dim=(2, 3)), coarse], dim=1)


def look_alike(x: Tensor, val: Tensor) -> bool:
    """Training pictures have such statistics as validation's: the nearest one is as near as among validation's own."""
    a, b = statistics(x[:256]), statistics(val[:256])
    scale = b.std(dim=0).clamp(min=1e-6)
    between = torch.cdist(a / scale, b / scale).amin(dim=1).median()
    within = torch.cdist(b / scale, b / scale).fill_diagonal_(torch.inf).amin(dim=1).median()
    return bool(between <= NEAR * within)


def _how(x: Tensor) -> str:
    """What was probably done, in words."""
    means, deviations = x.mean(dim=(2, 3)), x.std(dim=(2, 3))
    if x.shape[1] == 3 and torch.allclose(x[:, 0], x[:, 1], atol=1e-4) and torch.allclose(x[:, 0], x[:, 2], atol=1e-4):
        return "All three channels are equal: the pictures are grey."
    if means.abs().max() < 0.01 and (deviations - 1).abs().max() < 0.05:
        return "Every channel of every picture has mean 0 and deviation 1: each was standardised by itself."
    return "The pictures are neither grey nor standardised one by one; is it an augmentation?"


# --- suspicions: what may be harmless, and is tried ---


def layers(model: nn.Module) -> list[tuple[str, Any]]:
    """Linear and convolutional layers with a weight of their own, in order."""
    kinds = (nn.Linear, nn.modules.conv._ConvNd)
    return [(n, m) for n, m in model.named_modules() if isinstance(m, kinds) and isinstance(m.weight, Tensor)]


def alike(p: Patient) -> str | None:
    """Layers whose units start alike get the same gradient and stay alike. The last may: it breaks free."""
    found = []
    for name, module in layers(p.model)[:-1]:
        w = module.weight.detach()
        units = w.flatten(1)
        if w.requires_grad is False and not module.weight.requires_grad:
            continue
        if len(units) > 1 and bool((units == units[0]).all()):
            found.append(name)
    if not found:
        return None
    return f"all units of layer {found[0]!r} have the same weights, and {len(found) - 1} more layers are so"


def spread_of_weights(p: Patient) -> tuple[float, float]:
    """The smallest and largest root mean square of a trainable layer's weights, in units of √(2 / inputs)."""
    ratios = []
    for _, module in layers(p.model)[:-1] or layers(p.model):
        w = module.weight.detach().float()
        if module.weight.requires_grad and w.numel() > 16:
            ratios.append(float(w.pow(2).mean().sqrt()) / (2 / w[0].numel()) ** 0.5)  # all above 0 is too large, too
    return (min(ratios), max(ratios)) if ratios else (1.0, 1.0)


def scrambled(x: Tensor) -> bool:
    """[B, H, W, C] that was reshaped, not permuted: read the other way round the pictures are smoother."""
    if x.ndim != 4 or x.shape[1] not in (3, 4) or x.shape[1] == x.shape[3]:
        return False
    n, c, h, w = x.shape
    other = x.contiguous().reshape(n, h, w, c).permute(0, 3, 1, 2)
    return _roughness(other) < 0.7 * _roughness(x)


def _roughness(x: Tensor) -> float:
    return float((x[..., 1:] - x[..., :-1]).abs().mean() + (x[..., 1:, :] - x[..., :-1, :]).abs().mean())


def range_of(x: Tensor) -> str:
    """Least, largest, mean and deviation in words."""
    return f"inputs go from {x.min():.3g} to {x.max():.3g}, mean {x.mean():.3g}, deviation {x.std():.3g}"


def scale_of(x: Tensor) -> str | None:
    """ "large", "tiny" or "off" where inputs are far from mean 0 and deviation 1."""
    largest = max(abs(float(x.max())), abs(float(x.min())))
    if largest <= 0.02:
        return "tiny"
    if largest > 12:
        return "large"
    dims = (0, 2, 3) if x.ndim == 4 else tuple(range(x.ndim))
    deviation = x.std(dim=dims)
    if bool((x.mean(dim=dims).abs() > 5 * deviation).any()):
        return "off"
    return None
