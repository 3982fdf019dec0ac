"""A rehearsal of a class on this machine: a real JupyterHub, and learners who all come at once.

    python -m classroom.rehearsal FOLDER                 twelve learners, 25 minutes on two cores
    python -m classroom.rehearsal FOLDER --learners 2    a try
    python -m classroom.rehearsal FOLDER --note          and write evidence/classroom.json

FOLDER holds all that it installs (7 GB, kept for the next time): the hub and its proxy from PyPI and npm, an
environment for the learners, the shared data, their homes. It needs Linux, root (each learner is a Unix user of its
own), git, npm, and the archives in COURSE_MIRROR or a network. Nothing outside FOLDER is changed.
"""

from __future__ import annotations

import argparse
import colorsys
import json
import os
import platform
import re
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote_plus, urlsplit

import yaml

from course_lib.cli import links

from .learner import Kernel, KernelDiedError, Learner, RehearsalError

ROOT = Path(__file__).resolve().parents[1]
NOTES = ROOT / "evidence" / "classroom.json"
FIRST_UID = 64_000  # beyond people's and below "nobody"
LESSON = "course/lessons/01_colour_spaces.ipynb"
LARGE = "course/lessons/03_transfer_learning_eurosat.ipynb"
MEMORY_LIMIT = 600  # MB of its own that a kernel may hold after loading EuroSAT

# --- what the learners' kernels are asked ---

WHO = "import os; print(os.getpid())"
# On top of lesson 3's first cell: a byte of each page, because only pages that were read count as shared. A sum over
# all of them as int64 would take 2.7 GB for a moment, and twelve of those ended half of the kernels.
TOUCH = "import os; pictures.images.flatten()[::4096].sum(); print(os.getpid())"
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


# --- set the room up ---


@dataclass(frozen=True)
class Room:
    """Where things lie in the rehearsal's folder."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def repository(self) -> Path:
        return self.folder / "pull" / "course"  # nbgitpuller names the learner's copy after it

    def bin(self, environment: str, name: str) -> str:
        return str(self.folder / environment / "bin" / name)

    def home(self, name: str) -> Path:
        return self.folder / "home" / name


def call(*command: str | Path, **options) -> str:
    """Run a command; its output, or an error with the end of it."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    if done.returncode:
        raise RehearsalError(f"{' '.join(map(str, command))}\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def set_up(room: Room) -> None:
    """Everything that needs no learners. What is there from the last time is taken again."""
    room.folder.mkdir(parents=True, exist_ok=True)
    room.folder.chmod(0o755)  # the way to their homes
    python = reachable_python(room)
    for name in ("hub", "user"):
        if not (room.folder / name / "bin" / "python").exists():
            call(python, "-m", "venv", room.folder / name)
    snapshot(room)
    pip(room, "hub", "jupyterhub")
    # One version of JupyterHub on both sides; for the rest the pins decide.
    hub = call(room.bin("hub", "python"), "-c", "import jupyterhub; print(jupyterhub.__version__)").strip()
    pins = ("-c", str(ROOT / "requirements.txt"))
    pip(room, "user", *pins, "jupyterlab", "nbgitpuller", f"jupyterhub=={hub}", "./source")
    # The last rehearsal's course has the same version and would be taken for this one.
    pip(room, "user", "--force-reinstall", "--no-deps", "./source")
    if not (room.folder / "node").exists():
        call("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", "node", "configurable-http-proxy",
             cwd=room.folder)  # fmt: skip
    fill(room)


def reachable_python(room: Room) -> Path:
    """A Python that other users can run. One below root's home is copied into the folder."""
    base = Path(sys.base_prefix)
    if not any(parent.stat().st_mode & 0o005 != 0o005 for parent in (base, *base.parents)):
        return Path(sys._base_executable)
    copy = room.folder / "python"
    if not copy.exists():
        shutil.copytree(base, copy, symlinks=True, ignore=shutil.ignore_patterns("test", "__pycache__"))
    return copy / "bin" / f"python3.{sys.version_info.minor}"


def pip(room: Room, environment: str, *wanted: str) -> None:
    """Install with uv where there is one: it shares files with its cache, and the second time takes seconds."""
    python = room.bin(environment, "python")
    command = ["uv", "pip", "install", "--python", python] if shutil.which("uv") else [python, "-m", "pip", "install"]
    call(*command, *wanted, cwd=room.folder)


def snapshot(room: Room) -> None:
    """The course as it is in this checkout, committed or not, as a bare repository to pull from."""
    source = room.folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.rmtree(room.repository.parent, ignore_errors=True)
    listed = call("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    call("git", "init", "-q", "-b", "main", cwd=source)
    call("git", "add", "-A", cwd=source)
    who = ("-c", "user.name=rehearsal", "-c", "user.email=rehearsal@localhost")
    call("git", *who, "commit", "-q", "-m", "the course", cwd=source)
    call("git", "clone", "-q", "--bare", source, room.repository)


def fill(room: Room) -> None:
    """`course fetch` into the shared folder, which then belongs to root and is for reading only."""
    call(room.bin("user", "course"), "fetch", env=os.environ | {"COURSE_DATA": str(room.data)}, cwd=room.folder)
    call("chmod", "-R", "a+rX,go-w", room.data)


def plan(room: Room, names: list[str], browsing: str) -> dict:
    """What `rehearsal_hub.py` is told. Names, passwords and ports are of this rehearsal alone."""
    limits = yaml.safe_load((ROOT / "classroom/tljh/config.yaml").read_text(encoding="utf-8"))["limits"]
    address, hub, proxy = (f"http://127.0.0.1:{port}" for port in free_ports(3))
    learners = {
        name: {"uid": FIRST_UID + k, "home": str(room.home(name)), "password": secrets.token_urlsafe(16)}
        for k, name in enumerate(names)
    }
    return {
        "classroom": str(ROOT / "classroom/tljh/jupyterhub_config.d/course.py"),
        "learners": learners,
        "browsing": browsing,
        "limits": limits,
        "singleuser": room.bin("user", "jupyterhub-singleuser"),
        # A Python with a library of its own looks for it where it was built, which may be root's home again.
        "environment": {
            "COURSE_DATA": str(room.data),
            "COURSE_OFFLINE": "1",
            "LD_LIBRARY_PATH": str(room.folder / "python" / "lib"),
        },
        "address": address,
        "hub": hub,
        "proxy": [shutil.which("node"), str(room.folder / "node/node_modules/.bin/configurable-http-proxy")],
        "proxy_api": proxy,
    }


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def make_homes(room: Room, planned: dict) -> None:
    """An empty home for each, closed to the others, as The Littlest JupyterHub makes them."""
    from tests.browser.jupyter import SETTINGS

    shutil.rmtree(room.folder / "home", ignore_errors=True)
    for name, learner in planned["learners"].items():
        home = room.home(name)
        home.mkdir(parents=True)
        # git reads nobody else's repository from the disk without being told to. Over https this does not arise.
        (home / ".gitconfig").write_text(f"[safe]\n\tdirectory = {room.repository}\n")
        if name == planned["browsing"]:
            for plugin, settings in SETTINGS.items():
                file = home / ".jupyter/lab/user-settings/@jupyterlab" / f"{plugin}.jupyterlab-settings"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(settings))
        for path in (home, *home.rglob("*")):
            os.chown(path, learner["uid"], learner["uid"])
        home.chmod(0o700)


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
    command = [room.bin("hub", "jupyterhub"), "-f", str(Path(__file__).with_name("rehearsal_hub.py"))]
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


# --- what learners do ---


@dataclass
class Place:
    """A learner with what happened so far."""

    learner: Learner
    seconds: dict[str, float] = field(default_factory=dict)
    kernel: Kernel | None = None
    pid: int = 0
    fault: str = ""

    def timed(self, name: str, act: Callable, *arguments):
        start = time.monotonic()
        result = act(*arguments)
        self.seconds[name] = round(time.monotonic() - start, 2)
        return result


def class_link(hub: str, room: Room) -> str:
    """The link of `course link --hub`, with the repository on this disk in the place of the one on GitHub."""
    made = links.checked(f"someone/{room.repository.name}").classroom(hub)
    public, here = f"https://github.com/someone/{room.repository.name}", f"file://{room.repository}"
    return made.replace(quote_plus(public), quote_plus(here))


def attend(place: Place, room: Room) -> None:
    """Sign in, pull the course, run lesson 1 to its end, move its figure."""
    learner = place.learner
    place.timed("sign in", learner.sign_in)
    place.timed("server", learner.start)
    asked = dict(parse_qsl(urlsplit(class_link(learner.hub, room)).query))
    place.timed("pull", learner.pull, {name: asked[name] for name in ("repo", "branch")})
    place.kernel = place.timed("kernel", learner.kernel, str(Path(LESSON).parent))
    opened = []
    place.timed("lesson 1", run_lesson, place, LESSON, opened)
    place.timed("figure", move, place.kernel, opened)
    place.pid = int(place.kernel.run(WHO))


def run_lesson(place: Place, path: str, opened: list[dict]) -> None:
    """Every cell, in order. `opened` gets the figures; the rest of what a kernel says is many megabytes."""
    for source in place.learner.notebook(path):
        place.kernel.run(source, lambda message: opened.append(message) if message["msg_type"] == "comm_open" else None)


def move(kernel: Kernel, opened: list[dict]) -> None:
    """Turn the hue of lesson 1's explorer. The kernel has to answer with the colour that belongs to it."""
    figure, state = explorer(opened)
    hue = (state["hsv_h"] + 40) % 360
    answer = kernel.move(figure, "hsv_h", hue, "colour")
    expected = colorsys.hsv_to_rgb(hue / 360, state["hsv_s"], state["hsv_v"])
    if max(abs(a - b) for a, b in zip(answer, expected, strict=True)) > 1e-4:
        raise RehearsalError(f"the figure was moved to {hue}° and answered {answer}, not {expected}")


def explorer(opened: list[dict]) -> tuple[str, dict]:
    """The id and the state of the first figure with a hue to turn, among the kernel's `comm_open` messages."""
    for content in (message["content"] for message in opened):
        if "hsv_h" in content["data"].get("state", {}):
            return content["comm_id"], content["data"]["state"]
    raise RehearsalError("lesson 1 showed no figure with a hue")


def browse(place: Place, room: Room) -> None:
    """The same in a real browser, from the link of the class on."""
    from playwright.sync_api import expect, sync_playwright

    from tests.browser import jupyter

    jupyter.RUN_SECONDS = 1800  # all others run the lesson meanwhile
    learner, chromium = place.learner, jupyter.find_chromium()
    if chromium is None:
        raise RehearsalError("no Chromium here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=list(jupyter.FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        try:
            place.timed("from the link to lesson 0", follow, page, learner, class_link(learner.hub, room))
            place.timed("lesson 1 opens", open_lesson, page, learner.url(f"doc/tree/{LESSON}"))
            place.timed("lesson 1", jupyter.run_all, page)
            cell = page.locator(".jp-CodeCell").filter(has_text="colour_explorer(a, b")
            title = cell.locator(".cnnsee-title")
            before, start = title.inner_text(), time.monotonic()
            cell.locator(".noUi-handle:visible").first.press("ArrowRight")
            expect(title).not_to_have_text(before)
            place.seconds["figure"] = round(time.monotonic() - start, 2)
        except Exception:
            page.screenshot(path=room.folder / "browser.png")
            raise
        finally:
            browser.close()


def follow(page, learner: Learner, link: str) -> None:
    """The link, the form, the pull, and the notebook that the link names."""
    page.goto(link)
    page.get_by_label("Username").fill(learner.name)
    page.get_by_label("Password").fill(learner.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/lab/tree/**", timeout=600_000)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=300_000)


def open_lesson(page, address: str) -> None:
    page.goto(address)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=300_000)


def load_eurosat(place: Place) -> None:
    """Lesson 3's first cell in a kernel of its own, and every picture read."""
    learner = place.learner
    if "Authorization" not in learner.web.headers:  # who came with the browser
        learner.sign_in()
    for running in learner.web.get(learner.url("api/kernels"), timeout=60).json():
        learner.web.delete(learner.url(f"api/kernels/{running['id']}"), timeout=120)
    place.kernel = learner.kernel(str(Path(LARGE).parent))
    place.kernel.run(next(cell for cell in learner.notebook(LARGE) if 'data.load("eurosat")' in cell))
    place.pid = int(place.kernel.run(TOUCH))


# --- what is looked at ---


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


# --- the rehearsal ---


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
