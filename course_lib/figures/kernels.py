"""Kernels, and what they look at: static drawings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from matplotlib.patches import Rectangle
from torch import Tensor

from ..models import rank_one_share
from ..models.convolution import Conv, output_size, receptive_field
from .cells import frames
from .static import Drawing


def kernel_grid(
    kernels: Mapping[str, Tensor], *, columns: int = 4, title: str = "", alike: Collection[str] = ()
) -> Drawing:
    """Kernels [h, w] side by side: white is 0, orange positive, purple negative.

    Below each: which share of its energy one column times one row keeps, and how far its scale reaches.

    Args:
        alike: names of those that share a scale, so that their strengths can be compared; each other has its own.

    Raises:
        ValueError: no kernels, other shapes, or a name in `alike` that no kernel has.
    """
    if not kernels or any(kernel.ndim != 2 for kernel in kernels.values()):
        shapes = ", ".join(str(tuple(kernel.shape)) for kernel in kernels.values()) or "none"
        raise ValueError(f"kernel_grid got kernels of shape {shapes}; it wants one or more of [h, w].")
    if strange := [name for name in alike if name not in kernels]:
        raise ValueError(f"kernel_grid got alike={strange[0]!r}; it wants names out of {', '.join(kernels)}.")
    kernels = {name: kernel.detach().float().cpu() for name, kernel in kernels.items()}
    ends = {name: max(float(kernel.abs().max()), 1e-12) for name, kernel in kernels.items()}
    ends |= dict.fromkeys(alike, max((ends[name] for name in alike), default=0.0))
    shares = {name: float(rank_one_share(kernel)) for name, kernel in kernels.items()}
    with frames(len(kernels), columns, width=2, height=2.55) as (f, axes):
        for ax, (name, kernel) in zip(axes, kernels.items(), strict=True):
            ax.imshow(kernel.numpy(), cmap="PuOr_r", vmin=-ends[name], vmax=ends[name], interpolation="nearest")
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.spines[:].set(visible=True, color="0.6")
            ax.set_title(name, fontsize=9)
            below = f"{kernel.shape[0]}×{kernel.shape[1]}, {shares[name]:.0%} in rank one\nscale: ±{ends[name]:.2g}"
            ax.set_xlabel(below, fontsize=8)
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
    with frames(len(fields), columns, width=2.6, height=2.65, head=0.3 if title else 0.0) as (f, axes):
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
