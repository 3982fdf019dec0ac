"""Which half a case belongs to: lots, drawn over the names before any case was written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

DRAWN = Path(__file__).with_name("lots.json")


def draw(names: dict[str, str]) -> dict[str, str]:
    """{case name: cause} → {case name: "open" or "aside"}.

    Sick and healthy apart. The cases of a cause are dealt in turn after a shuffle, so that two or more lie in both
    halves; those left over, one of each odd cause, are shuffled and dealt in turn among themselves.
    """
    rng = np.random.default_rng(2026)
    half, left = {}, []
    for cause in sorted(set(names.values())):
        shuffled = list(rng.permutation(sorted(name for name, of in names.items() if of == cause)))
        if cause != "healthy" and len(shuffled) % 2:
            left.append(shuffled.pop())
        half |= _dealt(shuffled)
    return half | _dealt(list(rng.permutation(left)))


def _dealt(names: list[str]) -> dict[str, str]:
    return {str(name): ("open", "aside")[place % 2] for place, name in enumerate(names)}


def drawn() -> dict[str, dict[str, str]]:
    """What was drawn: {case name: {"cause": …, "half": …}}; "out" gives the reason where a case was thrown out."""
    return json.loads(DRAWN.read_text(encoding="utf-8"))
