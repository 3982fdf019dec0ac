"""Exercises of lesson 4: normalization.

Each solution is followed by the mistakes that people make, as functions, and by what to tell them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .engine import Case, exercise

# Red, green, blue: ImageNet's, and those of EuroSAT.
_PHOTOGRAPHS = (torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225]))
_SATELLITE = (torch.tensor([0.344, 0.380, 0.408]), torch.tensor([0.203, 0.137, 0.116]))


def _bytes(height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [3, height, width]: every channel in a range of its own."""
    generator = torch.Generator().manual_seed(seed)
    low, span = torch.tensor([20, 60, 130]), torch.tensor([200, 90, 50])
    share = torch.rand(3, height, width, generator=generator)
    return (low[:, None, None] + share * span[:, None, None]).to(torch.uint8)


# --- standardize -----------------------------------------------------------------------------------------

# Three rows and three columns: numbers that meet the wrong dimension raise no error then, and can be told about.


@exercise(
    task="""
    A pretrained network comes with six numbers: a mean and a deviation for each channel. Write
    `standardize(picture, mean, std)`, which prepares a picture with them.

    `picture` is a uint8 tensor [3, H, W], 0 to 255. `mean` and `std` are float tensors [3], for pixels that go from
    0 to 1. Return floats [3, H, W]. Bring the pixels to 0 to 1, then take away the channel's mean, then divide by the
    channel's deviation.
    """,
    cases=[
        Case("with ImageNet's numbers", (_bytes(3, 3, seed=0), *_PHOTOGRAPHS)),
        Case("with EuroSAT's numbers", (_bytes(3, 3, seed=1), *_SATELLITE)),
        Case("a black picture", (torch.zeros(3, 3, 3, dtype=torch.uint8), *_SATELLITE)),
    ],
    hints=[
        "The pixels are bytes, the numbers are meant for 0 to 1. Divide the picture by 255 first.",
        "torch lines up shapes from the right, so that [3] meets the columns of [3, H, W]. mean[:, None, None] has the "
        "shape [3, 1, 1] and meets the channels.",
        "With x = picture / 255, subtract mean[:, None, None] from x. Then divide the whole by std[:, None, None].",
    ],
)
def standardize(picture, mean, std):
    """Picture, uint8 [3, H, W], and mean and std, float [3], for 0 to 1 → the picture standardized, float [3, H, W]."""
    x = picture / 255
    return (x - mean[:, None, None]) / std[:, None, None]


def _upright(numbers: Tensor) -> Tensor:
    """[3] → [3, 1, 1]"""
    return numbers[:, None, None]


@standardize.misconception(
    "You did not divide by 255. The pixels go up to 255, the means are below 1, so that almost nothing is taken away. "
    "The network gets numbers up to a thousand and more where it expects about −2 to 3, and raises no error. Divide "
    "by 255 first."
)
def left_in_bytes(picture, mean, std):
    return (picture - _upright(mean)) / _upright(std)


@standardize.misconception(
    "You brought the mean to bytes and left the deviation on 0 to 1. Your result is 255 times too large. Either all "
    "three are on 0 to 1, or all three on 0 to 255."
)
def deviation_on_another_scale(picture, mean, std):
    return (picture - 255 * _upright(mean)) / _upright(std)


@standardize.misconception(
    "You took the mean away and did not divide by the deviation. The numbers are centred, but they spread a fifth "
    "as far as the network expects, or less. Divide by std."
)
def deviation_forgotten(picture, mean, std):
    return picture / 255 - _upright(mean)


@standardize.misconception(
    "Your mean and std meet the columns, not the channels: the left column gets red's numbers, the next one green's. "
    "torch lines up shapes from the right. Here there are three columns, so no error warns you. Give them the shape "
    "[3, 1, 1] with mean[:, None, None]."
)
def along_the_columns(picture, mean, std):
    return (picture / 255 - mean) / std


@standardize.misconception(
    "Your mean and std meet the rows, not the channels: [3, 1] lines up with H and W. Here there are three rows, so no "
    "error warns you. One more dimension is needed: mean[:, None, None]."
)
def along_the_rows(picture, mean, std):
    return (picture / 255 - mean[:, None]) / std[:, None]


@standardize.misconception(
    "You divided by the deviation first and then took the mean away. The mean belongs to pixels from 0 to 1, and after "
    "the division they are on another scale. Subtract first. If you wrote it on one line, look at the brackets."
)
def mean_after_dividing(picture, mean, std):
    return picture / 255 / _upright(std) - _upright(mean)


@standardize.misconception(
    "Only the mean was divided by std: division comes before subtraction. Put the subtraction into brackets."
)
def brackets_forgotten(picture, mean, std):
    return picture / 255 - _upright(mean) / _upright(std)


@standardize.misconception(
    "You multiplied by the deviation. That brings a standardized picture back. On the way there, you divide."
)
def multiplied(picture, mean, std):
    return (picture / 255 - _upright(mean)) * _upright(std)


# --- running statistics ----------------------------------------------------------------------------------


def _batches(shapes: list[tuple[int, int, int]], *, seed: int) -> list[Tensor]:
    """float32 [b, 3, h, w] for each (b, h, w): every picture with a brightness of its own, later batches lighter."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for i, (b, h, w) in enumerate(shapes):
        level = 0.1 + 0.15 * i + torch.tensor([0.0, 0.1, 0.2])[:, None, None]
        level = level + 0.2 * torch.rand(b, 3, 1, 1, generator=generator)
        found.append(level + 0.1 * (i + 1) * torch.rand(b, 3, h, w, generator=generator))
    return found


@exercise(
    task="""
    A large set does not fit into memory, so it comes in batches. Write `running_statistics(batches)`.

    `batches` is a list of float tensors [B, 3, H, W], 0 to 1. B, H and W may differ from batch to batch. Return a
    pair `(mean, deviation)`, three numbers each, over all pixels of all batches. Every pixel counts the same. Look at
    one batch at a time and do not join them.
    """,
    cases=[
        Case("equal batches and a smaller last one", (_batches([(8, 16, 16), (8, 16, 16), (2, 16, 16)], seed=0),)),
        Case("batches of larger and smaller pictures", (_batches([(3, 32, 24), (5, 8, 12), (4, 20, 20)], seed=1),)),
    ],
    hints=[
        "Three sums are enough: how many pixels there were, the sum of their values, the sum of their squares. Each "
        "batch adds its part.",
        "For one batch, x.sum(dim=(0, 2, 3)) is the sum of each channel, and x.numel() / 3 the number of pixels. The "
        "mean is the sum of all values divided by the number of all pixels.",
        "The variance is the mean of the squares less the square of the mean. The deviation is its root. Sum in "
        ".double(), since the difference of two large numbers loses digits.",
    ],
    parts=("mean", "deviation"),
)
def running_statistics(batches):
    """List of batches, float [B, 3, H, W], B, H, W may differ → (mean, deviation) over all pixels, float [3] each."""
    n, total, squares = 0, torch.zeros(3).double(), torch.zeros(3).double()
    for x in batches:
        n += x.numel() / 3
        total += x.double().sum(dim=(0, 2, 3))
        squares += x.double().square().sum(dim=(0, 2, 3))
    mean = total / n
    return mean, (squares / n - mean.square()).sqrt()


_DIMS = (0, 2, 3)


def _each(batches: list[Tensor], measure) -> Tensor:
    """double [len(batches), 3]"""
    return torch.stack([measure(x.double()) for x in batches])


def _means(batches: list[Tensor]) -> Tensor:
    return _each(batches, lambda x: x.mean(dim=_DIMS))


def _pixels(batches: list[Tensor]) -> Tensor:
    """double [len(batches), 1]: share of all pixels that is in each."""
    counts = torch.tensor([[x.numel()] for x in batches]).double()
    return counts / counts.sum()


@running_statistics.misconception(
    "You averaged the batches' means and the batches' deviations. Both are wrong for a reason of its own. Batches of "
    "unequal size must not count the same. And deviations inside batches leave out how far the batches are from one "
    "another. Add up counts, sums and sums of squares, and divide at the end."
)
def both_averaged(batches):
    return _means(batches).mean(dim=0), _each(batches, lambda x: x.std(dim=_DIMS)).mean(dim=0)


@running_statistics.misconception(
    "You averaged over batches, with every batch counting the same. The last batch is usually smaller, so its pixels "
    "count too much. Add up the sums and the counts, and divide once at the end."
)
def batches_count_the_same(batches):
    mean = _means(batches).mean(dim=0)
    squares = _each(batches, lambda x: x.square().mean(dim=_DIMS)).mean(dim=0)
    return mean, (squares - mean.square()).sqrt()


@running_statistics.misconception(
    "You weighed every batch by its number of pictures. Pictures of different sizes have different numbers of pixels, "
    "and every pixel should count the same. Count B · H · W."
)
def pictures_counted(batches):
    counts = torch.tensor([[len(x)] for x in batches]).double()
    share = counts / counts.sum()
    mean = (share * _means(batches)).sum(dim=0)
    squares = (share * _each(batches, lambda x: x.square().mean(dim=_DIMS))).sum(dim=0)
    return mean, (squares - mean.square()).sqrt()


@running_statistics.misconception(
    "Your means are right. Your deviations are the mean of the batches' deviations. That leaves out how far the "
    "batches are from one another, so they are too small. Add up the squares of the pixels instead."
)
def deviations_averaged(batches):
    mean = running_statistics.reference(batches)[0]
    return mean, _each(batches, lambda x: x.std(dim=_DIMS)).mean(dim=0)


@running_statistics.misconception(
    "Your means are right. For the deviation you weighed the batches' deviations by their pixels. That is still the "
    "spread inside a batch. How far the batches are from one another is left out, so your numbers are too small."
)
def deviations_weighed(batches):
    mean = running_statistics.reference(batches)[0]
    return mean, (_pixels(batches) * _each(batches, lambda x: x.std(dim=_DIMS))).sum(dim=0)


@running_statistics.misconception(
    "Your means are right. For the deviation you averaged the batches' variances. Each is measured from the mean of "
    "its own batch, so the distance of the batches from one another is left out. Measure all from one mean."
)
def variances_averaged(batches):
    mean = running_statistics.reference(batches)[0]
    return mean, (_pixels(batches) * _each(batches, lambda x: x.var(dim=_DIMS))).sum(dim=0).sqrt()


@running_statistics.misconception(
    "Your means are right. Your deviations are the root of the mean square. That measures the distance from 0, not "
    "from the mean. Subtract the square of the mean before you take the root."
)
def mean_not_subtracted(batches):
    mean, deviation = running_statistics.reference(batches)
    return mean, (deviation.square() + mean.square()).sqrt()


@running_statistics.misconception(
    "Your means are right. Your second part is the variance. The deviation is its root: add .sqrt()."
)
def root_forgotten(batches):
    mean, deviation = running_statistics.reference(batches)
    return mean, deviation.square()


# --- minimum to maximum ----------------------------------------------------------------------------------


def _with_flat_green(height: int, width: int, *, seed: int) -> Tensor:
    """uint8 [3, height, width]: green is 77 everywhere."""
    picture = _bytes(height, width, seed=seed)
    picture[1] = 77
    return picture


@exercise(
    task="""
    In a dark picture you see more when each channel is stretched over the whole range. Write `minmax(picture)`.

    `picture` is a uint8 tensor [3, H, W]. Return floats of the same shape. In each channel the smallest value becomes
    0, the largest 1, and the others lie between them in proportion. A channel that is the same everywhere becomes 0.
    """,
    cases=[
        Case("every channel has a range of its own", (_bytes(4, 5, seed=2),)),
        Case("green is the same everywhere", (_with_flat_green(6, 4, seed=3),)),
    ],
    hints=[
        "For each channel, subtract its minimum, then divide by its maximum less its minimum.",
        "picture.amin(dim=(1, 2), keepdim=True) has the shape [3, 1, 1] and can be subtracted from [3, H, W].",
        "Where a channel is flat, you divide 0 by 0. (high - low).clamp(min=1) on bytes makes it 0 / 1, and changes "
        "nothing elsewhere.",
    ],
)
def minmax(picture):
    """Picture, uint8 [3, H, W] → float, same shape; each channel goes from 0 to 1, a flat one is 0."""
    low = picture.amin(dim=(1, 2), keepdim=True)
    high = picture.amax(dim=(1, 2), keepdim=True)
    return (picture - low) / (high - low).clamp(min=1)


def _range(picture: Tensor, dims: tuple[int, ...] = (1, 2)) -> tuple[Tensor, Tensor, Tensor]:
    """(picture, its minima, its maxima) as doubles."""
    x = picture.double()
    return x, x.amin(dim=dims, keepdim=True), x.amax(dim=dims, keepdim=True)


@minmax.misconception(
    "This is right wherever a channel varies. Where it does not, you divide 0 by 0 and get NaN. One NaN in a picture "
    "makes the loss NaN, and then every weight. Return 0 there."
)
def flat_forgotten(picture):
    x, low, high = _range(picture)
    return (x - low) / (high - low)


@minmax.misconception(
    "You took one minimum and one maximum for all three channels. Only one channel reaches 0 then and only one reaches "
    "1. That keeps the colours, and is often the better idea, but asked for is each channel by itself: go over "
    "dimensions 1 and 2 and keep dimension 0."
)
def channels_together(picture):
    x, low, high = _range(picture, (0, 1, 2))
    return (x - low) / (high - low)


@minmax.misconception(
    "You divided by the maximum. The largest value is 1 now, but the smallest is not 0. Subtract the minimum, and "
    "divide by maximum less minimum."
)
def maximum_only(picture):
    x, _, high = _range(picture)
    return x / high


@minmax.misconception(
    "You subtracted the minimum and divided by the maximum. The smallest value is 0 now, but the largest stays below "
    "1, since it has lost the minimum too. Divide by maximum less minimum."
)
def divided_by_the_maximum(picture):
    x, low, high = _range(picture)
    return (x - low) / high


@minmax.misconception(
    "You divided by 255. That maps the largest value that a byte can have to 1, whatever is in the picture. Asked for "
    "is the largest value that is in each channel."
)
def divided_by_255(picture):
    return picture / 255


@minmax.misconception(
    "You stretched each row by itself: the minimum went over the last dimension only. Neighbouring rows can no longer "
    "be compared. Go over dimensions 1 and 2 together."
)
def each_row(picture):
    x, low, high = _range(picture, (2,))
    return (x - low) / (high - low).clamp(min=1)


# --- instance normalization ------------------------------------------------------------------------------


def _maps(shape: tuple[int, int, int, int], *, seed: int) -> Tensor:
    """float32: what a layer may give. Each channel of each picture has a level and a spread of its own."""
    generator = torch.Generator().manual_seed(seed)
    level = torch.randn(*shape[:2], 1, 1, generator=generator)
    spread = 0.3 + torch.rand(*shape[:2], 1, 1, generator=generator)
    return level + spread * torch.randn(*shape, generator=generator)


def _nearly_flat() -> Tensor:
    """float32 [2, 3, 3, 5]: of the first picture, one channel is flat and one spreads by about 0.002 around 0."""
    x = _maps((2, 3, 3, 5), seed=5)
    x[0, 0] = 0.5
    x[0, 1] = 0.002 * torch.randn(3, 5, generator=torch.Generator().manual_seed(6))
    return x


@exercise(
    task="""
    Instance normalization looks at one channel of one picture at a time. Write `instance_norm(x)`.

    `x` is a float tensor [B, C, H, W], the output of a layer. Return floats of the same shape. For each channel of
    each picture, subtract its mean and divide by √(variance + 0.00001). The variance divides by H · W, not by
    H · W − 1. There are no weights to learn.
    """,
    cases=[
        Case("four pictures, three channels", (_maps((4, 3, 3, 4), seed=4),)),
        Case("a flat channel and one that is nearly flat", (_nearly_flat(),)),
    ],
    hints=[
        "Which dimensions belong to one channel of one picture? Only rows and columns, 2 and 3.",
        "x.mean(dim=(2, 3), keepdim=True) has the shape [B, C, 1, 1]. x.var takes the same two, and divides by n with "
        "correction=0.",
        "Add 1e-5 to the variance, take the root of the sum, and divide by it.",
    ],
)
def instance_norm(x):
    """Output of a layer, float [B, C, H, W] → same shape; each channel of each picture has mean 0, deviation 1."""
    mean = x.mean(dim=(2, 3), keepdim=True)
    variance = x.var(dim=(2, 3), keepdim=True, correction=0)
    return (x - mean) / (variance + 1e-5).sqrt()


def _normed(x: Tensor, dims: tuple[int, ...], *, correction: int = 0) -> Tensor:
    x = x.double()
    variance = x.var(dim=dims, keepdim=True, correction=correction)
    return (x - x.mean(dim=dims, keepdim=True)) / (variance + 1e-5).sqrt()


@instance_norm.misconception(
    "You went over the batch as well. This is batch normalization, as it is in training: all pictures share one mean "
    "and one variance per channel, and they keep what they differ in. Leave out dimension 0."
)
def batch_norm(x):
    return _normed(x, (0, 2, 3))


@instance_norm.misconception(
    "You went over the channels as well. This is layer normalization: the channels of a picture share one mean and "
    "keep their relation. Leave out dimension 1."
)
def layer_norm(x):
    return _normed(x, (1, 2, 3))


@instance_norm.misconception(
    "Your variance divides by n − 1, which is torch's default for var and std. Normalization layers divide by n. With "
    "few pixels you see it: use correction=0."
)
def divided_by_n_less_1(x):
    return _normed(x, (2, 3), correction=1)


def _by_deviation(x: Tensor, *, correction: int, small: float) -> Tensor:
    x = x.double()
    deviation = x.std(dim=(2, 3), keepdim=True, correction=correction)
    return (x - x.mean(dim=(2, 3), keepdim=True)) / (deviation + small)


@instance_norm.misconception(
    "You are right except for channels that are nearly flat. You added 0.00001 to the deviation; it belongs to the "
    "variance, under the root. There it acts like a deviation of 0.003, and noise in a nearly flat channel is not "
    "blown up to full size."
)
def constant_outside_the_root(x):
    return _by_deviation(x, correction=0, small=1e-5)


@instance_norm.misconception(
    "Two things differ. x.std divides by n − 1 unless you say correction=0. And the 0.00001 belongs to the variance, "
    "under the root, not to the deviation. Start from x.var(..., correction=0)."
)
def deviation_as_it_comes(x):
    return _by_deviation(x, correction=1, small=1e-5)


@instance_norm.misconception(
    "You left out the 0.00001. A flat channel gives 0 / 0, which is NaN, and the noise in a nearly flat one is blown "
    "up to full size. Add it to the variance before you take the root."
)
def constant_forgotten(x):
    return _by_deviation(x, correction=0, small=0.0)


@instance_norm.misconception("You divided by the variance. Take its root after you have added 0.00001.")
def divided_by_the_variance(x):
    x = x.double()
    dims = (2, 3)
    return (x - x.mean(dim=dims, keepdim=True)) / (x.var(dim=dims, keepdim=True, correction=0) + 1e-5)


# --- undo ------------------------------------------------------------------------------------------------


def _standardized(height: int, width: int, numbers: tuple[Tensor, Tensor], *, beyond: float, seed: int) -> Tensor:
    """float32 [3, height, width]: a picture of bytes and fractions of bytes, standardized.

    It reaches `beyond` below 0 and above 255. The fractions keep away from 0 and from a half, so that a small error
    of arithmetic does not change what is right.
    """
    generator = torch.Generator().manual_seed(seed)
    whole = (torch.rand(3, height, width, generator=generator) * (253 + 2 * beyond) + 1 - beyond).floor()
    fraction = torch.tensor([0.2, 0.3, 0.7, 0.8])[torch.randint(0, 4, whole.shape, generator=generator)]
    mean, std = numbers
    return ((whole + fraction) / 255 - mean[:, None, None]) / std[:, None, None]


@exercise(
    task="""
    To look at what a network was given, you have to turn it back into a picture. Write `undo(x, mean, std)`.

    `x` is a float tensor [3, H, W] that was standardized: pixels from 0 to 1, less the mean, divided by the
    deviation. `mean` and `std` are float tensors [3]. Return a uint8 tensor [3, H, W]. Round to the nearest whole
    number. The picture may have been sharpened or attacked in between, so some values may lie below 0 or above 255:
    make them 0 and 255.
    """,
    cases=[
        Case("a blurred picture", (_standardized(4, 5, _PHOTOGRAPHS, beyond=0.0, seed=7), *_PHOTOGRAPHS)),
        Case("a sharpened picture", (_standardized(5, 7, _SATELLITE, beyond=60.0, seed=8), *_SATELLITE)),
    ],
    hints=[
        "Go back step by step, the last one first: multiply by std, add mean, multiply by 255.",
        "mean[:, None, None] has the shape [3, 1, 1] and meets the channels. The same holds for std.",
        ".round() and .clamp(0, 255) come before .to(torch.uint8). The conversion itself cuts fractions off, and goes "
        "around above 255.",
    ],
)
def undo(x, mean, std):
    """Standardized, float [3, H, W], and mean and std, float [3], for 0 to 1 → picture, uint8 [3, H, W], 0 to 255."""
    pixels = (x * std[:, None, None] + mean[:, None, None]) * 255
    return pixels.round().clamp(0, 255).to(torch.uint8)


def _back(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Double [3, H, W], on 0 to 255, neither rounded nor clipped."""
    return (x.double() * _upright(std) + _upright(mean)) * 255


@undo.misconception(
    "You did not round. Conversion to uint8 cuts the fraction off, so 199.8 becomes 199, and the picture gets half a "
    "level darker on average. Use .round() first."
)
def truncated(x, mean, std):
    return _back(x, mean, std).clamp(0, 255).to(torch.uint8)


@undo.misconception(
    "You did not clip. A byte goes around: 260 becomes 4, and −3 becomes 253. In the picture these are black dots in "
    "light places and white dots in dark ones. Use .clamp(0, 255) before .to(torch.uint8)."
)
def goes_around(x, mean, std):
    return _back(x, mean, std).round().int().to(torch.uint8)


@undo.misconception(
    "You neither rounded nor clipped. Conversion to uint8 does neither for you: 199.8 becomes 199, and 260 becomes 4. "
    "Use .round() and .clamp(0, 255) first."
)
def converted_as_it_is(x, mean, std):
    return _back(x, mean, std).int().to(torch.uint8)


@undo.misconception(
    "You clipped below 0 and not above 255. A byte goes around at both ends: 260 becomes 4, a black dot in a light "
    "place. Use .clamp(0, 255)."
)
def clipped_below_only(x, mean, std):
    return _back(x, mean, std).round().clamp(min=0).int().to(torch.uint8)


@undo.misconception(
    "You added the mean first and multiplied afterwards. Standardizing subtracts the mean and then divides, so going "
    "back takes these two in the opposite order: multiply by std, then add the mean."
)
def mean_added_first(x, mean, std):
    return ((x.double() + _upright(mean)) * _upright(std) * 255).round().clamp(0, 255).to(torch.uint8)


@undo.misconception(
    "You multiplied by 255 before you added the mean. The mean is on 0 to 1, so it hardly counted. Add it first."
)
def mean_on_another_scale(x, mean, std):
    return (x.double() * _upright(std) * 255 + _upright(mean)).round().clamp(0, 255).to(torch.uint8)


@undo.misconception(
    "You did not multiply by 255. The pixels are back on 0 to 1, and as bytes they are all 0 or 1: a black picture."
)
def left_from_0_to_1(x, mean, std):
    return (_back(x, mean, std) / 255).round().clamp(0, 255).to(torch.uint8)


@undo.misconception(
    "You standardized once more: you subtracted the mean and divided by the deviation. To go back, multiply by std and "
    "add the mean."
)
def standardized_once_more(x, mean, std):
    return ((x.double() - _upright(mean)) / _upright(std) * 255).round().clamp(0, 255).to(torch.uint8)
