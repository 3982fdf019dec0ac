"""A rehearsal of a class on this machine: a real JupyterHub, and learners who all come at once.

    python -m tools.rehearsal FOLDER                 twelve learners, 25 minutes on two cores
    python -m tools.rehearsal FOLDER --learners 2    a try
    python -m tools.rehearsal FOLDER --note          and write evidence/classroom.json

FOLDER holds all that it installs (7 GB, kept for the next time): the hub and its proxy from PyPI and npm, an
environment for the learners, the shared data, their homes. It needs Linux, root (each learner is a Unix user of its
own), git, npm, and the archives in COURSE_MIRROR or a network. Nothing outside FOLDER is changed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .attending import Place, attend, browse, load_eurosat
from .learner import Learner
from .looking import (
    damage,
    every,
    kill_and_resume,
    memory_of,
    memory_of_all,
    refused,
    seconds_of,
    spread,
    spy,
)
from .room import ROOT, Room, call, make_homes, plan, set_up
from .running_hub import open_class, processes_of

NOTES = ROOT / "evidence" / "classroom.json"
MEMORY_LIMIT = 600  # MB of its own that a kernel may hold after loading EuroSAT


def in_parallel(places: list[Place], act: Callable[[Place], object]) -> list:
    """`act` for all learners at once. A fault stays with its learner, and the others go on."""

    def guarded(place: Place):
        try:
            return act(place)
        except Exception as error:
            place.fault = f"{type(error).__name__}: {error}"[:1500]
            print(f"{place.learner.name}: {place.fault}", file=sys.stderr)
            return None

    with ThreadPoolExecutor(len(places)) as pool:
        return list(pool.map(guarded, places))


def rehearse(room: Room, count: int, found: dict) -> None:
    """The class from the first sign-in to the last question. `found` is filled on the way."""
    names = [f"learner-{k:02}" for k in range(1, count + 1)]
    planned = plan(room, names, browsing=names[0])
    make_homes(room, planned)
    with open_class(room, planned):
        places = [Place(Learner(planned["address"], name, planned["learners"][name]["password"])) for name in names]
        start = time.monotonic()
        in_parallel(places, lambda place: (browse if place is places[0] else attend)(place, room))
        found["seconds_until_all_had_moved_a_figure"] = round(time.monotonic() - start)
        say(f"lesson 1: {sum(not p.fault for p in places)} of {count}")
        found["seconds"] = seconds_of(places)
        found["seconds_in_the_browser"] = places[0].seconds
        # Without the browser's: its page is closed. The kernel is still there, and shares like the others.
        found["memory_mb_after_lesson_1"] = memory_of([p for p in places[1:] if not p.fault])
        in_parallel(places, load_eurosat)
        well = [place for place in places if not place.fault]
        found["memory_mb_after_eurosat"] = memory_of(well)
        uids = [planned["learners"][place.learner.name]["uid"] for place in well]
        found["memory_mb_of_kernel_and_server"] = spread([memory_of_all(uid) for uid in uids])
        say(f"EuroSAT: {found['memory_mb_after_eurosat']}")
        pairs = dict(zip(map(id, well), well[1:] + well[:1], strict=True))
        found["a_neighbours_things"] = every(in_parallel(well, lambda p: spy(p, pairs[id(p)], room)))
        found["the_shared_folder"] = every(in_parallel(well, lambda p: damage(p, room)))
        say("neighbours and shared folder looked at")
        found["a_kernel_killed_in_training"] = kill_and_resume(well[-1], room)
        found["succeeded"] = sum(not place.fault for place in places)
        found["faults"] = {place.learner.name: place.fault for place in places if place.fault}
    found["processes_left_behind"] = len(processes_of({learner["uid"] for learner in planned["learners"].values()}))


def verdict(found: dict, count: int) -> list[str]:
    """What did not go as it has to; nothing where the class can begin."""
    faults = [f"{name}: {fault}" for name, fault in found["faults"].items()]
    if found["succeeded"] != count:
        faults.append(f"{found['succeeded']} of {count} learners came to the end")
    if (own := found["memory_mb_after_eurosat"]["own"]["highest"]) > MEMORY_LIMIT:
        faults.append(f"a kernel holds {own} MB of its own after loading EuroSAT, more than {MEMORY_LIMIT}")
    for what in ("a_neighbours_things", "the_shared_folder"):
        for name, outcome in found[what].items():
            if not all(map(refused, outcome.split(", "))):
                faults.append(f"{what.replace('_', ' ')}, {name}: {outcome}")
    killed = found["a_kernel_killed_in_training"]
    for name in ("another_process", "taken_up_not_repeated", "same_weights_as_unbroken"):
        if not killed[name]:
            faults.append(f"a kernel killed in training: {name} is false")
    if found["processes_left_behind"]:
        faults.append(f"{found['processes_left_behind']} processes were left behind")
    return faults


def hardware() -> str:
    """This machine in words."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    total = int(re.search(r"^MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(), re.MULTILINE)[1])
    return f"{os.cpu_count()} cores, {model[1] if model else platform.machine()}, {total * 1024 / 1e9:.0f} GB memory"


def versions(room: Room) -> dict[str, str]:
    ask = "import importlib.metadata as m, sys; print(*[m.version(n) for n in sys.argv[1:]])"
    names = ("jupyterhub", "nbgitpuller", "jupyterlab", "torch")
    found = call(room.bin("user", "python"), "-c", ask, *names).split()
    proxy = json.loads((room.folder / "node/node_modules/configurable-http-proxy/package.json").read_text())
    return dict(zip(names, found, strict=True)) | {
        "configurable-http-proxy": proxy["version"],
        "python": platform.python_version(),
    }


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="for all that is installed and written; other users must reach it")
    parser.add_argument("--learners", type=int, default=12)
    parser.add_argument("--note", action="store_true", help=f"write {NOTES.relative_to(ROOT)}")
    asked = parser.parse_args(arguments)
    if sys.platform != "linux" or os.geteuid() != 0:
        parser.error("a rehearsal needs Linux and root: each learner is a Unix user of its own.")
    if missing := [tool for tool in ("git", "node", "npm") if not shutil.which(tool)]:
        parser.error(f"missing: {', '.join(missing)}")
    room = Room(asked.folder.resolve())
    if room.folder.is_relative_to(ROOT):
        parser.error("FOLDER is inside the course, which is what learners pull.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # through every `finally`
    say("setting up")
    set_up(room)
    say(f"{asked.learners} learners")
    found = {"learners": asked.learners, "date": time.strftime("%Y-%m-%d"), "hardware": hardware()}
    found |= {"versions": versions(room), "load_before": round(os.getloadavg()[0], 1)}
    try:
        rehearse(room, asked.learners, found)
    finally:  # what a broken rehearsal has found is worth reading
        print(text := json.dumps(found, indent=1, ensure_ascii=False))
    if asked.note:
        NOTES.write_text(text + "\n", encoding="utf-8")
    faults = verdict(found, asked.learners)
    print("\n".join(faults) if faults else "The class can begin.")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
