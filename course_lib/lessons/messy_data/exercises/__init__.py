"""The exercises of chapter 7, each bound to the name that `check` and the progress file call it by."""

from .class_weights import effective_weights
from .confident_learning import thresholds
from .expected_cost import least_cost
from .logit_adjustment import adjust
from .recalls import balanced_accuracy

# In the order in which the chapter asks them.
EXERCISES = (balanced_accuracy, effective_weights, adjust, thresholds, least_cost)
