"""The hub of a rehearsal, from its start until every process of its learners has gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .learner import RehearsalError
from .room import Room


@contextmanager
def open_class(room: Room, planned: dict) -> Iterator[None]:
    """The hub and its proxy. At the end every process of theirs and of the learners has gone."""
    uids = {learner["uid"] for learner in planned["learners"].values()}
    if strangers := processes_of(uids):
        raise RehearsalError(f"there are processes of the users that learners would be: {strangers}")
    file = room.folder / "plan.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(planned))
    for old in ("hub.sqlite", "jupyterhub_cookie_secret", "jupyterhub-proxy.pid"):
        (room.folder / old).unlink(missing_ok=True)
    command = [room.bin("hub", "jupyterhub"), "-f", str(Path(__file__).with_name("hub.py"))]
    # The mirror is not for learners: what they need is in the shared folder, or it was not prepared.
    own = {key: value for key, value in os.environ.items() if not key.startswith("COURSE_")} | {
        "REHEARSAL_PLAN": str(file)
    }
    with (room.folder / "hub.log").open("w") as log:
        hub = subprocess.Popen(command, cwd=room.folder, env=own, stdout=log, stderr=log)
        try:
            wait_for(planned, hub, room.folder / "hub.log")
            yield
        finally:
            hub.send_signal(signal.SIGTERM)  # it ends the servers and the proxy first
            try:
                hub.wait(timeout=60)
            except subprocess.TimeoutExpired:
                hub.kill()
                hub.wait()
            for pid in processes_of(uids):  # kernels notice a few seconds later that their server has gone
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            end = time.monotonic() + 10
            while processes_of(uids) and time.monotonic() < end:
                time.sleep(0.1)
            file.unlink()


def wait_for(planned: dict, hub: subprocess.Popen, log: Path) -> None:
    port = int(planned["address"].rsplit(":", 1)[1])
    end = time.monotonic() + 60
    while time.monotonic() < end and hub.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
            if "JupyterHub is now running" in log.read_text():
                return
        time.sleep(0.5)
    raise RehearsalError(f"JupyterHub did not start:\n{log.read_text()[-3000:]}")


def processes_of(uids: set[int]) -> list[int]:
    """Ids of the processes of these users, by number."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if place.stat().st_uid in uids:
                found.append(int(place.name))
    return found
