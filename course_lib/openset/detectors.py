"""All detectors by name, so that one loop compares them."""

from __future__ import annotations

from torch import Tensor

from .by_features import KNN, SHE, Mahalanobis, MahalanobisPlusPlus, NNGuide, RelativeMahalanobis
from .by_last_layer import ASH, FDBD, NCI, SCALE, LastLayer, ReAct, ViM
from .by_logits import GEN, Energy, Entropy, MaxLogit, MaxSoftmax, OpenMax
from .detector import Detector

ALL: dict[str, type[Detector]] = {
    "max softmax": MaxSoftmax,
    "max logit": MaxLogit,
    "entropy": Entropy,
    "energy": Energy,
    "GEN": GEN,
    "OpenMax": OpenMax,
    "Mahalanobis": Mahalanobis,
    "relative Mahalanobis": RelativeMahalanobis,
    "k nearest": KNN,
    "ViM": ViM,
    "ReAct": ReAct,
    "Mahalanobis++": MahalanobisPlusPlus,
    "fDBD": FDBD,
    "NCI": NCI,
    "NNGuide": NNGuide,
    "SHE": SHE,
    "ASH-S": ASH,
    "SCALE": SCALE,
}


def every(weight: Tensor, bias: Tensor) -> dict[str, Detector]:
    """One of each of `ALL` with its default settings, not fitted. ODIN is a function: `odin`.

    Args:
        weight: float [K, D], of the last layer.
        bias: float [K].

    >>> import torch
    >>> len(every(torch.eye(3), torch.zeros(3)))
    18
    """
    return {name: new(weight, bias) if issubclass(new, LastLayer) else new() for name, new in ALL.items()}
