"""When something that was not known comes back: pure arithmetic on the entries of the progress file."""

from __future__ import annotations

from datetime import date, timedelta

SPACING = (1, 3, 7, 21)
"""Days from one time to the next; after the last it is taken for known."""


def begin(entry: dict, today: date) -> None:
    """`entry` was not known: it comes back from the first of its days on.

    >>> entry = {}
    >>> begin(entry, date(2026, 11, 30))
    >>> entry
    {'again': {'step': 0, 'due': '2026-12-01'}}
    """
    entry["again"] = {"step": 0, "due": (today + timedelta(days=SPACING[0])).isoformat()}


def advance(entry: dict, today: date) -> None:
    """`entry` was known when it came back. Before its day that says little, and nothing changes."""
    again = entry.get("again")
    if again is None or not is_due(again["due"], today):
        return
    step = again["step"] + 1
    if step < len(SPACING):
        entry["again"] = {"step": step, "due": (today + timedelta(days=SPACING[step])).isoformat()}
    else:
        del entry["again"]


def is_due(day: str, today: date) -> bool:
    """Whether `day`, as "2026-12-01", has come."""
    return date.fromisoformat(day) <= today


def is_sound(again: object) -> bool:
    """Whether `again` is a step and a day, as `begin` writes them."""
    if not isinstance(again, dict) or type(again.get("step")) is not int or again["step"] not in range(len(SPACING)):
        return False
    try:
        return isinstance(again.get("due"), str) and bool(date.fromisoformat(again["due"]))
    except ValueError:
        return False
