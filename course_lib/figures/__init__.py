"""What a lesson shows: drawings and interactive figures. They draw, they never train."""

from .charts import (
    accuracy_against_confidence,
    class_colours,
    confusion,
    cost_against_accuracy,
    dots,
    history,
    lines,
)
from .pictures import contact_sheet, gallery
from .resolution_explorer import resolution_explorer
from .static import Drawing

__all__ = [
    "Drawing", "accuracy_against_confidence", "class_colours", "confusion", "contact_sheet",
    "cost_against_accuracy", "dots", "gallery", "history", "lines",
    "resolution_explorer",
]  # fmt: skip
