"""`make release`: build the wheel, and see that it alone, in a fresh environment, runs lesson 0 to its end.

    python -m tools.release

"Fresh" is the course: the environment gets the wheel and nothing of this checkout. Its dependencies are lent from the
environment that runs this, so that it takes a minute and no network; that they are named is what tests/test_pins.py,
and what older ones do is what `make test-colab`, looks after.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import yaml

from course_lib.cli import links
from course_lib.practice import notebooks
from tools.hosted.__main__ import QUIET, ROOT, wheel

# Runs inside. The first cell is added: the kernel must be the fresh one, and the course must come from the wheel.
_RUN = """
import sys, nbformat, nbclient
lesson = nbformat.read(sys.argv[1], as_version=4)
own = "import sys, course_lib; assert course_lib.__file__.startswith(sys.prefix), course_lib.__file__"
lesson.cells.insert(0, nbformat.v4.new_code_cell(own))
nbclient.NotebookClient(lesson, timeout=900, kernel_name="python3").execute()
"""


def versions(root: Path = ROOT) -> dict[str, str]:
    """The version as each file gives it; they must be one. pyproject.toml takes it from the package."""
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    return {
        "course_lib/__init__.py": re.search(r'__version__ = "(.+)"', (root / "course_lib/__init__.py").read_text())[1],
        "CITATION.cff": yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))["version"],
        "CHANGELOG.md": (re.findall(r"^## (\d\S*)", changes, re.MULTILINE) or ["none"])[0],
    }


def run_alone(course: Path, lesson: Path) -> int:
    """Exit status of `lesson` in an environment that has the wheel `course`, and the course from nowhere else."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "fresh")
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
        inside = place / ("Scripts" if os.name == "nt" else "bin") / "python"
        asked = [inside, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        site = Path(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip())
        # A path in a .pth file is searched last, and .pth files found there (such as the one that leads to this
        # checkout) are not read.
        (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
        pip = [sys.executable, "-m", "pip", "--python", inside, "install", *QUIET, "--no-deps", "--no-index", course]
        subprocess.run(pip, check=True)
        copy = shutil.copy(lesson, folder)
        environment = os.environ | {"JUPYTER_PREFER_ENV_PATH": "1", "COURSE_OFFLINE": "1"}
        environment.setdefault("COURSE_DATA", str(Path(folder, "data")))
        environment.pop("PYTHONPATH", None)
        return subprocess.run([inside, "-c", _RUN, copy], cwd=folder, env=environment).returncode


def main() -> int:
    found = versions()
    if len(set(found.values())) > 1:
        print("release: the version is not one:", ", ".join(f"{name} {version}" for name, version in found.items()))
        return 1
    course = wheel(ROOT / "dist")
    if course.name != links.WHEEL:
        print(f"release: the wheel is {course.name}; the lessons ask for {links.WHEEL}")
        return 1
    if status := run_alone(course, ROOT / "lessons" / notebooks.START):
        print("release: lesson 0 does not run from the wheel alone; the reason stands above")
        return status
    print(
        f"dist/{course.name}: runs lesson 0 alone. Tag v{found['course_lib/__init__.py']} and attach it to the release."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
