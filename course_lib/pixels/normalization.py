"""Normalization of pictures: what mean and deviation are computed from, and six ways to use or not to use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ..checks import is_count, is_number
from ..data import ImageSet
from . import checks

SMALLEST = 1e-6  # a deviation below it is taken for that much: a flat picture stays flat


def channel_statistics(images: Tensor | ImageSet, *, batch_size: int = 4096) -> tuple[Tensor, Tensor]:
    """(mean, standard deviation) of each channel over all pixels of all pictures, 0–1, each float64 [C].

    Sums of uint8 and of their squares are exact in int64, so that nothing depends on the order or the batch. A set is
    read block by block: it may be larger than the memory.

    Args:
        images: uint8 [N, C, H, W] or an `ImageSet`, N ≥ 1.
    """
    if not isinstance(images, ImageSet):
        checks.pictures("channel_statistics", images, channels=None, batch="N")
    elif len(images) == 0:
        raise ValueError("channel_statistics got an empty set; it wants one picture or more.")
    batch_size = _batches("channel_statistics", batch_size, len(images))
    levels, counts = torch.arange(256, dtype=torch.int64), torch.zeros((), dtype=torch.int64)
    for positions in torch.arange(len(images)).split(batch_size):
        counts = counts + _histograms(
            images.batch(positions) if isinstance(images, ImageSet) else images[positions[0] : positions[-1] + 1]
        )
    n, sums, squares = counts[0].sum(), counts @ levels, counts @ levels**2
    mean = sums.double() / n
    return mean / 255, (squares.double() / n - mean**2).clamp(min=0).sqrt() / 255


def pixel_moments(images: Tensor, *, batch_size: int = 1024) -> tuple[Tensor, Tensor]:
    """(mean [C], covariance [C, C]) of the pixels' colours over all pictures, 0–1, float64.

    Sums of uint8 and of their products are exact in int64, as in `channel_statistics`.

    Args:
        images: uint8 [N, C, H, W], N ≥ 1.
    """
    checks.pictures("pixel_moments", images, channels=None, batch="N")
    batch_size = _batches("pixel_moments", batch_size, len(images))
    n, c = images.numel() // images.shape[1], images.shape[1]
    sums, products = torch.zeros(c, dtype=torch.int64), torch.zeros(c, c, dtype=torch.int64)
    for batch in images.split(batch_size):
        channels = [batch[:, channel].reshape(-1).int() for channel in range(c)]
        sums += torch.stack([values.sum() for values in channels])
        for i in range(c):
            for j in range(i + 1):
                products[i, j] += (channels[i] * channels[j]).sum()
    products = torch.tril(products) + torch.tril(products, -1).T
    mean = sums.double() / n
    return mean / 255, (products.double() / n - torch.outer(mean, mean)) / 255**2


def condition_number(mean: Tensor, covariance: Tensor, shift: Tensor, scale: Tensor) -> float:
    """How much longer the error surface of a linear layer is than it is wide, 1 to ∞, for inputs (x − shift) / scale.

    For squared error and weights on C inputs and a bias, the curvature is the matrix of second moments of
    (x', 1); its largest eigenvalue bounds the learning rate, its smallest one says how slowly the rest is learned.
    LeCun, Bottou, Orr, Müller: Efficient BackProp, 1998, section 5.

    Args:
        mean, covariance: of x, float [C] and [C, C], as from `pixel_moments`.
        shift, scale: float [C]; what is subtracted and what is divided by, more than 0.

    >>> half, one = torch.full((1,), 0.5, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
    >>> condition_number(half, one / 4, half, half)  # centred and scaled: a circle
    1.0
    """
    _check_moments({"mean": mean, "covariance": covariance, "shift": shift, "scale": scale})
    if not (scale > 0).all():
        raise ValueError(f"condition_number got scale={scale.tolist()}; it wants every one above 0.")
    middle = ((mean - shift) / scale).double()
    spread = (covariance / torch.outer(scale, scale)).double()
    moments = torch.eye(len(middle) + 1, dtype=torch.float64)
    moments[:-1, :-1] = spread + torch.outer(middle, middle)
    moments[:-1, -1] = moments[-1, :-1] = middle
    values = torch.linalg.eigvalsh(moments)
    return float(values[-1] / values[0]) if values[0] > 1e-15 else float("inf")


# --- uint8 pictures in, floats out -----------------------------------------------------------------------


@dataclass(frozen=True)
class Standardize:
    """(pixel / 255 − mean) / std with fixed numbers for each channel, the same for every picture.

    `Standardize.fitted(train)` takes them from pictures; (0, 0, 0) and (1, 1, 1) only divide by 255.

    Attributes:
        mean, std: three numbers, red, green, blue, of pixels from 0 to 1: means of 0–1, deviations of 1e-6 to 1.
    """

    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        fits = all(isinstance(v, (tuple, list)) and len(v) == 3 and all(map(is_number, v))
                   for v in (self.mean, self.std))  # fmt: skip
        if not fits or not all(s > 0 for s in self.std):
            raise ValueError(f"Standardize got mean={self.mean}, std={self.std}; it wants three each, std above 0.")
        if min(self.mean) < 0 or max(*self.mean, *self.std) > 1 or min(self.std) < SMALLEST:
            bytes_ = max(*self.mean, *self.std) > checks.MOST
            raise ValueError(
                f"Standardize got mean={self.mean}, std={self.std}{', of 0–255' if bytes_ else ''}; pixels from 0 to 1 "
                f"have means on the scale of 0–1 and deviations of {SMALLEST:g} to 1. "
                + ("Those of bytes become that: / 255." if bytes_ else "Standardize.fitted(train) measures them.")
            )

    @classmethod
    def fitted(cls, pictures: ImageSet, *, test_too: bool = False) -> Standardize:
        """With the channels' mean and deviation over all pixels of all `pictures`, exact (`channel_statistics`).

        Raises:
            ValueError: `pictures` are a test part. What is fitted on them leaks into every number that they give;
                `test_too=True` does it all the same.
        """
        if not isinstance(pictures, ImageSet):
            raise ValueError(f"Standardize.fitted got {checks.received(pictures)}; it wants an ImageSet.")
        if pictures.part == "test" and not test_too:
            raise ValueError(
                f"Standardize.fitted got {len(pictures):,} test pictures; it wants those that the network learns from. "
                "To measure what such a leak is worth, pass test_too=True."
            )
        mean, std = channel_statistics(pictures)
        return cls(tuple(mean.tolist()), tuple(std.clamp(min=SMALLEST).tolist()))

    def __call__(self, pictures: Tensor) -> Tensor:
        """uint8 [B, 3, H, W], 0–255 → float32 [B, 3, H, W]."""
        checks.pictures("Standardize", pictures, batch="B")
        mean, std = (torch.tensor(v, device=pictures.device)[:, None, None] for v in (self.mean, self.std))
        return pictures.float().div_(255).sub_(mean).div_(std)


@dataclass(frozen=True)
class EachPicture:
    """Every picture by itself. Nothing is fitted, and what one picture has more of than another is lost.

    Attributes:
        how: "channels", mean 0 and deviation 1 in each channel; "together", with one mean and one deviation for the
            picture, which keeps the relation of the channels; "min–max", 0 to 1 from the darkest to the lightest value
            of each channel; "equalized", each channel's values spread evenly over 0 to 1.
    """

    how: Literal["channels", "together", "min–max", "equalized"] = "channels"

    def __post_init__(self) -> None:
        ways = ("channels", "together", "min–max", "equalized")
        if self.how not in ways:
            raise ValueError(f"EachPicture got how={self.how!r}; it wants one of {', '.join(ways)}.")

    def __call__(self, pictures: Tensor) -> Tensor:
        """uint8 [B, 3, H, W], 0–255 → float32 [B, 3, H, W]."""
        checks.pictures("EachPicture", pictures, batch="B")
        if self.how == "equalized":
            return equalize(pictures).float().div_(255)
        x, dims = pictures.float().div_(255), (1, 2, 3) if self.how == "together" else (2, 3)
        if self.how == "min–max":
            low, high = x.amin(dims, keepdim=True), x.amax(dims, keepdim=True)
            return (x - low) / (high - low).clamp(min=SMALLEST)
        return (x - x.mean(dims, keepdim=True)) / x.std(dims, keepdim=True, correction=0).clamp(min=SMALLEST)


def equalize(pictures: Tensor) -> Tensor:
    """Histogram equalization: a level becomes the share of the channel's pixels below it, stretched to 0–255.

    Gonzalez, Woods: Digital Image Processing, section 3.3; rounded as Pillow and torchvision do. Channels are
    equalized by themselves, and one with a single level is left as it is.

    Args:
        pictures: uint8 [B, C, H, W].

    Returns:
        uint8 [B, C, H, W].
    """
    checks.pictures("equalize", pictures, channels=None, batch="B")
    from torchvision.transforms.v2 import functional

    # torchvision wants one or three channels; each is equalized by itself, so they can come as pictures of one.
    return functional.equalize(pictures.flatten(0, 1)[:, None]).reshape(pictures.shape)


def _histograms(images: Tensor) -> Tensor:
    """int64 [C, 256]: how often each level occurs in each channel."""
    return torch.stack([torch.bincount(images[:, c].reshape(-1), minlength=256) for c in range(images.shape[1])])


def _batches(name: str, batch_size: int, most: int) -> int:
    if not is_count(batch_size):
        raise ValueError(f"{name} got batch_size={batch_size!r}; it wants a whole number of pictures, 1 or more.")
    return min(int(batch_size), most)


def _check_moments(moments: dict[str, Tensor]) -> None:
    """Of `condition_number`: a covariance [C, C] and three of length C, floats, all finite."""
    wrong = [
        f"{name} {checks.received(one)}"
        for name, one in moments.items()
        if not isinstance(one, Tensor) or not one.is_floating_point() or not one.isfinite().all() or not one.numel()
    ]
    shapes = {} if wrong else {name: tuple(one.shape) for name, one in moments.items()}
    c = shapes.get("mean", (0,))[0] if shapes.get("mean") else 0
    if wrong or shapes != {"mean": (c,), "covariance": (c, c), "shift": (c,), "scale": (c,)}:
        got = ", ".join(wrong) or ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise ValueError(f"condition_number got {got}; it wants finite floats [C], and [C, C] as the covariance.")
