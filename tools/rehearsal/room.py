"""Where a rehearsal happens: the hub, the learners' environment, the shared data and the homes, all in one folder."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from .learner import RehearsalError

ROOT = Path(__file__).resolve().parents[2]
FIRST_UID = 64_000  # beyond people's and below "nobody"


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
    """What `hub.py` is told. Names, passwords and ports are of this rehearsal alone."""
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
