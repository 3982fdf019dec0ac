"""The exercises of chapter 6, each bound to the name that `check` and the progress file call it by."""

from .class_activation import grad_cam
from .covering import cover
from .patches import shuffle_patches
from .path_gradients import integrated_gradients
from .pointing import energy_inside

# In the order in which the chapter asks them.
EXERCISES = (cover, grad_cam, integrated_gradients, energy_inside, shuffle_patches)
