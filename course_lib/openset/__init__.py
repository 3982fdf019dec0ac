"""Saying "this is none of my classes": scores for the unknown, and how good they are. Higher = more unknown."""

from .by_features import KNN, Mahalanobis, ReAct, RelativeMahalanobis, ViM
from .by_logits import GEN, Energy, Entropy, MaxLogit, MaxSoftmax, OpenMax
from .detector import Detector
from .detectors import ALL, every
from .metrics import Curve, aupr, aurc, auroc, fpr_at_tpr, oscr, oscr_curve, risk_coverage, roc
from .odin import odin
from .scores import energy, entropy, gen, max_logit, max_softmax, softmax
from .threshold import with_few, without_unknowns

__all__ = [
    "ALL", "GEN", "KNN", "Curve", "Detector", "Energy", "Entropy", "Mahalanobis", "MaxLogit", "MaxSoftmax",
    "OpenMax", "ReAct", "RelativeMahalanobis", "ViM", "aupr", "aurc", "auroc", "energy", "entropy", "every",
    "fpr_at_tpr", "gen", "max_logit", "max_softmax", "odin", "oscr", "oscr_curve", "risk_coverage", "roc",
    "softmax", "with_few", "without_unknowns",
]  # fmt: skip
