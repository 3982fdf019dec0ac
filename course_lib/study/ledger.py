"""The ledger: every piece of advice that the lessons try, with its verdict. Made from `evidence/`, never by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from ..data import places
from . import ledger_page, registry
from .ledger_page import Drawn
from .trial import Outcome, Trial

TITLE = "Advice on trial"
INTRODUCTION = (
    "What people advise, what this course measured, and what follows from it. Every number is computed from the runs "
    "in evidence/ by course trials ledger; the tests fail where this page is older than they are."
)
HEADINGS = ("Advice", "Lesson", "Verdict", "Effect", "Runs", "Measured on", "Run it again")
NOTES = {
    "Effect": "The first variant less the second, seed by seed, on the same split and from the same start: the mean, "
    "and an interval that holds the true mean in at least 95 of 100 such trials. course_lib/study/verdict.py says "
    "how that was checked.",
    "Verdict": "Supported and refuted need the whole interval beyond the smallest effect that matters, on one side or "
    "the other; a claim of being no better is supported where all of it lies below that, and refuted above. For no "
    "difference that matters, all of it lies within. Undecided is everything else, whatever has "
    "fewer than five seeds, and whatever another draw of the bootstrap would say otherwise.",
    "Same pictures": "Where each seed splits one set anew, two seeds share pictures and are not independent. The "
    "interval is wider there, by the share that two tests have in common (Nadeau and Bengio, 2003).",
    "Scope": "A verdict speaks of these pictures, these networks and this metric. Chance errs, too: of twenty claims "
    "about effects that do not exist, up to one is supported or refuted all the same.",
    "Seeds": "Choose their number before you look. Who adds some until the verdict pleases will get it.",
    "Run it again": "The command repeats all runs and keeps them in a folder called mine. Without --into it only does "
    "what evidence/ does not have yet.",
}


@dataclass(frozen=True)
class Row:
    """One piece of advice, in the columns of `HEADINGS`; `lesson` names its file, `name` is the trial's, `p_value` is
    of no effect, `drawn` has what the page draws."""

    advice: str
    lesson: str
    word: str
    because: str
    effect: str
    runs: str
    hardware: str
    command: str
    name: str
    drawn: Drawn
    p_value: float = float("nan")

    @property
    def number(self) -> str:
        """The lesson's number: "3" of 03_name."""
        return self.lesson.partition("_")[0].lstrip("0")


def rows(outcomes: Iterable[Outcome] | None = None) -> list[Row]:
    """The ledger of `outcomes`; None takes all trials of the course, from the stored evidence."""
    return [_row(found) for found in outcomes or (trial.outcome() for trial in registry.all_trials())]


def _row(found: Outcome) -> Row:
    trial = found.trial
    word, _, because = found.finding.partition(": ")
    effect = f"{trial.variant.name} against {trial.baseline.name}: {trial.metric} {found.effect}"
    return Row(
        advice=trial.claim,
        lesson=trial.lesson,
        word=word,
        because=because,
        effect=effect,
        runs=found.base,
        hardware=found.hardware,
        command=found.command,
        name=trial.name,
        drawn=Drawn.of(found),
        p_value=found.p_value,
    )


def markdown(table: Iterable[Row]) -> str:
    """The ledger as it reads on GitHub."""
    table = list(table)
    lines = [_line(HEADINGS), _line("---" for _ in HEADINGS)]
    for row in table:
        lesson, verdict = f"[{row.number}]({row.lesson}.ipynb)", f"**{row.word}**<br>{row.because}"
        lines.append(_line((row.advice, lesson, verdict, row.effect, row.runs, row.hardware, f"`{row.command}`")))
    notes = "\n".join(f"- **{name}.** {note}" for name, note in _notes(table).items())
    return "\n\n".join([f"# {TITLE}", INTRODUCTION, "\n".join(lines), "## How to read it", notes]) + "\n"


def _notes(table: Sequence[Row]) -> dict[str, str]:
    """`NOTES`, and how many verdicts of `table` chance alone may have made."""
    p = np.array([row.p_value for row in table])
    p = p[np.isfinite(p)]
    idle = min(len(p), 2 * int((p > 0.5).sum()))
    return NOTES | {
        "How many are wrong?": f"If none of these {len(p)} pieces of advice did anything, chance would give up to "
        f"{0.05 * len(p):.0f} wrong verdicts. By the share of large p-values (Storey: A direct approach to false "
        f"discovery rates, 2002) about {idle} do nothing; then up to {0.05 * idle:.0f} verdicts are wrong."
    }


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def page(table: Iterable[Row]) -> str:
    """The ledger as one HTML page that needs nothing else: filters where JavaScript runs, else the table."""
    table = list(table)
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{TITLE}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 80rem; margin: 2rem auto; padding: 0 1rem; }}
</style>
<main>
<h1>{TITLE}</h1>
<p>{escape(INTRODUCTION)}</p>
{ledger_page.fragment(table)}{_notes_html(table)}
</main>
</html>
"""


def _notes_html(table: Sequence[Row]) -> str:
    """How to read the ledger, as HTML."""
    notes = "\n".join(f"<p><strong>{name}.</strong> {escape(note)}</p>" for name, note in _notes(table).items())
    return f"<h2>How to read it</h2>\n{notes}"


@dataclass(frozen=True)
class Folded:
    """The ledger of some trials as a notebook shows it: a table that unfolds; in plain text a line a trial."""

    table: tuple[Row, ...]

    def __repr__(self) -> str:
        return "\n".join(f"{row.word}: {row.advice}" for row in self.table)

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{name}</th>" for name in ("Advice", "Verdict", "Effect", "Runs", "Notebook"))
        body = "".join(
            f"<tr><td>{escape(row.advice)}</td><td>{escape(row.word)}</td><td>{escape(row.effect)}</td>"
            f'<td>{escape(row.runs)}</td><td><a href="{escape(row.lesson)}.ipynb">{escape(row.number)}</a></td></tr>'
            for row in self.table
        )
        summary = f"All {len(self.table)} trials of this chapter"
        return f"<details><summary>{summary}</summary><table><tr>{head}</tr>{body}</table></details>"


def folded(trials: Iterable[Trial]) -> Folded:
    """What the stored evidence says of `trials`, folded away for the reader: the last expression of a cell."""
    return Folded(tuple(rows(trial.outcome() for trial in trials)))


def files(folder: Path | None = None) -> dict[Path, str]:
    """Path → text of both forms of the ledger, as the evidence has it now; `folder` is the course's lessons.

    Raises:
        FileNotFoundError: the course was installed without its lessons.
    """
    if folder is None:
        if (root := places.repository()) is None:
            raise FileNotFoundError(
                "The ledger is written beside the lessons, and course_lib was installed without them. "
                "Clone the course's repository and run `course trials ledger` there."
            )
        folder = root / "lessons"
    table = rows()
    return {folder / "advice_on_trial.md": markdown(table), folder / "advice_on_trial.html": page(table)}


def write(folder: Path | None = None) -> list[Path]:
    """Write both forms; returns where they are."""
    written = files(folder)
    for path, text in written.items():
        with places.replacing(path) as part:
            part.write_text(text, encoding="utf-8", newline="\n")
    return list(written)


def stale(folder: Path | None = None) -> list[Path]:
    """Which of the ledger's files are not there, or not what the evidence says."""
    now = files(folder)
    return [path for path in now if not path.is_file() or path.read_text(encoding="utf-8") != now[path]]
