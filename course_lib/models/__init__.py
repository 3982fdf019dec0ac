"""Architectures and pretrained backbones. No training, no pictures.

>>> from course_lib import models
>>> models.backbone("resnet18", weights="random").width
512
"""

from .backbones import BACKBONES, Backbone, backbone, pool
from .classifier import Classifier, load, save
from .cost import Cost, cost
from .preprocessing import CAFFE, HALF, IMAGENET, MINUS_ONE_TO_ONE, Preprocessing

__all__ = [
    "BACKBONES", "CAFFE", "HALF", "IMAGENET", "MINUS_ONE_TO_ONE", "Backbone", "Classifier", "Cost",
    "Preprocessing", "backbone", "cost", "load", "pool", "save",
]  # fmt: skip
