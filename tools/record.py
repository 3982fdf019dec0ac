"""EuroSAT against the clock: run the entries of the record, keep each run in evidence/record.jsonl, print the table.

    python -m tools.record                            all entries, seeds 0 to 4, both splits: hours
    python -m tools.record lite0_one_cycle --seeds 2 --split random
    python -m tools.record --table                    the table alone, nothing is run

A run is kept when it ends; broken off, the same command goes on where it was. What is there from the same code and the
same hardware is not run again. Leave the machine alone meanwhile: "cores busy" tells whether somebody did not.

Rules
-----
1. The clock starts with uint8 pictures in memory and stops when the last test picture has its prediction. Building the
   network, reading its weights and preparing pictures count; importing packages and parting the set do not.
2. Two threads on the CPU.
3. ImageNet's weights are allowed. Whatever else has learned before the clock starts is not, such as a teacher for
   distillation, nor is anything computed from EuroSAT's pictures beforehand.
4. No test picture takes part in learning, nor in choosing: not the recipe, not the number of epochs, not the seed.
   Test pictures are handed over to be answered, each by itself. An entry never gets their labels.
5. A row is a mean over all its seeds, from 0 on; five or more count. None is left out because it came out badly.
6. Two splits. "random": 80/20 at random, 5,400 test pictures; each seed parts anew. "geographic": the easternmost 5,400
   are the test; seeds differ in the training alone. A row has both before it is quoted.
7. The goal: 98.57 % on the random split, each run within 300 s.

A new entry is a function of 60 lines at most in a file of its own in course_lib/lessons/record/, named in its
entries.py. (train, test_images, seed) → predictions; `Entry` there says what they are.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import mean, stdev

import course_lib
from course_lib import data
from course_lib.lessons.record import clock
from course_lib.lessons.record.entries import ENTRIES, code_digest
from course_lib.lessons.record.splits import SPLITS
from course_lib.study import Measurement, evidence, running

NAME = "record"  # of the file, evidence/record.jsonl
GOAL, SECONDS, SEEDS = 0.9857, 300, 5
HEAD = ("entry", "split", "accuracy", "balanced", "seeds", "n", "seconds", "cores busy", "code")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", nargs="*", metavar="ENTRY", help=f"all where none is named: {', '.join(ENTRIES)}")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many, from 0 on (default: %(default)s)")
    parser.add_argument("--split", nargs="+", choices=[*SPLITS], default=[*SPLITS], help="default: both")
    parser.add_argument("--table", action="store_true", help="print what is there; run nothing")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="where runs are kept (default: the evidence)")
    chosen = parser.parse_args(arguments)
    if strange := [name for name in chosen.entries if name not in ENTRIES]:
        parser.error(f"no entry is called {strange[0]!r}; there are: {', '.join(ENTRIES)}")
    if chosen.seeds < 1:
        parser.error(f"got --seeds {chosen.seeds}; it wants 1 or more")
    try:
        if not chosen.table:
            fill(chosen.entries or [*ENTRIES], range(chosen.seeds), chosen.split, folder=chosen.into)
        print(table(evidence.runs(NAME, chosen.into)))
    except (data.DataError, ValueError, FloatingPointError) as error:
        print(f"record: {error}", file=sys.stderr)
        return 1
    return 0


def fill(names: Iterable[str], seeds: Sequence[int], splits: Iterable[str], *, folder: Path | None = None) -> None:
    """Run what is not there yet and keep each run as it ends; seed by seed, so that what is there can be compared."""
    names, splits, hardware = list(dict.fromkeys(names)), list(dict.fromkeys(splits)), clock.hardware()
    keys = {run.key for run in evidence.runs(NAME, folder)}
    tasks = [(name, split, seed) for seed in seeds for name in names for split in splits]
    tasks = [task for task in tasks if key(*task, hardware) not in keys]
    pictures = data.load("eurosat", source="real") if tasks else None
    for name, split, seed in tasks:
        run = measured(name, split, seed, clock.attempt(name, ENTRIES[name], pictures, split=split, seed=seed))
        evidence.append(run, folder)
        scored = f"{run.metrics['test accuracy']:.2%} of n = {run.n['test accuracy']:,}"
        print(f"{run.variant}, seed {seed}: {scored} in {run.seconds:.0f} s", flush=True)


def variant(name: str, split: str) -> str:
    """What a row is called: "lite0_one_cycle, random"."""
    return f"{name}, {split}"


def key(name: str, split: str, seed: int, hardware: str) -> tuple[str, int, str]:
    """What makes two runs the same run, as `Measurement.key` has it: other code or other hardware is another run."""
    settings = {"entry": name, "split": split, "code": code_digest(ENTRIES[name]), "hardware": hardware}
    return variant(name, split), seed, evidence.digest(settings)


def measured(name: str, split: str, seed: int, attempt: clock.Attempt) -> Measurement:
    """The run as the evidence keeps it; `versions` has the course's and the digest of the code, too."""
    metrics = {"test accuracy": attempt.accuracy, "balanced accuracy": attempt.balanced, "cores busy": attempt.busy}
    return Measurement(
        experiment=NAME,
        variant=variant(name, split),
        seed=seed,
        metrics={**metrics, "cores busy": round(attempt.busy, 2)},
        n={metric: 0 if metric == "cores busy" else attempt.n for metric in metrics},
        seconds=round(attempt.seconds, 2),
        shared=False,
        device=attempt.hardware,
        source=attempt.source,
        versions={**running.versions(), "course": course_lib.__version__, "code": code_digest(ENTRIES[name])},
        settings=key(name, split, seed, attempt.hardware)[2],
    )


# --- the table -------------------------------------------------------------------------------------------


def table(runs: Sequence[Measurement]) -> str:
    """Per hardware and versions a heading and, for each entry and split, a row; then how far the goal is."""
    if not runs:
        return f"evidence/{NAME}.jsonl has no run yet."
    blocks = [block(heading, group) for heading, group in _grouped(runs, _heading).items()]
    return "\n\n".join([*blocks, goal(runs)])


def block(heading: str, runs: Sequence[Measurement]) -> str:
    """A heading, and under it a line for each row's runs, in columns."""
    lines = [HEAD, *(row(group) for group in _grouped(runs, _row_key).values())]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([heading, *drawn])


def row(runs: Sequence[Measurement]) -> tuple[str, ...]:
    """The cells of `HEAD` for the runs of one entry, split, code and hardware."""
    name, _, split = runs[0].variant.rpartition(", ")
    sizes = sorted({run.n["test accuracy"] for run in runs})
    today = name in ENTRIES and runs[0].versions.get("code") == code_digest(ENTRIES[name])
    return (
        name,
        split,
        _spread([100 * run.metrics["test accuracy"] for run in runs], 2, " %"),
        _spread([100 * run.metrics["balanced accuracy"] for run in runs], 2, " %"),
        str(len(runs)),
        " to ".join(f"{size:,}" for size in dict.fromkeys((sizes[0], sizes[-1]))),
        _spread([run.seconds for run in runs], 0, ""),
        f"{mean(run.metrics['cores busy'] for run in runs):.2f}",
        "today's" if today else "an earlier one",
    )


def goal(runs: Sequence[Measurement]) -> str:
    """Whether a row reaches it, in one line."""
    wanted = f"The goal, {GOAL:.2%} of the random split in {SECONDS} s over {SEEDS} seeds or more"
    reached = [group[0].variant for group in _grouped(runs, _row_key).values() if reaches(group)]
    return f"{wanted}: {'reached by ' + ' and '.join(dict.fromkeys(reached)) if reached else 'not reached'}."


def reaches(runs: Sequence[Measurement]) -> bool:
    """Whether the runs of one row reach the goal: the mean in accuracy, each run in time, no seed left out."""
    high = mean(run.metrics["test accuracy"] for run in runs) >= GOAL
    fast = max(run.seconds for run in runs) <= SECONDS
    enough = len(runs) >= SEEDS and {run.seed for run in runs} == set(range(len(runs)))
    return runs[0].variant.endswith(", random") and enough and high and fast


def _spread(values: Sequence[float], digits: int, unit: str) -> str:
    """Mean ± standard deviation; of a single value no deviation is known."""
    spread = f" ± {stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{mean(values):.{digits}f}{spread}{unit}"


def _heading(run: Measurement) -> str:
    versions = ", ".join(f"{name} {run.versions[name]}" for name in ("python", "torch", "course"))
    return f"{run.device}; {versions}; {run.source} pictures; mean ± SD over seeds"


def _row_key(run: Measurement) -> tuple[str, str, str]:
    return _heading(run), run.variant, run.settings


def _grouped(runs: Iterable[Measurement], by) -> dict:
    """What `by` says of a run → the runs of which it says that, in the order of the first of each."""
    groups: dict = {}
    for run in runs:
        groups.setdefault(by(run), []).append(run)
    return groups


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
