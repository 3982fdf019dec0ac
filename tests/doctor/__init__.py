"""The bench of the training doctor: set-ups as people write them, sick and healthy."""

import os

os.environ.setdefault("KERAS_BACKEND", "torch")
