"""The exercises of chapter 1, each bound to the name that `check` and the progress file call it by."""

from .colour_map import nearest_row
from .hue_of_rgb import hue
from .mean_of_hues import circular_mean
from .separation import d_prime
from .statistics_of_pictures import normalise
from .training_step import mend

# In the order in which the chapter asks them.
EXERCISES = (hue, nearest_row, d_prime, circular_mean, normalise, mend)
