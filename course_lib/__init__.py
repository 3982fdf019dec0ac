"""The library behind *What does a CNN see?*

Start with the rooms that a lesson uses: `data`, `models`, `features`, `training`, `metrics`.
Each room imports only rooms that stand before it in ARCHITECTURE.md's list (`tests/test_rooms.py` holds that).
"""

__version__ = "0.1.0"
