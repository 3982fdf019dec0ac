"""Kernels, and what they look at: static drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.patches import Rectangle
from torch import Tensor

from ..models import rank_one_share
from ..models.convolution import Conv, output_size, receptive_field
from .cells import frames
from .static import Drawing


def kernel_grid(kernels: Mapping[str, Tensor], *, columns: int = 4, title: str = "") -> Drawing:
    """Kernels [h, w] side by side: white is 0, orange positive, purple negative, each up to its own largest weight.

    Below each: which share of its energy one column times one row keeps.
    """
    if not kernels or any(kernel.ndim != 2 for kernel in kernels.values()):
        shapes = ", ".join(str(tuple(kernel.shape)) for kernel in kernels.values()) or "none"
        raise ValueError(f"kernel_grid got kernels of shape {shapes}; it wants one or more of [h, w].")
    kernels = {name: kernel.detach().float().cpu() for name, kernel in kernels.items()}
    shares = {name: float(rank_one_share(kernel)) for name, kernel in kernels.items()}
    with frames(len(kernels), columns, width=2, height=2.4) as (f, axes):
        for ax, (name, kernel) in zip(axes, kernels.items(), strict=True):
            most = max(float(kernel.abs().max()), 1e-12)
            ax.imshow(kernel.numpy(), cmap="PuOr_r", vmin=-most, vmax=most, interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.set_title(name, fontsize=9)
            ax.set_xlabel(f"{kernel.shape[0]}×{kernel.shape[1]}, {shares[name]:.0%} in rank one", fontsize=8)
        if title:
            f.suptitle(title, fontsize=10)
    told = "; ".join(f"{name}: {share:.0%} of its energy in rank one" for name, share in shares.items())
    summary = f"{len(kernels)} kernels side by side: {', '.join(kernels)}."
    return Drawing(f, summary, f"{title}. {told}" if title else told)


def receptive_fields(
    fields: Mapping[str, tuple[Tensor, Sequence[Conv]]], *, columns: int = 3, title: str = ""
) -> Drawing:
    """Effective receptive fields [H, W]; below each, what its darkest pixel holds. The frame is the theoretical field.

    Args:
        fields: name → (what `explain.effective_receptive_field` gave, the layers that it belongs to).
    """
    if not fields:
        raise ValueError("receptive_fields got no field; it wants one or more, each with its layers.")
    fields = {name: (field.detach().float().cpu(), layers) for name, (field, layers) in fields.items()}
    with frames(len(fields), columns, width=2.6, height=2.9, head=0.3) as (f, axes):
        for ax, (name, (field, layers)) in zip(axes, fields.items(), strict=True):
            size = field.shape
            h, w = output_size((size[0], size[1]), layers)
            top, left, bottom, right = receptive_field(layers).of(h // 2, w // 2)
            shown = field.numpy()
            ax.imshow(shown, cmap="Blues", vmin=0, interpolation="nearest")
            frame = (left - 0.5, top - 0.5), right - left, bottom - top
            ax.add_patch(Rectangle(*frame, fill=False, color="black", lw=1, ls="--"))
            ax.set(xlim=(-0.5, size[1] - 0.5), ylim=(size[0] - 0.5, -0.5), ylabel="pixels")
            ax.set_xlabel(f"pixels; darkest: {shown.max():.2%} of all", fontsize=8)
            ax.grid(False)
            ax.set_title(name, fontsize=9)
        if title:
            f.suptitle(title, fontsize=10)
    told = "; ".join(
        f"{name}: the heaviest pixel, {100 * float(field.max()):.2g} %" for name, (field, _) in fields.items()
    )
    summary = f"Effective receptive fields in their theoretical frames: {', '.join(fields)}."
    return Drawing(f, summary, f"{title}. {told}" if title else told)
