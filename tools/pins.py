"""`make pins`: resolve pyproject.toml into requirements.txt (a learner's) and requirements-dev.txt (what is added).

    python tools/pins.py              only what pyproject.toml asks for changes
    python tools/pins.py --upgrade    every version moves to its newest

One resolution for both: what a learner has is a part of what the tests ran on.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LEARNER, DEV = ROOT / "requirements.txt", ROOT / "requirements-dev.txt"
_LEARNS = ("--extra", "lessons", "--extra", "keras", "--group", "pyproject.toml:link")
_DEVELOPS = (*_LEARNS, "--extra", "export", "--extra", "teach", "--extra", "dev")
_HEADS = {
    LEARNER: """\
# Exact, tested versions of everything that `make lab` needs, transitive, for Python 3.11 to 3.13.
# Made from pyproject.toml by `make pins`; never edited by hand.
""",
    DEV: """\
# What `make test`, `make book` and a class's assignments add to requirements.txt, exact and transitive.
# Made from pyproject.toml by `make pins`; never edited by hand.
-r requirements.txt
""",
}


def pinned(text: str) -> list[str]:
    """The lines of a requirements file that fix a version."""
    return [line for line in text.splitlines() if "==" in line and not line.startswith("#")]


def resolve(extras: tuple[str, ...], known: list[str], *options: str) -> list[str]:
    """What `extras` come to, each version as in `known` where that will do."""
    part = ROOT / "requirements.part"
    part.write_text("\n".join(known) + "\n", encoding="utf-8")
    try:
        command = ["uv", "pip", "compile", "pyproject.toml", *extras, *options, "--output-file", part.name]
        fixed = ["--universal", "--fork-strategy", "fewest", "--python-version", "3.11"]
        quiet = ["--no-header", "--no-annotate", "--quiet"]
        subprocess.run([*command, *fixed, *quiet], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return pinned(part.read_text(encoding="utf-8"))
    finally:
        part.unlink(missing_ok=True)


def main(options: list[str]) -> int:
    if not shutil.which("uv"):
        print("make pins: no `uv` on the PATH, and only uv resolves for all systems at once.")
        print("           Get it with `pip install uv` and call `make pins` again.")
        return 1
    known = [line for file in (LEARNER, DEV) if file.is_file() for line in pinned(file.read_text(encoding="utf-8"))]
    every = resolve(_DEVELOPS, known, *options)
    learner = resolve(_LEARNS, every)
    added = [line for line in every if line.split("==")[0] not in {pin.split("==")[0] for pin in learner}]
    for file, lines in ((LEARNER, learner), (DEV, added)):
        file.write_text(_HEADS[file] + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
        print(f"{file.name}: {len(lines)} pins. Try them: make test")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
