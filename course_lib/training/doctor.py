"""Why does it not learn? Looks at what the training loop really sees, then tries one mend at a time.

The doctor asks in the order of the pipeline: do the pictures still hold the classes, do the labels fit, are the
batches mixed, does the loss listen, may the weights move? Where all that is sound and the network still cannot learn a
few pictures by heart, it gives copies of the network one treatment each. What lets a copy learn names the cause.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, cross_entropy

from ..data import ImageSet

Batches = Iterable[tuple[Tensor, Tensor]] | Callable[[], Iterable[tuple[Tensor, Tensor]]]
MOST = 512  # pictures that are looked at
BY_HEART, STEPS, LOOK = 32, 80, 4  # pictures to be learned by heart, in so many steps, with a look at every fourth
LEARNED, TOLD = 0.95, 0.8  # accuracies: by heart; simple statistics tell the classes apart


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        cause: in a few words, such as "the preprocessing erases the classes".
        evidence: what was measured.
        mend: what to do.
    """

    cause: str
    evidence: str
    mend: str

    def __str__(self) -> str:
        return f"{self.cause[0].upper()}{self.cause[1:]}.\n  seen: {self.evidence}\n  mend: {self.mend}"


@dataclass(frozen=True)
class Diagnosis:
    """What the doctor found, the most likely cause first; nothing where the network can learn."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings)) or "Nothing found: it can learn these pictures by heart."


@dataclass(frozen=True)
class _Patient:
    """What all checks look at. `x` float [N, C, H, W] and `y` [N] are as the network gets them."""

    model: nn.Module
    x: Tensor
    y: Tensor
    batches: list[Tensor]  # labels of each batch
    loss: Callable[[Tensor, Tensor], Tensor]
    optimizer: Callable[[list[nn.Parameter]], torch.optim.Optimizer]
    held: list[nn.Parameter] | None  # what the learner's optimizer was given, where it is known
    val: tuple[Tensor, Tensor] | None
    pictures: tuple[Tensor, Tensor] | None


def diagnose(
    model: nn.Module,
    batches: Batches,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
    optimizer: torch.optim.Optimizer | Callable | None = None,
    val_batches: Batches | None = None,
    pictures: ImageSet | None = None,
) -> Diagnosis:
    """Find out why `model` does not learn, in a few seconds and on copies: nothing of yours is changed.

    Args:
        model: any module, x [B, C, H, W] → [B, K] or [B, 1].
        batches: what your loop trains on: a DataLoader, or a function that gives one pass of pairs (x, y). With
            everything in it that your loop does to the pictures: preprocessing, augmentation, order.
        loss: (output, y) → a number, as in your loop.
        optimizer: yours, or a function from parameters to one; Adam(1e-3) without.
        val_batches: what you validate on; then preprocessing and labels can be compared.
        pictures: what was loaded, before any preprocessing; then it can be seen whether the classes got lost.

    Raises:
        ValueError: no batches, or x that is not [B, C, H, W].

    Example:
        diagnose(model, loader, optimizer=torch.optim.SGD(model.parameters(), 0.1))
    """
    x, y, orders = _collect(batches, "batches")
    patient = _Patient(
        model=model,
        x=x,
        y=y,
        batches=orders,
        loss=loss,
        optimizer=_factory(optimizer),
        held=_held(optimizer),
        val=_collect(val_batches, "val_batches")[:2] if val_batches is not None else None,
        pictures=_raw(pictures),
    )
    with threadpool_limits(1), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        found = [finding for check in _CHECKS if (finding := check(patient))]
        # Where the data are sound, only trying tells.
        return Diagnosis(tuple(found or filter(None, [_treated(patient)])))


# --- what the loop sees ----------------------------------------------------------------------------------


def _not_finite(p: _Patient) -> Finding | None:
    bad = int((~p.x.isfinite()).any(dim=(1, 2, 3)).sum())
    if not bad:
        return None
    return Finding(
        "some inputs are NaN or infinite",
        f"{bad} of {len(p.x)} pictures",
        "look for a division by a deviation of 0, or a logarithm of 0, in the preprocessing",
    )


def _erased(p: _Patient) -> Finding | None:
    """The classes can be told from simple statistics of the pictures as loaded, and no longer as prepared."""
    if p.pictures is None:
        return None
    before, after = _told(*p.pictures), _told(p.x, p.y)
    if before < TOLD or after > before - 0.15 or _only_validation_fits(p):
        return None
    return Finding(
        "the classes are lost between loading and the network",
        f"mean and spread of the channels tell the classes apart in {before:.0%} as loaded, in {after:.0%} as the "
        f"network gets them. {_how(p.x)}",
        "look at the preprocessing and the augmentation, one step at a time: which one takes the difference away?",
    )


def _only_validation_fits(p: _Patient) -> bool:
    """Training pictures look as validation's do, and only validation's fit their labels: then it is the labels."""
    if p.val is None or max(_difference(p.x, p.val[0])) >= 1:
        return False
    val = _told(*p.val)
    return val >= TOLD and _told(p.x, p.y) < val - 0.15


def _how(x: Tensor) -> str:
    """What was probably done, in words."""
    means, deviations = x.mean(dim=(2, 3)), x.std(dim=(2, 3))
    if x.shape[1] == 3 and torch.allclose(x[:, 0], x[:, 1], atol=1e-4) and torch.allclose(x[:, 0], x[:, 2], atol=1e-4):
        return "All three channels are equal: the pictures are grey."
    if means.abs().max() < 0.01 and (deviations - 1).abs().max() < 0.05:
        return "Every channel of every picture has mean 0 and deviation 1: each was standardised by itself."
    return "The pictures are neither grey nor standardised one by one; is it an augmentation?"


def _mislabelled(p: _Patient) -> Finding | None:
    if p.val is None or not _only_validation_fits(p):
        return None
    train, val = _told(p.x, p.y), _told(*p.val)
    return Finding(
        "labels and pictures are out of step in training",
        f"the same simple statistics tell the classes apart in {val:.0%} of validation and {train:.0%} of training",
        "show ten training pictures with their labels; sort file names and labels in one go, never apart",
    )


def _unmixed(p: _Patient) -> Finding | None:
    largest = torch.bincount(p.y).max().item() / len(p.y)
    purity = np.mean([torch.bincount(labels).max().item() / len(labels) for labels in p.batches])
    if len(p.batches) < 2 or purity < 0.95 or largest > 0.9:
        return None
    return Finding(
        "each batch holds one class only",
        f"on average {purity:.0%} of a batch is of one class; of all pictures {largest:.0%}",
        "shuffle the training pictures in every epoch",
    )


def _other_in_validation(p: _Patient) -> Finding | None:
    if p.val is None:
        return None
    shift, ratio = _difference(p.x, p.val[0])
    if max(shift, ratio) < 1:
        return None
    return Finding(
        "validation pictures are prepared in another way than training pictures",
        f"a channel's mean differs by {shift:.1f} deviations, its deviation by a factor of {2**ratio:.1f}",
        "use one function for both; leave out only the random augmentation",
    )


def _difference(x: Tensor, val: Tensor) -> tuple[float, float]:
    """The largest over the channels: of the means, in deviations; of the deviations, in powers of two."""
    dims = (0, 2, 3)
    deviation = x.std(dim=dims).clamp(min=1e-6)
    shift = (x.mean(dim=dims) - val.mean(dim=dims)).abs() / deviation
    ratio = (val.std(dim=dims).clamp(min=1e-6) / deviation).log2().abs()
    return shift.max().item(), ratio.max().item()


# --- whether it can move ---------------------------------------------------------------------------------


def _frozen(p: _Patient) -> Finding | None:
    counts = {flag: sum(w.numel() for w in p.model.parameters() if w.requires_grad is flag) for flag in (True, False)}
    if counts[True]:
        return None
    return Finding(
        "everything is frozen",
        f"none of {counts[False]:,} weights has requires_grad",
        "set requires_grad = True for the head at least, and give those weights to the optimizer",
    )


def _strangers(p: _Patient) -> Finding | None:
    """The optimizer moves weights, and none of them is the model's."""
    mine = {id(w) for w in p.model.parameters() if w.requires_grad}
    if p.held is None or not mine or any(id(w) in mine for w in p.held):
        return None
    return Finding(
        "the optimizer belongs to another network",
        f"none of the {len(p.held)} tensors that it was given is a weight of this model",
        "make the optimizer after the model, and again whenever the model is made again",
    )


def _alike(p: _Patient) -> Finding | None:
    """Units that start alike get the same gradient and stay alike. The last layer may start at 0: it breaks free."""
    matrices = [(name, w) for name, w in p.model.named_parameters() if w.ndim > 1 and w.numel() > 1]
    alike = [name for name, w in matrices[:-1] if w.requires_grad and w.min() == w.max()]
    if not alike:
        return None
    return Finding(
        "all weights of a layer are alike",
        f"{alike[0]} holds one number only, and {len(alike) - 1} more layers do",
        "start from random weights, as every layer does by itself: leave out whatever sets them",
    )


def _deaf(p: _Patient) -> Finding | None:
    """The loss does not depend on what the network says."""
    if finding := _frozen(p):
        return finding
    model = copy.deepcopy(p.model).train()
    try:
        model.zero_grad()
        p.loss(model(p.x[:BY_HEART]), p.y[:BY_HEART]).backward()
    except (RuntimeError, ValueError, IndexError) as error:
        return Finding("the loss does not fit the output", f"{type(error).__name__}: {error}", "compare the shapes")
    size = sum(float(w.grad.norm()) for w in model.parameters() if w.grad is not None)
    if not np.isfinite(size):
        return Finding("the gradients are NaN or infinite", "in the very first step", "look for log(0) in the loss")
    if size > 1e-12:
        return None
    return Finding(
        "the loss does not depend on the network's output",
        "the gradient of the first step is 0 for every weight",
        "softmax over one unit is always 1: take two units, or a sigmoid. Is something rounded or detached?",
    )


# --- treatments ------------------------------------------------------------------------------------------


def _treated(p: _Patient) -> Finding | None:
    """Learn 32 pictures by heart, as it is and with one mend at a time: the first that helps names the cause.

    Normalising comes last, since it helps against a learning rate that is too high as well. None where the network
    can as it is. Healthy set-ups on spectrograms took 4 to 68 steps; those that stayed at 50 % needed more than 100.
    """
    if _steps_to_learn(p) <= STEPS:
        return None
    mean, deviation = p.x.mean(dim=(0, 2, 3), keepdim=True), p.x.std(dim=(0, 2, 3), keepdim=True).clamp(min=1e-6)
    treatments = {
        ("the weight decay is too strong", "no weight decay"): (_set(weight_decay=lambda _: 0), p.x),
        ("dropout is too strong", "no dropout"): (_without_dropout, p.x),
        ("the learning rate is too high", "a 30th of the learning rate"): (_set(lr=lambda lr: lr / 30), p.x),
        ("the learning rate is too low", "300 times the learning rate"): (_set(lr=lambda lr: 300 * lr), p.x),
        ("the inputs are not normalised", "each channel normalised with the set's mean and deviation"): (
            lambda model, optimizer: True,
            (p.x - mean) / deviation,
        ),
    }
    state = f"inputs go from {p.x.min():.3g} to {p.x.max():.3g}; {_dead_units(p):.0%} of the units are dead afterwards"
    told = f"{BY_HEART} pictures are not learned by heart in {STEPS} steps"
    for (cause, mend), treatment in treatments.items():
        if (steps := _steps_to_learn(p, *treatment)) <= STEPS:
            return Finding(cause, f"{told}; with {mend} they are in {steps}. {state}", mend)
    return Finding(
        "it cannot learn 32 pictures by heart, and none of five mends helped",
        f"{told}; {state}",
        "make it smaller step by step: fewer layers, two pictures, until something learns",
    )


def _steps_to_learn(p: _Patient, change: Callable | None = None, x: Tensor | None = None) -> float:
    """Steps until a copy that begins anew knows a few training pictures; ∞ where it does not know them at the end."""
    model = _fresh(p.model)
    optimizer = p.optimizer([w for w in model.parameters() if w.requires_grad])
    if change and not change(model, optimizer):
        return float("inf")  # there was nothing to treat
    few, first, known = _balanced(p.y), float("inf"), False
    x, y = (p.x if x is None else x)[few], p.y[few]
    for step in range(1, STEPS + 1):
        model.train()
        optimizer.zero_grad()
        value = p.loss(model(x), y)
        if not value.isfinite():
            return float("inf")
        value.backward()
        optimizer.step()
        if step % LOOK == 0:
            known = _accuracy(model, x, y) >= LEARNED
            first = min(first, step) if known else first
    return first if known else float("inf")


def _dead_units(p: _Patient) -> float:
    """Share of the ReLUs' channels that are 0 for every picture after the untreated training."""
    model, seen = _fresh(p.model).train(), list[Tensor]()
    optimizer = p.optimizer([w for w in model.parameters() if w.requires_grad])
    few = _balanced(p.y)
    for _ in range(STEPS // 4):
        optimizer.zero_grad()
        p.loss(model(p.x[few]), p.y[few]).backward()
        optimizer.step()

    def note(_module: nn.Module, _inputs: tuple, output: Tensor) -> None:
        seen.append((output.transpose(0, 1).flatten(1) <= 0).all(dim=1).float())

    for module in model.modules():
        if isinstance(module, nn.ReLU):
            module.register_forward_hook(note)
    with torch.no_grad():
        model.eval()(p.x[few])
    return torch.cat(seen).mean().item() if seen else 0.0


def _fresh(model: nn.Module) -> nn.Module:
    """A copy with new weights, since the patient's may be dead already; frozen weights stay as they are."""
    model = copy.deepcopy(model)
    for module in model.modules():
        own = list(module.parameters(recurse=False))
        begin_anew = getattr(module, "reset_parameters", None)
        if own and all(w.requires_grad for w in own) and callable(begin_anew):
            begin_anew()
    return model


def _without_dropout(model: nn.Module, _optimizer: torch.optim.Optimizer) -> bool:
    found = [m for m in model.modules() if isinstance(m, nn.modules.dropout._DropoutNd) and m.p > 0]
    for module in found:
        module.p = 0.0
    return bool(found)


def _set(**changes: Callable) -> Callable:
    """A treatment that changes settings of the optimizer; False where they are so already."""

    def change(_model: nn.Module, optimizer: torch.optim.Optimizer) -> bool:
        before = copy.deepcopy([[group[name] for name in changes] for group in optimizer.param_groups])
        for group in optimizer.param_groups:
            group.update({name: new(group[name]) for name, new in changes.items()})
        return before != [[group[name] for name in changes] for group in optimizer.param_groups]

    return change


def _accuracy(model: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        output = model.eval()(x)
    answer = output.argmax(dim=1) if output.shape[1] > 1 else (output[:, 0] > 0).long()
    return (answer == y).float().mean().item()


def _balanced(y: Tensor) -> Tensor:
    """Positions of about 32 pictures, each class as often as the others."""
    classes = y.unique()
    each = max(2, BY_HEART // len(classes))
    return torch.cat([torch.nonzero(y == label).ravel()[:each] for label in classes])


# --- collecting ------------------------------------------------------------------------------------------


def _told(images: Tensor, labels: Tensor) -> float:
    """Balanced accuracy of a linear judge that sees mean and spread of the channels, and the means of four quarters."""

    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    images = images.float()
    if not images.isfinite().all() or torch.bincount(labels)[labels.unique()].min() < 5:
        return 0.0
    coarse = adaptive_avg_pool2d(images, 2).flatten(1)
    statistics = torch.cat([images.mean(dim=(2, 3)), images.std(dim=(2, 3)), coarse], dim=1).numpy()
    judge = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    return float(cross_val_score(judge, statistics, labels.numpy(), cv=4, scoring="balanced_accuracy").mean())


def _collect(batches: Batches, name: str) -> tuple[Tensor, Tensor, list[Tensor]]:
    """(x, y, labels by batch) from the start and the end of one pass: a sorted set shows all its classes."""
    passed = list(_pairs(batches, name))
    if not passed:
        raise ValueError(f"diagnose got no {name}; it wants at least one pair (x, y).")
    x, y = passed[0]
    if x.ndim != 4 or y.ndim != 1 or len(x) != len(y):
        raise ValueError(
            f"diagnose got x of shape {tuple(x.shape)} and y of shape {tuple(y.shape)} from {name}; "
            "it wants [B, C, H, W] and class numbers [B]."
        )
    step = max(1, -(-sum(len(labels) for _, labels in passed) // MOST))
    chosen = passed[::step]
    return torch.cat([x for x, _ in chosen]), torch.cat([y for _, y in chosen]), [labels for _, labels in chosen]


def _pairs(batches: Batches, name: str) -> Iterator[tuple[Tensor, Tensor]]:
    for pair in batches() if callable(batches) else batches:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not all(isinstance(t, Tensor) for t in pair):
            raise ValueError(f"diagnose got {type(pair).__name__} from {name}; it wants pairs (x, y) of tensors.")
        yield pair[0].detach().float().cpu(), pair[1].detach().long().cpu()


def _raw(pictures: ImageSet | None) -> tuple[Tensor, Tensor] | None:
    if pictures is None:
        return None
    if not isinstance(pictures, ImageSet):
        raise ValueError(f"diagnose got pictures of {type(pictures).__name__}; it wants an ImageSet.")
    some = pictures.subset(min(MOST, len(pictures)))
    return some.images, some.labels


def _factory(optimizer: torch.optim.Optimizer | Callable | None) -> Callable:
    if optimizer is None:
        return lambda weights: torch.optim.Adam(weights, 1e-3)
    if not isinstance(optimizer, torch.optim.Optimizer):
        return optimizer
    return lambda weights: type(optimizer)(weights, **optimizer.defaults)


def _held(optimizer: torch.optim.Optimizer | Callable | None) -> list[nn.Parameter] | None:
    if not isinstance(optimizer, torch.optim.Optimizer):
        return None
    return [weight for group in optimizer.param_groups for weight in group["params"]]


_CHECKS = (_not_finite, _strangers, _alike, _deaf, _erased, _mislabelled, _unmixed, _other_in_validation)
