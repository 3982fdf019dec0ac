"""Heatmaps from many half-covered pictures: RISE with random masks, LIME with superpixels.

Both only ask the model for answers, so they work on anything that gives probabilities. Both take
- `predict`: uint8 [N, 3, H, W] → float [N, K], such as `training.predictor(model)`;
- `picture`: uint8 [3, H, W];
- `fill`: what the covered part shows: one of `FILLS`, or a picture uint8 [3, H, W] of its own, such as a blurred one;
and give float32 [H, W, K]: like `occlusion_grid`, one heatmap for each class, `[..., k]`.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ..pixels import convert
from .answers import Predict, ask, check_counts, checked_picture
from .occlusion import FILLS, fill_colour


def rise(
    predict: Predict,
    picture: Tensor,
    *,
    n: int = 500,
    cells: int = 8,
    p: float = 0.5,
    own_sums: bool = False,
    fill: str | Tensor = "grey",
    seed: int = 0,
    batch_size: int = 128,
    progress: bool = True,
) -> Tensor:
    """The mean of random masks, each weighed by the answer to what it leaves to be seen: float32 [H, W, K].

    Petsiuk, Das, Saenko: RISE: Randomized Input Sampling for Explanation of Black-box Models, BMVC 2018, equation 6.
    A pixel's number estimates the probability of class k where that pixel is seen. The paper's black is its network's
    mean colour; so the default here is grey.

    Args:
        n: masks; the error falls with √n.
        cells, p: as in `rise_masks`.
        own_sums: divide by how often each pixel was seen in these masks, not by n · p as the paper does. That takes
            out luck: where the answer hardly changes, the paper's heatmap shows who happened to be seen more often.
        seed: of the masks.
        batch_size: masked pictures that `predict` gets at once.
        progress: show a bar, on standard error.

    Raises:
        ValueError: settings out of range, or a `predict` that does not give [N, K].
    """
    picture = checked_picture("rise", picture)
    check_counts("rise", n=n, batch_size=batch_size)
    h, w = picture.shape[1:]
    masks, ground = rise_masks(h, w, n, cells=cells, p=p, seed=seed), canvas(picture, fill)
    pictures = (blend(picture, ground, some) for some in masks.split(batch_size))
    answers = ask("rise", predict, pictures, n, progress)
    sums = masks.sum(dim=0)[..., None].clamp(min=1e-6) if own_sums else n * p
    return torch.einsum("nhw,nk->hwk", masks, answers) / sums


def rise_masks(h: int, w: int, n: int, *, cells: int = 8, p: float = 0.5, seed: int = 0) -> Tensor:
    """Smooth random masks, 1 where the picture is seen: float32 [n, h, w], 0–1, mean p.

    A grid of `cells` × `cells` is drawn, each cell seen with probability `p`, enlarged by bilinear interpolation to
    somewhat more than the picture, and cut at a random place. Petsiuk et al. 2018, section 3.2.

    >>> rise_masks(64, 64, 10).shape
    torch.Size([10, 64, 64])
    """
    if not 1 <= cells <= min(h, w) or not 0 < p < 1:
        raise ValueError(
            f"rise got cells={cells}, p={p} for {h}×{w} pixels; it wants 1 to {min(h, w)} cells a side and a "
            "probability between 0 and 1."
        )
    check_counts("rise", n=n)
    generator = torch.Generator().manual_seed(seed)
    high, wide = -(-h // cells), -(-w // cells)  # of a cell, rounded up: the masks must reach the far edges
    grids = (torch.rand(n, 1, cells, cells, generator=generator) < p).float()
    tops = torch.randint(high, (n,), generator=generator).tolist()
    lefts = torch.randint(wide, (n,), generator=generator).tolist()
    masks = torch.empty(n, h, w)
    for k in range(n):  # one by one: all of them enlarged at once would need three times the memory
        large = interpolate(grids[k : k + 1], size=((cells + 1) * high, (cells + 1) * wide), mode="bilinear")
        masks[k] = large[0, 0, tops[k] : tops[k] + h, lefts[k] : lefts[k] + w]
    return masks


def lime(
    predict: Predict,
    picture: Tensor,
    parts: Tensor | None = None,
    *,
    n: int = 500,
    fill: str | Tensor = "grey",
    width: float = 0.25,
    ridge: float = 1.0,
    seed: int = 0,
    batch_size: int = 128,
    progress: bool = True,
) -> Tensor:
    """A linear model of which superpixels are seen, fitted near the picture; its weights: float32 [H, W, K].

    Ribeiro, Singh, Guestrin: "Why Should I Trust You?", KDD 2016, equation 2 and algorithm 1. Each of `n` pictures
    shows every superpixel with probability ½, and weighs exp(−d² / `width`²), d = 1 − √(share that is seen) being the
    cosine distance to the whole picture. Then ridge regression, as in the authors' code, not the paper's lasso. That
    code (`lime_image.py`) also takes the root of the weights, which the paper does not: its width of .25 is this one's
    of .25 · √2.

    Args:
        parts: int64 [H, W], the superpixel of each pixel; None takes `segments(picture)`.
        n: pictures, the uncovered one included.
        width: of the neighbourhood; above 0.
        ridge: the penalty on the weights' squares, 0 or more. It pulls towards 0 the more the fewer pictures there are.
        seed, batch_size, progress: as in `rise`.

    Raises:
        ValueError: settings out of range, parts that do not fit, or a `predict` that does not give [N, K].
    """
    picture = checked_picture("lime", picture)
    check_counts("lime", n=n, batch_size=batch_size)
    if not width > 0 or not ridge >= 0:
        raise ValueError(f"lime got width={width}, ridge={ridge}; it wants a width above 0 and a ridge of 0 or more.")
    parts = _numbered(segments(picture) if parts is None else parts, picture)
    seen = torch.rand(n, int(parts.max()) + 1, generator=torch.Generator().manual_seed(seed)) < 0.5
    seen[0] = True
    ground = canvas(picture, fill)
    pictures = (blend(picture, ground, some[:, parts].float()) for some in seen.split(batch_size))
    answers = ask("lime", predict, pictures, n, progress)
    distance = 1 - seen.double().mean(dim=1).sqrt()
    weights = ridge_regression(seen.double(), answers.double(), (-((distance / width) ** 2)).exp(), penalty=ridge)
    return weights.float()[parts]


def ridge_regression(x: Tensor, y: Tensor, weights: Tensor, *, penalty: float) -> Tensor:
    """The slopes of a weighted ridge regression with an intercept that is not penalised: float64 [S, K].

    Minimises Σᵢ weightᵢ · (yᵢ − a − xᵢ·b)² + penalty · ‖b‖², for each column of y by itself.

    Args:
        x: float64 [N, S].
        y: float64 [N, K].
        weights: float64 [N], 0 or more.
        penalty: 0 or more. With 0, and columns of `x` that hang together, the shortest of the best b is taken.
    """
    from sklearn.linear_model import Ridge

    fitted = Ridge(alpha=penalty, solver="svd").fit(x.numpy(), y.numpy(), sample_weight=weights.numpy())
    return torch.from_numpy(fitted.coef_.T)


# --- superpixels -----------------------------------------------------------------------------------------


def segments(picture: Tensor, n: int = 50, *, compactness: float = 10.0, rounds: int = 10) -> Tensor:
    """Superpixels, each of similar colour and in one piece: int64 [H, W], numbered from 0, about `n` of them.

    SLIC: k-means on colour (CIELAB) and place, from a regular grid. Achanta et al.: SLIC Superpixels Compared to
    State-of-the-art Superpixel Methods, PAMI 2012, algorithm 1 and equation 3. Of each superpixel the largest piece is
    kept, and grows into what is left.

    Args:
        picture: uint8 [3, H, W].
        n: wanted number, 1 to H · W.
        compactness: colour difference (ΔE) that weighs as much as one grid step of distance; above 0. The larger it is,
            the more the superpixels are squares.
        rounds: of k-means, at least 1.
    """
    picture = checked_picture("segments", picture)
    h, w = picture.shape[1:]
    if not 1 <= n <= h * w or not compactness > 0 or rounds < 1:
        raise ValueError(
            f"segments got n={n}, compactness={compactness}, rounds={rounds} for {h}×{w} pixels; it wants 1 to "
            f"{h * w} superpixels, a compactness above 0, and 1 round or more."
        )
    step = (h * w / n) ** 0.5
    rows, columns = (max(1, round(side / step)) for side in (h, w))
    lab = convert(picture.float() / 255, "rgb", "lab").double().permute(1, 2, 0)
    y, x = torch.meshgrid(torch.arange(h).double(), torch.arange(w).double(), indexing="ij")
    # One unit is `compactness` in colour and one grid step in place.
    points = torch.cat([lab / compactness, torch.stack([y, x], dim=2) / step], dim=2).reshape(h * w, 5)
    start = (y * rows / h).long() * columns + (x * columns / w).long()
    return _in_one_piece(_k_means(points, start.ravel(), rows * columns, rounds).reshape(h, w))


def _k_means(points: Tensor, index: Tensor, k: int, rounds: int) -> Tensor:
    """The centre that each point [M, 5] ends with, int64 [M], from a first assignment `index`."""
    for _ in range(rounds):
        sizes = torch.bincount(index, minlength=k)
        centres = torch.zeros(k, points.shape[1], dtype=points.dtype).index_add_(0, index, points)
        centres = torch.where(sizes[:, None] > 0, centres / sizes.clamp(min=1)[:, None], torch.inf)
        best = torch.full((len(points),), torch.inf, dtype=points.dtype)
        nearest = index.clone()
        for number, centre in enumerate(centres):
            squared = ((points - centre) ** 2).sum(dim=1)
            # A centre looks no further than one grid step to each side.
            squared[(points[:, 3:] - centre[3:]).abs().amax(dim=1) > 1] = torch.inf
            nearest[squared < best] = number
            best = torch.minimum(best, squared)
        index = nearest
    return index


def _in_one_piece(labels: Tensor) -> Tensor:
    """Each label keeps its largest piece (pixels that touch by their sides); the pieces grow into the rest."""

    from scipy.ndimage import label as pieces_of

    kept = np.full(labels.shape, -1)
    numbers = labels.numpy()
    for place, number in enumerate(np.unique(numbers)):
        pieces, _ = pieces_of(numbers == number)
        kept[pieces == 1 + np.argmax(np.bincount(pieces.ravel())[1:])] = place
    while (kept < 0).any():
        padded = np.pad(kept, 1, constant_values=-1)
        for beside in (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]):
            kept = np.where(kept < 0, beside, kept)
    return torch.from_numpy(kept)


# --- half-covered pictures, and the answers to them ------------------------------------------------------


def canvas(picture: Tensor, fill: str | Tensor) -> Tensor:
    """What is seen where the picture is covered: uint8 [3, H, W].

    Args:
        picture: uint8 [3, H, W].
        fill: one of `FILLS`, or a picture of the same shape.

    >>> canvas(torch.zeros(3, 2, 2, dtype=torch.uint8), "grey")[0].tolist()
    [[128, 128], [128, 128]]
    """
    if isinstance(fill, str):
        colour = torch.tensor(fill_colour(picture, fill), dtype=torch.uint8)
        return colour[:, None, None].expand_as(picture)
    if not isinstance(fill, Tensor) or fill.dtype != torch.uint8 or fill.shape != picture.shape:
        what = f"{fill.dtype} {tuple(fill.shape)}" if isinstance(fill, Tensor) else repr(fill)
        raise ValueError(
            f"canvas got fill={what}; it wants one of {', '.join(FILLS)}, or a picture uint8 {tuple(picture.shape)}."
        )
    return fill.to(picture.device)


def blend(picture: Tensor, ground: Tensor, masks: Tensor) -> Tensor:
    """uint8 [N, 3, H, W]: `picture` where a mask (float [N, H, W], 0–1) is 1, `ground` where it is 0, rounded."""
    above, below = picture.float(), ground.float()
    return (below + (above - below) * masks[:, None]).round_().to(torch.uint8)


def _numbered(parts: Tensor, picture: Tensor) -> Tensor:
    """`parts` numbered from 0 without gaps."""
    if not isinstance(parts, Tensor) or parts.shape != picture.shape[1:] or parts.is_floating_point():
        what = f"{parts.dtype} {tuple(parts.shape)}" if isinstance(parts, Tensor) else type(parts).__name__
        raise ValueError(
            f"lime got parts of {what}; it wants int64 {tuple(picture.shape[1:])}, the "
            "number of each pixel's superpixel, such as segments(picture) gives."
        )
    return torch.unique(parts.cpu(), return_inverse=True)[1]
