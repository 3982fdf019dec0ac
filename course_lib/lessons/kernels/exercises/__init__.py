"""The exercises of chapter 2, each bound to the name that `check` and the progress file call it by."""

from .fields import receptive_field
from .multiplications import macs
from .rank_one import split_kernel
from .sizes import output_size
from .weights import weights_of_pair

# In the order in which the chapter asks them.
EXERCISES = (output_size, weights_of_pair, split_kernel, receptive_field, macs)
