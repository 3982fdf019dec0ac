"""What a lesson shows: drawings and interactive figures. They draw, they never train."""

from .charts import (
    accuracy_against_confidence,
    class_colours,
    cost_against_accuracy,
    history,
    lines,
)
from .colour_charts import channel_plane, courses, hue_circle, margin_against_epochs
from .differences import paired_dots
from .heat import heat_overlays
from .interactive.colour_explorer import colour_explorer
from .interactive.confusion_explorer import confusion_explorer
from .interactive.kernel_explorer import kernel_explorer
from .interactive.map_explorer import map_explorer
from .interactive.normalization_explorer import normalization_explorer
from .interactive.occlusion_explorer import occlusion_explorer
from .interactive.open_set_lab import open_set_lab
from .interactive.recolour_explorer import recolour_explorer
from .interactive.resolution_explorer import resolution_explorer
from .interactive.review_gallery import review_gallery
from .interactive.softmax_lab import softmax_lab
from .kernels import kernel_grid, receptive_fields
from .pictures import contact_sheet, gallery
from .rows import dots
from .static import Drawing

__all__ = [
    "Drawing",
    "accuracy_against_confidence",
    "channel_plane",
    "class_colours",
    "colour_explorer",
    "confusion_explorer",
    "contact_sheet",
    "cost_against_accuracy",
    "courses",
    "dots",
    "gallery",
    "heat_overlays",
    "history",
    "hue_circle",
    "kernel_explorer",
    "kernel_grid",
    "lines",
    "map_explorer",
    "margin_against_epochs",
    "normalization_explorer", "occlusion_explorer",
    "open_set_lab",
    "paired_dots",
    "receptive_fields",
    "recolour_explorer",
    "resolution_explorer",
    "review_gallery",
    "softmax_lab",
]  # fmt: skip
