"""Saying "this is none of my classes": scores for the unknown, and how good they are. Higher = more unknown.

`losses` teach it to a network, `Watcher` applies it to frames, and a `World` is features to try it on.
"""

from . import losses
from .by_features import KNN, SHE, Mahalanobis, MahalanobisPlusPlus, NNGuide, RelativeMahalanobis
from .by_input_gradients import odin
from .by_last_layer import ASH, FDBD, NCI, SCALE, ReAct, ViM
from .by_logits import GEN, Energy, Entropy, MaxLogit, MaxSoftmax, OpenMax
from .detector import Detector
from .detectors import ALL, every
from .metrics import Curve, aupr, aurc, auroc, fpr_at_tpr, oscr, oscr_curve, risk_coverage, roc
from .scores import energy, entropy, gen, max_logit, max_softmax, softmax
from .threshold import fewest_known, with_few, without_unknowns
from .watcher import FrameReport, Watcher, frame_report
from .world import World, folder_world, half_known, picture_world

__all__ = [
    "ALL", "ASH", "FDBD", "GEN", "KNN", "NCI", "SCALE", "SHE", "Curve", "Detector", "Energy", "Entropy",
    "FrameReport", "Mahalanobis", "MahalanobisPlusPlus", "MaxLogit", "MaxSoftmax", "NNGuide", "OpenMax", "ReAct",
    "RelativeMahalanobis", "ViM", "Watcher", "World", "aupr", "aurc", "auroc", "energy", "entropy", "every",
    "fewest_known", "folder_world", "fpr_at_tpr", "frame_report", "gen", "half_known", "losses", "max_logit",
    "max_softmax", "odin", "oscr", "oscr_curve", "picture_world", "risk_coverage", "roc", "softmax", "with_few",
    "without_unknowns",
]  # fmt: skip
