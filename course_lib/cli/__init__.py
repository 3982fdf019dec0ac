"""The `course` command: parse, call one function, print."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from . import doctor, study, trials

app = typer.Typer(no_args_is_help=True, add_completion=False, help="What does a CNN see? An open course.")

app.command()(study.quiz)
app.command()(study.progress)
app.command()(study.export)
app.add_typer(trials.app, name="trials")

_STYLE = {True: "green", None: "yellow", False: "red"}
_WORD = {True: "ok", None: "note", False: "FAULT"}


@app.command("doctor")
def print_report() -> None:
    """Say whether this machine can run the lessons, and which command mends what is missing."""
    findings = doctor.report()
    width = max(len(finding.topic) for finding in findings)
    for finding in findings:
        word = typer.style(f"{_WORD[finding.ok]:5}", fg=_STYLE[finding.ok])
        typer.echo(f"{word}  {finding.topic:{width}}  {finding.value}")
        if finding.mend:
            typer.echo(f"{'':5}  {'':{width}}  → {finding.mend}")
    typer.echo(f"\n{doctor.verdict(findings)}")
    raise typer.Exit(code=0 if doctor.ready(findings) else 1)


@app.command()
def fetch(name: Annotated[str, typer.Argument(help="as `course doctor` lists it, such as eurosat")]) -> None:
    """Get a data set or a file of weights onto this machine."""
    from course_lib import data  # two seconds of imports that `course --help` should not wait for

    try:
        typer.echo(f"{name} is here: {data.fetch(name)}")
    except data.DataError as error:
        typer.echo(f"course fetch: {error}", err=True)
        raise typer.Exit(code=1) from None


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open the lessons in JupyterLab; what follows is passed on to it (--no-browser --port 8890)."""
    start = Path(__file__).resolve().parents[2] / "lessons" / "00_start_here.ipynb"
    if not start.is_file():
        typer.echo(
            f"course lab: no {start.name} beside course_lib, which was installed without the lessons. "
            "Clone the course's repository and run `make lab` there.",
            err=True,
        )
        raise typer.Exit(code=1)
    # A server does not start for root without being told to; in a container everybody is root.
    as_root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    command = [sys.executable, "-m", "jupyterlab", str(start), *as_root, *context.args]
    raise typer.Exit(code=subprocess.call(command))
