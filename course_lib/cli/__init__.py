"""The `course` command: parse, call one function, print."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from .. import __version__
from . import classify, doctor, links, study, trials

app = typer.Typer(no_args_is_help=True, add_completion=False, help="What does a CNN see? An open course.")

app.command()(study.quiz)
app.command()(study.progress)
app.command()(study.export)
app.command()(classify.classify)
app.command()(classify.predict)
app.command()(classify.review)
app.add_typer(trials.app, name="trials")


@app.callback(invoke_without_command=True)
def main(
    version: Annotated[bool, typer.Option("--version", help="print the course's version")] = False,
) -> None:
    """Print the version, where that is asked for; else the subcommand is called."""
    if version:
        typer.echo(f"what-does-a-cnn-see {__version__}")
        raise typer.Exit


_STYLE = {True: "green", None: "yellow", False: "red"}
_WORD = {True: "ok", None: "note", False: "FAULT"}


@app.command("doctor")
def print_report(
    offline: Annotated[bool, typer.Option("--offline", help="prove that lessons run without a network")] = False,
) -> None:
    """Say whether this machine can run the lessons, and which command mends what is missing."""
    findings = doctor.report(offline=offline)
    width = max(len(finding.topic) for finding in findings)
    for finding in findings:
        word = typer.style(f"{_WORD[finding.ok]:5}", fg=_STYLE[finding.ok])
        typer.echo(f"{word}  {finding.topic:{width}}  {finding.value}")
        if finding.mend:
            typer.echo(f"{'':5}  {'':{width}}  → {finding.mend}")
    typer.echo(f"\n{doctor.verdict(findings)}")
    raise typer.Exit(code=0 if doctor.ready(findings) else 1)


@app.command()
def fetch(
    names: Annotated[list[str] | None, typer.Argument(help="of the doctor's list; all that lessons use")] = None,
) -> None:
    """Get pictures and weights into the data folder, verified. A download that broke off is taken up again."""
    from course_lib import data  # two seconds of imports that `course --help` should not wait for

    failed = 0
    for name in names or data.registry.for_lessons():
        try:
            typer.echo(f"{name} is here: {data.keep(name)}")
        except data.DataError as error:  # the next one may be had
            typer.echo(f"course fetch: {error}", err=True)
            failed += 1
    raise typer.Exit(code=1 if failed else 0)


@app.command()
def link(
    repository: Annotated[str, typer.Argument(metavar="OWNER/REPO", help="the course's repository on GitHub")],
    branch: Annotated[str, typer.Option(help="the branch whose lessons are opened")] = "main",
    hub: Annotated[str, typer.Option(help="address of a JupyterHub: print the link for a class as well")] = "",
) -> None:
    """Make every link to Colab and Binder, and the wheel's address in the lessons, lead to a repository."""
    try:
        made = links.checked(repository, branch)
        changed = links.link(Path(__file__).resolve().parents[2], made)
    except links.LinkError as error:
        typer.echo(f"course link: {error}", err=True)
        raise typer.Exit(code=1) from None
    typer.echo("\n".join(f"written: {path.name}" for path in changed) or "nothing to change")
    typer.echo(f"Colab gets the course from {made.wheel}: `make release` builds it, upload it there.")
    if hub:
        typer.echo(f"For a class: {made.classroom(hub)}")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(
    context: typer.Context,
    folder: Annotated[Path | None, typer.Option(help="where your copies are; else my/, beside the lessons")] = None,
    restore: Annotated[bool, typer.Option("--restore", help="bring back copies that you have deleted")] = False,
) -> None:
    """Open your own copies of the lessons in JupyterLab; what follows is passed on to it (--no-browser --port 8890)."""
    from course_lib.practice import desk  # reading notebooks takes a moment that `course --help` should not wait for

    copies = folder or desk.home()
    try:
        for line in desk.lay_out(desk.source(), copies, restore=restore).lines():
            typer.echo(f"course lab: {copies.name}: {line}", err=True)
    except desk.DeskError as error:
        typer.echo(f"course lab: {error}", err=True)
        if not desk.has_lessons(copies):
            raise typer.Exit(code=1) from None
    # A server does not start for root without being told to; in a container everybody is root.
    as_root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    command = [sys.executable, "-m", "jupyterlab", *desk.opened(copies), *as_root, *context.args]
    raise typer.Exit(code=subprocess.call(command, env=quiet(os.environ)))


def quiet(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` with JupyterLab's questions about news and language servers answered; what else is set stays."""
    paths = [str(Path(__file__).with_name("jupyter")), *filter(None, [environment.get("JUPYTER_CONFIG_PATH")])]
    return {**environment, "JUPYTER_CONFIG_PATH": os.pathsep.join(paths)}
