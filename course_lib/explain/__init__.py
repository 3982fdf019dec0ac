"""Why did it say that? Heatmaps of a model's answer, by hand."""

from .gradients import grad_cam, integrated_gradients, saliency, smooth_grad
from .occlusion import FILLS, fill_colour, occlude, occlusion_grid, places
from .receptive import effective_receptive_field, share_used

__all__ = [
    "FILLS",
    "effective_receptive_field",
    "fill_colour",
    "grad_cam",
    "integrated_gradients",
    "occlude",
    "occlusion_grid",
    "places",
    "saliency",
    "share_used",
    "smooth_grad",
]  # fmt: skip
