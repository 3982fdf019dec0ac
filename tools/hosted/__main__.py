"""Run the stored lessons on the packages of a Colab runtime (pins.txt), in a Python 3.13 of its own.

    python -m tools.hosted          every lesson
    python -m tools.hosted 00 01a   these two; 01 stands for all of chapter 1

The course is there as a learner on Colab has it: the wheel, without its dependencies. Outputs that were stored on
newer packages must compare equal. Where this machine has no Python 3.13 the run is left out, and says so.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from course_lib.practice import notebooks

ROOT = Path(__file__).resolve().parents[2]
PINS, PLACE = Path(__file__).with_name("pins.txt"), ROOT / ".venv-colab"
WANTED = (3, 13)
_ASK = "import sys, venv, ensurepip; print(*sys.version_info[:2], sys.executable)"
QUIET = ["--quiet", "--disable-pip-version-check", "--no-input"]


def find_python(candidates: Sequence[str] = ("python3.13", "python3", "python")) -> str:
    """The path of a Python 3.13 that can make environments; "" where there is none."""
    # A pyenv shim is on the PATH for every version that is installed, and runs the one that this variable names.
    environment = os.environ | {"PYENV_VERSION": ".".join(map(str, WANTED))}
    for candidate in candidates:
        if not shutil.which(candidate):
            continue
        asked = subprocess.run([candidate, "-c", _ASK], env=environment, capture_output=True, text=True)
        major, minor, path = [*asked.stdout.split(maxsplit=2), "", "", ""][:3]
        if asked.returncode == 0 and (major, minor) == tuple(map(str, WANTED)):
            return path.strip()
    return ""


def prepare(python: str, place: Path = PLACE) -> Path:
    """The environment in `place` with the pins, made anew when they change; returns its Python."""
    # Where it stands belongs to it: the scripts inside name their Python by its whole path.
    digest = hashlib.sha256(PINS.read_bytes() + str(place).encode()).hexdigest()
    stamp, inside = place / "pins", place / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not stamp.is_file() or stamp.read_text() != digest:
        print(f"Making {place.name}: 5 GB on Linux, a few minutes.", flush=True)
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([python, "-m", "venv", place], check=True)
        # Where there is uv, it takes one minute instead of five.
        pip = ["uv", "pip", "install", "--quiet", "--python", inside]
        pip = pip if shutil.which("uv") else [inside, "-m", "pip", "install", *QUIET]
        subprocess.run([*pip, "-r", PINS], check=True)
        stamp.write_text(digest)  # last: an installation that broke off is begun again
    return inside


def wheel(folder: Path) -> Path:
    """Build the course's wheel into `folder`. No network: hatchling is one of the pins."""
    command = [sys.executable, "-m", "pip", "wheel", *QUIET, "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run(command, check=True)
    return max(folder.glob("what_does_a_cnn_see-*.whl"), key=lambda path: path.stat().st_mtime)


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """No network. The data folder by its whole path: the wheel does not know where the checkout's is."""
    data = environment.get("COURSE_DATA") or str(ROOT / "datasets")
    return {**environment, "COURSE_OFFLINE": "1", "COURSE_DATA": data, "JUPYTER_PREFER_ENV_PATH": "1"}


def lessons(asked: Sequence[str]) -> list[Path]:
    """Those that are asked for, by code or chapter; all where nothing is. SystemExit where one is not there."""
    try:
        return notebooks.chosen(notebooks.files(ROOT / "lessons"), asked)
    except ValueError as error:
        raise SystemExit(str(error)) from None


def main(asked: Sequence[str]) -> int:
    chosen = lessons(asked)
    if not (python := find_python()):
        print("test-colab: left out. Colab has Python 3.13, and there is none on this machine with its venv module;")
        print("            `uv python install 3.13` or your system's packages bring it.")
        return 0
    inside = prepare(python)
    with tempfile.TemporaryDirectory() as folder:
        course = wheel(Path(folder))
        subprocess.run([inside, "-m", "pip", "install", *QUIET, "--no-deps", "--force-reinstall", course], check=True)
    test = [inside, "-m", "pytest", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env"]
    test += ["--nbval-cell-timeout", "900", *chosen]
    return subprocess.run(test, cwd=ROOT, env=settings(os.environ)).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
