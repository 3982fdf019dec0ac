"""Pictures side by side, with captions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..data import ImageSet
from .static import Drawing, drawing


def gallery(images: Tensor, captions: Sequence[str], *, columns: int = 6, title: str = "") -> Drawing:
    """A grid of uint8 pictures [N, 3, H, W], each with a caption of one or two lines below it."""
    if images.dtype != torch.uint8 or images.ndim != 4 or len(images) == 0:
        raise ValueError(f"gallery got {images.dtype} {tuple(images.shape)}; it wants uint8 [N, 3, H, W], N ≥ 1.")
    if len(captions) != len(images):
        raise ValueError(f"gallery got {len(images)} pictures and {len(captions)} captions; it wants one each.")
    rows = -(-len(images) // columns)
    longest = max(len(line) for caption in captions for line in caption.split("\n"))
    cell = max(1.3, 0.068 * longest)  # inches: as wide as the widest caption at 8 points
    with drawing(cell * columns, (cell + 0.45) * rows, nrows=rows, ncols=columns, squeeze=False) as (f, axes):
        texts = []
        for ax in axes.flat:
            ax.axis("off")
        for ax, image, caption in zip(axes.flat, images, captions, strict=False):
            ax.imshow(image.permute(1, 2, 0).numpy(), interpolation="nearest")
            text = ax.text(
                0.5, -0.03, caption, transform=ax.transAxes, ha="center", va="top", fontsize=8, parse_math=False
            )
            text.set_in_layout(False)  # or the layout would shrink the pictures to make room between captions
            texts.append(text)
        f.get_layout_engine().set(hspace=0.45 / cell, wspace=0.03)
        if title:
            f.suptitle(title, fontsize=11)
        f.draw_without_rendering()
        f.set_layout_engine("none")  # the pictures stay where they are; now the captions count for the page's edge
        for text in texts:
            text.set_in_layout(True)
    told = f"{title}: {'; '.join(captions)}".replace("\n", ", ")
    return Drawing(f, f"{len(images)} pictures side by side, each with a caption.", told)


def contact_sheet(pictures: ImageSet, *, per_class: int = 8, seed: int = 0) -> Drawing:
    """Pictures of every class, a row a class, drawn at random by `seed`."""
    names = pictures.classes
    with drawing(1.0 * per_class + 1.8, 1.0 * len(names), nrows=len(names), squeeze=False) as (f, axes):
        generator = torch.Generator().manual_seed(seed)
        for label, ax in enumerate(axes.flat):
            members = torch.nonzero(pictures.labels == label).ravel()
            chosen = members[torch.randperm(len(members), generator=generator)[:per_class]]
            row = torch.cat(list(pictures.batch(chosen)), dim=2)
            ax.imshow(row.permute(1, 2, 0).numpy(), interpolation="nearest", aspect="equal")
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.set_ylabel(names[label], rotation=0, ha="right", va="center", fontsize=9)
        f.suptitle(f"{pictures.name}, {pictures.source}: {per_class} random pictures a class", fontsize=11)
    return Drawing(f, f"{per_class} random pictures of each of the {len(names)} classes, a row a class.")
