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
from torch import Tensor, nn

from .. import checks
from .answers import Predict, ask, check_counts, checked_picture
from .masks import blend, canvas


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
    picture, heatmap = _checked_heat("deletion", picture, heatmap, steps=steps, batch_size=batch_size)
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
    picture, heatmap = _checked_heat("insertion", picture, heatmap, steps=steps, batch_size=batch_size)
    masks = iter(_hottest(heatmap, steps, seed).split(batch_size))
    return _answers("insertion", predict, picture, canvas(picture, fill), masks, target)


def area(curve: Tensor) -> float:
    """The area under a curve of `deletion` or `insertion`, its width being 1 (trapezoids): the mean answer on the way.

    >>> area(torch.tensor([1.0, 0.5, 0.0]))
    0.5
    """
    curve = checks.tensor(curve, "area", "a curve").detach().cpu()
    if curve.ndim != 1 or len(curve) < 2 or not checks.all_finite(curve):
        faults = "" if checks.all_finite(curve) else " with NaN or infinite values"
        raise ValueError(
            f"area got a curve of shape {tuple(curve.shape)}{faults}; it wants [steps + 1], two finite numbers or more."
        )
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
    picture, heatmap = _checked_heat("mu_fidelity", picture, heatmap, batch_size=batch_size)
    h, w = heatmap.shape
    whole = checks.is_whole(n) and checks.is_whole(cells) and checks.is_number(share)
    if not whole or n < 2 or not 0 < share < 1 or not 2 <= cells <= min(h, w):
        raise ValueError(
            f"mu_fidelity got n={n!r}, share={share!r}, cells={cells!r} for {h}×{w} pixels; it wants 2 sets or more, "
            f"a share between 0 and 1, and 2 to {min(h, w)} cells a side."
        )
    rows, columns = torch.arange(h) * cells // h, torch.arange(w) * cells // w
    size = min(max(1, round(share * cells**2)), cells**2 - 1)
    order = torch.rand(n, cells**2, generator=torch.Generator().manual_seed(seed)).argsort(dim=1)
    covered = torch.zeros(n, cells**2).scatter_(1, order[:, :size], 1.0).reshape(n, cells, cells)
    seen = 1 - covered[:, rows][:, :, columns]
    masks = iter(seen.split(batch_size))
    answers = _answers("mu_fidelity", predict, picture, canvas(picture, fill), masks, target)
    heat = torch.einsum("nhw,hw->n", (1 - seen).double(), heatmap)
    return _pearson(heat, -answers.double())  # the answer to the whole picture moves no correlation


# --- randomised weights ----------------------------------------------------------------------------------


def weighted_layers(model: nn.Module) -> list[str]:
    """Names of the layers that hold weights of their own, from the logits down.

    The order is that in which the model registered them, turned round.

    >>> weighted_layers(nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2)))
    ['3', '0']
    """
    if not isinstance(model, nn.Module):
        raise ValueError(f"got a model of {type(model).__name__}; wanted the torch.nn.Module itself, not its answers.")
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
    if top is not None and not (checks.is_whole(top) and 0 <= top <= len(names)):
        wanted = f"the model has {len(names)} layers, so it wants 0 to {len(names)}"
        raise ValueError(f"randomized got top={top!r}; {wanted}.")
    twin = copy.deepcopy(model)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in names[:top]:
            layer = twin.get_submodule(name)
            begin_anew = getattr(layer, "reset_parameters", None)
            if not callable(begin_anew):
                raise ValueError(
                    f"randomized got a model whose layer {name!r} ({type(layer).__name__}) has no reset_parameters(); "
                    "give that class one, which draws its first weights."
                )
            begin_anew()
    return twin


def rank_correlation(a: Tensor, b: Tensor) -> float:
    """Spearman's rank correlation of two heatmaps of one shape, −1 to 1; NaN where one of them has one value only.

    >>> rank_correlation(torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 4.0], [9.0, 16.0]]))
    1.0
    """
    from scipy.stats import rankdata

    a, b = (_heat("rank_correlation", heat) for heat in (a, b))
    if a.shape != b.shape or a.numel() < 2 or not (a.isfinite().all() and b.isfinite().all()):
        bad = int((~a.isfinite()).sum() + (~b.isfinite()).sum())
        faults = f", {bad} of their numbers NaN or infinite" if bad else ""
        raise ValueError(
            f"rank_correlation got {tuple(a.shape)} and {tuple(b.shape)}{faults}; it wants two heatmaps of one shape, "
            "of 2 pixels or more, all finite."
        )
    ranks = (torch.from_numpy(rankdata(heat.numpy(), axis=None)) for heat in (a, b))
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

    from scipy.ndimage import distance_transform_edt

    heatmap, mask = _checked_mask("pointing_game", heatmap, mask)
    if not checks.is_number(tolerance) or not tolerance >= 0:
        raise ValueError(f"pointing_game got tolerance={tolerance!r}; it wants pixels, 0 or more.")
    near = torch.from_numpy(distance_transform_edt(~mask.numpy()) <= tolerance)
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
    heatmap, mask = _checked_mask("energy_inside", heatmap, mask)
    heat = heatmap.clamp(min=0)
    return (heat[mask].sum() / heat.sum()).item() if heat.sum() > 0 else 0.0


# --- parts -----------------------------------------------------------------------------------------------


def _hottest(heatmap: Tensor, steps: int, seed: int) -> Tensor:
    """Masks of the hottest pixels, none to all of them: float32 [steps + 1, H, W], 0 or 1."""
    pixels = heatmap.numel()
    # Who comes first: by heat, and at random among equals.
    lots = np.random.default_rng(seed).random(pixels)
    queue = np.lexsort((lots, -heatmap.numpy().ravel()))
    place = torch.empty(pixels, dtype=torch.int64)
    place[torch.from_numpy(queue)] = torch.arange(pixels)
    counts = torch.arange(steps + 1) * pixels // steps
    return (place.reshape(heatmap.shape) < counts[:, None, None]).float()


def _answers(
    name: str, predict: Predict, picture: Tensor, ground: Tensor, masks: Iterator[Tensor], target: int
) -> Tensor:
    """The answers for `target`, float32 [n], to what each of n masks leaves of the picture."""
    answers = ask(name, predict, (blend(picture, ground, some) for some in masks))
    if not checks.is_whole(target) or not 0 <= target < answers.shape[1]:
        raise ValueError(
            f"{name} got target={target} for {answers.shape[1]} classes; it wants 0 to {answers.shape[1] - 1}."
        )
    if not answers.isfinite().all():
        bad = int((~answers.isfinite()).any(dim=1).sum())
        raise ValueError(
            f"{name} got a predict that answers {bad} of {len(answers)} pictures with NaN or infinity; it wants "
            "numbers. Did the network's training diverge?"
        )
    return answers[:, target]


def _pearson(a: Tensor, b: Tensor) -> float:
    from scipy.stats import pearsonr

    # What one value leaves when its mean is taken away is 0 but for rounding; SciPy would warn and go on.
    if any((x - x.mean()).norm() <= 1e-12 * x.norm() for x in (a, b)):
        return float("nan")
    return float(pearsonr(a.numpy(), b.numpy()).statistic)


def _heat(name: str, heatmap: Tensor) -> Tensor:
    """float64, on the CPU, without gradient. A mask will do: the heatmap of who knows the reason."""
    if isinstance(heatmap, Tensor) and heatmap.dtype == torch.bool:
        heatmap = heatmap.double()
    return checks.tensor(heatmap, name, "a heatmap").detach().cpu().double()


def _checked_heat(name: str, picture: Tensor, heatmap: Tensor, **counts: int) -> tuple[Tensor, Tensor]:
    """Both on the CPU, the heatmap float64 and without gradients."""
    picture = checked_picture(name, picture)
    check_counts(name, **counts)
    heatmap = _heat(name, heatmap)
    if heatmap.shape != picture.shape[1:] or not heatmap.isfinite().all():
        faults = "" if heatmap.isfinite().all() else " with NaN or infinite values"
        raise ValueError(
            f"{name} got a heatmap {tuple(heatmap.shape)}{faults}; it wants finite numbers "
            f"{tuple(picture.shape[1:])}, one for each pixel of the picture."
        )
    return picture, heatmap


def _checked_mask(name: str, heatmap: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Both on the CPU, without gradient."""
    heatmap = _heat(name, heatmap)
    mask = torch.from_numpy(checks.array(mask, name, "a mask", kinds="biuf").copy())
    if heatmap.ndim != 2 or mask.dtype != torch.bool or mask.shape != heatmap.shape or not mask.any():
        inside = f" with {int(mask.sum())} pixels" if mask.dtype == torch.bool else ""
        raise ValueError(
            f"{name} got a heatmap {tuple(heatmap.shape)} and a mask of {mask.dtype} {tuple(mask.shape)}{inside}; "
            "it wants [H, W] and bool [H, W] with one pixel or more."
        )
    if not heatmap.isfinite().all():
        raise ValueError(f"{name} got a heatmap with NaN or infinite values; it wants finite numbers.")
    return heatmap, mask
