"""Why did it say that? Heatmaps of a model's answer, by hand."""

from .occlusion import FILLS, fill_colour, occlude, occlusion_grid, places

__all__ = ["FILLS", "fill_colour", "occlude", "occlusion_grid", "places"]
