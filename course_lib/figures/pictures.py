"""Pictures side by side, with captions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from torch import Tensor
from torch.nn.functional import pad

from ..data import ImageSet
from .cells import grid
from .static import Drawing, drawing
from .words import literal


def gallery(images: Tensor, captions: Sequence[str], *, columns: int = 6, title: str = "") -> Drawing:
    """A grid of uint8 pictures [N, 3, H, W], each with a caption of one or two lines below it.

    Fewer pictures than `columns` leave no blank places, and the last row stands in the middle. A caption that is
    wider than its picture has room for is broken between words.
    """
    if images.dtype != torch.uint8 or images.ndim != 4 or len(images) == 0:
        raise ValueError(f"gallery got {images.dtype} {tuple(images.shape)}; it wants uint8 [N, 3, H, W], N ≥ 1.")
    if len(captions) != len(images):
        raise ValueError(f"gallery got {len(images)} pictures and {len(captions)} captions; it wants one each.")
    with grid(captions, columns=columns, aspect=images.shape[2] / images.shape[3], title=title) as (f, axes):
        for ax, image in zip(axes, images, strict=True):
            ax.imshow(image.cpu().permute(1, 2, 0).numpy(), interpolation="nearest")
    told = f"{title}: {'; '.join(captions)}".replace("\n", ", ")
    shown = f"{len(images)} pictures side by side, each" if len(images) > 1 else "A picture"
    return Drawing(f, f"{shown} with a caption.", told)


def contact_sheet(pictures: ImageSet, *, per_class: int = 8, seed: int = 0) -> Drawing:
    """Pictures of every class, a row a class, drawn at random by `seed`; a class without any says so in its row.

    Args:
        pictures: grey or RGB, one picture or more.
        per_class: 1 or more.
    """
    names = pictures.classes
    if len(pictures) == 0 or pictures.shape[0] not in (1, 3) or per_class < 1:
        raise ValueError(
            f"contact_sheet got {pictures!r}, per_class={per_class}; it wants a grey or RGB picture or more, and one "
            "or more a class. Look at pictures.counts and pictures.shape."
        )
    with drawing(1.0 * per_class + 1.8, 1.0 * len(names), nrows=len(names), squeeze=False) as (f, axes):
        generator = torch.Generator().manual_seed(seed)
        for label, ax in enumerate(axes.flat):
            members = torch.nonzero(pictures.labels == label).ravel()
            chosen = members[torch.randperm(len(members), generator=generator)[:per_class]]
            _row(ax, pictures.batch(chosen), per_class)
            ax.set_ylabel(literal(names[label]), rotation=0, ha="right", va="center", fontsize=9)
        f.suptitle(f"{pictures.name}, {pictures.source}: {per_class} random pictures a class", fontsize=11)
    told = f"{per_class} random pictures of each of the {len(names)} classes, a row a class."
    empty = [name for name, count in pictures.counts.items() if not count]
    return Drawing(f, f"{told} Without pictures: {', '.join(empty)}." if empty else told)


def _row(ax: Axes, images: Tensor, room: int) -> None:
    """Pictures [n, C, H, W] side by side; where there are none, an empty place with room for `room` that says so."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    if len(images):
        apart = pad(images.expand(-1, 3, -1, -1), (0, max(1, images.shape[3] // 24)), value=255)
        row = torch.cat(list(apart), dim=2)
        ax.imshow(row.permute(1, 2, 0).numpy(), interpolation="nearest", aspect="equal")
        return
    _, _, height, width = images.shape
    ax.set(xlim=(0, room * width), ylim=(0, height), aspect="equal")
    ax.text(0.5, 0.5, "no pictures", transform=ax.transAxes, ha="center", va="center", fontsize=9)
