"""What a learner has done, chapter by chapter, as rows and as one HTML page to keep, print or hand in.

It says what the progress file says, and that nobody has looked on: solutions lie beside the exercises.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template

from .. import __version__, pages
from ..pages import in_html
from . import catalogue, progress

LONGEST = 200  # letters of a name that stand on the page


@dataclass(frozen=True)
class Done:
    """What was done of a chapter.

    Attributes:
        chapter: its number, "03".
        correct, exercises: names of the exercises with a right answer, and of all.
        open: names of those that were tried and are not right yet.
        hints: that were read; `solutions`: exercises whose solution was read.
        right, questions: of the quiz; right at the first answer or later.
    """

    chapter: str
    correct: tuple[str, ...]
    exercises: tuple[str, ...]
    open: tuple[str, ...]
    hints: int
    solutions: int
    right: int
    questions: int


def done() -> list[Done]:
    """A row for each chapter with exercises or a quiz."""
    content = progress.read()
    return [_of(chapter, content) for chapter in catalogue.lessons()]


def _of(chapter: str, content: dict) -> Done:
    names = tuple(exercise.name for exercise in catalogue.exercises(chapter))
    mine = {name: content["exercises"].get(f"{chapter}/{name}", {}) for name in names}
    questions = len(catalogue.quiz(chapter).questions)
    answered = [content["quizzes"].get(f"{chapter}/{n}", {}) for n in range(1, questions + 1)]
    by_outcome = {
        outcome: tuple(name for name, entry in mine.items() if entry.get("outcome") == outcome)
        for outcome in ("correct", "incorrect")
    }
    return Done(
        chapter=chapter,
        correct=by_outcome["correct"],
        exercises=names,
        open=by_outcome["incorrect"],
        hints=sum(entry.get("hints", 0) for entry in mine.values()),
        solutions=sum(entry.get("solution_read", False) for entry in mine.values()),
        right=sum(entry.get("right", False) for entry in answered),
        questions=questions,
    )


TITLE = "What does a CNN see? What was done"
_BODY = Template("""\
<h1>What does a CNN see?</h1>
<p>$who$told</p>
<div class="wide">
<table>
<thead>
<tr><th>chapter</th><th>exercises right</th><th>hints read</th><th>solutions read</th><th>quiz right</th></tr>
</thead>
<tbody>
$rows
</tbody>
</table>
</div>
<p><small>Written on $day by <code>course progress</code>, version $version, from a file on the learner's own machine.
Nobody looked on, and the solutions lie beside the exercises: it is as honest as its owner.</small></p>""")
_CSS = """\
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding: .3rem .5rem .3rem 0;
  text-align: right; vertical-align: top; }
th:first-child, td:first-child { text-align: left; }
.wide { overflow-x: auto; }
small { display: block; opacity: .75; }
"""


def page(rows: list[Done], name: str = "", *, day: date | None = None) -> str:
    """One HTML file, without script or network; `name` is text, and does nothing else."""
    exercises, right = sum(len(row.correct) for row in rows), sum(row.right for row in rows)
    told = (
        f"{exercises} of {sum(len(row.exercises) for row in rows)} exercises and {right} of "
        f"{sum(row.questions for row in rows)} quiz questions are right."
    )
    body = _BODY.substitute(
        who=f"<b>{in_html(' '.join(name.split())[:LONGEST])}</b><br>" if name.strip() else "",
        told=told,
        rows="\n".join(map(_row, rows)),
        day=(day or date.today()).isoformat(),
        version=__version__,
    )
    return pages.page(TITLE, body, css=_CSS, allowed="style-src 'unsafe-inline'")


def _row(row: Done) -> str:
    names = "".join(
        f"<small>{word}: {in_html(', '.join(some))}</small>"
        for word, some in (("right", row.correct), ("tried, not right yet", row.open))
        if some
    )
    cells = (
        f"{len(row.correct)} of {len(row.exercises)}", row.hints, row.solutions, f"{row.right} of {row.questions}",
    )  # fmt: skip
    return f"<tr><td>{int(row.chapter)}{names}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def save(path: str | Path, name: str = "") -> Path:
    """Write the page, whole or not at all; one that was written before is written anew.

    Raises:
        FileExistsError: there is something else at `path`.
        OSError: it cannot be written.
    """
    path = Path(path).expanduser()
    if path.exists() and not _is_ours(path):
        raise FileExistsError(
            f"got {str(path)!r}, where there is something that `course progress` has not written; it wants a new name."
        )
    progress.write_whole(path, page(done(), name))
    return path


def _is_ours(path: Path) -> bool:
    return path.is_file() and TITLE in path.read_text(encoding="utf-8", errors="replace")[:2000]
