"""Saying "this is none of my classes": scores for the unknown, and how good they are. Higher = more unknown."""

from .metrics import Curve, auroc, fpr_at_tpr, oscr, oscr_curve, roc
from .scores import energy, entropy, max_logit, max_softmax, softmax

__all__ = [
    "Curve", "auroc", "energy", "entropy", "fpr_at_tpr", "max_logit", "max_softmax",
    "oscr", "oscr_curve", "roc", "softmax",
]  # fmt: skip
