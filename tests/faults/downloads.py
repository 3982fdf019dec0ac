"""Downloads from a server that cuts, waits, stumbles and lies: the file is whole under its name, or absent."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from course_lib.data import DataError, download
from tests.data.server import Behaviour, serving
from tests.data.test_download import BODY, get
from tests.faults.tally import Tally, forked, surely, was_killed

KILLS = 20
WHOLE, ABSENT = "whole", "absent"

# What the server does → what must come of it.
SERVERS: dict[str, tuple[Callable[[], Behaviour], str]] = {
    "cut every 70,000 bytes": (lambda: Behaviour(BODY, break_after=70_000), WHOLE),
    "reset in the middle": (lambda: Behaviour(BODY, break_after=90_000, reset=True), WHOLE),
    "slow": (lambda: Behaviour(BODY, pause_s=0.03), WHOLE),
    "says it sends more than it does": (lambda: Behaviour(BODY, claimed=5_000), WHOLE),
    "a range that begins elsewhere": (lambda: Behaviour(BODY, break_after=150_000, shifted=7), ABSENT),
    "no ranges, cut": (lambda: Behaviour(BODY, break_after=150_000, ranges=False), ABSENT),
    "no ranges": (lambda: Behaviour(BODY, ranges=False), WHOLE),
    "503, and nothing else": (lambda: Behaviour(BODY, status=503), ABSENT),
    "404": (lambda: Behaviour(BODY, status=404), ABSENT),
    "redirects for ever": (lambda: Behaviour(BODY, redirects=True), ABSENT),
    "a login page, and says so": (lambda: Behaviour(b"<!DOCTYPE html>", content_type="text/html"), ABSENT),
    "a login page that calls itself a zip": (lambda: Behaviour(b"<!DOCTYPE html><p>Log in"), ABSENT),
    "the last byte is another": (lambda: Behaviour(BODY[:-1] + b"?"), ABSENT),
    "nothing": (lambda: Behaviour(b""), ABSENT),
    "three times as much": (lambda: Behaviour(BODY * 3), ABSENT),
}


def run() -> Tally:
    tally = Tally("downloads", "whole or absent, never half")
    for what, (behaviour, wanted) in SERVERS.items():
        with tempfile.TemporaryDirectory() as folder, serving(behaviour()) as url, surely(tally, what):
            assert fetched(url, Path(folder, "a.zip")) == wanted, f"not {wanted}"
    with surely(tally, "503 first, then the file: asked again it comes"):
        stumbling()
    for what in (full_disk, really_full, read_only, clock_back, stale_part, two_processes):
        with surely(tally, what.__name__.replace("_", " ")):
            what()
    killed(tally)
    return tally


def fetched(url: str, target: Path) -> str:
    """ "whole" or "absent"; anything between is an AssertionError."""
    words = ""
    try:
        get(url, target)
    except DataError as error:
        words = str(error)
    if words:
        assert not target.exists(), "an error, and a file"
        assert len(words) < 500, "an error of many lines"
        return ABSENT
    assert target.read_bytes() == BODY, "half a file"
    return WHOLE


def stumbling() -> None:
    with tempfile.TemporaryDirectory() as folder, serving(Behaviour(BODY, stumbles=1)) as url:
        found = [fetched(url, Path(folder, "a.zip")) for _ in range(2)]
    assert found[-1] == WHOLE, f"{found}"


def full_disk() -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with tempfile.TemporaryDirectory() as folder, mock.patch.object(download, "_one_connection", full):
        assert fetched("http://127.0.0.1:9/x", Path(folder, "a.zip")) == ABSENT


def really_full() -> None:
    """A limit of 100,000 bytes a file, which the system itself enforces."""
    with tempfile.TemporaryDirectory() as folder, serving(Behaviour(BODY)) as url:

        def work(tell: Callable) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # else the signal ends the process
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            tell(fetched(url, Path(folder, "a.zip")))

        assert forked(work)[1] == [ABSENT]


def read_only() -> None:
    """/proc takes no folder, not even from root."""
    assert fetched("http://127.0.0.1:9/x", Path("/proc/course/a.zip")) == ABSENT


def clock_back() -> None:
    """A part of next year, and a clock that stands still: no time decides anything."""
    with tempfile.TemporaryDirectory() as folder, serving(Behaviour(BODY)) as url:
        part = Path(folder, "a.zip.part")
        part.write_bytes(BODY[:1000])
        os.utime(part, (time.time() + 4e7,) * 2)
        with mock.patch.object(time, "time", return_value=0.0):
            assert fetched(url, Path(folder, "a.zip")) == WHOLE


def stale_part() -> None:
    with tempfile.TemporaryDirectory() as folder, serving(Behaviour(BODY)) as url:
        Path(folder, "a.zip.part").write_bytes(b"x" * 100_000)
        assert fetched(url, Path(folder, "a.zip")) == WHOLE


def two_processes() -> None:
    with tempfile.TemporaryDirectory() as folder, serving(Behaviour(BODY, pause_s=0.01)) as url:
        status, told = forked(
            lambda tell: (tell("begun"), tell(fetched(url, Path(folder, "a.zip"))))[0], kill_after=None
        )
        assert (status, told[-1]) == (0, WHOLE)
        pids = []
        for _ in range(2):
            if (pid := os.fork()) == 0:
                try:
                    os._exit(int(fetched(url, Path(folder, "b.zip")) != WHOLE))
                finally:
                    os._exit(1)
            pids.append(pid)
        assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0]


def killed(tally: Tally, kills: int = KILLS) -> None:
    """Signal 9 at random moments of a slow download; then, undisturbed, it is taken up."""
    rng = random.Random(0)
    for number in range(kills):
        with tempfile.TemporaryDirectory() as folder, serving(Behaviour(BODY, pause_s=0.02)) as url:
            target = Path(folder, "a.zip")

            def work(tell: Callable, url: str = url, target: Path = target) -> None:
                tell("begun")
                get(url, target)

            status, _ = forked(work, kill_after=rng.uniform(0, 0.3))
            with surely(tally, f"killed, {number}"):
                assert not target.exists() or target.read_bytes() == BODY, "half a file under its name"
                assert fetched(url, target) == WHOLE
            tally.notes["killed in flight"] = tally.notes.get("killed in flight", 0) + was_killed(status)
