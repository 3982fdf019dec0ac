"""Why did it say that? Heatmaps of a model's answer, by hand."""

from .cells import Cells, cells_of, enlarge
from .faithfulness import (
    area,
    deletion,
    energy_inside,
    insertion,
    mu_fidelity,
    pointing_game,
    randomized,
    rank_correlation,
    weighted_layers,
)  # fmt: skip
from .gradients import grad_cam, hires_cam, integrated_gradients, layer_cam, saliency, smooth_grad
from .layers import Layer, feature_layers, last_layer
from .masks import canvas, lime, rise, rise_masks, segments
from .occlusion import FILLS, fill_colour, occlude, occlusion_grid, occlusion_map, places
from .overlay import spotlight
from .own_trial import OnTrial, on_trial
from .receptive import effective_receptive_field, share_used

__all__ = [
    "FILLS",
    "Cells",
    "Layer",
    "OnTrial",
    "area",
    "canvas",
    "cells_of",
    "deletion",
    "effective_receptive_field",
    "energy_inside",
    "enlarge",
    "feature_layers",
    "fill_colour",
    "grad_cam",
    "hires_cam",
    "insertion",
    "integrated_gradients",
    "last_layer",
    "layer_cam",
    "lime",
    "mu_fidelity",
    "occlude",
    "occlusion_grid",
    "occlusion_map",
    "on_trial",
    "places",
    "pointing_game",
    "randomized",
    "rank_correlation",
    "rise",
    "rise_masks",
    "saliency",
    "segments",
    "share_used",
    "smooth_grad",
    "spotlight",
    "weighted_layers",
]  # fmt: skip
