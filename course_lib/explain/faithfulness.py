"""How far to trust a heatmap: deletion and insertion, µ-fidelity, randomised weights, and a reason that was planted.

The first three ask the model again, with parts of the picture covered. `predict`, `picture` and `fill` are those of
`masks`; a heatmap is float [H, W], hotter where it speaks for the class `target`, a position in the K classes. What is
covered with changes the score as it changes the heatmap: a method that covers with grey is judged by grey.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from scipy.stats import rankdata
from torch import Tensor, nn

from .masks import Predict, _ask, _check_count, _check_picture, blend, canvas


def deletion(
    predict: Predict,
    picture: Tensor,
    heatmap: Tensor,
    target: int,
    *,
    fill: str | Tensor = "grey",
    steps: int = 32,
    seed: int = 0,
    batch_size: int = 128,
) -> Tensor:
    """The answer while pixels are covered, the hottest ones first: float32 [steps + 1], from none to all of them.

    A good heatmap makes it fall early: a small `area` is good. Petsiuk, Das, Saenko: RISE, BMVC 2018, section 4.1.

    Args:
        heatmap: float [H, W]; only the order of its values counts.
        target: whose answer, 0 to K − 1.
        steps: covers H · W / steps pixels at a time.
        seed: of the order among pixels of equal heat. A heatmap of one value is thus the random order to compare with.

    Raises:
        ValueError: a heatmap that does not fit the picture or is not finite, or settings out of range.
    """
    _check_heat("deletion", picture, heatmap, steps=steps, batch_size=batch_size)
    masks = (1 - hottest for hottest in _hottest(heatmap, steps, seed).split(batch_size))
    return _answers("deletion", predict, picture, canvas(picture, fill), masks, target)


def insertion(
    predict: Predict,
    picture: Tensor,
    heatmap: Tensor,
    target: int,
    *,
    fill: str | Tensor = "grey",
    steps: int = 32,
    seed: int = 0,
    batch_size: int = 128,
) -> Tensor:
    """The answer while a covered picture is uncovered, the hottest pixels first: float32 [steps + 1].

    A good heatmap makes it rise early: a large `area` is good. The paper starts from the blurred picture; give such a
    one as `fill` to do so. Arguments and errors as in `deletion`.
    """
    _check_heat("insertion", picture, heatmap, steps=steps, batch_size=batch_size)
    masks = iter(_hottest(heatmap, steps, seed).split(batch_size))
    return _answers("insertion", predict, picture, canvas(picture, fill), masks, target)


def area(curve: Tensor) -> float:
    """The area under a curve of `deletion` or `insertion`, its width being 1 (trapezoids): the mean answer on the way.

    >>> area(torch.tensor([1.0, 0.5, 0.0]))
    0.5
    """
    if curve.ndim != 1 or len(curve) < 2:
        raise ValueError(f"area got a curve of shape {tuple(curve.shape)}; it wants [steps + 1], two values or more.")
    return torch.trapezoid(curve.double()).item() / (len(curve) - 1)


def mu_fidelity(
    predict: Predict,
    picture: Tensor,
    heatmap: Tensor,
    target: int,
    *,
    fill: str | Tensor = "grey",
    n: int = 200,
    share: float = 0.2,
    cells: int = 8,
    seed: int = 0,
    batch_size: int = 128,
) -> float:
    """Does the heat of a random part say how far the answer falls without it? The correlation, −1 to 1.

    Bhatt, Weller, Moura: Evaluating and Aggregating Feature-based Model Explanations, IJCAI 2020, definition 3
    (faithfulness). Over random sets of cells: Pearson's correlation of the sum of their heat with
    answer(picture) − answer(picture with them covered). NaN where either is the same for all sets.

    Args:
        n: random sets, at least 2.
        share: of the cells in each set, above 0, below 1.
        cells: to a side; single pixels hardly move an answer. The paper's features are one number each.
        seed: of the sets.

    Raises:
        ValueError: a heatmap that does not fit the picture or is not finite, or settings out of range.
    """
    _check_heat("mu_fidelity", picture, heatmap, batch_size=batch_size)
    h, w = heatmap.shape
    if n < 2 or not 0 < share < 1 or not 2 <= cells <= min(h, w):
        raise ValueError(
            f"mu_fidelity got n={n}, share={share}, cells={cells} for {h}×{w} pixels; it wants 2 sets or more, "
            f"a share between 0 and 1, and 2 to {min(h, w)} cells a side."
        )
    rows, columns = torch.arange(h) * cells // h, torch.arange(w) * cells // w
    size = min(max(1, round(share * cells**2)), cells**2 - 1)
    order = torch.rand(n, cells**2, generator=torch.Generator().manual_seed(seed)).argsort(dim=1)
    covered = torch.zeros(n, cells**2).scatter_(1, order[:, :size], 1.0).reshape(n, cells, cells)
    seen = 1 - covered[:, rows][:, :, columns]
    masks = iter(seen.split(batch_size))
    answers = _answers("mu_fidelity", predict, picture, canvas(picture, fill), masks, target)
    heat = torch.einsum("nhw,hw->n", (1 - seen).double(), heatmap.double().cpu())
    return _pearson(heat, -answers.double())  # the answer to the whole picture moves no correlation


# --- randomised weights ----------------------------------------------------------------------------------


def weighted_layers(model: nn.Module) -> list[str]:
    """Names of the layers that hold weights of their own, from the logits down.

    The order is that in which the model registered them, turned round.

    >>> weighted_layers(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2)))
    ['3', '0']
    """
    own = [name for name, module in model.named_modules() if next(module.parameters(recurse=False), None) is not None]
    return own[::-1]


def randomized(model: nn.Module, seed: int = 0, *, top: int | None = None) -> nn.Module:
    """A copy of `model` whose `top` layers, counted from the logits down, have the weights of a new network.

    The sanity check of Adebayo et al.: Sanity Checks for Saliency Maps, NeurIPS 2018, section 3: the heatmaps of a
    model that has learnt nothing should not look like those of the one that has. Compare them by `rank_correlation`.

    Args:
        seed: of the new weights; the model and the global random state are left alone.
        top: 0 to `len(weighted_layers(model))`; None means all of them.

    Raises:
        ValueError: `top` out of range, or a layer without `reset_parameters`, which would say how it starts.
    """
    names = weighted_layers(model)
    if top is not None and not 0 <= top <= len(names):
        raise ValueError(f"randomized got top={top}; the model has {len(names)} layers, so it wants 0 to {len(names)}.")
    twin = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in names[:top]:
            layer = twin.get_submodule(name)
            if not hasattr(layer, "reset_parameters"):
                raise ValueError(
                    f"randomized got a model whose layer {name!r} ({type(layer).__name__}) has no reset_parameters(); "
                    "give that class one, which draws its first weights."
                )
            layer.reset_parameters()
    return twin


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's rank correlation of two heatmaps of one shape, −1 to 1; NaN where one of them has one value only.

    >>> rank_correlation(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 4.0], [9.0, 16.0]]))
    1.0
    """
    if a.shape != b.shape or a.numel() < 2:
        raise ValueError(
            f"rank_correlation got {tuple(a.shape)} and {tuple(b.shape)}; it wants two heatmaps of one shape, "
            "of 2 pixels or more."
        )
    ranks = (torch.from_numpy(rankdata(heat.detach().cpu().numpy(), axis=None)) for heat in (a, b))
    return _pearson(*ranks)


# --- against a planted reason ----------------------------------------------------------------------------


def pointing_game(heatmap: Tensor, mask: Tensor, *, tolerance: float = 0.0) -> float:
    """Does the hottest pixel lie in the mask: 1 or 0; among several equally hot ones, the share that does.

    Zhang et al.: Top-down Neural Attention by Excitation Backprop, ECCV 2016, section 4.1. Their tolerance is 15 pixels
    of pictures some 500 wide. A random heatmap gets the mask's share of the picture.

    Args:
        heatmap: float [H, W].
        mask: bool [H, W], with one pixel or more.
        tolerance: pixels that the hottest one may lie beside the mask.
    """
    _check_mask("pointing_game", heatmap, mask)
    if not tolerance >= 0:
        raise ValueError(f"pointing_game got tolerance={tolerance}; it wants pixels, 0 or more.")
    near = torch.from_numpy(distance_transform_edt(~mask.cpu().numpy()) <= tolerance)
    heatmap = heatmap.cpu()
    return near[heatmap == heatmap.max()].float().mean().item()


def energy_inside(heatmap: Tensor, mask: Tensor) -> float:
    """The share of positive heat that lies in the mask, 0–1; 0 where no heat is positive.

    Wang et al.: Score-CAM, CVPR Workshops 2020, section 4.3. Of a heatmap that has one value everywhere the mask holds
    its share of the picture.

    Args:
        heatmap: float [H, W]; what is below 0 counts as 0.
        mask: bool [H, W], with one pixel or more.

    >>> energy_inside(torch.tensor([[3.0, 1.0], [-5.0, 0.0]]), torch.tensor([[True, False], [True, False]]))
    0.75
    """
    _check_mask("energy_inside", heatmap, mask)
    heat = heatmap.double().clamp(min=0).cpu()
    return (heat[mask.cpu()].sum() / heat.sum()).item() if heat.sum() > 0 else 0.0


# --- parts -----------------------------------------------------------------------------------------------


def _hottest(heatmap: Tensor, steps: int, seed: int) -> Tensor:
    """Masks of the hottest pixels, none to all of them: float32 [steps + 1, H, W], 0 or 1."""
    pixels = heatmap.numel()
    # Who comes first: by heat, and at random among equals.
    lots = np.random.default_rng(seed).random(pixels)
    queue = np.lexsort((lots, -heatmap.detach().cpu().double().numpy().ravel()))
    place = torch.empty(pixels, dtype=torch.int64)
    place[torch.from_numpy(queue)] = torch.arange(pixels)
    counts = torch.arange(steps + 1) * pixels // steps
    return (place.reshape(heatmap.shape) < counts[:, None, None]).float()


def _answers(
    name: str, predict: Predict, picture: Tensor, ground: Tensor, masks: Iterator[Tensor], target: int
) -> Tensor:
    """The answers for `target`, float32 [n], to what each of n masks leaves of the picture."""
    answers = _ask(name, predict, (blend(picture, ground, some) for some in masks), None, progress=False)
    if not 0 <= target < answers.shape[1]:
        raise ValueError(
            f"{name} got target={target} for {answers.shape[1]} classes; it wants 0 to {answers.shape[1] - 1}."
        )
    return answers[:, target]


def _pearson(a: Tensor, b: Tensor) -> float:
    centred = [x - x.mean() for x in (a, b)]
    # What one value leaves when its mean is taken away is 0 but for rounding.
    if any(c.norm() <= 1e-12 * x.norm() for c, x in zip(centred, (a, b), strict=True)):
        return float("nan")
    cosine = (centred[0] / centred[0].norm()) @ (centred[1] / centred[1].norm())
    return cosine.clamp(-1, 1).item()


def _check_heat(name: str, picture: Tensor, heatmap: Tensor, **counts: int) -> None:
    _check_picture(name, picture)
    _check_count(name, **counts)
    if heatmap.shape != picture.shape[1:] or not heatmap.isfinite().all():
        faults = "" if heatmap.isfinite().all() else " with NaN or infinite values"
        raise ValueError(
            f"{name} got a heatmap {tuple(heatmap.shape)}{faults}; it wants finite numbers "
            f"{tuple(picture.shape[1:])}, one for each pixel of the picture."
        )


def _check_mask(name: str, heatmap: Tensor, mask: Tensor) -> None:
    if heatmap.ndim != 2 or mask.dtype != torch.bool or mask.shape != heatmap.shape or not mask.any():
        inside = f" with {int(mask.sum())} pixels" if mask.dtype == torch.bool else ""
        raise ValueError(
            f"{name} got a heatmap {tuple(heatmap.shape)} and a mask of {mask.dtype} {tuple(mask.shape)}{inside}; "
            "it wants [H, W] and bool [H, W] with one pixel or more."
        )
    if not heatmap.isfinite().all():
        raise ValueError(f"{name} got a heatmap with NaN or infinite values; it wants finite numbers.")
