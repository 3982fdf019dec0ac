"""`make bench-doctor`: what the doctor says first to every set-up of the bench, beside what others say.

    python -m tests.doctor.bench --half open --cases csv
    python -m tests.doctor.bench --tool plain     # without validation and scheduler
    python -m tests.doctor.bench --peers FOLDER   # where `pip install --target FOLDER …` has put them (README.md)

Each set-up is handed over as its user would: `watch` where they wrote a step, else `diagnose`. Results lie in
`evidence/doctor_bench.json`. The doctor's are made anew in each call; those of peers are kept while a case's code
stays the same, since they train every set-up to its end.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import io
import json
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from course_lib.training.doctor import clock
from tests.doctor import peers
from tests.doctor.case import HALVES, Case, Patient, cases
from tests.doctor.scores import outcome, scores, shown
from tests.doctor.validate import digest

BLIND = "doctor-blind"  # the doctor's first answers to a half that it had never been asked; never made anew
ASKED_ONCE = ("third", "fourth")
STORED = Path(__file__).parents[2] / "evidence" / "doctor_bench.json"
PLAIN = "plain"  # the tool's name for the call without validation and scheduler
LIMIT = 180  # seconds of the processor; whoever takes longer has crashed


def consulted(patient: Patient, plain: bool = False) -> Any:
    """What the doctor answers to this user's own call; `plain`, to one without validation and scheduler."""
    from course_lib import training

    names = ("loss", "optimizer") if plain else ("loss", "optimizer", "scheduler", "val_batches")
    given = {name: getattr(patient, name) for name in names}
    watch = getattr(training, "watch", None)
    if patient.step and watch:
        given |= {"model": patient.model}
        return _called(watch, patient.step, patient.batches, **given)
    return _called(training.diagnose, patient.model, patient.batches, **given)


def said_in(finding: Any) -> peers.Said:
    """A finding's slug; the old doctor's had none, and are translated."""
    slug = getattr(finding, "name", "")
    return peers.Said(slug, (slug,)) if slug else peers.translated(finding.cause, peers.BEFORE)


def _called(function: Callable, *args: Any, **given: Any) -> Any:
    """With those keywords that are given and that it takes."""
    takes = inspect.signature(function).parameters
    return function(*args, **{name: value for name, value in given.items() if value is not None and name in takes})


def examined(case: Case, seed: int, tool: str, aloud: bool = False) -> dict[str, Any]:
    """A row of the doctor's."""
    row = _row(case, seed, tool)
    if tool == "before" and case.kind == "keras":
        return row | {"outcome": "not for it"}
    try:
        patient = case.build(seed)
        torch.manual_seed(seed)
        with _limited(), warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            begun = time.process_time()  # not the wall's: a bench may share its computer
            diagnosis = consulted(patient, plain=tool == PLAIN)
            row["seconds"] = round(time.process_time() - begun, 2)
        said = [said_in(finding) for finding in diagnosis.findings]
        first = said[0] if said else peers.Said()
        row["first"], row["further"] = first.words, [further.words for further in said[1:]]
        row["warnings"] = [warning.name for warning in getattr(diagnosis, "warnings", ())]
        row["outcome"] = outcome(case.sick, any(map(case.right, first.causes)), bool(said))
    except Exception as error:
        if aloud:
            traceback.print_exc()
        row |= {"first": f"{type(error).__name__}: {error}".split("\n")[0][:160], "outcome": "crash"}
    return row


def examined_by_peers(case: Case, seed: int) -> list[dict[str, Any]]:
    """Rows of those that are installed."""
    patient = case.build(seed)
    torch.manual_seed(seed)
    begun = time.perf_counter()
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        said = peers.said_by_all(patient, keras=case.kind == "keras")
    seconds = round(time.perf_counter() - begun, 2)
    rows = []
    for tool, first in said.items():
        row = _row(case, seed, tool) | {"seconds": seconds}
        if first is None:
            row["outcome"] = "not for it"
        else:
            row["first"] = first.words
            row["outcome"] = outcome(case.sick, any(map(case.right, first.causes)), bool(first.words))
        rows.append(row)
    return rows


def _row(case: Case, seed: int, tool: str) -> dict[str, Any]:
    about = {"tool": tool, "half": case.half, "case": case.name, "kind": case.kind, "seed": seed, "cause": case.cause}
    return about | {"sick": case.sick, "first": "", "outcome": "", "seconds": 0.0, "code": digest(case)}


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """TimeoutError after LIMIT seconds, where the system has alarms."""
    if not hasattr(signal, "SIGPROF"):
        yield
        return

    def late(*_: object) -> None:
        raise TimeoutError(f"longer than {LIMIT} s")

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


# --- keeping and showing -------------------------------------------------------------------------------------


def key(row: dict[str, Any]) -> tuple[str, str, str, int]:
    """One row of the file each."""
    return row["tool"], row["half"], row["case"], row["seed"]


def stored() -> dict[tuple, dict[str, Any]]:
    """{key: row}."""
    return {key(row): row for row in json.loads(STORED.read_text(encoding="utf-8"))["rows"]} if STORED.exists() else {}


def tables(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """{"half, tool": scores}, halves first, then both together."""
    found = {}
    for half in (*HALVES[:2], "both", *HALVES[2:]):
        of = HALVES[:2] if half == "both" else (half,)
        for tool in sorted({row["tool"] for row in rows}, key=lambda tool: (tool not in ("doctor", "before"), tool)):
            part = [row for row in rows if row["tool"] == tool and row["half"] in of]
            if part:
                found[f"{half}, {tool}"] = scores(part)
    return found


def keep(rows: dict[tuple, dict[str, Any]]) -> None:
    """Scores first, then one row a line."""
    ordered = [rows[name] for name in sorted(rows)]
    scored = json.dumps(tables(ordered), ensure_ascii=False, indent=1)
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in ordered)
    STORED.write_text(f'{{"scores": {scored},\n"rows": [\n{lines}\n]}}\n', encoding="utf-8")


def print_table(rows: list[dict[str, Any]]) -> None:
    """Markdown, so that it can be pasted."""
    heads = ["half, tool", "sick + healthy", "recall", "precision", "noticed", "false alarms", "crashes"]
    heads += ["median s", "most s"]
    print(f"\n| {' | '.join(heads)} |\n|{' --- |' * len(heads)}")
    for name, score in tables(rows).items():
        shares = " | ".join(shown(score[what]) for what in ("recall", "precision", "noticed", "false_alarms"))
        took = f"{score['seconds_median']} | {score['seconds_most']}"
        print(f"| {name} | {score['sick']} + {score['healthy']} | {shares} | {score['crash']} | {took} |")


def main() -> None:
    """Examine, keep, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--half", choices=HALVES, help="all unless given")
    parser.add_argument("--cases", nargs="+", default=[""], help="parts of case names")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--tool", default="doctor", help="the rows' name: plain, or before, for the old doctor")
    parser.add_argument("--peers", help="run peers too; the folder that holds those from PyPI")
    parser.add_argument("--only-peers", action="store_true")
    parser.add_argument("--aloud", action="store_true", help="tracebacks of crashes")
    asked = parser.parse_args()
    if asked.peers:
        sys.path.append(asked.peers)
    torch.set_num_threads(1)
    clock.PATIENCE = 30.0  # whatever else the computer does, the doctor gets the seconds that it has on an idle one
    rows = stored()
    for half in [asked.half] if asked.half else HALVES:
        for case in cases(half):
            if not any(part in case.name for part in asked.cases):
                continue
            for seed in asked.seeds:
                new = [] if asked.only_peers else [examined(case, seed, asked.tool, asked.aloud)]
                if asked.peers and any(_missing(rows, case, seed, tool) for tool in peers.NAMES):
                    new += examined_by_peers(case, seed)
                for row in new:
                    rows[key(row)] = row
                    if row["tool"] == "doctor" and half in ASKED_ONCE:
                        rows.setdefault((BLIND, *key(row)[1:]), row | {"tool": BLIND})
                    words = f"{row['tool']:16s} {row['outcome']:10s} {case.name:42s} {seed} {row['seconds']:6.1f} s"
                    print(f"{words}  {case.cause} → {row['first'] or 'nothing'}", flush=True)
                keep(rows)
    print_table(list(rows.values()))


def _missing(rows: dict[tuple, dict[str, Any]], case: Case, seed: int, tool: str) -> bool:
    row = rows.get((tool, case.half, case.name, seed))
    return row is None or row["code"] != digest(case)


if __name__ == "__main__":
    main()
