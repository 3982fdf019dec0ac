"""The fixtures of this room."""

from .folders import small  # noqa: F401
