"""`make faults`: everything, a line a kind, the figures into evidence/faults.json; 1 where something did not hold.

    python -m tests.faults                   everything
    python -m tests.faults security place    these two; the others' figures stay as they are

It needs fork and signals, as Linux and macOS have them.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.tally import Tally

# Before torch is loaded: threads do not survive a fork.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["COURSE_OFFLINE"] = "0"  # the downloads are from a server of their own
os.environ.pop("COURSE_MIRROR", None)
os.environ["MPLBACKEND"] = "agg"
os.environ["TQDM_DISABLE"] = "1"

EVIDENCE = Path(__file__).resolve().parents[2] / "evidence" / "faults.json"
KINDS = ("downloads", "kills", "bad_files", "bad_input", "hostile", "security", "place")


def main(asked: list[str]) -> int:
    from importlib import import_module

    if unknown := set(asked) - set(KINDS):
        print(f"faults got {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}.")
        return 2
    failed = 0
    for kind in asked or KINDS:
        start = time.perf_counter()
        tally = import_module(f"tests.faults.{kind}").run()
        tally.seconds = round(time.perf_counter() - start, 1)
        print(tally, flush=True)
        for fault in tally.faults[:30]:
            print(f"    {fault}", flush=True)
        failed += len(tally.faults)
        keep(kind, tally)
    return int(failed > 0)


def keep(kind: str, tally: Tally) -> None:
    """Put the figures of one kind in the place of its older ones."""
    kept = json.loads(EVIDENCE.read_text(encoding="utf-8")) if EVIDENCE.is_file() else {}
    kept[kind] = {
        "what": tally.name, "promise": tally.promise, "tried": tally.tried, "not held": len(tally.faults),
        "seconds": tally.seconds, "machine": f"{platform.system()}, Python {platform.python_version()}", **tally.notes,
    }  # fmt: skip
    ordered = {name: kept[name] for name in KINDS if name in kept}
    EVIDENCE.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
