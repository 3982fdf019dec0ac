"""Architectures and pretrained backbones. No training, no pictures.

>>> from course_lib import models
>>> models.backbone("resnet18", weights="random").width
512
"""

from . import convolution
from .backbones import BACKBONES, Backbone, backbone, pool
from .classifier import Classifier
from .convolution import Conv
from .costs import Cost, cost, milliseconds
from .input_conventions import CONVENTIONS, Fed, what_was_fed
from .preprocessing import CAFFE, HALF, IMAGENET, LITE, MINUS_ONE_TO_ONE, Preprocessing
from .rank import rank_one_share, two_thin
from .small import ZERO_TO_ONE, SmallCNN, TwoBranches
from .stored import load, save

__all__ = [
    "BACKBONES",
    "CAFFE",
    "CONVENTIONS",
    "HALF",
    "IMAGENET",
    "LITE",
    "MINUS_ONE_TO_ONE",
    "ZERO_TO_ONE",
    "Backbone",
    "Classifier",
    "Conv",
    "Cost",
    "Fed",
    "Preprocessing",
    "SmallCNN",
    "TwoBranches",
    "backbone",
    "convolution",
    "cost",
    "load",
    "milliseconds",
    "pool",
    "rank_one_share",
    "save",
    "two_thin",
    "what_was_fed",
]  # fmt: skip
