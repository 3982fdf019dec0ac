"""Train every case as its user would, over three seeds: does the sick one fail, does the mended or healthy one learn?

    python -m tests.doctor.validate --half open --cases csv

The rule, for each of the seeds 0, 1, 2:

- *whole* (a healthy case, or a sick one mended) reaches an accuracy of at least 0.65, without an error;
- *broken* (a sick case as it is) raises an error, or stays at least 0.15 below its mended self. Validation sets have
  60–120 pictures, so that the difference of two accuracies has a deviation of about 0.07: 0.15 is twice that.

A case that breaks the rule with one seed is mended, or thrown out with a reason in `lots.json`. Results are kept in
`tests/doctor/validation.jsonl` with a digest of the case's code: what has not changed is not trained again. The third
and the fourth part, which were written later, have files of their own.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch

from tests.doctor.case import HALVES, Case, Patient, cases

HERE = Path(__file__).parent
OWN = {half: HERE / f"{half}_validation.jsonl" for half in ("third", "fourth")}
STORED = HERE / "validation.jsonl"
SEEDS = (0, 1, 2)
LEARNS = 0.65
BELOW = 0.15


def holds(row: dict[str, Any]) -> bool:
    """Whether a stored row keeps the rule."""
    if row["whole"] is None or row["whole"] < LEARNS:
        return False
    return row["cause"] == "healthy" or row["broken"] is None or row["broken"] <= row["whole"] - BELOW


def digest(case: Case) -> str:
    """Of the case's own code: eight hexadecimal digits."""
    return hashlib.sha256(inspect.getsource(case.build.args[0]).encode()).hexdigest()[:8]


def stored() -> dict[tuple[str, str, int], dict[str, Any]]:
    """{(half, case, seed): row} of what has been trained."""
    files = [path for path in (STORED, *OWN.values()) if path.exists()]
    lines = [line for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    return {(row["half"], row["case"], row["seed"]): row for row in map(json.loads, lines)}


def train(build: Callable[[int], Patient], seed: int, aloud: bool = False) -> tuple[float | None, str]:
    """(accuracy, "") or (None, the error)."""
    try:
        patient = build(seed)
        torch.manual_seed(seed)
        return round(patient.train(), 3), ""
    except Exception as error:
        if aloud:
            traceback.print_exc()
        return None, f"{type(error).__name__}: {error}".split("\n")[0][:120]


def validated(case: Case, seed: int, aloud: bool = False) -> dict[str, Any]:
    """A row: `broken` and `whole` are accuracies, or None where an error was raised or there is none to train."""
    begun = time.perf_counter()
    row: dict[str, Any] = {"case": case.name, "half": case.half, "cause": case.cause, "seed": seed}
    if case.mend is None:
        row["broken"], row["error"] = None, ""
        row["whole"], row["whole_error"] = train(case.build, seed, aloud)
    else:
        row["broken"], row["error"] = train(case.build, seed)
        row["whole"], row["whole_error"] = train(case.mend, seed, aloud)
    return row | {"seconds": round(time.perf_counter() - begun, 1), "code": digest(case)}


def keep(rows: Iterable[dict[str, Any]]) -> None:
    """Write all rows, by half, case and seed."""
    ordered = sorted(rows, key=lambda row: (HALVES.index(row["half"]), row["case"], row["seed"]))
    for path in {STORED, *OWN.values()}:
        lines = [json.dumps(row, ensure_ascii=False) for row in ordered if OWN.get(row["half"], STORED) == path]
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def line(row: dict[str, Any]) -> str:
    """For people."""
    sick = "" if row["cause"] == "healthy" else f"broken {row['broken']} {row['error'][:50]}"
    verdict = "holds " if holds(row) else "BREAKS"
    whole = f"{row['whole']} {row['whole_error']}"
    return f"{verdict} {row['case']:42s} {row['seed']} {row['seconds']:5.1f} s  whole {whole:8s} {sick}"


def main() -> int:
    """Train what is not stored; 1 where a case does not hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--half", choices=HALVES, help="all unless given")
    parser.add_argument("--cases", nargs="+", default=[""], help="parts of case names or of a module's name")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--aloud", action="store_true", help="tracebacks of whole ones")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    rows, breaks = stored(), 0
    for half in [asked.half] if asked.half else HALVES:
        for case in cases(half):
            where = case.build.args[0].__module__.split(".")[-1]
            if not any(part in case.name or part == where for part in asked.cases):
                continue
            for seed in asked.seeds:
                row = rows.get((half, case.name, seed))
                if row is None or row["code"] != digest(case):
                    row = rows[half, case.name, seed] = validated(case, seed, asked.aloud)
                    keep(rows.values())
                    print(line(row), flush=True)
                elif not holds(row):
                    print(line(row), flush=True)
                breaks += not holds(row)
    return breaks > 0


if __name__ == "__main__":
    raise SystemExit(main())
