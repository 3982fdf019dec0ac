"""Measure how much memory each lesson's kernel takes at its highest, and note it in evidence/lesson_memory.json.

    python lessons/memory.py          every lesson
    python lessons/memory.py 00 03    these two

A hosted notebook has 12 GB; tests/lessons/test_memory.py holds the lessons below that. The stored notebooks are run as
they are, and not changed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

LESSONS = Path(__file__).resolve().parent
NOTES = LESSONS.parent / "evidence" / "lesson_memory.json"
# Runs in the kernel; no lesson starts other processes. On Linux getrusage would do for a kernel what it does for
# every child: begin with the size of the process that started it.
PEAK = """
import pathlib, re, resource, sys
if sys.platform == "linux":
    print(1024 * int(re.search(r"VmHWM:\\s+(\\d+) kB", pathlib.Path("/proc/self/status").read_text())[1]))
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak(notebook: Path) -> int:
    """Bytes: the kernel's memory at its highest."""
    lesson = nbformat.read(notebook, as_version=4)
    lesson.cells.append(new_code_cell(PEAK))
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    resources = {"metadata": {"path": str(notebook.parent)}}
    NotebookClient(lesson, timeout=900, kernel_name="python3", resources=resources).execute()
    return int(lesson.cells[-1].outputs[0].text)


def note(known: dict, number: str, size: int, device: str, source: str) -> dict:
    """`known` with the lesson `number`, in order."""
    found = {"peak_gb": round(size / 1e9, 2), "device": device, "source": source}
    return dict(sorted((known | {number: found}).items()))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="NN", help="numbers; all lessons where none is given")
    asked = parser.parse_args(arguments).lessons
    notebooks = {path.name[:2]: path for path in sorted(LESSONS.glob("[0-9][0-9]_*.ipynb"))}
    if unknown := sorted(set(asked) - set(notebooks)):
        parser.error(f"no lesson {', '.join(unknown)}; there are {', '.join(notebooks)}")

    import torch

    from course_lib import data, training

    device = training.device_name(torch.device("cpu"))
    source = "real" if data.available("eurosat") else "stand-in"
    for number in asked or notebooks:
        known = json.loads(NOTES.read_text(encoding="utf-8")) if NOTES.is_file() else {}
        known = note(known, number, peak(notebooks[number]), device, source)
        print(f"{number}: {known[number]['peak_gb']} GB", flush=True)
        NOTES.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
