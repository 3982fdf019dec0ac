"""The exercise of chapter 8, bound to the name that `check` and the progress file call it by."""

from .parted_groups import parted

EXERCISES = (parted,)
