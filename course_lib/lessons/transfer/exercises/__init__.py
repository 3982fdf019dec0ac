"""The exercises of chapter 3, each bound to the name that `check` and the progress file call it by."""

from .confusion import recall
from .freezing import frozen
from .reviewing import review
from .statistics_of_pictures import statistics
from .top_two import accuracy_at_two
from .two_losses import lost_to

# In the order in which the chapter asks them.
EXERCISES = (recall, statistics, accuracy_at_two, review, frozen, lost_to)
