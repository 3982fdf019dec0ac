"""What was tried and what came of it, and work in a process of its own that may be killed, crash or hang."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SIGNAL_OF = {signal.SIGSEGV: "crashed", signal.SIGABRT: "crashed", signal.SIGBUS: "crashed", signal.SIGKILL: "killed"}


@dataclass
class Tally:
    """One kind of fault: how often it was tried, and each time that the course did not hold."""

    name: str
    promise: str
    tried: int = 0
    faults: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def case(self, what: str, fault: str = "") -> None:
        """Count one; `fault` says what was not held, "" that it was."""
        self.tried += 1
        if fault:
            self.faults.append(f"{what}: {fault}"[:400])

    def __str__(self) -> str:
        held = f"{self.tried - len(self.faults):,} of {self.tried:,} held"
        return f"{self.name:34} {held:>24}   {self.promise} ({self.seconds:.0f} s)"


@contextmanager
def surely(tally: Tally, what: str) -> Iterator[None]:
    """One case that holds where nothing is raised; an assertion's words are the fault."""
    try:
        yield
    except Exception as error:
        tally.case(what, f"{type(error).__name__}: {error}" if str(error) else repr(error))
    else:
        tally.case(what)


def forked(
    work: Callable[[Callable[[Any], None]], None], *, kill_after: float | None = None, busy: bool = False
) -> tuple[int, list]:
    """(wait status, what `work` told) of `work(tell)` in a copy of this process.

    With `kill_after` it is killed with signal 9 so many seconds after its first word: what it tells before it returns
    from `tell` has been told, whatever happens to it. With `busy` they are seconds of its own computing, which are the
    same moment on a machine that has other work.
    """
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:  # no clean-up of the parent's, no exit handlers: only the work
        os.close(source)
        status = 1
        try:
            work(lambda thing: os.write(sink, json.dumps(thing).encode() + b"\n") and None)
            status = 0
        finally:
            os._exit(status)
    os.close(sink)
    with open(source, "rb", buffering=0) as told:
        first = told.readline()
        if kill_after is not None:
            (wait_for_work if busy else lambda _, seconds: time.sleep(seconds))(child, kill_after)
            os.kill(child, signal.SIGKILL)
        lines = [first, *told.readlines()]
    status = os.waitpid(child, 0)[1]
    return status, [json.loads(line) for line in lines if line.endswith(b"\n")]


def wait_for_work(pid: int, seconds: float) -> None:
    """Until the process has computed so long from now, or has ended; by the clock where the system does not tell."""
    about = Path(f"/proc/{pid}/stat")
    if not about.is_file():
        time.sleep(seconds)
        return

    def computed() -> float:
        state, *rest = about.read_text().rpartition(")")[2].split()
        return float("inf") if state == "Z" else (int(rest[10]) + int(rest[11])) / os.sysconf("SC_CLK_TCK")

    until = computed() + seconds
    while computed() < until:
        time.sleep(0.002)


def was_killed(status: int) -> bool:
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def files(folder: Path) -> set[str]:
    """Every file below `folder`, by its path from there."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
