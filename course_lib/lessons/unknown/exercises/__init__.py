"""The exercises of chapter 5, each bound to the name that `check` and the progress file call it by."""

from .conformal import threshold
from .energies import energy
from .neighbours import kth_nearest
from .ranks import auroc
from .surprisal import surprise
from .targets import none_targets

# In the order in which the chapter asks them.
EXERCISES = (kth_nearest, threshold, none_targets, energy, auroc, surprise)
