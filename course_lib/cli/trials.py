"""`course trials list | run | ledger`: parse, call one function, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Claims that the lessons try, repeated over seeds.")


@app.command("list")
def print_all() -> None:
    """Every trial: name, verdict and seeds, claim, what is compared. Then the experiments that keep the runs."""
    from course_lib import study  # seconds of imports that `course --help` should not wait for

    for trial in study.all_trials():
        found = trial.outcome()
        typer.echo(f"{trial.name:16}  {found.verdict.word}, {found.base}")
        typer.echo(f"{'':16}  {trial.claim}")
        typer.echo(f"{'':16}  {trial.variant.name} | {trial.baseline.name}\n")
    typer.echo("Experiments, which trials take their runs from:\n")
    for experiment in study.all_experiments():
        stored = sum(summary.seeds for summary in experiment.summary().values())
        typer.echo(f"{experiment.name:22}  {len(experiment.variants)} variants, {stored} runs stored")


@app.command()
def run(
    name: Annotated[str, typer.Argument(help="a trial or an experiment, as `course trials list` has it")],
    seeds: Annotated[
        int | None, typer.Option(min=1, help="how many, from 0 on; as many as it wants if left out")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="processes on this machine; they share its cores")] = 1,
    scheduler: Annotated[str, typer.Option(help="a Dask cluster's address, tcp://…, whose workers run instead")] = "",
    into: Annotated[Path | None, typer.Option(help="keep the runs in this folder; evidence/ if left out")] = None,
) -> None:
    """Do the runs that are not stored yet, and print what came out."""
    from course_lib import data, study

    try:
        found = study.find(name)
        found.fill(seeds=seeds, jobs=jobs, scheduler=scheduler, folder=into)
    except (data.DataError, ImportError, OSError, ValueError) as error:
        typer.echo(f"course trials run: {error}", err=True)
        raise typer.Exit(code=1) from None
    if isinstance(found, study.Trial):
        typer.echo(found.outcome(into))
        return
    for metric in found.metrics:
        typer.echo(metric)
        for variant, summary in found.summary(metric, folder=into).items():
            typer.echo(f"{variant}: {summary}")


@app.command()
def ledger(
    check: Annotated[bool, typer.Option("--check", help="write nothing; exit 1 where it is out of date")] = False,
) -> None:
    """Write lessons/advice_on_trial.md and .html from the evidence."""
    from course_lib.study import ledger

    try:
        paths = ledger.stale() if check else ledger.write()
    except FileNotFoundError as error:
        typer.echo(f"course trials ledger: {error}", err=True)
        raise typer.Exit(code=1) from None
    for path in paths:
        typer.echo(f"{path.name} is out of date: course trials ledger" if check else f"written: {path}")
    raise typer.Exit(code=1 if check and paths else 0)
