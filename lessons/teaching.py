"""Write the tables of TEACHING.md: how long each section of each lesson takes.

    python lessons/teaching.py           write them
    python lessons/teaching.py --check   exit 1 when they are out of step

Seconds of code are measured by `make lessons` (evidence/lesson_times.json). Minutes of reading are counted from the
words, 150 a minute; what people do with a figure or an exercise is the teacher's to plan.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
GUIDE, TIMES = ROOT / "TEACHING.md", ROOT / "evidence" / "lesson_times.json"
WORDS_A_MINUTE = 150
_MARKED = re.compile(r"(<!-- times (\d\d) -->\n).*?(<!-- end -->)", re.DOTALL)


def table(lesson: dict) -> str:
    """Markdown: a row a section, and the sum."""
    rows = ["| section | reading (min) | code (s) |", "|---|---|---|"]
    for name, part in lesson["sections"].items():
        rows.append(f"| {name} | {minutes(part['words'])} | {round(part['seconds'])} |")
    words, seconds = (sum(part[key] for part in lesson["sections"].values()) for key in ("words", "seconds"))
    rows.append(f"| **all** | **{minutes(words)}** | **{round(seconds)}** |")
    return "\n".join(rows) + f"\n\nMeasured on {lesson['device']}, {lesson['source']} data, cache warm.\n"


def minutes(words: int) -> str:
    """Halves of a minute, at least one."""
    return f"{max(1, round(2 * words / WORDS_A_MINUTE)) / 2:g}"


def filled(guide: str, times: dict) -> str:
    """The guide with its marked tables written anew. ValueError where a marked lesson has not been timed."""

    def fill(found: re.Match) -> str:
        if found[2] not in times:
            raise ValueError(f"TEACHING.md got a table for lesson {found[2]}; timed are {', '.join(times)}.")
        return found[1] + table(times[found[2]]) + found[3]

    return _MARKED.sub(fill, guide)


def main(arguments: list[str]) -> int:
    guide = GUIDE.read_text(encoding="utf-8")
    new = filled(guide, json.loads(TIMES.read_text(encoding="utf-8")))
    if "--check" in arguments:
        if new != guide:
            print("TEACHING.md is out of step with evidence/lesson_times.json: python lessons/teaching.py")
        return int(new != guide)
    GUIDE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
