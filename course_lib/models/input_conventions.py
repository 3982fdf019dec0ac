"""What was a network fed? Read off the numbers themselves, since no file of weights says what they should be."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from .preprocessing import CAFFE, IMAGENET, MINUS_ONE_TO_ONE, Preprocessing

_ZERO, _ONE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
CONVENTIONS = {
    "bytes, 0 to 255": Preprocessing(1.0, _ZERO, _ONE),
    "0 to 1": Preprocessing(1 / 255, _ZERO, _ONE),
    "−1 to 1": MINUS_ONE_TO_ONE,
    "ImageNet's mean and deviation": IMAGENET,
    "Caffe's": CAFFE,
    "0 to 1/255": Preprocessing(1 / 255**2, _ZERO, _ONE),
}
WHO = {
    "bytes, 0 to 255": "Keras' EfficientNet, ConvNeXt and MobileNetV3, which scale inside the network",
    "0 to 1": "networks trained after / 255 alone",
    "−1 to 1": 'Keras\' family "tf": MobileNet, MobileNetV2, Inception, Xception, ResNet50V2; some of timm; nearly '
    "that of EfficientNet-Lite",
    "ImageNet's mean and deviation": 'torchvision; most of timm; Keras\' family "torch": DenseNet',
    "Caffe's": 'Keras\' family "caffe": VGG, ResNet50, ResNet101',
    "0 to 1/255": "nobody: it was divided by 255 twice",
}
NEAR = 0.1  # of the expected deviation: a crop or another way to resize moves a mean by less


@dataclass(frozen=True)
class Fed:
    """What came in at a network's first layer, and what it looks like.

    Attributes:
        low, high: of all values.
        mean, std: of each channel, in the order in which they came.
        layout: "channels first" or "channels last".
        fits: names in `CONVENTIONS`, the likeliest first; empty where it looks like none of them.
        order: "RGB", "BGR", or "" where it cannot be told.
        swapped: red and blue stand where `fits[0]` has the other; False where it cannot be told.
    """

    low: float
    high: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    layout: str
    fits: tuple[str, ...]
    order: str = ""
    swapped: bool = False

    def __str__(self) -> str:
        looks = "; or ".join(f"{name} ({WHO[name]})" for name in self.fits) or "none of the usual conventions"
        told = self.order or "cannot be told without the pictures as they were loaded"
        warning = "; red and blue are SWAPPED for that convention" if self.swapped else ""
        return "\n".join(
            (
                f"range   {self.low:.3g} to {self.high:.3g}, {self.layout}",
                f"mean    {_three(self.mean)}",
                f"std     {_three(self.std)}",
                f"order   {told}{warning}",
                f"like    {looks}",
            )
        )


def what_was_fed(x: object, pictures: Tensor | None = None) -> Fed:
    """Say of `x`, as a network gets it, its range, means, order of channels, and the convention that it looks like.

    With the `pictures` that it was made of, each convention is applied to them and its channels' mean and deviation
    are compared with those of `x`; so resizing and cropping hardly matter, and the order of channels can be told. But
    grey pictures have no order. Without pictures only the range speaks, and several conventions may fit: a dark
    picture from −1 to 1 could be one of 0 to 1 that somebody shifted.

    Args:
        x: floats or bytes [B, 3, H, W] or [B, H, W, 3]: a tensor of torch, an array, or a tensor of Keras on the CPU.
        pictures: uint8 [N, 3, H, W], 0–255, RGB, as loaded; of another size they may be.

    Raises:
        ValueError: another shape, values that are not finite, or pictures that are not bytes.

    >>> red = torch.tensor([200, 20, 10], dtype=torch.uint8).reshape(1, 3, 1, 1).expand(1, 3, 4, 4)
    >>> what_was_fed(CAFFE(red).flip(1), red).swapped
    True
    """
    seen, layout = _channels_first(x)
    low, high = seen.min().item(), seen.max().item()
    mean, std = seen.mean(dim=(0, 2, 3)), seen.std(dim=(0, 2, 3), correction=0)
    found = Fed(low, high, tuple(mean.tolist()), tuple(std.tolist()), layout, _by_range(low, high))
    return found if pictures is None else _compared(found, pictures)


def _channels_first(x: object) -> tuple[Tensor, str]:
    """(float [B, 3, H, W], where the channels stood)."""
    if not isinstance(x, Tensor):
        x = np.ascontiguousarray(x)  # Keras turns channels round without moving them, which torch cannot read
    seen = torch.as_tensor(x).detach().cpu().float()
    where = [axis for axis in (1, 3) if seen.ndim == 4 and seen.shape[axis] == 3]
    if not where or seen.numel() == 0:
        raise ValueError(
            f"what_was_fed got {tuple(seen.shape)}; it wants a batch as the network gets it, [B, 3, H, W] or "
            "[B, H, W, 3]. Of one picture, x[None] is a batch."
        )
    if not seen.isfinite().all():
        raise ValueError("what_was_fed got values that are not finite; look for a division by a deviation of 0.")
    return (seen, "channels first") if where[0] == 1 else (seen.movedim(3, 1), "channels last")


def _by_range(low: float, high: float) -> tuple[str, ...]:
    """Conventions whose range holds `low` and `high`, more than a third of it filled; the fullest first."""
    spans = {name: _span(numbers) for name, numbers in CONVENTIONS.items()}
    fits = {
        name: (high - low) / (top - bottom)
        for name, (bottom, top) in spans.items()
        if bottom - 1e-3 <= low and high <= top + 1e-3 and high - low > (top - bottom) / 3
    }
    whole = low >= 0  # of those with negative values, none is likely without one
    return tuple(sorted((n for n in fits if not (whole and spans[n][0] < 0)), key=lambda n: -fits[n]))


def _span(numbers: Preprocessing) -> tuple[float, float]:
    """Lowest and highest value that a byte can become."""
    ends = torch.tensor([0, 255], dtype=torch.uint8).expand(1, 3, 1, 2)
    return numbers(ends).min().item(), numbers(ends).max().item()


def _compared(found: Fed, pictures: Tensor) -> Fed:
    """`found`, with the convention and the order that make `pictures` most like it."""
    straight = {name: _gap(found, numbers(pictures)) for name, numbers in CONVENTIONS.items()}
    # Two ways to get them wrong: loaded as BGR (OpenCV does) and then standardized; or turned round afterwards.
    crossed = {
        name: min(_gap(found, numbers(pictures.flip(1))), _gap(found, numbers(pictures).flip(1)))
        for name, numbers in CONVENTIONS.items()
    }
    name = min(CONVENTIONS, key=lambda name: min(straight[name], crossed[name]))
    gap, swapped = min(straight[name], crossed[name]), crossed[name] < straight[name]
    if gap > NEAR:
        return replace(found, fits=())
    if max(straight[name], crossed[name]) <= NEAR:  # grey, or nearly: it fits either way
        return replace(found, fits=(name,))
    order = CONVENTIONS[name].order
    return replace(found, fits=(name,), order=order[::-1] if swapped else order, swapped=swapped)


def _gap(found: Fed, expected: Tensor) -> float:
    """The largest difference of a channel's mean or deviation, in deviations of what was expected."""
    unit = expected.std().clamp(min=1e-6)
    mean, std = torch.tensor(found.mean), torch.tensor(found.std)
    gaps = mean - expected.mean(dim=(0, 2, 3)), std - expected.std(dim=(0, 2, 3), correction=0)
    return (torch.stack(gaps).abs().max() / unit).item()


def _three(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.3g}" for value in values)
