"""How long a lesson takes an honest learner: counted from what stands in it, and from the code's measured time.

    reading     the words of the prose, 150 a minute; what is folded (`<details>`) is counted by itself and left out
    bets        2 minutes each: a call of `predict`
    figures     1 minute each: an output with a picture
    exercises   5 minutes each: a call of `.check`
    code        as `make lessons` measured it, evidence/lesson_times.json

A twin's first cell holds a line `Core · MINUTES` or `Optional · MINUTES`; in the notebook the sentence stands there.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from course_lib.practice import notebooks

WORDS_A_MINUTE, BET_MINUTES, FIGURE_MINUTES, EXERCISE_MINUTES = 150, 2, 1, 5
PLACEHOLDER = "MINUTES"
LINE = re.compile(r"^(Core|Optional) · (.+)$", re.MULTILINE)
BET = re.compile(r"\bpredict\.(?:number|choice|largest|smallest)\(")
PLACED = re.compile(r"^(\w+) = predict\.(?:number|choice|largest|smallest)\(", re.MULTILINE)
EXERCISE = re.compile(r"\.check\(\w")
_FOLDED = re.compile(r"<details\b.*?</details>", re.DOTALL)
# What is not read: pictures' alt texts, addresses behind a link's text, tags, comments.
_MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|(?<=\])\([^)]*\)|<!--.*?-->|</?\w[^>]*>|`", re.DOTALL)
_WORD = re.compile(r"\S*[^\W_]\S*")


@dataclass(frozen=True)
class Count:
    """What a lesson holds.

    Attributes:
        kind: "Core", "Optional", or "" where its first cell does not say.
        cells: all that are stored, link and set-up cell included.
        words: of the prose that is read; `folded`: of what is folded.
        seconds: of all its code, or None where it has not been timed.
    """

    kind: str
    cells: int
    words: int
    folded: int
    figures: int
    bets: int
    exercises: int
    seconds: float | None

    @property
    def parts(self) -> dict[str, int]:
        """Whole minutes of each part, so that the parts add up to `minutes`."""
        return {
            "reading": round(self.words / WORDS_A_MINUTE),
            "bets and figures": BET_MINUTES * self.bets + FIGURE_MINUTES * self.figures,
            "exercises": EXERCISE_MINUTES * self.exercises,
            "waiting for the code": round((self.seconds or 0) / 60),
        }

    @property
    def minutes(self) -> int:
        """Of the whole lesson."""
        return sum(self.parts.values())

    @property
    def sentence(self) -> str:
        """What stands in the first cell behind "Core · "."""
        told = ", ".join(f"{count} of {name}" for name, count in self.parts.items() if count)
        code = "has not been timed" if self.seconds is None else f"runs in {max(1, round(self.seconds))} s on two cores"
        return f"{self.minutes} minute{'' if self.minutes == 1 else 's'}: {told}; the code {code}."


def count(lesson: NotebookNode, outputs: NotebookNode, seconds: float | None) -> Count:
    """Count the prose and code of `lesson`; its figures are found in `outputs`, the same lesson as stored."""
    prose = [words(cell.source) for cell in lesson.cells if cell.cell_type == "markdown" and not _is_links(cell)]
    code = "\n".join(cell.source for cell in lesson.cells if cell.cell_type == "code")
    line = LINE.search(lesson.cells[0].source) if lesson.cells else None
    return Count(
        kind=line[1] if line else "",
        cells=len(lesson.cells),
        words=sum(read for read, _ in prose),
        folded=sum(folded for _, folded in prose),
        figures=sum(_is_figure(output) for cell in outputs.cells for output in cell.get("outputs", [])),
        bets=len(BET.findall(code)),
        exercises=len(EXERCISE.findall(code)),
        seconds=seconds,
    )


def words(prose: str) -> tuple[int, int]:
    """How many words of Markdown are read, and how many are folded away.

    >>> words("# A *title*\\n| a | b |\\n|---|---|\\n| [one](1.ipynb) | `x = 1` |\\n<details>t u</details>")
    (7, 2)
    """
    folded = " ".join(_FOLDED.findall(prose))
    read = LINE.sub("", _FOLDED.sub("", prose))
    return _number(read), _number(folded)


def _number(text: str) -> int:
    return len(_WORD.findall(_MARKUP.sub(" ", text)))


def _is_links(cell: NotebookNode) -> bool:
    return "links" in cell.metadata.get("tags", [])


def _is_figure(output: NotebookNode) -> bool:
    return bool({"image/png", "image/svg+xml"} & set(output.get("data", {})))


def seconds_of(lesson: Path) -> float | None:
    """Of a stored lesson's code, as it was measured; None where it has not been."""
    measured = times(lesson.parent.parent).get(notebooks.code(lesson))
    return sum(part["seconds"] for part in measured["sections"].values()) if measured else None


def times(root: Path) -> dict[str, dict]:
    """What `make lessons` measured, by the lesson's code; empty where nothing was."""
    file = root / "evidence" / "lesson_times.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def filled(source: str, counted: Count) -> str:
    """A first cell with the sentence in the place of MINUTES; unchanged where it has no such line."""
    return re.sub(rf"^((?:Core|Optional) · ){PLACEHOLDER}$", rf"\g<1>{counted.sentence}", source, flags=re.MULTILINE)


def table(rows: list[tuple[str, Count, float]]) -> str:
    """Lines for the terminal, from (name, what it holds, megabytes) of each lesson, and the sum of the core."""
    width = max((len(name) for name, _, _ in rows), default=0)
    lines = [
        f"{'':{width}}  {'':8} {'cells':>6}{'words':>7}{'folded':>8}{'bets':>6}{'figures':>9}{'exercises':>11}"
        f"{'code s':>8}{'minutes':>9}{'MB':>7}"
    ]
    for name, c, megabytes in rows:
        seconds = "?" if c.seconds is None else f"{c.seconds:.0f}"
        lines.append(
            f"{name:{width}}  {c.kind:8} {c.cells:>6}{c.words:>7}{c.folded:>8}{c.bets:>6}{c.figures:>9}"
            f"{c.exercises:>11}{seconds:>8}{c.minutes:>9}{megabytes:>7.2f}"
        )
    core = [c.minutes for _, c, _ in rows if c.kind == "Core"]
    lines.append(f"core: {len(core)} notebooks, {sum(core)} minutes ({sum(core) / 60:.1f} of at most 6 hours)")
    return "\n".join(lines)
