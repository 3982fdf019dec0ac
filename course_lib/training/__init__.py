"""One training run, the doctor for those that do not learn, and a clinic of patients."""

from . import clinic
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
    "clinic",
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
