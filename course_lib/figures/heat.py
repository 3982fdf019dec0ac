"""Heatmaps over the pictures that they explain, with a scale."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from ..standards import LUMA
from .cells import grid
from .static import Drawing

_TOP = 0.99  # heat above this quantile counts as much: one pixel must not darken all others
_COVER = 0.65  # of what is seen is heat, the rest the picture in grey
_SCALE = 1.0  # inches


def heat_overlays(
    images: Tensor,
    heatmaps: Sequence[Tensor | None],
    captions: Sequence[str],
    *,
    columns: int = 6,
    title: str = "",
    signed: bool = False,
) -> Drawing:
    """A grid of pictures in grey under their heat, in a colour map whose lightness rises evenly, and its scale.

    Colour and not brightness tells the heat: a river that is dark stays a dark river, however hot it is. Each heatmap
    has its own scale, from 0 to the hottest hundredth of its pixels.

    Args:
        images: uint8 [N, 3, H, W].
        heatmaps: N of float [H, W], hotter where it speaks for the class; None shows the picture as it is.
        captions: N, of one or two lines.
        columns: at most so many side by side.
        title: above all.
        signed: show what speaks against the class as well, in violet; otherwise that counts as 0.

    Raises:
        ValueError: shapes that do not fit, or heat that is not finite.

    >>> heat_overlays(torch.zeros(2, 3, 8, 8, dtype=torch.uint8), [None, torch.eye(8)], ["picture", "heat"]).summary
    '2 pictures side by side, each with a caption; 1 under its heat.'
    """
    heats = [None if heat is None else heat.detach().double().cpu() for heat in heatmaps]
    _check(images, heats, captions)
    lowest, colours = (-1.0, mpl.colormaps["PuOr_r"]) if signed else (0.0, mpl.colormaps["magma"])
    aspect = images.shape[2] / images.shape[3]
    hot = sum(heat is not None for heat in heats)
    with grid(captions, columns=columns, aspect=aspect, title=title, margin=_SCALE if hot else 0) as (f, axes):
        for ax, image, heat in zip(axes, images.cpu(), heats, strict=True):
            ax.imshow(image.permute(1, 2, 0).numpy(), interpolation="nearest")
            if heat is not None:
                ax.imshow(_covered(image, _scaled(heat, lowest), lowest, colours), interpolation="nearest")
        if hot:
            _scale(f, lowest, colours)
    told = f"{title or 'Captions'}: {'; '.join(captions)}".replace("\n", ", ")
    summary = f"{len(images)} pictures side by side, each with a caption; {hot} under its heat."
    return Drawing(f, summary, f"{summary} {told}")


def _check(images: Tensor, heats: Sequence[Tensor | None], captions: Sequence[str]) -> None:
    right = images.ndim == 4 and images.dtype == torch.uint8 and len(images) == len(heats) == len(captions) > 0
    own = [heat for heat in heats if heat is not None]
    if not right or not all(heat.shape == images.shape[2:] and heat.isfinite().all() for heat in own):
        shapes = ", ".join(str(tuple(heat.shape)) for heat in own[:3]) or "none"
        raise ValueError(
            f"heat_overlays got {images.dtype} {tuple(images.shape)}, {len(heats)} heatmaps ({shapes}) and "
            f"{len(captions)} captions; it wants uint8 [N, 3, H, W], N finite [H, W] or None, and N captions."
        )


def _scaled(heat: Tensor, lowest: float) -> np.ndarray:
    """float64 [H, W], `lowest` to 1: the heat by its hottest hundredth."""
    top = heat.clamp(min=0).quantile(_TOP) if lowest == 0 else heat.abs().quantile(_TOP)
    return (heat / top.clamp(min=1e-12)).clamp(lowest, 1).numpy()


def _covered(image: Tensor, heat: np.ndarray, lowest: float, colours: mpl.colors.Colormap) -> np.ndarray:
    """float64 [H, W, 3], 0–1: the picture in grey, under the colours of its heat."""
    grey = np.tensordot(LUMA["601"], image.double().numpy() / 255, axes=1)[..., None]
    return (1 - _COVER) * grey + _COVER * colours((heat - lowest) / (1 - lowest))[..., :3]


def _scale(figure: Figure, lowest: float, colours: mpl.colors.Colormap) -> None:
    """The colours and what they mean, at the right edge, as tall as the uppermost picture."""
    wide, place = figure.get_size_inches()[0], figure.axes[0].get_position()
    axes = figure.add_axes((1 - 0.75 / wide, place.y0, 0.12 / wide, place.height))
    scale = mpl.cm.ScalarMappable(mpl.colors.Normalize(lowest, 1), colours)
    bar = figure.colorbar(scale, cax=axes, ticks=[lowest, 1] if lowest == 0 else [lowest, 0, 1])
    bar.ax.set_yticklabels(["none", "most"] if lowest == 0 else ["against", "none", "for"], fontsize=8)
