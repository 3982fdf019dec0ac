"""What a rehearsal looks at: memory, seconds, what a neighbour can reach, and a kernel that is killed in training."""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .attending import LARGE, LESSON, WHO, Place
from .learner import KernelDiedError, RehearsalError
from .room import Room
from .running_hub import processes_of

# --- what the learners' kernels are asked ---

# What each attempt gives is printed as JSON: an HTTP status, the name of the exception, or "done".
TRY = """
import json, os, urllib.request
def tried(attempt):
    try:
        attempt()
    except OSError as error:
        return f"HTTP {{error.code}}" if hasattr(error, "code") else type(error).__name__
    return "done"
print(json.dumps({{name: tried(attempt) for name, attempt in {attempts}.items()}}))
"""
SPY = """{{
    "list the home": lambda: os.listdir({home!r}),
    "read a notebook": lambda: open({home!r} + "/" + {lesson!r}).read(),
    "write a notebook": lambda: open({home!r} + "/" + {lesson!r}, "a"),
    "read the kernel's environment": lambda: open("/proc/{pid}/environ").read(),
    "ask the server past the hub": lambda: urllib.request.urlopen({server!r} + "api/contents/" + {lesson!r}),
}}"""
DAMAGE = """{{
    "a new file": lambda: open({data!r} + "/mine", "w"),
    "write into the pictures": lambda: open({store!r}, "r+b"),
    "delete the pictures": lambda: os.remove({store!r}),
    "rename the cache": lambda: os.rename({data!r} + "/cache", {data!r} + "/mine"),
    "give oneself the right": lambda: os.chmod({store!r}, 0o666),
}}"""
# A slip in a lesson: the map is "copy on write", so it changes this kernel's pictures and not the file.
SCRIBBLE = "pictures.images[0] = 0; print(int(pictures.images[0].sum()))"
TRAIN = """
import torch
from course_lib import data, models, training
pictures = data.load("eurosat", source="real")
train, val, _ = pictures.split((.8, .1, .1))
train = train.at(torch.arange(0, len(train), 2))
def trained(checkpoint=None):
    model = models.SmallCNN(outputs=10)
    settings = training.Settings(epochs=6)
    run = training.fit(model, train, val, settings, checkpoint=checkpoint, progress=False)
    return torch.cat([p.detach().ravel() for p in model.parameters()]), run
"""
RESUME = """
import json, torch
before = torch.load("killed.pt", weights_only=True)["history"]
resumed, run = trained("killed.pt")
whole, _ = trained()
kept = [e.seconds for e in run.history][:len(before)] == [e["seconds"] for e in before]
print(json.dumps({"epochs_kept": len(before), "epochs": len(run.history), "taken_up_not_repeated": kept,
                  "same_weights_as_unbroken": bool(torch.equal(resumed, whole))}))
"""


# --- what comes of it ---


def memory(rollup: str) -> dict[str, float]:
    """MB of a process, from the text of /proc/PID/smaps_rollup.

    "own" would be free again if it ended (USS); "shared" are pages that another process holds as well.
    """
    sizes = {name: int(kib) * 1024 / 1e6 for name, kib in re.findall(r"^(\w+):\s+(\d+) kB$", rollup, re.MULTILINE)}
    own = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return {"own": round(own, 1), "shared": round(sizes["Shared_Clean"] + sizes["Shared_Dirty"], 1)}


def memory_of(places: list[Place]) -> dict[str, dict[str, float]]:
    """Lowest, median and highest, over the learners' kernels that are running now."""
    found = [memory(Path(f"/proc/{place.pid}/smaps_rollup").read_text()) for place in places]
    return {part: spread([one[part] for one in found]) for part in ("own", "shared")}


def memory_of_all(uid: int) -> float:
    """MB of their own that all processes of a learner hold: the server, and what it started."""
    return sum(memory(Path(f"/proc/{pid}/smaps_rollup").read_text())["own"] for pid in processes_of({uid}))


def spread(values: list[float]) -> dict[str, float]:
    """
    >>> spread([3.0, 1.0, 2.0])
    {'lowest': 1.0, 'median': 2.0, 'highest': 3.0}
    """
    ordered = {"lowest": min(values), "median": statistics.median(values), "highest": max(values)}
    return {name: round(value, 2) for name, value in ordered.items()}


def seconds_of(places: list[Place]) -> dict[str, dict[str, float]]:
    names = list(dict.fromkeys(name for place in places for name in place.seconds))
    return {name: spread([p.seconds[name] for p in places if name in p.seconds]) for name in names}


def environment(pid: int) -> dict[str, str]:
    return dict(word.split("=", 1) for word in Path(f"/proc/{pid}/environ").read_text().split("\0") if "=" in word)


def spy(place: Place, other: Place, room: Room) -> dict[str, str]:
    """What comes of it when a learner goes for a neighbour's things: by the disk, and by the hub."""
    # Every learner can try all ports of the machine; this one is told the right one.
    server = environment(other.pid)["JUPYTERHUB_SERVICE_URL"]
    attempts = SPY.format(home=str(room.home(other.learner.name)), lesson=LESSON, pid=other.pid, server=server)
    found = json.loads(place.kernel.run(TRY.format(attempts=attempts)))
    neighbour = f"user/{other.learner.name}"
    found["by the hub: the notebook"] = f"HTTP {place.learner.asks(f'{neighbour}/api/contents/{LESSON}')}"
    found["by the hub: the kernels"] = f"HTTP {place.learner.asks(f'{neighbour}/api/kernels')}"
    own = place.learner.asks(f"user/{place.learner.name}/api/contents/{LESSON}?content=0")
    if own != 200:  # else a hub that refuses everything would pass
        raise RehearsalError(f"{place.learner.name}'s own notebook: HTTP {own}")
    return found


def damage(place: Place, room: Room) -> dict[str, str]:
    """What comes of it when a learner writes into the shared folder."""
    store = next(room.data.glob("cache/eurosat-*/images.npy"))
    before = store.stat()
    found = json.loads(place.kernel.run(TRY.format(attempts=DAMAGE.format(data=str(room.data), store=str(store)))))
    place.kernel.run(SCRIBBLE)
    after = store.stat()
    same = (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    return found | {"a picture overwritten in memory": "file unchanged" if same else "FILE CHANGED"}


def refused(outcome: str) -> bool:
    """True where an attempt was turned down.

    >>> [refused(word) for word in ("PermissionError", "HTTP 403", "file unchanged", "done", "HTTP 200")]
    [True, True, True, False, False]
    """
    return outcome in ("PermissionError", "HTTP 403", "HTTP 404", "file unchanged")


def every(outcomes: list[dict[str, str]]) -> dict[str, str]:
    """Attempt → what came of it, over all learners: one word where all agree."""
    return {name: ", ".join(sorted({one[name] for one in outcomes})) for name in outcomes[0]}


def kill_and_resume(place: Place, room: Room) -> dict:
    """SIGKILL in the middle of a training; the server starts the kernel again, and the run goes on where it was."""
    checkpoint = room.home(place.learner.name) / Path(LARGE).parent / "killed.pt"
    place.kernel.run(TRAIN)

    def kill() -> None:
        while not checkpoint.exists():
            time.sleep(0.2)
        time.sleep(2)  # into a later epoch
        os.kill(place.pid, signal.SIGKILL)

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill)
        try:
            place.kernel.run('trained("killed.pt")')
            raise RehearsalError("the training ended before the kernel was killed")
        except KernelDiedError:
            killing.result()
    start = time.monotonic()
    place.kernel.wait()
    back = round(time.monotonic() - start, 1)
    pid, place.pid = place.pid, int(place.kernel.run(WHO))
    place.kernel.run(TRAIN)
    return {"another_process": pid != place.pid, "seconds_until_it_answers": back} | json.loads(
        place.kernel.run(RESUME)
    )
