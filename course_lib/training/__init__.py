"""One training run, and the doctor for those that do not learn."""

from .doctor import Diagnosis, Finding, diagnose
from .run import (
    Epoch,
    Run,
    Settings,
    best_device,
    device_name,
    evaluate,
    fit,
    predict,
    predictor,
    prepare,
    turn,
    versions,
)

__all__ = [
    "Diagnosis",
    "Epoch",
    "Finding",
    "Run",
    "Settings",
    "best_device",
    "device_name",
    "diagnose",
    "evaluate",
    "fit",
    "predict",
    "predictor",
    "prepare",
    "turn",
    "versions",
]
