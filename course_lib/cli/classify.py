"""`course classify`, `course predict` and `course review`: parse, call one function, print."""

from __future__ import annotations

import csv
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from . import study

NOT_ALL_ACCEPTED = 3  # of `course predict`: a picture was refused


class Turns(StrEnum):
    """Whether a turned or mirrored picture keeps its class."""

    yes = "yes"
    no = "no"
    find_out = "find out"


def classify(
    folder: Annotated[Path, typer.Argument(help="of your pictures, with a folder a class")],
    out: Annotated[Path, typer.Option(help="where the classifier goes; the same call again takes up a stopped one")],
    minutes: Annotated[float, typer.Option(min=0, help="for fine-tuning; 0 leaves it out")] = 10.0,
    unknown: Annotated[Path | None, typer.Option(help="a folder of pictures of no class, for the test")] = None,
    group_by: Annotated[
        str, typer.Option(help="place, date, name-prefix, or a column of a CSV file in the folder")
    ] = "",
    refuse: Annotated[float, typer.Option(help="at most this share of your own classes' pictures is refused")] = 0.05,
    seed: Annotated[int, typer.Option(min=0, help="of all that is drawn")] = 0,
    turns: Annotated[Turns, typer.Option(help="does a turned or mirrored picture keep its class?")] = Turns.find_out,
    score: Annotated[
        str, typer.Option(help="max softmax, max logit, energy or k nearest; left out, classes left out choose it")
    ] = "",
) -> None:
    """Make a classifier of your pictures that can say "none of these", and say how good it is."""
    from course_lib import classify as room
    from course_lib import data

    try:
        built = room.build(
            folder, out=out, minutes=minutes, unknown=unknown, group_by=group_by, refuse=refuse, seed=seed,
            turns=turns.value, score=score,
        )  # fmt: skip
    except (data.DataError, FileNotFoundError, ValueError) as error:
        typer.echo(f"course classify: {error}", err=True)
        raise typer.Exit(code=1) from None
    except KeyboardInterrupt:
        typer.echo("course classify: stopped. The same command goes on from here.", err=True)
        raise typer.Exit(code=130) from None
    typer.echo(f"\n{built}\n\nIn {out}: {', '.join(sorted(path.name for path in out.iterdir()))}")


def predict(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="what `course classify` has made")],
    pictures: Annotated[list[Path], typer.Argument(help="files, or folders of files")],
) -> None:
    """Answer pictures, as CSV: file, class or "none", probability, score. Exit 3: one is refused; 1: an error."""
    from course_lib import classify as room
    from course_lib import data

    refused = failed = 0
    try:
        loaded = room.load(folder)
    except (FileNotFoundError, ValueError) as error:
        typer.echo(f"course predict: {error}", err=True)
        raise typer.Exit(code=1) from None
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["file", "class", "probability", "score"])
    for file in _files(pictures):
        try:
            (answer,) = loaded.predict([file])
        except data.DataError as error:  # the next one may be a picture
            typer.echo(f"course predict: {error}", err=True)
            failed += 1
            continue
        refused += answer.answer is None
        name = "none" if answer.answer is None else answer.answer
        table.writerow([answer.file, name, f"{answer.probability:.4f}", f"{answer.score:.6g}"])
    raise typer.Exit(code=1 if failed else NOT_ALL_ACCEPTED if refused else 0)


def review(
    folder: Annotated[Path | None, typer.Argument(help="of your pictures, with a folder a class")] = None,
    out: Annotated[Path | None, typer.Option(help="where the two files go; else FOLDER_review, beside it")] = None,
    anki: Annotated[Path | None, typer.Option(help="without FOLDER: write all that waits as a deck for Anki")] = None,
) -> None:
    """Of FOLDER: name what to look at. Without FOLDER: what you got wrong in the course, asked again when it is due.

    Of a folder it writes suspects.csv, and suspects.html with the pictures in it: labels that may be wrong, copies,
    outliers, blur, one picture in two classes. The folder stays as it is.
    """
    if (folder is None and out) or (folder and anki):
        typer.echo("course review: --out goes with a FOLDER of pictures, --anki with none.", err=True)
        raise typer.Exit(code=2)
    if folder is None:
        study.again(anki)
    else:
        _suspects(folder.expanduser(), out)


def _suspects(folder: Path, out: Path | None) -> None:
    from course_lib import classify as room
    from course_lib import data

    try:
        made = room.review(folder, out=out or folder.resolve().with_name(f"{folder.resolve().name}_review"))
    except (data.DataError, OSError, ValueError) as error:
        typer.echo(f"course review: {error}", err=True)
        raise typer.Exit(code=1) from None
    typer.echo(f"\n{made}\n\n{made.table}\n{made.gallery}")


def _files(pictures: list[Path]) -> list[Path]:
    """The files, and those in the folders, in the order given."""
    from course_lib import data

    return [file for path in pictures for file in (data.pictures_in(path) if path.is_dir() else [path])]
