"""A conclusion that was computed, not written down."""

from __future__ import annotations


def conclude(claim: str, holds: bool) -> None:
    """Print `claim` with "Holds" or "Does not hold" before it: the line that a lesson's tests compare.

    `claim` names the margin ("by more than 5 points"), wide enough for every machine, and no measured number.
    """
    print(f"{'Holds' if holds else 'Does not hold'}: {claim}")
