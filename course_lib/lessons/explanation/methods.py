"""The heatmaps that lesson 6 compares, and two rivals that know nothing: one call for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor, nn

from ... import explain, training
from ...pixels import block_average
from ...study import Summary

Settings = Mapping[str, object]
Heatmap = tuple[tuple[str, object], ...]
"""The settings that decide a heatmap, in a form that a cache takes."""


def heatmaps(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, *, seed: int) -> Tensor:
    """float32 [B, H, W]: why `model` says `target` (int64 [B]) of the pictures, uint8 [B, 3, H, W].

    Args:
        settings: `method`, a name of `METHODS`, and what that method reads (`DECIDED_BY`).
        model: a network of `models` with `preprocessing`.
        seed: of what is drawn.
    """
    if settings["method"] not in METHODS:
        raise ValueError(f"heatmaps got method={settings['method']!r}; it wants one of: {', '.join(METHODS)}.")
    return METHODS[settings["method"]](settings, model, images, target, seed)


def heatmap_settings(settings: Settings) -> Heatmap:
    """What of `settings` decides a heatmap."""
    method = settings["method"]
    return ("method", method), *((name, settings[name]) for name in DECIDED_BY[method])


def _saliency(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    return explain.saliency(model, model.preprocessing(images), target)


def _smooth_grad(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    noise, copies = settings["noise"], settings["copies"]
    return explain.smooth_grad(model, model.preprocessing(images), target, noise=noise, n=copies, seed=seed)


def _integrated_gradients(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    """From black pictures, or from each picture's own mean colour."""
    ground = torch.zeros_like(images) if settings["start"] == "black" else block_average(images, 1)
    seen, baseline = model.preprocessing(images), model.preprocessing(ground)
    return explain.integrated_gradients(model, seen, target, baseline=baseline, steps=settings["steps"])


def _grad_cam(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    """Of the last layer, enlarged as its paper and the libraries do it."""
    x = model.preprocessing(images)
    return explain.grad_cam(model, explain.last_layer(model, x), x, target, enlarge="bilinear")


def _by_cells(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    """Of the last layer with `map_cells` places a side or more, laid where its cells look."""
    x = model.preprocessing(images)
    layer = explain.last_layer(model, x, cells=settings["map_cells"])
    return CAMS[settings["method"]](model, layer, x, target)


def _occlusion(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    patch = {"size": settings["patch"], "stride": settings["stride"], "fill": settings["patch_fill"]}
    asked = training.predictor(model)
    pairs = zip(images, target.tolist(), strict=True)
    return torch.stack([explain.occlusion_map(asked, image, label, **patch) for image, label in pairs])


def _rise(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    knobs = {"n": settings["masks"], "cells": settings["cells"], "p": settings["seen"], "fill": settings["mask_fill"],
             "own_sums": settings["own_sums"]}  # fmt: skip
    asked = training.predictor(model)
    maps = [explain.rise(asked, image, seed=seed, progress=False, **knobs) for image in images]
    return _of_targets(maps, target)


def _lime(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    knobs = {"n": settings["draws"], "fill": settings["mask_fill"], "width": settings["width"],
             "ridge": settings["ridge"]}  # fmt: skip
    asked = training.predictor(model)
    maps = [
        explain.lime(asked, image, _superpixels(settings, image), seed=seed, progress=False, **knobs)
        for image in images
    ]
    return _of_targets(maps, target)


def _superpixels(settings: Settings, image: Tensor) -> Tensor:
    n, compactness, rounds = (settings[name] for name in ("superpixels", "compactness", "rounds"))
    return explain.segments(image, n, compactness=compactness, rounds=rounds)


def _of_targets(maps: list[Tensor], target: Tensor) -> Tensor:
    return torch.stack([heat[..., label] for heat, label in zip(maps, target.tolist(), strict=True)])


def _blob(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    """A round blob in the middle, whose σ is `blob_width` of the side, whatever the picture and the model."""
    line = (torch.linspace(-1, 1, images.shape[-1]) / (2 * settings["blob_width"])) ** 2
    return torch.exp(-(line[:, None] + line) / 2).expand(len(images), -1, -1)


def _random(settings: Settings, model: nn.Module, images: Tensor, target: Tensor, seed: int) -> Tensor:
    return torch.rand(len(images), *images.shape[2:], generator=torch.Generator().manual_seed(seed))


CAMS = {"grad_cam_by_cells": explain.grad_cam, "hires_cam": explain.hires_cam, "layer_cam": explain.layer_cam}
Method = Callable[[Settings, nn.Module, Tensor, Tensor, int], Tensor]
METHODS: dict[str, Method] = {
    "saliency": _saliency,
    "smooth_grad": _smooth_grad,
    "integrated_gradients": _integrated_gradients,
    "grad_cam": _grad_cam,
    **dict.fromkeys(CAMS, _by_cells),
    "occlusion": _occlusion,
    "rise": _rise,
    "lime": _lime,
    "blob": _blob,
    "random": _random,
}
DECIDED_BY: dict[str, tuple[str, ...]] = {
    "saliency": (),
    "smooth_grad": ("noise", "copies"),
    "integrated_gradients": ("start", "steps"),
    "grad_cam": (),
    **dict.fromkeys(CAMS, ("map_cells",)),
    "occlusion": ("patch", "stride", "patch_fill"),
    "rise": ("masks", "cells", "seen", "mask_fill", "own_sums"),
    "lime": ("draws", "mask_fill", "width", "ridge", "superpixels", "compactness", "rounds"),
    "blob": ("blob_width",),
    "random": (),
}


def agreement(scores: Mapping[str, Summary], names: Iterable[str], one: str, other: str) -> float:
    """Spearman's rank correlation of the methods' mean scores under two endings of a variant's name, −1 to 1."""
    from scipy.stats import spearmanr

    return float(spearmanr(*([scores[name + ending].mean for name in names] for ending in (one, other))).statistic)
