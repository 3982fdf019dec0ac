"""Put other normalization layers in the place of batch normalization."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

GROUPS = 4
KINDS: dict[str, Callable[[int], nn.Module]] = {
    "none": lambda channels: nn.Identity(),
    "batch": nn.BatchNorm2d,  # Ioffe, Szegedy, 2015: each channel, over the pictures of a batch
    "layer": lambda channels: nn.GroupNorm(1, channels),  # Ba, Kiros, Hinton, 2016: all channels of one picture
    "instance": lambda channels: nn.InstanceNorm2d(channels, affine=True),  # Ulyanov et al., 2016: one channel of one
    "group": lambda channels: nn.GroupNorm(GROUPS, channels),  # Wu, He, 2018: some channels of one picture
}


def with_norm(model: nn.Module, kind: str, *, groups: int = GROUPS) -> nn.Module:
    """`model` with each of its BatchNorm2d layers replaced, in place, by a new layer of `kind`; returns it.

    Args:
        model: any module; what is left of its batch normalization is new, so do it before training.
        kind: one of `KINDS`.
        groups: of "group", as many as divide the channels of each layer.

    Raises:
        ValueError: an unknown kind, groups that do not divide the channels, or a model without BatchNorm2d.

    >>> type(with_norm(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)), "layer")[1]).__name__
    'GroupNorm'
    """
    if kind not in KINDS:
        raise ValueError(f"with_norm got kind={kind!r}; it wants one of {', '.join(KINDS)}.")
    if kind == "group":
        return _replaced("with_norm", model, lambda norm: nn.GroupNorm(groups, norm.num_features))
    return _replaced("with_norm", model, lambda norm: KINDS[kind](norm.num_features))


def freeze_norm(model: nn.Module) -> nn.Module:
    """`model` with each BatchNorm2d frozen, in place: running averages in training too, and no gradients; returns it.

    For fine-tuning with batches too small to take averages from, as detectors do (`FrozenBatchNorm2d` of torchvision).
    `model.eval()` before training does not do it: training calls `model.train()`, and the averages move again.

    Raises:
        ValueError: a model without BatchNorm2d.

    >>> type(freeze_norm(nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)))[1]).__name__
    'FrozenBatchNorm2d'
    """
    return _replaced("freeze_norm", model, _frozen)


def _frozen(norm: nn.BatchNorm2d) -> nn.Module:
    from torchvision.ops import FrozenBatchNorm2d  # takes seconds: only who freezes waits for it

    frozen = FrozenBatchNorm2d(norm.num_features, eps=norm.eps)
    frozen.load_state_dict(norm.state_dict())
    return frozen


def _replaced(name: str, model: nn.Module, other: Callable[[nn.BatchNorm2d], nn.Module]) -> nn.Module:
    places = [
        (parent, place, child)
        for parent in model.modules()
        for place, child in parent.named_children()
        if isinstance(child, nn.BatchNorm2d)
    ]
    if not places:
        raise ValueError(f"{name} got a model without BatchNorm2d; it replaces those, and adds none.")
    for parent, place, child in places:
        setattr(parent, place, other(child))
    return model
