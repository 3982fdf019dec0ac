"""What the training doctor says to set-ups like people's own: evidence/doctor_bench.json, of `make bench-doctor`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...study import evidence

# An older doctor has rows in the file, too. It crashed on a third of the set-ups, so its shares say little.
NAMES = {
    "doctor": "the doctor",
    "curves": "reading the curves",
    "torchmortem": "torchmortem 0.1.1",
    "training-doctor": "training-doctor 0.1.0",
}
HALVES = {"third": "never seen", "aside": "laid aside", "open": "seen while it was written"}
# Once its misses had been read, a half was no longer one that the doctor had not seen: its first answers count.
BLIND = "doctor-blind"


def stored() -> dict[str, Any]:
    """{"scores": {"half, tool": shares with intervals}, "rows": one for each tool and set-up}."""
    return json.loads((evidence.shipped() / "doctor_bench.json").read_text(encoding="utf-8"))


def table() -> str:
    """A line for each half and tool: the sick that it names or notices, the findings that are right, those it blames.

    Tools that are not for Keras are judged without those set-ups. *named* has Wilson's 95 % interval.
    """
    scores = stored()["scores"]
    lines = [f"{'':48} {'sick':>4} {'named, interval':>17} {'noticed':>8} {'right':>6} {'healthy':>8} {'blamed':>7}"]
    for half, told in HALVES.items():
        for tool, name in NAMES.items():
            first = scores.get(f"{half}, {BLIND}") if tool == "doctor" else None
            if (score := first or scores.get(f"{half}, {tool}")) is not None:
                asked = ", first asking" if first else ""
                lines.append(f"{told + ': ' + name + asked:48} {_line(score)}")
    return "\n".join(lines)


def _line(score: Mapping[str, Any]) -> str:
    named, noticed, right = (_percent(score[share]["value"]) for share in ("recall", "noticed", "precision"))
    reach = f"{100 * score['recall']['low']:.0f} to {100 * score['recall']['high']:.0f}"
    return (
        f"{score['sick']:4} {named + ', ' + reach:>17} {noticed:>8} {right:>6} {score['healthy']:8} {score['blamed']:7}"
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def missed(half: str = "aside") -> str:
    """By name: the sick set-ups of a half whose cause this doctor does not name first, and the healthy it blames."""
    tool = BLIND if f"{half}, {BLIND}" in stored()["scores"] else "doctor"
    rows = [row for row in stored()["rows"] if row["tool"] == tool and row["half"] == half]
    return "\n".join(
        f"{row['case'].replace('_', ' ')}: {row['cause'].replace('-', ' ')}; it said: {_said(row)}"
        for row in rows
        if row["outcome"] not in ("right", "passed")
    )


def _said(row: Mapping[str, Any]) -> str:
    return row["first"].replace("-", " ") or "nothing found"
