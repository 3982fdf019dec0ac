"""From a folder of pictures to a classifier that can say "none of these", with what is known of how good it is."""

from .result import Result, Settings, Share

__all__ = ["Result", "Settings", "Share"]
