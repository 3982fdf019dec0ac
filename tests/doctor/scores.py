"""From outcomes to recall and precision, each with a Wilson interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from statistics import median
from typing import Any

OUTCOMES = ("right", "wrong", "missed", "passed", "blamed", "crash", "not for it")


def outcome(sick: bool, right: bool, found: bool) -> str:
    """One of OUTCOMES: `found` says whether anything was found, `right` whether it was the cause of a sick one."""
    if sick:
        return "right" if found and right else "wrong" if found else "missed"
    return "blamed" if found else "passed"


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of n; (0, 1) where n is 0."""
    if not n:
        return 0.0, 1.0
    middle = share + z * z / (2 * n)
    half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))


def scores(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of one tool: rows with "case", "sick", "outcome" and "seconds".

    - recall: share of the sick whose true cause, or an equally right one, is named first;
    - precision: share of right first findings among all first findings, those in healthy set-ups among them;
    - noticed: share of the sick where anything was found; false_alarms: share of the healthy where anything was.

    A crash is neither right nor found. Several seeds of a case are no independent cases: intervals count cases.
    What a tool does not take ("not for it": a Keras model, for a tool that takes none) is left out, and counted.
    """
    rows, out = [row for row in rows if row["outcome"] != "not for it"], len(rows)
    sick = [row for row in rows if row["sick"]]
    healthy = [row for row in rows if not row["sick"]]
    found = [row for row in rows if row["outcome"] in ("right", "wrong", "blamed")]
    right = [row for row in sick if row["outcome"] == "right"]
    took = [row["seconds"] for row in rows]
    return {
        "sick": _cases(sick),
        "healthy": _cases(healthy),
        "not for it": out - len(rows),
        **{name: sum(row["outcome"] == name for row in rows) for name in OUTCOMES[:-1]},
        "recall": _share(right, sick),
        "precision": _share(right, found),
        "noticed": _share([row for row in sick if row in found], sick),
        "false_alarms": _share([row for row in healthy if row in found], healthy),
        "seconds_median": round(median(took), 2) if took else None,
        "seconds_most": round(max(took), 2) if took else None,
    }


def _cases(rows: Iterable[dict[str, Any]]) -> int:
    return len({row["case"] for row in rows})


def _share(part: Sequence[dict[str, Any]], whole: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """{"value", "low", "high"}; the value of nothing is None."""
    if not whole:
        return {"value": None, "low": 0.0, "high": 1.0}
    low, high = wilson(len(part) / len(whole), _cases(whole))
    return {"value": round(len(part) / len(whole), 3), "low": round(low, 3), "high": round(high, 3)}


def shown(share: dict[str, Any]) -> str:
    """`.93 [.85–.97]`."""
    if share["value"] is None:
        return "–"
    value, low, high = (f"{share[name]:.2f}".removeprefix("0") for name in ("value", "low", "high"))
    return f"{value} [{low}–{high}]"
