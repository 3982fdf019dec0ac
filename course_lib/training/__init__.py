"""One training run, the doctor for those that do not learn, and a clinic of patients."""

from . import clinic
from .batches import prepare, turn
from .devices import best_device, device_name
from .doctor import Diagnosis, Finding, diagnose, watch
from .predicting import evaluate, predict, predictor
from .record import Epoch, Run, versions
from .run import fit
from .settings import Settings

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
    "watch",
]
