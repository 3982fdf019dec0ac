"""`course quiz`, `course progress`, `course export`: what a learner and a teacher do besides the notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_lib.practice.view import wrapped

if TYPE_CHECKING:
    from course_lib.practice.again import Item

Lesson = Annotated[str, typer.Argument(help="its number, such as 03")]


def quiz(lesson: Lesson) -> None:
    """Answer a lesson's quiz in the terminal; every option says why it is right or wrong."""
    from course_lib.practice import catalogue

    try:
        asked = catalogue.quiz(lesson)
    except ValueError as error:
        typer.echo(f"course quiz: {error}", err=True)
        raise typer.Exit(code=1) from None
    right = 0
    for number, question in enumerate(asked.questions, start=1):
        typer.echo(wrapped(f"\n{number}. {question.text}"))
        for letter, option in question.lettered.items():
            typer.echo(wrapped(f"  {letter}) {option.text}"))
        letter = _asked_for(list(question.lettered))
        right += asked.note(number, letter)
        typer.echo(wrapped(question.feedback(letter)))
    typer.echo(f"\n{right} of {len(asked.questions)} right at the first answer.")


def _asked_for(letters: list[str]) -> str:
    while True:
        given = typer.prompt(f"Your answer ({', '.join(letters)})").strip().lower()
        if given in letters:
            return given
        typer.echo(f"got {given!r}; there are {', '.join(letters)}.")


def again(anki: Path | None = None) -> None:
    """Ask what is due again, or write all that waits as a deck; `course review` without a folder."""
    from course_lib.practice import again as kept

    if anki is not None:
        waiting = kept.items()
        try:
            anki.expanduser().write_text(kept.anki(waiting), encoding="utf-8", newline="\n")
        except OSError as error:
            typer.echo(f"course review: {anki} cannot be written ({error.strerror}).", err=True)
            raise typer.Exit(code=1) from None
        typer.echo(f"{len(waiting)} cards in {anki}")
        return
    for item in kept.due():
        typer.echo(wrapped(f"\nChapter {int(item.lesson)}. {item.front}"))
        kept.done(item, _known(item))
    typer.echo(f"\n{kept.upcoming()}")


def _known(item: Item) -> bool:
    """Whether the learner knew it: by the answer to a question, else by what they say themselves."""
    if item.question is not None:
        letter = _asked_for(list(item.question.lettered))
        typer.echo(wrapped(item.question.feedback(letter)))
        return item.question.lettered[letter].right
    typer.prompt("Say it to yourself, then press Enter", default="", show_default=False)
    typer.echo(wrapped(item.back))
    return typer.confirm("Did you know it?")


def progress(
    html: Annotated[
        Path | None, typer.Option(help="write it as a page to keep, print or hand in, to this file")
    ] = None,
    name: Annotated[str, typer.Option(help="yours, for the page")] = "",
) -> None:
    """Print what you have done so far. It is kept in one file on this machine and sent nowhere."""
    from course_lib.practice import progress as kept
    from course_lib.practice import summary

    if html is not None:
        try:
            typer.echo(f"written: {summary.save(html, name)}")
        except OSError as error:
            typer.echo(f"course progress: {error}", err=True)
            raise typer.Exit(code=1) from None
        return
    typer.echo(f"{'lesson':8}{'exercises':>12}{'hints':>8}{'solutions read':>16}{'quiz':>10}")
    for row in summary.done():
        done, right = f"{len(row.correct)} of {len(row.exercises)}", f"{row.right} of {row.questions}"
        typer.echo(f"{row.chapter:8}{done:>12}{row.hints:>8}{row.solutions:>16}{right:>10}")
        if row.open:
            typer.echo(f"{'':8}tried, not right yet: {', '.join(row.open)}")
    typer.echo(f"\nKept in {kept.where()}")


def export(
    folder: Annotated[Path, typer.Argument(help="where to write; made if it is not there")],
    student: Annotated[bool, typer.Option("--student", help="lessons without outputs: nothing is given away")] = False,
    instructor: Annotated[bool, typer.Option("--instructor", help="with solutions, times, what to listen for")] = False,
    nbgrader: Annotated[bool, typer.Option("--nbgrader", help="the exercises as an nbgrader course")] = False,
) -> None:
    """Write the lessons for a class: a student's copy, an instructor's, or assignments for nbgrader."""
    from course_lib.practice import handout

    chosen = {"student": student, "instructor": instructor, "nbgrader": nbgrader}
    if sum(chosen.values()) != 1:
        typer.echo("course export: say one of --student, --instructor, --nbgrader.", err=True)
        raise typer.Exit(code=2)
    (kind,) = (name for name, wanted in chosen.items() if wanted)
    try:
        for path in handout.export(kind, folder):
            typer.echo(str(path))
    except handout.HandoutError as error:
        typer.echo(f"course export: {error}", err=True)
        raise typer.Exit(code=1) from None
