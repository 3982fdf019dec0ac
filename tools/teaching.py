"""Write the tables of TEACHING.md: how long each section of each lesson takes, a heading and a table a notebook.

    python tools/teaching.py           write them
    python tools/teaching.py --check   exit 1 when they are out of step

Seconds of code are measured by `make lessons` (evidence/lesson_times.json). Minutes of reading are counted from the
words, 150 a minute; what people do with a figure or an exercise is the teacher's to plan.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from course_lib.practice import notebooks
from tools.minutes import WORDS_A_MINUTE, times

ROOT = Path(__file__).resolve().parent.parent
GUIDE = ROOT / "TEACHING.md"
_MARKED = re.compile(r"(<!-- times -->\n).*?(<!-- end times -->)", re.DOTALL)


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


def filled(guide: str, measured: dict[str, dict], codes: list[str]) -> str:
    """The guide with, between its marks, a heading and a table for each lesson of `codes`.

    Raises:
        ValueError: a lesson has not been timed.
    """
    if missing := [code for code in codes if code not in measured]:
        raise ValueError(f"not timed: lesson {', '.join(missing)}. `make lessons LESSONS={missing[0]}` does it.")
    parts = [f"### Lesson {notebooks.label(code)}\n\n{table(measured[code])}" for code in codes]
    return _MARKED.sub(lambda found: f"{found[1]}{chr(10).join(parts)}{found[2]}", guide)


def main(arguments: list[str]) -> int:
    guide = GUIDE.read_text(encoding="utf-8")
    codes = [notebooks.code(path) for path in notebooks.files(ROOT / "lessons")]
    try:
        new = filled(guide, times(ROOT), codes)
    except ValueError as error:
        print(f"TEACHING.md: {error}")
        return 1
    if "--check" in arguments:
        if new != guide:
            print("TEACHING.md is out of step with evidence/lesson_times.json: python tools/teaching.py")
        return int(new != guide)
    GUIDE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
